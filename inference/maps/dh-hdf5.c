#include "dh-hdf5-private.h"

#include <string.h>

#include "dh-error.h"

/* From the superblock over the root group's B-tree, its leaves and the heap of their names to the data set's object
 * header. Offsets and lengths are of 8 bytes in every file that is read. */
enum
{
  MAX_VISITS = 100000, /* nodes and blocks: more than a file of maps has, and a circle soon does */
  MAX_LEVELS = 8,
  SYMBOL_SIZE = 40,
};

enum
{
  MESSAGE_DATASPACE = 0x01,
  MESSAGE_DATATYPE = 0x03,
  MESSAGE_EXTERNAL = 0x07,
  MESSAGE_LAYOUT = 0x08,
  MESSAGE_FILTERS = 0x0b,
  MESSAGE_CONTINUATION = 0x10,
  MESSAGE_SYMBOL_TABLE = 0x11,
};

typedef struct
{
  const guint8 *data;
  guint64 size;
  guint visits;
  const char *name;        /* that is sought */
  guint64 heap, heap_size; /* of the group's names */
} File;

typedef struct
{
  guint type, flags;
  const guint8 *data;
  guint size;
} Message;

/* FALSE with an error ends the walk. */
typedef gboolean (*Visit) (const Message *message, gpointer data, GError **error);

gboolean
dh_hdf5_broken (const char *what, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the HDF5 file is cut off or broken (%s)", what);
  return FALSE;
}

static gboolean
unsupported (const char *what, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "%s; write it with h5py's defaults, or as .npy", what);
  return FALSE;
}

static gboolean
count_visit (File *file, GError **error)
{
  return ++file->visits <= MAX_VISITS || dh_hdf5_broken ("it runs in a circle", error);
}

typedef struct
{
  guint64 at, length;
} Block;

/* One block of a header's messages, of which `left` are still to come; blocks that go on with them are noted. */
static gboolean
walk_block (File *file, Block from, GArray *blocks, guint *left, Visit visit, gpointer data, GError **error)
{
  if (!count_visit (file, error))
    return FALSE;
  if (!dh_hdf5_within (from.at, from.length, file->size))
    return dh_hdf5_broken ("a header", error);
  const guint8 *block = file->data + from.at;
  for (guint64 pos = 0; *left > 0 && from.length - pos >= 8; (*left)--)
    {
      const Message message = { dh_hdf5_number (block + pos, 2), block[pos + 4], block + pos + 8,
                                dh_hdf5_number (block + pos + 2, 2) };
      pos += 8;
      if (message.size > from.length - pos)
        return dh_hdf5_broken ("a header", error);
      pos += message.size;
      if (message.type != MESSAGE_CONTINUATION)
        {
          if (!visit (&message, data, error))
            return FALSE;
          continue;
        }
      if (message.size < 16)
        return dh_hdf5_broken ("a header", error);
      const Block next = { dh_hdf5_number (message.data, 8), dh_hdf5_number (message.data + 8, 8) };
      g_array_append_val (blocks, next);
    }
  return TRUE;
}

/* Block after block, not one within another: a broken header may have as many as messages, which no stack holds. */
static gboolean
walk_header (File *file, guint64 at, Visit visit, gpointer data, GError **error)
{
  if (!dh_hdf5_within (at, 16, file->size))
    return dh_hdf5_broken ("a header", error);
  const guint8 *header = file->data + at;
  if (memcmp (header, "OHDR", 4) == 0)
    return unsupported ("the HDF5 file is of the newer format (libver \"latest\")", error);
  if (header[0] != 1)
    return dh_hdf5_broken ("a header", error);
  guint left = dh_hdf5_number (header + 2, 2);
  const Block first = { at + 16, dh_hdf5_number (header + 8, 4) };
  g_autoptr (GArray) blocks = g_array_new (FALSE, FALSE, sizeof (Block));
  g_array_append_val (blocks, first);
  for (guint i = 0; i < blocks->len && left > 0; i++)
    if (!walk_block (file, g_array_index (blocks, Block, i), blocks, &left, visit, data, error))
      return FALSE;
  return TRUE;
}

/* The root group. */

typedef struct
{
  guint64 tree, heap;
  gboolean found;
} Group;

static gboolean
visit_group (const Message *message, gpointer data, GError **error)
{
  Group *group = data;
  if (message->type != MESSAGE_SYMBOL_TABLE)
    return TRUE;
  if (message->size < 16)
    return dh_hdf5_broken ("the root group", error);
  *group = (Group){ dh_hdf5_number (message->data, 8), dh_hdf5_number (message->data + 8, 8), TRUE };
  return TRUE;
}

static gboolean
open_heap (File *file, guint64 at, GError **error)
{
  if (!dh_hdf5_within (at, 32, file->size) || memcmp (file->data + at, "HEAP", 4) != 0)
    return dh_hdf5_broken ("the names", error);
  file->heap_size = dh_hdf5_number (file->data + at + 8, 8);
  file->heap = dh_hdf5_number (file->data + at + 24, 8);
  return dh_hdf5_within (file->heap, file->heap_size, file->size) || dh_hdf5_broken ("the names", error);
}

static gboolean
is_sought (const File *file, guint64 name)
{
  const gsize length = strlen (file->name) + 1;
  return dh_hdf5_within (name, length, file->heap_size)
         && memcmp (file->data + file->heap + name, file->name, length) == 0;
}

static gboolean
search_leaf (File *file, guint64 at, guint64 *header, GError **error)
{
  if (!dh_hdf5_within (at, 8, file->size) || memcmp (file->data + at, "SNOD", 4) != 0)
    return dh_hdf5_broken ("the root group", error);
  const guint n = dh_hdf5_number (file->data + at + 6, 2);
  if (!dh_hdf5_within (at + 8, (guint64)n * SYMBOL_SIZE, file->size))
    return dh_hdf5_broken ("the root group", error);
  for (guint i = 0; i < n; i++)
    {
      const guint8 *symbol = file->data + at + 8 + i * SYMBOL_SIZE;
      if (!is_sought (file, dh_hdf5_number (symbol, 8)))
        continue;
      if (dh_hdf5_number (symbol + 16, 4) == 2)
        return unsupported ("its data set is a link to elsewhere", error);
      *header = dh_hdf5_number (symbol + 8, 8);
    }
  return TRUE;
}

/* Children stand between keys of 8 bytes. */
static gboolean
search_tree (File *file, guint64 at, guint above, guint64 *header, GError **error)
{
  if (!count_visit (file, error))
    return FALSE;
  if (!dh_hdf5_within (at, 24, file->size) || memcmp (file->data + at, "TREE", 4) != 0 || file->data[at + 4] != 0
      || file->data[at + 5] >= above)
    return dh_hdf5_broken ("the root group", error);
  const guint level = file->data[at + 5], n = dh_hdf5_number (file->data + at + 6, 2);
  if (!dh_hdf5_within (at + 24, (guint64)n * 16 + 8, file->size))
    return dh_hdf5_broken ("the root group", error);
  for (guint i = 0; i < n && *header == DH_HDF5_UNDEFINED; i++)
    {
      const guint64 child = dh_hdf5_number (file->data + at + 24 + i * 16 + 8, 8);
      if (!(level > 0 ? search_tree (file, child, level, header, error) : search_leaf (file, child, header, error)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
find_set (File *file, guint64 *header, GError **error)
{
  static const guint8 signature[8] = { 0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n' };
  const guint8 *data = file->data;
  if (file->size < 9 || memcmp (data, signature, sizeof signature) != 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, file->size ? "is no HDF5 file" : "is empty");
      return FALSE;
    }
  if (data[8] > 1)
    return unsupported ("the HDF5 file is of the newer format (libver \"latest\")", error);
  const guint64 base = data[8] == 1 ? 28 : 24;
  if (!dh_hdf5_within (base, 72, file->size))
    return dh_hdf5_broken ("it ends in its first lines", error);
  if (data[13] != 8 || data[14] != 8 || dh_hdf5_number (data + base, 8) != 0)
    return unsupported ("the HDF5 file's offsets are not of 8 bytes from its beginning", error);
  Group group = { 0 };
  if (!walk_header (file, dh_hdf5_number (data + base + 40, 8), visit_group, &group, error))
    return FALSE;
  if (!group.found)
    return unsupported ("the HDF5 file's root is of the newer format", error);
  *header = DH_HDF5_UNDEFINED;
  if (!open_heap (file, group.heap, error) || !search_tree (file, group.tree, MAX_LEVELS, header, error))
    return FALSE;
  if (*header == DH_HDF5_UNDEFINED)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "the HDF5 file holds no data set \"%s\"", file->name);
  return *header != DH_HDF5_UNDEFINED;
}

/* The data set's messages. */

static gboolean
read_dataspace (const Message *message, DhHdf5Set *set, GError **error)
{
  const guint version = message->size >= 4 ? message->data[0] : 0, rank = version ? message->data[1] : 0;
  const guint first = version == 1 ? 8 : 4;
  if ((version != 1 && version != 2) || message->size < first + 8 * rank)
    return dh_hdf5_broken ("its shape", error);
  if (rank == 0 || rank > DH_MAX_DIMS)
    return unsupported ("its data set is no array of some axes", error);
  set->n_dims = rank;
  for (guint d = 0; d < rank; d++)
    set->dims[d] = dh_hdf5_number (message->data + first + 8 * d, 8);
  return TRUE;
}

/* IEEE 754: sign on top, then exponent, then mantissa with its first bit implied. */
static gboolean
is_ieee (const guint8 *data, gsize element)
{
  const guint bits = 8 * element, exponent = element == 2 ? 5 : element == 4 ? 8 : 11, mantissa = bits - 1 - exponent;
  return (data[1] & 0x40) == 0 && (data[1] >> 4 & 3) == 2 && data[2] == bits - 1 && dh_hdf5_number (data + 8, 2) == 0
         && dh_hdf5_number (data + 10, 2) == bits && data[12] == mantissa && data[13] == exponent && data[14] == 0
         && data[15] == mantissa && dh_hdf5_number (data + 16, 4) == (1u << (exponent - 1)) - 1;
}

static gboolean
read_datatype (const Message *message, DhHdf5Set *set, GError **error)
{
  static const struct
  {
    guint bytes, is_float, is_signed;
    DhDtype stored, wanted;
  } table[] = {
    { 2, 1, 0, DH_DTYPE_F16, DH_DTYPE_F16 }, { 4, 1, 0, DH_DTYPE_F32, DH_DTYPE_F32 },
    { 8, 1, 0, DH_DTYPE_F64, DH_DTYPE_F64 }, { 1, 0, 1, DH_DTYPE_I8, DH_DTYPE_I8 },
    { 2, 0, 1, DH_DTYPE_I16, DH_DTYPE_I16 }, { 4, 0, 1, DH_DTYPE_I32, DH_DTYPE_I32 },
    { 8, 0, 1, DH_DTYPE_I64, DH_DTYPE_I64 }, { 1, 0, 0, DH_DTYPE_U8, DH_DTYPE_U8 },
    { 2, 0, 0, DH_DTYPE_I16, DH_DTYPE_I32 }, { 4, 0, 0, DH_DTYPE_I32, DH_DTYPE_I64 },
  };
  const guint8 *data = message->data;
  if (message->size < 12)
    return dh_hdf5_broken ("its type", error);
  const guint class = data[0] & 15, element = dh_hdf5_number (data + 4, 4);
  const guint is_float = class == 1, is_signed = !is_float && data[1] & 8;
  for (guint i = 0; class <= 1 && !(message->flags & 2) && i < G_N_ELEMENTS (table); i++)
    if (table[i].bytes == element && table[i].is_float == is_float && table[i].is_signed == (is_signed != 0))
      {
        if (is_float ? message->size < 20 || !is_ieee (data, element)
                     : dh_hdf5_number (data + 8, 2) != 0 || dh_hdf5_number (data + 10, 2) != 8 * element)
          break;
        set->stored = table[i].stored;
        set->wanted = table[i].wanted;
        set->element = element;
        set->swap = data[1] & 1 && element > 1;
        return TRUE;
      }
  return unsupported ("its elements are of a type that is not read", error);
}

static gboolean
read_layout (const Message *message, DhHdf5Set *set, GError **error)
{
  const guint8 *data = message->data;
  if (message->size < 2)
    return dh_hdf5_broken ("its layout", error);
  if (data[0] != 3)
    return unsupported ("its data set is stored in a way of other HDF5 versions", error);
  set->layout = data[1];
  switch (set->layout)
    {
    case DH_HDF5_COMPACT:
      set->size = message->size >= 4 ? dh_hdf5_number (data + 2, 2) : 0;
      set->at = 4; /* within the message: the caller adds where that stands */
      return (message->size >= 4 && set->size <= message->size - 4) || dh_hdf5_broken ("its layout", error);
    case DH_HDF5_CONTIGUOUS:
      if (message->size < 18)
        return dh_hdf5_broken ("its layout", error);
      set->at = dh_hdf5_number (data + 2, 8);
      set->size = dh_hdf5_number (data + 10, 8);
      return TRUE;
    case DH_HDF5_CHUNKED:
      if (message->size < 11 || data[2] < 2 || data[2] > DH_MAX_DIMS + 1 || message->size < 11 + 4u * data[2])
        return dh_hdf5_broken ("its layout", error);
      set->at = dh_hdf5_number (data + 3, 8);
      set->size = data[2] - 1; /* axes, to be compared with the shape's */
      for (guint d = 0; d + 1 < data[2]; d++)
        set->chunk[d] = dh_hdf5_number (data + 11 + 4 * d, 4);
      return TRUE;
    default:
      return unsupported ("its data set is stored elsewhere", error);
    }
}

static gboolean
read_filters (const Message *message, DhHdf5Set *set, GError **error)
{
  const guint8 *data = message->data;
  const guint version = message->size >= 2 ? data[0] : 0, n = version ? data[1] : 0;
  guint pos = version == 1 ? 8 : 2;
  if (version < 1 || version > 2 || n > DH_HDF5_MAX_FILTERS)
    return dh_hdf5_broken ("its filters", error);
  for (guint i = 0; i < n; i++)
    {
      if (message->size < pos + 8)
        return dh_hdf5_broken ("its filters", error);
      const guint id = dh_hdf5_number (data + pos, 2);
      if (id != DH_HDF5_GZIP && id != DH_HDF5_SHUFFLE && id != DH_HDF5_FLETCHER32)
        return unsupported ("its data set is packed by a filter other than gzip", error);
      const guint name = version == 1 ? dh_hdf5_number (data + pos + 2, 2) : 0;
      const guint values = dh_hdf5_number (data + pos + (version == 1 ? 6 : 4), 2);
      pos += (version == 1 ? 8 : 6) + (name + 7) / 8 * 8 + 4 * values + (version == 1 && values % 2 ? 4 : 0);
      set->filters[set->n_filters++] = id;
    }
  return TRUE;
}

typedef struct
{
  DhHdf5Set *set;
  guint seen; /* bits of types */
  const guint8 *data;
} Reading;

static gboolean
visit_set (const Message *message, gpointer data, GError **error)
{
  Reading *reading = data;
  if (message->type == MESSAGE_EXTERNAL)
    return unsupported ("its data set is stored elsewhere", error);
  if (message->type != MESSAGE_DATASPACE && message->type != MESSAGE_DATATYPE && message->type != MESSAGE_LAYOUT
      && message->type != MESSAGE_FILTERS)
    return TRUE;
  if (reading->seen & 1u << message->type)
    return dh_hdf5_broken ("its header says things twice", error);
  reading->seen |= 1u << message->type;
  switch (message->type)
    {
    case MESSAGE_DATASPACE:
      return read_dataspace (message, reading->set, error);
    case MESSAGE_DATATYPE:
      return read_datatype (message, reading->set, error);
    case MESSAGE_FILTERS:
      return read_filters (message, reading->set, error);
    default:
      if (!read_layout (message, reading->set, error))
        return FALSE;
      if (reading->set->layout == DH_HDF5_COMPACT)
        reading->set->at += message->data - reading->data;
      return TRUE;
    }
}

/* Unsigned 16 and 32 bit numbers as signed ones of twice the width. */
static GBytes *
widen (guint8 *elements, guint64 count, DhDtype wanted, GError **error)
{
  const gsize size = dh_dtype_size (wanted);
  guint8 *wide = g_try_malloc_n (MAX (count, 1), size);
  for (guint64 i = 0; wide && i < count; i++)
    if (wanted == DH_DTYPE_I32)
      ((gint32 *)wide)[i] = ((const guint16 *)elements)[i];
    else
      ((gint64 *)wide)[i] = ((const guint32 *)elements)[i];
  g_free (elements);
  if (!wide)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "no memory is left for its elements");
  return wide ? g_bytes_new_take (wide, count * size) : NULL;
}

DhTensor *
dh_hdf5_read (GBytes *bytes, const char *name, guint64 most, GError **error)
{
  g_return_val_if_fail (bytes != NULL && name != NULL, NULL);
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  File file = { .data = data, .size = size, .name = name };
  DhHdf5Set set = { 0 };
  Reading reading = { &set, 0, data };
  guint64 header;
  if (!find_set (&file, &header, error) || !walk_header (&file, header, visit_set, &reading, error))
    return NULL;
  const guint needed = 1u << MESSAGE_DATASPACE | 1u << MESSAGE_DATATYPE | 1u << MESSAGE_LAYOUT;
  if ((reading.seen & needed) != needed)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the HDF5 file's \"%s\" is no array of numbers", name);
      return NULL;
    }
  gint64 dims[DH_MAX_DIMS];
  for (guint d = 0; d < set.n_dims; d++)
    dims[d] = set.dims[d] <= G_MAXINT64 ? (gint64)set.dims[d] : -1;
  const gint64 count = dh_shape_count (set.n_dims, dims, set.element);
  const guint64 total = count < 0 ? G_MAXUINT64 : (guint64)count * set.element;
  if (total > most)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "the HDF5 file's \"%s\" is far larger than it may be", name);
      return NULL;
    }
  guint8 *elements = dh_hdf5_read_elements (data, size, &set, total, most, error);
  if (!elements)
    return NULL;
  GBytes *own =
      set.stored == set.wanted ? g_bytes_new_take (elements, total) : widen (elements, count, set.wanted, error);
  return own ? dh_tensor_new_take (set.wanted, set.n_dims, dims, own) : NULL;
}

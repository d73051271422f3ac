#include "dh-hdf5-private.h"

#include <string.h>

#include "dh-error.h"

/* The messages of the data set's object header. */

static gboolean
read_dataspace (const DhHdf5Message *message, DhHdf5Set *set, GError **error)
{
  const guint version = message->size >= 4 ? message->data[0] : 0, rank = version ? message->data[1] : 0;
  const guint first = version == 1 ? 8 : 4;
  if ((version != 1 && version != 2) || message->size < first + 8 * rank)
    return dh_hdf5_broken ("its shape", error);
  if (rank == 0 || rank > DH_MAX_DIMS)
    return dh_hdf5_unsupported ("its data set is no array of some axes", error);
  const gboolean limits = message->data[2] & 1; /* the largest shape follows */
  if (limits && message->size < first + 16 * rank)
    return dh_hdf5_broken ("its shape", error);
  set->n_dims = rank;
  for (guint d = 0; d < rank; d++)
    {
      set->dims[d] = dh_hdf5_number (message->data + first + 8 * d, 8);
      set->grows = set->grows || (limits && dh_hdf5_number (message->data + first + 8 * (rank + d), 8) != set->dims[d]);
    }
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
read_datatype (const DhHdf5Message *message, DhHdf5Set *set, GError **error)
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
  return dh_hdf5_unsupported ("its elements are of a type that is not read", error);
}

/* Chunks of layout 4, or 5 of HDF5 2.0: their shape in numbers of any width, then what lists them. */
static gboolean
read_new_chunks (const DhHdf5Message *message, DhHdf5Set *set, GError **error)
{
  const guint8 *data = message->data;
  const guint axes = message->size >= 5 ? data[3] : 0, width = axes ? data[4] : 0;
  guint64 at = 5 + (guint64)axes * width;
  if (axes < 2 || axes > DH_MAX_DIMS + 1 || width < 1 || width > 8 || message->size < at + 1)
    return dh_hdf5_broken ("its layout", error);
  set->size = axes - 1; /* to be compared with the shape's */
  for (guint d = 0; d + 1 < axes; d++)
    set->chunk[d] = dh_hdf5_number (data + 5 + d * width, width);
  const guint index = data[at++];
  const gboolean packed = index == 1 && data[2] & 2;
  const guint details = packed ? 12 : index == 3 ? 1 : 0;
  if (index < 1 || index > 3 || data[2] & 1)
    return dh_hdf5_unsupported (
        "its data set is made to grow, which is not read of the newer format (libver \"latest\")", error);
  if (message->size < at + details + 8)
    return dh_hdf5_broken ("its layout", error);
  if (packed)
    {
      set->single_size = dh_hdf5_number (data + at, 8);
      set->single_skips = dh_hdf5_number (data + at + 8, 4);
      if (set->single_size == 0)
        return dh_hdf5_broken ("its layout", error);
    }
  set->at = dh_hdf5_number (data + at + details, 8);
  set->index = index == 1 ? DH_HDF5_INDEX_SINGLE : index == 2 ? DH_HDF5_INDEX_IMPLICIT : DH_HDF5_INDEX_FIXED_ARRAY;
  return TRUE;
}

static gboolean
read_layout (const DhHdf5Message *message, DhHdf5Set *set, GError **error)
{
  const guint8 *data = message->data;
  if (message->size < 2)
    return dh_hdf5_broken ("its layout", error);
  if (data[0] < 3 || data[0] > 5)
    return dh_hdf5_unsupported ("its data set is stored in a way of other HDF5 versions", error);
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
      if (data[0] > 3)
        return read_new_chunks (message, set, error);
      if (message->size < 11 || data[2] < 2 || data[2] > DH_MAX_DIMS + 1 || message->size < 11 + 4u * data[2])
        return dh_hdf5_broken ("its layout", error);
      set->at = dh_hdf5_number (data + 3, 8);
      set->size = data[2] - 1; /* axes, to be compared with the shape's */
      for (guint d = 0; d + 1 < data[2]; d++)
        set->chunk[d] = dh_hdf5_number (data + 11 + 4 * d, 4);
      return TRUE;
    default:
      return dh_hdf5_unsupported ("its data set is stored elsewhere", error);
    }
}

static gboolean
read_filters (const DhHdf5Message *message, DhHdf5Set *set, GError **error)
{
  const guint8 *data = message->data;
  const guint version = message->size >= 2 ? data[0] : 0, n = version ? data[1] : 0;
  guint pos = version == 1 ? 8 : 2;
  if (version < 1 || version > 2 || n > DH_HDF5_MAX_FILTERS)
    return dh_hdf5_broken ("its filters", error);
  for (guint i = 0; i < n; i++)
    {
      if (message->size < pos + (version == 1 ? 8 : 6))
        return dh_hdf5_broken ("its filters", error);
      const guint id = dh_hdf5_number (data + pos, 2);
      if (id != DH_HDF5_GZIP && id != DH_HDF5_SHUFFLE && id != DH_HDF5_FLETCHER32)
        return dh_hdf5_unsupported ("its data set is packed by a filter other than gzip", error);
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
visit_set (const DhHdf5Message *message, gpointer data, GError **error)
{
  Reading *reading = data;
  if (message->type == DH_HDF5_MESSAGE_EXTERNAL)
    return dh_hdf5_unsupported ("its data set is stored elsewhere", error);
  if (message->type != DH_HDF5_MESSAGE_DATASPACE && message->type != DH_HDF5_MESSAGE_DATATYPE
      && message->type != DH_HDF5_MESSAGE_LAYOUT && message->type != DH_HDF5_MESSAGE_FILTERS)
    return TRUE;
  if (reading->seen & 1u << message->type)
    return dh_hdf5_broken ("its header says things twice", error);
  reading->seen |= 1u << message->type;
  switch (message->type)
    {
    case DH_HDF5_MESSAGE_DATASPACE:
      return read_dataspace (message, reading->set, error);
    case DH_HDF5_MESSAGE_DATATYPE:
      return read_datatype (message, reading->set, error);
    case DH_HDF5_MESSAGE_FILTERS:
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
  DhHdf5File file = { .data = data, .size = size };
  DhHdf5Set set = { 0 };
  Reading reading = { &set, 0, data };
  guint64 header;
  if (!dh_hdf5_find_set (&file, name, &header, error)
      || !dh_hdf5_walk_header (&file, header, visit_set, &reading, error))
    return NULL;
  const guint needed = 1u << DH_HDF5_MESSAGE_DATASPACE | 1u << DH_HDF5_MESSAGE_DATATYPE | 1u << DH_HDF5_MESSAGE_LAYOUT;
  if ((reading.seen & needed) != needed)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the HDF5 file's \"%s\" is no array of numbers", name);
      return NULL;
    }
  if (set.index != DH_HDF5_INDEX_TREE && set.grows)
    {
      dh_hdf5_unsupported ("its data set is made to grow, which is not read of the newer format (libver \"latest\")",
                           error);
      return NULL;
    }
  gint64 dims[DH_MAX_DIMS];
  for (guint d = 0; d < set.n_dims; d++)
    dims[d] = set.dims[d] <= G_MAXINT64 ? (gint64)set.dims[d] : -1;
  /* As wide as they become: where an axis is 0, the others may be of any length. */
  const gint64 count = dh_shape_count (set.n_dims, dims, MAX (set.element, dh_dtype_size (set.wanted)));
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

#include "dh-checkpoint-private.h"

#include "dh-bytes-private.h"
#include "dh-error.h"
#include "dh-pickle-private.h"
#include "dh-zip-private.h"

/* Both of PyTorch's formats: a pickle that describes the tensors, and beside it the bytes of their storages. */

enum
{
  MAX_PICKLE = 256 << 20, /* bytes of the pickle, without the storages */
  MAX_METADATA = 1 << 16, /* bytes of one string */
};

static const char *const wrappers[] = { "state_dict", "model", "model_state_dict", "net", "ema" };

typedef struct
{
  DhCheckpoint *checkpoint;
  DhCopyBudget budget;
  gboolean swap; /* written on a big-endian machine */
} Reader;

/* Checks a tensor against its storage, without overflow for any numbers, and makes it. */
static DhTensor *
make_tensor (Reader *reader, DhPickleTensor *from, const char *name, GError **error)
{
  if (from->tensor)
    return dh_tensor_ref (from->tensor);

  const DhPickleStorage *storage = from->storage;
  const gint64 size = dh_dtype_size (from->dtype), storage_size = dh_dtype_size (storage->dtype);
  const gint64 present = storage->root->bytes ? (gint64)g_bytes_get_size (storage->root->bytes) : 0;
  gint64 first = 0, last = 0; /* elements of the tensor's own type, into the root */
  gboolean good = dh_shape_count (from->n_dims, from->dims, size) >= 0 && from->offset >= 0
                  && !__builtin_mul_overflow (storage->offset, storage_size, &first) && first % size == 0
                  && !__builtin_add_overflow (first / size, from->offset, &first);
  last = first;
  gboolean empty = FALSE;
  for (guint d = 0; good && d < from->n_dims; d++)
    {
      gint64 reach;
      empty = empty || from->dims[d] == 0;
      good = from->strides[d] >= 0
             && (from->dims[d] <= 1
                 || (!__builtin_mul_overflow (from->dims[d] - 1, from->strides[d], &reach)
                     && !__builtin_add_overflow (last, reach, &last)));
    }
  if (!good || (!empty && last >= present / size))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                   "the tensor %s reaches outside its storage of %" G_GINT64_FORMAT " bytes: the file is truncated or "
                   "broken",
                   name, present);
      return NULL;
    }
  g_autoptr (GBytes) nothing = storage->root->bytes ? NULL : g_bytes_new (NULL, 0);
  from->tensor = dh_strided_tensor (nothing ? nothing : storage->root->bytes, from->dtype, first, from->n_dims,
                                    from->dims, from->strides, reader->swap, &reader->budget, name, error);
  return from->tensor ? dh_tensor_ref (from->tensor) : NULL;
}

static char *
dup_name (const DhPickleValue *key, GError **error)
{
  if (key->kind == DH_PICKLE_TEXT && key->text.size < 4096
      && g_utf8_validate_len (key->text.data, key->text.size, NULL))
    return g_strndup (key->text.data, key->text.size);
  g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, "a tensor's name is no text");
  return NULL;
}

static gboolean
has_tensors (const DhPickleValue *value)
{
  for (guint i = 1; value->kind == DH_PICKLE_DICT && i < value->items.n; i += 2)
    if (value->items.data[i]->kind == DH_PICKLE_TENSOR)
      return TRUE;
  return FALSE;
}

/* The tensors of a dict; what is no tensor in it is left out. */
static gboolean
read_tensors (Reader *reader, const DhPickleValue *dict, DhTensorDict *to, GError **error)
{
  for (guint i = 0; i + 1 < dict->items.n; i += 2)
    {
      if (dict->items.data[i + 1]->kind != DH_PICKLE_TENSOR)
        continue;
      g_autofree char *name = dup_name (dict->items.data[i], error);
      g_autofree char *shown = name ? dh_printable (name, strlen (name)) : NULL;
      DhTensor *tensor = name ? make_tensor (reader, dict->items.data[i + 1]->tensor, shown, error) : NULL;
      if (!tensor)
        return FALSE;
      dh_tensor_dict_take (to, name, tensor);
    }
  return TRUE;
}

static char *
dup_as_string (const DhPickleValue *value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  switch ((DhPickleKind)value->kind)
    {
    case DH_PICKLE_BOOL:
      return g_strdup (value->integer ? "true" : "false");
    case DH_PICKLE_INT:
      return g_strdup_printf ("%" G_GINT64_FORMAT, value->integer);
    case DH_PICKLE_FLOAT:
      return g_strdup (g_ascii_dtostr (number, sizeof number, value->real));
    case DH_PICKLE_TEXT:
      return value->text.size <= MAX_METADATA && g_utf8_validate_len (value->text.data, value->text.size, NULL)
                 ? g_strndup (value->text.data, value->text.size)
                 : NULL;
    default:
      return NULL;
    }
}

static void
read_metadata (const DhPickleValue *dict, GHashTable *to)
{
  for (guint i = 0; i + 1 < dict->items.n; i += 2)
    {
      char *key = dict->items.data[i]->kind == DH_PICKLE_TEXT ? dup_as_string (dict->items.data[i]) : NULL;
      char *value = key ? dup_as_string (dict->items.data[i + 1]) : NULL;
      if (value)
        g_hash_table_replace (to, key, value);
      else
        g_free (key);
    }
}

static gboolean
read_object (Reader *reader, const DhPickleValue *object, GError **error)
{
  DhCheckpoint *checkpoint = reader->checkpoint;
  if (object->kind != DH_PICKLE_DICT)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID,
                           object->kind == DH_PICKLE_TENSOR
                               ? "holds a single tensor, not a state dict: save model.state_dict()"
                               : "holds no state dict: save model.state_dict()");
      return FALSE;
    }
  for (guint w = 0; w < G_N_ELEMENTS (wrappers); w++)
    {
      const DhPickleValue *state = dh_pickle_dict_get (object, wrappers[w]);
      if (!state || !has_tensors (state))
        continue;
      g_free (checkpoint->wrapper);
      checkpoint->wrapper = g_strdup (wrappers[w]);
      const DhPickleValue *extra = dh_pickle_dict_get (object, "extra");
      const DhPickleValue *metadata = dh_pickle_dict_get (object, "metadata");
      read_metadata (object, checkpoint->metadata);
      if (metadata && metadata->kind == DH_PICKLE_DICT)
        read_metadata (metadata, checkpoint->metadata);
      return read_tensors (reader, state, checkpoint->state, error)
             && (!extra || extra->kind != DH_PICKLE_DICT || read_tensors (reader, extra, checkpoint->extra, error));
    }
  read_metadata (object, checkpoint->metadata);
  return read_tensors (reader, object, checkpoint->state, error);
}

/* `<any name>/data.pkl`: the part before its last component, with the slash, or NULL. */
static char *
find_archive_name (DhZip *zip)
{
  for (guint i = 0; i < dh_zip_count (zip); i++)
    {
      const char *name = dh_zip_member (zip, i)->name;
      if (g_str_equal (name, "data.pkl") || g_str_has_suffix (name, "/data.pkl"))
        return g_strndup (name, strlen (name) - strlen ("data.pkl"));
    }
  return NULL;
}

static const DhZipMember *
find_member (DhZip *zip, const char *archive, const char *name)
{
  g_autofree char *full = g_strconcat (archive, name, NULL);
  return dh_zip_find (zip, full);
}

static gboolean
read_byte_order (Reader *reader, DhZip *zip, const char *archive, GError **error)
{
  const DhZipMember *member = find_member (zip, archive, "byteorder");
  if (!member)
    return TRUE;
  g_autoptr (GBytes) bytes = member->size <= 16 ? dh_zip_read (zip, member, &reader->budget, error) : NULL;
  g_autofree char *order = bytes ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)) : NULL;
  if (order && (g_str_equal (g_strstrip (order), "little") || g_str_equal (order, "big")))
    {
      reader->swap = g_str_equal (order, "big");
      return TRUE;
    }
  if (error && !*error)
    g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, "its byte order is neither little nor big");
  return FALSE;
}

static gboolean
find_zip_storages (Reader *reader, DhZip *zip, const char *archive, GPtrArray *roots, GError **error)
{
  for (guint i = 0; i < roots->len; i++)
    {
      DhPickleRoot *root = g_ptr_array_index (roots, i);
      g_autofree char *name = g_strconcat ("data/", root->key, NULL);
      const DhZipMember *member = find_member (zip, archive, name);
      if (!member || member->size / dh_dtype_size (root->dtype) < (guint64)root->count)
        {
          g_autofree char *shown = dh_printable (root->key, strlen (root->key));
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the storage %s %s: the file is damaged or incomplete", shown,
                       member ? "is shorter than it says" : "is missing");
          return FALSE;
        }
      root->bytes = dh_zip_read (zip, member, &reader->budget, error);
      if (!root->bytes)
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_pth_zip (Reader *reader, DhZip *zip, const char *archive, GError **error)
{
  const DhZipMember *member = find_member (zip, archive, "data.pkl");
  if (find_member (zip, archive, "constants.pkl"))
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                           "is a TorchScript program, not weights; it was not loaded. Save the model's state_dict()");
      return FALSE;
    }
  if (member->size > MAX_PICKLE)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
                   "its pickle of %" G_GUINT64_FORMAT " MiB is far larger than a state dict needs", member->size >> 20);
      return FALSE;
    }
  g_autoptr (GBytes) bytes = dh_zip_read (zip, member, &reader->budget, error);
  if (!bytes || !read_byte_order (reader, zip, archive, error))
    return FALSE;
  gsize size, used;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  g_autoptr (DhPickle) pickle = dh_pickle_read (data, size, &used, error);
  return pickle && find_zip_storages (reader, zip, archive, dh_pickle_storages (pickle), error)
         && read_object (reader, dh_pickle_root (pickle), error);
}

gboolean
dh_read_zip (DhCheckpoint *checkpoint, GError **error)
{
  Reader reader = { checkpoint };
  dh_copy_budget_init (&reader.budget, checkpoint->bytes);
  g_autoptr (DhZip) zip = dh_zip_open (checkpoint->bytes, error);
  if (!zip)
    return FALSE;
  g_autofree char *archive = find_archive_name (zip);
  if (archive)
    {
      checkpoint->container = DH_CONTAINER_PTH_ZIP;
      return read_pth_zip (&reader, zip, archive, error);
    }
  checkpoint->container = DH_CONTAINER_NPZ;
  return dh_read_npz (checkpoint, zip, &reader.budget, error);
}

/* One of the two numbers that every legacy file begins with. */
static gboolean
read_number (const guint8 *data, gsize size, gsize *at, const guint8 *expected, gsize expected_size, GError **error)
{
  gsize used;
  g_autoptr (DhPickle) pickle = dh_pickle_read (data + *at, size - *at, &used, error);
  if (!pickle)
    return FALSE;
  const DhPickleValue *value = dh_pickle_root (pickle);
  guint8 number[10] = { 0 };
  gsize length = 0;
  if (value->kind == DH_PICKLE_LONG && value->text.size == sizeof number)
    memcpy (number, value->text.data, length = sizeof number);
  else if (value->kind == DH_PICKLE_INT && value->integer == (value->integer & 0xffff))
    {
      number[0] = value->integer & 0xff;
      number[1] = value->integer >> 8;
      length = 2;
    }
  if (length != expected_size || memcmp (number, expected, length) != 0)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID,
                           "is a Python pickle, but not one of PyTorch's files of weights");
      return FALSE;
    }
  *at += used;
  return TRUE;
}

/* After the object: the list of keys, then for each an int64 count and its bytes. */
static gboolean
find_legacy_storages (Reader *reader, DhPickle *pickle, gsize at, GError **error)
{
  gsize size, used;
  const guint8 *data = g_bytes_get_data (reader->checkpoint->bytes, &size);
  g_autoptr (DhPickle) keys = dh_pickle_read (data + at, size - at, &used, error);
  if (!keys)
    return FALSE;
  at += used;
  const DhPickleValue *list = dh_pickle_root (keys);
  guint n = list->kind == DH_PICKLE_LIST ? list->items.n : 0;
  for (guint i = 0; i < n; i++)
    {
      const DhPickleValue *key = list->items.data[i];
      DhPickleRoot *root =
          key->kind == DH_PICKLE_TEXT ? dh_pickle_find_storage (pickle, key->text.data, key->text.size) : NULL;
      if (!root || root->bytes)
        {
          g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, "its list of storages does not match its tensors");
          return FALSE;
        }
      const guint64 width = dh_dtype_size (root->dtype);
      const guint64 count = size - at >= 8 ? dh_u64 (data + at) : 0;
      if (size - at < 8 || count > (size - at - 8) / width || count < (guint64)root->count)
        {
          g_autofree char *shown = dh_printable (root->key, strlen (root->key));
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the storage %s is cut off: the file is truncated or broken",
                       shown);
          return FALSE;
        }
      root->bytes = g_bytes_new_from_bytes (reader->checkpoint->bytes, at + 8, count * width);
      at += 8 + count * width;
    }
  if (n == dh_pickle_storages (pickle)->len)
    return TRUE;
  g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, "its list of storages does not match its tensors");
  return FALSE;
}

static gboolean
read_system_info (Reader *reader, const guint8 *data, gsize size, gsize *at, GError **error)
{
  gsize used;
  g_autoptr (DhPickle) pickle = dh_pickle_read (data + *at, size - *at, &used, error);
  if (!pickle)
    return FALSE;
  const DhPickleValue *info = dh_pickle_root (pickle);
  const DhPickleValue *little = info->kind == DH_PICKLE_DICT ? dh_pickle_dict_get (info, "little_endian") : NULL;
  if (!little || little->kind != DH_PICKLE_BOOL)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, "lacks PyTorch's system information: it is broken");
      return FALSE;
    }
  reader->swap = !little->integer;
  *at += used;
  return TRUE;
}

gboolean
dh_read_legacy (DhCheckpoint *checkpoint, GError **error)
{
  static const guint8 magic[10] = { 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19 };
  static const guint8 protocol[2] = { 1001 & 0xff, 1001 >> 8 };
  Reader reader = { checkpoint };
  dh_copy_budget_init (&reader.budget, checkpoint->bytes);
  checkpoint->container = DH_CONTAINER_PTH_LEGACY;

  gsize size, at = 0, used;
  const guint8 *data = g_bytes_get_data (checkpoint->bytes, &size);
  if (!read_number (data, size, &at, magic, sizeof magic, error)
      || !read_number (data, size, &at, protocol, sizeof protocol, error)
      || !read_system_info (&reader, data, size, &at, error))
    return FALSE;
  g_autoptr (DhPickle) pickle = dh_pickle_read (data + at, size - at, &used, error);
  return pickle && find_legacy_storages (&reader, pickle, at + used, error)
         && read_object (&reader, dh_pickle_root (pickle), error);
}

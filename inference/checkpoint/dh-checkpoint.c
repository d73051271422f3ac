#include "dh-checkpoint-private.h"

#include "dh-bytes-private.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-zip-private.h"

const char *
dh_container_name (DhContainer container)
{
  switch (container)
    {
    case DH_CONTAINER_PTH_ZIP:
      return "pytorch-zip";
    case DH_CONTAINER_PTH_LEGACY:
      return "pytorch-legacy";
    case DH_CONTAINER_SAFETENSORS:
      return "safetensors";
    case DH_CONTAINER_NPZ:
      return "npz";
    }
  g_return_val_if_reached (NULL);
}

char *
dh_printable (const char *text, gsize length)
{
  const gsize limit = 120;
  g_autofree char *valid = g_utf8_make_valid (text, MIN (length, limit));
  GString *result = g_string_new (NULL);
  for (const char *at = valid; *at; at = g_utf8_next_char (at))
    {
      const gunichar c = g_utf8_get_char (at);
      if (g_unichar_isprint (c))
        g_string_append_unichar (result, c);
      else
        g_string_append_c (result, '?');
    }
  if (length > limit)
    g_string_append (result, "…");
  return g_string_free (result, FALSE);
}

/* What people take for weights: told by its first bytes, so that the message can say what to do. */
static const char *
what_else (const guint8 *data, gsize size)
{
  if (size == 0)
    return "is empty; fetch it again";
  if (size > 262 && memcmp (data + 257, "ustar", 5) == 0)
    return "is in PyTorch's tar format of before 0.1.10, which is not read: load it in PyTorch and save it again";
  if (size >= 8 && memcmp (data, "\x89HDF\r\n\x1a\n", 8) == 0)
    return "is an HDF5 file, not PyTorch, safetensors or npz";
  if (size >= 6 && memcmp (data, "\x93NUMPY", 6) == 0)
    return "is a single NumPy array; a state dict is read from .npz, where every array has a name";
  if (size >= 2 && data[0] == 0x1f && data[1] == 0x8b)
    return "is packed with gzip: unpack it first";
  if (size >= 4 && memcmp (data, "Rar!", 4) == 0)
    return "is a RAR archive: unpack it first";
  if (size >= 12 && memcmp (data, "version http", 12) == 0)
    return "is a Git LFS pointer, not the file that it stands for: fetch that (git lfs pull)";
  const gsize head = MIN (size, 512);
  for (gsize i = 0; i + 5 <= head; i++)
    if (g_ascii_strncasecmp ((const char *)data + i, "<html", 5) == 0
        || g_ascii_strncasecmp ((const char *)data + i, "<!doc", 5) == 0)
      return "is a web page, not weights: the download went wrong, fetch it again";
  return "is not a file of weights: it is neither PyTorch (zip or legacy), safetensors nor npz";
}

static gboolean
read_any (DhCheckpoint *checkpoint, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (checkpoint->bytes, &size);
  if (size >= 9 && data[8] == '{')
    return dh_read_safetensors (checkpoint, error);
  if (size >= 2 && data[0] == 0x80 && data[1] <= 5)
    return dh_read_legacy (checkpoint, error);
  if (dh_zip_is (checkpoint->bytes))
    return dh_read_zip (checkpoint, error);
  g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, what_else (data, size));
  return FALSE;
}

#define LARGE (16 << 20)

/* PyTorch's own zip files begin with their first member, and a safetensors header lies within its file. */
/* A zip archive ends with its directory's end record, behind which only a comment may stand. */
static gboolean
is_whole_zip (const char *path)
{
  static const char record[] = "PK\5\6";
  g_autoptr (GBytes) tail = dh_file_read_tail (path, 22 + 65535, NULL);
  gsize size = 0;
  const char *data = tail ? g_bytes_get_data (tail, &size) : NULL;
  return data && memmem (data, size, record, 4) != NULL;
}

static gboolean
may_be_weights (GBytes *head, guint64 file_size, const char *path, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (head, &size);
  guint64 header = 0;
  for (guint i = 0; i < 8; i++)
    header |= (guint64)data[i] << (8 * i);
  if ((data[8] == '{' && header <= file_size) || (data[0] == 0x80 && data[1] <= 5)
      || (memcmp (data, "PK\3\4", 4) == 0 && is_whole_zip (path)))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: %s", path, what_else (data, size));
  return FALSE;
}

static gboolean
all_begin_with (DhTensorDict *dict, const char *prefix)
{
  const gsize length = strlen (prefix);
  for (guint i = 0; i < dh_tensor_dict_size (dict); i++)
    {
      const char *name = dh_tensor_dict_name (dict, i);
      if (strncmp (name, prefix, length) != 0 || name[length] == '\0')
        return FALSE;
    }
  return dh_tensor_dict_size (dict) > 0;
}

static void
remove_prefixes (DhCheckpoint *checkpoint)
{
  static const char *const prefixes[] = { "module.", "model.", "_orig_mod." };
  GString *removed = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (prefixes);)
    {
      g_autofree char *longer = g_strconcat (removed->str, prefixes[i], NULL);
      if (!all_begin_with (checkpoint->state, longer))
        {
          i++;
          continue;
        }
      g_string_assign (removed, longer);
      i = 0;
    }
  if (removed->len > 0)
    {
      DhTensorDict *bare = dh_tensor_dict_new ();
      for (guint i = 0; i < dh_tensor_dict_size (checkpoint->state); i++)
        dh_tensor_dict_take (bare, dh_tensor_dict_name (checkpoint->state, i) + removed->len,
                             dh_tensor_ref (dh_tensor_dict_at (checkpoint->state, i)));
      dh_tensor_dict_unref (checkpoint->state);
      checkpoint->state = bare;
    }
  checkpoint->prefix = g_string_free (removed, FALSE);
}

DhCheckpoint *
dh_checkpoint_open_bytes (GBytes *bytes, const char *name, GError **error)
{
  g_return_val_if_fail (bytes != NULL && name != NULL, NULL);

  g_autoptr (DhCheckpoint) checkpoint = g_new0 (DhCheckpoint, 1);
  g_atomic_ref_count_init (&checkpoint->refs);
  g_mutex_init (&checkpoint->lock);
  checkpoint->name = g_strdup (name);
  checkpoint->bytes = g_bytes_ref (bytes);
  checkpoint->state = dh_tensor_dict_new ();
  checkpoint->extra = dh_tensor_dict_new ();
  checkpoint->metadata = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  checkpoint->wrapper = g_strdup ("");

  GError *why = NULL;
  if (read_any (checkpoint, &why) && dh_tensor_dict_size (checkpoint->state) == 0)
    why = g_error_new_literal (DH_ERROR, DH_ERROR_INVALID, "holds no tensors, so no weights");
  if (why)
    {
      g_propagate_prefixed_error (error, why, "%s: ", name);
      return NULL;
    }
  remove_prefixes (checkpoint);
  return g_steal_pointer (&checkpoint);
}

DhCheckpoint *
dh_checkpoint_open (const char *path, GError **error)
{
  /* What is large and no weights is told by its first bytes. */
  guint64 size = 0;
  g_autoptr (GBytes) head = dh_file_read_head (path, 512, &size, error);
  if (!head || (size > LARGE && !may_be_weights (head, size, path, error)))
    return NULL;
  g_autoptr (GBytes) bytes = dh_file_read (path, DH_FILE_ANY_SIZE, error);
  return bytes ? dh_checkpoint_open_bytes (bytes, path, error) : NULL;
}

DhCheckpoint *
dh_checkpoint_ref (DhCheckpoint *checkpoint)
{
  g_atomic_ref_count_inc (&checkpoint->refs);
  return checkpoint;
}

void
dh_checkpoint_unref (DhCheckpoint *checkpoint)
{
  if (!checkpoint || !g_atomic_ref_count_dec (&checkpoint->refs))
    return;
  g_free (checkpoint->name);
  g_bytes_unref (checkpoint->bytes);
  dh_tensor_dict_unref (checkpoint->state);
  dh_tensor_dict_unref (checkpoint->extra);
  g_hash_table_unref (checkpoint->metadata);
  g_free (checkpoint->wrapper);
  g_free (checkpoint->prefix);
  g_free (checkpoint->sha256);
  g_mutex_clear (&checkpoint->lock);
  g_free (checkpoint);
}

const char *
dh_checkpoint_name (DhCheckpoint *checkpoint)
{
  return checkpoint->name;
}

DhContainer
dh_checkpoint_container (DhCheckpoint *checkpoint)
{
  return checkpoint->container;
}

DhTensorDict *
dh_checkpoint_state (DhCheckpoint *checkpoint)
{
  return checkpoint->state;
}

const char *
dh_checkpoint_wrapper (DhCheckpoint *checkpoint)
{
  return checkpoint->wrapper;
}

const char *
dh_checkpoint_prefix (DhCheckpoint *checkpoint)
{
  return checkpoint->prefix;
}

DhTensorDict *
dh_checkpoint_extra (DhCheckpoint *checkpoint)
{
  return checkpoint->extra;
}

GHashTable *
dh_checkpoint_metadata (DhCheckpoint *checkpoint)
{
  return checkpoint->metadata;
}

const char *
dh_checkpoint_sha256 (DhCheckpoint *checkpoint)
{
  g_mutex_lock (&checkpoint->lock);
  if (!checkpoint->sha256)
    {
      gsize size;
      gconstpointer data = g_bytes_get_data (checkpoint->bytes, &size);
      checkpoint->sha256 = dh_sha256 (data, size);
    }
  g_mutex_unlock (&checkpoint->lock);
  return checkpoint->sha256;
}

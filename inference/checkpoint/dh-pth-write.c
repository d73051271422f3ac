#include "dh-checkpoint-private.h"

#include <string.h>

#include "dh-error.h"
#include "dh-zip-writer-private.h"

/* PyTorch's zip format: archive/data.pkl (protocol 2), archive/byteorder, archive/data/N for the storage of the N-th
 * tensor, archive/version. */

enum
{
  BATCH = 1000, /* items that Python's pickler sets at once */
};

static const char *const storage_names[DH_N_DTYPES] = {
  [DH_DTYPE_F32] = "FloatStorage",  [DH_DTYPE_F16] = "HalfStorage", [DH_DTYPE_BF16] = "BFloat16Storage",
  [DH_DTYPE_F64] = "DoubleStorage", [DH_DTYPE_I64] = "LongStorage", [DH_DTYPE_I32] = "IntStorage",
  [DH_DTYPE_I16] = "ShortStorage",  [DH_DTYPE_I8] = "CharStorage",  [DH_DTYPE_U8] = "ByteStorage",
  [DH_DTYPE_BOOL] = "BoolStorage",
};

typedef struct
{
  GByteArray *bytes;
  GHashTable *memo;   /* "module\nname" and short texts → number + 1 */
  GPtrArray *tensors; /* DhTensor, borrowed: the N-th is storage N */
} Pickler;

static void
put (Pickler *pickler, const char *text, gsize size)
{
  g_byte_array_append (pickler->bytes, (const guint8 *)text, size);
}

static void
put_code (Pickler *pickler, guint8 code)
{
  g_byte_array_append (pickler->bytes, &code, 1);
}

static void
put_u32 (Pickler *pickler, guint32 value)
{
  value = GUINT32_TO_LE (value);
  g_byte_array_append (pickler->bytes, (const guint8 *)&value, sizeof value);
}

static void
put_int (Pickler *pickler, gint64 value)
{
  if (value >= 0 && value < 256)
    {
      put_code (pickler, 'K'); /* BININT1 */
      put_code (pickler, value);
    }
  else if (value == (gint32)value)
    {
      put_code (pickler, 'J'); /* BININT */
      put_u32 (pickler, (guint32)value);
    }
  else
    {
      const guint64 bits = GUINT64_TO_LE ((guint64)value);
      put_code (pickler, 0x8a); /* LONG1 */
      put_code (pickler, sizeof bits);
      put (pickler, (const char *)&bits, sizeof bits);
    }
}

static void
put_text (Pickler *pickler, const char *text)
{
  put_code (pickler, 'X'); /* BINUNICODE */
  put_u32 (pickler, strlen (text));
  put (pickler, text, strlen (text));
}

/* Whether `key` stands in the memo already: then refers to it. Else numbers what the caller puts next. */
static gboolean
put_known (Pickler *pickler, const char *key)
{
  const guint number = GPOINTER_TO_UINT (g_hash_table_lookup (pickler->memo, key));
  if (number)
    {
      put_code (pickler, 'h'); /* BINGET */
      put_code (pickler, number - 1);
    }
  return number > 0;
}

static void
remember (Pickler *pickler, const char *key)
{
  const guint number = g_hash_table_size (pickler->memo);
  g_hash_table_insert (pickler->memo, g_strdup (key), GUINT_TO_POINTER (number + 1));
  put_code (pickler, 'q'); /* BINPUT */
  put_code (pickler, number);
}

static void
put_word (Pickler *pickler, const char *word)
{
  if (put_known (pickler, word))
    return;
  put_text (pickler, word);
  remember (pickler, word);
}

static void
put_global (Pickler *pickler, const char *module, const char *name)
{
  g_autofree char *lines = g_strconcat (module, "\n", name, "\n", NULL);
  if (put_known (pickler, lines))
    return;
  put_code (pickler, 'c'); /* GLOBAL */
  put (pickler, lines, strlen (lines));
  remember (pickler, lines);
}

static void
put_ordered_dict (Pickler *pickler)
{
  put_global (pickler, "collections", "OrderedDict");
  put (pickler, ")R", 2); /* EMPTY_TUPLE, REDUCE */
}

static void
put_sizes (Pickler *pickler, const gint64 *sizes, guint n)
{
  put_code (pickler, '('); /* MARK */
  for (guint i = 0; i < n; i++)
    put_int (pickler, sizes[i]);
  put_code (pickler, 't'); /* TUPLE */
}

static void
put_tensor (Pickler *pickler, DhTensor *tensor)
{
  char key[16];
  gint64 strides[DH_MAX_DIMS], step = 1;
  for (guint d = tensor->n_dims; d-- > 0;)
    {
      strides[d] = step;
      step *= MAX (tensor->dims[d], 1);
    }
  g_snprintf (key, sizeof key, "%u", pickler->tensors->len);
  g_ptr_array_add (pickler->tensors, tensor);

  put_global (pickler, "torch._utils", "_rebuild_tensor_v2");
  put (pickler, "((", 2);
  put_word (pickler, "storage");
  put_global (pickler, "torch", storage_names[tensor->dtype]);
  put_text (pickler, key);
  put_word (pickler, "cpu");
  put_int (pickler, dh_tensor_count (tensor));
  put (pickler, "tQ", 2); /* TUPLE, BINPERSID */
  put_int (pickler, 0);
  put_sizes (pickler, tensor->dims, tensor->n_dims);
  put_sizes (pickler, strides, tensor->n_dims);
  put_code (pickler, 0x89); /* NEWFALSE: requires_grad */
  put_ordered_dict (pickler);
  put (pickler, "tR", 2); /* TUPLE, REDUCE */
}

static void
put_tensors (Pickler *pickler, DhTensorDict *dict)
{
  put_ordered_dict (pickler);
  const guint n = dh_tensor_dict_size (dict);
  for (guint from = 0; from < n; from += BATCH)
    {
      put_code (pickler, '('); /* MARK */
      for (guint i = from; i < MIN (n, from + BATCH); i++)
        {
          put_text (pickler, dh_tensor_dict_name (dict, i));
          put_tensor (pickler, dh_tensor_dict_at (dict, i));
        }
      put_code (pickler, 'u'); /* SETITEMS */
    }
}

static void
put_strings (Pickler *pickler, GHashTable *strings)
{
  /* In order, so that the same contents give the same file. */
  g_autoptr (GList) keys = g_list_sort (g_hash_table_get_keys (strings), (GCompareFunc)strcmp);
  put_code (pickler, '}'); /* EMPTY_DICT */
  for (GList *key = keys; key; key = key->next)
    {
      put_text (pickler, key->data);
      put_text (pickler, g_hash_table_lookup (strings, key->data));
      put_code (pickler, 's'); /* SETITEM */
    }
}

static void
put_contents (Pickler *pickler, const DhCheckpointContents *contents)
{
  put (pickler, "\x80\x02", 2); /* PROTO 2 */
  if (!contents->extra && !contents->metadata)
    put_tensors (pickler, contents->state);
  else
    {
      put_code (pickler, '}'); /* EMPTY_DICT */
      put_text (pickler, "state_dict");
      put_tensors (pickler, contents->state);
      put_code (pickler, 's'); /* SETITEM */
      if (contents->extra)
        {
          put_text (pickler, "extra");
          put_tensors (pickler, contents->extra);
          put_code (pickler, 's');
        }
      if (contents->metadata)
        {
          put_text (pickler, "metadata");
          put_strings (pickler, contents->metadata);
          put_code (pickler, 's');
        }
    }
  put_code (pickler, '.'); /* STOP */
}

static gboolean
write_zip (const char *path, Pickler *pickler, GError **error)
{
  g_auto (DhZipWriter) zip = { NULL };
  if (!dh_zip_writer_open (&zip, path, error)
      || !dh_zip_writer_add (&zip, "archive/data.pkl", pickler->bytes->data, pickler->bytes->len, error)
      || !dh_zip_writer_add (&zip, "archive/byteorder", "little", 6, error))
    return FALSE;
  for (guint i = 0; i < pickler->tensors->len; i++)
    {
      char name[32];
      const DhTensor *tensor = g_ptr_array_index (pickler->tensors, i);
      g_snprintf (name, sizeof name, "archive/data/%u", i);
      if (!dh_zip_writer_add (&zip, name, dh_tensor_data (tensor), dh_tensor_size_bytes (tensor), error))
        return FALSE;
    }
  return dh_zip_writer_add (&zip, "archive/version", "3\n", 2, error) && dh_zip_writer_close (&zip, error);
}

gboolean
dh_checkpoint_save_pth (const char *path, const DhCheckpointContents *contents, GError **error)
{
  g_return_val_if_fail (path != NULL && contents != NULL && contents->state != NULL, FALSE);

  Pickler pickler = { g_byte_array_new (), g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
                      g_ptr_array_new () };
  put_contents (&pickler, contents);
  const gboolean done = write_zip (path, &pickler, error);
  g_byte_array_unref (pickler.bytes);
  g_hash_table_unref (pickler.memo);
  g_ptr_array_unref (pickler.tensors);
  return done;
}

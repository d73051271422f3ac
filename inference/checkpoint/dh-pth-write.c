#include "dh-checkpoint-private.h"

#include <string.h>
#include <zlib.h>

#include "dh-error.h"
#include "dh-file.h"

/* PyTorch's zip format: archive/data.pkl (protocol 2), archive/byteorder, archive/data/N for the storage of the N-th
 * tensor, archive/version. Members are stored, their data aligned to 64 bytes, so that a reader can map them. */

enum
{
  ALIGNMENT = 64,
  BATCH = 1000, /* items that Python's pickler sets at once */
  LOCAL_SIZE = 30,
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

typedef struct
{
  DhFileWriter *writer;
  GByteArray *directory;
  guint64 count;
} Zip;

static void
add16 (GByteArray *to, guint16 value)
{
  value = GUINT16_TO_LE (value);
  g_byte_array_append (to, (const guint8 *)&value, sizeof value);
}

static void
add32 (GByteArray *to, guint32 value)
{
  value = GUINT32_TO_LE (value);
  g_byte_array_append (to, (const guint8 *)&value, sizeof value);
}

static void
add64 (GByteArray *to, guint64 value)
{
  value = GUINT64_TO_LE (value);
  g_byte_array_append (to, (const guint8 *)&value, sizeof value);
}

/* The fields that local and central header share, from "version needed" to the name's length. */
static void
add_common (GByteArray *to, guint32 crc, guint64 size, guint16 name_length)
{
  const guint32 shown = size < G_MAXUINT32 ? size : G_MAXUINT32;
  add16 (to, 45);     /* version needed: ZIP64 */
  add16 (to, 0x0800); /* flags: the name is UTF-8 */
  add16 (to, 0);      /* stored */
  add16 (to, 0);      /* no time, so that the same contents give the same file */
  add16 (to, 0x21);   /* 1 January 1980 */
  add32 (to, crc);
  add32 (to, shown);
  add32 (to, shown);
  add16 (to, name_length);
}

static gboolean
add_member (Zip *zip, const char *name, gconstpointer data, gsize size, GError **error)
{
  const guint64 start = dh_file_writer_tell (zip->writer);
  const guint16 name_length = strlen (name);
  const guint32 crc = crc32_z (crc32_z (0, NULL, 0), data, size);
  const gboolean large = size >= G_MAXUINT32, far = start >= G_MAXUINT32;

  /* The extra field "FB" is PyTorch's own for padding. */
  const guint fixed = large ? 20 : 0;
  const guint64 end = start + LOCAL_SIZE + name_length + fixed + 4;
  const guint padding = (ALIGNMENT - end % ALIGNMENT) % ALIGNMENT;
  g_autoptr (GByteArray) local = g_byte_array_new ();
  add32 (local, 0x04034b50);
  add_common (local, crc, size, name_length);
  add16 (local, fixed + 4 + padding);
  g_byte_array_append (local, (const guint8 *)name, name_length);
  if (large)
    {
      add16 (local, 1);
      add16 (local, 16);
      add64 (local, size);
      add64 (local, size);
    }
  add16 (local, 'F' | 'B' << 8);
  add16 (local, padding);
  for (guint i = 0; i < padding; i++)
    g_byte_array_append (local, (const guint8 *)"Z", 1);

  GByteArray *directory = zip->directory;
  const guint extra = (large ? 16 : 0) + (far ? 8 : 0);
  add32 (directory, 0x02014b50);
  add16 (directory, 45); /* made by */
  add_common (directory, crc, size, name_length);
  add16 (directory, extra ? extra + 4 : 0);
  add16 (directory, 0); /* comment */
  add16 (directory, 0); /* disk */
  add16 (directory, 0); /* attributes */
  add32 (directory, 0);
  add32 (directory, far ? G_MAXUINT32 : start);
  g_byte_array_append (directory, (const guint8 *)name, name_length);
  if (extra)
    {
      add16 (directory, 1);
      add16 (directory, extra);
      if (large)
        {
          add64 (directory, size);
          add64 (directory, size);
        }
      if (far)
        add64 (directory, start);
    }
  zip->count++;
  return dh_file_writer_write (zip->writer, local->data, local->len, error)
         && (size == 0 || dh_file_writer_write (zip->writer, data, size, error));
}

/* The directory and its ends, the 64-bit one always, as PyTorch writes it. */
static gboolean
add_directory (Zip *zip, GError **error)
{
  const guint64 offset = dh_file_writer_tell (zip->writer), length = zip->directory->len;
  GByteArray *end = zip->directory;
  add32 (end, 0x06064b50);
  add64 (end, 44);
  add16 (end, 45);
  add16 (end, 45);
  add32 (end, 0);
  add32 (end, 0);
  add64 (end, zip->count);
  add64 (end, zip->count);
  add64 (end, length);
  add64 (end, offset);
  add32 (end, 0x07064b50);
  add32 (end, 0);
  add64 (end, offset + length);
  add32 (end, 1);
  add32 (end, 0x06054b50);
  add32 (end, 0);
  add16 (end, MIN (zip->count, G_MAXUINT16));
  add16 (end, MIN (zip->count, G_MAXUINT16));
  add32 (end, MIN (length, G_MAXUINT32));
  add32 (end, MIN (offset, G_MAXUINT32));
  add16 (end, 0);
  return dh_file_writer_write (zip->writer, end->data, end->len, error);
}

static gboolean
write_zip (const char *path, Pickler *pickler, GError **error)
{
  g_autoptr (DhFileWriter) writer = dh_file_writer_open (path, error);
  if (!writer)
    return FALSE;
  g_autoptr (GByteArray) directory = g_byte_array_new ();
  Zip zip = { writer, directory, 0 };
  if (!add_member (&zip, "archive/data.pkl", pickler->bytes->data, pickler->bytes->len, error)
      || !add_member (&zip, "archive/byteorder", "little", 6, error))
    return FALSE;
  for (guint i = 0; i < pickler->tensors->len; i++)
    {
      char name[32];
      const DhTensor *tensor = g_ptr_array_index (pickler->tensors, i);
      g_snprintf (name, sizeof name, "archive/data/%u", i);
      if (!add_member (&zip, name, dh_tensor_data (tensor), dh_tensor_size_bytes (tensor), error))
        return FALSE;
    }
  return add_member (&zip, "archive/version", "3\n", 2, error) && add_directory (&zip, error)
         && dh_file_writer_close (writer, error);
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

#include "weights-bytes.h"

#include <stdlib.h>
#include <string.h>

#include "dh-checkpoint.h"

/* Bytes of an own allocation, so that AddressSanitizer sees a read past their end. */
static GBytes *
exactly (gconstpointer data, gsize size)
{
  guint8 *copy = malloc (MAX (size, 1));
  if (size > 0)
    memcpy (copy, data, size);
  return g_bytes_new_with_free_func (copy, size, free, copy);
}

/* Opens bytes and reads every element; NULL where they open, else the error. */
GError *
weights_try_open (gconstpointer data, gsize size)
{
  GError *error = NULL;
  g_autoptr (GBytes) bytes = exactly (data, size);
  g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open_bytes (bytes, "file", &error);
  g_assert_true ((checkpoint != NULL) == (error == NULL));
  guint sum = 0;
  DhTensorDict *dicts[] = { checkpoint ? dh_checkpoint_state (checkpoint) : NULL,
                            checkpoint ? dh_checkpoint_extra (checkpoint) : NULL };
  for (guint d = 0; d < G_N_ELEMENTS (dicts) && dicts[d]; d++)
    for (guint i = 0; i < dh_tensor_dict_size (dicts[d]); i++)
      {
        const DhTensor *tensor = dh_tensor_dict_at (dicts[d], i);
        const guint8 *at = dh_tensor_data (tensor);
        for (gsize b = 0; b < dh_tensor_size_bytes (tensor); b++)
          sum += at[b];
      }
  if (sum == G_MAXUINT) /* the sum must be computed */
    g_test_message ("%u", sum);
  if (error)
    {
      g_assert_true (g_str_has_prefix (error->message, "file: "));
      g_assert_cmpuint (strlen (error->message), >, 15);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      g_assert_null (strchr (error->message, '\n'));
    }
  return error;
}

void
weights_assert_refused (GString *file, DhError code, const char *words)
{
  g_autoptr (GError) error = weights_try_open (file->str, file->len);
  g_assert_error (error, DH_ERROR, (gint)code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
  g_string_free (file, TRUE);
}

void
weights_assert_opens (GString *file)
{
  g_autoptr (GError) error = weights_try_open (file->str, file->len);
  g_assert_no_error (error);
  g_string_free (file, TRUE);
}

void
weights_add (GString *to, guint64 value, guint width)
{
  for (guint i = 0; i < width; i++)
    g_string_append_c (to, i < 8 ? value >> 8 * i & 0xff : 0);
}

GString *
weights_make_zip (const WeightsMember *members, guint n)
{
  GString *zip = g_string_new (NULL);
  g_autoptr (GString) directory = g_string_new (NULL);
  for (guint i = 0; i < n; i++)
    {
      const gsize start = zip->len, name_length = strlen (members[i].name);
      weights_add (zip, 0x04034b50, 4);
      g_string_append_len (zip, "\x14\0\0\0\0\0\0\0\x21\0\0\0\0\0", 14);
      weights_add (zip, members[i].size, 4);
      weights_add (zip, members[i].size, 4);
      weights_add (zip, name_length, 4);
      g_string_append (zip, members[i].name);
      g_string_append_len (zip, members[i].data, members[i].size);

      weights_add (directory, 0x02014b50, 4);
      g_string_append_len (directory, "\x14\0\x14\0\0\0\0\0\0\0\x21\0\0\0\0\0", 16);
      weights_add (directory, members[i].size, 4);
      weights_add (directory, members[i].size, 4);
      weights_add (directory, name_length, 4);
      weights_add (directory, 0, 10);
      weights_add (directory, start, 4);
      g_string_append (directory, members[i].name);
    }
  const gsize offset = zip->len;
  g_string_append_len (zip, directory->str, directory->len);
  weights_add (zip, 0x06054b50, 4);
  weights_add (zip, 0, 4);
  weights_add (zip, n, 2);
  weights_add (zip, n, 2);
  weights_add (zip, directory->len, 4);
  weights_add (zip, offset, 4);
  weights_add (zip, 0, 2);
  return zip;
}

/* A PyTorch zip file with this pickle and one storage "0" of 24 bytes. */
GString *
weights_make_pth (const char *pickle, gsize size)
{
  const WeightsMember members[] = { { "a/data.pkl", pickle, size },
                                    { "a/data/0", "abcdefghijklmnopqrstuvwx", 24 },
                                    { "a/version", "3\n", 2 } };
  return weights_make_zip (members, G_N_ELEMENTS (members));
}

/* The legacy format: magic, protocol, system information, object, keys, storages. */
GString *
weights_make_legacy (const char *object, gsize size, gint64 count, gsize stored)
{
  GString *file = g_string_new (NULL);
#define PART(text) g_string_append_len (file, text, sizeof text - 1)
  PART ("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20j\xa8P\x19.");
  PART ("\x80\x02M\xe9\x03.");
  PART ("\x80\x02}X\x0d\x00\x00\x00little_endian\x88s.");
  g_string_append_len (file, object, size);
  PART ("\x80\x02]X\x01\x00\x00\x00"
        "0a.");
#undef PART
  weights_add (file, count, 8);
  g_string_append_len (file, "abcdefghijklmnopqrstuvwx", stored);
  return file;
}

GString *
weights_make_safetensors (guint64 length, const char *header, gsize data)
{
  GString *file = g_string_new (NULL);
  weights_add (file, length ? length : strlen (header), 8);
  g_string_append (file, header);
  for (gsize i = 0; i < data; i++)
    g_string_append_c (file, i);
  return file;
}

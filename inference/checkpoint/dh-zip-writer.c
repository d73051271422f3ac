#include "dh-zip-writer-private.h"

#include <string.h>
#include <zlib.h>

enum
{
  ALIGNMENT = 64,
  LOCAL_SIZE = 30,
};

gboolean
dh_zip_writer_open (DhZipWriter *zip, const char *path, GError **error)
{
  zip->directory = g_byte_array_new ();
  zip->writer = dh_file_writer_open (path, error);
  return zip->writer != NULL;
}

void
dh_zip_writer_clear (DhZipWriter *zip)
{
  g_clear_pointer (&zip->writer, dh_file_writer_free);
  g_clear_pointer (&zip->directory, g_byte_array_unref);
}

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

gboolean
dh_zip_writer_add (DhZipWriter *zip, const char *name, gconstpointer data, gsize size, GError **error)
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

/* The directory's ends: the 64-bit one always, as PyTorch writes it. */
gboolean
dh_zip_writer_close (DhZipWriter *zip, GError **error)
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
  return dh_file_writer_write (zip->writer, end->data, end->len, error) && dh_file_writer_close (zip->writer, error);
}

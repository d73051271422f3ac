#include "cli-find-images.h"

#include <string.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-text.h"
#include "dh-video-reader.h"

/* Bytes of a name: what is added to it, and to the temporary file's, has room in the 255 that a name may have. */
#define LONGEST 220

/* How much of a stem is taken, by whole characters, where behind it so many bytes follow. */
static int
stem_size (const char *name, gsize stem, gsize rest)
{
  gsize size = MIN (stem, LONGEST - MIN (rest, LONGEST - 1));
  while (size > 1 && size < stem && ((guchar)name[size] & 0xc0) == 0x80)
    size--;
  return (int)size;
}

/* The first finds' images, each once. DhFindSource, borrowed. */
static GPtrArray *
list_sources (const DhCliFindImages *images)
{
  GPtrArray *sources = g_ptr_array_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  for (guint i = 0; i < MIN (images->most, dh_finds_count (images->finds)); i++)
    {
      const DhFindSource *source = dh_finds_get (images->finds, i)->source;
      if (g_hash_table_add (seen, (gpointer)source))
        g_ptr_array_add (sources, (gpointer)source);
    }
  return sources;
}

static gint
compare_numbers (gconstpointer a, gconstpointer b)
{
  const DhFindSource *x = *(const DhFindSource *const *)a, *y = *(const DhFindSource *const *)b;
  return (x->number > y->number) - (x->number < y->number);
}

static gboolean
write_frame (DhCliFindImages *images, const DhImage *image, guint64 number, GError **error)
{
  g_autofree char *base = g_path_get_basename (images->recording);
  const char *dot = strrchr (base, '.');
  const gsize stem = dot && dot != base ? (gsize)(dot - base) : strlen (base);
  g_autofree char *name = g_strdup_printf ("%.*s_%06" G_GUINT64_FORMAT ".png", stem_size (base, stem, 0), base, number);
  g_autofree char *path = g_build_filename (images->folder, name, NULL);
  if (!dh_image_write_png (path, image->width, image->height, 3, image->rgb, error))
    return FALSE;
  images->written++;
  return TRUE;
}

/* Read as they were when they were searched, so that each has its number again; a seek to their times would meet others
 * where frames do not come at one rate. */
static gboolean
write_frames (DhCli *cli, DhCliFindImages *images, GPtrArray *sources, GError **error)
{
  if (sources->len == 0)
    return TRUE;
  g_autoptr (DhVideoReader) reader = dh_video_reader_open (images->recording, images->range, cli->cancellable, error);
  if (!reader)
    return FALSE;
  g_ptr_array_sort (sources, compare_numbers);
  guint i = 0;
  while (i < sources->len)
    {
      g_autoptr (GError) why = NULL;
      DhVideoMoment moment;
      g_autoptr (DhImage) image = dh_video_reader_next (reader, &moment, cli->cancellable, &why);
      if (g_error_matches (why, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        {
          g_propagate_error (error, g_steal_pointer (&why));
          return FALSE;
        }
      if (!image)
        break;
      for (; i < sources->len && ((DhFindSource *)sources->pdata[i])->number < moment.number; i++)
        images->lost++;
      if (i == sources->len || ((DhFindSource *)sources->pdata[i])->number != moment.number)
        continue;
      if (!write_frame (images, image, moment.number, error))
        return FALSE;
      dh_progress_report (&cli->progress, ++i, sources->len, images->folder);
    }
  images->lost += sources->len - i;
  return TRUE;
}

/* A name that none of the others has. */
static char *
choose_name (GHashTable *taken, const char *path)
{
  g_autofree char *base = g_path_get_basename (path);
  const char *dot = strrchr (base, '.');
  const gsize stem = dot && dot != base ? (gsize)(dot - base) : strlen (base);
  const int size = stem_size (base, stem, strlen (base + stem));
  char *name = g_strdup_printf ("%.*s%s", size, base, base + stem);
  for (guint k = 2; g_hash_table_contains (taken, name); k++)
    {
      g_free (name);
      name = g_strdup_printf ("%.*s_%u%s", size, base, k, base + stem);
    }
  g_hash_table_add (taken, g_strdup (name));
  return name;
}

static gboolean
write_copies (DhCli *cli, DhCliFindImages *images, GPtrArray *sources, GError **error)
{
  g_autoptr (GHashTable) taken = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < sources->len; i++)
    {
      const DhFindSource *source = sources->pdata[i];
      if (g_cancellable_set_error_if_cancelled (cli->cancellable, error))
        return FALSE;
      g_autofree char *name = choose_name (taken, source->path);
      g_autofree char *path = g_build_filename (images->folder, name, NULL);
      g_autoptr (GBytes) bytes = dh_file_read (source->path, DH_FILE_ANY_SIZE, NULL);
      if (!bytes)
        images->lost++;
      else if (dh_file_write (path, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error))
        images->written++;
      else
        return FALSE;
      dh_progress_report (&cli->progress, i + 1, sources->len, name);
    }
  return TRUE;
}

gboolean
dh_cli_find_images_write (DhCli *cli, DhCliFindImages *images, GError **error)
{
  g_autoptr (GPtrArray) sources = list_sources (images);
  if (!dh_folder_make (images->folder, error))
    return FALSE;
  return images->recording ? write_frames (cli, images, sources, error) : write_copies (cli, images, sources, error);
}

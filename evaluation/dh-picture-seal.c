#include "dh-picture-seal-private.h"

#include <string.h>
#include <sys/stat.h>

#include "dh-file.h"

/* The coarsest clock of a file system ticks every two seconds. */
#define SETTLED_SECONDS 3

static void
set_digest (guint8 digest[16], gconstpointer bytes, gsize size)
{
  g_autofree char *hash = dh_sha256 (bytes, size);
  for (guint i = 0; i < 16; i++)
    digest[i] = (guint8)(g_ascii_xdigit_value (hash[2 * i]) << 4 | g_ascii_xdigit_value (hash[2 * i + 1]));
}

/* The change time is the kernel's: whoever writes a file and sets its time back has changed it all the same. */
static gboolean
add_file (GString *text, const char *path, gint64 now)
{
  struct stat info;
  if (!path || stat (path, &info) != 0)
    {
      g_string_append (text, "none\n");
      return TRUE;
    }
  const char *name = strrchr (path, G_DIR_SEPARATOR);
  g_string_append_printf (text, "%s %" G_GINT64_FORMAT " %" G_GINT64_FORMAT ".%09ld %" G_GINT64_FORMAT ".%09ld\n",
                          name ? name + 1 : path, (gint64)info.st_size, (gint64)info.st_mtim.tv_sec,
                          info.st_mtim.tv_nsec, (gint64)info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
  return info.st_ctim.tv_sec < now - SETTLED_SECONDS;
}

void
dh_picture_seal_files (DhPictureSeal *seal, const DhDatasetItem *item)
{
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autoptr (GString) text = g_string_new (item->hidden ? "hidden\n" : NULL);
  /* A picture that is turned otherwise turns its label. */
  const gboolean settled = add_file (text, item->image, now);
  if (add_file (text, item->label, now) && settled)
    set_digest (seal->files, text->str, text->len);
  else
    memset (seal->files, 0, sizeof seal->files);
}

static void
add_labels (GString *text, const DhLabels *labels)
{
  if (!labels)
    {
      g_string_append (text, "none\n");
      return;
    }
  g_autofree char *hash = dh_sha256 (labels->ids, (gsize)labels->width * labels->height);
  g_string_append_printf (text, "%u %u %s\n", labels->width, labels->height, hash);
}

void
dh_picture_seal_labels (DhPictureSeal *seal, const DhLabels *anomalies, const DhLabels *classes)
{
  g_autoptr (GString) text = g_string_new (NULL);
  add_labels (text, anomalies);
  add_labels (text, classes);
  set_digest (seal->labels, text->str, text->len);
}

void
dh_picture_seal_maps (DhPictureSeal *seal, const DhRunRecord *record, guint maps, const char *stem)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (maps & DH_MAP_BIT (m))
      {
        g_autofree char *path = dh_run_record_map_path (record, m, stem);
        g_string_append_printf (text, "%s ", dh_map_name (m));
        add_file (text, path, 0);
      }
  set_digest (seal->maps, text->str, text->len);
}

gboolean
dh_picture_seal_is_settled (const DhPictureSeal *seal)
{
  static const guint8 none[sizeof seal->files];
  return memcmp (seal->files, none, sizeof none) != 0;
}

#include <sys/stat.h>

#include "dh-dataset-private.h"
#include "dh-drawn-mask.h"

static gint64
size_of_file (const char *path)
{
  struct stat info;
  return path && stat (path, &info) == 0 ? (gint64)info.st_size : -1;
}

char *
dh_dataset_fingerprint (DhDataset *dataset, GCancellable *cancellable, GError **error)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  for (guint i = 0; i < dataset->items->len; i++)
    {
      if (i % 256 == 0 && g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;
      const DhDatasetItem *item = &dh_dataset_peek (dataset, i)->item;
      g_autofree char *line =
          g_strdup_printf ("%s\n%" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", item->stem,
                           size_of_file (item->image), size_of_file (item->overlay), size_of_file (item->label));
      g_checksum_update (sum, (const guchar *)line, -1);
      /* Two drawings of one picture may be of the same length. */
      g_autofree char *drawn =
          dataset->kind == DH_DATASET_MASKS && item->label ? dh_drawn_mask_dup_sum (item->label) : NULL;
      if (drawn)
        g_checksum_update (sum, (const guchar *)drawn, -1);
    }
  g_autofree char *seen = dh_dataset_dup_seen (dataset);
  return g_strconcat (g_checksum_get_string (sum), seen ? "+" : NULL, seen, NULL);
}

/* Photographs that say how they lie: which are turned, and what is said of that. */
#include "dh-dataset-private.h"

#define SAMPLES 128

/* Whether the mask, as it is seen itself, tells by its size that it was drawn on the pixels as they are stored. */
static gboolean
fits_stored (const DhDatasetItem *item)
{
  guint width, height, label_width, label_height;
  if (!item->label || !dh_image_probe (item->image, &width, &height, NULL)
      || !dh_image_probe (item->label, &label_width, &label_height, NULL) || width == height)
    return FALSE;
  const gboolean aside = dh_image_orientation (item->label) >= 5;
  return (aside ? label_height : label_width) == width && (aside ? label_width : label_height) == height;
}

guint
dh_dataset_label_orientation (DhDataset *dataset, const DhDatasetItem *item)
{
  return dataset->kind == DH_DATASET_MASKS && item->label ? dh_image_orientation (item->label) : 1;
}

/* Whether nothing tells that the mask was drawn on the turned pixels: not its size, nor EXIF of its own. */
static gboolean
is_untold (DhDataset *dataset, guint index, guint taken)
{
  const DhDatasetItem *item = &dh_dataset_peek (dataset, index)->item;
  guint width, height;
  return taken > 1 && item->label && dh_dataset_label_orientation (dataset, item) == 1
         && (taken < 5 || (dh_image_probe (item->image, &width, &height, NULL) && width == height));
}

guint
dh_dataset_orientation (DhDataset *dataset, guint index)
{
  g_return_val_if_fail (index < dataset->items->len, 1);

  const DhDatasetItem *item = &dh_dataset_peek (dataset, index)->item;
  if (dataset->kind != DH_DATASET_MASKS && dataset->kind != DH_DATASET_FOLDER)
    return 1;
  const guint orientation = dh_image_orientation (item->image);
  return orientation >= 5 && fits_stored (item) ? 1 : orientation;
}

gboolean
dh_dataset_probe_image (DhDataset *dataset, guint index, guint *width, guint *height, GError **error)
{
  g_return_val_if_fail (index < dataset->items->len, FALSE);

  const char *path = dh_dataset_peek (dataset, index)->item.image;
  return dh_dataset_orientation (dataset, index) < 5 ? dh_image_probe (path, width, height, error)
                                                     : dh_image_probe (path, height, width, error);
}

char *
dh_dataset_dup_orientation_note (DhDataset *dataset)
{
  if (dataset->kind != DH_DATASET_MASKS && dataset->kind != DH_DATASET_FOLDER)
    return NULL;
  const guint n = dataset->items->len, step = MAX (n / SAMPLES, 1);
  guint read = 0, turned = 0, left = 0, untold = 0;
  for (guint i = 0; i < n; i += step, read++)
    {
      const DhDatasetItem *item = &dh_dataset_peek (dataset, i)->item;
      const guint said = dh_image_orientation (item->image), taken = said > 1 ? dh_dataset_orientation (dataset, i) : 1;
      turned += taken > 1;
      left += said != taken;
      untold += is_untold (dataset, i, taken);
    }
  GString *note = g_string_new (NULL);
  if (turned > 0)
    g_string_append_printf (note, "%u of %u %s %s stored turned or mirrored, as %s EXIF says, and %s seen upright%s",
                            turned, read, read == 1 ? "image" : "images", turned == 1 ? "is" : "are",
                            turned == 1 ? "its" : "their", turned == 1 ? "is" : "are",
                            untold == 0 ? ""
                                        : "; where no size tells, the masks are taken to lie as the images are seen");
  if (left > 0)
    g_string_append_printf (note, "%s%u of %u %s %s left as stored, whatever EXIF says, because the masks fit that",
                            note->len ? "; " : "", left, read, read == 1 ? "image" : "images",
                            left == 1 ? "is" : "are");
  return g_string_free (note, note->len == 0);
}

#include "dh-pictures.h"

#include <glib/gstdio.h>

#include "dh-error.h"

static GArray *
choose (DhDataset *dataset, const char *const *splits, gboolean with_labels)
{
  GArray *items = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const DhDatasetItem *item = dh_dataset_item (dataset, i);
      if ((!splits || g_strv_contains (splits, item->split)) && (!with_labels || (item->label && !item->hidden)))
        g_array_append_val (items, i);
    }
  return items;
}

gboolean
dh_pictures_open_data (DhPictures *pictures, const DhRecipe *recipe, const char *root, GCancellable *cancellable,
                       GError **error)
{
  static const char *const training[] = { "train", "training", NULL }, *const validation[] = { "val", "validation",
                                                                                               NULL };
  pictures->dataset = dh_dataset_open (root, recipe->dataset, NULL, cancellable, NULL, error);
  if (!pictures->dataset)
    return FALSE;
  const DhClassTable *table = dh_dataset_class_table (pictures->dataset);
  if (!table)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s: %s has no class labels to learn from", root,
                   dh_dataset_title (pictures->dataset));
      return FALSE;
    }
  if (recipe->classes && recipe->classes != (gint)table->n_classes)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s: %s has %u classes, but the recipe trains %d", root,
                   dh_dataset_title (pictures->dataset), table->n_classes, recipe->classes);
      return FALSE;
    }
  pictures->classes = (gint)table->n_classes;
  pictures->training = choose (pictures->dataset, training, TRUE);
  pictures->validation = choose (pictures->dataset, validation, TRUE);
  if (pictures->training->len > 0)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s holds no labelled images for training", root);
  return FALSE;
}

gboolean
dh_pictures_open_negatives (DhPictures *pictures, const char *root, GCancellable *cancellable, GError **error)
{
  if (!root)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "The recipe pastes negatives; give their folder with %s",
                   "--neg_dataroot DIR");
      return FALSE;
    }
  pictures->negatives = dh_dataset_open (root, NULL, NULL, cancellable, NULL, error);
  if (!pictures->negatives)
    return FALSE;
  pictures->pasted = choose (pictures->negatives, NULL, FALSE);
  if (pictures->pasted->len > 0)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s holds no images", root);
  return FALSE;
}

void
dh_pictures_clear (DhPictures *pictures)
{
  g_clear_pointer (&pictures->dataset, dh_dataset_unref);
  g_clear_pointer (&pictures->negatives, dh_dataset_unref);
  g_clear_pointer (&pictures->training, g_array_unref);
  g_clear_pointer (&pictures->validation, g_array_unref);
  g_clear_pointer (&pictures->pasted, g_array_unref);
}

DhComposer
dh_pictures_compose (const DhPictures *pictures, const DhRecipe *recipe, gboolean validation)
{
  const GArray *items = validation ? pictures->validation : pictures->training;
  const GArray *pasted = pictures->pasted;
  return (DhComposer){ .recipe = recipe,
                       .dataset = pictures->dataset,
                       .negatives = pictures->negatives,
                       .items = (const guint *)(gpointer)items->data,
                       .n_items = items->len,
                       .negative_items = pasted ? (const guint *)(gpointer)pasted->data : NULL,
                       .n_negative_items = pasted ? pasted->len : 0,
                       .classes = pictures->classes };
}

static void
add_names (GChecksum *sum, DhDataset *dataset, const GArray *items)
{
  for (guint i = 0; items && i < items->len; i++)
    g_checksum_update (sum, (const guint8 *)dh_dataset_item (dataset, g_array_index (items, guint, i))->stem, -1);
}

char *
dh_pictures_dup_hash (const DhPictures *pictures)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  add_names (sum, pictures->dataset, pictures->training);
  add_names (sum, pictures->dataset, pictures->validation);
  add_names (sum, pictures->negatives, pictures->pasted);
  return g_strdup (g_checksum_get_string (sum));
}

static gboolean
add_files (GChecksum *sum, DhDataset *dataset, const GArray *items, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; items && i < items->len; i++)
    {
      const DhDatasetItem *item = dh_dataset_item (dataset, g_array_index (items, guint, i));
      const char *const paths[] = { item->image, item->overlay, item->label };
      for (guint k = 0; k < G_N_ELEMENTS (paths); k++)
        {
          GStatBuf status;
          /* None, or one that cannot be asked, is of no size. */
          const gint64 size = paths[k] && g_stat (paths[k], &status) == 0 ? (gint64)status.st_size : -1;
          const guint64 bytes = GUINT64_TO_LE ((guint64)size);
          g_checksum_update (sum, (const guint8 *)&bytes, sizeof bytes);
        }
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
    }
  return TRUE;
}

char *
dh_pictures_dup_files_hash (const DhPictures *pictures, GCancellable *cancellable, GError **error)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  if (!add_files (sum, pictures->dataset, pictures->training, cancellable, error)
      || !add_files (sum, pictures->dataset, pictures->validation, cancellable, error)
      || !add_files (sum, pictures->negatives, pictures->pasted, cancellable, error))
    return NULL;
  return g_strdup (g_checksum_get_string (sum));
}

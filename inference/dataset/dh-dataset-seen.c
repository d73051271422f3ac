/* A data set whose pictures are made worse when they are loaded, or not measured everywhere, and what it is called. */
#include "dh-dataset-private.h"

#define LOOKS 16 /* at the sizes of so many pictures */

static void
find_full_title (DhDataset *dataset)
{
  g_autofree char *seen = dh_dataset_dup_seen (dataset), *title = dh_seen_dup_title (seen);
  g_free (dataset->full_title);
  dataset->full_title =
      title ? g_strdup_printf ("%s · %s", dataset->name ? dataset->name : dataset->title, title) : NULL;
}

/* Taken. */
static void
add_note (DhDataset *dataset, char *note)
{
  const guint n = g_strv_length (dataset->notes);
  dataset->notes = g_renew (char *, dataset->notes, n + 2);
  dataset->notes[n] = note;
  dataset->notes[n + 1] = NULL;
}

static void
degrade (DhDataset *dataset, DhDegradation degradation)
{
  g_autofree char *text = dh_degradation_to_text (degradation);
  dataset->degradation = degradation;
  add_note (dataset, g_strdup_printf ("the images are degraded when they are read, by %s: %s", text,
                                      dh_degrade_about (degradation.kind)));
  find_full_title (dataset);
}

static void
note_region (DhDataset *dataset)
{
  g_autofree char *title = dh_region_id_dup_title (dh_region_id (dataset->region));
  g_autofree char *path = dh_region_text_dup_path (dh_region_text (dataset->region));
  g_autofree char *name = path ? g_filename_display_name (path) : NULL;
  add_note (dataset, g_strdup_printf ("not measured, of each image: %s%s%s%s; labels are ignored there", title,
                                      name ? " (" : "", name ? name : "", name ? ")" : ""));
}

gboolean
dh_dataset_take_region (DhDataset *dataset, const char *text, GError **error)
{
  guint width, height;
  if (!(dataset->region = dh_region_new (text, error)))
    return FALSE;
  note_region (dataset);
  find_full_title (dataset);
  /* Pictures are mostly of one size: what fits none of a few from all over is better said at once. */
  g_autoptr (GError) first = NULL;
  const guint n = dataset->items->len, looks = MIN (n, LOOKS);
  for (guint i = 0; i < looks; i++)
    {
      const guint index = (guint)((guint64)i * n / looks);
      if (!dh_dataset_probe_image (dataset, index, &width, &height, NULL)
          || dh_region_fits (dataset->region, width, height, dh_dataset_peek (dataset, index)->item.stem,
                             first ? NULL : &first))
        return TRUE;
    }
  if (first)
    g_propagate_error (error, g_steal_pointer (&first));
  return looks == 0;
}

DhDataset *
dh_dataset_copy (DhDataset *dataset)
{
  DhDataset *copy = g_memdup2 (dataset, sizeof *dataset);
  g_atomic_ref_count_init (&copy->refs);
  copy->root = g_strdup (dataset->root);
  copy->base_root = g_strdup (dataset->base_root);
  copy->title = g_strdup (dataset->title);
  copy->name = g_strdup (dataset->name);
  copy->evidence = g_strdup (dataset->evidence);
  copy->needs = g_strdup (dataset->needs);
  copy->mask_note = g_strdup (dataset->mask_note);
  copy->orientation_note = g_strdup (dataset->orientation_note);
  copy->chosen = g_strdup (dataset->chosen);
  copy->splits = g_strdupv (dataset->splits);
  copy->groups = g_strdupv (dataset->groups);
  copy->notes = g_strdupv (dataset->notes);
  copy->scan_notes = g_strdupv (dataset->scan_notes);
  copy->mask_readings = g_strdupv (dataset->mask_readings);
  copy->mask_values = dataset->mask_values ? dh_mask_values_ref (dataset->mask_values) : NULL;
  copy->region = dataset->region ? dh_region_ref (dataset->region) : NULL;
  g_ptr_array_ref (copy->items);
  g_ptr_array_ref (copy->orphans);
  g_ptr_array_ref (copy->no_files);
  g_ptr_array_ref (copy->foreign);
  g_ptr_array_ref (copy->parts);
  g_hash_table_ref (copy->by_stem);
  copy->full_title = g_strdup (dataset->full_title);
  return copy;
}

DhDataset *
dh_dataset_new_degraded (DhDataset *dataset, DhDegradation degradation)
{
  g_return_val_if_fail (dataset->degradation.severity == 0 && degradation.severity > 0, NULL);

  DhDataset *copy = dh_dataset_copy (dataset);
  degrade (copy, degradation);
  return copy;
}

void
dh_dataset_set_title (DhDataset *dataset, const char *title)
{
  g_free (dataset->name);
  dataset->name = g_strdup (title);
  find_full_title (dataset);
}

const char *
dh_dataset_title (DhDataset *dataset)
{
  return dataset->full_title ? dataset->full_title : dataset->name ? dataset->name : dataset->title;
}

DhDegradation
dh_dataset_degradation (DhDataset *dataset)
{
  return dataset->degradation;
}

const DhRegion *
dh_dataset_region (DhDataset *dataset)
{
  return dataset->region;
}

char *
dh_dataset_dup_seen (DhDataset *dataset)
{
  return dh_seen_new (dataset->degradation, dataset->region);
}

gboolean
dh_dataset_ignore (DhDataset *dataset, guint index, DhLabels *labels, guint8 id, GError **error)
{
  if (!dataset->region)
    return TRUE;
  if (!dh_region_fits (dataset->region, labels->width, labels->height, dh_dataset_peek (dataset, index)->item.stem,
                       error))
    return FALSE;
  dh_region_apply (dataset->region, labels->ids, labels->width, labels->height, id);
  return TRUE;
}

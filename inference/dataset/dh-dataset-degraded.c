/* A data set whose pictures are made worse when they are loaded, and what it is called. */
#include "dh-dataset-private.h"

static char **
dup_notes (DhDataset *dataset, DhDegradation degradation)
{
  g_autoptr (GStrvBuilder) notes = g_strv_builder_new ();
  g_autofree char *text = dh_degradation_to_text (degradation);
  g_autofree char *note = g_strdup_printf ("the images are degraded when they are read, by %s: %s", text,
                                           dh_degrade_about (degradation.kind));
  g_strv_builder_addv (notes, (const char **)dataset->notes);
  g_strv_builder_add (notes, note);
  return g_strv_builder_end (notes);
}

static void
find_full_title (DhDataset *dataset)
{
  g_autofree char *degraded = dh_degradation_dup_title (dataset->degradation);
  g_free (dataset->full_title);
  dataset->full_title =
      degraded ? g_strdup_printf ("%s · %s", dataset->name ? dataset->name : dataset->title, degraded) : NULL;
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
  g_strfreev (copy->notes);
  copy->notes = dup_notes (dataset, degradation);
  copy->degradation = degradation;
  find_full_title (copy);
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

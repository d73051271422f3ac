#include "dh-dataset-private.h"

#include <string.h>

#include "dh-error.h"
#include "dh-masks-private.h"

DhDataset *
dh_dataset_new_empty (const char *root)
{
  DhDataset *dataset = g_new0 (DhDataset, 1);
  g_atomic_ref_count_init (&dataset->refs);
  dataset->root = g_strdup (root);
  dataset->items = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_item_free);
  dataset->orphans = g_ptr_array_new_with_free_func (g_free);
  dataset->no_files = g_ptr_array_new_with_free_func (g_free);
  dataset->foreign = g_ptr_array_new_with_free_func (g_free);
  dataset->by_stem = g_hash_table_new (g_str_hash, g_str_equal);
  dataset->parts = g_ptr_array_new ();
  dataset->kinds = 1u << DH_DATASET_FOLDER;
  dataset->label_ids = DH_LABEL_IDS_RAW;
  dataset->label_ids_certain = dataset->mask_values_certain = TRUE;
  return dataset;
}

DhDataset *
dh_dataset_ref (DhDataset *dataset)
{
  g_atomic_ref_count_inc (&dataset->refs);
  return dataset;
}

void
dh_dataset_unref (DhDataset *dataset)
{
  if (!dataset || !g_atomic_ref_count_dec (&dataset->refs))
    return;
  g_hash_table_unref (dataset->by_stem);
  g_ptr_array_unref (dataset->parts);
  g_free (dataset->chosen);
  g_ptr_array_unref (dataset->items);
  g_ptr_array_unref (dataset->orphans);
  g_ptr_array_unref (dataset->no_files);
  g_ptr_array_unref (dataset->foreign);
  g_strfreev (dataset->splits);
  g_strfreev (dataset->groups);
  g_strfreev (dataset->notes);
  g_strfreev (dataset->scan_notes);
  g_free (dataset->root);
  g_free (dataset->base_root);
  g_free (dataset->title);
  g_free (dataset->name);
  g_free (dataset->full_title);
  g_free (dataset->evidence);
  g_free (dataset->needs);
  g_free (dataset->mask_note);
  g_free (dataset->orientation_note);
  dh_mask_values_unref (dataset->mask_values);
  dh_region_unref (dataset->region);
  g_strfreev (dataset->mask_readings);
  g_free (dataset);
}

DhItem *
dh_item_copy (const DhItem *item)
{
  DhItem *copy = g_new0 (DhItem, 1);
  copy->item.stem = g_strdup (item->item.stem);
  copy->item.id = g_strdup (item->item.id);
  copy->item.split = g_strdup (item->item.split);
  copy->item.group = g_strdup (item->item.group);
  copy->item.image = g_strdup (item->item.image);
  copy->item.overlay = g_strdup (item->item.overlay);
  copy->item.label = g_strdup (item->item.label);
  copy->item.hidden = item->item.hidden;
  copy->form = item->form;
  copy->mask = g_strdup (item->mask);
  return copy;
}

const DhItem *
dh_dataset_peek (DhDataset *dataset, guint index)
{
  return dataset->items->pdata[index];
}

static gboolean
check_kind (const char *root, const char *kind, gint *number, GError **error)
{
  DhDatasetKind parsed;
  *number = -1;
  if (!kind)
    return TRUE;
  if (!dh_dataset_kind_from_name (kind, &parsed))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "%s: there is no kind of data set called \"%s\"; it is one of %s",
                   root, kind, dh_dataset_kind_names ());
      return FALSE;
    }
  *number = parsed;
  return TRUE;
}

static void
set_not_found (const DhScan *scan, const DhScan *base_scan, const char *name, gint kind, GError **error)
{
  if (kind < 0 || kind == DH_DATASET_FOLDER || scan->files->len == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                   "%s: there is no PNG, JPEG, WebP, TIFF or BMP image in this folder; others must be converted", name);
      return;
    }
  g_autoptr (DhLayoutFind) other = dh_layout_recognise (scan, base_scan, -1);
  g_autofree char *looks =
      other && other->kind != DH_DATASET_FOLDER
          ? g_strdup_printf ("it looks like %s (%s)", other->title, dh_dataset_kind_name (other->kind))
          : g_strdup ("it holds images in no known layout (folder)");
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
               "%s: is not a data set of kind %s: %s was sought and is not there; %s", name,
               dh_dataset_kind_name (kind), dh_dataset_kind_layout (kind), looks);
}

/* What is assumed, and that it wants to be said. */
static char *
dup_uncertain (const DhDataset *dataset)
{
  return g_strdup (dataset->label_ids == DH_LABEL_IDS_SHIFTED
                       ? "the labels do not tell whether their ids are shifted by one (anomaly 13) or the packed "
                         "classes (anomaly 12): taken as shifted; say so if they are not"
                       : "the labels do not tell whether their ids are as published (anomaly 14) or shifted by one "
                         "(anomaly 13): taken as published; say so if they are shifted");
}

static void
collect_notes (DhDataset *dataset, const DhScan *scan, DhLayoutFind *find)
{
  GPtrArray *notes = g_ptr_array_new ();
  const guint hidden = dh_dataset_n_hidden (dataset), constant = dataset->n_taken_as_true;
  guint unlabelled = 0;
  for (guint i = 0; i < dataset->items->len; i++)
    unlabelled += dh_dataset_peek (dataset, i)->item.label == NULL;
  if (dataset->needs)
    g_ptr_array_add (notes, g_strdup (dataset->needs));
  if (!dataset->label_ids_certain)
    g_ptr_array_add (notes, dup_uncertain (dataset));
  else if (dataset->label_ids == DH_LABEL_IDS_SHIFTED)
    g_ptr_array_add (notes, g_strdup ("the labels' ids are shifted by one: anomaly is 13, not 14"));
  else if (dataset->label_ids == DH_LABEL_IDS_PACKED)
    g_ptr_array_add (notes, g_strdup ("the labels' ids are the packed classes: anomaly is 12, not 14"));
  if (dataset->mask_note)
    g_ptr_array_add (notes, g_strdup (dataset->mask_note));
  if (find->n_duplicates > 0)
    g_ptr_array_add (notes, g_strdup_printf (find->n_duplicates == 1 ? "%u image stands beside one of the same name in "
                                                                       "another format and is left out"
                                                                     : "%u images stand beside one of the same name "
                                                                       "in another format and are left out",
                                             find->n_duplicates));
  if (unlabelled > 0 && dataset->kind != DH_DATASET_FOLDER)
    g_ptr_array_add (notes, g_strdup_printf (unlabelled == 1 ? "%u image has no label: maps only, no score"
                                                             : "%u images have no label: maps only, no score",
                                             unlabelled));
  if (hidden > 0)
    g_ptr_array_add (notes, g_strdup_printf (hidden == 1 ? "%u image has a hidden test label, one constant value: "
                                                           "maps and export only, no score"
                                                         : "%u images have hidden test labels, one constant value: "
                                                           "maps and export only, no score",
                                             hidden));
  if (constant > 0)
    g_ptr_array_add (notes, g_strdup_printf (constant == 1 ? "%u label is one constant value and is taken as true, as "
                                                             "was said"
                                                           : "%u labels are one constant value and are taken as true, "
                                                             "as was said",
                                             constant));
  if (dataset->orphans->len > 0 && !dataset->needs)
    g_ptr_array_add (notes, g_strdup_printf (dataset->orphans->len == 1 ? "%u label has no image and is left out"
                                                                        : "%u labels have no image and are left out",
                                             dataset->orphans->len));
  if (dataset->orientation_note)
    g_ptr_array_add (notes, g_strdup (dataset->orientation_note));
  if (scan->no_files->len > 0)
    g_ptr_array_add (notes,
                     g_strdup_printf (scan->no_files->len == 1 ? "%u name of an image is a link to nothing, or no file"
                                                               : "%u names of images are links to nothing, or no files",
                                      scan->no_files->len));
  if (scan->foreign->len > 0)
    g_ptr_array_add (notes, g_strdup_printf (scan->foreign->len == 1
                                                 ? "%u file is a picture of a kind that is not read and is left out"
                                                 : "%u files are pictures of kinds that are not read and are left out",
                                             scan->foreign->len));
  g_ptr_array_unref (dataset->no_files);
  dataset->no_files = g_ptr_array_ref (scan->no_files);
  g_ptr_array_unref (dataset->foreign);
  dataset->foreign = g_ptr_array_ref (scan->foreign);
  GPtrArray *of_folders = g_ptr_array_new ();
  for (guint i = 0; i < find->notes->len + scan->notes->len; i++)
    {
      const char *note = i < find->notes->len ? find->notes->pdata[i] : scan->notes->pdata[i - find->notes->len];
      g_ptr_array_add (notes, g_strdup (note));
      g_ptr_array_add (of_folders, g_strdup (note));
    }
  g_ptr_array_add (of_folders, NULL);
  dataset->scan_notes = (char **)g_ptr_array_free (of_folders, FALSE);
  dataset->n_duplicates = find->n_duplicates;
  g_ptr_array_add (notes, NULL);
  dataset->notes = (char **)g_ptr_array_free (notes, FALSE);
}

DhDataset *
dh_dataset_open (const char *root, const char *kind, const DhDatasetOptions *options, GCancellable *cancellable,
                 const DhProgress *progress, GError **error)
{
  g_return_val_if_fail (root != NULL, NULL);

  static const DhDatasetOptions defaults = { 0 };
  options = options ? options : &defaults;
  g_autofree char *name = g_filename_display_name (root);
  gint number;
  if (!check_kind (name, kind, &number, error))
    return NULL;
  g_autoptr (DhScan) scan = dh_scan_new (root, dh_path_is_of_set, cancellable, progress, error);
  if (!scan)
    return NULL;
  g_autoptr (DhScan) base_scan = NULL;
  if (options->base_root
      && !(base_scan = dh_scan_new (options->base_root, dh_path_is_of_set, cancellable, progress, error)))
    return NULL;
  g_autoptr (DhLayoutFind) find = dh_layout_recognise (scan, base_scan, number);
  if (!find)
    {
      set_not_found (scan, base_scan, name, number, error);
      return NULL;
    }

  g_autoptr (DhDataset) dataset = dh_dataset_new_empty (root);
  dataset->kind = find->kind;
  dataset->base_root = g_strdup (options->base_root);
  dataset->title = g_strdup (find->title);
  dataset->evidence = g_strdup (find->evidence);
  dataset->needs = g_strdup (find->needs);
  dataset->labels_expected = find->labels_expected;
  g_ptr_array_unref (dataset->items);
  g_ptr_array_unref (dataset->orphans);
  dataset->items = g_ptr_array_ref (find->items);
  dataset->orphans = g_ptr_array_ref (find->orphans);
  dataset->kinds = dh_layout_list_kinds (scan, base_scan);
  dataset->label_ids_asked = options->label_ids;
  dataset->labels_are_true = options->labels_are_true;
  dh_dataset_arrange (dataset, TRUE);
  /* What masks mean is told by all of them, whatever part is opened. */
  if (!dh_masks_settle (dataset, options->mask_values, cancellable, error))
    return NULL;
  dh_dataset_list_parts (dataset);
  if (!dh_dataset_choose_parts (dataset, options->splits, name, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  dh_dataset_settle_label_ids (dataset);
  if (!dh_dataset_find_hidden (dataset, cancellable, error))
    return NULL;
  dataset->orientation_note = dh_dataset_dup_orientation_note (dataset);
  collect_notes (dataset, scan, find);
  if (options->region && !dh_dataset_take_region (dataset, options->region, error))
    return NULL;
  return options->degradation.severity ? dh_dataset_new_degraded (dataset, options->degradation)
                                       : g_steal_pointer (&dataset);
}

DhDatasetKind
dh_dataset_kind (DhDataset *dataset)
{
  return dataset->kind;
}

const char *
dh_dataset_root (DhDataset *dataset)
{
  return dataset->root;
}

const char *
dh_dataset_base_root (DhDataset *dataset)
{
  return dataset->base_root;
}

const char *
dh_dataset_evidence (DhDataset *dataset)
{
  return dataset->evidence;
}

guint
dh_dataset_size (DhDataset *dataset)
{
  return dataset->items->len;
}

const DhDatasetItem *
dh_dataset_item (DhDataset *dataset, guint index)
{
  g_return_val_if_fail (index < dataset->items->len, NULL);
  return &dh_dataset_peek (dataset, index)->item;
}

gint
dh_dataset_find (DhDataset *dataset, const char *stem)
{
  return (gint)GPOINTER_TO_UINT (g_hash_table_lookup (dataset->by_stem, stem)) - 1;
}

const char *const *
dh_dataset_splits (DhDataset *dataset)
{
  return (const char *const *)dataset->splits;
}

const char *const *
dh_dataset_groups (DhDataset *dataset)
{
  return (const char *const *)dataset->groups;
}

const char *const *
dh_dataset_notes (DhDataset *dataset)
{
  return (const char *const *)dataset->notes;
}

guint
dh_dataset_fitting_kinds (DhDataset *dataset)
{
  return dataset->kinds;
}

guint
dh_dataset_n_hidden (DhDataset *dataset)
{
  guint hidden = 0;
  for (guint i = 0; i < dataset->items->len; i++)
    hidden += dh_dataset_peek (dataset, i)->item.hidden;
  return hidden;
}

guint
dh_dataset_n_taken_as_true (DhDataset *dataset)
{
  return dataset->n_taken_as_true;
}

const char *const *
dh_dataset_folder_notes (DhDataset *dataset)
{
  return (const char *const *)dataset->scan_notes;
}

DhLabelIds
dh_dataset_label_ids (DhDataset *dataset, gboolean *certain)
{
  if (certain)
    *certain = dataset->label_ids_certain;
  return dataset->label_ids;
}

/* Of the first item whose label is shown; a set with none has none. */
static DhLabelForm
form_of (DhDataset *dataset)
{
  for (guint i = 0; i < dataset->items->len; i++)
    {
      const DhItem *item = dh_dataset_peek (dataset, i);
      if (item->item.label && !item->item.hidden)
        return item->form;
    }
  return DH_FORM_NONE;
}

gboolean
dh_dataset_has_anomaly_labels (DhDataset *dataset)
{
  return dh_label_map_get (form_of (dataset))->has_anomaly;
}

gboolean
dh_dataset_has_class_labels (DhDataset *dataset)
{
  return dh_label_map_get (form_of (dataset))->has_classes;
}

const DhClassTable *
dh_dataset_class_table (DhDataset *dataset)
{
  return dh_label_form_table (form_of (dataset));
}

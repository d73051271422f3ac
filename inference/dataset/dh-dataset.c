#include "dh-dataset-private.h"

#include <string.h>
#include <sys/stat.h>

#include "dh-error.h"

static const char *const kind_names[DH_N_DATASET_KINDS] = {
  [DH_DATASET_LF] = "lf",
  [DH_DATASET_STATIC] = "static",
  [DH_DATASET_STREET_HAZARDS] = "street-hazards",
  [DH_DATASET_STREET_HAZARDS_FULL] = "street-hazards-full",
  [DH_DATASET_CITYSCAPES] = "cityscapes",
  [DH_DATASET_SMIYC] = "smiyc",
  [DH_DATASET_ROAD_ANOMALY] = "road-anomaly",
  [DH_DATASET_LOST_AND_FOUND] = "lost-and-found",
  [DH_DATASET_ADE20K] = "ade20k",
  [DH_DATASET_CAMVID] = "camvid",
  [DH_DATASET_FOLDER] = "folder",
};

/* What is sought for a kind, for the message that it is not there. */
static const char *const kind_layouts[DH_N_DATASET_KINDS] = {
  [DH_DATASET_LF] = "leftImg8bit/**/*_leftImg8bit.png beside ood/**/*_ood_segmentation.png, or NNNN_*_labels.png "
                    "beside the images of Lost and Found",
  [DH_DATASET_STATIC] = "*_rgb.jpg or *_rgb.npz with *_labels.png beside it",
  [DH_DATASET_STREET_HAZARDS] = "test/images/test beside test/annotations/test",
  [DH_DATASET_STREET_HAZARDS_FULL] = "train/images/{training,validation} beside train/annotations",
  [DH_DATASET_CITYSCAPES] = "leftImg8bit/**/*_leftImg8bit.png beside gtFine",
  [DH_DATASET_SMIYC] = "images beside labels_masks, or a folder dataset_…Track",
  [DH_DATASET_ROAD_ANOMALY] = "frames/*.jpg with frames/*.labels/labels_semantic.png",
  [DH_DATASET_LOST_AND_FOUND] = "leftImg8bit beside gtCoarse/**/*_gtCoarse_labelIds.png",
  [DH_DATASET_ADE20K] = "images/{training,validation} beside annotations/{training,validation}",
  [DH_DATASET_CAMVID] = "{train,val,test} beside {train,val,test}annot",
  [DH_DATASET_FOLDER] = "PNG, JPEG or WebP images",
};

const char *
dh_dataset_kind_name (DhDatasetKind kind)
{
  return kind < DH_N_DATASET_KINDS ? kind_names[kind] : NULL;
}

gboolean
dh_dataset_kind_from_name (const char *name, DhDatasetKind *kind)
{
  for (guint i = 0; name && i < DH_N_DATASET_KINDS; i++)
    if (strcmp (name, kind_names[i]) == 0)
      {
        *kind = i;
        return TRUE;
      }
  return FALSE;
}

const char *
dh_dataset_kind_names (void)
{
  return "lf, static, street-hazards, street-hazards-full, cityscapes, smiyc, road-anomaly, lost-and-found, ade20k, "
         "camvid, folder";
}

DhDataset *
dh_dataset_new_empty (const char *root)
{
  DhDataset *dataset = g_new0 (DhDataset, 1);
  g_atomic_ref_count_init (&dataset->refs);
  dataset->root = g_strdup (root);
  dataset->items = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_item_free);
  dataset->orphans = g_ptr_array_new_with_free_func (g_free);
  dataset->no_files = g_ptr_array_new_with_free_func (g_free);
  dataset->by_stem = g_hash_table_new (g_str_hash, g_str_equal);
  dataset->label_ids = DH_LABEL_IDS_RAW;
  dataset->label_ids_certain = TRUE;
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
  g_ptr_array_unref (dataset->items);
  g_ptr_array_unref (dataset->orphans);
  g_ptr_array_unref (dataset->no_files);
  g_strfreev (dataset->splits);
  g_strfreev (dataset->groups);
  g_strfreev (dataset->notes);
  g_strfreev (dataset->scan_notes);
  g_free (dataset->root);
  g_free (dataset->base_root);
  g_free (dataset->title);
  g_free (dataset->evidence);
  g_free (dataset->needs);
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
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s: there is no PNG, JPEG or WebP image in this folder", name);
      return;
    }
  g_autoptr (DhLayoutFind) other = dh_layout_recognise (scan, base_scan, -1);
  g_autofree char *looks = other && other->kind != DH_DATASET_FOLDER
                               ? g_strdup_printf ("it looks like %s (%s)", other->title, kind_names[other->kind])
                               : g_strdup ("it holds images in no known layout (folder)");
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
               "%s: is not a data set of kind %s: %s was sought and is not there; %s", name, kind_names[kind],
               kind_layouts[kind], looks);
}

/* Keeps the splits asked for. */
static gboolean
filter_splits (DhDataset *dataset, const char *asked, const char *name, GError **error)
{
  if (!asked)
    return TRUE;
  g_auto (GStrv) wanted = g_strsplit (asked, ",", -1);
  for (guint i = 0; wanted[i]; i++)
    {
      g_strstrip (wanted[i]);
      if (g_strv_contains ((const char *const *)dataset->splits, wanted[i]))
        continue;
      g_autofree char *there = g_strjoinv (", ", dataset->splits);
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "%s: there is no split \"%s\"; there is %s", name, wanted[i],
                   there[0] ? there : "only the whole set");
      return FALSE;
    }
  GPtrArray *kept = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_item_free);
  for (guint i = 0; i < dataset->items->len; i++)
    if (g_strv_contains ((const char *const *)wanted, dh_dataset_peek (dataset, i)->item.split))
      g_ptr_array_add (kept, dh_item_copy (dh_dataset_peek (dataset, i)));
  g_ptr_array_unref (dataset->items);
  dataset->items = kept;
  dh_dataset_arrange (dataset, FALSE);
  return TRUE;
}

static void
collect_notes (DhDataset *dataset, const DhScan *scan, DhLayoutFind *find)
{
  GPtrArray *notes = g_ptr_array_new ();
  guint unlabelled = 0, hidden = 0;
  for (guint i = 0; i < dataset->items->len; i++)
    {
      unlabelled += dh_dataset_peek (dataset, i)->item.label == NULL;
      hidden += dh_dataset_peek (dataset, i)->item.hidden;
    }
  if (dataset->needs)
    g_ptr_array_add (notes, g_strdup (dataset->needs));
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
  if (dataset->orphans->len > 0 && !dataset->needs)
    g_ptr_array_add (notes, g_strdup_printf (dataset->orphans->len == 1 ? "%u label has no image and is left out"
                                                                        : "%u labels have no image and are left out",
                                             dataset->orphans->len));
  if (find->n_duplicates > 0)
    g_ptr_array_add (notes, g_strdup_printf ("%u images stand beside one of the same name in another format and are "
                                             "left out",
                                             find->n_duplicates));
  if (!dataset->label_ids_certain)
    g_ptr_array_add (notes, g_strdup ("the labels do not tell whether their ids are as published (anomaly 14) or "
                                      "shifted by one (anomaly 13): taken as published; say so if they are shifted"));
  else if (dataset->label_ids == DH_LABEL_IDS_SHIFTED)
    g_ptr_array_add (notes, g_strdup ("the labels' ids are shifted by one: anomaly is 13, not 14"));
  if (scan->no_files->len > 0)
    g_ptr_array_add (notes,
                     g_strdup_printf (scan->no_files->len == 1 ? "%u name of an image is a link to nothing, or no file"
                                                               : "%u names of images are links to nothing, or no files",
                                      scan->no_files->len));
  g_ptr_array_unref (dataset->no_files);
  dataset->no_files = g_ptr_array_ref (scan->no_files);
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
  dh_dataset_arrange (dataset, TRUE);
  if (!filter_splits (dataset, options->splits, name, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  dh_dataset_settle_label_ids (dataset, options->label_ids);
  if (!dh_dataset_find_hidden (dataset, cancellable, error))
    return NULL;
  collect_notes (dataset, scan, find);
  return g_steal_pointer (&dataset);
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
dh_dataset_title (DhDataset *dataset)
{
  return dataset->title;
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
    }
  return g_strdup (g_checksum_get_string (sum));
}

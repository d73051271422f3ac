#include "dh-dataset-private.h"

#include <string.h>

#include "dh-checkpoint.h"
#include "dh-error.h"
#include "dh-pair-private.h"
#include "dh-tensor.h"

/* Official Static: an integer H×W×3 array under "rgb" is added to the picture. */
static DhTensor *
read_overlay (const char *path, const DhImage *image, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autoptr (DhCheckpoint) file = dh_checkpoint_open (path, error);
  if (!file)
    return NULL;
  DhTensor *rgb = dh_tensor_dict_get (dh_checkpoint_state (file), "rgb");
  if (!rgb)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: holds no array \"rgb\" to add to the image", name);
      return NULL;
    }
  if (rgb->n_dims != 3 || rgb->dims[0] != image->height || rgb->dims[1] != image->width || rgb->dims[2] != 3)
    {
      g_autofree char *shape = dh_tensor_shape_string (rgb);
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s: the overlay is %s, the image %u×%u×3", name, shape,
                   image->height, image->width);
      return NULL;
    }
  DhTensor *values = dh_tensor_to_f32 (rgb);
  if (!values)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: there is no memory for it", name);
  return values;
}

static DhImage *
compose (const DhImage *image, const char *overlay_path, GError **error)
{
  g_autoptr (DhTensor) overlay = read_overlay (overlay_path, image, error);
  if (!overlay)
    return NULL;
  DhImage *composed = dh_image_new (image->width, image->height);
  if (!composed)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "there is no memory for %u×%u pixels", image->width,
                   image->height);
      return NULL;
    }
  const float *add = dh_tensor_f32 (overlay);
  const gsize n = (gsize)image->width * image->height * 3;
  for (gsize i = 0; i < n; i++)
    {
      const float value = image->rgb[i] + add[i];
      composed->rgb[i] = value > 0 ? (guint8)MIN (value, 255) : 0; /* NaN gives 0 */
    }
  return composed;
}

static DhImage *
turn (DhDataset *dataset, guint index, DhImage *image, GError **error)
{
  DhImage *turned = dh_image_turn (image, dh_dataset_orientation (dataset, index));
  if (!turned)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: there is no memory to turn it",
                 dh_dataset_peek (dataset, index)->item.stem);
  return turned;
}

DhImage *
dh_dataset_load_clean_image (DhDataset *dataset, guint index, GError **error)
{
  g_return_val_if_fail (index < dataset->items->len, NULL);

  const DhDatasetItem *item = &dh_dataset_peek (dataset, index)->item;
  g_autoptr (DhImage) image = dh_image_load (item->image, error);
  if (!image)
    return NULL;
  return item->overlay ? compose (image, item->overlay, error) : turn (dataset, index, image, error);
}

DhImage *
dh_dataset_load_image (DhDataset *dataset, guint index, GError **error)
{
  g_autoptr (DhImage) image = dh_dataset_load_clean_image (dataset, index, error);
  return image ? dh_degradation_apply (dataset->degradation, image, error) : NULL;
}

DhImage *
dh_dataset_load_thumbnail (DhDataset *dataset, guint index, guint max_width, guint max_height, GError **error)
{
  g_return_val_if_fail (index < dataset->items->len, NULL);

  const DhDatasetItem *item = &dh_dataset_peek (dataset, index)->item;
  if (!item->overlay && dataset->degradation.severity == 0)
    {
      const gboolean aside = dh_dataset_orientation (dataset, index) >= 5;
      g_autoptr (DhImage) lying =
          dh_image_load_thumbnail (item->image, aside ? max_height : max_width, aside ? max_width : max_height, error);
      return lying ? turn (dataset, index, lying, error) : NULL;
    }
  g_autoptr (DhImage) image = dh_dataset_load_image (dataset, index, error);
  if (!image)
    return NULL;
  DhImage *small = dh_image_thumbnail (image, max_width, max_height);
  if (!small)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: there is no memory for a thumbnail", item->stem);
  return small;
}

/* Of one's own masks, in whatever file they are. */
static gint
plain_id (DhPixelValue value, gpointer data)
{
  return value.number <= 255 ? value.number : -1;
}

static DhLabels *
load_stored_labels (DhDataset *dataset, const DhDatasetItem *item, GError **error)
{
  if (dataset->mask_values)
    return dh_labels_load_as (item->label, dh_mask_values_find, dataset->mask_values, error);
  return dataset->kind == DH_DATASET_MASKS && !dh_pair_is_png (item->label)
             ? dh_labels_load_as (item->label, plain_id, NULL, error)
             : dh_labels_load (item->label, error);
}

DhLabels *
dh_dataset_load_raw_labels (DhDataset *dataset, guint index, GError **error)
{
  g_return_val_if_fail (index < dataset->items->len, NULL);

  const DhDatasetItem *item = &dh_dataset_peek (dataset, index)->item;
  g_autoptr (DhLabels) stored = item->label ? load_stored_labels (dataset, item, error) : NULL;
  DhLabels *turned = stored ? dh_labels_turn (stored, dh_dataset_label_orientation (dataset, item)) : NULL;
  if (stored && !turned)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: there is no memory to turn its mask", item->stem);
  return turned;
}

static DhLabels *
translate (const DhLabels *raw, const guint8 to[256], const char *name, GError **error)
{
  DhLabels *labels = dh_labels_new (raw->width, raw->height);
  if (!labels)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: there is no memory for its labels", name);
      return NULL;
    }
  const gsize n = (gsize)raw->width * raw->height;
  for (gsize i = 0; i < n; i++)
    labels->ids[i] = to[raw->ids[i]];
  return labels;
}

static gboolean
check_ids (DhDatasetKind kind, const DhLabels *raw, DhLabelForm form, const char *name, GError **error)
{
  const DhLabelMap *map = dh_label_map_get (form);
  guint8 seen[256] = { 0 };
  const gsize n = (gsize)raw->width * raw->height;
  for (gsize i = 0; i < n; i++)
    seen[raw->ids[i]] = 1;
  for (guint id = 0; id < 256; id++)
    if (seen[id] && map->role[id] == DH_ROLE_UNKNOWN)
      {
        g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: the label holds id %u, which has no meaning in %s; %s",
                     name, id, dh_label_form_title (form),
                     kind == DH_DATASET_MASKS ? "if it has one, say so (mask values: anomaly=1,2 ignore=255)"
                                              : dh_label_form_advice (form));
        return FALSE;
      }
  return TRUE;
}

gboolean
dh_dataset_load_labels (DhDataset *dataset, guint index, DhLabels **anomaly, DhLabels **classes, GError **error)
{
  g_return_val_if_fail (index < dataset->items->len, FALSE);

  if (anomaly)
    *anomaly = NULL;
  if (classes)
    *classes = NULL;
  const DhItem *item = dh_dataset_peek (dataset, index);
  const DhLabelMap *map = dh_label_map_get (item->form);
  if (!item->item.label || item->item.hidden || !((anomaly && map->has_anomaly) || (classes && map->has_classes)))
    return TRUE;

  g_autofree char *name = g_filename_display_name (item->item.label);
  guint width, height;
  g_autoptr (DhLabels) raw = dh_dataset_load_raw_labels (dataset, index, error);
  if (!raw || !dh_dataset_probe_image (dataset, index, &width, &height, error)
      || !check_ids (dataset->kind, raw, item->form, name, error))
    return FALSE;
  if (raw->width != width || raw->height != height)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s: the label is %u×%u and its image %u×%u", name, raw->width,
                   raw->height, width, height);
      return FALSE;
    }
  g_autoptr (DhLabels) made = NULL;
  g_autoptr (DhLabels) made_classes = NULL;
  if (anomaly && map->has_anomaly
      && (!(made = translate (raw, map->anomaly, name, error))
          || !dh_dataset_ignore (dataset, index, made, DH_ANOMALY_UNMEASURED, error)))
    return FALSE;
  if (classes && map->has_classes
      && (!(made_classes = translate (raw, map->classes, name, error))
          || !dh_dataset_ignore (dataset, index, made_classes, dh_label_form_table (item->form)->n_classes, error)))
    return FALSE;
  if (anomaly)
    *anomaly = g_steal_pointer (&made);
  if (classes)
    *classes = g_steal_pointer (&made_classes);
  return TRUE;
}

DhLabels *
dh_dataset_load_unmeasured (DhDataset *dataset, guint index, guint width, guint height, GError **error)
{
  g_return_val_if_fail (index < dataset->items->len, NULL);

  g_autoptr (DhLabels) labels = dataset->region ? dh_labels_new (width, height) : NULL;
  if (!labels)
    {
      if (dataset->region)
        g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "there is no memory for %u×%u pixels", width, height);
      return NULL;
    }
  memset (labels->ids, 0, (gsize)width * height);
  return dh_dataset_ignore (dataset, index, labels, 255, error) ? g_steal_pointer (&labels) : NULL;
}

#define SAMPLES 24

/* Which of the 256 ids are in a few labels; gives how many labels were read. */
static guint
sample_ids (DhDataset *dataset, gboolean seen[256])
{
  guint read = 0;
  g_autoptr (GArray) labelled = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < dataset->items->len; i++)
    if (dh_dataset_peek (dataset, i)->item.label)
      g_array_append_val (labelled, i);
  const guint step = MAX (labelled->len / SAMPLES, 1);
  for (guint k = 0; k < labelled->len && read < SAMPLES; k += step)
    {
      /* from the end: test towns, which hold the anomalies, sort last */
      const guint index = g_array_index (labelled, guint, labelled->len - 1 - k);
      g_autoptr (DhLabels) raw = dh_dataset_load_raw_labels (dataset, index, NULL);
      if (!raw)
        continue;
      read++;
      const gsize n = (gsize)raw->width * raw->height;
      for (gsize i = 0; i < n; i++)
        seen[raw->ids[i]] = TRUE;
      if (seen[0] && seen[14])
        break;
    }
  return read;
}

static gboolean
has_test_labels (DhDataset *dataset)
{
  for (guint i = 0; i < dataset->items->len; i++)
    {
      const DhDatasetItem *item = &dh_dataset_peek (dataset, i)->item;
      if (item->label && strcmp (item->split, "test") == 0)
        return TRUE;
    }
  return FALSE;
}

/* Published ids begin at 1, and 1 (the sky) is in nearly every picture: other labels hold 0 there. Test pictures hold
 * anomalies: where 13 is the highest, that is them. Where it is 12, they are of the packed classes, or there are none.
 */
static void
find_label_ids (DhDataset *dataset)
{
  gboolean seen[256] = { FALSE }, others = FALSE;
  const guint read = sample_ids (dataset, seen);
  for (guint id = 15; id < 256; id++)
    others |= seen[id];
  const gboolean counted_from_0 = seen[0] && !seen[14];
  dataset->label_ids = counted_from_0 ? DH_LABEL_IDS_SHIFTED : DH_LABEL_IDS_RAW;
  dataset->label_ids_certain = read == 0 || (seen[14] && !seen[0]) || (!seen[0] && read >= 8)
                               || (counted_from_0 && !others && (seen[13] || !has_test_labels (dataset)));
}

void
dh_dataset_settle_label_ids (DhDataset *dataset)
{
  static const DhLabelForm forms[] = { [DH_LABEL_IDS_RAW] = DH_FORM_STREET_HAZARDS,
                                       [DH_LABEL_IDS_SHIFTED] = DH_FORM_STREET_HAZARDS_SHIFTED,
                                       [DH_LABEL_IDS_PACKED] = DH_FORM_STREET_HAZARDS_PACKED };
  if (dataset->kind != DH_DATASET_STREET_HAZARDS && dataset->kind != DH_DATASET_STREET_HAZARDS_FULL)
    return;
  if (dataset->label_ids_asked == DH_LABEL_IDS_AUTO)
    find_label_ids (dataset);
  else
    dataset->label_ids = dataset->label_ids_asked;
  for (guint i = 0; i < dataset->items->len; i++)
    ((DhItem *)dataset->items->pdata[i])->form = forms[dataset->label_ids];
}

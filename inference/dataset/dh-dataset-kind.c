/* Names of kinds, and of how labels count. */
#include "dh-dataset-private.h"

#include <string.h>

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
  [DH_DATASET_MASKS] = "masks",
  [DH_DATASET_FOLDER] = "folder",
};

static const char *const label_ids_names[DH_N_LABEL_IDS] = {
  [DH_LABEL_IDS_AUTO] = "auto",
  [DH_LABEL_IDS_RAW] = "raw",
  [DH_LABEL_IDS_SHIFTED] = "shifted",
  [DH_LABEL_IDS_PACKED] = "packed",
};

/* What is sought for a kind, for the message that it is not there. */
static const char *const kind_layouts[DH_N_DATASET_KINDS] = {
  [DH_DATASET_LF] = "leftImg8bit/**/*_leftImg8bit.png beside ood/**/*_ood_segmentation.png, or NNNN_*_labels.png "
                    "beside the images of Lost and Found",
  [DH_DATASET_STATIC] = "*_rgb.jpg or *_rgb.npz with *_labels.png beside it",
  [DH_DATASET_STREET_HAZARDS] = "test/images/test beside test/annotations/test",
  [DH_DATASET_STREET_HAZARDS_FULL] = "train/images/{training,validation} beside train/annotations",
  [DH_DATASET_CITYSCAPES] = "leftImg8bit/**/*_leftImg8bit.png beside gtFine/**/*_gtFine_labelIds.png",
  [DH_DATASET_SMIYC] = "images beside labels_masks, or a folder dataset_…Track",
  [DH_DATASET_ROAD_ANOMALY] = "frames/*.jpg with frames/*.labels/labels_semantic.png",
  [DH_DATASET_LOST_AND_FOUND] = "leftImg8bit beside gtCoarse/**/*_gtCoarse_labelIds.png",
  [DH_DATASET_ADE20K] = "images/{training,validation} beside annotations/{training,validation}",
  [DH_DATASET_CAMVID] = "{train,val,test} beside {train,val,test}annot",
  [DH_DATASET_MASKS] = "images/x.jpg beside masks/x.png (or imgs, rgb, frames beside labels, gt; or x_mask.png)",
  [DH_DATASET_FOLDER] = "PNG, JPEG, WebP, TIFF or BMP images",
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
         "camvid, masks, folder";
}

const char *
dh_dataset_kind_title (DhDatasetKind kind)
{
  static const char *const titles[DH_N_DATASET_KINDS] = {
    [DH_DATASET_LF] = "Fishyscapes Lost & Found",
    [DH_DATASET_STATIC] = "Fishyscapes Static",
    [DH_DATASET_STREET_HAZARDS] = "StreetHazards, test split",
    [DH_DATASET_STREET_HAZARDS_FULL] = "StreetHazards",
    [DH_DATASET_CITYSCAPES] = "Cityscapes layout",
    [DH_DATASET_SMIYC] = "SegmentMeIfYouCan",
    [DH_DATASET_ROAD_ANOMALY] = "Road Anomaly (2019)",
    [DH_DATASET_LOST_AND_FOUND] = "Lost and Found",
    [DH_DATASET_ADE20K] = "ADE20K layout (negatives)",
    [DH_DATASET_CAMVID] = "CamVid layout",
    [DH_DATASET_MASKS] = "Images and masks",
    [DH_DATASET_FOLDER] = "Folder of images",
  };
  return kind < DH_N_DATASET_KINDS ? titles[kind] : NULL;
}

const char *
dh_dataset_kind_layout (DhDatasetKind kind)
{
  return kind < DH_N_DATASET_KINDS ? kind_layouts[kind] : NULL;
}

const char *
dh_label_ids_name (DhLabelIds ids)
{
  return ids < DH_N_LABEL_IDS ? label_ids_names[ids] : NULL;
}

gboolean
dh_label_ids_from_name (const char *name, DhLabelIds *ids)
{
  for (guint i = 0; name && i < DH_N_LABEL_IDS; i++)
    if (strcmp (name, label_ids_names[i]) == 0)
      {
        *ids = i;
        return TRUE;
      }
  return FALSE;
}

const char *
dh_dataset_mask_values (DhDataset *dataset, gboolean *certain)
{
  if (certain)
    *certain = dataset->mask_values_certain;
  return dataset->mask_values_said ? dh_mask_values_text (dataset->mask_values) : NULL;
}

/* All masks of a set are of one form. */
const char *
dh_dataset_mask_meaning (DhDataset *dataset)
{
  if (dataset->kind != DH_DATASET_MASKS || dataset->items->len == 0)
    return NULL;
  if (dataset->mask_values)
    return dh_mask_values_text (dataset->mask_values);
  return dh_dataset_peek (dataset, 0)->form == DH_FORM_BLACK_WHITE ? "anomaly=255 inlier=0"
                                                                   : "anomaly=1 inlier=0 ignore=255";
}

const char *const *
dh_dataset_mask_readings (DhDataset *dataset)
{
  return (const char *const *)dataset->mask_readings;
}

#include "dh-picture-work-private.h"

#include <string.h>

#include "dh-error.h"
#include "dh-evaluation.h"

#define RANKING_BYTES (3 << 20) /* of a ranking, beside three a pixel */

DhPictureWork *
dh_picture_work_new (const DhRunPictures *work, guint index)
{
  DhPictureWork *item = g_new0 (DhPictureWork, 1);
  DhRunPicture *picture = &item->picture;
  picture->index = index;
  picture->item = dh_dataset_item (work->record->dataset, picture->index);
  picture->row = dh_run_record_new_row ();
  item->path = dh_run_record_map_path (work->record, work->record->score, picture->item->stem);
  picture->row.score_file = item->path;
  item->stored = dh_run_record_find (work->record, picture->item->stem);
  return item;
}

void
dh_picture_work_free (DhPictureWork *item, const DhRunPictures *work)
{
  DhRunPicture *picture = &item->picture;
  g_clear_pointer (&picture->anomalies, dh_labels_unref);
  g_clear_pointer (&picture->classes, dh_labels_unref);
  for (guint m = 0; m < DH_N_MAPS; m++)
    g_clear_pointer (&picture->maps[m], dh_tensor_unref);
  if (picture->measured)
    work->release (picture->measured);
  g_clear_error (&picture->error);
  g_clear_pointer (&item->image, dh_image_unref);
  dh_prediction_free (item->prediction);
  g_free (item->path);
  g_free (item);
}

/* Of an earlier start; FALSE where one is missing or another: the picture is then computed again. */
static gboolean
load_maps (const DhRunPictures *work, DhRunPicture *picture, const DhRunImageRow *stored)
{
  if (work->seals)
    dh_picture_seal_maps (&picture->seal, work->record, work->maps, picture->item->stem);
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (work->maps & DH_MAP_BIT (m)
        && !(picture->maps[m] = dh_run_record_load_map (work->record, m, picture->item->stem, stored)))
      {
        for (guint k = 0; k < m; k++)
          g_clear_pointer (&picture->maps[k], dh_tensor_unref);
        return FALSE;
      }
  return TRUE;
}

guint64
dh_picture_work_bytes (const DhRunPictures *work, const DhPictureWork *item)
{
  const DhRunImageRow *row = &item->picture.row;
  const guint64 pixels =
      item->image ? (guint64)item->image->width * item->image->height : (guint64)row->width * (guint64)row->height;
  guint64 maps = 0;
  for (guint m = 0; m < DH_N_MAPS; m++)
    maps += (work->maps & DH_MAP_BIT (m)) != 0;
  return pixels * (5 + 8 * maps + 3 * work->rankings) + (guint64)RANKING_BYTES * work->rankings;
}

static gboolean
check_labels (const DhRunPicture *picture, guint width, guint height, GError **error)
{
  return dh_run_record_check_label (picture->item, picture->anomalies, width, height, error)
         && dh_run_record_check_label (picture->item, picture->classes, width, height, error);
}

/* A map from elsewhere in the place of what the network would make of the picture, which is not read itself. */
static gboolean
take_from_source (const DhRunPictures *work, DhPictureWork *item, GError **error)
{
  DhRunPicture *picture = &item->picture;
  const DhScoreSource *source = work->source;
  DhTensor *map = source->load (source->scores, picture->index, error);
  if (!map)
    return FALSE;
  item->prediction = g_new0 (DhPrediction, 1);
  item->prediction->width = picture->row.width = map->dims[1];
  item->prediction->height = picture->row.height = map->dims[0];
  item->prediction->maps[work->record->score] = map;
  return check_labels (picture, item->prediction->width, item->prediction->height, error);
}

gboolean
dh_picture_work_read (const DhRunPictures *work, DhPictureWork *item, GError **error)
{
  DhRunPicture *picture = &item->picture;
  DhDataset *dataset = work->record->dataset;
  picture->reading = TRUE;
  if (work->seals)
    dh_picture_seal_files (&picture->seal, picture->item);
  if (!dh_dataset_load_labels (dataset, picture->index, &picture->anomalies, work->classes ? &picture->classes : NULL,
                               error))
    return FALSE;
  if (work->seals)
    dh_picture_seal_labels (&picture->seal, picture->anomalies, picture->classes);
  const DhRunImageRow *stored = item->stored;
  if (stored && !check_labels (picture, stored->width, stored->height, error))
    return FALSE;
  if (stored && load_maps (work, picture, stored))
    {
      picture->row.width = stored->width;
      picture->row.height = stored->height;
      picture->row.seconds = stored->seconds;
      picture->resumed = TRUE;
      return TRUE;
    }
  if (work->record->recalled)
    {
      dh_run_record_set_gone (work->record, picture->item->stem, error);
      return FALSE;
    }
  if (work->source)
    return take_from_source (work, item, error);
  item->image = dh_dataset_load_image (dataset, picture->index, error);
  return item->image && check_labels (picture, item->image->width, item->image->height, error);
}

/* The oriented map: the prediction's own where nothing changes. */
static DhTensor *
orient (DhMap map, DhTensor *tensor, GError **error)
{
  if (!dh_map_low_is_anomalous (map))
    return dh_tensor_ref (tensor);
  DhTensor *copy = dh_tensor_new_f32 (tensor->n_dims, tensor->dims);
  if (!copy)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "no memory is left for a map of %s", dh_map_name (map));
      return NULL;
    }
  memcpy (dh_tensor_f32 (copy), dh_tensor_f32 (tensor), dh_tensor_size_bytes (tensor));
  dh_evaluation_orient (map, dh_tensor_f32 (copy), dh_tensor_count (copy));
  return copy;
}

static gboolean
keep_maps (const DhRunPictures *work, DhPictureWork *item, GError **error)
{
  DhRunPicture *picture = &item->picture;
  picture->row.width = item->prediction->width;
  picture->row.height = item->prediction->height;
  picture->row.seconds = item->prediction->seconds;
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (work->maps & DH_MAP_BIT (m)
        && (!(picture->maps[m] = orient (m, item->prediction->maps[m], error))
            || !dh_run_record_save_map (work->record, m, picture->item->stem, picture->maps[m], error)))
      return FALSE;
  if (work->seals)
    dh_picture_seal_maps (&picture->seal, work->record, work->maps, picture->item->stem);
  g_clear_pointer (&item->prediction, dh_prediction_free);
  return TRUE;
}

gboolean
dh_picture_work_measure (const DhRunPictures *work, DhPictureWork *item, GError **error)
{
  item->picture.reading = FALSE;
  return (!item->prediction || keep_maps (work, item, error))
         && (!work->measure || work->measure (&item->picture, work->data, error));
}

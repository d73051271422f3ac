#include "dh-run-pictures-private.h"

#include <string.h>

#include "dh-error.h"
#include "dh-evaluation.h"
#include "dh-groups.h"

enum
{
  MOST_THREADS = 12,
  /* Of what is on its way at once; a picture on each side of the device there always is. */
  MOST_BYTES = 512 << 20,
  RANKING_BYTES = 3 << 20, /* of a ranking, beside three a pixel */
  /* What took so long is added before the next is begun: there is little to gain from not waiting, and more to lose
   * where somebody ends the program. */
  LONG_SECONDS = 1,
};

/* From being read to being added. */
typedef struct
{
  DhRunPicture picture;
  DhImage *image;              /* to be computed; NULL: its maps are there */
  DhPrediction *prediction;    /* computed */
  char *path;                  /* picture.row.score_file */
  const DhRunImageRow *stored; /* what the record has of it, or NULL; borrowed */
  guint64 bytes;               /* about what it takes on its way, once it is read */
  gboolean busy;               /* in a thread's hands: under the mutex */
} Item;

typedef struct
{
  const DhRunPictures *work;
  const guint *indices;
  guint n, asked;
  GCancellable *cancellable;
  GThreadPool *pool; /* NULL: the system has no thread left */
  GMutex mutex;
  GCond cond;
  GQueue read, begun, computed; /* Item: read or being read; on the device; measured or being measured. In order. */
  guint ahead;                  /* at most so many of the first, and of the last */
  guint64 bytes;                /* of all that are read: under the mutex */
  double seconds;               /* that the last one was computed */
  gint closing;
} Flow;

static void
weigh (Flow *flow, Item *item, guint64 bytes)
{
  g_mutex_lock (&flow->mutex);
  flow->bytes += bytes - item->bytes;
  item->bytes = bytes;
  g_mutex_unlock (&flow->mutex);
}

static gboolean
is_full (Flow *flow)
{
  g_mutex_lock (&flow->mutex);
  const gboolean full = flow->bytes > MOST_BYTES;
  g_mutex_unlock (&flow->mutex);
  return full;
}

static void
item_free (gpointer data, Flow *flow)
{
  Item *item = data;
  weigh (flow, item, 0);
  DhRunPicture *picture = &item->picture;
  g_clear_pointer (&picture->anomalies, dh_labels_unref);
  g_clear_pointer (&picture->classes, dh_labels_unref);
  for (guint m = 0; m < DH_N_MAPS; m++)
    g_clear_pointer (&picture->maps[m], dh_tensor_unref);
  if (picture->measured)
    flow->work->release (picture->measured);
  g_clear_error (&picture->error);
  g_clear_pointer (&item->image, dh_image_unref);
  dh_prediction_free (item->prediction);
  g_free (item->path);
  g_free (item);
}

/* On the pool's threads. */

/* Of an earlier start; FALSE where one is missing or another: the picture is then computed again. */
static gboolean
load_maps (const Flow *flow, DhRunPicture *picture, const DhRunImageRow *stored)
{
  if (flow->work->seals)
    dh_picture_seal_maps (&picture->seal, flow->work->record, flow->work->maps, picture->item->stem);
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (flow->work->maps & DH_MAP_BIT (m)
        && !(picture->maps[m] = dh_run_record_load_map (flow->work->record, m, picture->item->stem, stored)))
      {
        for (guint k = 0; k < m; k++)
          g_clear_pointer (&picture->maps[k], dh_tensor_unref);
        return FALSE;
      }
  return TRUE;
}

/* The picture and its labels, its maps as they come and as they are kept, what is measured of them. */
static guint64
bytes_of (const Flow *flow, const Item *item)
{
  const DhRunImageRow *row = &item->picture.row;
  const guint64 pixels =
      item->image ? (guint64)item->image->width * item->image->height : (guint64)row->width * (guint64)row->height;
  guint64 maps = 0;
  for (guint m = 0; m < DH_N_MAPS; m++)
    maps += (flow->work->maps & DH_MAP_BIT (m)) != 0;
  return pixels * (5 + 8 * maps + 3 * flow->work->rankings) + (guint64)RANKING_BYTES * flow->work->rankings;
}

static gboolean
check_labels (const DhRunPicture *picture, guint width, guint height, GError **error)
{
  return dh_run_record_check_label (picture->item, picture->anomalies, width, height, error)
         && dh_run_record_check_label (picture->item, picture->classes, width, height, error);
}

/* A map from elsewhere in the place of what the network would make of the picture, which is not read itself. */
static gboolean
take_from_source (Flow *flow, Item *item, GError **error)
{
  DhRunPicture *picture = &item->picture;
  const DhScoreSource *source = flow->work->source;
  DhTensor *map = source->load (source->scores, picture->index, error);
  if (!map)
    return FALSE;
  item->prediction = g_new0 (DhPrediction, 1);
  item->prediction->width = picture->row.width = map->dims[1];
  item->prediction->height = picture->row.height = map->dims[0];
  item->prediction->maps[flow->work->record->score] = map;
  weigh (flow, item, bytes_of (flow, item));
  return check_labels (picture, item->prediction->width, item->prediction->height, error);
}

static gboolean
read_item (Flow *flow, Item *item, GError **error)
{
  DhRunPicture *picture = &item->picture;
  DhDataset *dataset = flow->work->record->dataset;
  picture->reading = TRUE;
  if (flow->work->seals)
    dh_picture_seal_files (&picture->seal, picture->item);
  if (!dh_dataset_load_labels (dataset, picture->index, &picture->anomalies,
                               flow->work->classes ? &picture->classes : NULL, error))
    return FALSE;
  if (flow->work->seals)
    dh_picture_seal_labels (&picture->seal, picture->anomalies, picture->classes);
  const DhRunImageRow *stored = item->stored;
  if (stored && !check_labels (picture, stored->width, stored->height, error))
    return FALSE;
  if (stored && load_maps (flow, picture, stored))
    {
      picture->row.width = stored->width;
      picture->row.height = stored->height;
      picture->row.seconds = stored->seconds;
      picture->resumed = TRUE;
      weigh (flow, item, bytes_of (flow, item));
      return TRUE;
    }
  if (flow->work->record->recalled)
    {
      dh_run_record_set_gone (flow->work->record, picture->item->stem, error);
      return FALSE;
    }
  if (flow->work->source)
    return take_from_source (flow, item, error);
  item->image = dh_dataset_load_image (dataset, picture->index, error);
  if (item->image)
    weigh (flow, item, bytes_of (flow, item));
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
keep_maps (const Flow *flow, Item *item, GError **error)
{
  DhRunPicture *picture = &item->picture;
  picture->row.width = item->prediction->width;
  picture->row.height = item->prediction->height;
  picture->row.seconds = item->prediction->seconds;
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (flow->work->maps & DH_MAP_BIT (m)
        && (!(picture->maps[m] = orient (m, item->prediction->maps[m], error))
            || !dh_run_record_save_map (flow->work->record, m, picture->item->stem, picture->maps[m], error)))
      return FALSE;
  if (flow->work->seals)
    dh_picture_seal_maps (&picture->seal, flow->work->record, flow->work->maps, picture->item->stem);
  g_clear_pointer (&item->prediction, dh_prediction_free);
  return TRUE;
}

static gboolean
measure (const Flow *flow, Item *item, GError **error)
{
  item->picture.reading = FALSE;
  return (!item->prediction || keep_maps (flow, item, error))
         && (!flow->work->measure || flow->work->measure (&item->picture, flow->work->data, error));
}

/* A picture is read, and measured as soon as it has its maps. */
static void
handle (gpointer data, gpointer user_data)
{
  Item *item = data;
  Flow *flow = user_data;
  DhRunPicture *picture = &item->picture;
  if (!g_atomic_int_get (&flow->closing) && (item->prediction || read_item (flow, item, &picture->error))
      && !item->image)
    measure (flow, item, &picture->error);
  g_mutex_lock (&flow->mutex);
  item->busy = FALSE;
  g_cond_broadcast (&flow->cond);
  g_mutex_unlock (&flow->mutex);
}

/* On the caller's thread. */

static gboolean
is_busy (Flow *flow, const Item *item)
{
  g_mutex_lock (&flow->mutex);
  const gboolean busy = item->busy;
  g_mutex_unlock (&flow->mutex);
  return busy;
}

/* Where no thread can be had the pool would wait for one for ever. */
static void
give (Flow *flow, Item *item)
{
  item->busy = TRUE;
  if (flow->pool && (g_thread_pool_push (flow->pool, item, NULL) || g_thread_pool_get_num_threads (flow->pool) > 0))
    return;
  if (flow->pool)
    g_thread_pool_free (g_steal_pointer (&flow->pool), TRUE, TRUE);
  if (is_busy (flow, item)) /* one that was about to leave may have taken it */
    handle (item, flow);
}

static void
wait_for (Flow *flow, Item *item)
{
  g_mutex_lock (&flow->mutex);
  while (item->busy)
    g_cond_wait (&flow->cond, &flow->mutex);
  g_mutex_unlock (&flow->mutex);
}

static void
read_ahead (Flow *flow)
{
  for (; flow->asked < flow->n && flow->read.length <= flow->ahead && (flow->read.length == 0 || !is_full (flow));
       flow->asked++)
    {
      Item *item = g_new0 (Item, 1);
      DhRunPicture *picture = &item->picture;
      picture->index = flow->indices[flow->asked];
      picture->item = dh_dataset_item (flow->work->record->dataset, picture->index);
      picture->row = dh_run_record_new_row ();
      item->path = dh_run_record_map_path (flow->work->record, flow->work->record->score, picture->item->stem);
      picture->row.score_file = item->path;
      item->stored = dh_run_record_find (flow->work->record, picture->item->stem);
      g_queue_push_tail (&flow->read, item);
      give (flow, item);
    }
}

static void
between (Flow *flow)
{
  const DhMapMaker *maker = flow->work->maker;
  if (maker)
    maker->between (flow->cancellable, maker->data);
}

/* Adds what is measured, and waits until at most `most` are not. */
static gboolean
settle (Flow *flow, guint most, GError **error)
{
  while (flow->computed.length > 0
         && (flow->computed.length > most || is_full (flow) || !is_busy (flow, g_queue_peek_head (&flow->computed))))
    {
      Item *item = g_queue_pop_head (&flow->computed);
      wait_for (flow, item);
      between (flow);
      const gboolean fine = flow->work->add (&item->picture, flow->work->data, error);
      item_free (item, flow);
      if (!fine)
        return FALSE;
    }
  return TRUE;
}

/* An error of the device ends all that is on it. */
static void
fail (Flow *flow, const GError *error)
{
  Item *item;
  while ((item = g_queue_pop_head (&flow->begun)))
    {
      item->picture.error = g_error_copy (error);
      item->picture.reading = FALSE;
      g_queue_push_tail (&flow->computed, item);
    }
}

/* What the device has of the oldest. */
static gboolean
fetch (Flow *flow, Item *oldest, GError **error)
{
  const DhMapMaker *maker = flow->work->maker;
  if (!oldest->prediction)
    oldest->prediction = maker ? maker->end (maker->data, error) : dh_predictor_end (flow->work->predictor, error);
  return oldest->prediction != NULL;
}

/* Until `most` are left on the device. */
static void
end (Flow *flow, guint most)
{
  while (flow->begun.length > most)
    {
      g_autoptr (GError) error = NULL;
      Item *item = g_queue_peek_head (&flow->begun);
      if (!fetch (flow, item, &error))
        {
          fail (flow, error);
          return;
        }
      flow->seconds = item->prediction->seconds;
      g_queue_push_tail (&flow->computed, g_queue_pop_head (&flow->begun));
      give (flow, item);
    }
}

/* `early`: others are on the device. FALSE without an error: not now. */
static gboolean
begin_on (Flow *flow, Item *item, gboolean early, GError **error)
{
  const DhRunPictures *work = flow->work;
  if (work->maker)
    return work->maker->begin (item->image, work->maps, early, flow->cancellable, work->maker->data, error);
  if (dh_predictor_can_begin (work->predictor, item->image, work->maps))
    return dh_predictor_begin (work->predictor, item->image, work->maps, error);
  if (!early)
    item->prediction = dh_predictor_run (work->predictor, item->image, work->maps, flow->cancellable, NULL, error);
  return item->prediction != NULL;
}

static void
compute (Flow *flow, Item *item)
{
  g_autoptr (GError) error = NULL;
  gboolean begun = flow->begun.length > 0 && begin_on (flow, item, TRUE, &error);
  if (!begun && !error)
    {
      end (flow, 0);
      begun = begin_on (flow, item, FALSE, &error);
    }
  g_clear_pointer (&item->image, dh_image_unref);
  g_queue_push_tail (&flow->begun, item);
  if (!begun)
    fail (flow, error);
  else
    end (flow, 1);
  if (dh_predictor_n_begun (flow->work->predictor) == 0)
    end (flow, 0);
}

/* FALSE where `add` failed; *why: it was stopped before the last picture was computed. */
static gboolean
visit (Flow *flow, guint threads, GError **why, GError **error)
{
  for (guint i = 0; i < flow->n; i++)
    {
      if (!flow->work->begin (flow->indices[i], flow->work->data, why))
        break;
      between (flow);
      read_ahead (flow);
      Item *item = g_queue_pop_head (&flow->read);
      wait_for (flow, item);
      /* How far reading and measuring may be from the device, now that the size of a picture is known. */
      flow->ahead = (guint)CLAMP (MOST_BYTES / MAX (1, item->bytes), 1, threads);
      read_ahead (flow);
      if (item->image && !item->picture.error)
        compute (flow, item);
      else
        {
          end (flow, 0);
          g_queue_push_tail (&flow->computed, item);
        }
      if (!settle (flow, flow->seconds > LONG_SECONDS ? 0 : flow->ahead, error))
        return FALSE;
    }
  if (!*why)
    end (flow, 0);
  return settle (flow, 0, error);
}

static void
clear_device (Flow *flow)
{
  for (GList *link = flow->begun.head; link && fetch (flow, link->data, NULL); link = link->next)
    ;
}

static void
drop (Flow *flow, GQueue *queue)
{
  Item *item;
  while ((item = g_queue_pop_head (queue)))
    item_free (item, flow);
}

gboolean
dh_run_pictures (const DhRunPictures *work, const guint *indices, guint n, GCancellable *cancellable, GError **error)
{
  const guint threads = work->threads ? work->threads : CLAMP (dh_groups_processors (), 2, MOST_THREADS);
  Flow flow = { .work = work, .indices = indices, .n = n, .cancellable = cancellable, .ahead = 1 };
  GError *why = NULL;
  g_mutex_init (&flow.mutex);
  g_cond_init (&flow.cond);
  flow.pool = g_thread_pool_new (handle, &flow, (gint)threads, FALSE, NULL);
  const gboolean added = visit (&flow, threads, &why, error);
  g_atomic_int_set (&flow.closing, TRUE);
  if (flow.pool)
    g_thread_pool_free (flow.pool, FALSE, TRUE);
  clear_device (&flow);
  drop (&flow, &flow.begun);
  drop (&flow, &flow.read);
  drop (&flow, &flow.computed);
  g_mutex_clear (&flow.mutex);
  g_cond_clear (&flow.cond);
  const gboolean fine = added && !why;
  if (added && why)
    g_propagate_error (error, g_steal_pointer (&why));
  g_clear_error (&why);
  return fine;
}

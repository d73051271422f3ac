#include "dh-groups.h"
#include "dh-picture-work-private.h"

enum
{
  MOST_THREADS = 12,
  /* Of what is on its way at once; a picture on each side of the device there always is. */
  MOST_BYTES = 512 << 20,
  /* What took so long is added before the next is begun: there is little to gain from not waiting, and more to lose
   * where somebody ends the program. */
  LONG_SECONDS = 1,
};

typedef struct
{
  const DhRunPictures *work;
  const guint *indices;
  guint n, asked;
  GCancellable *cancellable;
  GThreadPool *pool; /* NULL: the system has no thread left */
  GMutex mutex;
  GCond cond;
  /* DhPictureWork: read or being read; on the device; measured or being measured. In order. */
  GQueue read, begun, computed;
  guint ahead;    /* at most so many of the first, and of the last */
  guint64 bytes;  /* of all that are read: under the mutex */
  double seconds; /* that the last one was computed */
  gint closing;
} Flow;

static void
weigh (Flow *flow, DhPictureWork *item, guint64 bytes)
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
item_free (DhPictureWork *item, Flow *flow)
{
  weigh (flow, item, 0);
  dh_picture_work_free (item, flow->work);
}

/* On the pool's threads. */

static gboolean
read_item (Flow *flow, DhPictureWork *item)
{
  const gboolean fine = dh_picture_work_read (flow->work, item, &item->picture.error);
  weigh (flow, item, dh_picture_work_bytes (flow->work, item));
  return fine;
}

/* A picture is read, and measured as soon as it has its maps. */
static void
handle (gpointer data, gpointer user_data)
{
  DhPictureWork *item = data;
  Flow *flow = user_data;
  if (!g_atomic_int_get (&flow->closing) && (item->prediction || read_item (flow, item)) && !item->image)
    dh_picture_work_measure (flow->work, item, &item->picture.error);
  g_mutex_lock (&flow->mutex);
  item->busy = FALSE;
  g_cond_broadcast (&flow->cond);
  g_mutex_unlock (&flow->mutex);
}

/* On the caller's thread. */

static gboolean
is_busy (Flow *flow, const DhPictureWork *item)
{
  g_mutex_lock (&flow->mutex);
  const gboolean busy = item->busy;
  g_mutex_unlock (&flow->mutex);
  return busy;
}

/* Where no thread can be had the pool would wait for one for ever. */
static void
give (Flow *flow, DhPictureWork *item)
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
wait_for (Flow *flow, DhPictureWork *item)
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
      DhPictureWork *item = dh_picture_work_new (flow->work, flow->indices[flow->asked]);
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
      DhPictureWork *item = g_queue_pop_head (&flow->computed);
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
  DhPictureWork *item;
  while ((item = g_queue_pop_head (&flow->begun)))
    {
      item->picture.error = g_error_copy (error);
      item->picture.reading = FALSE;
      g_queue_push_tail (&flow->computed, item);
    }
}

/* What the device has of the oldest. */
static gboolean
fetch (Flow *flow, DhPictureWork *oldest, GError **error)
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
      DhPictureWork *item = g_queue_peek_head (&flow->begun);
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
begin_on (Flow *flow, DhPictureWork *item, gboolean early, GError **error)
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
compute (Flow *flow, DhPictureWork *item)
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
      DhPictureWork *item = g_queue_pop_head (&flow->read);
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
  DhPictureWork *item;
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

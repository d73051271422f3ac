#include "dh-session-set-objects.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-session-private.h"
#include "dh-set-objects-private.h"

/* Milliseconds: a threshold that is dragged is not at rest; so often progress is told. */
#define REST 300
#define POLL 120
/* Results that undo finds again. */
#define MOST_KEPT 8
#define MOST_KEPT_BYTES ((gsize)96 << 20)

struct _DhSetWork
{
  DhSetMaps *maps;   /* of the evaluation that set-stats are of, or of an unlabelled set's; NULL: there are none */
  GThreadPool *pool; /* NULL before the first pass */
  DhSetPass *pass;
  guint rest_source, poll_source, polled;
  DhScore wanted_score; /* what the rest or the pass is for */
  double wanted_threshold;
  gboolean rested; /* it is at rest, though nobody has let it go */
  DhSetObjects *objects;
  GQueue kept; /* DhSetObjects, the last first */
  char *why;   /* what came of the pass at `why_threshold`, which gave nothing */
  DhScore why_score;
  double why_threshold;
  gboolean in_list; /* pictures tell of objects */
  /* as it was told last */
  const DhSetObjects *told_objects;
  gboolean told_old, told_busy;
};

static void find (DhSession *self);

static gboolean
is_busy (const DhSetWork *work)
{
  return work->pass != NULL || work->rest_source != 0;
}

static void
tell (DhSession *self)
{
  DhSetWork *work = self->set_work;
  const gboolean old = dh_session_set_objects_are_old (self), busy = is_busy (work);
  if (work->told_objects == work->objects && work->told_old == old && work->told_busy == busy)
    return;
  work->told_objects = work->objects;
  work->told_old = old;
  work->told_busy = busy;
  dh_session_emit (self, DH_SESSION_SET_OBJECTS);
}

static void
stop (DhSetWork *work)
{
  g_clear_handle_id (&work->rest_source, g_source_remove);
  g_clear_handle_id (&work->poll_source, g_source_remove);
  g_clear_pointer (&work->pass, dh_set_pass_stop);
}

/* NULL: nobody knows. */
static void
show_in_list (DhSession *self, const DhSetObjects *objects)
{
  DhSetWork *work = self->set_work;
  if (objects == NULL && !work->in_list)
    return;
  work->in_list = objects != NULL;
  for (guint i = 0; i < dh_image_list_get_size (self->list); i++)
    {
      const DhPictureComponents *components =
          objects != NULL && i < objects->n ? objects->pictures[i].components : NULL;
      const gboolean known = components != NULL && components->labelled;
      dh_image_item_set_objects (dh_image_list_get_item (self->list, i),
                                 known ? (gint)components->n_of[DH_OBJECT_MISSED] : -1,
                                 known ? (gint)components->n_of[DH_OBJECT_FALSE] : -1,
                                 known ? dh_picture_components_largest_missed (components) : (double)NAN);
    }
  dh_image_list_resort (self->list);
}

static void
show (DhSession *self, DhSetObjects *objects)
{
  DhSetWork *work = self->set_work;
  dh_set_objects_ref (objects);
  g_clear_pointer (&work->objects, dh_set_objects_unref);
  work->objects = objects;
  dh_session_trace (self,
                    "set objects %" G_GUINT64_FORMAT " missed, %" G_GUINT64_FORMAT " false, %" G_GUINT64_FORMAT
                    " found, %u unread",
                    objects->n_of[DH_OBJECT_MISSED], objects->n_of[DH_OBJECT_FALSE], objects->n_of[DH_OBJECT_FOUND],
                    objects->n_unread);
  show_in_list (self, objects);
}

static void
keep (DhSetWork *work, DhSetObjects *objects)
{
  gsize bytes = 0;
  g_queue_push_head (&work->kept, objects);
  for (GList *link = work->kept.head; link != NULL; link = link->next)
    bytes += dh_set_objects_size_bytes (link->data);
  while (work->kept.length > 1 && (work->kept.length > MOST_KEPT || bytes > MOST_KEPT_BYTES))
    {
      DhSetObjects *last = g_queue_pop_tail (&work->kept);
      bytes -= dh_set_objects_size_bytes (last);
      dh_set_objects_unref (last);
    }
}

static DhSetObjects *
find_kept (DhSetWork *work, DhScore score, double threshold)
{
  for (GList *link = work->kept.head; link != NULL; link = link->next)
    {
      DhSetObjects *objects = link->data;
      if (objects->score != score || objects->threshold != threshold)
        continue;
      g_queue_unlink (&work->kept, link);
      g_queue_push_head_link (&work->kept, link);
      return objects;
    }
  return NULL;
}

static void
take_why (DhSetWork *work, const char *why)
{
  g_free (work->why);
  work->why = g_strdup (why);
  work->why_score = work->wanted_score;
  work->why_threshold = work->wanted_threshold;
  g_clear_pointer (&work->objects, dh_set_objects_unref);
}

/* Maps or labels that somebody has changed since the evaluation give other counts. Without labels there are none. */
static gboolean
is_of_evaluation (DhSession *self, const DhSetObjects *objects)
{
  if (self->set_stats == NULL)
    return TRUE;
  for (guint i = 0; i < objects->n; i++)
    if (objects->pictures[i].why != NULL && dh_set_maps_left_out (self->set_work->maps, i) == NULL)
      return TRUE; /* one is missing, and is told of */
  DhCounts counts;
  dh_score_stats_count (self->set_stats, objects->score, objects->threshold, &counts);
  return counts.tp == objects->counts.tp && counts.fp == objects->counts.fp && counts.fn == objects->counts.fn
         && counts.tn == objects->counts.tn;
}

static void
on_done (DhSetPass *pass, gpointer data)
{
  DhSession *self = data;
  DhSetWork *work = self->set_work;
  g_autoptr (DhSetObjects) objects =
      dh_set_pass_get_failure (pass) == NULL ? dh_set_objects_new (pass, self->list) : NULL;
  if (objects == NULL)
    take_why (work, dh_set_pass_get_failure (pass));
  else if (!is_of_evaluation (self, objects))
    take_why (work, _ ("Maps or labels have changed since the evaluation. Evaluate again (Ctrl+E)."));
  else
    keep (work, dh_set_objects_ref (objects));
  stop (work);
  work->rested = TRUE;
  find (self);
}

static gboolean
poll (gpointer data)
{
  DhSession *self = data;
  DhSetWork *work = self->set_work;
  const guint done = dh_set_pass_get_done (work->pass);
  if (done != work->polled)
    dh_session_emit (self, DH_SESSION_SET_OBJECTS);
  work->polled = done;
  return G_SOURCE_CONTINUE;
}

static gboolean
begin (gpointer data)
{
  DhSession *self = data;
  DhSetWork *work = self->set_work;
  work->rest_source = 0;
  if (find_kept (work, work->wanted_score, work->wanted_threshold) != NULL)
    {
      work->rested = TRUE;
      find (self);
      return G_SOURCE_REMOVE;
    }
  if (work->pool == NULL)
    work->pool = dh_set_pass_pool_new (0);
  if (work->pool == NULL)
    {
      take_why (work, _ ("No thread could be started. End other programs."));
      find (self);
      return G_SOURCE_REMOVE;
    }
  work->polled = 0;
  work->pass = dh_set_pass_start (work->pool, work->maps, work->wanted_score, work->wanted_threshold, on_done, self);
  work->poll_source = g_timeout_add (POLL, poll, self);
  return G_SOURCE_REMOVE;
}

static gboolean
is_at (DhSession *self, DhScore score, double threshold)
{
  return score == self->active && threshold == self->thresholds[self->active].value;
}

static gboolean
is_measured (DhSession *self)
{
  return self->set_work->maps != NULL
         && (self->set_stats != NULL ? dh_score_stats_has (self->set_stats, self->active)
                                     : dh_set_maps_has (self->set_work->maps, self->active));
}

/* Looks what is to be done: score, threshold, set or evaluation changed, or a pass is over. */
static void
find (DhSession *self)
{
  DhSetWork *work = self->set_work;
  if (work == NULL)
    return;
  const double threshold = self->thresholds[self->active].value;
  const gboolean has = is_measured (self) && !isnan (threshold);
  if (work->objects != NULL && (!has || work->objects->score != self->active))
    g_clear_pointer (&work->objects, dh_set_objects_unref);
  if (work->why != NULL && !is_at (self, work->why_score, work->why_threshold))
    g_clear_pointer (&work->why, g_free);
  if (is_busy (work) && (!has || self->evaluation != NULL || !is_at (self, work->wanted_score, work->wanted_threshold)))
    stop (work);
  DhSetObjects *kept = has ? find_kept (work, self->active, threshold) : NULL;
  /* A slider that passes over thresholds of before does not have the list follow. */
  const gboolean let_go = threshold == self->committed[self->active].value || work->rested;
  work->rested = FALSE;
  if (kept != NULL && work->objects == kept)
    stop (work);
  else if (kept != NULL && let_go)
    {
      stop (work);
      show (self, kept);
    }
  else if (has && work->why == NULL && self->evaluation == NULL && !is_busy (work))
    {
      work->wanted_score = self->active;
      work->wanted_threshold = threshold;
      work->rest_source = g_timeout_add (REST, begin, self);
    }
  if (!has || work->why != NULL)
    show_in_list (self, NULL);
  tell (self);
}

static void
on_threshold (DhSession *self, guint score, gpointer data)
{
  if (score == self->active)
    find (self);
}

/* Of another evaluation, or of none. */
static void
on_set_stats (DhSession *self)
{
  DhSetWork *work = self->set_work;
  if (work == NULL)
    return;
  stop (work);
  if (self->set_stats == NULL)
    g_clear_pointer (&work->maps, dh_set_maps_unref);
  g_clear_pointer (&work->objects, dh_set_objects_unref);
  g_clear_pointer (&work->why, g_free);
  g_queue_clear_full (&work->kept, (GDestroyNotify)dh_set_objects_unref);
  find (self);
}

void
dh_session_init_set_objects (DhSession *self)
{
  self->set_work = g_new0 (DhSetWork, 1);
  g_queue_init (&self->set_work->kept);
  g_signal_connect (self, "threshold", G_CALLBACK (on_threshold), NULL);
  g_signal_connect (self, "notify::active-score", G_CALLBACK (find), NULL);
  g_signal_connect (self, "notify::evaluating", G_CALLBACK (find), NULL);
  g_signal_connect (self, "notify::set-stats", G_CALLBACK (on_set_stats), NULL);
}

void
dh_session_close_set_objects (DhSession *self)
{
  DhSetWork *work = g_steal_pointer (&self->set_work);
  if (work == NULL)
    return;
  stop (work);
  if (work->pool != NULL)
    g_thread_pool_free (work->pool, FALSE, TRUE);
  g_clear_pointer (&work->maps, dh_set_maps_unref);
  g_clear_pointer (&work->objects, dh_set_objects_unref);
  g_queue_clear_full (&work->kept, (GDestroyNotify)dh_set_objects_unref);
  g_free (work->why);
  g_free (work);
}

void
dh_session_take_set_maps (DhSession *self, DhSetMaps *maps)
{
  g_clear_pointer (&self->set_work->maps, dh_set_maps_unref);
  self->set_work->maps = maps;
}

void
dh_session_find_set_objects (DhSession *self)
{
  find (self);
}

DhSetMaps *
dh_session_get_set_maps (DhSession *self)
{
  return self->set_work != NULL ? self->set_work->maps : NULL;
}

const DhSetObjects *
dh_session_get_set_objects (DhSession *self)
{
  return self->set_work != NULL ? self->set_work->objects : NULL;
}

gboolean
dh_session_set_objects_are_old (DhSession *self)
{
  const DhSetObjects *objects = dh_session_get_set_objects (self);
  return objects != NULL && !is_at (self, objects->score, objects->threshold);
}

void
dh_session_get_set_objects_progress (DhSession *self, guint *done, guint *of)
{
  const DhSetWork *work = self->set_work;
  const gboolean busy = work != NULL && is_busy (work);
  *done = busy && work->pass != NULL ? dh_set_pass_get_done (work->pass) : 0;
  *of = busy ? dh_set_maps_size (work->maps) : 0;
}

char *
dh_session_explain_set_objects (DhSession *self)
{
  const DhSetWork *work = self->set_work;
  if (work == NULL || work->maps == NULL || is_busy (work))
    return NULL;
  if (work->why != NULL)
    return g_strdup (work->why);
  if (work->objects == NULL || dh_session_set_objects_are_old (self))
    return self->evaluation != NULL ? g_strdup (_ ("Looked for when the evaluation is over.")) : NULL;
  for (guint i = 0; i < work->objects->n; i++)
    if (work->objects->pictures[i].why != NULL)
      return g_strdup_printf (
          ngettext ("Without %u image: %s", "Without %u images, the first: %s", work->objects->n_unread),
          work->objects->n_unread, work->objects->pictures[i].why);
  return NULL;
}

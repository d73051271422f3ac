#include "dh-session-components.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-session-private.h"

/* Milliseconds: a threshold that is dragged is not at rest. */
#define REST 120

typedef struct
{
  DhFrame *frame;
  DhScore score;
  double threshold;
} Search;

static void
search_free (gpointer data)
{
  Search *search = data;
  dh_frame_unref (search->frame);
  g_free (search);
}

static void
search_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Search *search = data;
  g_task_return_pointer (task, dh_picture_components_new (search->frame, search->score, search->threshold),
                         (GDestroyNotify)dh_picture_components_unref);
}

/* Frames of one picture share its pixels. */
static gboolean
is_of_picture (DhSession *self, const DhFrame *frame)
{
  const DhFrame *shown = dh_session_get_frame (self);
  return shown != NULL && shown->image == frame->image && shown->truth == frame->truth
         && shown->maps[dh_score_map (self->active)] == frame->maps[dh_score_map (self->active)];
}

static void
forget (DhSession *self)
{
  g_clear_pointer (&self->components, dh_picture_components_unref);
  g_clear_pointer (&self->components_frame, dh_frame_unref);
}

static void
was_searched (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  Search *search = g_task_get_task_data (G_TASK (result));
  g_autoptr (DhPictureComponents) found = g_task_propagate_pointer (G_TASK (result), NULL);
  self->searching = FALSE;
  if (self->worker == NULL)
    return;
  if (is_of_picture (self, search->frame) && search->score == self->active)
    {
      forget (self);
      self->components_frame = dh_frame_ref (search->frame);
      self->components = g_steal_pointer (&found);
      if (self->components != NULL)
        dh_session_trace (self, "components %u missed, %u false, %u found", self->components->n_of[DH_OBJECT_MISSED],
                          self->components->n_of[DH_OBJECT_FALSE], self->components->n_of[DH_OBJECT_FOUND]);
    }
  if (self->search_again || dh_session_components_are_old (self))
    dh_session_find_components (self);
  g_signal_emit_by_name (self, "components");
}

static gboolean
search (gpointer data)
{
  DhSession *self = data;
  self->search_source = 0;
  DhFrame *frame = dh_session_get_frame (self);
  const double threshold = self->thresholds[self->active].value;
  self->search_again = self->searching;
  if (self->searching || frame == NULL || !dh_frame_has_map (frame, dh_score_map (self->active)) || isnan (threshold))
    return G_SOURCE_REMOVE;
  self->searching = TRUE;
  Search *wanted = g_new0 (Search, 1);
  *wanted = (Search){ dh_frame_ref (frame), self->active, threshold };
  g_autoptr (GTask) task = g_task_new (self, NULL, was_searched, NULL);
  g_task_set_task_data (task, wanted, search_free);
  g_task_run_in_thread (task, search_in_thread);
  return G_SOURCE_REMOVE;
}

void
dh_session_find_components (DhSession *self)
{
  if (self->components_frame != NULL
      && (!is_of_picture (self, self->components_frame) || self->components == NULL
          || self->components->score != self->active))
    {
      forget (self);
      g_signal_emit_by_name (self, "components");
    }
  g_clear_handle_id (&self->search_source, g_source_remove);
  if (self->components == NULL || dh_session_components_are_old (self))
    self->search_source = g_timeout_add (REST, search, self);
}

void
dh_session_drop_components (DhSession *self)
{
  g_clear_handle_id (&self->search_source, g_source_remove);
  g_clear_object (&self->object_item);
  forget (self);
}

const DhPictureComponents *
dh_session_get_components (DhSession *self)
{
  return self->components;
}

gboolean
dh_session_components_are_old (DhSession *self)
{
  return self->components != NULL && self->components->threshold != self->thresholds[self->active].value;
}

const char *
dh_session_explain_components (DhSession *self)
{
  const DhPictureComponents *found = self->components;
  if (self->model == NULL)
    return _ ("No weights are loaded: nothing is flagged.");
  if (found == NULL)
    return self->frame_error != NULL ? _ ("This image has no maps.") : NULL;
  if (found->n > 0)
    return NULL;
  return found->labelled ? _ ("There is no anomaly in this image, and nothing is flagged falsely.")
                         : _ ("Nothing is flagged in this image.");
}

void
dh_session_show_object (DhSession *self, DhImageItem *item, const DhPictureObject *object)
{
  g_set_object (&self->object_item, item);
  self->object = *object;
  if (dh_view_is (self->view, "layout", "compare")) /* whose panel has no objects */
    g_object_set (self->view, "layout", "grid", NULL);
  if (!dh_view_is (self->view, "tuning-page", "finds")) /* where it is chosen, too */
    g_object_set (self->view, "tuning-page", "components", NULL);
  dh_session_set_current (self, item);
  g_signal_emit_by_name (self, "components"); /* they may be there already */
}

gint
dh_session_take_object (DhSession *self)
{
  const DhPictureComponents *found = self->components;
  const DhPictureObject *wanted = &self->object;
  if (self->object_item != NULL && self->object_item != self->current)
    g_clear_object (&self->object_item); /* the user has gone on */
  if (self->object_item == NULL || found == NULL || dh_session_components_are_old (self))
    return -1;
  g_clear_object (&self->object_item);
  for (guint i = 0; i < found->n; i++)
    {
      const DhPictureObject *one = &found->items[i];
      if (one->kind == wanted->kind && one->area == wanted->area && one->x == wanted->x && one->y == wanted->y
          && one->width == wanted->width && one->height == wanted->height)
        {
          dh_session_trace (self, "chosen object %s of %" G_GUINT64_FORMAT " px", dh_object_kind_title (one->kind),
                            one->area);
          return (gint)i;
        }
    }
  return -1;
}

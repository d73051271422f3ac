#include "dh-session-private.h"

static void
set_frame (DhSession *self, DhFrame *frame, DhScoreStats *stats, const char *error)
{
  dh_session_find_run_maps (self, frame);
  if (frame != NULL)
    frame = dh_session_compose_frame (self, frame);
  if (stats != NULL)
    dh_score_stats_ref (stats);
  g_clear_pointer (&self->frame, dh_frame_unref);
  g_clear_pointer (&self->stats, dh_score_stats_unref);
  g_free (self->frame_error);
  self->frame = frame;
  self->stats = stats;
  self->frame_error = g_strdup (error);
  self->frame_is_current = frame != NULL;
  dh_session_notify (self, DH_SESSION_PROP_FRAME);
  dh_session_notify (self, DH_SESSION_PROP_STATS);
  dh_session_find_components (self);
}

void
dh_session_renew_frame (DhSession *self)
{
  DhFrame *before = dh_session_get_frame (self);
  if (before == NULL)
    return;
  self->frame = dh_session_compose_frame (self, before);
  if (self->frame != before)
    dh_session_notify (self, DH_SESSION_PROP_FRAME);
  dh_frame_unref (before);
}

void
dh_session_forget_shown_maps (DhSession *self)
{
  const DhFrame *shown = dh_session_get_frame (self);
  if (shown == NULL)
    return;
  g_autoptr (DhFrame) picture = dh_frame_new (shown->width, shown->height);
  picture->image = g_bytes_ref (shown->image);
  picture->truth = shown->truth != NULL ? g_bytes_ref (shown->truth) : NULL;
  picture->unmeasured = shown->unmeasured != NULL ? g_bytes_ref (shown->unmeasured) : NULL;
  picture->classes = shown->classes != NULL ? g_bytes_ref (shown->classes) : NULL;
  picture->truth_error = g_strdup (shown->truth_error);
  set_frame (self, picture, NULL, NULL);
}

static gboolean
needs_more_maps (DhSession *self, const DhFrame *frame)
{
  for (guint i = 0; self->model != NULL && i < DH_N_FRAME_MAPS; i++)
    if (self->wanted & 1u << i && frame->maps[i] == NULL && dh_session_has_map (self, i))
      return TRUE;
  return FALSE;
}

/* The neighbours in the list, next ones first. */
static void
request_ahead (DhSession *self)
{
  if (self->model == NULL || self->current == NULL)
    return;
  gint steps[DH_SESSION_AHEAD + 1];
  guint n = 0;
  for (gint i = 1; i <= DH_SESSION_AHEAD; i++)
    steps[n++] = i;
  steps[n++] = -1;
  for (guint i = 0; i < n; i++)
    {
      DhImageItem *item = dh_image_list_step (self->list, self->current, steps[i]);
      if (item == NULL || dh_image_item_get_state (item) == DH_ITEM_FAILED)
        continue;
      DhSessionEntry *entry = dh_session_find_entry (self, item);
      if (entry != NULL && !needs_more_maps (self, entry->frame))
        continue;
      if (dh_image_item_get_state (item) == DH_ITEM_UNKNOWN)
        dh_image_item_set_state (item, DH_ITEM_QUEUED, NULL);
      dh_worker_request (self->worker, item, DH_PRIORITY_AHEAD);
    }
}

static void
drop_other_requests (DhSession *self)
{
  DhImageItem *keep[DH_SESSION_AHEAD + 3] = { self->current };
  guint n = 1;
  for (gint i = 1; i <= DH_SESSION_AHEAD; i++)
    if ((keep[n] = dh_image_list_step (self->list, self->current, i)) != NULL)
      n++;
  if ((keep[n] = dh_image_list_step (self->list, self->current, -1)) != NULL)
    n++;
  keep[n] = NULL;
  dh_worker_keep_only (self->worker, keep);
  /* What was queued and is not any more goes back to where it was. */
  for (guint i = 0; i < dh_image_list_get_size (self->list); i++)
    {
      DhImageItem *item = dh_image_list_get_item (self->list, i);
      DhItemState state = dh_image_item_get_state (item);
      gboolean kept = FALSE;
      for (guint j = 0; j < n; j++)
        kept = kept || keep[j] == item;
      if (!kept && (state == DH_ITEM_QUEUED || state == DH_ITEM_COMPUTING))
        dh_image_item_set_state (item, DH_ITEM_UNKNOWN, NULL);
    }
}

void
dh_session_request_current (DhSession *self)
{
  if (self->current == NULL)
    return;
  drop_other_requests (self);
  DhSessionEntry *entry = dh_session_find_entry (self, self->current);
  if (entry != NULL)
    {
      dh_session_use_entry (self, entry);
      set_frame (self, entry->frame, entry->stats, NULL);
      dh_session_trace (self, "shows %s, maps", dh_image_item_get_stem (self->current));
      if (!needs_more_maps (self, entry->frame))
        {
          request_ahead (self);
          return;
        }
    }
  if (self->model != NULL)
    dh_image_item_set_state (self->current, DH_ITEM_QUEUED, NULL);
  dh_worker_request (self->worker, self->current, DH_PRIORITY_SHOWN);
}

static void
on_frame (DhWorker *worker, DhImageItem *item, DhFrame *made, gboolean last, DhSession *self)
{
  g_autoptr (DhFrame) frame = dh_session_dup_relabelled (self, item, made);
  gboolean has_maps = dh_frame_has_map (frame, DH_FRAME_SEGMENTATION);
  if (last && self->model != NULL && has_maps)
    {
      dh_image_item_set_state (item, DH_ITEM_CACHED, NULL);
      dh_session_keep_frame (self, item, frame);
    }
  dh_session_emit (self, DH_SESSION_STATES);
  if (item != self->current)
    return;
  if (has_maps)
    dh_session_guess_ranges (self, frame);
  set_frame (self, frame, NULL, NULL);
  dh_session_trace (self, "shows %s, %s", dh_image_item_get_stem (item), has_maps ? "maps" : "picture");
  if (last)
    request_ahead (self);
}

static void
on_stats (DhWorker *worker, DhImageItem *item, DhScoreStats *stats, DhSession *self)
{
  /* counted ahead for a set that is no longer open: neither its range nor its start is this one's */
  guint index = dh_image_item_get_index (item);
  if (index >= dh_image_list_get_size (self->list) || dh_image_list_get_item (self->list, index) != item)
    return;
  dh_session_add_ranges (self, stats, dh_image_item_get_name (item), FALSE);
  if (dh_session_recount_relabelled (self, item))
    return;
  DhSessionEntry *entry = dh_session_find_entry (self, item);
  if (entry != NULL && entry->stats == NULL)
    {
      entry->stats = dh_score_stats_ref (stats);
      entry->stats_bytes = dh_score_stats_size_bytes (stats);
      self->entries_stats_bytes += entry->stats_bytes;
      dh_session_drop_oldest_frames (self);
    }
  if (item != self->current || self->frame == NULL)
    return;
  g_clear_pointer (&self->stats, dh_score_stats_unref);
  self->stats = dh_score_stats_ref (stats);
  dh_session_trace (self, "counted %s", dh_image_item_get_stem (item));
  dh_session_notify (self, DH_SESSION_PROP_STATS);
}

static void
on_stored (DhWorker *worker, DhImageItem *item, DhSession *self)
{
  dh_session_look_at_cache (self);
}

static void
on_progress (DhWorker *worker, DhImageItem *item, double fraction, double seconds, const char *layer, DhSession *self)
{
  dh_image_item_set_state (item, DH_ITEM_COMPUTING, NULL);
  if (item == self->current)
    g_signal_emit_by_name (self, "progress", fraction, seconds, layer);
}

static void
on_failed (DhWorker *worker, DhImageItem *item, const char *message, gboolean memory, DhSession *self)
{
  dh_image_item_set_state (item, DH_ITEM_FAILED, message);
  dh_session_emit (self, DH_SESSION_STATES);
  if (item != self->current)
    return;
  /* The picture may have come through although its maps did not. */
  g_autoptr (DhFrame) frame = NULL;
  if (self->frame != NULL && self->frame_is_current)
    frame = dh_frame_ref (self->frame);
  self->frame_memory = memory;
  set_frame (self, frame, NULL, message);
  request_ahead (self);
}

gboolean
dh_session_has_map (DhSession *self, DhFrameMap map)
{
  if (self->model == NULL)
    return FALSE;
  return self->model->has_outlier_head || !dh_map_needs_ood ((DhMap)map);
}

void
dh_session_want_map (DhSession *self, DhFrameMap map)
{
  if (self->wanted & 1u << map)
    return;
  self->wanted |= 1u << map;
  dh_worker_set_wanted (self->worker, self->wanted);
  if (self->model != NULL)
    dh_session_request_current (self);
}

DhImageItem *
dh_session_get_current (DhSession *self)
{
  return self->current;
}

void
dh_session_set_current (DhSession *self, DhImageItem *item)
{
  if (self->current == item)
    return;
  dh_session_leave_labels (self);
  if (item != NULL)
    g_object_ref (item);
  g_clear_object (&self->current);
  self->current = item;
  dh_session_notify (self, DH_SESSION_PROP_CURRENT);
  if (item == NULL)
    {
      set_frame (self, NULL, NULL, NULL);
      return;
    }
  dh_settings_set_string (self->settings, "last", "image", dh_image_item_get_stem (item));
  self->frame_is_current = FALSE;
  g_clear_pointer (&self->stats, dh_score_stats_unref);
  g_clear_pointer (&self->frame_error, g_free);
  dh_session_notify (self, DH_SESSION_PROP_STATS);
  dh_session_find_components (self);
  dh_session_request_current (self);
  dh_session_enter_labels (self);
}

gboolean
dh_session_step (DhSession *self, gint step)
{
  DhImageItem *item = dh_image_list_step (self->list, self->current, step);
  if (item == NULL)
    return FALSE;
  dh_session_set_current (self, item);
  return TRUE;
}

gboolean
dh_session_is_shown (DhSession *self)
{
  return self->frame_error != NULL || (self->frame_is_current && !needs_more_maps (self, self->frame));
}

void
dh_session_retry (DhSession *self)
{
  if (self->current == NULL)
    return;
  dh_image_item_set_state (self->current, DH_ITEM_UNKNOWN, NULL);
  g_clear_pointer (&self->frame_error, g_free);
  dh_session_notify (self, DH_SESSION_PROP_FRAME);
  dh_session_request_current (self);
}

gboolean
dh_session_can_tile (DhSession *self)
{
  return self->frame_error != NULL && self->frame_memory && !self->tiled;
}

void
dh_session_compute_in_tiles (DhSession *self)
{
  self->tiled = TRUE;
  dh_worker_set_tiled (self->worker, TRUE);
  dh_session_retry (self);
}

DhFrame *
dh_session_get_frame (DhSession *self)
{
  return self->frame_is_current ? self->frame : NULL;
}

DhScoreStats *
dh_session_get_stats (DhSession *self)
{
  return self->stats;
}

const char *
dh_session_get_frame_error (DhSession *self)
{
  return self->frame_error;
}

static void
on_calibrating (DhWorker *worker, guint picture, guint of, DhSession *self)
{
  self->calibrating = picture;
  self->calibrating_of = of;
  dh_session_emit (self, DH_SESSION_EVALUATION);
}

static void
on_calibrated (DhWorker *worker, const char *note, DhSession *self)
{
  g_clear_pointer (&self->compute, dh_compute_info_unref);
  self->compute = dh_compute_info_ref (dh_worker_get_compute_info (worker));
  dh_session_trace (self, "calibrated: %s", self->compute->precision);
  if (note != NULL)
    dh_session_say (self, note);
  dh_session_notify (self, DH_SESSION_PROP_MODEL_INFO);
}

void
dh_session_connect_worker (DhSession *self)
{
  g_signal_connect (self->worker, "frame", G_CALLBACK (on_frame), self);
  g_signal_connect (self->worker, "stats", G_CALLBACK (on_stats), self);
  g_signal_connect (self->worker, "stored", G_CALLBACK (on_stored), self);
  g_signal_connect (self->worker, "progress", G_CALLBACK (on_progress), self);
  g_signal_connect (self->worker, "failed", G_CALLBACK (on_failed), self);
  g_signal_connect (self->worker, "calibrating", G_CALLBACK (on_calibrating), self);
  g_signal_connect (self->worker, "calibrated", G_CALLBACK (on_calibrated), self);
}

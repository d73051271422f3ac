/* Pictures that get other labels while the set is open. */
#include "dh-session-private.h"

/* A picture that is counted with other labels. */
typedef struct
{
  DhImageItem *item;
  DhFrame *frame;
} Recount;

static void
recount_free (gpointer data)
{
  Recount *recount = data;
  g_object_unref (recount->item);
  dh_frame_unref (recount->frame);
  g_free (recount);
}

static void
recount_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Recount *recount = data;
  DhScoreStats *stats = dh_score_stats_new ();
  if (dh_score_stats_add (stats, recount->frame))
    dh_score_stats_seal (stats, 0);
  else
    g_clear_pointer (&stats, dh_score_stats_unref);
  g_task_return_pointer (task, stats, (GDestroyNotify)dh_score_stats_unref);
}

static void
was_recounted (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  const Recount *recount = g_task_get_task_data (G_TASK (result));
  g_autoptr (DhScoreStats) stats = g_task_propagate_pointer (G_TASK (result), NULL);
  DhSessionEntry *entry = self->worker != NULL ? dh_session_find_entry (self, recount->item) : NULL;
  if (stats == NULL || entry == NULL || entry->frame != recount->frame || entry->stats != NULL)
    return;
  entry->stats = dh_score_stats_ref (stats);
  entry->stats_bytes = dh_score_stats_size_bytes (stats);
  self->entries_stats_bytes += entry->stats_bytes;
  dh_session_drop_oldest_frames (self);
  if (recount->item != self->current || self->frame == NULL)
    return;
  g_clear_pointer (&self->stats, dh_score_stats_unref);
  self->stats = g_steal_pointer (&stats);
  dh_session_trace (self, "counted %s anew", dh_image_item_get_stem (recount->item));
  dh_session_notify (self, DH_SESSION_PROP_STATS);
}

static void
recount (DhSession *self, DhImageItem *item, DhFrame *frame)
{
  Recount *recount = g_new (Recount, 1);
  *recount = (Recount){ g_object_ref (item), dh_frame_ref (frame) };
  g_autoptr (GTask) task = g_task_new (self, NULL, was_recounted, NULL);
  g_task_set_task_data (task, recount, recount_free);
  g_task_run_in_thread (task, recount_in_thread);
}

static DhFrame *
copy_with_truth (const DhFrame *frame, GBytes *truth)
{
  DhFrame *copy = dh_frame_copy (frame);
  g_clear_pointer (&copy->truth, g_bytes_unref);
  g_clear_pointer (&copy->truth_error, g_free);
  copy->truth = truth != NULL ? g_bytes_ref (truth) : NULL;
  return copy;
}

static void
unref_truth (gpointer truth)
{
  if (truth != NULL)
    g_bytes_unref (truth);
}

void
dh_session_init_frames (DhSession *self)
{
  self->relabelled = g_hash_table_new_full (NULL, NULL, g_object_unref, unref_truth);
}

void
dh_session_replace_truth (DhSession *self, DhImageItem *item, GBytes *truth)
{
  g_hash_table_replace (self->relabelled, g_object_ref (item), truth != NULL ? g_bytes_ref (truth) : NULL);
  DhSessionEntry *entry = dh_session_find_entry (self, item);
  if (entry == NULL)
    return;
  g_autoptr (DhFrame) frame = copy_with_truth (entry->frame, truth);
  dh_session_keep_frame (self, item, frame);
  recount (self, item, frame);
}

/* What was under way when a picture got other labels comes with those before. */
DhFrame *
dh_session_dup_relabelled (DhSession *self, DhImageItem *item, DhFrame *frame)
{
  gpointer truth = NULL;
  return g_hash_table_lookup_extended (self->relabelled, item, NULL, &truth) ? copy_with_truth (frame, truth)
                                                                             : dh_frame_ref (frame);
}

gboolean
dh_session_recount_relabelled (DhSession *self, DhImageItem *item)
{
  if (!g_hash_table_contains (self->relabelled, item))
    return FALSE;
  const DhSessionEntry *entry = dh_session_find_entry (self, item);
  if (entry != NULL && entry->stats == NULL)
    recount (self, item, entry->frame);
  return TRUE;
}

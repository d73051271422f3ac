#include <glib/gi18n.h>
#include "dh-player.h"
#include "dh-session-labels-private.h"

void
dh_session_init_labels (DhSession *self)
{
  self->labelling = g_new0 (DhLabelling, 1);
  self->labelling->drafts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, dh_draft_unref);
}

char *
dh_session_dup_labels_refusal (DhSession *self)
{
  if (self->dataset == NULL)
    return g_strdup (_ ("Nothing is open"));
  if (self->demo)
    return g_strdup (_ ("The demo’s labels are not changed: masks are drawn of images of one’s own"));
  if (self->pictures != NULL)
    return g_strdup (_ ("Images that were opened alone have no place for masks: open their folder"));
  if (self->evaluation != NULL || self->import != NULL)
    return g_strdup (_ ("The labels are being measured: stop that first, or wait for its end"));
  g_autofree char *why = dh_drawn_mask_dup_refusal (self->dataset);
  return why != NULL ? g_strdup_printf (_ ("Labels are not drawn here: %s"), why) : NULL;
}

/* Reading one picture's labels. */
typedef struct
{
  DhDataset *dataset;
  guint index;
  DhDraft *draft;
  DhLabels *labels;
} Reading;

static void
reading_free (gpointer data)
{
  Reading *reading = data;
  dh_dataset_unref (reading->dataset);
  dh_draft_unref (reading->draft);
  g_clear_pointer (&reading->labels, dh_labels_unref);
  g_free (reading);
}

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Reading *reading = data;
  GError *error = NULL;
  reading->draft->mask = dh_drawn_mask_open (reading->dataset, reading->index, &reading->labels, &error);
  if (reading->draft->mask != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
was_read (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  Reading *reading = g_task_get_task_data (G_TASK (result));
  DhDraft *draft = reading->draft;
  g_autoptr (GError) error = NULL;
  const gboolean done = g_task_propagate_boolean (G_TASK (result), &error);
  DhLabelling *labelling = self->labelling;
  if (labelling == NULL || labelling->reading == NULL || labelling->reading != g_task_get_cancellable (G_TASK (result)))
    return; /* the user has gone on */
  g_clear_object (&labelling->reading);
  const DhLabels *labels = reading->labels;
  draft->edit = done ? dh_label_edit_new (labels->width, labels->height, labels->ids) : NULL;
  if (!done)
    draft->why = g_strdup (error->message);
  else if (draft->edit == NULL)
    draft->why = g_strdup (_ ("there is no memory for its labels"));
  dh_draft_set (&labelling->draft, draft);
  dh_session_trace (self, "labels of %s%s%s", draft->stem, draft->why != NULL ? ": " : "",
                    draft->why != NULL ? draft->why : "");
  dh_session_tell_labels (self);
}

void
dh_session_enter_labels (DhSession *self)
{
  DhLabelling *labelling = self->labelling;
  if (!labelling->on || self->current == NULL || self->dataset == NULL)
    return;
  const guint index = dh_image_item_get_index (self->current);
  g_autofree char *image = g_canonicalize_filename (dh_dataset_item (self->dataset, index)->image, NULL);
  DhDraft *kept = g_hash_table_lookup (labelling->drafts, image);
  if (labelling->same != NULL && g_str_equal (labelling->same->image, image))
    kept = labelling->same;
  if (kept != NULL && (kept == labelling->same || kept->writing > 0 || dh_draft_is_unsaved (kept)))
    {
      dh_draft_set (&labelling->draft, kept);
      dh_draft_set (&labelling->same, NULL);
      dh_session_tell_labels (self);
      return;
    }
  dh_draft_set (&labelling->same, NULL);
  /* What could not be written was taken back by hand: the file as it is. */
  g_hash_table_remove (labelling->drafts, image);
  DhDraft *draft = g_new0 (DhDraft, 1);
  g_atomic_ref_count_init (&draft->refs);
  draft->image = g_steal_pointer (&image);
  draft->stem = g_strdup (dh_image_item_get_stem (self->current));
  draft->name = g_strdup (dh_image_item_get_name (self->current));
  Reading *reading = g_new0 (Reading, 1);
  *reading = (Reading){ dh_dataset_ref (self->dataset), index, draft };
  labelling->reading = g_cancellable_new ();
  g_autoptr (GTask) task = g_task_new (self, labelling->reading, was_read, NULL);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, reading, reading_free);
  g_task_run_in_thread (task, read_in_thread);
  dh_session_tell_labels (self);
}

void
dh_session_set_rereads_labels (DhSession *self, gboolean rereads)
{
  self->labelling->rereads = rereads;
}

void
dh_session_leave_labels (DhSession *self)
{
  DhLabelling *labelling = self->labelling;
  if (labelling->reading != NULL)
    g_cancellable_cancel (labelling->reading);
  g_clear_object (&labelling->reading);
  if (labelling->draft != NULL)
    dh_session_save_draft (self, labelling->draft, FALSE);
  dh_draft_set (&labelling->draft, NULL);
}

gboolean
dh_session_set_labelling (DhSession *self, gboolean on)
{
  DhLabelling *labelling = self->labelling;
  g_autofree char *why = on ? dh_session_dup_labels_refusal (self) : NULL;
  if (why != NULL)
    {
      dh_session_say (self, why);
      return FALSE;
    }
  if (labelling->on == !!on)
    return TRUE;
  if (on)
    dh_player_set_playing (self->player, FALSE);
  else
    dh_session_leave_labels (self);
  labelling->on = on;
  dh_session_trace (self, "labelling %s", on ? "begins" : "ends");
  if (on)
    dh_session_enter_labels (self);
  else
    dh_session_recall_known (self);
  dh_session_tell_labels (self);
  return TRUE;
}

gboolean
dh_session_is_labelling (DhSession *self)
{
  return self->labelling->on;
}

DhLabelEdit *
dh_session_get_label_edit (DhSession *self)
{
  return self->labelling->on && self->labelling->draft != NULL ? self->labelling->draft->edit : NULL;
}

void
dh_session_tell_labels (DhSession *self)
{
  dh_session_emit (self, DH_SESSION_LABELS);
}

GBytes *
dh_session_dup_label_bytes (DhSession *self)
{
  DhLabelEdit *edit = dh_session_get_label_edit (self);
  if (edit == NULL)
    return NULL;
  return g_bytes_new_with_free_func (dh_label_edit_ids (edit), dh_draft_size (self->labelling->draft),
                                     (GDestroyNotify)dh_label_edit_unref, dh_label_edit_ref (edit));
}

const char *
dh_session_explain_labels (DhSession *self)
{
  return self->labelling->on && self->labelling->draft != NULL ? self->labelling->draft->why : NULL;
}

gboolean
dh_session_labels_can_ignore (DhSession *self)
{
  const DhDraft *draft = self->labelling->draft;
  return draft == NULL || draft->mask == NULL || dh_drawn_mask_can_ignore (draft->mask);
}

gboolean
dh_session_labels_are_unsaved (DhSession *self)
{
  return dh_draft_is_unsaved (self->labelling->draft);
}

gboolean
dh_session_undo_labels (DhSession *self)
{
  DhLabelEdit *edit = dh_session_get_label_edit (self);
  const gboolean done = edit != NULL && dh_label_edit_undo (edit);
  if (done)
    dh_session_tell_labels (self);
  return done;
}

gboolean
dh_session_redo_labels (DhSession *self)
{
  DhLabelEdit *edit = dh_session_get_label_edit (self);
  const gboolean done = edit != NULL && dh_label_edit_redo (edit);
  if (done)
    dh_session_tell_labels (self);
  return done;
}

void
dh_session_save_labels (DhSession *self)
{
  DhDraft *draft = self->labelling->draft;
  if (!self->labelling->on || draft == NULL || draft->edit == NULL)
    return;
  draft->forced = draft->writing == 0 && !dh_drawn_mask_exists (draft->mask);
  dh_session_save_draft (self, draft, TRUE);
  dh_session_tell_labels (self);
}

/* Of this picture, since that was written. */
static gboolean
is_drawn_on (const DhLabelling *labelling, const DhDraft *written)
{
  const DhDraft *kept = g_hash_table_lookup (labelling->drafts, written->image);
  const DhDraft *shown = labelling->draft;
  return dh_draft_is_unsaved (kept)
         || (shown != NULL && g_str_equal (shown->image, written->image)
             && (dh_draft_is_unsaved (shown) || (shown->edit != NULL && dh_label_edit_is_stroking (shown->edit))));
}

void
dh_session_revert_labels (DhSession *self)
{
  DhLabelling *labelling = self->labelling;
  DhDraft *draft = labelling->last;
  if (draft == NULL)
    return;
  const char *why = self->evaluation != NULL || self->import != NULL
                        ? _ ("The labels are being measured: stop that first, or wait for its end")
                    : is_drawn_on (labelling, draft) ? _ ("It was drawn on since: take that back first, by Ctrl+Z")
                                                     : NULL;
  if (why != NULL)
    {
      dh_session_say (self, why);
      return;
    }
  dh_session_write_draft (self, draft, TRUE, FALSE);
  dh_draft_set (&labelling->last, NULL);
}

void
dh_session_settle_labels (DhSession *self)
{
  dh_session_set_labelling (self, FALSE);
  dh_session_flush_labels (self);
}

gboolean
dh_session_put_off_for_labels (DhSession *self)
{
  DhLabelling *labelling = self->labelling;
  dh_session_set_labelling (self, FALSE);
  labelling->evaluate_next = labelling->writings.length > 0;
  return labelling->evaluate_next;
}

void
dh_session_close_labels (DhSession *self)
{
  DhLabelling *labelling = self->labelling;
  dh_session_leave_labels (self);
  dh_session_save_drafts (self);
  if (labelling->writer != NULL)
    g_thread_pool_free (labelling->writer, FALSE, TRUE);
  labelling->writer = NULL;
  g_queue_clear (&labelling->writings);
  dh_draft_set (&labelling->last, NULL);
  dh_draft_set (&labelling->same, NULL);
  g_hash_table_unref (labelling->drafts);
  g_free (labelling);
  self->labelling = NULL;
}

#include "dh-session-labels.h"
#include <glib/gi18n.h>
#include <string.h>
#include "dh-drawn-mask.h"
#include "dh-player.h"
#include "dh-session-files.h"
#include "dh-session-private.h"
#include "dh-worker-private.h"

/* A picture whose labels are drawn, or wait to be written. The window's thread, but for `mask`, which is the writer's
 * while it writes. */
typedef struct
{
  gatomicrefcount refs;
  char *image, *stem, *name;
  DhDrawnMask *mask; /* NULL: `why` it cannot be drawn */
  DhLabelEdit *edit;
  char *why;
  guint64 saved; /* the edit's state as it is in the file */
  guint writing; /* so many times it is on its way */
  gboolean forced;
} DhDraft;

struct _DhLabelling
{
  gboolean on;
  DhDraft *draft;         /* of the shown picture; NULL while it is read */
  GCancellable *reading;  /* of it */
  GHashTable *drafts;     /* path of the picture → DhDraft: what is not written */
  DhDraft *last;          /* written last by itself */
  GThreadPool *writer;    /* of one thread, in order; NULL before the first */
  GQueue writings;        /* Writing, on their way */
  gboolean evaluate_next; /* as soon as all is written */
};

typedef struct
{
  DhSession *session; /* a reference */
  DhDraft *draft;
  guint8 *ids; /* NULL: what was written is taken back */
  guint64 state;
  gboolean quiet; /* the user asked for it, and sees that it is done */
  gboolean taken; /* its result was */
  GError *error;
} Writing;

static DhDraft *
draft_ref (DhDraft *draft)
{
  g_atomic_ref_count_inc (&draft->refs);
  return draft;
}

static void
draft_unref (gpointer data)
{
  DhDraft *draft = data;
  if (!g_atomic_ref_count_dec (&draft->refs))
    return;
  g_free (draft->image);
  g_free (draft->stem);
  g_free (draft->name);
  g_clear_pointer (&draft->mask, dh_drawn_mask_free);
  g_clear_pointer (&draft->edit, dh_label_edit_unref);
  g_free (draft->why);
  g_free (draft);
}

static void
set_draft (DhDraft **place, DhDraft *draft)
{
  DhDraft *before = *place;
  *place = draft != NULL ? draft_ref (draft) : NULL;
  g_clear_pointer (&before, draft_unref);
}

static gboolean
is_unsaved (const DhDraft *draft)
{
  return draft != NULL && draft->edit != NULL && (draft->forced || dh_label_edit_state (draft->edit) != draft->saved);
}

static gsize
size_of (const DhDraft *draft)
{
  return (gsize)dh_label_edit_width (draft->edit) * dh_label_edit_height (draft->edit);
}

void
dh_session_init_labels (DhSession *self)
{
  self->labelling = g_new0 (DhLabelling, 1);
  self->labelling->drafts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, draft_unref);
}

static void
tell (DhSession *self)
{
  dh_session_emit (self, DH_SESSION_LABELS);
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
  draft_unref (reading->draft);
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
  set_draft (&labelling->draft, draft);
  dh_session_trace (self, "labels of %s%s%s", draft->stem, draft->why != NULL ? ": " : "",
                    draft->why != NULL ? draft->why : "");
  tell (self);
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
  if (kept != NULL)
    {
      set_draft (&labelling->draft, kept);
      tell (self);
      return;
    }
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
  tell (self);
}

/* The set with the mask as it is now, for all that is asked of it from now on; those who read go on with the other. */
static void
renew_set (DhSession *self, const DhDraft *draft, const guint8 *ids, guint index)
{
  const gsize n = size_of (draft);
  const gboolean exists = dh_drawn_mask_exists (draft->mask), varied = memcmp (ids, ids + 1, n - 1) != 0;
  DhDataset *renewed = dh_dataset_new_with_mask (self->dataset, index, exists, varied);
  dh_dataset_unref (self->dataset);
  self->dataset = renewed;
  for (guint i = 0; i < dh_image_list_get_size (self->list); i++)
    {
      const DhDatasetItem *item = dh_dataset_item (renewed, i);
      DhImageItem *shown = dh_image_list_get_item (self->list, i);
      dh_image_item_set_labelled (shown, item->label != NULL && !item->hidden);
      dh_image_item_set_metrics (shown, &DH_ITEM_METRICS_NONE);
    }
  dh_worker_set_dataset (self->worker, renewed);
}

/* What was measured is of other labels. */
static void
forget_measured (DhSession *self)
{
  dh_session_drop_evaluation (self);
  dh_session_take_set_stats (self, NULL);
  dh_image_list_resort (self->list);
  dh_session_emit (self, DH_SESSION_EVALUATION);
}

/* The set has other labels of this picture. */
static void
take_labels (DhSession *self, const DhDraft *draft, const guint8 *ids)
{
  const gint index = self->dataset != NULL ? dh_dataset_find (self->dataset, draft->stem) : -1;
  if (index < 0)
    return;
  g_autofree char *image = g_canonicalize_filename (dh_dataset_item (self->dataset, (guint)index)->image, NULL);
  if (strcmp (image, draft->image) != 0)
    return;
  if (dh_dataset_kind (self->dataset) == DH_DATASET_FOLDER)
    {
      /* It is a labelled set from now on, or not any more. */
      dh_session_reread_as (self, NULL);
      return;
    }
  DhImageItem *item = dh_image_list_get_item (self->list, (guint)index);
  renew_set (self, draft, ids, (guint)index);
  forget_measured (self);
  const gsize n = size_of (draft);
  g_autoptr (GBytes) truth = dh_drawn_mask_exists (draft->mask) ? g_bytes_new (ids, n) : NULL;
  dh_session_replace_truth (self, item, truth);
  dh_session_request_current (self);
}

static void
writing_free (gpointer data)
{
  Writing *writing = data;
  g_object_unref (writing->session);
  draft_unref (writing->draft);
  g_free (writing->ids);
  g_clear_error (&writing->error);
  g_free (writing);
}

static void
keep_draft (DhLabelling *labelling, DhDraft *draft)
{
  if (g_hash_table_lookup (labelling->drafts, draft->image) != draft)
    g_hash_table_replace (labelling->drafts, draft->image, draft_ref (draft));
}

static void
was_saved (DhSession *self, Writing *writing)
{
  DhLabelling *labelling = self->labelling;
  DhDraft *draft = writing->draft;
  draft->saved = writing->state;
  g_autofree char *path = g_filename_display_name (dh_drawn_mask_path (draft->mask));
  dh_session_trace (self, "wrote labels %s", path);
  if (!is_unsaved (draft))
    g_hash_table_remove (labelling->drafts, draft->image);
  g_autofree char *text = g_strdup_printf (_ ("The mask of %s is saved"), draft->name);
  if (writing->quiet)
    dh_session_say (self, text);
  else
    {
      set_draft (&labelling->last, draft);
      dh_session_tell (self, DH_SESSION_LABELS_SAVED, text);
    }
  take_labels (self, draft, writing->ids);
}

static void
was_reverted (DhSession *self, Writing *writing)
{
  DhDraft *draft = writing->draft;
  g_autofree char *text = g_strdup_printf (_ ("The mask of %s is as it was before"), draft->name);
  dh_session_say (self, text);
  g_hash_table_remove (self->labelling->drafts, draft->image);
  /* The labels are read again, as of any picture. */
  if (self->labelling->draft == draft)
    set_draft (&self->labelling->draft, NULL);
  dh_session_reread (self);
}

static void
fail (DhSession *self, Writing *writing)
{
  DhDraft *draft = writing->draft;
  const gboolean reverts = writing->ids == NULL;
  if (!is_unsaved (draft))
    g_hash_table_remove (self->labelling->drafts, draft->image);
  g_autofree char *title = g_strdup_printf (
      reverts ? _ ("The mask of %s could not be changed back") : _ ("The mask of %s is not saved"), draft->name);
  g_autofree char *text =
      reverts ? g_strdup (writing->error->message)
              : g_strdup_printf (_ ("%s. What was drawn is kept: show the image and press Ctrl+S to try again"),
                                 writing->error->message);
  dh_session_complain (self, title, text);
}

static void
take_result (DhSession *self, Writing *writing)
{
  DhLabelling *labelling = self->labelling;
  if (writing->taken || labelling == NULL)
    return;
  writing->taken = TRUE;
  g_queue_remove (&labelling->writings, writing);
  writing->draft->writing--;
  if (writing->error != NULL)
    fail (self, writing);
  else if (writing->ids != NULL)
    was_saved (self, writing);
  else
    was_reverted (self, writing);
  tell (self);
  if (labelling->evaluate_next && labelling->writings.length == 0)
    {
      labelling->evaluate_next = FALSE;
      if (writing->error == NULL && self->opening == NULL)
        dh_session_evaluate (self);
    }
}

static gboolean
was_written (gpointer data)
{
  Writing *writing = data;
  take_result (writing->session, writing);
  return G_SOURCE_REMOVE;
}

/* On the writer's thread. */
static void
write_mask (gpointer data, gpointer user_data)
{
  Writing *writing = data;
  if (writing->ids != NULL)
    dh_drawn_mask_write (writing->draft->mask, writing->ids, &writing->error);
  else
    dh_drawn_mask_revert (writing->draft->mask, &writing->error);
  dh_worker_to_window (was_written, writing, writing_free, G_PRIORITY_DEFAULT);
}

static void
begin_writing (DhSession *self, DhDraft *draft, gboolean reverts, gboolean quiet)
{
  DhLabelling *labelling = self->labelling;
  Writing *writing = g_new0 (Writing, 1);
  writing->session = g_object_ref (self);
  writing->draft = draft_ref (draft);
  writing->quiet = quiet;
  writing->state = dh_label_edit_state (draft->edit);
  if (!reverts)
    writing->ids = g_memdup2 (dh_label_edit_ids (draft->edit), size_of (draft));
  draft->writing++;
  draft->forced = FALSE;
  keep_draft (labelling, draft);
  g_queue_push_tail (&labelling->writings, writing);
  if (labelling->writer == NULL)
    labelling->writer = g_thread_pool_new (write_mask, NULL, 1, FALSE, NULL);
  g_thread_pool_push (labelling->writer, writing, NULL);
}

static gboolean
is_on_its_way (const DhLabelling *labelling, const DhDraft *draft)
{
  for (const GList *link = labelling->writings.head; link != NULL; link = link->next)
    {
      const Writing *writing = link->data;
      if (writing->draft == draft && writing->ids != NULL && writing->state == dh_label_edit_state (draft->edit))
        return TRUE;
    }
  return FALSE;
}

static void
save_draft (DhSession *self, DhDraft *draft, gboolean quiet)
{
  if (draft->edit != NULL && dh_label_edit_is_stroking (draft->edit))
    dh_label_edit_end_stroke (draft->edit);
  if (is_unsaved (draft) && !is_on_its_way (self->labelling, draft))
    begin_writing (self, draft, FALSE, quiet);
}

void
dh_session_leave_labels (DhSession *self)
{
  DhLabelling *labelling = self->labelling;
  if (labelling->reading != NULL)
    g_cancellable_cancel (labelling->reading);
  g_clear_object (&labelling->reading);
  if (labelling->draft != NULL)
    save_draft (self, labelling->draft, FALSE);
  set_draft (&labelling->draft, NULL);
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
  tell (self);
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
  tell (self);
}

GBytes *
dh_session_dup_label_bytes (DhSession *self)
{
  DhLabelEdit *edit = dh_session_get_label_edit (self);
  if (edit == NULL)
    return NULL;
  return g_bytes_new_with_free_func (dh_label_edit_ids (edit), size_of (self->labelling->draft),
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
  return is_unsaved (self->labelling->draft);
}

gboolean
dh_session_undo_labels (DhSession *self)
{
  DhLabelEdit *edit = dh_session_get_label_edit (self);
  const gboolean done = edit != NULL && dh_label_edit_undo (edit);
  if (done)
    tell (self);
  return done;
}

gboolean
dh_session_redo_labels (DhSession *self)
{
  DhLabelEdit *edit = dh_session_get_label_edit (self);
  const gboolean done = edit != NULL && dh_label_edit_redo (edit);
  if (done)
    tell (self);
  return done;
}

void
dh_session_save_labels (DhSession *self)
{
  DhDraft *draft = self->labelling->draft;
  if (!self->labelling->on || draft == NULL || draft->edit == NULL)
    return;
  draft->forced = draft->writing == 0 && !dh_drawn_mask_exists (draft->mask);
  save_draft (self, draft, TRUE);
  tell (self);
}

void
dh_session_revert_labels (DhSession *self)
{
  DhLabelling *labelling = self->labelling;
  DhDraft *draft = labelling->last;
  if (draft == NULL)
    return;
  begin_writing (self, draft, TRUE, FALSE);
  set_draft (&labelling->last, NULL);
}

/* Waits for the writer, and takes what it has done. */
static void
drain (DhSession *self)
{
  DhLabelling *labelling = self->labelling;
  GThreadPool *writer = g_steal_pointer (&labelling->writer);
  if (writer == NULL)
    return;
  g_thread_pool_free (writer, FALSE, TRUE);
  Writing *writing;
  while ((writing = g_queue_peek_head (&labelling->writings)) != NULL)
    take_result (self, writing);
}

static void
save_all (DhSession *self)
{
  DhLabelling *labelling = self->labelling;
  GHashTableIter drafts;
  gpointer draft;
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_hash_table_iter_init (&drafts, labelling->drafts);
  while (g_hash_table_iter_next (&drafts, NULL, &draft))
    if (draft != labelling->draft)
      g_ptr_array_add (all, draft);
  for (guint i = 0; i < all->len; i++)
    save_draft (self, all->pdata[i], FALSE);
  if (labelling->draft != NULL)
    save_draft (self, labelling->draft, FALSE);
}

gboolean
dh_session_flush_labels (DhSession *self)
{
  save_all (self);
  drain (self);
  GHashTableIter drafts;
  gpointer draft;
  g_hash_table_iter_init (&drafts, self->labelling->drafts);
  while (g_hash_table_iter_next (&drafts, NULL, &draft))
    if (is_unsaved (draft))
      return FALSE;
  return TRUE;
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
  save_all (self);
  if (labelling->writer != NULL)
    g_thread_pool_free (labelling->writer, FALSE, TRUE);
  labelling->writer = NULL;
  g_queue_clear (&labelling->writings);
  set_draft (&labelling->last, NULL);
  g_hash_table_unref (labelling->drafts);
  g_free (labelling);
  self->labelling = NULL;
}

#include <glib/gi18n.h>
#include <string.h>
#include "dh-session-files.h"
#include "dh-session-labels-private.h"
#include "dh-worker-private.h"

/* Labels that were drawn are written, and the session follows. */

typedef struct
{
  DhSession *session; /* a reference */
  DhDraft *draft;
  guint8 *ids; /* NULL: what was written is taken back */
  guint64 state;
  gboolean exists; /* there is a mask then */
  gboolean quiet;  /* the user asked for it, and sees that it is done */
  gboolean taken;  /* its result was */
  GError *error;
} Writing;

DhDraft *
dh_draft_ref (DhDraft *draft)
{
  g_atomic_ref_count_inc (&draft->refs);
  return draft;
}

void
dh_draft_unref (gpointer data)
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

void
dh_draft_set (DhDraft **place, DhDraft *draft)
{
  DhDraft *before = *place;
  *place = draft != NULL ? dh_draft_ref (draft) : NULL;
  g_clear_pointer (&before, dh_draft_unref);
}

gboolean
dh_draft_is_unsaved (const DhDraft *draft)
{
  return draft != NULL && draft->edit != NULL && (draft->forced || dh_label_edit_state (draft->edit) != draft->saved);
}

gsize
dh_draft_size (const DhDraft *draft)
{
  return (gsize)dh_label_edit_width (draft->edit) * dh_label_edit_height (draft->edit);
}

/* The set with the mask as it is now, for all that is asked of it from now on; those who read go on with the other. */
static void
renew_set (DhSession *self, const Writing *writing, guint index)
{
  const gsize n = dh_draft_size (writing->draft);
  const guint8 *ids = writing->ids;
  const gboolean varied = memcmp (ids, ids + 1, n - 1) != 0;
  DhDataset *renewed = dh_dataset_new_with_mask (self->dataset, index, writing->exists, varied);
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

/* As the set gives it: what is not measured is ignored. */
static GBytes *
dup_truth (DhDataset *dataset, const Writing *writing)
{
  const DhDraft *draft = writing->draft;
  const guint width = dh_label_edit_width (draft->edit), height = dh_label_edit_height (draft->edit);
  const DhRegion *region = dh_dataset_region (dataset);
  guint8 *ids = g_memdup2 (writing->ids, dh_draft_size (draft));
  if (region != NULL && dh_region_fits (region, width, height, draft->stem, NULL))
    dh_region_apply (region, ids, width, height, DH_DRAWN_IGNORE);
  return g_bytes_new_take (ids, dh_draft_size (draft));
}

/* Another folder was asked for, which this one's labels do not stop. */
static gboolean
goes_elsewhere (DhSession *self)
{
  return self->opening != NULL && g_strcmp0 (self->opening_path, self->dataset_path) != 0;
}

/* The set has other labels of this picture. */
static void
take_labels (DhSession *self, const Writing *writing)
{
  const DhDraft *draft = writing->draft;
  const gint index = self->dataset != NULL ? dh_dataset_find (self->dataset, draft->stem) : -1;
  if (index < 0)
    return;
  g_autofree char *image = g_canonicalize_filename (dh_dataset_item (self->dataset, (guint)index)->image, NULL);
  if (strcmp (image, draft->image) != 0)
    return;
  if (dh_dataset_kind (self->dataset) == DH_DATASET_FOLDER)
    {
      /* It is a labelled set from now on, or not any more. */
      if (goes_elsewhere (self))
        return;
      /* What was written is what is drawn: its history goes on. */
      if (self->labelling->draft == draft)
        dh_draft_set (&self->labelling->same, writing->draft);
      dh_session_reread_as (self, NULL);
      return;
    }
  DhImageItem *item = dh_image_list_get_item (self->list, (guint)index);
  renew_set (self, writing, (guint)index);
  forget_measured (self);
  g_autoptr (GBytes) truth = writing->exists ? dup_truth (self->dataset, writing) : NULL;
  dh_session_replace_truth (self, item, truth);
  dh_session_request_current (self);
}

static void
writing_free (gpointer data)
{
  Writing *writing = data;
  g_object_unref (writing->session);
  dh_draft_unref (writing->draft);
  g_free (writing->ids);
  g_clear_error (&writing->error);
  g_free (writing);
}

static void
keep_draft (DhLabelling *labelling, DhDraft *draft)
{
  if (g_hash_table_lookup (labelling->drafts, draft->image) != draft)
    g_hash_table_replace (labelling->drafts, draft->image, dh_draft_ref (draft));
}

static void
was_saved (DhSession *self, Writing *writing)
{
  DhLabelling *labelling = self->labelling;
  DhDraft *draft = writing->draft;
  draft->saved = writing->state;
  g_autofree char *path = g_filename_display_name (dh_drawn_mask_path (draft->mask));
  dh_session_trace (self, "wrote labels %s", path);
  if (!dh_draft_is_unsaved (draft))
    g_hash_table_remove (labelling->drafts, draft->image);
  g_autofree char *text = g_strdup_printf (_ ("The mask of %s is saved"), draft->name);
  /* What was written before it is not taken back below it. */
  if (labelling->last != NULL && labelling->last != draft && g_str_equal (labelling->last->image, draft->image))
    dh_draft_set (&labelling->last, NULL);
  if (writing->quiet)
    dh_session_say (self, text);
  else
    {
      dh_draft_set (&labelling->last, draft);
      dh_session_tell (self, DH_SESSION_LABELS_SAVED, text);
    }
  take_labels (self, writing);
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
    dh_draft_set (&self->labelling->draft, NULL);
  if (!goes_elsewhere (self))
    dh_session_reread (self);
}

static void
fail (DhSession *self, Writing *writing)
{
  DhDraft *draft = writing->draft;
  const gboolean reverts = writing->ids == NULL;
  if (!dh_draft_is_unsaved (draft))
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
  dh_session_tell_labels (self);
  if (writing->error != NULL)
    dh_session_forget_put_off (self);
  if (self->opening == NULL)
    dh_session_evaluate_written (self);
}

void
dh_session_evaluate_written (DhSession *self)
{
  DhLabelling *labelling = self->labelling;
  if (!labelling->evaluate_next || labelling->writings.length > 0)
    return;
  labelling->evaluate_next = FALSE;
  dh_session_evaluate (self);
}

void
dh_session_forget_put_off (DhSession *self)
{
  self->labelling->evaluate_next = FALSE;
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
  writing->exists = dh_drawn_mask_exists (writing->draft->mask);
  dh_worker_to_window (was_written, writing, writing_free, G_PRIORITY_DEFAULT);
}

void
dh_session_write_draft (DhSession *self, DhDraft *draft, gboolean reverts, gboolean quiet)
{
  DhLabelling *labelling = self->labelling;
  Writing *writing = g_new0 (Writing, 1);
  writing->session = g_object_ref (self);
  writing->draft = dh_draft_ref (draft);
  writing->quiet = quiet;
  writing->state = dh_label_edit_state (draft->edit);
  if (!reverts)
    writing->ids = g_memdup2 (dh_label_edit_ids (draft->edit), dh_draft_size (draft));
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

void
dh_session_save_draft (DhSession *self, DhDraft *draft, gboolean quiet)
{
  if (draft->edit != NULL && dh_label_edit_is_stroking (draft->edit))
    dh_label_edit_end_stroke (draft->edit);
  if (draft->edit != NULL && draft == self->labelling->draft && !self->labelling->rereads)
    dh_session_emit (self, DH_SESSION_LABELS_ENDING);
  if (dh_draft_is_unsaved (draft) && !is_on_its_way (self->labelling, draft))
    dh_session_write_draft (self, draft, FALSE, quiet);
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

void
dh_session_save_drafts (DhSession *self)
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
    dh_session_save_draft (self, all->pdata[i], FALSE);
  if (labelling->draft != NULL)
    dh_session_save_draft (self, labelling->draft, FALSE);
}

gboolean
dh_session_flush_labels (DhSession *self)
{
  dh_session_save_drafts (self);
  drain (self);
  GHashTableIter drafts;
  gpointer draft;
  g_hash_table_iter_init (&drafts, self->labelling->drafts);
  while (g_hash_table_iter_next (&drafts, NULL, &draft))
    if (dh_draft_is_unsaved (draft))
      return FALSE;
  return TRUE;
}

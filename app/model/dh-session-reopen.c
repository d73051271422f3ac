#include <glib/gi18n.h>
#include "dh-run-item.h"
#include "dh-session-private.h"
#include "dh-session-reopen.h"

/* What a run was made of, opened again: its weights and its data. */

static gboolean
is_demo_folder (const char *root)
{
  return dh_session_id_of_root (root) != root;
}

static void
show_picture (DhSession *self, const char *stem)
{
  const gint index = stem != NULL ? dh_dataset_find (self->dataset, stem) : -1;
  DhImageItem *item = index >= 0 ? dh_image_list_get_item (self->list, index) : NULL;
  if (item != NULL)
    dh_session_set_current (self, item);
}

static gboolean
is_open (DhSession *self, const DhRun *run)
{
  if (self->dataset == NULL || self->pictures != NULL)
    return FALSE;
  g_autofree char *now = g_canonicalize_filename (dh_dataset_root (self->dataset), NULL);
  g_autofree char *opened = dh_dataset_dup_opened (self->dataset);
  return g_strcmp0 (now, run->root) == 0 && g_strcmp0 (opened, run->split) == 0
         && dh_session_reads_as (self, run->reading);
}

static gboolean
open_weights_of (DhSession *self, const DhRun *run)
{
  if (self->model != NULL && g_strcmp0 (self->model->sha256, run->weights) == 0)
    return TRUE;
  if (run->model_path == NULL)
    dh_session_open_demo_weights (self);
  else if (g_file_test (run->model_path, G_FILE_TEST_IS_REGULAR))
    dh_session_open_weights (self, run->model_path);
  else
    {
      g_autofree char *text = g_strdup_printf (_ ("%s is not there any more."), run->model_path);
      dh_session_complain (self, _ ("The run’s weights could not be opened"), text);
      return FALSE;
    }
  return TRUE;
}

static gboolean
open_set_of (DhSession *self, const DhRun *run, const char *stem)
{
  if (!g_file_test (run->root, G_FILE_TEST_IS_DIR) && !is_demo_folder (run->root))
    {
      g_autofree char *text = g_strdup_printf (_ ("%s is not there any more."), run->root);
      dh_session_complain (self, _ ("The run’s data set could not be opened"), text);
      return FALSE;
    }
  g_autoptr (DhReading) reading = dh_reading_from_text (run->reading != NULL ? run->reading : "");
  if (is_open (self, run))
    show_picture (self, stem);
  else
    dh_session_open_dataset_at (self, is_demo_folder (run->root) ? NULL : run->root, stem, reading);
  return TRUE;
}

/* Another method's maps are looked at in the comparison, where its run stands as A. */
static gboolean
open_imported (DhSession *self, const DhRun *run, const char *stem)
{
  if (!open_set_of (self, run, stem))
    return FALSE;
  g_autofree char *side = g_strdup_printf ("run:%" G_GINT64_FORMAT, run->id);
  g_object_set (self->view, "compare-a", side, "layout", "compare", NULL);
  return TRUE;
}

gboolean
dh_session_open_run (DhSession *self, const DhRun *run, const char *stem)
{
  g_return_val_if_fail (!run->training && run->root != NULL, FALSE);
  if (run->imported)
    return open_imported (self, run, stem);
  if (!g_file_test (run->root, G_FILE_TEST_IS_DIR) && !is_demo_folder (run->root))
    return open_set_of (self, run, stem);
  return open_weights_of (self, run) && open_set_of (self, run, stem);
}

const char *
dh_session_refuse_runs (const DhRun *a, const DhRun *b)
{
  if (a == NULL || b == NULL || a->training || b->training)
    return _ ("Choose two evaluations with Ctrl");
  if (a->state != DH_RUN_ITEM_DONE || b->state != DH_RUN_ITEM_DONE)
    return _ ("One of the two is not done");
  if (a->root == NULL || g_strcmp0 (a->root, b->root) != 0)
    return _ ("The two are of different data sets");
  return a->has_maps && b->has_maps ? NULL : _ ("Their score maps are not there any more");
}

gboolean
dh_session_compare_runs (DhSession *self, const DhRun *a, const DhRun *b)
{
  if (dh_session_refuse_runs (a, b) != NULL || !open_set_of (self, a, NULL))
    return FALSE;
  g_autofree char *first = g_strdup_printf ("run:%" G_GINT64_FORMAT, a->id);
  g_autofree char *second = g_strdup_printf ("run:%" G_GINT64_FORMAT, b->id);
  g_object_set (self->view, "compare-a", first, "compare-b", second, "layout", "compare", NULL);
  return TRUE;
}

gboolean
dh_session_open_checkpoint (DhSession *self, DhTrainingJob *job, const char *path)
{
  if (path == NULL)
    return FALSE;
  g_autoptr (DhTrainingForm) form = dh_training_job_dup_form (job);
  const char *data = form != NULL ? dh_training_form_get_text (form, DH_TRAINING_DATA) : "";
  dh_session_open_weights (self, path);
  if (!dh_session_has_dataset (self) && *data != '\0')
    dh_session_open_dataset (self, data);
  return TRUE;
}

#include "dh-run-list.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-database.h"
#include "dh-error.h"
#include "dh-records.h"
#include "dh-run-curve-private.h"
#include "dh-run-names-private.h"
#include "dh-run-state.h"
#include "dh-run-summary-private.h"
#include "dh-run-reading.h"
#include "dh-session-private.h"

static DhRunItemState
state_of (const DhRunRow *row)
{
  const char *state = dh_run_state (row);
  if (g_strcmp0 (state, "running") == 0)
    return DH_RUN_ITEM_RUNNING;
  if (g_strcmp0 (state, "done") == 0)
    return DH_RUN_ITEM_DONE;
  if (g_strcmp0 (state, "cancelled") == 0)
    return DH_RUN_ITEM_CANCELLED;
  return g_strcmp0 (state, "failed") == 0 ? DH_RUN_ITEM_FAILED : DH_RUN_ITEM_UNFINISHED;
}

/* The first protocol of the run's own score stands for it in the table. */
static void
add_protocol (DhRun *run, DhDatabase *database)
{
  run->ap = run->fpr95 = run->auroc = run->best_f1 = run->best_f1_threshold = NAN;
  g_autoptr (GPtrArray) protocols = dh_database_list_run_numbers (database, run->id, NULL);
  for (guint i = 0; protocols != NULL && i < protocols->len; i++)
    {
      const DhRunProtocolRow *row = protocols->pdata[i];
      if (g_strcmp0 (row->score, run->score) != 0)
        continue;
      gboolean pooled = g_strcmp0 (row->protocol, "densehybrid-pooled") == 0;
      if (run->protocol != NULL && !pooled)
        continue;
      g_free (run->protocol);
      run->protocol = g_strdup (row->protocol);
      run->ap = row->ap;
      run->fpr95 = row->fpr95;
      run->auroc = row->auroc;
      run->best_f1 = row->best_f1;
      run->best_f1_threshold = row->best_f1_threshold;
      if (pooled)
        return;
    }
}

/* What the protocols' table has no column for. */
static void
add_summary (DhRun *run, const char *summary)
{
  const gboolean open_set = g_strcmp0 (run->kind, "eval-osr") == 0;
  run->closed_miou = dh_run_summary_number (summary, open_set ? NULL : "classes", "closed_miou");
  run->open_miou = open_set ? dh_run_summary_number (summary, NULL, "open_miou") : (double)NAN;
  run->mean_f1 = dh_run_summary_number (summary, "components", "mean_f1");
}

/* Protocols measure values of which high is anomalous; likelihood and posterior are shown as they are. */
static void
turn_threshold (DhRun *run, const DhRunRow *row)
{
  DhFrameMap map;
  if (dh_run_curve_find_map (row, &map) && !dh_score_flags_above (dh_run_curve_score_of_map (map)))
    run->best_f1_threshold = -run->best_f1_threshold;
}

static DhRunItem *
make_item (const DhRunRow *row, DhDatabase *database)
{
  DhRun values = { .fraction = NAN, .seconds_left = NAN }, *run = &values;
  run->id = row->id;
  run->state = state_of (row);
  run->kind = g_strdup (row->kind);
  run->why = g_strdup (row->why);
  run->imported = row->method != NULL;
  run->made_of = dh_run_names_dup_made_of (row);
  run->model = dh_run_names_dup_model (row);
  run->weights = g_strdup (row->model_sha256);
  run->data = dh_run_names_dup_data (row);
  run->split = g_strdup (row->split);
  run->score = g_strdup (row->score);
  run->device = run->imported ? NULL : g_strdup (row->device);
  run->precision = run->imported ? NULL : g_strdup (row->precision);
  run->program = g_strdup (row->program);
  run->command = row->command != NULL && *row->command != '\0' ? g_strdup (row->command) : NULL;
  run->started = g_strdup (row->started);
  run->folder = g_strdup (row->folder);
  run->root = g_strdup (row->dataset_root);
  run->fingerprint = g_strdup (row->dataset_fingerprint);
  g_autoptr (DhReading) reading = dh_run_reading_get (row);
  run->reading = dh_reading_to_text (reading);
  g_autofree char *maps = row->folder != NULL ? g_build_filename (row->folder, "eval", "scores", NULL) : NULL;
  run->has_maps = maps != NULL && g_file_test (maps, G_FILE_TEST_IS_DIR);
  run->model_path = row->model_path != NULL && *row->model_path != '\0' ? g_strdup (row->model_path) : NULL;
  run->images = (guint)row->images_done;
  run->failed = (guint)row->images_failed;
  run->total = (guint)row->images_total;
  run->seconds = row->seconds;
  if (run->state == DH_RUN_ITEM_RUNNING && run->total > 0)
    run->fraction = (double)(run->images + run->failed) / run->total;
  add_protocol (run, database);
  turn_threshold (run, row);
  add_summary (run, row->summary);
  return dh_run_item_new (run);
}

static void
list_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  g_autofree char *path = dh_database_default_path ();
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  /* Nothing was ever evaluated: no reason to make a file. */
  if (g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, &error);
      g_autoptr (GPtrArray) rows = database != NULL ? dh_database_list_runs (database, &error) : NULL;
      for (guint i = 0; rows != NULL && i < rows->len; i++)
        g_ptr_array_add (items, make_item (rows->pdata[i], database));
    }
  /* Another program is just making it. */
  if (g_error_matches (error, DH_ERROR, DH_ERROR_NOT_FOUND))
    g_clear_error (&error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, g_steal_pointer (&items), (GDestroyNotify)g_ptr_array_unref);
}

static gboolean
says_the_same (const DhRun *a, const DhRun *b)
{
  return a->id == b->id && a->state == b->state && a->has_maps == b->has_maps && a->images == b->images
         && a->failed == b->failed && a->total == b->total && g_strcmp0 (a->why, b->why) == 0
         && g_strcmp0 (a->protocol, b->protocol) == 0 && g_strcmp0 (a->command, b->command) == 0
         && g_strcmp0 (a->data, b->data) == 0 && g_strcmp0 (a->model, b->model) == 0;
}

/* Only what lies between rows that stay is put in anew. */
static void
update_store (GListStore *store, GPtrArray *items)
{
  guint old = g_list_model_get_n_items (G_LIST_MODEL (store)), head = 0, tail = 0;
  for (; head < MIN (old, items->len); head++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (G_LIST_MODEL (store), head);
      if (!says_the_same (dh_run_item_get (item), dh_run_item_get (items->pdata[head])))
        break;
    }
  for (; head + tail < MIN (old, items->len); tail++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (G_LIST_MODEL (store), old - tail - 1);
      if (!says_the_same (dh_run_item_get (item), dh_run_item_get (items->pdata[items->len - tail - 1])))
        break;
    }
  if (head + tail < MAX (old, items->len))
    g_list_store_splice (store, head, old - head - tail, items->pdata + head, items->len - head - tail);
}

static void
listed (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) items = g_task_propagate_pointer (G_TASK (result), &error);
  self->reading_runs = FALSE;
  if (self->worker == NULL)
    return;
  if (items != NULL)
    update_store (self->runs, items);
  else if (!self->runs_unread)
    dh_session_complain (self, _ ("The runs could not be read"), error->message);
  self->runs_unread = items == NULL;
  if (self->read_runs_again)
    dh_session_refresh_runs (self);
  dh_session_recall_known (self);
}

void
dh_session_refresh_runs (DhSession *self)
{
  /* What is being read may be from before what there is to be seen. */
  self->read_runs_again = self->reading_runs;
  if (self->reading_runs)
    return;
  self->reading_runs = TRUE;
  g_autoptr (GTask) task = g_task_new (self, NULL, listed, NULL);
  g_task_run_in_thread (task, list_in_thread);
}

const DhRun *
dh_session_find_evaluated (DhSession *self)
{
  if (self->dataset == NULL || self->model == NULL)
    return NULL;
  g_autofree char *root = dh_session_dup_root (self);
  g_autofree char *split = dh_dataset_dup_opened (self->dataset);
  const char *score = dh_map_name (dh_session_measured_map (self->model->has_outlier_head));
  const guint n = g_list_model_get_n_items (G_LIST_MODEL (self->runs));
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (DhRunItem) item = g_list_model_get_item (G_LIST_MODEL (self->runs), i);
      const DhRun *run = dh_run_item_get (item);
      if (run->state == DH_RUN_ITEM_DONE && !run->imported && g_strcmp0 (run->kind, "eval-ood") == 0
          && dh_run_is_whole (run) && run->total == dh_dataset_size (self->dataset)
          && g_strcmp0 (run->score, score) == 0 && g_strcmp0 (run->weights, self->model->sha256) == 0
          && g_strcmp0 (run->precision, self->compute->precision) == 0 && g_strcmp0 (run->root, root) == 0
          && g_strcmp0 (run->split, split) == 0 && dh_session_reads_as (self, run->reading))
        return run; /* the list has it */
    }
  return NULL;
}

GListModel *
dh_session_get_runs (DhSession *self)
{
  return G_LIST_MODEL (self->runs);
}

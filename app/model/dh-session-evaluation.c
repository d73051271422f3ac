#include "dh-session-evaluation.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-error.h"
#include "dh-run-list.h"
#include "dh-session-private.h"
#include "dh-session-result-private.h"
#include "dh-worker-private.h"

/* Shared between the window's and the inference thread. */
struct _DhSessionEvaluation
{
  gatomicrefcount refs;
  GCancellable *cancellable;
  /* set once */
  DhSession *session; /* borrowed; the window's thread, and only while it is the session's evaluation */
  DhDataset *dataset;
  char *folder, *command, *device;
  /* the inference thread, until it is done */
  DhSessionResult result;
  GError *error;
  /* the window's thread */
  guint done, failed, computed;
  gint64 first_time;
};

static DhSessionEvaluation *
evaluation_ref (DhSessionEvaluation *evaluation)
{
  g_atomic_ref_count_inc (&evaluation->refs);
  return evaluation;
}

static void
evaluation_unref (gpointer data)
{
  DhSessionEvaluation *evaluation = data;
  if (!g_atomic_ref_count_dec (&evaluation->refs))
    return;
  g_object_unref (evaluation->cancellable);
  dh_dataset_unref (evaluation->dataset);
  g_free (evaluation->folder);
  g_free (evaluation->command);
  g_free (evaluation->device);
  dh_session_result_clear (&evaluation->result);
  g_clear_error (&evaluation->error);
  g_free (evaluation);
}

/* A picture was measured; on its way to the window. */
typedef struct
{
  DhSessionEvaluation *evaluation;
  char *stem, *why;
  DhItemMetrics metrics;
} Measured;

static void
measured_free (gpointer data)
{
  Measured *measured = data;
  evaluation_unref (measured->evaluation);
  g_free (measured->stem);
  g_free (measured->why);
  g_free (measured);
}

static gboolean
show_measured (gpointer data)
{
  Measured *measured = data;
  DhSessionEvaluation *evaluation = measured->evaluation;
  DhSession *self = evaluation->session;
  if (self == NULL || self->evaluation != evaluation)
    return G_SOURCE_REMOVE;
  if (evaluation->first_time == 0)
    evaluation->first_time = g_get_monotonic_time ();
  else
    evaluation->computed++;
  evaluation->done++;
  gint index = dh_dataset_find (evaluation->dataset, measured->stem);
  DhImageItem *item = index >= 0 ? dh_image_list_get_item (self->list, index) : NULL;
  if (measured->why != NULL)
    evaluation->failed++;
  if (evaluation->done == 1) /* its row is in the database now */
    dh_session_refresh_runs (self);
  if (item != NULL && measured->why != NULL)
    {
      dh_image_item_set_metrics (item, &DH_ITEM_METRICS_NONE); /* those of an evaluation before */
      dh_image_item_set_state (item, DH_ITEM_FAILED, measured->why);
    }
  else if (item != NULL)
    {
      dh_image_item_set_metrics (item, &measured->metrics);
      dh_image_item_set_state (item, DH_ITEM_CACHED, NULL);
    }
  dh_session_emit (self, DH_SESSION_EVALUATION);
  return G_SOURCE_REMOVE;
}

/* On the inference thread. */
static void
image_done (const DhRunImageRow *row, guint done, guint total, gpointer data)
{
  DhSessionEvaluation *evaluation = data;
  Measured *measured = g_new0 (Measured, 1);
  measured->evaluation = evaluation_ref (evaluation);
  measured->stem = g_strdup (row->stem);
  if (g_strcmp0 (row->state, "done") != 0)
    measured->why = g_strdup (row->why != NULL ? row->why : row->state);
  measured->metrics = dh_item_metrics_of_row (row);
  /* As urgent as the evaluation's end, which comes behind it: what came later would not be looked at. */
  dh_worker_to_window (show_measured, measured, measured_free, G_PRIORITY_DEFAULT);
}

/* On its way to the window. */
typedef struct
{
  DhSessionEvaluation *evaluation;
  char *text;
} Warning;

static void
warning_free (gpointer data)
{
  Warning *warning = data;
  evaluation_unref (warning->evaluation);
  g_free (warning->text);
  g_free (warning);
}

static gboolean
show_warning (gpointer data)
{
  const Warning *warning = data;
  DhSession *self = warning->evaluation->session;
  if (self != NULL && self->evaluation == warning->evaluation)
    dh_session_complain (self, _ ("These numbers may be worth nothing"), warning->text);
  return G_SOURCE_REMOVE;
}

/* On the inference thread. */
static void
warn (const char *text, gpointer data)
{
  Warning *warning = g_new (Warning, 1);
  *warning = (Warning){ evaluation_ref (data), g_strdup (text) };
  dh_worker_to_window (show_warning, warning, warning_free, G_PRIORITY_DEFAULT);
}

/* A calibration that was made since has given the precision its whole name, which the folder's name ends with. */
static void
name_anew (DhSessionEvaluation *evaluation, DhPredictor *predictor)
{
  const char *weights = dh_model_sha256 (dh_predictor_model (predictor));
  char *folder = dh_evaluation_default_folder ("eval-ood", evaluation->dataset, weights, evaluation->device,
                                               dh_predictor_precision_name (predictor));
  g_autofree char *before = g_shell_quote (evaluation->folder), *now = g_shell_quote (folder);
  g_autoptr (GString) command = g_string_new (evaluation->command);
  g_string_replace (command, before, now, 0);
  g_free (evaluation->command);
  evaluation->command = g_strdup (command->str);
  g_free (evaluation->folder);
  evaluation->folder = folder;
}

DhMap
dh_session_measured_map (gboolean has_outlier_head)
{
  return has_outlier_head ? DH_MAP_HYBRID : DH_MAP_LIKELIHOOD;
}

/* On the inference thread. */
static void
evaluate (DhWorker *worker, DhPredictor *predictor, gpointer data)
{
  DhSessionEvaluation *evaluation = data;
  const DhProtocol *protocols[DH_SESSION_MOST_PROTOCOLS];
  if (g_cancellable_set_error_if_cancelled (evaluation->cancellable, &evaluation->error))
    return;
  g_autoptr (DhDatabase) database = dh_database_open (NULL, &evaluation->error);
  if (database == NULL)
    return;
  if (!dh_worker_calibrate (worker, evaluation->dataset, evaluation->cancellable, &evaluation->error))
    return;
  name_anew (evaluation, predictor);
  gboolean hybrid = dh_model_has_outlier_head (dh_predictor_model (predictor));
  const DhMapMaker maker = dh_worker_map_maker (worker);
  guint more = DH_MAP_BIT (DH_MAP_LIKELIHOOD) | DH_MAP_BIT (DH_MAP_DATASET_POSTERIOR);
  DhEvaluationOptions options = { .dataset = evaluation->dataset,
                                  .predictor = predictor,
                                  .database = database,
                                  .folder = evaluation->folder,
                                  .score = dh_session_measured_map (hybrid),
                                  .more_scores = hybrid ? more : 0,
                                  .protocols = protocols,
                                  .n_protocols = dh_session_list_protocols (protocols),
                                  .command = evaluation->command,
                                  .maker = &maker,
                                  .image_done = image_done,
                                  .warning = warn,
                                  .data = evaluation };
  g_autoptr (DhEvaluation) result = dh_evaluation_run (&options, evaluation->cancellable, NULL, &evaluation->error);
  if (result == NULL)
    return;
  dh_session_result_init (&evaluation->result, evaluation->dataset, evaluation->folder, result,
                          dh_device_name (dh_predictor_device (predictor)), dh_predictor_precision_name (predictor),
                          NULL);
}

/* On the window's thread. */
static void
evaluated (gpointer data)
{
  DhSessionEvaluation *evaluation = data;
  DhSession *self = evaluation->session;
  if (self != NULL && self->evaluation == evaluation)
    {
      self->evaluation = NULL;
      evaluation->session = NULL;
      if (evaluation->result.summary != NULL)
        {
          dh_session_take_result (self, &evaluation->result);
          g_autofree char *text = g_strdup_printf (
              ngettext ("%u image evaluated", "%u images evaluated", self->summary->images), self->summary->images);
          dh_session_say (self, text);
        }
      else if (g_error_matches (evaluation->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        dh_session_say (self, _ ("Stopped; evaluating again goes on from here"));
      else if (evaluation->error != NULL)
        dh_session_complain (self, _ ("The evaluation failed"), evaluation->error->message);
      dh_image_list_resort (self->list);
      dh_session_refresh_runs (self);
      dh_session_notify (self, DH_SESSION_PROP_EVALUATING);
      dh_session_emit (self, DH_SESSION_EVALUATION);
      dh_session_look_at_cache (self);
      evaluation_unref (evaluation); /* the session's */
    }
  evaluation_unref (evaluation); /* the worker's */
}

gboolean
dh_session_can_evaluate (DhSession *self)
{
  return self->dataset != NULL && self->model != NULL && self->evaluation == NULL && !self->loading;
}

void
dh_session_evaluate (DhSession *self)
{
  if (!dh_session_can_evaluate (self) || dh_session_put_off_for_labels (self) || dh_session_put_off_check (self))
    return;
  dh_session_drop_recall (self);
  DhSessionEvaluation *evaluation = g_new0 (DhSessionEvaluation, 1);
  g_atomic_ref_count_init (&evaluation->refs);
  evaluation->cancellable = g_cancellable_new ();
  evaluation->session = self;
  evaluation->dataset = dh_dataset_ref (self->dataset);
  evaluation->folder = dh_session_evaluation_folder (self);
  evaluation->command = dh_session_dup_command (self);
  evaluation->device = g_strdup (self->compute->name);
  if (!dh_worker_run_background (self->worker, evaluate, evaluation_ref (evaluation), evaluated))
    {
      evaluation_unref (evaluation);
      evaluation_unref (evaluation);
      dh_session_say (self, _ ("The evaluation before is still ending; try again in a moment"));
      return;
    }
  self->evaluation = evaluation;
  dh_session_notify (self, DH_SESSION_PROP_EVALUATING);
  dh_session_emit (self, DH_SESSION_EVALUATION);
}

/* Neither its result nor what it still sends is wanted. */
static void
let_go (DhSession *self)
{
  DhSessionEvaluation *evaluation = g_steal_pointer (&self->evaluation);
  if (evaluation == NULL)
    return;
  evaluation->session = NULL;
  g_cancellable_cancel (evaluation->cancellable);
  /* Where it still waits, the next need not wait for it. */
  if (self->worker != NULL)
    dh_worker_withdraw_background (self->worker, evaluation);
  evaluation_unref (evaluation);
  if (self->worker != NULL)
    {
      dh_session_notify (self, DH_SESSION_PROP_EVALUATING);
      dh_session_emit (self, DH_SESSION_EVALUATION);
    }
}

void
dh_session_cancel_evaluation (DhSession *self)
{
  if (self->recall != NULL)
    {
      dh_session_drop_recall (self);
      dh_session_emit (self, DH_SESSION_EVALUATION);
    }
  if (self->evaluation == NULL)
    return;
  g_cancellable_cancel (self->evaluation->cancellable);
  /* It may wait behind a shown picture, and a calibration for that one may take long. */
  if (!dh_worker_withdraw_background (self->worker, self->evaluation))
    return;
  let_go (self);
  dh_session_say (self, _ ("Stopped; evaluating again goes on from here"));
}

static void
drop_measured (DhSession *self)
{
  dh_session_drop_recall (self);
  g_clear_pointer (&self->summary, dh_evaluation_summary_free);
  dh_session_drop_slices (self);
  dh_session_drop_false_alarms (self);
}

/* The set or the weights change. */
void
dh_session_drop_evaluation (DhSession *self)
{
  drop_measured (self);
  self->recalled_run = 0;
  let_go (self);
}

/* An evaluation that is under way goes on, and what it has measured stays. */
void
dh_session_close_evaluation (DhSession *self, gint64 run)
{
  const guint done = self->evaluation != NULL ? self->evaluation->done : 0;
  if (self->recall != NULL && self->recalled_run == run)
    {
      dh_session_drop_recall (self);
      dh_session_emit (self, DH_SESSION_EVALUATION);
    }
  if (self->summary == NULL || self->summary->run != run)
    return;
  drop_measured (self);
  self->recalled_run = run;
  dh_session_take_set_stats (self, NULL);
  for (guint i = done; i < dh_image_list_get_size (self->list); i++)
    dh_image_item_set_metrics (dh_image_list_get_item (self->list, i), &DH_ITEM_METRICS_NONE);
  dh_image_list_resort (self->list);
  dh_session_emit (self, DH_SESSION_EVALUATION);
}

gboolean
dh_session_is_evaluating (DhSession *self)
{
  return self->evaluation != NULL;
}

void
dh_session_get_evaluation_progress (DhSession *self, DhEvaluationProgress *progress)
{
  *progress = (DhEvaluationProgress){ .per_second = NAN, .seconds_left = NAN };
  progress->total = dh_image_list_get_size (self->list);
  progress->recalled = dh_session_get_recalled (self, &progress->done);
  progress->calibrating = self->calibrating;
  progress->calibrating_of = self->calibrating_of;
  const DhSessionEvaluation *evaluation = self->evaluation;
  if (evaluation == NULL)
    return;
  progress->done = evaluation->done;
  progress->failed = evaluation->failed;
  double seconds = (double)(g_get_monotonic_time () - evaluation->first_time) / G_USEC_PER_SEC;
  if (evaluation->computed == 0 || seconds <= 0)
    return;
  progress->per_second = evaluation->computed / seconds;
  progress->seconds_left = (progress->total - MIN (progress->total, progress->done)) / progress->per_second;
}

const DhEvaluationSummary *
dh_session_get_evaluation (DhSession *self)
{
  return self->summary;
}

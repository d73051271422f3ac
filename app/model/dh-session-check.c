#include "dh-session-check.h"
#include <glib/gi18n.h>
#include "dh-answers-compare.h"
#include "dh-ask.h"
#include "dh-demo.h"
#include "dh-file.h"
#include "dh-first-look.h"
#include "dh-session-private.h"
#include "dh-worker-private.h"

/* Shared between the window's and the inference thread. */
struct _DhSessionCheck
{
  gatomicrefcount refs;
  /* set once */
  GCancellable *cancellable;
  DhDataset *dataset; /* NULL: none is open */
  gboolean by_itself;
  /* the window's thread */
  DhSession *session; /* borrowed; NULL: the result is not wanted */
  double fraction;
  /* the inference thread, until it is done */
  DhMapMaker maker;
  gboolean serves; /* what is asked for between two scenes */
  DhFirstLook *look;
  DhAnswers *found;
  DhWeightsCheck *result;
};

static void
result_free (DhWeightsCheck *result)
{
  if (result == NULL)
    return;
  g_free (result->error);
  g_free (result->record);
  g_free (result->verdict);
  g_free (result->meaning);
  g_free (result->note);
  g_free (result);
}

static DhSessionCheck *
check_ref (DhSessionCheck *check)
{
  g_atomic_ref_count_inc (&check->refs);
  return check;
}

static void
check_unref (gpointer data)
{
  DhSessionCheck *check = data;
  if (!g_atomic_ref_count_dec (&check->refs))
    return;
  g_object_unref (check->cancellable);
  g_clear_pointer (&check->dataset, dh_dataset_unref);
  dh_first_look_free (check->look);
  dh_answers_free (check->found);
  result_free (check->result);
  g_free (check);
}

/* On its way to the window. */
typedef struct
{
  DhSessionCheck *check;
  double fraction;
} Progress;

static void
progress_free (gpointer data)
{
  Progress *progress = data;
  check_unref (progress->check);
  g_free (progress);
}

static gboolean
show_progress (gpointer data)
{
  const Progress *progress = data;
  DhSession *self = progress->check->session;
  if (self == NULL)
    return G_SOURCE_REMOVE;
  progress->check->fraction = progress->fraction;
  dh_session_emit (self, DH_SESSION_CHECK);
  return G_SOURCE_REMOVE;
}

/* On the inference thread. */
static void
seen (guint index, const DhPrediction *prediction, gpointer data)
{
  DhSessionCheck *check = data;
  dh_first_look_add (check->look, prediction->maps, NULL);
  Progress *progress = g_new (Progress, 1);
  *progress = (Progress){ check_ref (check), (index + 1.0) / DH_QUESTIONS_SCENES };
  dh_worker_to_window (show_progress, progress, progress_free, G_PRIORITY_DEFAULT);
  if (check->serves)
    check->maker.between (check->cancellable, check->maker.data);
}

/* The author's record, or the user's; NULL: there is none. What comes with the program is not looked for here. */
static char *
find_record (const char *weights, const char *network, const char *sha256, gboolean *beside)
{
  char *path = weights != NULL ? dh_answers_find_beside (weights) : NULL;
  *beside = path != NULL;
  if (path == NULL)
    path = dh_answers_dup_kept_path (network, sha256);
  if (!*beside && !g_file_test (path, G_FILE_TEST_EXISTS))
    g_clear_pointer (&path, g_free);
  return path;
}

static void
take_comparison (DhWeightsCheck *result, DhAnswersComparison *comparison)
{
  result->fine = comparison->agrees;
  result->verdict = g_steal_pointer (&comparison->verdict);
  result->meaning = g_steal_pointer (&comparison->meaning);
  result->note = g_steal_pointer (&comparison->note);
  result->maps[result->n_maps++] = (DhCheckedMap){ dh_map_name (DH_MAP_SEGMENTATION), comparison->classes_off,
                                                   comparison->classes_bound, comparison->classes_agree };
  for (guint m = 0; m < comparison->n_maps; m++)
    {
      const DhAnswerDifference *map = &comparison->maps[m];
      result->maps[result->n_maps++] = (DhCheckedMap){ dh_map_name (map->map), map->off, map->bound, map->agrees };
    }
}

/* `path` NULL: nothing is recorded, but of the demo's network, which has no file. */
static gboolean
load_record (const char *weights, const char *path, DhAnswers **recorded, GError **error)
{
  g_autoptr (GBytes) shipped = weights == NULL ? dh_demo_get_answers (error) : NULL;
  if (weights == NULL && shipped == NULL)
    return FALSE;
  if (shipped != NULL)
    *recorded = dh_answers_load_bytes (shipped, "demo", error);
  else if (path != NULL)
    *recorded = dh_answers_load (path, error);
  return *recorded != NULL || (path == NULL && shipped == NULL);
}

static gboolean
ask (DhSessionCheck *check, DhWorker *worker, DhPredictor *predictor, GError **error)
{
  DhModel *model = dh_predictor_model (predictor);
  DhWeightsCheck *result = check->result;
  gboolean beside;
  result->record = find_record (dh_model_path (model), dh_model_architecture (model), dh_model_sha256 (model), &beside);
  g_autoptr (DhAnswers) recorded = NULL;
  if (!load_record (dh_model_path (model), result->record, &recorded, error))
    return FALSE;
  beside = beside || dh_model_path (model) == NULL;
  if (check->dataset != NULL && !dh_worker_calibrate (worker, check->dataset, check->cancellable, error))
    return FALSE;
  /* int8 that is calibrated on the scenes alone must not compute anything else. */
  check->serves = check->dataset != NULL || dh_predictor_precision (predictor) != DH_PRECISION_INT8;
  check->maker = dh_worker_map_maker (worker);
  check->look = dh_first_look_new ((guint)dh_model_classes (model), NULL);
  g_autoptr (DhQuestions) questions = dh_questions_new_scenes ();
  check->found = dh_ask (predictor, questions, seen, check, check->cancellable, NULL, error);
  if (check->found == NULL)
    return FALSE;
  g_autoptr (DhAnswersComparison) comparison =
      recorded != NULL ? dh_answers_compare (recorded, check->found, error) : NULL;
  if (recorded != NULL && comparison == NULL)
    return FALSE;
  if (comparison != NULL)
    take_comparison (result, comparison);
  g_autofree char *warning = dh_first_look_dup_warning (check->look);
  result->can_record = !beside && warning == NULL && (comparison == NULL || !comparison->agrees);
  if (comparison == NULL)
    {
      result->fine = warning == NULL;
      result->verdict = g_steal_pointer (&warning);
    }
  return TRUE;
}

/* On the inference thread. */
static void
work (DhWorker *worker, DhPredictor *predictor, gpointer data)
{
  DhSessionCheck *check = data;
  g_autoptr (GError) error = NULL;
  if (predictor == NULL || g_cancellable_is_cancelled (check->cancellable))
    return;
  check->result = g_new0 (DhWeightsCheck, 1);
  if (!ask (check, worker, predictor, &error))
    check->result->error = g_strdup (error->message);
}

/* What nobody asked for speaks only where it must. */
static void
tell (DhSession *self, const DhWeightsCheck *result)
{
  if (result->error == NULL && result->fine)
    return;
  g_autofree char *text = g_strdup (result->error);
  if (text == NULL)
    text = result->meaning != NULL ? g_strdup_printf ("%s. %s.", result->verdict, result->meaning)
                                   : g_strdup_printf ("%s.", result->verdict);
  dh_session_complain (
      self, result->error != NULL ? _ ("The weights could not be checked") : _ ("Known answers differ"), text);
}

/* On the window's thread. */
static void
checked (gpointer data)
{
  DhSessionCheck *check = data;
  DhSession *self = check->session;
  if (self != NULL && self->check == check)
    {
      const gboolean evaluate = self->evaluate_next;
      self->check = NULL;
      self->evaluate_next = FALSE;
      check->session = NULL;
      if (check->result != NULL && !g_cancellable_is_cancelled (check->cancellable))
        {
          result_free (self->weights_check);
          self->weights_check = g_steal_pointer (&check->result);
          dh_answers_free (self->answers);
          self->answers = g_steal_pointer (&check->found);
          if (check->by_itself)
            tell (self, self->weights_check);
        }
      dh_session_emit (self, DH_SESSION_CHECK);
      check_unref (check); /* the session's */
      if (evaluate)
        dh_session_evaluate (self);
    }
  check_unref (check); /* the worker's */
}

static void
begin (DhSession *self, gboolean by_itself)
{
  DhSessionCheck *check = g_new0 (DhSessionCheck, 1);
  g_atomic_ref_count_init (&check->refs);
  check->cancellable = g_cancellable_new ();
  check->session = self;
  check->dataset = self->dataset != NULL ? dh_dataset_ref (self->dataset) : NULL;
  check->by_itself = by_itself;
  if (!dh_worker_run_background (self->worker, work, check_ref (check), checked))
    {
      check_unref (check);
      check_unref (check);
      if (!by_itself)
        dh_session_say (self, _ ("What was computed before is still ending; try again in a moment"));
      return;
    }
  self->check = check;
  dh_session_emit (self, DH_SESSION_CHECK);
}

gboolean
dh_session_can_check_weights (DhSession *self)
{
  return self->model != NULL && !self->loading && self->check == NULL && self->evaluation == NULL;
}

void
dh_session_check_weights (DhSession *self)
{
  if (dh_session_can_check_weights (self))
    begin (self, FALSE);
}

void
dh_session_check_loaded_weights (DhSession *self)
{
  gboolean beside;
  g_autofree char *record = find_record (self->model->path, self->model->architecture, self->model->sha256, &beside);
  if (record != NULL && self->model->path != NULL && dh_session_can_check_weights (self))
    begin (self, TRUE);
}

double
dh_session_get_check_progress (DhSession *self)
{
  return self->check != NULL ? self->check->fraction : -1;
}

const DhWeightsCheck *
dh_session_get_weights_check (DhSession *self)
{
  return self->weights_check;
}

void
dh_session_record_answers (DhSession *self)
{
  if (self->weights_check == NULL || !self->weights_check->can_record || self->answers == NULL)
    return;
  g_autofree char *path = dh_answers_dup_own_path (self->answers);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;
  if (!dh_folder_make (folder, &error) || !dh_answers_save (self->answers, path, &error))
    {
      dh_session_complain (self, _ ("The answers could not be recorded"), error->message);
      return;
    }
  self->weights_check->can_record = FALSE;
  self->weights_check->recorded = TRUE;
  dh_session_emit (self, DH_SESSION_CHECK);
}

gboolean
dh_session_put_off_check (DhSession *self)
{
  DhSessionCheck *check = self->check;
  if (check == NULL)
    return FALSE;
  g_cancellable_cancel (check->cancellable);
  if (!dh_worker_withdraw_background (self->worker, check))
    {
      self->evaluate_next = TRUE;
      return TRUE;
    }
  self->check = NULL;
  check->session = NULL;
  check_unref (check);
  dh_session_emit (self, DH_SESSION_CHECK);
  return FALSE;
}

void
dh_session_drop_check (DhSession *self)
{
  DhSessionCheck *check = g_steal_pointer (&self->check);
  self->evaluate_next = FALSE;
  g_clear_pointer (&self->weights_check, result_free);
  g_clear_pointer (&self->answers, dh_answers_free);
  if (check == NULL)
    return;
  check->session = NULL;
  g_cancellable_cancel (check->cancellable);
  if (self->worker != NULL)
    dh_worker_withdraw_background (self->worker, check);
  check_unref (check);
}

#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "dh-error.h"
#include "dh-run-lock.h"
#include "dh-scene-tree.h"
#include "dh-training-job-private.h"
#include "dh-training-queue.h"
#include "tree.h"

/* The queue of trainings with real processes: a tiny ladder on generated scenes. */

static char *folder, *scenes, *negatives, *runs, *recipe_path;

static const char recipe_json[] =
    "{\"name\": \"tiny\", \"architecture\": \"ldn-tiny\", \"dataset\": \"street-hazards-full\", \"negatives\": true,"
    " \"batch\": 2, \"crop\": 64, \"epochs\": 2, \"steps\": 4, \"rate\": 0.002, \"rate_min\": 1e-5,"
    " \"negative_side\": 64, \"negative_crop\": 48, \"selection\": \"ap\", \"keep\": 1}";

/* Waits until `ready` (queue, job) for at most a minute. */
typedef gboolean (*Ready) (DhTrainingQueue *queue, DhTrainingJob *job);

static gboolean
wake (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static gboolean
wait_for (DhTrainingQueue *queue, DhTrainingJob *job, Ready ready)
{
  const gint64 end = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  const guint timer = g_timeout_add (20, wake, NULL);
  gboolean done;
  while (!(done = ready (queue, job)) && g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timer);
  if (!done && job != NULL)
    g_test_message ("%s: %s", dh_job_state_id (dh_training_job_get_state (job)), dh_training_job_get_sentence (job));
  return done;
}

#define IS(name, state)                                                                                                \
  static gboolean is_##name (DhTrainingQueue *queue, DhTrainingJob *job)                                               \
  {                                                                                                                    \
    return dh_training_job_get_state (job) == state;                                                                   \
  }
IS (done, DH_JOB_DONE)
IS (running, DH_JOB_RUNNING)
IS (paused, DH_JOB_PAUSED)
IS (queued, DH_JOB_QUEUED)
IS (failed, DH_JOB_FAILED)
IS (cancelled, DH_JOB_CANCELLED)
IS (lost, DH_JOB_LOST)
IS (out_of_memory, DH_JOB_OUT_OF_MEMORY)

static gboolean
has_stepped (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return dh_training_job_get_progress (job)->step >= 2;
}

static gboolean
is_loaded (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return !dh_training_queue_is_loading (queue);
}

static gboolean
has_id (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return dh_training_job_get_id (job) != 0;
}

static char *
database_path (void)
{
  return g_build_filename (folder, "jobs.db", NULL);
}

static DhTrainingQueue *
open_queue (void)
{
  g_autofree char *path = database_path ();
  DhTrainingQueue *queue = dh_training_queue_new (path, g_getenv ("DH_PROGRAM"));
  g_assert_true (wait_for (queue, NULL, is_loaded));
  return queue;
}

static DhTrainingForm *
make_form (const char *title, guint steps)
{
  g_autoptr (GError) error = NULL;
  DhTrainingForm *form = dh_training_form_new ();
  g_assert_true (dh_training_form_set_recipe (form, recipe_path, &error));
  g_assert_no_error (error);
  dh_training_form_set_text (form, DH_TRAINING_TITLE, title);
  dh_training_form_set_text (form, DH_TRAINING_DATA, scenes);
  dh_training_form_set_text (form, DH_TRAINING_NEGATIVES, negatives);
  dh_training_form_set_text (form, DH_TRAINING_RUNS, runs);
  dh_training_form_set_text (form, DH_TRAINING_DEVICE, "ref");
  dh_training_form_set_number (form, DH_TRAINING_THREADS, 1);
  dh_training_form_set_number (form, DH_TRAINING_SEED, 5);
  dh_training_form_set_number (form, DH_TRAINING_STEPS, steps);
  return form;
}

/* `steps` an epoch, two epochs. */
static DhTrainingJob *
add (DhTrainingQueue *queue, const char *title, guint steps)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTrainingForm) form = make_form (title, steps);
  DhTrainingJob *job = dh_training_queue_add (queue, form, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (job);
  return job;
}

static void
close_queue (DhTrainingQueue *queue)
{
  dh_training_queue_close (queue);
  g_object_unref (queue);
}

static DhTrainingJob *
find (DhTrainingQueue *queue, const char *title)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (queue)); i++)
    {
      g_autoptr (DhTrainingJob) job = g_list_model_get_item (G_LIST_MODEL (queue), i);
      if (g_str_equal (dh_training_job_get_title (job), title))
        return job;
    }
  return NULL;
}

static gint64
pid_of (DhTrainingJob *job)
{
  DhRunLockInfo info;
  g_assert_true (dh_run_lock_read (dh_training_job_get_folder (job), &info));
  g_assert_true (info.held && info.reachable);
  dh_run_lock_info_clear (&info);
  return info.pid;
}

static gboolean
is_log_loaded (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return !dh_training_log_is_loading (dh_training_job_get_log (job));
}

static void
assert_curve (DhTrainingJob *job, DhTrainingCurveKind kind, guint n)
{
  DhTrainingCurve curve;
  dh_training_log_get_curve (dh_training_job_get_log (job), kind, &curve);
  g_assert_cmpuint (curve.n, ==, n);
  for (guint i = 0; i < n; i++)
    {
      g_assert_cmpfloat (curve.x[i], ==, i + 1);
      g_assert_true (isfinite (curve.y[i]));
    }
}

static void
count_ends (DhTrainingQueue *queue, DhTrainingJob *job, guint *ends)
{
  (*ends)++;
}

/* One after the other, in the order that was asked for; each with its curves, lines and checkpoints. */
static void
test_queue (void)
{
  DhTrainingQueue *queue = open_queue ();
  guint ends = 0;
  g_signal_connect (queue, "ended", G_CALLBACK (count_ends), &ends);
  g_autoptr (DhTrainingJob) first = g_object_ref (add (queue, "first", 4));
  g_autoptr (DhTrainingJob) second = g_object_ref (add (queue, "second", 4));
  /* As a window does that shows what was just added. */
  dh_training_job_get_log (second);
  g_autoptr (DhTrainingJob) third = g_object_ref (add (queue, "third", 4));
  g_assert_cmpint (dh_training_job_get_state (third), ==, DH_JOB_QUEUED);
  g_assert_true (wait_for (queue, third, has_id));
  g_assert_true (wait_for (queue, first, is_running));
  g_assert_cmpint (dh_training_queue_count (queue, DH_JOB_RUNNING), ==, 1);
  g_assert_true (dh_training_job_get_actions (third) & DH_JOB_CAN_MOVE_UP);
  g_assert_false (dh_training_job_get_actions (second) & DH_JOB_CAN_MOVE_UP);
  dh_training_queue_move (queue, third, -1);

  g_assert_true (wait_for (queue, first, is_done));
  g_assert_true (wait_for (queue, third, is_running));
  g_assert_cmpint (dh_training_job_get_state (second), ==, DH_JOB_QUEUED);
  g_assert_true (wait_for (queue, third, is_done));
  g_assert_true (wait_for (queue, second, is_done));
  g_assert_cmpuint (ends, ==, 3);

  g_assert_true (wait_for (queue, first, is_log_loaded));
  assert_curve (first, DH_CURVE_TOTAL, 8);
  assert_curve (first, DH_CURVE_LIKE, 8);
  assert_curve (first, DH_CURVE_MIOU, 2);
  const DhJobProgress *progress = dh_training_job_get_progress (first);
  g_assert_cmpuint (progress->step, ==, 8);
  g_assert_cmpuint (progress->steps, ==, 8);
  g_assert_cmpint (progress->ended, >=, progress->started);
  GPtrArray *checkpoints = dh_training_job_get_checkpoints (first);
  g_assert_cmpuint (checkpoints->len, ==, 3); /* best, last, one epoch */
  g_assert_true (((DhJobCheckpoint *)checkpoints->pdata[0])->best);
  g_assert_true (((DhJobCheckpoint *)checkpoints->pdata[1])->last);
  g_assert_cmpuint (((DhJobCheckpoint *)checkpoints->pdata[1])->step, ==, 8);
  g_assert_cmpuint (((DhJobCheckpoint *)checkpoints->pdata[2])->epoch, ==, 2);

  /* Lines, all and filtered. */
  DhTrainingLog *log = dh_training_job_get_log (first);
  const guint lines = dh_training_log_get_n_lines (log);
  g_assert_cmpuint (lines, ==, 8 + 2 + 2 + 2); /* steps, epochs, checkpoints, start and end */
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (log)), ==, lines);
  dh_training_log_set_filter (log, " MIOU  epoch ");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (log)), ==, 2);
  g_autoptr (DhTrainingLine) line = g_list_model_get_item (G_LIST_MODEL (log), 0);
  g_assert_cmpuint (dh_training_line_get_step (line), ==, 4);
  g_assert_cmpint (dh_training_line_get_time (line), >, 1500000000);
  dh_training_log_set_filter (log, NULL);
  g_autofree char *csv = dh_training_log_to_csv (log);
  g_assert_true (g_str_has_prefix (csv, "step,seg,like,post,loss,lr\n1,"));

  /* The same again from what a job remembers. */
  g_autoptr (DhTrainingForm) form = dh_training_job_dup_form (first);
  g_assert_cmpfloat (dh_training_form_get_number (form, DH_TRAINING_SEED), ==, 5);
  g_assert_cmpstr (dh_training_form_get_text (form, DH_TRAINING_DATA), ==, scenes);
  g_autofree char *command = dh_training_job_dup_command (first);
  g_assert_true (g_str_has_prefix (command, "densehybrid train "));

  g_assert_true (wait_for (queue, second, is_log_loaded));
  assert_curve (second, DH_CURVE_TOTAL, 8);

  /* Its folder goes with it where that is wanted. */
  g_autofree char *gone = g_strdup (dh_training_job_get_folder (second));
  dh_training_queue_remove (queue, second, TRUE);
  dh_training_queue_remove (queue, third, FALSE);
  while (g_list_model_get_n_items (G_LIST_MODEL (queue)) > 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (g_file_test (gone, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (dh_training_job_get_folder (third), G_FILE_TEST_IS_DIR));
  close_queue (queue);
}

/* Steps of a log that a kill cut and a resumed process wrote again: each once, the last word counts. */
static guint points, taken_back;
static void
count_points (DhTrainingLog *log, guint kind, gpointer data)
{
  DhTrainingCurve curve;
  if (kind != DH_CURVE_TOTAL)
    return;
  dh_training_log_get_curve (log, kind, &curve);
  taken_back = curve.generation;
  points = curve.n;
}

/* Paused, gone on with, killed, resumed, found again by another queue: it ends as if nothing had been. */
static void
test_life (void)
{
  DhTrainingQueue *queue = open_queue ();
  DhTrainingJob *job = add (queue, "life", 200);
  g_assert_true (wait_for (queue, job, has_stepped));
  dh_training_queue_pause (queue, job);
  g_assert_true (wait_for (queue, job, is_paused));
  const gint64 pid = pid_of (job);
  const guint64 step = dh_training_job_get_progress (job)->step;
  g_assert_cmpuint (step, >, 0);

  /* The studio ends; the process does not. Another one starts, and finds it paused. */
  close_queue (queue);
  g_usleep (300000);
  g_assert_cmpint (kill ((pid_t)pid, 0), ==, 0);
  queue = open_queue ();
  job = find (queue, "life");
  g_assert_nonnull (job);
  g_assert_cmpint (dh_training_job_get_state (job), ==, DH_JOB_PAUSED);
  g_assert_cmpuint (dh_training_job_get_progress (job)->step, ==, step);
  g_assert_true (dh_training_job_get_actions (job) & DH_JOB_CAN_GO_ON);

  /* While it is paused another one may run; then it waits for its turn. */
  DhTrainingJob *other = add (queue, "other", 200);
  g_assert_true (wait_for (queue, other, has_stepped));
  dh_training_queue_go_on (queue, job);
  g_assert_true (wait_for (queue, job, is_queued));
  g_assert_cmpint (dh_training_job_get_state (other), ==, DH_JOB_RUNNING);
  dh_training_queue_cancel (queue, other);
  g_assert_true (wait_for (queue, other, is_cancelled));
  g_assert_true (g_str_has_prefix (dh_training_job_get_sentence (other), "Stopped at step "));
  g_assert_true (wait_for (queue, job, is_running));
  g_assert_cmpint (pid_of (job), ==, pid);

  /* kill -9: lost, and nothing else is. */
  const guint64 before = dh_training_job_get_progress (job)->step;
  while (dh_training_job_get_progress (job)->step < before + 3)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (kill ((pid_t)pid, SIGKILL), ==, 0);
  g_assert_true (wait_for (queue, job, is_lost));
  g_assert_true (g_str_has_prefix (dh_training_job_get_sentence (job), "The process ended without a word at step "));
  g_signal_connect (dh_training_job_get_log (job), "points", G_CALLBACK (count_points), NULL);
  g_assert_true (wait_for (queue, job, is_log_loaded));
  g_assert_cmpuint (points, >, step);
  const guint generation = taken_back;
  dh_training_queue_go_on (queue, job);
  g_assert_true (wait_for (queue, job, is_running));
  g_assert_true (wait_for (queue, job, is_done));
  g_assert_cmpuint (points, ==, 400);
  g_assert_cmpuint (taken_back, >, generation);
  assert_curve (job, DH_CURVE_TOTAL, 400);

  /* The same losses as a run in one go. */
  DhTrainingJob *straight = add (queue, "straight", 200);
  g_assert_true (wait_for (queue, straight, is_done));
  dh_training_job_get_log (straight);
  g_assert_true (wait_for (queue, straight, is_log_loaded));
  DhTrainingCurve a, b;
  dh_training_log_get_curve (dh_training_job_get_log (job), DH_CURVE_TOTAL, &a);
  dh_training_log_get_curve (dh_training_job_get_log (straight), DH_CURVE_TOTAL, &b);
  g_assert_cmpmem (a.y, a.n * sizeof *a.y, b.y, b.n * sizeof *b.y);
  close_queue (queue);
}

/* What ran while nobody watched: it ended meanwhile, or was killed. */
static void
test_unwatched (void)
{
  DhTrainingQueue *queue = open_queue ();
  DhTrainingJob *job = add (queue, "short", 4);
  g_assert_true (wait_for (queue, job, is_running));
  g_autofree char *path = g_strdup (dh_training_job_get_folder (job));
  close_queue (queue);
  DhRunLockInfo info = { 0 };
  for (guint i = 0; i < 600 && !(dh_run_lock_read (path, &info) && info.phase == DH_RUN_DONE && !info.held); i++)
    {
      dh_run_lock_info_clear (&info);
      g_usleep (50000);
    }
  dh_run_lock_info_clear (&info);
  queue = open_queue ();
  g_assert_true (wait_for (queue, find (queue, "short"), is_done));
  g_assert_cmpuint (dh_training_job_get_progress (find (queue, "short"))->step, ==, 8);

  job = add (queue, "killed", 200);
  g_assert_true (wait_for (queue, job, has_stepped));
  const gint64 pid = pid_of (job);
  DhTrainingJob *waiting = add (queue, "waiting", 4);
  g_assert_true (wait_for (queue, waiting, has_id));
  close_queue (queue);
  g_assert_cmpint (kill ((pid_t)pid, SIGKILL), ==, 0);
  queue = open_queue ();
  job = find (queue, "killed");
  g_assert_true (wait_for (queue, job, is_lost));
  /* The queue outlived the program. */
  g_assert_true (wait_for (queue, find (queue, "waiting"), is_done));
  close_queue (queue);
}

/* Data that is not there, a folder that cannot be written. */
static char *last_error;
static void
keep_error (DhTrainingQueue *queue, const char *title, const char *text, gpointer data)
{
  g_free (last_error);
  last_error = g_strdup (text);
}

static gboolean
has_error (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return last_error != NULL;
}

static void
test_failures (void)
{
  g_autoptr (GError) error = NULL;
  DhTrainingQueue *queue = open_queue ();
  g_signal_connect (queue, "error", G_CALLBACK (keep_error), NULL);
  const guint before = g_list_model_get_n_items (G_LIST_MODEL (queue));

  g_autoptr (DhTrainingForm) form = make_form ("", 4);
  dh_training_form_set_text (form, DH_TRAINING_DATA, "");
  g_assert_null (dh_training_queue_add (queue, form, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
  g_clear_error (&error);

  /* Negatives as the data set: no labels. */
  dh_training_form_set_text (form, DH_TRAINING_DATA, negatives);
  dh_training_form_set_text (form, DH_TRAINING_TITLE, "no labels");
  DhTrainingJob *job = dh_training_queue_add (queue, form, NULL, &error);
  g_assert_true (wait_for (queue, job, is_failed));
  g_assert_nonnull (strstr (dh_training_job_get_sentence (job), "negatives"));
  g_assert_true (dh_training_job_get_actions (job) & DH_JOB_CAN_REMOVE);

  dh_training_form_set_text (form, DH_TRAINING_RUNS, "/proc/nowhere");
  g_assert_nonnull (dh_training_queue_add (queue, form, NULL, &error));
  g_assert_true (wait_for (queue, NULL, has_error));
  g_assert_nonnull (strstr (last_error, "/proc/nowhere"));
  while (g_list_model_get_n_items (G_LIST_MODEL (queue)) != before + 1)
    g_main_context_iteration (NULL, TRUE);
  close_queue (queue);
}

/* Memory that a limit keeps from it: told as what it is, with what can be done. */
static void
test_memory (void)
{
  g_autoptr (GError) error = NULL;
  struct rlimit before, limited;
  g_assert_cmpint (getrlimit (RLIMIT_DATA, &before), ==, 0);
  limited = before;
  limited.rlim_cur = 600u << 20;
  DhTrainingQueue *queue = open_queue ();
  g_autoptr (DhTrainingForm) form = make_form ("large", 4);
  dh_training_form_set_text (form, DH_TRAINING_ARCHITECTURE, "ldn121");
  dh_training_form_set_number (form, DH_TRAINING_CROP, 2048);
  g_assert_cmpint (setrlimit (RLIMIT_DATA, &limited), ==, 0);
  g_autofree char *limits = NULL;
  g_assert_true (g_file_get_contents ("/proc/self/limits", &limits, NULL, &error));
  if (strstr (limits, "629145600") == NULL) /* a debugger pretended */
    {
      close_queue (queue);
      g_test_skip ("The limit of memory is not taken");
      return;
    }
  DhTrainingJob *job = dh_training_queue_add (queue, form, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (wait_for (queue, job, is_out_of_memory));
  g_assert_cmpint (setrlimit (RLIMIT_DATA, &before), ==, 0);
  g_test_message ("%s", dh_training_job_get_sentence (job));
  g_assert_true (g_str_has_prefix (dh_training_job_get_sentence (job), "Out of memory at step 1. "));
  close_queue (queue);
}

/* A process that does not even notice that it is asked to stop: it is silent, and a second wish ends it. */
static gboolean
is_silent (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return dh_training_job_get_progress (job)->silent > 0;
}

static void
test_silent (void)
{
  DhTrainingQueue *queue = open_queue ();
  DhTrainingJob *job = add (queue, "silent", 200);
  g_assert_true (wait_for (queue, job, has_stepped));
  const gint64 pid = pid_of (job);
  g_assert_cmpint (kill ((pid_t)pid, SIGSTOP), ==, 0);
  dh_training_queue_cancel (queue, job);
  g_assert_true (wait_for (queue, job, is_silent));
  g_assert_nonnull (strstr (dh_training_job_get_sentence (job), "no sign of life for "));
  dh_training_queue_cancel (queue, job);
  g_assert_true (wait_for (queue, job, is_cancelled));
  g_assert_cmpint (kill ((pid_t)pid, 0), !=, 0);
  close_queue (queue);
}

/* Cancelled while it waits, and while it reads its data. */
static void
test_cancel (void)
{
  DhTrainingQueue *queue = open_queue ();
  DhTrainingJob *runs_now = add (queue, "runs", 200);
  DhTrainingJob *waits = add (queue, "waits", 4);
  g_assert_true (wait_for (queue, waits, has_id));
  g_assert_true (wait_for (queue, runs_now, is_running));
  dh_training_queue_cancel (queue, waits);
  g_assert_true (wait_for (queue, waits, is_cancelled));
  dh_training_queue_cancel (queue, runs_now);
  g_assert_true (wait_for (queue, runs_now, is_cancelled));
  /* And it goes on from there, or begins. */
  dh_training_queue_go_on (queue, waits);
  g_assert_true (wait_for (queue, waits, is_done));
  close_queue (queue);
}

static void
test_form (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTrainingForm) form = dh_training_form_new ();
  g_assert_true (dh_training_form_set_recipe (form, "ldn-streethazards", &error));
  g_assert_cmpuint (dh_training_form_count_changed (form), ==, 0);
  g_assert_cmpfloat (dh_training_form_get_number (form, DH_TRAINING_BATCH), ==, 12);
  dh_training_form_set_number (form, DH_TRAINING_BETA, 0.1);
  dh_training_form_set_number (form, DH_TRAINING_EPOCHS, 4);
  g_autofree char *changes = dh_training_form_dup_changes (form);
  g_assert_cmpstr (changes, ==, "Epochs 40 → 4, β 0.03 → 0.1");
  g_autofree char *problem = dh_training_form_dup_problem (form, DH_TRAINING_DATA);
  g_assert_nonnull (problem);
  dh_training_form_set_text (form, DH_TRAINING_DATA, scenes);
  dh_training_form_set_text (form, DH_TRAINING_NEGATIVES, negatives);
  g_assert_true (dh_training_form_is_complete (form));
  dh_training_form_set_number (form, DH_TRAINING_CROP, 7);
  g_autofree char *crop = dh_training_form_dup_problem (form, DH_TRAINING_CROP);
  g_assert_nonnull (crop);
  dh_training_form_reset (form, DH_TRAINING_CROP);
  g_autofree char *command = dh_training_form_dup_command (form);
  g_assert_nonnull (strstr (command, "densehybrid train ldn-streethazards --exp_name"));
  g_assert_nonnull (strstr (command, "--epochs 4"));
  g_assert_nonnull (strstr (command, "--beta 0.1"));
  g_assert_null (strstr (command, "--batch_size"));

  /* Through a text and back; and what is none leaves the form as it is. */
  g_autofree char *text = dh_training_form_to_text (form);
  g_autoptr (DhTrainingForm) other = dh_training_form_new ();
  g_assert_true (dh_training_form_read_text (other, text, &error));
  g_autofree char *again = dh_training_form_to_text (other);
  g_assert_cmpstr (text, ==, again);
  static const char *const broken[] = { "", "{", "[]", "{\"recipe\": 3}",
                                        "{\"recipe\": \"x\", \"base\": {\"batch\": 0}}" };
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_assert_false (dh_training_form_read_text (other, broken[i], &error));
      g_assert_nonnull (error);
      g_clear_error (&error);
    }
  g_assert_false (dh_training_form_set_recipe (other, "nothing", &error));
  g_autofree char *still = dh_training_form_to_text (other);
  g_assert_cmpstr (text, ==, still);
}

static void
push_steps (DhTrainingLog *log, guint from, guint to, double value)
{
  GArray *events = g_array_new (FALSE, TRUE, sizeof (DhRunEvent));
  for (guint i = from; i <= to; i++)
    {
      const DhRunEvent event = {
        .kind = DH_EVENT_STEP, .step = i, .time = 1.6e9 + i, .is.step = { value, value, NAN, NAN, 1e-4 }
      };
      g_array_append_val (events, event);
    }
  dh_training_log_take_events (log, events, FALSE, FALSE);
}

/* A hundred thousand steps, of which half are done again; the window's thread is never kept for long. */
static void
test_long_log (void)
{
  g_autoptr (DhTrainingLog) log = dh_training_log_new ();
  gint64 worst = 0, begin;
  for (guint i = 0; i < 100; i++)
    {
      begin = g_get_monotonic_time ();
      push_steps (log, 1000 * i + 1, 1000 * (i + 1), 2);
      worst = MAX (worst, g_get_monotonic_time () - begin);
    }
  DhTrainingCurve curve;
  dh_training_log_get_curve (log, DH_CURVE_TOTAL, &curve);
  g_assert_cmpuint (curve.n, ==, 100000);
  g_assert_cmpuint (curve.generation, ==, 0);
  dh_training_log_get_curve (log, DH_CURVE_LIKE, &curve);
  g_assert_cmpuint (curve.n, ==, 0);

  GArray *start = g_array_new (FALSE, TRUE, sizeof (DhRunEvent));
  const DhRunEvent event = { .kind = DH_EVENT_START, .step = 50000, .epoch = 3, .time = NAN };
  g_array_append_val (start, event);
  dh_training_log_take_events (log, start, FALSE, FALSE);
  dh_training_log_get_curve (log, DH_CURVE_TOTAL, &curve);
  g_assert_cmpuint (curve.n, ==, 50000);
  g_assert_cmpuint (curve.generation, ==, 1);
  g_assert_cmpuint (curve.kept, ==, 50000);
  push_steps (log, 50001, 60000, 1);
  dh_training_log_get_curve (log, DH_CURVE_SEG, &curve);
  g_assert_cmpuint (curve.n, ==, 60000);
  for (guint i = 0; i < curve.n; i++)
    {
      g_assert_cmpfloat (curve.x[i], ==, i + 1);
      g_assert_cmpfloat (curve.y[i], ==, i < 50000 ? 2 : 1);
    }

  begin = g_get_monotonic_time ();
  dh_training_log_set_filter (log, "step 5555");
  worst = MAX (worst, g_get_monotonic_time () - begin);
  while (g_main_context_pending (NULL))
    {
      begin = g_get_monotonic_time ();
      g_main_context_iteration (NULL, FALSE);
      worst = MAX (worst, g_get_monotonic_time () - begin);
    }
  /* 5555, 55550 … 55559 twice, and those with it further behind. */
  guint expected = 0;
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = pass ? 50001 : 1; i <= (pass ? 60000 : 100000); i++)
      {
        g_autofree char *text = g_strdup_printf ("%u", i);
        expected += strstr (text, "5555") != NULL;
      }
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (log)), ==, expected);
  g_test_message ("the longest hold of the window's thread: %.1f ms", (double)worst / 1e3);
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **)data = g_object_ref (result);
}

static DhTrainingCheck *
check (DhTrainingForm *form, GCancellable *cancellable, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  dh_training_check_async (form, cancellable, keep_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return dh_training_check_finish (result, error);
}

static gboolean
says (const DhTrainingCheck *found, DhCheckSubject subject, DhCheckLevel level, const char *text)
{
  for (guint i = 0; i < found->lines->len; i++)
    {
      const DhCheckLine *line = found->lines->pdata[i];
      if (line->subject == subject && line->level == level && strstr (line->text, text) != NULL)
        return TRUE;
    }
  for (guint i = 0; i < found->lines->len; i++)
    g_test_message ("%d %d %s", ((DhCheckLine *)found->lines->pdata[i])->subject,
                    ((DhCheckLine *)found->lines->pdata[i])->level, ((DhCheckLine *)found->lines->pdata[i])->text);
  return FALSE;
}

static void
test_check (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTrainingForm) form = make_form ("", 4);
  g_autoptr (DhTrainingCheck) fine = check (form, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (fine->can_start);
  g_assert_cmpuint (fine->training, ==, 6);
  g_assert_cmpuint (fine->validation, ==, 2);
  g_assert_cmpuint (fine->negatives, ==, 3);
  g_assert_cmpuint (fine->steps, ==, 8);
  g_assert_true (says (fine, DH_CHECK_DATA, DH_CHECK_OK, "6 training and 2 validation"));
  g_assert_true (says (fine, DH_CHECK_WEIGHTS, DH_CHECK_WARNING, "No weights to start from"));
  g_assert_cmpuint (fine->memory_needed, >, 1 << 20);
  g_assert_cmpuint (fine->memory_needed, <, 1 << 30);
  g_assert_true (isfinite (fine->seconds) && fine->seconds > 0);

  /* Everything wrong at once, each told. */
  dh_training_form_set_text (form, DH_TRAINING_DATASET, "camvid");
  dh_training_form_set_text (form, DH_TRAINING_NEGATIVES, runs);
  g_mkdir_with_parents (runs, 0755);
  g_autofree char *none = g_build_filename (folder, "tiny.json", NULL);
  dh_training_form_set_text (form, DH_TRAINING_INIT, none);
  dh_training_form_set_text (form, DH_TRAINING_DEVICE, "cuda:77");
  dh_training_form_set_number (form, DH_TRAINING_KEEP, 100000);
  dh_training_form_set_text (form, DH_TRAINING_ARCHITECTURE, "ldn121");
  g_autoptr (DhTrainingCheck) bad = check (form, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (bad->can_start);
  g_assert_true (says (bad, DH_CHECK_DATA, DH_CHECK_ERROR, scenes));
  g_assert_true (says (bad, DH_CHECK_NEGATIVES, DH_CHECK_ERROR, runs));
  g_assert_true (says (bad, DH_CHECK_WEIGHTS, DH_CHECK_ERROR, "tiny.json"));
  g_assert_true (says (bad, DH_CHECK_DEVICE, DH_CHECK_ERROR, "cuda"));
  g_assert_true (says (bad, DH_CHECK_DISK, DH_CHECK_ERROR, "make room or keep fewer"));

  /* More memory than any machine has, and what would do. */
  g_autoptr (DhTrainingForm) large = make_form ("", 4);
  dh_training_form_set_number (large, DH_TRAINING_CROP, 8192);
  dh_training_form_set_number (large, DH_TRAINING_BATCH, 1000);
  g_autoptr (DhTrainingCheck) too_large = check (large, NULL, &error);
  g_assert_true (says (too_large, DH_CHECK_MEMORY, DH_CHECK_ERROR, "Needs about "));
  dh_training_form_set_number (large, DH_TRAINING_BATCH, 0);
  g_autoptr (DhTrainingCheck) senseless = check (large, NULL, &error);
  g_assert_true (says (senseless, DH_CHECK_FORM, DH_CHECK_ERROR, "Batch"));

  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  g_assert_null (check (form, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  folder = g_dir_make_tmp ("dh-jobs-XXXXXX", &error);
  g_assert_no_error (error);
  g_setenv ("XDG_DATA_HOME", folder, TRUE);
  g_test_init (&argc, &argv, NULL);
  scenes = g_build_filename (folder, "scenes", NULL);
  negatives = g_build_filename (scenes, "negatives", NULL);
  runs = g_build_filename (folder, "runs", NULL);
  recipe_path = g_build_filename (folder, "tiny.json", NULL);
  g_assert_true (g_file_set_contents (recipe_path, recipe_json, -1, &error));
  const DhSceneCounts counts = { .training = 6, .validation = 2, .test = 1, .negatives = 3 };
  dh_scene_tree_write (scenes, 3, &counts, 128, 64, NULL, NULL, &error);
  g_assert_no_error (error);
  g_test_add_func ("/jobs/form", test_form);
  g_test_add_func ("/jobs/long-log", test_long_log);
  g_test_add_func ("/jobs/check", test_check);
  if (g_getenv ("DH_PROGRAM") != NULL)
    {
      g_test_add_func ("/jobs/queue", test_queue);
      g_test_add_func ("/jobs/life", test_life);
      g_test_add_func ("/jobs/unwatched", test_unwatched);
      g_test_add_func ("/jobs/failures", test_failures);
      g_test_add_func ("/jobs/cancel", test_cancel);
      g_test_add_func ("/jobs/silent", test_silent);
      /* The memory that a sanitizer takes is beyond all limits. */
      if (strstr (g_getenv ("DH_PROGRAM"), "asan") == NULL)
        g_test_add_func ("/jobs/memory", test_memory);
    }
  const int status = g_test_run ();
  tree_remove (folder);
  return status;
}

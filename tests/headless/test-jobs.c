#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "dh-error.h"
#include "dh-run-config.h"
#include "dh-run-lock.h"
#include "dh-run-log.h"
#include "dh-training-job-private.h"
#include "jobs.h"
#include "patience.h"

/* The queue of trainings with real processes. */

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
note_end (DhTrainingQueue *queue, DhTrainingJob *job, GString *ends)
{
  g_string_append_printf (ends, "%s ", dh_training_job_get_title (job));
}

static gboolean
has_begun (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return dh_training_job_get_state (job) != DH_JOB_QUEUED;
}

static gboolean
can_move_up (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return (dh_training_job_get_actions (job) & DH_JOB_CAN_MOVE_UP) != 0;
}

static gboolean
cannot_move_up (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return !can_move_up (queue, job);
}

/* One after the other, in the order that was asked for; each with its curves, lines and checkpoints. */
static void
test_queue (void)
{
  DhTrainingQueue *queue = jobs_open_queue ();
  g_autoptr (GString) ends = g_string_new (NULL);
  g_signal_connect (queue, "ended", G_CALLBACK (note_end), ends);
  /* What is asked for is asked for while another one runs. */
  g_autoptr (DhTrainingJob) long_one = g_object_ref (jobs_add (queue, "long", JOBS_ENDLESS));
  g_assert_true (jobs_wait_for (queue, long_one, is_running));
  g_autoptr (DhTrainingJob) first = g_object_ref (jobs_add (queue, "first", 4));
  g_autoptr (DhTrainingJob) second = g_object_ref (jobs_add (queue, "second", 4));
  /* As a window does that shows what was just added. */
  dh_training_job_get_log (second);
  g_autoptr (DhTrainingJob) third = g_object_ref (jobs_add (queue, "third", 4));
  g_assert_cmpint (dh_training_job_get_state (third), ==, DH_JOB_QUEUED);
  g_assert_true (jobs_wait_for (queue, third, jobs_has_id));
  g_assert_cmpint (dh_training_queue_count (queue, DH_JOB_RUNNING), ==, 1);
  g_assert_true (can_move_up (queue, third) && can_move_up (queue, second));
  g_assert_false (can_move_up (queue, first));
  dh_training_queue_move (queue, third, -1);
  dh_training_queue_move (queue, third, -1);
  g_assert_true (jobs_wait_for (queue, third, cannot_move_up));
  dh_training_queue_move (queue, third, 1);
  g_assert_true (jobs_wait_for (queue, third, can_move_up));
  dh_training_queue_cancel (queue, long_one);

  g_assert_true (jobs_wait_for (queue, long_one, is_cancelled));
  g_assert_true (jobs_wait_for (queue, second, is_done));
  g_assert_true (jobs_wait_for (queue, first, is_done) && jobs_wait_for (queue, third, is_done));
  g_assert_cmpstr (ends->str, ==, "long first third second ");
  dh_training_queue_remove (queue, long_one, TRUE);

  g_assert_true (jobs_wait_for (queue, first, is_log_loaded));
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
  g_assert_cmpstr (dh_training_form_get_text (form, DH_TRAINING_DATA), ==, jobs_scenes);
  g_autofree char *command = dh_training_job_dup_command (first);
  g_assert_true (g_str_has_prefix (command, "densehybrid train "));

  g_assert_true (jobs_wait_for (queue, second, is_log_loaded));
  assert_curve (second, DH_CURVE_TOTAL, 8);

  /* Its folder goes with it where that is wanted. */
  g_autofree char *gone = g_strdup (dh_training_job_get_folder (second));
  dh_training_queue_remove (queue, second, TRUE);
  dh_training_queue_remove (queue, third, FALSE);
  while (g_list_model_get_n_items (G_LIST_MODEL (queue)) > 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (g_file_test (gone, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (dh_training_job_get_folder (third), G_FILE_TEST_IS_DIR));
  jobs_close_queue (queue);
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

/* Of a process that stands still: in the middle of it, with steps behind its last checkpoint. */
static gboolean
is_to_be_killed (DhTrainingJob *job)
{
  g_autoptr (GArray) events = NULL;
  DhRunLockInfo info;
  gboolean again, more;
  g_autoptr (DhRunLog) log = dh_run_log_new (dh_training_job_get_folder (job));
  guint64 step = 0, steps = dh_training_job_get_progress (job)->steps;
  do
    {
      g_clear_pointer (&events, g_array_unref);
      events = dh_run_log_read (log, &again, &more);
      if (events->len > 0)
        step = g_array_index (events, DhRunEvent, events->len - 1).step;
    }
  while (more);
  g_assert_true (dh_run_lock_read (dh_training_job_get_folder (job), &info));
  const gboolean result = info.held && info.phase == DH_RUN_STEPPING && (gint64)step > info.checkpoint && step < steps;
  dh_run_lock_info_clear (&info);
  return result;
}

/* Paused, gone on with, killed, resumed, found again by another queue: it ends as if nothing had been. */
static void
test_life (void)
{
  DhTrainingQueue *queue = jobs_open_queue ();
  DhTrainingJob *job = jobs_add (queue, "life", 200);
  g_assert_true (jobs_wait_for (queue, job, jobs_has_stepped));
  dh_training_queue_pause (queue, job);
  g_assert_true (jobs_wait_for (queue, job, is_paused));
  const gint64 pid = jobs_pid_of (job);
  const guint64 step = dh_training_job_get_progress (job)->step;
  g_assert_cmpuint (step, >, 0);

  /* The studio ends; the process does not. Another one starts, and finds it paused. */
  jobs_close_queue (queue);
  g_usleep (300000);
  queue = jobs_open_queue ();
  job = jobs_find (queue, "life");
  g_assert_nonnull (job);
  g_assert_cmpint (dh_training_job_get_state (job), ==, DH_JOB_PAUSED);
  g_assert_cmpint (jobs_pid_of (job), ==, pid);
  g_assert_cmpuint (dh_training_job_get_progress (job)->step, ==, step);
  g_assert_true (dh_training_job_get_actions (job) & DH_JOB_CAN_GO_ON);

  /* While it is paused another one may run; then it waits for its turn. */
  DhTrainingJob *other = jobs_add (queue, "other", JOBS_ENDLESS);
  g_assert_true (jobs_wait_for (queue, other, jobs_has_stepped));
  dh_training_queue_go_on (queue, job);
  g_assert_true (jobs_wait_for (queue, job, is_queued));
  g_assert_cmpint (dh_training_job_get_state (other), ==, DH_JOB_RUNNING);
  dh_training_queue_cancel (queue, other);
  g_assert_true (jobs_wait_for (queue, other, is_cancelled));
  g_assert_true (g_str_has_prefix (dh_training_job_get_sentence (other), "Stopped at step "));
  g_assert_true (jobs_wait_for (queue, job, is_running));
  g_assert_cmpint (jobs_pid_of (job), ==, pid);

  /* kill -9: lost, and nothing else is. */
  for (;;)
    {
      g_assert_cmpint (kill ((pid_t)pid, SIGSTOP), ==, 0);
      if (is_to_be_killed (job))
        break;
      g_assert_cmpint (kill ((pid_t)pid, SIGCONT), ==, 0);
      g_usleep (10000);
    }
  g_assert_cmpint (kill ((pid_t)pid, SIGKILL), ==, 0);
  g_assert_true (jobs_wait_for (queue, job, is_lost));
  g_assert_true (g_str_has_prefix (dh_training_job_get_sentence (job), "The process ended without a word at step "));
  g_signal_connect (dh_training_job_get_log (job), "points", G_CALLBACK (count_points), NULL);
  g_assert_true (jobs_wait_for (queue, job, is_log_loaded));
  g_assert_cmpuint (points, >, step);
  const guint generation = taken_back;
  dh_training_queue_go_on (queue, job);
  g_assert_true (jobs_wait_for (queue, job, is_done));
  g_assert_cmpuint (points, ==, 400);
  g_assert_cmpuint (taken_back, >, generation);
  assert_curve (job, DH_CURVE_TOTAL, 400);

  /* The same losses as a run in one go. */
  DhTrainingJob *straight = jobs_add (queue, "straight", 200);
  g_assert_true (jobs_wait_for (queue, straight, is_done));
  dh_training_job_get_log (straight);
  g_assert_true (jobs_wait_for (queue, straight, is_log_loaded));
  DhTrainingCurve a, b;
  dh_training_log_get_curve (dh_training_job_get_log (job), DH_CURVE_TOTAL, &a);
  dh_training_log_get_curve (dh_training_job_get_log (straight), DH_CURVE_TOTAL, &b);
  g_assert_cmpmem (a.y, a.n * sizeof *a.y, b.y, b.n * sizeof *b.y);
  jobs_close_queue (queue);
}

static guint64 steps_before;
static gboolean
has_stepped_on (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return dh_training_job_get_progress (job)->step > steps_before;
}

/* In the precision that the form says, which the run keeps when it is gone on with; row, folder and log tell it. */
static void
test_precision (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = dh_device_open ("cpu", 1, NULL);
  if (device == NULL || !dh_device_trains_in (device, DH_PRECISION_BF16))
    {
      g_test_skip ("this processor does not multiply bfloat16");
      return;
    }
  DhTrainingQueue *queue = jobs_open_queue ();
  g_autoptr (DhTrainingForm) form = jobs_make_form ("rounded", JOBS_ENDLESS);
  dh_training_form_set_text (form, DH_TRAINING_DEVICE, "cpu");
  dh_training_form_set_text (form, DH_TRAINING_PRECISION, "bf16");
  g_autoptr (DhTrainingJob) job = g_object_ref (dh_training_queue_add (queue, form, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (dh_training_job_get_precision (job), ==, "bf16");
  g_autofree char *command = dh_training_job_dup_command (job);
  g_assert_nonnull (strstr (command, " --device cpu --precision bf16"));
  for (guint i = steps_before = 0; i < 2; i++)
    {
      g_assert_true (jobs_wait_for (queue, job, has_stepped_on));
      dh_training_queue_cancel (queue, job);
      g_assert_true (jobs_wait_for (queue, job, is_cancelled));
      g_autoptr (DhRunConfig) config = dh_run_config_read (dh_training_job_get_folder (job), &error);
      g_assert_no_error (error);
      g_assert_cmpint (config->precision, ==, DH_PRECISION_BF16);
      g_assert_cmpstr (dh_training_job_get_precision (job), ==, "bf16");
      steps_before = dh_training_job_get_progress (job)->step;
      if (i == 0)
        dh_training_queue_go_on (queue, job);
    }
  DhTrainingLog *log = dh_training_job_get_log (job);
  g_assert_true (jobs_wait_for (queue, job, is_log_loaded));
  dh_training_log_set_filter (log, "start bf16");
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (log)), ==, 2);
  g_autofree char *facts = dh_training_job_dup_facts (job);
  g_assert_cmpstr (facts, ==, "rounded\ncpu · bf16");
  jobs_close_queue (queue);

  g_autoptr (DhTrainingForm) again = dh_training_job_dup_form (job);
  g_assert_cmpstr (dh_training_form_get_text (again, DH_TRAINING_PRECISION), ==, "bf16");

  /* Of a training that the command line began its folder says it. */
  const char *path = dh_training_job_get_folder (job);
  g_autoptr (DhTrainingJob) foreign = dh_training_job_new (path);
  const DhJobRow row = { .state = (char *)"cancelled", .title = (char *)"", .folder = (char *)path };
  DhJobSnapshot *snapshot = g_new0 (DhJobSnapshot, 1);
  snapshot->row = dh_job_row_copy (&row);
  snapshot->checkpoints = g_ptr_array_new ();
  dh_training_job_take_snapshot (foreign, snapshot, 0, 0);
  g_autoptr (DhTrainingForm) told = dh_training_job_dup_form (foreign);
  g_assert_nonnull (told);
  g_assert_cmpstr (dh_training_form_get_text (told, DH_TRAINING_PRECISION), ==, "bf16");
}

static gboolean
has_ended (const char *folder)
{
  DhRunLockInfo info;
  const gboolean ended = dh_run_lock_read (folder, &info) && info.phase == DH_RUN_DONE && !info.held;
  dh_run_lock_info_clear (&info);
  return ended;
}

/* What ran while nobody watched: it ended meanwhile, or was killed. */
static void
test_unwatched (void)
{
  DhTrainingQueue *queue = jobs_open_queue ();
  DhTrainingJob *job = jobs_add (queue, "short", 4);
  g_assert_true (jobs_wait_for (queue, job, has_begun));
  g_autofree char *path = g_strdup (dh_training_job_get_folder (job));
  jobs_close_queue (queue);
  g_assert_true (patience_until (has_ended (path)));
  queue = jobs_open_queue ();
  g_assert_true (jobs_wait_for (queue, jobs_find (queue, "short"), is_done));
  g_assert_cmpuint (dh_training_job_get_progress (jobs_find (queue, "short"))->step, ==, 8);

  job = jobs_add (queue, "killed", JOBS_ENDLESS);
  g_assert_true (jobs_wait_for (queue, job, jobs_has_stepped));
  const gint64 pid = jobs_pid_of (job);
  DhTrainingJob *waiting = jobs_add (queue, "waiting", 4);
  g_assert_true (jobs_wait_for (queue, waiting, jobs_has_id));
  jobs_close_queue (queue);
  g_assert_cmpint (kill ((pid_t)pid, SIGKILL), ==, 0);
  queue = jobs_open_queue ();
  job = jobs_find (queue, "killed");
  g_assert_true (jobs_wait_for (queue, job, is_lost));
  /* The queue outlived the program. */
  g_assert_true (jobs_wait_for (queue, jobs_find (queue, "waiting"), is_done));
  jobs_close_queue (queue);
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

/* One order, a job for each seed: each with a name, a folder and a form of its own, in their order, also while the
 * first of them are known by the keeper and the others are not yet. */
#define SEEDS 8
static void
test_seeds (void)
{
  g_autoptr (GError) error = NULL;
  DhTrainingQueue *queue = jobs_open_queue ();
  g_autoptr (DhTrainingJob) long_one = g_object_ref (jobs_add (queue, "long", JOBS_ENDLESS));
  g_assert_true (jobs_wait_for (queue, long_one, is_running));
  g_autoptr (DhTrainingForm) form = jobs_make_form ("ours", 4);
  dh_training_form_set_number (form, DH_TRAINING_SEED, 0);
  dh_training_form_set_number (form, DH_TRAINING_TRAININGS, SEEDS);
  DhTrainingJob *first = dh_training_queue_add (queue, form, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dh_training_queue_count (queue, DH_JOB_QUEUED), ==, SEEDS);
  for (guint i = 0; i < SEEDS; i++)
    {
      g_autoptr (DhTrainingJob) job = g_list_model_get_item (G_LIST_MODEL (queue), 1 + i);
      g_autofree char *title = g_strdup_printf ("ours-s%u", i);
      g_assert_cmpstr (dh_training_job_get_title (job), ==, title);
      g_assert_cmpstr (dh_training_job_get_label (job), ==, title);
      g_assert_true (g_str_has_suffix (dh_training_job_get_folder (job), title));
      g_assert_true (jobs_wait_for (queue, job, jobs_has_id));
      g_autoptr (DhTrainingForm) own = dh_training_job_dup_form (job);
      g_assert_cmpfloat (dh_training_form_get_number (own, DH_TRAINING_SEED), ==, i);
      g_assert_cmpfloat (dh_training_form_get_number (own, DH_TRAINING_TRAININGS), ==, 1);
      g_autofree char *command = dh_training_job_dup_command (job), *seed = g_strdup_printf (" --seed %u ", i);
      g_assert_nonnull (strstr (command, seed));
      g_assert_true (g_str_has_prefix (command, "densehybrid train "));
    }
  g_assert_cmpstr (dh_training_job_get_title (first), ==, "ours-s0");
  g_autoptr (DhTrainingJob) kept = g_object_ref (first);
  for (guint i = 1; i < SEEDS; i++)
    {
      g_autofree char *title = g_strdup_printf ("ours-s%u", i);
      dh_training_queue_cancel (queue, jobs_find (queue, title));
    }
  dh_training_queue_cancel (queue, long_one);
  g_assert_true (jobs_wait_for (queue, kept, is_done));
  g_autofree char *config_folder = g_strdup (dh_training_job_get_folder (kept));
  g_autoptr (DhRunConfig) config = dh_run_config_read (config_folder, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (config->seed, ==, 0);
  jobs_close_queue (queue);
}

static void
test_failures (void)
{
  g_autoptr (GError) error = NULL;
  DhTrainingQueue *queue = jobs_open_queue ();
  g_signal_connect (queue, "error", G_CALLBACK (keep_error), NULL);
  const guint before = g_list_model_get_n_items (G_LIST_MODEL (queue));

  g_autoptr (DhTrainingForm) form = jobs_make_form ("", 4);
  dh_training_form_set_text (form, DH_TRAINING_DATA, "");
  g_assert_null (dh_training_queue_add (queue, form, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
  g_clear_error (&error);

  /* Negatives as the data set: no labels. */
  dh_training_form_set_text (form, DH_TRAINING_DATA, jobs_negatives);
  dh_training_form_set_text (form, DH_TRAINING_TITLE, "no labels");
  DhTrainingJob *job = dh_training_queue_add (queue, form, NULL, &error);
  g_assert_true (jobs_wait_for (queue, job, is_failed));
  g_assert_nonnull (strstr (dh_training_job_get_sentence (job), "negatives"));
  g_assert_true (dh_training_job_get_actions (job) & DH_JOB_CAN_REMOVE);

  dh_training_form_set_text (form, DH_TRAINING_RUNS, "/proc/nowhere");
  g_assert_nonnull (dh_training_queue_add (queue, form, NULL, &error));
  g_assert_true (jobs_wait_for (queue, NULL, has_error));
  g_assert_nonnull (strstr (last_error, "/proc/nowhere"));
  while (g_list_model_get_n_items (G_LIST_MODEL (queue)) != before + 1)
    g_main_context_iteration (NULL, TRUE);
  jobs_close_queue (queue);
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
  DhTrainingQueue *queue = jobs_open_queue ();
  g_autoptr (DhTrainingForm) form = jobs_make_form ("large", 4);
  dh_training_form_set_text (form, DH_TRAINING_ARCHITECTURE, "ldn121");
  dh_training_form_set_number (form, DH_TRAINING_CROP, 2048);
  g_assert_cmpint (setrlimit (RLIMIT_DATA, &limited), ==, 0);
  g_autofree char *limits = NULL;
  g_assert_true (g_file_get_contents ("/proc/self/limits", &limits, NULL, &error));
  if (strstr (limits, "629145600") == NULL) /* a debugger pretended */
    {
      jobs_close_queue (queue);
      g_test_skip ("The limit of memory is not taken");
      return;
    }
  DhTrainingJob *job = dh_training_queue_add (queue, form, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (jobs_wait_for (queue, job, is_out_of_memory));
  g_assert_cmpint (setrlimit (RLIMIT_DATA, &before), ==, 0);
  g_test_message ("%s", dh_training_job_get_sentence (job));
  g_assert_true (g_str_has_prefix (dh_training_job_get_sentence (job), "Out of memory at step 1. "));
  jobs_close_queue (queue);
}

/* A process that does not even notice that it is asked to stop: it is silent, and a second wish ends it. */
static gboolean
is_silent (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return dh_training_job_get_progress (job)->silent > 0;
}

/* A second wish counts as such when the first has had its time. */
static gboolean
is_cancelled_again (DhTrainingQueue *queue, DhTrainingJob *job)
{
  if (is_silent (queue, job))
    dh_training_queue_cancel (queue, job);
  return is_cancelled (queue, job);
}

static void
test_silent (void)
{
  DhTrainingQueue *queue = jobs_open_queue ();
  DhTrainingJob *job = jobs_add (queue, "silent", JOBS_ENDLESS);
  g_assert_true (jobs_wait_for (queue, job, jobs_has_stepped));
  const gint64 pid = jobs_pid_of (job);
  g_assert_cmpint (kill ((pid_t)pid, SIGSTOP), ==, 0);
  dh_training_queue_cancel (queue, job);
  g_assert_true (jobs_wait_for (queue, job, is_silent));
  g_assert_nonnull (strstr (dh_training_job_get_sentence (job), "no sign of life for "));
  g_assert_true (jobs_wait_for (queue, job, is_cancelled_again));
  g_assert_cmpint (kill ((pid_t)pid, 0), !=, 0);
  jobs_close_queue (queue);
}

/* Cancelled while it waits, and while it reads its data. */
static void
test_cancel (void)
{
  DhTrainingQueue *queue = jobs_open_queue ();
  DhTrainingJob *runs_now = jobs_add (queue, "runs", JOBS_ENDLESS);
  DhTrainingJob *waits = jobs_add (queue, "waits", 4);
  g_assert_true (jobs_wait_for (queue, waits, jobs_has_id));
  g_assert_true (jobs_wait_for (queue, runs_now, is_running));
  dh_training_queue_cancel (queue, waits);
  g_assert_true (jobs_wait_for (queue, waits, is_cancelled));
  dh_training_queue_cancel (queue, runs_now);
  g_assert_true (jobs_wait_for (queue, runs_now, is_cancelled));
  /* And it goes on from there, or begins. */
  dh_training_queue_go_on (queue, waits);
  g_assert_true (jobs_wait_for (queue, waits, is_done));
  jobs_close_queue (queue);
}

int
main (int argc, char **argv)
{
  jobs_begin (&argc, &argv);
  if (g_getenv ("DH_PROGRAM") != NULL)
    {
      g_test_add_func ("/jobs/queue", test_queue);
      g_test_add_func ("/jobs/life", test_life);
      g_test_add_func ("/jobs/precision", test_precision);
      g_test_add_func ("/jobs/unwatched", test_unwatched);
      g_test_add_func ("/jobs/seeds", test_seeds);
      g_test_add_func ("/jobs/failures", test_failures);
      g_test_add_func ("/jobs/cancel", test_cancel);
      g_test_add_func ("/jobs/silent", test_silent);
      /* The memory that a sanitizer takes is beyond all limits. */
      if (strstr (g_getenv ("DH_PROGRAM"), "asan") == NULL)
        g_test_add_func ("/jobs/memory", test_memory);
    }
  return jobs_end ();
}

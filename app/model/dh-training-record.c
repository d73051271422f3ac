#include "dh-training-record.h"
#include <glib/gi18n.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "dh-run-config.h"
#include "dh-training-form-private.h"

/* A process needs a moment from its start to its lock. */
#define SECONDS_TO_LOCK 20
#define SECONDS_TO_WAKE 10
/* Of a process that renews its lock every two. */
#define SILENT_SECONDS 15

DhTrainingRecord *
dh_training_record_new (DhJobRow *row)
{
  DhTrainingRecord *record = g_new0 (DhTrainingRecord, 1);
  record->row = row;
  record->validation_seconds = record->validation_steps = NAN;
  record->checkpoints = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_job_checkpoint_free);
  return record;
}

void
dh_training_record_free (DhTrainingRecord *record)
{
  dh_job_row_free (record->row);
  g_clear_pointer (&record->log, dh_run_log_free);
  g_clear_pointer (&record->watched, dh_run_log_free);
  g_ptr_array_unref (record->checkpoints);
  g_free (record->why);
  g_free (record->refused);
  g_free (record->selection);
  g_free (record->label);
  g_free (record->data);
  g_free (record);
}

/* What was read from the log since is newer than what the database has. */
void
dh_training_record_take_row (DhTrainingRecord *record, DhJobRow *row)
{
  const DhJobRow *old = record->row;
  if (record->log != NULL)
    {
      row->step = old->step;
      row->steps = old->steps;
      row->epochs = old->epochs;
      row->seconds = old->seconds;
      row->step_seconds = old->step_seconds;
      row->best_epoch = old->best_epoch;
      row->miou = old->miou;
      row->ap = old->ap;
      row->auroc = old->auroc;
      row->fpr95 = old->fpr95;
      g_free (row->device);
      row->device = g_strdup (old->device);
      g_free (row->precision);
      row->precision = g_strdup (old->precision);
    }
  dh_job_row_free (record->row);
  record->row = row;
}

gboolean
dh_training_record_is (const DhTrainingRecord *record, DhJobState state)
{
  return g_strcmp0 (record->row->state, dh_job_state_id (state)) == 0;
}

gboolean
dh_training_record_is_active (const DhTrainingRecord *record)
{
  return dh_training_record_is (record, DH_JOB_RUNNING) || dh_training_record_is (record, DH_JOB_PAUSED)
         || (dh_training_record_is (record, DH_JOB_QUEUED) && record->alive);
}

static void
reap (DhTrainingRecord *record)
{
  int status;
  if (record->child == 0 || record->child_ended)
    return;
  const pid_t found = waitpid ((pid_t)record->child, &status, WNOHANG);
  if (found == 0)
    return;
  record->child_ended = TRUE;
  record->child_status = found > 0 ? status : -1;
}

static DhJobPhase
phase_of (DhRunPhase phase, gboolean stopping)
{
  if (stopping && phase != DH_RUN_PAUSED)
    return DH_JOB_STOPPING;
  switch (phase)
    {
    case DH_RUN_STARTING:
      return DH_JOB_STARTING;
    case DH_RUN_STEPPING:
      return DH_JOB_STEPPING;
    case DH_RUN_VALIDATING:
      return DH_JOB_VALIDATING;
    case DH_RUN_PAUSED:
      return DH_JOB_WAITING;
    default:
      return DH_JOB_STOPPING;
    }
}

static DhJobState
end_of (const DhRunLockInfo *info, char **why)
{
  *why = NULL;
  if (info->why != NULL && !g_str_equal (info->why, "done") && !g_str_equal (info->why, "stopped"))
    *why = g_strdup (info->why);
  return info->phase == DH_RUN_DONE            ? DH_JOB_DONE
         : info->phase == DH_RUN_STOPPED       ? DH_JOB_CANCELLED
         : info->phase == DH_RUN_OUT_OF_MEMORY ? DH_JOB_OUT_OF_MEMORY
                                               : DH_JOB_FAILED;
}

/* Whether what the lock says is of the process that was started last, not of one before. */
static gboolean
is_ours (const DhTrainingRecord *record, const DhRunLockInfo *info)
{
  if (info->phase == DH_N_RUN_PHASES || info->started + 1 < record->row->launched)
    return FALSE;
  return record->row->pid == 0 || info->pid == record->row->pid;
}

static gboolean
may_be_starting (const DhTrainingRecord *record)
{
  if (record->child != 0)
    return !record->child_ended;
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  return now - record->row->launched < SECONDS_TO_LOCK
         && (record->row->pid == 0 || kill ((pid_t)record->row->pid, 0) == 0);
}

void
dh_training_record_look (DhTrainingRecord *record)
{
  DhRunLockInfo info = { 0 };
  DhJobState state;
  g_clear_pointer (&record->why, g_free);
  reap (record);
  dh_run_lock_read (record->row->folder, &info);
  record->alive = info.held;
  record->reachable = info.reachable;
  record->lock_pid = info.pid;
  const gint64 silence = info.beat > 0 ? g_get_real_time () / G_USEC_PER_SEC - info.beat : 0;
  record->silent = info.held && silence > SILENT_SECONDS ? silence : 0;
  if (info.held)
    {
      /* Told to go on, it looks up only now and then; meanwhile no other is to start beside it. */
      if (info.phase != DH_RUN_PAUSED)
        record->continued_at = 0;
      const gint64 since = g_get_monotonic_time () - record->continued_at;
      const gboolean wakes = record->continued_at != 0 && since < SECONDS_TO_WAKE * G_USEC_PER_SEC;
      const gboolean paused = info.phase == DH_RUN_PAUSED && !wakes;
      record->phase = phase_of (info.phase, record->stopped_at != 0);
      /* One that waits for its turn to go on. */
      state = paused && dh_training_record_is (record, DH_JOB_QUEUED) ? DH_JOB_QUEUED
              : paused                                                ? DH_JOB_PAUSED
                                                                      : DH_JOB_RUNNING;
    }
  else if (dh_training_record_is (record, DH_JOB_QUEUED))
    {
      record->phase = DH_JOB_WAITING;
      state = DH_JOB_QUEUED;
    }
  else if (record->refused != NULL)
    {
      state = DH_JOB_FAILED;
      record->why = g_strdup (record->refused);
    }
  else if (may_be_starting (record))
    {
      /* Or is about to be gone. */
      const gboolean ends = record->stopped_at != 0 || (is_ours (record, &info) && info.phase >= DH_RUN_DONE);
      record->phase = ends ? DH_JOB_STOPPING : DH_JOB_STARTING;
      state = DH_JOB_RUNNING;
    }
  else if (is_ours (record, &info) && info.phase >= DH_RUN_DONE)
    state = end_of (&info, &record->why);
  else
    state = dh_training_record_diagnose (record, is_ours (record, &info) ? &info : NULL, &record->why);
  if (state > DH_JOB_PAUSED)
    record->phase = DH_JOB_WAITING;
  record->found = state;
  dh_run_lock_info_clear (&info);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double
median (const DhTrainingRecord *record)
{
  const guint n = MIN (record->n_steps, G_N_ELEMENTS (record->last_steps));
  double sorted[G_N_ELEMENTS (record->last_steps)];
  if (n == 0)
    return NAN;
  memcpy (sorted, record->last_steps, n * sizeof *sorted);
  qsort (sorted, n, sizeof *sorted, compare);
  return sorted[n / 2];
}

static gboolean
is_better (DhTrainingRecord *record, const DhRunEvent *event)
{
  if (record->selection == NULL)
    {
      g_autoptr (DhRunConfig) config = dh_run_config_read (record->row->folder, NULL);
      record->selection = g_strdup (config != NULL ? config->recipe->selection : "miou");
    }
  const gboolean ap = g_str_equal (record->selection, "ap");
  const double value = ap ? event->is.epoch.ap : event->is.epoch.miou;
  const double best = ap ? record->row->ap : record->row->miou;
  return g_str_equal (record->selection, "last") || record->row->best_epoch == 0 || value > best;
}

static void
take_event (DhTrainingRecord *record, const DhRunEvent *event)
{
  DhJobRow *row = record->row;
  row->step = (gint64)MIN (event->step, (guint64)G_MAXINT64);
  if (!isnan (event->seconds) && (event->kind == DH_EVENT_STEP || event->kind == DH_EVENT_EPOCH))
    row->seconds += event->seconds;
  switch (event->kind)
    {
    case DH_EVENT_START:
      row->steps = isnan (event->is.start.steps) ? 0 : (gint64)CLAMP (event->is.start.steps, 0, 1e15);
      row->epochs = isnan (event->is.start.epochs) ? 0 : (gint64)CLAMP (event->is.start.epochs, 0, 1e9);
      record->validation_steps = event->is.start.validation_steps;
      record->n_steps = 0;
      if (event->text != NULL)
        {
          g_free (row->device);
          row->device = g_strdup (event->text);
        }
      if (event->precision != NULL)
        {
          g_free (row->precision);
          row->precision = g_strdup (event->precision);
        }
      break;
    case DH_EVENT_STEP:
      if (!isnan (event->seconds))
        record->last_steps[record->n_steps++ % G_N_ELEMENTS (record->last_steps)] = event->seconds;
      break;
    case DH_EVENT_SKIP:
      record->skipped++;
      break;
    case DH_EVENT_EPOCH:
      record->validation_seconds = event->seconds;
      record->validated = (guint)MIN (event->epoch, (guint64)G_MAXUINT);
      if (is_better (record, event))
        {
          row->best_epoch = (gint64)MIN (event->epoch, (guint64)G_MAXINT64);
          row->miou = event->is.epoch.miou;
          row->ap = event->is.epoch.ap;
          row->auroc = event->is.epoch.auroc;
          row->fpr95 = event->is.epoch.fpr95;
        }
      break;
    default:
      break;
    }
}

static void
forget (DhTrainingRecord *record)
{
  DhJobRow *row = record->row;
  row->step = row->best_epoch = 0;
  row->seconds = 0;
  row->miou = row->ap = row->auroc = row->fpr95 = row->step_seconds = NAN;
  record->n_steps = record->skipped = record->validated = 0;
  record->validation_seconds = record->validation_steps = NAN;
}

gboolean
dh_training_record_follow (DhTrainingRecord *record)
{
  gboolean again, more, found = FALSE;
  if (record->log == NULL)
    {
      record->log = dh_run_log_new (record->row->folder);
      forget (record);
    }
  do
    {
      g_autoptr (GArray) events = dh_run_log_read (record->log, &again, &more);
      if (again)
        forget (record);
      for (guint i = 0; i < events->len; i++)
        take_event (record, &g_array_index (events, DhRunEvent, i));
      found = found || again || events->len > 0;
    }
  while (more);
  if (found)
    record->row->step_seconds = median (record);
  return found;
}

/* With the validations to come: as long as the last one, before that by its work. NaN: not known. */
static double
seconds_left (const DhTrainingRecord *record)
{
  const DhJobRow *row = record->row;
  const double validations = (double)(row->epochs - MIN (row->epochs, record->validated));
  const double one =
      isnan (record->validation_seconds) ? record->validation_steps * row->step_seconds : record->validation_seconds;
  if (!(row->step_seconds > 0) || row->steps < row->step || (row->steps == row->step && validations == 0))
    return NAN;
  return (double)(row->steps - row->step) * row->step_seconds + (isnan (one) ? 0 : validations * one);
}

void
dh_job_snapshot_free (DhJobSnapshot *snapshot)
{
  dh_job_row_free (snapshot->row);
  g_ptr_array_unref (snapshot->checkpoints);
  g_free (snapshot->label);
  g_free (snapshot->data);
  g_free (snapshot);
}

/* Model and data: of a form, or, of a training that the command line began, as its folder says. */
static void
find_origin (DhTrainingRecord *record, gboolean begun)
{
  if (record->data != NULL)
    return;
  if (record->row->form != NULL)
    {
      g_autoptr (DhTrainingForm) form = dh_training_form_new ();
      if (!dh_training_form_read_text (form, record->row->form, NULL))
        return;
      record->label = dh_training_form_dup_label (form);
      record->data = dh_training_form_dup_data_title (form);
      return;
    }
  g_autoptr (DhRunConfig) config = begun ? dh_run_config_read (record->row->folder, NULL) : NULL;
  if (config != NULL)
    record->data = dh_training_data_title (config->data_root, config->negative_root);
}

DhJobSnapshot *
dh_training_record_dup_snapshot (DhTrainingRecord *record)
{
  const DhJobRow *row = record->row;
  DhJobSnapshot *snapshot = g_new0 (DhJobSnapshot, 1);
  snapshot->row = dh_job_row_copy (row);
  snapshot->phase = record->phase;
  snapshot->alive = record->alive;
  snapshot->checkpoints = g_ptr_array_ref (record->checkpoints);
  DhJobProgress *progress = &snapshot->progress;
  *progress = (DhJobProgress){ .phase = record->phase,
                               .step = (guint64)row->step,
                               .steps = (guint64)row->steps,
                               .epochs = (guint)row->epochs,
                               .steps_per_second = row->step_seconds > 0 ? 1 / row->step_seconds : NAN,
                               .seconds = row->seconds,
                               .started = row->started,
                               .ended = row->ended,
                               .skipped = record->skipped,
                               .silent = record->silent };
  const double epoch_steps = row->epochs > 0 ? (double)row->steps / (double)row->epochs : 0;
  if (epoch_steps > 0)
    progress->epoch = (guint)MIN (floor ((double)row->step / epoch_steps) + 1, (double)row->epochs);
  progress->seconds_left = seconds_left (record);
  if (row->steps == 0 && dh_training_record_is (record, DH_JOB_QUEUED))
    progress->seconds_left = row->estimate;
  g_autofree char *config = g_build_filename (row->folder, "config.json", NULL);
  snapshot->begun = g_file_test (config, G_FILE_TEST_EXISTS);
  find_origin (record, snapshot->begun);
  snapshot->label = g_strdup (record->label);
  snapshot->data = g_strdup (record->data);
  return snapshot;
}

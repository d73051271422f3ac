#include "dh-run-item.h"
#include <glib/gi18n.h>
#include <math.h>
#include <string.h>
#include "dh-reading.h"
#include "dh-session-private.h"

struct _DhRunItem
{
  GObject parent_instance;
  DhRun run;
  DhTrainingJob *job;
};

G_DEFINE_FINAL_TYPE (DhRunItem, dh_run_item, G_TYPE_OBJECT)

static guint changed_signal;

void
dh_run_clear (DhRun *run)
{
  char *texts[] = { run->kind,        run->why,      run->model,      run->data,   run->device,  run->precision,
                    run->program,     run->command,  run->started,    run->folder, run->weights, run->split,
                    run->score,       run->protocol, run->model_path, run->root,   run->recipe,  run->sentence,
                    run->fingerprint, run->reading,  run->made_of };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
  *run = (DhRun){ .id = 0 };
}

static void
dh_run_item_finalize (GObject *object)
{
  DhRunItem *self = DH_RUN_ITEM (object);
  if (self->job != NULL)
    g_signal_handlers_disconnect_by_data (self->job, self);
  g_clear_object (&self->job);
  dh_run_clear (&self->run);
  G_OBJECT_CLASS (dh_run_item_parent_class)->finalize (object);
}

static void
dh_run_item_class_init (DhRunItemClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_run_item_finalize;
  changed_signal =
      g_signal_new ("changed", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
dh_run_item_init (DhRunItem *self)
{
}

DhRunItem *
dh_run_item_new (DhRun *run)
{
  DhRunItem *self = g_object_new (DH_TYPE_RUN_ITEM, NULL);
  self->run = *run;
  *run = (DhRun){ .id = 0 };
  return self;
}

static gboolean
has_same_labels (const DhRun *a, const DhRun *b)
{
  g_autoptr (DhReading) of_a = dh_reading_from_text (a->reading != NULL ? a->reading : "");
  g_autoptr (DhReading) of_b = dh_reading_from_text (b->reading != NULL ? b->reading : "");
  return dh_reading_has_same_labels (of_a, of_b);
}

const char *
dh_run_get_seen (const DhRun *run)
{
  return dh_fingerprint_get_seen (run->fingerprint);
}

gboolean
dh_run_differ_in_images (const DhRun *a, const DhRun *b)
{
  return g_strcmp0 (dh_run_get_seen (a), dh_run_get_seen (b)) != 0;
}

gboolean
dh_run_can_subtract (const DhRun *a, const DhRun *b)
{
  if (a->training || b->training)
    return a->training && b->training;
  return g_strcmp0 (a->kind, b->kind) == 0 && (dh_run_differ_in_images (a, b) || g_strcmp0 (a->data, b->data) == 0)
         && dh_fingerprint_has_same_files (a->fingerprint, b->fingerprint)
         && dh_seen_has_same_region (dh_run_get_seen (a), dh_run_get_seen (b)) && g_strcmp0 (a->split, b->split) == 0
         && g_strcmp0 (a->protocol, b->protocol) == 0 && a->images == b->images && has_same_labels (a, b);
}

gboolean
dh_run_measures_alike (const DhRun *a, const DhRun *b)
{
  return dh_seen_has_same_region (dh_run_get_seen (a), dh_run_get_seen (b)) && has_same_labels (a, b);
}

static DhRunItemState
state_of_job (DhTrainingJob *job)
{
  static const DhRunItemState states[DH_N_JOB_STATES] = {
    [DH_JOB_QUEUED] = DH_RUN_ITEM_QUEUED, [DH_JOB_RUNNING] = DH_RUN_ITEM_RUNNING,
    [DH_JOB_PAUSED] = DH_RUN_ITEM_PAUSED, [DH_JOB_DONE] = DH_RUN_ITEM_DONE,
    [DH_JOB_FAILED] = DH_RUN_ITEM_FAILED, [DH_JOB_CANCELLED] = DH_RUN_ITEM_CANCELLED,
    [DH_JOB_LOST] = DH_RUN_ITEM_LOST,     [DH_JOB_OUT_OF_MEMORY] = DH_RUN_ITEM_OUT_OF_MEMORY,
  };
  return states[dh_training_job_get_state (job)];
}

/* When it began; of one that waits, when it was queued. */
static char *
start_of_job (DhTrainingJob *job)
{
  const DhJobProgress *progress = dh_training_job_get_progress (job);
  if (progress->started == 0)
    return g_strdup (dh_training_job_get_created (job));
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (progress->started);
  return time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
}

static void
take_job (DhRunItem *self)
{
  DhTrainingJob *job = self->job;
  const DhJobProgress *progress = dh_training_job_get_progress (job);
  const DhJobBest best = dh_training_job_get_best (job);
  const gboolean any = best.epoch > 0;
  const DhJobState state = dh_training_job_get_state (job);
  const gboolean under_way = state == DH_JOB_RUNNING || state == DH_JOB_PAUSED;
  dh_run_clear (&self->run);
  self->run =
      (DhRun){ .id = dh_training_job_get_id (job),
               .training = TRUE,
               .state = state_of_job (job),
               .kind = g_strdup ("train"),
               .why = g_strdup (dh_training_job_get_why (job)),
               .model = g_strdup (dh_training_job_get_label (job)),
               .data = g_strdup (dh_training_job_get_data (job)),
               .device = g_strdup (dh_training_job_get_device (job)),
               .precision = g_strdup (dh_training_job_get_precision (job)),
               .program = g_strdup (dh_training_job_get_program (job)),
               .command = dh_training_job_dup_command (job),
               .started = start_of_job (job),
               .folder = g_strdup (dh_training_job_get_folder (job)),
               .seconds = progress->seconds,
               .ap = any ? best.ap : NAN,
               .fpr95 = any ? best.fpr95 : NAN,
               .auroc = any ? best.auroc : NAN,
               .closed_miou = any ? best.miou : NAN,
               .open_miou = NAN,
               .fraction = under_way && progress->steps > 0 ? (double)progress->step / (double)progress->steps : NAN,
               .seconds_left = under_way || state == DH_JOB_QUEUED ? progress->seconds_left : NAN,
               .best_f1 = NAN,
               .best_f1_threshold = NAN,
               .mean_f1 = NAN,
               .recipe = g_strdup (dh_training_job_get_recipe (job)),
               .sentence = g_strdup (dh_training_job_get_sentence (job)),
               .epoch = progress->epoch,
               .epochs = progress->epochs,
               .best_epoch = best.epoch,
               .step = progress->step,
               .steps = progress->steps };
}

static void
on_changed (DhRunItem *self)
{
  take_job (self);
  g_signal_emit (self, changed_signal, 0);
}

DhRunItem *
dh_run_item_new_for_job (DhTrainingJob *job)
{
  DhRunItem *self = g_object_new (DH_TYPE_RUN_ITEM, NULL);
  self->job = g_object_ref (job);
  g_signal_connect_swapped (job, "changed", G_CALLBACK (on_changed), self);
  take_job (self);
  return self;
}

static void
on_jobs (GListModel *jobs, guint position, guint removed, guint added, GListStore *items)
{
  g_autoptr (GPtrArray) fresh = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < added; i++)
    {
      g_autoptr (DhTrainingJob) job = g_list_model_get_item (jobs, position + i);
      g_ptr_array_add (fresh, dh_run_item_new_for_job (job));
    }
  g_list_store_splice (items, position, removed, fresh->pdata, added);
}

/* GTK 4.8's GtkMapListModel mistakes the place of what is inserted before an item that is in use. */
GListModel *
dh_run_item_new_list (GListModel *jobs)
{
  GListStore *items = g_list_store_new (DH_TYPE_RUN_ITEM);
  g_object_set_data_full (G_OBJECT (items), "jobs", g_object_ref (jobs), g_object_unref);
  g_signal_connect_object (jobs, "items-changed", G_CALLBACK (on_jobs), items, 0);
  on_jobs (jobs, 0, 0, g_list_model_get_n_items (jobs), items);
  return G_LIST_MODEL (items);
}

const DhRun *
dh_run_item_get (DhRunItem *self)
{
  return &self->run;
}

DhTrainingJob *
dh_run_item_get_job (DhRunItem *self)
{
  return self->job;
}

gboolean
dh_run_item_is_same (DhRunItem *self, DhRunItem *other)
{
  return self == other || (self->job == other->job && (self->job != NULL || self->run.id == other->run.id));
}

gboolean
dh_run_is_whole (const DhRun *run)
{
  return run->failed == 0 && run->images == run->total;
}

int
dh_run_compare_ap (const DhRun *a, const DhRun *b)
{
  if (dh_run_is_whole (a) != dh_run_is_whole (b))
    return dh_run_is_whole (b) - dh_run_is_whole (a);
  if (isnan (a->ap) || isnan (b->ap))
    return isnan (a->ap) - isnan (b->ap);
  return a->ap != b->ap ? (a->ap < b->ap ? 1 : -1) : (a->id > b->id) - (a->id < b->id);
}

char *
dh_run_dup_network (const DhRun *run)
{
  const char *model = run->model != NULL ? run->model : "—";
  /* A training tells it in its title. */
  if (run->training || run->precision == NULL || *run->precision == '\0' || g_str_equal (run->precision, "f32"))
    return g_strdup (model);
  /* Of int8 without the calibration. */
  return g_strdup_printf ("%s · %.*s", model, (int)strcspn (run->precision, "-"), run->precision);
}

char *
dh_run_dup_model (const DhRun *run)
{
  g_autofree char *network = dh_run_dup_network (run);
  if (run->training || run->imported || run->score == NULL || g_str_equal (run->score, "hybrid"))
    return g_steal_pointer (&network);
  return g_strdup_printf ("%s · %s", run->score, network);
}

char *
dh_run_dup_data (const DhRun *run)
{
  if (run->data == NULL || run->root == NULL || *run->root == '\0' || dh_session_id_of_root (run->root) != run->root)
    return g_strdup (run->data);
  g_autofree char *base = g_path_get_basename (run->root), *folder = g_filename_display_name (base);
  return g_strdup_printf ("%s · %s", run->data, folder);
}

char *
dh_run_dup_duration (double seconds)
{
  if (!isfinite (seconds))
    return g_strdup ("—");
  const guint64 whole = seconds < 1e9 ? (guint64)(MAX (seconds, 0) + 0.5) : 0;
  if (whole >= 3600)
    return g_strdup_printf ("%u:%02u:%02u", (guint)(whole / 3600), (guint)(whole / 60 % 60), (guint)(whole % 60));
  return g_strdup_printf ("%u:%02u", (guint)(whole / 60), (guint)(whole % 60));
}

static char *
state_of_training (const DhRun *run, DhTrainingJob *job)
{
  const char *name = dh_job_state_name (dh_training_job_get_state (job));
  g_autofree char *left = isfinite (run->seconds_left) ? dh_run_dup_duration (run->seconds_left) : NULL;
  switch (run->state)
    {
    case DH_RUN_ITEM_RUNNING:
    case DH_RUN_ITEM_PAUSED:
      if (isnan (run->fraction))
        return g_strdup (name);
      if (left == NULL || run->state == DH_RUN_ITEM_PAUSED)
        return g_strdup_printf ("%s, %.0f %%", name, floor (100 * run->fraction));
      return g_strdup_printf (_ ("%.0f %%, %s left"), floor (100 * run->fraction), left);
    case DH_RUN_ITEM_QUEUED:
      return left != NULL ? g_strdup_printf (_ ("%s, ≈ %s"), name, left) : g_strdup (name);
    case DH_RUN_ITEM_CANCELLED:
      return run->epochs > 0 ? g_strdup_printf (_ ("stopped at epoch %u"), run->epoch) : g_strdup (name);
    case DH_RUN_ITEM_LOST:
      return run->epochs > 0 ? g_strdup_printf (_ ("lost at epoch %u"), run->epoch) : g_strdup (name);
    case DH_RUN_ITEM_FAILED:
      return g_strdup_printf (_ ("failed: %s"), run->why != NULL ? run->why : "");
    default:
      return g_strdup (name);
    }
}

char *
dh_run_item_dup_state (DhRunItem *self)
{
  const DhRun *run = &self->run;
  if (self->job != NULL)
    return state_of_training (run, self->job);
  switch (run->state)
    {
    case DH_RUN_ITEM_DONE:
      return run->failed > 0 ? g_strdup_printf (_ ("done, %u left out"), run->failed) : g_strdup (_ ("done"));
    case DH_RUN_ITEM_CANCELLED:
      return g_strdup_printf (_ ("stopped at %u of %u"), run->images, run->total);
    case DH_RUN_ITEM_FAILED:
      return g_strdup_printf (_ ("failed: %s"), run->why != NULL ? run->why : "");
    case DH_RUN_ITEM_RUNNING:
      return g_strdup_printf (_ ("running, %u of %u"), run->images + run->failed, run->total);
    default:
      return g_strdup_printf (_ ("unfinished, %u of %u"), run->images, run->total);
    }
}

const char *
dh_run_get_score_name (const DhRun *run)
{
  return run->made_of != NULL ? _ ("combined") : run->imported ? _ ("imported") : run->score;
}

const char *
dh_run_item_get_kind_name (DhRunItem *self)
{
  if (self->run.training)
    return _ ("training");
  if (self->run.imported)
    return dh_run_get_score_name (&self->run);
  return g_strcmp0 (self->run.kind, "eval-osr") == 0 ? _ ("open set") : _ ("evaluation");
}

gboolean
dh_run_item_matches (DhRunItem *self, const char *words)
{
  if (words == NULL || *words == '\0')
    return TRUE;
  const DhRun *run = &self->run;
  g_autofree char *data = dh_run_dup_data (run), *state = dh_run_item_dup_state (self),
                  *id = g_strdup_printf ("%" G_GINT64_FORMAT, run->id);
  const char *parts[] = { id,
                          dh_run_item_get_kind_name (self),
                          state,
                          run->model,
                          data,
                          run->score,
                          run->protocol,
                          run->device,
                          run->precision,
                          run->recipe,
                          run->started };
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_string_append_printf (text, "%s\n", parts[i] != NULL ? parts[i] : "");
  g_autofree char *all = g_utf8_casefold (text->str, -1), *wanted = g_utf8_casefold (words, -1);
  g_auto (GStrv) list = g_strsplit_set (wanted, " \t", -1);
  for (guint i = 0; list[i] != NULL; i++)
    if (strstr (all, list[i]) == NULL)
      return FALSE;
  return TRUE;
}

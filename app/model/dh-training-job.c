#include "dh-training-job.h"
#include <glib/gi18n.h>
#include "dh-run-config.h"
#include "dh-training-form-private.h"
#include "dh-training-job-private.h"

struct _DhTrainingJob
{
  GObject parent_instance;
  char *folder;
  DhJobSnapshot *snapshot; /* NULL: the database does not have it yet */
  DhJobState state;
  guint before, movable;
  char *sentence;
  DhTrainingLog *log;
  void (*watch) (DhTrainingJob *job, gpointer data);
  gpointer watch_data;
};

G_DEFINE_FINAL_TYPE (DhTrainingJob, dh_training_job, G_TYPE_OBJECT)

static guint changed_signal;

static const struct
{
  const char *id, *name;
} states[DH_N_JOB_STATES] = {
  [DH_JOB_QUEUED] = { "queued", N_ ("queued") },
  [DH_JOB_RUNNING] = { "running", N_ ("running") },
  [DH_JOB_PAUSED] = { "paused", N_ ("paused") },
  [DH_JOB_DONE] = { "done", N_ ("done") },
  [DH_JOB_FAILED] = { "failed", N_ ("failed") },
  [DH_JOB_CANCELLED] = { "cancelled", N_ ("cancelled") },
  [DH_JOB_OUT_OF_MEMORY] = { "out-of-memory", N_ ("out of memory") },
  [DH_JOB_LOST] = { "lost", N_ ("lost") },
};

const char *
dh_job_state_id (DhJobState state)
{
  return state < DH_N_JOB_STATES ? states[state].id : "";
}

const char *
dh_job_state_name (DhJobState state)
{
  return state < DH_N_JOB_STATES ? _ (states[state].name) : "";
}

static DhJobState
state_of (const char *id)
{
  for (DhJobState i = 0; i < DH_N_JOB_STATES; i++)
    if (g_strcmp0 (states[i].id, id) == 0)
      return i;
  return DH_JOB_LOST;
}

static void
dh_training_job_finalize (GObject *object)
{
  DhTrainingJob *self = DH_TRAINING_JOB (object);
  g_clear_pointer (&self->snapshot, dh_job_snapshot_free);
  g_clear_object (&self->log);
  g_free (self->folder);
  g_free (self->sentence);
  G_OBJECT_CLASS (dh_training_job_parent_class)->finalize (object);
}

static void
dh_training_job_class_init (DhTrainingJobClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_training_job_finalize;
  changed_signal =
      g_signal_new ("changed", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
dh_training_job_init (DhTrainingJob *self)
{
  self->sentence = g_strdup ("");
}

DhTrainingJob *
dh_training_job_new (const char *folder)
{
  DhTrainingJob *self = g_object_new (DH_TYPE_TRAINING_JOB, NULL);
  self->folder = g_strdup (folder);
  return self;
}

static gboolean
same_numbers (const DhJobSnapshot *a, const DhJobSnapshot *b)
{
  const DhJobRow *x = a->row, *y = b->row;
  return a->phase == b->phase && a->alive == b->alive && a->begun == b->begun && a->checkpoints == b->checkpoints
         && x->id == y->id && x->step == y->step && x->steps == y->steps && x->seconds == y->seconds
         && x->started == y->started && x->ended == y->ended && x->best_epoch == y->best_epoch
         && a->progress.silent == b->progress.silent && g_strcmp0 (x->state, y->state) == 0
         && g_strcmp0 (x->why, y->why) == 0 && g_strcmp0 (x->title, y->title) == 0
         && g_strcmp0 (x->device, y->device) == 0 && g_strcmp0 (x->precision, y->precision) == 0;
}

gboolean
dh_training_job_take_snapshot (DhTrainingJob *self, DhJobSnapshot *snapshot, guint before, guint movable)
{
  const gboolean same = self->snapshot != NULL && same_numbers (self->snapshot, snapshot) && before == self->before
                        && movable == self->movable;
  g_clear_pointer (&self->snapshot, dh_job_snapshot_free);
  self->snapshot = snapshot;
  if (same)
    return FALSE;
  self->before = before;
  self->movable = movable;
  self->state = state_of (snapshot->row->state);
  g_free (self->sentence);
  self->sentence = dh_training_sentence (self->snapshot, self->state, self->before);
  g_signal_emit (self, changed_signal, 0);
  return TRUE;
}

/* What it says of itself */

gint64
dh_training_job_get_id (DhTrainingJob *self)
{
  return self->snapshot->row->id;
}

DhJobState
dh_training_job_get_state (DhTrainingJob *self)
{
  return self->state;
}

const DhJobProgress *
dh_training_job_get_progress (DhTrainingJob *self)
{
  return &self->snapshot->progress;
}

const char *
dh_training_job_get_title (DhTrainingJob *self)
{
  return self->snapshot->row->title;
}

const char *
dh_training_job_get_sentence (DhTrainingJob *self)
{
  return self->sentence;
}

const char *
dh_training_job_get_why (DhTrainingJob *self)
{
  return self->snapshot->row->why;
}

const char *
dh_training_job_get_folder (DhTrainingJob *self)
{
  return self->folder;
}

const char *
dh_training_job_get_recipe (DhTrainingJob *self)
{
  return self->snapshot->row->recipe;
}

const char *
dh_training_job_get_label (DhTrainingJob *self)
{
  return self->snapshot->label != NULL ? self->snapshot->label : self->snapshot->row->title;
}

const char *
dh_training_job_get_data (DhTrainingJob *self)
{
  return self->snapshot->data;
}

const char *
dh_training_job_get_program (DhTrainingJob *self)
{
  return self->snapshot->row->program;
}

const char *
dh_training_job_get_created (DhTrainingJob *self)
{
  return self->snapshot->row->created;
}

DhJobBest
dh_training_job_get_best (DhTrainingJob *self)
{
  const DhJobRow *row = self->snapshot->row;
  return (DhJobBest){ .epoch = row->best_epoch > 0 ? (guint)row->best_epoch : 0,
                      .miou = row->miou,
                      .ap = row->ap,
                      .auroc = row->auroc,
                      .fpr95 = row->fpr95 };
}

const char *
dh_training_job_get_device (DhTrainingJob *self)
{
  return self->snapshot->row->device;
}

const char *
dh_training_job_get_precision (DhTrainingJob *self)
{
  return self->snapshot->row->precision;
}

char *
dh_training_job_dup_facts (DhTrainingJob *self)
{
  const DhJobRow *row = self->snapshot->row;
  return g_strdup_printf ("%s\n%s · %s", row->title, row->device, row->precision);
}

gboolean
dh_training_job_is_foreign (DhTrainingJob *self)
{
  return self->snapshot->row->form == NULL;
}

GPtrArray *
dh_training_job_get_checkpoints (DhTrainingJob *self)
{
  return self->snapshot->checkpoints;
}

const char *
dh_training_job_get_best_path (DhTrainingJob *self)
{
  const GPtrArray *all = self->snapshot->checkpoints;
  /* The best is sorted first. */
  const DhJobCheckpoint *first = all->len > 0 ? all->pdata[0] : NULL;
  return first != NULL && first->best ? first->path : NULL;
}

void
dh_training_job_set_watch (DhTrainingJob *self, void (*watch) (DhTrainingJob *job, gpointer data), gpointer data)
{
  self->watch = watch;
  self->watch_data = data;
}

DhTrainingLog *
dh_training_job_peek_log (DhTrainingJob *self)
{
  return self->log;
}

DhTrainingLog *
dh_training_job_get_log (DhTrainingJob *self)
{
  if (self->log == NULL)
    {
      self->log = dh_training_log_new ();
      if (self->watch != NULL)
        self->watch (self, self->watch_data);
    }
  return self->log;
}

DhJobActions
dh_training_job_get_actions (DhTrainingJob *self)
{
  const DhJobSnapshot *snapshot = self->snapshot;
  const DhJobActions edit = snapshot->row->form != NULL || snapshot->begun ? DH_JOB_CAN_EDIT : 0;
  if (snapshot->row->id == 0)
    return 0;
  switch (self->state)
    {
    case DH_JOB_QUEUED:
      return edit | DH_JOB_CAN_CANCEL | (snapshot->alive ? 0 : DH_JOB_CAN_REMOVE)
             | (self->movable & 1 ? DH_JOB_CAN_MOVE_UP : 0) | (self->movable & 2 ? DH_JOB_CAN_MOVE_DOWN : 0);
    case DH_JOB_RUNNING:
      return edit | DH_JOB_CAN_CANCEL | (snapshot->phase == DH_JOB_STOPPING ? 0 : DH_JOB_CAN_PAUSE);
    case DH_JOB_PAUSED:
      return edit | DH_JOB_CAN_CANCEL | DH_JOB_CAN_GO_ON;
    case DH_JOB_DONE:
      return edit | DH_JOB_CAN_REMOVE;
    default:
      return edit | DH_JOB_CAN_REMOVE | (edit ? DH_JOB_CAN_GO_ON : 0);
    }
}

/* Of a training that the command line began: what its folder says. */
static DhTrainingForm *
form_of_config (DhTrainingJob *self)
{
  g_autoptr (DhRunConfig) config = dh_run_config_read (self->folder, NULL);
  if (config == NULL)
    return NULL;
  DhTrainingForm *form = dh_training_form_new ();
  g_autofree char *runs = g_path_get_dirname (self->folder);
  g_autoptr (DhRecipe) published = dh_recipe_load (config->recipe->name, NULL);
  g_autofree char *path = g_build_filename (self->folder, "recipe.json", NULL);
  /* Without its source, the recipe stands for itself. */
  if (published != NULL)
    dh_training_form_take_base (form, config->recipe->name, g_steal_pointer (&published));
  else
    dh_training_form_take_base (form, path, dh_recipe_copy (config->recipe));
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    {
      double value;
      if (dh_training_field_is_number (i)
          && dh_recipe_get_number (config->recipe, dh_training_field_get_info (i)->id, &value))
        dh_training_form_set_number (form, i, value);
    }
  const struct
  {
    DhTrainingField field;
    const char *text;
  } texts[] = { { DH_TRAINING_ARCHITECTURE, config->recipe->architecture },
                { DH_TRAINING_DATASET, config->recipe->dataset },
                { DH_TRAINING_SELECTION, config->recipe->selection },
                { DH_TRAINING_DATA, config->data_root },
                { DH_TRAINING_NEGATIVES, config->negative_root },
                { DH_TRAINING_INIT, config->init },
                { DH_TRAINING_DEVICE, config->device },
                { DH_TRAINING_PRECISION, dh_precision_name (config->precision) },
                { DH_TRAINING_RUNS, runs } };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    dh_training_form_set_text (form, texts[i].field, texts[i].text);
  dh_training_form_set_number (form, DH_TRAINING_SEED, (double)config->seed);
  dh_training_form_set_number (form, DH_TRAINING_THREADS, config->threads);
  dh_training_form_set_number (form, DH_TRAINING_VALIDATION_IMAGES, config->validation_images);
  return form;
}

DhTrainingForm *
dh_training_job_dup_form (DhTrainingJob *self)
{
  if (self->snapshot->row->form == NULL)
    return form_of_config (self);
  g_autoptr (DhTrainingForm) form = dh_training_form_new ();
  return dh_training_form_read_text (form, self->snapshot->row->form, NULL) ? g_steal_pointer (&form) : NULL;
}

char *
dh_training_job_dup_command (DhTrainingJob *self)
{
  return g_strdup (self->snapshot->row->command);
}

#include <math.h>
#include "dh-training-queue.h"

/* The first shapes of what is filled in next. */

DhTrainingCheck *
dh_training_check_ref (DhTrainingCheck *check)
{
  g_atomic_ref_count_inc (&check->refs);
  return check;
}
void
dh_training_check_unref (DhTrainingCheck *check)
{
}
void
dh_training_check_async (DhTrainingForm *form, GCancellable *cancellable, GAsyncReadyCallback ready, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (form, cancellable, ready, data);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Not yet");
}
DhTrainingCheck *
dh_training_check_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

struct _DhTrainingLog
{
  GObject parent_instance;
};
static GType
log_item_type (GListModel *model)
{
  return DH_TYPE_TRAINING_LINE;
}
static guint
log_n_items (GListModel *model)
{
  return 0;
}
static gpointer
log_item (GListModel *model, guint position)
{
  return NULL;
}
static void
log_model (GListModelInterface *interface)
{
  interface->get_item_type = log_item_type;
  interface->get_n_items = log_n_items;
  interface->get_item = log_item;
}
G_DEFINE_FINAL_TYPE_WITH_CODE (DhTrainingLog, dh_training_log, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, log_model))
static void
dh_training_log_class_init (DhTrainingLogClass *class)
{
  g_signal_new ("points", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                G_TYPE_UINT);
}
static void
dh_training_log_init (DhTrainingLog *self)
{
}
void
dh_training_log_get_curve (DhTrainingLog *log, DhTrainingCurveKind kind, DhTrainingCurve *curve)
{
  *curve = (DhTrainingCurve){ 0 };
}
const char *
dh_training_curve_id (DhTrainingCurveKind kind)
{
  return "";
}
const char *
dh_training_curve_title (DhTrainingCurveKind kind)
{
  return "";
}
double
dh_training_log_get_best (DhTrainingLog *log, DhTrainingCurveKind kind, guint *epoch)
{
  return NAN;
}
gboolean
dh_training_log_is_loading (DhTrainingLog *log)
{
  return FALSE;
}
void
dh_training_log_set_filter (DhTrainingLog *log, const char *filter)
{
}
guint
dh_training_log_get_n_lines (DhTrainingLog *log)
{
  return 0;
}
char *
dh_training_log_to_csv (DhTrainingLog *log)
{
  return g_strdup ("");
}
struct _DhTrainingLine
{
  GObject parent_instance;
};
G_DEFINE_FINAL_TYPE (DhTrainingLine, dh_training_line, G_TYPE_OBJECT)
static void
dh_training_line_class_init (DhTrainingLineClass *class)
{
}
static void
dh_training_line_init (DhTrainingLine *self)
{
}
DhTrainingLineKind
dh_training_line_get_kind (DhTrainingLine *line)
{
  return DH_LINE_NOTE;
}
gint64
dh_training_line_get_time (DhTrainingLine *line)
{
  return 0;
}
guint64
dh_training_line_get_step (DhTrainingLine *line)
{
  return 0;
}
const char *
dh_training_line_get_text (DhTrainingLine *line)
{
  return "";
}

struct _DhTrainingJob
{
  GObject parent_instance;
};
G_DEFINE_FINAL_TYPE (DhTrainingJob, dh_training_job, G_TYPE_OBJECT)
static void
dh_training_job_class_init (DhTrainingJobClass *class)
{
  g_signal_new ("changed", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}
static void
dh_training_job_init (DhTrainingJob *self)
{
}
const char *
dh_job_state_id (DhJobState state)
{
  return "";
}
const char *
dh_job_state_name (DhJobState state)
{
  return "";
}
gint64
dh_training_job_get_id (DhTrainingJob *job)
{
  return 0;
}
DhJobState
dh_training_job_get_state (DhTrainingJob *job)
{
  return DH_JOB_QUEUED;
}
const DhJobProgress *
dh_training_job_get_progress (DhTrainingJob *job)
{
  static const DhJobProgress progress = { 0 };
  return &progress;
}
const char *
dh_training_job_get_title (DhTrainingJob *job)
{
  return "";
}
const char *
dh_training_job_get_sentence (DhTrainingJob *job)
{
  return "";
}
const char *
dh_training_job_get_why (DhTrainingJob *job)
{
  return NULL;
}
const char *
dh_training_job_get_folder (DhTrainingJob *job)
{
  return "";
}
const char *
dh_training_job_get_recipe (DhTrainingJob *job)
{
  return "";
}
const char *
dh_training_job_get_device (DhTrainingJob *job)
{
  return "";
}
gboolean
dh_training_job_is_foreign (DhTrainingJob *job)
{
  return FALSE;
}
GPtrArray *
dh_training_job_get_checkpoints (DhTrainingJob *job)
{
  return NULL;
}
const char *
dh_training_job_get_best_path (DhTrainingJob *job)
{
  return NULL;
}
DhTrainingLog *
dh_training_job_get_log (DhTrainingJob *job)
{
  return NULL;
}
DhJobActions
dh_training_job_get_actions (DhTrainingJob *job)
{
  return 0;
}
DhTrainingForm *
dh_training_job_dup_form (DhTrainingJob *job)
{
  return NULL;
}
char *
dh_training_job_dup_command (DhTrainingJob *job)
{
  return NULL;
}

struct _DhTrainingQueue
{
  GObject parent_instance;
};
static GType
queue_item_type (GListModel *model)
{
  return DH_TYPE_TRAINING_JOB;
}
static void
queue_model (GListModelInterface *interface)
{
  interface->get_item_type = queue_item_type;
  interface->get_n_items = log_n_items;
  interface->get_item = log_item;
}
G_DEFINE_FINAL_TYPE_WITH_CODE (DhTrainingQueue, dh_training_queue, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, queue_model))
static void
dh_training_queue_class_init (DhTrainingQueueClass *class)
{
  GType type = G_TYPE_FROM_CLASS (class);
  g_signal_new ("counts", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  g_signal_new ("ended", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1, DH_TYPE_TRAINING_JOB);
  g_signal_new ("error", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
}
static void
dh_training_queue_init (DhTrainingQueue *self)
{
}
DhTrainingQueue *
dh_training_queue_new (const char *database, const char *program)
{
  return g_object_new (DH_TYPE_TRAINING_QUEUE, NULL);
}
void
dh_training_queue_close (DhTrainingQueue *queue)
{
}
gboolean
dh_training_queue_is_loading (DhTrainingQueue *queue)
{
  return FALSE;
}
guint
dh_training_queue_count (DhTrainingQueue *queue, DhJobState state)
{
  return 0;
}
DhTrainingJob *
dh_training_queue_find (DhTrainingQueue *queue, gint64 id)
{
  return NULL;
}
DhTrainingJob *
dh_training_queue_add (DhTrainingQueue *queue, DhTrainingForm *form, const DhTrainingCheck *check, GError **error)
{
  return NULL;
}
void
dh_training_queue_pause (DhTrainingQueue *queue, DhTrainingJob *job)
{
}
void
dh_training_queue_go_on (DhTrainingQueue *queue, DhTrainingJob *job)
{
}
void
dh_training_queue_cancel (DhTrainingQueue *queue, DhTrainingJob *job)
{
}
void
dh_training_queue_move (DhTrainingQueue *queue, DhTrainingJob *job, gint by)
{
}
void
dh_training_queue_remove (DhTrainingQueue *queue, DhTrainingJob *job, gboolean with_files)
{
}

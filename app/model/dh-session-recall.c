#include <glib/gi18n.h>
#include "dh-run-list.h"
#include "dh-session-private.h"
#include "dh-session-result-private.h"

/* The numbers of a finished run of what is open, so that a new start shows what the last one did: as they were kept
 * beside its maps, or else measured again from these, by itself where they are few. Beside the inference thread, which
 * has no part in it. */

/* Of maps that nobody has asked to be read: seconds' work, a quarter of a minute at most on two cores. */
#define MOST_BYTES ((guint64)1 << 30)

/* How often it is told how far it is. */
#define MILLISECONDS 200

/* Shared between the window's and the reading thread. */
struct _DhSessionRecall
{
  /* set once */
  GCancellable *cancellable;
  DhDataset *dataset;
  gint64 run;
  guint classes;
  gboolean asked; /* by the user */
  guint64 most;   /* bytes of maps; 0: any */
  guint source;   /* of the window's thread, while it is the session's */
  gint done;      /* atomic */
  /* the reading thread, until it is done */
  DhItemMetrics *metrics; /* a picture each */
  char **left_out;        /* the same: why, or NULL */
  gboolean kept;          /* no map was read */
  DhSessionResult result;
};

static void
recall_free (gpointer data)
{
  DhSessionRecall *recall = data;
  for (guint i = 0; i < dh_dataset_size (recall->dataset); i++)
    g_free (recall->left_out[i]);
  g_free (recall->left_out);
  g_free (recall->metrics);
  dh_session_result_clear (&recall->result);
  dh_dataset_unref (recall->dataset);
  g_object_unref (recall->cancellable);
  g_free (recall);
}

/* On the reading thread. */

static void
image_done (const DhRunImageRow *row, guint done, guint total, gpointer data)
{
  DhSessionRecall *recall = data;
  recall->metrics[done - 1] = dh_item_metrics_of_row (row);
  if (g_strcmp0 (row->state, "done") != 0)
    recall->left_out[done - 1] = g_strdup (row->why != NULL ? row->why : row->state);
  g_atomic_int_set (&recall->done, (gint)done);
}

static gboolean
read_again (DhSessionRecall *recall, GError **error)
{
  const DhProtocol *protocols[DH_SESSION_MOST_PROTOCOLS];
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, error);
  g_autoptr (DhRunRow) row = database != NULL ? dh_database_get_run (database, recall->run, error) : NULL;
  if (row == NULL)
    return FALSE;
  const DhEvaluationOptions options = { .dataset = recall->dataset,
                                        .database = database,
                                        .protocols = protocols,
                                        .n_protocols = dh_session_list_protocols (protocols),
                                        .image_done = image_done,
                                        .data = recall };
  g_autoptr (DhEvaluation) evaluation =
      dh_evaluation_recall (&options, recall->run, recall->classes, recall->most, recall->cancellable, NULL, error);
  if (evaluation == NULL)
    return FALSE;
  recall->kept = evaluation->kept;
  g_autoptr (GDateTime) ended = g_date_time_new_from_iso8601 (row->ended != NULL ? row->ended : "", NULL);
  dh_session_result_init (&recall->result, recall->dataset, row->folder, evaluation, row->device, row->precision,
                          ended);
  DhEvaluationSummary *summary = recall->result.summary;
  if (recall->kept && summary->lines->len < options.n_protocols)
    summary->unmeasured = options.n_protocols - summary->lines->len;
  return TRUE;
}

static void
read_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  if (read_again (data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* On the window's. */

static void
show_pictures (DhSession *self, DhSessionRecall *recall)
{
  for (guint i = 0; i < dh_dataset_size (recall->dataset); i++)
    {
      DhImageItem *item = dh_image_list_get_item (self->list, i);
      if (recall->left_out[i] != NULL)
        dh_image_item_set_state (item, DH_ITEM_FAILED, recall->left_out[i]);
      else
        dh_image_item_set_metrics (item, &recall->metrics[i]);
    }
}

static void
recalled (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autoptr (GError) error = NULL;
  DhSessionRecall *recall = g_task_get_task_data (G_TASK (result));
  const gboolean done = g_task_propagate_boolean (G_TASK (result), &error);
  if (self->recall != recall) /* something else is open, or evaluated */
    return;
  dh_session_drop_recall (self);
  if (done)
    {
      show_pictures (self, recall);
      dh_session_take_result (self, &recall->result);
      dh_image_list_resort (self->list);
    }
  else if (recall->asked && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    dh_session_complain (self, _ ("The run’s numbers could not be read again"), error->message);
  dh_session_trace (self, "recalled %" G_GINT64_FORMAT " %s", recall->run,
                    !done          ? error->message
                    : recall->kept ? "as it was kept"
                                   : "from its maps");
  dh_session_emit (self, DH_SESSION_EVALUATION);
}

static gboolean
tell (gpointer data)
{
  dh_session_emit (data, DH_SESSION_EVALUATION);
  return G_SOURCE_CONTINUE;
}

static void
start (DhSession *self, gint64 run, gboolean asked)
{
  DhSessionRecall *recall = g_new0 (DhSessionRecall, 1);
  const guint n = dh_dataset_size (self->dataset);
  recall->cancellable = g_cancellable_new ();
  recall->dataset = dh_dataset_ref (self->dataset);
  recall->run = run;
  recall->classes = self->model->n_classes;
  recall->asked = asked;
  recall->most = asked ? 0 : self->recall_limit > 0 ? self->recall_limit : MOST_BYTES;
  recall->metrics = g_new (DhItemMetrics, MAX (n, 1));
  recall->left_out = g_new0 (char *, MAX (n, 1));
  for (guint i = 0; i < n; i++)
    recall->metrics[i] = DH_ITEM_METRICS_NONE;
  recall->source = g_timeout_add (MILLISECONDS, tell, self);
  self->recall = recall;
  self->recalled_run = run;
  g_autoptr (GTask) task = g_task_new (self, NULL, recalled, NULL);
  g_task_set_task_data (task, recall, recall_free);
  g_task_run_in_thread (task, read_in_thread);
  dh_session_emit (self, DH_SESSION_EVALUATION);
}

static gboolean
can_recall (DhSession *self)
{
  return self->recall == NULL && self->pictures == NULL && dh_session_can_evaluate (self);
}

void
dh_session_recall_evaluation (DhSession *self)
{
  const DhRun *run = can_recall (self) ? dh_session_find_evaluated (self) : NULL;
  if (run != NULL)
    start (self, run->id, TRUE);
}

void
dh_session_set_recall_limit (DhSession *self, guint64 bytes)
{
  self->recall_limit = bytes;
}

void
dh_session_recall_known (DhSession *self)
{
  const DhRun *run = self->summary == NULL && can_recall (self) ? dh_session_find_evaluated (self) : NULL;
  if (run != NULL && run->has_maps && run->id != self->recalled_run)
    start (self, run->id, FALSE);
}

void
dh_session_drop_recall (DhSession *self)
{
  DhSessionRecall *recall = g_steal_pointer (&self->recall);
  if (recall == NULL)
    return;
  g_source_remove (recall->source);
  g_cancellable_cancel (recall->cancellable);
}

gboolean
dh_session_is_recalling (DhSession *self)
{
  return self->recall != NULL;
}

const char *
dh_session_explain_no_evaluation (DhSession *self)
{
  if (self->recall != NULL)
    return _ ("what was measured of the data set before is being read");
  const DhRun *run = dh_session_find_evaluated (self);
  return run != NULL && run->has_maps
             ? _ ("the data set was evaluated before: Metrics (Ctrl+2) shows what was measured")
             : _ ("the data set is not evaluated yet (Ctrl+E)");
}

gint64
dh_session_get_recalled (DhSession *self, guint *done)
{
  if (self->recall == NULL)
    return 0;
  *done = (guint)g_atomic_int_get (&self->recall->done);
  return self->recall->run;
}

#include "dh-session-combine.h"
#include <glib/gi18n.h>
#include "dh-combined-scores.h"
#include "dh-session-import-private.h"
#include "dh-session-result-private.h"

static const DhCombine combines[DH_N_COMBINED] = { [DH_COMBINED_MEAN] = DH_COMBINE_MEAN,
                                                   [DH_COMBINED_MAX] = DH_COMBINE_MAX,
                                                   [DH_COMBINED_MIN] = DH_COMBINE_MIN,
                                                   [DH_COMBINED_SUM] = DH_COMBINE_SUM };
static const DhStandard standards[DH_N_COMBINED_SCALES] = { [DH_COMBINED_AS_THEY_ARE] = DH_STANDARD_NONE,
                                                            [DH_COMBINED_DEVIATION] = DH_STANDARD_DEVIATION,
                                                            [DH_COMBINED_RANKS] = DH_STANDARD_RANKS };

const char *
dh_session_refuse_combining (const DhRun *const *runs, guint n_runs)
{
  if (n_runs == 0)
    return _ ("Choose one evaluation or several");
  for (guint i = 0; i < n_runs; i++)
    if (runs[i]->training)
      return _ ("A training has no score maps");
  for (guint i = 0; i < n_runs; i++)
    {
      if (runs[i]->state != DH_RUN_ITEM_DONE)
        return n_runs == 1 ? _ ("The run is not done") : _ ("One of the runs is not done");
      if (!runs[i]->has_maps)
        return n_runs == 1 ? _ ("Its score maps are not there any more")
                           : _ ("The score maps of one of them are not there any more");
      if (g_strcmp0 (runs[i]->fingerprint, runs[0]->fingerprint) != 0)
        return _ ("They are of different images");
    }
  return n_runs > DH_COMBINATION_MOST_PARTS ? _ ("They are too many") : NULL;
}

gboolean
dh_session_are_of_one_scale (const DhRun *const *runs, guint n_runs)
{
  for (guint i = 0; i < n_runs; i++)
    if (n_runs > 1 && (runs[i]->imported || g_strcmp0 (runs[i]->score, runs[0]->score) != 0))
      return FALSE;
  return TRUE;
}

static DhCombination *
read_order (const DhCombineOrder *order, GError **error)
{
  g_autoptr (DhCombination) combination = dh_combination_new ();
  for (guint i = 0; i < order->n_runs; i++)
    dh_combination_add (combination, order->runs[i], NULL, 1);
  const gboolean several = order->n_runs > 1;
  combination->how = several ? combines[order->how] : DH_COMBINE_MEAN;
  combination->standard = several ? standards[order->scale] : DH_STANDARD_NONE;
  combination->sigma = order->sigma;
  const gboolean weighted = combination->how == DH_COMBINE_SUM;
  return (!weighted || dh_combination_set_weights (combination, order->weights, error))
                 && dh_combination_check (combination, error)
             ? g_steal_pointer (&combination)
             : NULL;
}

char *
dh_session_refuse_order (const DhCombineOrder *order)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhCombination) combination = read_order (order, &error);
  return combination != NULL ? NULL : g_strdup (error->message);
}

/* The line that does the same. */
static char *
make_command (const DhSessionImport *import, const char *folder)
{
  g_autofree char *flags = dh_combination_dup_flags (import->combination), *out = g_shell_quote (folder);
  g_autofree char *method = g_shell_quote (import->method);
  g_autofree char *protocols = g_strjoinv (",", (char **)dh_session_protocols);
  return g_strdup_printf ("densehybrid combine %s --folder %s --method %s --protocol %s", flags, out, method,
                          protocols);
}

static gboolean
make_run (DhSessionImport *import, GError **error)
{
  const DhProgress progress = { dh_session_import_note, import };
  g_autoptr (DhDatabase) database = dh_database_open (NULL, error);
  g_autoptr (DhCombinedScores) scores = database != NULL
                                            ? dh_combined_scores_open (database, import->combination, import->method,
                                                                       NULL, import->cancellable, NULL, error)
                                            : NULL;
  if (scores == NULL || !dh_combined_scores_prepare (scores, import->cancellable, &progress, error))
    return FALSE;
  g_autofree char *folder = dh_combined_scores_default_folder (scores), *command = make_command (import, folder);
  DhEvaluationOptions options = { .database = database,
                                  .combined = scores,
                                  .dataset = dh_combined_scores_dataset (scores) };
  return dh_session_import_measure (import, &options, folder, command, error);
}

static void
combine_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  if (make_run (data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

gboolean
dh_session_combine_runs (DhSession *self, const DhCombineOrder *order, const char *name)
{
  dh_session_settle_labels (self);
  DhCombination *combination = self->import == NULL ? read_order (order, NULL) : NULL;
  if (combination == NULL)
    return FALSE;
  DhSessionImport *import = g_new0 (DhSessionImport, 1);
  import->method = g_strdup (name);
  import->combination = combination;
  import->cancellable = g_cancellable_new ();
  dh_session_import_begin (self, import, combine_in_thread);
  return TRUE;
}

gboolean
dh_session_is_combining (DhSession *self, gint64 run)
{
  const GArray *parts =
      self->import != NULL && self->import->combination != NULL ? self->import->combination->parts : NULL;
  for (guint i = 0; parts != NULL && i < parts->len; i++)
    if (g_array_index (parts, DhCombinationPart, i).run == run)
      return TRUE;
  return FALSE;
}

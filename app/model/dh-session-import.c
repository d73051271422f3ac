#include "dh-session-import.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-error.h"
#include "dh-imported-scores.h"
#include "dh-run-list.h"
#include "dh-session-import-private.h"
#include "dh-session-result-private.h"

/* Less of a difference is none. */
#define CLEAR_AUROC 0.65

void
dh_session_import_free (gpointer data)
{
  DhSessionImport *import = data;
  g_clear_pointer (&import->combination, dh_combination_free);
  g_clear_pointer (&import->dataset, dh_dataset_unref);
  g_clear_object (&import->cancellable);
  g_free (import->folder);
  g_free (import->root);
  g_clear_pointer (&import->reading, dh_reading_free);
  g_free (import->method);
  g_free (import->why);
  g_free (import);
}

static DhSessionImport *
import_new (DhSession *self, const char *folder, const char *root, const char *method, gboolean low_is_anomalous)
{
  DhSessionImport *import = g_new0 (DhSessionImport, 1);
  if (root == NULL && dh_session_can_import_for_open (self))
    import->dataset = dh_dataset_ref (self->dataset);
  import->folder = g_strdup (folder);
  import->root = g_strdup (root);
  g_autofree char *known = root != NULL ? dh_known_sets_dup_reading (self->known_sets, root) : NULL;
  import->reading = known != NULL ? dh_reading_from_text (known) : dh_reading_new ();
  import->reading->degradation = (DhDegradation){ 0 };
  import->method = g_strdup (method);
  import->low_is_anomalous = low_is_anomalous;
  import->cancellable = g_cancellable_new ();
  return import;
}

gboolean
dh_session_can_import_for_open (DhSession *self)
{
  return self->dataset != NULL && self->pictures == NULL && dh_dataset_size (self->dataset) > 0;
}

/* On another thread: the data set and the maps that belong to it. */
static DhImportedScores *
open_scores (DhSessionImport *import, GCancellable *cancellable, GError **error)
{
  if (import->dataset == NULL && import->root == NULL)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_USAGE, _ ("Choose the data set that the scores belong to"));
      return NULL;
    }
  if (import->dataset == NULL)
    import->dataset = dh_reading_open (import->reading, import->root, cancellable, NULL, error);
  if (import->dataset != NULL && dh_dataset_degradation (import->dataset).severity > 0)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_USAGE,
                           _ ("Scores of another method are of the images as they are: choose that for Degrade images, "
                              "in the menu under the set’s name"));
      return NULL;
    }
  return import->dataset != NULL ? dh_imported_scores_open (import->folder, import->method, import->low_is_anomalous,
                                                            import->dataset, NULL, cancellable, NULL, error)
                                 : NULL;
}

/* The first look */

void
dh_score_look_free (DhScoreLook *look)
{
  if (look == NULL)
    return;
  g_free (look->method);
  g_free (look->data_title);
  g_free (look);
}

DhAnomalousEnd
dh_score_look_guess (const DhScoreLook *look)
{
  return look->auroc >= CLEAR_AUROC       ? DH_ANOMALOUS_HIGH
         : look->auroc <= 1 - CLEAR_AUROC ? DH_ANOMALOUS_LOW
                                          : DH_ANOMALOUS_UNKNOWN; /* NaN as well */
}

static void
look_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  DhSessionImport *import = data;
  GError *error = NULL;
  g_autoptr (DhScoreLook) look = g_new0 (DhScoreLook, 1);
  g_autoptr (DhImportedScores) scores = open_scores (import, cancellable, &error);
  if (scores == NULL || !dh_imported_scores_look (scores, &look->auroc, &look->n_looked, cancellable, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  look->method = g_strdup (dh_imported_scores_method (scores));
  look->data_title = g_strdup (dh_dataset_title (import->dataset));
  look->n_pictures = dh_dataset_size (import->dataset);
  look->n_found = dh_imported_scores_n_found (scores);
  g_task_return_pointer (task, g_steal_pointer (&look), (GDestroyNotify)dh_score_look_free);
}

void
dh_session_look_at_scores (DhSession *self, const char *folder, const char *root, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_task_set_task_data (task, import_new (self, folder, root, NULL, FALSE), dh_session_import_free);
  g_task_run_in_thread (task, look_in_thread);
}

DhScoreLook *
dh_session_look_at_scores_finish (DhSession *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* The import */

void
dh_session_import_note (guint64 done, guint64 total, const char *what, gpointer data)
{
  DhSessionImport *import = data;
  g_atomic_int_set (&import->total, (gint)total);
  g_atomic_int_set (&import->done, (gint)done);
}

static void
image_done (const DhRunImageRow *row, guint done, guint total, gpointer data)
{
  DhSessionImport *import = data;
  g_atomic_int_set (&import->measuring, TRUE);
  g_atomic_int_set (&import->total, (gint)total);
  g_atomic_int_set (&import->done, (gint)done);
}

/* The line that does the same. */
static char *
make_command (const DhSessionImport *import, const char *folder)
{
  DhDataset *dataset = import->dataset;
  g_autoptr (DhReading) reading = dh_reading_new_for (dataset);
  g_autofree char *set = dh_reading_dup_flags (reading, dh_dataset_root (dataset)), *out = g_shell_quote (folder);
  g_autofree char *scores = g_shell_quote (import->folder), *method = g_shell_quote (import->method);
  g_autofree char *protocols = g_strjoinv (",", (char **)dh_session_protocols);
  GString *command = g_string_new ("densehybrid eval-ood");
  g_string_append_printf (command, " %s --folder %s --scores %s --method %s --protocol %s", set, out, scores, method,
                          protocols);
  if (import->low_is_anomalous)
    g_string_append (command, " --low-is-anomalous");
  return g_string_free (command, FALSE);
}

gboolean
dh_session_import_measure (DhSessionImport *import, DhEvaluationOptions *options, const char *folder,
                           const char *command, GError **error)
{
  const DhProtocol *protocols[DH_SESSION_MOST_PROTOCOLS];
  options->folder = folder;
  options->protocols = protocols;
  options->n_protocols = dh_session_list_protocols (protocols);
  options->command = command;
  options->image_done = image_done;
  options->data = import;
  g_autoptr (DhEvaluation) result = dh_evaluation_run (options, import->cancellable, NULL, error);
  if (result == NULL)
    return FALSE;
  import->images = result->images;
  import->left_out = result->left_out->len;
  if (import->left_out > 0)
    import->why = g_strdup (g_array_index (result->left_out, DhLeftOut, 0).why);
  return TRUE;
}

static gboolean
measure (DhSessionImport *import, DhImportedScores *scores, GError **error)
{
  g_autofree char *folder = dh_imported_scores_default_folder (scores), *command = make_command (import, folder);
  g_autoptr (DhDatabase) database = dh_database_open (NULL, error);
  DhEvaluationOptions options = { .dataset = import->dataset, .scores = scores, .database = database };
  return database != NULL && dh_session_import_measure (import, &options, folder, command, error);
}

static void
import_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  DhSessionImport *import = data;
  const DhProgress progress = { dh_session_import_note, import };
  GError *error = NULL;
  g_autoptr (DhImportedScores) scores = open_scores (import, import->cancellable, &error);
  if (scores != NULL && dh_imported_scores_sum (scores, import->cancellable, &progress, &error)
      && measure (import, scores, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
say_imported (DhSession *self, const DhSessionImport *import)
{
  g_autofree char *text = g_strdup_printf (ngettext ("%s: %u image measured", "%s: %u images measured", import->images),
                                           import->method, import->images);
  if (import->left_out == 0)
    {
      dh_session_say (self, text);
      return;
    }
  g_autofree char *title =
      g_strdup_printf (ngettext ("%s, %u left out", "%s, %u left out", import->left_out), text, import->left_out);
  dh_session_complain (self, title, import->why);
}

static void
imported (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autoptr (GError) error = NULL;
  const gboolean done = g_task_propagate_boolean (G_TASK (result), &error);
  const DhSessionImport *import = g_task_get_task_data (G_TASK (result));
  self->import = NULL;
  if (self->worker == NULL)
    return;
  if (done)
    say_imported (self, import);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    dh_session_say (self, import->combination != NULL ? _ ("Stopped; making the same again goes on from here")
                                                      : _ ("Stopped; importing the same again goes on from here"));
  else
    dh_session_complain (
        self, import->combination != NULL ? _ ("The run could not be made") : _ ("The scores could not be imported"),
        error->message);
  dh_session_refresh_runs (self);
  dh_session_emit (self, DH_SESSION_IMPORT);
}

void
dh_session_import_begin (DhSession *self, DhSessionImport *import, GTaskThreadFunc work)
{
  g_return_if_fail (self->import == NULL);
  self->import = import;
  g_autoptr (GTask) task = g_task_new (self, NULL, imported, NULL);
  g_task_set_task_data (task, import, dh_session_import_free);
  g_task_run_in_thread (task, work);
  dh_session_emit (self, DH_SESSION_IMPORT);
}

gboolean
dh_session_import_scores (DhSession *self, const char *folder, const char *root, const char *method,
                          gboolean low_is_anomalous)
{
  dh_session_settle_labels (self);
  if (self->import != NULL)
    return FALSE;
  dh_session_import_begin (self, import_new (self, folder, root, method, low_is_anomalous), import_in_thread);
  return TRUE;
}

void
dh_session_cancel_import (DhSession *self)
{
  if (self->import != NULL)
    g_cancellable_cancel (self->import->cancellable);
}

gboolean
dh_session_get_import_progress (DhSession *self, DhImportProgress *progress)
{
  DhSessionImport *import = self->import;
  *progress = (DhImportProgress){ NULL, 0, 0, FALSE };
  if (import == NULL)
    return FALSE;
  progress->method = import->method;
  progress->measuring = g_atomic_int_get (&import->measuring);
  progress->total = (guint)g_atomic_int_get (&import->total);
  progress->done = MIN ((guint)g_atomic_int_get (&import->done), progress->total);
  return TRUE;
}

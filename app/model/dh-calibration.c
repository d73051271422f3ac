#include "dh-calibration.h"
#include <math.h>
#include "dh-database.h"
#include "dh-error.h"
#include "dh-map.h"
#include "dh-records.h"
#include "dh-run-curve-private.h"
#include "dh-run-names-private.h"
#include "dh-run-state.h"
#include "dh-run-threshold.h"
#include "dh-session-private.h"

/* What is looked for, and the set that it is for. */
typedef struct
{
  gint64 run; /* that says all of it; 0: it is known */
  char *weights, *method, *map;
  char *set, *splits, *fingerprint;
} Wanted;

static void
wanted_free (gpointer data)
{
  Wanted *wanted = data;
  g_free (wanted->weights);
  g_free (wanted->method);
  g_free (wanted->map);
  g_free (wanted->set);
  g_free (wanted->splits);
  g_free (wanted->fingerprint);
  g_free (wanted);
}

static void
calibration_free (gpointer data)
{
  DhCalibration *calibration = data;
  g_free (calibration->title);
  g_free (calibration->root);
  g_free (calibration->source);
  g_free (calibration->source_id);
  g_free (calibration->precision);
  g_free (calibration->started);
  g_free (calibration);
}

static void
take_run (Wanted *wanted, GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    {
      const DhRunRow *row = rows->pdata[i];
      if (row->id != wanted->run)
        continue;
      wanted->weights = g_strdup (row->model_sha256);
      wanted->method = g_strdup (row->method);
      wanted->map = g_strdup (row->score);
      wanted->set = g_strdup (dh_session_id_of_root (row->dataset_root));
      wanted->splits = g_strdup (row->split);
      return;
    }
}

/* The same files in another folder are the same set. */
static void
find_fingerprint (Wanted *wanted, GPtrArray *rows)
{
  for (guint i = 0; i < rows->len && wanted->fingerprint == NULL; i++)
    {
      const DhRunRow *row = rows->pdata[i];
      if (g_strcmp0 (dh_session_id_of_root (row->dataset_root), wanted->set) == 0
          && g_strcmp0 (row->split, wanted->splits) == 0)
        wanted->fingerprint = g_strdup (row->dataset_fingerprint);
    }
}

/* Another method's scores have a sum of their own on every set: its name says that they are of one method. What was
 * chosen on images made worse is an experiment, no threshold to go by. */
static gboolean
is_wanted (const Wanted *wanted, const DhRunRow *row)
{
  if (g_strcmp0 (row->kind, "eval-ood") != 0 || g_strcmp0 (row->method, wanted->method) != 0
      || g_strcmp0 (dh_run_state (row), "done") != 0
      || dh_seen_get_degradation (dh_fingerprint_get_seen (row->dataset_fingerprint)).severity > 0)
    return FALSE;
  return wanted->method != NULL ? g_strcmp0 (row->score, wanted->map) == 0
                                : g_strcmp0 (row->model_sha256, wanted->weights) == 0;
}

static DhRunCurve *
find_curve (const Wanted *wanted, DhDatabase *database, gint64 run, GError **error)
{
  DhMap map = DH_MAP_HYBRID;
  if (wanted->method == NULL && !dh_map_from_name (wanted->map, &map))
    return NULL;
  g_autoptr (GPtrArray) protocols = dh_database_list_run_protocols (database, run, error);
  for (guint i = 0; protocols != NULL && i < protocols->len; i++)
    {
      const DhRunProtocolRow *row = protocols->pdata[i];
      if (g_strcmp0 (row->score, wanted->map) == 0 && g_strcmp0 (row->protocol, "densehybrid-pooled") == 0)
        return dh_run_curve_new (row, (DhFrameMap)map);
    }
  return NULL;
}

static DhCalibration *
make_calibration (const Wanted *wanted, const DhRunRow *row, const char *source_id, const DhRunCurve *curve)
{
  DhCalibration *calibration = g_new0 (DhCalibration, 1);
  const DhThreshold source = { .rule = DH_RULE_BEST_F1, .source_id = (char *)source_id };
  calibration->run = row->id;
  calibration->own =
      dh_threshold_is_from (&source, wanted->set, wanted->splits)
      || (wanted->fingerprint != NULL && dh_fingerprint_has_same_files (wanted->fingerprint, row->dataset_fingerprint));
  /* Sets of one kind have one title. */
  g_autofree char *base = g_path_get_basename (row->dataset_root), *folder = g_filename_display_name (base);
  const gboolean demo = dh_session_id_of_root (row->dataset_root) != row->dataset_root;
  calibration->title = dh_run_names_dup_data (row);
  calibration->root = g_strdup (row->dataset_root);
  calibration->source = demo ? g_strdup (calibration->title) : g_strdup_printf ("%s · %s", calibration->title, folder);
  calibration->source_id = calibration->own ? g_strdup (wanted->set) : g_strdup (source_id);
  calibration->precision = row->method == NULL ? g_strdup (row->precision) : NULL;
  calibration->started = g_strdup (row->started);
  calibration->images = (guint)MAX (row->images_done, 0);
  for (guint rule = 0; rule < DH_N_RULES; rule++)
    calibration->values[rule] = dh_run_curve_choose (curve, rule);
  return calibration;
}

static gint
compare_own (gconstpointer a, gconstpointer b)
{
  return (*(DhCalibration *const *)a)->own - (*(DhCalibration *const *)b)->own;
}

static GPtrArray *
find_calibrations (Wanted *wanted, DhDatabase *database, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) rows = dh_database_list_runs (database, error);
  if (rows == NULL)
    return NULL;
  if (wanted->run != 0)
    take_run (wanted, rows);
  find_fingerprint (wanted, rows);
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (calibration_free);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < rows->len && wanted->map != NULL; i++)
    {
      const DhRunRow *row = rows->pdata[i];
      if (!is_wanted (wanted, row))
        continue;
      g_autofree char *id =
          dh_threshold_make_source_id (dh_session_id_of_root (row->dataset_root), row->split, NULL, NULL);
      if (g_cancellable_is_cancelled (cancellable) || g_hash_table_contains (seen, id))
        continue;
      g_autoptr (GError) unread = NULL;
      g_autoptr (DhRunCurve) curve = find_curve (wanted, database, row->id, &unread);
      if (unread != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&unread));
          return NULL;
        }
      if (isnan (dh_run_curve_choose (curve, DH_RULE_BEST_F1)))
        continue; /* without anomalies nothing is chosen there */
      g_ptr_array_add (found, make_calibration (wanted, row, id, curve));
      g_hash_table_add (seen, g_steal_pointer (&id));
    }
  g_ptr_array_sort (found, compare_own); /* a stable one */
  return g_steal_pointer (&found);
}

static void
load_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, &error);
  if (database != NULL)
    found = find_calibrations (data, database, cancellable, &error);
  /* Nothing was ever evaluated. */
  else if (g_error_matches (error, DH_ERROR, DH_ERROR_NOT_FOUND))
    {
      g_clear_error (&error);
      found = g_ptr_array_new ();
    }
  if (found != NULL)
    g_task_return_pointer (task, g_steal_pointer (&found), (GDestroyNotify)g_ptr_array_unref);
  else
    g_task_return_error (task, error);
}

void
dh_session_load_calibrations (DhSession *self, gint side, DhScore score, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (side < 2 && score < DH_N_SCORES);
  Wanted *wanted = g_new0 (Wanted, 1);
  if (side >= 0)
    wanted->run = self->compared[side];
  else if (self->model != NULL)
    {
      wanted->weights = g_strdup (self->model->sha256);
      wanted->map = g_strdup (dh_score_id (score));
      wanted->set = dh_session_dup_set_id (self, &wanted->splits);
    }
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, data);
  g_task_set_task_data (task, wanted, wanted_free);
  g_task_run_in_thread (task, load_in_thread);
}

GPtrArray *
dh_session_load_calibrations_finish (DhSession *self, GAsyncResult *result, GError **error)
{
  GPtrArray *found = g_task_propagate_pointer (G_TASK (result), error);
  guint own = 0;
  for (guint i = 0; found != NULL && i < found->len; i++)
    own += ((DhCalibration *)found->pdata[i])->own;
  if (found != NULL && self->worker != NULL)
    dh_session_trace (self, "calibrations %u, own %u", found->len, own);
  return found;
}

void
dh_calibration_make_record (const DhCalibration *calibration, DhRule rule, DhThreshold *record)
{
  *record = (DhThreshold){ .value = calibration->values[rule],
                           .rule = rule,
                           .source = g_strdup (calibration->source),
                           .source_id = g_strdup (calibration->source_id),
                           .n_images = calibration->images };
}

void
dh_session_use_calibration (DhSession *self, gint side, DhScore score, const DhCalibration *calibration, DhRule rule)
{
  g_return_if_fail (rule < DH_N_RULES && isfinite (calibration->values[rule]));
  DhThreshold record;
  dh_calibration_make_record (calibration, rule, &record);
  if (side < 0)
    dh_session_take_threshold (self, score, &record);
  else
    dh_session_take_run_threshold (self, (guint)side, &record);
  dh_threshold_clear (&record);
}

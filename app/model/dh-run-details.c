#include "dh-run-details.h"
#include <math.h>
#include "dh-evaluation.h"
#include "dh-metric.h"
#include "dh-records.h"
#include "dh-run-curve-private.h"
#include "dh-run-names-private.h"
#include "dh-run-summary-private.h"
#include "dh-stored-curve.h"

/* More than a chart has pixels. */
#define MOST_POINTS 4000

static void
picture_free (gpointer data)
{
  DhRunPicture *picture = data;
  g_free (picture->stem);
  g_free (picture->name);
  g_free (picture->why);
  g_free (picture);
}

static void
protocol_free (gpointer data)
{
  DhRunProtocol *protocol = data;
  g_free (protocol->name);
  g_free (protocol->title);
  g_free (protocol);
}

static void
details_clear (gpointer data)
{
  DhRunDetails *details = data;
  g_free (details->recall);
  g_free (details->precision);
  g_free (details->data);
  g_free (details->started);
  g_free (details->method);
  g_free (details->root);
  g_free (details->split);
  g_free (details->fingerprint);
  g_clear_pointer (&details->curve, dh_run_curve_unref);
  g_clear_pointer (&details->by_stem, g_hash_table_unref);
  g_ptr_array_unref (details->protocols);
  g_ptr_array_unref (details->pictures);
}

DhRunDetails *
dh_run_details_ref (DhRunDetails *details)
{
  return g_atomic_rc_box_acquire (details);
}

void
dh_run_details_unref (DhRunDetails *details)
{
  g_atomic_rc_box_release_full (details, details_clear);
}

static void
take_curve (DhRunDetails *details, const DhCurve *curve)
{
  const guint step = MAX (1, curve->n_points / MOST_POINTS);
  const gint best = dh_curve_operating_point (curve, DH_OPERATING_BEST_F1);
  details->recall = g_new (double, curve->n_points / step + 2);
  details->precision = g_new (double, curve->n_points / step + 2);
  for (guint i = 0; i < curve->n_points; i += step)
    {
      /* The last point has all pixels. */
      const guint at = i + step >= curve->n_points ? curve->n_points - 1 : i;
      DhConfusion confusion;
      dh_curve_point_confusion (curve, at, &confusion);
      details->recall[details->n] = dh_confusion_tpr (&confusion);
      details->precision[details->n++] = dh_confusion_precision (&confusion);
    }
  if (best >= 0)
    {
      DhConfusion confusion;
      dh_curve_point_confusion (curve, (guint)best, &confusion);
      details->best_recall = dh_confusion_tpr (&confusion);
      details->best_precision = dh_confusion_precision (&confusion);
    }
}

static void
take_run (DhRunDetails *details, const DhRunRow *row)
{
  DhFrameMap map;
  details->dataset = row->dataset;
  details->data = dh_run_names_dup_data (row);
  details->fingerprint = g_strdup (row->dataset_fingerprint);
  details->started = g_strdup (row->started);
  details->method = g_strdup (row->method);
  details->root = g_strdup (row->dataset_root);
  details->split = g_strdup (row->split);
  details->images = (guint)row->images_done;
  details->open_set = g_strcmp0 (row->kind, "eval-osr") == 0;
  details->open_miou = details->open_set ? dh_run_summary_number (row->summary, NULL, "open_miou") : (double)NAN;
  if (dh_run_curve_find_map (row, &map))
    details->map = (gint)map;
}

static void
take_protocol (DhRunDetails *details, const DhRunProtocolRow *row)
{
  const DhProtocol *known = dh_protocol_find (row->protocol, NULL);
  const gboolean pooled = g_str_equal (row->protocol, "densehybrid-pooled");
  DhRunProtocol *protocol = g_new0 (DhRunProtocol, 1);
  *protocol = (DhRunProtocol){ .name = g_strdup (row->protocol),
                               .title = g_strdup (known != NULL ? known->title : row->protocol),
                               .ap = row->ap,
                               .fpr95 = row->fpr95,
                               .auroc = row->auroc,
                               .pixels = (guint64)MAX (row->pixels, 0),
                               .anomalies = (guint64)MAX (row->positives, 0) };
  g_ptr_array_insert (details->protocols, pooled ? 0 : -1, protocol);
  if (pooled && details->map >= 0)
    details->curve = dh_run_curve_new (row, (DhFrameMap)details->map);
  if (details->n > 0 || row->curve == NULL)
    return;
  g_autoptr (DhCurve) curve = dh_curve_from_bytes (row->curve);
  if (curve != NULL && curve->n_points > 0 && curve->anomalies > 0)
    take_curve (details, curve);
}

static gboolean
read_run (DhRunDetails *details, DhDatabase *database, GError **error)
{
  g_autoptr (DhRunRow) row = dh_database_get_run (database, details->run, error);
  g_autoptr (GPtrArray) protocols = row != NULL ? dh_database_list_run_protocols (database, details->run, error) : NULL;
  if (protocols == NULL)
    return FALSE;
  take_run (details, row);
  for (guint i = 0; i < protocols->len; i++)
    {
      const DhRunProtocolRow *protocol = protocols->pdata[i];
      if (protocol->protocol != NULL && g_strcmp0 (protocol->score, row->score) == 0)
        take_protocol (details, protocol);
    }
  return TRUE;
}

static gboolean
read_pictures (DhRunDetails *details, DhDatabase *database, GError **error)
{
  g_autoptr (GPtrArray) rows = dh_database_list_run_images (database, details->run, error);
  for (guint i = 0; rows != NULL && i < rows->len; i++)
    {
      const DhRunImageRow *row = rows->pdata[i];
      DhRunPicture *picture = g_new0 (DhRunPicture, 1);
      picture->stem = g_strdup (row->stem);
      picture->name = g_path_get_basename (row->stem);
      const gboolean done = g_strcmp0 (row->state, "done") == 0;
      picture->ap = done ? row->ap : NAN;
      picture->why = done ? NULL : g_strdup (row->why != NULL ? row->why : row->state);
      picture->pixels = (guint64)MAX (row->pixels, 0);
      picture->anomalies = (guint64)MAX (row->positives, 0);
      picture->non_finite = (guint64)MAX (row->non_finite, 0);
      g_ptr_array_add (details->pictures, picture);
      g_hash_table_insert (details->by_stem, picture->stem, picture);
    }
  return rows != NULL;
}

const DhRunProtocol *
dh_run_details_find_protocol (const DhRunDetails *details, const char *name)
{
  for (guint i = 0; i < details->protocols->len; i++)
    if (g_str_equal (((DhRunProtocol *)details->protocols->pdata[i])->name, name))
      return details->protocols->pdata[i];
  return NULL;
}

const DhRunPicture *
dh_run_details_find_picture (const DhRunDetails *details, const char *stem)
{
  return g_hash_table_lookup (details->by_stem, stem);
}

static void
load_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  g_autoptr (DhRunDetails) details = g_atomic_rc_box_new0 (DhRunDetails);
  details->run = *(gint64 *)data;
  details->best_recall = details->best_precision = details->open_miou = NAN;
  details->map = -1;
  details->protocols = g_ptr_array_new_with_free_func (protocol_free);
  details->by_stem = g_hash_table_new (g_str_hash, g_str_equal);
  details->pictures = g_ptr_array_new_with_free_func (picture_free);
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, &error);
  if (database != NULL && read_run (details, database, &error) && read_pictures (details, database, &error))
    g_task_return_pointer (task, g_steal_pointer (&details), (GDestroyNotify)dh_run_details_unref);
  else
    g_task_return_error (task, error);
}

void
dh_session_load_run_details (DhSession *session, gint64 run, GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer data)
{
  g_autoptr (GTask) task = g_task_new (session, cancellable, callback, data);
  g_task_set_task_data (task, g_memdup2 (&run, sizeof run), g_free);
  g_task_run_in_thread (task, load_in_thread);
}

DhRunDetails *
dh_session_load_run_details_finish (DhSession *session, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

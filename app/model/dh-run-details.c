#include "dh-run-details.h"
#include <math.h>
#include "dh-records.h"
#include "dh-stored-curve.h"

/* More than a chart has pixels. */
#define MOST_POINTS 4000

static void
picture_free (gpointer data)
{
  DhRunPicture *picture = data;
  g_free (picture->stem);
  g_free (picture->name);
  g_free (picture);
}

static void
details_clear (gpointer data)
{
  DhRunDetails *details = data;
  g_free (details->recall);
  g_free (details->precision);
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

static gboolean
read_curve (DhRunDetails *details, DhDatabase *database, GError **error)
{
  g_autoptr (DhRunRow) row = dh_database_get_run (database, details->run, error);
  g_autoptr (GPtrArray) protocols = row != NULL ? dh_database_list_run_protocols (database, details->run, error) : NULL;
  if (protocols == NULL)
    return FALSE;
  for (guint i = 0; i < protocols->len; i++)
    {
      const DhRunProtocolRow *protocol = protocols->pdata[i];
      if (protocol->curve == NULL || g_strcmp0 (protocol->score, row->score) != 0)
        continue;
      g_autoptr (DhCurve) curve = dh_curve_from_bytes (protocol->curve);
      if (curve == NULL || curve->n_points == 0 || curve->anomalies == 0)
        continue;
      take_curve (details, curve);
      break;
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
      picture->ap = g_strcmp0 (row->state, "done") == 0 ? row->ap : NAN;
      g_ptr_array_add (details->pictures, picture);
    }
  return rows != NULL;
}

static void
load_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  g_autoptr (DhRunDetails) details = g_atomic_rc_box_new0 (DhRunDetails);
  details->run = *(gint64 *)data;
  details->best_recall = details->best_precision = NAN;
  details->pictures = g_ptr_array_new_with_free_func (picture_free);
  g_autoptr (DhDatabase) database = dh_database_open_existing (NULL, &error);
  if (database != NULL && read_curve (details, database, &error) && read_pictures (details, database, &error))
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

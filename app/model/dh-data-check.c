#include "dh-data-check.h"

#include <glib/gi18n.h>

#include "dh-dataset-check.h"
#include "dh-session-private.h"

typedef struct
{
  DhDataset *dataset;
  DhDataCheckProgress *progress;
} Work;

static void
work_free (gpointer data)
{
  Work *work = data;
  dh_dataset_unref (work->dataset);
  g_atomic_rc_box_release (work->progress);
  g_free (work);
}

static void
finding_free (gpointer data)
{
  DhDataFinding *finding = data;
  g_free (finding->sentence);
  g_free (finding->detail);
  g_strfreev (finding->files);
  g_free (finding);
}

static void
value_free (gpointer data)
{
  g_free (((DhDataValue *)data)->meaning);
  g_free (data);
}

static void
split_free (gpointer data)
{
  g_free (((DhDataSplit *)data)->name);
  g_free (data);
}

void
dh_data_check_free (DhDataCheck *check)
{
  if (check == NULL)
    return;
  g_ptr_array_unref (check->splits);
  g_ptr_array_unref (check->findings);
  g_ptr_array_unref (check->values);
  g_free (check->text);
  g_free (check);
}

static const char *
role_title (DhLabelRole role)
{
  static const char *const titles[] = {
    [DH_ROLE_INLIER] = N_ ("inlier"), [DH_ROLE_ANOMALY] = N_ ("anomaly"), [DH_ROLE_IGNORE] = N_ ("ignored"),
    [DH_ROLE_CLASS] = N_ ("class"),   [DH_ROLE_SEGMENT] = N_ ("segment"), [DH_ROLE_UNKNOWN] = N_ ("unknown"),
  };
  return _ (titles[role]);
}

static DhDataLevel
level_of (DhFindingSeverity severity)
{
  return severity == DH_FINDING_ERROR     ? DH_DATA_ERROR
         : severity == DH_FINDING_WARNING ? DH_DATA_WARNING
         : severity == DH_FINDING_INFO    ? DH_DATA_INFO
                                          : DH_DATA_OK;
}

static void
add_values (DhDataCheck *check, const DhDatasetReport *report)
{
  guint64 total = 0;
  for (guint i = 0; i < report->values->len; i++)
    total += ((DhLabelValue *)report->values->pdata[i])->pixels;
  for (guint i = 0; i < report->values->len; i++)
    {
      const DhLabelValue *from = report->values->pdata[i];
      DhDataValue *value = g_new (DhDataValue, 1);
      *value = (DhDataValue){ .value = from->value,
                              .role = role_title (from->role),
                              .meaning = g_strdup (from->meaning),
                              .share = total > 0 ? (double)from->pixels / (double)total : 0,
                              .pixels = from->pixels,
                              .images = from->images,
                              .anomaly = from->role == DH_ROLE_ANOMALY,
                              .known = from->role != DH_ROLE_UNKNOWN };
      g_ptr_array_add (check->values, value);
    }
}

static DhDataCheck *
make_check (const DhDatasetReport *report)
{
  DhDataCheck *check = g_new0 (DhDataCheck, 1);
  check->images = report->n_images;
  check->labels = report->n_labels;
  check->pairs = report->n_pairs;
  check->usable = report->n_usable;
  check->splits = g_ptr_array_new_with_free_func (split_free);
  check->findings = g_ptr_array_new_with_free_func (finding_free);
  check->values = g_ptr_array_new_with_free_func (value_free);
  check->text = dh_dataset_report_to_text (report);
  for (guint i = 0; i < report->splits->len; i++)
    {
      const DhSplitCount *from = report->splits->pdata[i];
      DhDataSplit *split = g_new (DhDataSplit, 1);
      *split = (DhDataSplit){ g_strdup (from->name), from->images, from->labels, from->expected };
      g_ptr_array_add (check->splits, split);
    }
  for (guint i = 0; i < report->findings->len; i++)
    {
      const DhFinding *from = report->findings->pdata[i];
      DhDataFinding *finding = g_new (DhDataFinding, 1);
      *finding = (DhDataFinding){ level_of (from->severity), g_strdup (from->sentence), g_strdup (from->detail),
                                  g_strdupv (from->files), from->count };
      g_ptr_array_add (check->findings, finding);
    }
  add_values (check, report);
  return check;
}

static void
note_progress (guint64 done, guint64 total, const char *what, gpointer data)
{
  DhDataCheckProgress *progress = data;
  g_atomic_int_set (&progress->total, (gint)MIN (total, G_MAXINT));
  g_atomic_int_set (&progress->done, (gint)MIN (done, G_MAXINT));
}

static void
check_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Work *work = data;
  GError *error = NULL;
  const DhProgress progress = { note_progress, work->progress };
  g_autoptr (DhDatasetReport) report =
      dh_dataset_check (work->dataset, DH_CHECK_ALL, 0, cancellable, &progress, &error);
  if (report != NULL)
    g_task_return_pointer (task, make_check (report), (GDestroyNotify)dh_data_check_free);
  else
    g_task_return_error (task, error);
}

void
dh_data_check_async (DhSession *session, DhDataCheckProgress *progress, GCancellable *cancellable,
                     GAsyncReadyCallback done, gpointer data)
{
  g_return_if_fail (session->dataset != NULL);

  Work *work = g_new (Work, 1);
  *work = (Work){ dh_dataset_ref (session->dataset), g_atomic_rc_box_acquire (progress) };
  g_autoptr (GTask) task = g_task_new (session, cancellable, done, data);
  g_task_set_task_data (task, work, work_free);
  g_task_run_in_thread (task, check_in_thread);
}

DhDataCheck *
dh_data_check_finish (GAsyncResult *result, GError **error)
{
  DhDataCheck *check = g_task_propagate_pointer (G_TASK (result), error);
  if (check != NULL)
    dh_session_trace (g_task_get_source_object (G_TASK (result)), "checked %u pictures, %u findings, %u values",
                      check->images, check->findings->len, check->values->len);
  return check;
}

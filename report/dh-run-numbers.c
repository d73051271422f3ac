#include "dh-run-numbers.h"

#include <math.h>

#include "dh-error.h"
#include "dh-report-private.h"

/* Of the network's classes, or of two towns. */
static gboolean
get_classes (const DhRunRow *run, DhRunNumbers *numbers, GError **error)
{
  g_autoptr (JsonNode) root = dh_report_parse_summary (run);
  JsonObject *summary = root ? json_node_get_object (root) : NULL;
  JsonObject *classes = dh_report_get_object (summary, "classes");
  JsonObject *from = classes ? classes : summary;
  *numbers = (DhRunNumbers){ .ap = NAN,
                             .auroc = NAN,
                             .fpr95 = NAN,
                             .best_f1 = NAN,
                             .siou = NAN,
                             .ppv = NAN,
                             .mean_f1 = NAN,
                             .closed_miou = dh_report_get_number (from, "closed_miou"),
                             .open_miou = dh_report_get_number (from, "open_miou") };
  if (isfinite (numbers->closed_miou) || isfinite (numbers->open_miou))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
               "run %" G_GINT64_FORMAT
               " measured no classes: its set does not label those that the network tells apart",
               (gint64)run->id);
  return FALSE;
}

gboolean
dh_run_numbers_get (DhDatabase *database, gint64 run, const char *protocol, DhRunNumbers *numbers, GError **error)
{
  /* Without its images, which may be very many, and its curves. */
  g_autoptr (DhRunRow) kept = dh_database_get_run (database, run, error);
  if (kept && !protocol)
    return get_classes (kept, numbers, error);
  g_autoptr (GPtrArray) protocols = kept ? dh_database_list_run_numbers (database, run, error) : NULL;
  if (!protocols)
    return FALSE;
  const DhRunProtocolRow *row =
      dh_report_find_protocol (&(DhReportRun){ .protocols = protocols }, kept->score, protocol);
  g_auto (DhReportComponents) components = { NULL };
  const gboolean counted = dh_report_find_components (kept, &components) && g_str_equal (components.protocol, protocol);
  if (!row && !counted)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "run %" G_GINT64_FORMAT " was not measured under %s", run,
                   protocol);
      return FALSE;
    }
  *numbers = (DhRunNumbers){ .pixels = row ? row->pixels : 0,
                             .positives = row ? row->positives : 0,
                             .ap = row ? row->ap : NAN,
                             .auroc = row ? row->auroc : NAN,
                             .fpr95 = row ? row->fpr95 : NAN,
                             .best_f1 = row ? row->best_f1 : NAN,
                             .siou = counted ? components.siou : NAN,
                             .ppv = counted ? components.ppv : NAN,
                             .mean_f1 = counted ? components.mean_f1 : NAN,
                             .closed_miou = NAN,
                             .open_miou = NAN };
  return TRUE;
}

gboolean
dh_run_numbers_check_done (DhDatabase *database, gint64 run, GError **error)
{
  g_autoptr (DhRunRow) kept = dh_database_get_run (database, run, error);
  return kept && dh_report_check_done (kept, "numbers of the whole set", error);
}

gboolean
dh_run_numbers_check_same (DhDatabase *database, gint64 run, gint64 other, GError **error)
{
  g_autoptr (DhRunRow) a = dh_database_get_run (database, run, error);
  g_autoptr (DhRunRow) b = a ? dh_database_get_run (database, other, error) : NULL;
  const char *what = b ? dh_report_name_difference (a, b) : NULL;
  /* Of open-mIoU one takes the threshold from the very set, the other from another town. */
  if (b && !what && !g_str_equal (a->kind, b->kind))
    what = "are one of eval-ood and one of eval-osr, which choose thresholds in different ways";
  if (what)
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "runs %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT " %s", run,
                 other, what);
  return b && !what;
}

gboolean
dh_run_numbers_check_pixels (DhDatabase *database, gint64 run, gint64 other, GError **error)
{
  DhReportRun a = { NULL }, b = { NULL };
  const gboolean same = dh_report_load_run (database, run, &a, error) && dh_report_load_run (database, other, &b, error)
                        && dh_report_check_same_pixels (&a, &b, NULL, error);
  dh_report_clear_run (&a);
  dh_report_clear_run (&b);
  return same;
}

char *
dh_run_numbers_dup_images (DhDatabase *database, gint64 run, gint64 other)
{
  g_autoptr (DhRunRow) a = dh_database_get_run (database, run, NULL);
  g_autoptr (DhRunRow) b = dh_database_get_run (database, other, NULL);
  return a && b ? dh_report_dup_images (a, b) : NULL;
}

gint64
dh_run_numbers_find_last (DhDatabase *database, gint64 run, GError **error)
{
  g_autoptr (DhRunRow) own = dh_database_get_run (database, run, error);
  g_autoptr (GPtrArray) runs = own ? dh_database_list_runs (database, error) : NULL;
  for (guint i = 0; runs && i < runs->len; i++)
    {
      const DhRunRow *other = runs->pdata[i];
      if (other->id < run && g_str_equal (other->state, "done") && g_str_equal (other->kind, own->kind)
          && g_str_equal (other->score, own->score) && !dh_report_name_difference (own, other)
          && !dh_report_differ_in_images (own, other))
        return other->id;
    }
  if (runs)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                 "no run before run %" G_GINT64_FORMAT " is done and measured the same pictures", run);
  return 0;
}

static void
slice_free (gpointer data)
{
  g_free (((DhRunSlice *)data)->name);
  g_free (data);
}

static void
explain_no_slices (gint64 run, const DhReportSlices *slices, GError **error)
{
  const char *why = dh_report_slices_why_no_classes (slices);
  if (why)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "of run %" G_GINT64_FORMAT " nothing is known by class. %s", run,
                 why);
  else
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                 "the slices of run %" G_GINT64_FORMAT
                 " cannot be measured: of some images its maps, segmentations or the labels are not there",
                 run);
}

GPtrArray *
dh_run_slices_measure (DhDatabase *database, gint64 run, gboolean by_class, GCancellable *cancellable, GError **error)
{
  DhReport report = { .n_runs = 1, .cancellable = cancellable };
  g_autoptr (GPtrArray) listed = NULL;
  if (dh_report_load_run (database, run, &report.runs[0], error)
      && dh_report_check_done (report.runs[0].run, by_class ? "numbers by class" : "slices", error)
      && (report.marks = dh_database_list_marks (database, error)))
    {
      report.slices[0] =
          dh_report_slices_new (&report, 0, by_class ? DH_REPORT_SLICES_OF_CLASSES : DH_REPORT_SLICES_OF_PARTS);
      listed = dh_report_slices_list (report.slices[0]);
      if (listed && listed->len == 0)
        g_clear_pointer (&listed, g_ptr_array_unref);
      if (!g_cancellable_set_error_if_cancelled (cancellable, error) && !listed)
        explain_no_slices (run, report.slices[0], error);
    }
  dh_report_clear_run (&report.runs[0]);
  g_clear_pointer (&report.marks, g_ptr_array_unref);
  dh_report_slices_free (report.slices[0]);
  if (listed)
    g_ptr_array_set_free_func (listed, slice_free);
  return g_cancellable_is_cancelled (cancellable) ? NULL : g_steal_pointer (&listed);
}

/* The intervals of one run's numbers, or of two runs' difference, by one protocol. */
#include "dh-error.h"
#include "dh-report-intervals-private.h"
#include "dh-run-numbers.h"

static const char *const names[] = { [DH_DRAWN_IMAGES] = "image", [DH_DRAWN_SCENES] = "scene" };

gboolean
dh_drawn_from_name (const char *name, DhDrawn *drawn)
{
  for (guint i = DH_DRAWN_IMAGES; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (name, names[i]))
      {
        *drawn = i;
        return TRUE;
      }
  return FALSE;
}

/* Of the runs that were read, as many as there are. */
static gboolean
measure (DhReport *report, const char *protocol, DhRunIntervals *intervals, GError **error)
{
  const char *why = dh_report_intervals_why (report->intervals);
  if (dh_report_intervals_draw_protocol (report->intervals, protocol, 0, report->n_runs, intervals,
                                         report->cancellable))
    return TRUE;
  if (g_cancellable_set_error_if_cancelled (report->cancellable, error))
    return FALSE;
  g_set_error (error, DH_ERROR, why ? DH_ERROR_NOT_FOUND : DH_ERROR_NO_MEMORY, "no intervals can be had: %s",
               why ? why : "no memory is left for it");
  return FALSE;
}

static gboolean
check_pixels (const DhReport *report, const char *protocol, GError **error)
{
  return dh_report_check_same_pixels (&report->runs[0], &report->runs[1],
                                      g_str_equal (protocol, DH_INTERVALS_FROC) ? NULL : protocol, error);
}

static gboolean
measure_runs (DhDatabase *database, gint64 run, gint64 other, const char *by, const DhFrocRules *froc, double rate,
              DhDrawn drawn, DhRunIntervals *intervals, const DhProgress *progress, GCancellable *cancellable,
              GError **error)
{
  DhReport report = { .n_runs = other ? 2 : 1, .cancellable = cancellable };
  dh_report_intervals_undefine (intervals);
  gboolean done = (!other || dh_run_numbers_check_same (database, run, other, error))
                  && dh_report_load_run (database, run, &report.runs[0], error)
                  && (!other || dh_report_load_run (database, other, &report.runs[1], error))
                  && dh_report_check_done (report.runs[0].run, "intervals", error)
                  && (!other || dh_report_check_done (report.runs[1].run, "intervals", error))
                  && (!other || check_pixels (&report, by, error));
  if (done)
    {
      report.intervals = dh_report_intervals_new (&report, by, froc, rate, drawn);
      for (guint r = 0; r < report.n_runs; r++)
        dh_report_intervals_read (report.intervals, r, progress, cancellable);
      done = measure (&report, by, intervals, error);
    }
  dh_report_clear_run (&report.runs[0]);
  dh_report_clear_run (&report.runs[1]);
  dh_report_intervals_free (report.intervals);
  return done;
}

gboolean
dh_run_intervals_measure (DhDatabase *database, gint64 run, gint64 other, const char *protocol, DhDrawn drawn,
                          DhRunIntervals *intervals, const DhProgress *progress, GCancellable *cancellable,
                          GError **error)
{
  return measure_runs (database, run, other, protocol ? protocol : DH_REPORT_INTERVALS_POOLED, NULL, 0, drawn,
                       intervals, progress, cancellable, error);
}

gboolean
dh_run_froc_intervals_measure (DhDatabase *database, gint64 run, gint64 other, const DhFrocRules *rules, double rate,
                               DhDrawn drawn, DhRunIntervals *intervals, const DhProgress *progress,
                               GCancellable *cancellable, GError **error)
{
  return measure_runs (database, run, other, DH_INTERVALS_FROC, rules, rate, drawn, intervals, progress, cancellable,
                       error);
}

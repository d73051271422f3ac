/* The threshold at which a report counts what its maps are read for again. */
#include <math.h>

#include "dh-report-private.h"

static void
take_best (DhReportOperating *at, const DhReportRun *run, double least, const char *protocol)
{
  /* of what is at or above it; what is above the float before is just that */
  at->threshold = dh_report_sign_of (run->run, run->run->score) * nextafterf ((float)least, -INFINITY);
  at->chosen = g_strdup_printf ("best F1 of this very set, by %s", protocol);
}

/* As the components of the same report were counted, so that both speak of the same objects; else where F1 is best, by
 * the exact ranking if it was measured, else as another protocol saw it. */
static void
choose_best (DhReportOperating *at, const DhReportRun *run)
{
  g_auto (DhReportComponents) components = { NULL };
  at->own = TRUE;
  if (dh_report_find_components (run->run, &components) && isfinite (components.threshold))
    {
      at->threshold = dh_report_sign_of (run->run, run->run->score) * components.threshold;
      at->own = !components.given;
      at->chosen =
          g_strdup_printf (components.given ? "given for %s" : "best F1 of this very set, by %s", components.protocol);
      return;
    }
  const DhRunProtocolRow *pooled = dh_report_find_protocol (run, run->run->score, "densehybrid-pooled");
  if (pooled && isfinite (pooled->best_f1_threshold))
    {
      take_best (at, run, pooled->best_f1_threshold, pooled->protocol);
      return;
    }
  for (guint i = 0; i < run->protocols->len; i++)
    {
      const DhRunProtocolRow *row = run->protocols->pdata[i];
      if (!g_str_equal (row->score, run->run->score) || !isfinite (row->best_f1_threshold))
        continue;
      take_best (at, run, row->best_f1_threshold, row->protocol);
      return;
    }
  at->threshold = NAN;
  at->chosen = g_strdup ("best F1 of this very set");
}

void
dh_report_find_operating (const DhReport *report, guint which, DhReportOperating *at)
{
  const DhReportRun *run = &report->runs[which];
  *at = (DhReportOperating){ .threshold = NAN };
  for (guint i = 0; which == 0 && i < report->n_thresholds; i++)
    {
      const DhReportThreshold *kept = &report->thresholds[i];
      if (kept->score && !g_str_equal (kept->score, run->run->score))
        continue;
      at->threshold = kept->value;
      at->chosen = dh_report_threshold_chosen (kept);
      at->own = kept->own;
      return;
    }
  choose_best (at, run);
}

void
dh_report_operating_clear (DhReportOperating *at)
{
  g_clear_pointer (&at->chosen, g_free);
}

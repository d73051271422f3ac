#pragma once
#include "dh-report-private.h"
#include "dh-run-froc.h"

G_BEGIN_DECLS

struct _DhReportFroc
{
  DhFrocCurve *curve; /* NULL: `why` */
  char *why;
  guint unread; /* images that are not among the curve's */
  DhReportOperating at;
};

/* What the run finds at its own threshold; NULL: nothing, also where there is no threshold. */
const DhFrocPoint *dh_report_froc_get_operating (const DhReportFroc *froc, const DhReportRun *run);

G_END_DECLS

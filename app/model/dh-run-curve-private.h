#pragma once
#include "dh-records.h"
#include "dh-run-curve.h"

G_BEGIN_DECLS

/* Of the pooled protocol's row of the score that the run measured; bytes that are broken give no curve, and what the
 * row's columns say is known all the same. Any thread. */
DhRunCurve *dh_run_curve_new (const DhRunProtocolRow *row, DhFrameMap kind);

G_END_DECLS

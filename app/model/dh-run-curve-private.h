#pragma once
#include "dh-records.h"
#include "dh-run-curve.h"

G_BEGIN_DECLS

/* The map that the run measured; of another method's scores one of which high is anomalous as well. FALSE: none. */
gboolean dh_run_curve_find_map (const DhRunRow *row, DhFrameMap *map);

/* Of the pooled protocol's row of the score that the run measured; bytes that are broken give no curve, and what the
 * row's columns say is known all the same. Any thread. */
DhRunCurve *dh_run_curve_new (const DhRunProtocolRow *row, DhFrameMap kind);

G_END_DECLS

#pragma once
#include "dh-draws.h"
#include "dh-metric.h"
#include "dh-report-private.h"

G_BEGIN_DECLS

/* What of each picture of a run is kept, so that a protocol's numbers can be measured in draws of the pictures. */
typedef struct _DhReportDrawn DhReportDrawn;

/* NULL where the run was not measured by the protocol. */
DhReportDrawn *dh_report_drawn_new (const DhReportRun *run, const DhProtocol *protocol);
/* What is found at so many false alarms an image, which needs no protocol; it goes by the name DH_INTERVALS_FROC. */
DhReportDrawn *dh_report_drawn_new_froc (const DhFrocOptions *options, double rate);
void dh_report_drawn_free (DhReportDrawn *drawn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhReportDrawn, dh_report_drawn_free)
const DhProtocol *dh_report_drawn_protocol (const DhReportDrawn *drawn);
/* Whether its numbers are a ranking's of all pixels, and drawn by their bins. */
gboolean dh_report_drawn_is_pooled (const DhReportDrawn *drawn);
/* As the run keeps them, or, of false alarms, once all pictures were added; by DhIntervalNumber. */
const double *dh_report_drawn_exact (DhReportDrawn *drawn);
/* The next picture, of its map, oriented. Errors: DH_ERROR_NO_MEMORY. */
gboolean dh_report_drawn_add (DhReportDrawn *drawn, const float *scores, const DhLabels *labels, GError **error);
/* Of `n` runs by the same protocol, by DhIntervalNumber; no pooled ones. FALSE where cancelled. */
gboolean dh_report_drawn_draw (DhReportDrawn *const *of, const DhDrawsRun *runs, guint n, guint n_groups,
                               DhBootstrapNumber numbers[DH_N_INTERVALS], guint *used, GCancellable *cancellable);

G_END_DECLS

#pragma once
#include <glib.h>
#include "dh-class-table.h"
#include "dh-open-sweep.h"

G_BEGIN_DECLS

/* What the segmentation of a set is worth, class by class: without a threshold on the pixels of the known classes
 * alone, and, where there are anomalies too, with what is flagged at a threshold taken out (dh-open-set.h).
 * Fractions of 1; NAN where a class is absent. */
typedef struct
{
  const DhClassTable *table; /* K classes */
  double closed_miou, *closed_iou;
  guint64 *confusion; /* K×K, row = label, column = prediction */
  gboolean has_open;  /* the set holds anomalies; else the rest is NAN */
  double threshold;   /* at TPR 95 % (DH_FPR95_ABOVE) of the very set; flagged is a score above it */
  double open_miou, *open_iou, anomaly_iou;
} DhClassResult;
/* `sweep` of as many classes as the table has. */
DhClassResult *dh_class_result_new (const DhClassTable *table, DhOpenSweep *sweep, double threshold);
DhClassResult *dh_class_result_copy (const DhClassResult *result);
void dh_class_result_free (DhClassResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhClassResult, dh_class_result_free)

/* For a run's summary and the command line: "table", "names", "closed_miou", "closed_iou", "confusion" (rows of
 * labels), and with has_open "threshold", "threshold_rule", "open_miou", "open_iou", "anomaly_iou". null where it is
 * absent. Free with json_object_unref. */
struct _JsonObject *dh_class_result_to_json (const DhClassResult *result);

G_END_DECLS

#pragma once
#include <gio/gio.h>
#include "dh-dataset.h"
#include "dh-open-set.h"
#include "dh-predictor.h"
#include "dh-progress.h"

G_BEGIN_DECLS

/* Open-set recognition on StreetHazards' two test towns: the threshold is calibrated on one town and measured on the
 * other (dh-open-set.h). A line is named by the town that it was measured on. */
typedef struct
{
  char *town;
  char *calibrated_on;
  DhOpenSetResult *result;
} DhTownResult;

typedef struct
{
  GArray *towns; /* DhTownResult, in the data set's order */
  double open_miou, closed_miou; /* weighted by the numbers of images */
  guint images;
  double seconds; /* of inference */
} DhOpenEvaluation;
void dh_open_evaluation_free (DhOpenEvaluation *evaluation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhOpenEvaluation, dh_open_evaluation_free)

/* The data set must have class and anomaly labels and exactly two towns (its groups) in the split "test" or "".
 * `tpr`: the reference's 0.95. The first town is inferred twice, so that nothing need be kept. Errors:
 * DH_ERROR_MISMATCH where the model's classes are not the data set's, it has no outlier head, a town holds no anomaly
 * or the towns are not two; and those of reading and inference. */
DhOpenEvaluation *dh_open_evaluation_run (DhDataset *dataset, DhPredictor *predictor, double tpr,
                                          GCancellable *cancellable, const DhProgress *progress, GError **error);

G_END_DECLS

#pragma once
#include <gio/gio.h>
#include "dh-database.h"
#include "dh-dataset.h"
#include "dh-evaluation.h"
#include "dh-open-set.h"
#include "dh-predictor.h"
#include "dh-progress.h"
#include "dh-records.h"
#include "dh-reduction.h"

G_BEGIN_DECLS

/* Open-set recognition on StreetHazards' two test towns: the threshold is calibrated on one town and measured on the
 * other (dh-open-set.h). A line is named by the town that it was measured on.
 *
 * Each picture is inferred once. Its hybrid score and segmentation are written whole to FOLDER/eval/scores/STEM.npy and
 * FOLDER/eval/segmentation/STEM.npy before its row is committed, so that a run of kind "eval-osr" that was killed goes
 * on behind the last committed picture. What belongs to the towns is the run's summary (JSON). */
typedef struct
{
  DhDataset *dataset; /* class and anomaly labels, two towns (its groups) */
  DhPredictor *predictor;
  DhDatabase *database;         /* of the calling thread */
  const char *folder;           /* where the maps go; made if absent */
  double tpr;                   /* of the calibrated threshold; the reference's is 0.95 */
  const DhReduction *reduction; /* of the pictures, as DhEvaluationOptions'; NULL: none */
  const char *command;          /* that does the same, for the run's provenance; may be NULL */
  /* Called on the evaluating thread after each picture was committed; may be NULL. */
  void (*image_done) (const DhRunImageRow *row, guint done, guint total, gpointer data);
  DhEvaluationWarning warning; /* of the first pictures, unless they are made worse; may be NULL */
  gpointer data;
} DhOpenEvaluationOptions;

typedef struct
{
  char *town;
  char *calibrated_on;
  DhOpenSetResult *result;
} DhTownResult;

typedef struct
{
  gint64 run;                    /* row in the database */
  GArray *displaced;             /* as DhEvaluation's */
  GArray *towns;                 /* DhTownResult, in the data set's order */
  double open_miou, closed_miou; /* weighted by the numbers of images; of all towns together */
  guint images;
  guint resumed;  /* of these, how many were taken from an earlier start */
  double seconds; /* of inference */
} DhOpenEvaluation;
void dh_open_evaluation_free (DhOpenEvaluation *evaluation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhOpenEvaluation, dh_open_evaluation_free)

/* Errors: DH_ERROR_MISMATCH where the model's classes are not the data set's, it has no outlier head, a town holds no
 * anomaly or the towns are not two; DH_ERROR_FAILED where another process runs in the folder; those of reading,
 * inference, writing and the database. A picture that cannot be read ends the run, for a mean over a part of the towns
 * is not the published number. Cancelling (G_IO_ERROR_CANCELLED) leaves the run to be taken up later. */
DhOpenEvaluation *dh_open_evaluation_run (const DhOpenEvaluationOptions *options, GCancellable *cancellable,
                                          const DhProgress *progress, GError **error);

G_END_DECLS

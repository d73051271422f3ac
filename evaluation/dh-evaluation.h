#pragma once
#include <gio/gio.h>
#include "dh-class-result.h"
#include "dh-combined-scores.h"
#include "dh-database.h"
#include "dh-dataset.h"
#include "dh-imported-scores.h"
#include "dh-map-maker.h"
#include "dh-map.h"
#include "dh-metric.h"
#include "dh-predictor.h"
#include "dh-ranking.h"
#include "dh-records.h"
#include "dh-reduction.h"

G_BEGIN_DECLS

/* Measuring a whole data set: picture by picture through the predictor, or from the score maps of another method or
 * what is made of other runs', into metrics and database rows. What the commands `eval-ood` and `combine` do, and the
 * studio's "Evaluate data set", "Import scores" and "Make a run of these".
 *
 * An image's score map is written whole to FOLDER/eval/scores/STEM.npy (float32, H×W) before its row is committed, so a
 * run that was killed goes on behind the last committed image: the newest unfinished run with the same data set (by
 * content), split, model (by SHA-256), folder, score, device and precision is taken up, and its maps are read back.
 * The network's segmentation lies beside it (FOLDER/eval/segmentation/STEM.npy, uint8), and is measured too where the
 * set labels the network's own classes; what an earlier version of the program has left without it is computed again.
 * Imported and made maps are written there as well, and are all that is looked at afterwards.
 * Two processes never run in one folder: the second is refused with DH_ERROR_FAILED. */

/* What is wrong with the maps of a run's first pictures (dh-first-look.h), where something is: early, so that nobody
 * waits an hour for numbers that cannot be right. The run goes on. On the evaluating thread. */
typedef void (*DhEvaluationWarning) (const char *text, gpointer data);

typedef struct
{
  DhDataset *dataset;
  DhPredictor *predictor;     /* NULL where there are */
  DhImportedScores *scores;   /* another method's, of this data set: their sum is made; `score`, `more_scores` and
                                 `maker` have no meaning then, and what is measured is DH_SCORE_IMPORTED */
  DhCombinedScores *combined; /* or other runs', prepared; likewise, DH_SCORE_COMBINED */
  DhDatabase *database;       /* of the calling thread */
  const char *folder;         /* where the maps go; made if absent */
  DhMap score;       /* what the protocols measure: DH_MAP_HYBRID, or of a closed-set model any of the others */
  guint more_scores; /* bits DH_MAP_BIT(): measured beside it, each by densehybrid-pooled alone; their maps are written
                        to FOLDER/eval/NAME/STEM.npy */
  const DhProtocol *const *protocols; /* pixel and component protocols */
  guint n_protocols;
  DhMetricOptions metric_options;
  const char *command;          /* that does the same, for the run's provenance; may be NULL */
  const DhMapMaker *maker;      /* of the maps; NULL: the predictor alone */
  const DhReduction *reduction; /* of the pictures, without a `maker`: the run's precision is named by it, so that it is
                                 * taken up with the same alone; NULL: none */
  guint threads;                /* that read, write and measure pictures; 0: as many as the machine has use for */
  /* Called on the evaluating thread after each image was committed; may be NULL. */
  void (*image_done) (const DhRunImageRow *row, guint done, guint total, gpointer data);
  DhEvaluationWarning warning; /* of the first pictures, unless they are made worse; may be NULL */
  gpointer data;
} DhEvaluationOptions;

typedef struct
{
  DhMap score;        /* has no meaning where its maps are from elsewhere */
  const char *name;   /* of the map, DH_SCORE_IMPORTED or DH_SCORE_COMBINED; a constant */
  DhRanking *ranking; /* all pixels of the set: sliders, histograms; owned */
  DhOpenSweep *sweep; /* the same by class; NULL without `classes`; owned */
  GPtrArray *results; /* DhResult, one a protocol, in the order asked for (of more_scores: densehybrid-pooled alone) */
} DhScoreEvaluation;

/* A picture that no number speaks of. */
typedef struct
{
  char *stem, *why;
} DhLeftOut;

typedef struct
{
  gint64 run;             /* row in the database */
  GArray *displaced;      /* gint64: earlier runs of the set, by other weights or rules, over whose maps it wrote, the
                             newest first */
  guint images;           /* measured */
  GArray *left_out;       /* DhLeftOut: unreadable, label of another size …; in the data set's order */
  guint resumed;          /* of the measured ones, how many were taken from an earlier start */
  double seconds;         /* of inference */
  gboolean kept;          /* recalled from what was kept beside the maps; these were not read */
  GArray *scores;         /* DhScoreEvaluation: the score first, then more_scores in the order of DhMap */
  DhClassResult *classes; /* by the score; NULL: the set does not label the classes that the network tells apart */
} DhEvaluation;
void dh_evaluation_free (DhEvaluation *evaluation);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhEvaluation, dh_evaluation_free)

/* Turns a map so that high = anomalous, as metrics want it: likelihood and dataset posterior are negated, others stay
 * as they are. In place, n values. */
void dh_evaluation_orient (DhMap map, float *values, gsize n);

/* Runs on the calling thread. Cancelling ends with G_IO_ERROR_CANCELLED and leaves the run in state "cancelled", to be
 * taken up later. An image that cannot be read, for whatever reason, is a failed row, not the end; where none can be
 * read, that is an error (DH_ERROR_INVALID, the first reason). Errors of writing or of the database end the run. */
DhEvaluation *dh_evaluation_run (const DhEvaluationOptions *options, GCancellable *cancellable,
                                 const DhProgress *progress, GError **error);

/* A run of a network that is done, once more: what dh_evaluation_run() gave, of those of its scores that lie in its
 * folder, without the network; in the database nothing is written. Its numbers are kept beside its maps (`kept`), and
 * where data set, labels and maps are as they were that is all that is read. Else it is measured again from the maps
 * that it wrote, and its numbers are kept anew. Of the options count the data set, opened as the run's was, database,
 * protocols, metric options, threads and what is called. `classes`: of the network. Errors: DH_ERROR_NOT_FOUND where
 * the run or one of its maps is not there any more, or another run's in its place; DH_ERROR_MISMATCH where pictures or
 * labels have changed since; DH_ERROR_TOO_LARGE, before any is read, where the maps are more than `most_bytes` (0: any
 * number). Where they are, protocols that the run did not measure are left out of what was kept. */
DhEvaluation *dh_evaluation_recall (const DhEvaluationOptions *options, gint64 run, guint classes, guint64 most_bytes,
                                    GCancellable *cancellable, const DhProgress *progress, GError **error);

/* Where a run's maps lie if nobody said where: in the user's data folder, one place for each kind of run, data set
 * (by its root, and by how its pictures are made worse), weights, device and precision. Free with g_free. */
char *dh_evaluation_default_folder (const char *kind, DhDataset *dataset, const char *sha256, const char *device,
                                    const char *precision);

G_END_DECLS

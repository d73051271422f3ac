#pragma once
#include "dh-early-look-private.h"
#include "dh-evaluation.h"
#include "dh-meters-private.h"
#include "dh-picture-seal-private.h"
#include "dh-run-record-private.h"
#include "dh-score-source-private.h"

G_BEGIN_DECLS

/* The pictures of a run through its meters: once all of them, and those with labels as often as a protocol wants to see
 * them again. On the evaluating thread. */
typedef struct
{
  const DhEvaluationOptions *options;
  const DhMapMaker *maker;     /* NULL: the predictor alone */
  const DhScoreSource *source; /* of the score's maps; NULL: the network */
  GCancellable *cancellable;
  const DhProgress *progress;
  DhRunRecord record;    /* begun between dh_evaluation_flow_prepare() and dh_evaluation_flow_visit() */
  DhMap score;           /* of the run; that maps from elsewhere stand in for it changes nothing: high = anomalous */
  guint more_scores;     /* DH_MAP_BIT() */
  gboolean segmentation; /* lies beside the scores, or is made there */
  guint classes;         /* of the network; 0: maps from elsewhere */
  const DhClassTable *table; /* of the set's classes, where they are the network's as well; else NULL */
  DhMeters *meters;          /* of the score of the run first */
  DhPictureSeal *seals;      /* a picture each; all 0 where it was not measured, or its map is from elsewhere */
  GArray *indices;           /* guint: the pictures that have a label of anomalies and maps */
  GPtrArray *waiting;        /* DhMetric: those that see all pictures once more; borrowed */
  DhEarlyLook early;
  DhEvaluation *result; /* what there is of it */
} DhEvaluationFlow;

/* Nothing is looked at yet; what is given is as it stands above. */
void dh_evaluation_flow_init (DhEvaluationFlow *flow, const DhEvaluationOptions *options, DhMap score,
                              guint more_scores, gboolean segmentation, guint classes, GCancellable *cancellable,
                              const DhProgress *progress);
/* The result is the caller's where he has taken it. */
void dh_evaluation_flow_clear (DhEvaluationFlow *flow);

/* Whether there is something to be measured, and by what. */
gboolean dh_evaluation_flow_prepare (DhEvaluationFlow *flow, GError **error);
/* The maps kept beside the score's, by name; free with g_free. */
char *dh_evaluation_flow_list_others (const DhEvaluationFlow *flow);
/* What is measured of each picture, DH_MAP_BIT(). */
guint dh_evaluation_flow_list_maps (const DhEvaluationFlow *flow);
/* Measures; stores the results, unless the run is recalled. */
gboolean dh_evaluation_flow_visit (DhEvaluationFlow *flow, GError **error);

G_END_DECLS

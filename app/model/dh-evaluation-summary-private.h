#pragma once
#include "dh-evaluation.h"
#include "dh-score-stats.h"
#include "dh-session-evaluation.h"

G_BEGIN_DECLS

/* What the window shows of an evaluation that is done. Any thread. */
/* `ended` NULL: now. */
DhEvaluationSummary *dh_evaluation_summary_new (const DhEvaluation *result, const char *device, const char *precision,
                                                GDateTime *ended);
void dh_evaluation_summary_free (DhEvaluationSummary *summary);

/* Stem → double, the pixels of the largest anomaly that was missed; NaN where there is none. NULL without components.
 * Free with g_hash_table_unref. */
GHashTable *dh_evaluation_summary_list_missed (const DhEvaluation *result);
/* The rankings go over to the statistics of the set, sealed; without labels those are empty. */
DhScoreStats *dh_evaluation_summary_take_stats (DhEvaluation *result, gboolean labelled);

G_END_DECLS

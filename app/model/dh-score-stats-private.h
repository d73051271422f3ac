#pragma once
#include "dh-metric.h"
#include "dh-open-sweep.h"
#include "dh-ranking.h"
#include "dh-score-stats.h"

G_BEGIN_DECLS

/* Takes a ranking made elsewhere as the score's, and what was counted by class (may be NULL): likelihood and posterior
 * negated. `pooled`: what densehybrid-pooled has read off the ranking, so that sealing need not; NULL: nothing. */
G_GNUC_INTERNAL void dh_score_stats_take_ranking (DhScoreStats *stats, DhScore score, DhRanking *ranking,
                                                  DhOpenSweep *sweep, const DhResult *pooled, guint n_images);

G_END_DECLS

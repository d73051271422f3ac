#pragma once
#include "dh-ranking.h"
#include "dh-score-stats.h"

G_BEGIN_DECLS

/* Takes a ranking made elsewhere as the score's: likelihood and posterior negated. */
G_GNUC_INTERNAL void dh_score_stats_take_ranking (DhScoreStats *stats, DhScore score, DhRanking *ranking,
                                                  guint n_images);

G_END_DECLS

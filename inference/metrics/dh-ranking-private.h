#pragma once
#include "dh-ranking.h"
#include "dh-tally-private.h"

typedef struct
{
  guint32 key;
  guint64 count;      /* of this key's carries, times 256 */
  guint64 count_from; /* of all carries of keys ≥ this one */
} DhRankingCarry;

/* What makes a threshold's counts cheap; rebuilt after a change. */
typedef struct
{
  guint64 above[2][DH_TALLY_PAGES]; /* pixels in higher pages */
  DhRankingCarry *carries[2];       /* descending keys */
  guint n_carries[2];
} DhRankingIndex;

struct _DhRanking
{
  DhTally tally[2]; /* inliers, anomalies */
  guint64 ignored, non_finite;
  double sum; /* of the scores */
  DhRankingIndex *index;
};

/* Goes through the distinct scores in descending order, a page at a time. */
typedef struct
{
  DhRanking *ranking;
  gint page;      /* the next one */
  guint carry[2]; /* the next ones */
  guint64 *counts[2];
  DhTallyOccupied *occupied;
  guint n; /* entries of the current page */
  guint32 *keys;
  guint64 *inliers, *anomalies;
  gpointer block;
} DhRankingWalk;

/* FALSE where memory is short. Every walk ends with dh_ranking_walk_end. */
gboolean dh_ranking_walk_begin (DhRankingWalk *walk, DhRanking *ranking);
gboolean dh_ranking_walk_next (DhRankingWalk *walk);
void dh_ranking_walk_end (DhRankingWalk *walk);
/* Only that page next. */
void dh_ranking_walk_seek (DhRankingWalk *walk, guint page);

/* NULL where memory is short. */
const DhRankingIndex *dh_ranking_index (DhRanking *ranking);

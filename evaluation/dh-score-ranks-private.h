#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The share of all scores that are less than one, and half of those that are the same, without keeping or sorting them.
 *
 * They are counted in bins of the float's upper 18 bits (1 in 512 of the value). A bin that becomes crowded, by 1 in
 * 65,536 of all so far and 256 at least, is split into 128 for what is still to come, and these once more, down to
 * single values: where nearly all scores lie close to 1 they have their ranks as well. What one bin counts has ranks
 * that go evenly from the least score in it to the greatest, so that a rank is off by two such crowds at most. Other
 * scores have other ranks, in the same order. 6 MiB, and 3 KiB for each bin that was split. */
typedef struct _DhScoreRanks DhScoreRanks;

DhScoreRanks *dh_score_ranks_new (void);
void dh_score_ranks_free (DhScoreRanks *ranks);

/* A finite one. In the same order they give the same bits. */
void dh_score_ranks_add (DhScoreRanks *ranks, float score);
/* Once all are added. */
void dh_score_ranks_finish (DhScoreRanks *ranks);
/* Of a score that was added, 0 to 1. Any thread. */
double dh_score_ranks_of (const DhScoreRanks *ranks, float score);

G_END_DECLS

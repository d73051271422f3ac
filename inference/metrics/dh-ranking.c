#include "dh-ranking-private.h"
#include <math.h>
#include <stdlib.h>
#include "dh-error.h"
#include "dh-key-private.h"

static const guint8 plain_classes[256] = {
  [0] = DH_LABEL_INLIER,
  [1] = DH_LABEL_ANOMALY,
  [2 ... 255] = DH_LABEL_IGNORED,
};

DhRanking *
dh_ranking_new (void)
{
  return g_new0 (DhRanking, 1);
}

static void
drop_index (DhRanking *ranking)
{
  if (!ranking->index)
    return;
  for (guint c = 0; c < 2; c++)
    g_free (ranking->index->carries[c]);
  g_clear_pointer (&ranking->index, g_free);
}

guint64
dh_ranking_usual_memory (guint64 pixels)
{
  return MIN (pixels * 3, (guint64)192 << 20);
}

void
dh_ranking_free (DhRanking *ranking)
{
  if (!ranking)
    return;
  drop_index (ranking);
  for (guint c = 0; c < 2; c++)
    dh_tally_release (&ranking->tally[c]);
  g_free (ranking);
}

static gboolean
fail_memory (DhRanking *ranking, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY,
               "the scores do not fit in memory: the ranking holds %" G_GSIZE_FORMAT
               " MiB already. Measure fewer images at once, or end other programs",
               dh_ranking_memory (ranking) >> 20);
  return FALSE;
}

gboolean
dh_ranking_add (DhRanking *ranking, const float *scores, const guint8 *labels, gsize n, const guint8 *classes,
                GError **error)
{
  drop_index (ranking);
  if (!classes)
    classes = plain_classes;
  guint64 added[2] = { 0, 0 }, non_finite = 0;
  double sum = 0;
  gboolean fits = TRUE;
  gsize i;
  for (i = 0; i < n && fits; i++)
    {
      const guint32 bits = dh_float_bits (scores[i]);
      const guint8 class = classes[labels[i]];
      if (G_UNLIKELY (dh_bits_non_finite (bits)))
        non_finite++;
      else if (class < DH_LABEL_IGNORED)
        {
          fits = dh_tally_add (&ranking->tally[class], dh_key_from_bits (bits));
          added[class]++;
          sum += scores[i];
        }
    }
  for (guint c = 0; c < 2; c++)
    ranking->tally[c].total += added[c];
  ranking->non_finite += non_finite;
  ranking->ignored += i - added[0] - added[1] - non_finite;
  ranking->sum += sum;
  return fits || fail_memory (ranking, error);
}

gboolean
dh_ranking_merge (DhRanking *ranking, const DhRanking *other, GError **error)
{
  drop_index (ranking);
  for (guint c = 0; c < 2; c++)
    if (!dh_tally_merge (&ranking->tally[c], &other->tally[c]))
      return fail_memory (ranking, error);
  ranking->ignored += other->ignored;
  ranking->non_finite += other->non_finite;
  ranking->sum += other->sum;
  return TRUE;
}

void
dh_ranking_clear (DhRanking *ranking)
{
  drop_index (ranking);
  for (guint c = 0; c < 2; c++)
    dh_tally_clear (&ranking->tally[c]);
  ranking->ignored = ranking->non_finite = 0;
  ranking->sum = 0;
}

guint64
dh_ranking_inliers (const DhRanking *ranking)
{
  return ranking->tally[0].total;
}

guint64
dh_ranking_anomalies (const DhRanking *ranking)
{
  return ranking->tally[1].total;
}

guint64
dh_ranking_ignored (const DhRanking *ranking)
{
  return ranking->ignored;
}

guint64
dh_ranking_non_finite (const DhRanking *ranking)
{
  return ranking->non_finite;
}

double
dh_ranking_mean_score (const DhRanking *ranking)
{
  const guint64 n = ranking->tally[0].total + ranking->tally[1].total;
  return n ? ranking->sum / n : NAN;
}

gsize
dh_ranking_memory (const DhRanking *ranking)
{
  gsize bytes = sizeof *ranking + (ranking->index ? sizeof *ranking->index : 0);
  for (guint c = 0; c < 2; c++)
    {
      bytes += ranking->tally[c].bytes;
      if (ranking->tally[c].carries)
        bytes += (gsize)g_hash_table_size (ranking->tally[c].carries) * 32; /* about, at its fill */
    }
  return bytes;
}

static int
compare_carries (const void *a, const void *b)
{
  const guint32 x = ((const DhRankingCarry *)a)->key, y = ((const DhRankingCarry *)b)->key;
  return (x < y) - (x > y);
}

static gboolean
index_carries (const DhTally *tally, DhRankingIndex *index, guint c)
{
  index->n_carries[c] = tally->carries ? g_hash_table_size (tally->carries) : 0;
  if (!index->n_carries[c])
    return TRUE;
  DhRankingCarry *list = index->carries[c] = g_try_new (DhRankingCarry, index->n_carries[c]);
  if (!list)
    return FALSE;
  GHashTableIter iter;
  gpointer key, times;
  g_hash_table_iter_init (&iter, tally->carries);
  for (guint i = 0; g_hash_table_iter_next (&iter, &key, &times); i++)
    {
      list[i].key = GPOINTER_TO_UINT (key);
      list[i].count = (guint64)GPOINTER_TO_SIZE (times) << 8;
    }
  qsort (list, index->n_carries[c], sizeof *list, compare_carries);
  guint64 sum = 0;
  for (guint i = 0; i < index->n_carries[c]; i++)
    list[i].count_from = sum += list[i].count;
  return TRUE;
}

const DhRankingIndex *
dh_ranking_index (DhRanking *ranking)
{
  if (ranking->index)
    return ranking->index;
  ranking->index = g_try_new0 (DhRankingIndex, 1);
  if (!ranking->index)
    return NULL;
  for (guint c = 0; c < 2; c++)
    {
      guint64 above = 0;
      for (gint p = DH_TALLY_PAGES - 1; p >= 0; p--)
        {
          ranking->index->above[c][p] = above;
          above += ranking->tally[c].pages[p].n;
        }
      if (!index_carries (&ranking->tally[c], ranking->index, c))
        {
          drop_index (ranking);
          return NULL;
        }
    }
  return ranking->index;
}

/* The carries of keys ≥ key. */
static guint64
carries_from (const DhRankingIndex *index, guint c, guint32 key)
{
  guint low = 0, high = index->n_carries[c];
  while (low < high)
    {
      const guint middle = low + (high - low) / 2;
      if (index->carries[c][middle].key >= key)
        low = middle + 1;
      else
        high = middle;
    }
  return low ? index->carries[c][low - 1].count_from : 0;
}

static guint64
count_from (const DhRanking *ranking, const DhRankingIndex *index, guint c, guint32 key)
{
  const guint page = key >> 16;
  guint64 count = index->above[c][page] + dh_tally_count_from (&ranking->tally[c], page, key & 0xffff);
  if (index->n_carries[c])
    {
      const guint64 here = carries_from (index, c, key);
      /* those of higher pages stand in `above` already */
      count += page == DH_TALLY_PAGES - 1 ? here : here - carries_from (index, c, (guint32)(page + 1) << 16);
    }
  return count;
}

void
dh_ranking_confusion (DhRanking *ranking, float threshold, gboolean inclusive, DhConfusion *confusion)
{
  guint64 above[2] = { 0, 0 };
  const DhRankingIndex *index = isnan (threshold) ? NULL : dh_ranking_index (ranking);
  if (index)
    {
      /* infinity's key is above every key that was added and not the greatest one */
      const guint32 key = dh_key_from_bits (dh_float_bits (threshold)) + !inclusive;
      for (guint c = 0; c < 2; c++)
        above[c] = count_from (ranking, index, c, key);
    }
  confusion->tp = above[1];
  confusion->fp = above[0];
  confusion->fn = ranking->tally[1].total - above[1];
  confusion->tn = ranking->tally[0].total - above[0];
}

double
dh_ranking_quantile (DhRanking *ranking, double q)
{
  const guint64 total = ranking->tally[0].total + ranking->tally[1].total;
  const DhRankingIndex *index = total ? dh_ranking_index (ranking) : NULL;
  if (!index)
    return NAN;
  /* rank counts from the lowest: 1 … total; so many pixels lie above it */
  const guint64 rank = CLAMP ((guint64)ceil (CLAMP (q, 0.0, 1.0) * total), 1, total);
  const guint64 above = total - rank;
  guint page = 0, high = DH_TALLY_PAGES - 1; /* the lowest page with at most `above` pixels in higher ones */
  while (page < high)
    {
      const guint middle = page + (high - page) / 2;
      if (index->above[0][middle] + index->above[1][middle] <= above)
        high = middle;
      else
        page = middle + 1;
    }
  DhRankingWalk walk;
  double quantile = NAN;
  if (dh_ranking_walk_begin (&walk, ranking))
    {
      dh_ranking_walk_seek (&walk, page);
      guint64 before = index->above[0][page] + index->above[1][page];
      if (dh_ranking_walk_next (&walk))
        for (guint i = 0; i < walk.n; i++)
          {
            before += walk.inliers[i] + walk.anomalies[i];
            if (before > above)
              {
                quantile = dh_key_to_float (walk.keys[i]);
                break;
              }
          }
    }
  dh_ranking_walk_end (&walk);
  return quantile;
}

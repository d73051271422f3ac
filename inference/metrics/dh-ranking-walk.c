#include "dh-ranking-private.h"

#define PAGE DH_TALLY_PAGE

gboolean
dh_ranking_walk_begin (DhRankingWalk *walk, DhRanking *ranking)
{
  *walk = (DhRankingWalk){ .ranking = ranking, .page = DH_TALLY_PAGES - 1 };
  if (!dh_ranking_index (ranking))
    {
      walk->page = -1;
      return FALSE;
    }
  const gsize wide = PAGE * sizeof (guint64);
  guint8 *block = walk->block = g_try_malloc0 (4 * wide + PAGE * sizeof (guint32) + sizeof (DhTallyOccupied));
  if (!block)
    return FALSE;
  walk->counts[0] = (guint64 *)block;
  walk->counts[1] = (guint64 *)(block + wide);
  walk->inliers = (guint64 *)(block + 2 * wide);
  walk->anomalies = (guint64 *)(block + 3 * wide);
  walk->occupied = (DhTallyOccupied *)(block + 4 * wide);
  walk->keys = (guint32 *)(walk->occupied + 1);
  return TRUE;
}

void
dh_ranking_walk_end (DhRankingWalk *walk)
{
  g_clear_pointer (&walk->block, g_free);
}

void
dh_ranking_walk_seek (DhRankingWalk *walk, guint page)
{
  const DhRankingIndex *index = walk->ranking->index;
  walk->page = page;
  for (guint c = 0; c < 2; c++)
    while (walk->carry[c] < index->n_carries[c] && index->carries[c][walk->carry[c]].key >> 16 > page)
      walk->carry[c]++;
}

static void
expand (DhRankingWalk *walk, guint c)
{
  const DhRankingIndex *index = walk->ranking->index;
  dh_tally_expand (&walk->ranking->tally[c], walk->page, walk->counts[c], walk->occupied);
  while (walk->carry[c] < index->n_carries[c])
    {
      const DhRankingCarry *carry = &index->carries[c][walk->carry[c]];
      if (carry->key >> 16 != (guint32)walk->page)
        break;
      const guint32 low = carry->key & 0xffff;
      walk->counts[c][low] += carry->count;
      dh_tally_occupy (walk->occupied, low);
      walk->carry[c]++;
    }
}

/* The highest of the bits, which it loses. */
static guint
take_highest (guint64 *bits)
{
  const guint bit = 63 - __builtin_clzll (*bits);
  *bits ^= G_GUINT64_CONSTANT (1) << bit;
  return bit;
}

/* Moves the counts of the page to the entries, highest first, and leaves the counts zero. */
static void
emit (DhRankingWalk *walk)
{
  DhTallyOccupied *occupied = walk->occupied;
  guint n = 0;
  for (gint group = G_N_ELEMENTS (occupied->words) - 1; group >= 0; group--)
    while (occupied->words[group])
      {
        const guint word = 64 * (guint)group + take_highest (&occupied->words[group]);
        while (occupied->keys[word])
          {
            const guint low = 64 * word + take_highest (&occupied->keys[word]);
            walk->keys[n] = (guint32)walk->page << 16 | low;
            walk->inliers[n] = walk->counts[0][low];
            walk->anomalies[n] = walk->counts[1][low];
            walk->counts[0][low] = walk->counts[1][low] = 0;
            n++;
          }
      }
  walk->n = n;
}

gboolean
dh_ranking_walk_next (DhRankingWalk *walk)
{
  const DhTally *tally = walk->ranking->tally;
  while (walk->page >= 0 && !tally[0].pages[walk->page].n && !tally[1].pages[walk->page].n)
    walk->page--;
  if (walk->page < 0)
    return FALSE;
  for (guint c = 0; c < 2; c++)
    if (tally[c].pages[walk->page].n)
      expand (walk, c);
  emit (walk);
  walk->page--;
  return TRUE;
}

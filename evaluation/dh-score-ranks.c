#include "dh-score-ranks-private.h"

#include <string.h>

enum
{
  TOP_BITS = 18, /* of a score's 32 */
  PAGE_BITS = 7, /* of those that are left, twice */
  N_TOP = 1 << TOP_BITS,
  PAGE_SIZE = 1 << PAGE_BITS,
  LEAST_CROWD = 256,
  MOST_CROWDS = 65536, /* a bin with more than one of so many parts of all is split */
};

/* `least`, `most`: of the lower bits of the scores that are counted in it, and not in the page it was split into. */
typedef struct
{
  guint64 n, below; /* scores in it; those in all before it in its page */
  guint32 page;     /* from 1; 0: it is whole */
  guint16 least, most;
} Bin;

struct _DhScoreRanks
{
  guint64 n;
  Bin *top;
  GArray *pages; /* Bin, PAGE_SIZE each */
};

DhScoreRanks *
dh_score_ranks_new (void)
{
  DhScoreRanks *ranks = g_new0 (DhScoreRanks, 1);
  ranks->top = g_new0 (Bin, N_TOP);
  ranks->pages = g_array_new (FALSE, TRUE, sizeof (Bin));
  return ranks;
}

void
dh_score_ranks_free (DhScoreRanks *ranks)
{
  if (!ranks)
    return;
  g_free (ranks->top);
  g_array_unref (ranks->pages);
  g_free (ranks);
}

/* In the order of the scores; −0 is 0. */
static guint32
key_of (float score)
{
  const float positive = score == 0 ? 0 : score;
  guint32 bits;
  memcpy (&bits, &positive, sizeof bits);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static Bin *
get_page (const DhScoreRanks *ranks, const Bin *bin)
{
  return &g_array_index (ranks->pages, Bin, (gsize)(bin->page - 1) * PAGE_SIZE);
}

void
dh_score_ranks_add (DhScoreRanks *ranks, float score)
{
  const guint32 key = key_of (score);
  guint bits = 32 - TOP_BITS; /* below those that chose the bin */
  Bin *bin = &ranks->top[key >> bits];
  while (bin->page)
    {
      bits -= PAGE_BITS;
      bin = get_page (ranks, bin) + ((key >> bits) & (PAGE_SIZE - 1));
    }
  const guint16 within = key & ((1u << bits) - 1);
  bin->least = bin->n ? MIN (bin->least, within) : within;
  bin->most = MAX (bin->most, within);
  bin->n++;
  ranks->n++;
  if (bits == 0 || bin->n < MAX (LEAST_CROWD, ranks->n / MOST_CROWDS))
    return;
  bin->page = ranks->pages->len / PAGE_SIZE + 1;
  g_array_set_size (ranks->pages, ranks->pages->len + PAGE_SIZE);
}

/* Gives how many are in these bins and in what they were split into. */
static guint64
settle (DhScoreRanks *ranks, Bin *bins, guint n)
{
  guint64 below = 0;
  for (guint i = 0; i < n; i++)
    {
      bins[i].below = below;
      below += bins[i].n + (bins[i].page ? settle (ranks, get_page (ranks, &bins[i]), PAGE_SIZE) : 0);
    }
  return below;
}

void
dh_score_ranks_finish (DhScoreRanks *ranks)
{
  settle (ranks, ranks->top, N_TOP);
}

/* How many of the bin's own are less: the first of them is half itself, and so is the last. */
static double
count_less (const Bin *bin, guint32 within)
{
  if (bin->n == 0 || within < bin->least)
    return 0;
  if (within > bin->most)
    return (double)bin->n;
  return bin->least == bin->most
             ? 0.5 * (double)bin->n
             : 0.5 + (double)(within - bin->least) / (bin->most - bin->least) * (double)(bin->n - 1);
}

double
dh_score_ranks_of (const DhScoreRanks *ranks, float score)
{
  const guint32 key = key_of (score);
  double less = 0;
  const Bin *bin = &ranks->top[key >> (32 - TOP_BITS)];
  for (guint bits = 32 - TOP_BITS;; bits -= PAGE_BITS)
    {
      less += (double)bin->below + count_less (bin, key & ((1u << bits) - 1));
      if (!bin->page)
        return less / (double)ranks->n;
      bin = get_page (ranks, bin) + ((key >> (bits - PAGE_BITS)) & (PAGE_SIZE - 1));
    }
}

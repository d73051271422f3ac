#include "dh-ranking-private.h"
#include <math.h>

gboolean
dh_ranking_pack (const DhRanking *ranking, DhPack *to)
{
  dh_pack_count (to, ranking->ignored);
  dh_pack_count (to, ranking->non_finite);
  dh_pack_double (to, ranking->sum);
  return dh_tally_pack (&ranking->tally[0], to) && dh_tally_pack (&ranking->tally[1], to);
}

DhRanking *
dh_ranking_unpack (DhUnpack *from, guint64 most_pixels)
{
  g_autoptr (DhRanking) ranking = g_try_new0 (DhRanking, 1);
  if (!ranking)
    {
      dh_unpack_fail (from);
      return NULL;
    }
  ranking->ignored = dh_unpack_count (from, G_MAXINT64);
  ranking->non_finite = dh_unpack_count (from, G_MAXINT64);
  ranking->sum = dh_unpack_double (from);
  if (!isfinite (ranking->sum))
    dh_unpack_fail (from);
  if (!dh_tally_unpack (&ranking->tally[0], most_pixels, from)
      || !dh_tally_unpack (&ranking->tally[1], most_pixels - ranking->tally[0].total, from))
    return NULL;
  return g_steal_pointer (&ranking);
}

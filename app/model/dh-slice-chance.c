#include "dh-slice-chance-private.h"
#include <math.h>
#include "dh-bootstrap.h"

DhSliceChance *
dh_slice_chance_new (DhSliceRank *rank, const GArray *members, double ap)
{
  DhSliceChance *chance = g_new0 (DhSliceChance, 1);
  chance->rank = rank != NULL ? dh_slice_rank_ref (rank) : NULL;
  chance->members = g_array_new (FALSE, FALSE, sizeof (guint));
  g_array_append_vals (chance->members, members->data, members->len);
  chance->ap = ap;
  chance->low = chance->high = NAN;
  return chance;
}

void
dh_slice_chance_free (gpointer data)
{
  DhSliceChance *chance = data;
  g_clear_pointer (&chance->rank, dh_slice_rank_unref);
  g_array_unref (chance->members);
  g_free (chance);
}

DhSliceDraws *
dh_slice_draws_new (DhCurve *curve, guint *groups, guint n_groups)
{
  DhSliceDraws *draws = g_new (DhSliceDraws, 1);
  *draws = (DhSliceDraws){ curve, groups, n_groups };
  return draws;
}

void
dh_slice_draws_free (DhSliceDraws *draws)
{
  if (draws == NULL)
    return;
  dh_curve_free (draws->curve);
  g_free (draws->groups);
  g_free (draws);
}

/* Their pictures, ascending. */
static GArray *
list_pictures (GPtrArray *chances)
{
  g_autoptr (GPtrArray) members = g_ptr_array_new ();
  for (guint i = 0; i < chances->len; i++)
    g_ptr_array_add (members, ((DhSliceChance *)chances->pdata[i])->members);
  return dh_slice_ranks_unite (members);
}

guint
dh_slice_chances_count_readings (GPtrArray *chances)
{
  g_autoptr (GArray) pictures = list_pictures (chances);
  return pictures->len;
}

/* The frame's map of the score as values that are high where anomalous. */
static gboolean
add (DhBootstrap *bootstrap, const DhFrame *frame, DhScore score)
{
  const gsize n = (gsize)frame->width * frame->height;
  const float *values = g_bytes_get_data (frame->maps[dh_score_map (score)], NULL);
  const guint8 *truth = g_bytes_get_data (frame->truth, NULL);
  if (dh_score_flags_above (score))
    return dh_bootstrap_add (bootstrap, values, truth, n);
  g_autofree float *turned = g_try_new (float, MAX (n, 1));
  for (gsize i = 0; turned != NULL && i < n; i++)
    turned[i] = -values[i];
  return turned != NULL && dh_bootstrap_add (bootstrap, turned, truth, n);
}

/* `at` is the place of each picture of the set among those that were read; G_MAXUINT: it was not. */
static void
draw (DhSliceChance *chance, const DhBootstrap *bootstrap, const guint *at, const DhSliceDraws *draws,
      GCancellable *cancellable)
{
  const guint n = dh_bootstrap_pictures (bootstrap);
  const double ap = chance->rank != NULL ? chance->rank->ap : chance->ap;
  g_autofree guint *groups = g_new (guint, MAX (n, 1));
  for (guint i = 0; i < n; i++)
    groups[i] = G_MAXUINT;
  for (guint k = 0; k < chance->members->len; k++)
    {
      const guint picture = g_array_index (chance->members, guint, k);
      if (at[picture] == G_MAXUINT)
        return;
      groups[at[picture]] = draws->groups[picture];
    }
  const DhBootstrapRun run = { bootstrap, groups, ap, NAN, NAN, NAN };
  DhBootstrapNumbers numbers;
  if (isnan (ap) || !dh_bootstrap_draw (&run, 1, draws->n_groups, &numbers, cancellable))
    return;
  chance->low = numbers.ap.of[0].low;
  chance->high = numbers.ap.of[0].high;
}

void
dh_slice_chances_measure (GPtrArray *chances, DhSetMaps *maps, DhScore score, const DhSliceDraws *draws,
                          DhSliceChanceTold told, gpointer data, GCancellable *cancellable)
{
  g_autoptr (GArray) pictures = list_pictures (chances);
  g_autoptr (DhBootstrap) bootstrap = dh_bootstrap_new (draws->curve);
  const guint size = dh_set_maps_size (maps);
  g_autofree guint *at = g_new (guint, MAX (size, 1));
  for (guint i = 0; i < size; i++)
    at[i] = G_MAXUINT;
  for (guint i = 0; i < pictures->len && !g_cancellable_is_cancelled (cancellable); i++)
    {
      const guint picture = g_array_index (pictures, guint, i);
      g_autofree char *why = NULL;
      g_autoptr (DhFrame) frame = dh_slice_ranks_load (maps, picture, score, &why);
      const guint place = dh_bootstrap_pictures (bootstrap);
      if (frame != NULL && add (bootstrap, frame, score))
        at[picture] = place;
      told (NULL, i + 1, data);
    }
  g_autoptr (GError) error = NULL;
  const gboolean same = dh_set_maps_check (maps, &error);
  for (guint i = 0; i < chances->len; i++)
    {
      if (same)
        draw (chances->pdata[i], bootstrap, at, draws, cancellable);
      if (g_cancellable_is_cancelled (cancellable))
        return;
      told (chances->pdata[i], pictures->len, data);
    }
}

#include "dh-draws-private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SPARED 0.05 /* a number may be undefined in so many of the draws */

guint *
dh_draws_place_groups (const DhDrawsRun *runs, guint n_runs, guint n_groups, GRand *chance, guint *n_used)
{
  guint *rows = g_new (guint, MAX (n_groups, 1));
  g_autoptr (GArray) used = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint g = 0; g < n_groups; g++)
    rows[g] = G_MAXUINT;
  for (guint r = 0; r < n_runs; r++)
    for (guint i = 0; i < runs[r].pictures; i++)
      if (runs[r].groups[i] != G_MAXUINT)
        rows[runs[r].groups[i]] = 0;
  for (guint g = 0; g < n_groups; g++)
    if (rows[g] == 0)
      g_array_append_val (used, g);
  *n_used = used->len;
  for (guint i = used->len; used->len > DH_BOOTSTRAP_GROUPS && i > 1; i--)
    {
      guint *a = &g_array_index (used, guint, i - 1);
      guint *b = &g_array_index (used, guint, (guint)g_rand_int_range (chance, 0, (gint32)i));
      const guint kept = *a;
      *a = *b;
      *b = kept;
    }
  for (guint i = 0; i < used->len; i++)
    rows[g_array_index (used, guint, i)] = i % DH_BOOTSTRAP_GROUPS;
  return rows;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* As numpy.quantile. */
static double
quantile (const double *sorted, guint n, double q)
{
  const double at = q * (n - 1);
  const guint below = (guint)at;
  return sorted[below] + (at - below) * (sorted[MIN (below + 1, n - 1)] - sorted[below]);
}

/* Of the draws; `values` is sorted, and those that are undefined are left out. `shift`: what the bins have rounded off
 * all of them. */
static DhInterval
find_interval (double *values, guint n_draws, double shift)
{
  guint n = 0;
  for (guint i = 0; i < n_draws; i++)
    if (!isnan (values[i]))
      values[n++] = values[i];
  if (n < (1 - SPARED) * n_draws || isnan (shift))
    return (DhInterval){ NAN, NAN };
  qsort (values, n, sizeof *values, compare);
  const double outside = (1 - DH_BOOTSTRAP_LEVEL) / 2;
  return (DhInterval){ quantile (values, n, outside) + shift, quantile (values, n, 1 - outside) + shift };
}

static DhInterval
clamp (DhInterval interval)
{
  return (DhInterval){ isnan (interval.low) ? NAN : CLAMP (interval.low, 0, 1),
                       isnan (interval.high) ? NAN : CLAMP (interval.high, 0, 1) };
}

void
dh_draws_find_number (const double *const values[2], const double shifts[2], guint n_runs, DhBootstrapNumber *number)
{
  const guint n = DH_BOOTSTRAP_DRAWS;
  g_autofree double *scratch = g_new (double, DH_BOOTSTRAP_DRAWS);
  for (guint r = 0; r < n_runs; r++)
    {
      memcpy (scratch, values[r], n * sizeof *scratch);
      number->of[r] = clamp (find_interval (scratch, n, shifts[r]));
    }
  if (n_runs < 2)
    return;
  const double shift = shifts[0] - shifts[1];
  double higher = 0, defined = 0;
  for (guint i = 0; i < n; i++)
    {
      scratch[i] = values[0][i] - values[1][i];
      const double difference = scratch[i] + shift;
      defined += !isnan (difference);
      higher += difference > 0 ? 1 : difference == 0 ? 0.5 : 0;
    }
  number->difference = find_interval (scratch, n, shift);
  if (!isnan (number->difference.low))
    number->first_higher = higher / defined;
}

gboolean
dh_draws_measure (const DhDrawsRun *runs, const gconstpointer *data, guint n_runs, guint n_groups,
                  DhDrawsMeasure measure, guint n_numbers, DhBootstrapNumber *numbers, guint *used,
                  GCancellable *cancellable)
{
  static const DhBootstrapNumber undefined = DH_BOOTSTRAP_NUMBER_INIT;
  static const double exact[2] = { 0, 0 };
  g_return_val_if_fail (n_runs == 1 || n_runs == 2, FALSE);
  g_autoptr (GRand) chance = g_rand_new_with_seed (DH_BOOTSTRAP_SEED);
  g_autofree guint *rows = dh_draws_place_groups (runs, n_runs, n_groups, chance, used);
  const guint n_rows = MIN (*used, DH_BOOTSTRAP_GROUPS);
  for (guint k = 0; k < n_numbers; k++)
    numbers[k] = undefined;
  if (*used < DH_BOOTSTRAP_LEAST)
    return TRUE;
  g_autofree double *drawn = g_new (double, n_runs *n_numbers *DH_BOOTSTRAP_DRAWS);
  g_autofree double *one = g_new (double, n_numbers);
  g_autofree guint *row_times = g_new (guint, n_rows);
  g_autofree double *times = g_new (double, MAX (runs[0].pictures, n_runs > 1 ? runs[1].pictures : 0) + 1);
  for (guint draw = 0; draw < DH_BOOTSTRAP_DRAWS; draw++)
    {
      if (g_cancellable_is_cancelled (cancellable))
        return FALSE;
      memset (row_times, 0, n_rows * sizeof *row_times);
      for (guint i = 0; i < n_rows; i++)
        row_times[g_rand_int_range (chance, 0, (gint32)n_rows)]++;
      for (guint r = 0; r < n_runs; r++)
        {
          for (guint i = 0; i < runs[r].pictures; i++)
            times[i] = runs[r].groups[i] == G_MAXUINT ? 0 : row_times[rows[runs[r].groups[i]]];
          measure (times, one, data[r]);
          for (guint k = 0; k < n_numbers; k++)
            drawn[(r * n_numbers + k) * DH_BOOTSTRAP_DRAWS + draw] = one[k];
        }
    }
  for (guint k = 0; k < n_numbers; k++)
    {
      const double *values[2] = { drawn + k * DH_BOOTSTRAP_DRAWS,
                                  drawn + (n_runs > 1 ? n_numbers + k : k) * DH_BOOTSTRAP_DRAWS };
      dh_draws_find_number (values, exact, n_runs, &numbers[k]);
    }
  return TRUE;
}

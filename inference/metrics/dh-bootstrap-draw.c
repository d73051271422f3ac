#include <math.h>
#include <string.h>
#include "dh-bootstrap-private.h"
#include "dh-draws-private.h"

#define BATCH 8u   /* draws that are summed together: a group's counts are read once for all of them */
#define BLOCK 256u /* counts of a group that are taken at a time; a row of the table is a multiple of it */

enum
{
  AP,
  FPR95,
  AUROC,
  BEST_F1,
  N_NUMBERS
};

/* A run's counts by what is drawn: `n_rows` rows of `width` floats. */
typedef struct
{
  guint n_bins, width;
  const guint8 *mixed; /* borrowed: of each bin whether it holds several scores */
  float *counts;
  double whole[N_NUMBERS];  /* of these counts */
  double *drawn[N_NUMBERS]; /* DH_BOOTSTRAP_DRAWS */
} Table;

static void
table_clear (Table *table)
{
  g_free (table->counts);
  g_free (table->drawn[0]);
}

/* Of one draw: the number of times that each row is in it. */
typedef struct
{
  float times[BATCH];
} Times;

/* The pooled numbers of sums over pictures. Scores in one bin count as equal; in the bin where TPR 95 % is reached the
 * FPR rises with the TPR, but for one score alone, behind which all of its pixels are flagged. */
static void
measure (const Table *table, const float *sums, double numbers[N_NUMBERS])
{
  const guint n_bins = table->n_bins;
  const float *inliers = sums, *anomalies = sums + n_bins;
  double n_inliers = 0, n_anomalies = 0, tp = 0, fp = 0, ap = 0, area = 0, fp95 = NAN, f1 = 0;
  for (guint i = 0; i < n_bins; i++)
    {
      n_inliers += inliers[i];
      n_anomalies += anomalies[i];
    }
  const double wanted = 0.95 * n_anomalies;
  for (guint i = 0; i < n_bins; i++)
    {
      const double d_tp = anomalies[i], d_fp = inliers[i];
      if (d_tp > 0)
        ap += d_tp * (tp + d_tp) / (tp + d_tp + fp + d_fp);
      area += d_fp * (tp + d_tp / 2);
      if (isnan (fp95) && d_tp > 0 && tp + d_tp >= wanted)
        fp95 = fp + d_fp * (table->mixed[i] ? (wanted - tp) / d_tp : 1);
      tp += d_tp;
      fp += d_fp;
      if (d_tp > 0)
        f1 = MAX (f1, 2 * tp / (tp + fp + n_anomalies));
    }
  const double undefined = n_anomalies > 0 && n_inliers > 0 ? 1 : NAN;
  numbers[AP] = n_anomalies > 0 ? ap / n_anomalies : NAN;
  numbers[FPR95] = undefined * fp95 / n_inliers;
  numbers[AUROC] = undefined * area / n_inliers / n_anomalies;
  numbers[BEST_F1] = n_anomalies > 0 ? f1 : NAN;
}

/* sums[b] = Σ times[row].times[b] · the row */
static void
sum_batch (const Table *table, const Times *times, guint n_rows, float *sums)
{
  for (guint at = 0; at < table->width; at += BLOCK)
    {
      float block[BATCH][BLOCK] = { 0 };
      for (guint row = 0; row < n_rows; row++)
        {
          const float *counts = table->counts + (gsize)row * table->width + at;
          for (guint b = 0; b < BATCH; b++)
            {
              const float n = times[row].times[b];
              if (n > 0)
                for (guint i = 0; i < BLOCK; i++)
                  block[b][i] += n * counts[i];
            }
        }
      for (guint b = 0; b < BATCH; b++)
        for (guint i = 0; i < BLOCK; i++)
          sums[b * table->width + at + i] = block[b][i];
    }
}

static void
measure_batch (Table *table, const Times *times, guint n_rows, float *sums, guint draw)
{
  sum_batch (table, times, n_rows, sums);
  for (guint b = 0; b < BATCH; b++)
    {
      double numbers[N_NUMBERS];
      measure (table, sums + (gsize)b * table->width, numbers);
      for (guint k = 0; k < N_NUMBERS; k++)
        table->drawn[k][draw + b] = numbers[k];
    }
}

static gboolean
table_init (Table *table, const DhBootstrapRun *run, const guint *rows, guint n_rows)
{
  table->n_bins = dh_bootstrap_n_bins (run->pixels);
  table->mixed = dh_bootstrap_mixed (run->pixels);
  table->width = (2 * table->n_bins + BLOCK - 1) / BLOCK * BLOCK;
  table->counts = g_try_malloc0_n ((gsize)n_rows * table->width, sizeof (float));
  table->drawn[0] = g_try_new (double, N_NUMBERS *DH_BOOTSTRAP_DRAWS);
  if (!table->counts || !table->drawn[0])
    return FALSE;
  for (guint k = 1; k < N_NUMBERS; k++)
    table->drawn[k] = table->drawn[0] + k * DH_BOOTSTRAP_DRAWS;
  for (guint i = 0; i < dh_bootstrap_pictures (run->pixels); i++)
    if (run->groups[i] != G_MAXUINT)
      dh_bootstrap_add_to (run->pixels, i, table->counts + (gsize)rows[run->groups[i]] * table->width);
  return TRUE;
}

static gboolean
draw_all (Table *tables, guint n_runs, guint n_rows, GRand *chance, GCancellable *cancellable)
{
  g_autofree Times *times = g_new (Times, n_rows);
  guint width = 0;
  for (guint r = 0; r < n_runs; r++)
    width = MAX (width, tables[r].width);
  g_autofree float *sums = g_new (float, (gsize)BATCH *width);
  for (guint row = 0; row < n_rows; row++)
    times[row] = (Times){ { 1 } };
  for (guint r = 0; r < n_runs; r++)
    {
      sum_batch (&tables[r], times, n_rows, sums);
      measure (&tables[r], sums, tables[r].whole);
    }
  for (guint draw = 0; draw < DH_BOOTSTRAP_DRAWS; draw += BATCH)
    {
      if (g_cancellable_is_cancelled (cancellable))
        return FALSE;
      memset (times, 0, n_rows * sizeof *times);
      for (guint b = 0; b < BATCH; b++)
        for (guint i = 0; i < n_rows; i++)
          times[g_rand_int_range (chance, 0, (gint32)n_rows)].times[b]++;
      for (guint r = 0; r < n_runs; r++)
        measure_batch (&tables[r], times, n_rows, sums, draw);
    }
  return TRUE;
}

gboolean
dh_bootstrap_draw (const DhBootstrapRun *runs, guint n_runs, guint n_groups, DhBootstrapNumbers *numbers,
                   GCancellable *cancellable)
{
  G_STATIC_ASSERT (DH_BOOTSTRAP_DRAWS % BATCH == 0);
  g_return_val_if_fail (n_runs == 1 || n_runs == 2, FALSE);
  g_autoptr (GRand) chance = g_rand_new_with_seed (DH_BOOTSTRAP_SEED);
  DhDrawsRun drawn[2] = { { 0 } };
  for (guint r = 0; r < n_runs; r++)
    drawn[r] = (DhDrawsRun){ runs[r].groups, dh_bootstrap_pictures (runs[r].pixels) };
  *numbers = (DhBootstrapNumbers)DH_BOOTSTRAP_NUMBERS_INIT;
  g_autofree guint *rows = dh_draws_place_groups (drawn, n_runs, n_groups, chance, &numbers->groups);
  const guint n_rows = MIN (numbers->groups, DH_BOOTSTRAP_GROUPS);
  if (numbers->groups < DH_BOOTSTRAP_LEAST)
    return TRUE;
  Table tables[2] = { { 0 } };
  gboolean done = TRUE;
  for (guint r = 0; done && r < n_runs; r++)
    done = table_init (&tables[r], &runs[r], rows, n_rows);
  done = done && draw_all (tables, n_runs, n_rows, chance, cancellable);
  for (guint k = 0; done && k < N_NUMBERS; k++)
    {
      DhBootstrapNumber *const to[N_NUMBERS] = { &numbers->ap, &numbers->fpr95, &numbers->auroc, &numbers->best_f1 };
      const double *values[2] = { NULL, NULL };
      double shifts[2] = { NAN, NAN };
      for (guint r = 0; r < n_runs; r++)
        {
          const double exact[N_NUMBERS] = { runs[r].ap, runs[r].fpr95, runs[r].auroc, runs[r].best_f1 };
          values[r] = tables[r].drawn[k];
          shifts[r] = exact[k] - tables[r].whole[k];
        }
      dh_draws_find_number (values, shifts, n_runs, to[k]);
    }
  for (guint r = 0; r < n_runs; r++)
    table_clear (&tables[r]);
  return done;
}

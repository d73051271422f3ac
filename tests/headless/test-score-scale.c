/* What a run's scores are brought to, against what sorting all of them gives. */
#include <math.h>
#include <stdlib.h>

#include "dh-score-scale-private.h"

enum
{
  PICTURES = 8,
  PIXELS = 16384,
  ALL = PICTURES * PIXELS,
};

static int
compare (gconstpointer a, gconstpointer b)
{
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* Of all ranks how far the worst is off. */
static double
find_worst (const float *scores)
{
  DhScoreScale *scale = dh_score_scale_new (TRUE);
  g_autofree float *sorted = g_memdup2 (scores, ALL * sizeof *scores);
  double worst = 0, before = -1;
  for (guint i = 0; i < PICTURES; i++)
    dh_score_scale_add (scale, scores + (gsize)i * PIXELS, PIXELS);
  g_assert_true (dh_score_scale_finish (scale));
  qsort (sorted, ALL, sizeof *sorted, compare);
  for (guint i = 0, end; i < ALL; i = end)
    {
      for (end = i; end < ALL && sorted[end] == sorted[i]; end++)
        ;
      const double rank = dh_score_scale_apply (scale, sorted[i]);
      g_assert_cmpfloat (rank, >, before);
      before = rank;
      worst = MAX (worst, fabs (rank - 0.5 * (i + end) / ALL));
    }
  dh_score_scale_free (scale);
  return worst;
}

/* A sum of some draws, about normal. */
static double
draw (GRand *chance)
{
  double sum = -6;
  for (guint i = 0; i < 12; i++)
    sum += g_rand_double (chance);
  return sum;
}

static float
plain (double x)
{
  return (float)x;
}

/* Of a sure network: nearly all of its pixels are within a thousandth of 1. */
static float
saturated (double x)
{
  return (float)(-1 / (1 + exp (-12 - 3 * x)));
}

static float
counted (double x)
{
  return (float)round (3 * x);
}

static float
large (double x)
{
  return (float)(1e6 + x);
}

static const struct
{
  const char *name;
  float (*make) (double x);
} kinds[] = { { "/score-scale/ranks/plain", plain },
              { "/score-scale/ranks/saturated", saturated },
              { "/score-scale/ranks/counted", counted },
              { "/score-scale/ranks/large", large } };

static void
test_ranks (gconstpointer data)
{
  g_autoptr (GRand) chance = g_rand_new_with_seed (17);
  g_autofree float *scores = g_new (float, ALL);
  for (guint i = 0; i < ALL; i++)
    scores[i] = kinds[GPOINTER_TO_UINT (data)].make (draw (chance));
  g_assert_cmpfloat (find_worst (scores), <, 5e-3);
  /* From the least to the greatest, as if each picture had more of an anomaly than the one before. */
  qsort (scores, ALL, sizeof *scores, compare);
  g_assert_cmpfloat (find_worst (scores), <, 5e-3);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    g_test_add_data_func (kinds[i].name, GUINT_TO_POINTER (i), test_ranks);
  return g_test_run ();
}

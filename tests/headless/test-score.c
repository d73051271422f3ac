#include <glib.h>

#include "dh-score.h"

enum
{
  MAX_CLASSES = 66,
};

static DhScore
read_pixel (const float *f, gint k)
{
  DhScore score = dh_score_begin (f[0]);
  for (gint c = 1; c < k; c++)
    dh_score_add (&score, f[c], c);
  return score;
}

#define assert_near(found, expected, scale)                                                                            \
  g_assert_cmpfloat (fabs ((double)(found) - (expected)), <=, 4e-7 * fmax (scale, fabs (expected)))

/* Against the textbook formulas in double, shifted by the largest logit. */
static void
test_formulas (void)
{
  static const double spreads[] = { 1e-3, 1, 10, 100, 1e4 };
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  for (guint round = 0; round < 2000; round++)
    {
      float f[MAX_CLASSES] = { 0 };
      const gint k = g_rand_int_range (rand, 2, MAX_CLASSES + 1);
      const double spread = spreads[round % G_N_ELEMENTS (spreads)];
      gint best = 0;
      for (gint c = 0; c < k; c++)
        {
          f[c] = (float)g_rand_double_range (rand, -spread, spread);
          best = f[c] > f[best] ? c : best;
        }
      double sum = 0, entropy = 0, rest = 0;
      for (gint c = 0; c < k; c++)
        sum += exp ((double)f[c] - f[best]);
      for (gint c = 0; c < k; c++)
        {
          const double ln_p = (double)f[c] - f[best] - log (sum);
          entropy -= exp (ln_p) * ln_p;
          rest += c == best ? 0 : exp (ln_p);
        }
      const DhScore score = read_pixel (f, k);
      g_assert_cmpint (score.argmax, ==, best);
      assert_near (dh_score_likelihood (&score), f[best] + log (sum), 1);
      assert_near (dh_score_max_softmax (&score), rest, 1);
      assert_near (dh_score_entropy (&score), entropy, 4);
      g_assert_cmpfloat (dh_score_max_logit (&score), ==, -f[best]);

      const float g0 = f[0], g1 = f[1];
      const double top = fmax (g0, g1), ln_z = top + log (exp (g0 - top) + exp (g1 - top));
      assert_near (dh_score_dataset_posterior (g0, g1), exp (g0 - ln_z), 1);
      assert_near (dh_score_ln_outlier (g0, g1), g1 - ln_z, 1);
      /* The two terms add up to the score. */
      g_assert_cmpfloat (dh_score_hybrid (&score, g0, g1), ==,
                         dh_score_ln_outlier (g0, g1) - dh_score_likelihood (&score));
    }
}

/* A confident pixel keeps its digits: 1 − max softmax of a margin of 30 is 9e-14, not 0. */
static void
test_confident (void)
{
  const float f[] = { -3, 27, -3.5f };
  const DhScore score = read_pixel (f, 3);
  const double rest = exp (-30.0) + exp (-30.5);
  g_assert_cmpfloat (fabs (dh_score_max_softmax (&score) / rest - 1), <, 1e-5);
  g_assert_cmpfloat (fabs (dh_score_entropy (&score) / (rest + 30 * exp (-30.0) + 30.5 * exp (-30.5)) - 1), <, 1e-5);
  /* ln softmax does not underflow: a margin of 500 is −500. */
  g_assert_cmpfloat (dh_score_ln_outlier (250, -250), ==, -500);
  g_assert_cmpfloat (dh_score_ln_outlier (-250, 250), ==, 0);
  g_assert_cmpfloat (dh_score_dataset_posterior (-50, 50), >, 0);
}

static void
test_not_finite (void)
{
  static const float odd[] = { NAN, INFINITY, -INFINITY };
  for (guint i = 0; i < G_N_ELEMENTS (odd); i++)
    for (gint place = 0; place < 4; place++)
      {
        float f[] = { 1, 2, 3, -1 };
        f[place] = odd[i];
        const DhScore score = read_pixel (f, 4);
        g_assert_true (isnan (dh_score_likelihood (&score)) && isnan (dh_score_max_softmax (&score)));
        g_assert_true (isnan (dh_score_max_logit (&score)) && isnan (dh_score_entropy (&score)));
        g_assert_true (isnan (dh_score_hybrid (&score, 0, 0)));
        g_assert_true (isnan (dh_score_dataset_posterior (odd[i], 0))
                       && isnan (dh_score_dataset_posterior (0, odd[i])));
        g_assert_true (isnan (dh_score_ln_outlier (odd[i], 0)) && isnan (dh_score_ln_outlier (0, odd[i])));
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/score/formulas", test_formulas);
  g_test_add_func ("/score/confident", test_confident);
  g_test_add_func ("/score/not-finite", test_not_finite);
  return g_test_run ();
}

/* Mean and sample standard deviation, against plain sums in long double. */
#include <math.h>

#include "dh-mean.h"

static void
test_few (void)
{
  const double three[] = { 0.80, 0.82, 0.87 }, same[] = { 0.3, 0.3, 0.3 };
  DhMean found = dh_mean_of (three, 3);
  g_assert_cmpuint (found.n, ==, 3);
  g_assert_cmpuint (found.undefined, ==, 0);
  g_assert_cmpfloat_with_epsilon (found.mean, 0.83, 1e-15);
  g_assert_cmpfloat_with_epsilon (found.deviation, sqrt (0.0013), 1e-15); /* (0.03² + 0.01² + 0.04²) / 2 */
  g_assert_cmpfloat_with_epsilon (dh_mean_of (same, 3).deviation, 0, 1e-15);
  found = dh_mean_of (three, 1);
  g_assert_cmpfloat (found.mean, ==, 0.80);
  g_assert_true (isnan (found.deviation));
  found = dh_mean_of (three, 0);
  g_assert_cmpuint (found.n, ==, 0);
  g_assert_true (isnan (found.mean) && isnan (found.deviation));
}

static void
test_undefined (void)
{
  const double values[] = { NAN, 0.5, INFINITY, 0.7, -INFINITY };
  const DhMean found = dh_mean_of (values, 5);
  g_assert_cmpuint (found.n, ==, 2);
  g_assert_cmpuint (found.undefined, ==, 3);
  g_assert_cmpfloat_with_epsilon (found.mean, 0.6, 1e-15);
  g_assert_cmpfloat_with_epsilon (found.deviation, 0.1 * sqrt (2), 1e-15);
}

/* Close to each other and far from 0, where the difference of Σ x² and n · mean² has no digit left. */
static void
test_drawn (void)
{
  for (guint trial = 0; trial < 200; trial++)
    {
      double values[12];
      const guint n = (guint)g_test_rand_int_range (2, 13);
      const double middle = g_test_rand_double_range (-1e6, 1e6), width = pow (10, g_test_rand_double_range (-4, 2));
      long double sum = 0, squares = 0;
      for (guint i = 0; i < n; i++)
        {
          values[i] = middle + width * g_test_rand_double_range (-1, 1);
          sum += values[i];
        }
      const long double mean = sum / n;
      for (guint i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
      const double deviation = (double)sqrtl (squares / (n - 1));
      const DhMean found = dh_mean_of (values, n);
      g_assert_cmpfloat_with_epsilon (found.mean, (double)mean, 1e-9);
      g_assert_cmpfloat_with_epsilon (found.deviation, deviation, 1e-9 + 1e-6 * deviation);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mean/few", test_few);
  g_test_add_func ("/mean/undefined", test_undefined);
  g_test_add_func ("/mean/drawn", test_drawn);
  return g_test_run ();
}

/* Numbers that are measured exactly in each draw of a set's pictures. */
#include "dh-draws.h"
#include <math.h>
#include <string.h>
#include "naive-metrics.h"

static guint *
number_alone (guint n)
{
  guint *groups = g_new (guint, n);
  for (guint i = 0; i < n; i++)
    groups[i] = i;
  return groups;
}

static void
assert_undefined (const DhBootstrapNumber *number)
{
  g_assert_true (isnan (number->of[0].low) && isnan (number->of[0].high));
}

/* How often each picture is in a draw, told of one picture after another; the mean over these of `values`. */
typedef struct
{
  const double *values;
  guint n;
  double *times_of_first; /* NULL; of draw after draw */
  guint draws;
} Mean;

static void
measure_mean (const double *times, double *numbers, gconstpointer data)
{
  Mean *mean = (Mean *)data;
  double sum = 0, n = 0;
  for (guint i = 0; i < mean->n; i++)
    {
      sum += times[i] * mean->values[i];
      n += times[i];
    }
  if (mean->times_of_first)
    mean->times_of_first[mean->draws] = times[0];
  mean->draws++;
  numbers[0] = sum / n;
  numbers[1] = NAN;
}

/* The mean of n values lies within 1.96 of its standard errors; a second run that is better by as much everywhere is so
 * in every draw, and two runs are measured on the same draws. */
static void
test_means (void)
{
  enum
  {
    N = 60
  };
  guint64 state = 23;
  double worse[N], better[N], of_worse[DH_BOOTSTRAP_DRAWS], of_better[DH_BOOTSTRAP_DRAWS], mean = 0, squares = 0;
  for (guint i = 0; i < N; i++)
    {
      worse[i] = random_unit (&state) * 0.9;
      better[i] = worse[i] + 0.05;
      mean += worse[i] / N;
      squares += worse[i] * worse[i] / N;
    }
  const double error = sqrt ((squares - mean * mean) / N);
  g_autofree guint *groups = number_alone (N);
  Mean means[] = { { worse, N, of_worse, 0 }, { better, N, of_better, 0 } };
  const DhDrawsRun runs[] = { { groups, N }, { groups, N } };
  const gconstpointer data[] = { &means[0], &means[1] };
  DhBootstrapNumber numbers[2];
  guint used;
  g_assert_true (dh_draws_measure (runs, data, 2, N, measure_mean, 2, numbers, &used, NULL));
  g_assert_cmpuint (used, ==, N);
  g_assert_cmpuint (means[0].draws, ==, DH_BOOTSTRAP_DRAWS);
  g_assert_cmpmem (of_worse, sizeof of_worse, of_better, sizeof of_better);
  g_assert_cmpfloat (fabs (numbers[0].of[0].low - (mean - 1.96 * error)), <, 0.3 * error);
  g_assert_cmpfloat (fabs (numbers[0].of[0].high - (mean + 1.96 * error)), <, 0.3 * error);
  g_assert_cmpfloat (fabs (numbers[0].difference.low + 0.05), <, 1e-9);
  g_assert_cmpfloat (fabs (numbers[0].difference.high + 0.05), <, 1e-9);
  g_assert_cmpfloat (numbers[0].first_higher, ==, 0);
  assert_undefined (&numbers[1]);

  const DhDrawsRun few = { groups, DH_BOOTSTRAP_LEAST - 1 };
  g_assert_true (dh_draws_measure (&few, data, 1, N, measure_mean, 1, numbers, &used, NULL));
  g_assert_cmpuint (used, ==, DH_BOOTSTRAP_LEAST - 1);
  assert_undefined (&numbers[0]);
}

/* What two pictures of one group have is drawn together, and a picture of no group never. */
static void
test_groups (void)
{
  enum
  {
    N = 41
  };
  guint groups[N];
  double values[N];
  for (guint i = 0; i < N; i++)
    {
      groups[i] = i == N - 1 ? G_MAXUINT : i / 2;
      values[i] = i == N - 1 ? 1000 : i % 2;
    }
  Mean mean = { values, N, NULL, 0 };
  const DhDrawsRun run = { groups, N };
  const gconstpointer data[] = { &mean };
  DhBootstrapNumber numbers[2];
  guint used;
  g_assert_true (dh_draws_measure (&run, data, 1, N, measure_mean, 2, numbers, &used, NULL));
  g_assert_cmpuint (used, ==, N / 2);
  g_assert_cmpfloat (numbers[0].of[0].low, ==, 0.5);
  g_assert_cmpfloat (numbers[0].of[0].high, ==, 0.5);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  g_assert_false (dh_draws_measure (&run, data, 1, N, measure_mean, 2, numbers, &used, cancellable));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/draws/means", test_means);
  g_test_add_func ("/draws/groups", test_groups);
  return g_test_run ();
}

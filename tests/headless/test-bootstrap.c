/* Intervals for the chance of which pictures a set has. */
#include "dh-bootstrap-private.h"
#include <math.h>
#include <stdlib.h>
#include "dh-ranking.h"
#include "naive-metrics.h"

#define PIXELS 600u

/* Pictures of PIXELS pixels, one after the other. */
typedef struct
{
  guint n;
  float *scores;
  guint8 *labels;
} Set;

static Set *
set_new (guint n)
{
  Set *set = g_new0 (Set, 1);
  set->n = n;
  set->scores = g_new (float, n *PIXELS);
  set->labels = g_new (guint8, n * PIXELS);
  return set;
}

static void
set_free (Set *set)
{
  g_free (set->scores);
  g_free (set->labels);
  g_free (set);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Set, set_free)

/* A picture is harder or easier than another, and has more or fewer anomalies: what makes sets differ. */
static Set *
make_set (guint n, guint64 *state)
{
  Set *set = set_new (n);
  for (guint i = 0; i < n; i++)
    {
      const double far = 1.5 + 0.8 * random_normal (state), shift = 0.5 * random_normal (state);
      const double share = 0.02 + 0.1 * random_unit (state);
      for (guint p = 0; p < PIXELS; p++)
        {
          const guint8 label = random_unit (state) < share;
          set->labels[i * PIXELS + p] = label;
          set->scores[i * PIXELS + p] = (float)(shift + (label ? far : 0) + random_normal (state));
        }
    }
  return set;
}

static DhRanking *
rank (const Set *set, const guint *times)
{
  DhRanking *ranking = dh_ranking_new ();
  for (guint i = 0; i < set->n; i++)
    for (guint t = 0; t < (times ? times[i] : 1); t++)
      g_assert_true (dh_ranking_add (ranking, set->scores + i * PIXELS, set->labels + i * PIXELS, PIXELS, NULL, NULL));
  return ranking;
}

static DhBootstrap *
fill (const Set *set, guint points, DhPixelMetrics *metrics)
{
  g_autoptr (DhRanking) ranking = rank (set, NULL);
  g_autoptr (DhCurve) curve = dh_ranking_metrics_and_curve (ranking, DH_FPR95_ABOVE, metrics, points);
  DhBootstrap *bootstrap = dh_bootstrap_new (curve);
  for (guint i = 0; i < set->n; i++)
    g_assert_true (dh_bootstrap_add (bootstrap, set->scores + i * PIXELS, set->labels + i * PIXELS, PIXELS));
  g_assert_cmpuint (dh_bootstrap_pictures (bootstrap), ==, set->n);
  return bootstrap;
}

static guint *
number_alone (guint n)
{
  guint *groups = g_new (guint, n);
  for (guint i = 0; i < n; i++)
    groups[i] = i;
  return groups;
}

static DhBootstrapNumbers
draw_alone (const Set *set, guint points, DhPixelMetrics *metrics)
{
  DhBootstrapNumbers numbers;
  g_autoptr (DhBootstrap) bootstrap = fill (set, points, metrics);
  g_autofree guint *groups = number_alone (set->n);
  const DhBootstrapRun run = { bootstrap, groups, metrics->ap, metrics->fpr95, metrics->auroc, metrics->best_f1 };
  g_assert_true (dh_bootstrap_draw (&run, 1, set->n, &numbers, NULL));
  return numbers;
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void
assert_near (DhInterval interval, double *drawn, guint n)
{
  qsort (drawn, n, sizeof *drawn, compare);
  const double low = drawn[n * 25 / 1000], high = drawn[n * 975 / 1000], width = high - low;
  g_test_message ("%.4f–%.4f, drawn by ranking %.4f–%.4f", interval.low, interval.high, low, high);
  g_assert_cmpfloat (fabs (interval.low - low), <, 0.12 * width);
  g_assert_cmpfloat (fabs (interval.high - high), <, 0.12 * width);
}

/* Draws of our own, each ranked to the last pixel, have the same interval; but for chance, of which each has its own.
 */
static void
assert_as_ranked (const Set *set, guint64 *state)
{
  enum
  {
    DRAWS = 1000
  };
  DhPixelMetrics metrics;
  const DhBootstrapNumbers numbers = draw_alone (set, 4000, &metrics);
  g_autofree double *drawn = g_new (double, 4 * DRAWS);
  for (guint d = 0; d < DRAWS; d++)
    {
      g_autofree guint *times = g_new0 (guint, set->n);
      for (guint i = 0; i < set->n; i++)
        times[(guint)(random_unit (state) * set->n)]++;
      g_autoptr (DhRanking) ranking = rank (set, times);
      DhPixelMetrics own;
      g_assert_true (dh_ranking_metrics (ranking, DH_FPR95_ABOVE, &own));
      drawn[d] = own.ap;
      drawn[DRAWS + d] = own.fpr95;
      drawn[2 * DRAWS + d] = own.auroc;
      drawn[3 * DRAWS + d] = own.best_f1;
    }
  g_assert_cmpuint (numbers.groups, ==, set->n);
  assert_near (numbers.ap.of[0], drawn, DRAWS);
  assert_near (numbers.fpr95.of[0], drawn + DRAWS, DRAWS);
  assert_near (numbers.auroc.of[0], drawn + 2 * DRAWS, DRAWS);
  assert_near (numbers.best_f1.of[0], drawn + 3 * DRAWS, DRAWS);
  g_assert_true (isnan (numbers.ap.of[1].low) && isnan (numbers.ap.difference.low) && isnan (numbers.ap.first_higher));
}

static void
test_ranked (void)
{
  guint64 state = 1;
  g_autoptr (Set) set = make_set (40, &state);
  assert_as_ranked (set, &state);
}

/* Scores of few values: no threshold lies between two of them, and the FPR leaps. */
static void
test_steps (void)
{
  guint64 state = 19;
  g_autoptr (Set) set = make_set (40, &state);
  for (guint i = 0; i < 40 * PIXELS; i++)
    set->scores[i] = roundf (set->scores[i]);
  assert_as_ranked (set, &state);
}

/* Of sets that are drawn from one world, about 95 of 100 intervals hold what that world has. */
static void
test_coverage (void)
{
  guint64 state = 7;
  g_autoptr (Set) world = make_set (6000, &state);
  g_autoptr (DhRanking) ranking = rank (world, NULL);
  DhPixelMetrics truth, metrics;
  g_assert_true (dh_ranking_metrics (ranking, DH_FPR95_ABOVE, &truth));
  guint ap = 0, fpr95 = 0, auroc = 0;
  const guint sets = 120;
  for (guint i = 0; i < sets; i++)
    {
      g_autoptr (Set) set = make_set (60, &state);
      const DhBootstrapNumbers numbers = draw_alone (set, 300, &metrics);
      ap += numbers.ap.of[0].low <= truth.ap && truth.ap <= numbers.ap.of[0].high;
      fpr95 += numbers.fpr95.of[0].low <= truth.fpr95 && truth.fpr95 <= numbers.fpr95.of[0].high;
      auroc += numbers.auroc.of[0].low <= truth.auroc && truth.auroc <= numbers.auroc.of[0].high;
    }
  g_test_message ("of %u sets %u, %u, %u hold AP, FPR95, AUROC", sets, ap, fpr95, auroc);
  const guint hits[] = { ap, fpr95, auroc };
  for (guint k = 0; k < G_N_ELEMENTS (hits); k++)
    {
      g_assert_cmpuint (hits[k], >=, sets * 88 / 100);
      g_assert_cmpuint (hits[k], <, sets);
    }
}

/* Every picture of the second run is a little better: less than chance moves either, but in all draws alike. */
static void
test_pair (void)
{
  guint64 state = 3;
  g_autoptr (Set) worse = make_set (50, &state);
  g_autoptr (Set) better = set_new (50);
  for (guint i = 0; i < 50 * PIXELS; i++)
    {
      better->labels[i] = worse->labels[i];
      better->scores[i] = worse->scores[i] + (worse->labels[i] ? 0.15f : 0);
    }
  DhPixelMetrics of_worse, of_better;
  g_autoptr (DhBootstrap) a = fill (worse, 2000, &of_worse), b = fill (better, 2000, &of_better);
  g_autofree guint *groups = number_alone (50);
  const DhBootstrapRun runs[] = { { a, groups, of_worse.ap, of_worse.fpr95, of_worse.auroc, of_worse.best_f1 },
                                  { b, groups, of_better.ap, of_better.fpr95, of_better.auroc, of_better.best_f1 } };
  DhBootstrapNumbers numbers, turned, same;
  g_assert_true (dh_bootstrap_draw (runs, 2, 50, &numbers, NULL));
  g_assert_cmpfloat (numbers.ap.of[0].high, >, numbers.ap.of[1].low);
  g_assert_cmpfloat (numbers.ap.difference.high, <, 0);
  g_assert_cmpfloat (numbers.ap.difference.low, <, of_worse.ap - of_better.ap);
  g_assert_cmpfloat (numbers.ap.difference.high, >, of_worse.ap - of_better.ap);
  g_assert_cmpfloat (numbers.ap.first_higher, ==, 0);
  g_assert_cmpfloat (numbers.fpr95.difference.low, >, 0);
  g_assert_cmpfloat (numbers.fpr95.first_higher, ==, 1);
  g_assert_cmpfloat (numbers.auroc.difference.high, <, 0);

  const DhBootstrapRun other[] = { runs[1], runs[0] };
  g_assert_true (dh_bootstrap_draw (other, 2, 50, &turned, NULL));
  g_assert_cmpfloat (fabs (turned.ap.difference.low + numbers.ap.difference.high), <, 1e-12);
  g_assert_cmpfloat (turned.ap.of[0].low, ==, numbers.ap.of[1].low);

  const DhBootstrapRun twice[] = { runs[0], runs[0] };
  g_assert_true (dh_bootstrap_draw (twice, 2, 50, &same, NULL));
  g_assert_cmpfloat (same.ap.difference.low, ==, 0);
  g_assert_cmpfloat (same.ap.difference.high, ==, 0);
  g_assert_cmpfloat (same.ap.first_higher, ==, 0.5);
}

static double
width_of (DhInterval interval)
{
  return interval.high - interval.low;
}

/* Each picture stands there twice: as pictures of their own they pretend to tell twice as much; as groups they do not.
 */
static void
test_groups (void)
{
  guint64 state = 5;
  g_autoptr (Set) once = make_set (80, &state);
  g_autoptr (Set) twice = set_new (160);
  g_autofree guint *pairs = g_new (guint, 160);
  for (guint i = 0; i < 160; i++)
    {
      memcpy (twice->scores + i * PIXELS, once->scores + i / 2 * PIXELS, PIXELS * sizeof (float));
      memcpy (twice->labels + i * PIXELS, once->labels + i / 2 * PIXELS, PIXELS);
      pairs[i] = i / 2;
    }
  DhPixelMetrics metrics, of_twice;
  const DhBootstrapNumbers own = draw_alone (once, 2000, &metrics), pretended = draw_alone (twice, 2000, &of_twice);
  g_autoptr (DhBootstrap) bootstrap = fill (twice, 2000, &of_twice);
  const DhBootstrapRun run = { bootstrap, pairs, of_twice.ap, of_twice.fpr95, of_twice.auroc, of_twice.best_f1 };
  DhBootstrapNumbers grouped;
  g_assert_true (dh_bootstrap_draw (&run, 1, 80, &grouped, NULL));
  g_assert_cmpuint (grouped.groups, ==, 80);
  g_assert_cmpfloat (fabs (width_of (grouped.ap.of[0]) / width_of (own.ap.of[0]) - 1), <, 0.02);
  g_assert_cmpfloat (fabs (width_of (own.ap.of[0]) / width_of (pretended.ap.of[0]) / sqrt (2) - 1), <, 0.15);

  /* A part of the set: what is in no group is not drawn. */
  g_autofree guint *half = g_new (guint, 160);
  for (guint i = 0; i < 160; i++)
    half[i] = i % 2 == 0 ? i / 2 : G_MAXUINT;
  const DhBootstrapRun part = { bootstrap, half, metrics.ap, metrics.fpr95, metrics.auroc, metrics.best_f1 };
  DhBootstrapNumbers of_part;
  g_assert_true (dh_bootstrap_draw (&part, 1, 80, &of_part, NULL));
  g_assert_cmpfloat (fabs (width_of (of_part.ap.of[0]) / width_of (own.ap.of[0]) - 1), <, 0.02);
}

/* More pictures than are drawn one by one. */
static void
test_many (void)
{
  guint64 state = 11;
  g_autoptr (Set) set = make_set (3 * DH_BOOTSTRAP_GROUPS, &state);
  g_autoptr (Set) small = set_new (DH_BOOTSTRAP_GROUPS);
  memcpy (small->scores, set->scores, sizeof (float) * PIXELS * DH_BOOTSTRAP_GROUPS);
  memcpy (small->labels, set->labels, PIXELS * DH_BOOTSTRAP_GROUPS);
  DhPixelMetrics metrics;
  const DhBootstrapNumbers all = draw_alone (set, 300, &metrics), part = draw_alone (small, 300, &metrics);
  g_assert_cmpuint (all.groups, ==, 3 * DH_BOOTSTRAP_GROUPS);
  g_assert_cmpfloat (fabs (width_of (part.auroc.of[0]) / width_of (all.auroc.of[0]) / sqrt (3) - 1), <, 0.15);
}

static void
assert_undefined (const DhBootstrapNumber *number)
{
  g_assert_true (isnan (number->of[0].low) && isnan (number->of[0].high));
}

static void
test_few (void)
{
  guint64 state = 13;
  DhPixelMetrics metrics;
  g_autoptr (Set) nine = make_set (DH_BOOTSTRAP_LEAST - 1, &state);
  const DhBootstrapNumbers few = draw_alone (nine, 300, &metrics);
  g_assert_cmpuint (few.groups, ==, DH_BOOTSTRAP_LEAST - 1);
  assert_undefined (&few.ap);
  assert_undefined (&few.auroc);

  /* Anomalies in two of twenty pictures: in an eighth of the draws there are none. */
  g_autoptr (Set) rare = make_set (20, &state);
  for (guint i = 2 * PIXELS; i < 20 * PIXELS; i++)
    rare->labels[i] = 0;
  const DhBootstrapNumbers undefined = draw_alone (rare, 300, &metrics);
  g_assert_cmpfloat (metrics.ap, >, 0);
  assert_undefined (&undefined.ap);
  assert_undefined (&undefined.fpr95);

  /* No anomaly at all, and no pixel. */
  for (guint i = 0; i < 20 * PIXELS; i++)
    rare->labels[i] = 0;
  const DhBootstrapNumbers none = draw_alone (rare, 300, &metrics);
  assert_undefined (&none.ap);
  for (guint i = 0; i < 20 * PIXELS; i++)
    rare->labels[i] = 255;
  g_autoptr (DhCurve) empty = dh_curve_new (0, 0, 0);
  g_autoptr (DhBootstrap) void_only = dh_bootstrap_new (empty);
  for (guint i = 0; i < 20; i++)
    g_assert_true (dh_bootstrap_add (void_only, rare->scores, rare->labels, PIXELS));
  g_autofree guint *groups = number_alone (20);
  const DhBootstrapRun run = { void_only, groups, NAN, NAN, NAN, NAN };
  DhBootstrapNumbers nothing;
  g_assert_true (dh_bootstrap_draw (&run, 1, 20, &nothing, NULL));
  assert_undefined (&nothing.ap);
}

static void
test_cancel (void)
{
  guint64 state = 17;
  DhPixelMetrics metrics;
  g_autoptr (Set) set = make_set (20, &state);
  g_autoptr (DhBootstrap) bootstrap = fill (set, 300, &metrics);
  g_autofree guint *groups = number_alone (20);
  const DhBootstrapRun run = { bootstrap, groups, metrics.ap, metrics.fpr95, metrics.auroc, metrics.best_f1 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  DhBootstrapNumbers numbers;
  g_assert_false (dh_bootstrap_draw (&run, 1, 20, &numbers, cancellable));
}

/* Every pixel is counted in the bin whose ends its score lies between, however close, large or small these are. */
static void
test_bins (void)
{
  const float ends[] = { 3e38f, 1e30f, 2.0000002f, 2, 1.9999999f, 1, 1e-38f, 1e-45f, 0, -1e-45f, -1, -1e10f };
  const guint n = G_N_ELEMENTS (ends);
  g_autoptr (DhCurve) curve = dh_curve_new (n, n, n);
  for (guint i = 0; i < n; i++)
    curve->points[i] = (DhCurvePoint){ .threshold = ends[i], .tp = i, .fp = i };
  g_autoptr (DhBootstrap) bootstrap = dh_bootstrap_new (curve);
  g_assert_cmpuint (dh_bootstrap_n_bins (bootstrap), ==, n);
  const float scores[] = { INFINITY, -INFINITY, NAN, 3.4e38f, -0.0f, 1.5f, 2.0000001f, -5e9f, -3e38f, 1e-40f, 5, 5 };
  const guint8 labels[] = { 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 255, 7 };
  /* the first end that is not above the score; the last where all are */
  const guint bins[] = { n, n, n, 0, 8, 5, 3, 11, 11, 7, n, n };
  G_STATIC_ASSERT (G_N_ELEMENTS (scores) == G_N_ELEMENTS (labels) && G_N_ELEMENTS (bins) == G_N_ELEMENTS (labels));
  g_assert_true (dh_bootstrap_add (bootstrap, scores, labels, G_N_ELEMENTS (scores)));
  g_assert_true (dh_bootstrap_add (bootstrap, ends, labels, n));
  float found[2 * G_N_ELEMENTS (ends)] = { 0 }, wanted[2 * G_N_ELEMENTS (ends)] = { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (scores); i++)
    if (bins[i] < n)
      wanted[labels[i] * n + bins[i]]++;
  dh_bootstrap_add_to (bootstrap, 0, found);
  for (guint i = 0; i < 2 * n; i++)
    g_assert_cmpfloat (found[i], ==, wanted[i]);
  dh_bootstrap_add_to (bootstrap, 1, found); /* an end is in its own bin */
  for (guint i = 0; i < n - 2; i++)
    g_assert_cmpfloat (found[labels[i] * n + i], ==, wanted[labels[i] * n + i] + 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bootstrap/ranked", test_ranked);
  g_test_add_func ("/bootstrap/steps", test_steps);
  g_test_add_func ("/bootstrap/coverage", test_coverage);
  g_test_add_func ("/bootstrap/pair", test_pair);
  g_test_add_func ("/bootstrap/groups", test_groups);
  g_test_add_func ("/bootstrap/many", test_many);
  g_test_add_func ("/bootstrap/few", test_few);
  g_test_add_func ("/bootstrap/cancel", test_cancel);
  g_test_add_func ("/bootstrap/bins", test_bins);
  return g_test_run ();
}

/* Open-set recognition at every threshold against the one that is made for a single threshold. */
#include <math.h>
#include <string.h>
#include "dh-open-set.h"
#include "dh-open-sweep.h"
#include "naive-metrics.h"

enum
{
  K = 5,
  N = 300000,
};

typedef struct
{
  float *scores;
  guint8 *prediction, *labels;
} Pixels;

static void
pixels_clear (Pixels *pixels)
{
  g_free (pixels->scores);
  g_free (pixels->prediction);
  g_free (pixels->labels);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pixels, pixels_clear)

/* Mostly right, anomalies higher; some void, a prediction that is none, and what is no score. */
static void
make (Pixels *pixels, double (*score_of) (double normal))
{
  guint64 random = 41;
  *pixels = (Pixels){ g_new (float, N), g_malloc (N), g_malloc (N) };
  for (guint i = 0; i < N; i++)
    {
      const guint label = random_unit (&random) * (K + 2);
      pixels->labels[i] = label;
      pixels->prediction[i] = random_unit (&random) < 0.7 && label < K ? label : random_unit (&random) * K;
      pixels->scores[i] = score_of (random_normal (&random) + 2 * (label == K));
    }
  pixels->prediction[1] = K;
  pixels->prediction[2] = 200;
  pixels->scores[3] = NAN;
  pixels->scores[4] = INFINITY;
  pixels->scores[5] = -INFINITY;
}

static double
hybrid_of (double normal)
{
  return 3 * normal - 6;
}

/* Most are told from 1 in the last digits of a float alone. */
static double
posterior_of (double normal)
{
  return -1 / (1 + exp (3 * normal - 11));
}

static double
whole_of (double normal)
{
  return rint (2 * normal);
}

static DhOpenSweep *
sweep_of (const Pixels *pixels)
{
  DhOpenSweep *sweep = dh_open_sweep_new (K);
  g_assert_true (dh_open_sweep_add (sweep, pixels->prediction, pixels->scores, pixels->labels, N, NULL));
  return sweep;
}

static DhOpenSetResult *
set_of (const Pixels *pixels, double threshold)
{
  g_autoptr (DhOpenSet) set = dh_open_set_new (K, threshold);
  dh_open_set_add (set, pixels->prediction, pixels->scores, pixels->labels, N);
  return dh_open_set_finish (set);
}

static void
assert_at (DhOpenSweep *sweep, const Pixels *pixels, double threshold, double tolerance)
{
  double iou[K + 1];
  const double miou = dh_open_sweep_miou (sweep, threshold, iou);
  g_autoptr (DhOpenSetResult) want = set_of (pixels, threshold);
  g_test_message ("%.9g: %.9g, %.9g", threshold, miou, want->open_miou);
  g_assert_cmpfloat (fabs (miou - want->open_miou), <=, tolerance);
  for (guint c = 0; c <= K; c++)
    {
      g_assert_true (isnan (iou[c]) == isnan (want->iou[c]));
      g_assert_true (isnan (iou[c]) || fabs (iou[c] - want->iou[c]) <= 2 * tolerance);
    }
}

static void
test_ends_of_bins (void)
{
  g_auto (Pixels) pixels = { NULL };
  make (&pixels, hybrid_of);
  g_autoptr (DhOpenSweep) sweep = sweep_of (&pixels);
  g_assert_cmpuint (dh_open_sweep_non_finite (sweep), ==, 3);
  static const double thresholds[] = { -INFINITY, -1e30, -20,   -7.5, -6.25, -1, -0.75, -0.5,  -0.25,   0,
                                       0.125,     0.5,   0.625, 1,    1.5,   3,  64,    1e300, INFINITY };
  for (guint i = 0; i < G_N_ELEMENTS (thresholds); i++)
    assert_at (sweep, &pixels, thresholds[i], 0);
  g_assert_true (isnan (dh_open_sweep_miou (sweep, NAN, NULL)));
  g_assert_cmpuint (dh_open_sweep_memory (sweep), <, 8 << 20);
}

static void
test_everywhere (gconstpointer data)
{
  double (*const score_of) (double) = data;
  g_auto (Pixels) pixels = { NULL };
  make (&pixels, score_of);
  g_autoptr (DhOpenSweep) sweep = sweep_of (&pixels);
  guint64 random = 7;
  for (guint i = 0; i < 40; i++)
    assert_at (sweep, &pixels, score_of (random_normal (&random)), 1e-4);
}

/* Scores that many pixels share are on neither side in part. */
static void
test_ties (void)
{
  g_auto (Pixels) pixels = { NULL };
  make (&pixels, whole_of);
  g_autoptr (DhOpenSweep) sweep = sweep_of (&pixels);
  for (double threshold = -6; threshold <= 6; threshold += 0.5)
    assert_at (sweep, &pixels, threshold, 0);
  assert_at (sweep, &pixels, 1 + 1e-12, 0);
}

static void
test_merge (void)
{
  g_auto (Pixels) pixels = { NULL };
  make (&pixels, hybrid_of);
  g_autoptr (DhOpenSweep) whole = sweep_of (&pixels);
  g_autoptr (DhOpenSweep) first = dh_open_sweep_new (K);
  g_autoptr (DhOpenSweep) second = dh_open_sweep_new (K);
  g_assert_true (dh_open_sweep_add (first, pixels.prediction, pixels.scores, pixels.labels, 1234, NULL));
  dh_open_sweep_miou (first, 0, NULL);
  g_assert_true (
      dh_open_sweep_add (second, pixels.prediction + 1234, pixels.scores + 1234, pixels.labels + 1234, N - 1234, NULL));
  g_assert_true (dh_open_sweep_merge (first, second, NULL));
  g_assert_cmpuint (dh_open_sweep_pixels (first), ==, dh_open_sweep_pixels (whole));
  g_assert_cmpuint (dh_open_sweep_anomalies (first), ==, dh_open_sweep_anomalies (whole));
  g_assert_cmpuint (dh_open_sweep_non_finite (first), ==, 3);
  for (double threshold = -15; threshold < 8; threshold += 0.37)
    g_assert_cmpfloat (dh_open_sweep_miou (first, threshold, NULL), ==, dh_open_sweep_miou (whole, threshold, NULL));
}

static void
test_closed (void)
{
  g_auto (Pixels) pixels = { NULL };
  make (&pixels, hybrid_of);
  g_autoptr (DhOpenSweep) sweep = sweep_of (&pixels);
  g_autoptr (DhOpenSetResult) want = set_of (&pixels, 0);
  double iou[K];
  guint64 confusion[K * K];
  g_assert_cmpfloat (dh_open_sweep_closed (sweep, iou, confusion), ==, want->closed_miou);
  g_assert_cmpmem (iou, sizeof iou, want->closed_iou, sizeof iou);
  g_assert_cmpmem (confusion, sizeof confusion, want->closed_confusion, sizeof confusion);
}

static void
test_absent (void)
{
  const guint8 zeros[4] = { 0 };
  const float scores[4] = { 1, 2, 3, 4 };
  g_autoptr (DhOpenSweep) sweep = dh_open_sweep_new (3);
  g_assert_true (isnan (dh_open_sweep_miou (sweep, 0, NULL)));
  g_assert_true (isnan (dh_open_sweep_closed (sweep, NULL, NULL)));
  g_assert_true (dh_open_sweep_add (sweep, zeros, scores, zeros, 4, NULL));
  double iou[4];
  g_assert_cmpfloat (dh_open_sweep_miou (sweep, 3, iou), ==, 0.75);
  g_assert_true (isnan (iou[1]) && isnan (iou[2]));
  g_assert_cmpfloat (iou[3], ==, 0);
  dh_open_sweep_miou (sweep, 4, iou);
  g_assert_true (isnan (iou[3]));
}

static void
test_join (void)
{
  const guint8 anomalies[] = { 0, 1, 255, 0, 2, 1 }, ids[] = { 2, 0, 1, 3, 0, 3 };
  const guint8 joined[] = { 2, 3, 4, 4, 4, 3 }, alone[] = { 2, 0, 1, 4, 0, 4 };
  guint8 labels[6];
  dh_open_set_join_labels (3, anomalies, ids, labels, 6);
  g_assert_cmpmem (labels, 6, joined, 6);
  dh_open_set_join_labels (3, NULL, ids, labels, 6);
  g_assert_cmpmem (labels, 6, alone, 6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/open-sweep/ends-of-bins", test_ends_of_bins);
  g_test_add_data_func ("/open-sweep/hybrid", hybrid_of, test_everywhere);
  g_test_add_data_func ("/open-sweep/posterior", posterior_of, test_everywhere);
  g_test_add_data_func ("/open-sweep/whole-numbers", whole_of, test_everywhere);
  g_test_add_func ("/open-sweep/ties", test_ties);
  g_test_add_func ("/open-sweep/merge", test_merge);
  g_test_add_func ("/open-sweep/closed", test_closed);
  g_test_add_func ("/open-sweep/absent", test_absent);
  g_test_add_func ("/open-sweep/join", test_join);
  return g_test_run ();
}

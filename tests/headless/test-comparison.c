/* One map set against another: units, alignment at thresholds, and what is remembered of it. */
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include "dh-comparison.h"
#include "dh-image.h"
#include "session-fixture.h"
#include "tree.h"

static const DhFrameMap score_maps[DH_N_SCORES] = { DH_FRAME_HYBRID, DH_FRAME_LIKELIHOOD, DH_FRAME_DATASET_POSTERIOR };

static int
ascending (gconstpointer a, gconstpointer b)
{
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* The plain way: of all pixels whose label is `inliers_only` or not void, sorted. */
static float *
sorted (DhFrame *frame, DhFrameMap map, gboolean inliers_only, guint *n)
{
  const float *values = dh_frame_floats (frame, map);
  const guint8 *truth = g_bytes_get_data (frame->truth, NULL);
  const gsize count = (gsize)frame->width * frame->height;
  float *some = g_new (float, count);
  *n = 0;
  for (gsize i = 0; i < count; i++)
    if (truth[i] == 0 || (truth[i] == 1 && !inliers_only))
      some[(*n)++] = values[i];
  qsort (some, *n, sizeof (float), ascending);
  return some;
}

static double
z_of (const DhAlignment *alignment, double value)
{
  return (value - alignment->zero) * alignment->factor;
}

static void
test_refuse (SessionFixture *fixture, gconstpointer data)
{
  DhComparison *comparison = dh_session_get_comparison (fixture->session);
  g_assert_null (dh_comparison_refuse (comparison, DH_FRAME_HYBRID, DH_FRAME_ENTROPY));
  g_assert_nonnull (dh_comparison_refuse (comparison, -1, DH_FRAME_HYBRID));
  g_assert_nonnull (dh_comparison_refuse (comparison, DH_FRAME_HYBRID, -1));
  g_assert_nonnull (dh_comparison_refuse (comparison, DH_FRAME_SEGMENTATION, DH_FRAME_HYBRID));
  g_assert_nonnull (dh_comparison_refuse (comparison, DH_FRAME_HYBRID, DH_FRAME_HYBRID));
  g_assert_cmpstr (dh_comparison_refuse (comparison, -1, -1), !=, dh_comparison_refuse (comparison, 3, 3));
  g_assert_true (dh_comparison_shares_unit (comparison, DH_FRAME_HYBRID, DH_FRAME_MAX_LOGIT));
  g_assert_true (dh_comparison_shares_unit (comparison, DH_FRAME_DATASET_POSTERIOR, DH_FRAME_MAX_SOFTMAX));
  g_assert_false (dh_comparison_shares_unit (comparison, DH_FRAME_HYBRID, DH_FRAME_DATASET_POSTERIOR));
  g_assert_false (dh_comparison_shares_unit (comparison, DH_FRAME_SEGMENTATION, DH_FRAME_SEGMENTATION));
  static const struct
  {
    DhFrameMap a, b;
    const char *formula;
  } formulas[] = { { DH_FRAME_HYBRID, DH_FRAME_MAX_LOGIT, "A − B" },
                   { DH_FRAME_HYBRID, DH_FRAME_LIKELIHOOD, "A − (−B)" },
                   { DH_FRAME_LIKELIHOOD, DH_FRAME_HYBRID, "(−A) − B" },
                   { DH_FRAME_DATASET_POSTERIOR, DH_FRAME_MAX_SOFTMAX, "(1 − A) − B" } };
  for (guint i = 0; i < G_N_ELEMENTS (formulas); i++)
    {
      g_autofree char *formula = dh_comparison_dup_formula (comparison, formulas[i].a, formulas[i].b);
      g_assert_cmpstr (formula, ==, formulas[i].formula);
    }
  /* Nothing is open: no threshold, no map, and no crash. */
  DhAlignment alignment;
  DhDifference taken;
  g_assert_false (dh_comparison_align (comparison, DH_FRAME_HYBRID, &alignment));
  g_assert_false (dh_comparison_align (comparison, DH_FRAME_ENTROPY, &alignment));
  g_assert_false (dh_comparison_subtract (comparison, DH_FRAME_HYBRID, DH_FRAME_ENTROPY, FALSE, &taken));
}

/* The hybrid score less −ln p̂ is ln P(d_out), and the colours reach as far as nearly all of it. */
static void
test_raw (SessionFixture *fixture, gconstpointer data)
{
  session_open_all (fixture);
  DhComparison *comparison = dh_session_get_comparison (fixture->session);
  DhFrame *frame = dh_session_get_frame (fixture->session);
  DhDifference taken, back;
  g_assert_true (dh_comparison_subtract (comparison, DH_FRAME_HYBRID, DH_FRAME_LIKELIHOOD, FALSE, &taken));
  g_assert_true (dh_comparison_subtract (comparison, DH_FRAME_LIKELIHOOD, DH_FRAME_HYBRID, FALSE, &back));
  g_assert_false (taken.aligned);
  guint beyond = 0;
  for (guint y = 0; y < frame->height; y++)
    for (guint x = 0; x < frame->width; x++)
      {
        DhProbe probe;
        g_assert_true (dh_frame_probe (frame, (gint)x, (gint)y, &probe));
        double a = dh_frame_value (frame, DH_FRAME_HYBRID, x, y), b = dh_frame_value (frame, DH_FRAME_LIKELIHOOD, x, y);
        double difference = dh_difference_at (&taken, a, b);
        g_assert_cmpfloat_with_epsilon (difference, probe.log_p_out, 1e-4);
        g_assert_cmpfloat_with_epsilon (dh_difference_at (&back, b, a), -difference, 1e-9);
        beyond += fabs (difference) > taken.range;
      }
  g_assert_cmpuint (beyond, <=, frame->width * frame->height / 200 + 1);
  g_assert_cmpfloat (taken.range, ==, back.range);
  g_assert_cmpfloat (dh_frame_value (frame, DH_FRAME_HYBRID, frame->width, 0), !=, 0);
  g_assert_true (isnan (dh_frame_value (frame, DH_FRAME_HYBRID, frame->width, 0)));
}

static void
assert_aligned (SessionFixture *fixture)
{
  DhComparison *comparison = dh_session_get_comparison (fixture->session);
  DhFrame *frame = dh_session_get_frame (fixture->session);
  for (guint score = 0; score < DH_N_SCORES; score++)
    {
      DhAlignment alignment;
      guint n;
      g_autofree float *inliers = sorted (frame, score_maps[score], TRUE, &n);
      double median = (double)inliers[n / 2], beside = (double)inliers[n / 2 - 1];
      double threshold = dh_session_get_threshold (fixture->session, score)->value;
      g_assert_true (dh_comparison_align (comparison, score_maps[score], &alignment));
      g_assert_cmpfloat (z_of (&alignment, threshold), ==, 0);
      /* The median lies between two pixels. */
      double z[2] = { z_of (&alignment, median), z_of (&alignment, beside) };
      g_assert_cmpfloat (MIN (z[0], z[1]), <=, -1 + 1e-6);
      g_assert_cmpfloat (MAX (z[0], z[1]), >=, -1 - 1e-6);
      g_assert_true ((alignment.factor > 0) == dh_score_flags_above (score));
    }
}

static void
test_aligned (SessionFixture *fixture, gconstpointer data)
{
  session_open_all (fixture);
  assert_aligned (fixture);
  DhComparison *comparison = dh_session_get_comparison (fixture->session);
  DhDifference taken;
  g_assert_true (dh_comparison_subtract (comparison, DH_FRAME_HYBRID, DH_FRAME_DATASET_POSTERIOR, FALSE, &taken));
  /* No unit in common: aligned without being asked. */
  g_assert_true (taken.aligned);
  g_assert_cmpfloat (taken.range, ==, DH_COMPARISON_RANGE);
  double a = dh_session_get_threshold (fixture->session, DH_SCORE_HYBRID)->value;
  double b = dh_session_get_threshold (fixture->session, DH_SCORE_DATASET_POSTERIOR)->value;
  g_assert_cmpfloat (dh_difference_at (&taken, a, b), ==, 0);
  g_assert_cmpfloat (dh_difference_at (&taken, a + 1, b), >, 0);
  g_assert_cmpfloat (dh_difference_at (&taken, a, b - 0.01), <, 0);
  /* Another picture has another median. */
  DhImageItem *before = dh_session_get_current (fixture->session);
  g_assert_true (dh_session_step (fixture->session, 1));
  session_wait_for (dh_session_get_current (fixture->session) != before
                    && dh_frame_has_map (dh_session_get_frame (fixture->session), DH_FRAME_HYBRID)
                    && dh_session_get_stats (fixture->session) != NULL
                    && dh_score_stats_has (dh_session_get_stats (fixture->session), DH_SCORE_HYBRID));
  assert_aligned (fixture);
}

/* A threshold on the wrong side of the median makes nothing infinite and turns nothing about. */
static void
test_wrong_side (SessionFixture *fixture, gconstpointer data)
{
  session_open_all (fixture);
  DhComparison *comparison = dh_session_get_comparison (fixture->session);
  static const double lows[DH_N_SCORES] = { -1e3, 1e3, 1 };
  for (guint score = 0; score < DH_N_SCORES; score++)
    {
      DhAlignment alignment;
      dh_session_set_threshold (fixture->session, score, lows[score]);
      g_assert_true (dh_comparison_align (comparison, score_maps[score], &alignment));
      g_assert_true (isfinite (alignment.factor));
      g_assert_true ((alignment.factor > 0) == dh_score_flags_above (score));
      g_assert_cmpfloat (z_of (&alignment, lows[score]), ==, 0);
    }
}

/* Labels that are all void leave no inlier, and no median: nothing is aligned, and nothing is made up. What has a unit
 * in common is still subtracted as it is. */
static void
test_no_inlier (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree guint8 *labels = g_malloc (SESSION_WIDTH * SESSION_HEIGHT);
  for (guint i = 0; i < SESSION_WIDTH * SESSION_HEIGHT; i++)
    labels[i] = i % 3 == 0 ? 1 : 255;
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *name = g_strdup_printf ("dataset_AnomalyTrack/labels_masks/validation%u_labels_semantic.png", i);
      g_autofree char *path = tree_path (fixture->set, name);
      g_assert_true (dh_image_write_png (path, SESSION_WIDTH, SESSION_HEIGHT, 1, labels, NULL));
    }
  session_open_all (fixture);
  g_assert_cmpuint (dh_score_stats_n_inliers (dh_session_get_stats (session)), ==, 0);
  dh_session_set_threshold (session, DH_SCORE_HYBRID, 0);
  dh_session_set_threshold (session, DH_SCORE_LIKELIHOOD, 0);
  DhAlignment alignment;
  DhDifference taken;
  DhComparison *comparison = dh_session_get_comparison (session);
  g_assert_false (dh_comparison_align (comparison, DH_FRAME_HYBRID, &alignment));
  g_assert_true (dh_comparison_subtract (comparison, DH_FRAME_HYBRID, DH_FRAME_LIKELIHOOD, TRUE, &taken));
  g_assert_false (taken.aligned);
  g_assert_false (dh_comparison_subtract (comparison, DH_FRAME_HYBRID, DH_FRAME_DATASET_POSTERIOR, TRUE, &taken));
}

/* A map without a threshold stands where it flags as many pixels as the active score does. */
static void
test_same_share (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  dh_session_want_map (session, DH_FRAME_MAX_SOFTMAX);
  session_open_all (fixture);
  session_wait_for (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_MAX_SOFTMAX));
  DhFrame *frame = dh_session_get_frame (session);
  static const double fractions[] = { 0.5, 0.9, 0.98 };
  for (guint i = 0; i < G_N_ELEMENTS (fractions); i++)
    {
      guint n, flagged = 0;
      DhCounts counts;
      DhAlignment alignment;
      dh_session_set_threshold (
          session, DH_SCORE_HYBRID,
          dh_score_stats_quantile (dh_session_get_stats (session), DH_SCORE_HYBRID, fractions[i]));
      dh_score_stats_count (dh_session_get_stats (session), DH_SCORE_HYBRID,
                            dh_session_get_threshold (session, DH_SCORE_HYBRID)->value, &counts);
      g_autofree float *values = sorted (frame, DH_FRAME_MAX_SOFTMAX, FALSE, &n);
      g_assert_cmpuint (n, ==, counts.pixels);
      g_assert_true (dh_comparison_align (dh_session_get_comparison (session), DH_FRAME_MAX_SOFTMAX, &alignment));
      for (guint k = 0; k < n; k++)
        flagged += z_of (&alignment, (double)values[k]) > 0;
      g_assert_cmpint (abs ((int)flagged - (int)counts.flagged), <=, 1);
    }
}

static void
test_remembered (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *path = tree_path (fixture->root, "settings.ini");
  DhSettings *settings = dh_settings_open (path);
  DhView *view = dh_view_new (settings);
  g_assert_cmpfloat (dh_view_get_number (view, "compare-split"), ==, 0.5);
  g_object_set (view, "layout", "compare", "compare-mode", "difference", "compare-a", "entropy", "compare-b", "image",
                "compare-scale", "aligned", "compare-split", 0.25, NULL);
  /* What is none is not taken. */
  g_object_set (view, "compare-mode", "sideways", "compare-scale", "other", NULL);
  g_object_unref (view);
  dh_settings_close (settings);
  settings = dh_settings_open (path);
  view = dh_view_new (settings);
  static const char *const expected[][2] = { { "layout", "compare" },
                                             { "compare-mode", "difference" },
                                             { "compare-a", "entropy" },
                                             { "compare-b", "image" },
                                             { "compare-scale", "aligned" } };
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_cmpstr (dh_view_get_string (view, expected[i][0]), ==, expected[i][1]);
  g_assert_cmpfloat (dh_view_get_number (view, "compare-split"), ==, 0.25);
  g_object_unref (view);
  dh_settings_close (settings);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/comparison/refuse", test_refuse, NULL },         { "/comparison/raw", test_raw, NULL },
    { "/comparison/aligned", test_aligned, NULL },       { "/comparison/wrong-side", test_wrong_side, NULL },
    { "/comparison/same-share", test_same_share, NULL }, { "/comparison/remembered", test_remembered, NULL },
    { "/comparison/no-inlier", test_no_inlier, NULL },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}

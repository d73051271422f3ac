/* The studio's model without its session: counts, lists, filters, thresholds, settings, the cache of maps. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <utime.h>
#include "dh-image-filter.h"
#include "dh-image-list.h"
#include "dh-map-cache.h"
#include "dh-open-set.h"
#include "dh-score-stats-private.h"
#include "dh-settings.h"
#include "dh-threshold.h"
#include "dh-view.h"
#include "patience.h"
#include "tree.h"

#define WIDTH 48
#define HEIGHT 32
#define N (WIDTH * HEIGHT)

static guint32
next_random (guint32 *state)
{
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

static GBytes *
floats (guint32 seed, double low, double high, gboolean coarse)
{
  float *values = g_new (float, N);
  for (guint i = 0; i < N; i++)
    {
      double share = next_random (&seed) / 16777216.0;
      if (coarse)
        share = floor (share * 20) / 20; /* ties */
      values[i] = (float)(low + (high - low) * share);
    }
  return g_bytes_new_take (values, N * sizeof (float));
}

static DhFrame *
make_frame (guint32 seed, gboolean labelled)
{
  DhFrame *frame = dh_frame_new (WIDTH, HEIGHT);
  frame->image = g_bytes_new_take (g_malloc0 (3 * N), 3 * N);
  frame->maps[DH_FRAME_LIKELIHOOD] = floats (seed, 2, 9, TRUE);
  frame->maps[DH_FRAME_DATASET_POSTERIOR] = floats (seed + 1, 0.001, 0.999, FALSE);
  frame->maps[DH_FRAME_HYBRID] = floats (seed + 2, -12, -2, TRUE);
  guint8 *classes = g_malloc (N);
  for (guint i = 0; i < N; i++)
    classes[i] = i % 13;
  frame->maps[DH_FRAME_SEGMENTATION] = g_bytes_new_take (classes, N);
  if (!labelled)
    return frame;
  guint8 *truth = g_malloc (N);
  for (guint i = 0; i < N; i++)
    {
      guint32 draw = next_random (&seed) % 10;
      truth[i] = draw < 2 ? 1 : draw == 2 ? 255 : 0;
    }
  frame->truth = g_bytes_new_take (truth, N);
  return frame;
}

static void
count_naively (const DhFrame *frame, DhScore score, double threshold, DhCounts *counts)
{
  *counts = (DhCounts){ 0 };
  const float *values = dh_frame_floats (frame, dh_score_map (score));
  const guint8 *truth = g_bytes_get_data (frame->truth, NULL);
  for (guint i = 0; i < N; i++)
    {
      gboolean flagged = dh_score_flags_above (score) ? values[i] > threshold : values[i] < threshold;
      if (truth[i] == 1)
        flagged ? counts->tp++ : counts->fn++;
      else if (truth[i] == 0)
        flagged ? counts->fp++ : counts->tn++;
    }
}

static void
test_counts (void)
{
  g_autoptr (DhFrame) frame = make_frame (5, TRUE);
  g_autoptr (DhScoreStats) stats = dh_score_stats_new ();
  g_assert_true (dh_score_stats_add (stats, frame));
  dh_score_stats_seal (stats, 0);
  static const double thresholds[DH_N_SCORES][5] = { { -13, -7.5, -7, -2, 0 },
                                                     { 0, 5.5, 5.45, 9, 10 },
                                                     { 0, 0.1, 0.5, 0.999, 1 } };
  for (guint score = 0; score < DH_N_SCORES; score++)
    for (guint i = 0; i < 5; i++)
      {
        DhCounts is, should;
        dh_score_stats_count (stats, score, thresholds[score][i], &is);
        count_naively (frame, score, thresholds[score][i], &should);
        g_assert_cmpuint (is.tp, ==, should.tp);
        g_assert_cmpuint (is.fp, ==, should.fp);
        g_assert_cmpuint (is.fn, ==, should.fn);
        g_assert_cmpuint (is.tn, ==, should.tn);
        g_assert_cmpuint (is.flagged, ==, should.tp + should.fp);
      }
  /* A histogram's bins hold what lies between their edges, and all of it. */
  guint64 inliers[50], anomalies[50], sum = 0;
  dh_score_stats_histogram (stats, DH_SCORE_HYBRID, -12, -2, 50, inliers, anomalies);
  for (guint i = 0; i < 50; i++)
    sum += inliers[i] + anomalies[i];
  g_assert_cmpuint (sum, ==, dh_score_stats_n_inliers (stats) + dh_score_stats_n_anomalies (stats));
  DhCounts above;
  dh_score_stats_count (stats, DH_SCORE_HYBRID, -7.1, &above);
  guint64 from = 0;
  dh_score_stats_histogram (stats, DH_SCORE_HYBRID, -12.1, -2.1, 2, inliers, anomalies);
  from = inliers[1] + anomalies[1];
  g_assert_cmpuint (from, ==, above.flagged);
}

/* The picture's and the set's open-mIoU, on whichever side the score flags; NaN without labels of either kind. */
static void
test_open_miou (void)
{
  enum
  {
    K = 12
  };
  g_autoptr (DhFrame) frame = make_frame (5, TRUE);
  g_autoptr (DhScoreStats) unlabelled = dh_score_stats_new ();
  dh_score_stats_count_classes (unlabelled, K);
  g_assert_true (dh_score_stats_add (unlabelled, frame));
  dh_score_stats_seal (unlabelled, 0);
  g_assert_true (isnan (dh_score_stats_open_miou (unlabelled, DH_SCORE_HYBRID, -7)));
  g_assert_true (isnan (dh_score_stats_open_miou (NULL, DH_SCORE_HYBRID, -7)));

  guint8 *ids = g_malloc (N), *joined = g_malloc (N);
  for (guint i = 0; i < N; i++)
    ids[i] = (i / 3) % (K + 1);
  frame->classes = g_bytes_new_take (ids, N);
  const guint8 *truth = g_bytes_get_data (frame->truth, NULL);
  const guint8 *prediction = g_bytes_get_data (frame->maps[DH_FRAME_SEGMENTATION], NULL);
  dh_open_set_join_labels (K, truth, ids, joined, N);
  g_autoptr (DhScoreStats) stats = dh_score_stats_new ();
  dh_score_stats_count_classes (stats, K);
  g_assert_true (dh_score_stats_add (stats, frame));
  g_autoptr (DhScoreStats) copy = dh_score_stats_copy (stats);
  dh_score_stats_seal (stats, 0);
  dh_score_stats_seal (copy, 0);
  static const double thresholds[DH_N_SCORES] = { -7, 5.5, 0.5 };
  for (guint score = 0; score < DH_N_SCORES; score++)
    {
      const double sign = dh_score_flags_above (score) ? 1 : -1;
      const float *values = dh_frame_floats (frame, dh_score_map (score));
      g_autofree float *oriented = g_new (float, N);
      for (guint i = 0; i < N; i++)
        oriented[i] = (float)sign * values[i];
      g_autoptr (DhOpenSet) set = dh_open_set_new (K, sign * thresholds[score]);
      dh_open_set_add (set, prediction, oriented, joined, N);
      g_autoptr (DhOpenSetResult) want = dh_open_set_finish (set);
      g_assert_cmpfloat (dh_score_stats_open_miou (stats, score, thresholds[score]), ==, want->open_miou);
      g_assert_cmpfloat (dh_score_stats_open_miou (copy, score, thresholds[score]), ==, want->open_miou);
    }
  g_free (joined);
}

/* No other threshold has a larger F1; TPR and FPR are on the right side, and one step further they are not. */
static void
test_presets (void)
{
  g_autoptr (DhFrame) frame = make_frame (77, TRUE);
  g_autoptr (DhScoreStats) stats = dh_score_stats_new ();
  dh_score_stats_add (stats, frame);
  dh_score_stats_seal (stats, 0);
  for (guint score = 0; score < DH_N_SCORES; score++)
    {
      DhCounts counts;
      double best = dh_score_stats_choose (stats, score, DH_RULE_BEST_F1);
      count_naively (frame, score, best, &counts);
      double f1 = dh_counts_f1 (&counts);
      const float *values = dh_frame_floats (frame, dh_score_map (score));
      for (guint i = 0; i < N; i += 3)
        {
          double other = nextafterf (values[i], dh_score_flags_above (score) ? -INFINITY : INFINITY);
          count_naively (frame, score, other, &counts);
          g_assert_cmpfloat (dh_counts_f1 (&counts), <=, f1 + 1e-12);
        }
      count_naively (frame, score, dh_score_stats_choose (stats, score, DH_RULE_TPR95), &counts);
      g_assert_cmpfloat (dh_counts_tpr (&counts), >, 0.95);
      count_naively (frame, score, dh_score_stats_choose (stats, score, DH_RULE_FPR5), &counts);
      g_assert_cmpfloat (dh_counts_fpr (&counts), <=, 0.05);
    }
  g_autoptr (DhFrame) bare = make_frame (77, FALSE);
  g_autoptr (DhScoreStats) none = dh_score_stats_new ();
  dh_score_stats_add (none, bare);
  dh_score_stats_seal (none, 0);
  g_assert_false (dh_score_stats_is_labelled (none));
  g_assert_true (isnan (dh_score_stats_choose (none, DH_SCORE_HYBRID, DH_RULE_BEST_F1)));
}

/* Where no value is finite nothing is counted: what is 0 of 0 is not 0. */
static void
test_nothing_counted (void)
{
  for (guint which = 0; which < 3; which++)
    {
      g_autoptr (DhFrame) frame = make_frame (5, TRUE);
      gsize size;
      float *values = g_bytes_unref_to_data (g_steal_pointer (&frame->maps[DH_FRAME_HYBRID]), &size);
      guint8 *truth = g_bytes_unref_to_data (g_steal_pointer (&frame->truth), &size);
      for (guint i = 0; i < N; i++)
        {
          values[i] = which == 0 ? NAN : values[i];
          truth[i] = which == 1 ? 255 : truth[i];
        }
      frame->maps[DH_FRAME_HYBRID] = g_bytes_new_take (values, N * sizeof *values);
      frame->truth = g_bytes_new_take (truth, N);
      g_autoptr (DhScoreStats) stats = dh_score_stats_new ();
      g_assert_true (dh_score_stats_add (stats, frame));
      dh_score_stats_seal (stats, 0);
      g_assert_true (dh_score_stats_has (stats, DH_SCORE_HYBRID));
      g_assert_cmpint (dh_score_stats_counts_any (stats, DH_SCORE_HYBRID), ==, which == 2);
      g_assert_cmpint (dh_score_stats_counts_any (stats, DH_SCORE_LIKELIHOOD), ==, which != 1);
      g_assert_true ((dh_score_stats_n_void (stats) == N) == (which == 1));
    }
  g_assert_false (dh_score_stats_counts_any (NULL, DH_SCORE_HYBRID));
}

/* Two pictures together are as both added one by one, and a copy goes on by itself. */
static void
test_sets (void)
{
  g_autoptr (DhFrame) a = make_frame (1, TRUE), b = make_frame (2, TRUE);
  g_autoptr (DhScoreStats) set = dh_score_stats_new ();
  dh_score_stats_add (set, a);
  g_autoptr (DhScoreStats) copy = dh_score_stats_copy (set);
  dh_score_stats_add (set, b);
  dh_score_stats_seal (set, 500);
  dh_score_stats_seal (copy, 0);
  DhCounts first, second, both, alone;
  count_naively (a, DH_SCORE_DATASET_POSTERIOR, 0.4, &first);
  count_naively (b, DH_SCORE_DATASET_POSTERIOR, 0.4, &second);
  dh_score_stats_count (set, DH_SCORE_DATASET_POSTERIOR, 0.4, &both);
  dh_score_stats_count (copy, DH_SCORE_DATASET_POSTERIOR, 0.4, &alone);
  g_assert_cmpuint (both.tp, ==, first.tp + second.tp);
  g_assert_cmpuint (both.tn, ==, first.tn + second.tn);
  g_assert_cmpuint (alone.fp, ==, first.fp);
  g_assert_cmpuint (dh_score_stats_n_images (set), ==, 2);
  const DhScoreCurve *curve = dh_score_stats_curve (set, DH_SCORE_HYBRID);
  g_assert_null (dh_score_stats_curve (copy, DH_SCORE_HYBRID));
  for (guint i = 1; i < curve->n; i++)
    {
      g_assert_cmpfloat (curve->tpr[i], >=, curve->tpr[i - 1]);
      g_assert_cmpfloat (curve->fpr[i], >=, curve->fpr[i - 1]);
      g_assert_cmpfloat (curve->threshold[i], <, curve->threshold[i - 1]);
    }
  g_assert_cmpfloat (curve->tpr[curve->n - 1], ==, 1);
}

static DhRanking *
rank (const DhFrame *frame)
{
  DhRanking *ranking = dh_ranking_new ();
  g_assert_true (dh_ranking_add (ranking, g_bytes_get_data (frame->maps[DH_FRAME_DATASET_POSTERIOR], NULL),
                                 g_bytes_get_data (frame->truth, NULL), N, NULL, NULL));
  return ranking;
}

/* What was read off a ranking already is not read again, and is the same. */
static void
test_taken (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhFrame) frame = make_frame (7, TRUE);
  DhRanking *ranking = rank (frame);
  const DhMetricOptions options = { .no_rows = TRUE, .pool = ranking };
  g_autoptr (DhMetric) metric = dh_metric_new (dh_protocol_find ("densehybrid-pooled", NULL), &options, &error);
  g_autoptr (DhResult) pooled = dh_metric_finish (metric, &error);
  g_assert_no_error (error);
  g_autoptr (DhScoreStats) taken = dh_score_stats_new (), walked = dh_score_stats_new ();
  dh_score_stats_take_ranking (taken, DH_SCORE_HYBRID, ranking, NULL, pooled, 1);
  dh_score_stats_take_ranking (walked, DH_SCORE_HYBRID, rank (frame), NULL, NULL, 1);
  dh_score_stats_seal (taken, 100);
  dh_score_stats_seal (walked, 100);
  DhRankMetrics one, other;
  dh_score_stats_metrics (taken, DH_SCORE_HYBRID, &one);
  dh_score_stats_metrics (walked, DH_SCORE_HYBRID, &other);
  g_assert_cmpmem (&one, sizeof one, &other, sizeof other);
  static const DhRule rules[] = { DH_RULE_TPR95, DH_RULE_FPR5, DH_RULE_BEST_F1 };
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    g_assert_cmpfloat (dh_score_stats_choose (taken, DH_SCORE_HYBRID, rules[i]), ==,
                       dh_score_stats_choose (walked, DH_SCORE_HYBRID, rules[i]));
  const DhScoreCurve *curve = dh_score_stats_curve (taken, DH_SCORE_HYBRID);
  g_assert_cmpuint (curve->n, >, 20);
  g_assert_cmpuint (curve->n, <, 120);
  g_assert_cmpfloat (curve->tpr[curve->n - 1], ==, 1);
  for (guint i = 0; i < curve->n; i++)
    {
      DhCounts counts; /* the curve counts what is at its threshold as well */
      dh_score_stats_count (taken, DH_SCORE_HYBRID, nextafterf ((float)curve->threshold[i], -INFINITY), &counts);
      g_assert_cmpfloat (curve->tpr[i], ==, (double)counts.tp / (double)(counts.tp + counts.fn));
      g_assert_cmpfloat (curve->fpr[i], ==, (double)counts.fp / (double)(counts.fp + counts.tn));
    }
}

/* The terms shown are those of the score shown. */
static void
test_probe (void)
{
  g_autoptr (DhFrame) frame = make_frame (9, TRUE);
  DhProbe probe;
  g_assert_false (dh_frame_probe (frame, WIDTH, 0, &probe));
  g_assert_false (dh_frame_probe (frame, 0, -1, &probe));
  g_assert_false (dh_frame_probe (NULL, 0, 0, &probe));
  g_assert_true (dh_frame_probe (frame, 7, 3, &probe));
  g_assert_cmpfloat (probe.hybrid, ==, dh_frame_floats (frame, DH_FRAME_HYBRID)[3 * WIDTH + 7]);
  g_assert_cmpfloat_with_epsilon (-probe.likelihood + probe.log_p_out, probe.hybrid, 1e-12);
  g_assert_cmpint (probe.segmentation_class, ==, (3 * WIDTH + 7) % 13);
  g_assert_cmpint (probe.label_class, ==, -1);
  g_assert_true (isnan (probe.max_softmax));
}

static DhImageList *
make_list (void)
{
  static const struct
  {
    const char *stem, *group;
    double ap;
  } items[] = { { "t5/10", "t5", 0.9 }, { "t5/11", "t5", NAN }, { "t5/12", "t5", 0.2 }, { "t6/20", "t6", 0.5 } };
  GPtrArray *array = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    {
      DhImageItem *item = dh_image_item_new (i, items[i].stem, items[i].group, TRUE);
      DhItemMetrics metrics = DH_ITEM_METRICS_NONE;
      metrics.evaluated = TRUE;
      metrics.ap = items[i].ap;
      dh_image_item_set_metrics (item, &metrics);
      g_ptr_array_add (array, item);
    }
  DhImageList *list = dh_image_list_new ();
  dh_image_list_take_items (list, array);
  return list;
}

/* "[t5] 10 11 12 [t6] 20" */
static char *
shown (DhImageList *list)
{
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (list)); i++)
    {
      g_autoptr (GObject) object = g_list_model_get_item (G_LIST_MODEL (list), i);
      if (DH_IS_IMAGE_GROUP (object))
        g_string_append_printf (text, "[%s %u] ", dh_image_group_get_title (DH_IMAGE_GROUP (object)),
                                dh_image_group_get_size (DH_IMAGE_GROUP (object)));
      else
        g_string_append_printf (text, "%s ", dh_image_item_get_name (DH_IMAGE_ITEM (object)));
    }
  return g_strdup (text->str);
}

#define assert_shown(list, expected)                                                                                   \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    g_autofree char *text_ = shown (list);                                                                             \
    g_assert_cmpstr (text_, ==, expected);                                                                             \
  }                                                                                                                    \
  G_STMT_END

static void
test_list (void)
{
  g_autoptr (DhImageList) list = make_list ();
  assert_shown (list, "[t5 3] 10 11 12 [t6 1] 20 ");
  dh_image_list_set_grouped (list, FALSE);
  dh_image_list_set_sort (list, DH_SORT_AP, TRUE);
  assert_shown (list, "12 20 10 11 ");
  dh_image_list_set_sort (list, DH_SORT_AP, FALSE);
  assert_shown (list, "10 20 12 11 ");
  static const char *const filters[][2] = { { "AP < 90", "20 12 " },  { "ap<=90", "10 20 12 " }, { "scene:t6", "20 " },
                                            { "T5 1", "10 12 11 " },  { "is:failed", "" },       { "ap>", "" },
                                            { "  ", "10 20 12 11 " }, { "ap<95% t5", "10 12 " }, { "\xff", "" } };
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    {
      dh_image_list_set_filter (list, filters[i][0]);
      assert_shown (list, filters[i][1]);
    }
  /* A quoted value is the whole of it, whatever stands in it. */
  static const char *const tags[] = { "a < \"b\" ap", "dusk", NULL }, *const longer[] = { "dusky", NULL };
  dh_image_item_set_tags (dh_image_list_get_item (list, 1), tags);
  dh_image_item_set_tags (dh_image_list_get_item (list, 2), longer);
  g_autofree char *odd = dh_image_filter_quote ("tag", tags[0]);
  const char *const quoted[][2] = {
    { "tag:dusk", "12 11 " },     { "tag:\"Dusk\"", "11 " }, { odd, "11 " },
    { "tag:\"dusk\" ap<90", "" }, { "scene:\"t\"", "" },     { "SCENE:\"t6\"", "20 " },
    { "scene:\"\"", "" },         { "tag:\"dusk", "11 " },   { "ap<90 scene:\"t5\"1", "12 " }
  };
  for (guint i = 0; i < G_N_ELEMENTS (quoted); i++)
    {
      dh_image_list_set_filter (list, quoted[i][0]);
      assert_shown (list, quoted[i][1]);
    }
  dh_image_list_set_filter (list, "");
  DhImageItem *first = dh_image_list_step (list, NULL, 1);
  g_assert_cmpstr (dh_image_item_get_name (first), ==, "10");
  g_assert_cmpstr (dh_image_item_get_name (dh_image_list_step (list, first, 2)), ==, "12");
  g_assert_null (dh_image_list_step (list, first, -1));
  dh_image_list_set_grouped (list, TRUE);
  dh_image_list_set_sort (list, DH_SORT_NAME, TRUE);
  DhImageItem *last = dh_image_list_get_item (list, 3);
  g_assert_cmpstr (dh_image_item_get_name (dh_image_list_step (list, last, -1)), ==, "12");
}

static void
test_object_filter (void)
{
  g_autoptr (DhImageList) list = make_list ();
  DhImageItem *item = dh_image_list_get_item (list, 0); /* 10 of t5 */
  const DhPictureObject missed = { .kind = DH_OBJECT_MISSED, .area = 600, .overlap = 0.1, .class_id = 1 };
  const DhPictureObject wrong = { .kind = DH_OBJECT_FALSE, .area = 2000, .overlap = 0.1, .class_id = -1 };
  static const char *const classes[] = { "road", "street lines", NULL };
  static const struct
  {
    const char *text;
    gboolean missed, wrong, picture;
  } cases[] = {
    { "kind:missed", TRUE, FALSE, FALSE },      { "KIND:false t5", FALSE, TRUE, FALSE },
    { "area > 600", FALSE, TRUE, FALSE },       { "area>=600 area<2000", TRUE, FALSE, FALSE },
    { "siou<0.2", TRUE, FALSE, FALSE },         { "ppv<0.2", FALSE, TRUE, FALSE },
    { "scene:t5 10", TRUE, TRUE, TRUE },        { "scene:t6 kind:missed", FALSE, FALSE, FALSE },
    { "kind:", FALSE, FALSE, FALSE },           { "", TRUE, TRUE, TRUE },
    { "class:LINES", TRUE, FALSE, FALSE },      { "class:\"Street lines\" kind:missed", TRUE, FALSE, FALSE },
    { "class:\"lines\"", FALSE, FALSE, FALSE }, { "class:road", FALSE, FALSE, FALSE }
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DhImageFilter *filter = dh_image_filter_new (cases[i].text);
      g_assert_false (strstr (cases[i].text, "class:") != NULL
                      && dh_image_filter_matches_object (filter, item, &missed));
      dh_image_filter_name_classes (filter, classes);
      g_assert_cmpint (dh_image_filter_matches_object (filter, item, &missed), ==, cases[i].missed);
      g_assert_cmpint (dh_image_filter_matches_object (filter, item, &wrong), ==, cases[i].wrong);
      g_assert_cmpint (dh_image_filter_matches (filter, item), ==, cases[i].picture);
      dh_image_filter_free (filter);
    }
}

static void
test_thresholds (void)
{
  DhThreshold record = { -10.6, DH_RULE_BEST_F1, g_strdup ("FS\tStatic · val"), g_strdup ("/data/fs"), 30 };
  g_autofree char *text = dh_threshold_to_string (&record);
  DhThreshold read = { .value = NAN };
  g_assert_true (dh_threshold_from_string (text, &read));
  g_assert_true (dh_threshold_equal (&record, &read));
  g_assert_cmpuint (read.n_images, ==, 30);
  /* What counted as a false alarm goes along; an older record does not say it. */
  record.rule = DH_RULE_FALSE_ALARMS_ONE;
  record.area = 500;
  g_autofree char *by_alarms = dh_threshold_to_string (&record);
  g_assert_true (dh_threshold_from_string (by_alarms, &read));
  g_assert_true (dh_threshold_equal (&record, &read));
  g_assert_true (dh_threshold_from_string ("-10.6\tfa1\t30\t/data/fs\tFS", &read));
  g_assert_cmpuint (read.area, ==, 0);
  static const char *const broken[] = { NULL,
                                        "",
                                        "x",
                                        "1\tbest-f1\t3\t",
                                        "nan\tbest-f1\t3\t\t",
                                        "1e999\tbest-f1\t3\t\t",
                                        "1\tmagic\t3\t\t",
                                        "1\tfa1:0\t3\t\t",
                                        "1\tfa1:\t3\t\t",
                                        "1\tfa1:-5\t3\t\t",
                                        "1\tbest-f1:500\t3\t\t",
                                        "1\tfa1:500:1\t3\t\t" };
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    g_assert_false (dh_threshold_from_string (broken[i], &read));
  g_assert_cmpfloat (read.value, ==, -10.6);
  dh_threshold_clear (&record);
  dh_threshold_clear (&read);
  for (double p = 0.001; p < 1; p += 0.1)
    g_assert_cmpfloat_with_epsilon (
        dh_score_from_axis (DH_SCORE_DATASET_POSTERIOR, dh_score_to_axis (DH_SCORE_DATASET_POSTERIOR, p)), p, 1e-12);
  g_assert_true (isfinite (dh_score_to_axis (DH_SCORE_DATASET_POSTERIOR, 1)));
}

/* A part of a set, and a folder whose name only begins alike. */
static void
test_sources (void)
{
  static const struct
  {
    const char *set, *splits, *stem; /* that it was chosen on */
    const char *used, *used_splits;
    gboolean own;
    const char *seen;
  } cases[] = {
    { "/d/fs", NULL, NULL, "/d/fs", NULL, TRUE },
    { "/d/fs", NULL, NULL, "/d/f", NULL, FALSE },
    { "/d/fs", NULL, "town/7", "/d/fs", NULL, TRUE },
    { "/d/fs", NULL, "town/7", "/d/fs", "val", TRUE },
    { "/d/sh", "val", NULL, "/d/sh", "train,val", TRUE },
    { "/d/sh", "train,val", NULL, "/d/sh", "val", TRUE },
    { "/d/sh", "val", NULL, "/d/sh", "test", FALSE },
    { "/d/sh", "val", NULL, "/d/sh", "", TRUE },
    { "/d/sh", "validation", NULL, "/d/sh", "val", FALSE },
    { "/d/sh", "val", NULL, NULL, NULL, FALSE },
    { "/d/fs", NULL, NULL, "/d/fs", NULL, TRUE, "fog:3" },
    { "/d/fs", NULL, "a++b", "/d/fs", "val", TRUE, "fog:3" },
    { "/d/sh", "val", NULL, "/d/sh", "val", TRUE, "dark:1" },
    { "/d/sh", "val", NULL, "/d/sh", "test", FALSE, "dark:1" },
    { "/d/fs++x", NULL, "a++fog", "/d/fs++x", NULL, TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DhThreshold record = { .rule = DH_RULE_TPR95,
                             .source_id = dh_threshold_make_source_id (cases[i].set, cases[i].splits, cases[i].stem,
                                                                       cases[i].seen) };
      g_assert_cmpint (dh_threshold_is_from (&record, cases[i].used, cases[i].used_splits), ==, cases[i].own);
      g_assert_cmpstr (dh_threshold_get_seen (&record), ==, cases[i].seen);
      record.rule = DH_RULE_BY_HAND;
      g_assert_false (dh_threshold_is_from (&record, cases[i].used, cases[i].used_splits));
      dh_threshold_clear (&record);
    }
}

static gint
width_in (const char *path)
{
  DhSettings *settings = dh_settings_open (path);
  const gint width = dh_settings_get_int (settings, "window", "width", 0);
  dh_settings_close (settings);
  return width;
}

static gint complaints;

static void
count_complaints (const char *domain, GLogLevelFlags level, const char *text, gpointer data)
{
  g_atomic_int_inc (&complaints);
}

static void
turn_until (gboolean (*holds) (const char *path), const char *path)
{
  const gint64 until = g_get_monotonic_time () + PATIENCE;
  while (!holds (path))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, until);
      g_main_context_iteration (NULL, FALSE);
      g_usleep (2000);
    }
}

static gboolean
is_written (const char *path)
{
  return width_in (path) == 900;
}

static gboolean
is_refused (const char *path)
{
  return g_atomic_int_get (&complaints) > 0;
}

/* A change is written once: the next one does not undo what another window changed since. What could not be written
 * is written with the next. */
static void
test_settings_once (void)
{
  g_autofree char *root = tree_new ();
  g_autofree char *path = g_build_filename (root, "studio.ini", NULL);
  DhSettings *settings = dh_settings_open (path);
  dh_settings_set_int (settings, "window", "width", 900);
  turn_until (is_written, path);
  DhSettings *other = dh_settings_open (path);
  dh_settings_set_int (other, "window", "width", 901);
  dh_settings_close (other);
  dh_settings_set_int (settings, "window", "height", 700);
  dh_settings_close (settings);
  g_assert_cmpint (width_in (path), ==, 901);
  settings = dh_settings_open (path);
  g_assert_cmpint (dh_settings_get_int (settings, "window", "height", 0), ==, 700);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  const GLogFunc before = g_log_set_default_handler (count_complaints, NULL);
  dh_settings_set_int (settings, "window", "width", 902);
  turn_until (is_refused, path);
  g_log_set_default_handler (before, NULL);
  g_assert_cmpint (g_rmdir (path), ==, 0);
  dh_settings_close (settings);
  g_assert_cmpint (width_in (path), ==, 902);
  tree_remove (root);
}

static void
test_settings (void)
{
  g_autofree char *root = tree_new ();
  g_autofree char *path = g_build_filename (root, "a", "studio.ini", NULL);
  DhSettings *settings = dh_settings_open (path);
  DhView *view = dh_view_new (settings);
  g_object_set (view, "overlay", "mask", "opacity", 0.25, "fill", FALSE, "palette", "nonsense", NULL);
  dh_settings_set_int (settings, "window", "width", 1400);
  g_object_unref (view);
  dh_settings_close (settings);
  settings = dh_settings_open (path);
  view = dh_view_new (settings);
  g_assert_cmpstr (dh_view_get_string (view, "overlay"), ==, "mask");
  g_assert_cmpstr (dh_view_get_string (view, "palette"), ==, "usual");
  g_assert_cmpfloat (dh_view_get_number (view, "opacity"), ==, 0.25);
  g_assert_false (dh_view_get_boolean (view, "fill"));
  g_assert_cmpint (dh_settings_get_int (settings, "window", "width", 0), ==, 1400);
  g_object_unref (view);
  dh_settings_close (settings);
  /* Of two windows at once each writes what was changed in it. */
  settings = dh_settings_open (path);
  DhSettings *other = dh_settings_open (path);
  dh_settings_set_int (settings, "window", "width", 900);
  dh_settings_set_string (other, "last", "weights", "w");
  dh_settings_set_string (other, "view", "overlay", NULL);
  dh_settings_close (settings);
  dh_settings_close (other);
  settings = dh_settings_open (path);
  g_autofree char *weights = dh_settings_dup_string (settings, "last", "weights");
  g_autofree char *overlay = dh_settings_dup_string (settings, "view", "overlay");
  g_assert_cmpint (dh_settings_get_int (settings, "window", "width", 0), ==, 900);
  g_assert_cmpstr (weights, ==, "w");
  g_assert_null (overlay);
  dh_settings_close (settings);
  /* A broken file is an empty one. */
  g_assert_true (g_file_set_contents (path, "\xff[[nothing", -1, NULL));
  settings = dh_settings_open (path);
  g_assert_cmpint (dh_settings_get_int (settings, "window", "width", 7), ==, 7);
  dh_settings_close (settings);
  tree_remove (root);
}

static char *
cache_file (const char *root, const char *key)
{
  g_autofree char *name = g_strconcat (key, ".maps", NULL);
  char first[3] = { key[0], key[1], '\0' };
  return g_build_filename (root, first, name, NULL);
}

static void
test_cache (void)
{
  g_autofree char *root = tree_new ();
  g_autofree char *folder = g_build_filename (root, "maps", NULL);
  g_autoptr (DhMapCache) cache = dh_map_cache_new (folder, 1 << 20);
  g_autoptr (DhFrame) frame = make_frame (3, TRUE);
  frame->non_finite[DH_FRAME_HYBRID] = 17;
  g_autofree char *key = dh_map_cache_key ("w", "cpu", "f32", "p", WIDTH, HEIGHT);
  /* what rounds otherwise has maps of its own */
  g_autofree char *other_device = dh_map_cache_key ("w", "cuda:0", "f32", "p", WIDTH, HEIGHT);
  g_autofree char *other_precision = dh_map_cache_key ("w", "cpu", "bf16", "p", WIDTH, HEIGHT);
  g_assert_cmpstr (key, !=, other_device);
  g_assert_cmpstr (key, !=, other_precision);
  g_autoptr (GError) error = NULL;
  g_assert_true (dh_map_cache_store (cache, key, frame, &error));
  g_assert_no_error (error);
  guint usual = 1u << DH_FRAME_HYBRID | 1u << DH_FRAME_SEGMENTATION;
  g_autoptr (DhFrame) read = dh_frame_new (WIDTH, HEIGHT);
  g_assert_true (dh_map_cache_load (cache, key, usual, read));
  for (guint i = 0; i < DH_N_FRAME_MAPS; i++)
    g_assert_true ((frame->maps[i] == NULL) == (read->maps[i] == NULL)
                   && (frame->maps[i] == NULL || g_bytes_equal (frame->maps[i], read->maps[i])));
  g_assert_cmpuint (read->non_finite[DH_FRAME_HYBRID], ==, 17);
  g_autoptr (DhFrame) more = dh_frame_new (WIDTH, HEIGHT);
  g_assert_false (dh_map_cache_load (cache, key, usual | 1u << DH_FRAME_ENTROPY, more));
  g_autoptr (DhFrame) other = dh_frame_new (WIDTH, HEIGHT + 1);
  g_autofree char *path = cache_file (folder, key);
  g_assert_false (dh_map_cache_load (cache, key, usual, other)); /* not of this picture: it goes */
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));

  /* Broken in every way: absent, and gone. */
  for (guint how = 0; how < 4; how++)
    {
      g_assert_true (dh_map_cache_store (cache, key, frame, NULL));
      g_autofree char *data = NULL;
      gsize size;
      g_assert_true (g_file_get_contents (path, &data, &size, NULL));
      if (how == 0)
        size = 10;
      else if (how == 1)
        size -= 1;
      else
        data[how == 2 ? size / 2 : 16] ^= 0x40;
      g_assert_true (g_file_set_contents (path, data, (gssize)size, NULL));
      g_autoptr (DhFrame) none = dh_frame_new (WIDTH, HEIGHT);
      g_assert_false (dh_map_cache_load (cache, key, usual, none));
      g_assert_null (none->maps[DH_FRAME_HYBRID]);
      g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
    }
  tree_remove (root);
}

/* Over its limit, what was used longest ago goes first. */
static void
test_cache_limit (void)
{
  g_autofree char *root = tree_new ();
  gsize one = 13 * N + 24 + 8 * DH_N_FRAME_MAPS + 8;
  g_autoptr (DhMapCache) cache = dh_map_cache_new (root, 10 * one + one / 2);
  g_autoptr (DhFrame) frame = make_frame (3, FALSE);
  char *keys[11];
  for (guint i = 0; i < 11; i++)
    {
      g_autofree char *picture = g_strdup_printf ("p%u", i);
      keys[i] = dh_map_cache_key ("w", "cpu", "f32", picture, WIDTH, HEIGHT);
      if (i == 10)
        for (guint j = 0; j < 10; j++)
          {
            /* The second was used last. */
            g_autofree char *path = cache_file (root, keys[j]);
            struct utimbuf times = { 1000 + (j == 1 ? 100 : j), 1000 + (j == 1 ? 100 : j) };
            g_assert_cmpint (utime (path, &times), ==, 0);
          }
      g_assert_true (dh_map_cache_store (cache, keys[i], frame, NULL));
      if (i < 10)
        g_assert_cmpuint (dh_map_cache_get_size (cache), ==, (i + 1) * one);
    }
  g_assert_cmpuint (dh_map_cache_get_size (cache), <=, dh_map_cache_get_limit (cache) / 10 * 9);
  for (guint i = 0; i < 11; i++)
    {
      g_autofree char *path = cache_file (root, keys[i]);
      gboolean expected = i == 1 || i > 2;
      g_assert_cmpint (g_file_test (path, G_FILE_TEST_EXISTS), ==, expected);
      g_free (keys[i]);
    }
  dh_map_cache_clear (cache);
  g_assert_cmpuint (dh_map_cache_get_size (cache), ==, 0);
  tree_remove (root);
}

/* A picture without a label is not one without anomalies. */
static void
test_why_no_ap (void)
{
  static const struct
  {
    double ap;
    guint64 anomalies, inliers;
    const char *why;
  } cases[] = { { NAN, 0, 0, "no anomaly label" },
                { NAN, 0, 9, "no anomaly pixels" },
                { NAN, 9, 0, "no inlier pixels" },
                { 0.5, 4, 5, NULL } };
  g_autoptr (DhImageItem) item = dh_image_item_new (0, "a", "", TRUE);
  g_assert_null (dh_image_item_why_no_ap (item));
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      DhItemMetrics metrics = DH_ITEM_METRICS_NONE;
      metrics.evaluated = TRUE;
      metrics.ap = cases[i].ap;
      metrics.n_anomaly = cases[i].anomalies;
      metrics.n_inlier = cases[i].inliers;
      dh_image_item_set_metrics (item, &metrics);
      g_assert_cmpstr (dh_image_item_why_no_ap (item), ==, cases[i].why);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/studio/counts", test_counts);
  g_test_add_func ("/studio/open-miou", test_open_miou);
  g_test_add_func ("/studio/presets", test_presets);
  g_test_add_func ("/studio/sets", test_sets);
  g_test_add_func ("/studio/taken", test_taken);
  g_test_add_func ("/studio/probe", test_probe);
  g_test_add_func ("/studio/list", test_list);
  g_test_add_func ("/studio/why-no-ap", test_why_no_ap);
  g_test_add_func ("/studio/nothing-counted", test_nothing_counted);
  g_test_add_func ("/studio/object-filter", test_object_filter);
  g_test_add_func ("/studio/thresholds", test_thresholds);
  g_test_add_func ("/studio/threshold-sources", test_sources);
  g_test_add_func ("/studio/settings", test_settings);
  g_test_add_func ("/studio/settings-once", test_settings_once);
  g_test_add_func ("/studio/cache", test_cache);
  g_test_add_func ("/studio/cache-limit", test_cache_limit);
  return g_test_run ();
}

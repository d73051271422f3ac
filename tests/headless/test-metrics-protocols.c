#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-metric-private.h"
#include "dh-open-set.h"
#include "naive-metrics.h"

#define VOID 255

/* Blobs of several sizes, so that components of both maps touch, merge, miss and overlap. */
static void
paint (guint8 *map, guint width, guint height, guint8 value, guint n_blobs, guint64 *random)
{
  for (guint b = 0; b < n_blobs; b++)
    {
      const gint cx = random_unit (random) * width, cy = random_unit (random) * height;
      const gint rx = random_unit (random) * 9, ry = random_unit (random) * 6;
      for (gint y = MAX (cy - ry, 0); y <= MIN (cy + ry, (gint)height - 1); y++)
        for (gint x = MAX (cx - rx, 0); x <= MIN (cx + rx, (gint)width - 1); x++)
          if (random_unit (random) < 0.8)
            map[y * width + x] = value;
    }
}

/* Numbers the 8-connected components of map == value from 1, in reading order, by flooding. */
static guint
flood (const guint8 *map, guint8 value, gint width, gint height, guint *numbers)
{
  g_autofree gint *stack = g_new (gint, 9 * width * height);
  guint n = 0;
  memset (numbers, 0, width * height * sizeof *numbers);
  for (gint start = 0; start < width * height; start++)
    {
      if (map[start] != value || numbers[start])
        continue;
      gint top = 0;
      stack[top++] = start;
      numbers[start] = ++n;
      while (top)
        {
          const gint at = stack[--top], ax = at % width, ay = at / width;
          for (gint y = MAX (ay - 1, 0); y <= MIN (ay + 1, height - 1); y++)
            for (gint x = MAX (ax - 1, 0); x <= MIN (ax + 1, width - 1); x++)
              if (map[y * width + x] == value && !numbers[y * width + x])
                {
                  numbers[y * width + x] = n;
                  stack[top++] = y * width + x;
                }
        }
    }
  return n;
}

static guint
count_pixels (const guint *numbers, guint number, const guint8 *inside, guint n)
{
  guint count = 0;
  for (guint i = 0; i < n; i++)
    count += numbers[i] == number && inside[i];
  return count;
}

/* The definition, pixel by pixel: returns the sIoU of each anomaly, then the PPV of each prediction, with its area. */
static GArray *
naive_components (const guint8 *mask, const guint8 *labels, guint width, guint height, guint min_prediction,
                  guint min_anomaly, guint *n_anomalies)
{
  const guint n = width * height;
  g_autofree guint8 *inside = g_malloc (n), *predicted = g_malloc (n);
  g_autofree guint *anomalies = g_new (guint, n), *predictions = g_new (guint, n);
  for (guint i = 0; i < n; i++)
    {
      inside[i] = 1;
      predicted[i] = mask[i] && labels[i] <= 1;
    }
  const guint n_a = flood (labels, 1, width, height, anomalies), n_p = flood (predicted, 1, width, height, predictions);
  for (guint p = 1; p <= n_p; p++)
    if (count_pixels (predictions, p, inside, n) < min_prediction)
      for (guint i = 0; i < n; i++)
        if (predictions[i] == p)
          predictions[i] = 0;
  g_autofree guint8 *whole = g_malloc (n);
  memset (whole, 1, n);
  for (guint a = 0; a <= n_a; a++) /* 0: all that is no anomaly, void included */
    if (count_pixels (anomalies, a, whole, n) < min_anomaly)
      for (guint i = 0; i < n; i++)
        if (anomalies[i] == a)
          inside[i] = 0;
  for (guint i = 0; i < n; i++)
    if (labels[i] > 1)
      inside[i] = 0;

  GArray *values = g_array_new (FALSE, FALSE, 2 * sizeof (double));
  for (guint a = 1; a <= n_a; a++)
    {
      const guint area = count_pixels (anomalies, a, inside, n);
      if (!area)
        continue;
      g_autofree guint8 *touching = g_malloc0 (n_p + 1);
      for (guint i = 0; i < n; i++)
        if (inside[i] && anomalies[i] == a)
          touching[predictions[i]] = predictions[i] != 0;
      guint both = 0, either = 0, elsewhere = 0;
      for (guint i = 0; i < n; i++)
        {
          const gboolean k = anomalies[i] == a, hat = touching[predictions[i]];
          both += inside[i] && k && hat;
          either += inside[i] && (k || hat);
          elsewhere += inside[i] && hat && !k && anomalies[i];
        }
      const double value[2] = { (double)both / (either - elsewhere), area };
      g_array_append_val (values, value);
    }
  *n_anomalies = values->len;
  for (guint p = 1; p <= n_p; p++)
    {
      const guint area = count_pixels (predictions, p, inside, n);
      guint hit = 0;
      for (guint i = 0; i < n; i++)
        hit += inside[i] && predictions[i] == p && anomalies[i];
      const double value[2] = { (double)hit / area, area };
      if (area)
        g_array_append_val (values, value);
    }
  return values;
}

static void
test_components (void)
{
  for (guint trial = 0; trial < 120; trial++)
    {
      guint64 random = trial + 1;
      const guint width = 1 + random_unit (&random) * 60, height = 1 + random_unit (&random) * 40, n = width * height;
      g_autofree guint8 *mask = g_malloc0 (n), *labels = g_malloc0 (n);
      paint (labels, width, height, 1, 8, &random);
      paint (labels, width, height, VOID, trial % 4 * 4, &random);
      paint (mask, width, height, 1 + trial, 10, &random);
      if (trial % 11 == 0)
        memset (labels, 1, n - n / 40); /* so few others that they become void */
      const DhComponentOptions options = { .min_prediction = trial % 3 * 6, .min_anomaly = trial % 5 * 4, .tau = 0.25 };
      g_autoptr (DhComponents) got = dh_components_match (mask, labels, width, height, &options, NULL);
      guint n_anomalies;
      g_autoptr (GArray) want =
          naive_components (mask, labels, width, height, options.min_prediction, options.min_anomaly, &n_anomalies);
      g_assert_cmpuint (got->n_anomalies, ==, n_anomalies);
      g_assert_cmpuint (got->n_anomalies + got->n_predictions, ==, want->len);
      for (guint i = 0; i < want->len; i++)
        {
          const DhComponent *item = &got->items[i];
          const double *value = (const double *)(gpointer)want->data + 2 * i;
          g_assert_cmpfloat (item->anomaly ? item->siou : item->ppv, ==, value[0]);
          g_assert_cmpuint (item->area, ==, value[1]);
          g_assert_cmpint (item->verdict == DH_COMPONENT_HIT, ==, value[0] >= 0.25);
          g_assert_cmpuint (item->x + item->width, <=, width);
          g_assert_cmpuint (item->y + item->height, <=, height);
          g_assert_cmpfloat (item->centroid_x, >=, item->x);
          g_assert_cmpfloat (item->centroid_y, <=, item->y + item->height - 1);
          const gsize first = (gsize)item->first_y * width + item->first_x;
          g_assert_true (item->anomaly ? labels[first] == 1 : mask[first] != 0);
        }
    }
}

/* Only diagonal neighbours, and a spiral whose arms meet late: both are one component. */
static void
test_connectivity (void)
{
  static const char *const spiral[] = {
    "#.......", "#.#####.", "#.#...#.", "#.#.#.#.", "#.###.#.", "#.....#.", ".#####..",
  };
  guint8 mask[8 * 7];
  for (guint i = 0; i < 56; i++)
    mask[i] = spiral[i / 8][i % 8] == '#';
  const DhComponentOptions options = { .min_prediction = 1, .min_anomaly = 1, .tau = 0.25 };
  g_autoptr (DhComponents) got = dh_components_match (mask, NULL, 8, 7, &options, NULL);
  g_assert_cmpuint (got->n_predictions, ==, 1);
  g_assert_cmpuint (got->items[0].width, ==, 7);
  g_assert_cmpuint (got->items[0].height, ==, 7);
  g_assert_true (isnan (got->items[0].ppv));
  g_assert_cmpint (got->items[0].verdict, ==, DH_COMPONENT_FALSE);
  const guint8 stairs[] = { 1, 0, 0, 0, 1, 0, 1, 0, 0 };
  g_autoptr (DhComponents) one = dh_components_match (stairs, NULL, 3, 3, &options, NULL);
  g_assert_cmpuint (one->n_predictions, ==, 1);
  g_assert_cmpuint (one->items[0].area, ==, 3);
  g_assert_cmpfloat (one->items[0].centroid_x, ==, 1.0 / 3);
  g_autoptr (DhComponents) none = dh_components_match (stairs, NULL, 0, 0, &options, NULL);
  g_assert_cmpuint (none->n_predictions, ==, 0);
}

#define N_IMAGES 7
typedef struct
{
  DhScoredImage image[N_IMAGES];
} Set;

static Set *
make_set (guint64 seed)
{
  Set *set = g_new0 (Set, 1);
  guint64 random = seed;
  for (guint i = 0; i < N_IMAGES; i++)
    {
      const guint width = 30 + random_unit (&random) * 50, height = 30 + random_unit (&random) * 40;
      guint8 *labels = g_malloc0 (width * height);
      float *scores = g_new (float, width *height);
      if (i != 2) /* one image without anomalies */
        paint (labels, width, height, 1, 4, &random);
      paint (labels, width, height, VOID, 3, &random);
      for (guint k = 0; k < width * height; k++)
        scores[k] = random_normal (&random) + 2 * (labels[k] == 1);
      scores[i] = i % 2 ? NAN : -INFINITY;
      set->image[i] = (DhScoredImage){ g_strdup_printf ("image %u", i), scores, labels, width, height };
    }
  return set;
}

static void
free_set (Set *set)
{
  for (guint i = 0; i < N_IMAGES; i++)
    {
      g_free ((gpointer)set->image[i].key);
      g_free ((gpointer)set->image[i].scores);
      g_free ((gpointer)set->image[i].labels);
    }
  g_free (set);
}

static DhMetric *
new_metric (const char *protocol, const DhMetricOptions *options)
{
  g_autoptr (GError) error = NULL;
  DhMetric *metric = dh_metric_new (dh_protocol_find (protocol, NULL), options, &error);
  g_assert_no_error (error);
  return metric;
}

static DhResult *
finish (DhMetric *metric)
{
  g_autoptr (GError) error = NULL;
  DhResult *result = dh_metric_finish (metric, &error);
  g_assert_no_error (error);
  return result;
}

static void
assert_equal (double a, double b, const char *protocol)
{
  if (isnan (a) != isnan (b) || fabs (a - b) > 1e-14)
    g_error ("%s: %.17g against %.17g", protocol, a, b);
}

static void
assert_same_result (const DhResult *a, const DhResult *b)
{
  const char *name = a->protocol->name;
  assert_equal (a->ap, b->ap, name);
  assert_equal (a->auroc, b->auroc, name);
  assert_equal (a->fpr95, b->fpr95, name);
  assert_equal (a->threshold_tpr95, b->threshold_tpr95, name);
  assert_equal (a->best_f1, b->best_f1, name);
  assert_equal (a->best_f1_threshold, b->best_f1_threshold, name);
  g_assert_cmpuint (a->pixels, ==, b->pixels);
  g_assert_cmpuint (a->positives, ==, b->positives);
  g_assert_cmpuint (a->ignored, ==, b->ignored);
  g_assert_cmpuint (a->non_finite, ==, b->non_finite);
  g_assert_cmpuint (a->images, ==, b->images);
  g_assert_cmpuint (a->undefined_images, ==, b->undefined_images);
  if (a->components)
    {
      assert_equal (a->components->f1_mean, b->components->f1_mean, name);
      assert_equal (a->components->siou_mean, b->components->siou_mean, name);
      assert_equal (a->components->threshold, b->components->threshold, name);
    }
}

/* One stream, the images backwards, and each by itself, ranked already, and merged give the same result under every
 * protocol. */
static void
test_streams (void)
{
  Set *set = make_set (99);
  const DhMetricOptions options = { .min_prediction = 4, .min_anomaly = 3 };
  for (guint p = 0; p < dh_protocol_count (); p++)
    {
      const DhProtocol *protocol = dh_protocol_at (p);
      if (protocol->kind == DH_PROTOCOL_OPEN_SET)
        continue;
      g_autoptr (DhMetric) forward = new_metric (protocol->name, &options);
      g_autoptr (DhMetric) backward = new_metric (protocol->name, &options);
      g_autoptr (DhMetric) whole = new_metric (protocol->name, &options);
      gboolean more;
      do
        {
          for (guint i = 0; i < N_IMAGES; i++)
            {
              g_assert_true (dh_metric_add (forward, &set->image[i], NULL));
              g_assert_true (dh_metric_add (backward, &set->image[N_IMAGES - 1 - i], NULL));
              g_autoptr (DhMetric) part = dh_metric_new_part (whole);
              DhScoredImage ranked = set->image[i];
              g_autoptr (DhRanking) ranking = ranked.ranking = dh_ranking_new ();
              g_assert_true (dh_ranking_add (ranking, ranked.scores, ranked.labels, (gsize)ranked.width * ranked.height,
                                             NULL, NULL));
              g_assert_true (dh_metric_add (part, &ranked, NULL));
              g_assert_true (dh_metric_merge (whole, part, NULL));
            }
          more = dh_metric_next_pass (forward);
          g_assert_cmpint (more, ==, dh_metric_next_pass (backward));
          g_assert_cmpint (more, ==, dh_metric_next_pass (whole));
        }
      while (more);
      g_autoptr (DhResult) a = finish (forward);
      g_autoptr (DhResult) b = finish (backward);
      g_autoptr (DhResult) c = finish (whole);
      assert_same_result (a, b);
      assert_same_result (a, c);
      g_assert_cmpuint (a->non_finite, ==, N_IMAGES);
      g_assert_cmpstr (c->rows[4].key, ==, "image 4");
      g_assert_cmpstr (b->rows[0].key, ==, "image 6");
    }
  free_set (set);
}

/* What is not measured counts in no protocol, not even in CAOS, which has no void: all but what was ignored is as of
 * the pictures without their last rows. */
static void
test_unmeasured (void)
{
  enum
  {
    UNMEASURED = 3,
    ROWS = 9
  };
  Set *set = make_set (7);
  const DhMetricOptions options = { .min_prediction = 4, .min_anomaly = 3, .has_threshold = TRUE, .threshold = 1.2 };
  for (guint p = 0; p < dh_protocol_count (); p++)
    {
      const DhProtocol *protocol = dh_protocol_at (p);
      if (protocol->kind == DH_PROTOCOL_OPEN_SET)
        continue;
      g_autoptr (DhMetric) cut = new_metric (protocol->name, &options), part = new_metric (protocol->name, &options);
      for (guint i = 0; i < N_IMAGES; i++)
        {
          DhScoredImage image = set->image[i];
          const gsize n = (gsize)image.width * image.height, kept = n - (gsize)image.width * ROWS;
          g_autofree guint8 *labels = g_memdup2 (image.labels, n);
          memset (labels + kept, UNMEASURED, n - kept);
          image.labels = labels;
          image.unmeasured = UNMEASURED;
          g_assert_true (dh_metric_add (part, &image, NULL));
          image.height -= ROWS;
          image.unmeasured = 0;
          g_assert_true (dh_metric_add (cut, &image, NULL));
        }
      g_autoptr (DhResult) a = finish (cut), b = finish (part);
      g_assert_cmpuint (b->ignored, >, a->ignored);
      b->ignored = a->ignored;
      assert_same_result (a, b);
    }
  free_set (set);
}

/* The bins of an image whose scores are halves, as all of another seed. */
static void
add_halves (DhSmiycBins *bins, guint32 seed)
{
  enum
  {
    WIDTH = 128,
    HEIGHT = 64
  };
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  float scores[WIDTH * HEIGHT];
  guint8 labels[WIDTH * HEIGHT];
  for (guint i = 0; i < G_N_ELEMENTS (scores); i++)
    {
      labels[i] = g_rand_int_range (random, 0, 4) == 0;
      scores[i] = (float)g_rand_int_range (random, 0, 150) / 128 + (float)labels[i];
    }
  const DhScoredImage image = { "halves", scores, labels, WIDTH, HEIGHT };
  DhImageResult row = { 0 };
  g_assert_true (dh_smiyc_bins_add (bins, &image, &row, NULL));
}

/* What a set of many images holds does not grow with each of them, and is the same whatever was joined when. */
static void
test_many_bins (void)
{
  enum
  {
    MANY = 400
  };
  DhSmiycBins *forward = dh_smiyc_bins_new (), *merged = dh_smiyc_bins_new ();
  gsize each = 0;
  for (guint i = 0; i < MANY; i++)
    {
      DhSmiycBins *one = dh_smiyc_bins_new ();
      add_halves (forward, i);
      add_halves (one, MANY - 1 - i);
      each += dh_smiyc_bins_n (one);
      g_assert_true (dh_smiyc_bins_merge (merged, one, NULL));
      dh_smiyc_bins_free (one);
    }
  g_test_message ("%" G_GSIZE_FORMAT " bins of single images, %" G_GSIZE_FORMAT " and %" G_GSIZE_FORMAT " of all", each,
                  dh_smiyc_bins_n (forward), dh_smiyc_bins_n (merged));
  g_assert_cmpuint (dh_smiyc_bins_n (forward), <, each / 4);
  g_assert_cmpuint (dh_smiyc_bins_n (merged), <, each / 4);
  DhPixelMetrics a, b;
  g_autoptr (DhCurve) curve = NULL;
  g_assert_true (dh_smiyc_bins_metrics (forward, &a, &curve, NULL));
  g_assert_true (dh_smiyc_bins_metrics (merged, &b, NULL, NULL));
  g_assert_cmpuint (curve->anomalies + curve->inliers, ==, (guint64)MANY * 128 * 64);
  g_assert_cmpuint (curve->points[curve->n_points - 1].tp, ==, curve->anomalies);
  g_assert_cmpuint (curve->points[curve->n_points - 1].fp, ==, curve->inliers);
  g_assert_cmpfloat (a.ap, ==, b.ap);
  g_assert_cmpfloat (a.auroc, ==, b.auroc);
  g_assert_cmpfloat (a.fpr95, ==, b.fpr95);
  g_assert_cmpfloat (a.best_f1_threshold, ==, b.best_f1_threshold);
  dh_smiyc_bins_free (forward);
  dh_smiyc_bins_free (merged);
}

/* Scores so far apart that float16 does not hold the way between them: whatever threshold is chosen for components, the
 * pictures are measured at it, one by one as all together. */
static void
test_far_apart (void)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (240);
  float scores[79];
  guint8 labels[G_N_ELEMENTS (scores)];
  const gint anomalies = g_rand_int_range (random, 0, 100), inliers = g_rand_int_range (random, 0, 100);
  for (guint i = 0; i < G_N_ELEMENTS (scores); i++)
    {
      labels[i] = i < 43;
      scores[i] = g_rand_int_range (random, 0, 100) < (labels[i] ? anomalies : inliers) ? -1 : 1;
      scores[i] *= (float)g_rand_int_range (random, 40000, 65000);
    }
  const DhScoredImage image = { "far apart", scores, labels, G_N_ELEMENTS (scores), 1 };
  g_autoptr (DhMetric) whole = new_metric ("smiyc-component", NULL);
  g_autoptr (DhMetric) merged = new_metric ("smiyc-component", NULL);
  g_assert_true (dh_metric_add (whole, &image, NULL));
  g_assert_true (dh_metric_add (merged, &image, NULL));
  g_assert_true (dh_metric_next_pass (whole) && dh_metric_next_pass (merged));
  g_assert_false (isfinite (dh_metric_threshold (merged))); /* else this test proves nothing */
  g_autoptr (DhMetric) part = dh_metric_new_part (merged);
  g_autoptr (GError) error = NULL;
  g_assert_true (dh_metric_add (whole, &image, NULL));
  g_assert_true (dh_metric_add (part, &image, NULL));
  dh_metric_merge (merged, part, &error);
  g_assert_no_error (error);
  g_autoptr (DhResult) a = finish (whole);
  g_autoptr (DhResult) b = finish (merged);
  assert_same_result (a, b);
}

/* Merging parts of different measurements is refused. */
static void
test_mismatch (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhMetric) one = new_metric ("caos", NULL);
  g_autoptr (DhMetric) other = new_metric ("fishyscapes", NULL);
  g_assert_false (dh_metric_merge (one, other, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_clear_error (&error);
  g_assert_null (dh_protocol_find ("moon", &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
  g_clear_error (&error);
  g_assert_null (dh_metric_new (dh_protocol_find ("open-set", NULL), NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
}

/* What the descriptions promise: the same image measured alone, and the rules that differ only where they should. */
static void
test_protocols_agree (void)
{
  Set *set = make_set (7);
  DhScoredImage *image = &set->image[0];
  const gsize n = (gsize)image->width * image->height;
  g_autoptr (Naive) naive = naive_new (image->scores, image->labels, n);
  const struct
  {
    const char *protocol;
    guint rule;
  } rules[] = { { "densehybrid-pooled", 0 },
                { "densehybrid-per-image", 0 },
                { "densehybrid-per-image-as-published", 0 },
                { "fishyscapes", 1 } };
  for (guint i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      g_autoptr (DhMetric) metric = new_metric (rules[i].protocol, NULL);
      g_assert_true (dh_metric_add (metric, image, NULL));
      g_autoptr (DhResult) result = finish (metric);
      g_assert_cmpfloat (fabs (result->ap - naive->ap), <, 1e-12);
      g_assert_cmpfloat (fabs (result->auroc - naive->auroc), <, 1e-12);
      g_assert_cmpfloat (result->fpr95, ==, naive->fpr95[rules[i].rule]);
      g_assert_cmpfloat (result->rows[0].fpr95, ==, result->fpr95);
      g_assert_cmpfloat (result->rows[0].threshold_tpr95, ==, naive->threshold[rules[i].rule]);
    }
  /* CAOS takes void as inlier: the same as relabelling it */
  guint8 *labels = (guint8 *)image->labels;
  g_autoptr (DhMetric) caos = new_metric ("caos", NULL);
  g_assert_true (dh_metric_add (caos, image, NULL));
  g_autoptr (DhResult) result = finish (caos);
  for (gsize i = 0; i < n; i++)
    labels[i] = labels[i] == 1;
  g_autoptr (Naive) all = naive_new (image->scores, labels, n);
  g_assert_cmpfloat (fabs (result->ap - all->ap), <, 1e-12);
  g_assert_cmpfloat (result->fpr95, ==, all->fpr95[2]);
  free_set (set);
}

static void
test_open_set (void)
{
  enum
  {
    K = 3,
    N = 20000
  };
  guint64 random = 17;
  g_autofree guint8 *labels = g_malloc (N), *prediction = g_malloc (N);
  g_autofree float *scores = g_new (float, N);
  guint64 confusion[K + 1][K + 1] = { { 0 } };
  for (guint i = 0; i < N; i++)
    {
      labels[i] = random_unit (&random) * (K + 2);
      prediction[i] = random_unit (&random) * K;
      scores[i] = (int)(random_unit (&random) * 8);
      if (i == 5)
        scores[i] = NAN;
      else if (labels[i] <= K)
        confusion[labels[i]][scores[i] > 5 ? K : prediction[i]]++;
    }
  g_autoptr (DhOpenSet) set = dh_open_set_new (K, 5);
  g_autoptr (DhOpenSet) rest = dh_open_set_new (K, 5);
  dh_open_set_add (set, prediction, scores, labels, 700);
  dh_open_set_end_image (set);
  dh_open_set_add (rest, prediction + 700, scores + 700, labels + 700, N - 700);
  dh_open_set_end_image (rest);
  dh_open_set_merge (set, rest);
  g_autoptr (DhOpenSetResult) got = dh_open_set_finish (set);
  g_assert_cmpmem (got->confusion, (K + 1) * (K + 1) * sizeof (guint64), confusion, sizeof confusion);
  g_assert_cmpuint (got->images, ==, 2);
  g_assert_cmpuint (got->non_finite, ==, 1);
  double mean = 0;
  for (guint c = 0; c < K; c++)
    {
      guint64 either = 0;
      for (guint o = 0; o <= K; o++)
        either += confusion[c][o] + confusion[o][c];
      mean += (double)confusion[c][c] / (either - confusion[c][c]) / K;
    }
  g_assert_cmpfloat (fabs (got->open_miou - mean), <, 1e-15);

  /* a class that occurs nowhere does not count */
  const guint8 zeros[4] = { 0 };
  const float low[4] = { 0 };
  g_autoptr (DhOpenSet) lone = dh_open_set_new (K, 5);
  dh_open_set_add (lone, zeros, low, zeros, 4);
  g_autoptr (DhOpenSetResult) one = dh_open_set_finish (lone);
  g_assert_cmpfloat (one->open_miou, ==, 1);
  g_assert_true (isnan (one->iou[1]) && isnan (one->anomaly_iou));
}

static void
test_calibration (void)
{
  enum
  {
    W = 51,
    H = 37,
    K = 4
  };
  guint64 random = 23;
  float scores[W * H], halved[(W / 2) * (H / 2)];
  guint8 labels[W * H], anomaly[(W / 2) * (H / 2)];
  for (guint i = 0; i < W * H; i++)
    {
      labels[i] = random_unit (&random) * (K + 2);
      scores[i] = (int)(random_normal (&random) * 4) + 3 * (labels[i] == K);
    }
  for (guint y = 0; y < H / 2; y++)
    for (guint x = 0; x < W / 2; x++)
      {
        const guint at = 2 * y * W + 2 * x, to = y * (W / 2) + x;
        halved[to] = (scores[at] + scores[at + 1] + scores[at + W] + scores[at + W + 1]) / 4;
        anomaly[to] = labels[at] < K ? 0 : labels[at] == K ? 1 : 2;
      }
  g_autoptr (Naive) naive = naive_new (halved, anomaly, G_N_ELEMENTS (halved));
  g_autoptr (DhCalibration) calibration = dh_calibration_new (K, 0.95);
  g_assert_true (isnan (dh_calibration_threshold (calibration)));
  g_assert_true (dh_calibration_add (calibration, scores, labels, W, H, NULL));
  g_assert_cmpfloat (dh_calibration_threshold (calibration), ==, naive->threshold[0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/metrics/components", test_components);
  g_test_add_func ("/metrics/connectivity", test_connectivity);
  g_test_add_func ("/metrics/streams", test_streams);
  g_test_add_func ("/metrics/unmeasured", test_unmeasured);
  g_test_add_func ("/metrics/many-bins", test_many_bins);
  g_test_add_func ("/metrics/far-apart", test_far_apart);
  g_test_add_func ("/metrics/mismatch", test_mismatch);
  g_test_add_func ("/metrics/protocols-agree", test_protocols_agree);
  g_test_add_func ("/metrics/open-set", test_open_set);
  g_test_add_func ("/metrics/calibration", test_calibration);
  return g_test_run ();
}

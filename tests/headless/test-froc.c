/* Objects found against false alarms, against components that are found anew at every threshold. */
#include "dh-froc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum
{
  MOST_PIXELS = 40 * 40,
  MOST_PICTURES = 5,
  NOISE_WIDTH = 512,
  NOISE_HEIGHT = 256,
};

typedef struct
{
  guint width, height;
  float scores[MOST_PIXELS];
  guint8 labels[MOST_PIXELS];
} Picture;

static guint32
next (guint32 *state)
{
  return (*state = *state * 1664525u + 1013904223u) >> 8;
}

/* The pixels of the component of `wanted` pixels that `seed` is of, whose marks are taken away. */
static guint
flood (const Picture *picture, gboolean *wanted, guint seed, guint *pixels)
{
  guint n = 0, done = 0;
  pixels[n++] = seed;
  wanted[seed] = FALSE;
  for (; done < n; done++)
    for (gint dy = -1; dy <= 1; dy++)
      for (gint dx = -1; dx <= 1; dx++)
        {
          const gint x = (gint)(pixels[done] % picture->width) + dx, y = (gint)(pixels[done] / picture->width) + dy;
          if (x < 0 || y < 0 || x >= (gint)picture->width || y >= (gint)picture->height)
            continue;
          const guint at = (guint)y * picture->width + (guint)x;
          if (!wanted[at])
            continue;
          wanted[at] = FALSE;
          pixels[n++] = at;
        }
  return n;
}

static gboolean
counts (const Picture *picture, guint at)
{
  return picture->labels[at] <= 1 && isfinite (picture->scores[at]);
}

static void
count_plainly (const Picture *picture, const DhFrocOptions *options, float threshold, guint *objects, guint *found,
               guint64 *alarms)
{
  const guint n = picture->width * picture->height;
  gboolean wanted[MOST_PIXELS];
  guint pixels[MOST_PIXELS];
  for (guint i = 0; i < n; i++)
    wanted[i] = counts (picture, i) && picture->scores[i] >= threshold;
  for (guint i = 0; i < n; i++)
    {
      if (!wanted[i])
        continue;
      const guint area = flood (picture, wanted, i, pixels);
      gboolean touches = FALSE;
      for (guint k = 0; k < area; k++)
        touches |= picture->labels[pixels[k]] == 1;
      *alarms += !touches && area >= options->min_area;
    }
  for (guint i = 0; i < n; i++)
    wanted[i] = counts (picture, i) && picture->labels[i] == 1;
  for (guint i = 0; i < n; i++)
    {
      if (!wanted[i])
        continue;
      const guint area = flood (picture, wanted, i, pixels);
      guint flagged = 0;
      for (guint k = 0; k < area; k++)
        flagged += picture->scores[pixels[k]] >= threshold;
      if (area < options->min_anomaly)
        continue;
      ++*objects;
      /* in quarters, as the cases have it */
      *found += flagged > 0 && 4 * flagged >= (guint)(4 * options->found_share) * area;
    }
}

/* Of `levels` scores, in patches and not, with anomalies, void pixels and what is no number. */
static void
make (Picture *picture, guint width, guint height, guint levels, guint32 *state)
{
  picture->width = width;
  picture->height = height;
  for (guint i = 0; i < width * height; i++)
    {
      const guint chance = next (state) % 100;
      const gboolean left = i > 0 && next (state) % 3 > 0, above = i >= width && next (state) % 3 > 0;
      picture->scores[i] = left    ? picture->scores[i - 1]
                           : above ? picture->scores[i - width]
                                   : (float)((gint)(next (state) % levels) - (gint)levels / 2) / 8;
      picture->labels[i] = left    ? picture->labels[i - 1]
                           : above ? picture->labels[i - width]
                                   : (guint8)(chance < 20   ? 1
                                              : chance < 28 ? 255
                                              : chance < 32 ? 2
                                                            : 0);
      if (next (state) % 60 == 0)
        picture->scores[i] = (float[]){ NAN, INFINITY, -INFINITY, -0.0f }[next (state) % 4];
    }
}

static int
compare_descending (const void *a, const void *b)
{
  const float x = *(const float *)a, y = *(const float *)b;
  return (x < y) - (x > y);
}

static DhFrocCurve *
measure (const Picture *pictures, guint n, const DhFrocOptions *options, gboolean merged)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhFroc) froc = dh_froc_new (options);
  for (guint i = 0; i < n; i++)
    {
      /* the last comes first */
      const Picture *picture = merged ? &pictures[n - 1 - i] : &pictures[i];
      g_autoptr (DhFroc) own = dh_froc_new (options);
      g_assert_true (
          dh_froc_add (merged ? own : froc, picture->scores, picture->labels, picture->width, picture->height, &error));
      g_assert_true (!merged || dh_froc_merge (froc, own, &error));
    }
  DhFrocCurve *curve = dh_froc_finish (froc, &error);
  g_assert_no_error (error);
  return curve;
}

static void
check_threshold (const DhFrocCurve *curve, const Picture *pictures, guint n, float threshold, guint64 *most)
{
  guint objects = 0, found = 0;
  guint64 alarms = 0;
  for (guint i = 0; i < n; i++)
    count_plainly (&pictures[i], &curve->options, threshold, &objects, &found, &alarms);
  *most = MAX (*most, alarms);
  const DhFrocPoint *point = dh_froc_curve_at (curve, threshold, TRUE);
  g_assert_cmpuint (curve->n_objects, ==, objects);
  g_assert_cmpuint (point ? point->found : 0, ==, found);
  g_assert_cmpuint (point ? point->false_alarms : 0, ==, alarms);
  g_assert_cmpuint (point ? point->most : 0, ==, *most);
  g_assert_true (point == dh_froc_curve_at (curve, nextafterf (threshold, -INFINITY), FALSE));
}

static void
check_case (const DhFrocOptions *options, guint levels, guint32 *state)
{
  g_autofree Picture *pictures = g_new (Picture, MOST_PICTURES);
  g_autofree float *all = g_new (float, MOST_PICTURES *MOST_PIXELS);
  const guint n = 1 + next (state) % MOST_PICTURES;
  guint n_scores = 0, kept = 0;
  for (guint i = 0; i < n; i++)
    {
      make (&pictures[i], 1 + next (state) % 40, 1 + next (state) % 40, levels, state);
      for (guint k = 0; k < pictures[i].width * pictures[i].height; k++)
        if (isfinite (pictures[i].scores[k]))
          all[n_scores++] = pictures[i].scores[k];
    }
  qsort (all, n_scores, sizeof *all, compare_descending);
  for (guint i = 0; i < n_scores; i++)
    if (kept == 0 || all[kept - 1] != all[i])
      all[kept++] = all[i];
  g_autoptr (DhFrocCurve) curve = measure (pictures, n, options, FALSE);
  g_autoptr (DhFrocCurve) merged = measure (pictures, n, options, TRUE);
  guint64 most = 0;
  guint images = 0;
  for (guint i = 0; i < n; i++)
    for (guint k = 0; k < pictures[i].width * pictures[i].height; k++)
      if (counts (&pictures[i], k))
        {
          images++;
          break;
        }
  g_assert_cmpuint (curve->images, ==, images);
  for (guint i = 0; i < kept; i++)
    check_threshold (curve, pictures, n, all[i], &most);
  g_assert_cmpuint (curve->n_points, <=, kept);
  for (guint i = 0; i < curve->n_points; i++)
    g_assert_true (bsearch (&curve->points[i].threshold, all, kept, sizeof *all, compare_descending));
  g_assert_cmpmem (curve->points, curve->n_points * sizeof *curve->points, merged->points,
                   merged->n_points * sizeof *merged->points);
  g_assert_cmpuint (curve->rounded_bits, ==, 0);
}

static void
test_brute_force (void)
{
  static const guint areas[] = { 1, 2, 5, 12 };
  guint32 state = 11;
  for (guint i = 0; i < 160; i++)
    {
      const DhFrocOptions options = { .min_area = areas[i % 4],
                                      .min_anomaly = areas[i / 4 % 4],
                                      .found_share = (i / 16 % 5) * 0.25 };
      check_case (&options, i % 3 == 0 ? 4 : i % 3 == 1 ? 40 : 100000, &state);
    }
}

/* Two patches that are born, grow together and meet the anomaly; what is void keeps a third apart from it. */
static void
test_known (void)
{
  static const float scores[] = { 9, 1, 8, 1, 3, 7, 7, 2, 6 };
  static const guint8 labels[] = { 0, 0, 0, 0, 1, 1, 1, 255, 0 };
  const DhFrocOptions options = { .min_area = 1, .min_anomaly = 1, .found_share = 0.5 };
  g_autoptr (DhFroc) froc = dh_froc_new (&options);
  g_assert_true (dh_froc_add (froc, scores, labels, 9, 1, NULL));
  g_assert_true (dh_froc_add (froc, (const float[]){ 5 }, (const guint8[]){ 0 }, 1, 1, NULL));
  g_autoptr (DhFrocCurve) curve = dh_froc_finish (froc, NULL);
  static const DhFrocPoint expected[] = { { 9, 0, 1, 1 }, { 8, 0, 2, 2 }, { 7, 1, 2, 2 },
                                          { 6, 1, 3, 3 }, { 5, 1, 4, 4 }, { 1, 1, 2, 4 } };
  g_assert_cmpuint (curve->n_points, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < curve->n_points; i++)
    {
      g_assert_cmpfloat (curve->points[i].threshold, ==, expected[i].threshold);
      g_assert_cmpuint (curve->points[i].found, ==, expected[i].found);
      g_assert_cmpuint (curve->points[i].false_alarms, ==, expected[i].false_alarms);
      g_assert_cmpuint (curve->points[i].most, ==, expected[i].most);
    }
  /* Half an alarm an image is one of both; all is flagged without a false alarm, which does not count. */
  g_assert_null (dh_froc_curve_at_rate (curve, 0.25));
  g_assert_true (dh_froc_curve_at_rate (curve, 0.5) == &curve->points[0]);
  g_assert_true (dh_froc_curve_at_rate (curve, 1) == &curve->points[2]);
  g_assert_true (dh_froc_curve_at_rate (curve, 2) == &curve->points[5]);
  g_assert_cmpfloat (dh_froc_curve_found (curve, NULL), ==, 0);
  g_assert_cmpfloat (dh_froc_curve_found (curve, dh_froc_curve_at_rate (curve, 1)), ==, 1);
  g_assert_cmpfloat_with_epsilon (dh_froc_curve_mean (curve), 4.0 / 7, 1e-12);
  g_assert_cmpfloat (dh_froc_curve_rate (curve, &curve->points[5]), ==, 1);
  guint n;
  g_assert_cmpfloat (dh_froc_curve_found_of (curve, &curve->points[2], 0, 4, &n), ==, 1);
  g_assert_cmpuint (n, ==, 1);
  g_assert_true (isnan (dh_froc_curve_found_of (curve, &curve->points[2], 4, G_MAXUINT64, &n)));
  g_autoptr (GArray) corners = dh_froc_curve_corners (curve);
  static const double drawn[][2] = { { 0, 0 }, { 0.5, 0 }, { 1, 0 }, { 1, 1 }, { 1.5, 1 }, { 2, 1 } };
  g_assert_cmpuint (corners->len, ==, G_N_ELEMENTS (drawn));
  for (guint i = 0; i < corners->len; i++)
    {
      g_assert_cmpfloat (g_array_index (corners, DhFrocCorner, i).rate, ==, drawn[i][0]);
      g_assert_cmpfloat (g_array_index (corners, DhFrocCorner, i).found, ==, drawn[i][1]);
    }
}

static void
test_nothing (void)
{
  const DhFrocOptions options = { .min_area = 1, .min_anomaly = 1, .found_share = DH_FROC_FOUND_SHARE };
  g_autoptr (DhFroc) froc = dh_froc_new (&options);
  g_autoptr (DhFrocCurve) empty = dh_froc_finish (froc, NULL);
  g_assert_cmpuint (empty->n_points, ==, 0);
  g_assert_true (isnan (dh_froc_curve_found (empty, NULL)) && isnan (dh_froc_curve_rate (empty, NULL)));
  g_assert_true (dh_froc_add (froc, (const float[]){ NAN, 2 }, (const guint8[]){ 1, 0 }, 2, 1, NULL));
  g_assert_true (dh_froc_add (froc, (const float[]){ NAN, 2 }, (const guint8[]){ 0, 255 }, 2, 1, NULL)); /* all void */
  g_autoptr (DhFrocCurve) curve = dh_froc_finish (froc, NULL);
  g_autoptr (GArray) corners = dh_froc_curve_corners (curve);
  g_assert_cmpuint (curve->n_objects, ==, 0);
  g_assert_cmpuint (curve->n_points, ==, 1);
  g_assert_true (isnan (dh_froc_curve_mean (curve)));
  g_assert_cmpfloat (dh_froc_curve_rate (curve, dh_froc_curve_at (curve, 2, TRUE)), ==, 1);
  g_assert_null (dh_froc_curve_at (curve, 2, FALSE));
  g_assert_cmpuint (corners->len, ==, 0);
}

/* Of noise, with fewer steps than it has: at the thresholds that are left the numbers are those of all. */
static void
test_rounded (void)
{
  const guint n = NOISE_WIDTH * NOISE_HEIGHT, pictures = 4;
  g_autofree float *scores = g_new (float, n);
  g_autofree guint8 *labels = g_new0 (guint8, n);
  DhFrocOptions options = { .min_area = 1, .min_anomaly = 1, .found_share = DH_FROC_FOUND_SHARE };
  g_autoptr (DhFroc) whole = dh_froc_new (&options);
  options.most_steps = 5000;
  g_autoptr (DhFroc) few = dh_froc_new (&options);
  g_autoptr (DhFroc) turned = dh_froc_new (&options);
  for (guint p = 0; p < 2 * pictures; p++)
    {
      guint32 state = 1 + (p < pictures ? p : 2 * pictures - 1 - p);
      labels[state % 2 * 9] = 1;
      for (guint i = 0; i < n; i++)
        scores[i] = (float)next (&state) / (1 << 20) - 8;
      if (p < pictures)
        g_assert_true (dh_froc_add (whole, scores, labels, NOISE_WIDTH, NOISE_HEIGHT, NULL)
                       && dh_froc_add (few, scores, labels, NOISE_WIDTH, NOISE_HEIGHT, NULL));
      else
        g_assert_true (dh_froc_add (turned, scores, labels, NOISE_WIDTH, NOISE_HEIGHT, NULL));
      memset (labels, 0, 16);
    }
  g_autoptr (DhFrocCurve) exact = dh_froc_finish (whole, NULL);
  g_autoptr (DhFrocCurve) rounded = dh_froc_finish (few, NULL);
  g_autoptr (DhFrocCurve) other = dh_froc_finish (turned, NULL);
  g_assert_cmpuint (exact->rounded_bits, ==, 0);
  g_assert_cmpuint (exact->n_points, >, 50000);
  g_assert_cmpuint (rounded->rounded_bits, >, 0);
  g_assert_cmpuint (rounded->rounded_bits, ==, other->rounded_bits);
  g_assert_cmpmem (rounded->points, rounded->n_points * sizeof *rounded->points, other->points,
                   other->n_points * sizeof *other->points);
  g_assert_cmpuint (rounded->n_points, <=, 5000 + rounded->n_objects);
  g_assert_cmpuint (rounded->points[rounded->n_points - 1].found, >, 0);
  g_assert_cmpuint (rounded->n_points, >, 1000);
  guint checked = 0;
  for (guint i = 0; i + 1 < rounded->n_points; i++)
    {
      const DhFrocPoint *point = &rounded->points[i];
      const DhFrocPoint *same = dh_froc_curve_at (exact, point->threshold, TRUE);
      g_assert_cmpuint (point->found, ==, same->found);
      g_assert_cmpuint (point->false_alarms, ==, same->false_alarms);
      checked++;
    }
  g_assert_cmpuint (checked, >, 1000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/froc/brute-force", test_brute_force);
  g_test_add_func ("/froc/known", test_known);
  g_test_add_func ("/froc/nothing", test_nothing);
  g_test_add_func ("/froc/rounded", test_rounded);
  return g_test_run ();
}

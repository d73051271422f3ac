/* What is made of other runs' maps: to the bit what they give when they are combined by hand. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dh-blur.h"
#include "dh-error.h"
#include "dh-npy.h"
#include "made-runs.h"

static void
assert_same (double a, double b)
{
  g_assert_cmpmem (&a, sizeof a, &b, sizeof b);
}

/* All numbers of these maps, measured as another method's, are those of the evaluation. */
static void
assert_numbers_of (const MadeRuns *made, const char *folder, const DhEvaluation *evaluation)
{
  static guint n;
  g_autofree char *name = g_strdup_printf ("measured-%u", n++);
  g_autoptr (DhEvaluation) by_hand = made_import (made, folder, name);
  for (guint p = 0; p < made->fixture->protocols->len; p++)
    {
      const DhResult *a = evaluation_result (by_hand, 0, p), *b = evaluation_result (evaluation, 0, p);
      assert_same (a->ap, b->ap);
      assert_same (a->auroc, b->auroc);
      assert_same (a->fpr95, b->fpr95);
      assert_same (a->best_f1_threshold, b->best_f1_threshold);
      g_assert_cmpuint (a->pixels, ==, b->pixels);
      g_assert_cmpuint (a->non_finite, ==, b->non_finite);
    }
}

typedef void (*ByHand) (const float *a, const float *b, float *to);

static void
mean_by_hand (const float *a, const float *b, float *to)
{
  for (guint i = 0; i < MADE_PIXELS; i++)
    to[i] = (float)(((double)a[i] + b[i]) / 2);
}

static void
max_by_hand (const float *a, const float *b, float *to)
{
  for (guint i = 0; i < MADE_PIXELS; i++)
    to[i] = a[i] > b[i] ? a[i] : b[i];
}

static void
min_by_hand (const float *a, const float *b, float *to)
{
  for (guint i = 0; i < MADE_PIXELS; i++)
    to[i] = a[i] < b[i] ? a[i] : b[i];
}

static void
sum_by_hand (const float *a, const float *b, float *to)
{
  for (guint i = 0; i < MADE_PIXELS; i++)
    to[i] = (float)(0.75 * a[i] - 2 * (double)b[i]);
}

static void
blurred_mean_by_hand (const float *a, const float *b, float *to)
{
  float mean[MADE_PIXELS];
  mean_by_hand (a, b, mean);
  g_assert_true (dh_blur (mean, to, EVALUATION_WIDTH, EVALUATION_HEIGHT, 1.5, 11, NULL));
}

static void
blur_by_hand (const float *a, const float *b, float *to)
{
  g_assert_true (dh_blur (a, to, EVALUATION_WIDTH, EVALUATION_HEIGHT, 1, 7, NULL));
}

static void
test_by_hand (EvaluationFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *runs, *maps[2];
    DhCombine how;
    DhStandard standard;
    const char *weights;
    double sigma;
    ByHand by_hand;
  } cases[] = {
    { "@0,@1", { "scores", "scores" }, DH_COMBINE_MEAN, DH_STANDARD_UNSAID, NULL, 0, mean_by_hand },
    { "@0,@1", { "scores", "scores" }, DH_COMBINE_MAX, DH_STANDARD_UNSAID, NULL, 0, max_by_hand },
    { "@0,@1", { "scores", "scores" }, DH_COMBINE_MIN, DH_STANDARD_NONE, NULL, 0, min_by_hand },
    { "@0,@1", { "scores", "scores" }, DH_COMBINE_SUM, DH_STANDARD_UNSAID, "0.75,-2", 0, sum_by_hand },
    { "@0,@1", { "scores", "scores" }, DH_COMBINE_MEAN, DH_STANDARD_UNSAID, NULL, 1.5, blurred_mean_by_hand },
    { "@0:max_softmax,@1", { "max_softmax", "scores" }, DH_COMBINE_MEAN, DH_STANDARD_NONE, NULL, 0, mean_by_hand },
    { "@0", { "scores", "scores" }, DH_COMBINE_MEAN, DH_STANDARD_UNSAID, NULL, 1, blur_by_hand },
  };
  g_auto (MadeRuns) made = { NULL };
  made_runs_init (&made, fixture);
  for (guint c = 0; c < G_N_ELEMENTS (cases); c++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *name = g_strdup_printf ("made-%u", c), *out = made_in (fixture, name);
      g_autofree char *hand_name = g_strdup_printf ("hand-%u", c), *hand = made_in (fixture, hand_name);
      g_autoptr (DhCombination) combination =
          made_combination (&made, cases[c].runs, cases[c].how, cases[c].standard, cases[c].weights, cases[c].sigma);
      g_autoptr (DhCombinedScores) scores = made_prepare (&made, combination, "Made");
      g_autoptr (DhEvaluation) evaluation = made_measure (&made, scores, out);
      g_assert_cmpuint (evaluation->images, ==, EVALUATION_IMAGES);
      g_assert_cmpstr (g_array_index (evaluation->scores, DhScoreEvaluation, 0).name, ==, DH_SCORE_COMBINED);
      for (guint i = 0; i < EVALUATION_IMAGES; i++)
        {
          g_autoptr (DhTensor) a = made_load (made.outs[0], cases[c].maps[0], fixture, i);
          g_autoptr (DhTensor) b = made_load (made.outs[1], cases[c].maps[1], fixture, i);
          g_autoptr (DhTensor) of = made_load (out, "scores", fixture, i), by_hand = dh_tensor_new_f32 (2, a->dims);
          cases[c].by_hand (dh_tensor_f32 (a), dh_tensor_f32 (b), dh_tensor_f32 (by_hand));
          g_assert_cmpmem (dh_tensor_data (of), sizeof (float) * MADE_PIXELS, dh_tensor_data (by_hand),
                           sizeof (float) * MADE_PIXELS);
          g_autofree char *path = made_map_path (hand, "scores", fixture, i), *parent = g_path_get_dirname (path);
          g_mkdir_with_parents (parent, 0755);
          g_assert_true (dh_npy_save (path, by_hand, &error));
        }
      assert_numbers_of (&made, hand, evaluation);
    }
}

/* All pixels of a run. */
static double *
gather (const char *folder, const char *map, EvaluationFixture *fixture)
{
  double *all = g_new (double, EVALUATION_IMAGES *MADE_PIXELS);
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      g_autoptr (DhTensor) tensor = made_load (folder, map, fixture, i);
      for (guint k = 0; k < MADE_PIXELS; k++)
        all[i * MADE_PIXELS + k] = dh_tensor_f32 (tensor)[k];
    }
  return all;
}

static void
to_deviations (double *values, guint n)
{
  double mean = 0, squares = 0;
  for (guint i = 0; i < n; i++)
    mean += values[i] / n;
  for (guint i = 0; i < n; i++)
    squares += (values[i] - mean) * (values[i] - mean) / n;
  for (guint i = 0; i < n; i++)
    values[i] = (values[i] - mean) / sqrt (squares);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void
to_ranks (double *values, guint n)
{
  g_autofree double *sorted = g_new (double, n);
  memcpy (sorted, values, n * sizeof *sorted);
  qsort (sorted, n, sizeof *sorted, compare);
  for (guint i = 0; i < n; i++)
    {
      guint low = 0, high = n;
      while (low < high)
        {
          const guint middle = (low + high) / 2;
          if (sorted[middle] < values[i])
            low = middle + 1;
          else
            high = middle;
        }
      guint same = low;
      while (same < n && sorted[same] == values[i])
        same++;
      values[i] = (low + 0.5 * (same - low)) / n;
    }
}

/* Over all pixels of the set, be they labelled or not; ranks within the bins that they are counted in. */
static void
test_standardised (EvaluationFixture *fixture, gconstpointer data)
{
  const guint n = EVALUATION_IMAGES * MADE_PIXELS;
  g_auto (MadeRuns) made = { NULL };
  made_runs_init (&made, fixture);
  for (DhStandard standard = DH_STANDARD_DEVIATION; standard <= DH_STANDARD_RANKS; standard++)
    {
      g_autofree char *out = made_in (fixture, standard == DH_STANDARD_RANKS ? "ranks" : "deviation");
      g_autoptr (DhCombination) combination =
          made_combination (&made, "@0,@1:max_softmax", DH_COMBINE_MEAN, standard, NULL, 0);
      g_autoptr (DhCombinedScores) scores = made_prepare (&made, combination, NULL);
      g_autoptr (DhEvaluation) evaluation = made_measure (&made, scores, out);
      g_assert_cmpuint (evaluation->images, ==, EVALUATION_IMAGES);
      g_autofree double *a = gather (made.outs[0], "scores", fixture);
      g_autofree double *b = gather (made.outs[1], "max_softmax", fixture), *of = gather (out, "scores", fixture);
      (standard == DH_STANDARD_RANKS ? to_ranks : to_deviations) (a, n);
      (standard == DH_STANDARD_RANKS ? to_ranks : to_deviations) (b, n);
      for (guint i = 0; i < n; i++)
        g_assert_cmpfloat_with_epsilon (of[i], (a[i] + b[i]) / 2, standard == DH_STANDARD_RANKS ? 2e-3 : 1e-5);
    }
}

/* Where half of the pixels have one score they share the middle of their ranks, above what is less than them. */
static void
test_ties (EvaluationFixture *fixture, gconstpointer data)
{
  g_auto (MadeRuns) made = { NULL };
  made_runs_init (&made, fixture);
  g_autoptr (GError) error = NULL;
  g_autofree char *tied = made_in (fixture, "tied");
  g_mkdir_with_parents (tied, 0755);
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      const gint64 dims[] = { EVALUATION_HEIGHT, EVALUATION_WIDTH };
      g_autoptr (DhTensor) map = dh_tensor_new_f32 (2, dims);
      for (guint k = 0; k < MADE_PIXELS; k++)
        dh_tensor_f32 (map)[k] = k % 4 == 0 ? -1 - (float)k : k % 4 == 1 ? 1 + (float)k : k % 4 == 2 ? 0.0f : -0.0f;
      g_autofree char *base = g_path_get_basename (dh_dataset_item (fixture->dataset, i)->stem);
      g_autofree char *file = g_strconcat (base, ".npy", NULL), *path = g_build_filename (tied, file, NULL);
      g_assert_true (dh_npy_save (path, map, &error));
    }
  g_autoptr (DhEvaluation) evaluation = made_import (&made, tied, "tied-out");
  made.runs[0] = evaluation->run;
  g_autoptr (DhCombination) combination =
      made_combination (&made, "@0,@1", DH_COMBINE_SUM, DH_STANDARD_RANKS, "1,0", 0);
  g_autoptr (DhCombinedScores) scores = made_prepare (&made, combination, "Ranks");
  g_autoptr (DhTensor) map = dh_combined_scores_load (scores, 0, &error);
  g_assert_no_error (error);
  const float *ranks = dh_tensor_f32 (map);
  for (guint k = 0; k < MADE_PIXELS; k++)
    if (k % 4 >= 2)
      g_assert_cmpfloat_with_epsilon (ranks[k], 0.5, 1e-6);
    else
      g_assert_true (k % 4 == 0 ? ranks[k] > 0 && ranks[k] < 0.25 : ranks[k] > 0.75 && ranks[k] < 1);
}

/* Of one map ranks keep the order: what has a higher score has a higher rank, what has the same the same. */
static void
test_rank_order (EvaluationFixture *fixture, gconstpointer data)
{
  g_auto (MadeRuns) made = { NULL };
  made_runs_init (&made, fixture);
  g_autofree char *out = made_in (fixture, "order");
  g_autoptr (DhCombination) combination =
      made_combination (&made, "@0,@1", DH_COMBINE_SUM, DH_STANDARD_RANKS, "1,0", 0);
  g_autoptr (DhCombinedScores) scores = made_prepare (&made, combination, NULL);
  g_autoptr (DhEvaluation) evaluation = made_measure (&made, scores, out);
  g_autofree double *from = gather (made.outs[0], "scores", fixture), *of = gather (out, "scores", fixture);
  for (guint i = 0; i < EVALUATION_IMAGES * MADE_PIXELS; i += 97)
    for (guint k = 0; k < EVALUATION_IMAGES * MADE_PIXELS; k += 89)
      g_assert_true (from[i] > from[k] ? of[i] >= of[k] : from[i] < from[k] ? of[i] <= of[k] : of[i] == of[k]);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRunRow) run = dh_database_get_run (fixture->database, made.runs[0], &error);
  g_autoptr (GPtrArray) rows = dh_database_list_run_numbers (fixture->database, made.runs[0], &error);
  g_assert_no_error (error);
  for (guint i = 0; i < rows->len; i++)
    {
      const DhRunProtocolRow *row = rows->pdata[i];
      if (g_str_equal (row->protocol, "densehybrid-pooled") && g_str_equal (row->score, run->score))
        g_assert_cmpfloat_with_epsilon (evaluation_result (evaluation, 0, 0)->ap, row->ap, 1e-4);
    }
}

/* One that is NaN makes NaN, whatever the others are; infinite ones are counted by the arithmetic; ranks take them in.
 */
static void
test_not_finite (EvaluationFixture *fixture, gconstpointer data)
{
  g_auto (MadeRuns) made = { NULL };
  made_runs_init (&made, fixture);
  g_autoptr (GError) error = NULL;
  g_autofree char *holes = made_in (fixture, "holes");
  g_mkdir_with_parents (holes, 0755);
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      g_autoptr (DhTensor) map = made_load (made.outs[0], "scores", fixture, i), own = dh_tensor_new_f32 (2, map->dims);
      memcpy (dh_tensor_f32 (own), dh_tensor_f32 (map), sizeof (float) * MADE_PIXELS);
      dh_tensor_f32 (own)[0] = NAN;
      dh_tensor_f32 (own)[1] = INFINITY;
      dh_tensor_f32 (own)[2] = -INFINITY;
      g_autofree char *base = g_path_get_basename (dh_dataset_item (fixture->dataset, i)->stem);
      g_autofree char *file = g_strconcat (base, ".npy", NULL), *path = g_build_filename (holes, file, NULL);
      g_assert_true (dh_npy_save (path, own, &error));
    }
  g_autoptr (DhEvaluation) evaluation = made_import (&made, holes, "holes-out");
  made.runs[0] = evaluation->run;

  static const struct
  {
    DhCombine how;
    DhStandard standard;
    double sigma;
  } cases[] = { { DH_COMBINE_MEAN, DH_STANDARD_NONE, 0 },
                { DH_COMBINE_MAX, DH_STANDARD_NONE, 0 },
                { DH_COMBINE_MIN, DH_STANDARD_DEVIATION, 0 },
                { DH_COMBINE_MEAN, DH_STANDARD_RANKS, 0 },
                { DH_COMBINE_MEAN, DH_STANDARD_NONE, 2 } };
  for (guint c = 0; c < G_N_ELEMENTS (cases); c++)
    {
      g_autoptr (DhCombination) combination =
          made_combination (&made, "@0,@1", cases[c].how, cases[c].standard, NULL, cases[c].sigma);
      g_autoptr (DhCombinedScores) scores = made_prepare (&made, combination, "Made");
      g_autoptr (DhTensor) map = dh_combined_scores_load (scores, 0, &error);
      g_assert_no_error (error);
      const float *values = dh_tensor_f32 (map);
      g_assert_true (isnan (values[0]));
      if (cases[c].standard == DH_STANDARD_RANKS)
        g_assert_true (isfinite (values[1]) && isfinite (values[2]));
      else
        {
          g_assert_true (cases[c].how == DH_COMBINE_MIN ? isfinite (values[1]) : values[1] == INFINITY);
          g_assert_true (cases[c].how == DH_COMBINE_MAX ? isfinite (values[2]) : values[2] == -INFINITY);
        }
      for (guint i = 3; i < MADE_PIXELS; i++)
        g_assert_true (isfinite (values[i]));
    }
}

/* Scores without any difference have no scale. */
static void
test_no_scale (EvaluationFixture *fixture, gconstpointer data)
{
  g_auto (MadeRuns) made = { NULL };
  made_runs_init (&made, fixture);
  g_autoptr (GError) error = NULL;
  g_autofree char *flat = made_in (fixture, "flat");
  g_mkdir_with_parents (flat, 0755);
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      const gint64 dims[] = { EVALUATION_HEIGHT, EVALUATION_WIDTH };
      g_autoptr (DhTensor) map = dh_tensor_new_f32 (2, dims);
      g_autofree char *base = g_path_get_basename (dh_dataset_item (fixture->dataset, i)->stem);
      g_autofree char *file = g_strconcat (base, ".npy", NULL), *path = g_build_filename (flat, file, NULL);
      g_assert_true (dh_npy_save (path, map, &error));
    }
  g_autoptr (DhEvaluation) evaluation = made_import (&made, flat, "flat-out");
  made.runs[1] = evaluation->run;
  g_autoptr (DhCombination) combination =
      made_combination (&made, "@0,@1", DH_COMBINE_MEAN, DH_STANDARD_RANKS, NULL, 0);
  g_autoptr (DhCombinedScores) scores =
      dh_combined_scores_open (fixture->database, combination, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (dh_combined_scores_prepare (scores, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/combined-scores/by-hand", NULL, test_by_hand);
  EVALUATION_TEST ("/combined-scores/standardised", NULL, test_standardised);
  EVALUATION_TEST ("/combined-scores/rank-order", NULL, test_rank_order);
  EVALUATION_TEST ("/combined-scores/ties", NULL, test_ties);
  EVALUATION_TEST ("/combined-scores/not-finite", NULL, test_not_finite);
  EVALUATION_TEST ("/combined-scores/no-scale", NULL, test_no_scale);
  return g_test_run ();
}

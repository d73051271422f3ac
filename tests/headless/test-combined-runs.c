/* Runs that are made of other runs' maps: what they are known by and made of, what is refused before anything is
 * written, what is left out, going on. */
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "dh-error.h"
#include "dh-export.h"
#include "dh-made-of.h"
#include "dh-npy.h"
#include "dh-report.h"
#include "made-runs.h"

static void
assert_same (double a, double b)
{
  g_assert_cmpmem (&a, sizeof a, &b, sizeof b);
}

static char *
sum_of (const MadeRuns *made, const char *runs, DhCombine how, DhStandard standard, const char *weights, double sigma,
        guint kernel)
{
  g_autoptr (DhCombination) combination = made_combination (made, runs, how, standard, weights, sigma);
  combination->kernel = kernel;
  g_autoptr (DhCombinedScores) scores = made_prepare (made, combination, NULL);
  return g_strdup (dh_combined_scores_sha256 (scores));
}

/* What it is made of, and how, is what it is known by; its name is not. */
static void
test_sum (EvaluationFixture *fixture, gconstpointer data)
{
  g_auto (MadeRuns) made = { NULL };
  made_runs_init (&made, fixture);
  g_autoptr (GHashTable) sums = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  static const struct
  {
    const char *runs;
    DhCombine how;
    DhStandard standard;
    const char *weights;
    double sigma;
    guint kernel;
  } different[] = { { "@0,@1", DH_COMBINE_MEAN, DH_STANDARD_NONE, NULL, 0, 0 },
                    { "@0,@1", DH_COMBINE_MAX, DH_STANDARD_NONE, NULL, 0, 0 },
                    { "@0,@1", DH_COMBINE_MEAN, DH_STANDARD_RANKS, NULL, 0, 0 },
                    { "@0,@1", DH_COMBINE_MEAN, DH_STANDARD_DEVIATION, NULL, 0, 0 },
                    { "@0,@1:max_softmax", DH_COMBINE_MEAN, DH_STANDARD_NONE, NULL, 0, 0 },
                    { "@0,@1", DH_COMBINE_MEAN, DH_STANDARD_NONE, NULL, 1, 0 },
                    { "@0,@1", DH_COMBINE_MEAN, DH_STANDARD_NONE, NULL, 1, 5 },
                    { "@0,@1", DH_COMBINE_MEAN, DH_STANDARD_NONE, NULL, 1.25, 7 },
                    { "@0,@1", DH_COMBINE_SUM, DH_STANDARD_NONE, "1,1", 0, 0 },
                    { "@0,@1", DH_COMBINE_SUM, DH_STANDARD_NONE, "1,0.5", 0, 0 },
                    { "@0", DH_COMBINE_MEAN, DH_STANDARD_NONE, NULL, 1, 0 },
                    { "@1", DH_COMBINE_MEAN, DH_STANDARD_NONE, NULL, 1, 0 } };
  for (guint i = 0; i < G_N_ELEMENTS (different); i++)
    g_assert_true (g_hash_table_add (sums, sum_of (&made, different[i].runs, different[i].how, different[i].standard,
                                                   different[i].weights, different[i].sigma, different[i].kernel)));
  /* as they are is what is meant where nothing is said, and 7 belongs to 1 */
  g_autofree char *unsaid = sum_of (&made, "@0,@1", DH_COMBINE_MEAN, DH_STANDARD_UNSAID, NULL, 1, 7);
  g_assert_true (g_hash_table_contains (sums, unsaid));
  /* the same weights once more, in another folder and run, are the same */
  g_autofree char *again = made_in (fixture, "again");
  made.runs[1] = made_evaluate (fixture, made.second, fixture->dataset, again);
  g_autofree char *same = sum_of (&made, "@0,@1", DH_COMBINE_MEAN, DH_STANDARD_UNSAID, NULL, 0, 0);
  g_assert_true (g_hash_table_contains (sums, same));
}

static char *
report (const MadeRuns *made, gint64 run, DhReportFormat format)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = made_in (made->fixture, "report");
  char *text = NULL;
  g_assert_true (dh_report_write (made->fixture->database, run, 0, format, path, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* What it was made of stays known, and its maps its own, when that is gone. */
static void
test_provenance (EvaluationFixture *fixture, gconstpointer data)
{
  g_auto (MadeRuns) made = { NULL };
  made_runs_init (&made, fixture);
  g_autoptr (GError) error = NULL;
  g_autofree char *out = made_in (fixture, "made"), *exported = made_in (fixture, "exported");
  g_autoptr (DhCombination) combination =
      made_combination (&made, "@0,@1:max_softmax", DH_COMBINE_SUM, DH_STANDARD_DEVIATION, "0.25,3", 1);
  g_autoptr (DhCombinedScores) scores = made_prepare (&made, combination, " Ensemble ");
  g_autoptr (DhEvaluation) evaluation = made_measure (&made, scores, out);
  g_autoptr (DhRunRow) first = dh_database_get_run (fixture->database, made.runs[0], &error);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (dh_database_delete_run (fixture->database, made.runs[i], &error));
      g_autofree char *command = g_strdup_printf ("rm -rf '%s'", made.outs[i]);
      g_assert_cmpint (system (command), ==, 0);
    }
  g_autoptr (DhRunRow) run = dh_database_get_run (fixture->database, evaluation->run, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (run->method, ==, "Ensemble");
  g_assert_cmpstr (run->score, ==, DH_SCORE_COMBINED);
  g_assert_cmpstr (run->device, ==, "");
  g_assert_cmpstr (run->model_sha256, ==, dh_combined_scores_sha256 (scores));
  g_autoptr (DhMadeOf) of = dh_made_of_read (run);
  g_assert_cmpuint (of->parts->len, ==, 2);
  g_assert_cmpstr (of->how, ==, "sum");
  g_assert_cmpstr (of->standardised, ==, "deviation");
  g_assert_cmpfloat (of->sigma, ==, 1);
  g_assert_cmpint (of->kernel, ==, 7);
  const DhMadeOfPart *one = of->parts->pdata[0], *two = of->parts->pdata[1];
  g_assert_cmpint (one->run, ==, made.runs[0]);
  g_assert_cmpstr (one->sha256, ==, first->model_sha256);
  g_assert_cmpstr (one->score, ==, "hybrid");
  g_assert_cmpfloat (one->weight, ==, 0.25);
  g_assert_cmpstr (two->score, ==, "max_softmax");
  g_assert_cmpfloat (two->weight, ==, 3);
  g_assert_true (two->deviation > 0);
  g_assert_null (dh_made_of_read (first));

  g_autofree char *html = report (&made, evaluation->run, DH_REPORT_HTML);
  g_autofree char *markdown = report (&made, evaluation->run, DH_REPORT_MD);
  g_autofree char *json = report (&made, evaluation->run, DH_REPORT_JSON);
  g_autofree char *pdf = report (&made, evaluation->run, DH_REPORT_PDF);
  evaluation_assert_has (html, "weighted sum of 2 maps, each less its mean, by its deviation; blurred by a Gaussian of "
                               "sigma 1 pixels, kernel 7×7");
  evaluation_assert_has (html, "run %d: hybrid of", (int)made.runs[0]);
  evaluation_assert_has (markdown, "SHA-256 of the weights %s; weight 0.25", first->model_sha256);
  evaluation_assert_has (json, "\"weights_sha256\" : \"%s\"", first->model_sha256);
  g_assert_null (strstr (markdown, "| Weights |"));
  g_assert_null (strstr (markdown, "| Device |"));
  /* In a table of many, too, where nothing but its name says that it is no method of its own. */
  g_autofree char *path = made_in (fixture, "table.md"), *table = NULL;
  const DhTableOptions options = { .runs = &evaluation->run, .n_runs = 1, .digits = 2 };
  g_assert_true (dh_report_write_table (fixture->database, &options, DH_REPORT_MD, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &table, NULL, &error));
  evaluation_assert_has (
      table,
      "; made as weighted sum of 2 maps, each less its mean, by its deviation; blurred by a Gaussian "
      "of sigma 1 pixels, kernel 7×7; of run %d: hybrid by 0.25, run %d: max_softmax by 3\n",
      (int)made.runs[0], (int)made.runs[1]);
  guint written;
  g_assert_true (
      dh_export_run (fixture->database, evaluation->run, DH_EXPORT_NPY, NULL, exported, &written, NULL, NULL, &error));
  g_assert_cmpuint (written, ==, EVALUATION_IMAGES);
}

static void
refuses (const MadeRuns *made, const DhCombination *combination, const char *out, gint code, const char *word)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhCombinedScores) scores =
      dh_combined_scores_open (made->fixture->database, combination, NULL, out, NULL, NULL, &error);
  g_assert_null (scores);
  g_assert_error (error, DH_ERROR, code);
  evaluation_assert_has (error->message, "%s", word);
}

static void
refuses_blur (const MadeRuns *made, const char *runs, gint code, const char *word)
{
  g_autoptr (DhCombination) combination = made_combination (made, runs, DH_COMBINE_MEAN, DH_STANDARD_NONE, NULL, 1);
  refuses (made, combination, NULL, code, word);
}

/* Before anything is written. */
static void
test_refused (EvaluationFixture *fixture, gconstpointer data)
{
  g_auto (MadeRuns) made = { NULL };
  made_runs_init (&made, fixture);
  g_autoptr (GError) error = NULL;
  refuses_blur (&made, "77777", DH_ERROR_NOT_FOUND, "77777");
  refuses_blur (&made, "@0:entropy", DH_ERROR_NOT_FOUND, "keeps no maps of entropy");
  refuses_blur (&made, "@0,@0:hybrid", DH_ERROR_USAGE, "name each once");
  g_autoptr (DhCombination) scales =
      made_combination (&made, "@0,@1:max_softmax", DH_COMBINE_MEAN, DH_STANDARD_UNSAID, NULL, 0);
  refuses (&made, scales, NULL, DH_ERROR_USAGE, "--standardise");
  g_autoptr (DhCombination) fine = made_combination (&made, "@0,@1", DH_COMBINE_MEAN, DH_STANDARD_UNSAID, NULL, 0);
  refuses (&made, fine, made.outs[1], DH_ERROR_USAGE, "name another folder");
  g_assert_null (dh_combined_scores_open (fixture->database, fine, " ", NULL, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
  g_clear_error (&error);

  /* stopped in the middle */
  g_autofree char *stopped = made_in (fixture, "stopped");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  DhEvaluationOptions options = evaluation_options (fixture);
  options.folder = stopped;
  options.image_done = evaluation_cancel_after_two;
  options.data = cancellable;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_clear_error (&error);
  g_autoptr (GPtrArray) runs = dh_database_list_runs (fixture->database, &error);
  const gint64 second = made.runs[1];
  made.runs[1] = ((const DhRunRow *)runs->pdata[0])->id;
  refuses_blur (&made, "@1", DH_ERROR_USAGE, "is not done");

  /* a set of four of the pictures */
  g_autofree char *part = g_dir_make_tmp ("dh-part-XXXXXX", NULL), *part_out = made_in (fixture, "part-out");
  g_autofree char *copy = g_strdup_printf ("cp -r '%s' '%s' && rm '%s'/*/*/validation4*", fixture->root, part, part);
  g_assert_cmpint (system (copy), ==, 0);
  g_autoptr (DhDataset) smaller = dh_dataset_open (part, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  made.runs[1] = made_evaluate (fixture, made.second, smaller, part_out);
  refuses_blur (&made, "@0,@1", DH_ERROR_MISMATCH, "measured other images");
  g_autofree char *clear = g_strdup_printf ("rm -rf '%s'", part);
  g_assert_cmpint (system (clear), ==, 0);
  refuses_blur (&made, "@1", DH_ERROR_NOT_FOUND, part);

  /* another run's maps in the folder; one that is another; one that is gone */
  made.runs[1] = second;
  made_evaluate (fixture, made.second, fixture->dataset, made.outs[0]);
  refuses_blur (&made, "@0", DH_ERROR_NOT_FOUND, "another run has written");
  g_autofree char *path = made_map_path (made.outs[1], "scores", fixture, 0);
  g_autoptr (DhTensor) other = made_load (made.outs[1], "scores", fixture, 1);
  g_assert_true (dh_npy_save (path, other, &error));
  refuses_blur (&made, "@1", DH_ERROR_MISMATCH, "is not the map that run");
  g_assert_cmpint (g_remove (path), ==, 0);
  refuses_blur (&made, "@1", DH_ERROR_NOT_FOUND, "1 of its 5 maps is gone");

  /* the set has changed */
  g_autofree char *fresh = made_in (fixture, "fresh");
  made.runs[0] = made_evaluate (fixture, fixture->predictor, fixture->dataset, fresh);
  g_autofree char *picture = g_build_filename (fixture->root, "images", "validation2.png", NULL);
  g_assert_cmpint (g_remove (picture), ==, 0);
  refuses_blur (&made, "@0", DH_ERROR_MISMATCH, "has changed since");
}

/* A picture that one of the runs has not, and one whose map becomes another while the run is made. */
static void
test_left_out (EvaluationFixture *fixture, gconstpointer data)
{
  g_auto (MadeRuns) made = { NULL };
  made_runs_init (&made, fixture);
  g_autoptr (GError) error = NULL;
  g_autofree char *out = made_in (fixture, "made"), *some = made_in (fixture, "some");
  guint written;
  g_assert_true (
      dh_export_run (fixture->database, made.runs[0], DH_EXPORT_NPY, NULL, some, &written, NULL, NULL, &error));
  g_autofree char *remove = g_strdup_printf ("find '%s' -name 'validation2*' -delete", some);
  g_assert_cmpint (system (remove), ==, 0);
  g_autoptr (DhEvaluation) imported = made_import (&made, some, "some-out");
  g_assert_cmpuint (imported->left_out->len, ==, 1);
  made.runs[0] = imported->run;
  g_autoptr (DhCombination) combination =
      made_combination (&made, "@0,@1", DH_COMBINE_MEAN, DH_STANDARD_DEVIATION, NULL, 1);
  g_autoptr (DhCombinedScores) scores = made_prepare (&made, combination, NULL);
  g_autofree char *path = made_map_path (made.outs[1], "scores", fixture, 1);
  g_autoptr (DhTensor) other = made_load (made.outs[1], "scores", fixture, 3);
  g_assert_true (dh_npy_save (path, other, &error));
  g_autoptr (DhEvaluation) evaluation = made_measure (&made, scores, out);
  g_assert_cmpuint (evaluation->images, ==, EVALUATION_IMAGES - 2);
  g_assert_cmpuint (evaluation->left_out->len, ==, 2);
  evaluation_assert_has (g_array_index (evaluation->left_out, DhLeftOut, 0).why, "is not the map that run %d",
                         (int)made.runs[1]);
  evaluation_assert_has (g_array_index (evaluation->left_out, DhLeftOut, 1).why, "run %d has left %s out",
                         (int)made.runs[0], dh_dataset_item (fixture->dataset, 2)->stem);
}

/* Another run that writes into the folder between the first look and a picture's turn. */
static void
test_overwritten (EvaluationFixture *fixture, gconstpointer data)
{
  g_auto (MadeRuns) made = { NULL };
  made_runs_init (&made, fixture);
  static const char *const parts[] = { "@1", "@1:max_softmax" };
  DhCombinedScores *scores[G_N_ELEMENTS (parts)];
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DhCombination) combination =
          made_combination (&made, parts[i], DH_COMBINE_MEAN, DH_STANDARD_NONE, NULL, 1);
      scores[i] = made_prepare (&made, combination, NULL);
      g_autoptr (DhTensor) map = dh_combined_scores_load (scores[i], 2, &error);
      g_assert_no_error (error);
    }
  made_evaluate (fixture, fixture->predictor, fixture->dataset, made.outs[1]);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (dh_combined_scores_load (scores[i], 2, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
      dh_combined_scores_unref (scores[i]);
    }
}

static void
test_resume (EvaluationFixture *fixture, gconstpointer data)
{
  g_auto (MadeRuns) made = { NULL };
  made_runs_init (&made, fixture);
  g_autoptr (GError) error = NULL;
  g_autofree char *out = made_in (fixture, "made"), *straight_out = made_in (fixture, "straight");
  g_autoptr (DhCombination) combination =
      made_combination (&made, "@0,@1", DH_COMBINE_MEAN, DH_STANDARD_DEVIATION, NULL, 1);
  g_autoptr (DhCombinedScores) scores = made_prepare (&made, combination, "Ensemble");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  DhEvaluationOptions options = made_options (&made, scores, out);
  options.image_done = evaluation_cancel_after_two;
  options.data = cancellable;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_autoptr (GPtrArray) runs = dh_database_list_runs (fixture->database, &error);
  const DhRunRow *begun = runs->pdata[0];
  g_assert_cmpstr (begun->state, ==, "cancelled");
  g_autoptr (DhMadeOf) of = dh_made_of_read (begun);
  g_assert_cmpuint (of->parts->len, ==, 2);

  g_autoptr (DhCombinedScores) again = made_prepare (&made, combination, "Ensemble");
  g_autoptr (DhEvaluation) resumed = made_measure (&made, again, out);
  g_assert_cmpint (resumed->run, ==, begun->id);
  g_assert_cmpuint (resumed->resumed, >=, 2);
  g_assert_cmpuint (resumed->images, ==, EVALUATION_IMAGES);
  g_autoptr (DhEvaluation) straight = made_measure (&made, scores, straight_out);
  g_assert_cmpuint (straight->resumed, ==, 0);
  for (guint p = 0; p < fixture->protocols->len; p++)
    assert_same (evaluation_result (resumed, 0, p)->ap, evaluation_result (straight, 0, p)->ap);

  /* another sigma in that folder goes on with nothing of it */
  combination->sigma = 2;
  g_autoptr (DhCombinedScores) other = made_prepare (&made, combination, "Ensemble");
  g_autoptr (DhEvaluation) anew = made_measure (&made, other, out);
  g_assert_cmpuint (anew->resumed, ==, 0);
  g_assert_cmpint (g_array_index (anew->displaced, gint64, 0), ==, resumed->run);
}

/* What tables call it where nobody says. */
static void
test_names (EvaluationFixture *fixture, gconstpointer data)
{
  g_auto (MadeRuns) made = { NULL };
  made_runs_init (&made, fixture);
  const int a = (int)made.runs[0], b = (int)made.runs[1];
  g_autoptr (DhCombination) both =
      made_combination (&made, "@0,@1:max_softmax", DH_COMBINE_MAX, DH_STANDARD_RANKS, NULL, 0.5);
  g_autoptr (DhCombinedScores) of_both = made_prepare (&made, both, NULL);
  g_autofree char *name = g_strdup_printf ("Maximum of runs %d, %d:max_softmax, blurred by 0.5", a, b);
  g_assert_cmpstr (dh_combined_scores_method (of_both), ==, name);
  g_autoptr (DhCombination) beside =
      made_combination (&made, "@1:max_softmax", DH_COMBINE_MEAN, DH_STANDARD_NONE, NULL, 1);
  g_autoptr (DhCombinedScores) of_beside = made_prepare (&made, beside, NULL);
  g_assert_true (g_str_has_prefix (dh_combined_scores_method (of_beside), "max_softmax of "));
  g_autoptr (DhCombination) own = made_combination (&made, "@1", DH_COMBINE_MEAN, DH_STANDARD_NONE, NULL, 1);
  g_autoptr (DhCombinedScores) of_own = made_prepare (&made, own, NULL);
  g_assert_null (strstr (dh_combined_scores_method (of_own), " of "));
  g_assert_true (g_str_has_suffix (dh_combined_scores_method (of_own), ", blurred by 1"));
}

/* What the command is told, there and back. */
static void
test_words (EvaluationFixture *fixture, gconstpointer data)
{
  static const char *const wrong[] = { "", "x", "0", "-3", "3:", "3:segmentation", "3:logits", "3:nothing", "3,,4" };
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DhCombination) combination = dh_combination_new ();
      g_assert_true (!dh_combination_add_text (combination, wrong[i], &error)
                     || !dh_combination_check (combination, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
    }
  g_autoptr (GError) error = NULL;
  g_autoptr (DhCombination) combination = dh_combination_new ();
  g_assert_true (dh_combination_add_text (combination, "3, 5:likelihood", &error));
  g_assert_false (dh_combination_set_weights (combination, "1", NULL));
  g_assert_false (dh_combination_set_weights (combination, "1,x", NULL));
  g_assert_true (dh_combination_set_weights (combination, "0.1, -2", &error));
  g_assert_false (dh_combination_check (combination, NULL)); /* a mean has no weights */
  combination->how = DH_COMBINE_SUM;
  combination->standard = DH_STANDARD_RANKS;
  combination->sigma = 0.5;
  g_assert_true (dh_combination_check (combination, &error));
  g_assert_no_error (error);
  g_autofree char *flags = dh_combination_dup_flags (combination);
  g_assert_cmpstr (flags, ==, "--run 3,5:likelihood --how sum --weights=0.1,-2 --standardise ranks --smooth 0.5");
  combination->kernel = 3;
  g_autofree char *kernel = dh_combination_dup_flags (combination);
  g_assert_true (g_str_has_suffix (kernel, " --smooth 0.5 --kernel 3"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/combined-runs/sum", NULL, test_sum);
  EVALUATION_TEST ("/combined-runs/provenance", NULL, test_provenance);
  EVALUATION_TEST ("/combined-runs/refused", NULL, test_refused);
  EVALUATION_TEST ("/combined-runs/left-out", NULL, test_left_out);
  EVALUATION_TEST ("/combined-runs/overwritten", NULL, test_overwritten);
  EVALUATION_TEST ("/combined-runs/resume", NULL, test_resume);
  EVALUATION_TEST ("/combined-runs/names", NULL, test_names);
  EVALUATION_TEST ("/combined-runs/words", NULL, test_words);
  return g_test_run ();
}

/* The maps of another method as a run: the same numbers, whose they are, what is left out, what is kept. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-export.h"
#include "dh-file.h"
#include "dh-npy.h"
#include "dh-report.h"
#include "evaluation-fixture.h"

static char *
in (EvaluationFixture *fixture, const char *name)
{
  return g_build_filename (fixture->folder, name, NULL);
}

static DhImportedScores *
open_scores (EvaluationFixture *fixture, const char *folder, const char *method, gboolean low)
{
  g_autoptr (GError) error = NULL;
  DhImportedScores *scores = dh_imported_scores_open (folder, method, low, fixture->dataset, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (dh_imported_scores_sum (scores, NULL, NULL, &error));
  return scores;
}

static DhEvaluationOptions
import_options (EvaluationFixture *fixture, DhImportedScores *scores, const char *folder)
{
  DhEvaluationOptions options = evaluation_options (fixture);
  options.predictor = NULL;
  options.scores = scores;
  options.folder = folder;
  return options;
}

static DhEvaluation *
import (EvaluationFixture *fixture, DhImportedScores *scores, const char *folder)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = import_options (fixture, scores, folder);
  DhEvaluation *evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  return evaluation;
}

static DhEvaluation *
evaluate_own (EvaluationFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  DhEvaluationOptions options = evaluation_options (fixture);
  options.more_scores = 0;
  DhEvaluation *own = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  return own;
}

static void
assert_same (double a, double b)
{
  g_assert_cmpmem (&a, sizeof a, &b, sizeof b);
}

/* Everything that was measured, to the last bit. */
static void
assert_same_numbers (EvaluationFixture *fixture, const DhEvaluation *own, const DhEvaluation *other)
{
  g_autoptr (GError) error = NULL;
  for (guint p = 0; p < fixture->protocols->len; p++)
    {
      const DhResult *a = evaluation_result (own, 0, p), *b = evaluation_result (other, 0, p);
      assert_same (a->ap, b->ap);
      assert_same (a->auroc, b->auroc);
      assert_same (a->fpr95, b->fpr95);
      assert_same (a->threshold_tpr95, b->threshold_tpr95);
      assert_same (a->best_f1, b->best_f1);
      assert_same (a->best_f1_threshold, b->best_f1_threshold);
      g_assert_cmpuint (a->pixels, ==, b->pixels);
      g_assert_true (!a->components == !b->components);
      if (a->components)
        assert_same (a->components->f1_mean, b->components->f1_mean);
    }
  g_autoptr (GPtrArray) rows = dh_database_list_run_images (fixture->database, own->run, &error);
  g_autoptr (GPtrArray) others = dh_database_list_run_images (fixture->database, other->run, &error);
  g_assert_cmpuint (rows->len, ==, others->len);
  for (guint i = 0; i < rows->len; i++)
    {
      const DhRunImageRow *a = rows->pdata[i], *b = others->pdata[i];
      g_assert_cmpstr (a->stem, ==, b->stem);
      assert_same (a->ap, b->ap);
      assert_same (a->best_f1_threshold, b->best_f1_threshold);
      assert_same (a->mean_score, b->mean_score);
      assert_same (a->max_score, b->max_score);
      g_autoptr (DhTensor) x = dh_npy_load (a->score_file, &error), y = dh_npy_load (b->score_file, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (dh_tensor_data (x), dh_tensor_size_bytes (x), dh_tensor_data (y), dh_tensor_size_bytes (y));
    }
}

static void
test_same_numbers (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (DhEvaluation) own = evaluate_own (fixture);
  g_autofree char *out = in (fixture, "imported");
  g_autoptr (DhImportedScores) scores = open_scores (fixture, fixture->out, "Ours again", FALSE);
  g_autoptr (DhEvaluation) again = import (fixture, scores, out);
  g_assert_cmpuint (again->images, ==, EVALUATION_IMAGES);
  g_assert_cmpstr (g_array_index (again->scores, DhScoreEvaluation, 0).name, ==, DH_SCORE_IMPORTED);
  assert_same_numbers (fixture, own, again);
}

/* Through each layout that we write, and back. */
static void
test_layouts (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (DhEvaluation) own = evaluate_own (fixture);
  static const DhExportLayout layouts[] = { DH_EXPORT_NPY, DH_EXPORT_FISHYSCAPES, DH_EXPORT_SMIYC };
  for (guint i = 0; i < G_N_ELEMENTS (layouts); i++)
    {
      g_autoptr (GError) error = NULL;
      guint written;
      const char *layout = dh_export_layout_name (layouts[i]);
      g_autofree char *folder = in (fixture, layout), *name = g_strconcat (layout, "-run", NULL);
      g_autofree char *out = in (fixture, name);
      g_assert_true (
          dh_export_run (fixture->database, own->run, layouts[i], "M", folder, &written, NULL, NULL, &error));
      g_autoptr (DhImportedScores) scores = open_scores (fixture, folder, NULL, FALSE);
      g_assert_cmpuint (dh_imported_scores_n_found (scores), ==, EVALUATION_IMAGES);
      g_autoptr (DhEvaluation) again = import (fixture, scores, out);
      g_assert_cmpuint (again->images, ==, EVALUATION_IMAGES);
      if (layouts[i] != DH_EXPORT_SMIYC)
        assert_same_numbers (fixture, own, again);
      else /* float16 */
        g_assert_cmpfloat_with_epsilon (evaluation_result (own, 0, 0)->ap, evaluation_result (again, 0, 0)->ap, 0.01);
    }
}

static DhTensor *
load_own (EvaluationFixture *fixture, guint index)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_strconcat (dh_dataset_item (fixture->dataset, index)->stem, ".npy", NULL);
  g_autofree char *path = g_build_filename (fixture->out, "eval", "scores", file, NULL);
  DhTensor *map = dh_npy_load (path, &error);
  g_assert_no_error (error);
  return map;
}

static char *
map_path (EvaluationFixture *fixture, const char *folder, guint index, const char *ending)
{
  g_autofree char *name = g_path_get_basename (dh_dataset_item (fixture->dataset, index)->stem);
  g_autofree char *file = g_strconcat (name, ending, NULL);
  return g_build_filename (folder, file, NULL);
}

/* The maps of our run turned upside down are those of our run. */
static void
test_orientation (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhEvaluation) own = evaluate_own (fixture);
  g_autofree char *low = in (fixture, "low"), *out = in (fixture, "out-low"), *wrong = in (fixture, "out-wrong");
  g_mkdir (low, 0755);
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      g_autoptr (DhTensor) map = load_own (fixture, i), turned = dh_tensor_new_f32 (2, map->dims);
      g_autofree char *path = map_path (fixture, low, i, ".npy");
      for (gint64 p = 0; p < dh_tensor_count (map); p++)
        dh_tensor_f32 (turned)[p] = -dh_tensor_f32 (map)[p];
      g_assert_true (dh_npy_save (path, turned, &error));
    }
  g_autoptr (DhImportedScores) scores = open_scores (fixture, low, "Low", TRUE);
  g_autoptr (DhImportedScores) high = open_scores (fixture, low, "Low", FALSE);
  g_assert_cmpstr (dh_imported_scores_sha256 (scores), !=, dh_imported_scores_sha256 (high));
  g_autoptr (DhEvaluation) again = import (fixture, scores, out);
  assert_same_numbers (fixture, own, again);
  g_autoptr (DhEvaluation) mistaken = import (fixture, high, wrong);
  g_assert_cmpfloat_with_epsilon (evaluation_result (mistaken, 0, 0)->auroc, 1 - evaluation_result (own, 0, 0)->auroc,
                                  1e-9);
  /* The first look says it the same way, whatever it was told. */
  double seen[2];
  guint n;
  g_assert_true (dh_imported_scores_look (scores, &seen[0], &n, NULL, &error));
  g_assert_cmpuint (n, ==, EVALUATION_IMAGES - 1);
  g_assert_true (dh_imported_scores_look (high, &seen[1], &n, NULL, &error));
  assert_same (seen[0], seen[1]);
  g_autoptr (DhRanking) ranking = dh_ranking_new ();
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      g_autoptr (DhImportedScores) one = dh_imported_scores_ref (high);
      g_autoptr (DhTensor) map = dh_imported_scores_load (one, i, &error);
      g_autoptr (DhLabels) labels = NULL;
      g_assert_true (dh_dataset_load_labels (fixture->dataset, i, &labels, NULL, &error));
      const gsize size = EVALUATION_WIDTH * EVALUATION_HEIGHT;
      if (memchr (labels->ids, DH_ANOMALY_ANOMALY, size)) /* the calm picture says nothing of ends */
        g_assert_true (dh_ranking_add (ranking, dh_tensor_f32 (map), labels->ids, size, NULL, &error));
    }
  DhPixelMetrics metrics;
  dh_ranking_metrics (ranking, DH_FPR95_ABOVE, &metrics);
  assert_same (seen[0], metrics.auroc);
  g_autoptr (DhRunRow) run = dh_database_get_run (fixture->database, again->run, &error);
  g_assert_nonnull (strstr (run->summary, "\"low_is_anomalous\":true"));
}

/* Whose scores they are; neither weights nor a device; and two names of the same scores stay two. */
static void
test_provenance (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhEvaluation) own = evaluate_own (fixture);
  g_autofree char *out = in (fixture, "a"), *other_out = in (fixture, "b"), *report = in (fixture, "report.json");
  g_autoptr (DhImportedScores) scores = open_scores (fixture, fixture->out, " RbA ", FALSE);
  g_autoptr (DhImportedScores) other = open_scores (fixture, fixture->out, "Another name", FALSE);
  g_autoptr (DhEvaluation) evaluation = import (fixture, scores, out), again = import (fixture, other, other_out);
  g_autoptr (GString) lines = g_string_new (NULL);
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      const char *stem = dh_dataset_item (fixture->dataset, i)->stem;
      g_autofree char *file = g_strconcat (stem, ".npy", NULL), *text = NULL;
      g_autofree char *path = g_build_filename (fixture->out, "eval", "scores", file, NULL);
      gsize size;
      g_assert_true (g_file_get_contents (path, &text, &size, NULL));
      g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, (gssize)size);
      g_string_append_printf (lines, "%s  %s\n", sum, stem);
    }
  g_autofree char *sha256 = g_compute_checksum_for_string (G_CHECKSUM_SHA256, lines->str, (gssize)lines->len);
  g_autoptr (DhRunRow) run = dh_database_get_run (fixture->database, evaluation->run, &error);
  g_assert_cmpstr (run->method, ==, "RbA");
  g_assert_cmpstr (run->model_title, ==, "RbA");
  g_assert_cmpstr (run->source, ==, fixture->out);
  g_assert_cmpstr (run->model_sha256, ==, sha256);
  g_assert_cmpstr (run->score, ==, DH_SCORE_IMPORTED);
  g_assert_cmpstr (run->device, ==, "");
  g_assert_cmpstr (run->precision, ==, "");
  g_assert_cmpfloat (run->seconds, ==, 0);
  g_autoptr (DhRunRow) second = dh_database_get_run (fixture->database, again->run, &error);
  g_assert_cmpstr (second->model_title, ==, "Another name");
  g_assert_cmpint (second->model, ==, run->model);
  g_autoptr (DhRunRow) network = dh_database_get_run (fixture->database, own->run, &error);
  g_assert_null (network->method);

  for (guint format = 0; format < DH_N_REPORT_FORMATS; format++)
    g_assert_true (
        dh_report_write (fixture->database, evaluation->run, format % 2 ? own->run : 0, format, report, NULL, &error));
  g_assert_true (dh_report_write (fixture->database, evaluation->run, 0, DH_REPORT_JSON, report, NULL, &error));
  g_assert_no_error (error);
  g_autofree char *json = NULL;
  g_assert_true (g_file_get_contents (report, &json, NULL, NULL));
  g_assert_nonnull (strstr (json, "\"method\" : \"RbA\""));
  g_assert_nonnull (strstr (json, "\"device\" : null"));
  g_assert_true (dh_report_write (fixture->database, evaluation->run, 0, DH_REPORT_MD, report, NULL, &error));
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (report, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "| Method | RbA |"));
  g_assert_null (strstr (text, "Device"));
  g_assert_null (strstr (text, "Inference"));
  /* no time was taken: undefined, the last field of every picture's line empty, and not 0 */
  g_assert_nonnull (strstr (json, "\"seconds\" : null"));
  g_assert_null (strstr (json, "\"seconds\" : 0"));
  g_autofree char *csv = NULL;
  g_assert_true (dh_report_write (fixture->database, evaluation->run, 0, DH_REPORT_CSV, report, NULL, &error));
  g_assert_true (g_file_get_contents (report, &csv, NULL, NULL));
  g_auto (GStrv) pictures = g_strsplit (csv, "\r\n", -1);
  for (guint i = 1; i <= EVALUATION_IMAGES; i++)
    g_assert_true (g_str_has_suffix (pictures[i], ","));
}

/* The maps are the run's own: the source may go. */
static void
test_moved_source (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhEvaluation) own = evaluate_own (fixture);
  g_autofree char *source = in (fixture, "source"), *out = in (fixture, "kept"), *exported = in (fixture, "exported");
  guint written;
  g_assert_true (dh_export_run (fixture->database, own->run, DH_EXPORT_NPY, "M", source, &written, NULL, NULL, &error));
  g_autoptr (DhImportedScores) scores = open_scores (fixture, source, NULL, FALSE);
  g_autoptr (DhEvaluation) evaluation = import (fixture, scores, out);
  g_autofree char *away = in (fixture, "away");
  g_assert_cmpint (g_rename (source, away), ==, 0);
  g_assert_true (
      dh_export_run (fixture->database, evaluation->run, DH_EXPORT_NPY, "M", exported, &written, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (written, ==, EVALUATION_IMAGES);
}

/* In a benchmark's tree they stand under the name of their method, whatever it is, and not under ours. */
/* The same maps under two names, or turned, are runs of their own: none writes over another's. */
static void
test_folders (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhEvaluation) own = evaluate_own (fixture);
  g_autofree char *source = in (fixture, "places");
  guint written;
  g_assert_true (
      dh_export_run (fixture->database, own->run, DH_EXPORT_NPY, NULL, source, &written, NULL, NULL, &error));
  g_autoptr (DhImportedScores) one = open_scores (fixture, source, "RbA", FALSE);
  g_autoptr (DhImportedScores) same = open_scores (fixture, source, "RbA", FALSE);
  g_autoptr (DhImportedScores) other = open_scores (fixture, source, "PEBAL", FALSE);
  g_autoptr (DhImportedScores) turned = open_scores (fixture, source, "RbA", TRUE);
  g_autofree char *at = dh_imported_scores_default_folder (one);
  g_autofree char *at_same = dh_imported_scores_default_folder (same);
  g_autofree char *at_other = dh_imported_scores_default_folder (other);
  g_autofree char *at_turned = dh_imported_scores_default_folder (turned);
  g_assert_cmpstr (at, ==, at_same);
  g_assert_cmpstr (at, !=, at_other);
  g_assert_cmpstr (at, !=, at_turned);
}

static void
test_export_name (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhEvaluation) own = evaluate_own (fixture);
  g_autofree char *source = in (fixture, "named"), *out = in (fixture, "out-named"), *tree = in (fixture, "tree");
  guint written;
  g_assert_true (
      dh_export_run (fixture->database, own->run, DH_EXPORT_NPY, NULL, source, &written, NULL, NULL, &error));
  g_autoptr (DhImportedScores) scores = open_scores (fixture, source, "../RbA", FALSE);
  g_autoptr (DhEvaluation) evaluation = import (fixture, scores, out);
  g_assert_true (
      dh_export_run (fixture->database, evaluation->run, DH_EXPORT_SMIYC, NULL, tree, &written, NULL, NULL, &error));
  g_assert_no_error (error);
  g_autofree char *there = g_build_filename (tree, "anomaly_p", "_._RbA", NULL);
  g_assert_true (g_file_test (there, G_FILE_TEST_IS_DIR));
}

static const char *
left_out (const DhEvaluation *evaluation, EvaluationFixture *fixture, guint index)
{
  for (guint i = 0; i < evaluation->left_out->len; i++)
    {
      const DhLeftOut *one = &g_array_index (evaluation->left_out, DhLeftOut, i);
      if (g_str_equal (one->stem, dh_dataset_item (fixture->dataset, index)->stem))
        return one->why;
    }
  g_assert_not_reached ();
}

/* What is wrong with a file costs its picture, with the reason, and no other. */
static void
test_bad_files (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhEvaluation) own = evaluate_own (fixture);
  g_autofree char *bad = in (fixture, "bad"), *out = in (fixture, "out-bad");
  g_mkdir (bad, 0755);
  g_autofree char *good = map_path (fixture, bad, 0, ".npy"), *small = map_path (fixture, bad, 1, ".npy");
  g_autofree char *cut = map_path (fixture, bad, 2, ".hdf5"), *pipe = map_path (fixture, bad, 3, ".npz");
  g_autoptr (DhTensor) map = load_own (fixture, 0);
  g_autoptr (DhTensor) half = dh_tensor_new_f32 (2, (const gint64[]){ EVALUATION_HEIGHT / 2, EVALUATION_WIDTH / 2 });
  g_assert_true (dh_npy_save (good, map, &error) && dh_npy_save (small, half, &error));
  g_assert_true (g_file_set_contents (cut, "\x89HDF\r\n\x1a\n\0\0\0\0", 12, &error));
  g_assert_true (g_file_set_contents (pipe, "PK", 2, &error));
  g_autoptr (DhImportedScores) scores = open_scores (fixture, bad, NULL, FALSE);
  g_assert_cmpuint (dh_imported_scores_n_found (scores), ==, 4);
  g_autoptr (DhEvaluation) evaluation = import (fixture, scores, out);
  g_assert_cmpuint (evaluation->images, ==, 1);
  g_assert_cmpuint (evaluation->left_out->len, ==, 4);
  g_assert_nonnull (strstr (left_out (evaluation, fixture, 1), "is 24×32 (rows × columns), but its image has 48 rows"));
  g_assert_nonnull (strstr (left_out (evaluation, fixture, 2), "is cut off or broken"));
  g_assert_nonnull (strstr (left_out (evaluation, fixture, 3), "is no .npz file"));
  g_assert_nonnull (strstr (left_out (evaluation, fixture, 4), "validation4.npy, validation4_hybrid.npy"));
  g_autoptr (GPtrArray) rows = dh_database_list_run_images (fixture->database, evaluation->run, &error);
  g_assert_cmpstr (((DhRunImageRow *)rows->pdata[1])->state, ==, "failed");
  g_assert_nonnull (strstr (((DhRunImageRow *)rows->pdata[1])->why, "24×32"));

  /* None that is whole: the run ends with the first reason. */
  g_assert_cmpint (g_unlink (good), ==, 0);
  g_autoptr (DhImportedScores) none = open_scores (fixture, bad, NULL, FALSE);
  const DhEvaluationOptions options = import_options (fixture, none, out);
  g_assert_null (dh_evaluation_run (&options, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "none of the 5 images"));
}

/* NaN and infinite scores are counted and left out, as everywhere; they do not become others by being turned. */
static void
test_non_finite (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = in (fixture, "non-finite"), *out = in (fixture, "out-nf");
  g_mkdir (folder, 0755);
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      g_autofree char *path = map_path (fixture, folder, i, "_hybrid.npy");
      g_autoptr (DhTensor) map = dh_tensor_new_f32 (2, (const gint64[]){ EVALUATION_HEIGHT, EVALUATION_WIDTH });
      for (guint p = 0; p < EVALUATION_HEIGHT * EVALUATION_WIDTH; p++)
        dh_tensor_f32 (map)[p] = p == 0 ? NAN : p == 1 ? INFINITY : p == 2 ? -INFINITY : (float)(p % 97);
      g_assert_true (dh_npy_save (path, map, &error));
    }
  g_autoptr (DhImportedScores) scores = open_scores (fixture, folder, NULL, TRUE);
  g_autoptr (DhEvaluation) evaluation = import (fixture, scores, out);
  g_assert_cmpuint (evaluation_result (evaluation, 0, 0)->non_finite, ==, 3 * EVALUATION_IMAGES);
  g_autoptr (GPtrArray) rows = dh_database_list_run_images (fixture->database, evaluation->run, &error);
  g_assert_cmpint (((DhRunImageRow *)rows->pdata[0])->non_finite, ==, 3);
}

/* Stopped behind two pictures it goes on there, without their files; with other scores, turned scores or another name
 * it does not. A file that changes under the run is noticed. */
static void
test_resume (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhEvaluation) own = evaluate_own (fixture);
  g_autofree char *source = in (fixture, "source"), *out = in (fixture, "resumed");
  guint written;
  g_assert_true (dh_export_run (fixture->database, own->run, DH_EXPORT_NPY, "M", source, &written, NULL, NULL, &error));
  g_autoptr (DhImportedScores) scores = open_scores (fixture, source, "M", FALSE);
  DhEvaluationOptions options = import_options (fixture, scores, out);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  options.image_done = evaluation_cancel_after_two;
  options.data = cancellable;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  g_autoptr (DhImportedScores) reopened = open_scores (fixture, source, "M", FALSE);
  g_autoptr (DhEvaluation) resumed = import (fixture, reopened, out);
  g_assert_cmpuint (resumed->resumed, >=, 2);
  g_assert_cmpuint (resumed->images, ==, EVALUATION_IMAGES);
  assert_same_numbers (fixture, own, resumed);

  g_autofree char *elsewhere = in (fixture, "elsewhere");
  g_autoptr (GCancellable) again = g_cancellable_new ();
  options.folder = elsewhere;
  options.data = again;
  g_assert_null (dh_evaluation_run (&options, again, NULL, &error));
  g_clear_error (&error);
  g_autoptr (DhImportedScores) named = open_scores (fixture, source, "N", FALSE);
  g_autoptr (DhEvaluation) other = import (fixture, named, elsewhere);
  g_autoptr (DhRunRow) row = dh_database_get_run (fixture->database, other->run, &error);
  g_assert_cmpstr (row->model_title, ==, "N");
  g_autoptr (DhImportedScores) turned = open_scores (fixture, source, "M", TRUE);
  g_autoptr (DhEvaluation) low = import (fixture, turned, elsewhere);
  g_assert_cmpuint (low->resumed, ==, 0);

  g_autofree char *first = g_strconcat (dh_dataset_item (fixture->dataset, 0)->stem, ".npy", NULL);
  g_autofree char *path = g_build_filename (source, first, NULL), *late = in (fixture, "late");
  g_autoptr (DhTensor) second = load_own (fixture, 1);
  g_autoptr (DhImportedScores) changing = open_scores (fixture, source, "M", FALSE);
  g_assert_true (dh_npy_save (path, second, &error));
  g_autoptr (DhEvaluation) changed = import (fixture, changing, late);
  g_assert_cmpuint (changed->left_out->len, ==, 1);
  g_assert_nonnull (strstr (left_out (changed, fixture, 0), "has changed since the run began"));
}

static void
test_names (EvaluationFixture *fixture, gconstpointer data)
{
  static const char *const names[][2] = { { "/x/RbA", "RbA" },
                                          { "/x/anomaly_p/RbA/AnomalyTrack-all/", "RbA" },
                                          { "/x/RbA/eval/scores", "RbA" },
                                          { "/out", "out" } };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *method = dh_imported_scores_dup_method (names[i][0]);
      g_assert_cmpstr (method, ==, names[i][1]);
    }
  g_autoptr (GError) error = NULL;
  g_autoptr (DhEvaluation) own = evaluate_own (fixture);
  g_autofree char *inner = g_build_filename (fixture->out, "eval", "scores", NULL);
  g_assert_null (dh_imported_scores_open (inner, NULL, FALSE, fixture->dataset, fixture->out, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
  g_clear_error (&error);
  g_assert_null (dh_imported_scores_open (inner, "  ", FALSE, fixture->dataset, NULL, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
  g_clear_error (&error);

  /* the tree's root says whose they are as well as the folder of its set does; another tree is called as it is */
  static const DhExportLayout layouts[] = { DH_EXPORT_SMIYC, DH_EXPORT_NPY };
  for (guint i = 0; i < G_N_ELEMENTS (layouts); i++)
    {
      g_autofree char *tree = in (fixture, i == 0 ? "submission" : "RbA");
      guint written;
      g_assert_true (
          dh_export_run (fixture->database, own->run, layouts[i], "PEBAL", tree, &written, NULL, NULL, &error));
      g_autoptr (DhImportedScores) scores = open_scores (fixture, tree, NULL, FALSE);
      g_assert_cmpstr (dh_imported_scores_method (scores), ==, i == 0 ? "PEBAL" : "RbA");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/imported-scores/same-numbers", NULL, test_same_numbers);
  EVALUATION_TEST ("/imported-scores/layouts", NULL, test_layouts);
  EVALUATION_TEST ("/imported-scores/orientation", NULL, test_orientation);
  EVALUATION_TEST ("/imported-scores/provenance", NULL, test_provenance);
  EVALUATION_TEST ("/imported-scores/moved-source", NULL, test_moved_source);
  EVALUATION_TEST ("/imported-scores/folders", NULL, test_folders);
  EVALUATION_TEST ("/imported-scores/export-name", NULL, test_export_name);
  EVALUATION_TEST ("/imported-scores/bad-files", NULL, test_bad_files);
  EVALUATION_TEST ("/imported-scores/non-finite", NULL, test_non_finite);
  EVALUATION_TEST ("/imported-scores/resume", NULL, test_resume);
  EVALUATION_TEST ("/imported-scores/names", NULL, test_names);
  return g_test_run ();
}

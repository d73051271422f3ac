/* Runs of images that were made worse: told apart from those of the images as they are, gone on with, opened again,
 * compared; and what they cost altogether. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "dh-calibrate.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-map-owner.h"
#include "dh-map-removal.h"
#include "dh-report.h"
#include "dh-robustness.h"
#include "dh-run-reading.h"
#include "evaluation-fixture.h"

static DhDataset *
worse (EvaluationFixture *fixture, DhDegradeKind kind, guint severity)
{
  return dh_dataset_new_degraded (fixture->dataset, (DhDegradation){ kind, severity });
}

static DhEvaluation *
evaluate (EvaluationFixture *fixture, DhDataset *dataset, const char *folder)
{
  g_autoptr (GError) error = NULL;
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = dataset;
  options.folder = folder;
  DhEvaluation *evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  return evaluation;
}

static DhRunRow *
get_run (EvaluationFixture *fixture, gint64 run)
{
  g_autoptr (GError) error = NULL;
  DhRunRow *row = dh_database_get_run (fixture->database, run, &error);
  g_assert_no_error (error);
  return row;
}

/* The set says what it is, and lends its labels and sizes unchanged. */
static void
test_set (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) fog = worse (fixture, DH_DEGRADE_FOG, 3);
  g_autofree char *title = g_strconcat (dh_dataset_title (fixture->dataset), " · Fog 3", NULL);
  g_assert_cmpstr (dh_dataset_title (fog), ==, title);
  g_assert_cmpuint (dh_dataset_size (fog), ==, EVALUATION_IMAGES);
  g_assert_cmpuint (g_strv_length ((char **)dh_dataset_notes (fog)), ==,
                    g_strv_length ((char **)dh_dataset_notes (fixture->dataset)) + 1);
  g_autofree char *own = dh_dataset_fingerprint (fixture->dataset, NULL, NULL);
  g_autofree char *fogs = dh_dataset_fingerprint (fog, NULL, NULL), *expected = g_strconcat (own, "+fog:3", NULL);
  g_assert_cmpstr (fogs, ==, expected);
  g_assert_true (dh_fingerprint_has_same_files (own, fogs));
  g_assert_false (dh_fingerprint_has_same_files (own, "0123"));
  g_assert_cmpstr (dh_fingerprint_get_seen (fogs), ==, "fog:3");
  g_assert_null (dh_fingerprint_get_seen (own));

  g_autoptr (DhImage) clean = dh_dataset_load_image (fixture->dataset, 1, &error);
  g_autoptr (DhImage) made = dh_dataset_load_image (fog, 1, &error);
  g_autoptr (DhImage) applied = dh_degradation_apply ((DhDegradation){ DH_DEGRADE_FOG, 3 }, clean, &error);
  const gsize n = (gsize)3 * clean->width * clean->height;
  g_assert_cmpmem (made->rgb, n, applied->rgb, n);
  g_assert_true (memcmp (made->rgb, clean->rgb, n) != 0);
  g_autoptr (DhImage) same = dh_dataset_load_clean_image (fog, 1, &error);
  g_assert_cmpmem (same->rgb, n, clean->rgb, n);
  g_autoptr (DhImage) small = dh_dataset_load_thumbnail (fog, 1, 16, 16, &error);
  g_autoptr (DhImage) reduced = dh_image_thumbnail (made, 16, 16);
  g_assert_cmpmem (small->rgb, (gsize)3 * small->width * small->height, reduced->rgb,
                   (gsize)3 * reduced->width * reduced->height);
  /* What int8 is calibrated on is kept for all that the weights will see. */
  const DhPictures pictures = dh_calibrate_pictures (fog);
  g_autoptr (DhImage) calibrated = pictures.load (1, pictures.data, &error);
  g_assert_cmpmem (calibrated->rgb, n, clean->rgb, n);
  g_autoptr (DhLabels) labels = NULL, worse_labels = NULL;
  g_assert_true (dh_dataset_load_labels (fixture->dataset, 1, &labels, NULL, &error));
  g_assert_true (dh_dataset_load_labels (fog, 1, &worse_labels, NULL, &error));
  g_assert_cmpmem (labels->ids, n / 3, worse_labels->ids, n / 3);
}

/* In one folder, one after the other: neither takes the other's maps, and both are told of. */
static void
test_apart (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) fog = worse (fixture, DH_DEGRADE_FOG, 3), thicker = worse (fixture, DH_DEGRADE_FOG, 4);
  g_autoptr (DhEvaluation) clean = evaluate (fixture, fixture->dataset, fixture->out);
  g_autoptr (DhEvaluation) of_fog = evaluate (fixture, fog, fixture->out);
  g_assert_cmpint (of_fog->run, !=, clean->run);
  g_assert_cmpuint (of_fog->resumed, ==, 0);
  g_assert_cmpuint (of_fog->displaced->len, ==, 1);
  g_assert_cmpint (g_array_index (of_fog->displaced, gint64, 0), ==, clean->run);
  g_assert_cmpfloat (evaluation_result (of_fog, 0, 0)->ap, !=, evaluation_result (clean, 0, 0)->ap);
  g_assert_cmpuint (evaluation_result (of_fog, 0, 0)->pixels, ==, evaluation_result (clean, 0, 0)->pixels);
  g_autoptr (DhRunRow) row = get_run (fixture, of_fog->run), first = get_run (fixture, clean->run);
  g_autofree char *owner = dh_map_owner_new (row, NULL), *others = dh_map_owner_new (first, NULL);
  g_assert_true (dh_map_owner_made_scores (fixture->out, owner));
  g_assert_false (dh_map_owner_made_scores (fixture->out, others));

  /* Only the last of the same images is the last; the two can be held against each other all the same. */
  g_assert_cmpint (dh_run_numbers_find_last (fixture->database, of_fog->run, &error), ==, 0);
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (dh_run_numbers_check_same (fixture->database, of_fog->run, clean->run, &error));
  g_autofree char *images = dh_run_numbers_dup_images (fixture->database, of_fog->run, clean->run);
  evaluation_assert_has (images, "run %d saw the images degraded by fog:3, run %d as they are", (int)of_fog->run,
                         (int)clean->run);
  /* A threshold that is the best on these is not chosen on those; what either chose on itself is. */
  const struct
  {
    gint64 run, source;
  } chosen[] = {
    { clean->run, of_fog->run }, { of_fog->run, clean->run }, { clean->run, clean->run }, { of_fog->run, of_fog->run }
  };
  for (guint i = 0; i < G_N_ELEMENTS (chosen); i++)
    {
      g_auto (DhReportThreshold) kept = { 0 };
      g_assert_true (dh_report_choose_threshold (fixture->database, chosen[i].run, "best-f1", NULL, chosen[i].source,
                                                 &kept, NULL, NULL, &error));
      g_assert_cmpint (kept.own, ==, chosen[i].run == chosen[i].source);
    }
  g_autoptr (DhEvaluation) of_thicker = evaluate (fixture, thicker, fixture->out);
  g_assert_cmpuint (of_thicker->resumed, ==, 0);
  g_autoptr (DhEvaluation) again = evaluate (fixture, fog, fixture->out);
  g_assert_cmpuint (again->resumed, ==, 0);
  g_assert_cmpfloat (evaluation_result (again, 0, 0)->ap, ==, evaluation_result (of_fog, 0, 0)->ap);
  g_assert_cmpint (dh_run_numbers_find_last (fixture->database, again->run, &error), ==, of_fog->run);
}

/* Stopped, it goes on; a run of the images as they are does not take it up. */
static void
test_resume (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (DhDataset) dark = worse (fixture, DH_DEGRADE_DARK, 2), darker = worse (fixture, DH_DEGRADE_DARK, 3);
  g_autofree char *other = g_build_filename (fixture->folder, "other", NULL);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = dark;
  options.image_done = evaluation_cancel_after_two;
  options.data = cancellable;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_autoptr (DhEvaluation) clean = evaluate (fixture, fixture->dataset, other);
  g_autoptr (DhEvaluation) of_darker = evaluate (fixture, darker, other);
  g_assert_cmpuint (clean->resumed + of_darker->resumed, ==, 0);
  g_autoptr (DhEvaluation) of_dark = evaluate (fixture, dark, fixture->out);
  g_assert_cmpuint (of_dark->resumed, >=, 2);
  g_autoptr (DhEvaluation) whole = evaluate (fixture, dark, other);
  g_assert_cmpfloat (evaluation_result (whole, 0, 0)->ap, ==, evaluation_result (of_dark, 0, 0)->ap);
}

/* What was kept of it is kept of it alone, and its row opens the set as it was. */
static void
test_recall (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) rain = worse (fixture, DH_DEGRADE_RAIN, 5);
  g_autoptr (DhEvaluation) of_rain = evaluate (fixture, rain, fixture->out);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.predictor = NULL;
  const guint classes = (guint)dh_model_classes (dh_predictor_model (fixture->predictor));
  g_assert_null (dh_evaluation_recall (&options, of_rain->run, classes, 0, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_clear_error (&error);
  options.dataset = rain;
  g_autoptr (DhEvaluation) recalled = dh_evaluation_recall (&options, of_rain->run, classes, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (recalled->kept);
  g_autoptr (DhRunRow) row = get_run (fixture, of_rain->run);
  g_autoptr (DhReading) reading = dh_run_reading_get (row);
  g_autofree char *text = dh_reading_to_text (reading), *flags = dh_reading_dup_flags (reading, "/d");
  evaluation_assert_has (text, "degrade=rain%%3A5");
  evaluation_assert_has (flags, "--degrade rain:5");
  g_autoptr (DhReading) back = dh_reading_from_text (text);
  g_assert_true (dh_reading_equal (reading, back));
  g_autoptr (DhDataset) opened = dh_reading_open (back, fixture->root, NULL, NULL, &error);
  g_autofree char *own = dh_dataset_fingerprint (opened, NULL, NULL);
  g_assert_cmpstr (own, ==, row->dataset_fingerprint);
  back->degradation.severity = 0;
  g_assert_false (dh_reading_equal (reading, back));
}

static char *
write_as (EvaluationFixture *fixture, const DhRobustness *found, DhReportFormat format)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->folder, "worse", NULL);
  char *text = NULL;
  g_assert_true (dh_robustness_write (found, format, path, &error));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* A run of each, the newest one; those that are not alike in all else are none of it. */
static void
test_found (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhProtocol *pooled = dh_protocol_find ("densehybrid-pooled", NULL);
  g_autoptr (DhDataset) fog1 = worse (fixture, DH_DEGRADE_FOG, 1), fog4 = worse (fixture, DH_DEGRADE_FOG, 4);
  g_autoptr (DhDataset) dark = worse (fixture, DH_DEGRADE_DARK, 2);
  g_autofree char *other = g_build_filename (fixture->folder, "other", NULL);
  g_autoptr (DhEvaluation) older = evaluate (fixture, fog1, fixture->out);
  g_autoptr (DhEvaluation) clean = evaluate (fixture, fixture->dataset, other);
  g_autoptr (DhEvaluation) one = evaluate (fixture, fog1, fixture->out);
  g_autoptr (DhEvaluation) four = evaluate (fixture, fog4, fixture->out);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = dark;
  options.reduction = &(DhReduction){ 0.75, 0 };
  options.more_scores = 0;
  g_autoptr (DhEvaluation) reduced = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);

  g_auto (DhRobustness) found = { NULL };
  g_assert_true (dh_robustness_find (&found, fixture->database, clean->run, pooled, &error));
  g_assert_cmpint (found.clean.run, ==, clean->run);
  g_assert_cmpint (found.cells[DH_DEGRADE_FOG][0].run, ==, one->run);
  g_assert_cmpint (found.cells[DH_DEGRADE_FOG][3].run, ==, four->run);
  g_assert_cmpint (found.cells[DH_DEGRADE_FOG][1].run, ==, 0);
  g_assert_cmpint (found.cells[DH_DEGRADE_DARK][1].run, ==, 0);
  const double of_one = found.cells[DH_DEGRADE_FOG][0].numbers[DH_ROBUSTNESS_AP];
  const double of_four = found.cells[DH_DEGRADE_FOG][3].numbers[DH_ROBUSTNESS_AP];
  g_assert_cmpfloat (of_one, ==, evaluation_result (one, 0, 0)->ap);
  g_assert_cmpfloat_with_epsilon (dh_robustness_mean (&found, DH_ROBUSTNESS_AP, DH_DEGRADE_FOG), (of_one + of_four) / 2,
                                  1e-12);
  g_assert_cmpfloat_with_epsilon (dh_robustness_mean (&found, DH_ROBUSTNESS_AP, DH_N_DEGRADE), (of_one + of_four) / 2,
                                  1e-12);
  g_assert_true (isnan (dh_robustness_mean (&found, DH_ROBUSTNESS_AP, DH_DEGRADE_DARK)));

  g_autofree char *csv = write_as (fixture, &found, DH_REPORT_CSV), *md = write_as (fixture, &found, DH_REPORT_MD);
  g_autofree char *html = write_as (fixture, &found, DH_REPORT_HTML);
  g_autofree char *tex = write_as (fixture, &found, DH_REPORT_LATEX);
  g_autofree char *json = write_as (fixture, &found, DH_REPORT_JSON);
  evaluation_assert_has (csv, "\nfog,4,%d,", (int)four->run);
  evaluation_assert_has (csv, "\nnone,0,%d,", (int)clean->run);
  evaluation_assert_has (md, "| Fog | %.2f | %.2f | — | — | %.2f | — |", 100 * found.clean.numbers[0], 100 * of_one,
                         100 * of_four);
  evaluation_assert_has (html, "<td class=t>Fog<td>%.2f<td>%.2f<td>—", 100 * found.clean.numbers[0], 100 * of_one);
  evaluation_assert_has (html, "<svg");
  evaluation_assert_has (html, "<img alt=\"fog:5\" src=\"data:image/jpeg;base64,");
  g_assert_null (strstr (html, "alt=\"dark"));
  evaluation_assert_has (tex, "Fog & %.2f & %.2f & -- & -- & %.2f", 100 * found.clean.numbers[0], 100 * of_one,
                         100 * of_four);
  g_autoptr (JsonNode) root = json_from_string (json, &error);
  JsonObject *object = json_node_get_object (root);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (object, "degradations")), ==, 1);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (json_object_get_object_member (object, "mean"), "ap"),
                                  (of_one + of_four) / 2, 1e-12);
  g_assert_false (dh_robustness_write (&found, DH_REPORT_PDF, "x.pdf", &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED);
  g_clear_error (&error);

  g_auto (DhRobustness) none = { NULL };
  g_assert_false (dh_robustness_find (&none, fixture->database, one->run, pooled, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
}

/* Maps go, and what lies beside them stays; the numbers stay as well. */
static void
test_removal (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) fog = worse (fixture, DH_DEGRADE_FOG, 2);
  g_autoptr (DhEvaluation) of_fog = evaluate (fixture, fog, fixture->out);
  g_autofree char *eval = g_build_filename (fixture->out, "eval", NULL);
  g_autofree char *foreign = g_build_filename (eval, "scores", "mine.npy", NULL);
  g_assert_true (dh_file_write (foreign, "x", 1, &error));
  g_assert_true (dh_map_removal_run (fixture->out, fog, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_test (foreign, G_FILE_TEST_EXISTS));
  g_assert_cmpint (g_remove (foreign), ==, 0);
  g_assert_true (dh_map_removal_run (fixture->out, fog, &error));
  g_assert_false (g_file_test (eval, G_FILE_TEST_EXISTS));
  g_autoptr (DhRunRow) row = get_run (fixture, of_fog->run);
  g_assert_cmpstr (row->state, ==, "done");
}

static int
run_program (const char *home, const char *words, char **output, char **errors)
{
  g_autofree char *line = g_strconcat (g_getenv ("DH_PROGRAM"), " ", words, NULL);
  g_auto (GStrv) argv = g_strsplit (line, " ", -1), environment = g_get_environ ();
  g_autoptr (GError) error = NULL;
  int status;
  const GSpawnFlags flags = (output ? 0 : G_SPAWN_STDOUT_TO_DEV_NULL) | (errors ? 0 : G_SPAWN_STDERR_TO_DEV_NULL);
  environment = g_environ_setenv (environment, "XDG_DATA_HOME", home, TRUE);
  environment = g_environ_setenv (environment, "XDG_CACHE_HOME", home, TRUE);
  g_assert_true (g_spawn_sync (home, argv, environment, flags, NULL, NULL, output, errors, &status, &error));
  return g_spawn_check_wait_status (status, &error) ? 0 : error->code;
}

static JsonObject *
get_cell (JsonNode *root, guint kind, guint severity)
{
  JsonArray *kinds = json_object_get_array_member (json_node_get_object (root), "degradations");
  JsonArray *severities = json_object_get_array_member (json_array_get_object_element (kinds, kind), "severities");
  return json_array_get_object_element (severities, severity);
}

#define SET "--dataroot scenes --split test --params demo --device cpu --quiet "

/* The command: once, then again without a new run, with what is required; what it refuses. */
static void
test_command (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *home = fixture->folder;
  g_assert_cmpint (run_program (home, "demo-scenes --out scenes --count 16 --width 96 --height 64 --quiet", NULL, NULL),
                   ==, 0);
  g_autofree char *output = NULL, *again = NULL, *errors = NULL, *refused = NULL, *table = NULL, *listed = NULL;
  const char *words = "robustness " SET "--folder out --degrade fog:3,noise:5,noise:1 --json";
  g_assert_cmpint (run_program (home, words, &output, NULL), ==, 0);
  g_autoptr (JsonNode) root = json_from_string (output, &error);
  g_assert_no_error (error);
  g_assert_cmpint (
      json_object_get_int_member (json_object_get_object_member (json_node_get_object (root), "clean"), "run"), ==, 1);
  g_assert_cmpint (json_object_get_int_member (get_cell (root, 0, 0), "run"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (get_cell (root, 0, 1), "severity"), ==, 5);
  g_assert_cmpint (json_object_get_int_member (get_cell (root, 1, 0), "run"), ==, 4);
  g_autofree char *kept = g_build_filename (home, "out", "clean", "eval", "scores", NULL);
  g_autofree char *gone = g_build_filename (home, "out", "fog-3", "eval", NULL);
  g_assert_true (g_file_test (kept, G_FILE_TEST_IS_DIR));
  g_assert_false (g_file_test (gone, G_FILE_TEST_EXISTS));

  words = "robustness " SET "--folder out --degrade fog:3,noise:5 --require ap>=@clean+50% --out worse.html --json";
  g_assert_cmpint (run_program (home, words, &again, &errors), ==, 1);
  g_assert_cmpstr (output, ==, again);
  evaluation_assert_has (errors, "ap>=@1+50%% is required and does not hold");
  evaluation_assert_has (errors, "run 4 saw the images degraded by fog:3, run 1 as they are");
  g_autofree char *html = g_build_filename (home, "worse.html", NULL);
  g_assert_true (g_file_test (html, G_FILE_TEST_EXISTS));
  g_assert_cmpint (run_program (home, "report --run 1 --robustness --format json --out -", &listed, NULL), ==, 0);
  g_assert_cmpstr (listed, ==, output);
  /* Slices are asked of maps that are there. */
  g_clear_pointer (&errors, g_free);
  words = "robustness " SET "--folder out --degrade jpeg:1 --require slices:ap>=@clean-100% --json";
  g_assert_cmpint (run_program (home, words, NULL, &errors), ==, 0);
  /* A table of all methods is of images as they are. */
  g_assert_cmpint (run_program (home, "report --table --format csv --out -", &table, NULL), ==, 0);
  g_assert_null (strstr (table, "Fog"));

  static const char *const wrong[] = {
    "eval-ood " SET "--folder o --degrade mist:3",
    "robustness " SET "--folder o --degrade fog:6",
    "robustness " SET "--folder o --degrade fog --out worse.pdf",
    "robustness " SET "--folder o --require ap>=@clean-",
    "eval-ood --dataroot scenes --scores out/clean/eval/scores --folder o --degrade fog:3",
    "infer --params demo --out o --degrade fog worse.html",
    "report --run 1,2 --robustness --out worse.md",
  };
  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_clear_pointer (&refused, g_free);
      g_assert_cmpint (run_program (home, wrong[i], NULL, &refused), ==, 2);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/robustness/set", NULL, test_set);
  EVALUATION_TEST ("/robustness/apart", NULL, test_apart);
  EVALUATION_TEST ("/robustness/resume", NULL, test_resume);
  EVALUATION_TEST ("/robustness/recall", NULL, test_recall);
  EVALUATION_TEST ("/robustness/found", NULL, test_found);
  EVALUATION_TEST ("/robustness/removal", NULL, test_removal);
  EVALUATION_TEST ("/robustness/command", NULL, test_command);
  return g_test_run ();
}

/* Runs of images of which a region is not measured: what they count, by what they are told apart, opened again, gone on
 * with, compared; and what becomes of a mask that goes. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "dh-dataset-check.h"
#include "dh-error.h"
#include "dh-map-owner.h"
#include "dh-report.h"
#include "dh-robustness.h"
#include "dh-run-numbers.h"
#include "dh-run-reading.h"
#include "evaluation-fixture.h"

/* Of the rows, the last quarter. */
#define QUARTER "bottom:25%"
#define FIRST_ROW (EVALUATION_HEIGHT * 3 / 4)

static DhDataset *
open_set (EvaluationFixture *fixture, const char *region, DhDegradation degradation)
{
  g_autoptr (GError) error = NULL;
  const DhDatasetOptions options = { .region = region, .degradation = degradation };
  DhDataset *dataset = dh_dataset_open (fixture->folder, "smiyc", &options, NULL, NULL, &error);
  g_assert_no_error (error);
  return dataset;
}

static DhDataset *
open_without (EvaluationFixture *fixture, const char *region)
{
  return open_set (fixture, region, (DhDegradation){ 0 });
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

/* The mask of the same pixels, of half the images' size. */
static char *
write_mask (EvaluationFixture *fixture)
{
  guint8 pixels[EVALUATION_WIDTH / 2 * EVALUATION_HEIGHT / 2] = { 0 };
  char *path = g_build_filename (fixture->folder, "car.png", NULL);
  memset (pixels + EVALUATION_WIDTH / 2 * FIRST_ROW / 2, 200, sizeof pixels - EVALUATION_WIDTH / 2 * FIRST_ROW / 2);
  g_assert_true (dh_image_write_png (path, EVALUATION_WIDTH / 2, EVALUATION_HEIGHT / 2, 1, pixels, NULL));
  return path;
}

/* By hand, as all masks were edited before. */
static void
ignore_in_files (EvaluationFixture *fixture)
{
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      g_autoptr (DhLabels) raw = dh_dataset_load_raw_labels (fixture->dataset, i, NULL);
      memset (raw->ids + EVALUATION_WIDTH * FIRST_ROW, 255, EVALUATION_WIDTH * (EVALUATION_HEIGHT - FIRST_ROW));
      g_assert_true (dh_image_write_png (dh_dataset_item (fixture->dataset, i)->label, raw->width, raw->height, 1,
                                         raw->ids, NULL));
    }
}

static void
assert_same (double a, double b)
{
  g_assert_true (a == b || (isnan (a) && isnan (b)));
}

/* The numbers are those of labels that were edited so, by every protocol, by shares and by a mask alike. */
static void
test_measured (EvaluationFixture *fixture, gconstpointer data)
{
  g_autofree char *mask = write_mask (fixture), *other = g_build_filename (fixture->folder, "other", NULL);
  g_autoptr (DhDataset) by_shares = open_without (fixture, QUARTER), by_mask = open_without (fixture, mask);
  g_autoptr (DhEvaluation) whole = evaluate (fixture, fixture->dataset, fixture->out);
  g_autoptr (DhEvaluation) shares = evaluate (fixture, by_shares, fixture->out);
  g_autoptr (DhEvaluation) masked = evaluate (fixture, by_mask, fixture->out);
  g_assert_cmpuint (evaluation_result (shares, 0, 0)->pixels, <, evaluation_result (whole, 0, 0)->pixels);
  ignore_in_files (fixture);
  g_autoptr (DhDataset) edited_set = open_without (fixture, NULL);
  g_autoptr (DhEvaluation) edited = evaluate (fixture, edited_set, other);
  for (guint p = 0; p < fixture->protocols->len; p++)
    {
      const DhResult *expected = evaluation_result (edited, 0, p);
      const DhResult *found[] = { evaluation_result (shares, 0, p), evaluation_result (masked, 0, p) };
      for (guint i = 0; i < G_N_ELEMENTS (found); i++)
        {
          g_assert_cmpuint (found[i]->pixels, ==, expected->pixels);
          assert_same (found[i]->ap, expected->ap);
          assert_same (found[i]->fpr95, expected->fpr95);
          assert_same (found[i]->auroc, expected->auroc);
          if (expected->components)
            {
              g_assert_cmpuint (found[i]->components->n_components, ==, expected->components->n_components);
              assert_same (found[i]->components->f1_mean, expected->components->f1_mean);
            }
        }
    }
}

/* CAOS, to which what is ignored is inlier, leaves it out as well. */
static void
test_without_void (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhProtocol *const caos[] = { dh_protocol_find ("caos", NULL), NULL };
  g_autoptr (DhDataset) set = open_without (fixture, QUARTER);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = set;
  options.protocols = caos;
  options.n_protocols = 1;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  const DhResult *result = evaluation_result (evaluation, 0, 0);
  guint64 anomalies = 0;
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      g_autoptr (DhLabels) raw = dh_dataset_load_raw_labels (fixture->dataset, i, NULL);
      for (guint k = 0; k < EVALUATION_WIDTH * FIRST_ROW; k++)
        anomalies += raw->ids[k] == 1;
    }
  g_assert_cmpuint (result->pixels, ==, EVALUATION_IMAGES * EVALUATION_WIDTH * FIRST_ROW);
  g_assert_cmpuint (result->positives, ==, anomalies);
  g_assert_cmpuint (result->ignored, ==, EVALUATION_IMAGES * EVALUATION_WIDTH * (EVALUATION_HEIGHT - FIRST_ROW));
}

/* In one folder, whose maps are everybody's; numbers are told apart. */
static void
test_apart (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) set = open_without (fixture, QUARTER);
  g_autofree char *title = g_strconcat (dh_dataset_title (fixture->dataset), " · without bottom 25 %", NULL);
  g_assert_cmpstr (dh_dataset_title (set), ==, title);
  g_autoptr (DhEvaluation) whole = evaluate (fixture, fixture->dataset, fixture->out);
  g_autoptr (DhEvaluation) part = evaluate (fixture, set, fixture->out);
  g_assert_cmpint (part->run, !=, whole->run);
  g_assert_cmpuint (part->resumed + part->displaced->len, ==, 0);
  g_autoptr (DhRunRow) row = get_run (fixture, part->run), first = get_run (fixture, whole->run);
  g_autofree char *print = g_strconcat (first->dataset_fingerprint, "+ignore=" QUARTER, NULL);
  g_assert_cmpstr (row->dataset_fingerprint, ==, print);
  g_autofree char *owner = dh_map_owner_new (row, NULL), *others = dh_map_owner_new (first, NULL);
  g_assert_cmpstr (owner, ==, others);

  g_assert_cmpint (dh_run_numbers_find_last (fixture->database, part->run, &error), ==, 0);
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_false (dh_run_numbers_check_same (fixture->database, part->run, whole->run, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  evaluation_assert_has (error->message, "measured other pixels of the images");
  g_clear_error (&error);
  g_autoptr (DhEvaluation) again = evaluate (fixture, set, fixture->out);
  g_assert_cmpint (dh_run_numbers_find_last (fixture->database, again->run, &error), ==, part->run);
  /* What is the best on the one is chosen on the images of the other. */
  g_auto (DhReportThreshold) kept = { 0 };
  g_assert_true (dh_report_choose_threshold (fixture->database, whole->run, "best-f1", NULL, part->run, &kept, NULL,
                                             NULL, &error));
  g_assert_true (kept.own);
}

static char *
write_report (EvaluationFixture *fixture, gint64 run, gint64 other)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->folder, "report.md", NULL);
  char *text = NULL;
  g_assert_true (dh_report_write (fixture->database, run, other, DH_REPORT_MD, path, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* Its row opens the set as it was, by a mask that did not change; without the mask it says so, and is looked at. */
static void
test_opened_again (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *mask = write_mask (fixture);
  g_autoptr (DhDataset) set = open_set (fixture, mask, (DhDegradation){ DH_DEGRADE_FOG, 2 });
  evaluation_assert_has (dh_dataset_title (set), " · Fog 2 · without mask ");
  g_autoptr (DhEvaluation) evaluation = evaluate (fixture, set, fixture->out);
  g_autoptr (DhRunRow) row = get_run (fixture, evaluation->run);
  g_autoptr (DhReading) reading = dh_run_reading_get (row);
  g_autofree char *text = dh_reading_to_text (reading), *flags = dh_reading_dup_flags (reading, "/d");
  evaluation_assert_has (flags, "--degrade fog:2 --ignore-region '%s'", mask);
  g_autoptr (DhReading) back = dh_reading_from_text (text);
  g_assert_true (dh_reading_equal (reading, back));
  g_autoptr (DhDataset) opened = dh_reading_open (back, fixture->folder, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autofree char *own = dh_dataset_fingerprint (opened, NULL, NULL);
  g_assert_cmpstr (own, ==, row->dataset_fingerprint);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.predictor = NULL;
  options.dataset = opened;
  const guint classes = (guint)dh_model_classes (dh_predictor_model (fixture->predictor));
  g_autoptr (DhEvaluation) recalled = dh_evaluation_recall (&options, evaluation->run, classes, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (recalled->kept);
  /* By a copy of it elsewhere as well. */
  g_autofree char *copy = g_build_filename (fixture->folder, "copy.png", NULL), *bytes = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (mask, &bytes, &size, NULL));
  g_assert_true (g_file_set_contents (copy, bytes, (gssize)size, NULL));
  g_autoptr (DhDataset) by_copy = open_set (fixture, copy, (DhDegradation){ DH_DEGRADE_FOG, 2 });
  options.dataset = by_copy;
  g_autoptr (DhEvaluation) of_copy = dh_evaluation_recall (&options, evaluation->run, classes, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (of_copy->kept);
  options.dataset = fixture->dataset;
  g_assert_null (dh_evaluation_recall (&options, evaluation->run, classes, 0, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_clear_error (&error);

  g_autofree char *there = write_report (fixture, evaluation->run, 0);
  evaluation_assert_has (there, "| Not measured | mask ");
  evaluation_assert_has (there, "(%s), ignored in the labels of each image |", mask);
  g_assert_cmpint (g_unlink (mask), ==, 0);
  g_assert_null (dh_reading_open (back, fixture->folder, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  evaluation_assert_has (error->message, "%s", mask);
  g_autofree char *gone = write_report (fixture, evaluation->run, 0);
  evaluation_assert_has (gone, "now its images cannot be measured again");
}

/* Of two, the report subtracts nothing. */
static void
test_compared (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (DhDataset) set = open_without (fixture, QUARTER);
  g_autoptr (DhEvaluation) whole = evaluate (fixture, fixture->dataset, fixture->out);
  g_autoptr (DhEvaluation) part = evaluate (fixture, set, fixture->out);
  g_autofree char *text = write_report (fixture, part->run, whole->run), *path = NULL, *table = NULL;
  evaluation_assert_has (text, "The runs measured other pixels of the images");
  evaluation_assert_has (text, "run %d saw the images without bottom 25 %%, run %d as they are", (int)part->run,
                         (int)whole->run);
  /* In a table for a paper they are columns of their own. */
  g_autoptr (GError) error = NULL;
  path = g_build_filename (fixture->folder, "table.md", NULL);
  const DhTableOptions options = { .protocol = "densehybrid-pooled", .digits = 2 };
  g_assert_true (dh_report_write_table (fixture->database, &options, DH_REPORT_MD, path, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &table, NULL, NULL));
  evaluation_assert_has (table, " · without bottom 25 %%");
}

static void
remove_after_two (const DhRunImageRow *row, guint done, guint total, gpointer mask)
{
  if (done == 2)
    g_assert_cmpint (g_unlink (mask), ==, 0);
}

/* Stopped, it goes on, and only with that region; a mask that goes in the middle was read before. */
static void
test_resumed (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char *mask = write_mask (fixture);
  g_autoptr (DhDataset) by_mask = open_without (fixture, mask), by_shares = open_without (fixture, "bottom:24%");
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = by_mask;
  options.image_done = evaluation_cancel_after_two;
  options.data = cancellable;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_autoptr (DhEvaluation) shares = evaluate (fixture, by_shares, fixture->out);
  g_assert_cmpuint (shares->resumed, ==, 0);
  g_autoptr (DhEvaluation) masked = evaluate (fixture, by_mask, fixture->out);
  g_assert_cmpuint (masked->resumed, >=, 2);
  options.image_done = remove_after_two;
  options.data = mask;
  g_autoptr (DhEvaluation) bereft = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (bereft->left_out->len, ==, 0);
  assert_same (evaluation_result (bereft, 0, 0)->ap, evaluation_result (masked, 0, 0)->ap);
}

/* What worse images cost is told of the same pixels alone. */
static void
test_robustness (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhDegradation fog = { DH_DEGRADE_FOG, 4 };
  const DhProtocol *pooled = dh_protocol_find ("densehybrid-pooled", NULL);
  g_autoptr (DhDataset) clean_set = open_without (fixture, QUARTER), fog_set = open_set (fixture, NULL, fog);
  g_autoptr (DhDataset) worse_set = dh_dataset_new_degraded (clean_set, fog);
  g_assert_cmpstr (dh_region_id (dh_dataset_region (worse_set)), ==, QUARTER);
  g_autoptr (DhEvaluation) clean = evaluate (fixture, clean_set, fixture->out);
  g_autoptr (DhEvaluation) worse = evaluate (fixture, worse_set, fixture->out);
  g_autoptr (DhEvaluation) of_all = evaluate (fixture, fog_set, fixture->out);
  g_auto (DhRobustness) found = { NULL };
  g_assert_true (dh_robustness_find (&found, fixture->database, clean->run, pooled, &error));
  g_assert_cmpint (found.cells[DH_DEGRADE_FOG][3].run, ==, worse->run);
  g_autoptr (DhRunRow) row = get_run (fixture, clean->run);
  g_assert_cmpint (dh_robustness_find_run (fixture->database, row, pooled, &error), ==, clean->run);
}

/* An image of another size is left out with the reason, and the doctor says it before. */
static void
test_other_size (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  static const guint8 small[3 * 30 * 30];
  static guint8 labels[30 * 30] = { 1 };
  g_autofree char *mask = write_mask (fixture);
  /* "9": the last; "": the first. */
  g_autofree char *image = g_strdup_printf ("%s/images/validation%s.png", fixture->root, (const char *)data);
  g_autofree char *label =
      g_strdup_printf ("%s/labels_masks/validation%s_labels_semantic.png", fixture->root, (const char *)data);
  g_assert_true (dh_image_write_png (image, 30, 30, 3, small, &error));
  g_assert_true (dh_image_write_png (label, 30, 30, 1, labels, &error));
  g_autoptr (DhDataset) set = open_without (fixture, mask);
  g_autoptr (DhEvaluation) evaluation = evaluate (fixture, set, fixture->out);
  g_assert_cmpuint (evaluation->left_out->len, ==, 1);
  g_autoptr (DhDatasetReport) report = dh_dataset_check (set, DH_CHECK_ALL, 1, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (report->left_out->len, ==, 1);
  g_autofree char *text = dh_dataset_report_to_text (report);
  evaluation_assert_has (text, "validation%s.png: the image is 30×30, and the mask of what is not measured 32×24",
                         (const char *)data);
  g_autoptr (DhDataset) usable = dh_dataset_dup_usable (set, report);
  g_assert_true (dh_dataset_region (usable) == dh_dataset_region (set));
}

/* How much of the pixels, and of the anomalies. */
static void
test_checked (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) set = open_without (fixture, QUARTER);
  guint64 anomalies = 0, inside = 0;
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      g_autoptr (DhLabels) raw = dh_dataset_load_raw_labels (set, i, NULL), labels = NULL;
      g_assert_true (dh_dataset_load_labels (set, i, &labels, NULL, &error));
      for (guint k = 0; k < EVALUATION_WIDTH * EVALUATION_HEIGHT; k++)
        {
          const gboolean ignored = k >= EVALUATION_WIDTH * FIRST_ROW;
          anomalies += raw->ids[k] == 1;
          inside += raw->ids[k] == 1 && ignored;
          g_assert_cmpuint (labels->ids[k], ==,
                            ignored              ? DH_ANOMALY_UNMEASURED
                            : raw->ids[k] == 255 ? DH_ANOMALY_IGNORE
                                                 : raw->ids[k]);
        }
    }
  g_autoptr (DhDatasetReport) report = dh_dataset_check (set, DH_CHECK_ALL, 2, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (report->region, ==, QUARTER);
  g_assert_cmpfloat (report->unmeasured_share, ==, 0.25);
  g_assert_cmpuint (report->anomalies, ==, anomalies);
  g_assert_cmpuint (report->unmeasured_anomalies, ==, inside);
  g_assert_cmpuint (inside, >, 0);
  g_autofree char *text = dh_dataset_report_to_text (report);
  evaluation_assert_has (text, "25.00 %% of the pixels are not measured: bottom 25 %%");
  evaluation_assert_has (text, "%d of %d,%03d anomaly pixels lie there and are ignored", (int)inside,
                         (int)(anomalies / 1000), (int)(anomalies % 1000));
}

/* Labels of classes are ignored there as well, so that open-set recognition measures the same pixels. */
static void
test_classes (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *argv[] = { g_getenv ("DH_PROGRAM"), "demo-scenes", "--out", "scenes", "--count", "4", "--quiet", NULL };
  const DhDatasetOptions options = { .splits = "test", .region = "top:10%,right:30%" }, whole = { .splits = "test" };
  int status;
  g_assert_true (g_spawn_sync (fixture->folder, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                               &status, &error));
  g_assert_cmpint (status, ==, 0);
  g_autofree char *root = g_build_filename (fixture->folder, "scenes", NULL);
  g_autoptr (DhDataset) part = dh_dataset_open (root, NULL, &options, NULL, NULL, &error);
  g_autoptr (DhDataset) all = dh_dataset_open (root, NULL, &whole, NULL, NULL, &error);
  g_assert_no_error (error);
  const guint ignored = dh_dataset_class_table (part)->n_classes;
  guint classes_there = 0;
  for (guint i = 0; i < dh_dataset_size (part); i++)
    {
      g_autoptr (DhLabels) anomalies = NULL, classes = NULL, all_anomalies = NULL, all_classes = NULL;
      g_assert_true (dh_dataset_load_labels (part, i, &anomalies, &classes, &error));
      g_assert_true (dh_dataset_load_labels (all, i, &all_anomalies, &all_classes, &error));
      g_autoptr (DhLabels) region = dh_dataset_load_unmeasured (part, i, classes->width, classes->height, &error);
      for (guint y = 0; y < classes->height; y++)
        for (guint x = 0; x < classes->width; x++)
          {
            const gsize k = (gsize)y * classes->width + x;
            const gboolean in = y < (classes->height + 5) / 10 || x >= classes->width - (3 * classes->width + 5) / 10;
            g_assert_cmpuint (region->ids[k], ==, in ? 255 : 0);
            g_assert_cmpuint (classes->ids[k], ==, in ? ignored : all_classes->ids[k]);
            g_assert_cmpuint (anomalies->ids[k], ==, in ? DH_ANOMALY_UNMEASURED : all_anomalies->ids[k]);
            classes_there += in && all_classes->ids[k] < ignored;
          }
    }
  g_assert_cmpuint (classes_there, >, 0);
  g_assert_null (dh_dataset_load_unmeasured (all, 0, 8, 8, &error));
  g_assert_no_error (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/region-runs/measured", NULL, test_measured);
  EVALUATION_TEST ("/region-runs/without-void", NULL, test_without_void);
  EVALUATION_TEST ("/region-runs/apart", NULL, test_apart);
  EVALUATION_TEST ("/region-runs/opened-again", NULL, test_opened_again);
  EVALUATION_TEST ("/region-runs/compared", NULL, test_compared);
  EVALUATION_TEST ("/region-runs/resumed", NULL, test_resumed);
  EVALUATION_TEST ("/region-runs/robustness", NULL, test_robustness);
  EVALUATION_TEST ("/region-runs/classes", NULL, test_classes);
  EVALUATION_TEST ("/region-runs/other-size", "9", test_other_size);
  EVALUATION_TEST ("/region-runs/other-size-first", "", test_other_size);
  EVALUATION_TEST ("/region-runs/checked", NULL, test_checked);
  return g_test_run ();
}

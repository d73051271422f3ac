/* Sets whose labels name the network's classes: its segmentation is measured beside the scores. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>
#include "dh-error.h"
#include "dh-npy.h"
#include "dh-open-set.h"
#include "dh-report.h"
#include "dh-scene-tree.h"
#include "evaluation-fixture.h"

static DhDataset *
open_scenes (EvaluationFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *scenes = g_build_filename (fixture->folder, "scenes", NULL);
  DhSceneCounts counts = dh_scene_counts (32);
  counts.test = 8;
  g_assert_true (dh_scene_tree_write (scenes, 3, &counts, 128, 64, NULL, NULL, &error));
  const DhDatasetOptions test = { .splits = "test" };
  DhDataset *dataset = dh_dataset_open (scenes, "street-hazards", &test, NULL, NULL, &error);
  g_assert_no_error (error);
  return dataset;
}

static DhPredictor *
open_network (guint classes)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-tiny", classes, 3, 1.0, &error);
  DhPredictor *predictor = dh_predictor_new (model, DH_TEST_DEVICE, DH_PRECISION_F32, 1, &error);
  g_assert_no_error (error);
  return predictor;
}

static DhTensor *
load_map (EvaluationFixture *fixture, const char *kind, const char *stem)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_strconcat (stem, ".npy", NULL);
  g_autofree char *path = g_build_filename (fixture->out, "eval", kind, file, NULL);
  DhTensor *tensor = dh_npy_load (path, &error);
  g_assert_no_error (error);
  return tensor;
}

/* By the definition, over the maps that were written. */
static DhOpenSetResult *
measure_again (EvaluationFixture *fixture, DhDataset *dataset, guint classes, double threshold)
{
  g_autoptr (DhOpenSet) set = dh_open_set_new (classes, threshold);
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      g_autoptr (GError) error = NULL;
      const char *stem = dh_dataset_item (dataset, i)->stem;
      g_autoptr (DhTensor) scores = load_map (fixture, "scores", stem);
      g_autoptr (DhTensor) prediction = load_map (fixture, "segmentation", stem);
      g_autoptr (DhLabels) anomalies = NULL, ids = NULL;
      g_assert_true (dh_dataset_load_labels (dataset, i, &anomalies, &ids, &error));
      const gsize n = dh_tensor_count (scores);
      g_autofree guint8 *labels = g_malloc (n);
      dh_open_set_join_labels (classes, anomalies ? anomalies->ids : NULL, ids->ids, labels, n);
      dh_open_set_add (set, dh_tensor_data (prediction), dh_tensor_f32 (scores), labels, n);
    }
  return dh_open_set_finish (set);
}

static JsonNode *
load_summary (EvaluationFixture *fixture, gint64 id)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRunRow) run = dh_database_get_run (fixture->database, id, &error);
  g_assert_no_error (error);
  JsonNode *summary = json_from_string (run->summary, &error);
  g_assert_no_error (error);
  return summary;
}

static char *
write_report (EvaluationFixture *fixture, gint64 run, DhReportFormat format)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->folder, "report", NULL);
  char *text = NULL;
  g_assert_true (dh_report_write (fixture->database, run, 0, format, path, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  return text;
}

/* Means and classes stand in what people read; what does not fit together is left out, and nothing falls. */
static void
check_reports (EvaluationFixture *fixture, const DhEvaluation *evaluation)
{
  const DhClassResult *classes = evaluation->classes;
  g_autofree char *means =
      g_strdup_printf ("losed mIoU %.2f %%; open-mIoU %.2f %%", 100 * classes->closed_miou, 100 * classes->open_miou);
  g_autofree char *html = write_report (fixture, evaluation->run, DH_REPORT_HTML);
  g_autofree char *md = write_report (fixture, evaluation->run, DH_REPORT_MD);
  g_autofree char *pdf = write_report (fixture, evaluation->run, DH_REPORT_PDF);
  g_assert_nonnull (strstr (html, means));
  g_assert_nonnull (strstr (md, means));
  for (guint c = 0; c < classes->table->n_classes; c++)
    if (isfinite (classes->closed_iou[c]))
      {
        g_autofree char *row =
            g_strdup_printf ("| %s | %.2f | ", classes->table->classes[c].name, 100 * classes->closed_iou[c]);
        g_assert_nonnull (strstr (md, row));
      }
  static const char *const broken[] = { "{\"classes\":7}", "{\"classes\":{\"names\":[1,\"a\"]}}",
                                        "{\"classes\":{\"names\":[1,\"a\"],\"closed_iou\":[\"b\",null],"
                                        "\"confusion\":[[1,2],7],\"open_iou\":[1]}}" };
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_true (dh_database_end_run (fixture->database, evaluation->run, "done", NULL, broken[i], &error));
      g_free (write_report (fixture, evaluation->run, DH_REPORT_HTML));
    }
}

/* From what lies in the folder, classes and all; of weights of another number of classes without them. */
static void
check_recalled (EvaluationFixture *fixture, const DhEvaluationOptions *as, const DhEvaluation *evaluation)
{
  g_autoptr (GError) error = NULL;
  DhEvaluationOptions options = *as;
  options.predictor = NULL;
  const DhClassResult *then = evaluation->classes;
  const guint n = then->table->n_classes;
  g_autoptr (DhEvaluation) again = dh_evaluation_recall (&options, evaluation->run, n, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (again->classes);
  g_assert_cmpfloat (again->classes->open_miou, ==, then->open_miou);
  g_assert_cmpfloat (again->classes->closed_miou, ==, then->closed_miou);
  g_assert_cmpmem (again->classes->confusion, n * n * sizeof (guint64), then->confusion, n * n * sizeof (guint64));
  g_autoptr (DhEvaluation) without = dh_evaluation_recall (&options, evaluation->run, n + 1, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (without->classes);
}

static void
count_warning (const char *text, gpointer data)
{
  guint *warnings = data;
  g_test_message ("%s", text);
  g_assert_nonnull (strstr (text, "In the first 4 images: "));
  (*warnings)++;
}

static void
test_whole (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) dataset = open_scenes (fixture);
  const DhClassTable *table = dh_dataset_class_table (dataset);
  g_autoptr (DhPredictor) predictor = open_network (table->n_classes);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = dataset;
  options.predictor = predictor;
  options.threads = 3;
  guint warnings = 0;
  options.warning = count_warning;
  options.data = &warnings;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (warnings, ==, 1); /* nobody has trained it */
  const DhClassResult *got = evaluation->classes;
  g_assert_nonnull (got);
  g_assert_true (got->table == table && got->has_open);
  g_assert_cmpfloat (got->threshold, ==, evaluation_result (evaluation, 0, 0)->threshold_tpr95);
  g_autoptr (DhOpenSetResult) want = measure_again (fixture, dataset, table->n_classes, got->threshold);
  g_assert_cmpfloat (got->closed_miou, ==, want->closed_miou);
  g_assert_cmpmem (got->confusion, table->n_classes * table->n_classes * sizeof (guint64), want->closed_confusion,
                   table->n_classes * table->n_classes * sizeof (guint64));
  g_assert_cmpfloat (fabs (got->open_miou - want->open_miou), <, 1e-3);
  g_assert_cmpfloat (fabs (got->anomaly_iou - want->anomaly_iou), <, 1e-3);
  for (guint m = 0; m < evaluation->scores->len; m++)
    {
      DhScoreEvaluation *score = &g_array_index (evaluation->scores, DhScoreEvaluation, m);
      g_assert_cmpuint (dh_open_sweep_pixels (score->sweep), ==, want->pixels);
      g_test_message ("%s: %zu bytes", score->name, dh_open_sweep_memory (score->sweep));
    }

  g_autoptr (JsonNode) summary = load_summary (fixture, evaluation->run);
  JsonObject *classes = json_object_get_object_member (json_node_get_object (summary), "classes");
  g_assert_cmpfloat (json_object_get_double_member (classes, "closed_miou"), ==, got->closed_miou);
  g_assert_cmpfloat (json_object_get_double_member (classes, "open_miou"), ==, got->open_miou);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (classes, "confusion")), ==, table->n_classes);
  g_assert_cmpstr (json_array_get_string_element (json_object_get_array_member (classes, "names"), 1), ==,
                   table->classes[1].name);
  check_recalled (fixture, &options, evaluation);
  check_reports (fixture, evaluation);
}

/* What an earlier start has left, one picture's segmentation being gone. */
static void
test_resume (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) dataset = open_scenes (fixture);
  g_autoptr (DhPredictor) predictor = open_network (dh_dataset_class_table (dataset)->n_classes);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = dataset;
  options.predictor = predictor;
  options.image_done = evaluation_cancel_after_two;
  options.data = cancellable;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_autoptr (GPtrArray) before = dh_database_list_run_images (fixture->database, 1, &error);
  g_autofree char *file = g_strconcat (dh_dataset_item (dataset, 0)->stem, ".npy", NULL);
  g_autofree char *lost = g_build_filename (fixture->out, "eval", "segmentation", file, NULL);
  g_assert_cmpint (g_remove (lost), ==, 0);
  options.image_done = NULL;
  g_autoptr (DhEvaluation) second = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (second->run, ==, 1);
  g_assert_cmpuint (second->resumed, ==, before->len - 1);
  g_autoptr (DhEvaluation) third = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (third->resumed, ==, 0);
  g_assert_cmpfloat (third->classes->open_miou, ==, second->classes->open_miou);
  g_assert_cmpfloat (third->classes->closed_miou, ==, second->classes->closed_miou);
}

/* The set's classes are not those that the network tells apart: its segmentation is kept and not measured. */
static void
test_other_classes (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) dataset = open_scenes (fixture);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = dataset;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (evaluation->classes);
  g_assert_null (g_array_index (evaluation->scores, DhScoreEvaluation, 0).sweep);
  g_autoptr (DhTensor) kept = load_map (fixture, "segmentation", dh_dataset_item (dataset, 0)->stem);
  g_assert_cmpint (kept->dtype, ==, DH_DTYPE_U8);
  g_autoptr (JsonNode) summary = load_summary (fixture, evaluation->run);
  g_assert_false (json_object_has_member (json_node_get_object (summary), "classes"));
}

/* Scenes without any anomaly, whose labels could name one: there is no threshold that finds 95 % of none. */
static void
test_no_anomaly (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) test = open_scenes (fixture);
  g_autofree char *scenes = g_build_filename (fixture->folder, "scenes", NULL);
  const DhDatasetOptions validation = { .splits = "validation" };
  g_autoptr (DhDataset) dataset = dh_dataset_open (scenes, "street-hazards-full", &validation, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (dh_dataset_has_anomaly_labels (dataset));
  g_autoptr (DhPredictor) predictor = open_network (dh_dataset_class_table (dataset)->n_classes);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = dataset;
  options.predictor = predictor;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  const DhClassResult *got = evaluation->classes;
  g_assert_true (isfinite (got->closed_miou));
  g_assert_false (got->has_open);
  g_assert_true (isnan (got->open_miou) && isnan (got->threshold));
  g_autofree char *closed = g_strdup_printf ("Closed mIoU %.2f %%.\n", 100 * got->closed_miou);
  g_autofree char *md = write_report (fixture, evaluation->run, DH_REPORT_MD);
  g_assert_nonnull (strstr (md, closed));
}

/* Cityscapes' layout: the road in the upper half, its void in the lower. */
static void
write_cityscapes (const char *root, guint index, guint label_width)
{
  g_autoptr (GError) error = NULL;
  guint8 rgb[3 * EVALUATION_WIDTH * EVALUATION_HEIGHT], ids[EVALUATION_WIDTH * EVALUATION_HEIGHT];
  for (guint i = 0; i < sizeof rgb; i++)
    rgb[i] = (i * 37 + index * 11) % 251;
  for (guint i = 0; i < sizeof ids; i++)
    ids[i] = i < sizeof ids / 2 ? 7 + i % 3 / 2 : 0;
  g_autofree char *image = g_strdup_printf ("%s/leftImg8bit/val/ulm/ulm_00000%u_000019_leftImg8bit.png", root, index);
  g_autofree char *label = g_strdup_printf ("%s/gtFine/val/ulm/ulm_00000%u_000019_gtFine_labelIds.png", root, index);
  g_autofree char *images = g_path_get_dirname (image), *labels = g_path_get_dirname (label);
  g_mkdir_with_parents (images, 0755);
  g_mkdir_with_parents (labels, 0755);
  g_assert_true (dh_image_write_png (image, EVALUATION_WIDTH, EVALUATION_HEIGHT, 3, rgb, &error));
  g_assert_true (dh_image_write_png (label, label_width, EVALUATION_HEIGHT, 1, ids, &error));
  g_assert_no_error (error);
}

/* Classes alone: no protocol has anything to measure, and the components are not looked for; one label is of another
 * size than its picture. */
static void
test_closed (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *root = g_build_filename (fixture->folder, "cityscapes", NULL);
  for (guint i = 0; i < 3; i++)
    write_cityscapes (root, i, i == 2 ? EVALUATION_WIDTH - 1 : EVALUATION_WIDTH);
  g_autoptr (DhDataset) dataset = dh_dataset_open (root, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (DhPredictor) predictor = open_network (19);
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = dataset;
  options.predictor = predictor;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (evaluation->images, ==, 2);
  g_assert_cmpuint (evaluation->left_out->len, ==, 1);
  g_assert_cmpuint (evaluation_result (evaluation, 0, 0)->pixels, ==, 0);
  const DhClassResult *got = evaluation->classes;
  g_assert_nonnull (got);
  g_assert_false (got->has_open);
  g_assert_true (isnan (got->open_miou) && isnan (got->threshold));
  guint64 road = 0, all = 0;
  for (guint i = 0; i < 19 * 19; i++)
    {
      road += i < 19 ? got->confusion[i] : 0;
      all += got->confusion[i];
    }
  g_assert_cmpuint (all, ==, EVALUATION_WIDTH * EVALUATION_HEIGHT);
  g_assert_cmpuint (road, ==, all * 2 / 3);
  g_autoptr (JsonNode) summary = load_summary (fixture, evaluation->run);
  JsonObject *classes = json_object_get_object_member (json_node_get_object (summary), "classes");
  g_assert_true (json_object_has_member (classes, "closed_miou"));
  g_assert_false (json_object_has_member (classes, "open_miou"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/class-evaluation/whole", NULL, test_whole);
  EVALUATION_TEST ("/class-evaluation/resume", NULL, test_resume);
  EVALUATION_TEST ("/class-evaluation/other-classes", NULL, test_other_classes);
  EVALUATION_TEST ("/class-evaluation/no-anomaly", NULL, test_no_anomaly);
  EVALUATION_TEST ("/class-evaluation/closed", NULL, test_closed);
  return g_test_run ();
}

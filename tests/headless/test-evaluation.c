/* A small data set in SMIYC's layout through a tiny network: measured, stopped, taken up, reported, exported. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <glib/gstdio.h>
#include <unistd.h>
#include <json-glib/json-glib.h>

#include "dh-error.h"
#include "dh-evaluation.h"
#include "dh-export.h"
#include "dh-folder-lock.h"
#include "dh-image.h"
#include "dh-npy.h"
#include "dh-open-evaluation.h"
#include "dh-report.h"
#include "dh-scene-tree.h"
#include "dh-stored-curve.h"
#include "tree.h"

/* The emulated card runs it all, too. */
#ifndef DH_TEST_DEVICE
#define DH_TEST_DEVICE "ref"
#endif

#define N_IMAGES 5
#define WIDTH 64
#define HEIGHT 48

typedef struct
{
  char *folder, *root, *out;
  DhDataset *dataset;
  DhPredictor *predictor;
  DhDatabase *database;
  GPtrArray *protocols;
} Fixture;

static void
write_pair (const char *root, guint index, guint label_width)
{
  g_autoptr (GError) error = NULL;
  guint8 rgb[3 * WIDTH * HEIGHT];
  guint8 labels[WIDTH * HEIGHT] = { 0 };
  guint32 state = 17 + index;
  for (guint i = 0; i < sizeof rgb; i++)
    rgb[i] = (state = state * 1664525u + 1013904223u) >> 24;
  for (guint i = 0; i < sizeof labels; i++)
    labels[i] = index == 3 ? 0 : i % 7 == index ? 1 : i % 11 == 0 ? 255 : 0;
  g_autofree char *image = g_strdup_printf ("%s/images/validation%u.png", root, index);
  g_autofree char *label = g_strdup_printf ("%s/labels_masks/validation%u_labels_semantic.png", root, index);
  g_assert_true (dh_image_write_png (image, WIDTH, HEIGHT, 3, rgb, &error));
  g_assert_true (dh_image_write_png (label, label_width, HEIGHT, 1, labels, &error));
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fixture->folder = g_dir_make_tmp ("dh-evaluation-XXXXXX", NULL);
  fixture->root = g_build_filename (fixture->folder, "dataset_AnomalyTrack", NULL);
  fixture->out = g_build_filename (fixture->folder, "out", NULL);
  g_autofree char *images = g_build_filename (fixture->root, "images", NULL);
  g_autofree char *masks = g_build_filename (fixture->root, "labels_masks", NULL);
  g_mkdir_with_parents (images, 0755);
  g_mkdir_with_parents (masks, 0755);
  for (guint i = 0; i < N_IMAGES; i++)
    write_pair (fixture->root, i, WIDTH);
  fixture->dataset = dh_dataset_open (fixture->folder, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dh_dataset_size (fixture->dataset), ==, N_IMAGES);
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-tiny", 5, 3, 1.0, &error);
  g_assert_no_error (error);
  fixture->predictor = dh_predictor_new (model, DH_TEST_DEVICE, DH_PRECISION_F32, 1, &error);
  g_assert_no_error (error);
  g_autofree char *path = g_build_filename (fixture->folder, "runs.db", NULL);
  fixture->database = dh_database_open (path, &error);
  g_assert_no_error (error);
  fixture->protocols = g_ptr_array_new ();
  static const char *const names[] = { "densehybrid-pooled", "densehybrid-per-image", "smiyc-pixel",
                                       "smiyc-component" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_ptr_array_add (fixture->protocols, (gpointer)dh_protocol_find (names[i], &error));
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_ptr_array_unref (fixture->protocols);
  dh_database_close (fixture->database);
  dh_predictor_free (fixture->predictor);
  dh_dataset_unref (fixture->dataset);
  g_autofree char *command = g_strdup_printf ("chmod -R u+w '%s'; rm -rf '%s'", fixture->folder, fixture->folder);
  g_assert_cmpint (system (command), ==, 0);
  g_free (fixture->folder);
  g_free (fixture->root);
  g_free (fixture->out);
}

static DhEvaluationOptions
options_of (Fixture *fixture)
{
  return (DhEvaluationOptions){ .dataset = fixture->dataset,
                                .predictor = fixture->predictor,
                                .database = fixture->database,
                                .folder = fixture->out,
                                .score = DH_MAP_HYBRID,
                                .more_scores = DH_MAP_BIT (DH_MAP_MAX_SOFTMAX),
                                .protocols = (const DhProtocol *const *)fixture->protocols->pdata,
                                .n_protocols = fixture->protocols->len,
                                .metric_options = { .min_prediction = 3, .min_anomaly = 1 } };
}

static const DhResult *
result_of (const DhEvaluation *evaluation, guint score, guint protocol)
{
  return g_array_index (evaluation->scores, DhScoreEvaluation, score).results->pdata[protocol];
}

/* The pooled AP by its definition, over the maps that were written. */
static double
naive_ap (Fixture *fixture)
{
  g_autoptr (DhRanking) ranking = dh_ranking_new ();
  for (guint i = 0; i < N_IMAGES; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *file = g_strconcat (dh_dataset_item (fixture->dataset, i)->stem, ".npy", NULL);
      g_autofree char *path = g_build_filename (fixture->out, "eval", "scores", file, NULL);
      g_autoptr (DhTensor) map = dh_npy_load (path, &error);
      g_assert_no_error (error);
      g_autoptr (DhLabels) labels = NULL;
      dh_dataset_load_labels (fixture->dataset, i, &labels, NULL, &error);
      dh_ranking_add (ranking, dh_tensor_f32 (map), labels->ids, WIDTH * HEIGHT, NULL, &error);
      g_assert_no_error (error);
    }
  DhPixelMetrics metrics;
  dh_ranking_metrics (ranking, DH_FPR95_ABOVE, &metrics);
  return metrics.ap;
}

static void
test_whole (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = options_of (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (evaluation->images, ==, N_IMAGES);
  g_assert_cmpuint (evaluation->scores->len, ==, 2);
  g_assert_cmpfloat (result_of (evaluation, 0, 0)->ap, ==, naive_ap (fixture));
  g_assert_cmpuint (result_of (evaluation, 0, 1)->undefined_images, ==, 1);
  g_assert_nonnull (result_of (evaluation, 0, 3)->components);
  g_assert_cmpfloat (result_of (evaluation, 1, 0)->ap, !=, result_of (evaluation, 0, 0)->ap);

  g_autoptr (DhRunRow) run = dh_database_get_run (fixture->database, evaluation->run, &error);
  g_assert_cmpstr (run->state, ==, "done");
  g_assert_cmpint (run->images_done, ==, N_IMAGES);
  g_autoptr (JsonNode) summary = json_from_string (run->summary, &error);
  g_assert_no_error (error);
  JsonObject *components = json_object_get_object_member (json_node_get_object (summary), "components");
  g_assert_cmpstr (json_object_get_string_member (components, "protocol"), ==, "smiyc-component");
  g_assert_cmpfloat (json_object_get_double_member (components, "mean_f1"), ==,
                     result_of (evaluation, 0, 3)->components->f1_mean);
  g_autoptr (GPtrArray) rows = dh_database_list_run_images (fixture->database, evaluation->run, &error);
  const DhRunImageRow *calm = rows->pdata[3];
  g_assert_cmpint (calm->positives, ==, 0);
  g_assert_true (isnan (calm->ap));
  g_assert_true (isfinite (calm->mean_score));

  g_autoptr (GPtrArray) protocols = dh_database_list_run_protocols (fixture->database, evaluation->run, &error);
  g_assert_cmpuint (protocols->len, ==, 5);
  for (guint i = 0; i < protocols->len; i++)
    {
      const DhRunProtocolRow *row = protocols->pdata[i];
      if (!g_str_equal (row->protocol, "densehybrid-pooled"))
        continue;
      g_autoptr (DhCurve) curve = dh_curve_from_bytes (row->curve);
      g_assert_nonnull (curve);
      g_assert_cmpuint (curve->points[curve->n_points - 1].tp, ==, row->positives);
      g_autoptr (DhScoreHistogram) histogram = dh_score_histogram_from_bytes (row->histogram);
      g_assert_nonnull (histogram);
      g_autoptr (GBytes) broken = g_bytes_new_from_bytes (row->curve, 0, g_bytes_get_size (row->curve) / 2 + 3);
      g_autoptr (DhCurve) none = dh_curve_from_bytes (broken);
      g_assert_true (!none || none->n_points <= curve->n_points);
    }
}

static void
cancel_after_two (const DhRunImageRow *row, guint done, guint total, gpointer data)
{
  if (done == 2)
    g_cancellable_cancel (data);
}

/* Another run in the same folder between a stop and its resuming: nothing of it gets into the result, and a finished
 * run's export does not give the other's maps. */
static void
test_owner (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DhEvaluationOptions options = options_of (fixture), other = options_of (fixture);
  g_autoptr (DhEvaluation) whole = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);

  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  options.image_done = cancel_after_two;
  options.data = cancellable;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  other.score = DH_MAP_MAX_SOFTMAX;
  other.more_scores = 0;
  g_autoptr (DhEvaluation) between = dh_evaluation_run (&other, NULL, NULL, &error);
  g_assert_no_error (error);

  g_autofree char *out = g_build_filename (fixture->out, "exported", NULL);
  guint n = 0;
  g_assert_false (dh_export_run (fixture->database, whole->run, DH_EXPORT_NPY, NULL, out, &n, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (dh_export_run (fixture->database, between->run, DH_EXPORT_NPY, NULL, out, &n, NULL, NULL, &error));
  g_assert_no_error (error);

  /* One that was killed there says for ever that it runs; who has the folder now knows better. */
  g_autoptr (DhRunRow) old = dh_database_get_run (fixture->database, between->run, &error);
  g_free (old->device);
  old->device = g_strdup ("another");
  const gint64 killed = dh_database_add_run (fixture->database, old, &error);
  options.image_done = NULL;
  g_autoptr (DhEvaluation) resumed = dh_evaluation_run (&options, NULL, NULL, &error);
  g_autoptr (DhRunRow) left = dh_database_get_run (fixture->database, killed, &error);
  g_assert_cmpstr (left->state, ==, "unfinished");
  g_assert_no_error (error);
  g_assert_cmpuint (resumed->resumed, ==, 0);
  for (guint p = 0; p < 3; p++)
    g_assert_cmpfloat (result_of (resumed, 0, p)->ap, ==, result_of (whole, 0, p)->ap);
}

static void
test_resume (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DhEvaluationOptions options = options_of (fixture);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  options.image_done = cancel_after_two;
  options.data = cancellable;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  /* one of the two maps is lost: its image is computed again */
  g_autofree char *file = g_strconcat (dh_dataset_item (fixture->dataset, 0)->stem, ".npy", NULL);
  g_autofree char *lost = g_build_filename (fixture->out, "eval", "scores", file, NULL);
  g_assert_cmpint (g_remove (lost), ==, 0);

  options.image_done = NULL;
  g_autoptr (DhEvaluation) second = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (second->run, ==, 1);
  g_assert_cmpuint (second->images, ==, N_IMAGES);
  g_assert_cmpuint (second->resumed, ==, 1);

  /* done is done: the next call is a new run, with the same numbers to the last bit */
  g_autoptr (DhEvaluation) third = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (third->run, ==, 2);
  g_assert_cmpuint (third->resumed, ==, 0);
  for (guint p = 0; p < 3; p++)
    {
      g_assert_cmpfloat (result_of (third, 0, p)->ap, ==, result_of (second, 0, p)->ap);
      g_assert_cmpfloat (result_of (third, 0, p)->fpr95, ==, result_of (second, 0, p)->fpr95);
    }
}

#ifdef DH_TEST_CARD
typedef struct
{
  const char *path, *fail;
  guint resumed; /* pictures that were measured before */
} Lost;

/* The card is lost while pictures overlap: it stops and says so, and goes on behind what was measured to the numbers of
 * a run that nothing happened to. */
static void
test_lost (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = options_of (fixture);
  const Lost *lost = data;
  g_setenv ("DH_EMULATED_FAIL", lost->fail, TRUE);
  g_assert_null (dh_evaluation_run (&options, NULL, NULL, &error));
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "was opened again; try once more"));
  g_clear_error (&error);
  g_autoptr (DhEvaluation) second = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (second->run, ==, 1);
  g_assert_cmpuint (second->images, ==, N_IMAGES);
  g_assert_cmpuint (second->resumed, ==, lost->resumed);
  g_autoptr (DhEvaluation) third = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint p = 0; p < 3; p++)
    g_assert_cmpfloat (result_of (third, 0, p)->ap, ==, result_of (second, 0, p)->ap);
}

/* Memory of the card that is short is no picture's fault: it says how much is needed, and ends. */
static void
test_memory (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = options_of (fixture);
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  g_assert_null (dh_evaluation_run (&options, NULL, NULL, &error));
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_error (error, DH_ERROR, DH_ERROR_NO_MEMORY);
  g_assert_nonnull (strstr (error->message, "MiB on the card; use a smaller scale"));
  g_clear_error (&error);
  g_autoptr (DhEvaluation) second = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (second->images, ==, N_IMAGES);
}
#endif

static void
test_bad_images (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  write_pair (fixture->root, 1, WIDTH / 2); /* a label of another size */
  g_autofree char *cut = g_build_filename (fixture->root, "images", "validation2.png", NULL);
  g_autofree char *contents = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (cut, &contents, &size, NULL));
  g_assert_true (g_file_set_contents (cut, contents, size / 2, NULL));

  const DhEvaluationOptions options = options_of (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (evaluation->images, ==, N_IMAGES - 2);
  g_assert_cmpuint (evaluation->left_out->len, ==, 2);
  g_autoptr (GPtrArray) rows = dh_database_list_run_images (fixture->database, evaluation->run, &error);
  g_assert_cmpstr (((DhRunImageRow *)rows->pdata[1])->state, ==, "failed");
  g_assert_nonnull (strstr (((DhRunImageRow *)rows->pdata[1])->why, "validation1"));
  g_assert_nonnull (strstr (((DhRunImageRow *)rows->pdata[2])->why, "validation2"));
}

/* What the system refuses to read is left out like what is broken; a map that cannot be written ends the run. */
static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = options_of (fixture);
  /* folders in their places: root may read whatever its permissions say */
  g_autofree char *image = g_build_filename (fixture->root, "images", "validation1.png", NULL);
  g_autofree char *label = g_build_filename (fixture->root, "labels_masks", "validation2_labels_semantic.png", NULL);
  g_assert_cmpint (g_remove (image) | g_mkdir (image, 0755), ==, 0);
  g_assert_cmpint (g_remove (label) | g_mkdir (label, 0755), ==, 0);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (evaluation->images, ==, N_IMAGES - 2);
  g_assert_cmpuint (evaluation->left_out->len, ==, 2);
  g_assert_nonnull (strstr (g_array_index (evaluation->left_out, DhLeftOut, 0).why, image));
  g_assert_nonnull (strstr (g_array_index (evaluation->left_out, DhLeftOut, 1).why, label));

  g_autofree char *file = g_strconcat (dh_dataset_item (fixture->dataset, 3)->stem, ".npy", NULL);
  g_autofree char *map = g_build_filename (fixture->out, "eval", "scores", file, NULL);
  g_assert_cmpint (g_remove (map) | g_mkdir (map, 0755), ==, 0);
  g_assert_null (dh_evaluation_run (&options, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
  g_assert_nonnull (strstr (error->message, map));
}

static void
test_errors (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DhEvaluationOptions options = options_of (fixture);
  options.folder = "/proc/nowhere";
  g_assert_null (dh_evaluation_run (&options, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
  g_assert_nonnull (strstr (error->message, "/proc/nowhere"));
  g_clear_error (&error);

  /* no town, no classes */
  const DhOpenEvaluationOptions open = { .dataset = fixture->dataset,
                                         .predictor = fixture->predictor,
                                         .database = fixture->database,
                                         .folder = fixture->out,
                                         .tpr = 0.95 };
  g_assert_null (dh_open_evaluation_run (&open, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_clear_error (&error);

  g_autoptr (DhModel) closed = dh_model_new_seeded ("ldn-tiny-closed", 5, 3, 1.0, &error);
  g_assert_no_error (error);
  g_autoptr (DhPredictor) predictor = dh_predictor_new (closed, DH_TEST_DEVICE, DH_PRECISION_F32, 1, &error);
  options = options_of (fixture);
  options.predictor = predictor;
  g_assert_null (dh_evaluation_run (&options, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_clear_error (&error);
  options.score = DH_MAP_MAX_LOGIT;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (evaluation->images, ==, N_IMAGES);
}

/* Nobody takes up what another one is at. */
static void
test_lock (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = options_of (fixture);
  g_assert_cmpint (g_mkdir (fixture->out, 0755), ==, 0);
  g_autoptr (DhFolderLock) lock = dh_folder_lock_take (fixture->out, &error);
  g_assert_no_error (error);
  g_assert_true (dh_folder_lock_is_held (fixture->out));
  g_assert_null (dh_evaluation_run (&options, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_autofree char *self = g_strdup_printf ("process %d", (int)getpid ());
  g_assert_nonnull (strstr (error->message, self));
  g_clear_error (&error);
  g_autoptr (GPtrArray) runs = dh_database_list_runs (fixture->database, &error);
  g_assert_cmpuint (runs->len, ==, 0);
  g_clear_pointer (&lock, dh_folder_lock_release);
  g_assert_false (dh_folder_lock_is_held (fixture->out));
  g_assert_false (dh_folder_lock_is_held (fixture->root)); /* no lock at all */
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (evaluation->images, ==, N_IMAGES);
}

/* Generated scenes in StreetHazards' layout: stopped after any picture and taken up, the towns' numbers stay. */
static void
test_open_set (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *scenes = g_build_filename (fixture->folder, "scenes", NULL);
  const DhSceneCounts counts = dh_scene_counts (32);
  g_assert_true (dh_scene_tree_write (scenes, 3, &counts, 128, 64, NULL, NULL, &error));
  const DhDatasetOptions test = { .splits = "test" };
  g_autoptr (DhDataset) dataset = dh_dataset_open (scenes, "street-hazards", &test, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (DhModel) model =
      dh_model_new_seeded ("ldn-tiny", dh_dataset_class_table (dataset)->n_classes, 3, 1.0, &error);
  g_autoptr (DhPredictor) predictor = dh_predictor_new (model, DH_TEST_DEVICE, DH_PRECISION_F32, 1, &error);
  g_assert_no_error (error);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  DhOpenEvaluationOptions options = { .dataset = dataset,
                                      .predictor = predictor,
                                      .database = fixture->database,
                                      .folder = fixture->out,
                                      .tpr = 0.95,
                                      .image_done = cancel_after_two,
                                      .data = cancellable };
  g_assert_null (dh_open_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  options.image_done = NULL;
  g_autoptr (DhOpenEvaluation) second = dh_open_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (second->run, ==, 1);
  g_assert_cmpuint (second->resumed, ==, 2);
  g_assert_cmpuint (second->images, ==, dh_dataset_size (dataset));
  g_assert_cmpuint (second->towns->len, ==, 2);
  g_autoptr (DhOpenEvaluation) third = dh_open_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (third->resumed, ==, 0);
  g_assert_cmpfloat (third->open_miou, ==, second->open_miou);
  g_assert_cmpfloat (third->closed_miou, ==, second->closed_miou);

  g_autoptr (DhRunRow) run = dh_database_get_run (fixture->database, second->run, &error);
  g_assert_cmpstr (run->kind, ==, "eval-osr");
  g_assert_cmpstr (run->state, ==, "done");
  g_assert_cmpint (run->images_done, ==, second->images);
  g_autoptr (JsonNode) summary = json_from_string (run->summary, &error);
  g_assert_no_error (error);
  JsonObject *object = json_node_get_object (summary);
  g_assert_cmpfloat (json_object_get_double_member (object, "open_miou"), ==, second->open_miou);
  g_assert_cmpuint (json_object_get_size (json_object_get_object_member (object, "towns")), ==, 2);
  /* as the run saw the data set, a report opens it again */
  g_assert_cmpstr (json_object_get_string_member (object, "label_ids"), ==, "raw");
  g_autoptr (GPtrArray) rows = dh_database_list_run_images (fixture->database, second->run, &error);
  g_assert_cmpuint (rows->len, ==, second->images);
  g_assert_true (isfinite (((DhRunImageRow *)rows->pdata[0])->ap));
  for (guint f = 0; f < DH_N_REPORT_FORMATS; f++)
    {
      g_autofree char *path = g_strdup_printf ("%s/open.%s", fixture->folder, dh_report_format_name (f));
      g_assert_true (dh_report_write (fixture->database, second->run, 0, f, path, NULL, &error));
      g_assert_no_error (error);
      g_autofree char *text = NULL;
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      if (f == DH_REPORT_HTML || f == DH_REPORT_MD || f == DH_REPORT_JSON)
        g_assert_nonnull (strstr (text, g_array_index (second->towns, DhTownResult, 0).town));
    }
}

static void
test_report (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = options_of (fixture);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
      g_assert_no_error (error);
    }
  for (guint f = 0; f < DH_N_REPORT_FORMATS; f++)
    for (guint other = 0; other <= 2; other += 2)
      {
        g_autofree char *path = g_strdup_printf ("%s/report%u.%s", fixture->folder, other, dh_report_format_name (f));
        g_assert_true (dh_report_write (fixture->database, 1, other, f, path, NULL, &error));
        g_assert_no_error (error);
        g_autofree char *text = NULL;
        gsize size;
        g_assert_true (g_file_get_contents (path, &text, &size, NULL));
        if (f == DH_REPORT_CSV)
          {
            g_auto (GStrv) lines = g_strsplit (g_strchomp (text), "\r\n", -1);
            g_assert_cmpuint (g_strv_length (lines), ==, N_IMAGES + 1);
            const guint columns = other ? 24 : 13;
            for (guint l = 0; lines[l]; l++)
              {
                g_auto (GStrv) fields = g_strsplit (lines[l], ",", -1);
                g_assert_cmpuint (g_strv_length (fields), ==, columns);
              }
          }
        else if (f == DH_REPORT_JSON)
          {
            g_autoptr (JsonNode) root = json_from_string (text, &error);
            g_assert_no_error (error);
            JsonArray *runs = json_object_get_array_member (json_node_get_object (root), "runs");
            g_assert_cmpuint (json_array_get_length (runs), ==, other ? 2 : 1);
            JsonArray *images = json_object_get_array_member (json_array_get_object_element (runs, 0), "images");
            g_assert_true (json_object_get_null_member (json_array_get_object_element (images, 3), "ap"));
          }
        else if (f == DH_REPORT_HTML)
          {
            g_assert_nonnull (strstr (text, "data:image/jpeg;base64,"));
            g_assert_nonnull (strstr (text, "<svg"));
            g_assert_null (strstr (text, "http://localhost"));
          }
        else if (f == DH_REPORT_PDF)
          g_assert_cmpmem (text, 5, "%PDF-", 5);
      }
  g_autofree char *path = g_build_filename (fixture->folder, "absent", "r.csv", NULL);
  g_assert_false (dh_report_write (fixture->database, 1, 0, DH_REPORT_CSV, path, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
  g_clear_error (&error);
  g_assert_false (dh_report_write (fixture->database, 99, 0, DH_REPORT_CSV, path, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
}

/* Names come from file systems and databases that anyone may have written: in no format do they become its markup. */
static void
test_names (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = options_of (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (DhRunRow) run = dh_database_get_run (fixture->database, evaluation->run, &error);
  const char *name = "a|b`c`_d_*e*[f](g)<script>\n# h\\|~^&amp;$x$%{i}";
  DhRunImageRow row = { .state = (char *)"done", .width = 1, .height = 1, .ap = 0.5 };
  row.image = dh_database_put_image (fixture->database, run->dataset, name, name, "", name, &error);
  g_assert_true (dh_database_put_run_image (fixture->database, evaluation->run, &row, &error));
  const DhRunProtocolRow protocol = { .score = (char *)name, .protocol = (char *)name };
  g_assert_true (dh_database_put_run_protocol (fixture->database, evaluation->run, &protocol, &error));
  g_autofree char *summary =
      g_strdup ("{\"open_miou\": 0.5, \"towns\": {\"t|<script>\\n\": {\"calibrated_on\": \"u|<script>\"}}}");
  g_assert_true (dh_database_end_run (fixture->database, evaluation->run, "done", NULL, summary, &error));
  for (guint f = 0; f < DH_N_REPORT_FORMATS; f++)
    {
      g_autofree char *path = g_strdup_printf ("%s/names.%s", fixture->folder, dh_report_format_name (f));
      g_assert_true (dh_report_write (fixture->database, evaluation->run, 0, f, path, NULL, &error));
      g_assert_no_error (error);
      g_autofree char *text = NULL;
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      if (f == DH_REPORT_HTML)
        g_assert_null (strstr (text, "<script"));
      else if (f == DH_REPORT_LATEX)
        {
          g_assert_nonnull (strstr (text, "a\\textbar{}b"));
          g_assert_nonnull (strstr (text, "\\textless{}script\\textgreater{} \\# h\\textbackslash{}\\textbar{}"
                                          "\\textasciitilde{}\\textasciicircum{}\\&amp;\\$x\\$\\%\\{i\\}"));
        }
      else if (f == DH_REPORT_MD)
        {
          g_assert_nonnull (strstr (text, "| a\\|b\\`c\\`\\_d\\_\\*e\\*\\[f\\](g)\\<script\\> \\# h\\\\\\|\\~"));
          g_assert_nonnull (strstr (text, "| Town t\\|\\<script\\>  |"));
          /* every row of a table has the cells of its heading */
          g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
          guint cells = 0;
          for (guint l = 0; lines[l]; l++)
            {
              guint n = 0;
              for (const char *c = lines[l]; *c; c++)
                if (*c == '\\')
                  c++;
                else
                  n += *c == '|';
              if (n > 0 && cells > 0)
                g_assert_cmpuint (n, ==, cells);
              g_assert_true (n == 0 || g_str_has_prefix (lines[l], "|"));
              cells = n;
            }
        }
    }
}

/* Official Lost and Found: labels in one place, pictures in another. A report finds both again. */
static void
test_report_base (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *root = g_build_filename (fixture->folder, "masks-alone", NULL);
  g_autofree char *base = g_build_filename (fixture->folder, "pictures", NULL);
  const guint8 ids[] = { 0, 1, 255 };
  tree_label (root, "masks/0000_04_Weg_8_000000_000030_labels.png", WIDTH, HEIGHT, ids, 3);
  tree_image (base, "leftImg8bit/test/04_Weg_8/04_Weg_8_000000_000030_leftImg8bit.png", WIDTH, HEIGHT);
  const DhDatasetOptions based = { .base_root = base };
  g_autoptr (DhDataset) dataset = dh_dataset_open (root, "lf", &based, NULL, NULL, &error);
  g_assert_no_error (error);
  DhEvaluationOptions options = options_of (fixture);
  options.dataset = dataset;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (evaluation->images, ==, 1);
  g_autofree char *path = g_build_filename (fixture->folder, "base.html", NULL);
  g_autofree char *text = NULL;
  g_assert_true (dh_report_write (fixture->database, evaluation->run, 0, DH_REPORT_HTML, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  /* picture, score, and what is found, false and missed, for which it needs the label */
  static const char *const pictures[] = { "alt=\"picture\"", "alt=\"score\"", "alt=\"found, false and missed\"" };
  for (guint i = 0; i < G_N_ELEMENTS (pictures); i++)
    g_assert_nonnull (strstr (text, pictures[i]));
  g_assert_null (strstr (text, "no longer where it was"));
  /* without the base the report still comes, and says what is not there */
  g_autofree char *gone = g_strconcat (base, "-moved", NULL);
  g_assert_cmpint (g_rename (base, gone), ==, 0);
  g_clear_pointer (&text, g_free);
  g_assert_true (dh_report_write (fixture->database, evaluation->run, 0, DH_REPORT_HTML, path, NULL, &error));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "The picture is no longer where it was"));
}

static void
test_export (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = options_of (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  static const char *const expected[] = { "anomaly_p/M/AnomalyTrack-all/validation4.hdf5", "validation4_anomaly.npy",
                                          "range.json", NULL };
  for (guint layout = 0; layout < DH_N_EXPORT_LAYOUTS; layout++)
    {
      guint written = 0;
      g_autofree char *folder = g_strdup_printf ("%s/export%u", fixture->folder, layout);
      g_assert_true (
          dh_export_run (fixture->database, evaluation->run, layout, "M", folder, &written, NULL, NULL, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (written, ==, N_IMAGES);
      g_autofree char *path = expected[layout] ? g_build_filename (folder, expected[layout], NULL) : NULL;
      g_assert_true (!path || g_file_test (path, G_FILE_TEST_IS_REGULAR));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/evaluation/whole", Fixture, NULL, set_up, test_whole, tear_down);
  g_test_add ("/evaluation/resume", Fixture, NULL, set_up, test_resume, tear_down);
#ifdef DH_TEST_CARD
  static const Lost losses[] = {
    { "/evaluation/lost/compile", "wait:1", 0 },        { "/evaluation/lost/fetch-first", "fetch:1", 0 },
    { "/evaluation/lost/replay", "replay:1", 1 },       { "/evaluation/lost/fetch", "fetch:3", 2 },
    { "/evaluation/lost/replay-later", "replay:2", 1 }, { "/evaluation/lost/fetch-last", "fetch:5", 4 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (losses); i++)
    g_test_add (losses[i].path, Fixture, &losses[i], set_up, test_lost, tear_down);
  g_test_add ("/evaluation/memory", Fixture, "alloc:1", set_up, test_memory, tear_down);
#endif
  g_test_add ("/evaluation/owner", Fixture, NULL, set_up, test_owner, tear_down);
  g_test_add ("/evaluation/bad-images", Fixture, NULL, set_up, test_bad_images, tear_down);
  g_test_add ("/evaluation/refused", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add ("/evaluation/errors", Fixture, NULL, set_up, test_errors, tear_down);
  g_test_add ("/evaluation/lock", Fixture, NULL, set_up, test_lock, tear_down);
  g_test_add ("/evaluation/open-set", Fixture, NULL, set_up, test_open_set, tear_down);
  g_test_add ("/evaluation/report", Fixture, NULL, set_up, test_report, tear_down);
  g_test_add ("/evaluation/names", Fixture, NULL, set_up, test_names, tear_down);
  g_test_add ("/evaluation/report-base", Fixture, NULL, set_up, test_report_base, tear_down);
  g_test_add ("/evaluation/export", Fixture, NULL, set_up, test_export, tear_down);
  return g_test_run ();
}

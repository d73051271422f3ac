/* A small data set through a tiny network: measured, stopped, taken up. */
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include "dh-error.h"
#include "dh-folder-lock.h"
#include "dh-export.h"
#include "dh-npy.h"
#include "dh-open-evaluation.h"
#include "dh-stored-curve.h"
#include "evaluation-fixture.h"

/* The pooled AP by its definition, over the maps that were written. */
static double
naive_ap (EvaluationFixture *fixture)
{
  g_autoptr (DhRanking) ranking = dh_ranking_new ();
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *file = g_strconcat (dh_dataset_item (fixture->dataset, i)->stem, ".npy", NULL);
      g_autofree char *path = g_build_filename (fixture->out, "eval", "scores", file, NULL);
      g_autoptr (DhTensor) map = dh_npy_load (path, &error);
      g_assert_no_error (error);
      g_autoptr (DhLabels) labels = NULL;
      dh_dataset_load_labels (fixture->dataset, i, &labels, NULL, &error);
      dh_ranking_add (ranking, dh_tensor_f32 (map), labels->ids, EVALUATION_WIDTH * EVALUATION_HEIGHT, NULL, &error);
      g_assert_no_error (error);
    }
  DhPixelMetrics metrics;
  dh_ranking_metrics (ranking, DH_FPR95_ABOVE, &metrics);
  return metrics.ap;
}

static void
test_whole (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (evaluation->images, ==, EVALUATION_IMAGES);
  g_assert_cmpuint (evaluation->scores->len, ==, 2);
  g_assert_cmpfloat (evaluation_result (evaluation, 0, 0)->ap, ==, naive_ap (fixture));
  g_assert_cmpuint (evaluation_result (evaluation, 0, 1)->undefined_images, ==, 1);
  g_assert_nonnull (evaluation_result (evaluation, 0, 3)->components);
  g_assert_cmpfloat (evaluation_result (evaluation, 1, 0)->ap, !=, evaluation_result (evaluation, 0, 0)->ap);

  g_autoptr (DhRunRow) run = dh_database_get_run (fixture->database, evaluation->run, &error);
  g_assert_cmpstr (run->state, ==, "done");
  g_assert_cmpint (run->images_done, ==, EVALUATION_IMAGES);
  g_autoptr (JsonNode) summary = json_from_string (run->summary, &error);
  g_assert_no_error (error);
  JsonObject *components = json_object_get_object_member (json_node_get_object (summary), "components");
  g_assert_cmpstr (json_object_get_string_member (components, "protocol"), ==, "smiyc-component");
  g_assert_cmpfloat (json_object_get_double_member (components, "mean_f1"), ==,
                     evaluation_result (evaluation, 0, 3)->components->f1_mean);
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

/* Another run in the same folder between a stop and its resuming: nothing of it gets into the result, and a finished
 * run's export does not give the other's maps. */
static void
test_owner (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DhEvaluationOptions options = evaluation_options (fixture), other = evaluation_options (fixture);
  g_autoptr (DhEvaluation) whole = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);

  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  options.image_done = evaluation_cancel_after_two;
  options.data = cancellable;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  other.score = DH_MAP_MAX_SOFTMAX;
  other.more_scores = 0;
  g_autoptr (DhEvaluation) between = dh_evaluation_run (&other, NULL, NULL, &error);
  g_assert_no_error (error);
  /* whose maps are gone is told: here of the one that was stopped, and the one before it */
  g_assert_cmpuint (whole->displaced->len, ==, 0);
  g_assert_cmpuint (between->displaced->len, ==, 2);
  g_assert_cmpint (g_array_index (between->displaced, gint64, 0), ==, whole->run + 1);
  g_assert_cmpint (g_array_index (between->displaced, gint64, 1), ==, whole->run);

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
  g_assert_cmpuint (resumed->displaced->len, ==, 1); /* those of the first are there again */
  g_assert_cmpint (g_array_index (resumed->displaced, gint64, 0), ==, between->run);
  for (guint p = 0; p < 3; p++)
    g_assert_cmpfloat (evaluation_result (resumed, 0, p)->ap, ==, evaluation_result (whole, 0, p)->ap);
}

static void
test_resume (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  options.image_done = evaluation_cancel_after_two;
  options.data = cancellable;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  /* one of the two maps is lost: its image is computed again */
  g_autofree char *file = g_strconcat (dh_dataset_item (fixture->dataset, 0)->stem, ".npy", NULL);
  g_autofree char *lost = g_build_filename (fixture->out, "eval", "scores", file, NULL);
  g_assert_cmpint (g_remove (lost), ==, 0);
  g_autoptr (GPtrArray) before = dh_database_list_run_images (fixture->database, 1, &error);
  g_assert_cmpuint (before->len, >=, 2); /* and what was computed by then */
  g_assert_cmpuint (before->len, <, EVALUATION_IMAGES);

  options.image_done = NULL;
  g_autoptr (DhEvaluation) second = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (second->run, ==, 1);
  g_assert_cmpuint (second->images, ==, EVALUATION_IMAGES);
  g_assert_cmpuint (second->resumed, ==, before->len - 1);

  /* done is done: the next call is a new run, with the same numbers to the last bit */
  g_autoptr (DhEvaluation) third = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (third->run, ==, 2);
  g_assert_cmpuint (third->resumed, ==, 0);
  for (guint p = 0; p < 3; p++)
    {
      g_assert_cmpfloat (evaluation_result (third, 0, p)->ap, ==, evaluation_result (second, 0, p)->ap);
      g_assert_cmpfloat (evaluation_result (third, 0, p)->fpr95, ==, evaluation_result (second, 0, p)->fpr95);
    }
}

/* Another data set's run has written a map of the same name there since. */
static void
test_resume_overwritten (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  options.image_done = evaluation_cancel_after_two;
  options.data = cancellable;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_autoptr (GPtrArray) before = dh_database_list_run_images (fixture->database, 1, &error);
  g_autofree char *file = g_strconcat (dh_dataset_item (fixture->dataset, 0)->stem, ".npy", NULL);
  g_autofree char *other = g_strconcat (dh_dataset_item (fixture->dataset, 1)->stem, ".npy", NULL);
  g_autofree char *from = g_build_filename (fixture->out, "eval", "scores", other, NULL);
  g_autofree char *to = g_build_filename (fixture->out, "eval", "scores", file, NULL);
  g_autoptr (DhTensor) map = dh_npy_load (from, &error);
  g_assert_no_error (error);
  g_assert_true (dh_npy_save (to, map, &error));

  options.image_done = NULL;
  g_autoptr (DhEvaluation) second = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (second->run, ==, 1);
  g_assert_cmpuint (second->resumed, ==, before->len - 1);
  g_autoptr (DhEvaluation) third = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint p = 0; p < 3; p++)
    g_assert_cmpfloat (evaluation_result (third, 0, p)->ap, ==, evaluation_result (second, 0, p)->ap);
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
test_lost (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
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
  g_assert_cmpuint (second->images, ==, EVALUATION_IMAGES);
  g_assert_cmpuint (second->resumed, ==, lost->resumed);
  g_autoptr (DhEvaluation) third = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint p = 0; p < 3; p++)
    g_assert_cmpfloat (evaluation_result (third, 0, p)->ap, ==, evaluation_result (second, 0, p)->ap);
}

/* Memory of the card that is short is no picture's fault: it says how much is needed, and ends. */
static void
test_memory (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  g_assert_null (dh_evaluation_run (&options, NULL, NULL, &error));
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_error (error, DH_ERROR, DH_ERROR_NO_MEMORY);
  g_assert_nonnull (strstr (error->message, "MiB on the card; use a smaller scale"));
  g_clear_error (&error);
  g_autoptr (DhEvaluation) second = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (second->images, ==, EVALUATION_IMAGES);
}
#endif

/* Two evaluations of the same pictures, to the last bit. */
static void
assert_same (EvaluationFixture *fixture, const DhEvaluation *one, const DhEvaluation *other)
{
  g_autoptr (GPtrArray) a = dh_database_list_run_images (fixture->database, one->run, NULL);
  g_autoptr (GPtrArray) b = dh_database_list_run_images (fixture->database, other->run, NULL);
  g_assert_cmpuint (a->len, ==, EVALUATION_IMAGES);
  g_assert_cmpuint (b->len, ==, EVALUATION_IMAGES);
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    {
      const DhRunImageRow *x = a->pdata[i], *y = b->pdata[i];
      g_assert_cmpstr (x->stem, ==, y->stem);
      g_assert_cmpstr (x->state, ==, y->state);
      g_assert_cmpstr (x->why, ==, y->why);
      g_assert_cmpint (x->pixels, ==, y->pixels);
      g_assert_cmpmem (&x->ap, sizeof x->ap, &y->ap, sizeof y->ap);
      g_assert_cmpmem (&x->mean_score, sizeof x->mean_score, &y->mean_score, sizeof y->mean_score);
    }
  for (guint p = 0; p < fixture->protocols->len; p++)
    {
      const DhResult *x = evaluation_result (one, 0, p), *y = evaluation_result (other, 0, p);
      g_assert_cmpmem (&x->ap, sizeof x->ap, &y->ap, sizeof y->ap);
      g_assert_cmpmem (&x->fpr95, sizeof x->fpr95, &y->fpr95, sizeof y->fpr95);
      g_assert_cmpuint (x->images, ==, y->images);
      g_assert_true (!x->components == !y->components);
      if (x->components)
        g_assert_cmpmem (x->components->f1, sizeof x->components->f1, y->components->f1, sizeof y->components->f1);
      for (guint i = 0; x->rows && i < x->images; i++)
        g_assert_cmpstr (x->rows[i].key, ==, y->rows[i].key);
    }
  const DhScoreEvaluation *beside = &g_array_index (one->scores, DhScoreEvaluation, 1),
                          *other_beside = &g_array_index (other->scores, DhScoreEvaluation, 1);
  const double mean = dh_ranking_mean_score (beside->ranking),
               other_mean = dh_ranking_mean_score (other_beside->ranking);
  g_assert_cmpmem (&mean, sizeof mean, &other_mean, sizeof mean);
}

static void
count_done (const DhRunImageRow *row, guint done, guint total, gpointer data)
{
  guint *n = data;
  g_assert_cmpuint (done, ==, ++*n);
  g_assert_cmpuint (total, ==, EVALUATION_IMAGES);
}

/* However many threads read, write and measure: the pictures are committed in their order, one that is broken among
 * them, and the sums have the same bits. */
static void
test_threads (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *broken = g_build_filename (fixture->root, "images", "validation1.png", NULL);
  g_assert_true (g_file_set_contents (broken, "no image", -1, &error));
  DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) one = NULL;
  for (guint threads = 1; threads < 9; threads++)
    {
      guint n = 0;
      options.threads = threads;
      options.image_done = count_done;
      options.data = &n;
      g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (n, ==, EVALUATION_IMAGES);
      g_assert_cmpuint (evaluation->images, ==, EVALUATION_IMAGES - 1);
      if (one)
        assert_same (fixture, one, evaluation);
      else
        one = g_steal_pointer (&evaluation);
    }
}

/* A system that has no thread left: one does it all. */
static void
test_no_threads (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) usual = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  pthread_attr_t before, senseless;
  g_assert_cmpint (pthread_getattr_default_np (&before), ==, 0);
  g_assert_cmpint (pthread_getattr_default_np (&senseless), ==, 0);
  g_assert_cmpint (pthread_attr_setstacksize (&senseless, (gsize)1 << 46), ==, 0);
  g_assert_cmpint (pthread_setattr_default_np (&senseless), ==, 0);
  g_thread_pool_stop_unused_threads ();
  g_autoptr (DhEvaluation) alone = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_cmpint (pthread_setattr_default_np (&before), ==, 0);
  g_assert_no_error (error);
  assert_same (fixture, usual, alone);
}

static void
remove_maps (const DhRunImageRow *row, guint done, guint total, gpointer data)
{
  if (done == total)
    for (guint i = 0; i < 3; i += 2)
      {
        g_autofree char *map = g_strdup_printf ("%s/eval/scores/validation%u.npy", (const char *)data, i);
        g_assert_cmpint (g_remove (map), ==, 0);
      }
}

/* Maps that somebody removes before components are counted are made again. */
static void
test_removed (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) whole = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  options.image_done = remove_maps;
  options.data = fixture->out;
  g_autoptr (DhEvaluation) again = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  assert_same (fixture, whole, again);
  g_assert_cmpfloat (evaluation_result (again, 0, 0)->ap, ==, naive_ap (fixture));
}

static void
test_bad_images (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  evaluation_write_pair (fixture->root, 1, EVALUATION_WIDTH / 2); /* a label of another size */
  g_autofree char *cut = g_build_filename (fixture->root, "images", "validation2.png", NULL);
  g_autofree char *contents = NULL;
  gsize size;
  g_assert_true (g_file_get_contents (cut, &contents, &size, NULL));
  g_assert_true (g_file_set_contents (cut, contents, size / 2, NULL));

  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (evaluation->images, ==, EVALUATION_IMAGES - 2);
  g_assert_cmpuint (evaluation->left_out->len, ==, 2);
  g_autoptr (GPtrArray) rows = dh_database_list_run_images (fixture->database, evaluation->run, &error);
  g_assert_cmpstr (((DhRunImageRow *)rows->pdata[1])->state, ==, "failed");
  g_assert_nonnull (strstr (((DhRunImageRow *)rows->pdata[1])->why, "validation1"));
  g_assert_nonnull (strstr (((DhRunImageRow *)rows->pdata[2])->why, "validation2"));
}

/* What the system refuses to read is left out like what is broken; a map that cannot be written ends the run. */
/* A set without anomalies has no FPR at any recall of them, whatever a rule makes of it. */
static void
test_clean (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *top = g_build_filename (fixture->folder, "clean", NULL);
  g_autofree char *root = g_build_filename (top, "dataset_AnomalyTrack", NULL);
  g_autofree char *images = g_build_filename (root, "images", NULL);
  g_autofree char *masks = g_build_filename (root, "labels_masks", NULL);
  g_mkdir_with_parents (images, 0755);
  g_mkdir_with_parents (masks, 0755);
  for (guint i = 7; i < 9; i++)
    evaluation_write_pair (root, i, EVALUATION_WIDTH);
  g_autoptr (DhDataset) dataset = dh_dataset_open (top, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_ptr_array_add (fixture->protocols, (gpointer)dh_protocol_find ("densehybrid-per-image-as-published", &error));
  DhEvaluationOptions options = evaluation_options (fixture);
  options.dataset = dataset;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  const GPtrArray *results = g_array_index (evaluation->scores, DhScoreEvaluation, 0).results;
  g_assert_cmpuint (results->len, ==, fixture->protocols->len);
  for (guint i = 0; i < results->len; i++)
    {
      const DhResult *result = results->pdata[i];
      g_assert_cmpuint (result->positives, ==, 0);
      g_assert_true (isnan (result->fpr95) && isnan (result->ap) && isnan (result->auroc));
    }
}

static void
test_refused (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  /* folders in their places: root may read whatever its permissions say */
  g_autofree char *image = g_build_filename (fixture->root, "images", "validation1.png", NULL);
  g_autofree char *label = g_build_filename (fixture->root, "labels_masks", "validation2_labels_semantic.png", NULL);
  g_assert_cmpint (g_remove (image) | g_mkdir (image, 0755), ==, 0);
  g_assert_cmpint (g_remove (label) | g_mkdir (label, 0755), ==, 0);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (evaluation->images, ==, EVALUATION_IMAGES - 2);
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
test_errors (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  DhEvaluationOptions options = evaluation_options (fixture);
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
  options = evaluation_options (fixture);
  options.predictor = predictor;
  g_assert_null (dh_evaluation_run (&options, NULL, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_clear_error (&error);
  options.score = DH_MAP_MAX_LOGIT;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (evaluation->images, ==, EVALUATION_IMAGES);
}

static char *
write_part (EvaluationFixture *fixture, const char *name)
{
  char *path = g_build_filename (fixture->out, "eval", name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, "half", -1, NULL));
  return path;
}

/* What a kill has left of maps goes when a run begins there or is taken up. */
static void
test_parts (EvaluationFixture *fixture, gconstpointer data)
{
  static const char *const names[] = {
    "scores/validation0.npy.part-a1B2c3",      "scores/t5/00007.npy.part-ABCDEF",
    "max_softmax/validation1.npy.part-123456", "owner.txt.part-abcdef",
    "scores/validation0.npy.part-a1B2c",       "scores/notes.txt.part-abcdef",
  };
  const guint n_ours = 4;
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  DhEvaluationOptions options = evaluation_options (fixture);
  options.image_done = evaluation_cancel_after_two;
  options.data = cancellable;
  for (guint times = 0; times < 2; times++)
    {
      g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
      for (guint i = 0; i < G_N_ELEMENTS (names); i++)
        g_ptr_array_add (paths, write_part (fixture, names[i]));
      g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, cancellable, NULL, &error);
      if (times == 0)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      else
        g_assert_no_error (error);
      for (guint i = 0; i < paths->len; i++)
        g_assert_cmpint (g_file_test (paths->pdata[i], G_FILE_TEST_EXISTS), ==, i >= n_ours);
      g_clear_error (&error);
      g_cancellable_reset (cancellable);
      options.image_done = NULL;
    }
}

/* Nobody takes up what another one is at. */
static void
test_lock (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
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
  g_assert_cmpuint (evaluation->images, ==, EVALUATION_IMAGES);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/evaluation/whole", NULL, test_whole);
  EVALUATION_TEST ("/evaluation/resume", NULL, test_resume);
  EVALUATION_TEST ("/evaluation/resume-overwritten", NULL, test_resume_overwritten);
#ifdef DH_TEST_CARD
  static const Lost losses[] = {
    { "/evaluation/lost/compile", "wait:1", 0 },        { "/evaluation/lost/fetch-first", "fetch:1", 0 },
    { "/evaluation/lost/replay", "replay:1", 1 },       { "/evaluation/lost/fetch", "fetch:3", 2 },
    { "/evaluation/lost/replay-later", "replay:2", 1 }, { "/evaluation/lost/fetch-last", "fetch:5", 4 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (losses); i++)
    EVALUATION_TEST (losses[i].path, &losses[i], test_lost);
  EVALUATION_TEST ("/evaluation/memory", "alloc:1", test_memory);
#endif
  EVALUATION_TEST ("/evaluation/owner", NULL, test_owner);
  EVALUATION_TEST ("/evaluation/bad-images", NULL, test_bad_images);
  EVALUATION_TEST ("/evaluation/clean", NULL, test_clean);
  EVALUATION_TEST ("/evaluation/refused", NULL, test_refused);
  EVALUATION_TEST ("/evaluation/errors", NULL, test_errors);
  EVALUATION_TEST ("/evaluation/lock", NULL, test_lock);
  EVALUATION_TEST ("/evaluation/parts", NULL, test_parts);
  EVALUATION_TEST ("/evaluation/threads", NULL, test_threads);
  EVALUATION_TEST ("/evaluation/no-threads", NULL, test_no_threads);
  EVALUATION_TEST ("/evaluation/removed", NULL, test_removed);
  return g_test_run ();
}

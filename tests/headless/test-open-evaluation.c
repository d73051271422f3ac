/* Open-set recognition: measured, stopped, taken up, reported. */
#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>
#include "dh-error.h"
#include "dh-open-evaluation.h"
#include "dh-report.h"
#include "dh-scene-tree.h"
#include "evaluation-fixture.h"

/* Generated scenes in StreetHazards' layout: stopped after any picture and taken up, the towns' numbers stay. */
static void
test_open_set (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *scenes = g_build_filename (fixture->folder, "scenes", NULL);
  /* More pictures than are on their way at once on a machine of many processors. */
  DhSceneCounts counts = dh_scene_counts (32);
  counts.test = 20;
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
                                      .image_done = evaluation_cancel_after_two,
                                      .data = cancellable };
  g_assert_null (dh_open_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  options.image_done = NULL;
  g_autoptr (DhOpenEvaluation) second = dh_open_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (second->run, ==, 1);
  g_assert_cmpuint (second->resumed, >=, 2); /* and what was computed by then */
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/open-evaluation/whole", NULL, test_open_set);
  return g_test_run ();
}

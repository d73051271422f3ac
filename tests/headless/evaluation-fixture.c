#include "evaluation-fixture.h"
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include "dh-image.h"

void
evaluation_write_pair (const char *root, guint index, guint label_width)
{
  g_autoptr (GError) error = NULL;
  guint8 rgb[3 * EVALUATION_WIDTH * EVALUATION_HEIGHT];
  guint8 labels[EVALUATION_WIDTH * EVALUATION_HEIGHT] = { 0 };
  guint32 state = 17 + index;
  for (guint i = 0; i < sizeof rgb; i++)
    rgb[i] = (state = state * 1664525u + 1013904223u) >> 24;
  for (guint i = 0; i < sizeof labels; i++)
    labels[i] = index == 3 ? 0 : i % 7 == index ? 1 : i % 11 == 0 ? 255 : 0;
  g_autofree char *image = g_strdup_printf ("%s/images/validation%u.png", root, index);
  g_autofree char *label = g_strdup_printf ("%s/labels_masks/validation%u_labels_semantic.png", root, index);
  g_assert_true (dh_image_write_png (image, EVALUATION_WIDTH, EVALUATION_HEIGHT, 3, rgb, &error));
  g_assert_true (dh_image_write_png (label, label_width, EVALUATION_HEIGHT, 1, labels, &error));
  g_assert_no_error (error);
}

void
evaluation_set_up (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  fixture->folder = g_dir_make_tmp ("dh-evaluation-XXXXXX", NULL);
  fixture->root = g_build_filename (fixture->folder, "dataset_AnomalyTrack", NULL);
  fixture->out = g_build_filename (fixture->folder, "out", NULL);
  g_autofree char *images = g_build_filename (fixture->root, "images", NULL);
  g_autofree char *masks = g_build_filename (fixture->root, "labels_masks", NULL);
  g_mkdir_with_parents (images, 0755);
  g_mkdir_with_parents (masks, 0755);
  for (guint i = 0; i < EVALUATION_IMAGES; i++)
    evaluation_write_pair (fixture->root, i, EVALUATION_WIDTH);
  fixture->dataset = dh_dataset_open (fixture->folder, NULL, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dh_dataset_size (fixture->dataset), ==, EVALUATION_IMAGES);
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

void
evaluation_tear_down (EvaluationFixture *fixture, gconstpointer data)
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

DhEvaluationOptions
evaluation_options (EvaluationFixture *fixture)
{
  return (DhEvaluationOptions){ .dataset = fixture->dataset,
                                .predictor = fixture->predictor,
                                .database = fixture->database,
                                .folder = fixture->out,
                                .threads = 1,
                                .score = DH_MAP_HYBRID,
                                .more_scores = DH_MAP_BIT (DH_MAP_MAX_SOFTMAX),
                                .protocols = (const DhProtocol *const *)fixture->protocols->pdata,
                                .n_protocols = fixture->protocols->len,
                                .metric_options = { .min_prediction = 3, .min_anomaly = 1 } };
}

const DhResult *
evaluation_result (const DhEvaluation *evaluation, guint score, guint protocol)
{
  return g_array_index (evaluation->scores, DhScoreEvaluation, score).results->pdata[protocol];
}

void
evaluation_cancel_after_two (const DhRunImageRow *row, guint done, guint total, gpointer data)
{
  if (done == 2)
    g_cancellable_cancel (data);
}

void
evaluation_assert_has (const char *text, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *sought = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (!strstr (text, sought))
    g_error ("\"%s\" is not in:\n%s", sought, text);
}

/* Pictures that are made smaller or cut into tiles before they are computed. */
#include <string.h>

#include "dh-error.h"
#include "dh-reduction.h"
#include "evaluation-fixture.h"

static void
test_names (void)
{
  static const struct
  {
    DhReduction reduction;
    const char *name;
  } cases[] = { { { 1, 0 }, "f32" },
                { { 0.5, 0 }, "f32-scale0.5" },
                { { 1, 512 }, "f32-tile512" },
                { { 0.25, 256 }, "f32-scale0.25-tile256" } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = dh_reduction_name (&cases[i].reduction, "f32");
      g_assert_cmpstr (name, ==, cases[i].name);
      g_assert_cmpint (dh_reduction_is_none (&cases[i].reduction), ==, i == 0);
    }
}

/* Whole, the same bits; half as large, the maps of the small picture at the size of the large one. */
static void
test_maps (EvaluationFixture *fixture, gconstpointer data)
{
  const DhReduction none = { 1, 0 }, half = { 0.75, 0 };
  const guint maps = DH_MAP_BIT (DH_MAP_HYBRID) | DH_MAP_BIT (DH_MAP_SEGMENTATION);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhImage) image = dh_dataset_load_image (fixture->dataset, 0, &error);
  g_autoptr (DhPrediction) whole = dh_predictor_run (fixture->predictor, image, maps, NULL, NULL, &error);
  g_autoptr (DhPrediction) same = dh_reduction_run (&none, fixture->predictor, image, maps, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (dh_tensor_data (same->maps[DH_MAP_HYBRID]), dh_tensor_size_bytes (same->maps[DH_MAP_HYBRID]),
                   dh_tensor_data (whole->maps[DH_MAP_HYBRID]), dh_tensor_size_bytes (whole->maps[DH_MAP_HYBRID]));

  g_autoptr (DhImage) small = dh_image_resize_bilinear (image, 48, 36, FALSE);
  g_autoptr (DhPrediction) little = dh_predictor_run (fixture->predictor, small, maps, NULL, NULL, &error);
  g_autoptr (DhPrediction) back = dh_reduction_run (&half, fixture->predictor, image, maps, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (back->width, ==, EVALUATION_WIDTH);
  g_autofree float *wanted = g_new (float, EVALUATION_WIDTH *EVALUATION_HEIGHT);
  dh_resize_bilinear_f32 (dh_tensor_f32 (little->maps[DH_MAP_HYBRID]), 48, 36, 1, wanted, EVALUATION_WIDTH,
                          EVALUATION_HEIGHT, FALSE);
  g_assert_cmpmem (dh_tensor_data (back->maps[DH_MAP_HYBRID]), dh_tensor_size_bytes (back->maps[DH_MAP_HYBRID]), wanted,
                   sizeof (float) * EVALUATION_WIDTH * EVALUATION_HEIGHT);
  const guint8 *classes = dh_tensor_data (back->maps[DH_MAP_SEGMENTATION]);
  const guint8 *few = dh_tensor_data (little->maps[DH_MAP_SEGMENTATION]);
  for (guint y = 0; y < EVALUATION_HEIGHT; y++)
    for (guint x = 0; x < EVALUATION_WIDTH; x++)
      g_assert_cmpuint (classes[y * EVALUATION_WIDTH + x], ==, few[y * 3 / 4 * 48 + x * 3 / 4]);
  g_assert_null (dh_reduction_run (&half, fixture->predictor, image, DH_MAP_BIT (DH_MAP_LOGITS), NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED);
}

/* The run says so, and what was begun in one way is not taken up in another. */
static void
test_run (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhReduction reduction = { 0.75, 0 };
  DhEvaluationOptions options = evaluation_options (fixture), whole = options;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  options.reduction = &reduction;
  options.image_done = evaluation_cancel_after_two;
  options.data = cancellable;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  options.image_done = NULL;
  g_autoptr (DhEvaluation) resumed = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (resumed->resumed, >=, 2);
  g_assert_cmpuint (resumed->images, ==, EVALUATION_IMAGES);
  g_autoptr (DhRunRow) row = dh_database_get_run (fixture->database, resumed->run, &error);
  g_assert_cmpstr (row->precision, ==, "f32-scale0.75");
  g_autoptr (GPtrArray) images = dh_database_list_run_images (fixture->database, resumed->run, &error);
  g_assert_cmpint (((DhRunImageRow *)images->pdata[0])->width, ==, EVALUATION_WIDTH);

  g_cancellable_reset (cancellable);
  options.image_done = evaluation_cancel_after_two;
  g_assert_null (dh_evaluation_run (&options, cancellable, NULL, &error));
  g_clear_error (&error);
  g_autoptr (DhEvaluation) other = dh_evaluation_run (&whole, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (other->resumed, ==, 0);
  g_assert_cmpfloat (evaluation_result (other, 0, 0)->ap, !=, evaluation_result (resumed, 0, 0)->ap);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reduction/names", test_names);
  EVALUATION_TEST ("/reduction/maps", NULL, test_maps);
  EVALUATION_TEST ("/reduction/run", NULL, test_run);
  return g_test_run ();
}

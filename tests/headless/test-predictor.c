#include <string.h>

#include "dh-error.h"
#include "dh-machine.h"
#include "dh-nets.h"
#include "dh-predictor.h"
#include "dh-tiles.h"

#define ALL_MAPS ((1u << DH_N_MAPS) - 1)

static DhPredictor *
new_predictor (const char *architecture, double gain)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = dh_model_new_seeded (architecture, 5, 1, gain, &error);
  g_assert_no_error (error);
  DhPredictor *predictor = dh_predictor_new (model, "ref", DH_PRECISION_F32, 1, &error);
  g_assert_no_error (error);
  return predictor;
}

static DhImage *
new_image (guint width, guint height)
{
  DhImage *image = dh_image_new (width, height);
  for (gsize i = 0; i < (gsize)3 * width * height; i++)
    image->rgb[i] = (guint8)(i * 31 % 251);
  return image;
}

/* Picture → planes → maps says the same as the plan on the same planes. */
static void
test_maps (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhPredictor) predictor = new_predictor ("ldn-tiny", 1);
  g_autoptr (DhImage) image = new_image (57, 40);
  g_autoptr (DhPrediction) prediction = dh_predictor_run (predictor, image, ALL_MAPS, NULL, NULL, &error);
  g_assert_no_error (error);
  const gsize area = 57 * 40;
  gpointer outputs[DH_N_MAPS];
  g_autofree float *planes = g_new (float, 3 * area);
  for (gsize i = 0; i < 3 * area; i++)
    planes[i] = image->rgb[i % area * 3 + i / area] / 255.0f;
  for (guint map = 0; map < DH_N_MAPS; map++)
    outputs[map] = g_new (float, 5 * area);
  DhPlan *plan = dh_predictor_get_plan (predictor, 57, 40, ALL_MAPS, NULL, &error);
  g_assert_true (dh_plan_run (plan, planes, outputs, NULL, NULL, &error));
  for (guint map = 0; map < DH_N_MAPS; map++)
    {
      const DhTensor *tensor = prediction->maps[map];
      const gboolean whole = map == DH_MAP_LOGITS || map == DH_MAP_LOGITS_OOD;
      g_assert_cmpuint (tensor->n_dims, ==, whole ? 3 : 2);
      g_assert_cmpint (tensor->dims[tensor->n_dims - 2], ==, 40);
      g_assert_cmpint (tensor->dims[tensor->n_dims - 1], ==, 57);
      g_assert_cmpint (tensor->dtype, ==, map == DH_MAP_SEGMENTATION ? DH_DTYPE_U8 : DH_DTYPE_F32);
      g_assert_cmpmem (dh_tensor_data (tensor), dh_tensor_size_bytes (tensor), outputs[map],
                       dh_tensor_size_bytes (tensor));
      g_assert_cmpuint (prediction->non_finite[map], ==, 0);
      g_free (outputs[map]);
    }
  g_assert_cmpint (prediction->maps[DH_MAP_LOGITS]->dims[0], ==, 5);
}

static void
test_closed (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhPredictor) predictor = new_predictor ("dlv3p-tiny-closed", 0.7);
  g_autoptr (DhImage) image = new_image (40, 40);
  g_autoptr (DhPrediction) prediction = dh_predictor_run (predictor, image, ALL_MAPS, NULL, NULL, &error);
  g_assert_no_error (error);
  for (guint map = 0; map < DH_N_MAPS; map++)
    g_assert_true ((prediction->maps[map] == NULL) == dh_map_needs_ood (map));
  /* Nothing to do is no error. */
  g_autoptr (DhPrediction) none = dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_null (none->maps[DH_MAP_HYBRID]);
}

static void
count_progress (guint64 done, guint64 total, const char *what, gpointer data)
{
  guint64 *last = data;
  g_assert_cmpuint (done, >=, *last);
  g_assert_cmpuint (done, <=, total);
  *last = done;
}

/* Each pixel has what its tile's own picture gives: tiles at 0, 192 and 384 of 640, at 0 and 44 of 300, which end where
 * the middle of their overlap is. */
static void
test_tiles (void)
{
  static const guint xs[] = { 0, 192, 384 }, right[] = { 224, 416, 640 }, ys[] = { 0, 44 }, bottom[] = { 150, 300 };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhPredictor) predictor = new_predictor ("ldn-tiny", 1);
  g_autoptr (DhImage) image = new_image (640, 300);
  guint64 last = 0;
  const DhProgress progress = { count_progress, &last };
  g_autoptr (DhPrediction) tiled = dh_predictor_run_tiles (predictor, image, 256, ALL_MAPS, NULL, &progress, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (tiled->width, ==, 640);
  g_assert_cmpuint (tiled->height, ==, 300);
  g_assert_cmpuint (last, >, 0);
  for (guint t = 0; t < 6; t++)
    {
      const guint i = t % 3, j = t / 3;
      g_autoptr (DhImage) part = dh_image_new (256, 256);
      for (guint y = 0; y < 256; y++)
        memcpy (part->rgb + 3 * 256 * y, image->rgb + 3 * (640 * (ys[j] + y) + xs[i]), 3 * 256);
      g_autoptr (DhPrediction) alone = dh_predictor_run (predictor, part, ALL_MAPS, NULL, NULL, &error);
      g_assert_no_error (error);
      for (guint map = 0; map < DH_N_MAPS; map++)
        {
          const DhTensor *whole = tiled->maps[map], *piece = alone->maps[map];
          g_assert_cmpuint (tiled->non_finite[map], ==, 0);
          const gsize size = dh_dtype_size (whole->dtype), planes = whole->n_dims == 3 ? whole->dims[0] : 1;
          for (gsize plane = 0; plane < planes; plane++)
            for (guint y = j > 0 ? bottom[j - 1] : 0; y < bottom[j]; y++)
              {
                const guint left = i > 0 ? right[i - 1] : 0;
                const char *a = (const char *)dh_tensor_data (whole) + size * ((plane * 300 + y) * 640 + left);
                const char *b =
                    (const char *)dh_tensor_data (piece) + size * ((plane * 256 + y - ys[j]) * 256 + left - xs[i]);
                g_assert_cmpmem (a, size * (right[i] - left), b, size * (right[i] - left));
              }
        }
    }

  /* A picture no larger than a tile is one; a pixel more makes two. */
  g_autoptr (DhImage) small = new_image (256, 90), odd = new_image (257, 256);
  g_autoptr (DhPrediction) one = dh_predictor_run_tiles (predictor, small, 256, ALL_MAPS, NULL, NULL, &error);
  g_autoptr (DhPrediction) same = dh_predictor_run (predictor, small, ALL_MAPS, NULL, NULL, &error);
  for (guint map = 0; map < DH_N_MAPS; map++)
    g_assert_cmpmem (dh_tensor_data (one->maps[map]), dh_tensor_size_bytes (one->maps[map]),
                     dh_tensor_data (same->maps[map]), dh_tensor_size_bytes (same->maps[map]));
  g_autoptr (DhPrediction) two = dh_predictor_run_tiles (predictor, odd, 256, ALL_MAPS, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (two->maps[DH_MAP_HYBRID]->dims[1], ==, 257);

  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  g_assert_null (dh_predictor_run_tiles (predictor, image, 256, ALL_MAPS, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* Plans are kept by size and maps; the fifth drives out the one not used for longest. */
static void
test_plans (void)
{
  g_autoptr (DhPredictor) predictor = new_predictor ("ldn-tiny", 1);
  const guint maps = DH_MAP_BIT (DH_MAP_HYBRID);
  DhPlan *first = dh_plan_ref (dh_predictor_get_plan (predictor, 40, 32, maps, NULL, NULL));
  DhPlan *second = dh_plan_ref (dh_predictor_get_plan (predictor, 32, 40, maps, NULL, NULL));
  g_assert_true (first != second);
  g_assert_true (dh_predictor_get_plan (predictor, 40, 32, maps, NULL, NULL) == first);
  g_assert_true (dh_predictor_get_plan (predictor, 40, 32, ALL_MAPS, NULL, NULL) != first);
  dh_predictor_get_plan (predictor, 41, 32, maps, NULL, NULL);
  dh_predictor_get_plan (predictor, 40, 32, maps, NULL, NULL);
  dh_predictor_get_plan (predictor, 42, 32, maps, NULL, NULL);
  g_assert_true (dh_predictor_get_plan (predictor, 40, 32, maps, NULL, NULL) == first);
  g_assert_true (dh_predictor_get_plan (predictor, 32, 40, maps, NULL, NULL) != second);
  dh_plan_unref (first);
  dh_plan_unref (second);
}

static void
assert_refused (DhPredictor *predictor, guint width, guint height, gint code, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_predictor_get_plan (predictor, width, height, ALL_MAPS, NULL, &error));
  g_assert_error (error, DH_ERROR, code);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_refused (void)
{
  g_autoptr (DhPredictor) predictor = new_predictor ("ldn121", 1);
  assert_refused (predictor, 31, 64, DH_ERROR_UNSUPPORTED, "31×64");
  assert_refused (predictor, 64, 31, DH_ERROR_UNSUPPORTED, "64×31");
  assert_refused (predictor, 32768, 32768, DH_ERROR_TOO_LARGE, "use a smaller scale");
  assert_refused (predictor, 32769, 64, DH_ERROR_TOO_LARGE, "32768 a side");
  /* Within the limits of a picture, but not of this machine's memory; the estimate is said. */
  if (dh_predictor_estimate (predictor, 32768, 6000, ALL_MAPS) > dh_machine_memory ())
    assert_refused (predictor, 32768, 6000, DH_ERROR_TOO_LARGE, "iB of memory with ldn121");
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-tiny", 5, 1, 1, NULL);
  g_assert_null (dh_predictor_new (model, "ref", DH_PRECISION_F16, 1, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_null (dh_predictor_new (model, "abacus", DH_PRECISION_F32, 1, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
}

/* Weights that overflow: every pixel is counted, and nothing else happens. */
static void
test_non_finite (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhPredictor) predictor = new_predictor ("ldn-tiny", 1e30);
  g_autoptr (DhImage) image = new_image (40, 33);
  g_autoptr (DhPrediction) prediction = dh_predictor_run (predictor, image, ALL_MAPS, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (prediction->non_finite[DH_MAP_HYBRID], ==, 40 * 33);
  g_assert_cmpuint (prediction->non_finite[DH_MAP_LOGITS_OOD], >, 0);
  g_assert_cmpuint (prediction->non_finite[DH_MAP_SEGMENTATION], ==, 0);
}

static void
test_cancelled (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (DhPredictor) predictor = new_predictor ("ldn-tiny", 1);
  g_autoptr (DhImage) image = new_image (40, 33);
  g_cancellable_cancel (cancellable);
  g_assert_null (dh_predictor_run (predictor, image, ALL_MAPS, cancellable, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/predictor/maps", test_maps);
  g_test_add_func ("/predictor/closed", test_closed);
  g_test_add_func ("/predictor/tiles", test_tiles);
  g_test_add_func ("/predictor/plans", test_plans);
  g_test_add_func ("/predictor/refused", test_refused);
  g_test_add_func ("/predictor/non-finite", test_non_finite);
  g_test_add_func ("/predictor/cancelled", test_cancelled);
  return g_test_run ();
}

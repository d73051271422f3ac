#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-predictor.h"
#include "emulated-net.h"

/* The cuda device's host side on the emulated card: every allocation and every call fails once, the card is lost, and
 * the precisions stay near float32. */

/* The n-th allocation fails, for every n; the card stays usable, and says how much was needed. */
static void
test_memory (EmulatedNet *fixture, gconstpointer data)
{
  const char *what = data;
  guint failures = 0;
  for (guint n = 1; n < 100; n++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *fail = g_strdup_printf ("%s:%u", what, n);
      g_autoptr (DhDevice) device = emulated_open_card ();
      g_setenv ("DH_EMULATED_FAIL", fail, TRUE);
      g_autoptr (DhPlan) plan = emulated_net_plan (fixture, device, DH_PRECISION_F16, &error);
      g_unsetenv ("DH_EMULATED_FAIL");
      if (plan)
        {
          g_assert_no_error (error);
          break;
        }
      g_assert_error (error, DH_ERROR, DH_ERROR_NO_MEMORY);
      g_assert_nonnull (strstr (error->message, "This image needs about "));
      g_assert_nonnull (strstr (error->message, "MiB on the card; use a smaller scale"));
      g_clear_error (&error);
      failures++;
      g_autoptr (DhPlan) again = emulated_net_plan (fixture, device, DH_PRECISION_F16, &error);
      g_assert_no_error (error);
      g_assert_true (emulated_net_run (fixture, again, &error));
    }
  g_assert_cmpuint (failures, >, 0);
}

/* A lost card: an error once, and the same answer from then on, without a call to the card. */
static void
test_lost (EmulatedNet *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = emulated_net_plan (fixture, device, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 3; i++)
    g_assert_true (emulated_net_run (fixture, plan, NULL));
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (emulated_net_run (fixture, plan, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
      g_assert_nonnull (strstr (error->message, "lost"));
      g_assert_true (i == 0 || strstr (error->message, "open it again"));
      g_clear_error (&error);
    }
  g_assert_null (emulated_net_plan (fixture, device, DH_PRECISION_F32, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_clear_error (&error);
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhDevice) fresh = emulated_open_card ();
  g_autoptr (DhPlan) other = emulated_net_plan (fixture, fresh, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  g_assert_true (emulated_net_run (fixture, other, &error));
}

static void
test_lost_in_compile (EmulatedNet *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  g_assert_null (emulated_net_plan (fixture, device, DH_PRECISION_BF16, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
}

/* What loses the card is left out and the plan made all the same; where the card does not open again, it is said what
 * to do. */
static void
test_left_out (EmulatedNet *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_setenv ("DH_EMULATED_FAIL", "engine:5", TRUE);
  g_autoptr (DhPlan) plan = emulated_net_plan (fixture, device, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  g_autoptr (DhDevice) other = emulated_open_card ();
  g_setenv ("DH_EMULATED_STAYS", "1", TRUE);
  g_setenv ("DH_EMULATED_FAIL", "engine:6", TRUE);
  g_assert_null (emulated_net_plan (fixture, other, DH_PRECISION_F32, &error));
  g_unsetenv ("DH_EMULATED_STAYS");
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message,
                            "the card was lost in engine. the card does not open. What it was lost with "
                            "is left out then"));
}

/* The predictor opens a lost card again, says so, and goes on. */
static void
test_predictor (void)
{
  g_autoptr (GError) error = NULL;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-tiny", 5, 1, 1, &error);
  g_autoptr (DhPredictor) predictor = dh_predictor_new (model, "cuda", DH_PRECISION_F32, 1, &error);
  g_autoptr (DhImage) image = dh_image_new (64, 48);
  memset (image->rgb, 77, 3 * 64 * 48);
  g_assert_no_error (error);
  DhDevice *device = dh_predictor_device (predictor);
  g_autoptr (DhPrediction) first = dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error);
  g_assert_no_error (error);
  static const char *const faults[] = { "wait:1", "copy:1", "conv:1" };
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      /* Of another size each time: compiling fails too. */
      g_autoptr (DhImage) other = dh_image_new (40 + 8 * i, 40);
      memset (other->rgb, 7, (gsize)3 * other->width * other->height);
      g_setenv ("DH_EMULATED_FAIL", faults[i], TRUE);
      g_assert_null (dh_predictor_run (predictor, other, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
      g_clear_error (&error);
      g_unsetenv ("DH_EMULATED_FAIL");
      g_autoptr (DhPrediction) again =
          dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error);
      g_assert_no_error (error);
      g_assert_true (dh_predictor_device (predictor) == device);
      g_assert_cmpmem (dh_tensor_data (again->maps[DH_MAP_HYBRID]), 64 * 48 * 4,
                       dh_tensor_data (first->maps[DH_MAP_HYBRID]), 64 * 48 * 4);
    }
  g_setenv ("DH_EMULATED_FAIL", "wait:1", TRUE);
  g_assert_null (dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error));
  g_assert_nonnull (strstr (error->message, "opened again"));
  g_unsetenv ("DH_EMULATED_FAIL");
}

/* What is foretold before a run is what the plan takes, but for workspace and rounding to chunks. */
static void
test_estimate (EmulatedNet *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = emulated_net_plan (fixture, device, DH_PRECISION_F16, &error);
  const DhPlanOptions options = { .input = { 1, 3, EMULATED_NET_HEIGHT, EMULATED_NET_WIDTH },
                                  .precision = DH_PRECISION_F16,
                                  .outputs = &fixture->net->maps[DH_MAP_HYBRID],
                                  .n_outputs = 1 };
  const guint64 guess = dh_device_estimate (device, fixture->net->graph, &options), taken = dh_plan_memory (plan);
  g_test_message ("%.2f MiB foretold, %.2f taken", guess / 1048576.0, taken / 1048576.0);
  g_assert_cmpuint (guess, <=, taken);
  g_assert_cmpuint (taken, <=, guess + ((guint64)9 << 20));
}

/* A picture that the card has no room for is refused before it is begun, with what it needs and what to do; kept plans
 * make room first. */
static void
test_too_large (void)
{
  g_autoptr (GError) error = NULL;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-tiny", 5, 1, 1, &error);
  g_autoptr (DhPredictor) predictor = dh_predictor_new (model, "cuda", DH_PRECISION_F32, 1, &error);
  const guint maps = DH_MAP_BIT (DH_MAP_HYBRID);
  g_assert_nonnull (dh_predictor_get_plan (predictor, 96, 64, maps, NULL, &error));
  g_assert_no_error (error);
  g_setenv ("DH_EMULATED_MIB", "16", TRUE);
  g_assert_null (dh_predictor_get_plan (predictor, 1024, 1024, maps, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, "iB"));
  g_assert_nonnull (strstr (error->message, " can be had"));
  g_clear_error (&error);
  g_unsetenv ("DH_EMULATED_MIB");
  g_assert_nonnull (dh_predictor_get_plan (predictor, 128, 128, maps, NULL, &error));
  g_assert_no_error (error);
}

/* A side beyond what kernels count in 32 bits is refused before anything is taken. */
static void
test_too_long (void)
{
  g_autoptr (GError) error = NULL;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhDevice) device = dh_device_open ("cuda", 1, &error);
  g_assert_no_error (error);
  DhGraph *graph = dh_graph_new ();
  const DhValue x = dh_graph_input (graph, 3), y = dh_graph_adaptive_pool (graph, x, 2, FALSE);
  g_autoptr (DhTensorDict) none = dh_tensor_dict_new ();
  for (gint w = 32768; w <= 32769; w++)
    {
      const DhPlanOptions options = { .input = { 1, 3, 2, w }, .outputs = &y, .n_outputs = 1 };
      g_autoptr (DhPlan) plan = dh_plan_new (device, graph, none, &options, &error);
      g_assert_true ((plan != NULL) == (w == 32768));
    }
  g_assert_error (error, DH_ERROR, DH_ERROR_TOO_LARGE);
  g_assert_nonnull (strstr (error->message, "32769×2"));
  dh_graph_unref (graph);
}

/* Pictures that overlap give what they give one by one; a card that is lost meanwhile is opened again. */
static void
test_predictor_overlap (void)
{
  enum
  {
    RUNS = 5
  };
  g_autoptr (GError) error = NULL;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-tiny", 5, 1, 1, &error);
  g_autoptr (DhPredictor) predictor = dh_predictor_new (model, "cuda", DH_PRECISION_F16, 1, &error);
  const guint maps = DH_MAP_BIT (DH_MAP_HYBRID) | DH_MAP_BIT (DH_MAP_SEGMENTATION);
  DhImage *images[RUNS];
  DhPrediction *expected[RUNS];
  for (guint i = 0; i < RUNS; i++)
    {
      images[i] = dh_image_new (64, 48);
      memset (images[i]->rgb, 40 * (gint)i, 3 * 64 * 48);
      images[i]->rgb[100] = 255;
      g_assert_true (dh_predictor_can_begin (predictor, images[i], maps) == (i > 0));
      expected[i] = dh_predictor_run (predictor, images[i], maps, NULL, NULL, &error);
      g_assert_no_error (error);
    }
  for (guint i = 0; i <= RUNS; i++)
    {
      if (i < RUNS)
        g_assert_true (dh_predictor_begin (predictor, images[i], maps, &error));
      if (i == 0)
        continue;
      g_autoptr (DhPrediction) found = dh_predictor_end (predictor, &error);
      g_assert_no_error (error);
      for (DhMap map = 0; map < DH_N_MAPS; map++)
        if (maps & DH_MAP_BIT (map))
          g_assert_cmpmem (dh_tensor_data (found->maps[map]), dh_tensor_size_bytes (found->maps[map]),
                           dh_tensor_data (expected[i - 1]->maps[map]),
                           dh_tensor_size_bytes (expected[i - 1]->maps[map]));
    }
  g_assert_true (dh_predictor_begin (predictor, images[0], maps, &error));
  g_assert_true (dh_predictor_begin (predictor, images[1], maps, &error));
  g_assert_false (dh_predictor_can_begin (predictor, images[2], maps));
  g_setenv ("DH_EMULATED_FAIL", "wait:1", TRUE);
  g_assert_null (dh_predictor_end (predictor, &error));
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_nonnull (strstr (error->message, "opened again"));
  g_clear_error (&error);
  g_autoptr (DhPrediction) again = dh_predictor_run (predictor, images[0], maps, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (dh_predictor_begin (predictor, images[0], maps, &error)); /* and freed in flight */
  for (guint i = 0; i < RUNS; i++)
    {
      dh_image_unref (images[i]);
      dh_prediction_free (expected[i]);
    }
}

/* Freed while runs are in flight. */
static void
test_in_flight (EmulatedNet *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhPlan) plan = emulated_net_plan (fixture, device, DH_PRECISION_F32, &error);
  for (guint i = 0; i < 2; i++)
    g_assert_true (dh_plan_begin (plan, fixture->input, (gpointer[]){ fixture->map }, &error));
}

/* Maps come down once, straight into the memory that whoever asked for them holds; it is used again when they let go,
 * and stays theirs when the card is lost and when it is closed. */
static void
test_down (void)
{
  g_autoptr (GError) error = NULL;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-tiny", 5, 1, 1, &error);
  DhPredictor *predictor = dh_predictor_new (model, "cuda", DH_PRECISION_F16, 1, &error);
  g_autoptr (DhImage) image = dh_image_new (64, 48);
  memset (image->rgb, 77, 3 * 64 * 48);
  g_setenv ("DH_EMULATED_DOWN", "pinned", TRUE);
  g_autoptr (DhPrediction) first = dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error);
  g_assert_no_error (error);
  GBytes *map = first->maps[DH_MAP_HYBRID]->bytes;
  g_autofree char *address = g_strdup_printf ("%p", g_bytes_get_data (map, NULL));
  g_assert_cmpstr (g_getenv ("DH_EMULATED_DOWN"), ==, address);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (DhPrediction) next = dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, NULL);
      g_assert_cmpstr (g_getenv ("DH_EMULATED_DOWN"), !=, address);
      if (i == 0)
        continue;
      /* The block that came back is what the next one gets. */
      g_autofree char *again = g_strdup_printf ("%p", dh_tensor_data (next->maps[DH_MAP_HYBRID]));
      g_assert_cmpstr (g_getenv ("DH_EMULATED_DOWN"), ==, again);
    }
  g_autofree gpointer kept = g_memdup2 (g_bytes_get_data (map, NULL), g_bytes_get_size (map));
  g_setenv ("DH_EMULATED_FAIL", "wait:1", TRUE);
  g_assert_null (dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error));
  g_assert_nonnull (strstr (error->message, "opened again"));
  g_clear_error (&error);
  g_unsetenv ("DH_EMULATED_FAIL");
  g_autoptr (DhPrediction) last = dh_predictor_run (predictor, image, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error);
  g_assert_no_error (error);
  g_unsetenv ("DH_EMULATED_DOWN");
  /* Memory that cannot be pinned serves as well. */
  g_autoptr (DhImage) other = dh_image_new (80, 48);
  memset (other->rgb, 77, 3 * 80 * 48);
  g_setenv ("DH_EMULATED_FAIL", "pin:1", TRUE);
  g_autoptr (DhPrediction) plain = dh_predictor_run (predictor, other, DH_MAP_BIT (DH_MAP_HYBRID), NULL, NULL, &error);
  g_assert_no_error (error);
  g_unsetenv ("DH_EMULATED_FAIL");
  dh_predictor_free (predictor);
  g_assert_cmpmem (kept, g_bytes_get_size (map), g_bytes_get_data (map, NULL), g_bytes_get_size (map));
  g_assert_cmpmem (kept, g_bytes_get_size (map), dh_tensor_data (last->maps[DH_MAP_HYBRID]), g_bytes_get_size (map));
}

/* Largest error of a precision over the range of the float32 map. */
static double
error_of (EmulatedNet *fixture, DhDevice *device, DhPrecision precision, const float *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhPlan) plan = emulated_net_plan (fixture, device, precision, &error);
  g_assert_no_error (error);
  g_assert_true (emulated_net_run (fixture, plan, &error));
  double low = INFINITY, high = -INFINITY, worst = 0;
  for (guint i = 0; i < EMULATED_NET_AREA; i++)
    {
      low = fmin (low, expected[i]);
      high = fmax (high, expected[i]);
      worst = fmax (worst, fabs (fixture->map[i] - expected[i]));
    }
  return worst / (high - low);
}

static void
test_precisions (EmulatedNet *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card (), ref = dh_device_open ("ref", 0, NULL);
  g_autoptr (DhPlan) plan = emulated_net_plan (fixture, ref, DH_PRECISION_F32, &error);
  g_assert_true (emulated_net_run (fixture, plan, &error));
  g_autofree float *expected = g_memdup2 (fixture->map, EMULATED_NET_AREA * sizeof (float));
  if (data)
    g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  static const struct
  {
    DhPrecision precision;
    double bound;
  } bounds[] = { { DH_PRECISION_F32, 2e-5 }, { DH_PRECISION_F16, 2e-2 }, { DH_PRECISION_BF16, 1e-1 } };
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      const double worst = error_of (fixture, device, bounds[i].precision, expected);
      g_test_message ("%s: %.2g of the range", dh_precision_name (bounds[i].precision), worst);
      g_assert_cmpfloat (worst, <=, bounds[i].bound);
      g_assert_cmpfloat (worst, >, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, test) g_test_add (path, EmulatedNet, data, emulated_net_set_up, test, emulated_net_tear_down)
  ADD ("/cuda/memory/card", "alloc", test_memory);
  ADD ("/cuda/memory/pinned", "pinned", test_memory);
  ADD ("/cuda/lost/copy", "replay:1", test_lost);
  ADD ("/cuda/lost/wait", "wait:1", test_lost);
  ADD ("/cuda/lost/upload", "copy:1", test_lost_in_compile);
  ADD ("/cuda/lost/choice", "conv:1", test_lost_in_compile);
  ADD ("/cuda/lost/left-out", NULL, test_left_out);
  ADD ("/cuda/precisions/fused", NULL, test_precisions);
  ADD ("/cuda/precisions/bare", "fused", test_precisions);
  ADD ("/cuda/precisions/apart", "unfused", test_precisions);
  ADD ("/cuda/estimate", NULL, test_estimate);
  ADD ("/cuda/in-flight", NULL, test_in_flight);
#undef ADD
  g_test_add_func ("/cuda/predictor", test_predictor);
  g_test_add_func ("/cuda/predictor/overlap", test_predictor_overlap);
  g_test_add_func ("/cuda/predictor/too-large", test_too_large);
  g_test_add_func ("/cuda/too-long", test_too_long);
  g_test_add_func ("/cuda/predictor/down", test_down);
  return g_test_run ();
}

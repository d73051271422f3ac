#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dh-device.h"
#include "dh-nets.h"
#include "golden.h"

/* Both networks, whole, against PyTorch in float64: test-forward NETWORK DEVICE [PRECISION]. */

static const char *network, *device_name;
static DhPrecision precision = DH_PRECISION_F32;

/* Float32 devices stay within this share of the largest absolute value. */
#define TOLERANCE 2e-5
/* In bfloat16, whose numbers have 8 bits; the largest measured is 1.5e-2, of the dataset posterior. */
#define TOLERANCE_BF16 3e-2

/* 1×1 convolutions of 8 bits, the rest in bfloat16, ranges of this very picture; the largest measured is 3.8e-2, of the
 * dataset posterior. */
#define TOLERANCE_INT8 6e-2

static double
tolerance (void)
{
  return precision == DH_PRECISION_INT8 ? TOLERANCE_INT8 : precision == DH_PRECISION_BF16 ? TOLERANCE_BF16 : TOLERANCE;
}

static double
largest (const DhTensor *tensor)
{
  double largest = 0;
  for (gint64 i = 0; i < dh_tensor_count (tensor); i++)
    largest = fmax (largest, fabs (dh_tensor_f32 (tensor)[i]));
  return largest;
}

static void
check_values (const char *what, const DhTensor *expected, const float *found)
{
  const double scale = largest (expected);
  double worst = 0;
  for (gint64 i = 0; i < dh_tensor_count (expected); i++)
    {
      const double error = fabs ((double)found[i] - dh_tensor_f32 (expected)[i]);
      g_assert_true (isfinite (error));
      worst = fmax (worst, error);
    }
  g_test_message ("%s: largest error %.2g of the largest value %.4g", what, worst / scale, scale);
  if (worst > tolerance () * scale)
    {
      g_test_message ("%s is wrong", what);
      g_test_fail ();
    }
}

/* Equal wherever the two best logits differ by more than the tolerance. */
static void
check_segmentation (const DhTensor *expected, const DhTensor *logits, const guint8 *found)
{
  const guint8 *classes = dh_tensor_data (expected);
  const float *f = dh_tensor_f32 (logits);
  const gint64 k = logits->dims[1], area = logits->dims[2] * logits->dims[3];
  const double margin = tolerance () * largest (logits);
  for (gint64 i = 0; i < dh_tensor_count (expected); i++)
    {
      const float *pixel = f + i / area * k * area + i % area;
      double best = -INFINITY, second = -INFINITY;
      for (gint64 c = 0; c < k; c++)
        {
          const double v = pixel[c * area];
          second = v > best ? best : fmax (second, v);
          best = fmax (best, v);
        }
      if (best - second > margin)
        g_assert_cmpint (found[i], ==, classes[i]);
    }
}

/* The ranges that int8 needs, from the picture that is then computed. */
static DhQuantization *
calibrate (DhDevice *device, const DhNet *net, DhTensorDict *weights, DhPlanOptions options, const float *input,
           void *const *outputs)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRanges) ranges = dh_ranges_new ();
  options.precision = DH_PRECISION_F32;
  options.ranges = ranges;
  g_autoptr (DhPlan) plan = dh_plan_new (device, net->graph, weights, &options, &error);
  g_assert_no_error (error);
  g_assert_true (dh_plan_run (plan, input, outputs, NULL, NULL, &error));
  return dh_quantization_new (network, "golden", 1, ranges);
}

static void
check_size (DhDevice *device, const DhNet *net, DhTensorDict *weights, Golden *golden, const char *tag)
{
  g_autoptr (GError) error = NULL;
  gint n, h, w;
  g_assert_cmpint (sscanf (tag, "%dx%dx%d", &n, &h, &w), ==, 3);
  DhPlanOptions options = {
    .input = { n, 3, h, w }, .outputs = net->maps, .n_outputs = DH_N_MAPS, .precision = precision
  };
  const gsize count = (gsize)n * 3 * h * w;
  g_autofree double *uniform = g_new (double, count);
  g_autofree float *input = g_new (float, count);
  dh_seeded_uniform ("input", (guint64)golden_number (golden, "seed"), count, uniform);
  for (gsize i = 0; i < count; i++)
    input[i] = (float)(uniform[i] * 0.5 + 0.5);

  gpointer outputs[DH_N_MAPS];
  for (guint map = 0; map < DH_N_MAPS; map++)
    outputs[map] =
        g_malloc_n ((gsize)dh_tensor_count (golden_tensor (golden, "%s.%s", tag, dh_map_name (map))), sizeof (float));
  g_autoptr (DhQuantization) quantization =
      precision == DH_PRECISION_INT8 ? calibrate (device, net, weights, options, input, outputs) : NULL;
  options.calibration = quantization;
  const gint64 begin = g_get_monotonic_time ();
  g_autoptr (DhPlan) plan = dh_plan_new (device, net->graph, weights, &options, &error);
  g_assert_no_error (error);
  const gint64 compiled = g_get_monotonic_time ();
  dh_plan_run (plan, input, outputs, NULL, NULL, &error);
  g_assert_no_error (error);
  g_test_message ("%s: compiled in %.2f s, run in %.2f s, %.0f MiB", tag, 1e-6 * (double)(compiled - begin),
                  1e-6 * (double)(g_get_monotonic_time () - compiled), (double)dh_plan_memory (plan) / (1 << 20));

  for (guint map = 0; map < DH_N_MAPS; map++)
    {
      const DhTensor *expected = golden_tensor (golden, "%s.%s", tag, dh_map_name (map));
      if (map == DH_MAP_SEGMENTATION)
        check_segmentation (expected, golden_tensor (golden, "%s.logits", tag), outputs[map]);
      else
        check_values (dh_map_name (map), expected, outputs[map]);
      g_free (outputs[map]);
    }
}

static void
test_forward (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_strconcat (network, ".safetensors", NULL);
  g_autofree char *path = golden_path (file);
  if (!path)
    return;
  g_autoptr (DhDevice) device = dh_device_open (device_name, 0, &error);
  if (!device)
    {
      g_test_skip (error->message);
      return;
    }
  if (!dh_device_has_precision (device, precision))
    {
      g_test_skip ("the device does not compute in this precision");
      return;
    }
  g_autoptr (Golden) golden = golden_read (path);
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name (network, (gint)golden_number (golden, "classes"), &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) weights =
      dh_net_new_seeded (net, (guint64)golden_number (golden, "seed"), golden_number (golden, "gain"));
  g_assert_nonnull (weights);

  guint sizes = 0;
  for (guint i = 0; i < dh_tensor_dict_size (golden->tensors); i++)
    {
      const char *name = dh_tensor_dict_name (golden->tensors, i);
      if (!g_str_has_suffix (name, ".logits"))
        continue;
      g_autofree char *tag = g_strndup (name, strlen (name) - strlen (".logits"));
      check_size (device, net, weights, golden, tag);
      sizes++;
    }
  g_assert_cmpuint (sizes, >, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc < 3 || argc > 4 || (argc == 4 && !dh_precision_from_name (argv[3], &precision)))
    return 2;
  network = argv[1];
  device_name = argv[2];
  g_autofree char *path = g_strdup_printf ("/forward/%s/%s/%s", network, device_name, dh_precision_name (precision));
  g_test_add_func (path, test_forward);
  return g_test_run ();
}

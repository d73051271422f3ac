#include <math.h>
#include <string.h>

#include "dh-adam.h"
#include "dh-checkpoint.h"
#include "dh-demo.h"
#include "dh-device.h"
#include "dh-error.h"
#include "dh-nets.h"
#include "dh-train-plan.h"

/* Training in bfloat16 on the cpu device beside float32: the demo's network, which is trained (gradients of random
 * weights are as far off as they are long, in whatever program), on scenes of the demo. */

#define ROUNDING 0x1p-8
#define PICTURES 2

typedef struct
{
  DhDevice *device;
  DhNet *net;
  DhTensorDict *state;
  DhAdam adam;
  DhTrainOptions options;
  float *input;
  guint8 *labels;
} Setup;

/* The files' ids 1 to 14, of which 4 is not in use and 14 an anomaly, as the losses have them. */
static guint8
class_of (guint8 id)
{
  return id == 14 ? 13 : id == 0 || id == 4 || id > 14 ? 12 : id < 4 ? id - 1 : id - 2;
}

static gboolean
open_setup (Setup *setup)
{
  g_autoptr (GError) error = NULL;
  setup->device = dh_device_open ("cpu", 2, &error);
  g_assert_no_error (error);
  if (!dh_device_has_precision (setup->device, DH_PRECISION_BF16))
    {
      g_test_skip ("this processor does not multiply bfloat16");
      g_clear_pointer (&setup->device, dh_device_unref);
      return FALSE;
    }
  g_autoptr (GBytes) weights = dh_demo_get_weights (&error);
  g_assert_no_error (error);
  g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open_bytes (weights, "the demo's network", &error);
  g_assert_no_error (error);
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name ("ldn-demo", 12, &architecture, &error));
  setup->net = dh_net_new (&architecture);
  setup->state = dh_net_new_fresh (setup->net, "", 1);
  for (guint i = 0; i < dh_tensor_dict_size (setup->state); i++)
    {
      DhTensor *to = dh_tensor_dict_at (setup->state, i);
      const DhTensor *from =
          dh_tensor_dict_get (dh_checkpoint_state (checkpoint), dh_tensor_dict_name (setup->state, i));
      if (to->dtype == DH_DTYPE_F32)
        memcpy (dh_tensor_f32 (to), dh_tensor_f32 (from), dh_tensor_size_bytes (to));
    }
  g_auto (GStrv) names = dh_net_list_trained (setup->net);
  g_assert_true (dh_adam_init (&setup->adam, setup->state, (const char *const *)names));
  for (guint i = 0; i < PICTURES; i++)
    {
      g_autoptr (DhImage) image = NULL;
      g_autoptr (DhLabels) labels = NULL;
      g_assert_true (dh_demo_scene (DH_DEMO_FIRST + i, &image, &labels, &error));
      const gsize pixels = (gsize)image->width * image->height;
      if (i == 0)
        {
          setup->input = g_new (float, PICTURES * 3 * pixels);
          setup->labels = g_new (guint8, PICTURES * pixels);
          setup->options = (DhTrainOptions){ .input = { PICTURES, 3, (gint)image->height, (gint)image->width },
                                             .logits = setup->net->logits,
                                             .logits_ood = setup->net->logits_ood,
                                             .beta = 0.03 };
        }
      dh_image_to_planes (image, setup->input + i * 3 * pixels);
      for (gsize k = 0; k < pixels; k++)
        setup->labels[i * pixels + k] = class_of (labels->ids[k]);
    }
  return TRUE;
}

static void
close_setup (Setup *setup)
{
  dh_adam_clear (&setup->adam);
  g_free (setup->input);
  g_free (setup->labels);
  dh_tensor_dict_unref (setup->state);
  dh_net_unref (setup->net);
  dh_device_unref (setup->device);
}

static void
make_step (Setup *setup, DhTrainPlan *plan, DhLosses *losses)
{
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < dh_tensor_dict_size (setup->adam.gradients); i++)
    {
      const DhTensor *gradient = dh_tensor_dict_at (setup->adam.gradients, i);
      memset (dh_tensor_f32 (gradient), 0, dh_tensor_size_bytes (gradient));
    }
  dh_train_plan_run (plan, setup->input, setup->labels, 0, 1, losses, NULL, &error);
  g_assert_no_error (error);
}

static DhTrainPlan *
plan_new (Setup *setup, DhPrecision precision, gboolean recompute)
{
  g_autoptr (GError) error = NULL;
  DhTrainOptions options = setup->options;
  options.precision = precision;
  options.recompute = recompute;
  DhTrainPlan *plan =
      dh_train_plan_new (setup->device, setup->net->graph, setup->state, setup->adam.gradients, &options, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dh_train_plan_memory (plan), ==,
                    dh_train_plan_estimate_bytes (setup->device, setup->net->graph, &options));
  return plan;
}

static DhTensorDict *
copy_dict (DhTensorDict *dict)
{
  DhTensorDict *copies = dh_tensor_dict_new ();
  for (guint i = 0; i < dh_tensor_dict_size (dict); i++)
    {
      const DhTensor *tensor = dh_tensor_dict_at (dict, i);
      DhTensor *copy = dh_tensor_new_f32 (tensor->n_dims, tensor->dims);
      memcpy (dh_tensor_f32 (copy), dh_tensor_f32 (tensor), dh_tensor_size_bytes (copy));
      dh_tensor_dict_take (copies, dh_tensor_dict_name (dict, i), copy);
    }
  return copies;
}

static gint
compare_doubles (gconstpointer a, gconstpointer b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* How far the gradients are off, as shares of their lengths: the median of all, and all together. */
static void
compare (DhTensorDict *expected, DhTensorDict *found, double *median, double *all)
{
  g_autoptr (GArray) shares = g_array_new (FALSE, FALSE, sizeof (double));
  double whole = 0, whole_off = 0;
  for (guint i = 0; i < dh_tensor_dict_size (expected); i++)
    {
      const DhTensor *a = dh_tensor_dict_at (expected, i), *b = dh_tensor_dict_at (found, i);
      double square = 0, off = 0;
      for (gint64 j = 0; j < dh_tensor_count (a); j++)
        {
          const double d = (double)dh_tensor_f32 (b)[j] - dh_tensor_f32 (a)[j];
          square += (double)dh_tensor_f32 (a)[j] * dh_tensor_f32 (a)[j];
          off += d * d;
        }
      const double share = sqrt (off / fmax (square, 1e-30));
      if (g_getenv ("DH_TEST_VERBOSE"))
        g_printerr ("%8.5f %s\n", share, dh_tensor_dict_name (expected, i));
      g_array_append_val (shares, share);
      whole += square;
      whole_off += off;
    }
  g_array_sort (shares, compare_doubles);
  *median = g_array_index (shares, double, shares->len / 2);
  *all = sqrt (whole_off / whole);
}

/* Off by some roundings; the same bits in every run, made with less memory too. */
static void
test_gradients (void)
{
  Setup setup = { NULL };
  if (!open_setup (&setup))
    return;
  DhLosses exact, losses, again;
  g_autoptr (DhTrainPlan) precise = plan_new (&setup, DH_PRECISION_F32, FALSE);
  make_step (&setup, precise, &exact);
  g_autoptr (DhTensorDict) expected = copy_dict (setup.adam.gradients);
  g_autoptr (DhTrainPlan) plan = plan_new (&setup, DH_PRECISION_BF16, FALSE);
  g_assert_cmpuint (dh_train_plan_memory (plan), <=, dh_train_plan_memory (precise));
  make_step (&setup, plan, &losses);
  g_autoptr (DhTensorDict) found = copy_dict (setup.adam.gradients);
  double median, all;
  compare (expected, found, &median, &all);
  const double off = fabs (losses.total - exact.total) / fabs (exact.total);
  g_test_message ("loss %.6f, in float32 %.6f, off by %.2g; gradients by %.2g of their lengths, the median one by %.2g",
                  losses.total, exact.total, off, all, median);
  g_assert_cmpfloat (exact.segmentation, <, 1); /* it is trained, and the labels are its own */
  g_assert_cmpfloat (off, <=, ROUNDING);
  g_assert_cmpfloat (all, <=, 10 * ROUNDING);
  g_assert_cmpfloat (median, <=, 10 * ROUNDING);

  g_autoptr (DhTrainPlan) less = plan_new (&setup, DH_PRECISION_BF16, TRUE);
  DhTrainPlan *const plans[] = { plan, less };
  for (guint i = 0; i < G_N_ELEMENTS (plans); i++)
    {
      make_step (&setup, plans[i], &again);
      g_assert_cmpmem (&again, sizeof again, &losses, sizeof losses);
      for (guint j = 0; j < dh_tensor_dict_size (found); j++)
        {
          const DhTensor *a = dh_tensor_dict_at (found, j), *b = dh_tensor_dict_at (setup.adam.gradients, j);
          g_assert_cmpmem (dh_tensor_f32 (b), dh_tensor_size_bytes (b), dh_tensor_f32 (a), dh_tensor_size_bytes (a));
        }
    }
  close_setup (&setup);
}

/* One batch, by heart: the loss falls as in float32. */
static double
learn (Setup *setup, DhPrecision precision, double *first)
{
  const guint n = dh_tensor_dict_size (setup->adam.gradients);
  g_autofree double *rates = g_new (double, n);
  g_autoptr (DhTrainPlan) plan = plan_new (setup, precision, FALSE);
  DhLosses losses;
  for (guint i = 0; i < n; i++)
    rates[i] = 1e-3;
  for (guint step = 0; step < 12; step++)
    {
      make_step (setup, plan, &losses);
      if (step == 0)
        *first = losses.total;
      dh_adam_step (&setup->adam, setup->state, rates, step + 1);
    }
  return losses.total;
}

static void
test_learning (void)
{
  double last[2], first[2];
  for (guint i = 0; i < 2; i++)
    {
      Setup setup = { NULL };
      if (!open_setup (&setup))
        return;
      last[i] = learn (&setup, i == 0 ? DH_PRECISION_F32 : DH_PRECISION_BF16, &first[i]);
      close_setup (&setup);
    }
  g_test_message ("loss in float32 %.5f to %.5f, in bfloat16 %.5f to %.5f", first[0], last[0], first[1], last[1]);
  g_assert_cmpfloat (last[0], <, first[0]);
  g_assert_cmpfloat (fabs (last[1] - last[0]), <=, 0.1 * (first[0] - last[0]));
}

/* What is lacking is said. */
static void
test_refused (void)
{
  static const DhPrecision precisions[] = { DH_PRECISION_TF32, DH_PRECISION_F16, DH_PRECISION_INT8 };
  Setup setup = { NULL };
  if (!open_setup (&setup))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (precisions); i++)
    {
      g_autoptr (GError) error = NULL;
      DhTrainOptions options = setup.options;
      options.precision = precisions[i];
      g_assert_null (
          dh_train_plan_new (setup.device, setup.net->graph, setup.state, setup.adam.gradients, &options, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED);
      g_assert_nonnull (strstr (error->message, "cannot train in"));
    }
  close_setup (&setup);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/train-precision/gradients", test_gradients);
  g_test_add_func ("/train-precision/learning", test_learning);
  g_test_add_func ("/train-precision/refused", test_refused);
  return g_test_run ();
}

#include <string.h>

#include "dh-device.h"
#include "dh-error.h"
#include "dh-machine.h"
#include "dh-nets.h"
#include "tree.h"

typedef struct
{
  DhDevice *device;
  DhNet *net;
  DhTensorDict *weights;
  DhPlanOptions options;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name ("ldn-tiny", 3, &architecture, NULL));
  fixture->device = dh_device_open ("ref", 1, NULL);
  fixture->net = dh_net_new (&architecture);
  fixture->weights = dh_net_new_seeded (fixture->net, 0, 1);
  fixture->options =
      (DhPlanOptions){ .input = { 1, 3, 40, 50 }, .outputs = &fixture->net->maps[DH_MAP_HYBRID], .n_outputs = 1 };
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dh_tensor_dict_unref (fixture->weights);
  dh_net_unref (fixture->net);
  dh_device_unref (fixture->device);
}

static void
test_list (void)
{
  g_autoptr (GPtrArray) infos = dh_devices_list ();
  gboolean ref = FALSE;
  for (guint i = 0; i < infos->len; i++)
    {
      const DhDeviceInfo *info = infos->pdata[i];
      g_assert_true (info->available == (info->why_not == NULL));
      ref |= g_str_equal (info->name, "ref") && info->available;
      g_autoptr (GError) error = NULL;
      g_autoptr (DhDevice) device = dh_device_open (info->name, 0, &error);
      if (info->available)
        {
          g_assert_no_error (error);
          g_assert_true (dh_device_trains_in (device, DH_PRECISION_F32));
          g_assert_false (dh_device_trains_in (device, DH_PRECISION_INT8));
          for (DhPrecision p = 0; p < DH_N_PRECISIONS; p++)
            {
              g_assert_true (dh_device_trains_in (device, p) == ((info->training & 1u << p) != 0));
              /* Nothing is promised of what it has not. */
              g_assert_true (info->faster[p] <= 0 || dh_device_has_precision (device, p));
              g_assert_true (info->trains_faster[p] <= 0 || dh_device_trains_in (device, p));
            }
          /* What makes it fast is named. */
          const gboolean bf16 = g_str_equal (info->kind, "cpu") && dh_device_has_precision (device, DH_PRECISION_BF16);
          g_assert_true (!bf16 || strstr (info->instructions, "BF16") != NULL);
          g_assert_true (!bf16 || info->faster[DH_PRECISION_BF16] > 1);
        }
      else
        g_assert_error (error, DH_ERROR, DH_ERROR_NO_DEVICE);
    }
  g_assert_true (ref);
  g_assert_cmpuint (dh_machine_cores (), >=, 1);
  g_assert_cmpuint (dh_machine_memory_available (), <=, dh_machine_memory ());
}

static void
test_open (void)
{
  static const char *const unknown[] = { "", "gpu", "re", "refx", "ref:0", "cuda:", "cuda:x", "cuda:-1", "cuda:256" };
  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (dh_device_open (unknown[i], 0, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
    }
  g_autoptr (DhDevice) device = dh_device_open ("ref", 3, NULL);
  g_assert_cmpuint (dh_device_threads (device), ==, 3);
  g_assert_true (dh_device_has_precision (device, DH_PRECISION_F32));
  g_assert_false (dh_device_has_precision (device, DH_PRECISION_INT8));
}

static void
assert_refused (Fixture *fixture, gint code, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_plan_new (fixture->device, fixture->net->graph, fixture->weights, &fixture->options, &error));
  g_assert_error (error, DH_ERROR, code);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  const gint64 dims[] = { 3, 2, 1, 1 }, three = 3;
  fixture->options.precision = DH_PRECISION_BF16;
  assert_refused (fixture, DH_ERROR_UNSUPPORTED, "bf16");
  fixture->options.precision = DH_PRECISION_F32;
  fixture->options.input.h = 1 << 28;
  fixture->options.input.w = 1 << 28;
  assert_refused (fixture, DH_ERROR_TOO_LARGE, "268435456");
  fixture->options.input = (DhShape){ 1, 3, 40, 50 };
  dh_tensor_dict_take (fixture->weights, "logits.conv.weight", dh_tensor_new_f32 (4, dims));
  assert_refused (fixture, DH_ERROR_MISMATCH, "logits.conv.weight");
  dh_tensor_dict_remove (fixture->weights, "logits.conv.weight");
  assert_refused (fixture, DH_ERROR_MISMATCH, "logits.conv.weight");
  dh_tensor_dict_take (
      fixture->weights, "logits.conv.bias",
      dh_tensor_new_take (DH_DTYPE_I64, 1, &three, g_bytes_new_static ("012345678901234567890123", 24)));
  const gint64 right[] = { 3, 16, 1, 1 };
  dh_tensor_dict_take (fixture->weights, "logits.conv.weight", dh_tensor_new_f32 (4, right));
  assert_refused (fixture, DH_ERROR_MISMATCH, "int64");
  /* What the outputs do not need is not asked for. */
  dh_tensor_dict_remove (fixture->weights, "logits.conv.weight");
  fixture->options.outputs = &fixture->net->maps[DH_MAP_DATASET_POSTERIOR];
  g_autoptr (GError) error = NULL;
  g_autoptr (DhPlan) plan =
      dh_plan_new (fixture->device, fixture->net->graph, fixture->weights, &fixture->options, &error);
  g_assert_no_error (error);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_cancellable_cancel (cancellable);
  fixture->options.cancellable = cancellable;
  g_assert_null (dh_plan_new (fixture->device, fixture->net->graph, fixture->weights, &fixture->options, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

typedef struct
{
  GCancellable *cancellable;
  guint64 stop_at, last, total;
} Watch;

static void
watch (guint64 done, guint64 total, const char *what, gpointer data)
{
  Watch *seen = data;
  g_assert_cmpuint (done, >, seen->last);
  g_assert_cmpuint (done, <=, total);
  g_assert_nonnull (what);
  seen->last = done;
  seen->total = total;
  if (seen->stop_at && done >= seen->stop_at)
    g_cancellable_cancel (seen->cancellable);
}

static void
test_run (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree float *input = g_new0 (float, 3 * 40 * 50), *map = g_new (float, 40 * 50);
  g_autoptr (DhPlan) plan =
      dh_plan_new (fixture->device, fixture->net->graph, fixture->weights, &fixture->options, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dh_plan_memory (plan), >=,
                    dh_device_estimate (fixture->device, fixture->net->graph, &fixture->options));

  Watch seen = { .cancellable = cancellable, .stop_at = 20 };
  const DhProgress progress = { watch, &seen };
  g_assert_false (dh_plan_run (plan, input, (gpointer[]){ map }, cancellable, &progress, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (seen.last, <, 22);
  g_clear_error (&error);

  seen = (Watch){ 0 };
  dh_plan_set_timing (plan, TRUE);
  for (guint i = 0; i < 2; i++)
    {
      seen.last = 0;
      g_assert_true (dh_plan_run (plan, input, (gpointer[]){ map }, NULL, &progress, &error));
      g_assert_no_error (error);
    }
  g_assert_cmpuint (seen.last, >, 100);
  g_autoptr (GArray) steps = dh_plan_list_steps (plan);
  g_autofree DhShape *shapes = dh_graph_infer_shapes (fixture->net->graph, fixture->options.input, NULL);
  double flop = 0;
  for (guint i = 0; i < steps->len; i++)
    flop += g_array_index (steps, DhPlanStep, i).flop;
  g_assert_cmpfloat (flop, ==, dh_graph_flop (fixture->net->graph, shapes, fixture->options.outputs, 1));
  g_autofree char *text = dh_plan_to_string (plan);
  g_assert_nonnull (strstr (text, "denseblock1.denselayer1.conv1"));
}

/* The bits of a run do not depend on the number of threads, and half-precision weights are read. */
static void
test_threads (Fixture *fixture, gconstpointer data)
{
  g_autofree float *input = g_new (float, 3 * 40 * 50), *map = g_new (float, 40 * 50), *other = g_new (float, 40 * 50);
  for (guint i = 0; i < 3 * 40 * 50; i++)
    input[i] = (float)(i % 97) / 97;
  DhTensor *weight = dh_tensor_dict_get (fixture->weights, "logits.conv.bias");
  guint16 *halves = g_new (guint16, 3);
  const gint64 three = 3;
  for (guint i = 0; i < 3; i++)
    halves[i] = dh_f32_to_f16 (dh_tensor_f32 (weight)[i]);
  dh_tensor_dict_take (fixture->weights, "logits.conv.bias",
                       dh_tensor_new_take (DH_DTYPE_F16, 1, &three, g_bytes_new_take (halves, 6)));
  g_autoptr (DhPlan) plan =
      dh_plan_new (fixture->device, fixture->net->graph, fixture->weights, &fixture->options, NULL);
  g_autoptr (DhDevice) five = dh_device_open ("ref", 5, NULL);
  g_autoptr (DhPlan) parallel = dh_plan_new (five, fixture->net->graph, fixture->weights, &fixture->options, NULL);
  g_assert_true (dh_plan_run (plan, input, (gpointer[]){ map }, NULL, NULL, NULL));
  g_assert_true (dh_plan_run (parallel, input, (gpointer[]){ other }, NULL, NULL, NULL));
  g_assert_cmpmem (map, 40 * 50 * sizeof *map, other, 40 * 50 * sizeof *other);
}

/* Every device guesses its memory within a factor: too little ends in a full memory, too much refuses what would fit.
 */
static void
test_estimate (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) infos = dh_devices_list ();
  fixture->options.input = (DhShape){ 1, 3, 512, 1024 };
  for (guint i = 0; i < infos->len; i++)
    {
      const DhDeviceInfo *info = infos->pdata[i];
      if (!info->available || g_str_equal (info->kind, "cuda"))
        continue;
      g_autoptr (GError) error = NULL;
      g_autoptr (DhDevice) device = dh_device_open (info->name, 1, &error);
      g_assert_no_error (error);
      g_autoptr (DhPlan) plan = dh_plan_new (device, fixture->net->graph, fixture->weights, &fixture->options, &error);
      g_assert_no_error (error);
      const double guess = dh_device_estimate (device, fixture->net->graph, &fixture->options);
      g_test_message ("%s: %.1f MiB, guessed %.1f", info->name, dh_plan_memory (plan) / 1048576.0, guess / 1048576.0);
      g_assert_cmpfloat (guess, >, 0.7 * dh_plan_memory (plan));
      g_assert_cmpfloat (guess, <, 3.0 * dh_plan_memory (plan));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/device/list", test_list);
  g_test_add_func ("/device/open", test_open);
  g_test_add ("/device/refused", Fixture, NULL, set_up, test_refused, tear_down);
  g_test_add ("/device/run", Fixture, NULL, set_up, test_run, tear_down);
  g_test_add ("/device/estimate", Fixture, NULL, set_up, test_estimate, tear_down);
  g_test_add ("/device/threads", Fixture, NULL, set_up, test_threads, tear_down);
  return g_test_run ();
}

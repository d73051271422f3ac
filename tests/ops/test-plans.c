#include <string.h>

#include "dh-device.h"
#include "dh-error.h"
#include "dh-nets.h"
#include "dh-train-plan.h"

/* What the cpu device chooses for the published networks: nothing that a library does by its reference code or by
 * copying into a matrix, and no logits of full size unless they are asked for. */

/* Some range for whatever may be asked. */
static DhQuantization *
invent_ranges (const DhGraph *graph)
{
  g_autoptr (DhRanges) ranges = dh_ranges_new ();
  for (DhValue v = 0; v < (DhValue)dh_graph_size (graph); v++)
    if (dh_graph_node (graph, v)->op == DH_OP_CONV)
      dh_ranges_get (ranges, dh_graph_node (graph, v)->name)[dh_ranges_bin (3.0f)] = 1;
  return dh_quantization_new ("network", "weights", 1, ranges);
}

static char *
plan_text (DhDevice *device, DhPrecision precision, const char *network, gint height, gint width, const DhMap *maps,
           guint n_maps)
{
  g_autoptr (GError) error = NULL;
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name (network, 0, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) weights = dh_net_new_seeded (net, 1, 1.0);
  DhValue outputs[DH_N_MAPS];
  for (guint i = 0; i < n_maps; i++)
    outputs[i] = net->maps[maps[i]];
  g_autoptr (DhQuantization) ranges = invent_ranges (net->graph);
  const DhPlanOptions options = { .input = { 1, 3, height, width },
                                  .precision = precision,
                                  .outputs = outputs,
                                  .n_outputs = n_maps,
                                  .calibration = ranges };
  g_autoptr (DhPlan) plan = dh_plan_new (device, net->graph, weights, &options, &error);
  g_assert_no_error (error);
  return dh_plan_to_string (plan);
}

static void
check_plan (DhDevice *device, DhPrecision precision, const char *network, gint height, gint width)
{
  static const DhMap maps[] = { DH_MAP_SEGMENTATION, DH_MAP_LIKELIHOOD, DH_MAP_DATASET_POSTERIOR, DH_MAP_HYBRID };
  g_autofree char *text = plan_text (device, precision, network, height, width, maps, G_N_ELEMENTS (maps));
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint scores = 0, bytes = 0;
  for (guint i = 1; lines[i] && *lines[i]; i++)
    {
      g_auto (GStrv) words = g_strsplit_set (g_strstrip (lines[i]), " :", -1);
      guint word = 1;
      while (words[word] && !*words[word])
        word++;
      g_assert_nonnull (words[word]);
      g_assert_cmpstr (words[word], !=, "ref");
      g_assert_cmpstr (words[word], !=, "gemm");
      g_assert_cmpstr (words[word], !=, "simple");
      /* All maps in one pass from the coarse logits; nothing of the picture's size before. */
      scores += strstr (lines[i], "bilinear scores") != NULL;
      bytes += strstr (lines[i], " int8:") != NULL;
      /* The heads are in float32 whatever the precision. */
      if (strstr (lines[i], "logits") || strstr (lines[i], " final.6 "))
        g_assert_true (!strstr (lines[i], " int8:") && !strstr (lines[i], " bf16:"));
      g_autofree char *whole = g_strdup_printf ("×%d×%d at", height, width);
      if (g_str_has_prefix (network, "ldn"))
        g_assert_null (strstr (lines[i], whole));
    }
  g_assert_cmpuint (scores, ==, 1);
  if (precision == DH_PRECISION_INT8)
    g_assert_cmpuint (bytes, >, strstr (network, "tiny") ? 0 : 8);
  else
    g_assert_cmpuint (bytes, ==, 0);
}

static void
check_network (gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = dh_device_open ("cpu", 0, &error);
  g_assert_no_error (error);
  static const gint sizes[][2] = { { 720, 1280 }, { 1024, 2048 } };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      check_plan (device, DH_PRECISION_F32, data, sizes[i][0], sizes[i][1]);
      if (dh_device_has_precision (device, DH_PRECISION_BF16))
        check_plan (device, DH_PRECISION_BF16, data, sizes[i][0], sizes[i][1]);
      if (dh_device_has_precision (device, DH_PRECISION_INT8))
        check_plan (device, DH_PRECISION_INT8, data, sizes[i][0], sizes[i][1]);
    }
}

typedef struct
{
  const char *network;
  double values_mib; /* what the values of a run may take of the arena */
} Rewritten;

/* Nothing but convolutions, pools and resizes is left: norms, ReLUs, sums and concats are part of these or of nothing,
 * a transition's pool stands before its convolution, and a map that is not asked for has no head. */
static void
check_rewrites (gconstpointer data)
{
  static const gint height = 720, width = 1280;
  static const DhMap all[] = { DH_MAP_SEGMENTATION, DH_MAP_LIKELIHOOD, DH_MAP_DATASET_POSTERIOR, DH_MAP_HYBRID };
  static const DhMap one[] = { DH_MAP_LIKELIHOOD };
  static const char *const convs[] = { "1×1", "norm 1×1", "winograd 4×4", "taps", "norm taps", "jit", NULL };
  static const char *const others[] = { "max pool",     "average pool", "adaptive pool",   "bilinear",
                                        "bilinear add", "filters 4×4",  "bilinear scores", NULL };
  const Rewritten *expected = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = dh_device_open ("cpu", 0, &error);
  g_assert_no_error (error);
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name (expected->network, 0, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  guint n_convs = 0, n_averages = 0;
  for (DhValue v = 0; v < (DhValue)dh_graph_size (net->graph); v++)
    {
      n_convs += dh_graph_node (net->graph, v)->op == DH_OP_CONV;
      n_averages += dh_graph_node (net->graph, v)->op == DH_OP_AVERAGE_POOL;
    }
  for (guint closed = 0; closed < 2; closed++)
    {
      g_autofree char *text = plan_text (device, DH_PRECISION_F32, expected->network, height, width, closed ? one : all,
                                         closed ? G_N_ELEMENTS (one) : G_N_ELEMENTS (all));
      g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
      guint made = 0, averages = 0;
      for (guint i = 1; lines[i] && *lines[i]; i++)
        {
          const char *begin = g_strchug (lines[i]) + strcspn (lines[i], " ");
          begin += strspn (begin, " ");
          g_autofree char *implementation = g_strndup (begin, strcspn (begin, ":"));
          const gboolean is_conv = g_strv_contains (convs, implementation);
          made += is_conv;
          /* The picture itself may be normalised. */
          if (!is_conv && !g_strv_contains (others, implementation) && !strstr (lines[i], " input "))
            g_error ("%s: %s", expected->network, lines[i]);
          if (g_str_equal (implementation, "average pool"))
            {
              /* "transition1.conv … 256×180×320 norm relu → 256×90×160", and then of that, in half as many places. */
              averages++;
              const char *after = strstr (lines[i], "→ ");
              g_assert_true (after && lines[i + 1]);
              g_autofree char *shape = g_strndup (after + strlen ("→ "), strcspn (after + strlen ("→ "), " "));
              g_autofree char *read = g_strconcat (" ", shape, " → ", NULL);
              g_assert_nonnull (strstr (lines[i + 1], read));
            }
          if (closed)
            g_assert_null (strstr (lines[i], "logits_ood"));
        }
      g_assert_cmpuint (made, ==, n_convs - closed);
      g_assert_cmpuint (averages, ==, n_averages);
      const char *values = strstr (lines[0], "values ");
      g_assert_nonnull (values);
      g_assert_cmpfloat (g_ascii_strtod (values + strlen ("values "), NULL), <=, expected->values_mib);
    }
}

/* As above, of training: each pass of each convolution. */
static void
check_training (gconstpointer data)
{
  const char *network = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = dh_device_open ("cpu", 0, &error);
  g_assert_no_error (error);
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name (network, 0, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) weights = dh_net_new_seeded (net, 1, 1.0), gradients = dh_net_new_seeded (net, 1, 1.0);
  const DhTrainOptions options = {
    .input = { 2, 3, 512, 512 }, .logits = net->logits, .logits_ood = net->logits_ood, .beta = 0.03
  };
  g_autoptr (DhTrainPlan) plan = dh_train_plan_new (device, net->graph, weights, gradients, &options, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (dh_train_plan_memory (plan), ==, dh_train_plan_estimate_bytes (device, net->graph, &options));
  g_autoptr (GArray) steps = dh_train_plan_list_steps (plan);
  g_assert_cmpuint (steps->len, >, 50);
  for (guint i = 0; i < steps->len; i++)
    {
      const char *implementation = g_array_index (steps, DhPlanStep, i).implementation;
      if (strstr (implementation, "ref") || strstr (implementation, "simple"))
        g_error ("%s: %s", g_array_index (steps, DhPlanStep, i).name, implementation);
    }
}

/* A head that joins three sizes: nothing of its 80 concatenated channels is there, and the 1×1 convolutions of the
 * small ones are made before the resize; where the linear layer is an output, too, it stays. */
static void
check_head (gconstpointer data)
{
  const gboolean asked = GPOINTER_TO_INT (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = dh_device_open ("cpu", 1, &error);
  g_assert_no_error (error);
  g_autoptr (DhGraph) graph = dh_graph_new ();
  const DhValue x = dh_graph_input (graph, 32);
  const char *const linears[] = { "linear0", "linear1" };
  DhValue parts[3] = { x };
  DhValue outputs[2];
  for (guint i = 0; i < 2; i++)
    {
      const gint by = i ? 4 : 2;
      const DhValue low = dh_graph_average_pool (graph, x, by, by, 0);
      outputs[1] = dh_graph_conv (graph, low, linears[i], (DhConv){ .out = 24, .kernel = 1, .bias = TRUE });
      parts[i + 1] = dh_graph_resize (graph, outputs[1], x, FALSE);
    }
  outputs[0] = dh_graph_relu (
      graph, dh_graph_conv (graph, dh_graph_concat (graph, parts, 3), "fuse", (DhConv){ .out = 48, .kernel = 1 }));
  g_autoptr (GArray) list = dh_graph_list_parameters (graph, outputs, 1);
  g_autoptr (DhTensorDict) weights = dh_tensor_dict_new ();
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *parameter = &g_array_index (list, DhParameter, i);
      DhTensor *tensor = dh_tensor_new_f32 (parameter->n_dims, parameter->dims);
      memset (dh_tensor_f32 (tensor), 0, dh_tensor_size_bytes (tensor));
      dh_tensor_dict_take (weights, parameter->name, tensor);
    }
  const DhPlanOptions options = {
    .input = { 1, 32, 40, 60 }, .outputs = outputs, .n_outputs = asked ? 2 : 1, .precision = DH_PRECISION_F32
  };
  g_autoptr (DhPlan) plan = dh_plan_new (device, graph, weights, &options, &error);
  g_assert_no_error (error);
  g_autofree char *text = dh_plan_to_string (plan);
  g_assert_nonnull (strstr (text, "bilinear sum:"));
  g_assert_null (strstr (text, "80×40×60"));
  g_assert_null (strstr (text, "24×40×60"));
  g_assert_nonnull (strstr (text, "32×20×30 → 48×20×30"));
  g_assert_true ((strstr (text, "32×10×15 → 48×10×15") == NULL) == asked);
  g_assert_true ((strstr (text, "24×10×15 → 48×10×15") != NULL) == asked);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GPtrArray) devices = dh_devices_list ();
  gboolean available = FALSE;
  for (guint i = 0; i < devices->len; i++)
    {
      DhDeviceInfo *info = g_ptr_array_index (devices, i);
      available = available || (g_str_equal (info->kind, "cpu") && info->available);
    }
  static const char *const networks[] = { "ldn121", "dlv3p_wrn38", "ldn-demo", "ldn-tiny", "dlv3p-tiny" };
  for (guint i = 0; available && i < G_N_ELEMENTS (networks); i++)
    {
      g_autofree char *path = g_strdup_printf ("/plans/%s", networks[i]);
      g_test_add_data_func (path, networks[i], check_network);
      g_autofree char *training = g_strdup_printf ("/plans/training/%s", networks[i]);
      g_test_add_data_func (training, networks[i], check_training);
    }
  static const Rewritten rewritten[] = { { "ldn121", 130 }, { "dlv3p_wrn38", 710 } };
  for (guint i = 0; available && i < G_N_ELEMENTS (rewritten); i++)
    {
      g_autofree char *path = g_strdup_printf ("/plans/rewrites/%s", rewritten[i].network);
      g_test_add_data_func (path, rewritten + i, check_rewrites);
    }
  if (available)
    {
      g_test_add_data_func ("/plans/head", GINT_TO_POINTER (FALSE), check_head);
      g_test_add_data_func ("/plans/head/asked", GINT_TO_POINTER (TRUE), check_head);
    }
  return g_test_run ();
}

#include <math.h>
#include <string.h>

#include "dh-adam-math.h"
#include "dh-adam.h"
#include "dh-device.h"
#include "dh-nets.h"
#include "dh-train-plan.h"
#include "golden.h"

/* Adam steps on a fixed batch against PyTorch in float64: test-train NETWORK DEVICE. The golden file's README gives
 * what a float32 implementation differs by; twice that is allowed. */

static const char *network, *device_name;

static const double loss_bounds[3] = { 4e-7, 2e-4, 1.4e-3 };
/* The README's figures are the ladder's. For DeepLabV3+, PyTorch in float32 differs from the golden steps by up to
 * 1.45e-6, 9e-5 and 7.8e-4, by how it is told to compute (NCHW, channels last, without oneDNN, one thread), the most in
 * the dataset posterior's loss. Adam begins with steps of one length, whose signs are a matter of roundings where a
 * gradient is hardly any: the cpu's instruction sets differ by 2e-5 to 2.3e-4 and 1e-4 to 2.5e-3. */
static const double dlv3p_loss_bounds[3] = { 1.5e-6, 4e-4, 4e-3 };
#define GRADIENT_BOUND 8e-3
#define MEDIAN_BOUND 4e-4
/* In DeepLabV3+ a norm sees one value a picture behind the pooled branch; what rounding does there scales all gradients
 * before it alike, so that the median of their norms is one throw: 1.0e-4 to 1.7e-4 in PyTorch in float32, by how it is
 * told to compute. Projections, whose errors are many throws, have a median of 1.8e-3 to 2.9e-3 there. */
#define DLV3P_MEDIAN_BOUND 1e-3
#define PROBE_MEDIAN_BOUND 5.8e-3
#define NORM_BOUND 4e-4

static gint64
setup_int (JsonObject *setup, const char *key)
{
  g_assert_true (json_object_has_member (setup, key));
  return json_object_get_int_member (setup, key);
}

static float *
make_input (gsize count, guint64 seed)
{
  g_autofree double *r = g_new (double, count);
  float *input = g_new (float, count);
  dh_seeded_uniform ("train_input", seed, count, r);
  for (gsize i = 0; i < count; i++)
    input[i] = (float)(r[i] * 0.5 + 0.5);
  return input;
}

static guint8 *
make_labels (gint n, gint h, gint w, gint classes, guint64 seed)
{
  const gsize blocks = (gsize)n * (h / 8) * (w / 8);
  g_autofree double *r = g_new (double, blocks);
  guint8 *labels = g_new (guint8, (gsize)n * h * w);
  dh_seeded_uniform ("train_label", seed, blocks, r);
  for (gint i = 0; i < n; i++)
    for (gint y = 0; y < h; y++)
      for (gint x = 0; x < w; x++)
        {
          const gsize block = ((gsize)i * (h / 8) + y / 8) * (w / 8) + x / 8;
          const gboolean negative = y >= h / 4 && y < h / 2 && x >= 8 * (i + 1) && x < 8 * (i + 1) + w / 3;
          labels[((gsize)i * h + y) * w + x] =
              negative ? (guint8)(classes + 1) : (guint8)floor ((r[block] * 0.5 + 0.5) * (classes + 1));
        }
  return labels;
}

/* The trained parameters, and the rate of each; the setup's Adam is the product's. */
static char **
list_trained (JsonObject *setup, GArray *list, double *rates)
{
  JsonArray *betas = json_object_get_array_member (setup, "betas");
  g_assert_cmpfloat (json_array_get_double_element (betas, 0), ==, DH_ADAM_BETA_1);
  g_assert_cmpfloat (json_array_get_double_element (betas, 1), ==, DH_ADAM_BETA_2);
  g_assert_cmpfloat (json_object_get_double_member (setup, "eps"), ==, DH_ADAM_EPSILON);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  for (guint i = 0, n = 0; i < list->len; i++)
    {
      const DhParameter *parameter = &g_array_index (list, DhParameter, i);
      const char *rate = g_str_has_prefix (parameter->name, "backbone.") ? "backbone_lr" : "lr";
      if (!parameter->trained)
        continue;
      g_strv_builder_add (names, parameter->name);
      rates[n++] = json_object_get_double_member (setup, rate);
    }
  return g_strv_builder_end (names);
}

static double
norm (const DhTensor *tensor)
{
  double sum = 0;
  for (gint64 i = 0; i < dh_tensor_count (tensor); i++)
    sum += (double)dh_tensor_f32 (tensor)[i] * dh_tensor_f32 (tensor)[i];
  return sqrt (sum);
}

static double
probe (const char *name, const DhTensor *tensor, guint64 seed)
{
  const gsize count = (gsize)dh_tensor_count (tensor);
  g_autofree char *key = g_strconcat ("probe.", name, NULL);
  g_autofree double *r = g_new (double, count);
  dh_seeded_uniform (key, seed, count, r);
  double sum = 0;
  for (gsize i = 0; i < count; i++)
    sum += r[i] * dh_tensor_f32 (tensor)[i];
  return sum;
}

static void
check_loss (JsonObject *expected, const char *key, double found, double bound)
{
  const double e = json_object_get_double_member (expected, key), error = fabs (found - e) / fabs (e);
  g_test_message ("%s: %.12g, expected %.12g, relative error %.2g of %.2g", key, found, e, error, bound);
  if (!(error <= bound))
    g_test_fail ();
}

static gint
compare_doubles (gconstpointer a, gconstpointer b)
{
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double
sort_for_median (GArray *values)
{
  g_array_sort (values, compare_doubles);
  return g_array_index (values, double, values->len / 2);
}

/* A step-1 gradient by its norm, and by a seeded projection, whose error is a share of the norm. */
static void
check_gradients (JsonObject *root, GArray *list, DhTensorDict *gradients, guint64 seed)
{
  JsonObject *norms = json_object_get_object_member (root, "grad_norm_step1");
  JsonObject *probes = json_object_get_object_member (root, "grad_probe_step1");
  g_autoptr (GArray) errors = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) probe_errors = g_array_new (FALSE, FALSE, sizeof (double));
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *parameter = &g_array_index (list, DhParameter, i);
      if (!parameter->trained)
        continue;
      const DhTensor *gradient = dh_tensor_dict_get (gradients, parameter->name);
      g_assert_true (json_object_has_member (norms, parameter->name));
      const double e = json_object_get_double_member (norms, parameter->name);
      const double error = fabs (norm (gradient) - e) / e;
      /* A projection on values in ±1 of a vector that is off by a share of its norm. */
      const double off =
          fabs (probe (parameter->name, gradient, seed) - json_object_get_double_member (probes, parameter->name)) / e;
      if (!(error <= GRADIENT_BOUND) || !(off <= 4 * GRADIENT_BOUND))
        {
          g_test_message ("gradient of %s: norm off by %.2g, probe by %.2g of the norm", parameter->name, error, off);
          g_test_fail ();
        }
      g_array_append_val (errors, error);
      g_array_append_val (probe_errors, off);
    }
  g_assert_cmpuint (errors->len, ==, json_object_get_size (norms));
  const double median = sort_for_median (errors), probe_median = sort_for_median (probe_errors);
  g_test_message (
      "%u gradients: norms off by at most %.2g, median %.2g; probes by at most %.2g of the norm, median %.2g",
      errors->len, g_array_index (errors, double, errors->len - 1), median,
      g_array_index (probe_errors, double, errors->len - 1), probe_median);
  g_assert_cmpfloat (median, <=, g_str_has_prefix (network, "dlv3p") ? DLV3P_MEDIAN_BOUND : MEDIAN_BOUND);
  g_assert_cmpfloat (probe_median, <=, PROBE_MEDIAN_BOUND);
}

static void
check_norms (JsonObject *root, DhTensorDict *parameters, GArray *list)
{
  JsonObject *norms = json_object_get_object_member (root, "param_norm_after");
  double worst = 0;
  for (guint i = 0; i < list->len; i++)
    {
      const char *name = g_array_index (list, DhParameter, i).name;
      g_assert_true (json_object_has_member (norms, name));
      const double e = json_object_get_double_member (norms, name);
      const double error = fabs (norm (dh_tensor_dict_get (parameters, name)) - e) / e;
      worst = fmax (worst, error);
      if (!(error <= NORM_BOUND))
        {
          g_test_message ("%s after the last step: norm off by %.2g", name, error);
          g_test_fail ();
        }
    }
  g_test_message ("norms after the last step: off by at most %.2g", worst);
}

static void
test_train (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *file = g_strdup_printf ("train_%s.json", network);
  g_autofree char *path = golden_path (file);
  if (!path)
    return;
  g_autoptr (DhDevice) device = dh_device_open (device_name, 0, &error);
  if (!device)
    {
      g_test_skip (error->message);
      return;
    }
  g_autoptr (JsonNode) json = golden_read_json (path);
  JsonObject *root = json_node_get_object (json);
  JsonObject *setup = json_object_get_object_member (root, "setup");
  const gint n = (gint)setup_int (setup, "batch"), h = (gint)setup_int (setup, "height"),
             w = (gint)setup_int (setup, "width"), classes = (gint)setup_int (setup, "classes");
  const guint64 seed = (guint64)setup_int (setup, "seed");
  DhArchitecture architecture;
  g_assert_true (
      dh_architecture_from_name (json_object_get_string_member (setup, "net"), classes, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) parameters = dh_net_new_seeded (net, seed, json_object_get_double_member (setup, "gain"));
  const DhValue outputs[2] = { net->logits, net->logits_ood };
  g_autoptr (GArray) list = dh_graph_list_parameters (net->graph, outputs, 2);
  g_autofree double *rates = g_new (double, list->len);
  g_auto (GStrv) names = list_trained (setup, list, rates);
  DhAdam adam = { NULL };
  g_assert_true (dh_adam_init (&adam, parameters, (const char *const *)names));
  const DhTrainOptions options = { .input = { n, 3, h, w },
                                   .logits = net->logits,
                                   .logits_ood = net->logits_ood,
                                   .beta = json_object_get_double_member (setup, "beta"),
                                   .without_dropout = setup_int (setup, "dropout") == 0 };
  g_autoptr (DhTrainPlan) plan = dh_train_plan_new (device, net->graph, parameters, adam.gradients, &options, &error);
  g_assert_no_error (error);

  g_autofree float *input = make_input ((gsize)n * 3 * h * w, seed);
  g_autofree guint8 *labels = make_labels (n, h, w, classes, seed);
  JsonArray *losses = json_object_get_array_member (root, "losses");
  for (guint step = 0; step < json_array_get_length (losses); step++)
    {
      DhLosses found;
      const gint64 begin = g_get_monotonic_time ();
      dh_train_plan_run (plan, input, labels, 0, 1, &found, NULL, &error);
      g_assert_no_error (error);
      g_test_message ("step %u: %.2f s, %.0f MiB", step + 1, 1e-6 * (double)(g_get_monotonic_time () - begin),
                      (double)dh_train_plan_memory (plan) / (1 << 20));
      JsonObject *expected = json_array_get_object_element (losses, step);
      const gboolean is_dlv3p = g_str_has_prefix (network, "dlv3p");
      const double bound = (is_dlv3p ? dlv3p_loss_bounds : loss_bounds)[MIN (step, 2)];
      check_loss (expected, "total", found.total, bound);
      check_loss (expected, "segmentation", found.segmentation, bound);
      check_loss (expected, "likelihood", found.likelihood, bound);
      check_loss (expected, "dataset_posterior", found.posterior, bound);
      if (step == 0)
        check_gradients (root, list, adam.gradients, seed);
      dh_adam_step (&adam, parameters, rates, step + 1);
    }
  check_norms (root, parameters, list);
  g_autoptr (GArray) steps = dh_train_plan_list_steps (plan);
  for (guint i = 0; i < steps->len; i++)
    {
      const DhPlanStep *step = &g_array_index (steps, DhPlanStep, i);
      g_test_message ("%8.2f s  %s, %s", step->seconds, step->name, step->implementation);
    }
  g_clear_pointer (&plan, dh_train_plan_free);
  dh_adam_clear (&adam);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc != 3)
    return 2;
  network = argv[1];
  device_name = argv[2];
  g_autofree char *path = g_strdup_printf ("/train/%s/%s", network, device_name);
  g_test_add_func (path, test_train);
  return g_test_run ();
}

#include <math.h>
#include <string.h>

#include "dh-device.h"
#include "dh-nets.h"
#include "dh-train-plan.h"

/* How many threads a machine has decides into what items convolutions are cut: never what they give. */

enum
{
  HEIGHT = 41,
  WIDTH = 37,
  CLASSES = 5,
  IMAGES = 2,
};

/* Large enough, in pixels and in channels, to be cut in every way: parts of the output, tiles, pixels, rows; and odd.
 */
static DhGraph *
new_graph (DhValue *logits)
{
  DhGraph *graph = dh_graph_new ();
  const DhValue input = dh_graph_input (graph, 3);
  DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = 70, .kernel = 3, .padding = 1 });
  x = dh_graph_relu (graph, dh_graph_norm (graph, x, "n", 0.1));
  x = dh_graph_conv (graph, x, "wide", (DhConv){ .out = 530, .kernel = 3, .padding = 1 });
  x = dh_graph_conv (graph, x, "thin", (DhConv){ .out = 40, .kernel = 1 });
  x = dh_graph_conv (graph, x, "taps", (DhConv){ .out = 24, .kernel = 3, .padding = 12, .dilation = 12, .bias = TRUE });
  x = dh_graph_conv (graph, x, "last", (DhConv){ .out = CLASSES, .kernel = 1, .bias = TRUE });
  *logits = dh_graph_resize (graph, x, input, FALSE);
  return graph;
}

static DhTensorDict *
new_parameters (DhGraph *graph, DhValue logits, DhTensorDict *gradients)
{
  g_autoptr (GArray) list = dh_graph_list_parameters (graph, &logits, 1);
  DhTensorDict *parameters = dh_tensor_dict_new ();
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *parameter = &g_array_index (list, DhParameter, i);
      DhTensor *tensor = dh_tensor_new_f32 (parameter->n_dims, parameter->dims);
      const gsize count = (gsize)dh_tensor_count (tensor);
      g_autofree double *r = g_new (double, count);
      dh_seeded_uniform (parameter->name, 1, count, r);
      for (gsize j = 0; j < count; j++)
        dh_tensor_f32 (tensor)[j] = (float)(g_str_has_suffix (parameter->name, "running_var") ? 1 : 0.1 * r[j]);
      dh_tensor_dict_take (parameters, parameter->name, tensor);
      if (gradients && parameter->trained)
        dh_tensor_dict_take (gradients, parameter->name, dh_tensor_new_f32 (parameter->n_dims, parameter->dims));
    }
  return parameters;
}

static float *
new_input (void)
{
  const gsize count = (gsize)IMAGES * 3 * HEIGHT * WIDTH;
  float *input = g_new (float, count);
  for (gsize i = 0; i < count; i++)
    input[i] = (float)((guint)(i * 2654435761u) >> 8 & 1023) / 1023;
  return input;
}

static DhDevice *
open_device (guint threads)
{
  g_autoptr (GError) error = NULL;
  DhDevice *device = dh_device_open ("cpu", threads, &error);
  g_assert_no_error (error);
  return device;
}

static GBytes *
infer (guint threads, DhPrecision precision)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = open_device (threads);
  DhValue logits;
  g_autoptr (DhGraph) graph = new_graph (&logits);
  g_autoptr (DhTensorDict) parameters = new_parameters (graph, logits, NULL);
  const DhPlanOptions options = {
    .input = { 1, 3, HEIGHT, WIDTH }, .outputs = &logits, .n_outputs = 1, .precision = precision
  };
  g_autoptr (DhPlan) plan = dh_plan_new (device, graph, parameters, &options, &error);
  g_assert_no_error (error);
  g_autofree float *input = new_input ();
  const gsize bytes = (gsize)CLASSES * HEIGHT * WIDTH * sizeof (float);
  void *made = g_malloc (bytes), *outputs[] = { made };
  dh_plan_run (plan, input, outputs, NULL, NULL, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (made, bytes);
}

static void
test_inference (gconstpointer data)
{
  const DhPrecision precision = GPOINTER_TO_UINT (data);
  static const guint threads[] = { 2, 5, 16, 64 };
  g_autoptr (GBytes) expected = infer (1, precision);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      g_autoptr (GBytes) made = infer (threads[i], precision);
      g_assert_true (g_bytes_equal (made, expected));
    }
}

/* A convolution whose weights are transformed in goes, of some planes of the result each. */
static DhGraph *
new_graph_of_goes (DhValue *logits)
{
  DhGraph *graph = dh_graph_new ();
  const DhValue input = dh_graph_input (graph, 3);
  DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = 96, .kernel = 1 });
  x = dh_graph_conv (graph, x, "goes", (DhConv){ .out = 320, .kernel = 3, .padding = 1 });
  *logits = dh_graph_conv (graph, x, "last", (DhConv){ .out = CLASSES, .kernel = 1 });
  return graph;
}

/* What is trained. */
typedef struct
{
  DhGraph *(*graph) (DhValue *logits);
  DhShape input;
  DhPrecision precision;
} Training;

/* The losses of a step, and all gradients one after the other. */
static float *
train (const Training *training, guint threads, DhLosses *losses, gsize *count)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = open_device (threads);
  DhValue logits;
  g_autoptr (DhGraph) graph = training->graph (&logits);
  g_autoptr (DhTensorDict) gradients = dh_tensor_dict_new ();
  g_autoptr (DhTensorDict) parameters = new_parameters (graph, logits, gradients);
  const DhTrainOptions options = {
    .input = training->input, .precision = training->precision, .logits = logits, .logits_ood = DH_NO_VALUE
  };
  g_autoptr (DhTrainPlan) plan = dh_train_plan_new (device, graph, parameters, gradients, &options, &error);
  g_assert_no_error (error);
  g_autofree float *input = new_input ();
  guint8 labels[IMAGES * HEIGHT * WIDTH];
  g_assert_cmpint (training->input.n * training->input.h * training->input.w, <=, sizeof labels);
  for (gsize i = 0; i < sizeof labels; i++)
    labels[i] = (guint8)(i / 7 % CLASSES);
  dh_train_plan_run (plan, input, labels, 1, 1, losses, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GByteArray) all = g_byte_array_new ();
  for (guint i = 0; i < dh_tensor_dict_size (gradients); i++)
    {
      const DhTensor *tensor = dh_tensor_dict_at (gradients, i);
      g_byte_array_append (all, (const guint8 *)dh_tensor_f32 (tensor), (guint)dh_tensor_size_bytes (tensor));
    }
  *count = all->len / sizeof (float);
  return (float *)(gpointer)g_byte_array_free (g_steal_pointer (&all), FALSE);
}

/* Sums of several threads are added in another order. */
static void
check_training (const Training *training, const guint *threads, guint n_threads)
{
  DhLosses expected, losses;
  gsize count, n;
  g_autofree float *gradients = train (training, 1, &expected, &count);
  double length = 0;
  for (gsize i = 0; i < count; i++)
    length += (double)gradients[i] * gradients[i];
  for (guint t = 0; t < n_threads; t++)
    {
      g_autofree float *made = train (training, threads[t], &losses, &n);
      double off = 0;
      g_assert_cmpuint (n, ==, count);
      for (gsize i = 0; i < count; i++)
        off += ((double)made[i] - gradients[i]) * ((double)made[i] - gradients[i]);
      g_assert_cmpfloat_with_epsilon (losses.total, expected.total, 1e-6 * fabs (expected.total));
      g_assert_cmpfloat (sqrt (off), <=, 1e-5 * sqrt (length));
    }
}

static void
test_training (void)
{
  static const guint threads[] = { 2, 5, 16, 64 };
  const Training training = { new_graph, { IMAGES, 3, HEIGHT, WIDTH }, DH_PRECISION_F32 };
  check_training (&training, threads, G_N_ELEMENTS (threads));
}

/* A go is cut for itself: of these numbers of threads, some have its items hold more tiles than items of all planes
 * would, whatever the kernels. */
static void
test_goes (gconstpointer data)
{
  static const guint threads[] = { 5, 13, 14, 16 };
  const Training training = { new_graph_of_goes, { 1, 3, 44, 48 }, GPOINTER_TO_UINT (data) };
  check_training (&training, threads, G_N_ELEMENTS (threads));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_autoptr (DhDevice) device = open_device (1);
  g_test_add_func ("/threads/training", test_training);
  for (DhPrecision p = DH_PRECISION_F32; p <= DH_PRECISION_BF16; p++)
    {
      g_autofree char *infer = g_strdup_printf ("/threads/%s", dh_precision_name (p));
      g_autofree char *goes = g_strdup_printf ("/threads/goes/%s", dh_precision_name (p));
      if (dh_device_has_precision (device, p))
        g_test_add_data_func (infer, GUINT_TO_POINTER (p), test_inference);
      if (dh_device_trains_in (device, p))
        g_test_add_data_func (goes, GUINT_TO_POINTER (p), test_goes);
    }
  return g_test_run ();
}

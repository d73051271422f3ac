#include <math.h>

#include "dh-device.h"
#include "dh-onnx-folded.h"

/* Norms that go into the convolution before them, and those that must not. */

enum
{
  CLASSES = 4
};

typedef struct
{
  const char *name;
  guint n_left; /* norms */
} Case;

static const Case cases[] = {
  { "bias", 0 },   /* behind convolutions with a bias and without, and one norm behind another */
  { "groups", 0 }, /* of convolutions of groups */
  { "read", 2 },   /* others read the convolution, or the norm between */
  { "shared", 3 }, /* two convolutions have the same parameters */
  { "pool", 1 },   /* none is before it */
  { "sizes", 0 },  /* the size of a norm's value is what a resize goes by */
  { "last", 0 },   /* the class logits themselves are a norm's */
};

static DhNet *
make_net (guint kind)
{
  g_autoptr (DhGraph) graph = dh_graph_new ();
  const DhValue input = dh_graph_input (graph, 3);
  const DhConv wide = { .out = 8, .kernel = 3, .padding = 1 }, biased = { .out = 8, .kernel = 1, .bias = TRUE };
  const DhConv groups = { .out = 8, .kernel = 3, .padding = 1, .groups = 8 },
               few = { .out = 8, .kernel = 1, .groups = 2 };
  const DhConv last = { .out = CLASSES, .kernel = 1 };
  DhValue x = dh_graph_conv (graph, input, "first", wide), y = x;
  if (kind == 0)
    {
      x = dh_graph_norm (graph, dh_graph_norm (graph, x, "a", 0.1), "b", 0.1);
      x = dh_graph_norm (graph, dh_graph_conv (graph, dh_graph_relu (graph, x), "second", biased), "c", 0.1);
    }
  else if (kind == 1)
    {
      x = dh_graph_norm (graph, dh_graph_conv (graph, x, "depth", groups), "a", 0.1);
      x = dh_graph_norm (graph, dh_graph_conv (graph, x, "few", few), "b", 0.1);
    }
  else if (kind == 2)
    {
      y = dh_graph_norm (graph, x, "a", 0.1);
      x = dh_graph_add (graph, x, y);
      y = dh_graph_norm (graph, dh_graph_conv (graph, x, "second", biased), "b", 0.1);
      x = dh_graph_add (graph, dh_graph_norm (graph, y, "c", 0.1), y);
    }
  else if (kind == 3)
    {
      x = dh_graph_norm (graph, dh_graph_conv (graph, x, "twice", biased), "a", 0.1);
      x = dh_graph_norm (graph, dh_graph_conv (graph, dh_graph_relu (graph, x), "twice", biased), "b", 0.1);
      x = dh_graph_norm (graph, dh_graph_relu (graph, x), "a", 0.1);
    }
  else if (kind == 4)
    x = dh_graph_norm (graph, dh_graph_max_pool (graph, x, 2, 2, 0), "a", 0.1);
  else if (kind == 5)
    {
      y = dh_graph_norm (graph, x, "a", 0.1);
      x = dh_graph_resize (graph, dh_graph_max_pool (graph, y, 2, 2, 0), y, TRUE);
    }
  x = dh_graph_conv (graph, dh_graph_relu (graph, x), "last", last);
  if (kind == 6)
    x = dh_graph_norm (graph, x, "a", 0.1);
  return dh_net_new_foreign (graph, input, x, DH_NO_VALUE);
}

/* Whatever the parameter: no norm is one that does nothing. */
static DhTensorDict *
make_tensors (const DhNet *net, GRand *random)
{
  DhTensorDict *tensors = dh_tensor_dict_new ();
  g_autoptr (GArray) list = dh_graph_list_parameters (net->graph, &net->logits, 1);
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *wanted = &g_array_index (list, DhParameter, i);
      DhTensor *tensor = dh_tensor_new_f32 (wanted->n_dims, wanted->dims);
      for (gint64 j = 0; j < dh_tensor_count (tensor); j++)
        dh_tensor_f32 (tensor)[j] =
            (float)(g_str_has_suffix (wanted->name, "_var") ? g_rand_double_range (random, 0.2, 3)
                                                            : g_rand_double_range (random, -1, 1));
      if (!dh_tensor_dict_get (tensors, wanted->name))
        dh_tensor_dict_take (tensors, wanted->name, tensor);
      else
        dh_tensor_unref (tensor);
    }
  return tensors;
}

static float *
run (DhDevice *device, const DhNet *net, DhTensorDict *tensors, const float *picture, DhShape input)
{
  g_autoptr (GError) error = NULL;
  g_autofree DhShape *shapes = dh_graph_infer_shapes (net->graph, input, &error);
  const DhPlanOptions options = { .input = input, .outputs = &net->logits, .n_outputs = 1 };
  g_autoptr (DhPlan) plan = dh_plan_new (device, net->graph, tensors, &options, &error);
  g_assert_no_error (error);
  const DhShape to = shapes[net->logits];
  float *values = g_new (float, (gsize)to.n *to.c *to.h *to.w);
  dh_plan_run (plan, picture, (gpointer[]){ values }, NULL, NULL, &error);
  g_assert_no_error (error);
  return values;
}

static void
test_folded (gconstpointer data)
{
  const Case *c = data;
  const DhShape input = { 2, 3, 12, 9 };
  g_autoptr (GError) error = NULL;
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  g_autoptr (DhDevice) device = dh_device_open ("ref", 1, &error);
  g_autoptr (DhNet) net = make_net ((guint)(c - cases));
  g_autoptr (DhTensorDict) tensors = make_tensors (net, random);
  g_autofree float *picture = g_new (float, 2 * 3 * 12 * 9);
  for (guint i = 0; i < 2 * 3 * 12 * 9; i++)
    picture[i] = (float)g_rand_double (random);
  g_autofree float *before = run (device, net, tensors, picture, input);
  g_autoptr (DhNet) folded = dh_onnx_net_folded (net, tensors, &error);
  g_assert_no_error (error);
  g_assert_true (dh_net_check_keys (folded, tensors, &error));
  g_autoptr (GArray) keys = dh_graph_list_parameters (folded->graph, &folded->logits, 1);
  g_autoptr (GHashTable) names = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < keys->len; i++)
    g_hash_table_add (names, g_array_index (keys, DhParameter, i).name);
  g_assert_cmpuint (dh_tensor_dict_size (tensors), ==, g_hash_table_size (names)); /* none is left over */
  guint n_left = 0;
  for (DhValue v = 0; v < (DhValue)dh_graph_size (folded->graph); v++)
    n_left += dh_graph_node (folded->graph, v)->op == DH_OP_NORM;
  g_assert_cmpuint (n_left, ==, c->n_left);
  g_autofree float *after = run (device, folded, tensors, picture, input);
  const gsize n = (gsize)2 * CLASSES * (c->n_left == 1 ? 6 * 4 : 12 * 9);
  double most = 0, worst = 0;
  for (gsize i = 0; i < n; i++)
    {
      most = fmax (most, fabs (before[i]));
      worst = fmax (worst, fabs (after[i] - before[i]));
    }
  g_assert_cmpfloat (most, >, 0.1);
  g_assert_cmpfloat (worst, <=, 2e-6 * most);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/onnx-folded/", cases[i].name, NULL);
      g_test_add_data_func (path, &cases[i], test_folded);
    }
  return g_test_run ();
}

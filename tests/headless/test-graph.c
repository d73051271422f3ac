#include "dh-error.h"
#include "dh-graph.h"

static DhShape
shape_of (DhGraph *graph, gint h, gint w, DhValue value)
{
  g_autoptr (GError) error = NULL;
  g_autofree DhShape *shapes = dh_graph_infer_shapes (graph, (DhShape){ 2, 3, h, w }, &error);
  g_assert_no_error (error);
  return shapes[value];
}

#define assert_shape(shape, N, C, H, W)                                                                                \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    const DhShape s_ = (shape);                                                                                        \
    g_assert_cmpint (s_.n, ==, N);                                                                                     \
    g_assert_cmpint (s_.c, ==, C);                                                                                     \
    g_assert_cmpint (s_.h, ==, H);                                                                                     \
    g_assert_cmpint (s_.w, ==, W);                                                                                     \
  }                                                                                                                    \
  G_STMT_END

static void
test_shapes (void)
{
  g_autoptr (DhGraph) graph = dh_graph_new ();
  const DhValue x = dh_graph_input (graph, 3);
  const DhValue stem = dh_graph_conv (graph, x, "stem", (DhConv){ .out = 8, .kernel = 7, .stride = 2, .padding = 3 });
  const DhValue wide =
      dh_graph_conv (graph, x, "wide", (DhConv){ .out = 4, .kernel = 3, .padding = 36, .dilation = 36 });
  const DhValue max = dh_graph_max_pool (graph, stem, 2, 2, 0);
  const DhValue average = dh_graph_average_pool (graph, stem, 3, 2, 1);
  const DhValue up = dh_graph_pool_rounded_up (graph, DH_OP_MAX_POOL, stem, 2, 2, 0);
  const DhValue padded = dh_graph_pool_rounded_up (graph, DH_OP_AVERAGE_POOL, stem, 2, 2, 1);
  const DhValue both = dh_graph_concat (graph, (DhValue[]){ x, wide }, 2);
  const DhValue grid = dh_graph_adaptive_pool (graph, x, 4, TRUE);
  const DhValue back = dh_graph_resize (graph, stem, x, FALSE);
  assert_shape (shape_of (graph, 33, 50, stem), 2, 8, 17, 25);
  assert_shape (shape_of (graph, 33, 50, wide), 2, 4, 33, 50);
  assert_shape (shape_of (graph, 33, 50, max), 2, 8, 8, 12);
  assert_shape (shape_of (graph, 33, 50, average), 2, 8, 9, 13);
  assert_shape (shape_of (graph, 33, 50, up), 2, 8, 9, 13);
  assert_shape (shape_of (graph, 32, 48, up), 2, 8, 8, 12);
  /* The last window of 17 + 2 would lie in the padding alone; of 25 + 2, too. */
  assert_shape (shape_of (graph, 33, 50, padded), 2, 8, 9, 13);
  assert_shape (shape_of (graph, 32, 48, padded), 2, 8, 9, 13);
  assert_shape (shape_of (graph, 33, 50, both), 2, 7, 33, 50);
  assert_shape (shape_of (graph, 33, 50, back), 2, 8, 33, 50);
  /* Half to even: 4·10/16 = 2.5 → 2, 4·14/16 = 3.5 → 4; never 0. */
  assert_shape (shape_of (graph, 16, 10, grid), 2, 3, 4, 2);
  assert_shape (shape_of (graph, 16, 14, grid), 2, 3, 4, 4);
  assert_shape (shape_of (graph, 64, 5, grid), 2, 3, 4, 1);
}

static void
assert_refused (DhGraph *graph, DhShape input, gint code)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (dh_graph_infer_shapes (graph, input, &error));
  g_assert_error (error, DH_ERROR, code);
}

static void
test_refused (void)
{
  g_autoptr (DhGraph) graph = dh_graph_new ();
  const DhValue x = dh_graph_input (graph, 3);
  const DhValue half = dh_graph_max_pool (graph, x, 2, 2, 0);
  const DhValue wide = dh_graph_conv (graph, half, "wide", (DhConv){ .out = 1 << 20, .kernel = 1 });
  dh_graph_conv (graph, wide, "next", (DhConv){ .out = 3, .kernel = 1 });
  assert_refused (graph, (DhShape){ 1, 3, 1, 9 }, DH_ERROR_INVALID);
  assert_refused (graph, (DhShape){ 1, 3, 0, 9 }, DH_ERROR_INVALID);
  assert_refused (graph, (DhShape){ 1, 4, 8, 8 }, DH_ERROR_MISMATCH);
  assert_refused (graph, (DhShape){ 1, 3, 1 << 22, 1 << 22 }, DH_ERROR_TOO_LARGE);
  dh_graph_add (graph, x, dh_graph_max_pool (graph, x, 2, 2, 0));
  assert_refused (graph, (DhShape){ 1, 3, 8, 8 }, DH_ERROR_MISMATCH);
}

static void
test_parameters (void)
{
  g_autoptr (DhGraph) graph = dh_graph_new ();
  const DhValue x = dh_graph_input (graph, 3);
  const DhValue a = dh_graph_conv (graph, x, "a", (DhConv){ .out = 8, .kernel = 3, .padding = 1 });
  const DhValue n = dh_graph_norm (graph, a, "n", 0.1);
  const DhValue dead = dh_graph_conv (graph, a, "dead", (DhConv){ .out = 5, .kernel = 1, .bias = TRUE });
  /* What only lends its size is not computed. */
  const DhValue small =
      dh_graph_max_pool (graph, dh_graph_conv (graph, x, "lender", (DhConv){ .out = 2, .kernel = 1 }), 2, 2, 0);
  const DhValue out = dh_graph_resize (graph, n, small, TRUE);

  g_autoptr (GArray) list = dh_graph_list_parameters (graph, &out, 1);
  static const char *const names[] = { "a.weight", "n.weight", "n.bias", "n.running_mean", "n.running_var" };
  g_assert_cmpuint (list->len, ==, G_N_ELEMENTS (names));
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *parameter = &g_array_index (list, DhParameter, i);
      g_assert_cmpstr (parameter->name, ==, names[i]);
      g_assert_cmpint (parameter->trained, ==, i < 3);
      g_assert_cmpint (parameter->node, ==, i ? n : a);
    }
  g_assert_cmpint (g_array_index (list, DhParameter, 0).dims[1], ==, 3);
  g_assert_cmpuint (g_array_index (list, DhParameter, 0).n_dims, ==, 4);

  g_autoptr (GArray) all = dh_graph_list_parameters (graph, NULL, 0);
  g_assert_cmpuint (all->len, ==, 8);
  g_autofree DhShape *shapes = dh_graph_infer_shapes (graph, (DhShape){ 1, 3, 10, 10 }, NULL);
  g_assert_cmpfloat (dh_graph_flop (graph, shapes, &out, 1), ==, 2.0 * 8 * 27 * 100);
  g_assert_cmpfloat (dh_graph_flop (graph, shapes, &dead, 1), ==, 2.0 * 8 * 27 * 100 + 2.0 * 40 * 100);
}

static void
test_score_inputs (void)
{
  g_autoptr (DhGraph) graph = dh_graph_new ();
  const DhValue f = dh_graph_input (graph, 5);
  const DhValue g = dh_graph_conv (graph, f, "g", (DhConv){ .out = 2, .kernel = 1 });
  const DhNode *hybrid = dh_graph_node (graph, dh_graph_score (graph, DH_MAP_HYBRID, f, g));
  g_assert_cmpuint (hybrid->n_inputs, ==, 2);
  const DhNode *posterior = dh_graph_node (graph, dh_graph_score (graph, DH_MAP_DATASET_POSTERIOR, f, g));
  g_assert_cmpuint (posterior->n_inputs, ==, 1);
  g_assert_cmpint (posterior->inputs[0], ==, g);
  const DhNode *logits = dh_graph_node (graph, dh_graph_score (graph, DH_MAP_LOGITS, f, g));
  g_assert_cmpint (logits->channels, ==, 5);
  g_assert_cmpuint (logits->n_inputs, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/graph/shapes", test_shapes);
  g_test_add_func ("/graph/refused", test_refused);
  g_test_add_func ("/graph/parameters", test_parameters);
  g_test_add_func ("/graph/score-inputs", test_score_inputs);
  return g_test_run ();
}

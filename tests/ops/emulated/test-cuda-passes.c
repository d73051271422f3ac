#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "emulated-graph.h"

/* Passes over memory that a plan does without: a norm and a ReLU behind a pool, copies of what was resized into what it
 * is joined in. The values are those of the device that computes operator by operator. */

typedef DhValue (*Build) (DhGraph *graph, DhValue x);

static DhValue
norm_relu (DhGraph *graph, DhValue x, const char *name)
{
  return dh_graph_relu (graph, dh_graph_norm (graph, x, name, 0.1));
}

static DhValue
far (DhGraph *graph, DhValue x, const char *name, gint out)
{
  return dh_graph_conv (graph, x, name, (DhConv){ .out = out, .kernel = 3, .padding = 1 });
}

/* Joined before and behind what was resized, of channels that do not fill their groups; read twice. */
static DhValue
build_joined (DhGraph *graph, DhValue x)
{
  const DhValue fine = dh_graph_conv (graph, x, "fine", (DhConv){ .out = 19, .kernel = 1 });
  const DhValue small =
      dh_graph_conv (graph, x, "small", (DhConv){ .out = 43, .kernel = 3, .stride = 2, .padding = 1 });
  const DhValue up = dh_graph_resize (graph, small, x, TRUE), other = far (graph, x, "other", 9);
  const DhValue joined = dh_graph_concat (graph, (DhValue[]){ fine, up, other }, 3);
  const DhValue y = far (graph, joined, "far", 24);
  return dh_graph_concat (graph, (DhValue[]){ y, norm_relu (graph, joined, "norm") }, 2);
}

/* What was resized is read by somebody else too. */
static DhValue
build_shared (DhGraph *graph, DhValue x)
{
  const DhValue small =
      dh_graph_conv (graph, x, "small", (DhConv){ .out = 24, .kernel = 3, .stride = 2, .padding = 1 });
  const DhValue up = dh_graph_resize (graph, small, x, FALSE), fine = far (graph, x, "fine", 16);
  const DhValue y = far (graph, dh_graph_concat (graph, (DhValue[]){ fine, up }, 2), "far", 24);
  return dh_graph_add (graph, y, far (graph, up, "too", 24));
}

static DhValue
build_pooled (DhGraph *graph, DhValue x)
{
  const DhValue y = norm_relu (graph, dh_graph_max_pool (graph, far (graph, x, "grown", 21), 3, 2, 1), "norm");
  return dh_graph_add (graph, far (graph, y, "far", 16),
                       dh_graph_conv (graph, y, "one", (DhConv){ .out = 16, .kernel = 1 }));
}

/* A norm alone, and one beside which the pool is read. */
static DhValue
build_pooled_norm (DhGraph *graph, DhValue x)
{
  const DhValue y = dh_graph_max_pool (graph, far (graph, x, "grown", 21), 3, 2, 1);
  const DhValue z =
      dh_graph_norm (graph, dh_graph_max_pool (graph, norm_relu (graph, y, "norm"), 3, 2, 1), "norm2", 0.1);
  return dh_graph_add (graph, far (graph, z, "far", 16), dh_graph_max_pool (graph, far (graph, y, "too", 16), 3, 2, 1));
}

/* A norm that alone reads the sum of two convolutions, one of them with a bias, and where one more reads the sum, or
 * one of the convolutions. */
static DhValue
build_summed (DhGraph *graph, DhValue x)
{
  const DhValue a = dh_graph_conv (graph, x, "a", (DhConv){ .out = 43, .kernel = 1, .bias = TRUE });
  const DhValue y = norm_relu (graph, dh_graph_add (graph, far (graph, x, "b", 43), a), "norm");
  return dh_graph_add (graph, far (graph, y, "c", 16), far (graph, y, "d", 16));
}

static DhValue
build_summed_norm (DhGraph *graph, DhValue x)
{
  const DhValue y =
      dh_graph_norm (graph, dh_graph_add (graph, far (graph, x, "a", 40), far (graph, x, "b", 40)), "norm", 0.1);
  return dh_graph_concat (graph, (DhValue[]){ far (graph, y, "c", 16), dh_graph_relu (graph, y) }, 2);
}

static DhValue
build_summed_twice (DhGraph *graph, DhValue x)
{
  const DhValue sum = dh_graph_add (graph, far (graph, x, "a", 40), far (graph, x, "b", 40));
  return dh_graph_add (graph, far (graph, norm_relu (graph, sum, "norm"), "c", 40), sum);
}

static DhValue
build_summed_shared (DhGraph *graph, DhValue x)
{
  const DhValue a = far (graph, x, "a", 40), b = far (graph, x, "b", 40);
  const DhValue y = norm_relu (graph, dh_graph_add (graph, a, b), "norm");
  return dh_graph_add (graph, far (graph, y, "c", 40), a);
}

/* Not of two convolutions: one is clipped by then, or it is one taken twice. */
static DhValue
build_summed_otherwise (DhGraph *graph, DhValue x)
{
  const DhValue a = dh_graph_relu (graph, far (graph, x, "a", 40));
  const DhValue y = norm_relu (graph, dh_graph_add (graph, a, far (graph, x, "b", 40)), "norm");
  const DhValue c = far (graph, y, "c", 40);
  return far (graph, norm_relu (graph, dh_graph_add (graph, c, c), "norm2"), "d", 16);
}

typedef struct
{
  const char *name;
  Build build;
  DhShape input;
  guint launches[2]; /* in 16 bits, whose epilogues are the library's, and in float32 */
} Case;

static const Case cases[] = {
  /* pack, 3 convolutions, a resize, 2 copies, a convolution, the other reader's norm, what is put out */
  { "joined", build_joined, { 2, 16, 13, 22 }, { 10, 10 } },
  /* pack, 2 convolutions, a resize, a copy, 2 convolutions of which one adds, what is put out */
  { "shared", build_shared, { 1, 16, 9, 14 }, { 8, 9 } },
  { "pooled", build_pooled, { 2, 16, 19, 12 }, { 6, 7 } },
  { "pooled-norm", build_pooled_norm, { 1, 16, 23, 31 }, { 8, 9 } },
  /* pack, 4 convolutions of which one adds, norms and clips and another adds, what is put out */
  { "summed", build_summed, { 2, 16, 13, 12 }, { 6, 9 } },
  { "summed-norm", build_summed_norm, { 1, 16, 9, 21 }, { 6, 7 } },
  { "summed-twice", build_summed_twice, { 1, 16, 9, 14 }, { 6, 8 } },
  { "summed-shared", build_summed_shared, { 1, 16, 9, 14 }, { 6, 8 } },
  { "summed-otherwise", build_summed_otherwise, { 1, 16, 9, 14 }, { 9, 11 } },
};

static guint
count_launches (const char *words)
{
  const char *all = strstr (words, "  in all\n");
  g_assert_nonnull (all);
  while (all > words && all[-1] != '\n')
    all--;
  return (guint)g_ascii_strtoull (all, NULL, 10);
}

static float *
run (DhDevice *device, const Case *c, DhPrecision precision, gsize *n, char **words)
{
  g_autoptr (GError) error = NULL;
  DhGraph *graph = dh_graph_new ();
  const DhValue y = c->build (graph, dh_graph_input (graph, c->input.c));
  g_autofree DhShape *shapes = dh_graph_infer_shapes (graph, c->input, &error);
  g_assert_no_error (error);
  *n = (gsize)shapes[y].n * shapes[y].c * shapes[y].h * shapes[y].w;
  float *values =
      emulated_run_graph (device, graph, y, "DH_EMULATED_WAY", "apart", precision, c->input, *n, words, &error);
  g_assert_no_error (error);
  return values;
}

static void
test_passes (gconstpointer data)
{
  static const struct
  {
    DhPrecision precision;
    double bound;
  } formats[] = { { DH_PRECISION_F32, 1e-5 }, { DH_PRECISION_F16, 4e-3 }, { DH_PRECISION_BF16, 3e-2 } };
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (DhDevice) ref = dh_device_open ("ref", 1, &error);
  g_assert_no_error (error);
  gsize n;
  g_autofree float *truth = run (ref, c, DH_PRECISION_F32, &n, NULL);
  double most = 0;
  for (gsize i = 0; i < n; i++)
    most = fmax (most, fabs (truth[i]));
  g_assert_cmpfloat (most, >, 1);
  for (guint f = 0; f < G_N_ELEMENTS (formats); f++)
    {
      g_autofree char *words = NULL;
      g_autofree float *values = run (device, c, formats[f].precision, &n, &words);
      double worst = 0;
      for (gsize i = 0; i < n; i++)
        worst = fmax (worst, fabs (values[i] - truth[i]));
      g_test_message ("%.2g of the largest, %u launches\n%s", worst / most, count_launches (words), words);
      g_assert_cmpfloat (worst, <=, formats[f].bound * most);
      g_assert_cmpuint (count_launches (words), ==, c->launches[f == 0]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/cuda/passes/", cases[i].name, NULL);
      g_test_add_data_func (path, &cases[i], test_passes);
    }
  return g_test_run ();
}

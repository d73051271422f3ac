#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "emulated-graph.h"

/* A dilated convolution as one of nine times the channels and a sum over nine pixels, beside the same in one. */

typedef struct
{
  DhShape input;
  gint narrow; /* channels of the part that does not fill its groups; the input is joined with it */
  DhConv conv;
  gboolean norm, relu;
} Case;

static const Case cases[] = {
  { { 2, 288, 19, 37 }, 0, { .out = 32, .kernel = 3, .padding = 12, .dilation = 12 }, TRUE, TRUE },
  { { 1, 144, 16, 24 }, 11, { .out = 16, .kernel = 3, .padding = 2, .dilation = 2, .bias = TRUE }, FALSE, FALSE },
  /* Most taps are outside; the picture's sides are no multiples of anything. */
  { { 2, 80, 13, 7 }, 0, { .out = 8, .kernel = 3, .padding = 36, .dilation = 36 }, TRUE, FALSE },
  /* The result is smaller than the input, and larger. */
  { { 1, 144, 21, 18 }, 3, { .out = 16, .kernel = 3, .padding = 1, .dilation = 3 }, FALSE, TRUE },
  { { 1, 72, 9, 11 }, 0, { .out = 8, .kernel = 3, .padding = 6, .dilation = 4, .bias = TRUE }, FALSE, TRUE },
};

static const char *const name = "nine 1×1 and their sum";

static float *
run (DhDevice *device, const Case *c, const char *way, DhPrecision precision, gsize *count, char **words,
     GError **error)
{
  DhGraph *graph = dh_graph_new ();
  DhValue y = dh_graph_input (graph, c->input.c);
  if (c->narrow)
    {
      const DhValue part = dh_graph_conv (graph, y, "part", (DhConv){ .out = c->narrow, .kernel = 1 });
      y = dh_graph_concat (graph, (DhValue[]){ part, y }, 2);
    }
  y = dh_graph_conv (graph, y, "far", c->conv);
  if (c->norm)
    y = dh_graph_norm (graph, y, "norm", 0.1);
  if (c->relu)
    y = dh_graph_relu (graph, y);
  g_autofree DhShape *shapes = dh_graph_infer_shapes (graph, c->input, error);
  g_assert_nonnull (shapes);
  *count = (gsize)shapes[y].n * shapes[y].c * shapes[y].h * shapes[y].w;
  return emulated_run_graph (device, graph, y, "DH_EMULATED_TAPS", way, precision, c->input, *count, words, error);
}

/* Both ways differ by roundings of what lies between alone: nine of them, each of half a unit of the format. */
static void
test_values (gconstpointer data)
{
  static const struct
  {
    DhPrecision precision;
    double rounding;
  } formats[] = { { DH_PRECISION_F16, 0x1p-11 }, { DH_PRECISION_BF16, 0x1p-8 } };
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = dh_device_open ("cuda", 0, &error);
  g_autoptr (DhDevice) ref = dh_device_open ("ref", 1, &error);
  g_assert_no_error (error);
  for (guint f = 0; f < G_N_ELEMENTS (formats); f++)
    {
      gsize n;
      g_autofree char *one_words = NULL, *taps_words = NULL, *bare_words = NULL;
      g_autofree float *truth = run (ref, c, "one", DH_PRECISION_F32, &n, NULL, &error);
      g_autofree float *one = run (device, c, "one", formats[f].precision, &n, &one_words, &error);
      g_autofree float *taps = run (device, c, "taps", formats[f].precision, &n, &taps_words, &error);
      g_assert_no_error (error);
      g_assert_null (strstr (one_words, name));
      g_assert_nonnull (strstr (taps_words, name));
      /* Where the library fuses nothing, the sum takes up what follows all the same. */
      g_setenv ("DH_EMULATED_FAIL", "fused", TRUE);
      g_autofree float *bare = run (device, c, "taps", formats[f].precision, &n, &bare_words, &error);
      g_unsetenv ("DH_EMULATED_FAIL");
      g_assert_no_error (error);
      g_assert_nonnull (strstr (bare_words, name));
      g_assert_cmpmem (bare, n * sizeof (float), taps, n * sizeof (float));
      double most = 0, worst = 0, wrong = 0;
      for (gsize i = 0; i < n; i++)
        {
          most = fmax (most, fabs (truth[i]));
          worst = fmax (worst, fabs (taps[i] - one[i]));
          wrong = fmax (wrong, fabs (taps[i] - truth[i]));
        }
      g_test_message ("%.2g of the largest from the other way, %.2g from the truth", worst / most, wrong / most);
      g_assert_cmpfloat (most, >, 1);
      g_assert_cmpfloat (worst, >, 0);
      g_assert_cmpfloat (worst, <=, 3 * formats[f].rounding * most);
      g_assert_cmpfloat (wrong, <=, 4 * formats[f].rounding * most);
    }
}

/* Of equals the one convolution, which stores nothing between; the same with the way left out; never in float32. */
static void
test_choice (void)
{
  const Case *c = &cases[0];
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = dh_device_open ("cuda", 0, &error);
  gsize n;
  g_autofree char *timed = NULL, *without = NULL, *f32 = NULL;
  g_autofree float *a = run (device, c, "timed", DH_PRECISION_F16, &n, &timed, &error);
  g_setenv ("DH_CUDA_WITHOUT", "taps", TRUE);
  g_autofree float *b = run (device, c, "taps", DH_PRECISION_F16, &n, &without, &error);
  g_unsetenv ("DH_CUDA_WITHOUT");
  g_autofree float *d = run (device, c, "taps", DH_PRECISION_F32, &n, &f32, &error);
  g_assert_no_error (error);
  g_assert_null (strstr (timed, name));
  g_assert_null (strstr (without, name));
  g_assert_null (strstr (f32, name));
  g_assert_cmpmem (a, n * sizeof (float), b, n * sizeof (float));
}

/* As many channels as nine results would be more than what is read stay one convolution. */
static void
test_wide (void)
{
  const Case wide = { { 1, 64, 9, 9 }, 0, { .out = 8, .kernel = 3, .padding = 2, .dilation = 2 }, FALSE, FALSE };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = dh_device_open ("cuda", 0, &error);
  gsize n;
  g_autofree char *words = NULL;
  g_autofree float *values = run (device, &wide, "taps", DH_PRECISION_F16, &n, &words, &error);
  g_assert_no_error (error);
  g_assert_null (strstr (words, name));
}

/* What loses the card while they are timed is put aside where nothing else is held on it, and the other way taken; any
 * other fault is an error. Which of the launches: 2 fill, one is the one convolution's, ten the sum's and its like. */
static void
test_faults (void)
{
  static const struct
  {
    const char *fault;
    gboolean is_of_way;
  } faults[] = { { "launch:1", FALSE }, { "run:1", TRUE },   { "run:7", TRUE },
                 { "conv:1", FALSE },   { "conv:2", FALSE }, { "wait:1", FALSE } };
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DhDevice) device = dh_device_open ("cuda", 0, &error);
      g_assert_no_error (error);
      gsize n;
      Case c = cases[2];
      c.input.w += (gint)i; /* what is put aside stays so */
      g_autofree char *words = NULL;
      g_setenv ("DH_EMULATED_FAIL", faults[i].fault, TRUE);
      g_autofree float *values = run (device, &c, "timed", DH_PRECISION_F16, &n, &words, &error);
      g_unsetenv ("DH_EMULATED_FAIL");
      if (!faults[i].is_of_way)
        {
          g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
          continue;
        }
      g_assert_no_error (error);
      g_assert_nonnull (
          strstr (words, i == 1 ? ": one: the card was lost in run" : ": taps: the card was lost in run"));
      g_assert_true ((strstr (words, name) != NULL) == (i == 1));
    }
}

/* A way that computes something else is not taken, nor asked again. */
static void
test_lies (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = dh_device_open ("cuda", 0, &error);
  for (guint lies = 0; lies < 2; lies++)
    {
      gsize n;
      Case c = cases[0];
      c.input.w = 30 + (gint)lies;
      g_autofree char *words = NULL;
      g_setenv ("DH_EMULATED_FASTER", "taps", TRUE);
      if (lies)
        g_setenv ("DH_EMULATED_LIES", "taps", TRUE);
      g_autofree float *values = run (device, &c, "timed", DH_PRECISION_F16, &n, &words, &error);
      g_unsetenv ("DH_EMULATED_LIES");
      g_unsetenv ("DH_EMULATED_FASTER");
      g_assert_no_error (error);
      g_assert_true ((strstr (words, name) != NULL) == !lies);
      g_assert_true ((strstr (words, "× 31: taps computes something else, off by") != NULL) == (lies == 1));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/cuda/taps/%d-to-%d-dilation%d-padding%d", cases[i].input.c + cases[i].narrow,
                           cases[i].conv.out, cases[i].conv.dilation, cases[i].conv.padding);
      g_test_add_data_func (path, &cases[i], test_values);
    }
  g_test_add_func ("/cuda/taps/choice", test_choice);
  g_test_add_func ("/cuda/taps/wide", test_wide);
  g_test_add_func ("/cuda/taps/faults", test_faults);
  g_test_add_func ("/cuda/taps/lies", test_lies);
  return g_test_run ();
}

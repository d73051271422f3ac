#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "emulated-graph.h"

/* The ways in which a convolution can go on a card, each against the plainest. */

/* A dense layer as wide as the card's tile, on sizes that are none of its multiples; the values, and the plan's words.
 */
static float *
run_way (DhDevice *device, const char *way, DhPrecision precision, gsize *count, char **words, GError **error)
{
  const DhShape input = { 2, 48, 19, 37 };
  DhGraph *graph = dh_graph_new ();
  DhValue y = dh_graph_input (graph, input.c);
  /* Five steps of the fused kernel, two of the tiling that takes most at a time; the last is never full. */
  const DhValue grown = dh_graph_conv (graph, y, "grown", (DhConv){ .out = 92, .kernel = 3, .padding = 1 });
  y = dh_graph_concat (graph, (DhValue[]){ y, grown }, 2);
  y = dh_graph_relu (graph, dh_graph_norm (graph, y, "norm", 0.1));
  y = dh_graph_conv (graph, y, "conv", (DhConv){ .out = 256, .kernel = 1 });
  y = dh_graph_relu (graph, dh_graph_norm (graph, y, "norm2", 0.1));
  *count = (gsize)input.n * 256 * input.h * input.w;
  return emulated_run_graph (device, graph, y, "DH_EMULATED_WAY", way, precision, input, *count, words, error);
}

/* A dense layer's convolution in one kernel with its norm, in whatever tiling, differs from the two by the order of
 * sums alone, a rounding of the format. A fault while they are timed is an error. */
static void
test_fused (void)
{
  static const struct
  {
    DhPrecision precision;
    double rounding;
  } formats[] = { { DH_PRECISION_F16, 0x1p-11 }, { DH_PRECISION_BF16, 0x1p-8 } };
  static const char *const tilings[] = { "64×128×32", "64×128×64", "64×64×64", "32×64×128" };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  for (guint f = 0; f < G_N_ELEMENTS (formats); f++)
    {
      gsize n;
      g_autofree char *apart_words = NULL, *timed_words = NULL, *without_words = NULL;
      g_autofree float *apart = run_way (device, "apart", formats[f].precision, &n, &apart_words, &error);
      g_assert_no_error (error);
      g_assert_null (strstr (apart_words, "norm, ReLU and convolution"));
      /* Equal times: the plainest kernel. What an earlier version kept is no way any more. */
      g_autofree float *timed = run_way (device, "timed", formats[f].precision, &n, &timed_words, &error);
      g_autofree float *unknown = run_way (device, "fused", formats[f].precision, &n, NULL, &error);
      g_assert_no_error (error);
      g_assert_nonnull (strstr (timed_words, "norm, ReLU and convolution 64×128×32 "));
      g_assert_cmpmem (timed, n * sizeof (float), unknown, n * sizeof (float));
      g_setenv ("DH_CUDA_WITHOUT", "epilogues,fused,recordings", TRUE);
      g_autofree float *without = run_way (device, tilings[0], formats[f].precision, &n, &without_words, &error);
      g_unsetenv ("DH_CUDA_WITHOUT");
      g_assert_no_error (error);
      g_assert_null (strstr (without_words, "norm, ReLU and convolution"));
      g_assert_null (strstr (without_words, " fused"));
      double most = 0, worst = 0;
      for (gsize i = 0; i < n; i++)
        {
          most = fmax (most, fabs (apart[i]));
          worst = fmax (worst, fabs (without[i] - apart[i]) / 2);
        }
      for (guint t = 0; t < G_N_ELEMENTS (tilings); t++)
        {
          g_autofree char *words = NULL, *name = g_strconcat ("norm, ReLU and convolution ", tilings[t], " ", NULL);
          g_autofree float *fused = run_way (device, tilings[t], formats[f].precision, &n, &words, &error);
          g_assert_no_error (error);
          g_assert_nonnull (strstr (words, name));
          for (gsize i = 0; i < n; i++)
            worst = fmax (worst, fabs (fused[i] - apart[i]));
          if (t == 0)
            g_assert_cmpmem (fused, n * sizeof (float), timed, n * sizeof (float));
        }
      g_test_message ("%.2g of the largest", worst / most);
      g_assert_cmpfloat (most, >, 1);
      g_assert_cmpfloat (worst, <=, 2 * formats[f].rounding * most);
    }
  gsize n;
  g_setenv ("DH_EMULATED_FAIL", "launch:1", TRUE);
  g_autofree float *none = run_way (device, "timed", DH_PRECISION_F16, &n, NULL, &error);
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
}

/* A tiling that computes something else is not taken, however fast; nor is one that loses the card, and the plan is
 * made all the same. But not where another plan is, which goes with the card. What was put aside stays so: these come
 * last.
 */
static void
test_lies (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  gsize n;
  g_autofree char *right = NULL, *lied = NULL, *lost = NULL;
  g_setenv ("DH_EMULATED_FASTER", "32×64×128", TRUE);
  g_free (run_way (device, "timed", DH_PRECISION_F16, &n, &right, &error));
  g_assert_no_error (error);
  g_assert_nonnull (strstr (right, "convolution 32×64×128 "));
  g_assert_null (strstr (right, "put aside: conv, 256 ")); /* others were before */
  g_setenv ("DH_EMULATED_LIES", "32×64×128", TRUE);
  g_free (run_way (device, "timed", DH_PRECISION_F16, &n, &lied, &error));
  g_unsetenv ("DH_EMULATED_LIES");
  g_assert_no_error (error);
  g_assert_nonnull (strstr (lied, "convolution 64×128×32 "));
  g_assert_nonnull (strstr (lied, "put aside: conv, 256 × 19 × 37: 32×64×128 computes something else, off by"));
  /* The first launches fill two buffers and the result; one after the other runs each way. */
  g_setenv ("DH_EMULATED_FASTER", "64×64×64", TRUE);
  g_setenv ("DH_EMULATED_FAIL", "launch:14", TRUE);
  g_free (run_way (device, "timed", DH_PRECISION_BF16, &n, &lost, &error));
  g_unsetenv ("DH_EMULATED_FAIL");
  g_unsetenv ("DH_EMULATED_FASTER");
  g_assert_no_error (error);
  g_assert_nonnull (strstr (lost, " the card was lost in launch"));
  g_assert_nonnull (strstr (lost, "convolution 64×64×64 "));
}

typedef struct
{
  DhShape input;
  gboolean align_corners, norm, relu, relu_before;
} Rung;

/* A rung of the ladder: what was pooled, resized to a dense layer's 1×1 convolution and added to it. */
static float *
run_rung (DhDevice *device, const char *way, const Rung *rung, DhPrecision precision, gsize *count, char **words,
          GError **error)
{
  DhGraph *graph = dh_graph_new ();
  const DhValue x = dh_graph_input (graph, rung->input.c);
  const DhValue grown = dh_graph_conv (graph, x, "grown", (DhConv){ .out = 92, .kernel = 3, .padding = 1 });
  DhValue small = dh_graph_conv (graph, x, "small", (DhConv){ .out = 128, .kernel = 3, .stride = 2, .padding = 1 });
  small = dh_graph_norm (graph, dh_graph_relu (graph, small), "norm3", 0.1);
  if (rung->relu_before)
    small = dh_graph_relu (graph, small);
  DhValue y = dh_graph_concat (graph, (DhValue[]){ x, grown }, 2);
  y = dh_graph_relu (graph, dh_graph_norm (graph, y, "norm", 0.1));
  y = dh_graph_conv (graph, y, "conv", (DhConv){ .out = 128, .kernel = 1, .bias = rung->relu_before });
  y = dh_graph_add (graph, dh_graph_resize (graph, small, y, rung->align_corners), y);
  if (rung->norm)
    y = dh_graph_norm (graph, y, "norm2", 0.1);
  if (rung->relu)
    y = dh_graph_relu (graph, y);
  *count = (gsize)rung->input.n * 128 * rung->input.h * rung->input.w;
  return emulated_run_graph (device, graph, y, "DH_EMULATED_WAY", way, precision, rung->input, *count, words, error);
}

/* A resize that adds to a convolution's result in its kernel differs from one that reads it by that it is not rounded
 * between. */
static void
test_resized (void)
{
  static const Rung rungs[] = { { { 2, 48, 19, 37 }, FALSE, TRUE, TRUE, FALSE },
                                { { 1, 48, 40, 6 }, TRUE, FALSE, FALSE, TRUE },
                                { { 1, 40, 9, 33 }, FALSE, FALSE, TRUE, FALSE } };
  static const char *const tilings[] = { "64×128×32", "64×128×64", "64×64×64", "32×64×128" };
  g_autoptr (DhDevice) device = emulated_open_card ();
  for (guint r = 0; r < G_N_ELEMENTS (rungs); r++)
    {
      const DhPrecision precision = r == 1 ? DH_PRECISION_BF16 : DH_PRECISION_F16;
      g_autoptr (GError) error = NULL;
      gsize n;
      g_autofree char *apart_words = NULL;
      g_autofree float *apart = run_rung (device, "apart", &rungs[r], precision, &n, &apart_words, &error);
      g_assert_no_error (error);
      g_assert_nonnull (strstr (apart_words, "convolution, then resize"));
      double most = 0, worst = 0;
      for (gsize i = 0; i < n; i++)
        most = fmax (most, fabs (apart[i]));
      for (guint t = 0; t < G_N_ELEMENTS (tilings); t++)
        {
          g_autofree char *words = NULL, *name = g_strdup_printf ("convolution %s, resized sum", tilings[t]);
          g_autofree float *fused = run_rung (device, tilings[t], &rungs[r], precision, &n, &words, &error);
          g_assert_no_error (error);
          g_assert_nonnull (strstr (words, name));
          for (gsize i = 0; i < n; i++)
            worst = fmax (worst, fabs (fused[i] - apart[i]));
        }
      g_test_message ("%.2g of the largest", worst / most);
      g_assert_cmpfloat (most, >, 1);
      g_assert_cmpfloat (worst, <=, 2 * (precision == DH_PRECISION_F16 ? 0x1p-11 : 0x1p-8) * most);
    }
}

/* Whatever launch fails while a rung's ways are timed: either it was a way's, which is put aside, and the plan is made;
 * or it is an error, and the card opens again. */
static void
test_resized_faults (void)
{
  g_autoptr (DhDevice) device = emulated_open_card ();
  guint made = 0;
  for (guint call = 1; call <= 21; call += 4)
    {
      /* What is put aside stays so. */
      const Rung rung = { { 1, 40, 9, 33 + (gint)call }, FALSE, FALSE, TRUE, FALSE };
      g_autoptr (GError) error = NULL;
      g_autofree char *fail = g_strdup_printf ("launch:%u", call), *words = NULL;
      gsize n;
      g_setenv ("DH_EMULATED_FAIL", fail, TRUE);
      g_autofree float *values = run_rung (device, "timed", &rung, DH_PRECISION_F16, &n, &words, &error);
      g_unsetenv ("DH_EMULATED_FAIL");
      made += error == NULL;
      if (!error)
        g_assert_nonnull (strstr (words, "the card was lost in launch"));
      else
        {
          g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
          g_assert_true (dh_device_reopen (device, NULL));
        }
    }
  g_assert_cmpuint (made, >=, 3);
}

/* A profiler counts one run: neither what is tried while a plan is made, nor the runs before and after. */
static void
test_profile (void)
{
  g_autoptr (DhDevice) device = emulated_open_card ();
  for (guint without = 0; without < 2; without++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *words = NULL;
      gsize n;
      g_setenv ("DH_EMULATED_WATCHED", "0", TRUE);
      g_setenv ("DH_CUDA_WITHOUT", without ? "recordings" : "", TRUE);
      g_autofree float *values = run_way (device, "timed", DH_PRECISION_F16, &n, &words, &error);
      g_unsetenv ("DH_CUDA_WITHOUT");
      g_assert_no_error (error);
      const char *all = strstr (words, "  in all\n");
      while (all > words && all[-1] != '\n')
        all--;
      g_assert_cmpuint (g_ascii_strtoull (all, NULL, 10), >, 2);
      g_assert_cmpuint (g_ascii_strtoull (g_getenv ("DH_EMULATED_WATCHED"), NULL, 10), ==,
                        g_ascii_strtoull (all, NULL, 10));
    }
  g_unsetenv ("DH_EMULATED_WATCHED");
}

int
main (int argc, char **argv)
{
  g_setenv ("DH_DEBUG", "profile", TRUE); /* read once */
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cuda/fused", test_fused);
  g_test_add_func ("/cuda/resized", test_resized);
  g_test_add_func ("/cuda/resized-faults", test_resized_faults);
  g_test_add_func ("/cuda/profile", test_profile);
  g_test_add_func ("/cuda/lies", test_lies);
  return g_test_run ();
}

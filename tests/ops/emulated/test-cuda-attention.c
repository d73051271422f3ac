#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "emulated-graph.h"

/* Attention by tiles of keys beside attention by items, as the kernels themselves compute both. */

typedef struct
{
  DhShape input;
  gint deep, wide, heads; /* channels of a head of keys and of values */
  gint reduced;           /* the stride of keys and values */
  float scale;
  gboolean joined; /* keys and values are made of several parts each */
} Case;

static const Case cases[] = {
  /* Three blocks of queries, the last of them short; tiles of keys that are full, and one that is not. */
  { { 2, 24, 9, 17 }, 32, 32, 2, 1, 0.18f, FALSE },
  { { 1, 40, 16, 17 }, 64, 64, 1, 2, 0.125f, FALSE },
  { { 1, 24, 10, 13 }, 128, 128, 1, 1, 0.09f, FALSE },
  /* Fewer channels than a tile has; as many keys as a tile has, and one; one query. */
  { { 2, 16, 8, 8 }, 8, 16, 3, 2, 0.4f, FALSE },
  { { 1, 16, 4, 8 }, 40, 24, 2, 1, 2, FALSE },
  { { 2, 16, 5, 6 }, 16, 72, 1, 5, 1, FALSE },
  { { 3, 16, 1, 1 }, 48, 8, 2, 1, 1, FALSE },
  { { 2, 24, 7, 11 }, 96, 104, 1, 1, 0.1f, TRUE },
  { { 1, 24, 13, 6 }, 24, 40, 2, 1, 0.5f, TRUE },
};

static const char *const name = "attention by tiles";

static DhValue
add_part (DhGraph *graph, DhValue x, const char *part, gint channels, gboolean joined)
{
  if (!joined)
    return dh_graph_conv (graph, x, part, (DhConv){ .out = channels, .kernel = 1, .bias = TRUE });
  g_autofree char *other = g_strconcat (part, "2", NULL);
  return dh_graph_concat (graph,
                          (DhValue[]){ dh_graph_conv (graph, x, part, (DhConv){ .out = 8, .kernel = 1 }),
                                       dh_graph_conv (graph, x, other, (DhConv){ .out = channels - 8, .kernel = 1 }) },
                          2);
}

static float *
run (DhDevice *device, const Case *c, const char *way, DhPrecision precision, gsize *count, char **words,
     GError **error)
{
  DhGraph *graph = dh_graph_new ();
  const DhValue x = dh_graph_input (graph, c->input.c);
  const DhConv reduce = { .out = c->input.c, .kernel = c->reduced, .stride = c->reduced };
  const DhValue low = c->reduced > 1 ? dh_graph_conv (graph, x, "reduce", reduce) : x;
  const DhValue y =
      dh_graph_attention (graph, add_part (graph, x, "q", c->deep * c->heads, FALSE),
                          add_part (graph, low, "k", c->deep * c->heads, c->joined),
                          add_part (graph, low, "v", c->wide * c->heads, c->joined), c->heads, (double)c->scale);
  *count = (gsize)c->input.n * c->wide * c->heads * c->input.h * c->input.w;
  return emulated_run_graph (device, graph, y, "DH_EMULATED_ATTENTION", way, precision, c->input, *count, words, error);
}

/* Both read the same values; the tiles' weights are rounded to 16 bits too where these are, half a unit of each.
 * In float32 only the order of sums is another. That is no difference for which a way would be put aside. */
static void
test_values (gconstpointer data)
{
  static const struct
  {
    DhPrecision precision;
    double rounding;
  } formats[] = { { DH_PRECISION_F16, 0x1p-11 }, { DH_PRECISION_BF16, 0x1p-8 }, { DH_PRECISION_F32, 0x1p-20 } };
  const Case *c = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  for (guint f = 0; f < G_N_ELEMENTS (formats); f++)
    {
      gsize n;
      g_autofree char *items_words = NULL, *tiles_words = NULL;
      g_autofree float *items = run (device, c, "items", formats[f].precision, &n, &items_words, &error);
      g_assert_no_error (error);
      g_autofree float *tiles = run (device, c, "tiles", formats[f].precision, &n, &tiles_words, &error);
      g_assert_no_error (error);
      g_autofree char *timed_words = NULL;
      g_free (run (device, c, "timed", formats[f].precision, &n, &timed_words, &error));
      g_assert_no_error (error);
      g_assert_nonnull (strstr (timed_words, name));
      g_assert_null (strstr (items_words, name));
      g_assert_nonnull (strstr (items_words, "attention "));
      g_assert_nonnull (strstr (tiles_words, name));
      double most = 0, worst = 0;
      for (gsize i = 0; i < n; i++)
        {
          g_assert_true (isfinite (tiles[i]));
          most = fmax (most, fabs (items[i]));
          worst = fmax (worst, fabs (tiles[i] - items[i]));
        }
      g_test_message ("%.2g of the largest", worst / most);
      g_assert_cmpfloat (most, >, 0.1);
      g_assert_cmpfloat (worst, <=, 2 * formats[f].rounding * most);
    }
}

/* Of equals the tiles; not where they are left out, nor where heads have no whole groups or more than a
 * tile has, or a factor turns the order of products round. */
static void
test_choice (void)
{
  static const struct
  {
    const char *way, *without;
    DhPrecision precision;
    gint deep, wide;
    float scale;
    gboolean tiled;
  } choices[] = {
    { "timed", "recordings", DH_PRECISION_F16, 32, 32, 0.2f, TRUE },
    { "tiles", "recordings", DH_PRECISION_BF16, 128, 8, 0.2f, TRUE },
    { "tiles", "transformers", DH_PRECISION_F16, 32, 32, 0.2f, FALSE },
    { "tiles", "recordings", DH_PRECISION_F32, 32, 32, 0.2f, TRUE },
    { "tiles", "recordings", DH_PRECISION_TF32, 32, 32, 0.2f, TRUE },
    { "tiles", "recordings", DH_PRECISION_F16, 136, 32, 0.2f, FALSE },
    { "tiles", "recordings", DH_PRECISION_F16, 32, 136, 0.2f, FALSE },
    { "tiles", "recordings", DH_PRECISION_F16, 12, 32, 0.2f, FALSE },
    { "tiles", "recordings", DH_PRECISION_F16, 32, 20, 0.2f, FALSE },
    { "tiles", "recordings", DH_PRECISION_F16, 32, 32, -0.2f, FALSE },
    { "tiles", "recordings", DH_PRECISION_F16, 32, 32, 0, FALSE },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++)
    {
      const Case c = { { 1, 16, 3, 5 }, choices[i].deep, choices[i].wide, 2, 1, choices[i].scale, FALSE };
      gsize n;
      g_autofree char *words = NULL;
      g_setenv ("DH_CUDA_WITHOUT", choices[i].without, TRUE);
      g_free (run (device, &c, choices[i].way, choices[i].precision, &n, &words, &error));
      g_unsetenv ("DH_CUDA_WITHOUT");
      g_assert_no_error (error);
      g_assert_true ((strstr (words, name) != NULL) == choices[i].tiled);
    }
}

/* Tiles that compute something else are not taken; a fault before they are is an error. */
static void
test_lies (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  Case c = cases[0];
  gsize n;
  g_autofree char *lied = NULL;
  g_setenv ("DH_EMULATED_FASTER", "tiles", TRUE);
  g_setenv ("DH_EMULATED_LIES", "tiles", TRUE);
  g_free (run (device, &c, "timed", DH_PRECISION_F16, &n, &lied, &error));
  g_unsetenv ("DH_EMULATED_LIES");
  g_unsetenv ("DH_EMULATED_FASTER");
  g_assert_no_error (error);
  g_assert_null (strstr (lied, name));
  g_assert_nonnull (strstr (lied, ": tiles computes something else, off by"));
  c.input.w--;
  g_autoptr (DhDevice) other = emulated_open_card ();
  g_setenv ("DH_EMULATED_FAIL", "launch:1", TRUE);
  g_free (run (other, &c, "timed", DH_PRECISION_F16, &n, NULL, &error));
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/cuda/attention/%d-%d-heads%d-%dx%d", cases[i].deep, cases[i].wide,
                                               cases[i].heads, cases[i].input.h, cases[i].input.w);
      g_test_add_data_func (path, &cases[i], test_values);
    }
  g_test_add_func ("/cuda/attention/choice", test_choice);
  g_test_add_func ("/cuda/attention/lies", test_lies);
  return g_test_run ();
}

#include <stdio.h>

#include "dh-nets.h"
#include "gradients.h"

#define CLASSES 5

typedef enum
{
  PLAIN,
  NORM,
  NORM_RELU,
  RELU,
  ADD,
  ADD_TWICE,
  CONCAT,
  CONCAT_OF_CONCATS,
  MAX_2,
  MAX_3,
  AVERAGE_3,
  ADAPTIVE,
  ADAPTIVE_1,
  UP,
  UP_CORNERS,
  DOWN,
  DROPOUT,
  SCALE,
  NORM_OF_INPUT,
  POOL_WITH_INPUT,
  CONV_WITH_INPUT,
  CHAIN,
  N_KINDS,
} Kind;
static const char *const kind_names[N_KINDS] = {
  "losses",          "norm",          "norm-relu",         "relu",          "add",
  "add-to-itself",   "concat",        "concat-of-concats", "max-pool-2",    "max-pool-3",
  "average-pool-3",  "adaptive-pool", "adaptive-pool-1",   "resize",        "resize-corners",
  "resize-down",     "dropout",       "channel-scale",     "norm-of-input", "pool-with-input",
  "conv-with-input", "chain",
};

static void
free_case (gpointer data)
{
  GradientCase *gradient_case = data;
  g_free (gradient_case->ops_case.name);
  dh_graph_unref (gradient_case->ops_case.graph);
  g_array_unref (gradient_case->ops_case.outputs);
  g_free (gradient_case);
}

/* Heads at the input's size behind `x`, and the test. Takes `graph`. */
static void
add_case (DhDevice *device, DhGraph *graph, DhShape input, const char *name, gint classes, DhValue logits,
          DhValue logits_ood, gboolean (*is_wanted) (const char *path, char **words), char **words, gboolean print)
{
  GradientCase *gradient_case = g_new0 (GradientCase, 1);
  gradient_case->ops_case = (OpsCase){ .name = g_strdup (name),
                                       .graph = graph,
                                       .input = input,
                                       .input_scale = 1,
                                       .training = TRUE,
                                       .outputs = g_array_new (FALSE, FALSE, sizeof (DhValue)) };
  gradient_case->device = device;
  gradient_case->logits = logits;
  gradient_case->logits_ood = logits_ood;
  gradient_case->classes = classes;
  gradient_case->whole_net = g_str_has_prefix (name, "net/");
  gradient_case->dropout = g_str_has_prefix (name, "dropout");
  gradient_case->recompute = gradient_case->whole_net || g_str_has_prefix (name, kind_names[CHAIN]);
  g_array_append_val (gradient_case->ops_case.outputs, logits);
  if (logits_ood != DH_NO_VALUE)
    g_array_append_val (gradient_case->ops_case.outputs, logits_ood);
  g_autofree char *path = g_strdup_printf ("/ops/%s/gradient/%s", dh_device_name (device), name);
  if (!is_wanted (path, words))
    {
      free_case (gradient_case);
      return;
    }
  if (print)
    printf ("%s\n", path);
  if (print)
    free_case (gradient_case);
  else
    g_test_add_data_func_full (path, gradient_case, gradients_prove, free_case);
}

static DhValue
append_kind (DhGraph *graph, Kind kind, DhValue input, DhValue x)
{
  static const float mean[3] = { 0.4f, 0.5f, 0.3f }, deviation[3] = { 0.2f, 0.3f, 0.5f };
  const DhValue half = kind == UP || kind == UP_CORNERS || kind == DOWN ? dh_graph_max_pool (graph, x, 2, 2, 0) : x;
  DhValue y;
  switch (kind)
    {
    case NORM:
      return dh_graph_norm (graph, x, "n", 0.1);
    case NORM_RELU:
      y = dh_graph_relu (graph, dh_graph_norm (graph, x, "n", 0.1));
      /* Read twice, once as it is. */
      return dh_graph_add (graph, y, dh_graph_conv (graph, y, "m", (DhConv){ .out = 8, .kernel = 3, .padding = 1 }));
    case RELU:
      return dh_graph_relu (graph, x);
    case CHAIN: /* values made again, each of one that is made again too */
      for (gint i = 0; i < 3; i++)
        {
          g_autofree char *n = g_strdup_printf ("n%d", i), *c = g_strdup_printf ("c%d", i);
          x = dh_graph_conv (graph, dh_graph_relu (graph, dh_graph_norm (graph, x, n, 0.1)), c,
                             (DhConv){ .out = 16, .kernel = 1 });
        }
      return x;
    case ADD:
      return dh_graph_add (graph, x, dh_graph_conv (graph, x, "m", (DhConv){ .out = 8, .kernel = 1 }));
    case ADD_TWICE:
      return dh_graph_add (graph, x, x);
    case CONCAT:
      y = dh_graph_norm (graph, x, "n", 0.1);
      return dh_graph_concat (graph, (DhValue[]){ y, x, y, dh_graph_relu (graph, x) }, 4);
    case CONCAT_OF_CONCATS:
      y = x;
      for (gint i = 0; i < 3; i++)
        {
          g_autofree char *n = g_strdup_printf ("n%d", i), *c = g_strdup_printf ("c%d", i);
          const DhValue grown = dh_graph_conv (graph, dh_graph_relu (graph, dh_graph_norm (graph, y, n, 0.1)), c,
                                               (DhConv){ .out = 4, .kernel = 3, .padding = 1 });
          y = dh_graph_concat (graph, (DhValue[]){ y, grown }, 2);
        }
      return y;
    case MAX_2:
      return dh_graph_max_pool (graph, x, 2, 2, 0);
    case MAX_3:
      return dh_graph_max_pool (graph, x, 3, 2, 1);
    case AVERAGE_3:
      return dh_graph_average_pool (graph, x, 3, 2, 1);
    case ADAPTIVE:
      return dh_graph_adaptive_pool (graph, x, 4, TRUE);
    case ADAPTIVE_1:
      return dh_graph_adaptive_pool (graph, x, 1, FALSE);
    case UP:
      return dh_graph_resize (graph, half, x, FALSE);
    case UP_CORNERS:
      return dh_graph_resize (graph, half, x, TRUE);
    case DOWN:
      return dh_graph_resize (graph, x, half, FALSE);
    case DROPOUT:
      return dh_graph_dropout (graph, x, 0.4);
    case SCALE:
      y = dh_graph_conv (graph, x, "m", (DhConv){ .out = 3, .kernel = 1 });
      return dh_graph_channel_scale (graph, y, mean, deviation);
    case NORM_OF_INPUT: /* what nothing trained stands before has no gradient of its own */
      y = dh_graph_relu (graph, dh_graph_norm (graph, input, "n", 0.1));
      return dh_graph_concat (graph, (DhValue[]){ y, x, input }, 3);
    case POOL_WITH_INPUT:
      return dh_graph_average_pool (graph, dh_graph_concat (graph, (DhValue[]){ input, x }, 2), 3, 1, 1);
    case CONV_WITH_INPUT:
      y = dh_graph_concat (graph, (DhValue[]){ x, input }, 2);
      return dh_graph_conv (graph, y, "m", (DhConv){ .out = 8, .kernel = 3, .padding = 1 });
    case PLAIN:
    case N_KINDS:
      break;
    }
  return x;
}

static void
add_kind (DhDevice *device, Kind kind, gint h, gint w, gboolean hybrid,
          gboolean (*is_wanted) (const char *path, char **words), char **words, gboolean print)
{
  DhGraph *graph = dh_graph_new ();
  const DhValue input = dh_graph_input (graph, 3);
  DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = 8, .kernel = 3, .padding = 1, .bias = TRUE });
  x = append_kind (graph, kind, input, x);
  const DhValue f = dh_graph_conv (graph, x, "f", (DhConv){ .out = CLASSES, .kernel = 1, .bias = TRUE });
  const DhValue g = dh_graph_conv (graph, x, "g", (DhConv){ .out = 2, .kernel = 1, .bias = TRUE });
  const DhValue logits = dh_graph_resize (graph, f, input, FALSE);
  const DhValue logits_ood = dh_graph_resize (graph, g, input, FALSE);
  g_autofree char *name = g_strdup_printf ("%s%s/%dx%d", kind_names[kind], hybrid ? "" : "-closed", h, w);
  add_case (device, graph, (DhShape){ 2, 3, h, w }, name, CLASSES, logits, hybrid ? logits_ood : DH_NO_VALUE, is_wanted,
            words, print);
}

/* Every stride, dilation and padding in use, as the middle one of three. */
static void
add_convs (DhDevice *device, gboolean (*is_wanted) (const char *path, char **words), char **words, gboolean print)
{
  static const DhConv convs[] = {
    { .out = 7, .kernel = 1 },
    { .out = 17, .kernel = 1, .bias = TRUE },
    { .out = 6, .kernel = 1, .stride = 2 },
    { .out = 9, .kernel = 3, .padding = 1 },
    { .out = 5, .kernel = 3, .stride = 2, .padding = 1 },
    { .out = 5, .kernel = 3, .padding = 2, .dilation = 2 },
    { .out = 5, .kernel = 3, .padding = 4, .dilation = 4 },
    { .out = 4, .kernel = 3, .padding = 12, .dilation = 12 },
    { .out = 4, .kernel = 3, .padding = 24, .dilation = 24 },
    { .out = 4, .kernel = 3, .padding = 36, .dilation = 36 },
    { .out = 6, .kernel = 7, .stride = 2, .padding = 3 },
    { .out = 5, .kernel = 3, .stride = 2, .padding = 2, .dilation = 2, .bias = TRUE },
  };
  static const gint sizes[][2] = { { 6, 5 }, { 13, 18 } };
  for (guint i = 0; i < G_N_ELEMENTS (convs); i++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      {
        DhGraph *graph = dh_graph_new ();
        const DhValue input = dh_graph_input (graph, 3);
        DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = 18, .kernel = 1 });
        x = dh_graph_conv (graph, x, "middle", convs[i]);
        x = dh_graph_conv (graph, x, "f", (DhConv){ .out = CLASSES, .kernel = 1, .bias = TRUE });
        const DhValue logits = dh_graph_resize (graph, x, input, TRUE);
        g_autofree char *name =
            g_strdup_printf ("conv-%dx%d-stride%d-padding%d-dilation%d%s/%dx%d", convs[i].kernel, convs[i].kernel,
                             MAX (convs[i].stride, 1), convs[i].padding, MAX (convs[i].dilation, 1),
                             convs[i].bias ? "-bias" : "", sizes[s][0], sizes[s][1]);
        add_case (device, graph, (DhShape){ 2, 3, sizes[s][0], sizes[s][1] }, name, CLASSES, logits, DH_NO_VALUE,
                  is_wanted, words, print);
      }
}

/* As a middle one that our own kernels make: several planes and an odd one, more input planes than are multiplied at a
 * time, pixels and tiles that leave a part of an item and of a pair over. */
static void
add_own_convs (DhDevice *device, gboolean (*is_wanted) (const char *path, char **words), char **words, gboolean print)
{
  static const struct
  {
    gint in;
    DhConv conv;
  } cases[] = {
    { 18, { .out = 35, .kernel = 3, .padding = 1 } },
    { 35, { .out = 9, .kernel = 3, .padding = 2, .dilation = 2, .bias = TRUE } },
    { 280, { .out = 20, .kernel = 1 } },
    { 265, { .out = 40, .kernel = 1 } },
    { 20, { .out = 35, .kernel = 1, .bias = TRUE } },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const DhConv *conv = &cases[i].conv;
      DhGraph *graph = dh_graph_new ();
      const DhValue input = dh_graph_input (graph, 3);
      DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = cases[i].in, .kernel = 1 });
      x = dh_graph_conv (graph, dh_graph_relu (graph, dh_graph_norm (graph, x, "n", 0.1)), "middle", *conv);
      x = dh_graph_conv (graph, x, "f", (DhConv){ .out = CLASSES, .kernel = 1, .bias = TRUE });
      const DhValue logits = dh_graph_resize (graph, x, input, TRUE);
      g_autofree char *name =
          g_strdup_printf ("own-%d-to-%d-%dx%d-dilation%d%s/33x35", cases[i].in, conv->out, conv->kernel, conv->kernel,
                           MAX (conv->dilation, 1), conv->bias ? "-bias" : "");
      add_case (device, graph, (DhShape){ 2, 3, 33, 35 }, name, CLASSES, logits, DH_NO_VALUE, is_wanted, words, print);
    }
}

/* More channels than any published network has: nothing may be read behind what a kernel is given. */
static void
add_wide (DhDevice *device, gboolean (*is_wanted) (const char *path, char **words), char **words, gboolean print)
{
  DhGraph *graph = dh_graph_new ();
  const DhValue input = dh_graph_input (graph, 3);
  DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = 8704, .kernel = 1 });
  x = dh_graph_conv (graph, x, "middle", (DhConv){ .out = 5, .kernel = 3, .padding = 1 });
  x = dh_graph_conv (graph, x, "f", (DhConv){ .out = CLASSES, .kernel = 1, .bias = TRUE });
  const DhValue logits = dh_graph_resize (graph, x, input, FALSE);
  add_case (device, graph, (DhShape){ 128, 3, 1, 1 }, "net/wide", CLASSES, logits, DH_NO_VALUE, is_wanted, words,
            print);
}

void
gradients_add (const GradientList *list, DhGraph *graph, gint h, gint w, const char *name, gint classes, DhValue logits,
               DhValue logits_ood)
{
  add_case (list->device, graph, (DhShape){ 2, 3, h, w }, name, classes, logits, logits_ood, list->is_wanted,
            list->words, list->print);
}

void
ops_add_gradients (DhDevice *device, gboolean (*is_wanted) (const char *path, char **words), char **words,
                   gboolean print)
{
  static const gint sizes[][2] = { { 4, 6 }, { 13, 9 } };
  static const char *const nets[] = { "ldn-tiny", "dlv3p-tiny", "ldn-tiny-closed" };
  add_convs (device, is_wanted, words, print);
  add_own_convs (device, is_wanted, words, print);
  if (!g_str_equal (dh_device_name (device), "ref"))
    add_wide (device, is_wanted, words, print);
  /* Large enough for kernels of our own. */
  add_kind (device, CONV_WITH_INPUT, 32, 36, FALSE, is_wanted, words, print);
  for (Kind kind = 0; kind < N_KINDS; kind++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      add_kind (device, kind, sizes[s][0], sizes[s][1], (kind != PLAIN || s == 0) && kind != DROPOUT, is_wanted, words,
                print);
  gradients_add_foreign (&(GradientList){ device, is_wanted, words, print });
  for (guint i = 0; i < G_N_ELEMENTS (nets); i++)
    {
      DhArchitecture architecture;
      g_assert_true (dh_architecture_from_name (nets[i], 0, &architecture, NULL));
      g_autoptr (DhNet) net = dh_net_new (&architecture);
      g_autofree char *name = g_strdup_printf ("net/%s", nets[i]);
      add_case (device, dh_graph_ref (net->graph), (DhShape){ 2, 3, 32, 40 }, name, architecture.classes, net->logits,
                net->logits_ood, is_wanted, words, print);
    }
}

#include "gradients.h"

/* Gradients through operators that only networks of others have. */

#define CLASSES 5

/* The heads behind `x`, at full size. Takes `graph`. */
static void
add_behind (const GradientList *list, DhGraph *graph, gint h, gint w, const char *name, DhValue input, DhValue x)
{
  const DhValue f = dh_graph_conv (graph, x, "f", (DhConv){ .out = CLASSES, .kernel = 1, .bias = TRUE });
  const DhValue g = dh_graph_conv (graph, x, "g", (DhConv){ .out = 2, .kernel = 1, .bias = TRUE });
  g_autofree char *path = g_strdup_printf ("foreign-%s/%dx%d", name, h, w);
  gradients_add (list, graph, h, w, path, CLASSES, dh_graph_resize (graph, f, input, FALSE),
                 dh_graph_resize (graph, g, input, FALSE));
}

static const gint sizes[][2] = { { 6, 5 }, { 13, 18 } };

static const struct
{
  gint in;
  DhConv conv;
} convs[] = {
  { 16, { .out = 16, .kernel = 3, .padding = 1, .groups = 16 } },
  { 19, { .out = 19, .kernel = 5, .stride = 2, .padding = 2, .groups = 19, .bias = TRUE } },
  { 24, { .out = 24, .kernel = 3, .padding = 12, .dilation = 12, .groups = 24 } },
  { 20, { .out = 20, .kernel = 1, .stride = 2, .groups = 20, .bias = TRUE } },
  { 3, { .out = 3, .kernel = 1, .groups = 3, .bias = TRUE } },
  { 18, { .out = 54, .kernel = 3, .padding = 1, .groups = 18, .bias = TRUE } },
  { 24, { .out = 16, .kernel = 3, .stride = 2, .padding = 1, .groups = 4 } },
  { 12, { .out = 18, .kernel = 1, .groups = 2 } },
  { 33, { .out = 22, .kernel = 3, .padding = 2, .dilation = 2, .groups = 11, .bias = TRUE } },
  { 32, { .out = 64, .kernel = 3, .padding = 1, .groups = 2 } },
  { 40, { .out = 40, .kernel = 5, .padding = 4, .dilation = 2, .groups = 40 } },
};

/* With a group for each channel, at sizes whose lines are made several pixels at a time. */
static const struct
{
  gint in;
  DhConv conv;
  gint h, w;
} depthwise[] = {
  { 17, { .out = 17, .kernel = 7, .padding = 3, .groups = 17 }, 17, 45 },
  { 16, { .out = 16, .kernel = 7, .stride = 2, .padding = 3, .groups = 16, .bias = TRUE }, 21, 39 },
  { 16, { .out = 16, .kernel = 5, .padding = 2, .groups = 16 }, 15, 37 },
  { 33, { .out = 33, .kernel = 5, .stride = 2, .padding = 1, .groups = 33 }, 14, 50 },
  { 16, { .out = 16, .kernel = 5, .stride = 3, .groups = 16 }, 23, 70 },
  { 8, { .out = 8, .kernel = 3, .padding = 4, .groups = 8 }, 9, 30 },
  { 16, { .out = 16, .kernel = 3, .stride = 2, .padding = 1, .groups = 16 }, 31, 64 },
  { 16, { .out = 16, .kernel = 3, .padding = 2, .dilation = 3, .groups = 16 }, 12, 34 },
  { 16, { .out = 16, .kernel = 1, .padding = 1, .groups = 16 }, 5, 26 },
};

static void
add_convs (const GradientList *list)
{
  for (guint i = 0; i < G_N_ELEMENTS (convs); i++)
    for (guint s = 0; s < 2 * G_N_ELEMENTS (sizes); s++)
      {
        const DhConv conv = convs[i].conv;
        const gboolean normed = s >= G_N_ELEMENTS (sizes);
        const gint *size = sizes[s % G_N_ELEMENTS (sizes)];
        DhGraph *graph = dh_graph_new ();
        const DhValue input = dh_graph_input (graph, 3);
        DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = convs[i].in, .kernel = 1 });
        x = normed ? dh_graph_relu (graph, dh_graph_norm (graph, x, "n", 0.1)) : x;
        const DhValue y = dh_graph_conv (graph, x, "middle", conv);
        g_autofree char *name =
            g_strdup_printf ("conv-%dx%d-%d-%d-groups%d-stride%d-dilation%d%s%s", conv.kernel, conv.kernel, convs[i].in,
                             conv.out, conv.groups, MAX (conv.stride, 1), MAX (conv.dilation, 1),
                             conv.bias ? "-bias" : "", normed ? "-normed" : "");
        add_behind (list, graph, size[0], size[1], name, input, y);
      }
  for (guint i = 0; i < G_N_ELEMENTS (depthwise); i++)
    {
      const DhConv conv = depthwise[i].conv;
      DhGraph *graph = dh_graph_new ();
      const DhValue input = dh_graph_input (graph, 3);
      DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = depthwise[i].in, .kernel = 1 });
      x = i % 3 == 2 ? dh_graph_relu (graph, x) : x;
      g_autofree char *name = g_strdup_printf ("depthwise-%d-%d-stride%d-padding%d-dilation%d", conv.kernel, conv.out,
                                               MAX (conv.stride, 1), conv.padding, MAX (conv.dilation, 1));
      add_behind (list, graph, depthwise[i].h, depthwise[i].w, name, input, dh_graph_conv (graph, x, "middle", conv));
    }
  /* Of the picture itself. */
  DhGraph *graph = dh_graph_new ();
  const DhValue input = dh_graph_input (graph, 3);
  const DhConv conv = { .out = 6, .kernel = 3, .stride = 2, .padding = 1, .groups = 3 };
  add_behind (list, graph, 13, 18, "conv-of-input", input, dh_graph_conv (graph, input, "first", conv));
}

static const DhActivation activations[] = {
  { DH_ACTIVATION_CLIP, 0, 6 },
  { DH_ACTIVATION_CLIP, -0.2f, 0.4f },
  { DH_ACTIVATION_LEAKY, 0.1f, 0 },
  { DH_ACTIVATION_LEAKY, -0.5f, 0 },
  { DH_ACTIVATION_HARD_SIGMOID, 1 / 6.0f, 0.5f },
  { DH_ACTIVATION_HARD_SIGMOID, 2, 0.5f },
  { DH_ACTIVATION_HARD_SWISH, 1 / 6.0f, 0.5f },
  { DH_ACTIVATION_HARD_SWISH, 2, 0.5f },
  { DH_ACTIVATION_SIGMOID, 0, 0 },
  { DH_ACTIVATION_SILU, 0, 0 },
  { DH_ACTIVATION_GELU, 0, 0 },
  { DH_ACTIVATION_GELU_TANH, 0, 0 },
};

static void
add_activations (const GradientList *list)
{
  static const char *const ways[] = { "", "-normed", "-and-normed", "-twice" };
  for (guint i = 0; i < G_N_ELEMENTS (activations); i++)
    for (guint way = 0; way < G_N_ELEMENTS (ways); way++)
      {
        DhGraph *graph = dh_graph_new ();
        const DhValue input = dh_graph_input (graph, 3);
        DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = 19, .kernel = 3, .padding = 1 });
        x = way == 1 ? dh_graph_norm (graph, x, "n", 0.1) : x;
        DhValue y = dh_graph_activation (graph, x, activations[i]);
        if (way == 2)
          y = dh_graph_relu (graph, dh_graph_norm (graph, y, "n", 0.1));
        if (way == 3) /* by two readers, and what it is of by another */
          y = dh_graph_add (graph, dh_graph_add (graph, y, x),
                            dh_graph_conv (graph, y, "m", (DhConv){ .out = 19, .kernel = 1 }));
        g_autofree char *name =
            g_strdup_printf ("%s-%g%s", dh_activation_name (activations[i].kind), activations[i].alpha, ways[way]);
        add_behind (list, graph, 7, 9, name, input, y);
      }
}

static const char *const products[] = { "by-itself", "by-value",  "gate",      "gate-of-norm", "by-map",
                                        "by-one",    "by-relaid", "gate-only", "gate-and-norm" };

static DhValue
append_product (DhGraph *graph, guint kind, DhValue x, gint c)
{
  const DhValue normed = dh_graph_relu (graph, dh_graph_norm (graph, x, "n", 0.1));
  const DhValue one = dh_graph_conv (graph, x, "one", (DhConv){ .out = 1, .kernel = 3, .padding = 1, .bias = TRUE });
  DhValue gate = dh_graph_adaptive_pool (graph, x, 1, FALSE);
  gate = dh_graph_relu (graph, dh_graph_conv (graph, gate, "squeeze", (DhConv){ .out = 8, .kernel = 1, .bias = TRUE }));
  gate = dh_graph_conv (graph, gate, "excite", (DhConv){ .out = c, .kernel = 1, .bias = TRUE });
  gate = dh_graph_activation (graph, gate, (DhActivation){ DH_ACTIVATION_SIGMOID, 0, 0 });
  switch (kind)
    {
    case 0:
      return dh_graph_multiply (graph, x, x);
    case 1:
      return dh_graph_multiply (graph, normed, dh_graph_conv (graph, x, "m", (DhConv){ .out = c, .kernel = 1 }));
    case 2:
      return dh_graph_multiply (graph, x, gate);
    case 3:
      return dh_graph_multiply (graph, normed, gate);
    case 4:
      return dh_graph_multiply (graph, normed, one);
    case 5:
      return dh_graph_multiply (graph, normed, dh_graph_adaptive_pool (graph, one, 1, FALSE));
    case 6: /* the same channels in another order of planes */
      x = dh_graph_concat (graph, (DhValue[]){ one, normed }, 2);
      return dh_graph_multiply (graph, x, dh_graph_conv (graph, normed, "m", (DhConv){ .out = c + 1, .kernel = 1 }));
    case 7: /* of what has one channel */
      return dh_graph_multiply (graph, one, dh_graph_relu (graph, dh_graph_adaptive_pool (graph, one, 1, FALSE)));
    default:
      x = dh_graph_multiply (graph, x, gate);
      return dh_graph_norm (graph, x, "after", 0.1);
    }
}

static void
add_products (const GradientList *list)
{
  for (guint kind = 0; kind < G_N_ELEMENTS (products); kind++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      {
        DhGraph *graph = dh_graph_new ();
        const DhValue input = dh_graph_input (graph, 3);
        const DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = 19, .kernel = 3, .padding = 1 });
        g_autofree char *name = g_strconcat ("product-", products[kind], NULL);
        add_behind (list, graph, sizes[s][0], sizes[s][1], name, input, append_product (graph, kind, x, 19));
      }
}

static const char *const places[] = { "nearest",          "nearest-twice",    "nearest-down",    "nearest-sum",
                                      "depth-to-space-2", "depth-to-space-3", "depth-of-concat", "sum-relaid" };

static DhValue
append_place (DhGraph *graph, guint kind, DhValue x)
{
  const DhValue half = dh_graph_max_pool (graph, x, 2, 2, 0),
                y = dh_graph_relu (graph, dh_graph_norm (graph, x, "n", 0.1));
  const DhConv same = { .out = 36, .kernel = 1 };
  switch (kind)
    {
    case 0:
      return dh_graph_resize_nearest (graph, half, x, 0);
    case 1:
      return dh_graph_resize_nearest (graph, half, DH_NO_VALUE, 2);
    case 2:
      return dh_graph_resize_nearest (graph, y, half, 0);
    case 3:
      return dh_graph_add (graph, dh_graph_resize_nearest (graph, half, x, 0), y);
    case 4:
      return dh_graph_depth_to_space (graph, y, 2);
    case 5:
      return dh_graph_depth_to_space (graph, x, 3);
    case 6:
      return dh_graph_depth_to_space (graph, dh_graph_concat (graph, (DhValue[]){ y, x }, 2), 2);
    default:
      x = dh_graph_concat (graph, (DhValue[]){ dh_graph_conv (graph, x, "a", (DhConv){ .out = 5, .kernel = 1 }), y },
                           2);
      return dh_graph_add (graph, dh_graph_conv (graph, y, "m", (DhConv){ .out = 41, .kernel = 1 }),
                           dh_graph_add (graph, x,
                                         dh_graph_conv (graph, dh_graph_conv (graph, y, "b", same), "c",
                                                        (DhConv){ .out = 41, .kernel = 3, .padding = 1 })));
    }
}

static void
add_places (const GradientList *list)
{
  for (guint kind = 0; kind < G_N_ELEMENTS (places); kind++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      {
        DhGraph *graph = dh_graph_new ();
        const DhValue input = dh_graph_input (graph, 3);
        const DhValue x = dh_graph_conv (graph, input, "first", (DhConv){ .out = 36, .kernel = 3, .padding = 1 });
        add_behind (list, graph, sizes[s][0], sizes[s][1], places[kind], input, append_place (graph, kind, x));
      }
  /* Logits that are brought to full size so. */
  DhGraph *graph = dh_graph_new ();
  const DhValue input = dh_graph_input (graph, 3);
  const DhConv conv = { .out = CLASSES, .kernel = 3, .stride = 2, .padding = 1, .bias = TRUE };
  const DhValue f = dh_graph_conv (graph, input, "f", conv);
  gradients_add (list, graph, 13, 18, "foreign-nearest-logits/13x18", CLASSES,
                 dh_graph_resize_nearest (graph, f, input, 0), DH_NO_VALUE);
}

/* One block of a transformer: `fewer` keys than queries, two heads of an odd width, or `aligned` of a whole one. Few
 * pixels: each weighs all others. */
static void
add_tokens (const GradientList *list)
{
  static const char *const names[] = { "layer-norm", "layer-norm-relaid", "attention", "attention-fewer",
                                       "block",      "attention-aligned" };
  static const gint few[][2] = { { 6, 5 }, { 7, 10 } };
  for (guint kind = 0; kind < G_N_ELEMENTS (names); kind++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      {
        DhGraph *graph = dh_graph_new ();
        const DhValue input = dh_graph_input (graph, 3);
        const gint *size = kind < 2 ? sizes[s] : few[s];
        const DhConv wide = { .out = kind == 5 ? 32 : 22, .kernel = 1, .bias = TRUE },
                     start = { .out = 22, .kernel = 3, .padding = 1 };
        const DhValue x = dh_graph_conv (graph, input, "first", start);
        const DhValue odd = dh_graph_conv (graph, x, "odd", (DhConv){ .out = 3, .kernel = 1 });
        DhValue y = x;
        if (kind == 1)
          y = dh_graph_concat (graph, (DhValue[]){ odd, dh_graph_relu (graph, x) }, 2);
        if (kind != 2 && kind != 3)
          y = dh_graph_layer_norm (graph, y, "ln", 1e-6);
        if (kind >= 2)
          {
            const DhConv fewer = { .out = 22, .kernel = 2, .stride = 2, .bias = TRUE };
            const DhValue from = kind > 2 ? dh_graph_conv (graph, y, "fewer", fewer) : y;
            y = dh_graph_attention (graph, dh_graph_conv (graph, y, "q", wide), dh_graph_conv (graph, from, "k", wide),
                                    dh_graph_conv (graph, from, "v", wide), 2, 0.7);
          }
        if (kind == 4)
          {
            const DhValue sum = dh_graph_add (graph, dh_graph_conv (graph, y, "o", wide), x);
            y = dh_graph_activation (graph, dh_graph_layer_norm (graph, sum, "ln2", 1e-5),
                                     (DhActivation){ DH_ACTIVATION_GELU, 0, 0 });
            y = dh_graph_add (graph, sum, dh_graph_conv (graph, y, "p", wide));
          }
        add_behind (list, graph, size[0], size[1], names[kind], input, y);
      }
}

void
gradients_add_foreign (const GradientList *list)
{
  add_convs (list);
  add_activations (list);
  add_products (list);
  add_places (list);
  add_tokens (list);
}

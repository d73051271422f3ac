#include "ops.h"

/* Operators that only networks of others have: groups, activations, products, nearest resizing, depth to space. */

static const gint sizes[][2] = { { 1, 1 }, { 2, 3 }, { 5, 7 }, { 16, 16 }, { 33, 47 } };

/* One group a channel, several results of a channel, groups that are and are not as wide as vectors. */
static const struct
{
  gint in;
  DhConv conv;
} convs[] = {
  { 16, { .out = 16, .kernel = 3, .padding = 1, .groups = 16 } },
  { 24, { .out = 24, .kernel = 3, .padding = 1, .groups = 24, .bias = TRUE } },
  { 40, { .out = 40, .kernel = 3, .stride = 2, .padding = 1, .groups = 40 } },
  { 72, { .out = 72, .kernel = 5, .stride = 2, .padding = 2, .groups = 72 } },
  { 19, { .out = 19, .kernel = 5, .padding = 2, .groups = 19, .bias = TRUE } },
  { 32, { .out = 32, .kernel = 5, .padding = 4, .dilation = 2, .groups = 32 } },
  { 33, { .out = 33, .kernel = 3, .padding = 12, .dilation = 12, .groups = 33 } },
  { 17, { .out = 17, .kernel = 7, .padding = 3, .groups = 17 } },
  { 17, { .out = 17, .kernel = 3, .stride = 3, .padding = 0, .groups = 17 } },
  { 20, { .out = 20, .kernel = 1, .stride = 2, .groups = 20, .bias = TRUE } },
  { 16, { .out = 96, .kernel = 3, .padding = 1, .groups = 16 } },
  { 19, { .out = 57, .kernel = 3, .stride = 2, .padding = 1, .groups = 19, .bias = TRUE } },
  { 3, { .out = 6, .kernel = 3, .padding = 1, .groups = 3 } },
  { 3, { .out = 3, .kernel = 1, .groups = 3, .bias = TRUE } },
  { 64, { .out = 64, .kernel = 3, .padding = 1, .groups = 4 } },
  { 64, { .out = 32, .kernel = 1, .groups = 2, .bias = TRUE } },
  { 64, { .out = 128, .kernel = 3, .stride = 2, .padding = 1, .groups = 16 } },
  { 48, { .out = 48, .kernel = 3, .padding = 2, .dilation = 2, .groups = 2, .bias = TRUE } },
  { 40, { .out = 30, .kernel = 3, .padding = 1, .groups = 10 } },
  { 36, { .out = 24, .kernel = 1, .groups = 3 } },
  { 512, { .out = 512, .kernel = 3, .padding = 1, .groups = 2 } },
};

static void
add_convs (GPtrArray *list)
{
  for (guint i = 0; i < G_N_ELEMENTS (convs); i++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      {
        const DhConv conv = convs[i].conv;
        DhGraph *graph = dh_graph_new ();
        const DhShape input = { s == 2 ? 2 : 1, convs[i].in, sizes[s][0], sizes[s][1] };
        const DhValue y = dh_graph_conv (graph, dh_graph_input (graph, input.c), "conv", conv);
        g_autofree DhShape *shapes = dh_graph_infer_shapes (graph, input, NULL);
        if (shapes && input.h * input.c <= 1 << 14)
          ops_deliver (ops_add_case (list, graph, input, "conv/%dx%d-%d-%d-groups%d-stride%d-dilation%d%s/%dx%dx%d",
                                     conv.kernel, conv.kernel, input.c, conv.out, conv.groups, MAX (conv.stride, 1),
                                     MAX (conv.dilation, 1), conv.bias ? "-bias" : "", input.n, input.h, input.w),
                       y);
        else
          dh_graph_unref (graph);
      }
}

static const DhActivation activations[] = {
  { DH_ACTIVATION_CLIP, 0, 6 },
  { DH_ACTIVATION_CLIP, -2, 4 },
  { DH_ACTIVATION_LEAKY, 0.1f, 0 },
  { DH_ACTIVATION_LEAKY, -0.5f, 0 },
  { DH_ACTIVATION_HARD_SIGMOID, 1 / 6.0f, 0.5f },
  { DH_ACTIVATION_HARD_SIGMOID, 0.2f, 0.5f },
  { DH_ACTIVATION_HARD_SWISH, 1 / 6.0f, 0.5f },
  { DH_ACTIVATION_SIGMOID, 0, 0 },
  { DH_ACTIVATION_SILU, 0, 0 },
  { DH_ACTIVATION_GELU, 0, 0 },
  { DH_ACTIVATION_GELU_TANH, 0, 0 },
};

/* What stands before an activation. */
static DhValue
make_before (DhGraph *graph, guint kind, DhValue x)
{
  switch (kind)
    {
    case 0:
      return x;
    case 1:
      return dh_graph_norm (graph, dh_graph_conv (graph, x, "conv", (DhConv){ .out = 40, .kernel = 1 }), "norm", 0.1);
    case 2:
      return dh_graph_conv (graph, x, "conv", (DhConv){ .out = 34, .kernel = 3, .padding = 1, .bias = TRUE });
    case 3:
      return dh_graph_conv (graph, x, "conv", (DhConv){ .out = 33, .kernel = 5, .stride = 2, .padding = 2 });
    case 4:
      x = dh_graph_conv (graph, x, "conv", (DhConv){ .out = 24, .kernel = 3, .padding = 1, .groups = 24 });
      return dh_graph_norm (graph, x, "norm", 0.1);
    case 5:
      return dh_graph_add (graph, dh_graph_conv (graph, x, "conv", (DhConv){ .out = 24, .kernel = 1 }), x);
    case 6:
      return dh_graph_norm (graph, x, "norm", 0.1);
    case 7:
      return dh_graph_resize (graph, dh_graph_max_pool (graph, x, 2, 2, 0), x, FALSE);
    default:
      return dh_graph_add (graph, dh_graph_relu (graph, x), x);
    }
}

static void
add_activations (GPtrArray *list)
{
  static const char *const befores[] = { "alone", "conv1x1", "conv3x3", "conv5x5", "depthwise",
                                         "sum",   "norm",    "resize",  "add" };
  for (guint i = 0; i < G_N_ELEMENTS (activations); i++)
    for (guint kind = 0; kind < G_N_ELEMENTS (befores); kind++)
      {
        DhGraph *graph = dh_graph_new ();
        const DhShape input = { kind == 1 ? 2 : 1, 24, 19, 21 };
        const DhValue x = dh_graph_input (graph, input.c);
        const DhValue y = dh_graph_activation (graph, make_before (graph, kind, x), activations[i]);
        OpsCase *ops_case =
            ops_add_case (list, graph, input, "activation/%s-%g/%s", dh_activation_name (activations[i].kind),
                          activations[i].alpha, befores[kind]);
        ops_case->input_scale = 6;
        ops_deliver (ops_case, y);
        /* And what reads it. */
        const DhValue z = dh_graph_conv (graph, y, "after", (DhConv){ .out = 5, .kernel = 1, .bias = TRUE });
        ops_deliver (ops_add_case (list, dh_graph_ref (graph), input, "activation/%s-%g/%s-read",
                                   dh_activation_name (activations[i].kind), activations[i].alpha, befores[kind]),
                     z);
      }
}

/* The gate of squeeze and excitation. */
static DhValue
make_gate (DhGraph *graph, DhValue x, gint channels)
{
  DhValue y = dh_graph_adaptive_pool (graph, x, 1, FALSE);
  y = dh_graph_relu (graph, dh_graph_conv (graph, y, "squeeze", (DhConv){ .out = 8, .kernel = 1, .bias = TRUE }));
  y = dh_graph_conv (graph, y, "excite", (DhConv){ .out = channels, .kernel = 1, .bias = TRUE });
  return dh_graph_activation (graph, y, (DhActivation){ DH_ACTIVATION_HARD_SIGMOID, 1 / 6.0f, 0.5f });
}

static const char *const products[] = {
  "by-itself", "by-value",  "by-gate",      "gate-read",     "gate-conv3x3", "gate-depthwise", "gate-read-twice",
  "gate-norm", "gate-relu", "gate-of-gate", "gate-of-norm",  "gate-add",     "gate-resize",    "gate-concat",
  "by-map",    "by-one",    "gate-of-relu", "value-relu",    "gate-score",   "gate-pool",      "by-relaid",
  "gate-hard", "by-relu",   "of-concat",    "value-conv-act"
};

static DhValue
make_product (DhGraph *graph, guint kind, DhValue x, gint c)
{
  const DhConv out = { .out = 35, .kernel = 1, .bias = TRUE }, three = { .out = 7, .kernel = 3, .padding = 1 };
  const DhActivation hard = { DH_ACTIVATION_HARD_SWISH, 1 / 6.0f, 0.5f };
  const DhValue y = dh_graph_norm (graph, x, "y", 0.1), gate = make_gate (graph, x, c);
  const DhValue gated = dh_graph_multiply (graph, x, gate);
  const DhValue one = dh_graph_conv (graph, x, "one", (DhConv){ .out = 1, .kernel = 3, .padding = 1 });
  switch (kind)
    {
    case 0:
      return dh_graph_multiply (graph, x, x);
    case 1:
      return dh_graph_multiply (graph, x, y);
    case 2:
      return gated;
    case 3:
      return dh_graph_conv (graph, gated, "out", out);
    case 4:
      return dh_graph_conv (graph, gated, "out", three);
    case 5:
      return dh_graph_conv (graph, gated, "out", (DhConv){ .out = c, .kernel = 3, .padding = 1, .groups = c });
    case 6:
      return dh_graph_add (graph, dh_graph_conv (graph, gated, "out", (DhConv){ .out = c, .kernel = 1 }), gated);
    case 7:
      return dh_graph_relu (graph, dh_graph_norm (graph, gated, "after", 0.1));
    case 8:
      return dh_graph_conv (graph, dh_graph_relu (graph, gated), "out", out);
    case 9:
      return dh_graph_conv (graph, dh_graph_multiply (graph, gated, gate), "out", out);
    case 10:
      return dh_graph_conv (graph, dh_graph_multiply (graph, y, gate), "out", out);
    case 11:
      return dh_graph_relu (graph, dh_graph_add (graph, gated, x));
    case 12:
      return dh_graph_resize (graph, dh_graph_multiply (graph, dh_graph_max_pool (graph, x, 2, 2, 0), gate), x, TRUE);
    case 13:
      return dh_graph_conv (graph, dh_graph_concat (graph, (DhValue[]){ x, gated, y }, 3), "out", three);
    case 14:
      return dh_graph_conv (graph, dh_graph_multiply (graph, x, one), "out", out);
    case 15:
      return dh_graph_multiply (graph, x, dh_graph_adaptive_pool (graph, one, 1, FALSE));
    case 16:
      return dh_graph_conv (graph, dh_graph_multiply (graph, dh_graph_relu (graph, x), gate), "out", out);
    case 17:
      return dh_graph_relu (graph, dh_graph_multiply (graph, x, y));
    case 18:
      return dh_graph_score (graph, DH_MAP_LIKELIHOOD, gated, DH_NO_VALUE);
    case 19:
      return dh_graph_adaptive_pool (graph, dh_graph_max_pool (graph, gated, 3, 2, 1), 2, FALSE);
    case 20:
      {
        /* The same channels in another order of planes. */
        const DhValue a = dh_graph_conv (graph, x, "a", (DhConv){ .out = 10, .kernel = 1 });
        const DhValue both = dh_graph_concat (graph, (DhValue[]){ a, x }, 2);
        return dh_graph_multiply (graph, both, dh_graph_conv (graph, x, "out", (DhConv){ .out = c + 10, .kernel = 1 }));
      }
    case 21:
      return dh_graph_activation (graph, gated, hard);
    case 22:
      return dh_graph_multiply (graph, x, dh_graph_relu (graph, y));
    case 23:
      {
        const DhValue both = dh_graph_concat (graph, (DhValue[]){ x, y }, 2);
        return dh_graph_conv (graph, dh_graph_multiply (graph, both, make_gate (graph, both, 2 * c)), "out", out);
      }
    default:
      return dh_graph_multiply (
          graph, dh_graph_activation (graph, dh_graph_conv (graph, x, "out", (DhConv){ .out = c, .kernel = 1 }), hard),
          dh_graph_activation (graph, y, (DhActivation){ DH_ACTIVATION_SIGMOID, 0, 0 }));
    }
}

static void
add_products (GPtrArray *list)
{
  static const gint channels[] = { 5, 32, 37 };
  for (guint kind = 0; kind < G_N_ELEMENTS (products); kind++)
    for (guint i = 0; i < G_N_ELEMENTS (channels); i++)
      {
        if (kind == 23 && i == 0)
          continue;
        DhGraph *graph = dh_graph_new ();
        const DhShape input = { i == 1 ? 2 : 1, channels[i], 13, 18 };
        const DhValue y = make_product (graph, kind, dh_graph_input (graph, input.c), input.c);
        ops_deliver (ops_add_case (list, graph, input, "multiply/%s/%d", products[kind], input.c), y);
      }
}

static void
add_larger (GPtrArray *list)
{
  for (guint i = 0; i < 3; i++)
    for (guint s = 1; s < G_N_ELEMENTS (sizes); s++)
      {
        const gint channels = (const gint[]){ 2, 16, 37 }[i];
        const DhShape input = { s == 2 ? 2 : 1, channels, sizes[s][0], sizes[s][1] };
        for (guint kind = 0; kind < 5; kind++)
          {
            static const char *const names[] = { "up", "down", "2", "3", "4-read" };
            DhGraph *graph = dh_graph_new ();
            const DhValue x = dh_graph_input (graph, channels), half = dh_graph_max_pool (graph, x, 2, 2, 0);
            DhValue y = kind == 0   ? dh_graph_resize_nearest (graph, half, x, 0)
                        : kind == 1 ? dh_graph_resize_nearest (graph, x, half, 0)
                                    : dh_graph_resize_nearest (graph, x, DH_NO_VALUE, (gint)kind);
            if (kind == 4)
              y = dh_graph_add (graph, dh_graph_relu (graph, y), y);
            ops_deliver (ops_add_case (list, graph, input, "resize/nearest-%s-%d/%dx%d", names[kind], channels, input.h,
                                       input.w),
                         y);
          }
        for (gint block = 1; block <= 4; block++)
          {
            DhGraph *graph = dh_graph_new ();
            const DhConv conv = { .out = channels * block * block, .kernel = 1, .bias = TRUE };
            const DhValue x = dh_graph_conv (graph, dh_graph_input (graph, channels), "conv", conv);
            DhValue y = dh_graph_depth_to_space (graph, x, block);
            if (block == 3)
              y = dh_graph_relu (graph, dh_graph_norm (graph, y, "norm", 0.1));
            ops_deliver (
                ops_add_case (list, graph, input, "depth-to-space/%d-%d/%dx%d", block, channels, input.h, input.w), y);
          }
      }
}

/* The picture is read by a convolution and by a pool, in either order: as ERFNet and ENet begin. */
static void
add_beginnings (GPtrArray *list)
{
  static const float mean[3] = { 0.485f, 0.456f, 0.406f }, deviation[3] = { 0.229f, 0.224f, 0.225f };
  for (guint order = 0; order < 2; order++)
    {
      DhGraph *graph = dh_graph_new ();
      const DhShape input = { 2, 3, 18, 22 };
      const DhValue x = dh_graph_channel_scale (graph, dh_graph_input (graph, 3), mean, deviation);
      const DhConv conv = { .out = 13, .kernel = 3, .stride = 2, .padding = 1, .bias = TRUE };
      DhValue parts[2];
      for (guint i = 0; i < 2; i++)
        parts[i] = i == order ? dh_graph_conv (graph, x, "conv", conv) : dh_graph_max_pool (graph, x, 2, 2, 0);
      ops_deliver (ops_add_case (list, graph, input, "concat/picture-read-twice-%u", order),
                   dh_graph_relu (graph, dh_graph_norm (graph, dh_graph_concat (graph, parts, 2), "norm", 0.1)));
    }
}

void
ops_add_foreign (GPtrArray *list)
{
  add_convs (list);
  add_activations (list);
  add_products (list);
  add_larger (list);
  add_beginnings (list);
}

#include "ops.h"

#include <math.h>

/* Operators of transformers: layer norm, attention, GELU, and a block of all of them. */

static const gint sizes[][2] = { { 1, 1 }, { 2, 3 }, { 5, 7 }, { 16, 16 }, { 33, 47 } };

static void
add_layer_norms (GPtrArray *list)
{
  static const gint channels[] = { 2, 16, 37, 160, 520, 1032 };
  static const char *const befores[] = { "alone", "norm", "relu", "concat", "gate", "sum" };
  for (guint i = 0; i < G_N_ELEMENTS (channels); i++)
    for (guint kind = 0; kind < G_N_ELEMENTS (befores); kind++)
      for (guint s = 0; s < (kind > 0 ? 1 : channels[i] > 500 ? 3 : G_N_ELEMENTS (sizes)); s++)
        {
          DhGraph *graph = dh_graph_new ();
          const gint place = kind == 0 ? (gint)s : 2;
          const DhShape input = { place == 2 ? 2 : 1, channels[i], sizes[place][0], sizes[place][1] };
          DhValue x = dh_graph_input (graph, input.c);
          const DhValue gate = dh_graph_adaptive_pool (graph, x, 1, FALSE);
          x = kind == 1   ? dh_graph_norm (graph, x, "norm", 0.1)
              : kind == 2 ? dh_graph_relu (graph, dh_graph_norm (graph, x, "norm", 0.1))
              : kind == 3 ? dh_graph_concat (
                    graph, (DhValue[]){ x, dh_graph_conv (graph, x, "conv", (DhConv){ .out = 5, .kernel = 1 }) }, 2)
              : kind == 4 ? dh_graph_multiply (graph, x, gate)
              : kind == 5 ? dh_graph_add (graph, x, dh_graph_relu (graph, x))
                          : x;
          const double epsilon = kind == 1 ? 0.5 : 1e-5;
          DhValue y = dh_graph_layer_norm (graph, x, "layer_norm", epsilon);
          if (kind == 5)
            y = dh_graph_conv (graph, y, "after", (DhConv){ .out = 9, .kernel = 3, .stride = 2, .padding = 1 });
          ops_deliver (
              ops_add_case (list, graph, input, "layer-norm/%d-%s/%dx%d", input.c, befores[kind], input.h, input.w), y);
        }
}

/* Channels of a head of queries and of values, heads, and how far keys are reduced. */
static const struct
{
  gint deep, wide, heads, stride, h, w;
} attentions[] = {
  { 32, 32, 1, 1, 5, 7 },   { 32, 32, 2, 2, 16, 12 }, { 32, 32, 5, 1, 4, 6 },   { 64, 64, 2, 1, 9, 11 },
  { 16, 16, 1, 1, 1, 1 },   { 8, 8, 3, 1, 6, 5 },     { 7, 7, 3, 1, 6, 5 },     { 5, 5, 1, 3, 13, 9 },
  { 20, 9, 2, 1, 7, 5 },    { 3, 48, 2, 2, 8, 10 },   { 16, 16, 2, 1, 24, 25 }, { 48, 33, 1, 1, 17, 16 },
  { 40, 40, 4, 2, 34, 38 }, { 1, 1, 2, 1, 3, 4 },     { 32, 32, 1, 8, 40, 41 }, { 12, 4, 6, 1, 16, 17 },
};

static DhValue
make_part (DhGraph *graph, DhValue x, const char *name, gint channels)
{
  return dh_graph_conv (graph, x, name, (DhConv){ .out = channels, .kernel = 1, .bias = TRUE });
}

static void
add_attentions (GPtrArray *list)
{
  for (guint i = 0; i < G_N_ELEMENTS (attentions); i++)
    {
      const gint heads = attentions[i].heads, deep = attentions[i].deep * heads, wide = attentions[i].wide * heads;
      const gint stride = attentions[i].stride;
      const DhShape input = { i % 3 == 1 ? 2 : 1, 24, attentions[i].h, attentions[i].w };
      DhGraph *graph = dh_graph_new ();
      const DhValue x = dh_graph_input (graph, input.c);
      const DhConv reduce = { .out = 24, .kernel = stride, .stride = stride };
      const DhValue low = stride > 1 ? dh_graph_conv (graph, x, "reduce", reduce) : x;
      const DhValue y =
          dh_graph_attention (graph, make_part (graph, x, "q", deep), make_part (graph, low, "k", deep),
                              make_part (graph, low, "v", wide), heads, (i % 2 ? 0.5 : 1) / sqrt (attentions[i].deep));
      ops_deliver (ops_add_case (list, graph, input, "attention/%d-%d-heads%d-reduced%d/%dx%d", attentions[i].deep,
                                 attentions[i].wide, heads, stride, input.h, input.w),
                   y);
    }
}

static const char *const forms[] = { "of-itself", "of-views", "of-concats", "read", "of-a-resize", "block" };

static DhValue
make_block (DhGraph *graph, DhValue x, gint channels)
{
  const DhConv mixed = { .out = 4 * channels, .kernel = 3, .padding = 1, .groups = 4 * channels, .bias = TRUE };
  const DhValue q = dh_graph_layer_norm (graph, x, "before", 1e-6);
  DhValue low = dh_graph_conv (graph, q, "reduce", (DhConv){ .out = channels, .kernel = 2, .stride = 2, .bias = TRUE });
  low = dh_graph_layer_norm (graph, low, "reduced", 1e-5);
  DhValue y = dh_graph_attention (graph, make_part (graph, q, "q", channels), make_part (graph, low, "k", channels),
                                  make_part (graph, low, "v", channels), 2, 1 / sqrt (channels / 2.0));
  const DhValue sum = dh_graph_add (graph, make_part (graph, y, "project", channels), x);
  y = make_part (graph, dh_graph_layer_norm (graph, sum, "middle", 1e-6), "wide", 4 * channels);
  y = dh_graph_activation (graph, dh_graph_conv (graph, y, "mix", mixed), (DhActivation){ DH_ACTIVATION_GELU, 0, 0 });
  return dh_graph_add (graph, make_part (graph, y, "narrow", channels), sum);
}

static void
add_forms (GPtrArray *list)
{
  static const gint channels[] = { 12, 32 };
  for (guint kind = 0; kind < G_N_ELEMENTS (forms); kind++)
    for (guint i = 0; i < G_N_ELEMENTS (channels); i++)
      {
        const gint c = channels[i];
        const DhShape input = { i == 1 ? 2 : 1, c, 12, 10 };
        DhGraph *graph = dh_graph_new ();
        const DhValue x = dh_graph_input (graph, c), half = dh_graph_average_pool (graph, x, 2, 2, 0);
        const DhValue other = dh_graph_conv (graph, x, "other", (DhConv){ .out = c, .kernel = 3, .padding = 1 });
        const DhValue both = dh_graph_concat (graph, (DhValue[]){ other, x }, 2);
        const DhValue relu = dh_graph_relu (graph, dh_graph_norm (graph, other, "norm", 0.1));
        DhValue y;
        if (kind == 0)
          y = dh_graph_attention (graph, x, x, x, 2, 0.5);
        else if (kind == 1)
          y = dh_graph_attention (graph, relu, dh_graph_norm (graph, half, "keys", 0.1), dh_graph_relu (graph, half), 1,
                                  2);
        else if (kind == 2)
          y = dh_graph_attention (graph, both, both, relu, 2, 0.3);
        else if (kind == 3)
          y = dh_graph_relu (graph,
                             dh_graph_norm (graph, dh_graph_attention (graph, x, half, half, 4, 1), "after", 0.1));
        else if (kind == 4)
          y = dh_graph_attention (graph, x, dh_graph_resize (graph, x, dh_graph_max_pool (graph, x, 1, 2, 0), FALSE),
                                  dh_graph_average_pool (graph, x, 2, 2, 0), 2, 1);
        else
          y = make_block (graph, x, c);
        ops_deliver (ops_add_case (list, graph, input, "attention/%s/%d", forms[kind], c), y);
      }
}

/* The head that joins values of several sizes: linear layers, resized, concatenated and multiplied again. */
static const char *const heads[] = { "linear", "direct", "shared", "aligned", "read", "order", "padded", "strided" };

static void
add_heads (GPtrArray *list)
{
  static const gint channels[] = { 8, 32, 45 };
  for (guint kind = 0; kind < G_N_ELEMENTS (heads); kind++)
    for (guint i = 0; i < G_N_ELEMENTS (channels); i++)
      {
        const gint c = channels[i], n = kind == 5 ? 4 : 3, base = kind == 5 ? 2 : 0;
        const DhShape input = { i == 1 ? 2 : 1, 13, 25, 34 };
        static const char *const norms[] = { "n0", "n1" };
        static const char *const names[] = { "p0", "p1", "p2", "p3" }, *const linears[] = { "l0", "l1", "l2", "l3" };
        DhGraph *graph = dh_graph_new ();
        const DhValue x = dh_graph_input (graph, input.c);
        DhValue parts[4], y, other = x;
        for (gint p = 0; p < n; p++)
          {
            const gint stride = p == base ? 1 : 2 << p;
            const DhConv conv = { .out = 3 + 7 * p, .kernel = stride, .stride = stride, .bias = p % 2 == 0 };
            parts[p] = dh_graph_relu (graph, dh_graph_conv (graph, x, names[p], conv));
            if (kind != 1)
              parts[p] = make_part (graph, parts[p], linears[p], 12 + p);
            if (p < 2 && kind % 2 == 0)
              parts[p] = dh_graph_norm (graph, parts[p], norms[p], 0.1);
            other = p == 1 ? parts[p] : other;
            if (p != base)
              parts[p] = dh_graph_resize (graph, parts[p], x, kind == 3);
          }
        const DhValue all = dh_graph_concat (graph, parts, (guint)n);
        y = dh_graph_conv (
            graph, all, "fuse",
            (DhConv){
                .out = c, .kernel = 1, .bias = kind > 1, .stride = kind == 7 ? 2 : 1, .padding = kind == 6 ? 1 : 0 });
        if (kind != 2)
          y = dh_graph_norm (graph, y, "norm", 0.1);
        y = kind == 3  ? dh_graph_activation (graph, y, (DhActivation){ .kind = DH_ACTIVATION_GELU })
            : kind < 5 ? dh_graph_relu (graph, dh_graph_dropout (graph, y, 0.1))
                       : y;
        if (kind == 2)
          y = dh_graph_add (graph, y,
                            dh_graph_conv (graph, dh_graph_resize (graph, other, x, FALSE), "again",
                                           (DhConv){ .out = c, .kernel = 1 }));
        if (kind == 4)
          y = dh_graph_add (graph, y, dh_graph_conv (graph, all, "again", (DhConv){ .out = c, .kernel = 1 }));
        ops_deliver (ops_add_case (list, graph, input, "head/%s/%d", heads[kind], c), y);
      }
}

void
ops_add_transformers (GPtrArray *list)
{
  add_layer_norms (list);
  add_attentions (list);
  add_forms (list);
  add_heads (list);
}

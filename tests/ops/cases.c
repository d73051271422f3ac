#include "ops.h"

static void
free_case (gpointer data)
{
  OpsCase *ops_case = data;
  g_free (ops_case->name);
  dh_graph_unref (ops_case->graph);
  g_array_unref (ops_case->outputs);
  g_free (ops_case);
}

/* A new case; the name says all that is special about it. */
OpsCase *
ops_add_case (GPtrArray *list, DhGraph *graph, DhShape input, const char *format, ...)
{
  OpsCase *ops_case = g_new0 (OpsCase, 1);
  va_list arguments;
  va_start (arguments, format);
  ops_case->name = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  ops_case->graph = graph;
  ops_case->input = input;
  ops_case->outputs = g_array_new (FALSE, FALSE, sizeof (DhValue));
  ops_case->input_scale = 1;
  g_ptr_array_add (list, ops_case);
  return ops_case;
}

void
ops_deliver (OpsCase *ops_case, DhValue value)
{
  g_assert_cmpint (value, !=, DH_NO_VALUE);
  g_array_append_val (ops_case->outputs, value);
}

static const gint sizes[][2] = { { 1, 1 }, { 2, 3 }, { 5, 7 }, { 16, 16 }, { 33, 47 } };

/* Every form of convolution in the two networks, with channel counts on and off the vector widths. */
static const struct
{
  gint in;
  DhConv conv;
} convs[] = {
  { 3, { .out = 64, .kernel = 7, .stride = 2, .padding = 3 } },
  { 3, { .out = 64, .kernel = 3, .padding = 1 } },
  { 3, { .out = 13, .kernel = 3, .padding = 1 } },
  { 64, { .out = 128, .kernel = 1 } },
  { 96, { .out = 128, .kernel = 1 } },
  { 80, { .out = 19, .kernel = 1, .bias = TRUE } },
  { 304, { .out = 2, .kernel = 1, .bias = TRUE } },
  { 5, { .out = 7, .kernel = 1, .bias = TRUE } },
  { 1, { .out = 1, .kernel = 1 } },
  { 32, { .out = 48, .kernel = 1, .stride = 2 } },
  { 128, { .out = 32, .kernel = 3, .padding = 1 } },
  { 64, { .out = 64, .kernel = 3, .padding = 1 } },
  { 9, { .out = 10, .kernel = 3, .padding = 1, .bias = TRUE } },
  { 32, { .out = 48, .kernel = 3, .stride = 2, .padding = 1 } },
  { 7, { .out = 5, .kernel = 3, .stride = 2, .padding = 1 } },
  { 32, { .out = 48, .kernel = 3, .padding = 2, .dilation = 2 } },
  { 32, { .out = 64, .kernel = 3, .padding = 4, .dilation = 4 } },
  { 10, { .out = 6, .kernel = 3, .padding = 4, .dilation = 4, .bias = TRUE } },
  { 48, { .out = 16, .kernel = 3, .padding = 12, .dilation = 12 } },
  { 48, { .out = 32, .kernel = 3, .padding = 24, .dilation = 24 } },
  { 17, { .out = 16, .kernel = 3, .padding = 36, .dilation = 36 } },
  /* So many weights that a device may prepare them in each run; so few results that it may make them early. */
  { 512, { .out = 272, .kernel = 3, .padding = 1 } },
  { 513, { .out = 530, .kernel = 3, .padding = 4, .dilation = 4 } },
  { 288, { .out = 32, .kernel = 3, .padding = 12, .dilation = 12 } },
  /* More than is multiplied, or made, at a time. */
  { 2100, { .out = 40, .kernel = 1 } },
  { 320, { .out = 160, .kernel = 3, .padding = 2, .dilation = 2 } },
  { 40, { .out = 144, .kernel = 3, .stride = 2, .padding = 1 } },
  { 24, { .out = 40, .kernel = 5, .padding = 2 } },
  { 17, { .out = 33, .kernel = 9, .padding = 4 } },
  { 17, { .out = 33, .kernel = 3, .stride = 2, .padding = 36, .dilation = 36 } },
  { 17, { .out = 33, .kernel = 3, .stride = 3, .padding = 20, .dilation = 20 } },
  { 17, { .out = 33, .kernel = 3, .stride = 5, .padding = 5, .dilation = 5 } },
  { 17, { .out = 33, .kernel = 3, .stride = 8, .padding = 8, .dilation = 8 } },
};

static void
add_convs (GPtrArray *list)
{
  for (guint i = 0; i < G_N_ELEMENTS (convs); i++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      for (gint n = 1; n <= (s == 2 ? 2 : 1); n++)
        {
          const DhConv conv = convs[i].conv;
          if (convs[i].in * conv.out > 1 << 16 && sizes[s][0] * sizes[s][1] > 1 << 10)
            continue; /* the definition takes too long */
          DhGraph *graph = dh_graph_new ();
          const DhValue x = dh_graph_input (graph, convs[i].in);
          const DhValue y = dh_graph_conv (graph, x, "conv", conv);
          const DhShape input = { n, convs[i].in, sizes[s][0], sizes[s][1] };
          ops_deliver (ops_add_case (list, graph, input, "conv/%dx%d-%d-%d-stride%d-dilation%d%s/%dx%dx%d", conv.kernel,
                                     conv.kernel, convs[i].in, conv.out, MAX (conv.stride, 1), MAX (conv.dilation, 1),
                                     conv.bias ? "-bias" : "", n, sizes[s][0], sizes[s][1]),
                       y);
        }
}

static const gint widths[] = { 1, 3, 16, 37 };

/* One node on an input of several widths and sizes. */
static void
add_unary (GPtrArray *list, const char *what, DhValue (*make) (DhGraph *graph, DhValue x))
{
  for (guint i = 0; i < G_N_ELEMENTS (widths); i++)
    for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
      {
        DhGraph *graph = dh_graph_new ();
        const DhShape input = { s == 2 ? 2 : 1, widths[i], sizes[s][0], sizes[s][1] };
        const DhValue y = make (graph, dh_graph_input (graph, widths[i]));
        g_autofree DhShape *shapes = dh_graph_infer_shapes (graph, input, NULL);
        if (shapes)
          ops_deliver (ops_add_case (list, graph, input, "%s/%dx%dx%dx%d", what, input.n, input.c, input.h, input.w),
                       y);
        else
          dh_graph_unref (graph); /* nothing would be left of so small an input */
      }
}

static DhValue
make_norm (DhGraph *graph, DhValue x)
{
  return dh_graph_norm (graph, x, "norm", 0.1);
}

static DhValue
make_relu (DhGraph *graph, DhValue x)
{
  return dh_graph_relu (graph, x);
}

static DhValue
make_norm_relu (DhGraph *graph, DhValue x)
{
  return dh_graph_relu (graph, make_norm (graph, x));
}

static DhValue
make_dropout (DhGraph *graph, DhValue x)
{
  return dh_graph_dropout (graph, x, 0.5);
}

static DhValue
make_max_2 (DhGraph *graph, DhValue x)
{
  return dh_graph_max_pool (graph, x, 2, 2, 0);
}

static DhValue
make_max_3 (DhGraph *graph, DhValue x)
{
  return dh_graph_max_pool (graph, x, 3, 2, 1);
}

static DhValue
make_average_3 (DhGraph *graph, DhValue x)
{
  return dh_graph_average_pool (graph, x, 3, 2, 1);
}

static DhValue
make_average_2 (DhGraph *graph, DhValue x)
{
  return dh_graph_average_pool (graph, x, 2, 2, 0);
}

static DhValue
make_max_2_up (DhGraph *graph, DhValue x)
{
  return dh_graph_pool_rounded_up (graph, DH_OP_MAX_POOL, x, 2, 2, 0);
}

static DhValue
make_average_4_up (DhGraph *graph, DhValue x)
{
  return dh_graph_pool_rounded_up (graph, DH_OP_AVERAGE_POOL, x, 4, 3, 1);
}

static DhValue
make_double (DhGraph *graph, DhValue x)
{
  return dh_graph_add (graph, x, x);
}

static DhValue
make_add (DhGraph *graph, DhValue x)
{
  return dh_graph_add (graph, make_norm (graph, x), x);
}

static DhValue
make_concat (DhGraph *graph, DhValue x)
{
  const DhValue y = make_norm (graph, x);
  return dh_graph_concat (graph, (DhValue[]){ y, x, y, dh_graph_relu (graph, x) }, 4);
}

static DhValue
make_concat_of_one (DhGraph *graph, DhValue x)
{
  return dh_graph_concat (graph, &x, 1);
}

static DhValue
make_same_size (DhGraph *graph, DhValue x)
{
  return dh_graph_resize (graph, x, x, FALSE);
}

static void
add_pools (GPtrArray *list)
{
  static const gint grids[] = { 8, 4, 2, 1 };
  /* Quotients that round half to even both ways, cells larger and smaller than a pixel. */
  static const gint maps[][2] = { { 1, 1 },  { 3, 4 },   { 4, 5 },   { 5, 3 },   { 7, 9 }, { 8, 5 },
                                  { 8, 20 }, { 16, 10 }, { 16, 14 }, { 23, 40 }, { 32, 9 } };
  for (guint i = 0; i < G_N_ELEMENTS (maps); i++)
    for (guint g = 0; g <= G_N_ELEMENTS (grids); g++)
      {
        const gboolean by_aspect = g < G_N_ELEMENTS (grids);
        const gint rows = by_aspect ? grids[g] : 1;
        DhGraph *graph = dh_graph_new ();
        const DhShape input = { i == 2 ? 2 : 1, 19, maps[i][0], maps[i][1] };
        const DhValue x = dh_graph_input (graph, input.c);
        ops_deliver (ops_add_case (list, graph, input, "adaptive-pool/%d%s/%dx%d", rows, by_aspect ? "-by-aspect" : "",
                                   input.h, input.w),
                     dh_graph_adaptive_pool (graph, x, rows, by_aspect));
      }
}

/* From an input of one size to that of a pool of it, and back. */
static void
add_resizes (GPtrArray *list)
{
  static const gint froms[][2] = { { 2, 2 }, { 5, 7 }, { 16, 16 }, { 18, 31 }, { 45, 80 } };
  for (guint i = 0; i < G_N_ELEMENTS (froms); i++)
    for (gint align = 0; align <= 1; align++)
      for (gint kind = 0; kind < 4; kind++)
        for (gint channels = 2; channels <= 32; channels *= 4)
          {
            DhGraph *graph = dh_graph_new ();
            const DhShape input = { kind == 1 ? 2 : 1, channels, froms[i][0], froms[i][1] };
            const DhValue x = dh_graph_input (graph, channels);
            const DhValue half = dh_graph_max_pool (graph, x, 2, 2, 0);
            const DhValue one = dh_graph_adaptive_pool (graph, x, 1, FALSE);
            const DhValue eighth = dh_graph_max_pool (graph, x, 3, 2, 1);
            static const char *const names[] = { "up", "down", "from-one", "up-odd" };
            const DhValue y = kind == 0   ? dh_graph_resize (graph, half, x, align)
                              : kind == 1 ? dh_graph_resize (graph, x, half, align)
                              : kind == 2 ? dh_graph_resize (graph, one, x, align)
                                          : dh_graph_resize (graph, eighth, x, align);
            ops_deliver (ops_add_case (list, graph, input, "resize/%s-%s-%d/%dx%d", align ? "corners" : "half-pixel",
                                       names[kind], channels, input.h, input.w),
                         y);
          }
}

/* K logits straight from the input, the outlier logits by a convolution of them. */
static void
add_scores (GPtrArray *list)
{
  static const gint ks[] = { 2, 12, 13, 19, 66, 255 };
  static const double scales[] = { 1, 30, 3000 };
  for (guint i = 0; i < G_N_ELEMENTS (ks); i++)
    for (guint s = 0; s < G_N_ELEMENTS (scales); s++)
      for (guint map = 0; map <= DH_N_MAPS; map++)
        {
          if (map < DH_N_MAPS && (i > 2 || s > 0))
            continue; /* single maps: a few; all together: everywhere */
          DhGraph *graph = dh_graph_new ();
          const DhValue f = dh_graph_input (graph, ks[i]);
          const DhValue g = dh_graph_conv (graph, f, "g", (DhConv){ .out = 2, .kernel = 1, .bias = TRUE });
          const DhShape input = { s == 1 ? 2 : 1, ks[i], 9, 21 };
          OpsCase *ops_case = ops_add_case (list, graph, input, "score/%s-%d-scale%g",
                                            map < DH_N_MAPS ? dh_map_name (map) : "all", ks[i], scales[s]);
          ops_case->input_scale = scales[s];
          for (guint m = 0; m < DH_N_MAPS; m++)
            if (map == DH_N_MAPS || map == m)
              ops_deliver (ops_case, dh_graph_score (graph, m, f, g));
        }
}

GPtrArray *
ops_list_cases (void)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (free_case);
  static const float mean[3] = { 0.485f, 0.456f, 0.406f }, deviation[3] = { 0.229f, 0.224f, 0.225f };
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
    {
      DhGraph *graph = dh_graph_new ();
      const DhShape input = { 2, 3, sizes[s][0], sizes[s][1] };
      ops_deliver (ops_add_case (list, graph, input, "channel-scale/%dx%d", input.h, input.w),
                   dh_graph_channel_scale (graph, dh_graph_input (graph, 3), mean, deviation));
    }
  add_convs (list);
  add_unary (list, "norm", make_norm);
  add_unary (list, "relu", make_relu);
  add_unary (list, "norm-relu", make_norm_relu);
  add_unary (list, "dropout", make_dropout);
  add_unary (list, "add", make_add);
  add_unary (list, "add-to-itself", make_double);
  add_unary (list, "concat", make_concat);
  add_unary (list, "concat-of-one", make_concat_of_one);
  add_unary (list, "max-pool-2", make_max_2);
  add_unary (list, "max-pool-3", make_max_3);
  add_unary (list, "average-pool-3", make_average_3);
  add_unary (list, "average-pool-2", make_average_2);
  add_unary (list, "max-pool-2-rounded-up", make_max_2_up);
  add_unary (list, "average-pool-4-rounded-up", make_average_4_up);
  add_unary (list, "resize-to-itself", make_same_size);
  add_pools (list);
  add_resizes (list);
  add_scores (list);
  ops_add_foreign (list);
  ops_add_transformers (list);
  ops_add_chains (list);
  ops_add_nets (list);
  ops_add_perf (list);
  return list;
}

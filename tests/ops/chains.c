#include "dh-nets.h"
#include "ops.h"

static DhValue
norm_relu_conv (DhGraph *graph, DhValue x, const char *name, gint out, gint kernel)
{
  g_autofree char *norm = g_strconcat (name, ".norm", NULL), *conv = g_strconcat (name, ".conv", NULL);
  const DhConv options = { .out = out, .kernel = kernel, .padding = kernel / 2 };
  return dh_graph_conv (graph, dh_graph_relu (graph, dh_graph_norm (graph, x, norm, 0.01)), conv, options);
}

static DhValue
conv_norm_relu (DhGraph *graph, DhValue x, const char *name, DhConv conv)
{
  g_autofree char *norm = g_strconcat (name, ".norm", NULL);
  return dh_graph_relu (graph, dh_graph_norm (graph, dh_graph_conv (graph, x, name, conv), norm, 0.1));
}

/* What planners fuse, rewrite or place in one another's memory; each in a form where they may and one where not. */
void
ops_add_chains (GPtrArray *list)
{
  static const gint chain_sizes[][2] = { { 6, 5 }, { 16, 24 }, { 19, 37 } };
  for (guint s = 0; s < G_N_ELEMENTS (chain_sizes); s++)
    for (gint width = 16; width <= 40; width += 24) /* 16 and 40 */
      {
        const DhShape input = { s == 0 ? 2 : 1, width, chain_sizes[s][0], chain_sizes[s][1] };
        const DhConv three = { .out = width, .kernel = 3, .padding = 1 }, one = { .out = 24, .kernel = 1 };
        const DhConv wide = { .out = width, .kernel = 3, .padding = 2, .dilation = 2 };
#define CHAIN(title)                                                                                                   \
  DhGraph *graph = dh_graph_new ();                                                                                    \
  const DhValue x = dh_graph_input (graph, width);                                                                     \
  OpsCase *ops_case = ops_add_case (list, graph, input, "chain/" title "-%d/%dx%d", width, input.h, input.w)
        {
          CHAIN ("norm-relu-1x1");
          ops_deliver (ops_case, norm_relu_conv (graph, x, "a", 24, 1));
        }
        {
          CHAIN ("norm-relu-3x3");
          ops_deliver (ops_case, norm_relu_conv (graph, x, "a", 32, 3));
        }
        {
          CHAIN ("conv-norm-relu");
          ops_deliver (ops_case, conv_norm_relu (graph, x, "a", three));
        }
        {
          CHAIN ("conv-norm-without-relu");
          ops_deliver (ops_case, dh_graph_norm (graph, dh_graph_conv (graph, x, "a", one), "n", 0.1));
        }
        {
          CHAIN ("conv-read-twice"); /* its norm must not be folded into it */
          const DhValue y = dh_graph_conv (graph, x, "a", three);
          ops_deliver (ops_case, dh_graph_relu (graph, dh_graph_norm (graph, y, "n", 0.1)));
          ops_deliver (ops_case, dh_graph_conv (graph, y, "b", one));
        }
        {
          CHAIN ("conv-delivered-and-normed");
          const DhValue y = dh_graph_conv (graph, x, "a", three);
          ops_deliver (ops_case, y);
          ops_deliver (ops_case, norm_relu_conv (graph, y, "b", 8, 1));
        }
        {
          CHAIN ("norm-read-twice");
          const DhValue b = dh_graph_relu (graph, dh_graph_norm (graph, x, "n", 0.1));
          ops_deliver (ops_case, dh_graph_add (graph, dh_graph_conv (graph, b, "a", three),
                                               dh_graph_conv (graph, b, "p", (DhConv){ .out = width, .kernel = 1 })));
        }
        {
          CHAIN ("bottleneck"); /* one dense layer: 1×1, norm, ReLU, 3×3 */
          ops_deliver (ops_case, norm_relu_conv (graph, norm_relu_conv (graph, x, "a", 64, 1), "b", 16, 3));
        }
        {
          CHAIN ("only-convs"); /* each read by the next one alone */
          const DhValue a = conv_norm_relu (graph, x, "a", (DhConv){ .out = 48, .kernel = 1 });
          const DhValue b =
              conv_norm_relu (graph, a, "b", (DhConv){ .out = 80, .kernel = 3, .padding = 2, .dilation = 2 });
          const DhValue c = conv_norm_relu (graph, b, "c", (DhConv){ .out = 33, .kernel = 1, .stride = 2 });
          const DhValue d =
              conv_norm_relu (graph, c, "d", (DhConv){ .out = 40, .kernel = 3, .stride = 2, .padding = 1 });
          ops_deliver (ops_case, conv_norm_relu (graph, d, "e", (DhConv){ .out = 32, .kernel = 3, .padding = 1 }));
        }
        {
          CHAIN ("only-convs-wide-stride"); /* beyond what tiles may read */
          const DhValue a = conv_norm_relu (graph, x, "a", (DhConv){ .out = 48, .kernel = 1 });
          ops_deliver (ops_case, dh_graph_conv (graph, a, "b", (DhConv){ .out = 40, .kernel = 1, .stride = 6 }));
        }
        {
          CHAIN ("only-convs-summed"); /* a sum that only a convolution reads */
          const DhValue a = dh_graph_relu (graph, dh_graph_norm (graph, x, "n", 0.1));
          const DhValue b = dh_graph_conv (graph, a, "a", (DhConv){ .out = width, .kernel = 3, .padding = 1 });
          const DhValue c = dh_graph_relu (graph, dh_graph_add (graph, b, x));
          ops_deliver (ops_case, dh_graph_conv (graph, c, "c", (DhConv){ .out = 48, .kernel = 3, .padding = 1 }));
        }
        {
          CHAIN ("only-convs-summed-concat"); /* whose channels do not stand one after the other */
          const DhValue a = dh_graph_conv (graph, x, "a", (DhConv){ .out = 20, .kernel = 1 });
          const DhValue b = dh_graph_conv (graph, x, "b", (DhConv){ .out = 21, .kernel = 3, .padding = 1 });
          const DhValue parts[] = { a, b };
          const DhValue both = dh_graph_concat (graph, parts, 2);
          const DhValue c = dh_graph_conv (graph, both, "c", (DhConv){ .out = 41, .kernel = 3, .padding = 1 });
          const DhValue d = dh_graph_relu (graph, dh_graph_add (graph, c, both));
          ops_deliver (ops_case, dh_graph_conv (graph, d, "d", (DhConv){ .out = 48, .kernel = 3, .padding = 1 }));
        }
        {
          CHAIN ("only-convs-pooled"); /* pooled before it is multiplied, and delivered */
          const DhValue a = conv_norm_relu (graph, x, "a", (DhConv){ .out = 48, .kernel = 3, .padding = 1 });
          const DhValue b = dh_graph_conv (graph, a, "b", (DhConv){ .out = 40, .kernel = 1 });
          const DhValue c = conv_norm_relu (graph, dh_graph_average_pool (graph, b, 2, 2, 0), "c", three);
          ops_deliver (ops_case, c);
          ops_deliver (ops_case, dh_graph_conv (graph, c, "d", (DhConv){ .out = 40, .kernel = 1 }));
        }
        {
          CHAIN ("residual");
          const DhValue b = dh_graph_relu (graph, dh_graph_norm (graph, x, "n", 0.1));
          const DhValue y = norm_relu_conv (graph, dh_graph_conv (graph, b, "a", wide), "b", width, 3);
          const DhValue sum = dh_graph_add (graph, y, x);
          ops_deliver (ops_case, norm_relu_conv (graph, sum, "c", 8, 1));
          ops_deliver (ops_case, sum);
        }
        {
          CHAIN (
              "residual-concat"); /* whose channels do not stand one after the other, in more planes than they need */
          const DhValue parts[] = { dh_graph_conv (graph, x, "a", (DhConv){ .out = 20, .kernel = 1 }),
                                    dh_graph_conv (graph, x, "b", (DhConv){ .out = 21, .kernel = 1 }) };
          const DhValue both = dh_graph_concat (graph, parts, 2);
          const DhValue y = dh_graph_conv (graph, both, "c", (DhConv){ .out = 41, .kernel = 3, .padding = 1 });
          ops_deliver (ops_case, dh_graph_relu (graph, dh_graph_add (graph, y, both)));
        }
        {
          CHAIN ("residual-projected");
          const DhValue b = dh_graph_relu (graph, dh_graph_norm (graph, x, "n", 0.1));
          const DhConv down = { .out = 48, .kernel = 3, .stride = 2, .padding = 1 };
          const DhValue y = norm_relu_conv (graph, dh_graph_conv (graph, b, "a", down), "b", 48, 3);
          ops_deliver (
              ops_case,
              dh_graph_add (graph, y, dh_graph_conv (graph, b, "p", (DhConv){ .out = 48, .kernel = 1, .stride = 2 })));
        }
        {
          CHAIN ("residual-projected-normed"); /* a norm alone reads the sum of two convolutions */
          const DhValue y = dh_graph_conv (graph, x, "a", (DhConv){ .out = 48, .kernel = 3, .padding = 1 });
          const DhValue p = dh_graph_conv (graph, x, "p", (DhConv){ .out = 48, .kernel = 1, .bias = TRUE });
          ops_deliver (ops_case, norm_relu_conv (graph, dh_graph_add (graph, y, p), "n", 24, 1));
        }
        {
          CHAIN ("residual-dropout");
          const DhValue b = dh_graph_relu (graph, dh_graph_norm (graph, x, "n", 0.1));
          const DhValue y = dh_graph_conv (graph, b, "a", (DhConv){ .out = 32, .kernel = 1 });
          const DhValue z = dh_graph_dropout (graph, dh_graph_relu (graph, dh_graph_norm (graph, y, "m", 0.1)), 0.3);
          ops_deliver (ops_case,
                       dh_graph_add (graph, dh_graph_conv (graph, z, "c", (DhConv){ .out = width, .kernel = 1 }), x));
        }
        {
          CHAIN ("dense-block");
          DhValue y = x;
          for (gint i = 0; i < 4; i++)
            {
              g_autofree char *a = g_strdup_printf ("l%d.a", i), *b = g_strdup_printf ("l%d.b", i);
              const DhValue grown = norm_relu_conv (graph, norm_relu_conv (graph, y, a, 32, 1), b, 8 + 8 * (i % 2), 3);
              y = dh_graph_concat (graph, (DhValue[]){ y, grown }, 2);
            }
          ops_deliver (ops_case, y);
          const DhValue t = norm_relu_conv (graph, y, "transition", 20, 1);
          ops_deliver (ops_case, dh_graph_average_pool (graph, t, 3, 2, 1));
        }
        {
          CHAIN ("dense-block-wide"); /* bottlenecks as wide as a card's tile; twice that; one read twice */
          DhValue y = x;
          for (gint i = 0; i < 2; i++)
            {
              g_autofree char *a = g_strdup_printf ("l%d.a", i), *b = g_strdup_printf ("l%d.b", i);
              const DhValue grown = norm_relu_conv (graph, norm_relu_conv (graph, y, a, 128, 1), b, 12 + 12 * i, 3);
              y = dh_graph_concat (graph, (DhValue[]){ y, grown }, 2);
            }
          const DhValue t = norm_relu_conv (graph, y, "t", 256, 1);
          ops_deliver (ops_case, t);
          const DhValue twice = dh_graph_relu (graph, dh_graph_norm (graph, y, "n", 0.1));
          ops_deliver (ops_case, dh_graph_conv (graph, twice, "u", (DhConv){ .out = 128, .kernel = 1, .bias = TRUE }));
          ops_deliver (ops_case, dh_graph_conv (graph, twice, "v", (DhConv){ .out = 16, .kernel = 3, .padding = 1 }));
          ops_deliver (ops_case,
                       conv_norm_relu (graph, dh_graph_relu (graph, y), "w", (DhConv){ .out = 128, .kernel = 1 }));
        }
        {
          CHAIN ("pyramid");
          DhValue parts[5] = { norm_relu_conv (graph, x, "bn", 32, 1) };
          for (gint i = 0; i < 4; i++)
            {
              g_autofree char *name = g_strdup_printf ("spp%d", i);
              const DhValue pool = dh_graph_adaptive_pool (graph, parts[0], 8 >> i, TRUE);
              parts[i + 1] = dh_graph_resize (graph, norm_relu_conv (graph, pool, name, 8, 1), parts[0], FALSE);
            }
          ops_deliver (ops_case, norm_relu_conv (graph, dh_graph_concat (graph, parts, 5), "fuse", 32, 1));
        }
        {
          CHAIN ("atrous-pyramid");
          DhValue parts[3];
          const DhValue pool = dh_graph_adaptive_pool (graph, x, 1, FALSE);
          parts[0] = dh_graph_resize (graph, conv_norm_relu (graph, pool, "image", one), x, TRUE);
          parts[1] = conv_norm_relu (graph, x, "near", one);
          parts[2] =
              conv_norm_relu (graph, x, "far", (DhConv){ .out = 16, .kernel = 3, .padding = 12, .dilation = 12 });
          const DhValue joined = dh_graph_concat (graph, parts, 3);
          ops_deliver (ops_case, dh_graph_conv (graph, joined, "bot", (DhConv){ .out = 20, .kernel = 1 }));
        }
        {
          CHAIN ("ladder"); /* coarse, upsampled, plus a lateral */
          const DhValue coarse = dh_graph_conv (graph, dh_graph_max_pool (graph, x, 2, 2, 0), "c", one);
          const DhValue lateral = norm_relu_conv (graph, x, "lateral", 24, 1);
          const DhValue sum = dh_graph_add (graph, dh_graph_resize (graph, coarse, lateral, FALSE), lateral);
          ops_deliver (ops_case, norm_relu_conv (graph, sum, "blend", 16, 3));
        }
        {
          CHAIN (
              "ladder-ends"); /* what follows such a sum: alone, not alone, a norm alone, a norm that is read twice */
          const DhConv narrow = { .out = 20, .kernel = 1 }, half = { .out = 10, .kernel = 1 };
          const DhValue pooled = dh_graph_max_pool (graph, x, 2, 2, 0);
          const DhValue pooled_halves[] = { dh_graph_conv (graph, pooled, "cl", half),
                                            dh_graph_conv (graph, pooled, "cr", half) };
          /* One as the other addend stands in memory, and one that stands otherwise. */
          const DhValue coarse[] = { dh_graph_concat (graph, pooled_halves, 2),
                                     dh_graph_conv (graph, pooled, "c", narrow) };
          const DhValue halves[] = { dh_graph_conv (graph, x, "l", half),
                                     dh_graph_conv (graph, x, "r", (DhConv){ .out = 10, .kernel = 3, .padding = 1 }) };
          const DhValue lateral = dh_graph_concat (graph, halves, 2); /* its channels do not fill groups of eight */
          DhValue sums[4];
          for (gint i = 0; i < 4; i++)
            {
              const DhValue resized = dh_graph_resize (graph, coarse[i % 2], x, i > 1);
              sums[i] = dh_graph_add (graph, i % 2 ? resized : lateral, i % 2 ? lateral : resized);
            }
          ops_deliver (ops_case, norm_relu_conv (graph, sums[0], "a", 16, 3));
          ops_deliver (ops_case, sums[1]);
          ops_deliver (ops_case, norm_relu_conv (graph, sums[1], "b", 16, 1));
          ops_deliver (ops_case, dh_graph_norm (graph, sums[2], "n", 0.1));
          const DhValue twice = dh_graph_norm (graph, sums[3], "m", 0.1);
          ops_deliver (ops_case, dh_graph_relu (graph, twice));
          ops_deliver (ops_case, dh_graph_conv (graph, twice, "d", narrow));
        }
        {
          CHAIN ("decoder"); /* a concat of which one part is resized */
          const DhValue coarse = dh_graph_conv (graph, dh_graph_max_pool (graph, x, 3, 2, 1), "c", one);
          const DhValue fine = dh_graph_conv (graph, x, "f", (DhConv){ .out = 6, .kernel = 1 });
          const DhValue up = dh_graph_resize (graph, coarse, x, TRUE);
          const DhValue joined = dh_graph_concat (graph, (DhValue[]){ fine, up }, 2);
          ops_deliver (ops_case, conv_norm_relu (graph, joined, "a", three));
          ops_deliver (ops_case, norm_relu_conv (graph, joined, "b", 2, 1));
        }
        for (gint align = 0; align <= 1; align++) /* heads, the last upsampling, every map */
          {
            CHAIN ("heads");
            g_autofree char *name = g_strconcat (ops_case->name, align ? "-corners" : "-half-pixel", NULL);
            g_free (ops_case->name);
            ops_case->name = g_steal_pointer (&name);
            const DhValue small = dh_graph_max_pool (graph, x, 2, 2, 0);
            const DhConv k = { .out = 13, .kernel = 1, .bias = TRUE }, two = { .out = 2, .kernel = 1, .bias = TRUE };
            const DhValue f = dh_graph_resize (graph, dh_graph_conv (graph, small, "f", k), x, align);
            const DhValue g = dh_graph_resize (graph, dh_graph_conv (graph, small, "g", two), x, align);
            for (guint map = 0; map < DH_N_MAPS; map++)
              ops_deliver (ops_case, dh_graph_score (graph, map, f, g));
          }
        /* Heads of different grids: no pass can read both low as they are. Then what reads only one of them still
         * does, and maps of other logits after that. */
        static const struct
        {
          const char *name;
          gint f_stride, g_stride; /* 1: of full size, never resized */
          gboolean f_corners, g_corners;
        } apart[] = { { "sizes", 2, 4, FALSE, FALSE },
                      { "sizes-corners", 4, 2, TRUE, TRUE },
                      { "corners", 2, 2, FALSE, TRUE },
                      { "whole", 2, 1, TRUE, FALSE } };
        for (guint i = 0; i < G_N_ELEMENTS (apart); i++)
          {
            CHAIN ("heads-apart");
            g_autofree char *name = g_strconcat (ops_case->name, "-", apart[i].name, NULL);
            g_free (ops_case->name);
            ops_case->name = g_steal_pointer (&name);
            const DhConv k = { .out = 13, .kernel = 1, .bias = TRUE }, two = { .out = 2, .kernel = 1, .bias = TRUE };
            const gint a = apart[i].f_stride, b = apart[i].g_stride;
            const DhValue low = dh_graph_max_pool (graph, x, a, a, 0);
            const DhValue f = dh_graph_resize (graph, dh_graph_conv (graph, low, "f", k), x, apart[i].f_corners);
            const DhValue e = dh_graph_resize (graph, dh_graph_conv (graph, low, "e", k), x, apart[i].f_corners);
            const DhValue h = dh_graph_conv (graph, b > 1 ? dh_graph_max_pool (graph, x, b, b, 0) : x, "g", two);
            const DhValue g = b > 1 ? dh_graph_resize (graph, h, x, apart[i].g_corners) : h;
            for (guint map = 0; map < DH_N_MAPS; map++)
              ops_deliver (ops_case, dh_graph_score (graph, map, f, g));
            ops_deliver (ops_case, dh_graph_score (graph, DH_MAP_LIKELIHOOD, e, DH_NO_VALUE));
            ops_deliver (ops_case, dh_graph_score (graph, DH_MAP_ENTROPY, e, DH_NO_VALUE));
            ops_deliver (ops_case, dh_graph_score (graph, DH_MAP_HYBRID, e, g));
          }
        {
          CHAIN ("heads-closed");
          const DhValue small = dh_graph_max_pool (graph, x, 2, 2, 0);
          const DhValue f =
              dh_graph_resize (graph, dh_graph_conv (graph, small, "f", (DhConv){ .out = 19, .kernel = 1 }), x, FALSE);
          ops_deliver (ops_case, f);
          ops_deliver (ops_case, dh_graph_score (graph, DH_MAP_LIKELIHOOD, f, DH_NO_VALUE));
          ops_deliver (ops_case, dh_graph_score (graph, DH_MAP_SEGMENTATION, f, DH_NO_VALUE));
        }
#undef CHAIN
      }
}

void
ops_add_nets (GPtrArray *list)
{
  static const char *const names[] = { "ldn-tiny", "ldn-tiny-closed", "dlv3p-tiny", "dlv3p-tiny-closed" };
  static const gint net_sizes[][3] = { { 1, 32, 32 }, { 1, 64, 96 }, { 2, 41, 77 }, { 1, 100, 33 } };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    for (guint s = 0; s < G_N_ELEMENTS (net_sizes); s++)
      {
        DhArchitecture architecture;
        g_assert_true (dh_architecture_from_name (names[i], 0, &architecture, NULL));
        g_autoptr (DhNet) net = dh_net_new (&architecture);
        const DhShape input = { net_sizes[s][0], 3, net_sizes[s][1], net_sizes[s][2] };
        OpsCase *ops_case = ops_add_case (list, dh_graph_ref (net->graph), input, "net/%s/%dx%dx%d", names[i], input.n,
                                          input.h, input.w);
        for (guint map = 0; map < DH_N_MAPS; map++)
          if (net->maps[map] != DH_NO_VALUE)
            ops_deliver (ops_case, net->maps[map]);
      }
}

/* Layers of the two networks at 1024×2048. */
void
ops_add_perf (GPtrArray *list)
{
  static const struct
  {
    gint in, h, w;
    DhConv conv;
  } layers[] = {
    { 3, 1024, 2048, { .out = 64, .kernel = 7, .stride = 2, .padding = 3 } },
    { 256, 256, 512, { .out = 128, .kernel = 1 } },
    { 1024, 64, 128, { .out = 128, .kernel = 1 } },
    { 128, 256, 512, { .out = 32, .kernel = 3, .padding = 1 } },
    { 128, 64, 128, { .out = 32, .kernel = 3, .padding = 1 } },
    { 256, 256, 512, { .out = 128, .kernel = 3, .padding = 1 } },
    { 512, 128, 256, { .out = 512, .kernel = 3, .padding = 1 } },
    { 512, 128, 256, { .out = 1024, .kernel = 3, .padding = 2, .dilation = 2 } },
    { 512, 128, 256, { .out = 1024, .kernel = 3, .padding = 4, .dilation = 4 } },
    { 4096, 128, 256, { .out = 256, .kernel = 3, .padding = 24, .dilation = 24 } },
  };
  for (guint i = 0; i < G_N_ELEMENTS (layers); i++)
    {
      DhGraph *graph = dh_graph_new ();
      const DhShape input = { 1, layers[i].in, layers[i].h, layers[i].w };
      const DhConv conv = layers[i].conv;
      OpsCase *ops_case =
          ops_add_case (list, graph, input, "perf/%dx%d-%d-%d-stride%d-dilation%d/%dx%d", conv.kernel, conv.kernel,
                        layers[i].in, conv.out, MAX (conv.stride, 1), MAX (conv.dilation, 1), input.h, input.w);
      ops_deliver (ops_case, dh_graph_conv (graph, dh_graph_input (graph, input.c), "conv", conv));
      ops_case->perf_only = TRUE;
    }
}

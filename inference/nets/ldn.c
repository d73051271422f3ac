#include "dh-nets-private.h"

/* Ladder-DenseNet: a DenseNet, a spatial pyramid on its last result, and a ladder of upsamplings with skips from before
 * each transition. */

#define MOMENTUM 0.01
#define FEATURES "backbone.features."
#define PYRAMID "spp.spp.spp."
#define LADDER "upsample.upsample_layers."

static const gint grids[4] = { 8, 4, 2, 1 };

static DhValue
norm_relu (DhGraph *graph, DhValue x, const char *prefix, const char *suffix)
{
  g_autofree char *name = g_strconcat (prefix, suffix, NULL);
  return dh_graph_relu (graph, dh_graph_norm (graph, x, name, MOMENTUM));
}

static DhValue
conv (DhGraph *graph, DhValue x, const char *prefix, const char *suffix, gint out, gint kernel, gboolean bias)
{
  g_autofree char *name = g_strconcat (prefix, suffix, NULL);
  return dh_graph_conv (graph, x, name, (DhConv){ .out = out, .kernel = kernel, .padding = kernel / 2, .bias = bias });
}

static DhValue
norm_relu_conv (DhGraph *graph, DhValue x, const char *name, gint out, gint kernel, gboolean bias)
{
  return conv (graph, norm_relu (graph, x, name, ".norm"), name, ".conv", out, kernel, bias);
}

static gint
channels (DhGraph *graph, DhValue x)
{
  return dh_graph_node (graph, x)->channels;
}

static DhValue
dense_block (DhGraph *graph, DhValue x, gint number, gint layers, gint growth)
{
  for (gint j = 1; j <= layers; j++)
    {
      g_autofree char *layer = g_strdup_printf (FEATURES "denseblock%d.denselayer%d.", number, j);
      DhValue y = conv (graph, norm_relu (graph, x, layer, "norm1"), layer, "conv1", 4 * growth, 1, FALSE);
      y = conv (graph, norm_relu (graph, y, layer, "norm2"), layer, "conv2", growth, 3, FALSE);
      x = dh_graph_concat (graph, (DhValue[]){ x, y }, 2);
    }
  return x;
}

static DhValue
transition (DhGraph *graph, DhValue x, gint number)
{
  g_autofree char *name = g_strdup_printf (FEATURES "transition%d", number);
  x = norm_relu_conv (graph, x, name, channels (graph, x) / 2, 1, FALSE);
  return dh_graph_average_pool (graph, x, 3, 2, 1);
}

static DhValue
pyramid (DhGraph *graph, DhValue x, const DhLdn *ldn)
{
  DhValue parts[5];
  parts[0] = norm_relu_conv (graph, x, PYRAMID "spp_bn", ldn->pyramid, 1, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (grids); i++)
    {
      g_autofree char *name = g_strdup_printf (PYRAMID "spp%u", i);
      const DhValue pooled = dh_graph_adaptive_pool (graph, parts[0], grids[i], TRUE);
      const DhValue level = norm_relu_conv (graph, pooled, name, ldn->level, 1, FALSE);
      parts[i + 1] = dh_graph_resize (graph, level, parts[0], FALSE);
    }
  const DhValue all = dh_graph_concat (graph, parts, G_N_ELEMENTS (parts));
  return norm_relu_conv (graph, all, PYRAMID "spp_fuse", ldn->fuse, 1, FALSE);
}

static DhValue
upsample (DhGraph *graph, DhValue x, DhValue skip, gint number, gint out)
{
  g_autofree char *bottleneck = g_strdup_printf (LADDER "upsample_%d.bottleneck", number);
  g_autofree char *blend = g_strdup_printf (LADDER "upsample_%d.blend_conv", number);
  const DhValue lateral = norm_relu_conv (graph, skip, bottleneck, channels (graph, x), 1, FALSE);
  x = dh_graph_add (graph, dh_graph_resize (graph, x, lateral, FALSE), lateral);
  return norm_relu_conv (graph, x, blend, out, 3, FALSE);
}

void
dh_ldn_build (DhNet *net)
{
  const DhLdn *ldn = &net->architecture.ldn;
  DhGraph *graph = net->graph;
  DhValue skips[3];

  net->input = dh_graph_input (graph, 3);
  const DhConv stem = { .out = ldn->stem, .kernel = 7, .stride = 2, .padding = 3 };
  DhValue x = dh_graph_conv (graph, net->input, FEATURES "conv0", stem);
  x = dh_graph_max_pool (graph, norm_relu (graph, x, FEATURES, "norm0"), 2, 2, 0);
  for (gint i = 0; i < 4; i++)
    {
      x = dense_block (graph, x, i + 1, ldn->blocks[i], ldn->growth);
      if (i == 3)
        break;
      skips[i] = x;
      x = transition (graph, x, i + 1);
    }
  x = pyramid (graph, x, ldn);
  for (gint i = 0; i < 3; i++)
    x = upsample (graph, x, skips[2 - i], i, ldn->decoder[i]);

  net->coarse = norm_relu_conv (graph, x, "logits", net->architecture.classes, 1, TRUE);
  if (net->architecture.outlier_head)
    net->coarse_ood = norm_relu_conv (graph, x, "logits_ood", 2, 1, TRUE);
  net->logits = dh_graph_resize (graph, net->coarse, net->input, FALSE);
  if (net->architecture.outlier_head)
    net->logits_ood = dh_graph_resize (graph, net->coarse_ood, net->input, FALSE);
}

gboolean
dh_ldn_recognise (DhTensorDict *dict, DhArchitecture *architecture, GError **error)
{
  DhLdn *ldn = &architecture->ldn;
  for (gint i = 0; i < 4; i++)
    {
      g_autofree char *block = g_strdup_printf (FEATURES "denseblock%d.denselayer", i + 1);
      if (!(ldn->blocks[i] = dh_recognise_count (dict, block, ".conv2.weight", error)))
        return FALSE;
    }
  for (gint i = 0; i < 3; i++)
    {
      g_autofree char *blend = g_strdup_printf (LADDER "upsample_%d.blend_conv.conv.weight", i);
      if (!(ldn->decoder[i] = dh_recognise_width (dict, blend, error)))
        return FALSE;
    }
  return (ldn->stem = dh_recognise_width (dict, FEATURES "conv0.weight", error))
         && (ldn->growth = dh_recognise_width (dict, FEATURES "denseblock1.denselayer1.conv2.weight", error))
         && (ldn->pyramid = dh_recognise_width (dict, PYRAMID "spp_bn.conv.weight", error))
         && (ldn->level = dh_recognise_width (dict, PYRAMID "spp0.conv.weight", error))
         && (ldn->fuse = dh_recognise_width (dict, PYRAMID "spp_fuse.conv.weight", error))
         && (architecture->classes = dh_recognise_width (dict, "logits.conv.weight", error));
}

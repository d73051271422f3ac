#include "dh-nets-private.h"

/* DeepLabV3+ on WideResNet-38: pre-activation residual blocks, dilated from mod5 on, an atrous pyramid, and a decoder
 * that joins it with mod2's result. */

#define MOMENTUM 0.1

static const float mean[3] = { 0.485f, 0.456f, 0.406f };
static const float deviation[3] = { 0.229f, 0.224f, 0.225f };
/* Of mod2…mod7. */
static const gint strides[6] = { 1, 1, 2, 1, 1, 1 };
static const gint dilations[6] = { 1, 1, 1, 2, 4, 4 };
static const double dropouts[6] = { 0, 0, 0, 0, 0.3, 0.5 };

static DhValue
norm_relu (DhGraph *graph, DhValue x, const char *prefix, const char *suffix)
{
  g_autofree char *name = g_strconcat (prefix, suffix, NULL);
  return dh_graph_relu (graph, dh_graph_norm (graph, x, name, MOMENTUM));
}

/* 3×3 with padding = dilation, or 1×1. */
static DhValue
conv (DhGraph *graph, DhValue x, const char *prefix, const char *suffix, gint out, gint kernel, gint stride,
      gint dilation)
{
  g_autofree char *name = g_strconcat (prefix, suffix, NULL);
  const gint padding = kernel / 2 * dilation;
  return dh_graph_conv (
      graph, x, name,
      (DhConv){ .out = out, .kernel = kernel, .stride = stride, .padding = padding, .dilation = dilation });
}

static DhValue
conv_norm_relu (DhGraph *graph, DhValue x, const char *conv_name, const char *norm_name, gint out, gint kernel,
                gint dilation)
{
  return norm_relu (graph, conv (graph, x, conv_name, "", out, kernel, 1, dilation), norm_name, "");
}

static DhValue
residual_block (DhGraph *graph, DhValue x, gint mod, gint number, const gint out[3])
{
  g_autofree char *name = g_strdup_printf ("mod%d.block%d", mod + 2, number);
  const gint stride = number == 1 ? strides[mod] : 1, dilation = dilations[mod];
  const gboolean three = out[2] != 0;
  const gint last = three ? out[2] : out[1];

  const DhValue b = norm_relu (graph, x, name, ".bn1.0");
  DhValue y = conv (graph, b, name, ".convs.conv1", out[0], three ? 1 : 3, stride, three ? 1 : dilation);
  y = norm_relu (graph, y, name, ".convs.bn2.0");
  y = conv (graph, y, name, ".convs.conv2", out[1], 3, 1, dilation);
  if (three)
    {
      y = dh_graph_dropout (graph, norm_relu (graph, y, name, ".convs.bn3.0"), dropouts[mod]);
      y = conv (graph, y, name, ".convs.conv3", out[2], 1, 1, 1);
    }
  const gboolean project = stride != 1 || dh_graph_node (graph, x)->channels != last;
  return dh_graph_add (graph, y, project ? conv (graph, b, name, ".proj_conv", last, 1, stride, 1) : x);
}

static DhValue
atrous_pyramid (DhGraph *graph, DhValue x, gint out)
{
  DhValue parts[5];
  parts[1] = conv_norm_relu (graph, x, "aspp.features.0.0", "aspp.features.0.1", out, 1, 1);
  parts[2] = conv_norm_relu (graph, x, "aspp.features.1.0", "aspp.features.1.1", out, 3, 12);
  parts[3] = conv_norm_relu (graph, x, "aspp.features.2.0", "aspp.features.2.1", out, 3, 24);
  parts[4] = conv_norm_relu (graph, x, "aspp.features.3.0", "aspp.features.3.1", out, 3, 36);
  const DhValue pooled = dh_graph_adaptive_pool (graph, x, 1, FALSE);
  const DhValue whole = conv_norm_relu (graph, pooled, "aspp.img_conv.0", "aspp.img_conv.1", out, 1, 1);
  parts[0] = dh_graph_resize (graph, whole, x, TRUE);
  return dh_graph_concat (graph, parts, G_N_ELEMENTS (parts));
}

void
dh_dlv3p_build (DhNet *net)
{
  const DhDlv3p *dlv3p = &net->architecture.dlv3p;
  DhGraph *graph = net->graph;
  DhValue mod2 = DH_NO_VALUE;

  net->input = dh_graph_input (graph, 3);
  DhValue x = dh_graph_channel_scale (graph, net->input, mean, deviation);
  x = conv (graph, x, "mod1.conv1", "", dlv3p->stem, 3, 1, 1);
  for (gint mod = 0; mod < 6; mod++)
    {
      if (mod < 2)
        x = dh_graph_max_pool (graph, x, 3, 2, 1);
      for (gint number = 1; number <= dlv3p->blocks[mod]; number++)
        x = residual_block (graph, x, mod, number, dlv3p->channels[mod]);
      if (mod == 0)
        mod2 = x;
    }

  const DhValue pyramid = atrous_pyramid (graph, x, dlv3p->aspp);
  const DhValue fine = conv (graph, mod2, "bot_fine", "", dlv3p->fine, 1, 1, 1);
  const DhValue coarse = conv (graph, pyramid, "bot_aspp", "", dlv3p->aspp, 1, 1, 1);
  const DhValue up = dh_graph_resize (graph, coarse, mod2, TRUE);
  const DhValue joined = dh_graph_concat (graph, (DhValue[]){ fine, up }, 2);
  x = conv_norm_relu (graph, joined, "final.0", "final.1", dlv3p->decoder, 3, 1);
  x = conv_norm_relu (graph, x, "final.3", "final.4", dlv3p->decoder, 3, 1);

  net->coarse = conv (graph, x, "final.6", "", net->architecture.classes, 1, 1, 1);
  if (net->architecture.outlier_head)
    {
      const DhValue o = dh_graph_relu (graph, dh_graph_norm (graph, joined, "logits_ood.norm", 0.01));
      net->coarse_ood = dh_graph_conv (graph, o, "logits_ood.conv", (DhConv){ .out = 2, .kernel = 1, .bias = TRUE });
    }
  net->logits = dh_graph_resize (graph, net->coarse, net->input, TRUE);
  if (net->architecture.outlier_head)
    net->logits_ood = dh_graph_resize (graph, net->coarse_ood, net->input, TRUE);
}

gboolean
dh_dlv3p_recognise (DhTensorDict *dict, DhArchitecture *architecture, GError **error)
{
  DhDlv3p *dlv3p = &architecture->dlv3p;
  for (gint mod = 0; mod < 6; mod++)
    {
      g_autofree char *block = g_strdup_printf ("mod%d.block", mod + 2);
      if (!(dlv3p->blocks[mod] = dh_recognise_count (dict, block, ".convs.conv1.weight", error)))
        return FALSE;
      for (gint i = 0; i < (mod < 4 ? 2 : 3); i++)
        {
          g_autofree char *key = g_strdup_printf ("mod%d.block1.convs.conv%d.weight", mod + 2, i + 1);
          if (!(dlv3p->channels[mod][i] = dh_recognise_width (dict, key, error)))
            return FALSE;
        }
    }
  return (dlv3p->stem = dh_recognise_width (dict, "mod1.conv1.weight", error))
         && (dlv3p->aspp = dh_recognise_width (dict, "bot_aspp.weight", error))
         && (dlv3p->fine = dh_recognise_width (dict, "bot_fine.weight", error))
         && (dlv3p->decoder = dh_recognise_width (dict, "final.0.weight", error))
         && (architecture->classes = dh_recognise_width (dict, "final.6.weight", error));
}

#include "dh-error.h"
#include "dh-onnx-build-private.h"

#include <string.h>

/* A transposed convolution of stride s as one of stride 1 that makes s² times as many channels, and depth to space: of
 * the places s·q + r of a side, those of one r are a convolution of their own,
 *   y[s·q + r] = Σ_t x[q + t] · w[r + pad − s·t],
 * with the taps t for which that index is one of the kernel's. Nothing is reckoned otherwise than there. */

#define MOST_KERNEL 64
#define MOST_STRIDE 32

typedef struct
{
  gint kernel, stride, pad; /* pad: before the first */
  gint reach;               /* taps of the other one are −reach … reach */
  gint ins, outs, groups;   /* channels of one group */
} Transposed;

/* One number of two, or four, that all have to be. */
static gboolean
read_both (const DhOnnxNode *node, const char *name, gint64 otherwise, gint64 most, gint *number, GError **error)
{
  const DhOnnxAttribute *found = dh_onnx_node_get (node, name, DH_ONNX_ATTRIBUTE_INTS);
  *number = (gint)otherwise;
  for (guint i = 0; found && i < found->integers->len; i++)
    {
      const gint64 one = g_array_index (found->integers, gint64, i);
      if (found->integers->len != 2 || one < 0 || one > most || one != g_array_index (found->integers, gint64, 0))
        return dh_onnx_refuse (node, error, "has %s that are not the same on both sides, or too large", name);
      *number = (gint)one;
    }
  return TRUE;
}

/* Whether the result is the input's size times the stride, whatever that is; the last row and column are cut off or
 * padded as they need be. */
static gboolean
read_form (const DhOnnxNode *node, const DhTensor *weight, Transposed *form, GError **error)
{
  const DhOnnxAttribute *pads = dh_onnx_node_get (node, "pads", DH_ONNX_ATTRIBUTE_INTS),
                        *size = dh_onnx_node_get (node, "output_shape", DH_ONNX_ATTRIBUTE_INTS);
  const char *automatic = dh_onnx_node_get_string (node, "auto_pad", "NOTSET");
  gint kernel, dilation, more;
  form->kernel = (gint)MIN (weight->dims[2], MOST_KERNEL + 1);
  if (weight->dims[2] != weight->dims[3] || form->kernel < 1 || form->kernel > MOST_KERNEL)
    return dh_onnx_refuse (node, error, "has a kernel of %" G_GINT64_FORMAT "×%" G_GINT64_FORMAT ": here it is square",
                           weight->dims[3], weight->dims[2]);
  if (!read_both (node, "kernel_shape", form->kernel, MOST_KERNEL, &kernel, error)
      || !read_both (node, "strides", 1, MOST_STRIDE, &form->stride, error)
      || !read_both (node, "dilations", 1, MOST_KERNEL, &dilation, error)
      || !read_both (node, "output_padding", 0, MOST_KERNEL, &more, error))
    return FALSE;
  if ((size && size->integers->len > 0) || (!g_str_equal (automatic, "NOTSET") && !g_str_equal (automatic, "VALID")))
    return dh_onnx_refuse (node, error, "is padded to a size (output_shape or auto_pad), not by numbers");
  if (dilation != 1 || kernel != form->kernel || form->stride < 1 || (pads && pads->integers->len != 4))
    return dh_onnx_refuse (node, error, "has dilations, an empty stride or a kernel_shape that is not its weights'");
  gint64 pad[4] = { 0, 0, 0, 0 };
  for (guint i = 0; pads && g_str_equal (automatic, "NOTSET") && i < 4; i++)
    pad[i] = g_array_index (pads->integers, gint64, i);
  for (guint i = 0; i < 4; i++)
    if (pad[i] < 0 || pad[i] > MOST_KERNEL)
      return dh_onnx_refuse (node, error, "has a padding of %" G_GINT64_FORMAT, pad[i]);
  if (pad[0] != pad[1] || pad[2] != pad[3] || form->kernel + more - pad[0] - pad[2] != form->stride)
    return dh_onnx_refuse (node, error,
                           "does not make a value exactly %d times as large (kernel %d, padding %d and %d, "
                           "output_padding %d)",
                           form->stride, form->kernel, (gint)pad[0], (gint)pad[2], more);
  form->pad = (gint)pad[0];
  const gint last =
      (form->stride - 1 + form->pad) / form->stride; /* of the taps; and how far the first stands before */
  const gint first = (form->kernel - 1 - form->pad) / form->stride;
  form->reach = MAX (last, form->kernel - 1 > form->pad ? first : 0);
  return TRUE;
}

/* O·s²×I/groups×k×k of I×O/groups×kernel×kernel */
static DhTensor *
turn (const Transposed *form, const float *weight)
{
  const gint s = form->stride, taps = 2 * form->reach + 1, k = form->kernel;
  const gint64 dims[] = { (gint64)form->groups * form->outs * s * s, form->ins, taps, taps };
  DhTensor *turned = dh_tensor_new_f32 (4, dims);
  float *to = turned ? dh_tensor_f32 (turned) : NULL;
  for (gint64 row = 0; turned && row < dims[0]; row++)
    {
      const gint64 out = row / (s * s), group = out / form->outs;
      const gint y = (gint)(row % (s * s)) / s + form->pad, x = (gint)(row % s) + form->pad;
      for (gint i = 0; i < form->ins; i++)
        {
          const float *from = weight + ((group * form->ins + i) * form->outs + out % form->outs) * k * k;
          for (gint t = -form->reach; t <= form->reach; t++)
            for (gint u = -form->reach; u <= form->reach; u++)
              {
                const gint at_y = y - s * t, at_x = x - s * u;
                const gboolean within = at_y >= 0 && at_y < k && at_x >= 0 && at_x < k;
                *to++ = within ? from[at_y * k + at_x] : 0;
              }
        }
    }
  return turned;
}

static gboolean
take_biases (DhOnnxBuild *build, const DhOnnxNode *node, const char *label, gint channels, gint times, GError **error)
{
  const DhOnnxKnown *bias = dh_onnx_input (build, node, 2);
  if (!bias || !bias->tensor || bias->tensor->n_dims != 1 || bias->tensor->dims[0] != channels
      || bias->tensor->dtype > DH_DTYPE_F64)
    return dh_onnx_refuse (node, error, "has a bias that is not %d constants", channels);
  g_autoptr (DhTensor) real = dh_tensor_to_f32 (bias->tensor);
  g_autofree float *biases = g_new (float, (gsize)channels *times);
  for (gint i = 0; real && i < channels * times; i++)
    biases[i] = dh_tensor_f32 (real)[i / times];
  if (real)
    return dh_onnx_take_floats (build, label, ".bias", (guint)(channels * times), biases, error);
  g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for a network's parameters");
  return FALSE;
}

gboolean
dh_onnx_do_transposed (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhValue x = dh_onnx_value (build, node, 0, error);
  if (x == DH_NO_VALUE)
    return FALSE;
  const DhOnnxKnown *known = dh_onnx_input (build, node, 1);
  const DhTensor *tensor = known ? known->tensor : NULL;
  if (!tensor || tensor->n_dims != 4 || tensor->dtype > DH_DTYPE_F64)
    return dh_onnx_refuse (node, error, "has weights that are no constant of four dimensions");
  const gint channels = dh_graph_node (build->graph, x)->channels;
  const gint64 groups = dh_onnx_node_get_int (node, "group", 1);
  if (groups < 1 || groups > channels || channels % groups || tensor->dims[0] != channels || tensor->dims[1] < 1
      || tensor->dims[1] * groups > 65536)
    return dh_onnx_refuse (node, error,
                           "reads %d channels in %" G_GINT64_FORMAT " groups with weights of %" G_GINT64_FORMAT
                           "×%" G_GINT64_FORMAT,
                           channels, groups, tensor->dims[0], tensor->dims[1]);
  Transposed form = { .ins = (gint)(channels / groups), .outs = (gint)tensor->dims[1], .groups = (gint)groups };
  if (!read_form (node, tensor, &form, error))
    return FALSE;
  const gint square = form.stride * form.stride, outs = form.outs * form.groups, taps = 2 * form.reach + 1;
  if ((gint64)outs * square > 1 << 20 || (gint64)outs * square * form.ins * taps * taps > 1 << 28)
    return dh_onnx_refuse (node, error, "is too large");
  const char *label = dh_onnx_label (build, node->inputs->pdata[1], node);
  g_autofree char *name = g_strconcat (label, ".weight", NULL);
  g_autoptr (DhTensor) real = dh_tensor_to_f32 (known->tensor);
  DhTensor *turned = real ? turn (&form, dh_tensor_f32 (real)) : NULL;
  if (!turned)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for a network's parameters");
      return FALSE;
    }
  dh_tensor_dict_take (build->tensors, name, turned);
  const gboolean bias = dh_onnx_has_input (node, 2);
  if (bias && !take_biases (build, node, label, outs, square, error))
    return FALSE;
  const DhConv conv = {
    .out = outs * square, .kernel = taps, .padding = form.reach, .bias = bias, .groups = form.groups
  };
  const DhValue y = dh_graph_conv (build->graph, x, label, conv);
  return dh_onnx_take_value (build, node, form.stride > 1 ? dh_graph_depth_to_space (build->graph, y, form.stride) : y);
}

gboolean
dh_onnx_do_depth_to_space (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhValue x = dh_onnx_value (build, node, 0, error);
  if (x == DH_NO_VALUE)
    return FALSE;
  const gint channels = dh_graph_node (build->graph, x)->channels;
  const gint64 block = dh_onnx_node_get_int (node, "blocksize", 0);
  const char *mode = build->model->operator_set < 11 ? "DCR" : dh_onnx_node_get_string (node, "mode", "DCR");
  if (!g_str_equal (mode, "CRD"))
    return dh_onnx_refuse (node, error, "spreads channels by “%s”: here it is “CRD”, as of a PixelShuffle", mode);
  if (block < 1 || block > MOST_STRIDE || channels % (block * block))
    return dh_onnx_refuse (node, error, "spreads %d channels over blocks of %" G_GINT64_FORMAT, channels, block);
  return dh_onnx_take_value (build, node, dh_graph_depth_to_space (build->graph, x, (gint)block));
}

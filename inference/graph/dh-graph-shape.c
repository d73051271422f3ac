#include "dh-graph.h"

#include <math.h>

#include "dh-error.h"

/* No machine holds a value of more elements, and sums of so many bytes over all values do not overflow. */
#define MAX_ELEMENTS (G_GINT64_CONSTANT (1) << 44)

/* Positions of a sliding window along one side; 0 where it does not fit. */
static gint64
slide (gint64 length, const DhNode *node)
{
  const gint64 extent = (gint64)node->dilation * (node->kernel - 1) + 1;
  const gint64 room = length + 2 * (gint64)node->padding - extent;
  if (room < 0 || !node->rounds_up)
    return room < 0 ? 0 : room / node->stride + 1;
  const gint64 last = (room + node->stride - 1) / node->stride;
  return last * node->stride < length + node->padding ? last + 1 : last; /* not in the padding behind alone */
}

/* But for what a factor in single precision leaves open. */
static gboolean
is_times (gint length, double factor, gint64 result)
{
  return fabs (length * factor - (double)result) < 1e-3;
}

static gboolean
infer_node (const DhGraph *graph, const DhNode *node, const DhShape *shapes, DhShape input, DhShape *shape,
            GError **error)
{
  const DhShape x = node->n_inputs ? shapes[node->inputs[0]] : input;
  gint64 h = x.h, w = x.w;
  switch (node->op)
    {
    case DH_OP_CONV:
    case DH_OP_MAX_POOL:
    case DH_OP_AVERAGE_POOL:
      h = slide (x.h, node);
      w = slide (x.w, node);
      break;
    case DH_OP_ADAPTIVE_POOL:
      h = w = node->grid_rows;
      if (node->grid_by_aspect)
        w = (gint64)CLAMP (rint (node->grid_rows * ((double)x.w / x.h)), 1, G_MAXINT);
      break;
    case DH_OP_RESIZE:
      h = node->factor ? (gint64)x.h * node->factor : shapes[node->like].h;
      w = node->factor ? (gint64)x.w * node->factor : shapes[node->like].w;
      if (node->factors[0] > 0 && !(is_times (x.h, node->factors[0], h) && is_times (x.w, node->factors[1], w)))
        {
          g_set_error (
              error, DH_ERROR, DH_ERROR_MISMATCH,
              "The resize at “%s” by %g×%g does not make %d×%d values %d×%d: pictures must be of a size that it "
              "divides",
              node->name, node->factors[1], node->factors[0], x.w, x.h, (gint)w, (gint)h);
          return FALSE;
        }
      break;
    case DH_OP_DEPTH_TO_SPACE:
      h = (gint64)x.h * node->kernel;
      w = (gint64)x.w * node->kernel;
      break;
    case DH_OP_ATTENTION:
      {
        const DhShape keys = shapes[node->inputs[1]], values = shapes[node->inputs[2]];
        if (keys.n != x.n || values.n != x.n || (gint64)keys.h * keys.w != (gint64)values.h * values.w)
          {
            g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
                         "The attention at “%s” has keys of %d×%d and values of %d×%d", node->name, keys.w, keys.h,
                         values.w, values.h);
            return FALSE;
          }
        break;
      }
    case DH_OP_MULTIPLY:
    case DH_OP_ADD:
    case DH_OP_CONCAT:
    case DH_OP_SCORE:
      for (guint i = 1; i < node->n_inputs; i++)
        {
          const DhShape y = shapes[node->inputs[i]];
          if (y.n == x.n && ((y.h == x.h && y.w == x.w) || (node->op == DH_OP_MULTIPLY && y.h == 1 && y.w == 1)))
            continue;
          g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "The %s at “%s” joins %d×%d and %d×%d values",
                       dh_op_name (node->op), node->name, x.h, x.w, y.h, y.w);
          return FALSE;
        }
      break;
    default:
      break;
    }

  if (h < 1 || w < 1)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                   "An input of %d×%d pixels is too small: nothing is left of it at the %s “%s”; use a larger image",
                   input.w, input.h, dh_op_name (node->op), node->name);
      return FALSE;
    }
  const gint64 dims[] = { x.n, node->channels, h, w };
  const gint64 count = dh_shape_count (4, dims, 1);
  if (h > G_MAXINT || w > G_MAXINT || count < 0 || count > MAX_ELEMENTS)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE,
                   "An input of %d×%d pixels is too large: the %s “%s” overflows; use a smaller scale", input.w,
                   input.h, dh_op_name (node->op), node->name);
      return FALSE;
    }
  *shape = (DhShape){ x.n, node->channels, (gint)h, (gint)w };
  return TRUE;
}

DhShape *
dh_graph_infer_shapes (const DhGraph *graph, DhShape input, GError **error)
{
  g_return_val_if_fail (graph != NULL, NULL);
  if (input.n < 1 || input.c < 1 || input.h < 1 || input.w < 1)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "An input of %d×%d×%d×%d is empty", input.n, input.c, input.h,
                   input.w);
      return NULL;
    }
  const guint size = dh_graph_size (graph);
  g_autofree DhShape *shapes = g_new0 (DhShape, size);
  for (guint i = 0; i < size; i++)
    {
      const DhNode *node = dh_graph_node (graph, (DhValue)i);
      if (node->op == DH_OP_INPUT && node->channels != input.c)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "The network reads %d channels, not %d", node->channels,
                       input.c);
          return NULL;
        }
      if (!infer_node (graph, node, shapes, input, &shapes[i], error))
        return NULL;
    }
  return g_steal_pointer (&shapes);
}

gboolean *
dh_graph_mark_needed (const DhGraph *graph, const DhValue *outputs, guint n_outputs)
{
  g_return_val_if_fail (graph != NULL, NULL);
  const guint size = dh_graph_size (graph);
  gboolean *needed = g_new0 (gboolean, MAX (size, 1));
  for (guint i = 0; i < size && n_outputs == 0; i++)
    needed[i] = TRUE;
  for (guint i = 0; i < n_outputs; i++)
    if (outputs[i] >= 0 && (guint)outputs[i] < size)
      needed[outputs[i]] = TRUE;
  /* Inputs have smaller positions than their readers, so that one walk from the end suffices. */
  for (guint i = size; i-- > 0;)
    {
      const DhNode *node = dh_graph_node (graph, (DhValue)i);
      for (guint j = 0; needed[i] && j < node->n_inputs; j++)
        needed[node->inputs[j]] = TRUE;
    }
  return needed;
}

static void
clear_parameter (gpointer data)
{
  g_free (((DhParameter *)data)->name);
}

static void
add_parameter (GArray *list, DhValue value, const char *prefix, const char *suffix, gboolean trained, guint n_dims,
               const gint64 *dims)
{
  DhParameter parameter = {
    .name = g_strconcat (prefix, suffix, NULL), .n_dims = n_dims, .node = value, .trained = trained
  };
  for (guint i = 0; i < n_dims; i++)
    parameter.dims[i] = dims[i];
  g_array_append_val (list, parameter);
}

GArray *
dh_graph_list_parameters (const DhGraph *graph, const DhValue *outputs, guint n_outputs)
{
  g_return_val_if_fail (graph != NULL, NULL);
  g_autofree gboolean *needed = dh_graph_mark_needed (graph, outputs, n_outputs);
  GArray *list = g_array_new (FALSE, FALSE, sizeof (DhParameter));
  g_array_set_clear_func (list, clear_parameter);
  for (DhValue i = 0; i < (DhValue)dh_graph_size (graph); i++)
    {
      const DhNode *node = dh_graph_node (graph, i);
      const gint64 channels = node->channels;
      if (needed[i] && node->op == DH_OP_CONV)
        {
          const gint64 dims[] = { channels, dh_graph_node (graph, node->inputs[0])->channels / node->groups,
                                  node->kernel, node->kernel };
          add_parameter (list, i, node->name, ".weight", TRUE, 4, dims);
          if (node->bias)
            add_parameter (list, i, node->name, ".bias", TRUE, 1, &channels);
        }
      if (needed[i] && (node->op == DH_OP_NORM || node->op == DH_OP_LAYER_NORM))
        {
          add_parameter (list, i, node->name, ".weight", TRUE, 1, &channels);
          add_parameter (list, i, node->name, ".bias", TRUE, 1, &channels);
        }
      if (needed[i] && node->op == DH_OP_NORM)
        {
          add_parameter (list, i, node->name, ".running_mean", FALSE, 1, &channels);
          add_parameter (list, i, node->name, ".running_var", FALSE, 1, &channels);
        }
    }
  return list;
}

double
dh_graph_flop (const DhGraph *graph, const DhShape *shapes, const DhValue *outputs, guint n_outputs)
{
  g_return_val_if_fail (graph != NULL && shapes != NULL, 0);
  g_autofree gboolean *needed = dh_graph_mark_needed (graph, outputs, n_outputs);
  double flop = 0;
  for (DhValue i = 0; i < (DhValue)dh_graph_size (graph); i++)
    if (needed[i])
      flop += dh_graph_node_flop (graph, shapes, i);
  return flop;
}

double
dh_graph_node_flop (const DhGraph *graph, const DhShape *shapes, DhValue value)
{
  g_return_val_if_fail (graph != NULL && shapes != NULL, 0);
  const DhNode *node = dh_graph_node (graph, value);
  const DhShape to = shapes[value];
  if (node->op == DH_OP_ATTENTION)
    {
      const DhShape keys = shapes[node->inputs[1]];
      return 2.0 * to.n * to.h * to.w * keys.h * keys.w * (keys.c + to.c);
    }
  if (node->op != DH_OP_CONV)
    return 0;
  return 2.0 * to.n * to.c * to.h * to.w * (shapes[node->inputs[0]].c / node->groups) * node->kernel * node->kernel;
}

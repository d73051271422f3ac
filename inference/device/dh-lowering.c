#include "dh-lowering.h"

#include <math.h>

#include "dh-error.h"

static void
count_readers (DhLowering *lowering)
{
  for (DhValue v = 0; v < (DhValue)dh_graph_size (lowering->graph); v++)
    for (guint j = 0; lowering->needed[v] && j < dh_lowering_node (lowering, v)->n_inputs; j++)
      {
        const DhValue read = dh_lowering_node (lowering, v)->inputs[j];
        lowering->n_readers[read]++;
        lowering->reader[read] = v;
      }
  for (guint i = 0; i < lowering->n_outputs; i++)
    lowering->is_output[lowering->outputs[i]] = TRUE;
}

void
dh_lowering_init (DhLowering *lowering, const DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                  const DhValue *outputs, guint n_outputs)
{
  const guint size = dh_graph_size (graph);
  *lowering = (DhLowering){ .graph = graph,
                            .shapes = shapes,
                            .parameters = parameters,
                            .outputs = outputs,
                            .n_outputs = n_outputs,
                            .needed = dh_graph_mark_needed (graph, outputs, n_outputs),
                            .is_output = g_new0 (gboolean, size),
                            .done = g_new0 (gboolean, size),
                            .deferred = g_new0 (gboolean, size),
                            .n_readers = g_new0 (gint, size),
                            .reader = g_new0 (DhValue, size) };
  count_readers (lowering);
}

void
dh_lowering_clear (DhLowering *lowering)
{
  g_free (lowering->needed);
  g_free (lowering->is_output);
  g_free (lowering->done);
  g_free (lowering->deferred);
  g_free (lowering->n_readers);
  g_free (lowering->reader);
}

DhValue
dh_lowering_only_reader (const DhLowering *lowering, DhValue v)
{
  return lowering->n_readers[v] == 1 && !lowering->is_output[v] ? lowering->reader[v] : DH_NO_VALUE;
}

gboolean
dh_lowering_can_defer (const DhLowering *lowering, DhValue v)
{
  if (lowering->is_output[v] || dh_lowering_node (lowering, v)->nearest)
    return FALSE;
  const DhValue next = dh_lowering_only_reader (lowering, v);
  if (next != DH_NO_VALUE && dh_lowering_node (lowering, next)->op == DH_OP_ADD)
    return TRUE;
  for (DhValue i = v + 1; i < (DhValue)dh_graph_size (lowering->graph); i++)
    {
      const DhNode *node = dh_lowering_node (lowering, i);
      for (guint j = 0; lowering->needed[i] && j < node->n_inputs; j++)
        if (node->inputs[j] == v && node->op != DH_OP_SCORE)
          return FALSE;
    }
  return TRUE;
}

/* No earlier output is the same value. */
static gboolean
is_first_output (const DhLowering *lowering, guint output)
{
  for (guint i = 0; i < output; i++)
    if (lowering->outputs[i] == lowering->outputs[output])
      return FALSE;
  return TRUE;
}

DhTensor *
dh_lowering_parameter (const DhLowering *lowering, const char *name, const char *what, GError **error)
{
  g_autofree char *key = g_strconcat (name, ".", what, NULL);
  DhTensor *tensor = dh_tensor_dict_get (lowering->parameters, key);
  DhTensor *floats = tensor ? dh_tensor_to_f32 (tensor) : NULL;
  if (!tensor)
    g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "The weights lack the tensor “%s”", key);
  else if (!floats)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the tensor “%s”", key);
  return floats;
}

gboolean
dh_lowering_read_norm (const DhLowering *lowering, const DhNode *node, double *scale, double *shift, GError **error)
{
  if (!lowering->parameters)
    return TRUE;
  g_autoptr (DhTensor) weight = dh_lowering_parameter (lowering, node->name, "weight", error);
  g_autoptr (DhTensor) bias = weight ? dh_lowering_parameter (lowering, node->name, "bias", error) : NULL;
  g_autoptr (DhTensor) mean = bias ? dh_lowering_parameter (lowering, node->name, "running_mean", error) : NULL;
  g_autoptr (DhTensor) variance = mean ? dh_lowering_parameter (lowering, node->name, "running_var", error) : NULL;
  if (!variance)
    return FALSE;
  for (gint c = 0; c < node->channels; c++)
    {
      const double s = dh_tensor_f32 (weight)[c] / sqrt ((double)dh_tensor_f32 (variance)[c] + 1e-5);
      scale[c] *= s;
      shift[c] = (shift[c] - dh_tensor_f32 (mean)[c]) * s + dh_tensor_f32 (bias)[c];
    }
  return TRUE;
}

static gboolean
is_waiting_score (const DhLowering *lowering, DhValue v)
{
  return lowering->needed[v] && !lowering->done[v] && dh_lowering_node (lowering, v)->op == DH_OP_SCORE;
}

/* The score too where it reads nothing else than those before it, and is of their size. */
static void
join (DhLowering *lowering, DhLoweredScores *scores, DhValue v)
{
  const DhNode *node = dh_lowering_node (lowering, v);
  const gboolean only_ood = node->map == DH_MAP_DATASET_POSTERIOR || node->map == DH_MAP_LOGITS_OOD;
  const DhValue logits = only_ood ? DH_NO_VALUE : node->inputs[0];
  const DhValue ood = dh_map_needs_ood (node->map) ? node->inputs[node->n_inputs - 1] : DH_NO_VALUE;
  if (scores->maps & DH_MAP_BIT (node->map) || lowering->shapes[v].h != scores->h || lowering->shapes[v].w != scores->w)
    return;
  if ((scores->logits != DH_NO_VALUE && logits != DH_NO_VALUE && scores->logits != logits)
      || (scores->logits_ood != DH_NO_VALUE && ood != DH_NO_VALUE && scores->logits_ood != ood))
    return;
  scores->logits = logits != DH_NO_VALUE ? logits : scores->logits;
  scores->logits_ood = ood != DH_NO_VALUE ? ood : scores->logits_ood;
  scores->maps |= DH_MAP_BIT (node->map);
  scores->targets[node->map] = v;
  lowering->done[v] = TRUE;
}

/* Both logits stand in one grid: then one pass can read them, low as they are. */
static gboolean
fit (const DhLowering *lowering, DhValue a, DhValue b)
{
  if (a == DH_NO_VALUE || b == DH_NO_VALUE)
    return TRUE;
  if (lowering->deferred[a] != lowering->deferred[b])
    return FALSE;
  if (!lowering->deferred[a])
    return TRUE;
  const DhNode *x = dh_lowering_node (lowering, a), *y = dh_lowering_node (lowering, b);
  const DhShape from = lowering->shapes[x->inputs[0]], other = lowering->shapes[y->inputs[0]];
  return x->align_corners == y->align_corners && from.h == other.h && from.w == other.w;
}

/* What the scores read instead of a resize that was left to them. */
static DhValue
look_through (const DhLowering *lowering, DhValue v, DhLoweredScores *scores)
{
  if (v == DH_NO_VALUE || !lowering->deferred[v])
    return v;
  scores->resized = TRUE;
  scores->align_corners = dh_lowering_node (lowering, v)->align_corners;
  return dh_lowering_node (lowering, v)->inputs[0];
}

/* The next group of scores that none was taken into before, its resizes made where they must be; FALSE where there is
 * no other. */
static gboolean
next_scores (DhLowering *lowering, const DhLoweringSteps *steps, gpointer builder, DhLoweredScores *scores)
{
  const DhValue size = (DhValue)dh_graph_size (lowering->graph);
  DhValue first = 0;
  while (first < size && !is_waiting_score (lowering, first))
    first++;
  if (first == size)
    return FALSE;
  *scores = (DhLoweredScores){ .name = dh_lowering_node (lowering, first)->name,
                               .h = lowering->shapes[first].h,
                               .w = lowering->shapes[first].w,
                               .logits = DH_NO_VALUE,
                               .logits_ood = DH_NO_VALUE };
  for (guint map = 0; map < DH_N_MAPS; map++)
    scores->targets[map] = DH_NO_VALUE;
  for (DhValue v = first; v < size; v++)
    if (is_waiting_score (lowering, v))
      join (lowering, scores, v);
  const DhValue both[2] = { scores->logits, scores->logits_ood };
  const gboolean fits = fit (lowering, both[0], both[1]);
  for (guint i = 0; i < 2 && !fits; i++)
    if (lowering->deferred[both[i]])
      {
        lowering->deferred[both[i]] = FALSE;
        steps->resize (builder, both[i]);
      }
  scores->logits = look_through (lowering, both[0], scores);
  scores->logits_ood = look_through (lowering, both[1], scores);
  return TRUE;
}

gboolean
dh_lowering_run (DhLowering *lowering, const DhLoweringSteps *steps, gpointer builder, GCancellable *cancellable,
                 GError **error)
{
  for (DhValue v = 0; v < (DhValue)dh_graph_size (lowering->graph); v++)
    if (lowering->needed[v] && !lowering->done[v]
        && (g_cancellable_set_error_if_cancelled (cancellable, error) || !steps->node (builder, v, error)))
      return FALSE;
  DhLoweredScores scores;
  while (next_scores (lowering, steps, builder, &scores))
    steps->scores (builder, &scores);
  for (guint i = 0; i < lowering->n_outputs; i++)
    if (dh_lowering_node (lowering, lowering->outputs[i])->op != DH_OP_SCORE && is_first_output (lowering, i))
      steps->output (builder, lowering->outputs[i]);
  return TRUE;
}

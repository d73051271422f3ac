#include "dh-onednn-build.h"

/* What a plan delivers: score maps, and values as they are. */

/* The logits that scores read: of low resolution where a resize was left to them. */
typedef struct
{
  const DhCpuView *view;
  gboolean align_corners, resized;
} Logits;

static Logits
logits_of (DhCpuBuild *b, DhValue v)
{
  Logits logits = { 0 };
  if (v == DH_NO_VALUE)
    return logits;
  if (b->deferred[v])
    {
      const DhNode *resize = dh_cpu_node_at (b, v);
      logits.view = dh_cpu_plain_of (b, resize->inputs[0]);
      logits.align_corners = resize->align_corners;
      logits.resized = TRUE;
    }
  else
    logits.view = dh_cpu_plain_of (b, v);
  return logits;
}

/* Made after all, because the two logits differ in size. */
static void
materialise (DhCpuBuild *b, DhValue v)
{
  if (v == DH_NO_VALUE || !b->deferred[v])
    return;
  const DhNode *resize = dh_cpu_node_at (b, v);
  const DhCpuView *in = b->views[resize->inputs[0]] = dh_cpu_planes_of (b, b->views[resize->inputs[0]]);
  b->views[v] = dh_cpu_add_resize (b->plan, resize, in, b->shapes[v], NULL, FALSE, FALSE, v);
  b->deferred[v] = FALSE;
}

void
dh_cpu_build_scores (DhCpuBuild *b)
{
  DhValue size = (DhValue)dh_graph_size (b->graph);
  for (DhValue v = 0; v < size; v++)
    {
      if (!b->needed[v] || dh_cpu_node_at (b, v)->op != DH_OP_SCORE || b->done[v])
        continue;
      DhValue f = DH_NO_VALUE, g = DH_NO_VALUE;
      DhCpuScoreNodes nodes = { .h = b->shapes[v].h, .w = b->shapes[v].w };
      for (DhValue i = v; i < size; i++)
        {
          const DhNode *node = dh_cpu_node_at (b, i);
          if (!b->needed[i] || node->op != DH_OP_SCORE || b->done[i] || (nodes.maps & DH_MAP_BIT (node->map)))
            continue;
          gboolean only_g = node->map == DH_MAP_DATASET_POSTERIOR || node->map == DH_MAP_LOGITS_OOD;
          DhValue i_f = only_g ? DH_NO_VALUE : node->inputs[0];
          DhValue i_g = dh_map_needs_ood (node->map) ? node->inputs[node->n_inputs - 1] : DH_NO_VALUE;
          if ((f != DH_NO_VALUE && i_f != DH_NO_VALUE && f != i_f)
              || (g != DH_NO_VALUE && i_g != DH_NO_VALUE && g != i_g) || b->shapes[i].h != nodes.h
              || b->shapes[i].w != nodes.w)
            continue;
          f = i_f != DH_NO_VALUE ? i_f : f;
          g = i_g != DH_NO_VALUE ? i_g : g;
          nodes.maps |= DH_MAP_BIT (node->map);
          nodes.targets[node->map] = i;
          b->done[i] = TRUE;
        }
      Logits logits = logits_of (b, f), ood = logits_of (b, g);
      if (logits.view != NULL && ood.view != NULL
          && (logits.view->h != ood.view->h || logits.view->w != ood.view->w
              || logits.align_corners != ood.align_corners))
        {
          materialise (b, f);
          materialise (b, g);
          logits = logits_of (b, f);
          ood = logits_of (b, g);
        }
      nodes.logits = logits.view;
      nodes.logits_ood = ood.view;
      nodes.align_corners = logits.view != NULL ? logits.align_corners : ood.align_corners;
      dh_cpu_add_score (b->plan, dh_cpu_node_at (b, v)->name, &nodes);
    }
}

void
dh_cpu_build_outputs (DhCpuBuild *b)
{
  for (guint i = 0; i < b->plan->n_outputs; i++)
    {
      DhValue v = b->plan->outputs[i];
      if (dh_cpu_node_at (b, v)->op == DH_OP_SCORE)
        continue;
      gboolean repeated = FALSE;
      for (guint j = 0; j < i; j++)
        repeated = repeated || b->plan->outputs[j] == v;
      if (!repeated)
        dh_cpu_add_unpack (b->plan, dh_cpu_node_at (b, v)->name, dh_cpu_planes_of (b, b->views[v]), v);
    }
}

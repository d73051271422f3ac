#include "dh-cuda-build.h"

/* The ends of a plan: scores, which make the last upsampling themselves, and other outputs. */

/* The logits that scores read: of low resolution where a resize was left to them. */
static const DhCudaView *
logits_of (DhCudaBuild *b, DhValue v, gboolean *align_corners)
{
  if (v == DH_NO_VALUE)
    return NULL;
  if (!b->deferred[v])
    return dh_cuda_build_plain_of (b, v, TRUE, TRUE);
  *align_corners = dh_cuda_build_node_at (b, v)->align_corners;
  return dh_cuda_build_plain_of (b, dh_cuda_build_node_at (b, v)->inputs[0], TRUE, TRUE);
}

static void
add_scores (DhCudaBuild *b, DhValue f, DhValue g, DhCudaScoreNodes *nodes, const char *name)
{
  for (gint attempt = 0;; attempt++)
    {
      gboolean corners = FALSE, corners_ood = FALSE;
      nodes->logits = logits_of (b, f, &corners);
      nodes->logits_ood = logits_of (b, g, &corners_ood);
      nodes->align_corners = f != DH_NO_VALUE ? corners : corners_ood;
      nodes->same_size = !b->deferred[f != DH_NO_VALUE ? f : g];
      if (attempt || !nodes->logits || !nodes->logits_ood
          || (nodes->logits->h == nodes->logits_ood->h && nodes->logits->w == nodes->logits_ood->w
              && b->deferred[f] == b->deferred[g] && corners == corners_ood))
        break;
      /* The two logits differ in size: both at full size after all. */
      const DhValue both[2] = { f, g };
      for (guint i = 0; i < 2; i++)
        if (b->deferred[both[i]])
          {
            b->views[both[i]] = dh_cuda_build_resize (b, both[i], NULL, FALSE, both[i]);
            b->deferred[both[i]] = FALSE;
          }
    }
  dh_cuda_add_score (b->plan, name, nodes);
}

void
dh_cuda_build_scores (DhCudaBuild *b)
{
  const DhValue size = (DhValue)dh_graph_size (b->graph);
  for (DhValue v = 0; v < size; v++)
    {
      if (!b->needed[v] || dh_cuda_build_node_at (b, v)->op != DH_OP_SCORE || b->done[v])
        continue;
      DhValue f = DH_NO_VALUE, g = DH_NO_VALUE;
      DhCudaScoreNodes nodes = { .h = b->shapes[v].h, .w = b->shapes[v].w };
      for (DhValue i = v; i < size; i++)
        {
          const DhNode *node = dh_cuda_build_node_at (b, i);
          if (!b->needed[i] || node->op != DH_OP_SCORE || b->done[i] || (nodes.maps & DH_MAP_BIT (node->map)))
            continue;
          const gboolean only_g = node->map == DH_MAP_DATASET_POSTERIOR || node->map == DH_MAP_LOGITS_OOD;
          const DhValue i_f = only_g ? DH_NO_VALUE : node->inputs[0];
          const DhValue i_g = dh_map_needs_ood (node->map) ? node->inputs[node->n_inputs - 1] : DH_NO_VALUE;
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
      add_scores (b, f, g, &nodes, dh_cuda_build_node_at (b, v)->name);
    }
}

void
dh_cuda_build_outputs (DhCudaBuild *b)
{
  for (guint i = 0; i < b->plan->n_outputs; i++)
    {
      const DhValue v = b->plan->outputs[i];
      gboolean repeated = FALSE;
      for (guint j = 0; j < i; j++)
        repeated = repeated || b->plan->outputs[j] == v;
      if (!repeated && dh_cuda_build_node_at (b, v)->op != DH_OP_SCORE)
        dh_cuda_add_unpack (b->plan, dh_cuda_build_node_at (b, v)->name, dh_cuda_build_groups_of (b, v), v);
    }
}

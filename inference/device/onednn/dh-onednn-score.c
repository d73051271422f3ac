#include "dh-onednn-private.h"

static void
score_item (const DhCpuStep *step, gint item, float *scratch)
{
  step->kernels->score (&step->u.score, item, scratch);
}

/* Class → physical channel. */
static const gint *
places (DhCpuPlan *plan, const DhCpuView *view)
{
  gint *place = dh_cpu_alloc (plan, view->c, sizeof *place);
  for (gint i = 0; i < view->n_planes * plan->device->kernels->lanes; i++)
    if (view->channels[i] >= 0)
      place[view->channels[i]] = i;
  return place;
}

/* All maps that are read off the same logits, in one pass over the picture. */
void
dh_cpu_add_score (DhCpuPlan *plan, const char *name, const DhCpuScoreNodes *nodes)
{
  const DhCpuView *first = nodes->logits != NULL ? nodes->logits : nodes->logits_ood;
  DhCpuStep *step = dh_cpu_step_new_kernel (plan, name, "bilinear scores");
  DhCpuScore *score = &step->u.score;
  step->in = nodes->logits;
  step->in_ood = nodes->logits_ood;
  score->h = nodes->h;
  score->w = nodes->w;
  score->rows = dh_cpu_bilinear_table (plan, first->h, nodes->h, nodes->align_corners);
  score->columns = dh_cpu_bilinear_table (plan, first->w, nodes->w, nodes->align_corners);
  score->logits = (DhCpuInput){ .h = first->h, .w = first->w };
  score->logits_ood = score->logits;
  if (nodes->logits != NULL)
    {
      score->channels = places (plan, nodes->logits);
      score->classes = nodes->logits->c;
      score->logits.n_planes = nodes->logits->n_planes;
    }
  if (nodes->logits_ood != NULL)
    {
      score->channels_ood = places (plan, nodes->logits_ood);
      score->logits_ood.n_planes = nodes->logits_ood->n_planes;
    }
  step->scratch = plan->device->kernels->score_scratch (score);
  for (DhMap map = 0; map < DH_N_MAPS; map++)
    step->targets[map] = nodes->maps & DH_MAP_BIT (map) ? nodes->targets[map] : DH_NO_VALUE;
  step->is_score = TRUE;
  step->n_items = nodes->h;
  step->item = score_item;
}

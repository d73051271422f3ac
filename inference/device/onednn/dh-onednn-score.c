#include <string.h>
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
dh_cpu_add_score (DhCpuPlan *plan, const DhLoweredScores *scores, const DhCpuView *logits, const DhCpuView *logits_ood)
{
  const DhCpuView *first = logits != NULL ? logits : logits_ood;
  DhCpuStep *step = dh_cpu_step_new_kernel (plan, scores->name, "bilinear scores");
  DhCpuScore *score = &step->u.score;
  step->in = logits;
  step->in_ood = logits_ood;
  score->h = scores->h;
  score->w = scores->w;
  score->rows = dh_cpu_bilinear_table (plan, first->h, scores->h, scores->align_corners);
  score->columns = dh_cpu_bilinear_table (plan, first->w, scores->w, scores->align_corners);
  score->logits = (DhCpuInput){ .h = first->h, .w = first->w };
  score->logits_ood = score->logits;
  if (logits != NULL)
    {
      score->channels = places (plan, logits);
      score->classes = logits->c;
      score->logits.n_planes = logits->n_planes;
    }
  if (logits_ood != NULL)
    {
      score->channels_ood = places (plan, logits_ood);
      score->logits_ood.n_planes = logits_ood->n_planes;
    }
  step->scratch = plan->device->kernels->score_scratch (score);
  memcpy (step->targets, scores->targets, sizeof step->targets);
  step->is_score = TRUE;
  step->n_items = scores->h;
  step->item = score_item;
}

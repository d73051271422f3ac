#include <string.h>
#include "dh-onednn-private.h"

static gsize
floats_of (const DhCpuView *view)
{
  return (gsize)view->n_planes * view->h * view->w;
}

static gboolean
reads (const DhCpuStep *step, const DhCpuView *written)
{
  if (step->made == written)
    return TRUE;
  for (gint i = 0; i < written->n_planes; i++)
    if (dh_cpu_view_uses (step->in, written->planes[i].buffer))
      return TRUE;
  return FALSE;
}

/* A step that makes little of much, such as the outlier head, comes as soon as what it reads is there: so that memory
 * is free for what follows. It stays behind whoever wrote what it reads, also in place. */
void
dh_cpu_plan_order (DhCpuPlan *plan)
{
  DhCpuStep **steps = (DhCpuStep **)plan->steps->pdata;
  for (guint i = 0; i < plan->steps->len; i++)
    {
      DhCpuStep *step = steps[i];
      if (step->in == NULL || step->out == NULL || step->sum != NULL || step->in->raw || step->out->owner == DH_NO_VALUE
          || floats_of (step->out) * 8 > floats_of (step->in))
        continue;
      guint place = i;
      while (place > 0 && (steps[place - 1]->out == NULL || !reads (step, steps[place - 1]->out)))
        place--;
      memmove (steps + place + 1, steps + place, (i - place) * sizeof *steps);
      steps[place] = step;
    }
}

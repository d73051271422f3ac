#include <string.h>
#include "dh-onednn-private.h"

static gint
lanes_of (DhCpuPlan *plan)
{
  return plan->device->kernels->lanes;
}

static const DhCpuPlane *
planes_of (DhCpuPlan *plan, DhCpuBuffer *buffer)
{
  DhCpuPlane *planes = dh_cpu_alloc (plan, buffer->n_planes, sizeof *planes);
  for (gint i = 0; i < buffer->n_planes; i++)
    planes[i] = (DhCpuPlane){ buffer, i };
  return planes;
}

DhCpuView *
dh_cpu_view_new (DhCpuPlan *plan, DhCpuBuffer *buffer, gint c, DhValue owner)
{
  gint n = buffer->n_planes * lanes_of (plan);
  gint *channels = dh_cpu_alloc (plan, n, sizeof *channels);
  DhCpuView *view = dh_cpu_alloc (plan, 1, sizeof *view);
  for (gint i = 0; i < n; i++)
    channels[i] = i < c ? i : -1;
  *view = (DhCpuView){ .c = c, .h = buffer->h, .w = buffer->w, .n_planes = buffer->n_planes, .owner = owner };
  view->planes = planes_of (plan, buffer);
  view->channels = channels;
  return view;
}

DhCpuView *
dh_cpu_view_new_like (DhCpuPlan *plan, const DhCpuView *like, gint h, gint w, DhValue owner)
{
  DhCpuBuffer *buffer = dh_cpu_buffer_new (plan, like->n_planes, h, w);
  DhCpuView *view = dh_cpu_alloc (plan, 1, sizeof *view);
  *view = (DhCpuView){ .c = like->c, .h = h, .w = w, .n_planes = like->n_planes, .owner = owner };
  view->planes = planes_of (plan, buffer);
  view->channels = like->channels;
  return view;
}

gsize
dh_cpu_packed_floats (const DhCpuKernels *kernels, gint n_planes, gint h, gint w)
{
  const gsize panel = kernels->panel_bf16, panels = dh_cpu_whole_panels (n_planes, kernels->panel_bf16) / panel;
  return (panels * h * (w + 2 * kernels->taps_margin) + DH_TAPS_BEHIND) * panel * kernels->lanes / 2;
}

void
dh_cpu_view_pack (DhCpuPlan *plan, DhCpuView *view)
{
  const gsize n = view->n_planes,
              floats = dh_cpu_packed_floats (plan->device->kernels, view->n_planes, view->h, view->w);
  view->planes[0].buffer->floats = (floats + n - 1) / n * n;
  view->packed = TRUE;
}

const DhCpuView *
dh_cpu_view_new_made (DhCpuPlan *plan, gint c, gint h, gint w, gsize bytes)
{
  DhCpuBuffer *buffer = dh_cpu_buffer_new (plan, 1, h, w);
  DhCpuView *view = dh_cpu_alloc (plan, 1, sizeof *view);
  buffer->floats = (bytes + sizeof (float) - 1) / sizeof (float);
  *view = (DhCpuView){ .c = c, .h = h, .w = w, .n_planes = 1, .owner = DH_NO_VALUE };
  view->planes = planes_of (plan, buffer);
  return view;
}

DhCpuView *
dh_cpu_view_copy (DhCpuPlan *plan, const DhCpuView *view)
{
  DhCpuView *copy = dh_cpu_alloc (plan, 1, sizeof *copy);
  *copy = *view;
  copy->owner = DH_NO_VALUE;
  return copy;
}

DhCpuView *
dh_cpu_view_concat (DhCpuPlan *plan, const DhCpuView *const *views, guint n)
{
  gint lanes = lanes_of (plan);
  DhCpuView *concat = dh_cpu_alloc (plan, 1, sizeof *concat);
  *concat = (DhCpuView){ .h = views[0]->h, .w = views[0]->w, .owner = DH_NO_VALUE, .positive = TRUE };
  for (guint i = 0; i < n; i++)
    {
      concat->n_planes += views[i]->n_planes;
      concat->positive = concat->positive && dh_cpu_view_reads_positive (views[i]);
    }
  DhCpuPlane *planes = dh_cpu_alloc (plan, concat->n_planes, sizeof *planes);
  gint *channels = dh_cpu_alloc (plan, (gsize)concat->n_planes * lanes, sizeof *channels);
  gint at = 0;
  for (guint i = 0; i < n; i++)
    {
      memcpy (planes + at, views[i]->planes, views[i]->n_planes * sizeof *planes);
      for (gint j = 0; j < views[i]->n_planes * lanes; j++)
        {
          gint channel = views[i]->channels[j];
          channels[at * lanes + j] = channel < 0 ? -1 : concat->c + channel;
        }
      at += views[i]->n_planes;
      concat->c += views[i]->c;
    }
  concat->planes = planes;
  concat->channels = channels;
  return concat;
}

/* The view through x·scale + shift by channel. */
DhCpuView *
dh_cpu_view_norm (DhCpuPlan *plan, const DhCpuView *view, const double *scale, const double *shift)
{
  DhCpuView *norm = dh_cpu_view_copy (plan, view);
  gint n = view->raw ? view->c : view->n_planes * lanes_of (plan);
  float *s = dh_cpu_alloc (plan, n, sizeof *s);
  float *t = dh_cpu_alloc (plan, n, sizeof *t);
  for (gint i = 0; i < n; i++)
    {
      gint channel = view->raw ? i : view->channels[i];
      if (channel < 0)
        continue;
      double before = view->scale != NULL ? view->scale[i] : 1;
      double added = view->shift != NULL ? view->shift[i] : 0;
      s[i] = (float)(before * scale[channel]);
      t[i] = (float)(added * scale[channel] + shift[channel]);
    }
  norm->scale = s;
  norm->shift = t;
  return norm;
}

DhCpuView *
dh_cpu_view_gate (DhCpuPlan *plan, const DhCpuView *view, const DhCpuView *gate)
{
  DhCpuView *gated = dh_cpu_view_copy (plan, view);
  gated->gate = gate;
  gated->shift = dh_cpu_alloc (plan, (gsize)view->n_planes * lanes_of (plan), sizeof *gated->shift);
  gated->positive = view->positive && gate->positive;
  return gated;
}

DhCpuView *
dh_cpu_view_part (DhCpuPlan *plan, const DhCpuView *view, gint first, gint n, gint c)
{
  DhCpuView *part = dh_cpu_view_copy (plan, view);
  gint *channels = dh_cpu_alloc (plan, (gsize)n * lanes_of (plan), sizeof *channels);
  for (gint i = 0; i < n * lanes_of (plan); i++)
    channels[i] = i < c ? i : -1;
  part->c = c;
  part->n_planes = n;
  part->planes = view->planes + first;
  part->channels = channels;
  return part;
}

gboolean
dh_cpu_view_in_order (DhCpuPlan *plan, const DhCpuView *view)
{
  for (gint i = 0; i < view->n_planes * lanes_of (plan); i++)
    if (view->channels[i] != (i < view->c ? i : -1))
      return FALSE;
  return view->n_planes == (view->c + lanes_of (plan) - 1) / lanes_of (plan);
}

gboolean
dh_cpu_view_is_plain (const DhCpuView *view)
{
  return view->scale == NULL && view->gate == NULL && !view->relu;
}

gboolean
dh_cpu_view_reads_positive (const DhCpuView *view)
{
  return view->gate == NULL && (view->relu || (view->positive && view->scale == NULL));
}

gboolean
dh_cpu_view_is_together (const DhCpuView *view)
{
  if (!dh_cpu_view_is_plain (view))
    return FALSE;
  for (gint i = 1; i < view->n_planes; i++)
    if (view->planes[i].buffer != view->planes[0].buffer || view->planes[i].plane != view->planes[0].plane + i)
      return FALSE;
  return TRUE;
}

gboolean
dh_cpu_view_same_channels (DhCpuPlan *plan, const DhCpuView *a, const DhCpuView *b)
{
  return a->n_planes == b->n_planes
         && memcmp (a->channels, b->channels, a->n_planes * lanes_of (plan) * sizeof *a->channels) == 0;
}

gboolean
dh_cpu_view_uses (const DhCpuView *view, const DhCpuBuffer *buffer)
{
  for (gint i = 0; i < view->n_planes; i++)
    if (view->planes[i].buffer == buffer)
      return TRUE;
  return view->gate != NULL && dh_cpu_view_uses (view->gate, buffer);
}

#include <string.h>
#include "dh-cuda-private.h"

DhCudaView *
dh_cuda_view_new (DhCudaPool *pool, DhCudaBuffer *buffer, gint c, DhValue owner)
{
  const gint n = buffer->n_groups * DH_CUDA_GROUP;
  gint *channels = dh_cuda_host_alloc (pool, n, sizeof *channels);
  DhCudaPlace *groups = dh_cuda_host_alloc (pool, buffer->n_groups, sizeof *groups);
  DhCudaView *view = dh_cuda_host_alloc (pool, 1, sizeof *view);
  for (gint i = 0; i < n; i++)
    channels[i] = i < c ? i : -1;
  for (gint i = 0; i < buffer->n_groups; i++)
    groups[i] = (DhCudaPlace){ buffer, i };
  *view = (DhCudaView){ .c = c,
                        .h = buffer->h,
                        .w = buffer->w,
                        .n_groups = buffer->n_groups,
                        .groups = groups,
                        .channels = channels,
                        .owner = owner };
  return view;
}

DhCudaView *
dh_cuda_view_copy (DhCudaPool *pool, const DhCudaView *view)
{
  DhCudaView *copy = dh_cuda_host_alloc (pool, 1, sizeof *copy);
  *copy = *view;
  copy->owner = DH_NO_VALUE;
  return copy;
}

DhCudaView *
dh_cuda_view_concat (DhCudaPool *pool, const DhCudaView *const *views, guint n)
{
  DhCudaView *concat = dh_cuda_host_alloc (pool, 1, sizeof *concat);
  *concat = (DhCudaView){ .h = views[0]->h, .w = views[0]->w, .owner = DH_NO_VALUE };
  for (guint i = 0; i < n; i++)
    concat->n_groups += views[i]->n_groups;
  DhCudaPlace *groups = dh_cuda_host_alloc (pool, concat->n_groups, sizeof *groups);
  gint *channels = dh_cuda_host_alloc (pool, (gsize)concat->n_groups * DH_CUDA_GROUP, sizeof *channels);
  gint at = 0;
  for (guint i = 0; i < n; i++)
    {
      memcpy (groups + at, views[i]->groups, views[i]->n_groups * sizeof *groups);
      for (gint j = 0; j < views[i]->n_groups * DH_CUDA_GROUP; j++)
        {
          const gint channel = views[i]->channels[j];
          channels[at * DH_CUDA_GROUP + j] = channel < 0 ? -1 : concat->c + channel;
        }
      at += views[i]->n_groups;
      concat->c += views[i]->c;
    }
  concat->groups = groups;
  concat->channels = channels;
  return concat;
}

/* The view through x·scale + shift by channel. */
DhCudaView *
dh_cuda_view_norm (DhCudaPool *pool, const DhCudaView *view, const double *scale, const double *shift)
{
  DhCudaView *norm = dh_cuda_view_copy (pool, view);
  const gint n = view->raw ? view->c : view->n_groups * DH_CUDA_GROUP;
  float *s = dh_cuda_host_alloc (pool, n, sizeof *s);
  float *t = dh_cuda_host_alloc (pool, n, sizeof *t);
  for (gint i = 0; i < n; i++)
    {
      const gint channel = view->raw ? i : view->channels[i];
      if (channel < 0)
        continue;
      const double before = view->scale ? view->scale[i] : 1;
      const double added = view->shift ? view->shift[i] : 0;
      s[i] = (float)(before * scale[channel]);
      t[i] = (float)(added * scale[channel] + shift[channel]);
    }
  norm->scale = s;
  norm->shift = t;
  return norm;
}

gboolean
dh_cuda_view_is_plain (const DhCudaView *view)
{
  return !view->raw && !view->scale && !view->relu && !view->norm && !view->factors;
}

gboolean
dh_cuda_view_is_whole (const DhCudaView *view)
{
  if (!dh_cuda_view_is_plain (view) || view->n_groups != view->groups[0].buffer->n_groups)
    return FALSE;
  for (gint i = 0; i < view->n_groups; i++)
    if (view->groups[i].buffer != view->groups[0].buffer || view->groups[i].group != i)
      return FALSE;
  return TRUE;
}

gboolean
dh_cuda_view_in_order (const DhCudaView *view)
{
  if (view->n_groups != (view->c + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP)
    return FALSE;
  for (gint i = 0; i < view->n_groups * DH_CUDA_GROUP; i++)
    if (view->channels[i] != (i < view->c ? i : -1))
      return FALSE;
  return TRUE;
}

gboolean
dh_cuda_view_uses (const DhCudaView *view, const DhCudaBuffer *buffer)
{
  for (gint i = 0; i < view->n_groups; i++)
    if (view->groups[i].buffer == buffer)
      return TRUE;
  return FALSE;
}

gboolean
dh_cuda_view_same_channels (const DhCudaView *a, const DhCudaView *b)
{
  return a->n_groups == b->n_groups
         && memcmp (a->channels, b->channels, a->n_groups * DH_CUDA_GROUP * sizeof *a->channels) == 0;
}

gint
dh_cuda_view_type (const DhCudaView *view)
{
  return view->groups[0].buffer->type;
}

const gint32 *
dh_cuda_view_places (DhCudaPool *pool, const DhCudaView *view)
{
  const gint n = (view->c + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP * DH_CUDA_GROUP;
  gint32 *places = dh_cuda_host_alloc (pool, n, sizeof *places);
  for (gint i = 0; i < n; i++)
    places[i] = -1;
  for (gint i = 0; i < view->n_groups * DH_CUDA_GROUP; i++)
    if (view->channels[i] >= 0)
      places[view->channels[i]] = i;
  return places;
}

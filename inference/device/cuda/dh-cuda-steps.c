#include <string.h>
#include "dh-cuda-private.h"

DhCudaStep *
dh_cuda_step_new (DhCudaPlan *plan, const char *name, DhCudaOp op)
{
  DhCudaStep *step = g_new0 (DhCudaStep, 1);
  step->name = g_strdup (name);
  step->kernel.op = op;
  step->kernel.n = plan->pool.n;
  step->target = DH_NO_VALUE;
  for (guint i = 0; i < DH_N_MAPS; i++)
    step->targets[i] = DH_NO_VALUE;
  g_ptr_array_add (plan->steps, step);
  return step;
}

static void
set_out (DhCudaStep *step, const DhCudaView *out, const DhCudaBuffer *buffer)
{
  step->out = out;
  step->kernel.c = out->c;
  step->kernel.h = out->h;
  step->kernel.w = out->w;
  step->kernel.n_groups = buffer->n_groups;
  step->kernel.type = buffer->type;
}

static gint
groups_of (gint channels)
{
  return (channels + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP;
}

/* A view of `buffer`, which holds what `like` shows in its arrangement. */
static DhCudaView *
arranged_like (DhCudaPlan *plan, const DhCudaView *like, DhCudaBuffer *buffer, DhValue owner)
{
  DhCudaView *view = dh_cuda_view_new (&plan->pool, buffer, like->c, owner);
  view->channels = like->channels;
  return view;
}

/* The result's view, and how the inputs must be read for it. */
static DhCudaView *
arrange (DhCudaPlan *plan, DhCudaStep *step, gint h, gint w, gboolean in_order, DhCudaBuffer *target, DhValue owner)
{
  const DhCudaView *in = step->in, *other = step->other;
  in_order = in_order || (other && !dh_cuda_view_same_channels (in, other));
  step->in_places = in_order && !dh_cuda_view_in_order (in);
  step->other_places = other && in_order && !dh_cuda_view_in_order (other);
  const gint n_groups = in_order ? groups_of (in->c) : in->n_groups;
  if (!target)
    target = dh_cuda_buffer_new (&plan->pool, n_groups, h, w, dh_cuda_view_type (in));
  DhCudaView *out =
      in_order ? dh_cuda_view_new (&plan->pool, target, in->c, owner) : arranged_like (plan, in, target, owner);
  set_out (step, out, target);
  return out;
}

DhCudaView *
dh_cuda_add_pointwise (DhCudaPlan *plan, const char *name, const DhCudaView *in, const DhCudaView *other, gboolean relu,
                       gboolean in_order, DhCudaBuffer *target, DhValue owner)
{
  DhCudaStep *step = dh_cuda_step_new (plan, name, DH_CUDA_POINTWISE);
  step->in = in;
  step->other = other;
  step->kernel.relu = relu;
  return arrange (plan, step, in->h, in->w, in_order, target, owner);
}

DhCudaView *
dh_cuda_add_pack (DhCudaPlan *plan, const DhCudaView *raw)
{
  DhCudaStep *step = dh_cuda_step_new (plan, "picture", DH_CUDA_PACK);
  DhCudaBuffer *buffer = dh_cuda_buffer_new (&plan->pool, groups_of (raw->c), raw->h, raw->w, plan->pool.type);
  DhCudaView *out = dh_cuda_view_new (&plan->pool, buffer, raw->c, DH_NO_VALUE);
  step->scale = raw->scale;
  step->shift = raw->shift;
  set_out (step, out, buffer);
  if (!raw->relu)
    return out;
  DhCudaView *clipped = dh_cuda_view_copy (&plan->pool, out);
  clipped->relu = TRUE;
  return clipped;
}

/* By place; where there is no channel there is nothing. */
static const float *
by_place (DhCudaPool *pool, const DhCudaView *view, const double *values)
{
  float *placed = dh_cuda_host_alloc (pool, (gsize)view->n_groups * DH_CUDA_GROUP, sizeof *placed);
  for (gint i = 0; i < view->n_groups * DH_CUDA_GROUP; i++)
    placed[i] = view->channels[i] >= 0 ? (float)values[view->channels[i]] : 0.0f;
  return placed;
}

static void
set_tail (DhCudaPlan *plan, DhCudaStep *step, const DhCudaView *out, const DhCudaTail *tail)
{
  step->kernel.relu = tail->relu;
  if (!tail->scale)
    return;
  step->scale = by_place (&plan->pool, out, tail->scale);
  step->shift = by_place (&plan->pool, out, tail->shift);
}

DhCudaView *
dh_cuda_add_pool (DhCudaPlan *plan, const DhNode *node, const DhCudaView *in, DhShape shape, const DhCudaTail *tail,
                  DhValue owner)
{
  DhCudaStep *step = dh_cuda_step_new (plan, node->name, DH_CUDA_POOL);
  step->in = in;
  step->kernel.in_h = in->h;
  step->kernel.in_w = in->w;
  dh_cuda_set_window (&step->kernel, node);
  DhCudaView *out = arrange (plan, step, shape.h, shape.w, FALSE, NULL, owner);
  set_tail (plan, step, out, tail);
  return out;
}

DhCudaView *
dh_cuda_add_resize (DhCudaPlan *plan, const DhNode *node, const DhCudaView *in, DhShape shape, const DhCudaTail *tail,
                    DhValue owner)
{
  DhCudaStep *step = dh_cuda_step_new (plan, node->name, DH_CUDA_RESIZE);
  step->in = in;
  step->other = tail->sum;
  step->kernel.in_h = step->tap_rows = in->h;
  step->kernel.in_w = step->tap_columns = in->w;
  step->align_corners = node->align_corners;
  step->nearest = node->nearest;
  DhCudaView *out = arrange (plan, step, shape.h, shape.w, FALSE, NULL, owner);
  set_tail (plan, step, out, tail);
  return out;
}

/* Groups of the view from one on. */
static DhCudaView *
part_of (DhCudaPlan *plan, const DhCudaView *view, gint first, gint n_groups)
{
  DhCudaView *part = dh_cuda_view_copy (&plan->pool, view);
  part->n_groups = n_groups;
  part->groups = view->groups + first;
  part->channels = view->channels + first * DH_CUDA_GROUP;
  return part;
}

/* The resize that makes these groups, all of its memory, for nobody but the view; or NULL. `n_groups`: how many stand
 * there. */
static DhCudaStep *
resize_at (const DhCudaPlan *plan, const DhCudaView *view, gint first, gint *n_groups)
{
  const DhCudaBuffer *buffer = view->groups[first].buffer;
  DhCudaStep *found = NULL;
  *n_groups = 0;
  while (first + *n_groups < view->n_groups && view->groups[first + *n_groups].buffer == buffer)
    (*n_groups)++;
  for (guint i = 0; i < plan->steps->len; i++)
    {
      DhCudaStep *step = g_ptr_array_index (plan->steps, i);
      if (step->kernel.op == DH_CUDA_RESIZE && !step->is_conv && !step->first && step->out->groups[0].buffer == buffer)
        found = step;
    }
  if (!found || *n_groups != buffer->n_groups || buffer->type != plan->pool.type)
    return NULL;
  for (gint i = 0; i < *n_groups; i++)
    if (view->groups[first + i].group != i)
      return NULL;
  return found;
}

static void
set_part (DhCudaStep *step, const DhCudaView *part, const DhCudaBuffer *buffer)
{
  step->out = part;
  step->kernel.n_groups = part->n_groups;
  step->kernel.row_groups = buffer->n_groups;
}

DhCudaView *
dh_cuda_add_joined (DhCudaPlan *plan, const char *name, const DhCudaView *view)
{
  gint n;
  gboolean any = FALSE;
  for (gint at = 0; at < view->n_groups; at += n)
    any = resize_at (plan, view, at, &n) != NULL || any;
  if (!any)
    return NULL;
  DhCudaBuffer *buffer = dh_cuda_buffer_new (&plan->pool, view->n_groups, view->h, view->w, plan->pool.type);
  DhCudaView *whole = arranged_like (plan, view, buffer, DH_NO_VALUE);
  for (gint at = 0; at < view->n_groups; at += n)
    {
      DhCudaStep *step = resize_at (plan, view, at, &n);
      const DhCudaView *part = part_of (plan, whole, at, n);
      if (!step)
        {
          step = dh_cuda_step_new (plan, name, DH_CUDA_POINTWISE);
          step->in = part_of (plan, view, at, n);
          set_out (step, part, buffer);
        }
      set_part (step, part, buffer);
    }
  return whole;
}

void
dh_cuda_add_unpack (DhCudaPlan *plan, const char *name, const DhCudaView *in, DhValue target)
{
  DhCudaStep *step = dh_cuda_step_new (plan, name, DH_CUDA_UNPACK);
  step->in = in;
  step->in_places = !dh_cuda_view_in_order (in);
  step->target = target;
  step->kernel.c = in->c;
  step->kernel.h = in->h;
  step->kernel.w = in->w;
}

void
dh_cuda_add_score (DhCudaPlan *plan, const DhLoweredScores *scores, const DhCudaView *logits,
                   const DhCudaView *logits_ood)
{
  DhCudaStep *step = dh_cuda_step_new (plan, scores->name, DH_CUDA_SCORE);
  const DhCudaView *any = logits ? logits : logits_ood;
  step->in = logits;
  step->other = logits_ood;
  step->kernel.c = logits ? logits->c : 0;
  step->kernel.h = scores->h;
  step->kernel.w = scores->w;
  step->kernel.in_h = step->tap_rows = any->h;
  step->kernel.in_w = step->tap_columns = any->w;
  step->align_corners = scores->align_corners;
  step->same_size = !scores->resized;
  memcpy (step->targets, scores->targets, sizeof step->targets);
}

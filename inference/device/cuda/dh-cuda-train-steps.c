#include <string.h>
#include "dh-cuda-train-private.h"

/* The steps that every operator of a training plan is made of. */

DhCudaTrainStep *
dh_cuda_train_step (DhCudaTrainPlan *plan, const DhNode *node, gboolean back, DhCudaOp op)
{
  DhCudaTrainStep *step = g_new0 (DhCudaTrainStep, 1);
  step->name = g_strdup (node ? node->name : "losses");
  step->op = node ? node->op : DH_OP_SCORE;
  step->back = back;
  step->kernel.op = op;
  step->kernel.n = plan->pool.n;
  step->kernel.step = (const DhCudaStepFactors *)(gpointer)(plan->up + plan->factors_at);
  step->kernel.sums = plan->sums;
  g_ptr_array_add (plan->steps, step);
  return step;
}

static void
set_size (DhCudaKernel *kernel, gint c, gint h, gint w, gint n_groups, gint type)
{
  kernel->c = c;
  kernel->h = h;
  kernel->w = w;
  kernel->n_groups = n_groups;
  kernel->type = type;
}

DhCudaView *
dh_cuda_train_gather (DhCudaTrainPlan *plan, const DhNode *node, gboolean back, const DhCudaView *view,
                      gboolean in_order, GError **error)
{
  DhCudaPool *pool = &plan->pool;
  DhCudaTrainStep *step = dh_cuda_train_step (plan, node, back, DH_CUDA_POINTWISE);
  const gboolean by_places = in_order && !dh_cuda_view_in_order (view);
  const gint n_groups = by_places ? (view->c + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP : view->n_groups;
  step->in = view;
  if (by_places)
    {
      const gint32 *places = dh_cuda_view_places (pool, view);
      step->in_places = dh_cuda_upload (pool, places, (gsize)n_groups * DH_CUDA_GROUP * sizeof *places, error);
      if (!step->in_places)
        return NULL;
    }
  step->out = dh_cuda_buffer_new (pool, n_groups, view->h, view->w, dh_cuda_view_type (view));
  set_size (&step->kernel, view->c, view->h, view->w, n_groups, step->out->type);
  DhCudaView *made = dh_cuda_view_new (pool, step->out, view->c, DH_NO_VALUE);
  if (!by_places)
    made->channels = view->channels;
  step->out->wants = dh_cuda_train_wants (view);
  return made;
}

gboolean
dh_cuda_train_wants (const DhCudaView *view)
{
  gboolean wants = view->norm && view->norm->d_weight;
  for (gint i = 0; i < view->n_groups; i++)
    wants = wants || view->groups[i].buffer->wants;
  return wants;
}

void
dh_cuda_train_set_slices (DhCudaTrainPlan *plan, DhCudaTrainStep *step)
{
  const gint64 pixels = (gint64)plan->pool.n * step->kernel.h * step->kernel.w;
  /* Blocks enough for a card, and no more sums to be added up at last than that takes. */
  const gint side_by_side = MAX (step->kernel.n_groups / 8, 1), most = CLAMP (2048 / side_by_side, 64, 256);
  step->kernel.n_slices = (gint)CLAMP (pixels / 1024, 1, most);
  plan->partials_bytes =
      MAX (plan->partials_bytes, sizeof (double) * 16 * (gsize)step->kernel.n_slices * step->kernel.n_groups);
}

gboolean
dh_cuda_train_measure (DhCudaTrainPlan *plan, const DhNode *node, DhCudaBuffer *buffer, GError **error)
{
  if (buffer->statistics)
    return TRUE;
  const gsize n_places = (gsize)buffer->n_groups * DH_CUDA_GROUP;
  buffer->statistics = dh_cuda_reserve (&plan->pool, 2 * n_places * sizeof (double), error);
  if (!buffer->statistics)
    return FALSE;
  const DhCudaView *whole = dh_cuda_view_new (&plan->pool, buffer, (gint)n_places, DH_NO_VALUE);
  static const DhCudaOp ops[] = { DH_CUDA_STATS, DH_CUDA_STATS_END };
  for (guint i = 0; i < G_N_ELEMENTS (ops); i++)
    {
      DhCudaTrainStep *step = dh_cuda_train_step (plan, node, FALSE, ops[i]);
      step->in = whole;
      set_size (&step->kernel, whole->c, buffer->h, buffer->w, buffer->n_groups, buffer->type);
      dh_cuda_train_set_slices (plan, step);
      step->kernel.statistics = buffer->statistics;
    }
  return TRUE;
}

/* The gradient of a buffer, and whether there is something in it already. */
static void
set_targets (DhCudaTrainPlan *plan, DhCudaTrainStep *step, const DhCudaView *view)
{
  step->targets = dh_cuda_host_alloc (&plan->pool, view->n_groups, sizeof *step->targets);
  step->adds = dh_cuda_host_alloc (&plan->pool, view->n_groups, sizeof *step->adds);
  for (gint i = 0; i < view->n_groups; i++)
    {
      DhCudaBuffer *buffer = view->groups[i].buffer;
      if (!buffer->wants)
        continue;
      if (!buffer->gradient)
        buffer->gradient = dh_cuda_buffer_new (&plan->pool, buffer->n_groups, buffer->h, buffer->w, buffer->type);
      step->targets[i] = (DhCudaPlace){ buffer->gradient, view->groups[i].group };
      step->adds[i] = buffer->begun;
    }
  for (gint i = 0; i < view->n_groups; i++)
    view->groups[i].buffer->begun = view->groups[i].buffer->wants;
}

void
dh_cuda_train_take (DhCudaTrainPlan *plan, DhCudaTrainStep *step, const DhCudaView *view, DhCudaView **made)
{
  *made = NULL;
  const DhCudaView *to = view;
  if (!dh_cuda_view_is_plain (view))
    {
      DhCudaBuffer *buffer =
          dh_cuda_buffer_new (&plan->pool, view->n_groups, view->h, view->w, dh_cuda_view_type (view));
      *made = dh_cuda_view_new (&plan->pool, buffer, view->c, DH_NO_VALUE);
      (*made)->channels = view->channels;
      step->targets = dh_cuda_host_alloc (&plan->pool, view->n_groups, sizeof *step->targets);
      step->adds = dh_cuda_host_alloc (&plan->pool, view->n_groups, sizeof *step->adds);
      for (gint i = 0; i < view->n_groups; i++)
        step->targets[i] = (DhCudaPlace){ buffer, i };
      return;
    }
  set_targets (plan, step, to);
}

/* Where dy keeps what the view has at each place; *places NULL where it is the same. */
static gboolean
match_places (DhCudaTrainPlan *plan, const DhCudaView *view, const DhCudaView *dy, const gint32 **places,
              GError **error)
{
  *places = NULL;
  if (dh_cuda_view_same_channels (view, dy))
    return TRUE;
  const gint n = view->n_groups * DH_CUDA_GROUP;
  g_autofree gint32 *found = g_new (gint32, n);
  for (gint i = 0; i < n; i++)
    {
      found[i] = -1;
      for (gint j = 0; view->channels[i] >= 0 && j < dy->n_groups * DH_CUDA_GROUP; j++)
        if (dy->channels[j] == view->channels[i])
          found[i] = j;
    }
  *places = dh_cuda_upload (&plan->pool, found, n * sizeof *found, error);
  return *places != NULL;
}

static gboolean
view_back (DhCudaTrainPlan *plan, const DhNode *node, const DhCudaView *view, const DhCudaView *dy, DhCudaBuffer *made,
           GError **error)
{
  const gint32 *places;
  gboolean any = FALSE;
  if (!dh_cuda_train_wants (view))
    return TRUE;
  if (!match_places (plan, view, dy, &places, error))
    return FALSE;
  DhCudaNorm *norm = view->norm;
  static const DhCudaOp ops[] = { DH_CUDA_BACK_SUMS, DH_CUDA_BACK_END, DH_CUDA_BACK };
  for (gint i = 0; i < view->n_groups; i++)
    any = any || view->groups[i].buffer->wants;
  for (guint i = norm && norm->d_weight ? 0 : 2; i < (any ? 3 : 2); i++)
    {
      DhCudaTrainStep *step = dh_cuda_train_step (plan, node, TRUE, ops[i]);
      set_size (&step->kernel, view->c, view->h, view->w, view->n_groups, dh_cuda_view_type (view));
      step->kernel.tables = norm ? norm->tables : NULL;
      if (ops[i] == DH_CUDA_BACK_SUMS || ops[i] == DH_CUDA_BACK_END)
        dh_cuda_train_set_slices (plan, step);
      if (ops[i] == DH_CUDA_BACK_END)
        {
          step->kernel.channels = norm->channels;
          step->kernel.weights = norm->weight;
          step->kernel.d_weight = norm->d_weight;
          step->kernel.d_bias = norm->d_bias;
          step->kernel.add = norm->begun;
          norm->begun = TRUE;
          continue;
        }
      step->in = dh_cuda_view_is_plain (view) ? NULL : view; /* what stands there makes no difference */
      step->other = dy;
      step->other_places = places;
      if (ops[i] == DH_CUDA_BACK)
        set_targets (plan, step, view);
      else
        step->out = made;
    }
  return TRUE;
}

gboolean
dh_cuda_train_view_back (DhCudaTrainPlan *plan, const DhNode *node, const DhCudaView *view, const DhCudaView *dy,
                         GError **error)
{
  return view_back (plan, node, view, dy, NULL, error);
}

gboolean
dh_cuda_train_gather_back (DhCudaTrainPlan *plan, const DhNode *node, const DhCudaView *view, const DhCudaView *dy,
                           DhCudaBuffer **made, GError **error)
{
  /* Only a norm's sums read all of it anyway. */
  if (view->norm && view->norm->d_weight)
    *made = dh_cuda_buffer_new (&plan->pool, view->n_groups, view->h, view->w, dh_cuda_view_type (view));
  else
    {
      const DhCudaView *gathered = dh_cuda_train_gather (plan, node, TRUE, view, FALSE, error);
      *made = gathered ? gathered->groups[0].buffer : NULL;
      return gathered && view_back (plan, node, view, dy, NULL, error);
    }
  return view_back (plan, node, view, dy, *made, error);
}

gboolean
dh_cuda_train_bias_back (DhCudaTrainPlan *plan, const DhNode *node, const DhCudaView *dy, float *d_bias, GError **error)
{
  g_autofree gint32 *channels = g_new (gint32, dy->n_groups * DH_CUDA_GROUP);
  for (gint i = 0; i < dy->n_groups * DH_CUDA_GROUP; i++)
    channels[i] = dy->channels[i];
  const gint32 *table =
      dh_cuda_upload (&plan->pool, channels, (gsize)dy->n_groups * DH_CUDA_GROUP * sizeof *channels, error);
  static const DhCudaOp ops[] = { DH_CUDA_BACK_SUMS, DH_CUDA_BACK_END };
  for (guint i = 0; table && i < G_N_ELEMENTS (ops); i++)
    {
      DhCudaTrainStep *step = dh_cuda_train_step (plan, node, TRUE, ops[i]);
      set_size (&step->kernel, dy->c, dy->h, dy->w, dy->n_groups, dh_cuda_view_type (dy));
      dh_cuda_train_set_slices (plan, step);
      step->other = dy;
      step->kernel.channels = table;
      step->kernel.d_bias = d_bias;
    }
  return table != NULL;
}

#include "dh-cuda-tape.h"

/* The losses, and the gradients of the logits with which the way back begins. */

/* An upsampling that nobody but the losses reads is made by them. */
static gboolean
is_deferred (const DhCudaTape *b, DhValue v)
{
  return v != DH_NO_VALUE && dh_cuda_tape_node (b, v)->op == DH_OP_RESIZE && b->n_readers[v] == 0;
}

gboolean
dh_cuda_tape_may_defer (const DhCudaTape *b)
{
  const DhValue f = b->plan->base.options.logits, g = b->plan->base.options.logits_ood;
  if (g == DH_NO_VALUE)
    return is_deferred (b, f);
  if (!is_deferred (b, f) || !is_deferred (b, g) || f == g)
    return FALSE;
  const DhShape *shapes = b->plan->shapes;
  const DhShape a = shapes[dh_cuda_tape_node (b, f)->inputs[0]], c = shapes[dh_cuda_tape_node (b, g)->inputs[0]];
  const DhNode *first = dh_cuda_tape_node (b, f), *second = dh_cuda_tape_node (b, g);
  return a.h == c.h && a.w == c.w && first->align_corners == second->align_corners && first->nearest == second->nearest;
}

/* The gradient that the losses write for the logits `v`, of which `view` is read. */
static DhCudaBuffer *
give_gradient (DhCudaTape *b, DhValue v, const DhCudaView *view, gboolean deferred)
{
  DhCudaPool *pool = &b->plan->pool;
  const DhShape shape = b->plan->shapes[v];
  DhCudaBuffer *gradient = dh_cuda_buffer_new (pool, view->n_groups, shape.h, shape.w, DH_CUDA_F32);
  DhCudaBuffer *value = view->groups[0].buffer;
  if (deferred)
    {
      value = dh_cuda_buffer_new (pool, view->n_groups, shape.h, shape.w, DH_CUDA_F32); /* never there itself */
      const DhCudaTapeEntry tape = { .kind = DH_CUDA_TAPE_RESIZE,
                                     .node = dh_cuda_tape_node (b, v),
                                     .value = v,
                                     .in = view,
                                     .out = dh_cuda_view_new (pool, value, view->c, v) };
      g_array_append_val (b->entries, tape);
    }
  value->gradient = gradient;
  value->wants = value->begun = TRUE;
  return gradient;
}

void
dh_cuda_tape_losses (DhCudaTape *b, gboolean deferred)
{
  DhCudaTrainPlan *plan = b->plan;
  const DhValue logits[2] = { plan->base.options.logits, plan->base.options.logits_ood };
  const DhCudaView *views[2] = { NULL, NULL };
  for (guint i = 0; i < 2 && logits[i] != DH_NO_VALUE; i++)
    {
      views[i] = dh_cuda_tape_plain (b, deferred ? dh_cuda_tape_node (b, logits[i])->inputs[0] : logits[i], TRUE, TRUE);
      if (!views[i])
        return;
    }
  DhCudaTrainStep *step = dh_cuda_train_step (plan, NULL, FALSE, DH_CUDA_LOSS);
  step->in = views[0];
  step->other = views[1];
  step->kernel.c = views[0]->c;
  step->kernel.h = plan->shapes[logits[0]].h;
  step->kernel.w = plan->shapes[logits[0]].w;
  step->kernel.in_h = views[0]->h;
  step->kernel.in_w = views[0]->w;
  step->kernel.n_groups = views[0]->n_groups;
  step->kernel.type = DH_CUDA_F32;
  step->kernel.labels = (const guint8 *)plan->up + plan->labels_at;
  step->kernel.n_slices =
      (gint)CLAMP ((gint64)plan->pool.n * step->kernel.h * step->kernel.w / (4 * DH_CUDA_THREADS), 1, 1024);
  plan->partials_bytes = MAX (plan->partials_bytes, sizeof (double) * 4 * (gsize)step->kernel.n_slices);
  if (!dh_cuda_tape_set_taps (b, &step->kernel, deferred ? dh_cuda_tape_node (b, logits[0]) : NULL))
    return;
  const gint n_slices = step->kernel.n_slices;
  step->out = give_gradient (b, logits[0], views[0], deferred);
  if (views[1])
    step->out_ood = give_gradient (b, logits[1], views[1], deferred);
  dh_cuda_train_step (plan, NULL, FALSE, DH_CUDA_LOSS_END)->kernel.n_slices = n_slices;
}

#include "dh-cuda-tape.h"

/* Layer norms and attention, in both passes. What belongs to a pixel alone is found once on the way back. */

void
dh_cuda_tape_build_layer_norm (DhCudaTape *b, DhValue v)
{
  DhCudaTrainPlan *plan = b->plan;
  const DhNode *node = dh_cuda_tape_node (b, v);
  DhCudaTapeEntry tape = { .kind = DH_CUDA_TAPE_LAYER_NORM, .node = node, .value = v };
  tape.in = dh_cuda_tape_plain (b, node->inputs[0], TRUE, FALSE);
  if (!tape.in)
    return;
  tape.out = dh_cuda_tape_new_value (b, plan->shapes[v], v, TRUE);
  DhCudaTrainStep *step = dh_cuda_tape_forward (b, tape, DH_CUDA_LAYER_NORM);
  step->kernel.weights = plan->values + dh_cuda_parameters_find (&plan->parameters, v, 0)->offset;
  step->kernel.bias = plan->values + dh_cuda_parameters_find (&plan->parameters, v, 1)->offset;
  step->kernel.alpha = (float)node->epsilon;
  step->kernel.mode = dh_cuda_norm_lanes (step->kernel.n_groups);
}

static void
layer_norm_back (DhCudaTape *b, const DhCudaTapeEntry *tape, const DhCudaView *dy)
{
  DhCudaTrainPlan *plan = b->plan;
  static const DhCudaOp ops[] = { DH_CUDA_LAYER_STATS, DH_CUDA_LAYER_SUMS, DH_CUDA_LAYER_END, DH_CUDA_LAYER_BACK };
  const gsize weight = dh_cuda_parameters_find (&plan->parameters, tape->value, 0)->offset,
              bias = dh_cuda_parameters_find (&plan->parameters, tape->value, 1)->offset;
  DhCudaBuffer *stats = dh_cuda_buffer_new (&plan->pool, 1, dy->h, dy->w, DH_CUDA_F32);
  for (guint i = 0; i < (dh_cuda_train_wants (tape->in) ? 4 : 3); i++)
    {
      DhCudaView *made;
      DhCudaTrainStep *step = dh_cuda_train_step (plan, tape->node, TRUE, ops[i]);
      step->in = ops[i] != DH_CUDA_LAYER_END ? tape->in : NULL;
      step->other = ops[i] != DH_CUDA_LAYER_END ? dy : NULL;
      step->out = i == 0 ? stats : NULL;
      step->packed = i == 0 ? NULL : stats;
      dh_cuda_tape_set_sizes (&step->kernel, tape->in, dy);
      step->kernel.weights = plan->values + weight;
      step->kernel.d_weight = plan->gradients + weight;
      step->kernel.d_bias = plan->gradients + bias;
      step->kernel.alpha = (float)tape->node->epsilon;
      if (ops[i] == DH_CUDA_LAYER_SUMS || ops[i] == DH_CUDA_LAYER_END)
        dh_cuda_train_set_slices (plan, step);
      if (ops[i] == DH_CUDA_LAYER_BACK)
        dh_cuda_train_take (plan, step, tape->in, &made);
    }
}

static void
set_attention (DhCudaTrainStep *step, const DhCudaTapeEntry *tape)
{
  DhCudaKernel *kernel = &step->kernel;
  dh_cuda_tape_set_sizes (kernel, tape->other, tape->out);
  kernel->in_c = tape->in->c;
  kernel->group_in = tape->in->c / tape->node->heads;
  kernel->group_out = tape->out->c / tape->node->heads;
  kernel->alpha = (float)tape->node->scale;
  step->flop = 2.0 * kernel->n * kernel->h * kernel->w * kernel->in_h * kernel->in_w * tape->other->c;
}

void
dh_cuda_tape_build_attention (DhCudaTape *b, DhValue v)
{
  DhCudaPool *pool = &b->plan->pool;
  const DhNode *node = dh_cuda_tape_node (b, v);
  DhCudaTapeEntry tape = { .kind = DH_CUDA_TAPE_ATTENTION, .node = node, .value = v };
  gboolean wants = FALSE;
  for (guint i = 0; i < 3; i++)
    {
      const DhCudaView *part = dh_cuda_tape_plain (b, node->inputs[i], TRUE, FALSE);
      if (!part)
        return;
      *(i == 0 ? &tape.in : &tape.parts[i - 1]) = part;
      wants = wants || dh_cuda_train_wants (part);
    }
  /* As many pixels, though their rows may be others. */
  DhCudaView *values = dh_cuda_view_copy (pool, tape.parts[1]);
  values->h = tape.parts[0]->h;
  values->w = tape.parts[0]->w;
  tape.other = dh_cuda_view_concat (pool, (const DhCudaView *[]){ tape.parts[0], values }, 2);
  tape.out = dh_cuda_tape_new_value (b, b->plan->shapes[v], v, wants);
  DhCudaTrainStep *step = dh_cuda_tape_forward (b, tape, DH_CUDA_ATTENTION);
  set_attention (step, &tape);
  if (!dh_cuda_view_in_order (tape.other))
    step->other_places = dh_cuda_tape_upload_places (b, tape.other);
}

static void
attention_back (DhCudaTape *b, const DhCudaTapeEntry *tape, const DhCudaView *dy)
{
  DhCudaTrainPlan *plan = b->plan;
  static const DhCudaOp ops[] = { DH_CUDA_QUERIES_BACK, DH_CUDA_KEYS_BACK, DH_CUDA_VALUES_BACK };
  const DhCudaView *parts[] = { tape->in, tape->parts[0], tape->parts[1] };
  const gint n_groups = (2 * tape->node->heads + DH_CUDA_GROUP - 1) / DH_CUDA_GROUP;
  DhCudaBuffer *stats = dh_cuda_buffer_new (&plan->pool, n_groups, dy->h, dy->w, DH_CUDA_F32);
  DhCudaTrainStep *first = dh_cuda_train_step (plan, tape->node, TRUE, DH_CUDA_ATTENTION_STATS);
  first->in = tape->in;
  first->other = tape->other;
  first->third = dy;
  first->packed = tape->out->groups[0].buffer;
  first->out = stats;
  set_attention (first, tape);
  for (guint i = 0; i < G_N_ELEMENTS (ops); i++)
    {
      DhCudaView *made;
      if (!dh_cuda_train_wants (parts[i]))
        continue;
      DhCudaTrainStep *step = dh_cuda_train_step (plan, tape->node, TRUE, ops[i]);
      step->in = tape->in;
      step->other = tape->other;
      step->third = dy;
      step->packed = stats;
      set_attention (step, tape);
      step->kernel.n_groups = parts[i]->n_groups;
      dh_cuda_train_take (plan, step, parts[i], &made);
    }
}

void
dh_cuda_tape_transformer_back (DhCudaTape *b, const DhCudaTapeEntry *tape, const DhCudaView *dy)
{
  if (tape->kind == DH_CUDA_TAPE_LAYER_NORM)
    layer_norm_back (b, tape, dy);
  else
    attention_back (b, tape, dy);
}

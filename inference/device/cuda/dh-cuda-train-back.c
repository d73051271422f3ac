#include "dh-cuda-tape.h"

/* The tape from its end: the gradients of what made memory. */

/* Of each place along a side of `in`: the places of the result that read it, a range. */
static const gint32 *
upload_ranges (DhCudaTape *b, gint in, gint out, const DhNode *resize)
{
  g_autofree gint32 *ranges = g_new0 (gint32, 2 * (gsize)in);
  for (gint i = 0; i < in; i++)
    ranges[2 * i] = out;
  for (gint i = 0; i < out; i++)
    {
      const DhBilinear at =
          resize->nearest ? dh_nearest_at (i, in, out) : dh_bilinear_at (i, in, out, resize->align_corners);
      const gint ends[2] = { at.a, at.b };
      for (guint end = 0; end < 2; end++)
        {
          ranges[2 * ends[end]] = MIN (ranges[2 * ends[end]], i);
          ranges[2 * ends[end] + 1] = i + 1;
        }
    }
  return dh_cuda_upload (&b->plan->pool, ranges, 2 * (gsize)in * sizeof *ranges, &b->error);
}

static void
window_back (DhCudaTape *b, const DhCudaTapeEntry *tape, const DhCudaView *dy)
{
  const DhNode *node = tape->node;
  const gboolean resize = tape->kind == DH_CUDA_TAPE_RESIZE;
  const DhCudaView *in = tape->in;
  DhCudaView *made;
  if (!dh_cuda_train_wants (in))
    return;
  g_return_if_fail (dh_cuda_view_is_plain (dy));
  DhCudaTrainStep *step = dh_cuda_train_step (b->plan, node, TRUE, resize ? DH_CUDA_RESIZE_BACK : DH_CUDA_POOL_BACK);
  step->in = node->op == DH_OP_MAX_POOL ? in : NULL;
  step->other = dy;
  step->kernel.h = dy->h;
  step->kernel.w = dy->w;
  step->kernel.in_h = in->h;
  step->kernel.in_w = in->w;
  step->kernel.n_groups = in->n_groups;
  if (!resize)
    dh_cuda_set_window (&step->kernel, node);
  else
    {
      step->kernel.row_ranges = upload_ranges (b, in->h, dy->h, node);
      step->kernel.column_ranges = upload_ranges (b, in->w, dy->w, node);
      if (!dh_cuda_tape_set_taps (b, &step->kernel, node))
        return;
    }
  dh_cuda_train_take (b->plan, step, in, &made);
  if (made)
    dh_cuda_train_view_back (b->plan, node, in, made, &b->error);
}

/* Both get the sum's gradient. One that nobody else reads, and that has none yet, takes the memory itself. */
static void
add_back (DhCudaTape *b, const DhCudaTapeEntry *tape, const DhCudaView *dy)
{
  const DhCudaView *x[2] = { tape->in, tape->other };
  gint taker = -1;
  for (gint i = 0; i < 2; i++)
    {
      const DhValue value = tape->node->inputs[i];
      const DhCudaBuffer *buffer = x[i]->groups[0].buffer;
      if (taker < 0 && dh_cuda_view_is_whole (x[i]) && x[i]->owner == value && b->n_readers[value] == 1
          && !buffer->begun && buffer->wants && dh_cuda_view_same_channels (x[i], dy))
        taker = i;
    }
  for (gint i = 0; i < 2 && !b->error; i++)
    if (i != taker)
      dh_cuda_train_view_back (b->plan, tape->node, x[i], dy, &b->error);
  if (taker < 0)
    return;
  DhCudaBuffer *buffer = x[taker]->groups[0].buffer;
  buffer->gradient = dy->groups[0].buffer;
  buffer->begun = TRUE;
}

void
dh_cuda_tape_go_back (DhCudaTape *b)
{
  for (guint i = b->entries->len; i-- > 0 && !b->error;)
    {
      DhCudaTapeEntry *tape = &g_array_index (b->entries, DhCudaTapeEntry, i);
      const DhCudaBuffer *buffer = tape->out->groups[0].buffer;
      if (!buffer->begun)
        continue;
      DhCudaView *dy = dh_cuda_view_new (&b->plan->pool, buffer->gradient, tape->out->c, DH_NO_VALUE);
      dy->channels = tape->out->channels;
      switch (tape->kind)
        {
        case DH_CUDA_TAPE_GATHER:
          dh_cuda_train_view_back (b->plan, tape->node, tape->in, dy, &b->error);
          break;
        case DH_CUDA_TAPE_ADD:
          add_back (b, tape, dy);
          break;
        case DH_CUDA_TAPE_CONV:
          tape->conv.dy = dy;
          dh_cuda_train_conv_back (b->plan, &tape->conv, &b->error);
          break;
        case DH_CUDA_TAPE_POOL:
        case DH_CUDA_TAPE_RESIZE:
          window_back (b, tape, dy);
          break;
        case DH_CUDA_TAPE_GATED:
        case DH_CUDA_TAPE_DEPTH_TO_SPACE:
        case DH_CUDA_TAPE_DEPTHWISE:
          dh_cuda_tape_foreign_back (b, tape, dy);
          break;
        case DH_CUDA_TAPE_LAYER_NORM:
        case DH_CUDA_TAPE_ATTENTION:
          dh_cuda_tape_transformer_back (b, tape, dy);
          break;
        }
    }
}

#include "dh-cuda-private.h"
#include "dh-cuda-ways.h"
#include "dh-error.h"

/* 3×3 convolutions whose taps lie apart, to few channels: an atrous pyramid's. cuDNN's engines for new cards do not
 * reach far (9.19: dilations of up to 10), and what is outside the picture is multiplied too. But
 *
 *     y(p) = Σₜ wₜ · x(p + d·t) = Σₜ (wₜ · x)(p + d·t),
 *
 * so that one 1×1 convolution makes all nine products of each pixel, at the card's full speed, and a kernel adds up
 * those of nine pixels. What lies between is nine results, in the type of the values, and not more than what is read. A
 * timing says which way. */

enum
{
  TAPS = 9
};

gboolean
dh_cuda_can_tap (const DhCudaPool *pool, const DhCudaConvNodes *conv)
{
  const DhNode *node = conv->node;
  return pool->type != DH_CUDA_F32 && !dh_cuda_without ("taps") && node->kernel == 3 && node->stride == 1
         && node->dilation > 1 && !conv->sum && node->channels % DH_CUDA_GROUP == 0
         && TAPS * node->channels <= conv->in->n_groups * DH_CUDA_GROUP;
}

gboolean
dh_cuda_add_taps (DhCudaPlan *plan, DhCudaStep *step, const DhCudaConvNodes *conv, gpointer weights, gpointer bias)
{
  const DhNode *node = conv->node;
  const gint n_groups = node->channels / DH_CUDA_GROUP;
  DhCudaBuffer *buffer = dh_cuda_buffer_new (&plan->pool, TAPS * n_groups, conv->in->h, conv->in->w, plan->pool.type);
  DhCudaStep *product = dh_cuda_step_new (plan, node->name, DH_CUDA_POINTWISE);
  step->taps = g_ptr_array_steal_index (plan->steps, plan->steps->len - 1);
  DhCudaStep *sum = dh_cuda_step_new (plan, node->name, DH_CUDA_TAPS);
  product->epilogue = g_ptr_array_steal_index (plan->steps, plan->steps->len - 1);

  product->is_conv = TRUE;
  product->in = conv->in;
  product->out = dh_cuda_view_new (&plan->pool, buffer, TAPS * node->channels, DH_NO_VALUE);
  product->memory.w = weights;
  product->spec = step->spec;
  product->spec.bias = product->spec.relu = FALSE;
  product->spec.out = TAPS * node->channels;
  product->spec.out_h = conv->in->h;
  product->spec.out_w = conv->in->w;
  product->spec.kernel = product->spec.dilation = 1;
  product->spec.padding = 0;

  sum->in = product->out;
  sum->out = step->out;
  sum->kernel.c = node->channels;
  sum->kernel.h = step->out->h;
  sum->kernel.w = step->out->w;
  sum->kernel.in_h = conv->in->h;
  sum->kernel.in_w = conv->in->w;
  sum->kernel.padding = node->padding;
  sum->kernel.stride = node->dilation;
  sum->kernel.n_groups = n_groups;
  sum->kernel.type = plan->pool.type;
  sum->kernel.relu = conv->relu;
  sum->kernel.bias = bias;
  return weights && bias;
}

static char *
key_of (const DhCudaPlan *plan, const DhCudaStep *step)
{
  return g_strdup_printf ("taps %d: %d × %d × %d, %d to %d, dilation %d, padding %d, relu %d, between %s and %s",
                          plan->pool.type, plan->pool.n, step->out->h, step->out->w, step->spec.in, step->spec.out,
                          step->spec.dilation, step->spec.padding, step->taps->epilogue->kernel.relu,
                          dh_cuda_driver.conv_name (step->conv), dh_cuda_driver.conv_name (step->taps->conv));
}

gboolean
dh_cuda_choose_taps (DhCudaPlan *plan, DhCudaStep *step, const DhCudaConvMemory *memory, gsize most, GError **error)
{
  static const char *const ways[] = { "one", "taps" };
  DhCudaCard *card = plan->pool.device->card;
  DhCudaConvMemory own = step->taps->memory;
  own.workspace = memory->workspace;
  g_autoptr (GError) reason = NULL;
  step->taps->conv = dh_cuda_driver.conv_new (card, &step->taps->spec, &own, most, &reason);
  if (g_error_matches (reason, DH_ERROR, DH_ERROR_UNSUPPORTED))
    return TRUE;
  if (!step->taps->conv)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  g_autofree char *key = key_of (plan, step);
  g_autofree char *known = dh_cuda_driver.recall (card, key);
  step->is_taps = g_strcmp0 (known, ways[1]) == 0;
  if (step->is_taps || g_strcmp0 (known, ways[0]) == 0)
    return TRUE;
  DhCudaWays trials = { &plan->pool, step, memory, key, 0, NULL };
  gboolean one = FALSE, both = FALSE;
  gboolean fine = dh_cuda_ways_begin (&trials, error) && dh_cuda_ways_try (&trials, ways[0], FALSE, &one, error);
  step->is_taps = TRUE;
  fine = fine && dh_cuda_ways_try (&trials, ways[1], FALSE, &both, error);
  step->is_taps = both;
  dh_cuda_ways_end (&trials);
  if (fine)
    dh_cuda_driver.remember (card, key, ways[both]);
  return fine;
}

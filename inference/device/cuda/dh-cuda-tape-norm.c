#include "dh-cuda-tape.h"

/* Norms: tables that each step fills anew, through which whoever reads the value reads it. */

void
dh_cuda_tape_build_norm (DhCudaTape *b, DhValue v)
{
  DhCudaTrainPlan *plan = b->plan;
  DhCudaPool *pool = &plan->pool;
  const DhNode *node = dh_cuda_tape_node (b, v);
  const DhCudaView *in = dh_cuda_tape_linear (b, node->inputs[0], FALSE);
  if (!in)
    return;
  const gint n = in->n_groups * DH_CUDA_GROUP;
  g_autofree gint32 *channels = g_new (gint32, n);
  for (gint i = 0; i < n; i++)
    channels[i] = in->channels[i];
  g_autofree const double **statistics = g_new (const double *, n);
  for (gint i = 0; i < in->n_groups; i++)
    {
      DhCudaBuffer *buffer = in->groups[i].buffer;
      if (!dh_cuda_train_measure (plan, node, buffer, &b->error))
        return;
      for (gint j = 0; j < DH_CUDA_GROUP; j++)
        statistics[i * DH_CUDA_GROUP + j] = buffer->statistics + 2 * (in->groups[i].group * DH_CUDA_GROUP + j);
    }
  const gsize weight = dh_cuda_parameters_find (&plan->parameters, v, 0)->offset,
              bias = dh_cuda_parameters_find (&plan->parameters, v, 1)->offset;
  DhCudaNorm *norm = dh_cuda_host_alloc (pool, 1, sizeof *norm);
  *norm = (DhCudaNorm){ .tables = dh_cuda_reserve (pool, sizeof (float) * DH_CUDA_NORM_ROWS * n, &b->error),
                        .weight = plan->values + weight,
                        .bias = plan->values + bias,
                        .d_weight = plan->gradients + weight,
                        .d_bias = plan->gradients + bias,
                        .running_mean = plan->values + dh_cuda_parameters_find (&plan->parameters, v, 2)->offset,
                        .running_variance = plan->values + dh_cuda_parameters_find (&plan->parameters, v, 3)->offset };
  if (b->error || !(norm->channels = dh_cuda_upload (pool, channels, n * sizeof *channels, &b->error)))
    return;
  DhCudaTrainStep *step = dh_cuda_train_step (plan, node, FALSE, DH_CUDA_NORM_END);
  step->kernel.h = in->h;
  step->kernel.w = in->w;
  step->kernel.n_groups = in->n_groups;
  step->kernel.channels = norm->channels;
  step->kernel.tables = norm->tables;
  step->kernel.weights = norm->weight;
  step->kernel.bias = norm->bias;
  step->kernel.running_mean = norm->running_mean;
  step->kernel.running_variance = norm->running_variance;
  step->kernel.momentum = node->momentum;
  step->kernel.places_statistics = dh_cuda_upload (pool, statistics, n * sizeof *statistics, &b->error);
  DhCudaView *view = dh_cuda_view_copy (pool, in);
  view->norm = norm;
  b->views[v] = b->error ? NULL : view;
}

/* A constant scale of each channel: a norm without parameters, but for the picture, which is packed through it. */
void
dh_cuda_tape_build_channel_scale (DhCudaTape *b, DhValue v)
{
  DhCudaPool *pool = &b->plan->pool;
  const DhNode *node = dh_cuda_tape_node (b, v);
  const DhCudaView *in = b->views[node->inputs[0]];
  if (!in->raw || in->scale || in->relu)
    in = dh_cuda_tape_linear (b, node->inputs[0], FALSE);
  if (!in)
    return;
  if (in->raw)
    {
      double scale[3], shift[3];
      for (gint c = 0; c < 3; c++)
        {
          scale[c] = 1.0 / node->deviation[c];
          shift[c] = -(double)node->mean[c] / node->deviation[c];
        }
      b->views[v] = dh_cuda_view_norm (pool, in, scale, shift);
      return;
    }
  const gint n = in->n_groups * DH_CUDA_GROUP;
  g_autofree float *tables = g_new0 (float, (gsize)DH_CUDA_NORM_ROWS *n);
  for (gint i = 0; i < n; i++)
    {
      const gint c = in->channels[i];
      if (c < 0)
        continue;
      tables[DH_CUDA_NORM_SCALE * n + i] = tables[DH_CUDA_NORM_A * n + i] = 1 / node->deviation[c];
      tables[DH_CUDA_NORM_SHIFT * n + i] = (float)(-(double)node->mean[c] / node->deviation[c]);
    }
  DhCudaNorm *norm = dh_cuda_host_alloc (pool, 1, sizeof *norm);
  norm->tables = dh_cuda_upload (pool, tables, sizeof *tables * DH_CUDA_NORM_ROWS * n, &b->error);
  DhCudaView *view = dh_cuda_view_copy (pool, in);
  view->norm = norm;
  b->views[v] = b->error ? NULL : view;
}

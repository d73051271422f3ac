#pragma once
#include "dh-adam-math.h"
#include "dh-cuda-math.h"

/* The losses with the gradients of the logits, and the optimiser. */

/* Losses and gradients of one pixel; sums += the terms of L_seg, L_like and L_post, and the logits. */
DH_CUDA_INLINE void
dh_cuda_loss_item (const DhCudaKernel *k, int type, int64_t pixel, double sums[4])
{
  const DhCudaCorners corners = dh_cuda_corners (k, pixel);
  const int label = k->labels[pixel];
  const bool negative = label == k->c + 1;
  float max = 0.0f, sum = 0.0f, all = 0.0f, chosen = 0.0f, f[8];
  for (int group = 0; 8 * group < k->c; group++)
    {
      dh_cuda_logits8 (&k->in, type, &corners, group, f);
      for (int j = 0; j < 8 && 8 * group + j < k->c; j++)
        {
          const int c = 8 * group + j;
          if (c == 0 || f[j] > max)
            {
              sum = c == 0 ? 0.0f : sum * expf (max - f[j]);
              max = f[j];
            }
          sum += expf (f[j] - max);
          all += f[j];
          chosen = c == label ? f[j] : chosen;
        }
    }
  const double over = (double)max + logf (sum);
  sums[0] += label < k->c ? over - chosen : 0.0;
  sums[1] += negative ? over : 0.0;
  sums[3] += all;

  const float factor = label < k->c ? k->step->segmentation : negative ? k->step->likelihood : 0.0f;
  for (int group = 0; group < k->n_groups; group++)
    {
      dh_cuda_logits8 (&k->in, type, &corners, group, f);
      for (int j = 0; j < 8; j++)
        {
          const int c = 8 * group + j;
          f[j] = c < k->c ? factor * (expf (f[j] - max) / sum - (c == label ? 1.0f : 0.0f)) : 0.0f;
        }
      dh_cuda_store8 (k->out, (pixel * k->n_groups + group) * 8, k->type, f);
    }
  if (!k->other.n_groups)
    return;

  /* −ln softmax (g)_j is the softplus of the other's lead. */
  float g[8];
  dh_cuda_logits8 (&k->other, k->other.type, &corners, 0, g);
  const float lead = negative ? g[0] - g[1] : g[1] - g[0], small = expf (-fabsf (lead));
  sums[2] += (double)(lead > 0.0f ? lead : 0.0f) + log1pf (small) + (lead - lead);
  const float other = k->step->posterior * ((lead > 0.0f ? 1.0f : small) / (1.0f + small) + (lead - lead));
  for (int j = 0; j < 8; j++)
    f[j] = j == 0 ? (negative ? other : -other) : j == 1 ? (negative ? -other : other) : 0.0f;
  dh_cuda_store8 (k->out_ood, pixel * 8, k->type, f);
}

DH_CUDA_INLINE void
dh_cuda_loss_end_item (const DhCudaKernel *k, int64_t item)
{
  double sums[2];
  dh_cuda_sum_slices (k->partials + item, 4, k->n_slices, 1, sums);
  *(item == 0   ? &k->sums->segmentation
    : item == 1 ? &k->sums->likelihood
    : item == 2 ? &k->sums->posterior
                : &k->sums->logits) = sums[0];
  if (item == 0)
    k->sums->overflow = 0;
}

DH_CUDA_INLINE void
dh_cuda_copy_floats_item (const DhCudaKernel *k, int64_t item)
{
  float v[8];
  dh_cuda_load8 (k->floats.from, item * 8, DH_CUDA_F32, v);
  dh_cuda_store8 (k->floats.value, item * 8, DH_CUDA_F32, v);
}

DH_CUDA_INLINE void
dh_cuda_add_floats_item (const DhCudaKernel *k, int64_t item)
{
  float v[8], sum[8];
  dh_cuda_load8 (k->floats.from, item * 8, DH_CUDA_F32, v);
  dh_cuda_load8 (k->floats.gradient, item * 8, DH_CUDA_F32, sum);
  for (int j = 0; j < 8; j++)
    sum[j] += (float)DH_ADAM_TIMES (k->floats.weight, (double)v[j]);
  dh_cuda_store8 (k->floats.gradient, item * 8, DH_CUDA_F32, sum);
}

DH_CUDA_INLINE void
dh_cuda_check_item (const DhCudaKernel *k, int64_t item)
{
  float v[8], none = 0.0f;
  dh_cuda_load8 (k->floats.gradient, item * 8, DH_CUDA_F32, v);
  for (int j = 0; j < 8; j++)
    none += v[j] - v[j];
  if (!(none == 0.0f))
    *k->floats.fault = 1; /* whoever comes to it writes the same */
}

DH_CUDA_INLINE void
dh_cuda_adam_item (const DhCudaKernel *k, int64_t item)
{
  float value[8], gradient[8], first[8], second[8], zeros[8] = { 0.0f };
  if (!*k->floats.fault)
    {
      dh_cuda_load8 (k->floats.value, item * 8, DH_CUDA_F32, value);
      dh_cuda_load8 (k->floats.gradient, item * 8, DH_CUDA_F32, gradient);
      dh_cuda_load8 (k->floats.first, item * 8, DH_CUDA_F32, first);
      dh_cuda_load8 (k->floats.second, item * 8, DH_CUDA_F32, second);
      for (int j = 0; j < 8; j++)
        dh_adam_update (k->floats.rate, k->floats.root, gradient[j], &value[j], &first[j], &second[j]);
      dh_cuda_store8 (k->floats.value, item * 8, DH_CUDA_F32, value);
      dh_cuda_store8 (k->floats.first, item * 8, DH_CUDA_F32, first);
      dh_cuda_store8 (k->floats.second, item * 8, DH_CUDA_F32, second);
    }
  dh_cuda_store8 (k->floats.gradient, item * 8, DH_CUDA_F32, zeros);
}

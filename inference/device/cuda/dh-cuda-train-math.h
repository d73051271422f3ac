#pragma once
#include "dh-cuda-value-math.h"

/* What one item, or one thread of a reduction, of each kernel of training computes: parameters, norms and what is read
 * through them (dh-cuda-window-math.h, dh-cuda-loss-math.h: the others). The sums of a thread run in float32
 * over DH_CUDA_RUN values, beyond that in double, always in the same order. */

#define DH_CUDA_RUN 32

/* O×I×k×k float → as DhCudaWeightsMode says. */
DH_CUDA_INLINE void
dh_cuda_weights_in_item (const DhCudaKernel *k, int64_t item)
{
  int64_t rest, o;
  float v[8];
  if (k->mode == DH_CUDA_WEIGHTS_OF_BIAS)
    {
      for (int j = 0; j < 8; j++)
        v[j] = 8 * item + j < k->c ? k->weights[8 * item + j] : 0.0f;
      dh_cuda_store8 (k->out, item * 8, DH_CUDA_F32, v);
      return;
    }
  if (k->mode == DH_CUDA_WEIGHTS_OF_HEAD)
    {
      int64_t place;
      const int group = dh_cuda_split (item, (k->c + 7) / 8, &place), i = k->channels[place];
      for (int j = 0; j < 8; j++)
        v[j] = i >= 0 && 8 * group + j < k->c ? k->weights[(int64_t)(8 * group + j) * k->in_c + i] : 0.0f;
      dh_cuda_store8 (k->out, item * 8, DH_CUDA_F32, v);
      return;
    }
  const int area = k->kernel * k->kernel, group = dh_cuda_split (item, k->n_groups, &rest);
  if (k->mode == DH_CUDA_WEIGHTS_OF_DEPTHWISE)
    {
      for (int j = 0; j < 8; j++)
        v[j] = 8 * group + j < k->c ? k->weights[(int64_t)(8 * group + j) * area + rest] : 0.0f;
      dh_cuda_store8 (k->out, item * 8, DH_CUDA_F32, v);
      return;
    }
  const int at = dh_cuda_split (rest, area, &o);
  const int first = k->group_out ? (int)(o / k->group_out) * k->in_c : 0;
  for (int j = 0; j < 8; j++)
    {
      const int i = k->channels[8 * group + j] - first;
      v[j] = i >= 0 && i < k->in_c && o < k->c ? k->weights[(o * k->in_c + i) * area + at] : 0.0f;
    }
  dh_cuda_store8 (k->out, item * 8, k->type, v);
}

DH_CUDA_INLINE void
dh_cuda_weights_out_item (const DhCudaKernel *k, int64_t item)
{
  const int area = k->kernel * k->kernel;
  int64_t rest, o;
  const int at = dh_cuda_split (item, area, &rest), i = dh_cuda_split (rest, k->in_c, &o);
  const int first = k->group_out ? (int)(o / k->group_out) * k->in_c : 0;
  const float v = dh_cuda_load1 (k->packed, (o * area + at) * k->n_groups * 8 + k->channels[first + i], k->type);
  ((float *)k->out)[item] = v * k->step->unscale;
  if (!(v - v == 0.0f))
    k->sums->overflow = 1; /* whoever comes to it writes the same */
}

/* A number near the mean of each channel, so that the sums of squares around it lose nothing. */
DH_CUDA_INLINE void
dh_cuda_pivot8 (const DhCudaKernel *k, int type, int group, float pivot[8])
{
  enum
  {
    SAMPLES = 16
  };
  const int64_t pixels = (int64_t)k->n * k->h * k->w;
  for (int j = 0; j < 8; j++)
    pivot[j] = 0.0f;
  for (int i = 0; i < SAMPLES; i++)
    {
      float v[8];
      dh_cuda_read_plain8 (&k->in, type, pixels * i / SAMPLES, group, v);
      for (int j = 0; j < 8; j++)
        pivot[j] += v[j] / SAMPLES;
    }
}

/* sums[0…7] += Σ (x − pivot), sums[8…15] += Σ (x − pivot)² over pixels first, first + step, … below last. */
DH_CUDA_INLINE void
dh_cuda_stats_thread (const DhCudaKernel *k, int type, int group, int64_t first, int64_t last, int step,
                      const float pivot[8], double sums[16])
{
  while (first < last)
    {
      float s[8] = { 0.0f }, q[8] = { 0.0f };
      for (int i = 0; i < DH_CUDA_RUN && first < last; i++, first += step)
        {
          float v[8];
          dh_cuda_read_plain8 (&k->in, type, first, group, v);
          for (int j = 0; j < 8; j++)
            {
              const float d = v[j] - pivot[j];
              s[j] += d;
              q[j] += d * d;
            }
        }
      for (int j = 0; j < 8; j++)
        {
          sums[j] += s[j];
          sums[8 + j] += q[j];
        }
    }
}

/* Σ over slices of what a reduction found for a place. */
DH_CUDA_INLINE void
dh_cuda_partials (const DhCudaKernel *k, int64_t place, double sums[2])
{
  dh_cuda_sum_slices (k->partials + 2 * place, (int64_t)k->n_groups * 16, k->n_slices, 2, sums);
}

DH_CUDA_INLINE void
dh_cuda_stats_end_item (const DhCudaKernel *k, int type, int64_t place)
{
  const double count = (double)((int64_t)k->n * k->h * k->w);
  float pivot[8];
  double sums[2];
  dh_cuda_pivot8 (k, type, (int)(place / 8), pivot);
  dh_cuda_partials (k, place, sums);
  const double off = sums[0] / count;
  const double variance = sums[1] / count - off * off;
  /* Not by an index, which the array would have to be in memory for. */
  float its_own = 0.0f;
  for (int j = 0; j < 8; j++)
    its_own = j == (int)(place % 8) ? pivot[j] : its_own;
  k->statistics[2 * place] = its_own + off;
  k->statistics[2 * place + 1] = variance < 0.0 ? 0.0 : variance;
}

#define DH_CUDA_EPSILON 1e-5

DH_CUDA_INLINE void
dh_cuda_norm_end_item (const DhCudaKernel *k, int64_t place)
{
  const int channel = k->channels[place], row = k->n_groups * 8;
  float *table = k->tables + place;
  for (int i = 0; channel < 0 && i < DH_CUDA_NORM_ROWS; i++)
    table[i * row] = 0.0f;
  if (channel < 0)
    return;
  const double mean = k->places_statistics[place][0], variance = k->places_statistics[place][1];
  const double count = (double)((int64_t)k->n * k->h * k->w), inverse = 1.0 / sqrt (variance + DH_CUDA_EPSILON);
  const double scale = k->weights[channel] * inverse;
  table[DH_CUDA_NORM_SCALE * row] = (float)scale;
  table[DH_CUDA_NORM_SHIFT * row] = (float)(k->bias[channel] - mean * scale);
  table[DH_CUDA_NORM_MEAN * row] = (float)mean;
  table[DH_CUDA_NORM_INVERSE * row] = (float)inverse;
  k->running_mean[channel] = (float)((1.0 - k->momentum) * k->running_mean[channel] + k->momentum * mean);
  k->running_variance[channel] =
      (float)((1.0 - k->momentum) * k->running_variance[channel] + k->momentum * variance * (count / (count - 1.0)));
}

/* The gradient of the value as it stands in memory before its norm: through dropout and ReLU. x: that memory. */
DH_CUDA_INLINE void
dh_cuda_slope8 (const DhCudaKernel *k, int type, int64_t pixel, int group, float x[8], float dy[8])
{
  dh_cuda_read8 (&k->other, k->other.type, pixel, group, dy);
  if (k->in.factors)
    dh_cuda_multiply8 (&k->in, pixel, group, dy);
  for (int j = 0; j < 8; j++)
    x[j] = 0.0f;
  if (k->in.n_groups)
    dh_cuda_load8 (k->in.groups[group].base, pixel * k->in.groups[group].stride, type, x);
  for (int j = 0; k->in.relu && j < 8; j++)
    {
      const int place = 8 * group + j;
      const float y = k->in.scale ? x[j] * k->in.scale[place] + k->in.shift[place] : x[j];
      dy[j] = y <= 0.0f ? 0.0f : dy[j];
    }
}

/* x as it stands in memory → out, as it is read: what POINTWISE makes, without reading x once more. */
DH_CUDA_INLINE void
dh_cuda_gather8 (const DhCudaKernel *k, int type, int64_t pixel, int group, const float x[8])
{
  float v[8];
  for (int j = 0; j < 8; j++)
    v[j] = x[j];
  dh_cuda_normalise8 (&k->in, group, v);
  if (k->in.factors)
    dh_cuda_multiply8 (&k->in, pixel, group, v);
  dh_cuda_store8 (k->out, (pixel * k->n_groups + group) * 8, type, v);
}

/* sums[0…7] += Σ dy, sums[8…15] += Σ dy·(x − mean), as dh_cuda_stats_thread. */
DH_CUDA_INLINE void
dh_cuda_back_sums_thread (const DhCudaKernel *k, int type, int group, int64_t first, int64_t last, int step,
                          double sums[16])
{
  const float *mean = k->tables ? k->tables + (DH_CUDA_NORM_MEAN * k->n_groups + group) * 8 : NULL;
  while (first < last)
    {
      float s[8] = { 0.0f }, q[8] = { 0.0f };
      for (int i = 0; i < DH_CUDA_RUN && first < last; i++, first += step)
        {
          float x[8], dy[8];
          dh_cuda_slope8 (k, type, first, group, x, dy);
          if (k->out)
            dh_cuda_gather8 (k, type, first, group, x);
          for (int j = 0; j < 8; j++)
            {
              s[j] += dy[j];
              if (mean)
                q[j] += dy[j] * (x[j] - mean[j]);
            }
        }
      for (int j = 0; j < 8; j++)
        {
          sums[j] += s[j];
          sums[8 + j] += q[j];
        }
    }
}

DH_CUDA_INLINE void
dh_cuda_back_end_item (const DhCudaKernel *k, int64_t place)
{
  const int channel = k->channels[place], row = k->n_groups * 8;
  const double count = (double)((int64_t)k->n * k->h * k->w), unscale = k->step->unscale;
  double sums[2];
  if (channel < 0)
    return;
  dh_cuda_partials (k, place, sums);
  const double sum = sums[0], product = sums[1];
  if (!(sum - sum == 0.0) || !(product - product == 0.0))
    k->sums->overflow = 1;
  k->d_bias[channel] = (k->add ? k->d_bias[channel] : 0.0f) + (float)(sum * unscale);
  if (!k->tables)
    return;
  float *table = k->tables + place;
  const double inverse = table[DH_CUDA_NORM_INVERSE * row], scale = k->weights[channel] * inverse;
  k->d_weight[channel] = (k->add ? k->d_weight[channel] : 0.0f) + (float)(product * inverse * unscale);
  table[DH_CUDA_NORM_A * row] = (float)scale;
  table[DH_CUDA_NORM_B * row] = (float)(-scale * inverse * inverse * product / count);
  table[DH_CUDA_NORM_C * row] = (float)(-scale * sum / count);
}

DH_CUDA_INLINE void
dh_cuda_give8 (const DhCudaKernel *k, int64_t pixel, int group, float v[8])
{
  const DhCudaTarget to = k->targets[group];
  if (!to.base)
    return;
  if (to.add)
    {
      float before[8];
      dh_cuda_load8 (to.base, pixel * to.stride, to.type, before);
      for (int j = 0; j < 8; j++)
        v[j] += before[j];
    }
  dh_cuda_store8 (to.base, pixel * to.stride, to.type, v);
}

DH_CUDA_INLINE void
dh_cuda_back_item (const DhCudaKernel *k, int type, int64_t item)
{
  int64_t pixel;
  const int group = dh_cuda_split (item, k->n_groups, &pixel), row = k->n_groups * 8;
  float x[8], v[8];
  dh_cuda_slope8 (k, type, pixel, group, x, v);
  if (k->tables)
    {
      const float *table = k->tables + 8 * group;
      for (int j = 0; j < 8; j++)
        v[j] = table[DH_CUDA_NORM_A * row + j] * v[j]
               + (table[DH_CUDA_NORM_B * row + j] * (x[j] - table[DH_CUDA_NORM_MEAN * row + j])
                  + table[DH_CUDA_NORM_C * row + j]);
    }
  dh_cuda_give8 (k, pixel, group, v);
}

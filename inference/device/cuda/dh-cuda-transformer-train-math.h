#pragma once
#include "dh-cuda-foreign-train-math.h"

/* The gradients of layer norms and attention, whose values stand in plain memory, their channels in order. */

/* What a layer norm is to a pixel, 8 floats on from pixel to pixel. */
typedef struct
{
  float mean, inverse;   /* of x */
  float mean_dy, mean_p; /* of w·dy, and of that times what the norm makes of x */
} DhCudaLayerStats;

#define DH_CUDA_STATS_STRIDE 8

DH_CUDA_INLINE DhCudaLayerStats
dh_cuda_layer_stats (const DhCudaKernel *k, int64_t pixel)
{
  const float *at = (const float *)k->packed + pixel * DH_CUDA_STATS_STRIDE;
  const DhCudaLayerStats stats = { at[0], at[1], at[2], at[3] };
  return stats;
}

DH_CUDA_INLINE void
dh_cuda_layer_stats_item (const DhCudaKernel *k, int type, int64_t pixel)
{
  float x[8], dy[8], w[8], sum = 0.0f, squares = 0.0f, first = 0.0f, second = 0.0f;
  for (int g = 0; g < k->n_groups; g++)
    {
      dh_cuda_read_plain8 (&k->in, type, pixel, g, x);
      for (int j = 0; j < 8; j++)
        sum += 8 * g + j < k->c ? x[j] : 0.0f;
    }
  const float mean = sum / (float)k->c;
  for (int g = 0; g < k->n_groups; g++)
    {
      dh_cuda_read_plain8 (&k->in, type, pixel, g, x);
      for (int j = 0; j < 8; j++)
        squares += 8 * g + j < k->c ? (x[j] - mean) * (x[j] - mean) : 0.0f;
    }
  const float inverse = 1.0f / sqrtf (squares / (float)k->c + k->alpha);
  for (int g = 0; g < k->n_groups; g++)
    {
      dh_cuda_read_plain8 (&k->in, type, pixel, g, x);
      dh_cuda_read_plain8 (&k->other, k->other.type, pixel, g, dy);
      dh_cuda_load8 (k->weights, 8 * g, DH_CUDA_F32, w);
      for (int j = 0; j < 8; j++)
        {
          const float t = 8 * g + j < k->c ? w[j] * dy[j] : 0.0f;
          first += t;
          second += t * ((x[j] - mean) * inverse);
        }
    }
  float *to = (float *)k->out + pixel * DH_CUDA_STATS_STRIDE;
  to[0] = mean;
  to[1] = inverse;
  to[2] = first / (float)k->c;
  to[3] = second / (float)k->c;
}

DH_CUDA_INLINE void
dh_cuda_layer_back_item (const DhCudaKernel *k, int type, int64_t item)
{
  int64_t pixel;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const DhCudaLayerStats stats = dh_cuda_layer_stats (k, pixel);
  float x[8], v[8], w[8];
  dh_cuda_read_plain8 (&k->in, type, pixel, group, x);
  dh_cuda_read_plain8 (&k->other, k->other.type, pixel, group, v);
  dh_cuda_load8 (k->weights, 8 * group, DH_CUDA_F32, w);
  for (int j = 0; j < 8; j++)
    {
      const float normed = (x[j] - stats.mean) * stats.inverse;
      v[j] = 8 * group + j < k->c ? stats.inverse * (w[j] * v[j] - stats.mean_dy - normed * stats.mean_p) : 0.0f;
    }
  dh_cuda_give8 (k, pixel, group, v);
}

/* sums[0…7] += Σ dy, sums[8…15] += Σ dy·what the norm makes of x, as dh_cuda_stats_thread. */
DH_CUDA_INLINE void
dh_cuda_layer_sums_thread (const DhCudaKernel *k, int type, int group, int64_t first, int64_t last, int step,
                           double sums[16])
{
  while (first < last)
    {
      float s[8] = { 0.0f }, q[8] = { 0.0f };
      for (int i = 0; i < DH_CUDA_RUN && first < last; i++, first += step)
        {
          const DhCudaLayerStats stats = dh_cuda_layer_stats (k, first);
          float x[8], dy[8];
          dh_cuda_read_plain8 (&k->in, type, first, group, x);
          dh_cuda_read_plain8 (&k->other, k->other.type, first, group, dy);
          for (int j = 0; j < 8; j++)
            {
              s[j] += dy[j];
              q[j] += dy[j] * ((x[j] - stats.mean) * stats.inverse);
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
dh_cuda_layer_end_item (const DhCudaKernel *k, int64_t channel)
{
  double sums[2];
  if (channel >= k->c)
    return;
  dh_cuda_partials (k, channel, sums);
  if (!(sums[0] - sums[0] == 0.0) || !(sums[1] - sums[1] == 0.0))
    k->sums->overflow = 1;
  k->d_bias[channel] = (float)(sums[0] * k->step->unscale);
  k->d_weight[channel] = (float)(sums[1] * k->step->unscale);
}

/* Attention. `in`: queries; `other`: keys, and from a group of their own on values; `third`: the gradient of the
 * result. The weights are made again from the logarithms of their sums. */

/* Σ over `count` places of two pixels, from any place of each on. */
DH_CUDA_INLINE float
dh_cuda_dot (const DhCudaRead *a, int64_t pixel_a, int first_a, const DhCudaRead *b, int64_t pixel_b, int first_b,
             int count)
{
  float sum = 0.0f;
  if ((first_a | first_b) % 8 == 0)
    {
      for (int i = 0; i < count; i += 8)
        {
          float u[8], v[8];
          dh_cuda_read_plain8 (a, a->type, pixel_a, (first_a + i) / 8, u);
          dh_cuda_read_plain8 (b, b->type, pixel_b, (first_b + i) / 8, v);
          for (int j = 0; j < 8; j++)
            sum += i + j < count ? u[j] * v[j] : 0.0f;
        }
      return sum;
    }
  for (int i = 0; i < count; i++)
    {
      const DhCudaGroup of_a = a->groups[(first_a + i) / 8], of_b = b->groups[(first_b + i) / 8];
      sum += dh_cuda_load1 (of_a.base, pixel_a * of_a.stride + (first_a + i) % 8, a->type)
             * dh_cuda_load1 (of_b.base, pixel_b * of_b.stride + (first_b + i) % 8, b->type);
    }
  return sum;
}

/* Where the values' places begin. */
DH_CUDA_INLINE int
dh_cuda_values_at (const DhCudaKernel *k)
{
  return (k->in_c + 7) / 8 * 8;
}

/* How many floats of a pixel's heads follow each other. */
DH_CUDA_INLINE int
dh_cuda_attention_stride (const DhCudaKernel *k)
{
  return (2 * (k->c / k->group_out) + 7) / 8 * 8;
}

/* `packed`: the result of attention, whose groups are 8·n_groups places of a pixel. */
DH_CUDA_INLINE void
dh_cuda_attention_stats_item (const DhCudaKernel *k, int64_t item)
{
  int64_t pixel;
  const int heads = k->c / k->group_out, head = dh_cuda_split (item, heads, &pixel);
  const int64_t n = (int64_t)k->in_h * k->in_w, keys = pixel / ((int64_t)k->h * k->w) * n;
  const int first = head * k->group_out;
  float most = -INFINITY, sum = 0.0f, delta = 0.0f;
  for (int64_t key = keys; key < keys + n; key++)
    {
      const float product =
          k->alpha * dh_cuda_dot (&k->in, pixel, head * k->group_in, &k->other, key, head * k->group_in, k->group_in);
      if (product > most)
        {
          sum *= expf (most - product);
          most = product;
        }
      sum += expf (product - most);
    }
  for (int i = first; i < first + k->group_out; i++)
    {
      const DhCudaGroup from = k->third.groups[i / 8];
      delta += dh_cuda_load1 (from.base, pixel * from.stride + i % 8, k->third.type)
               * dh_cuda_load1 (k->packed, pixel * k->n_groups * 8 + i, k->type);
    }
  float *to = (float *)k->out + pixel * dh_cuda_attention_stride (k) + 2 * head;
  to[0] = most + logf (sum);
  to[1] = delta;
}

/* What a key weighs to a pixel in a head, and the gradient of their product. */
DH_CUDA_INLINE float
dh_cuda_attention_weight (const DhCudaKernel *k, int64_t pixel, int64_t key, int head, float *slope)
{
  const float *stats = (const float *)k->packed + pixel * dh_cuda_attention_stride (k) + 2 * head;
  const float product =
      dh_cuda_dot (&k->in, pixel, head * k->group_in, &k->other, key, head * k->group_in, k->group_in);
  const float weight = expf (k->alpha * product - stats[0]);
  if (slope)
    *slope = k->alpha * weight
             * (dh_cuda_dot (&k->third, pixel, head * k->group_out, &k->other, key,
                             dh_cuda_values_at (k) + head * k->group_out, k->group_out)
                - stats[1]);
  return weight;
}

DH_CUDA_INLINE void
dh_cuda_queries_back_item (const DhCudaKernel *k, int64_t item)
{
  int64_t pixel;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int last = 8 * group + 7 < k->in_c ? 8 * group + 7 : k->in_c - 1;
  const int64_t n = (int64_t)k->in_h * k->in_w, keys = pixel / ((int64_t)k->h * k->w) * n;
  float v[8] = { 0.0f };
  for (int head = 8 * group / k->group_in; head <= last / k->group_in; head++)
    for (int64_t key = keys; key < keys + n; key++)
      {
        float slope, u[8];
        dh_cuda_attention_weight (k, pixel, key, head, &slope);
        dh_cuda_read_plain8 (&k->other, k->other.type, key, group, u);
        for (int j = 0; j < 8; j++)
          v[j] += 8 * group + j <= last && (8 * group + j) / k->group_in == head ? slope * u[j] : 0.0f;
      }
  dh_cuda_give8 (k, pixel, group, v);
}

/* Of a key, or of its value: the pixels of its image first, first + step, … */
DH_CUDA_INLINE void
dh_cuda_keys_back_thread (const DhCudaKernel *k, bool values, int64_t item, int first, int step, double sums[8])
{
  int64_t key;
  const int group = dh_cuda_split (item, k->n_groups, &key), channels = values ? k->c : k->in_c;
  const int of_head = values ? k->group_out : k->group_in;
  const int last = 8 * group + 7 < channels ? 8 * group + 7 : channels - 1;
  const int64_t area = (int64_t)k->h * k->w, begin = key / ((int64_t)k->in_h * k->in_w) * area;
  const DhCudaRead *from = values ? &k->third : &k->in;
  for (int head = 8 * group / of_head; head <= last / of_head; head++)
    for (int64_t i = first; i < area;)
      {
        float s[8] = { 0.0f };
        for (int run = 0; run < DH_CUDA_RUN && i < area; run++, i += step)
          {
            float slope, u[8];
            const float weight = dh_cuda_attention_weight (k, begin + i, key, head, values ? NULL : &slope);
            dh_cuda_read_plain8 (from, from->type, begin + i, group, u);
            for (int j = 0; j < 8; j++)
              s[j] += (values ? weight : slope) * u[j];
          }
        DH_CUDA_UNROLL
        for (int j = 0; j < 8; j++)
          if (8 * group + j <= last && (8 * group + j) / of_head == head)
            sums[j] += s[j];
      }
}

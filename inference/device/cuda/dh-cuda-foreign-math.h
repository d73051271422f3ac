#pragma once
#include "dh-cuda-value-math.h"

/* What one item computes of operators that only networks of others have: one group of one pixel. Channels that fill the
 * last group up become 0 whatever the function. Arrays are indexed by what is known when the loops are unrolled: they
 * would lie in memory else. */

/* As dh-activation-math.h, whose kinds these are from 1 on. */
DH_CUDA_INLINE float
dh_cuda_function (int function, float alpha, float beta, float x)
{
  float gate;
  switch (function)
    {
    case 1:
      x = x < alpha ? alpha : x;
      return x > beta ? beta : x;
    case 2:
      return x < 0.0f ? alpha * x : x;
    case 3:
    case 4:
      gate = alpha * x + beta;
      gate = gate < 0.0f ? 0.0f : gate > 1.0f ? 1.0f : gate;
      return function == 4 ? x * gate : gate;
    case 5:
      return 1.0f / (1.0f + expf (-x));
    case 6:
      return x / (1.0f + expf (-x));
    case 7:
      return 0.5f * x * erfcf (-0.70710678f * x);
    case 8:
      return x / (1.0f + expf (-x * (1.5957691216f + 0.0713548163f * x * x)));
    default:
      return x;
    }
}

DH_CUDA_INLINE void
dh_cuda_end8 (const DhCudaKernel *k, int64_t pixel, int group, float v[8])
{
  for (int j = 0; j < 8; j++)
    {
      const float x = k->relu ? dh_cuda_relu (v[j]) : v[j];
      v[j] = 8 * group + j < k->c ? dh_cuda_function (k->function, k->alpha, k->beta, x) : 0.0f;
    }
  dh_cuda_store8 (k->out, (pixel * k->n_groups + group) * 8, k->type, v);
}

DH_CUDA_INLINE void
dh_cuda_gated_item (const DhCudaKernel *k, int type, int64_t item)
{
  int64_t pixel;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  float v[8];
  dh_cuda_read8 (&k->in, type, pixel, group, v);
  if (k->other.n_groups)
    {
      float z[8];
      const int64_t at = k->one_pixel ? pixel / ((int64_t)k->h * k->w) : pixel;
      dh_cuda_read8 (&k->other, k->other.type, at, k->one_channel ? 0 : group, z);
      for (int j = 0; j < 8; j++)
        v[j] *= k->one_channel ? z[0] : z[j];
    }
  dh_cuda_end8 (k, pixel, group, v);
}

/* One of eight becomes x, or is increased by it. */
DH_CUDA_INLINE void
dh_cuda_set_one (float v[8], int index, float x, bool adds)
{
  for (int j = 0; j < 8; j++)
    v[j] = j != index ? v[j] : adds ? v[j] + x : x;
}

/* One tap of a group for each channel. */
DH_CUDA_INLINE void
dh_cuda_depthwise_tap (const DhCudaKernel *k, int type, int64_t from, int group, int tap, float v[8])
{
  float u[8], w[8];
  dh_cuda_read8 (&k->in, type, from, group, u);
  dh_cuda_load8 (k->weights, ((int64_t)tap * k->n_groups + group) * 8, DH_CUDA_F32, w);
  for (int j = 0; j < 8; j++)
    v[j] += u[j] * w[j];
}

/* Of others: of the channels that any of the eight results reads, each its own. */
DH_CUDA_INLINE void
dh_cuda_grouped_tap (const DhCudaKernel *k, int type, int64_t from, int group, int tap, float v[8])
{
  const int taps = k->kernel * k->kernel, last = 8 * group + 7 < k->c ? 8 * group + 7 : k->c - 1;
  const int begin = 8 * group / k->group_out * k->group_in, end = (last / k->group_out + 1) * k->group_in;
  for (int g = begin / 8; 8 * g < end; g++)
    {
      float u[8];
      dh_cuda_read8 (&k->in, type, from, g, u);
      for (int out = 8 * group; out <= last; out++)
        {
          const int first = out / k->group_out * k->group_in;
          float sum = 0.0f;
          for (int i = 0; i < 8; i++)
            {
              const int channel = 8 * g + i - first;
              if (channel >= 0 && channel < k->group_in)
                sum += u[i] * k->weights[((int64_t)out * k->group_in + channel) * taps + tap];
            }
          dh_cuda_set_one (v, out % 8, sum, true);
        }
    }
}

DH_CUDA_INLINE void
dh_cuda_grouped_item (const DhCudaKernel *k, int type, int64_t item)
{
  int64_t pixel, row, image;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int x = dh_cuda_split (pixel, k->w, &row), y = dh_cuda_split (row, k->h, &image);
  const int64_t first = image * k->in_h * k->in_w;
  const bool depthwise = k->group_in == 1 && k->group_out == 1;
  float v[8];
  dh_cuda_load8 (k->bias, 8 * group, DH_CUDA_F32, v);
  for (int ky = 0; ky < k->kernel; ky++)
    {
      const int64_t iy = (int64_t)y * k->stride - k->padding + (int64_t)ky * k->dilation;
      for (int kx = 0; iy >= 0 && iy < k->in_h && kx < k->kernel; kx++)
        {
          const int64_t ix = (int64_t)x * k->stride - k->padding + (int64_t)kx * k->dilation;
          if (ix < 0 || ix >= k->in_w)
            continue;
          if (depthwise)
            dh_cuda_depthwise_tap (k, type, first + iy * k->in_w + ix, group, ky * k->kernel + kx, v);
          else
            dh_cuda_grouped_tap (k, type, first + iy * k->in_w + ix, group, ky * k->kernel + kx, v);
        }
    }
  dh_cuda_end8 (k, pixel, group, v);
}

/* Eight channels from any one on, of those before `end`. */
DH_CUDA_INLINE void
dh_cuda_read_from8 (const DhCudaRead *read, int type, int64_t pixel, int channel, int end, float v[8])
{
  float low[8], high[8];
  const int shift = channel % 8;
  dh_cuda_read8 (read, type, pixel, channel / 8, low);
  for (int j = 0; j < 8; j++)
    high[j] = 0.0f;
  if (shift && 8 * (channel / 8 + 1) < end)
    dh_cuda_read8 (read, type, pixel, channel / 8 + 1, high);
  for (int j = 0; j < 8; j++)
    {
      v[j] = 0.0f;
      for (int i = 0; i < 8; i++)
        {
          v[j] = i == j + shift ? low[i] : v[j];
          v[j] = i + 8 == j + shift ? high[i] : v[j];
        }
    }
}

/* Each group sums its pixel's channels for itself: they lie in a cache. */
DH_CUDA_INLINE void
dh_cuda_layer_norm_item (const DhCudaKernel *k, int type, int64_t item)
{
  int64_t pixel;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  float v[8], u[8], sum = 0.0f, squares = 0.0f;
  for (int g = 0; g < k->n_groups; g++)
    {
      dh_cuda_read8 (&k->in, type, pixel, g, v);
      for (int j = 0; j < 8; j++)
        sum += 8 * g + j < k->c ? v[j] : 0.0f;
    }
  const float mean = sum / (float)k->c;
  for (int g = 0; g < k->n_groups; g++)
    {
      dh_cuda_read8 (&k->in, type, pixel, g, v);
      for (int j = 0; j < 8; j++)
        squares += 8 * g + j < k->c ? (v[j] - mean) * (v[j] - mean) : 0.0f;
    }
  const float inverse = 1.0f / sqrtf (squares / (float)k->c + k->alpha);
  dh_cuda_read8 (&k->in, type, pixel, group, v);
  dh_cuda_load8 (k->weights, 8 * group, DH_CUDA_F32, u);
  for (int j = 0; j < 8; j++)
    v[j] = (v[j] - mean) * inverse * u[j];
  dh_cuda_load8 (k->bias, 8 * group, DH_CUDA_F32, u);
  for (int j = 0; j < 8; j++)
    v[j] += u[j];
  dh_cuda_end8 (k, pixel, group, v);
}

/* The product of a pixel's query with a key. */
DH_CUDA_INLINE float
dh_cuda_attention_product (const DhCudaKernel *k, int type, int64_t pixel, int64_t key, int head)
{
  const int begin = head * k->group_in, end = begin + k->group_in;
  float product = 0.0f;
  for (int g = begin / 8; 8 * g < end; g++)
    {
      float q[8], u[8];
      dh_cuda_read8 (&k->in, type, pixel, g, q);
      dh_cuda_read8 (&k->other, k->other.type, key, g, u);
      for (int j = 0; j < 8; j++)
        product += 8 * g + j >= begin && 8 * g + j < end ? q[j] * k->alpha * u[j] : 0.0f;
    }
  return product;
}

/* What a head makes of one group: with the largest product so far and the sums under it, key after key. */
DH_CUDA_INLINE void
dh_cuda_attend (const DhCudaKernel *k, int type, int64_t pixel, int64_t keys, int group, int head, float made[8])
{
  const int64_t n = (int64_t)k->in_h * k->in_w;
  const bool aligned = k->in_c % 8 == 0;
  float most = -INFINITY, sum = 0.0f;
  for (int j = 0; j < 8; j++)
    made[j] = 0.0f;
  for (int64_t key = keys; key < keys + n; key++)
    {
      const float product = dh_cuda_attention_product (k, type, pixel, key, head);
      float u[8];
      if (product > most)
        {
          const float factor = expf (most - product);
          most = product;
          sum *= factor;
          for (int j = 0; j < 8; j++)
            made[j] *= factor;
        }
      const float weight = expf (product - most);
      if (aligned)
        dh_cuda_read8 (&k->other, k->other.type, key, k->in_c / 8 + group, u);
      else
        dh_cuda_read_from8 (&k->other, k->other.type, key, k->in_c + 8 * group, k->in_c + k->c, u);
      sum += weight;
      for (int j = 0; j < 8; j++)
        made[j] += weight * u[j];
    }
  for (int j = 0; j < 8; j++)
    made[j] /= sum;
}

DH_CUDA_INLINE void
dh_cuda_attention_item (const DhCudaKernel *k, int type, int64_t item)
{
  int64_t pixel;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int last = 8 * group + 7 < k->c ? 8 * group + 7 : k->c - 1;
  const int64_t keys = pixel / ((int64_t)k->h * k->w) * k->in_h * k->in_w;
  float v[8] = { 0.0f };
  for (int head = 8 * group / k->group_out; head <= last / k->group_out; head++)
    {
      float made[8];
      dh_cuda_attend (k, type, pixel, keys, group, head, made);
      for (int j = 0; j < 8; j++)
        v[j] = (8 * group + j) / k->group_out == head ? made[j] : v[j];
    }
  dh_cuda_end8 (k, pixel, group, v);
}

DH_CUDA_INLINE void
dh_cuda_depth_to_space_item (const DhCudaKernel *k, int type, int64_t item)
{
  int64_t pixel, row, image;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int x = dh_cuda_split (pixel, k->w, &row), y = dh_cuda_split (row, k->h, &image), b = k->kernel;
  const int64_t from = (image * k->in_h + y / b) * k->in_w + x / b;
  float v[8] = { 0.0f };
  for (int j = 0; j < 8 && 8 * group + j < k->c; j++)
    {
      const int channel = ((8 * group + j) * b + y % b) * b + x % b;
      float u[8], value = 0.0f;
      dh_cuda_read8 (&k->in, type, from, channel / 8, u);
      for (int i = 0; i < 8; i++)
        value = i == channel % 8 ? u[i] : value;
      dh_cuda_set_one (v, j, value, false);
    }
  dh_cuda_end8 (k, pixel, group, v);
}

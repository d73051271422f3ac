#pragma once
#include "dh-cuda-foreign-math.h"
#include "dh-cuda-train-math.h"

/* The gradients of what only networks of others have, whose values stand in plain memory, their channels in order.
 * Every item gathers, so that the order of its sum is fixed. */

/* As dh_activation_slope_at(), whose kinds these are from 1 on. */
DH_CUDA_INLINE float
dh_cuda_function_slope (int function, float alpha, float beta, float x)
{
  const float gate = alpha * x + beta;
  float s, t;
  switch (function)
    {
    case 1:
      return x <= alpha || x >= beta ? 0.0f : 1.0f;
    case 2:
      return x <= 0.0f ? alpha : 1.0f;
    case 3:
      return gate <= 0.0f || gate >= 1.0f ? 0.0f : alpha;
    case 4:
      return gate <= 0.0f ? 0.0f : gate >= 1.0f ? 1.0f : gate + alpha * x;
    case 5:
      s = 1.0f / (1.0f + expf (-x));
      return s * (1.0f - s);
    case 6:
      s = 1.0f / (1.0f + expf (-x));
      return s * (1.0f + x * (1.0f - s));
    case 7:
      return 0.5f * erfcf (-0.70710678f * x) + 0.39894228f * x * expf (-0.5f * x * x);
    case 8:
      t = 1.5957691216f + 0.0713548163f * x * x;
      s = 1.0f / (1.0f + expf (-x * t));
      return s + x * s * (1.0f - s) * (t + 0.1427096326f * x * x);
    default:
      return 1.0f;
    }
}

/* v times the slope where x is what an activation read, or times x where that is the other factor of a product. */
DH_CUDA_INLINE void
dh_cuda_gated_back_item (const DhCudaKernel *k, int type, int64_t item)
{
  int64_t pixel;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int64_t at = k->one_pixel ? pixel / ((int64_t)k->h * k->w) : pixel;
  float v[8], x[8];
  dh_cuda_read_plain8 (&k->other, k->other.type, pixel, group, v);
  dh_cuda_read_plain8 (&k->in, type, at, k->one_channel ? 0 : group, x);
  for (int j = 0; j < 8; j++)
    {
      const float factor = k->function      ? dh_cuda_function_slope (k->function, k->alpha, k->beta, x[j])
                           : k->one_channel ? x[0]
                                            : x[j];
      v[j] = 8 * group + j < k->c ? v[j] * factor : 0.0f;
    }
  dh_cuda_give8 (k, pixel, group, v);
}

/* The gradient of a factor that several places of a product share: of those from first on, every step-th. */
DH_CUDA_INLINE void
dh_cuda_gate_back_thread (const DhCudaKernel *k, int type, int64_t item, int first, int step, double sums[8])
{
  int64_t place;
  const int group = dh_cuda_split (item, k->n_groups, &place), groups = (k->c + 7) / 8;
  const int64_t area = k->one_pixel ? (int64_t)k->h * k->w : 1;
  for (int g = k->one_channel ? 0 : group; g < (k->one_channel ? groups : group + 1); g++)
    for (int64_t i = first; i < area;)
      {
        float s[8] = { 0.0f };
        for (int run = 0; run < DH_CUDA_RUN && i < area; run++, i += step)
          {
            float x[8], dy[8];
            dh_cuda_read_plain8 (&k->in, type, place * area + i, g, x);
            dh_cuda_read_plain8 (&k->other, k->other.type, place * area + i, g, dy);
            for (int j = 0; j < 8; j++)
              s[j] += 8 * g + j < k->c ? x[j] * dy[j] : 0.0f;
          }
        DH_CUDA_UNROLL
        for (int j = 0; j < 8; j++)
          if (k->one_channel)
            sums[0] += s[j];
          else
            sums[j] += s[j];
      }
}

/* Of a group of one place, which is made by a block. */
DH_CUDA_INLINE void
dh_cuda_gate_back_end (const DhCudaKernel *k, int64_t item, const double sums[8])
{
  int64_t place;
  const int group = dh_cuda_split (item, k->n_groups, &place);
  float v[8];
  for (int j = 0; j < 8; j++)
    v[j] = (float)sums[j];
  dh_cuda_give8 (k, place, group, v);
}

DH_CUDA_INLINE void
dh_cuda_gate_back_item (const DhCudaKernel *k, int type, int64_t item)
{
  double sums[8] = { 0.0 };
  dh_cuda_gate_back_thread (k, type, item, 0, 1, sums);
  dh_cuda_gate_back_end (k, item, sums);
}

DH_CUDA_INLINE void
dh_cuda_depth_back_item (const DhCudaKernel *k, int64_t item)
{
  int64_t pixel, row, image;
  const int group = dh_cuda_split (item, k->n_groups, &pixel), b = k->kernel;
  const int x = dh_cuda_split (pixel, k->in_w, &row), y = dh_cuda_split (row, k->in_h, &image);
  float v[8];
  for (int j = 0; j < 8; j++)
    {
      const int channel = 8 * group + j, to = channel / (b * b), by = channel / b % b, bx = channel % b;
      v[j] = 0.0f;
      if (to >= k->c)
        continue;
      const DhCudaGroup from = k->other.groups[to / 8];
      v[j] = dh_cuda_load1 (from.base, ((image * k->h + y * b + by) * k->w + x * b + bx) * from.stride + to % 8,
                            k->other.type);
    }
  dh_cuda_give8 (k, pixel, group, v);
}

/* A convolution with a group for each channel; weights: taps × 8·n_groups. */
DH_CUDA_INLINE void
dh_cuda_depthwise_back_item (const DhCudaKernel *k, int64_t item)
{
  int64_t pixel, row, image;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int x = dh_cuda_split (pixel, k->in_w, &row), y = dh_cuda_split (row, k->in_h, &image);
  float v[8] = { 0.0f };
  for (int ky = 0; ky < k->kernel; ky++)
    {
      const int64_t down = (int64_t)y + k->padding - (int64_t)ky * k->dilation;
      if (down < 0 || down % k->stride != 0 || down / k->stride >= k->h)
        continue;
      for (int kx = 0; kx < k->kernel; kx++)
        {
          const int64_t right = (int64_t)x + k->padding - (int64_t)kx * k->dilation;
          if (right < 0 || right % k->stride != 0 || right / k->stride >= k->w)
            continue;
          float dy[8], w[8];
          dh_cuda_read_plain8 (&k->other, k->other.type, (image * k->h + down / k->stride) * k->w + right / k->stride,
                               group, dy);
          dh_cuda_load8 (k->weights, ((int64_t)(ky * k->kernel + kx) * k->n_groups + group) * 8, DH_CUDA_F32, w);
          for (int j = 0; j < 8; j++)
            v[j] += dy[j] * w[j];
        }
    }
  dh_cuda_give8 (k, pixel, group, v);
}

/* The gradient of one tap of a group, over the result's pixels first, first + step, … below last. */
DH_CUDA_INLINE void
dh_cuda_depthwise_sums_thread (const DhCudaKernel *k, int type, int at, int64_t first, int64_t last, int step,
                               double sums[8])
{
  const int group = at % k->n_groups, tap = at / k->n_groups, ky = tap / k->kernel, kx = tap % k->kernel;
  while (first < last)
    {
      float s[8] = { 0.0f };
      for (int i = 0; i < DH_CUDA_RUN && first < last; i++, first += step)
        {
          int64_t row, image;
          const int x = dh_cuda_split (first, k->w, &row), y = dh_cuda_split (row, k->h, &image);
          const int64_t iy = (int64_t)y * k->stride - k->padding + (int64_t)ky * k->dilation;
          const int64_t ix = (int64_t)x * k->stride - k->padding + (int64_t)kx * k->dilation;
          if (iy < 0 || iy >= k->in_h || ix < 0 || ix >= k->in_w)
            continue;
          float u[8], dy[8];
          dh_cuda_read_plain8 (&k->in, type, (image * k->in_h + iy) * k->in_w + ix, group, u);
          dh_cuda_read_plain8 (&k->other, k->other.type, first, group, dy);
          for (int j = 0; j < 8; j++)
            s[j] += u[j] * dy[j];
        }
      for (int j = 0; j < 8; j++)
        sums[j] += s[j];
    }
}

/* Place after place of a tap, tap after tap. */
DH_CUDA_INLINE void
dh_cuda_depthwise_end_item (const DhCudaKernel *k, int64_t item)
{
  const int taps = k->kernel * k->kernel;
  int64_t tap;
  const int channel = dh_cuda_split (item, k->n_groups * 8, &tap);
  double sums[2];
  if (channel >= k->c)
    return;
  dh_cuda_sum_slices (k->partials + item, (int64_t)taps * k->n_groups * 8, k->n_slices, 1, sums);
  if (!(sums[0] - sums[0] == 0.0))
    k->sums->overflow = 1;
  k->d_weight[(int64_t)channel * taps + tap] = (float)(sums[0] * k->step->unscale);
}

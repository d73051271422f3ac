#pragma once
#include "dh-cuda-math.h"
#include "dh-cuda-train-math.h"

/* The gradients of what reads windows: pools and resizes. Every item gathers, so that the order of its sum is fixed. */

/* The windows' places i in [first, last] along a side that may hold input place `at`. */
DH_CUDA_INLINE void
dh_cuda_windows_over (const DhCudaKernel *k, int at, int in, int out, int *first, int *last)
{
  int64_t low, high;
  if (k->mode == DH_CUDA_POOL_ADAPTIVE)
    {
      low = (int64_t)((uint32_t)at * (uint32_t)out / (uint32_t)in) - 1;
      high = ((uint32_t)(at + 1) * (uint32_t)out) / (uint32_t)in + 1;
    }
  else
    {
      low = (at + k->padding - k->kernel) / k->stride;
      high = (at + k->padding) / k->stride;
    }
  *first = low < 0 ? 0 : (int)low;
  *last = high > out - 1 ? out - 1 : (int)high;
}

/* Bit j: of channel j the window's largest element, the first of equals, is at (iy, ix). Row by row and place by place:
 * a read that is made ready for the next would cost registers that the card has not. */
DH_CUDA_INLINE uint32_t
dh_cuda_largest8 (const DhCudaKernel *k, int type, int64_t first, int y0, int y1, int x0, int x1, int iy, int ix,
                  int group)
{
  float best[8];
  uint32_t here = iy == y0 && ix == x0 ? 0xff : 0; /* where none is larger than −∞ */
  for (int j = 0; j < 8; j++)
    best[j] = -INFINITY;
  DH_CUDA_ROLLED
  for (int y = y0; y < y1; y++)
    DH_CUDA_ROLLED
  for (int x = x0; x < x1; x++)
    {
      float u[8];
      const uint32_t is_here = y == iy && x == ix;
      dh_cuda_read_in_order8 (&k->in, type, first + (int64_t)y * k->in_w + x, group, u);
      for (int j = 0; j < 8; j++)
        if (u[j] > best[j] || u[j] != u[j])
          {
            best[j] = u[j];
            here = (here & ~(1u << j)) | is_here << j;
          }
    }
  return here;
}

/* `is_max` says what `mode` says: a kernel has room for one of the two. */
DH_CUDA_INLINE void
dh_cuda_pool_back_item (const DhCudaKernel *k, int type, bool is_max, int64_t item)
{
  int64_t pixel, row, image;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int ix = dh_cuda_split (pixel, k->in_w, &row), iy = dh_cuda_split (row, k->in_h, &image);
  int oy0, oy1, ox0, ox1;
  dh_cuda_windows_over (k, iy, k->in_h, k->h, &oy0, &oy1);
  dh_cuda_windows_over (k, ix, k->in_w, k->w, &ox0, &ox1);
  float v[8] = { 0.0f };
  DH_CUDA_ROLLED
  for (int oy = oy0; oy <= oy1; oy++)
    {
      int y0, y1;
      dh_cuda_window (k, oy, k->in_h, k->h, &y0, &y1);
      if (iy < y0 || iy >= y1)
        continue;
      DH_CUDA_ROLLED
      for (int ox = ox0; ox <= ox1; ox++)
        {
          int x0, x1;
          dh_cuda_window (k, ox, k->in_w, k->w, &x0, &x1);
          if (ix < x0 || ix >= x1)
            continue;
          const uint32_t wanted =
              is_max ? dh_cuda_largest8 (k, type, image * k->in_h * k->in_w, y0, y1, x0, x1, iy, ix, group) : 0xff;
          if (!wanted)
            continue;
          const float count = is_max ? 1.0f : (float)((int64_t)(y1 - y0) * (x1 - x0));
          float dy[8];
          dh_cuda_read_plain8 (&k->other, k->other.type, (image * k->h + oy) * k->w + ox, group, dy);
          DH_CUDA_UNROLL
          for (int j = 0; j < 8; j++)
            v[j] += wanted >> j & 1 ? dy[j] / count : 0.0f;
        }
    }
  dh_cuda_give8 (k, pixel, group, v);
}

DH_CUDA_INLINE float
dh_cuda_tap_weight (const DhCudaTap *tap, int at)
{
  return (tap->a == at ? 1.0f - tap->t : 0.0f) + (tap->b == at ? tap->t : 0.0f);
}

/* v += the gradient of one row of the result on input place (iy, ix), of columns begin, begin + step, …: every place of
 * the result that reads it, gathered, so that the order of the sum is fixed. */
DH_CUDA_INLINE void
dh_cuda_resize_back_row (const DhCudaKernel *k, int64_t image, int oy, int iy, int ix, int begin, int step, int group,
                         float v[8])
{
  const float wy = dh_cuda_tap_weight (&k->rows[oy], iy);
  const int64_t first = (image * k->h + oy) * k->w;
  for (int ox = begin; ox < k->column_ranges[2 * ix + 1]; ox += step)
    {
      const float weight = wy * dh_cuda_tap_weight (&k->columns[ox], ix);
      float dy[8];
      dh_cuda_read_plain8 (&k->other, k->other.type, first + ox, group, dy);
      for (int j = 0; j < 8; j++)
        v[j] += weight * dy[j];
    }
}

DH_CUDA_INLINE void
dh_cuda_resize_back_item (const DhCudaKernel *k, int64_t item)
{
  int64_t pixel, row, image;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int ix = dh_cuda_split (pixel, k->in_w, &row), iy = dh_cuda_split (row, k->in_h, &image);
  float v[8] = { 0.0f };
  for (int oy = k->row_ranges[2 * iy]; oy < k->row_ranges[2 * iy + 1]; oy++)
    dh_cuda_resize_back_row (k, image, oy, iy, ix, k->column_ranges[2 * ix], 1, group, v);
  dh_cuda_give8 (k, pixel, group, v);
}

/* Of a gradient that a block makes: what thread t of it sums, row by row in float32. */
DH_CUDA_INLINE void
dh_cuda_resize_back_large_thread (const DhCudaKernel *k, int64_t item, int t, double sums[8])
{
  int64_t pixel, row, image;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int ix = dh_cuda_split (pixel, k->in_w, &row), iy = dh_cuda_split (row, k->in_h, &image);
  for (int oy = k->row_ranges[2 * iy]; oy < k->row_ranges[2 * iy + 1]; oy++)
    {
      float v[8] = { 0.0f };
      dh_cuda_resize_back_row (k, image, oy, iy, ix, k->column_ranges[2 * ix] + t, DH_CUDA_THREADS, group, v);
      for (int j = 0; j < 8; j++)
        sums[j] += v[j];
    }
}

DH_CUDA_INLINE void
dh_cuda_resize_back_large_end (const DhCudaKernel *k, int64_t item, const double sums[8])
{
  int64_t pixel;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  float v[8];
  for (int j = 0; j < 8; j++)
    v[j] = (float)sums[j];
  dh_cuda_give8 (k, pixel, group, v);
}

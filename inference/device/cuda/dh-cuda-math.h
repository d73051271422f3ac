#pragma once
#include "dh-cuda-value-math.h"
#include "dh-score.h"

/* What one item of each kernel computes: the same source for nvcc and, in the tests, for the C compiler. All sums are
 * in float32. */

/* N×C×H×W float, or N×H×W×C bytes → N×H×W×8·groups. */
DH_CUDA_INLINE void
dh_cuda_pack_item (const DhCudaKernel *k, int type, int64_t item)
{
  const int64_t area = (int64_t)k->h * k->w;
  int64_t pixel;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int64_t image = pixel / area, at = pixel - image * area;
  float v[8];
  for (int j = 0; j < 8; j++)
    {
      const int c = 8 * group + j;
      v[j] = c >= k->c ? 0.0f : k->rgb ? k->rgb[pixel * k->c + c] / 255.0f : k->source[(image * k->c + c) * area + at];
      if (c < k->c && k->scale)
        v[j] = v[j] * k->scale[c] + k->shift[c];
    }
  dh_cuda_store8 (k->out, item * 8, type, v);
}

DH_CUDA_INLINE void
dh_cuda_pointwise_item (const DhCudaKernel *k, int type, int64_t item)
{
  int64_t pixel;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  float v[8];
  dh_cuda_read8 (&k->in, type, pixel, group, v);
  if (k->other.n_groups)
    {
      float z[8];
      dh_cuda_read8 (&k->other, k->other.type, pixel, group, z);
      for (int j = 0; j < 8; j++)
        v[j] += z[j];
    }
  dh_cuda_write8 (k, k->type, pixel, group, v);
}

/* The window [begin, end) of output place i along a side of `in` values. Sides are at most DH_CUDA_MAX_SIDE, so 32 bits
 * hold every product. */
DH_CUDA_INLINE void
dh_cuda_window (const DhCudaKernel *k, int i, int in, int out, int *begin, int *end)
{
  if (k->mode == DH_CUDA_POOL_ADAPTIVE)
    {
      *begin = (int)((uint32_t)i * (uint32_t)in / (uint32_t)out);
      *end = (int)(((uint32_t)(i + 1) * (uint32_t)in + (uint32_t)out - 1) / (uint32_t)out);
      return;
    }
  const int64_t start = (int64_t)i * k->stride - k->padding;
  *begin = start < 0 ? 0 : (int)start;
  *end = start + k->kernel > in ? in : (int)(start + k->kernel);
}

DH_CUDA_INLINE void
dh_cuda_pool_item (const DhCudaKernel *k, int type, int64_t item)
{
  int64_t pixel;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  int64_t row, image;
  const int x = dh_cuda_split (pixel, k->w, &row), y = dh_cuda_split (row, k->h, &image);
  const int64_t first = image * k->in_h * k->in_w;
  int y0, y1, x0, x1;
  dh_cuda_window (k, y, k->in_h, k->h, &y0, &y1);
  dh_cuda_window (k, x, k->in_w, k->w, &x0, &x1);
  const bool is_max = k->mode == DH_CUDA_POOL_MAX;
  float v[8];
  for (int j = 0; j < 8; j++)
    v[j] = is_max ? -INFINITY : 0.0f;
  for (int iy = y0; iy < y1; iy++)
    for (int ix = x0; ix < x1; ix++)
      {
        float u[8];
        dh_cuda_read8 (&k->in, type, first + (int64_t)iy * k->in_w + ix, group, u);
        for (int j = 0; j < 8; j++)
          v[j] = !is_max ? v[j] + u[j] : u[j] > v[j] || u[j] != u[j] ? u[j] : v[j];
      }
  const float count = (float)((int64_t)(y1 - y0) * (x1 - x0));
  for (int j = 0; !is_max && j < 8; j++)
    v[j] /= count;
  dh_cuda_scale_result8 (k, group, v);
  dh_cuda_write8 (k, type, pixel, group, v);
}

/* Of a mean that a block makes: what thread t of it sums. */
DH_CUDA_INLINE void
dh_cuda_pool_large_thread (const DhCudaKernel *k, int type, int64_t item, int t, float v[8])
{
  int64_t pixel, row, image;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int x = dh_cuda_split (pixel, k->w, &row), y = dh_cuda_split (row, k->h, &image);
  const int64_t first = image * k->in_h * k->in_w;
  int y0, y1, x0, x1;
  dh_cuda_window (k, y, k->in_h, k->h, &y0, &y1);
  dh_cuda_window (k, x, k->in_w, k->w, &x0, &x1);
  const int width = x1 - x0, count = (y1 - y0) * width;
  for (int j = 0; j < 8; j++)
    v[j] = 0.0f;
  for (int i = t; i < count; i += DH_CUDA_THREADS)
    {
      float u[8];
      dh_cuda_read8 (&k->in, type, first + (int64_t)(y0 + i / width) * k->in_w + x0 + i % width, group, u);
      for (int j = 0; j < 8; j++)
        v[j] += u[j];
    }
}

/* The sums of all of them → the mean. */
DH_CUDA_INLINE void
dh_cuda_pool_large_end (const DhCudaKernel *k, int type, int64_t item, float v[8])
{
  int64_t pixel, row, image;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int x = dh_cuda_split (pixel, k->w, &row), y = dh_cuda_split (row, k->h, &image);
  int y0, y1, x0, x1;
  dh_cuda_window (k, y, k->in_h, k->h, &y0, &y1);
  dh_cuda_window (k, x, k->in_w, k->w, &x0, &x1);
  const float count = (float)((int64_t)(y1 - y0) * (x1 - x0));
  for (int j = 0; j < 8; j++)
    v[j] /= count;
  dh_cuda_scale_result8 (k, group, v);
  dh_cuda_write8 (k, type, pixel, group, v);
}

DH_CUDA_INLINE void
dh_cuda_resize_item (const DhCudaKernel *k, int type, int64_t item)
{
  int64_t pixel;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const DhCudaCorners corners = dh_cuda_corners (k, pixel);
  float v[8] = { 0.0f };
  dh_cuda_add_corners8 (&k->in, type, &corners, false, group, v);
  if (k->other.n_groups)
    {
      float z[8];
      dh_cuda_read8 (&k->other, k->other.type, pixel, group, z);
      for (int j = 0; j < 8; j++)
        v[j] += z[j];
    }
  dh_cuda_scale_result8 (k, group, v);
  dh_cuda_write8 (k, k->type, pixel, group, v);
}

/* A 1×1 convolution to few channels, its result in float32: all of a pixel, so that what it reads is read and brought
 * through norm and ReLU once, and of the pixel behind it, so that each weight is loaded for both. A load that the
 * threads of a warp have in common takes as long as sixteen of their products, of which there are but four for each
 * where pixels are made one by one. Not with places. `groups` of the result, a constant of each kernel. */
DH_CUDA_INLINE void
dh_cuda_head_item (const DhCudaKernel *k, int type, int64_t item, int groups)
{
  const int64_t first = DH_CUDA_HEAD_PIXELS * item, left = (int64_t)k->n * k->h * k->w - first;
  const int count = left < DH_CUDA_HEAD_PIXELS ? (int)left : DH_CUDA_HEAD_PIXELS;
  float v[DH_CUDA_HEAD_PIXELS][DH_CUDA_HEAD_GROUPS][8], u[DH_CUDA_HEAD_PIXELS][8];
  DH_CUDA_UNROLL
  for (int p = 0; p < DH_CUDA_HEAD_PIXELS; p++)
    DH_CUDA_UNROLL
  for (int group = 0; group < groups; group++)
    dh_cuda_load8 (k->bias, 8 * group, DH_CUDA_F32, v[p][group]);
  for (int g = 0; g < k->in.n_groups; g++)
    {
      DH_CUDA_UNROLL
      for (int p = 0; p < DH_CUDA_HEAD_PIXELS; p++)
        dh_cuda_read_in_order8 (&k->in, type, first + (p < count ? p : 0), g, u[p]);
      DH_CUDA_UNROLL
      for (int i = 0; i < 8; i++)
        {
          const float *w = k->weights + (int64_t)(8 * g + i) * groups * 8;
          DH_CUDA_UNROLL
          for (int group = 0; group < groups; group++)
            {
              float row[8];
              dh_cuda_load8 (w, 8 * group, DH_CUDA_F32, row);
              DH_CUDA_UNROLL
              for (int p = 0; p < DH_CUDA_HEAD_PIXELS; p++)
                for (int j = 0; j < 8; j++)
                  v[p][group][j] += u[p][i] * row[j];
            }
        }
    }
  DH_CUDA_UNROLL
  for (int p = 0; p < DH_CUDA_HEAD_PIXELS; p++)
    DH_CUDA_UNROLL
  for (int group = 0; group < groups; group++)
    if (p < count)
      dh_cuda_write8 (k, k->type, first + p, group, v[p][group]);
}

/* The sum of what a 3×3 convolution's taps make of nine pixels. */
DH_CUDA_INLINE void
dh_cuda_taps_item (const DhCudaKernel *k, int type, int64_t item)
{
  int64_t pixel, row, image;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int x = dh_cuda_split (pixel, k->w, &row) - k->padding, y = dh_cuda_split (row, k->h, &image) - k->padding;
  const int64_t first = image * k->in_h * k->in_w;
  float v[8];
  dh_cuda_load8 (k->bias, 8 * group, DH_CUDA_F32, v);
  DH_CUDA_UNROLL
  for (int tap = 0; tap < 9; tap++)
    {
      const int iy = y + tap / 3 * k->stride, ix = x + tap % 3 * k->stride;
      float u[8] = { 0.0f };
      if (iy >= 0 && iy < k->in_h && ix >= 0 && ix < k->in_w)
        dh_cuda_read8 (&k->in, type, first + (int64_t)iy * k->in_w + ix, tap * k->n_groups + group, u);
      for (int j = 0; j < 8; j++)
        v[j] += u[j];
    }
  dh_cuda_write8 (k, k->type, pixel, group, v);
}

/* Eight logits of one pixel. */
DH_CUDA_INLINE void
dh_cuda_logits8 (const DhCudaRead *read, int type, const DhCudaCorners *corners, int group, float v[8])
{
  const DhCudaGroup from = read->groups[group];
  for (int j = 0; j < 8; j++)
    v[j] = 0.0f;
  for (int i = 0; i < 4; i++)
    {
      float u[8];
      dh_cuda_load8 (from.base, corners->pixel[i] * from.stride, type, u);
      for (int j = 0; j < 8; j++)
        v[j] += corners->weight[i] * u[j];
    }
}

/* The last upsampling and every map of one pixel. The order of `maps` is that of DhMap. */
DH_CUDA_INLINE void
dh_cuda_score_item (const DhCudaKernel *k, int type, int64_t pixel)
{
  const int64_t area = (int64_t)k->h * k->w, image = pixel / area, at = pixel % area;
  const DhCudaCorners corners = dh_cuda_corners (k, pixel);
  DhScore score = dh_score_begin (0.0f);
  if (k->in.n_groups)
    {
      float *logits = (float *)k->maps[7];
      for (int group = 0; 8 * group < k->c; group++)
        {
          float f[8];
          dh_cuda_logits8 (&k->in, type, &corners, group, f);
          for (int j = 0; j < 8 && 8 * group + j < k->c; j++)
            {
              const int c = 8 * group + j;
              if (logits)
                logits[(image * k->c + c) * area + at] = f[j];
              if (c == 0)
                score = dh_score_begin (f[j]);
              else
                dh_score_add (&score, f[j], c);
            }
        }
      if (k->maps[0])
        ((uint8_t *)k->maps[0])[pixel] = (uint8_t)score.argmax;
      if (k->maps[1])
        ((float *)k->maps[1])[pixel] = dh_score_likelihood (&score);
      if (k->maps[4])
        ((float *)k->maps[4])[pixel] = dh_score_max_softmax (&score);
      if (k->maps[5])
        ((float *)k->maps[5])[pixel] = dh_score_max_logit (&score);
      if (k->maps[6])
        ((float *)k->maps[6])[pixel] = dh_score_entropy (&score);
    }
  if (k->other.n_groups)
    {
      float g[8];
      dh_cuda_logits8 (&k->other, k->other.type, &corners, 0, g);
      const float g0 = g[0], g1 = g[1];
      float *logits = (float *)k->maps[8];
      if (logits)
        {
          logits[(image * 2) * area + at] = g0;
          logits[(image * 2 + 1) * area + at] = g1;
        }
      if (k->maps[2])
        ((float *)k->maps[2])[pixel] = dh_score_dataset_posterior (g0, g1);
      if (k->maps[3])
        ((float *)k->maps[3])[pixel] = dh_score_hybrid (&score, g0, g1);
    }
}

DH_CUDA_INLINE void
dh_cuda_unpack_item (const DhCudaKernel *k, int type, int64_t item)
{
  const int64_t pixel = item % ((int64_t)k->n * k->h * k->w), area = (int64_t)k->h * k->w;
  const int group = (int)(item / ((int64_t)k->n * k->h * k->w));
  float v[8];
  dh_cuda_read8 (&k->in, type, pixel, group, v);
  for (int j = 0; j < 8 && 8 * group + j < k->c; j++)
    ((float *)k->out)[(pixel / area * k->c + 8 * group + j) * area + pixel % area] = v[j];
}

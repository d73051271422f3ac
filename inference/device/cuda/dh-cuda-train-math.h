#pragma once
#include "dh-adam-math.h"
#include "dh-cuda-math.h"

/* What one item, or one thread of a reduction, of each kernel of training computes. The sums of a thread run in float32
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
  const int at = dh_cuda_split (rest, area, &o);
  for (int j = 0; j < 8; j++)
    {
      const int i = k->channels[8 * group + j];
      v[j] = i >= 0 && o < k->c ? k->weights[(o * k->in_c + i) * area + at] : 0.0f;
    }
  dh_cuda_store8 (k->out, item * 8, k->type, v);
}

DH_CUDA_INLINE void
dh_cuda_weights_out_item (const DhCudaKernel *k, int64_t item)
{
  const int area = k->kernel * k->kernel;
  int64_t rest, o;
  const int at = dh_cuda_split (item, area, &rest), i = dh_cuda_split (rest, k->in_c, &o);
  const float v = dh_cuda_load1 (k->packed, (o * area + at) * k->n_groups * 8 + k->channels[i], k->type);
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
      dh_cuda_read8 (&k->in, type, pixels * i / SAMPLES, group, v);
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
          dh_cuda_read8 (&k->in, type, first, group, v);
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

/* Σ over slices of sums[place], the first or second of each. */
DH_CUDA_INLINE double
dh_cuda_partials (const DhCudaKernel *k, int64_t place, int which)
{
  double sum = 0.0;
  for (int s = 0; s < k->n_slices; s++)
    sum += k->partials[((int64_t)s * k->n_groups * 8 + place) * 2 + which];
  return sum;
}

DH_CUDA_INLINE void
dh_cuda_stats_end_item (const DhCudaKernel *k, int type, int64_t place)
{
  const double count = (double)((int64_t)k->n * k->h * k->w);
  float pivot[8];
  dh_cuda_pivot8 (k, type, (int)(place / 8), pivot);
  const double off = dh_cuda_partials (k, place, 0) / count;
  const double variance = dh_cuda_partials (k, place, 1) / count - off * off;
  k->statistics[2 * place] = pivot[place % 8] + off;
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
  const double sum = dh_cuda_partials (k, place, 0), product = dh_cuda_partials (k, place, 1);
  if (channel < 0)
    return;
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

/* The windows' places i in [first, last] along a side that may hold input place `at`. */
DH_CUDA_INLINE void
dh_cuda_windows_over (const DhCudaKernel *k, int at, int in, int out, int *first, int *last)
{
  int64_t low, high;
  if (k->mode == DH_CUDA_POOL_ADAPTIVE)
    {
      low = (int64_t)at * out / in - 1;
      high = ((int64_t)(at + 1) * out) / in + 1;
    }
  else
    {
      low = ((int64_t)at + k->padding - k->kernel) / k->stride;
      high = ((int64_t)at + k->padding) / k->stride;
    }
  *first = low < 0 ? 0 : (int)low;
  *last = high > out - 1 ? out - 1 : (int)high;
}

/* v[j] += dy[j] where the window's largest element, the first of equals, is at (iy, ix). */
DH_CUDA_INLINE void
dh_cuda_max_back (const DhCudaKernel *k, int type, int64_t first, int y0, int y1, int x0, int x1, int iy, int ix,
                  int group, const float dy[8], float v[8])
{
  float best[8];
  bool here[8];
  dh_cuda_read8 (&k->in, type, first + (int64_t)y0 * k->in_w + x0, group, best);
  for (int j = 0; j < 8; j++)
    here[j] = iy == y0 && ix == x0;
  for (int y = y0; y < y1; y++)
    for (int x = x0; x < x1; x++)
      {
        float u[8];
        dh_cuda_read8 (&k->in, type, first + (int64_t)y * k->in_w + x, group, u);
        for (int j = 0; j < 8; j++)
          if (u[j] > best[j] || u[j] != u[j])
            {
              best[j] = u[j];
              here[j] = y == iy && x == ix;
            }
      }
  for (int j = 0; j < 8; j++)
    v[j] += here[j] ? dy[j] : 0.0f;
}

DH_CUDA_INLINE void
dh_cuda_pool_back_item (const DhCudaKernel *k, int type, int64_t item)
{
  int64_t pixel, row, image;
  const int group = dh_cuda_split (item, k->n_groups, &pixel);
  const int ix = dh_cuda_split (pixel, k->in_w, &row), iy = dh_cuda_split (row, k->in_h, &image);
  int oy0, oy1, ox0, ox1;
  dh_cuda_windows_over (k, iy, k->in_h, k->h, &oy0, &oy1);
  dh_cuda_windows_over (k, ix, k->in_w, k->w, &ox0, &ox1);
  float v[8] = { 0.0f };
  for (int oy = oy0; oy <= oy1; oy++)
    {
      int y0, y1;
      dh_cuda_window (k, oy, k->in_h, k->h, &y0, &y1);
      for (int ox = ox0; iy >= y0 && iy < y1 && ox <= ox1; ox++)
        {
          int x0, x1;
          dh_cuda_window (k, ox, k->in_w, k->w, &x0, &x1);
          if (ix < x0 || ix >= x1)
            continue;
          float dy[8];
          dh_cuda_read8 (&k->other, k->other.type, (image * k->h + oy) * k->w + ox, group, dy);
          if (k->mode == DH_CUDA_POOL_MAX)
            dh_cuda_max_back (k, type, image * k->in_h * k->in_w, y0, y1, x0, x1, iy, ix, group, dy, v);
          else
            for (int j = 0; j < 8; j++)
              v[j] += dy[j] / (float)((int64_t)(y1 - y0) * (x1 - x0));
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
      dh_cuda_read8 (&k->other, k->other.type, first + ox, group, dy);
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
  double sum = 0.0;
  for (int s = 0; s < k->n_slices; s++)
    sum += k->partials[4 * (int64_t)s + item];
  *(item == 0   ? &k->sums->segmentation
    : item == 1 ? &k->sums->likelihood
    : item == 2 ? &k->sums->posterior
                : &k->sums->logits) = sum;
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

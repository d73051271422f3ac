#pragma once
#include "dh-cuda-value-math.h"

/* What a probe computes: noise for what a convolution reads, and some values of its result beside the plain sums that
 * they should be. The same source for nvcc and, in the tests, for the C compiler. */

DH_CUDA_INLINE uint32_t
dh_cuda_hash (int64_t number, uint32_t of)
{
  uint32_t hash = (uint32_t)number * 0x9e3779b1u ^ (uint32_t)(number >> 32) * 0x85ebca6bu ^ of;
  hash = (hash ^ hash >> 16) * 0x85ebca6bu;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
  return hash ^ hash >> 16;
}

DH_CUDA_INLINE void
dh_cuda_noise_item (const DhCudaKernel *k, int type, int64_t item)
{
  float v[8];
  DH_CUDA_UNROLL
  for (int j = 0; j < 8; j++)
    v[j] = k->mode == DH_CUDA_NOISE_NAN ? NAN : (float)(int32_t)dh_cuda_hash (8 * item + j, 1) * 0x1p-31f;
  dh_cuda_store8 (k->out, 8 * item, type, v);
}

/* A value of the result: image, row, column and channel of a picture, or of the weights. */
typedef struct
{
  int64_t at;
  int image, row, column, channel;
} DhCudaPlaceOfProbe;

/* Channels in turn, anywhere; a quarter of them in the first and last rows, a quarter in such columns. */
DH_CUDA_INLINE DhCudaPlaceOfProbe
dh_cuda_probe_place (const DhCudaConvSpec *s, int sample)
{
  const int weights = s->direction == DH_CUDA_CONV_WEIGHTS, data = s->direction == DH_CUDA_CONV_DATA;
  const int images = weights ? s->out : s->n, height = weights ? s->kernel : data ? s->h : s->out_h;
  const int width = weights ? s->kernel : data ? s->w : s->out_w, channels = weights || data ? s->in : s->out;
  const uint32_t where = dh_cuda_hash (sample, 2), any_row = dh_cuda_hash (sample, 3),
                 any_column = dh_cuda_hash (sample, 4);
  DhCudaPlaceOfProbe place;
  place.image = (int)(dh_cuda_hash (sample, 5) % (uint32_t)images);
  place.row = (int)(any_row % (uint32_t)height);
  place.column = (int)(any_column % (uint32_t)width);
  if (where % 4 == 0)
    place.row = any_row & 1 ? height - 1 : 0;
  else if (where % 4 == 1)
    place.column = any_column & 1 ? width - 1 : 0;
  place.channel = sample % channels;
  place.at = (((int64_t)place.image * height + place.row) * width + place.column) * channels + place.channel;
  return place;
}

/* What a sum consists of, in steps of which each part takes as many: a group of a tap, or a pixel. */
DH_CUDA_INLINE int64_t
dh_cuda_probe_steps (const DhCudaConvSpec *s)
{
  if (s->direction == DH_CUDA_CONV_WEIGHTS)
    return (int64_t)s->n * s->out_h * s->out_w;
  return (int64_t)s->kernel * s->kernel * (s->direction == DH_CUDA_CONV_DATA ? s->out : s->in) / DH_CUDA_GROUP;
}

DH_CUDA_INLINE void
dh_cuda_probe_add (double sums[2], double term)
{
  sums[0] += term;
  sums[1] += term * term;
}

/* y at the place: a group of x's channels under one tap. */
DH_CUDA_INLINE void
dh_cuda_probe_forward (const DhCudaProbe *p, int type, const DhCudaPlaceOfProbe *place, int64_t step, double sums[2])
{
  const DhCudaConvSpec *s = &p->spec;
  int64_t tap, ky;
  const int group = dh_cuda_split (step, s->in / DH_CUDA_GROUP, &tap), kx = dh_cuda_split (tap, s->kernel, &ky);
  const int64_t row = (int64_t)place->row * s->stride - s->padding + ky * s->dilation;
  const int64_t column = (int64_t)place->column * s->stride - s->padding + (int64_t)kx * s->dilation;
  if (row < 0 || row >= s->h || column < 0 || column >= s->w)
    return;
  float x[8], w[8];
  dh_cuda_load8 (p->memory.x, (((int64_t)place->image * s->h + row) * s->w + column) * s->in + 8 * group, type, x);
  dh_cuda_load8 (p->memory.w, ((int64_t)place->channel * s->kernel * s->kernel + tap) * s->in + 8 * group, type, w);
  DH_CUDA_UNROLL
  for (int j = 0; j < 8; j++)
    dh_cuda_probe_add (sums, (double)x[j] * (double)w[j]);
}

/* x at the place: a group of y's channels that a tap brings there. */
DH_CUDA_INLINE void
dh_cuda_probe_data (const DhCudaProbe *p, int type, const DhCudaPlaceOfProbe *place, int64_t step, double sums[2])
{
  const DhCudaConvSpec *s = &p->spec;
  int64_t tap, ky;
  const int group = dh_cuda_split (step, s->out / DH_CUDA_GROUP, &tap), kx = dh_cuda_split (tap, s->kernel, &ky);
  const int64_t down = (int64_t)place->row + s->padding - ky * s->dilation;
  const int64_t right = (int64_t)place->column + s->padding - (int64_t)kx * s->dilation;
  const int64_t row = down / s->stride, column = right / s->stride;
  if (down < 0 || right < 0 || down % s->stride || right % s->stride || row >= s->out_h || column >= s->out_w)
    return;
  float y[8];
  dh_cuda_load8 (p->memory.y, (((int64_t)place->image * s->out_h + row) * s->out_w + column) * s->out + 8 * group, type,
                 y);
  DH_CUDA_UNROLL
  for (int j = 0; j < 8; j++)
    {
      const int64_t at = ((int64_t)(8 * group + j) * s->kernel * s->kernel + tap) * s->in + place->channel;
      dh_cuda_probe_add (sums, (double)y[j] * (double)dh_cuda_load1 (p->memory.w, at, type));
    }
}

/* w at the place: a pixel of y and what was read of x for it. */
DH_CUDA_INLINE void
dh_cuda_probe_weights (const DhCudaProbe *p, int type, const DhCudaPlaceOfProbe *place, int64_t step, double sums[2])
{
  const DhCudaConvSpec *s = &p->spec;
  int64_t above, image;
  const int x = dh_cuda_split (step, s->out_w, &above), y = dh_cuda_split (above, s->out_h, &image);
  const int64_t row = (int64_t)y * s->stride - s->padding + (int64_t)place->row * s->dilation;
  const int64_t column = (int64_t)x * s->stride - s->padding + (int64_t)place->column * s->dilation;
  if (row < 0 || row >= s->h || column < 0 || column >= s->w)
    return;
  const double dy = dh_cuda_load1 (p->memory.y, step * s->out + place->image, type);
  dh_cuda_probe_add (
      sums,
      dy * (double)dh_cuda_load1 (p->memory.x, ((image * s->h + row) * s->w + column) * s->in + place->channel, type));
}

DH_CUDA_INLINE void
dh_cuda_probe_item (const DhCudaKernel *k, int type, int64_t item)
{
  const DhCudaProbe *p = &k->probe;
  const DhCudaConvSpec *s = &p->spec;
  int64_t sample;
  const int part = dh_cuda_split (item, p->n_parts ? p->n_parts : 1, &sample);
  const DhCudaPlaceOfProbe place = dh_cuda_probe_place (s, (int)sample);
  if (part == 0)
    p->values[sample] = dh_cuda_load1 (s->direction == DH_CUDA_CONV_FORWARD ? p->memory.y
                                       : s->direction == DH_CUDA_CONV_DATA  ? p->memory.x
                                                                            : p->memory.w,
                                       place.at, type);
  if (p->n_parts == 0)
    return;
  double sums[2] = { 0.0, 0.0 };
  const int64_t steps = dh_cuda_probe_steps (s), end = steps * (part + 1) / p->n_parts;
  for (int64_t step = steps * part / p->n_parts; step < end; step++)
    if (s->direction == DH_CUDA_CONV_FORWARD)
      dh_cuda_probe_forward (p, type, &place, step, sums);
    else if (s->direction == DH_CUDA_CONV_DATA)
      dh_cuda_probe_data (p, type, &place, step, sums);
    else
      dh_cuda_probe_weights (p, type, &place, step, sums);
  if (part == 0 && s->z)
    dh_cuda_probe_add (sums, (double)dh_cuda_load1 (p->memory.z, place.at, type));
  if (part == 0 && s->bias)
    dh_cuda_probe_add (sums, (double)dh_cuda_load1 (p->memory.bias, place.channel, type));
  p->sums[2 * item] = sums[0];
  p->sums[2 * item + 1] = sums[1];
}

#include "dh-simd-train.h"
#include "dh-simd-winograd.h"

/* Weights as the matrix kernels read them, which the optimiser moves in every step, and gradients back from the 36
 * places of Winograd's kernel. */

/* Input channels of so many planes as the matrix kernels read them: in bfloat16 in whole panels. */
static gint
whole_channels (const DhCpuFilters *f, gint planes)
{
  return dh_cpu_whole_panels (planes, f->bf16 ? DH_PANEL_BF16 : 1) * DH_LANES;
}

/* A lane's way from f->weight, by plane of the result; −1: no channel. */
static void
find_lanes (const DhCpuFilters *f, gint plane, gssize offsets[DH_LANES])
{
  for (gint lane = 0; lane < DH_LANES; lane++)
    {
      const gint out = f->outs[plane * DH_LANES + lane];
      offsets[lane] = out < 0 ? -1 : (gssize)(out * f->out_stride);
    }
}

DH_INLINE DhVec
weights_of (const DhCpuFilters *f, gint i, const gssize offsets[DH_LANES])
{
  DhVec v = { 0 };
  if (f->ins[i] < 0)
    return v;
  const float *w = f->weight + f->ins[i] * f->in_stride;
  for (gint lane = 0; lane < DH_LANES; lane++)
    v[lane] = offsets[lane] < 0 ? 0 : w[offsets[lane]];
  return v;
}

/* The order of dh-kernel-conv1x1.c: a run of input planes, two output planes, input channel, output channel. */
void
dh_pack_1x1 (const DhCpuFilters *f, gint item)
{
  const gint o0 = 2 * item, pair = MIN (2, f->out_planes - o0);
  const gint once = f->bf16 ? 2 : 1; /* input channels that stand together */
  gssize offsets[2][DH_LANES];
  for (gint o = 0; o < pair; o++)
    find_lanes (f, o0 + o, offsets[o]);
  for (gint plane0 = 0; plane0 < f->in_planes; plane0 += f->run)
    {
      const gint first = plane0 * DH_LANES, n = MIN (f->run, f->in_planes - plane0) * DH_LANES;
      const gint whole = whole_channels (f, n / DH_LANES);
      float *to = f->packed + (gsize)first / once * f->out_planes * DH_LANES + (gsize)o0 * DH_LANES * (whole / once);
      for (gint i = first; i < first + n; i += once)
        for (gint o = 0; o < pair; o++, to += DH_LANES)
          {
#ifdef __AVX512BF16__
            if (f->bf16)
              {
                dh_store_pairs_bf16 (to, weights_of (f, i, offsets[o]), weights_of (f, i + 1, offsets[o]));
                continue;
              }
#endif
            dh_store (to, weights_of (f, i, offsets[o]));
          }
      memset (to, 0, (gsize)(whole - n) / once * pair * DH_LANES * sizeof *to);
    }
}

/* Of the place `i` of the input and a plane of the result; 0 where one is no channel. */
static void
transform_filters (const DhCpuFilters *f, gint i, gint plane, DhVec u[36])
{
  double taps[9][DH_LANES] = { { 0 } };
  for (gint lane = 0; lane < DH_LANES; lane++)
    {
      const gint from = f->ins[i], out = f->outs[plane * DH_LANES + lane];
      if (from < 0 || out < 0)
        continue;
      const float *w = f->weight + from * f->in_stride + out * f->out_stride;
      for (gint k = 0; k < 9; k++)
        taps[k][lane] = w[f->turned ? 8 - k : k];
    }
  DhVecDouble g[9];
  memcpy (g, taps, sizeof g);
  dh_winograd_filter (g, u);
}

/* The order of dh-kernel-winograd.c: place of the 36, two output planes, input channel, output channel. */
void
dh_pack_filters (const DhCpuFilters *f, gint item)
{
  const gint o0 = 2 * item, pair = MIN (2, f->out_planes - o0), ins = f->in_planes * DH_LANES;
  const gint whole = whole_channels (f, f->in_planes);
  const gint once = f->bf16 ? 2 : 1; /* input channels that stand together */
  const gsize stride = (gsize)whole / once * f->out_planes * DH_LANES;
  float *to = f->packed + (gsize)o0 * DH_LANES * (whole / once);
  for (gint i = 0; i < ins; i += once)
    for (gint o = 0; o < pair; o++, to += DH_LANES)
      {
        DhVec u[36];
        transform_filters (f, i, o0 + o, u);
#ifdef __AVX512BF16__
        if (f->bf16)
          {
            DhVec next[36];
            transform_filters (f, i + 1, o0 + o, next);
            for (gint k = 0; k < 36; k++)
              dh_store_pairs_bf16 (to + k * stride, u[k], next[k]);
            continue;
          }
#endif
        for (gint k = 0; k < 36; k++)
          dh_store (to + k * stride, u[k]);
      }
  for (gint k = 0; k < 36; k++)
    memset (to + k * stride, 0, (gsize)(whole - ins) / once * pair * DH_LANES * sizeof *to);
}

void
dh_unpack_filters (const DhCpuFilters *f, gint item)
{
  const gsize block = DH_LANES * DH_LANES, stride = f->in_planes * f->out_planes * block;
  for (gint i = 0; i < DH_LANES; i++)
    for (gint o = 0; o < f->out_planes; o++)
      {
        const gint in = f->ins[item * DH_LANES + i];
        const float *from = f->packed + ((gsize)item * f->out_planes + o) * block + i * DH_LANES;
        DhVec m[36], taps[9];
        if (in < 0)
          continue;
        for (gint k = 0; k < 36; k++)
          {
            m[k] = dh_load (from + k * stride);
            for (gint part = 1; part < f->parts; part++)
              m[k] += dh_load (from + k * stride + part * f->part_stride);
          }
        dh_winograd_filter_back (m, taps);
        for (gint lane = 0; lane < DH_LANES; lane++)
          {
            const gint out = f->outs[o * DH_LANES + lane];
            float *w = f->weight + in * f->in_stride + MAX (out, 0) * f->out_stride;
            for (gint k = 0; k < 9 && out >= 0; k++)
              w[k] += (float)(f->factor * taps[k][lane]);
          }
      }
}

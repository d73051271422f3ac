#include "dh-simd-train.h"
#include "dh-simd-winograd.h"

/* Weights as the matrix kernels read them, which the optimiser moves in every step, and gradients back from the 36
 * places of Winograd's kernel. */

#define A ((float)DH_WINOGRAD_A)
#define B ((float)DH_WINOGRAD_B)

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

/* Gᵀ m of six. */
DH_INLINE void
filter_line_back (const DhVec m[6], DhVec to[3])
{
  const DhVec a = (float)DH_WINOGRAD_GA * (m[1] + m[2]), b = (float)DH_WINOGRAD_GB * (m[3] + m[4]);
  to[0] = (float)DH_WINOGRAD_G0 * m[0] + a + b;
  to[1] =
      (float)(DH_WINOGRAD_GA * DH_WINOGRAD_A) * (m[1] - m[2]) + (float)(DH_WINOGRAD_GB * DH_WINOGRAD_B) * (m[3] - m[4]);
  to[2] = (A * A) * a + (B * B) * b + m[5];
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
        DhVec t[3][6];
        if (in < 0)
          continue;
        for (gint j = 0; j < 6; j++)
          {
            DhVec column[6], line[3];
            for (gint k = 0; k < 6; k++)
              {
                column[k] = dh_load (from + (k * 6 + j) * stride);
                for (gint part = 1; part < f->parts; part++)
                  column[k] += dh_load (from + (k * 6 + j) * stride + part * f->part_stride);
              }
            filter_line_back (column, line);
            for (gint k = 0; k < 3; k++)
              t[k][j] = line[k];
          }
        for (gint k = 0; k < 3; k++)
          {
            DhVec line[3];
            filter_line_back (t[k], line);
            for (gint lane = 0; lane < DH_LANES; lane++)
              {
                const gint out = f->outs[o * DH_LANES + lane];
                float *w = f->weight + in * f->in_stride + MAX (out, 0) * f->out_stride + k * 3;
                for (gint j = 0; j < 3 && out >= 0; j++)
                  w[j] += (float)(f->factor * line[j][lane]);
              }
          }
      }
}

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

/* Channels of a plane, one behind the other. */
DH_INLINE gboolean
in_order (const gint *channels)
{
  gboolean order = channels[0] >= 0;
  for (gint lane = 1; lane < DH_LANES; lane++)
    order &= channels[lane] == channels[0] + lane;
  return order;
}

/* The weights of a plane of the input by one of the result: input channel, tap, lane; 0 where one is no channel. */
static void
load_block (const DhCpuFilters *f, gint in_plane, gint out_plane, gint taps, float *block)
{
  const gint *ins = f->ins + in_plane * DH_LANES, *outs = f->outs + out_plane * DH_LANES;
#ifdef __AVX512F__
  if ((gint)f->in_stride == taps && in_order (ins) && in_order (outs))
    {
      const float *from = f->weight + ins[0] * f->in_stride + outs[0] * f->out_stride;
      for (gint i = 0; i < taps * DH_LANES; i += DH_LANES)
        dh_turn_block (from + i, f->out_stride, block + i * DH_LANES);
      return;
    }
#endif
  for (gint i = 0; i < DH_LANES; i++, block += taps * DH_LANES)
    for (gint lane = 0; lane < DH_LANES; lane++)
      {
        const gboolean is = ins[i] >= 0 && outs[lane] >= 0;
        const float *w = is ? f->weight + ins[i] * f->in_stride + outs[lane] * f->out_stride : NULL;
        for (gint tap = 0; tap < taps; tap++)
          block[tap * DH_LANES + lane] = is ? w[tap] : 0;
      }
}

/* Of a pair of output planes, one behind the other in `blocks`. */
static void
load_blocks (const DhCpuFilters *f, gint in_plane, gint out_plane, gint pair, gint taps, float *blocks)
{
  for (gint o = 0; o < pair; o++)
    load_block (f, in_plane, out_plane + o, taps, blocks + o * taps * DH_LANES * DH_LANES);
}

#define MOST_TAPS DH_MOST_PIECES

/* The order of dh-kernel-conv1x1.c, tap by tap: a run of input planes, two output planes, input channel, output
 * channel. */
void
dh_pack_taps (const DhCpuFilters *f, gint item)
{
  const gint o0 = 2 * item, pair = MIN (2, f->out_planes - o0), taps = f->taps;
  const gint once = f->bf16 ? 2 : 1; /* input channels that stand together */
  const gsize row = (gsize)taps * DH_LANES, block = row * DH_LANES;
  float blocks[2 * MOST_TAPS * DH_LANES * DH_LANES];
  for (gint plane0 = 0; plane0 < f->in_planes; plane0 += f->run)
    {
      const gint planes = MIN (f->run, f->in_planes - plane0);
      const gint n = planes * DH_LANES, whole = whole_channels (f, planes);
      float *run = f->packed + (gsize)plane0 * DH_LANES / once * f->out_planes * DH_LANES
                   + (gsize)o0 * DH_LANES * (whole / once);
      const gsize plane_floats = (gsize)DH_LANES / once * pair * DH_LANES;
      for (gint plane = 0; plane < planes; plane++)
        {
          load_blocks (f, plane0 + plane, o0, pair, taps, blocks);
          for (gint tap = 0; tap < taps; tap++)
            {
              const float *from = blocks + (f->turned ? taps - 1 - tap : tap) * DH_LANES;
              float *to = run + tap * f->tap_floats + plane * plane_floats;
              for (gint i = 0; i < DH_LANES; i += once)
                for (gint o = 0; o < pair; o++, to += DH_LANES)
                  {
                    const float *w = from + o * block + i * row;
#ifdef __AVX512BF16__
                    if (f->bf16)
                      {
                        dh_store_pairs_bf16 (to, dh_load (w), dh_load (w + row));
                        continue;
                      }
#endif
                    dh_store (to, dh_load (w));
                  }
            }
        }
      for (gint tap = 0; tap < taps; tap++)
        memset (run + tap * f->tap_floats + planes * plane_floats, 0,
                (gsize)(whole - n) / once * pair * DH_LANES * sizeof *run);
    }
}

/* The nine taps of one input channel to the 36 places. */
DH_INLINE void
transform_filters (const DhCpuFilters *f, const float *taps, DhVec u[36])
{
  DhVecDouble g[9];
  for (gint k = 0; k < 9; k++)
    g[k] = __builtin_convertvector(dh_load (taps + (f->turned ? 8 - k : k) * DH_LANES), DhVecDouble);
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
  float blocks[2 * 9 * DH_LANES * DH_LANES];
  for (gint i = 0; i < ins; i += once)
    {
      if (i % DH_LANES == 0)
        load_blocks (f, i / DH_LANES, o0, pair, 9, blocks);
      for (gint o = 0; o < pair; o++, to += DH_LANES)
        {
          const float *taps = blocks + (o * DH_LANES + i % DH_LANES) * 9 * DH_LANES;
          DhVec u[36];
          transform_filters (f, taps, u);
#ifdef __AVX512BF16__
          if (f->bf16)
            {
              DhVec next[36];
              transform_filters (f, taps + 9 * DH_LANES, next);
              for (gint k = 0; k < 36; k++)
                dh_store_pairs_bf16 (to + k * stride, u[k], next[k]);
              continue;
            }
#endif
          for (gint k = 0; k < 36; k++)
            dh_store (to + k * stride, u[k]);
        }
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

#pragma once
#include "dh-simd.h"
#include "dh-winograd.h"

/* Winograd's transforms (dh-winograd.h) of the input and of the filters, which a convolution and its gradient share. */

/* G g of three. In double: what is rounded here is the same in all pixels, and would not average out. */
DH_INLINE void
dh_winograd_filter_line (const DhVecDouble g[3], DhVecDouble to[6])
{
  const DhVecDouble a = DH_WINOGRAD_GA * (g[0] + DH_WINOGRAD_A2 * g[2]), b = DH_WINOGRAD_GA * DH_WINOGRAD_A * g[1];
  const DhVecDouble c = DH_WINOGRAD_GB * (g[0] + DH_WINOGRAD_B2 * g[2]), d = DH_WINOGRAD_GB * DH_WINOGRAD_B * g[1];
  to[0] = g[0] * DH_WINOGRAD_G0;
  to[1] = a + b;
  to[2] = a - b;
  to[3] = c + d;
  to[4] = c - d;
  to[5] = g[2];
}

/* G g Gᵀ of the nine taps. */
DH_INLINE void
dh_winograd_filter (const DhVecDouble taps[9], DhVec to[36])
{
  DhVecDouble t[6][3], line[6];
  for (gint j = 0; j < 3; j++)
    {
      const DhVecDouble column[3] = { taps[j], taps[3 + j], taps[6 + j] };
      dh_winograd_filter_line (column, line);
      for (gint k = 0; k < 6; k++)
        t[k][j] = line[k];
    }
  for (gint k = 0; k < 6; k++)
    {
      dh_winograd_filter_line (t[k], line);
      for (gint j = 0; j < 6; j++)
        to[k * 6 + j] = __builtin_convertvector(line[j], DhVec);
    }
}

/* Gᵀ m of six. */
DH_INLINE void
dh_winograd_filter_line_back (const DhVec m[6], DhVec to[3])
{
  const DhVec a = (float)DH_WINOGRAD_GA * (m[1] + m[2]), b = (float)DH_WINOGRAD_GB * (m[3] + m[4]);
  to[0] = (float)DH_WINOGRAD_G0 * m[0] + a + b;
  to[1] =
      (float)(DH_WINOGRAD_GA * DH_WINOGRAD_A) * (m[1] - m[2]) + (float)(DH_WINOGRAD_GB * DH_WINOGRAD_B) * (m[3] - m[4]);
  to[2] = (float)DH_WINOGRAD_A2 * a + (float)DH_WINOGRAD_B2 * b + m[5];
}

/* Gᵀ m G of the 36 places. */
DH_INLINE void
dh_winograd_filter_back (const DhVec m[36], DhVec taps[9])
{
  DhVec t[3][6], line[3];
  for (gint j = 0; j < 6; j++)
    {
      const DhVec column[6] = { m[j], m[6 + j], m[12 + j], m[18 + j], m[24 + j], m[30 + j] };
      dh_winograd_filter_line_back (column, line);
      for (gint k = 0; k < 3; k++)
        t[k][j] = line[k];
    }
  for (gint k = 0; k < 3; k++)
    dh_winograd_filter_line_back (t[k], taps + 3 * k);
}

/* Bᵀ d of six. */
DH_INLINE void
dh_winograd_input_line (const DhVec d[6], DhVec to[6])
{
  const float a1 = (float)DH_WINOGRAD_A, b1 = (float)DH_WINOGRAD_B, a2 = a1 * a1, b2 = b1 * b1;
  const DhVec a = d[4] - b2 * d[2], b = a1 * (d[3] - b2 * d[1]);
  const DhVec c = d[4] - a2 * d[2], e = b1 * (d[3] - a2 * d[1]);
  to[0] = a2 * b2 * d[0] - (a2 + b2) * d[2] + d[4];
  to[1] = a + b;
  to[2] = a - b;
  to[3] = c + e;
  to[4] = c - e;
  to[5] = a2 * b2 * d[1] - (a2 + b2) * d[3] + d[5];
}

/* The 6×6 inputs of a tile, `row` and `column` floats apart, to 36 places `stride` apart; there in bfloat16 or not. */
DH_INLINE void
dh_winograd_input_at (const float *from, gsize row, gsize column, DhPrologue prologue, gboolean bf16, float *to,
                      gsize stride)
{
  DhVec t[6][6];
#pragma GCC unroll 6
  for (gint j = 0; j < 6; j++)
    {
      DhVec d[6], line[6];
#pragma GCC unroll 6
      for (gint i = 0; i < 6; i++)
        d[i] = dh_read (from + i * row + j * column, prologue);
      dh_winograd_input_line (d, line);
#pragma GCC unroll 6
      for (gint i = 0; i < 6; i++)
        t[i][j] = line[i];
    }
#pragma GCC unroll 6
  for (gint i = 0; i < 6; i++)
    {
      DhVec line[6];
      dh_winograd_input_line (t[i], line);
#pragma GCC unroll 6
      for (gint j = 0; j < 6; j++)
        {
#ifdef __AVX512BF16__
          if (bf16)
            dh_store_bf16 (to + (i * 6 + j) * stride, line[j]);
          else
#endif
            dh_store (to + (i * 6 + j) * stride, line[j]);
        }
    }
}

/* The inputs of tile `at` of one plane: 0 outside the picture, after norm and ReLU. */
DH_INLINE void
dh_winograd_input (const DhCpuInput *in, gint dilation, const float *plane, DhPrologue prologue, DhCpuTile at,
                   gboolean bf16, float *to, gsize stride)
{
  const gint d = dilation, h = in->h, w = in->w;
  if (at.y >= d && at.x >= d && at.y + 4 * d < h && at.x + 4 * d < w)
    {
      const float *from = plane + ((gsize)(at.y - d) * w + (at.x - d)) * DH_LANES;
      const gsize row = (gsize)d * w * DH_LANES, column = (gsize)d * DH_LANES;
      if (prologue.affine)
        dh_winograd_input_at (from, row, column, prologue, bf16, to, stride);
      else if (prologue.relu)
        dh_winograd_input_at (from, row, column, (DhPrologue){ .relu = TRUE }, bf16, to, stride);
      else
        dh_winograd_input_at (from, row, column, (DhPrologue){ 0 }, bf16, to, stride);
      return;
    }
  float tile[36 * DH_LANES];
  for (gint i = 0; i < 6; i++)
    for (gint j = 0; j < 6; j++)
      {
        const gint y = at.y + (i - 1) * d, x = at.x + (j - 1) * d;
        DhVec v = { 0 };
        if (y >= 0 && y < h && x >= 0 && x < w)
          v = dh_read (plane + ((gsize)y * w + x) * DH_LANES, prologue);
        dh_store (tile + (i * 6 + j) * DH_LANES, v);
      }
  dh_winograd_input_at (tile, 6 * DH_LANES, DH_LANES, (DhPrologue){ 0 }, bf16, to, stride);
}

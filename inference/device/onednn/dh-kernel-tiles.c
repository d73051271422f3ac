#include <string.h>
#include "dh-simd-tiles.h"

#ifdef __AMX_TILE__

/* The products in bfloat16 and int8 by AMX: one instruction multiplies 16 pixels by 16 outputs, of 32 or 64 input
 * channels. Two tiles of pixels by two of outputs: each tile that is loaded is multiplied twice, and what is loaded
 * meanwhile hides behind the products. */

#define ROW DH_AMX_ROW
#define TILE_ROWS DH_AMX_ROWS
#define TILE_FLOATS (TILE_ROWS * DH_LANES)

void
dh_tiles_begin (void)
{
  static const struct
  {
    guint8 palette, start_row, reserved[14];
    guint16 row_bytes[16];
    guint8 rows[16];
  } shapes = { .palette = 1,
               .row_bytes = { ROW, ROW, ROW, ROW, ROW, ROW, ROW, ROW },
               .rows = { TILE_ROWS, TILE_ROWS, TILE_ROWS, TILE_ROWS, TILE_ROWS, TILE_ROWS, TILE_ROWS, TILE_ROWS } };
  asm volatile("ldtilecfg %0" ::"m"(shapes));
}

/* Tiles in use would be saved at every switch of threads. */
void
dh_tiles_end (void)
{
  asm volatile("tilerelease" ::);
}

/* Sums 0 and 1: the first 16 pixels, 2 and 3: the others; of them 0 and 2: the first plane. */
#define PRODUCTS(product)                                                                                              \
  for (gint panel = 0; panel < panels; panel++, a += p->a_stride, w += step)                                           \
    {                                                                                                                  \
      DH_AMX_LOAD (6, w, row);                                                                                         \
      DH_AMX_LOAD (4, a, ROW);                                                                                         \
      product (0, 4, 6);                                                                                               \
      if (outs > 1)                                                                                                    \
        {                                                                                                              \
          DH_AMX_LOAD (7, w + DH_LANES, row);                                                                          \
          product (1, 4, 7);                                                                                           \
        }                                                                                                              \
      if (tall)                                                                                                        \
        {                                                                                                              \
          DH_AMX_LOAD (5, a + TILE_FLOATS, ROW);                                                                       \
          product (2, 5, 6);                                                                                           \
          if (outs > 1)                                                                                                \
            product (3, 5, 7);                                                                                         \
        }                                                                                                              \
    }

DH_INLINE void
multiply_bf16 (const DhProduct *p, gboolean tall, gint outs)
{
  const gint panels = (p->n_planes + DH_PANEL_BF16 - 1) / DH_PANEL_BF16;
  const gsize row = (gsize)outs * ROW, step = (gsize)outs * TILE_FLOATS;
  const float *a = p->a, *w = p->w;
  PRODUCTS (DH_AMX_BF16)
}

DH_INLINE void
multiply_int8 (const DhProduct *p, gboolean tall, gint outs)
{
  const gint panels = (p->n_planes + DH_PANEL_INT8 - 1) / DH_PANEL_INT8;
  const gsize row = (gsize)outs * ROW, step = (gsize)outs * TILE_FLOATS;
  const float *a = p->a, *w = p->w;
  PRODUCTS (DH_AMX_INT8)
}

/* What the sums begin with, from `from`: ROW apart for each pixel, or 0 for a bias. */
DH_INLINE void
load_sums (const float *const from[2], gsize stride, gboolean tall, gint outs)
{
  DH_AMX_LOAD (0, from[0], stride);
  if (outs > 1)
    DH_AMX_LOAD (1, from[1], stride);
  if (tall)
    DH_AMX_LOAD (2, from[0] + stride / sizeof (float) * TILE_ROWS, stride);
  if (tall && outs > 1)
    DH_AMX_LOAD (3, from[1] + stride / sizeof (float) * TILE_ROWS, stride);
}

DH_INLINE void
store_sums (float *const to[2], gboolean tall, gint outs)
{
  DH_AMX_STORE (0, to[0], ROW);
  if (outs > 1)
    DH_AMX_STORE (1, to[1], ROW);
  if (tall)
    DH_AMX_STORE (2, to[0] + TILE_FLOATS, ROW);
  if (tall && outs > 1)
    DH_AMX_STORE (3, to[1] + TILE_FLOATS, ROW);
}

/* From the sums of a tile to where they go. */
DH_INLINE void
finish (const DhProduct *p, gint pixels, gint o, const float *from, gboolean bytes)
{
  const float *sum = p->sum[o];
  const DhVec unit = bytes ? dh_load (p->units + o * DH_LANES) : (DhVec){ 0 };
  const DhVec bias = bytes ? dh_load (p->bias + o * DH_LANES) : (DhVec){ 0 };
  float *to = p->c[o];
  for (gint i = 0; i < pixels * DH_LANES; i += DH_LANES)
    {
      DhVec v = dh_load (from + i);
      if (bytes)
        v = __builtin_convertvector((DhVecInt)v, DhVec) * unit + bias;
      if (sum != NULL)
        v += dh_load (sum + i);
      v = p->relu ? dh_relu (v) : v;
      if (p->stream)
        dh_stream (to + i, v);
      else
        dh_store (to + i, v);
    }
}

DH_INLINE void
tile_bf16 (const DhProduct *p, gint pixels, gboolean tall, gint outs)
{
  float sums[2][2 * TILE_FLOATS] __attribute__ ((aligned (ROW)));
  float *const own[2] = { sums[0], sums[1] };
  const gboolean whole = pixels == TILE_ROWS * (tall ? 2 : 1);
  if (p->bias != NULL)
    load_sums ((const float *const[2]){ p->bias, p->bias + DH_LANES }, 0, tall, outs);
  else if (whole)
    load_sums ((const float *const *)p->c, ROW, tall, outs);
  else
    {
      for (gint o = 0; o < outs; o++)
        memcpy (sums[o], p->c[o], pixels * ROW);
      load_sums ((const float *const *)own, ROW, tall, outs);
    }
  multiply_bf16 (p, tall, outs);
  if (whole && !p->relu && !p->stream && p->sum[0] == NULL)
    {
      store_sums (p->c, tall, outs);
      return;
    }
  store_sums (own, tall, outs);
  for (gint o = 0; o < outs; o++)
    finish (p, pixels, o, sums[o], FALSE);
}

DH_INLINE void
tile_int8 (const DhProduct *p, gint pixels, gboolean tall, gint outs)
{
  float sums[2][2 * TILE_FLOATS] __attribute__ ((aligned (ROW)));
  DH_AMX_ZERO (0);
  DH_AMX_ZERO (1);
  DH_AMX_ZERO (2);
  DH_AMX_ZERO (3);
  multiply_int8 (p, tall, outs);
  store_sums ((float *const[2]){ sums[0], sums[1] }, tall, outs);
  for (gint o = 0; o < outs; o++)
    finish (p, pixels, o, sums[o], TRUE);
}

#define SHAPES(tile)                                                                                                   \
  if (pixels > TILE_ROWS && outs > 1)                                                                                  \
    tile (p, pixels, TRUE, 2);                                                                                         \
  else if (pixels > TILE_ROWS)                                                                                         \
    tile (p, pixels, TRUE, 1);                                                                                         \
  else if (outs > 1)                                                                                                   \
    tile (p, pixels, FALSE, 2);                                                                                        \
  else                                                                                                                 \
    tile (p, pixels, FALSE, 1);

void
dh_matrix_bf16 (const DhProduct *p, gint pixels, gint outs)
{
  SHAPES (tile_bf16)
}

void
dh_matrix_int8 (const DhProduct *p, gint pixels, gint outs)
{
  SHAPES (tile_int8)
}

#endif

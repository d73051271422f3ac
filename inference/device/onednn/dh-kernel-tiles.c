#include <string.h>
#include "dh-simd.h"

#ifdef DH_HAS_TILES
#include "dh-simd-tiles.h"

#define TILE_FLOATS (DH_AMX_ROWS * DH_LANES)

/* The products in bfloat16 and int8 by AMX. */

#ifdef DH_EMULATE_TILES

void
dh_tiles_begin (void)
{
  dh_emulated_begin ();
}

void
dh_tiles_end (void)
{
  dh_emulated_end ();
}

#else

void
dh_tiles_begin (void)
{
  static const struct
  {
    guint8 palette, start_row, reserved[14];
    guint16 row_bytes[16];
    guint8 rows[16];
  } shapes = {
    .palette = 1,
    .row_bytes = { DH_AMX_ROW, DH_AMX_ROW, DH_AMX_ROW, DH_AMX_ROW, DH_AMX_ROW, DH_AMX_ROW, DH_AMX_ROW, DH_AMX_ROW },
    .rows = { DH_AMX_ROWS, DH_AMX_ROWS, DH_AMX_ROWS, DH_AMX_ROWS, DH_AMX_ROWS, DH_AMX_ROWS, DH_AMX_ROWS, DH_AMX_ROWS }
  };
  asm volatile("ldtilecfg %0" ::"m"(shapes));
}

/* Tiles in use would be saved at every switch of threads. */
void
dh_tiles_end (void)
{
  asm volatile("tilerelease" ::);
}

#endif

/* Two tiles of pixels by two of outputs: each tile that is loaded is multiplied twice, and what is loaded meanwhile
 * hides behind the products. Sums 0 and 1: the first 16 pixels, 2 and 3: the others; of them 0 and 2: the first plane.
 * Pixels stand `pixel` bytes apart. */
#define PRODUCTS(product)                                                                                              \
  for (gint panel = 0; panel < panels; panel++, a += a_stride, w += step)                                              \
    {                                                                                                                  \
      DH_AMX_LOAD (6, w, row);                                                                                         \
      DH_AMX_LOAD (4, a, pixel);                                                                                       \
      product (0, 4, 6);                                                                                               \
      if (outs > 1)                                                                                                    \
        {                                                                                                              \
          DH_AMX_LOAD (7, w + DH_LANES, row);                                                                          \
          product (1, 4, 7);                                                                                           \
        }                                                                                                              \
      if (tall)                                                                                                        \
        {                                                                                                              \
          DH_AMX_LOAD (5, a + pixel / sizeof (float) * DH_AMX_ROWS, pixel);                                            \
          product (2, 5, 6);                                                                                           \
          if (outs > 1)                                                                                                \
            product (3, 5, 7);                                                                                         \
        }                                                                                                              \
    }

DH_INLINE void
multiply_bf16 (DhPiece piece, gsize a_stride, gsize pixel, gboolean tall, gint outs)
{
  const gint panels = piece.panels;
  const gsize row = (gsize)outs * DH_AMX_ROW, step = (gsize)outs * TILE_FLOATS;
  const float *a = piece.a, *w = piece.w;
  PRODUCTS (DH_AMX_BF16)
}

DH_INLINE void
multiply_int8 (DhPiece piece, gsize a_stride, gsize pixel, gboolean tall, gint outs)
{
  const gint panels = piece.panels;
  const gsize row = (gsize)outs * DH_AMX_ROW, step = (gsize)outs * TILE_FLOATS;
  const float *a = piece.a, *w = piece.w;
  PRODUCTS (DH_AMX_INT8)
}

/* What the sums begin with, from `from`: DH_AMX_ROW apart for each pixel, or 0 for a bias. */
DH_INLINE void
load_sums (const float *const from[2], gsize stride, gboolean tall, gint outs)
{
  DH_AMX_LOAD (0, from[0], stride);
  if (outs > 1)
    DH_AMX_LOAD (1, from[1], stride);
  if (tall)
    DH_AMX_LOAD (2, from[0] + stride / sizeof (float) * DH_AMX_ROWS, stride);
  if (tall && outs > 1)
    DH_AMX_LOAD (3, from[1] + stride / sizeof (float) * DH_AMX_ROWS, stride);
}

DH_INLINE void
store_sums (float *const to[2], gboolean tall, gint outs)
{
  DH_AMX_STORE (0, to[0], DH_AMX_ROW);
  if (outs > 1)
    DH_AMX_STORE (1, to[1], DH_AMX_ROW);
  if (tall)
    DH_AMX_STORE (2, to[0] + TILE_FLOATS, DH_AMX_ROW);
  if (tall && outs > 1)
    DH_AMX_STORE (3, to[1] + TILE_FLOATS, DH_AMX_ROW);
}

/* The margin on the left or right of a row, which a tile may read. */
static void
clear_margin (float *to)
{
  for (gint i = 0; i < DH_TAPS_MARGIN * DH_LANES; i += DH_LANES)
    dh_store (to + i, (DhVec){ 0 });
}

/* From the sums of a tile to what is put down. */
DH_INLINE DhVec
finished (const DhProduct *p, gint o, gint i, const float *from, gboolean bytes)
{
  DhVec v = dh_load (from + i);
  if (bytes)
    v = __builtin_convertvector((DhVecInt)v, DhVec) * dh_load (p->units + o * DH_LANES)
        + dh_load (p->bias + o * DH_LANES);
  if (p->sum[o] != NULL)
    v += dh_load (p->sum[o] + i);
  return p->relu ? dh_relu (v) : v;
}

DH_INLINE void
finish (const DhProduct *p, gint pixels, gint o, const float *from, gboolean bytes)
{
  for (gint i = 0; i < pixels * DH_LANES; i += DH_LANES)
    {
      const DhVec v = finished (p, o, i, from, bytes);
      if (p->stream)
        dh_stream (p->c[o] + i, v);
      else
        dh_store (p->c[o] + i, v);
    }
}

/* Both planes of a panel, a pixel a row. */
DH_INLINE void
finish_packed (const DhProduct *p, gint pixels, gint outs, float *const from[2], gboolean bytes)
{
  const DhCpuOutput *out = p->packed;
  const gint panels = (out->n_planes + DH_PANEL_BF16 - 1) / DH_PANEL_BF16;
  const gsize width = (gsize)out->w + 2 * DH_TAPS_MARGIN;
  gint y = (gint)(p->first / out->w), x = (gint)(p->first % out->w);
  for (gint i = 0; i < pixels; y++, x = 0)
    {
      float *row = out->packed + ((gsize)y * panels + p->plane / DH_PANEL_BF16) * width * DH_LANES;
      float *to = row + (DH_TAPS_MARGIN + x) * DH_LANES;
      if (x == 0)
        clear_margin (row);
      for (; i < pixels && x < out->w; i++, x++, to += DH_LANES)
        {
          const DhVec first = finished (p, 0, i * DH_LANES, from[0], bytes);
          const DhVec second = outs > 1 ? finished (p, 1, i * DH_LANES, from[1], bytes) : (DhVec){ 0 };
          const DhVec both = (DhVec)_mm512_cvtne2ps_pbh ((__m512)second, (__m512)first);
          if (p->stream)
            dh_stream (to, both);
          else
            dh_store (to, both);
        }
      if (x == out->w)
        clear_margin (to);
    }
}

DH_INLINE void
tile_bf16 (const DhProduct *p, const DhPiece *pieces, gint n_pieces, gsize pixel, gint pixels, gboolean tall, gint outs)
{
  const gboolean whole = pixels == DH_AMX_ROWS * (tall ? 2 : 1);
  float sums[2][2 * TILE_FLOATS] __attribute__ ((aligned (DH_AMX_ROW)));
  float *const own[2] = { sums[0], sums[1] };
  if (p->before != NULL)
    load_sums ((const float *const[2]){ p->before, p->before + 2 * TILE_FLOATS }, DH_AMX_ROW, tall, outs);
  else if (p->bias != NULL)
    load_sums ((const float *const[2]){ p->bias, p->bias + DH_LANES }, 0, tall, outs);
  else if (whole)
    load_sums ((const float *const *)p->c, DH_AMX_ROW, tall, outs);
  else
    {
      for (gint o = 0; o < outs; o++)
        memcpy (sums[o], p->c[o], pixels * DH_AMX_ROW);
      load_sums ((const float *const *)own, DH_AMX_ROW, tall, outs);
    }
  for (gint i = 0; i < n_pieces; i++)
    multiply_bf16 (pieces[i], p->a_stride, pixel, tall, outs);
  if (p->after != NULL)
    {
      store_sums ((float *const[2]){ p->after, p->after + 2 * TILE_FLOATS }, tall, outs);
      return;
    }
  if (p->packed == NULL && whole && !p->relu && !p->stream && p->sum[0] == NULL)
    {
      store_sums (p->c, tall, outs);
      return;
    }
  store_sums (own, tall, outs);
  if (p->packed != NULL)
    finish_packed (p, pixels, outs, own, FALSE);
  for (gint o = 0; p->packed == NULL && o < outs; o++)
    finish (p, pixels, o, sums[o], FALSE);
}

DH_INLINE void
tile_int8 (const DhProduct *p, gint pixels, gboolean tall, gint outs)
{
  float sums[2][2 * TILE_FLOATS] __attribute__ ((aligned (DH_AMX_ROW)));
  float *const own[2] = { sums[0], sums[1] };
  DH_AMX_ZERO (0);
  DH_AMX_ZERO (1);
  DH_AMX_ZERO (2);
  DH_AMX_ZERO (3);
  multiply_int8 ((DhPiece){ (p->n_planes + DH_PANEL_INT8 - 1) / DH_PANEL_INT8, p->a, p->w }, p->a_stride, DH_AMX_ROW,
                 tall, outs);
  store_sums (own, tall, outs);
  if (p->packed != NULL)
    finish_packed (p, pixels, outs, own, TRUE);
  for (gint o = 0; p->packed == NULL && o < outs; o++)
    finish (p, pixels, o, sums[o], TRUE);
}

#define SHAPES(tile, ...)                                                                                              \
  if (pixels > DH_AMX_ROWS && outs > 1)                                                                                \
    tile (__VA_ARGS__, pixels, TRUE, 2);                                                                               \
  else if (pixels > DH_AMX_ROWS)                                                                                       \
    tile (__VA_ARGS__, pixels, TRUE, 1);                                                                               \
  else if (outs > 1)                                                                                                   \
    tile (__VA_ARGS__, pixels, FALSE, 2);                                                                              \
  else                                                                                                                 \
    tile (__VA_ARGS__, pixels, FALSE, 1);

void
dh_matrix_bf16 (const DhProduct *p, gint pixels, gint outs)
{
  const DhPiece piece = { (p->n_planes + DH_PANEL_BF16 - 1) / DH_PANEL_BF16, p->a, p->w };
  SHAPES (tile_bf16, p, &piece, 1, DH_AMX_ROW)
}

void
dh_matrix_pieces (const DhProduct *p, const DhPiece *pieces, gint n_pieces, gint stride, gint pixels, gint outs)
{
  if (stride == 1)
    {
      SHAPES (tile_bf16, p, pieces, n_pieces, DH_AMX_ROW)
    }
  else
    {
      SHAPES (tile_bf16, p, pieces, n_pieces, (gsize)stride * DH_AMX_ROW)
    }
}

void
dh_matrix_int8 (const DhProduct *p, gint pixels, gint outs)
{
  SHAPES (tile_int8, p)
}

#endif

#include "dh-simd-train.h"
#include "dh-simd-winograd.h"

#define A ((float)DH_WINOGRAD_A)
#define B ((float)DH_WINOGRAD_B)

/* With the matrices of dh-winograd.h, y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A; so the gradient of g is
 * Gᵀ [Σ (A dy Aᵀ) ⊙ (Bᵀ d B)] G, summed over all tiles before the last transform. */

/* Planes of what was read that are multiplied at once. */
DH_INLINE gint
planes_at_once (const DhCpuGradient3x3 *g)
{
  return g->bf16 ? 2 : 1;
}

/* Floats of one plane of n tiles at each place; in bfloat16 tiles stand in pairs. */
DH_INLINE gsize
tile_plane (const DhCpuGradient3x3 *g, gint n)
{
  return (gsize)(g->bf16 ? dh_outer_pairs (n) : n) * DH_LANES;
}

static gsize
u_stride (const DhCpuGradient3x3 *g)
{
  return g->out_planes * tile_plane (g, g->tiles_per_item) + DH_SKEW;
}

static gsize
v_stride (const DhCpuGradient3x3 *g)
{
  return planes_at_once (g) * tile_plane (g, g->tiles_per_item) + DH_SKEW;
}

gsize
dh_gradient3x3_scratch (const DhCpuGradient3x3 *g)
{
  return 36 * (u_stride (g) + v_stride (g)) * sizeof (float);
}

/* A d of four. */
DH_INLINE void
result_line (const DhVec d[4], DhVec to[6])
{
  const DhVec even = d[0] + (A * A) * d[2], odd = A * d[1] + (A * A * A) * d[3];
  const DhVec far = d[0] + (B * B) * d[2], wide = B * d[1] + (B * B * B) * d[3];
  to[0] = d[0];
  to[1] = even + odd;
  to[2] = even - odd;
  to[3] = far + wide;
  to[4] = far - wide;
  to[5] = d[3];
}

/* Tiles of what there is of a plane, of all images that `planes` has, `step` apart. */
typedef struct
{
  const DhCpuInput *in;
  const float *const *planes;
  gint step;
  const DhCpuTile *tiles; /* of an image */
  gint n_tiles, dilation;
  gboolean bf16;
  DhPrologue prologue; /* of what was read */
} Source;

static void
transform_result (const Source *source, const float *plane, DhCpuTile at, float *to, gsize stride)
{
  const gint d = source->dilation, h = source->in->h, w = source->in->w;
  DhVec t[6][4];
#pragma GCC unroll 4
  for (gint j = 0; j < 4; j++)
    {
      DhVec column[4], line[6];
      const gint x = at.x + j * d;
#pragma GCC unroll 4
      for (gint i = 0; i < 4; i++)
        {
          const gint y = at.y + i * d;
          column[i] = y < h && x < w ? dh_load (plane + ((gsize)y * w + x) * DH_LANES) : (DhVec){ 0 };
        }
      result_line (column, line);
#pragma GCC unroll 6
      for (gint i = 0; i < 6; i++)
        t[i][j] = line[i];
    }
#pragma GCC unroll 6
  for (gint i = 0; i < 6; i++)
    {
      DhVec line[6];
      result_line (t[i], line);
#pragma GCC unroll 6
      for (gint j = 0; j < 6; j++)
        dh_store (to + (i * 6 + j) * stride, line[j]);
    }
}

#ifdef __AVX512BF16__

/* Two tiles to the 36 places; `second` NULL: none. */
static void
store_pairs (const float *first, const float *second, float *to, gsize stride)
{
  for (gint k = 0; k < 36; k++)
    dh_store_pairs_bf16 (to + k * stride, dh_load (first + k * DH_LANES),
                         second ? dh_load (second + k * DH_LANES) : (DhVec){ 0 });
}

#endif

typedef void (*Transform) (const Source *source, gint tile, float *to, gsize stride);

DH_INLINE const float *
plane_of (const Source *source, gint tile)
{
  return source->planes[tile / source->n_tiles * source->step];
}

DH_INLINE void
of_result (const Source *source, gint tile, float *to, gsize stride)
{
  transform_result (source, plane_of (source, tile), source->tiles[tile % source->n_tiles], to, stride);
}

DH_INLINE void
of_input (const Source *source, gint tile, float *to, gsize stride)
{
  dh_winograd_input (source->in, source->dilation, plane_of (source, tile), source->prologue,
                     source->tiles[tile % source->n_tiles], FALSE, to, stride);
}

/* `n` tiles; in bfloat16 in pairs, of which the last may lack its second, and then in whole ones. */
DH_INLINE void
transform_tiles (Transform transform, const Source *source, gint first, gint n, float *to, gsize stride)
{
#ifdef __AVX512BF16__
  if (source->bf16)
    {
      float pair[2][36 * DH_LANES];
      for (gint t = 0; t < n; t += 2)
        {
          const gint both = MIN (2, n - t);
          for (gint j = 0; j < both; j++)
            transform (source, first + t + j, pair[j], DH_LANES);
          store_pairs (pair[0], both > 1 ? pair[1] : NULL, to + t / 2 * DH_LANES, stride);
        }
      const gint have = (n + 1) / 2, lack = dh_outer_pairs (n) - have;
      for (gint k = 0; lack && k < 36; k++)
        memset (to + k * stride + have * DH_LANES, 0, (gsize)lack * DH_LANES * sizeof *to);
      return;
    }
#endif
  for (gint t = 0; t < n; t++)
    transform (source, first + t, to + (gsize)t * DH_LANES, stride);
}

/* The result's gradient to the 36 places, as products read it. */
static void
transform_results (const Source *source, gint first, gint n, float *to, gsize stride)
{
  transform_tiles (of_result, source, first, n, to, stride);
  for (gint k = 0; source->bf16 && k < 36; k++)
    dh_outer_turn (to + k * stride, n);
}

/* At place k. */
DH_INLINE void
add_products (const DhCpuGradient3x3 *g, DhOuter *outer, gint k, gint plane)
{
  const gsize place = (gsize)g->in.n_planes * g->out_planes * DH_LANES * DH_LANES;
  dh_outer_place (outer, g->sums + k * place, plane, g->in.n_planes, g->bf16 && DH_OUTER_BY_OUTPUT);
#ifdef __AVX512BF16__
  if (g->bf16)
    {
      dh_outer_bf16 (outer);
      return;
    }
#endif
  dh_outer (outer);
}

/* Of one plane of the table `planes`, image after image. */
DH_INLINE Source
source_of (const DhCpuGradient3x3 *g, const float *const *planes)
{
  return (Source){
    .in = &g->in, .planes = planes, .tiles = g->tiles, .n_tiles = g->n_tiles, .dilation = g->dilation, .bf16 = g->bf16
  };
}

void
dh_gradient3x3 (const DhCpuGradient3x3 *g, gint item, float *scratch)
{
  const gint first = item * g->tiles_per_item, n = MIN (g->tiles_per_item, g->n_tiles - first);
  const gsize us = u_stride (g), vs = v_stride (g), plane = tile_plane (g, n);
  float *u = scratch, *v = u + 36 * us;
  for (gint o = 0; o < g->out_planes; o++)
    {
      const Source source = source_of (g, g->dy + o);
      transform_results (&source, first, n, u + o * plane, us);
    }
  if (g->bf16)
    dh_tiles_begin ();
  for (gint b = 0; b < g->in.n_planes; b += planes_at_once (g))
    {
      const gint planes = MIN (planes_at_once (g), g->in.n_planes - b);
      for (gint j = 0; j < planes; j++)
        {
          Source source = source_of (g, g->in.planes + b + j);
          source.prologue = dh_prologue (&g->in, b + j);
          transform_tiles (of_input, &source, first, n, v + j * plane, vs);
        }
      for (gint k = 0; k < 36; k++)
        {
          DhOuter outer = { .x = v + k * vs, .dy = u + k * us, .ins = planes, .outs = g->out_planes, .n = n };
          outer.x_stride = outer.dy_stride = plane;
          add_products (g, &outer, k, b);
        }
    }
  if (g->bf16)
    dh_tiles_end ();
}

void
dh_gather_tiles (const DhCpuGather *g, gint plane, float *to)
{
  const gsize stride = dh_place_floats (36, g->n, g->bf16);
  const Source source = { .in = &g->in,
                          .planes = g->in.planes + plane,
                          .step = g->in.n_planes,
                          .tiles = g->tiles,
                          .n_tiles = g->n_tiles,
                          .dilation = g->dilation,
                          .bf16 = g->bf16,
                          .prologue = dh_prologue (&g->in, plane) };
  if (g->of_result)
    transform_results (&source, g->first, g->n, to, stride);
  else
    transform_tiles (of_input, &source, g->first, g->n, to, stride);
}

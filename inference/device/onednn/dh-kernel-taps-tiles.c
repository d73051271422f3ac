#include "dh-simd.h"

#ifdef __AMX_TILE__

/* dh-kernel-taps.c for AMX. Putting down a sum costs as much as some products: so each is made whole, of all taps, for
 * a run of the input's planes that stays in the second-level cache for all outputs of the item. Weights come from
 * further away than they can be multiplied for a few pixels, so that an item is several rows, `dilation` apart: those
 * read the same rows of the input. */

#define MOST_PIXELS 128
/* Of an item by rule. */
#define ROWS 4
/* What the pixels of one tile read, of all taps, if it stays in the first-level cache: then a tile is made of all
 * outputs, one after the other; else all tiles of two planes. */
#define NEAR_BYTES (28 << 10)

static gint
run_of (const DhCpuTaps *conv)
{
  const gint runs = (conv->out.w + MOST_PIXELS - 1) / MOST_PIXELS;
  return ((conv->out.w + runs - 1) / runs + DH_COARSE_TILE - 1) / DH_COARSE_TILE * DH_COARSE_TILE;
}

/* Rows of the output that are so far apart read the same rows. */
static gint
phases_of (const DhCpuTaps *conv)
{
  return conv->stride == 1 ? MIN (conv->dilation, conv->out.h) : 1;
}

/* Rows of a phase. */
static gint
phase_rows (const DhCpuTaps *conv, gint phase)
{
  const gint phases = phases_of (conv);
  return (conv->out.h - phase + phases - 1) / phases;
}

static gint
rows_of (const DhCpuTaps *conv)
{
  return conv->rows > 0 ? conv->rows : ROWS;
}

static gint
groups_of (const DhCpuTaps *conv, gint phase)
{
  const gint rows = rows_of (conv);
  return (phase_rows (conv, phase) + rows - 1) / rows;
}

gint
dh_taps_of_tiles_items (const DhCpuTaps *conv)
{
  const gint run = run_of (conv), runs = (conv->out.w + run - 1) / run;
  gint groups = 0;
  for (gint phase = 0; phase < phases_of (conv); phase++)
    groups += groups_of (conv, phase);
  return groups * runs;
}

/* An item: `n` pixels from `x` on, of `rows` rows, `step` apart, from `y` on. And the planes of the input, in one run or
 * in all. */
typedef struct
{
  gint x, n, y, step, rows;
  gint plane0, planes;
} Part;

static Part
part_of (const DhCpuTaps *conv, gint item)
{
  const gint run = run_of (conv), runs = (conv->out.w + run - 1) / run;
  Part part = { .x = item % runs * run, .step = phases_of (conv) };
  part.n = MIN (run, conv->out.w - part.x);
  gint group = item / runs, phase = 0;
  while (group >= groups_of (conv, phase))
    group -= groups_of (conv, phase++);
  part.y = phase + group * rows_of (conv) * part.step;
  part.rows = MIN (rows_of (conv), phase_rows (conv, phase) - group * rows_of (conv));
  return part;
}

/* Floats of a pixel's panel. */
#define PIXEL (DH_LANES * DH_PANEL_BF16 / 2)

static gint
panels_of (gint planes)
{
  return (planes + DH_PANEL_BF16 - 1) / DH_PANEL_BF16;
}

/* What a tile reads: of each tap that reaches the picture, its pixels and the weights of planes from `o` on, of a run of
 * the input's planes. Returns their number. */
static gint
add_pieces (const DhCpuTaps *conv, gint plane0, gint planes, gint y, gint x, gint n, gint o, DhPiece *pieces)
{
  const gint panels = panels_of (conv->in.n_planes), whole = panels_of (planes), panel0 = plane0 / DH_PANEL_BF16;
  const gsize width = (gsize)conv->in.w + 2 * DH_TAPS_MARGIN;
  const gsize panel_weights = (gsize)DH_PANEL_BF16 * DH_LANES / 2 * DH_LANES; /* of one plane of the output, floats */
  gint n_pieces = 0;
  for (gint tap = 0; tap < conv->kernel * conv->kernel; tap++)
    {
      const gint from_y = y * conv->stride + tap / conv->kernel * conv->dilation - conv->padding;
      const gint from_x = x * conv->stride + tap % conv->kernel * conv->dilation - conv->padding;
      if (from_y < 0 || from_y >= conv->in.h || from_x >= conv->in.w || from_x + (n - 1) * conv->stride < 0)
        continue;
      const gsize row = (gsize)from_y * panels + panel0;
      const gsize first = ((gsize)tap * panels + panel0) * conv->out.n_planes + (gsize)o * whole;
      pieces[n_pieces++] = (DhPiece){ panels_of (planes), conv->packed + (row * width + DH_TAPS_MARGIN + from_x) * PIXEL,
                                      (const float *)conv->weights + first * panel_weights };
    }
  return n_pieces;
}

static void
make_tile (const DhCpuTaps *conv, const Part *part, gint y, gint x, gint n, gint o)
{
  const gint outs = MIN (2, conv->out.n_planes - o);
  const gboolean begins = part->plane0 == 0, ends = part->plane0 + part->planes == conv->in.n_planes;
  const gsize first = (gsize)y * conv->out.w + x, at = first * DH_LANES;
  DhPiece pieces[DH_MOST_PIECES];
  DhProduct p = { .a_stride = ((gsize)conv->in.w + 2 * DH_TAPS_MARGIN) * PIXEL, .first = first, .plane = o };
  gint n_pieces = 0;
  p.bias = begins ? conv->bias + (gsize)o * DH_LANES : NULL;
  p.packed = conv->out.packed != NULL ? &conv->out : NULL;
  p.relu = ends && conv->out.relu;
  p.stream = ends && conv->out.stream;
  for (gint j = 0; j < outs; j++)
    {
      p.c[j] = p.packed == NULL ? conv->out.planes[o + j] + at : NULL;
      p.sum[j] = begins && conv->out.sum != NULL ? conv->out.sum[o + j] + at : NULL;
    }
  for (gint plane = part->plane0; plane < part->plane0 + part->planes; plane += DH_RUN_TAPS_BF16)
    {
      const gint planes = MIN (DH_RUN_TAPS_BF16, conv->in.n_planes - plane);
      n_pieces += add_pieces (conv, plane, planes, y, x, n, o, pieces + n_pieces);
    }
  dh_matrix_pieces (&p, pieces, n_pieces, conv->stride, n, outs);
}

static void
make_part (const DhCpuTaps *conv, const Part *part)
{
  const gsize near = (gsize)conv->kernel * (DH_COARSE_TILE + conv->kernel - 1) * part->planes * DH_LANES * 2;
  const gint all = conv->out.n_planes, at_once = near <= NEAR_BYTES ? all : 2;
  for (gint o0 = 0; o0 < all; o0 += at_once)
    for (gint row = 0; row < part->rows; row++)
      for (gint i = 0; i < part->n; i += DH_COARSE_TILE)
        for (gint o = o0; o < MIN (o0 + at_once, all); o += 2)
          make_tile (conv, part, part->y + row * part->step, part->x + i, MIN (DH_COARSE_TILE, part->n - i), o);
}

void
dh_taps_of_tiles (const DhCpuTaps *conv, gint item)
{
  Part part = part_of (conv, item);
  dh_tiles_begin ();
  /* A sum that goes to bfloat16 is not put down before it is whole. */
  const gint run = conv->out.packed != NULL ? conv->in.n_planes : DH_RUN_TAPS_BF16;
  for (; part.plane0 < conv->in.n_planes; part.plane0 += run)
    {
      part.planes = MIN (run, conv->in.n_planes - part.plane0);
      make_part (conv, &part);
    }
  dh_tiles_end ();
  if (conv->out.stream)
    dh_stream_end ();
}

#endif

#include "dh-simd.h"

#ifdef DH_HAS_TILES

/* Convolutions in bfloat16 by AMX. A product takes no longer than its operands take from the second-level cache, and
 * putting down a sum costs as much as four products; weights come from further away still. So a run of the input's
 * planes is so short that what a tile reads of it, of all taps, stays in the first-level cache for a block of outputs;
 * and an item has so many tiles that the block's weights, which all of them read from the second-level cache, are worth
 * fetching. Sums wait in the item's own memory until the last run. */

#define MOST_PIXELS 128
/* Pixels of a taps item, by rule, and bytes of the input that it reads. */
#define ITEM_PIXELS 512
#define ITEM_BYTES (1 << 20)
#define NEAR_BYTES (60 << 10)
#define BLOCK_PLANES (128 / DH_LANES)
#define SUMS_FLOATS (DH_COARSE_TILE * DH_LANES) /* of a tile and one plane */
/* Floats of a pixel's panel, and of the weights of a panel and one plane of the output. */
#define PIXEL DH_LANES
#define PANEL_WEIGHTS (DH_PANEL_BF16 * DH_LANES * DH_LANES / 2)

static gint
panels_of (gint planes)
{
  return (planes + DH_PANEL_BF16 - 1) / DH_PANEL_BF16;
}

/* Planes of the input to a run. */
static gint
run_planes (const DhTileJob *job)
{
  const gint span =
      MIN (job->kernel * DH_COARSE_TILE, DH_COARSE_TILE * job->stride + (job->kernel - 1) * job->dilation);
  const gint plane = job->kernel * span * DH_LANES * (gint)sizeof (guint16);
  const gint most = MAX (1, NEAR_BYTES / plane / DH_PANEL_BF16), all = panels_of (job->planes);
  /* Nothing is read twice. */
  if (job->out->n_planes <= 2)
    return all * DH_PANEL_BF16;
  const gint runs = (all + most - 1) / most;
  return (all + runs - 1) / runs * DH_PANEL_BF16;
}

gsize
dh_tile_job_floats (gint pixels, gint out_planes)
{
  return (gsize)(pixels + DH_COARSE_TILE - 1) / DH_COARSE_TILE * MIN ((out_planes + 1) & ~1, BLOCK_PLANES)
         * SUMS_FLOATS;
}

/* What a tile reads of a run: of each tap that reaches the picture, its pixels and the weights of planes from `o` on.
 * Returns their number. */
static gint
find_pieces (const DhTileJob *job, gint run0, gint planes, gint y, gint x, gint n, gint o, DhPiece *pieces)
{
  const gint panels = panels_of (job->planes), all = panels_of (job->in_planes), outs = MIN (2, job->out->n_planes - o);
  const gint first = panels_of (job->plane0 + run0);
  const gsize width = (gsize)job->w + 2 * job->margin;
  gint n_pieces = 0;
  for (gint tap = 0; tap < job->kernel * job->kernel; tap++)
    {
      const gint from_y = y * job->stride + tap / job->kernel * job->dilation - job->padding;
      const gint from_x = x * job->stride + tap % job->kernel * job->dilation - job->padding;
      if (from_y < 0 || from_y >= job->h || from_x >= job->w || from_x + (n - 1) * job->stride < 0)
        continue;
      const gsize row = (gsize)from_y * panels + panels_of (run0);
      const gsize weights = ((gsize)tap * job->out->n_planes + o) * all + (gsize)first * outs;
      pieces[n_pieces++] = (DhPiece){ panels_of (planes), job->packed + (row * width + job->margin + from_x) * PIXEL,
                                      job->weights + weights * PANEL_WEIGHTS };
    }
  return n_pieces;
}

/* Planes from run0 on, added to the sums of a tile: `sums` of two planes. */
static void
make_tile (const DhTileJob *job, gint run0, gint planes, gint y, gint x, gint n, gint o, float *sums)
{
  const gint outs = MIN (2, job->out->n_planes - o);
  const gboolean begins = job->begins && run0 == 0, ends = job->ends && run0 + planes >= job->planes;
  const gsize first = job->first + (gsize)y * job->out_w + x, at = first * DH_LANES;
  DhPiece pieces[DH_MOST_PIECES];
  DhProduct p = { .a_stride = ((gsize)job->w + 2 * job->margin) * PIXEL, .first = first, .plane = o };
  p.bias = begins ? job->bias + (gsize)o * DH_LANES : NULL;
  p.before = run0 > 0 ? sums : NULL;
  p.after = run0 + planes < job->planes ? sums : NULL;
  p.packed = job->out->packed != NULL ? job->out : NULL;
  p.relu = ends && job->out->relu;
  p.stream = ends && job->out->stream;
  for (gint j = 0; j < outs; j++)
    {
      p.c[j] = p.packed == NULL ? job->out->planes[o + j] + at : NULL;
      p.sum[j] = job->begins && job->out->sum != NULL ? job->out->sum[o + j] + at : NULL;
    }
  const gint n_pieces = find_pieces (job, run0, planes, y, x, n, o, pieces);
  dh_matrix_pieces (&p, pieces, n_pieces, job->stride, n, outs);
}

void
dh_tile_job (const DhTileJob *job)
{
  const gint run = run_planes (job), all = job->out->n_planes;
  for (gint o0 = 0; o0 < all; o0 += BLOCK_PLANES)
    for (gint run0 = 0; run0 < job->planes; run0 += run)
      {
        float *sums = job->sums;
        for (gint row = 0; row < job->rows; row++)
          for (gint i = 0; i < job->n; i += DH_COARSE_TILE)
            for (gint o = o0; o < MIN (o0 + BLOCK_PLANES, all); o += 2, sums += 2 * SUMS_FLOATS)
              make_tile (job, run0, MIN (run, job->planes - run0), job->y + row * job->step, job->x + i,
                         MIN (DH_COARSE_TILE, job->n - i), o, sums);
      }
}

static gint
item_width (const DhCpuTaps *conv)
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

/* Rows of an item. */
static gint
rows_of (const DhCpuTaps *conv)
{
  const gint width = item_width (conv);
  const gsize row = (gsize)width * conv->in.n_planes * DH_LANES * sizeof (guint16);
  if (conv->rows > 0)
    return conv->rows;
  return CLAMP (MIN (ITEM_PIXELS / width, (gint)(ITEM_BYTES / row)), 1, 16);
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
  const gint width = item_width (conv);
  gint groups = 0;
  for (gint phase = 0; phase < phases_of (conv); phase++)
    groups += groups_of (conv, phase);
  return groups * ((conv->out.w + width - 1) / width);
}

gsize
dh_taps_of_tiles_scratch (const DhCpuTaps *conv)
{
  return dh_tile_job_floats (item_width (conv) * rows_of (conv), conv->out.n_planes) * sizeof (float);
}

void
dh_taps_of_tiles (const DhCpuTaps *conv, gint item, float *scratch)
{
  const gint width = item_width (conv), runs = (conv->out.w + width - 1) / width;
  gint group = item / runs, phase = 0;
  while (group >= groups_of (conv, phase))
    group -= groups_of (conv, phase++);
  DhTileJob job = { .out = &conv->out,
                    .out_w = conv->out.w,
                    .weights = conv->weights,
                    .bias = conv->bias,
                    .packed = conv->packed,
                    .h = conv->in.h,
                    .w = conv->in.w,
                    .margin = DH_TAPS_MARGIN,
                    .kernel = conv->kernel,
                    .stride = conv->stride,
                    .dilation = conv->dilation,
                    .padding = conv->padding,
                    .in_planes = conv->in.n_planes,
                    .planes = conv->in.n_planes,
                    .begins = TRUE,
                    .ends = TRUE,
                    .x = item % runs * width,
                    .step = phases_of (conv),
                    .sums = scratch };
  job.n = MIN (width, conv->out.w - job.x);
  job.y = phase + group * rows_of (conv) * job.step;
  job.rows = MIN (rows_of (conv), phase_rows (conv, phase) - group * rows_of (conv));
  dh_tiles_begin ();
  dh_tile_job (&job);
  dh_tiles_end ();
  if (conv->out.stream)
    dh_stream_end ();
}

#endif

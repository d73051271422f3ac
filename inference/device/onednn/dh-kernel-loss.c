#include "dh-simd-math.h"
#include "dh-simd-train.h"

/* A row of the picture at a time: pixels in vectors, channels after each other. */

static gint
padded (gint w)
{
  return (w + DH_LANES - 1) / DH_LANES * DH_LANES;
}

gsize
dh_loss_scratch (const DhCpuLoss *loss)
{
  const gint channels = loss->f.channels + loss->g.channels, w = padded (loss->w);
  const gint coarse = padded (MAX (loss->f.w, loss->g.w));
  return ((gsize)channels * w + coarse + (gsize)loss->f.channels * DH_LANES) * sizeof (float);
}

/* One row of all channels at full size. */
static void
expand (const DhCpuLossInput *in, gint row, gint w, float *line, float *to)
{
  const DhBilinear at = in->rows[row];
  for (gint c = 0; c < in->channels; c++, to += padded (w))
    {
      const float *a = in->coarse + ((gsize)c * in->h + at.a) * in->w,
                  *b = in->coarse + ((gsize)c * in->h + at.b) * in->w;
      for (gint x = 0; x < in->w; x++)
        line[x] = (1 - at.t) * a[x] + at.t * b[x];
      for (gint x = 0; x < w; x++)
        {
          const DhBilinear column = in->columns[x];
          to[x] = (1 - column.t) * line[column.a] + column.t * line[column.b];
        }
      for (gint x = w; x < padded (w); x++)
        to[x] = to[w - 1];
    }
}

/* The adjoint. */
static void
contract (const DhCpuLossInput *in, gint row, gint w, float *line, const float *from)
{
  const DhBilinear at = in->rows[row];
  for (gint c = 0; c < in->channels; c++, from += padded (w))
    {
      float *a = in->gradient + ((gsize)c * in->h + at.a) * in->w,
            *b = in->gradient + ((gsize)c * in->h + at.b) * in->w;
      memset (line, 0, in->w * sizeof *line);
      for (gint x = 0; x < w; x++)
        {
          const DhBilinear column = in->columns[x];
          line[column.a] += (1 - column.t) * from[x];
          line[column.b] += column.t * from[x];
        }
      for (gint x = 0; x < in->w; x++)
        a[x] += (1 - at.t) * line[x];
      for (gint x = 0; x < in->w; x++)
        b[x] += at.t * line[x];
    }
}

DH_INLINE double
add_up (DhVec v)
{
  double sum = 0;
  for (gint lane = 0; lane < DH_LANES; lane++)
    sum += v[lane];
  return sum;
}

/* DH_LANES pixels of f, K rows of `stride` floats, become their gradient; `e`: K vectors of scratch. */
DH_INLINE void
losses_of_f (const DhCpuLoss *loss, float *f, gsize stride, DhVecInt label, DhVec valid, float *e)
{
  const gint k = loss->f.channels;
  DhVec max = dh_load (f), sum = { 0 }, own = { 0 }, all = { 0 };
  for (gint c = 1; c < k; c++)
    {
      const DhVec v = dh_load (f + c * stride);
      max = dh_select (v > max, v, max);
    }
  for (gint c = 0; c < k; c++)
    {
      const DhVec v = dh_load (f + c * stride), power = dh_exp (v - max);
      own = dh_select (label == c, v, own);
      all += v;
      sum += power;
      dh_store (e + c * DH_LANES, power);
    }
  const DhVec lse = max + dh_log (sum);
  const DhVecInt labelled = label < k, negative = label == k + 1;
  const DhVec zero = { 0 };
  loss->sums[0] += add_up (dh_select (labelled, lse - own, zero));
  loss->sums[1] += add_up (dh_select (negative, lse, zero));
  loss->sums[3] += add_up (all * valid);
  const DhVec factor = dh_select (labelled, dh_splat ((float)loss->segmentation),
                                  dh_select (negative, dh_splat ((float)loss->likelihood), zero));
  const DhVec share = factor / sum;
  for (gint c = 0; c < k; c++)
    {
      DhVec d = share * dh_load (e + c * DH_LANES);
      dh_store (f + c * stride, d - dh_select (label == c, factor, zero));
    }
}

DH_INLINE void
losses_of_g (const DhCpuLoss *loss, float *g, gsize stride, DhVecInt negative, DhVec valid)
{
  const DhVec zero = { 0 };
  const DhVec inlier = dh_load (g), outlier = dh_load (g + stride);
  const DhVec lead = dh_select (negative, inlier - outlier, outlier - inlier);
  const DhVec small = dh_exp (dh_select (lead > 0, -lead, lead));
  loss->sums[2] += add_up (valid * (dh_select (lead > 0, lead, zero) + dh_log1p (small) + (lead - lead)));
  const DhVec other = valid * (float)loss->posterior * dh_select (lead > 0, dh_splat (1), small) / (1 + small);
  const DhVec d = dh_select (negative, other, -other);
  dh_store (g, d);
  dh_store (g + stride, -d);
}

void
dh_loss_row (const DhCpuLoss *loss, gint row, float *scratch)
{
  const gint w = padded (loss->w);
  float *f = scratch, *g = f + (gsize)loss->f.channels * w, *line = g + (gsize)loss->g.channels * w;
  float *e = line + padded (MAX (loss->f.w, loss->g.w));
  expand (&loss->f, row, loss->w, line, f);
  if (loss->g.coarse)
    expand (&loss->g, row, loss->w, line, g);
  for (gint x = 0; x < w; x += DH_LANES)
    {
      DhVecInt label;
      DhVec valid;
      for (gint lane = 0; lane < DH_LANES; lane++)
        {
          label[lane] = x + lane < loss->w ? loss->labels[(gsize)row * loss->w + x + lane] : loss->f.channels;
          valid[lane] = x + lane < loss->w;
        }
      losses_of_f (loss, f + x, w, label, valid, e);
      if (loss->g.coarse)
        losses_of_g (loss, g + x, w, label == loss->f.channels + 1, valid);
    }
  contract (&loss->f, row, loss->w, line, f);
  if (loss->g.coarse)
    contract (&loss->g, row, loss->w, line, g);
}

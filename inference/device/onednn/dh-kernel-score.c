#include <math.h>
#include "dh-simd.h"
#include "dh-simd-math.h"

/* One row of the score maps: the logits' two rows of low resolution are mixed and laid out class by class, then read
 * along the row for one vector of pixels at a time, so that logits of full size never exist. The formulas are those of
 * dh-score.h. */

typedef struct
{
  DhVec best, rest, slope, poison; /* as DhScore of dh-score.h */
  DhVecInt which;
} Classes;

static gsize
line_length (const DhCpuInput *in)
{
  return (gsize)in->w + 2 * DH_LANES;
}

gsize
dh_score_scratch (const DhCpuScore *score)
{
  gsize n = 0;
  if (score->logits.n_planes > 0)
    n += score->classes * (line_length (&score->logits) + DH_LANES);
  if (score->logits_ood.n_planes > 0)
    n += 2 * (line_length (&score->logits_ood) + DH_LANES);
  return n * sizeof (float);
}

/* Lines of one class each, the last value repeated behind the end. */
static void
mix_rows (const DhCpuInput *in, const gint *channels, gint n, DhBilinear y, float *lines)
{
  gsize length = line_length (in);
  for (gint k = 0; k < n; k++)
    {
      gint channel = channels != NULL ? channels[k] : k;
      const float *plane = in->planes[channel / DH_LANES] + channel % DH_LANES;
      const float *above = plane + (gsize)y.a * in->w * DH_LANES;
      const float *below = plane + (gsize)y.b * in->w * DH_LANES;
      float *line = lines + k * length;
      float s = 1 - y.t;
      if (y.t == 0)
        for (gint x = 0; x < in->w; x++)
          line[x] = above[(gsize)x * DH_LANES];
      else
        for (gint x = 0; x < in->w; x++)
          line[x] = s * above[(gsize)x * DH_LANES] + y.t * below[(gsize)x * DH_LANES];
      for (gint x = in->w; x < (gint)length; x++)
        line[x] = line[in->w - 1];
    }
}

/* Where one vector of pixels reads a line. */
typedef struct
{
  gint base;
  gboolean near; /* all places lie within one vector from base */
  gboolean same; /* no mixing */
  gint place[DH_LANES];
  DhVecInt offset;
  DhVec t;
} Columns;

static Columns
find_columns (const DhBilinear *columns)
{
  Columns c = { .base = columns[0].a, .same = TRUE };
  gint offset[DH_LANES];
  float t[DH_LANES];
  for (gint i = 0; i < DH_LANES; i++)
    {
      c.place[i] = columns[i].a;
      offset[i] = columns[i].a - c.base;
      t[i] = columns[i].t;
      c.same = c.same && columns[i].t == 0;
    }
  c.near = offset[DH_LANES - 1] < DH_LANES;
  memcpy (&c.offset, offset, sizeof offset);
  memcpy (&c.t, t, sizeof t);
  return c;
}

DH_INLINE DhVec
read_line (const float *line, const Columns *c)
{
  DhVec a, b;
  if (c->near)
    {
      a = __builtin_shuffle (dh_load (line + c->base), c->offset);
      if (c->same)
        return a;
      b = __builtin_shuffle (dh_load (line + c->base + 1), c->offset);
    }
  else
    {
      float va[DH_LANES], vb[DH_LANES];
      for (gint i = 0; i < DH_LANES; i++)
        {
          va[i] = line[c->place[i]];
          vb[i] = line[c->place[i] + 1];
        }
      memcpy (&a, va, sizeof va);
      if (c->same)
        return a;
      memcpy (&b, vb, sizeof vb);
    }
  return (1.0f - c->t) * a + c->t * b;
}

static void
store_part (void *map, gsize at, DhVec v, gint n)
{
  float *to = (float *)map + at;
  if (n == DH_LANES)
    dh_store (to, v);
  else
    memcpy (to, &v, n * sizeof (float));
}

static Classes
read_classes (const float *z, gint classes, gboolean entropy)
{
  Classes c = { .best = dh_load (z), .which = { 0 } };
  c.poison = c.best - c.best;
  for (gint k = 1; k < classes; k++)
    {
      DhVec v = dh_load (z + k * DH_LANES);
      DhVecInt greater = v > c.best;
      c.best = dh_select (greater, v, c.best);
      c.which = (greater & k) | (~greater & c.which);
      c.poison += v - v;
    }
  DhVec rest = { 0 }, slope = { 0 };
  for (gint k = 0; k < classes; k++)
    {
      DhVec d = dh_load (z + k * DH_LANES) - c.best;
      DhVec e = dh_select (c.which == k, (DhVec){ 0 }, dh_exp (d));
      rest += e;
      if (entropy)
        slope += e * d;
    }
  c.rest = rest;
  c.slope = slope;
  return c;
}

void
dh_score_row (const DhCpuScore *score, gint row, float *scratch)
{
  gboolean has_f = score->logits.n_planes > 0, has_g = score->logits_ood.n_planes > 0;
  gsize f_length = line_length (&score->logits), g_length = line_length (&score->logits_ood);
  float *f = scratch;
  float *g = f + (has_f ? score->classes * f_length : 0);
  float *z = g + (has_g ? 2 * g_length : 0);
  if (has_f)
    mix_rows (&score->logits, score->channels, score->classes, score->rows[row], f);
  if (has_g)
    mix_rows (&score->logits_ood, score->channels_ood, 2, score->rows[row], g);
  void *const *maps = score->maps;
  gsize size = (gsize)score->h * score->w;
  gboolean needs_classes = has_f
                           && (maps[DH_MAP_SEGMENTATION] || maps[DH_MAP_LIKELIHOOD] || maps[DH_MAP_HYBRID]
                               || maps[DH_MAP_MAX_SOFTMAX] || maps[DH_MAP_MAX_LOGIT] || maps[DH_MAP_ENTROPY]);
  for (gint x = 0; x < score->w; x += DH_LANES)
    {
      gint n = MIN (DH_LANES, score->w - x);
      gsize at = (gsize)row * score->w + x;
      Columns columns = find_columns (score->columns + x);
      DhVec likelihood = { 0 };
      if (has_f)
        for (gint k = 0; k < score->classes; k++)
          {
            DhVec v = read_line (f + k * f_length, &columns);
            dh_store (z + k * DH_LANES, v);
            if (maps[DH_MAP_LOGITS] != NULL)
              store_part (maps[DH_MAP_LOGITS], k * size + at, v, n);
          }
      if (needs_classes)
        {
          Classes c = read_classes (z, score->classes, maps[DH_MAP_ENTROPY] != NULL);
          DhVec log_rest = dh_log1p (c.rest);
          likelihood = c.best + log_rest + c.poison;
          if (maps[DH_MAP_SEGMENTATION] != NULL)
            for (gint i = 0; i < n; i++)
              ((guint8 *)maps[DH_MAP_SEGMENTATION])[at + i] = (guint8)c.which[i];
          if (maps[DH_MAP_LIKELIHOOD] != NULL)
            store_part (maps[DH_MAP_LIKELIHOOD], at, likelihood, n);
          if (maps[DH_MAP_MAX_SOFTMAX] != NULL)
            store_part (maps[DH_MAP_MAX_SOFTMAX], at, c.rest / (1.0f + c.rest) + c.poison, n);
          if (maps[DH_MAP_MAX_LOGIT] != NULL)
            store_part (maps[DH_MAP_MAX_LOGIT], at, c.poison - c.best, n);
          if (maps[DH_MAP_ENTROPY] != NULL)
            store_part (maps[DH_MAP_ENTROPY], at, log_rest - c.slope / (1.0f + c.rest) + c.poison, n);
        }
      if (!has_g)
        continue;
      DhVec g0 = read_line (g, &columns), g1 = read_line (g + g_length, &columns);
      if (maps[DH_MAP_LOGITS_OOD] != NULL)
        {
          store_part (maps[DH_MAP_LOGITS_OOD], at, g0, n);
          store_part (maps[DH_MAP_LOGITS_OOD], size + at, g1, n);
        }
      DhVec d = g0 - g1;
      DhVec e = dh_exp (dh_select (d < 0, d, -d));
      DhVec poison = (g0 - g0) + (g1 - g1);
      if (maps[DH_MAP_DATASET_POSTERIOR] != NULL)
        store_part (maps[DH_MAP_DATASET_POSTERIOR], at, dh_select (d < 0, e, dh_splat (1)) / (1.0f + e) + poison, n);
      if (maps[DH_MAP_HYBRID] != NULL)
        {
          DhVec ln_outlier = poison - (dh_select (d > 0, d, (DhVec){ 0 }) + dh_log1p (e));
          store_part (maps[DH_MAP_HYBRID], at, ln_outlier - likelihood, n);
        }
    }
}

#include "dh-simd-math.h"

/* Attention of some pixels and one head: keys pass by a part at a time, and of each pixel the largest product so far,
 * the sum of what stands under it, and the sum of values that were weighted by that are all that is kept, so that the
 * matrix of all products is never there. Both products are those of the convolutions' kernel: the first makes a vector
 * of keys, the second reads it as channels. */

#define KEY_PLANES (DH_ATTENTION_KEYS / DH_LANES)

DH_INLINE gint
planes_of (gint channels)
{
  return (channels + DH_LANES - 1) / DH_LANES;
}

/* Floats of one part of the keys, or of their values. */
DH_INLINE gsize
part_of (gint channels)
{
  return (gsize)planes_of (channels) * DH_LANES * DH_ATTENTION_KEYS;
}

DH_INLINE gint
parts_of (const DhCpuAttention *attention)
{
  return (attention->n_keys + DH_ATTENTION_KEYS - 1) / DH_ATTENTION_KEYS;
}

DH_INLINE float
read_channel (const float *const *planes, gint channel, gsize pixel)
{
  return planes[channel / DH_LANES][pixel * DH_LANES + channel % DH_LANES];
}

gsize
dh_attention_packed (const DhCpuAttention *attention)
{
  return (gsize)attention->heads * parts_of (attention) * (part_of (attention->deep) + part_of (attention->wide));
}

gint
dh_attention_pack_items (const DhCpuAttention *attention)
{
  return attention->heads * parts_of (attention);
}

/* Keys: of two vectors of them, each channel; values: of two planes, each key. What is behind the last is 0. */
void
dh_attention_pack (const DhCpuAttention *attention, gint item, float *to)
{
  const gint head = item / parts_of (attention), first = item % parts_of (attention) * DH_ATTENTION_KEYS;
  const gint n = MIN (DH_ATTENTION_KEYS, attention->n_keys - first), deep = attention->deep, wide = attention->wide;
  const gint deep_planes = planes_of (deep), wide_planes = planes_of (wide);
  to += (gsize)item * (part_of (deep) + part_of (wide));
  for (gint block = 0; block < DH_ATTENTION_KEYS; block += 2 * DH_LANES)
    for (gint c = 0; c < deep_planes * DH_LANES; c++)
      for (gint i = 0; i < 2 * DH_LANES; i++)
        *to++ =
            c < deep && block + i < n ? read_channel (attention->keys, head * deep + c, (gsize)(first + block + i)) : 0;
  for (gint plane = 0; plane < wide_planes; plane += 2)
    for (gint key = 0; key < DH_ATTENTION_KEYS; key++)
      for (gint i = 0; i < MIN (2, wide_planes - plane) * DH_LANES; i++)
        {
          const gint c = plane * DH_LANES + i;
          *to++ = c < wide && key < n ? read_channel (attention->values, head * wide + c, (gsize)(first + key)) : 0;
        }
}

gint
dh_attention_items (const DhCpuAttention *attention)
{
  const gsize pixels = (gsize)attention->in.h * attention->in.w;
  return attention->heads * (gint)((pixels + (gsize)attention->pixels_at_once - 1) / (gsize)attention->pixels_at_once);
}

gsize
dh_attention_scratch (const DhCpuAttention *attention)
{
  const gsize n = (gsize)attention->pixels_at_once;
  return (n * DH_LANES * (gsize)(planes_of (attention->deep) + planes_of (attention->wide))
          + (gsize)KEY_PLANES * DH_TILE * DH_LANES + 2 * (n + DH_LANES))
         * sizeof (float);
}

DH_INLINE float
most_of (DhVec v)
{
  float most = v[0];
  for (gint i = 1; i < DH_LANES; i++)
    most = v[i] > most ? v[i] : most;
  return most;
}

DH_INLINE float
sum_of (DhVec v)
{
  float sum = 0;
  for (gint i = 0; i < DH_LANES; i++)
    sum += v[i];
  return sum;
}

/* A pixel's products with `n` keys become what they weigh. Returns what earlier sums are to be multiplied by. */
DH_INLINE float
weigh (float *products, gint n, float *most, float *sum)
{
  const gint planes = planes_of (n);
  const gsize step = DH_TILE * DH_LANES;
  DhVec largest = dh_splat (-INFINITY), weights = { 0 };
  if (n % DH_LANES)
    {
      float *last = products + (gsize)(planes - 1) * step;
      for (gint i = n % DH_LANES; i < DH_LANES; i++)
        last[i] = -INFINITY;
    }
  for (gint i = 0; i < planes; i++)
    {
      const DhVec x = dh_load (products + (gsize)i * step);
      largest = dh_select (x > largest, x, largest);
    }
  const float before = *most, now = MAX (before, most_of (largest));
  for (gint i = 0; i < planes; i++)
    {
      const DhVec weight = dh_exp (dh_load (products + (gsize)i * step) - now);
      weights += weight;
      dh_store (products + (gsize)i * step, weight);
    }
  const float factor = now == before ? 1 : dh_exp (dh_splat (before - now))[0];
  *most = now;
  *sum = *sum * factor + sum_of (weights);
  return factor;
}

/* One tile of pixels and one part of the keys. */
static void
attend (const DhCpuAttention *attention, const float *queries, gsize stride, const float *part, gint n_keys, gint n,
        float *products, float *most, float *sums, float *made)
{
  static const float zero[2 * DH_LANES] __attribute__ ((aligned (64))) = { 0 };
  const gint deep_planes = planes_of (attention->deep), wide_planes = planes_of (attention->wide);
  DhProduct product = { .a = queries, .a_stride = stride, .n_planes = deep_planes, .w = part, .bias = zero };
  for (gint key = 0; key < n_keys; key += 2 * DH_LANES)
    {
      product.c[0] = products + (gsize)(key / DH_LANES) * DH_TILE * DH_LANES;
      product.c[1] = product.c[0] + DH_TILE * DH_LANES;
      dh_matrix (&product, n, 2);
      product.w += (gsize)deep_planes * DH_LANES * 2 * DH_LANES;
    }
  for (gint i = 0; i < n; i++)
    {
      const float factor = weigh (products + (gsize)i * DH_LANES, n_keys, most + i, sums + i);
      for (gint plane = 0; plane < wide_planes && factor != 1; plane++)
        {
          float *at = made + (gsize)plane * stride + (gsize)i * DH_LANES;
          dh_store (at, dh_load (at) * factor);
        }
    }
  product = (DhProduct){ .a = products, .a_stride = DH_TILE * DH_LANES, .n_planes = planes_of (n_keys) };
  product.w = part + part_of (attention->deep);
  for (gint plane = 0; plane < wide_planes; plane += 2)
    {
      const gint outs = MIN (2, wide_planes - plane);
      product.c[0] = made + (gsize)plane * stride;
      product.c[1] = product.c[0] + stride;
      dh_matrix (&product, n, outs);
      product.w += (gsize)DH_ATTENTION_KEYS * (gsize)outs * DH_LANES;
    }
}

/* The channels of a head, which may stand anywhere in planes, as planes of their own. */
static void
gather (const DhCpuAttention *attention, gint head, gsize first, gint n, float *to)
{
  const gint deep = attention->deep, from = head * deep;
  for (gint plane = 0; plane < planes_of (deep); plane++)
    for (gint i = 0; i < n; i++, to += DH_LANES)
      {
        if (from % DH_LANES == 0 && (plane + 1) * DH_LANES <= deep)
          {
            const float *at = attention->in.planes[from / DH_LANES + plane] + (first + (gsize)i) * DH_LANES;
            dh_store (to, dh_load (at) * attention->scale);
            continue;
          }
        for (gint lane = 0; lane < DH_LANES; lane++)
          {
            const gint c = plane * DH_LANES + lane;
            to[lane] =
                c < deep ? read_channel (attention->in.planes, from + c, first + (gsize)i) * attention->scale : 0;
          }
      }
}

static void
scatter (const DhCpuAttention *attention, gint head, gsize first, gint n, const float *made, const float *sums)
{
  const gint wide = attention->wide, to = head * wide, all = attention->out.n_planes * DH_LANES;
  /* What is behind the last channel is the last head's. */
  const gint end = head == attention->heads - 1 ? all - to : wide;
  for (gint plane = 0; plane < planes_of (end); plane++)
    for (gint i = 0; i < n; i++)
      {
        const float *at = made + ((gsize)plane * (gsize)n + (gsize)i) * DH_LANES;
        if (to % DH_LANES == 0 && (plane + 1) * DH_LANES <= end && plane < planes_of (wide))
          {
            /* Behind the last channel sums are 0. */
            dh_store (attention->out.planes[to / DH_LANES + plane] + (first + (gsize)i) * DH_LANES,
                      dh_load (at) / sums[i]);
            continue;
          }
        for (gint lane = 0; lane < DH_LANES && plane * DH_LANES + lane < end; lane++)
          {
            const gint c = to + plane * DH_LANES + lane;
            attention->out.planes[c / DH_LANES][(first + (gsize)i) * DH_LANES + (gsize)(c % DH_LANES)] =
                c < to + wide ? at[lane] / sums[i] : 0;
          }
      }
}

void
dh_attention (const DhCpuAttention *attention, gint item, float *scratch)
{
  const gsize all = (gsize)attention->in.h * attention->in.w;
  const gint blocks = (gint)((all + (gsize)attention->pixels_at_once - 1) / (gsize)attention->pixels_at_once);
  const gint head = item / blocks;
  const gsize first = (gsize)(item % blocks) * (gsize)attention->pixels_at_once;
  const gint n = (gint)MIN ((gsize)attention->pixels_at_once, all - first);
  const gsize stride = (gsize)n * DH_LANES;
  float *queries = scratch, *made = queries + (gsize)planes_of (attention->deep) * stride;
  float *products = made + (gsize)planes_of (attention->wide) * stride;
  float *most = products + (gsize)KEY_PLANES * DH_TILE * DH_LANES, *sums = most + n;
  gather (attention, head, first, n, queries);
  memset (made, 0, (gsize)planes_of (attention->wide) * stride * sizeof *made);
  for (gint i = 0; i < n; i++)
    {
      most[i] = -INFINITY;
      sums[i] = 0;
    }
  const gsize floats = part_of (attention->deep) + part_of (attention->wide);
  for (gint part = 0; part < parts_of (attention); part++)
    {
      const float *packed = attention->packed + ((gsize)head * (gsize)parts_of (attention) + (gsize)part) * floats;
      const gint keys = MIN (DH_ATTENTION_KEYS, attention->n_keys - part * DH_ATTENTION_KEYS);
      for (gint i = 0; i < n; i += DH_TILE)
        attend (attention, queries + (gsize)i * DH_LANES, stride, packed, keys, MIN (DH_TILE, n - i), products,
                most + i, sums + i, made + (gsize)i * DH_LANES);
    }
  scatter (attention, head, first, n, made, sums);
}

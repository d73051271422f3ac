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

/* Planes that products read of so many channels, and floats of a plane of a pixel. */
DH_INLINE gint
read_planes (const DhCpuAttention *attention, gint channels)
{
  return attention->bf16 ? dh_cpu_whole_panels (planes_of (channels), DH_PANEL_BF16) : planes_of (channels);
}

DH_INLINE gsize
pixel_floats (const DhCpuAttention *attention)
{
  return attention->bf16 ? DH_LANES / 2 : DH_LANES;
}

DH_INLINE gint
panel_planes (const DhCpuAttention *attention)
{
  return attention->bf16 ? DH_PANEL_BF16 : 1;
}

DH_INLINE gint
tile_of (const DhCpuAttention *attention)
{
  return attention->bf16 ? DH_COARSE_TILE : DH_TILE;
}

/* Floats of one part of the keys, and of their values. */
DH_INLINE gsize
part_of_keys (const DhCpuAttention *attention)
{
  return (gsize)read_planes (attention, attention->deep) * pixel_floats (attention) * DH_ATTENTION_KEYS;
}

DH_INLINE gsize
part_of_values (const DhCpuAttention *attention)
{
  return (gsize)planes_of (attention->wide) * pixel_floats (attention) * DH_ATTENTION_KEYS;
}

DH_INLINE gsize
part_of (const DhCpuAttention *attention)
{
  return part_of_keys (attention) + part_of_values (attention);
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
  return (gsize)attention->heads * (gsize)parts_of (attention) * part_of (attention);
}

gint
dh_attention_pack_items (const DhCpuAttention *attention)
{
  return attention->heads * parts_of (attention);
}

/* A channel of some keys from one on, of `left`; what is behind the last is 0. */
DH_INLINE DhVec
read_keys (const DhCpuAttention *attention, gint head, gint channel, gint first, gint left)
{
  float keys[DH_LANES] = { 0 };
  for (gint i = 0; i < DH_LANES && i < left && channel < attention->deep; i++)
    keys[i] = read_channel (attention->keys, head * attention->deep + channel, (gsize)(first + i));
  return dh_load (keys);
}

/* A key's values of one plane of the head's. */
DH_INLINE DhVec
read_values (const DhCpuAttention *attention, gint head, gint plane, gint key, gboolean is_key)
{
  float values[DH_LANES] = { 0 };
  for (gint i = 0; i < DH_LANES && is_key && plane * DH_LANES + i < attention->wide; i++)
    values[i] = read_channel (attention->values, head * attention->wide + plane * DH_LANES + i, (gsize)key);
  return dh_load (values);
}

/* One vector, or two of which each lane makes a pair in bfloat16. */
DH_INLINE float *
put (float *to, DhVec first, DhVec second, gboolean pairs)
{
#ifdef __AVX512BF16__
  if (pairs)
    dh_store_pairs_bf16 (to, first, second);
  else
#endif
    dh_store (to, first);
  return to + DH_LANES;
}

/* Keys: of two vectors of them, each channel; values: of two planes, each key; or pairs of these. */
void
dh_attention_pack (const DhCpuAttention *attention, gint item, float *to)
{
  const gint head = item / parts_of (attention), first = item % parts_of (attention) * DH_ATTENTION_KEYS;
  const gint n = MIN (DH_ATTENTION_KEYS, attention->n_keys - first), step = attention->bf16 ? 2 : 1;
  const gint deep = read_planes (attention, attention->deep) * DH_LANES, wide = planes_of (attention->wide);
  to += (gsize)item * part_of (attention);
  for (gint block = 0; block < DH_ATTENTION_KEYS; block += 2 * DH_LANES)
    for (gint c = 0; c < deep; c += step)
      for (gint i = block; i < block + 2 * DH_LANES; i += DH_LANES)
        to = put (to, read_keys (attention, head, c, first + i, n - i),
                  step > 1 ? read_keys (attention, head, c + 1, first + i, n - i) : (DhVec){ 0 }, step > 1);
  for (gint plane = 0; plane < wide; plane += 2)
    for (gint key = 0; key < DH_ATTENTION_KEYS; key += step)
      for (gint i = plane; i < MIN (plane + 2, wide); i++)
        to = put (to, read_values (attention, head, i, first + key, key < n),
                  step > 1 ? read_values (attention, head, i, first + key + 1, key + 1 < n) : (DhVec){ 0 }, step > 1);
}

gint
dh_attention_items (const DhCpuAttention *attention)
{
  const gsize pixels = (gsize)attention->in.h * attention->in.w;
  return attention->heads * (gint)((pixels + (gsize)attention->pixels_at_once - 1) / (gsize)attention->pixels_at_once);
}

/* A thread's own, of some pixels; products may read a few pixels more. */
typedef struct
{
  float *queries, *made; /* planes */
  float *products;       /* with the keys of a part: planes of keys, of a tile of pixels */
  float *weights;        /* the same as products read them: they themselves, or in bfloat16 */
  float *sums;           /* a vector of a pixel */
  float *most;           /* pixels */
} Work;

DH_INLINE gsize
lay_out (const DhCpuAttention *attention, gint n, float *scratch, Work *work)
{
  const gsize behind = attention->bf16 ? 16 * DH_LANES : 0, tile = (gsize)tile_of (attention);
  const gsize queries = (gsize)read_planes (attention, attention->deep) * (gsize)n * pixel_floats (attention) + behind;
  const gsize made = (gsize)planes_of (attention->wide) * (gsize)n * DH_LANES, products = KEY_PLANES * tile * DH_LANES;
  *work = (Work){ .queries = scratch };
  work->made = work->queries + queries;
  work->products = work->weights = work->made + made;
  if (attention->bf16)
    work->weights += products;
  work->sums = work->weights + products + behind;
  work->most = work->sums + (gsize)n * DH_LANES;
  return queries + made + products * (attention->bf16 ? 2 : 1) + behind + (gsize)n * (DH_LANES + 1);
}

gsize
dh_attention_scratch (const DhCpuAttention *attention)
{
  float none[1];
  Work work;
  return lay_out (attention, attention->pixels_at_once, none, &work) * sizeof (float);
}

/* Where a plane of a pixel stands that products read, of `n` pixels. */
DH_INLINE gsize
place_of (const DhCpuAttention *attention, gint plane, gint pixel, gint n)
{
  const gint panel = panel_planes (attention);
  return (((gsize)(plane / panel) * (gsize)n + (gsize)pixel) * (gsize)panel + (gsize)(plane % panel))
         * pixel_floats (attention);
}

DH_INLINE void
put_plane (gboolean bf16, float *to, DhVec v)
{
#ifdef __AVX512BF16__
  if (bf16)
    {
      dh_store_bf16 (to, v);
      return;
    }
#endif
  dh_store (to, v);
}

/* What is largest may grow by so many powers of two before sums are multiplied anew: they are far from overflowing. */
#define SLACK 16

/* A pixel's products with `n` keys, which count powers of two, become what they weigh. Returns what earlier sums are to
 * be multiplied by. */
DH_INLINE float
weigh_as (const DhCpuAttention *attention, gboolean bf16, const Work *work, gint pixel, gint n, float *most,
          float *sums)
{
  const gint planes = planes_of (n), tile = tile_of (attention), whole = read_planes (attention, n);
  const gsize step = (gsize)tile * DH_LANES;
  float *products = work->products + (gsize)pixel * DH_LANES;
  DhVec weights = { 0 };
  if (n % DH_LANES)
    {
      float *last = products + (gsize)(planes - 1) * step;
      for (gint i = n % DH_LANES; i < DH_LANES; i++)
        last[i] = -INFINITY;
    }
  DhVec largest = dh_load (products);
  for (gint i = 1; i < planes; i++)
    largest = dh_larger (dh_load (products + (gsize)i * step), largest);
  const float before = *most, found = dh_most (largest), now = found > before + SLACK ? found : before;
  for (gint i = 0; i < planes; i++)
    {
      const DhVec weight = dh_exp2 (dh_load (products + (gsize)i * step) - now, bf16);
      weights += weight;
      put_plane (bf16, work->weights + place_of (attention, i, pixel, tile), weight);
    }
  for (gint i = planes; i < whole; i++)
    put_plane (bf16, work->weights + place_of (attention, i, pixel, tile), (DhVec){ 0 });
  const float factor = now == before ? 1 : dh_exp2 (dh_splat (before - now), FALSE)[0];
  *most = now;
  dh_store (sums, dh_load (sums) * factor + weights);
  return factor;
}

/* A loop for each precision. */
static float
weigh (const DhCpuAttention *attention, const Work *work, gint pixel, gint n, float *most, float *sums)
{
  if (attention->bf16)
    return weigh_as (attention, TRUE, work, pixel, n, most, sums);
  return weigh_as (attention, FALSE, work, pixel, n, most, sums);
}

DH_INLINE void
multiply (const DhCpuAttention *attention, const DhProduct *product, gint pixels, gint outs)
{
#ifdef __AVX512BF16__
  if (attention->bf16)
    {
      dh_matrix_bf16 (product, pixels, outs);
      return;
    }
#endif
  dh_matrix (product, pixels, outs);
}

/* One tile of `n` of the pixels, from `first` on, and one part of the keys. */
static void
attend (const DhCpuAttention *attention, const Work *work, gint all, gint first, gint n, const float *part, gint n_keys)
{
  static const float zero[2 * DH_LANES] __attribute__ ((aligned (64))) = { 0 };
  const gint tile = tile_of (attention), wide = planes_of (attention->wide), panel = panel_planes (attention);
  const gint deep = read_planes (attention, attention->deep);
  DhProduct product = { .a = work->queries + place_of (attention, 0, first, all),
                        .a_stride = place_of (attention, panel, 0, all),
                        .n_planes = planes_of (attention->deep),
                        .w = part,
                        .bias = zero };
  for (gint key = 0; key < n_keys; key += 2 * DH_LANES)
    {
      product.c[0] = work->products + (gsize)(key / DH_LANES) * (gsize)tile * DH_LANES;
      product.c[1] = product.c[0] + (gsize)tile * DH_LANES;
      multiply (attention, &product, n, 2);
      product.w += (gsize)deep * pixel_floats (attention) * 2 * DH_LANES;
    }
  for (gint i = 0; i < n; i++)
    {
      const float factor =
          weigh (attention, work, i, n_keys, work->most + first + i, work->sums + (gsize)(first + i) * DH_LANES);
      for (gint plane = 0; plane < wide && factor != 1; plane++)
        {
          float *at = work->made + ((gsize)plane * (gsize)all + (gsize)(first + i)) * DH_LANES;
          dh_store (at, dh_load (at) * factor);
        }
    }
  product = (DhProduct){ .a = work->weights,
                         .a_stride = place_of (attention, panel, 0, tile),
                         .n_planes = planes_of (n_keys),
                         .w = part + part_of_keys (attention) };
  for (gint plane = 0; plane < wide; plane += 2)
    {
      const gint outs = MIN (2, wide - plane);
      product.c[0] = work->made + ((gsize)plane * (gsize)all + (gsize)first) * DH_LANES;
      product.c[1] = product.c[0] + (gsize)all * DH_LANES;
      multiply (attention, &product, n, outs);
      product.w += (gsize)DH_ATTENTION_KEYS * pixel_floats (attention) * (gsize)outs;
    }
}

/* The channels of a head, which may stand anywhere in planes, as planes of their own, so scaled that products with them
 * count powers of two. */
static void
gather (const DhCpuAttention *attention, gint head, gsize first, gint n, float *to)
{
  const gint deep = attention->deep, from = head * deep;
  const float scale = attention->scale * 1.44269504f;
  for (gint plane = 0; plane < read_planes (attention, deep); plane++)
    for (gint i = 0; i < n; i++)
      {
        float some[DH_LANES] = { 0 };
        const float *at = some;
        if (from % DH_LANES == 0 && (plane + 1) * DH_LANES <= deep)
          at = attention->in.planes[from / DH_LANES + plane] + (first + (gsize)i) * DH_LANES;
        else
          for (gint lane = 0; lane < DH_LANES && plane * DH_LANES + lane < deep; lane++)
            some[lane] = read_channel (attention->in.planes, from + plane * DH_LANES + lane, first + (gsize)i);
        put_plane (attention->bf16, to + place_of (attention, plane, i, n), dh_load (at) * scale);
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
  const gsize all = (gsize)attention->in.h * (gsize)attention->in.w;
  const gint blocks = (gint)((all + (gsize)attention->pixels_at_once - 1) / (gsize)attention->pixels_at_once);
  const gint head = item / blocks, tile = tile_of (attention);
  const gsize first = (gsize)(item % blocks) * (gsize)attention->pixels_at_once;
  const gint n = (gint)MIN ((gsize)attention->pixels_at_once, all - first);
  Work work;
  lay_out (attention, n, scratch, &work);
  gather (attention, head, first, n, work.queries);
  memset (work.made, 0, (gsize)planes_of (attention->wide) * (gsize)n * DH_LANES * sizeof *work.made);
  for (gint i = 0; i < n; i++)
    {
      work.most[i] = -INFINITY;
      dh_store (work.sums + (gsize)i * DH_LANES, (DhVec){ 0 });
    }
  if (attention->bf16)
    dh_tiles_begin ();
  for (gint part = 0; part < parts_of (attention); part++)
    {
      const gsize place = (gsize)head * (gsize)parts_of (attention) + (gsize)part;
      const gint keys = MIN (DH_ATTENTION_KEYS, attention->n_keys - part * DH_ATTENTION_KEYS);
      for (gint i = 0; i < n; i += tile)
        attend (attention, &work, n, i, MIN (tile, n - i), attention->packed + place * part_of (attention), keys);
    }
  if (attention->bf16)
    dh_tiles_end ();
  for (gint i = 0; i < n; i++)
    work.sums[i] = dh_sum (dh_load (work.sums + (gsize)i * DH_LANES));
  scatter (attention, head, first, n, work.made, work.sums);
}

#include "dh-cuda-fused-math.h"
#include "dh-cuda-grid.h"

/* What transformers do over and over, by more than an item at a time: attention by tiles of keys that a block's queries
 * share, multiplied by the tensor cores, and layer norms by lanes that share a pixel. dh-cuda-foreign-math.h has both
 * item by item, for whatever is not here. */

namespace
{

constexpr int THREADS = DH_CUDA_THREADS;

/* The lanes of a warp whose numbers differ in the bits of `step`. */
__device__ __forceinline__ float
neighbour (float value, int step)
{
  return __shfl_xor_sync (0xffffffff, value, step);
}

/* `mode` lanes hold a pixel's groups, DH_CUDA_NORM_GROUPS each at most, and sum them together. */
template <int TYPE>
__global__ void
__launch_bounds__ (THREADS, 2) norm_layers (const __grid_constant__ DhCudaKernel k)
{
  const int lanes = k.mode, lane = (int)threadIdx.x % lanes;
  const int64_t pixels = (int64_t)k.n * k.h * k.w;
  const int64_t asked = (int64_t)blockIdx.x * (THREADS / lanes) + (int)threadIdx.x / lanes;
  const int64_t pixel = asked < pixels ? asked : pixels - 1;
  float v[DH_CUDA_NORM_GROUPS][8] = {}, sum = 0.0f, squares = 0.0f;
  DH_CUDA_UNROLL
  for (int i = 0; i < DH_CUDA_NORM_GROUPS; i++)
    {
      const int group = lane + i * lanes;
      if (group < k.n_groups)
        dh_cuda_read8 (&k.in, TYPE, pixel, group, v[i]);
      for (int j = 0; j < 8; j++)
        {
          v[i][j] = 8 * group + j < k.c ? v[i][j] : 0.0f;
          sum += v[i][j];
        }
    }
  for (int step = lanes / 2; step; step /= 2)
    sum += neighbour (sum, step);
  const float mean = sum / (float)k.c;
  DH_CUDA_UNROLL
  for (int i = 0; i < DH_CUDA_NORM_GROUPS; i++)
    for (int j = 0; j < 8; j++)
      {
        v[i][j] -= mean;
        squares += 8 * (lane + i * lanes) + j < k.c ? v[i][j] * v[i][j] : 0.0f;
      }
  for (int step = lanes / 2; step; step /= 2)
    squares += neighbour (squares, step);
  const float inverse = 1.0f / sqrtf (squares / (float)k.c + k.alpha);
  DH_CUDA_UNROLL
  for (int i = 0; i < DH_CUDA_NORM_GROUPS; i++)
    {
      const int group = lane + i * lanes;
      float weight[8], bias[8];
      if (asked != pixel || group >= k.n_groups)
        continue;
      dh_cuda_load8 (k.weights, 8 * group, DH_CUDA_F32, weight);
      dh_cuda_load8 (k.bias, 8 * group, DH_CUDA_F32, bias);
      for (int j = 0; j < 8; j++)
        v[i][j] = 8 * group + j < k.c ? v[i][j] * inverse * weight[j] + bias[j] : 0.0f;
      dh_cuda_store8 (k.out, (pixel * k.n_groups + group) * 8, k.type, v[i]);
    }
}

/* Attention. A block makes one head's channels of DH_CUDA_ATTENTION_QUERIES pixels of an image, a warp 16 of them: it
 * holds their queries, the products with the keys of a tile, and the sums under the largest product so far, key after
 * key, all in registers. A tile is KEYS keys and as many values, DEPTH channels of each, zeros where the head has fewer
 * channels or the image has fewer keys; while one is multiplied the next is fetched. */
constexpr int OF_BLOCK = DH_CUDA_ATTENTION_QUERIES / 16 * 32; /* threads */
template <int DEPTH> constexpr int KEYS = DEPTH > 64 ? 16 : 32;
template <int DEPTH> constexpr int HALF = KEYS<DEPTH> * DEPTH; /* of a tile: the keys, then the values */
template <int DEPTH> constexpr int FETCHED = 2 * HALF<DEPTH> / 8 / OF_BLOCK; /* 8 channels each */
/* On a multiprocessor side by side: as many as registers suffice for. Cards of 7.5 take more for the same. */
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800
template <int DEPTH> constexpr int SIDE_BY_SIDE = DEPTH > 32 ? 2 : 4;
#else
template <int DEPTH> constexpr int SIDE_BY_SIDE = DEPTH > 64 ? 2 : DEPTH > 32 ? 3 : 4;
#endif
template <int DEPTH> constexpr int SOURCES = FETCHED<DEPTH> > 1 ? 2 : 1;

struct Head
{
  int image, head, first; /* the block's first query, in the image */
};

__device__ __forceinline__ Head
find_head (const DhCudaKernel &k, int queries)
{
  const int blocks = (k.h * k.w + queries - 1) / queries;
  const int heads = k.c / k.group_out, rest = (int)blockIdx.x / blocks;
  return { rest / heads, rest % heads, (int)blockIdx.x % blocks * queries };
}

/* What a thread fetches from: one part of keys, of values, or of both, first that of keys. */
template <int DEPTH> struct Sources
{
  const uint16_t *first[SOURCES<DEPTH>]; /* of the image's first key */
  int stride[SOURCES<DEPTH>], n[SOURCES<DEPTH>]; /* keys; 0: the head has fewer channels */
};

#if __CUDA_ARCH__ >= 750
/* Eight rows that follow each other have any part in banks of their own. */
template <int DEPTH>
__device__ __forceinline__ int
place_of (int row, int part)
{
  return row * DEPTH + (part ^ (DEPTH == 32 ? row >> 1 & 3 : row & 7)) * 8;
}

/* Of the i-th that thread t fetches: whether it is of values, its key in the tile, its part. */
template <int DEPTH>
__device__ __forceinline__ int
is_value (int i, int t)
{
  return SOURCES<DEPTH> == 2 ? i >= FETCHED<DEPTH> / 2 : t >= OF_BLOCK / 2;
}

template <int DEPTH>
__device__ __forceinline__ int
row_of (int i, int t)
{
  return (i * OF_BLOCK + t) % (HALF<DEPTH> / 8) / (DEPTH / 8);
}

template <int DEPTH>
__device__ __forceinline__ int
part_of (int t)
{
  return t % (DEPTH / 8);
}

template <int DEPTH>
__device__ __forceinline__ void
find_sources (const DhCudaKernel &k, const Head &head, int t, Sources<DEPTH> &sources)
{
  DH_CUDA_UNROLL
  for (int i = 0; i < SOURCES<DEPTH>; i++)
    {
      const bool value = is_value<DEPTH> (i * FETCHED<DEPTH> / 2, t);
      const int channels = value ? k.group_out : k.group_in, first = (value ? k.in_c : 0) + head.head * channels;
      const bool has = 8 * part_of<DEPTH> (t) < channels;
      const DhCudaGroup group = k.other.groups[first / 8 + (has ? part_of<DEPTH> (t) : 0)];
      sources.n[i] = has ? k.in_h * k.in_w : 0;
      sources.stride[i] = (int)group.stride;
      sources.first[i] = (const uint16_t *)group.base + (int64_t)head.image * k.in_h * k.in_w * group.stride;
    }
}

template <int DEPTH>
__device__ __forceinline__ void
fetch (const Sources<DEPTH> &sources, int step, int t, DhCudaWords (&fetched)[FETCHED<DEPTH>])
{
  DH_CUDA_UNROLL
  for (int i = 0; i < FETCHED<DEPTH>; i++)
    {
      const int source = SOURCES<DEPTH> == 2 ? is_value<DEPTH> (i, t) : 0, key = step * KEYS<DEPTH> + row_of<DEPTH> (i, t);
      fetched[i] = { { 0, 0, 0, 0 } };
      if (key < sources.n[source])
        fetched[i] = dh_cuda_load_words (sources.first[source] + (int64_t)key * sources.stride[source]);
    }
}

template <int DEPTH>
__device__ __forceinline__ void
keep (int t, const DhCudaWords (&fetched)[FETCHED<DEPTH>], uint16_t *tile)
{
  DH_CUDA_UNROLL
  for (int i = 0; i < FETCHED<DEPTH>; i++)
    dh_cuda_store_words (tile + is_value<DEPTH> (i, t) * HALF<DEPTH>
                             + place_of<DEPTH> (row_of<DEPTH> (i, t), part_of<DEPTH> (t)),
                         fetched[i]);
}

/* The query whose channels a lane holds in half of each fragment. */
__device__ __forceinline__ int
query_of (const Head &head, int t, int half)
{
  return head.first + t / 32 * 16 + 8 * half + t % 32 / 4;
}

/* Fragments of the warp's queries: those of rows l / 4 and 8 rows on, then the same 8 channels on. */
template <int DEPTH>
__device__ __forceinline__ void
load_queries (const DhCudaKernel &k, const Head &head, int t, uint32_t (&queries)[DEPTH / 16][4])
{
  const int area = k.h * k.w;
  DH_CUDA_UNROLL
  for (int part = 0; part < DEPTH / 8; part++)
    {
      const bool has = 8 * part < k.group_in;
      const DhCudaGroup group = k.in.groups[head.head * k.group_in / 8 + (has ? part : 0)];
      DH_CUDA_UNROLL
      for (int half = 0; half < 2; half++)
        {
          const int query = query_of (head, t, half);
          queries[part / 2][part % 2 * 2 + half] = 0;
          if (has && query < area)
            queries[part / 2][part % 2 * 2 + half] =
                *(const uint32_t *)((const uint16_t *)group.base + ((int64_t)head.image * area + query) * group.stride
                                    + t % 4 * 2);
        }
    }
}

/* The products of the warp's queries with the tile's keys. */
template <int TYPE, int DEPTH>
__device__ __forceinline__ void
multiply_keys (const uint16_t *keys, int lane, const uint32_t (&queries)[DEPTH / 16][4],
               float (&products)[KEYS<DEPTH> / 8][4])
{
  DH_CUDA_UNROLL
  for (int i = 0; i < KEYS<DEPTH> / 8; i++)
    for (int j = 0; j < 4; j++)
      products[i][j] = 0.0f;
  DH_CUDA_UNROLL
  for (int at = 0; at < DEPTH / 16; at++)
    DH_CUDA_UNROLL
    for (int i = 0; i < KEYS<DEPTH> / 16; i++)
      {
        uint32_t b[4];
        dh_cuda_ptx_load_matrices (keys
                                       + place_of<DEPTH> (16 * i + lane / 16 * 8 + lane % 8, 2 * at + lane / 8 % 2),
                                   b);
        dh_cuda_ptx_multiply<TYPE> (products[2 * i], queries[at], b);
        dh_cuda_ptx_multiply<TYPE> (products[2 * i + 1], queries[at], b + 2);
      }
}

/* Products become weights under the largest so far, and what was made under another is made smaller. A lane has two
 * queries' products of every fourth pair of keys; its neighbours by 1 and 2 have the rest. No key, and no product but
 * −∞, weighs nothing. */
template <int DEPTH>
__device__ __forceinline__ void
weigh (float factor, int n, int lane, float (&products)[KEYS<DEPTH> / 8][4], float (&most)[2], float (&sum)[2],
       float (&made)[DEPTH / 8][4])
{
  if (n < KEYS<DEPTH>)
    {
      DH_CUDA_UNROLL
      for (int i = 0; i < KEYS<DEPTH> / 8; i++)
        for (int j = 0; j < 4; j++)
          if (8 * i + lane % 4 * 2 + j % 2 >= n)
            products[i][j] = -INFINITY;
    }
  DH_CUDA_UNROLL
  for (int half = 0; half < 2; half++)
    {
      float largest = most[half];
      DH_CUDA_UNROLL
      for (int i = 0; i < KEYS<DEPTH> / 8; i++)
        largest = fmaxf (largest, fmaxf (products[i][2 * half], products[i][2 * half + 1]));
      largest = fmaxf (largest, neighbour (largest, 1));
      largest = fmaxf (largest, neighbour (largest, 2));
      const float base = largest == -INFINITY ? 0.0f : largest * factor;
      const float smaller = dh_cuda_ptx_exp2 (most[half] * factor - base);
      most[half] = largest;
      sum[half] *= smaller;
      DH_CUDA_UNROLL
      for (int i = 0; i < DEPTH / 8; i++)
        {
          made[i][2 * half] *= smaller;
          made[i][2 * half + 1] *= smaller;
        }
      DH_CUDA_UNROLL
      for (int i = 0; i < KEYS<DEPTH> / 8; i++)
        for (int j = 2 * half; j < 2 * half + 2; j++)
          {
            products[i][j] = dh_cuda_ptx_exp2 (products[i][j] * factor - base);
            sum[half] += products[i][j];
          }
    }
}

/* A product's registers are those of the fragment that multiplies the values: 16 queries × 8 keys, twice. */
template <int TYPE, int DEPTH>
__device__ __forceinline__ void
multiply_values (const uint16_t *values, int lane, const float (&weights)[KEYS<DEPTH> / 8][4],
                 float (&made)[DEPTH / 8][4])
{
  DH_CUDA_UNROLL
  for (int at = 0; at < KEYS<DEPTH> / 16; at++)
    {
      uint32_t a[4];
      DH_CUDA_UNROLL
      for (int i = 0; i < 4; i++)
        a[i] = dh_cuda_ptx_pack<TYPE> (weights[2 * at + i / 2][i % 2 * 2], weights[2 * at + i / 2][i % 2 * 2 + 1]);
      DH_CUDA_UNROLL
      for (int i = 0; i < DEPTH / 16; i++)
        {
          uint32_t b[4];
          dh_cuda_ptx_load_turned (values + place_of<DEPTH> (16 * at + lane % 16, 2 * i + lane / 16), b);
          dh_cuda_ptx_multiply<TYPE> (made[2 * i], a, b);
          dh_cuda_ptx_multiply<TYPE> (made[2 * i + 1], a, b + 2);
        }
    }
}

template <int TYPE, int DEPTH>
__device__ __forceinline__ void
write_made (const DhCudaKernel &k, const Head &head, int t, const float (&sum)[2], const float (&made)[DEPTH / 8][4])
{
  const int area = k.h * k.w;
  DH_CUDA_UNROLL
  for (int half = 0; half < 2; half++)
    {
      const int query = query_of (head, t, half);
      float all = sum[half] + neighbour (sum[half], 1);
      all += neighbour (all, 2);
      if (query >= area)
        continue;
      const float inverse = 1.0f / all;
      uint16_t *to = (uint16_t *)k.out + ((int64_t)head.image * area + query) * k.n_groups * 8 + head.head * k.group_out;
      DH_CUDA_UNROLL
      for (int i = 0; i < DEPTH / 8; i++)
        if (8 * i < k.group_out)
          *(uint32_t *)(to + 8 * i + t % 4 * 2) =
              dh_cuda_ptx_pack<TYPE> (made[i][2 * half] * inverse, made[i][2 * half + 1] * inverse);
    }
}
#endif

template <int TYPE, int DEPTH>
__global__ void
__launch_bounds__ (OF_BLOCK, SIDE_BY_SIDE<DEPTH>) attend (const __grid_constant__ DhCudaKernel k)
{
#if __CUDA_ARCH__ >= 750
  if constexpr (TYPE == DH_CUDA_F16 || __CUDA_ARCH__ >= 800)
    {
      __shared__ __align__ (128) uint16_t tiles[2][2 * HALF<DEPTH>];
      const int t = (int)threadIdx.x, lane = t % 32, n = k.in_h * k.in_w, steps = (n + KEYS<DEPTH> - 1) / KEYS<DEPTH>;
      const float factor = k.alpha * 1.44269504f; /* of powers of two */
      const Head head = find_head (k, DH_CUDA_ATTENTION_QUERIES);
      float most[2] = { -INFINITY, -INFINITY }, sum[2] = { 0.0f, 0.0f }, made[DEPTH / 8][4] = {};
      uint32_t queries[DEPTH / 16][4];
      Sources<DEPTH> sources;
      DhCudaWords fetched[FETCHED<DEPTH>];
      find_sources<DEPTH> (k, head, t, sources);
      fetch<DEPTH> (sources, 0, t, fetched);
      load_queries<DEPTH> (k, head, t, queries);
      keep<DEPTH> (t, fetched, tiles[0]);
      __syncthreads ();
      DH_CUDA_ROLLED
      for (int step = 0; step < steps; step++)
        {
          const bool more = step + 1 < steps;
          float products[KEYS<DEPTH> / 8][4];
          if (more)
            fetch<DEPTH> (sources, step + 1, t, fetched);
          multiply_keys<TYPE, DEPTH> (tiles[step % 2], lane, queries, products);
          weigh<DEPTH> (factor, n - step * KEYS<DEPTH>, lane, products, most, sum, made);
          multiply_values<TYPE, DEPTH> (tiles[step % 2] + HALF<DEPTH>, lane, products, made);
          if (more)
            keep<DEPTH> (t, fetched, tiles[(step + 1) % 2]);
          __syncthreads ();
        }
      write_made<TYPE, DEPTH> (k, head, t, sum, made);
    }
#endif
}

/* In float32, without tensor cores: LANES lanes share a query, each of which holds every LANES-th four of its channels
 * and of what is made of them; all threads read the same key at a time. Keys come AT_ONCE at a time, under the largest
 * product of which what was made before is made smaller once. */
constexpr int AT_ONCE = 8, HELD = 32; /* HELD: channels of a lane */
template <int DEPTH> constexpr int LANES = DEPTH / HELD;

/* Four channels of a head, from a multiple of four on, of keys or values; zero beyond the head's. */
__device__ __forceinline__ float4
load_four (const DhCudaRead &read, int64_t pixel, int first, int channel, int channels)
{
  if (channel >= channels)
    return make_float4 (0.0f, 0.0f, 0.0f, 0.0f);
  const DhCudaGroup group = read.groups[(first + channel) / 8];
  return *(const float4 *)((const float *)group.base + pixel * group.stride + channel % 8);
}

template <int DEPTH>
__device__ __forceinline__ void
load_tile (const DhCudaKernel &k, const Head &head, int first, int t, float4 *keys, float4 *values)
{
  const int n = k.in_h * k.in_w;
  DH_CUDA_ROLLED
  for (int i = t; i < KEYS<DEPTH> * DEPTH / 4; i += OF_BLOCK)
    {
      const int key = first + i / (DEPTH / 4), channel = i % (DEPTH / 4) * 4;
      const int64_t pixel = (int64_t)head.image * n + (key < n ? key : n - 1);
      keys[i] = load_four (k.other, pixel, head.head * k.group_in, channel, k.group_in);
      values[i] = load_four (k.other, pixel, k.in_c + head.head * k.group_out, channel, k.group_out);
    }
}

template <int DEPTH>
__device__ __forceinline__ void
attend_keys (const float4 *keys, const float4 *values, int n, int lane, const float4 (&query)[HELD / 4], float &most,
             float &sum, float4 (&made)[HELD / 4])
{
  float products[AT_ONCE], largest = most;
  DH_CUDA_UNROLL
  for (int key = 0; key < AT_ONCE; key++)
    {
      float product = 0.0f;
      DH_CUDA_UNROLL
      for (int i = 0; i < HELD / 4; i++)
        {
          const float4 u = keys[key * (DEPTH / 4) + i * LANES<DEPTH> + lane];
          product += query[i].x * u.x + query[i].y * u.y + query[i].z * u.z + query[i].w * u.w;
        }
      for (int step = LANES<DEPTH> / 2; step; step /= 2)
        product += neighbour (product, step);
      products[key] = key < n ? product : -INFINITY;
      largest = fmaxf (largest, products[key]);
    }
  const float base = largest == -INFINITY ? 0.0f : largest, smaller = expf (most - base);
  most = largest;
  sum *= smaller;
  DH_CUDA_UNROLL
  for (int i = 0; i < HELD / 4; i++)
    made[i] = make_float4 (made[i].x * smaller, made[i].y * smaller, made[i].z * smaller, made[i].w * smaller);
  DH_CUDA_UNROLL
  for (int key = 0; key < AT_ONCE; key++)
    {
      const float weight = expf (products[key] - base);
      sum += weight;
      if (key >= n)
        continue;
      DH_CUDA_UNROLL
      for (int i = 0; i < HELD / 4; i++)
        {
          const float4 u = values[key * (DEPTH / 4) + i * LANES<DEPTH> + lane];
          made[i].x += weight * u.x;
          made[i].y += weight * u.y;
          made[i].z += weight * u.z;
          made[i].w += weight * u.w;
        }
    }
}

template <int DEPTH>
__global__ void
__launch_bounds__ (OF_BLOCK, DEPTH > 32 ? 3 : 4) attend_in_float (const __grid_constant__ DhCudaKernel k)
{
  __shared__ float4 keys[KEYS<DEPTH> * DEPTH / 4];
  __shared__ float4 values[KEYS<DEPTH> * DEPTH / 4];
  const int t = (int)threadIdx.x, lane = t % LANES<DEPTH>, n = k.in_h * k.in_w, area = k.h * k.w;
  const Head head = find_head (k, OF_BLOCK / LANES<DEPTH>);
  const int asked = head.first + t / LANES<DEPTH>, query = asked < area ? asked : area - 1;
  const int64_t pixel = (int64_t)head.image * area + query;
  float4 queries[HELD / 4], made[HELD / 4];
  float most = -INFINITY, sum = 0.0f;
  DH_CUDA_UNROLL
  for (int i = 0; i < HELD / 4; i++)
    {
      const float4 u = load_four (k.in, pixel, head.head * k.group_in, (i * LANES<DEPTH> + lane) * 4, k.group_in);
      queries[i] = make_float4 (u.x * k.alpha, u.y * k.alpha, u.z * k.alpha, u.w * k.alpha);
      made[i] = make_float4 (0.0f, 0.0f, 0.0f, 0.0f);
    }
  for (int first = 0; first < n; first += KEYS<DEPTH>)
    {
      __syncthreads ();
      load_tile<DEPTH> (k, head, first, t, keys, values);
      __syncthreads ();
      DH_CUDA_ROLLED
      for (int key = 0; key < KEYS<DEPTH> && first + key < n; key += AT_ONCE)
        attend_keys<DEPTH> (keys + key * (DEPTH / 4), values + key * (DEPTH / 4), n - first - key, lane, queries, most,
                            sum, made);
    }
  const float inverse = 1.0f / sum;
  DH_CUDA_UNROLL
  for (int i = 0; i < HELD / 4; i++)
    {
      const int channel = (i * LANES<DEPTH> + lane) * 4;
      if (asked < area && channel < k.group_out)
        *(float4 *)((float *)k.out + pixel * k.n_groups * 8 + head.head * k.group_out + channel) = make_float4 (
            made[i].x * inverse, made[i].y * inverse, made[i].z * inverse, made[i].w * inverse);
    }
}

template <int TYPE>
int launch_typed (const DhCudaKernel &k, cudaStream_t stream)
{
  const unsigned grid = dh_cuda_kernel_grid (&k).x;
  const int depth = k.group_in > k.group_out ? k.group_in : k.group_out;
  if (k.op == DH_CUDA_LAYER_NORM)
    norm_layers<TYPE><<<grid, THREADS, 0, stream>>> (k);
  else if constexpr (TYPE != DH_CUDA_F32)
    {
      if (depth <= 32)
        attend<TYPE, 32><<<grid, OF_BLOCK, 0, stream>>> (k);
      else if (depth <= 64)
        attend<TYPE, 64><<<grid, OF_BLOCK, 0, stream>>> (k);
      else
        attend<TYPE, 128><<<grid, OF_BLOCK, 0, stream>>> (k);
    }
  else if (depth <= 32)
    attend_in_float<32><<<grid, OF_BLOCK, 0, stream>>> (k);
  else if (depth <= 64)
    attend_in_float<64><<<grid, OF_BLOCK, 0, stream>>> (k);
  else
    attend_in_float<128><<<grid, OF_BLOCK, 0, stream>>> (k);
  return cudaGetLastError ();
}

} // namespace

extern "C" int
dh_cuda_launch_transformer (const DhCudaKernel *kernel, void *stream)
{
  if (!dh_cuda_kernel_grid (kernel).x)
    return cudaErrorInvalidValue;
  if (kernel->in.type == DH_CUDA_F32)
    return launch_typed<DH_CUDA_F32> (*kernel, (cudaStream_t)stream);
  if (kernel->in.type == DH_CUDA_F16)
    return launch_typed<DH_CUDA_F16> (*kernel, (cudaStream_t)stream);
  return launch_typed<DH_CUDA_BF16> (*kernel, (cudaStream_t)stream);
}

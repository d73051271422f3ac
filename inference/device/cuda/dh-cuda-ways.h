#pragma once
#include "dh-cuda-private.h"

G_BEGIN_DECLS

/* Several ways to compute a step, one after the other: the fastest of those that compute what the first one does, which
 * is made of a convolution that was held against plain sums (dh-cuda-probe.h) and plain kernels. One that does not, or
 * loses the card, is put aside and not gone again. */

typedef struct
{
  const DhCudaPool *pool;
  const DhCudaStep *step;         /* in the way that is tried */
  const DhCudaConvMemory *memory; /* of its convolution; the workspace is of DH_CUDA_PROBE_BYTES at least, or NULL */
  const char *key;                /* of the choice */
  /* Its own: */
  double best;   /* seconds */
  float *values; /* of the first way; or NULL */
} DhCudaWays;

/* Fills all that the step reads. */
gboolean dh_cuda_ways_begin (DhCudaWays *ways, GError **error);
/* Whether it is better than all before; `plainer`: where it is as fast, too. */
gboolean dh_cuda_ways_try (DhCudaWays *ways, const char *name, gboolean plainer, gboolean *better, GError **error);
/* In any case. */
void dh_cuda_ways_end (DhCudaWays *ways);

G_END_DECLS

#pragma once
#include "dh-cuda-private.h"

G_BEGIN_DECLS

/* A graph on its way to steps. */
typedef struct
{
  DhLowering low;
  DhCudaPlan *plan;
  const DhCudaView **views; /* of every node, as far as it is built */
} DhCudaBuild;

/* dh-cuda-build.c */
/* The value in groups: the picture is brought into them once. */
const DhCudaView *dh_cuda_groups_of (DhCudaBuild *b, DhValue v);
/* With nothing left to do to it; in a buffer of its own where `whole`, channel after channel where `in_order`. */
const DhCudaView *dh_cuda_plain_of (DhCudaBuild *b, DhValue v, gboolean whole, gboolean in_order);

/* The ReLU or activation that alone reads the value, which becomes that. */
DhCudaAfter dh_cuda_take_after (DhCudaBuild *b, DhValue *value);

/* dh-cuda-build-conv.c: FALSE with an error where a parameter is missing or memory is short. */
gboolean dh_cuda_build_conv (DhCudaBuild *b, DhValue v, GError **error);

G_END_DECLS

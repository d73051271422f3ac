#pragma once
#include "dh-onednn-private.h"

G_BEGIN_DECLS

/* A graph on its way to steps; see dh-onednn-build.c. */
typedef struct
{
  DhLowering low;
  DhCpuPlan *plan;
  const DhCpuView **views; /* of every node */
  gboolean *apart;         /* convolutions that dh_cpu_build_apart() makes */
} DhCpuBuild;

/* dh-onednn-build.c: the view as planes, though something may remain to be done to them; with nothing left to do. */
const DhCpuView *dh_cpu_planes_of (DhCpuBuild *b, const DhCpuView *view);
const DhCpuView *dh_cpu_plain_of (DhCpuBuild *b, DhValue v);
/* dh-onednn-attention.c */
gboolean dh_cpu_build_layer_norm (DhCpuBuild *b, DhValue v, GError **error);
void dh_cpu_build_attention (DhCpuBuild *b, DhValue v);
/* dh-onednn-apart.c: finds them, before anything is built; and makes one. */
void dh_cpu_find_apart (DhCpuBuild *b);
gboolean dh_cpu_build_apart (DhCpuBuild *b, DhValue v, GError **error);
/* dh-onednn-fold.c */
gboolean dh_cpu_build_conv (DhCpuBuild *b, DhValue v, GError **error);

G_END_DECLS

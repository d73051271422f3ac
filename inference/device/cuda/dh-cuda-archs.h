#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Which of a build's kernels a card can run. Compute capabilities are 10·major + minor. */

typedef struct
{
  const gint *made; /* machine code for these, ascending */
  guint n;
  gint ptx; /* the last of them again, as code that the driver compiles for what is newer */
} DhCudaArchs;

typedef enum
{
  DH_CUDA_FITS,     /* machine code of the card's own generation, not newer than the card */
  DH_CUDA_COMPILED, /* the driver compiles for it */
  DH_CUDA_TOO_OLD,  /* older than all there is */
  DH_CUDA_BETWEEN,  /* newer than the oldest, but neither is there anything of its generation nor can PTX be compiled */
} DhCudaFit;

DhCudaFit dh_cuda_archs_fit (const DhCudaArchs *archs, gint capability);
/* "7.5, 8.0, 9.0 and what is newer"; free with g_free. */
char *dh_cuda_archs_name (const DhCudaArchs *archs);

G_END_DECLS

#include "dh-cuda-private.h"

/* What kernels of inference and of training are told alike: tables in the device's memory, and a pool's window. */

const DhCudaGroup *
dh_cuda_upload_groups (DhCudaPool *pool, const DhCudaView *view, GError **error)
{
  g_autofree DhCudaGroup *groups = g_new (DhCudaGroup, view->n_groups);
  for (gint i = 0; i < view->n_groups; i++)
    {
      const DhCudaBuffer *buffer = view->groups[i].buffer;
      const gsize size = buffer->type == DH_CUDA_F32 ? 4 : 2;
      groups[i].base = dh_cuda_address (pool, buffer) + view->groups[i].group * DH_CUDA_GROUP * size;
      groups[i].stride = buffer->n_groups * DH_CUDA_GROUP;
    }
  return dh_cuda_upload (pool, groups, view->n_groups * sizeof *groups, error);
}

const DhCudaTap *
dh_cuda_upload_taps (DhCudaPool *pool, gint in, gint out, gboolean align_corners, gboolean same_size, GError **error)
{
  g_autofree DhCudaTap *taps = g_new (DhCudaTap, out);
  for (gint i = 0; i < out; i++)
    {
      const DhBilinear at = dh_bilinear_at (i, in, out, align_corners);
      taps[i] = same_size ? (DhCudaTap){ i, i, 0 } : (DhCudaTap){ at.a, at.b, at.t };
    }
  return dh_cuda_upload (pool, taps, out * sizeof *taps, error);
}

const DhCudaTap *
dh_cuda_upload_nearest (DhCudaPool *pool, gint in, gint out, GError **error)
{
  g_autofree DhCudaTap *taps = g_new (DhCudaTap, out);
  for (gint i = 0; i < out; i++)
    {
      const DhBilinear at = dh_nearest_at (i, in, out);
      taps[i] = (DhCudaTap){ at.a, at.b, at.t };
    }
  return dh_cuda_upload (pool, taps, out * sizeof *taps, error);
}

void
dh_cuda_set_window (DhCudaKernel *kernel, const DhNode *node)
{
  kernel->mode = node->op == DH_OP_MAX_POOL       ? DH_CUDA_POOL_MAX
                 : node->op == DH_OP_AVERAGE_POOL ? DH_CUDA_POOL_MEAN
                                                  : DH_CUDA_POOL_ADAPTIVE;
  kernel->kernel = node->kernel;
  kernel->stride = node->stride;
  kernel->padding = node->padding;
}

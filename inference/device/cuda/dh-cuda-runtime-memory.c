#include "dh-cuda-runtime-private.h"
#include "dh-error.h"

/* Memory of the real card and of the host beside it, and copies between the two. */

static void
no_memory (gsize bytes, const char *where, GError **error)
{
  size_t free_bytes = 0, total = 0;
  cudaMemGetInfo (&free_bytes, &total);
  cudaGetLastError ();
  g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY,
               "%.0f MiB of %s could not be had (%.0f of the card's %.0f MiB are free)", bytes / 1048576.0, where,
               free_bytes / 1048576.0, total / 1048576.0);
}

guint64
dh_cuda_card_available (DhCudaCard *card)
{
  size_t free_bytes = 0, total = 0;
  if (!dh_cuda_card_enter (card, NULL) || cudaMemGetInfo (&free_bytes, &total) != cudaSuccess)
    free_bytes = 0;
  cudaGetLastError ();
  return free_bytes;
}

gpointer
dh_cuda_card_alloc (DhCudaCard *card, gsize bytes, GError **error)
{
  void *memory = NULL;
  if (!dh_cuda_card_enter (card, error))
    return NULL;
  const cudaError_t code = cudaMalloc (&memory, bytes);
  if (code == cudaErrorMemoryAllocation)
    {
      cudaGetLastError ();
      no_memory (bytes, "the card's memory", error);
      return NULL;
    }
  return dh_cuda_card_succeeded (code, "taking memory", error) ? memory : NULL;
}

void
dh_cuda_card_release (DhCudaCard *card, gpointer memory)
{
  if (!dh_cuda_card_is_there (card))
    return;
  cudaSetDevice (card->index);
  cudaFree (memory);
  cudaGetLastError ();
}

gpointer
dh_cuda_card_alloc_pinned (DhCudaCard *card, gsize bytes, GError **error)
{
  void *memory = NULL;
  if (!dh_cuda_card_enter (card, error))
    return NULL;
  const cudaError_t code = cudaMallocHost (&memory, bytes);
  if (code == cudaErrorMemoryAllocation)
    {
      cudaGetLastError ();
      no_memory (bytes, "this machine's pinned memory", error);
      return NULL;
    }
  return dh_cuda_card_succeeded (code, "pinning memory", error) ? memory : NULL;
}

void
dh_cuda_card_release_pinned (DhCudaCard *card, gpointer memory)
{
  if (!dh_cuda_card_is_there (card))
    return;
  cudaSetDevice (card->index);
  cudaFreeHost (memory);
  cudaGetLastError ();
}

gboolean
dh_cuda_card_pin (DhCudaCard *card, gpointer memory, gsize bytes)
{
  if (!dh_cuda_card_enter (card, NULL))
    return FALSE;
  const cudaError_t code = cudaHostRegister (memory, bytes, cudaHostRegisterDefault);
  cudaGetLastError ();
  return code == cudaSuccess;
}

/* A context that is gone took its registrations along. */
void
dh_cuda_card_unpin (DhCudaCard *card, gpointer memory)
{
  if (!dh_cuda_card_is_there (card))
    return;
  cudaSetDevice (card->index);
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    cudaStreamSynchronize (card->streams[i]);
  cudaHostUnregister (memory);
  cudaGetLastError ();
}

gboolean
dh_cuda_card_copy (DhCudaCard *card, gpointer to, gconstpointer from, gsize bytes, DhCudaDirection direction,
                   DhCudaLane lane, GError **error)
{
  return dh_cuda_card_enter (card, error)
         && dh_cuda_card_succeeded (
             cudaMemcpyAsync (to, from, bytes,
                              direction == DH_CUDA_TO_DEVICE ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost,
                              card->streams[lane]),
             "a copy", error);
}

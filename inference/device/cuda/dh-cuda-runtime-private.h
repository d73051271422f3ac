#pragma once
#include <cuda_runtime_api.h>
#include "dh-cudnn.h"

G_BEGIN_DECLS

struct _DhCudaCard
{
  int index;
  cudaStream_t stream; /* = streams[DH_CUDA_LANE_COMPUTE] */
  cudaStream_t streams[DH_CUDA_N_LANES];
  cudaEvent_t ends[DH_CUDA_N_LANES]; /* of a lane, as far as another follows it */
  cudnnHandle_t handle;
  cudaEvent_t marks[DH_CUDA_N_MARKS];
  GHashTable *plans; /* DhCudaConvSpec → DhCudnnPlan: the fastest */
  gint generation;
  int architecture;  /* that its kernels were made for, as a compute capability */
  gboolean learned;  /* something was put aside */
  gboolean recorded; /* its stream is: it was entered before, and nothing else is asked of the card */
  char *cache;       /* folder of plans kept; or NULL */
  char *identity;    /* of card and libraries, as far as plans depend on them */
};

struct _DhCudaConvolution
{
  DhCudaCard *card;
  DhCudaConvSpec spec;
  DhCudnnPlan *plan;
};

/* dh-cuda-runtime.c: as dh-cuda-driver.h; FALSE with an error where the card is not there any more. */
G_GNUC_INTERNAL gboolean dh_cuda_card_enter (DhCudaCard *card, GError **error);
G_GNUC_INTERNAL gboolean dh_cuda_card_wait (DhCudaCard *card, GError **error);
G_GNUC_INTERNAL gboolean dh_cuda_card_mark (DhCudaCard *card, guint number, DhCudaLane lane, GError **error);
G_GNUC_INTERNAL double dh_cuda_card_elapsed (DhCudaCard *card, guint from, guint to);

/* TRUE where `code` is success. */
G_GNUC_INTERNAL gboolean dh_cuda_card_succeeded (cudaError_t code, const char *what, GError **error);
/* TRUE where what was made on the card is still there. */
G_GNUC_INTERNAL gboolean dh_cuda_card_is_there (DhCudaCard *card);

/* dh-cuda-runtime-cards.c */
G_GNUC_INTERNAL guint dh_cuda_card_count (gboolean *present, char **why_not);
G_GNUC_INTERNAL gboolean dh_cuda_card_describe (guint index, DhCudaCardInfo *info, char **why_not);
/* One of NVIDIA's is among the PCI devices of this folder, as Linux lists them: vendor 10de, class 03 (display). */
G_GNUC_INTERNAL gboolean dh_cuda_card_is_on_bus (const char *folder);
/* Why the kernels do not load on a card of this compute capability; NULL where that is not what `code` says. */
G_GNUC_INTERNAL char *dh_cuda_card_explain_kernels (cudaError_t code, int capability);

/* dh-cuda-runtime-memory.c */
G_GNUC_INTERNAL guint64 dh_cuda_card_available (DhCudaCard *card);
G_GNUC_INTERNAL gpointer dh_cuda_card_alloc (DhCudaCard *card, gsize bytes, GError **error);
G_GNUC_INTERNAL void dh_cuda_card_release (DhCudaCard *card, gpointer memory);
G_GNUC_INTERNAL gpointer dh_cuda_card_alloc_pinned (DhCudaCard *card, gsize bytes, GError **error);
G_GNUC_INTERNAL void dh_cuda_card_release_pinned (DhCudaCard *card, gpointer memory);
G_GNUC_INTERNAL gboolean dh_cuda_card_pin (DhCudaCard *card, gpointer memory, gsize bytes);
G_GNUC_INTERNAL void dh_cuda_card_unpin (DhCudaCard *card, gpointer memory);
G_GNUC_INTERNAL gboolean dh_cuda_card_copy (DhCudaCard *card, gpointer to, gconstpointer from, gsize bytes,
                                            DhCudaDirection direction, DhCudaLane lane, GError **error);

/* dh-cuda-runtime-kept.c */
G_GNUC_INTERNAL char *dh_cuda_card_recall (DhCudaCard *card, const char *key);
G_GNUC_INTERNAL void dh_cuda_card_remember (DhCudaCard *card, const char *key, const char *what);
G_GNUC_INTERNAL void dh_cuda_card_forget (DhCudaCard *card, const char *key);
G_GNUC_INTERNAL void dh_cuda_card_put_aside (DhCudaCard *card, const char *key, const char *why);
G_GNUC_INTERNAL char *dh_cuda_card_why_aside (DhCudaCard *card, const char *key);
G_GNUC_INTERNAL char *dh_cuda_card_all_aside (DhCudaCard *card);
G_GNUC_INTERNAL gboolean dh_cuda_card_has_learned (DhCudaCard *card);

/* dh-cuda-runtime-conv.c */
G_GNUC_INTERNAL DhCudaConvolution *dh_cuda_card_conv_new (DhCudaCard *card, const DhCudaConvSpec *spec,
                                                          const DhCudaConvMemory *memory, gsize most, GError **error);
G_GNUC_INTERNAL gboolean dh_cuda_card_conv_run (DhCudaCard *card, DhCudaConvolution *conv,
                                                const DhCudaConvMemory *memory, GError **error);
G_GNUC_INTERNAL gsize dh_cuda_card_conv_workspace (DhCudaConvolution *conv);
G_GNUC_INTERNAL const char *dh_cuda_card_conv_name (DhCudaConvolution *conv);
G_GNUC_INTERNAL char *dh_cuda_card_conv_choice (DhCudaConvolution *conv);
G_GNUC_INTERNAL void dh_cuda_card_conv_free (DhCudaConvolution *conv);

G_END_DECLS

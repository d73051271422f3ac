#pragma once
#include "dh-cudnn.h"

G_BEGIN_DECLS

/* dh-cudnn-find.c: the library, opened, and its path as it was found; NULL with the reason in words. */
G_GNUC_INTERNAL void *dh_cudnn_find (char **path, char **why_not);

/* What stands for a convolution's tensors, in its graph and when it runs. */
enum
{
  UID_X = 1,
  UID_W,
  UID_Y,
  UID_Z,
  UID_BIAS,
  UID_VIRTUAL, /* and on */
  MAX_DESCRIPTORS = 48,
};

typedef cudnnBackendDescriptor_t Descriptor;

/* Descriptors under construction: the first refusal stops everything that follows. */
typedef struct
{
  const DhCudnn *cudnn;
  Descriptor all[MAX_DESCRIPTORS];
  guint n;
  char *reason;
} DhCudnnBuilder;

/* FALSE, with a reason, where the status is a refusal of `what`. */
G_GNUC_INTERNAL gboolean dh_cudnn_check (DhCudnnBuilder *b, cudnnStatus_t status, const char *what);
/* NULL where something was refused; it goes with clear(). */
G_GNUC_INTERNAL Descriptor dh_cudnn_make (DhCudnnBuilder *b, cudnnBackendDescriptorType_t type);
G_GNUC_INTERNAL void dh_cudnn_set (DhCudnnBuilder *b, Descriptor descriptor, cudnnBackendAttributeName_t name,
                                   cudnnBackendAttributeType_t type, gint64 count, const void *values);
G_GNUC_INTERNAL void dh_cudnn_set_descriptor (DhCudnnBuilder *b, Descriptor descriptor,
                                              cudnnBackendAttributeName_t name, Descriptor value);
G_GNUC_INTERNAL gboolean dh_cudnn_finish (DhCudnnBuilder *b, Descriptor descriptor, const char *what);
G_GNUC_INTERNAL void dh_cudnn_clear (DhCudnnBuilder *b);

/* A plan is fit for use: its engine is one that this convolution may have. Fills in what is known of the engine. */
G_GNUC_INTERNAL gboolean dh_cudnn_read_plan (const DhCudnn *cudnn, const DhCudaConvSpec *spec, Descriptor config,
                                             DhCudnnPlan *plan);

/* The graph of one convolution. */
G_GNUC_INTERNAL Descriptor dh_cudnn_make_graph (DhCudnnBuilder *b, cudnnHandle_t handle, const DhCudaConvSpec *spec);

G_END_DECLS

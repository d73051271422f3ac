#pragma once
#include <cudnn.h>
#include <cudnn_backend.h>
#include "dh-cuda-driver.h"

G_BEGIN_DECLS

/* cuDNN 9, taken at run time from where it is: $DH_CUDNN_PATH (folders, separated by colons, each with libcudnn.so.9,
 * lib64 or lib with it, or a Python environment's site-packages; nothing else is looked through then), the system's
 * libraries, CUDA's folder, the Python packages that PyTorch brings. Its backend graph API is what computes
 * convolutions. */

enum
{
  DH_CUDNN_MAJOR = 9,
  /* The first that says without a card what it can do for one, which is how our plans are proved. */
  DH_CUDNN_OLDEST = 90800,
};

typedef struct
{
  char *path; /* of the library */
  size_t (*get_version) (void);
  size_t (*get_cuda_version) (void); /* that it was made with */
  void (*get_last_error) (char *message, size_t size);
  cudnnStatus_t (*create) (cudnnHandle_t *handle);
  cudnnStatus_t (*destroy) (cudnnHandle_t handle);
  cudnnStatus_t (*set_stream) (cudnnHandle_t handle, cudaStream_t stream);
  cudnnStatus_t (*create_descriptor) (cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t *descriptor);
  cudnnStatus_t (*destroy_descriptor) (cudnnBackendDescriptor_t descriptor);
  cudnnStatus_t (*finalize) (cudnnBackendDescriptor_t descriptor);
  cudnnStatus_t (*set_attribute) (cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                  cudnnBackendAttributeType_t type, int64_t count, const void *values);
  cudnnStatus_t (*get_attribute) (cudnnBackendDescriptor_t const descriptor, cudnnBackendAttributeName_t name,
                                  cudnnBackendAttributeType_t type, int64_t requested, int64_t *count, void *values);
  cudnnStatus_t (*execute) (cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t pack);
} DhCudnn;

/* Loads it once; NULL with the reason in words, static. */
const DhCudnn *dh_cudnn_get (const char **why_not);
/* "cuDNN 9.19.0"; free with g_free. */
char *dh_cudnn_name (const DhCudnn *cudnn);

/* A convolution ready to run: reference counted, not atomic. */
typedef struct
{
  guint refs;
  cudnnBackendDescriptor_t plan; /* NULL: forgotten */
  gsize workspace;
  gint64 engine;
  gboolean compiled; /* at run time */
  char *name;
} DhCudnnPlan;
void dh_cudnn_plan_unref (DhCudnnPlan *plan);
/* The card was reset: what the library holds for it there is gone, and is not given back by unref(). */
void dh_cudnn_plan_forget (DhCudnnPlan *plan);

/* Every way that the heuristics name and that is allowed, at most `most` of each kind: first of heuristic A, then those
 * of B that are new and of A for the same without dilation (unless there is one and `most` is 1), then of the fallback;
 * engines compiled at run time only where there is no other. Strict float32 leaves out whatever rounds its inputs.
 * Exactly one of `handle` and `device` (a DEVICEPROP descriptor, for a card that is not there) is set. GPtrArray of
 * DhCudnnPlan; empty with the reason in `reason`. */
GPtrArray *dh_cudnn_list_plans (cudnnHandle_t handle, cudnnBackendDescriptor_t device, const DhCudaConvSpec *spec,
                                gsize max_workspace, guint most, char **reason);

/* A plan as cuDNN writes it down, free with g_free, and one that was written down, for the same library and card; NULL
 * where it is none, or none for this convolution: its engine not allowed, its workspace too large. */
char *dh_cudnn_plan_to_json (const DhCudnnPlan *plan);
DhCudnnPlan *dh_cudnn_plan_from_json (cudnnHandle_t handle, cudnnBackendDescriptor_t device, const DhCudaConvSpec *spec,
                                      gsize max_workspace, const char *json);

gboolean dh_cudnn_run (cudnnHandle_t handle, const DhCudnnPlan *plan, const DhCudaConvSpec *spec,
                       const DhCudaConvMemory *memory, GError **error);

/* A card from its description as cuDNN writes it (CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION), or NULL with the reason.
 * Free with destroy_descriptor. */
cudnnBackendDescriptor_t dh_cudnn_describe_device (const char *json, char **reason);
/* The description of a card that is here; NULL with the reason. Free with g_free. */
char *dh_cudnn_card_to_json (gint32 card, char **reason);

G_END_DECLS

#pragma once
#include "dh-device.h"

G_BEGIN_DECLS

/* The table of functions that a device is. `ref`, `onednn` and the cuda module each export one. A device's own data
 * begins with DhDevice, a plan's with DhPlan. */
typedef struct
{
  /* Appends one DhDeviceInfo for each device of this kind, absent ones with the reason. */
  void (*list) (GPtrArray *infos);
  /* `index`: N of "cuda:N". Returns a device whose common part is filled but for refs and functions. */
  DhDevice *(*open) (guint index, guint threads, GError **error);
  void (*close) (DhDevice *device);
  /* The arguments are checked and `shapes` inferred already; a plan keeps its own reference to what it needs. */
  DhPlan *(*compile) (DhDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                      const DhPlanOptions *options, GError **error);
  gboolean (*run) (DhPlan *plan, const float *input, void *const *outputs, GCancellable *cancellable,
                   const DhProgress *progress, GError **error);
  void (*free_plan) (DhPlan *plan);
  /* Optional: the plan in words. */
  char *(*describe) (DhPlan *plan);
  /* Optional: the estimate; else the sum of all values. */
  guint64 (*estimate) (DhDevice *device, DhGraph *graph, const DhShape *shapes, const DhPlanOptions *options);
} DhDeviceFunctions;

struct _DhDevice
{
  gatomicrefcount refs;
  const DhDeviceFunctions *functions;
  char *name;
  char *title;
  guint threads;
  guint precisions;
};

struct _DhPlan
{
  gatomicrefcount refs;
  const DhDeviceFunctions *functions;
  DhDevice *device; /* owned reference */
  guint64 memory;
  gboolean timing;
  GArray *steps; /* DhPlanStep, filled while timing */
};

extern const DhDeviceFunctions dh_device_ref_functions;
extern const DhDeviceFunctions dh_device_onednn_functions;

G_END_DECLS

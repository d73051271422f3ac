#pragma once
#include "dh-device.h"
#include "dh-host-pool.h"
#include "dh-train-plan.h"
#include "dh-train-state.h"

G_BEGIN_DECLS

/* The table of functions that a device is. `ref`, `onednn` and the cuda module each export one. A device's own data
 * begins with DhDevice, a plan's with DhPlan. */
typedef struct
{
  /* Appends one DhDeviceInfo for each device of this kind, absent ones with the reason. */
  void (*list) (GPtrArray *infos);
  /* `index`: N of "cuda:N"; `threads` is at least 1. Returns a device whose common part is filled but for refs and
   * functions. */
  DhDevice *(*open) (guint index, guint threads, GError **error);
  void (*close) (DhDevice *device);
  /* The arguments, the precision and the parameters' presence, shapes and float dtypes are checked and `shapes`
   * inferred already; a plan keeps its own reference to or copy of what it needs, options->outputs among it. Returns a
   * plan whose common part is zero but for `memory`. */
  DhPlan *(*compile) (DhDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                      const DhPlanOptions *options, GError **error);
  /* While plan->timing is set, dh_plan_add_step() for every step; the list is empty at the start. */
  gboolean (*run) (DhPlan *plan, const float *input, void *const *outputs, GCancellable *cancellable,
                   const DhProgress *progress, GError **error);
  /* Not the common part: the steps and the device's reference are released by the caller. */
  void (*free_plan) (DhPlan *plan);
  /* Optional: the plan in words. */
  char *(*describe) (DhPlan *plan);
  /* Optional: what who measures it should know, a line each. */
  char *(*list_remarks) (DhPlan *plan);
  /* Optional: the estimate; else the most values alive at one time, and the weights. */
  guint64 (*estimate) (DhDevice *device, DhGraph *graph, const DhShape *shapes, const DhPlanOptions *options);
  /* Optional: of a device with memory of its own, how much of it is free; 0 where that is not known. */
  guint64 (*available) (DhDevice *device);
  /* Optional: training; the arguments are checked as for `compile`, and that every norm sees several values. */
  DhTrainPlan *(*compile_training) (DhDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                                    DhTensorDict *gradients, const DhTrainOptions *options, GError **error);
  /* There is at least one labelled pixel, losses->labelled and negatives are counted, and no label is above K + 1. */
  gboolean (*train) (DhTrainPlan *plan, const float *input, const guint8 *labels, guint64 seed, double weight,
                     DhLosses *losses, GCancellable *cancellable, GError **error);
  void (*free_training) (DhTrainPlan *plan);
  /* Optional: what was chosen for this plan beyond device, threads and precision, in one line; free with g_free. */
  char *(*describe_training) (DhTrainPlan *plan);
  /* Optional: as `list_remarks`. */
  char *(*list_training_remarks) (DhTrainPlan *plan);
  /* Optional: what a training plan will hold; else all values that the backward pass reads, and the largest gradients
   * beside them. */
  guint64 (*estimate_training) (DhDevice *device, DhGraph *graph, const DhShape *shapes, const DhTrainOptions *options);
  /* Optional, together: as `run` in two parts, of which `depth` may be begun before the first ends; an error ends all
   * of them. What `outputs` points to is written to until then; NULL: dropped. */
  guint depth;
  gboolean (*begin) (DhPlan *plan, const float *input, void *const *outputs, GError **error);
  gboolean (*begin_rgb) (DhPlan *plan, const guint8 *rgb, void *const *outputs, GError **error);
  gboolean (*end) (DhPlan *plan, GError **error);
  /* Optional, together, of a device of its own memory: as DhHostPinning; `unpin` also of a lost device. */
  gboolean (*pin) (DhDevice *device, gpointer memory, gsize bytes);
  void (*unpin) (DhDevice *device, gpointer memory);
  /* Optional, together: dh-train-state.h, whose functions check the tensors. `new_state` leaves the common part. */
  DhTrainState *(*new_state) (DhDevice *device, DhGraph *graph, DhValue logits, DhValue logits_ood,
                              const DhTrainTensors *tensors, GError **error);
  void (*free_state) (DhTrainState *state); /* not the device's reference */
  gboolean (*fetch_state) (DhTrainState *state, GError **error);
  gboolean (*step_state) (DhTrainState *state, const double *rates, guint64 step, gboolean *finite, GError **error);
  gboolean (*zero_state) (DhTrainState *state, GError **error);
  gboolean (*keep_state) (DhTrainState *state, gboolean back, GError **error);
  /* Optional: of a device that sets `lost`. None of its plans is left. */
  gboolean (*reopen) (DhDevice *device, GError **error);
} DhDeviceFunctions;

struct _DhDevice
{
  gatomicrefcount refs;
  const DhDeviceFunctions *functions;
  char *name;
  char *title;
  guint threads;
  guint precisions;
  gboolean lost;        /* after an error of its own: nothing runs before it is opened again */
  gboolean left_out;    /* `lost`, and what it was lost with is left out from now on */
  gboolean begins_anew; /* the same with nothing held on it */
  guint training;       /* bits 1 << DhPrecision that it trains in; 0: f32 alone */
  char *plans_folder;   /* or NULL; the common part frees it */
  DhHostPool *host;     /* the common part's */
  char *passed_over;    /* or NULL; the common part's */
};

struct _DhPlan
{
  gatomicrefcount refs;
  const DhDeviceFunctions *functions;
  DhDevice *device; /* owned reference */
  guint64 memory;
  guint n_in_flight;
  double device_seconds; /* of the last run, where the device has memory of its own */
  gboolean timing;
  GArray *steps; /* DhPlanStep, filled while timing */
};

struct _DhTrainPlan
{
  DhDevice *device; /* owned reference */
  DhTrainOptions options;
  gint classes;
  guint64 memory;
  GArray *steps; /* DhPlanStep */
};

struct _DhTrainState
{
  DhDevice *device; /* owned reference */
};

/* The parameters that the outputs need are there, shaped right, of a float dtype. */
gboolean dh_check_parameters (const DhGraph *graph, DhTensorDict *parameters, const DhValue *outputs, guint n_outputs,
                              GError **error);
/* An empty array of DhPlanStep that frees its texts; a copy of one. */
GArray *dh_plan_steps_new (void);
GArray *dh_plan_steps_copy (const GArray *steps);

/* After a plan could not be made: TRUE where it is worth trying once more, for the device was lost with what is left
 * out since, nothing is held on it, and it was opened again: then `reason` is cleared. Else that says what to do. */
gboolean dh_device_begin_anew (DhDevice *device, GError **reason);

/* For `list`: the rest is zero, so not available; names are copied. */
DhDeviceInfo *dh_device_info_new (const char *name, const char *kind, const char *title);
/* For `run` while timing; texts are copied. */
void dh_plan_add_step (DhPlan *plan, const char *name, const char *implementation, double seconds, double flop);

extern const DhDeviceFunctions dh_device_ref_functions;
extern const DhDeviceFunctions dh_device_onednn_functions;

G_END_DECLS

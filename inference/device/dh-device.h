#pragma once
#include <gio/gio.h>
#include "dh-quantization.h"
#include "dh-graph.h"
#include "dh-progress.h"

G_BEGIN_DECLS

typedef enum
{
  DH_PRECISION_F32,
  DH_PRECISION_TF32,
  DH_PRECISION_F16,
  DH_PRECISION_BF16,
  DH_PRECISION_INT8,
  DH_N_PRECISIONS,
} DhPrecision;

/* "f32", "tf32", "fp16", "bf16", "int8" */
const char *dh_precision_name (DhPrecision precision);
gboolean dh_precision_from_name (const char *name, DhPrecision *precision);

/* What can compute. "ref": plain C, the definition of every operator; "cpu": oneDNN and own kernels; "cuda:N". */
typedef struct
{
  char *name;         /* "ref", "cpu", "cuda:0" */
  char *kind;         /* "ref", "cpu", "cuda" */
  char *title;        /* for people: the processor's or the card's name, and what computes on it */
  char *instructions; /* what a processor has beyond the plain ones, of what is used: "AVX-512, BF16, AMX"; or NULL */
  char *source;       /* where its libraries were found; or NULL */
  gboolean available;
  char *why_not;    /* why it is not available; NULL where it is */
  gboolean present; /* it, or what drives it, is there: where it is not available, somebody may wonder */
  guint64 memory;   /* bytes */
  guint precisions; /* bits 1 << DhPrecision */
  guint training;   /* those of them that it trains in */
  /* How many times as fast as in f32 it computes and trains, at the most of what was measured on machines with these
   * instructions (tests/bench/RESULTS.md); 0: nothing was. */
  float faster[DH_N_PRECISIONS], trains_faster[DH_N_PRECISIONS];
} DhDeviceInfo;
void dh_device_info_free (DhDeviceInfo *info);

/* All devices, the available and the absent; never empty. GPtrArray of DhDeviceInfo. */
GPtrArray *dh_devices_list (void);

typedef struct _DhDevice DhDevice;

/* Opens a device by name; "auto" takes the first of cuda (every card), cpu, ref that is available and opens. `threads`
 * 0: dh_machine_cores(). Errors: DH_ERROR_NO_DEVICE with the reason, DH_ERROR_USAGE for an unknown name. No silent
 * fallback: "cuda" without a card is an error. A device and its plans belong to one thread at a time, and cpu calls
 * should always come from the same thread (OpenMP keeps a pool for every calling thread). */
DhDevice *dh_device_open (const char *name, guint threads, GError **error);
DhDevice *dh_device_ref (DhDevice *device);
void dh_device_unref (DhDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhDevice, dh_device_unref)
/* From now on the device times what depends on the machine once for each plan and keeps it in this folder, which it
 * makes; NULL: the folder of dh_plan_cache_folder(). What is kept is chosen again at every start, so that results stay
 * the same to the bit; another choice (another folder, or none) may change their last bits. A folder that cannot be
 * written, and files in it that are broken, are as if nothing was kept. */
void dh_device_remember_plans (DhDevice *device, const char *folder);
/* Of "auto": which device that stands before its own is there, and why it was not taken; NULL where there is none. */
const char *dh_device_passed_over (DhDevice *device);
/* The same in one sentence with what computes instead, without its full stop; free with g_free. NULL likewise. */
char *dh_device_dup_note (DhDevice *device);
const char *dh_device_name (DhDevice *device);
const char *dh_device_title (DhDevice *device);
guint dh_device_threads (DhDevice *device);
/* After an error of the device itself nothing runs on it: its plans must be freed, and it opened again, which may fail
 * and be tried again. */
gboolean dh_device_is_lost (DhDevice *device);
gboolean dh_device_reopen (DhDevice *device, GError **error);
/* It was lost while a plan was made, with something that is left out from now on: once all that is held on it is freed,
 * it is worth opening again for the same plan. */
gboolean dh_device_leaves_out (DhDevice *device);
gboolean dh_device_has_precision (DhDevice *device, DhPrecision precision);
gboolean dh_device_trains_in (DhDevice *device, DhPrecision precision);

/* A graph compiled for one input shape on one device. */
typedef struct _DhPlan DhPlan;

typedef struct
{
  DhShape input;
  DhPrecision precision;
  const DhValue *outputs; /* what a run must deliver; nothing else is computed */
  guint n_outputs;
  DhQuantization *calibration; /* with int8, where it must be: an input without a range stays as it is */
  DhRanges
      *ranges; /* or NULL: every run counts in it what int8 would have to hold; with f32, on a device that has int8 */
  GCancellable *cancellable; /* or NULL: looked at while the plan is compiled, not afterwards */
} DhPlanOptions;

/* `parameters` must hold everything dh_graph_list_parameters() names for these outputs, in any float dtype; they are
 * copied, packed or referenced: the caller may drop the dict afterwards. The first plan of a shape may take a minute:
 * kernels are timed. What was timed is kept where that is cancelled. Errors: DH_ERROR_MISMATCH naming the key;
 * DH_ERROR_UNSUPPORTED for a precision that the device lacks; DH_ERROR_NO_MEMORY or DH_ERROR_TOO_LARGE with an
 * estimate; G_IO_ERROR_CANCELLED, looked for between layers. */
DhPlan *dh_plan_new (DhDevice *device, DhGraph *graph, DhTensorDict *parameters, const DhPlanOptions *options,
                     GError **error);
DhPlan *dh_plan_ref (DhPlan *plan);
void dh_plan_unref (DhPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhPlan, dh_plan_unref)

/* One run. `input`: N×C×H×W float32, host memory. `outputs[i]`: host memory for the i-th output, contiguous N×C×H×W,
 * float32, but uint8 for DH_MAP_SEGMENTATION. The same input gives the same bits on every run. On an error or a
 * cancellation (G_IO_ERROR_CANCELLED, looked for between steps) the outputs hold nothing of use. */
gboolean dh_plan_run (DhPlan *plan, const float *input, void *const *outputs, GCancellable *cancellable,
                      const DhProgress *progress, GError **error);

/* Runs that overlap, for a device with memory of its own: the next picture goes there while one is computed and the one
 * before comes back. dh_plan_depth() runs may be begun before the oldest is ended; 0: the device computes in the host's
 * memory and knows dh_plan_run() alone. dh_plan_begin() has copied `input` when it returns; the maps come straight into
 * `outputs` (as dh_plan_run(); NULL: they are dropped), which must stay until dh_plan_end() has waited for the run, the
 * oldest. An error ends all that was begun: nothing is written to any outputs afterwards. dh_plan_run() may not be
 * called in between. */
guint dh_plan_depth (DhPlan *plan);
guint dh_plan_in_flight (DhPlan *plan);
gboolean dh_plan_begin (DhPlan *plan, const float *input, void *const *outputs, GError **error);
/* As dh_plan_begin(), with pictures of N×H×W×3 bytes, of which 255 stands for 1: a quarter to carry over. */
gboolean dh_plan_begin_rgb (DhPlan *plan, const guint8 *rgb, void *const *outputs, GError **error);
gboolean dh_plan_end (DhPlan *plan, GError **error);

/* Memory of the plan in bytes: packed parameters and the arena of intermediate values. */
guint64 dh_plan_memory (DhPlan *plan);

/* Seconds of the device alone in the last run without timing: from the picture in the host's memory to the maps in the
 * device's. 0 where there is no difference. */
double dh_plan_device_seconds (DhPlan *plan);

/* One line of the per-layer table of the last run made while timing was on. */
typedef struct
{
  char *name;           /* the node, or the nodes that were fused */
  char *implementation; /* "jit_1x1:avx512_core", "winograd 4x4", "plain C" … */
  double seconds;
  double flop;
} DhPlanStep;
void dh_plan_set_timing (DhPlan *plan, gboolean on);
/* GArray of DhPlanStep with its own clear function; steps that compute nothing are left out. */
GArray *dh_plan_list_steps (DhPlan *plan);
/* The plan in words, one line a step: what DH_DEBUG=plan prints. Free with g_free. */
char *dh_plan_to_string (DhPlan *plan);
/* What who measures it should know, a line each, "" for nothing: what was put aside when it was chosen how to compute,
 * because it computed something else or lost the card; and which steps are not recorded. Free with g_free. */
char *dh_plan_list_remarks (DhPlan *plan);

/* A guess at the plan's memory in bytes without compiling it: for "this picture needs … MiB". */
guint64 dh_device_estimate (DhDevice *device, DhGraph *graph, const DhPlanOptions *options);
/* Bytes that are free where the device's plans live, its own memory or the host's; 0 where that is not known. */
guint64 dh_device_available (DhDevice *device);
/* The device computes in memory of its own. */
gboolean dh_device_has_memory (DhDevice *device);
/* Memory of the host for a map, which a run writes and whoever holds the bytes reads from there (dh-host-pool.h): of a
 * device with memory of its own they are pinned, so that a map leaves it once and fast. To be written through its
 * pointer before it is shared. It may outlive the device. NULL where memory is short. */
GBytes *dh_device_take_host_memory (DhDevice *device, gsize bytes);

G_END_DECLS

#include <cuda_runtime_api.h>
#include <string.h>
#include "dh-cuda-runtime-private.h"
#include "dh-cuda-search-version.h"
#include "dh-error.h"
#include "dh-plan-cache.h"

/* The real card: the CUDA runtime, which finds the driver itself, and cuDNN. */

enum
{
  MAX_CARDS = 256,
  MAX_PLANS_KEPT = 8192,
};

/* How often a card was reset: what was made on it before is gone with its context, all that this process had there. */
static gint generations[MAX_CARDS];

struct _DhCudaRecording
{
  cudaGraph_t graph;
  cudaGraphExec_t exec;
};

/* TRUE where `code` is success. */
gboolean
dh_cuda_card_succeeded (cudaError_t code, const char *what, GError **error)
{
  if (code == cudaSuccess)
    return TRUE;
  cudaGetLastError (); /* forget it, where it can be forgotten */
  g_set_error (error, DH_ERROR, code == cudaErrorMemoryAllocation ? DH_ERROR_NO_MEMORY : DH_ERROR_FAILED,
               "The card failed in %s: %s (%s)", what, cudaGetErrorString (code), cudaGetErrorName (code));
  return FALSE;
}

/* TRUE where what was made on the card is still there. */
gboolean
dh_cuda_card_is_there (DhCudaCard *card)
{
  return card->generation == g_atomic_int_get (&generations[card->index]);
}

gboolean
dh_cuda_card_enter (DhCudaCard *card, GError **error)
{
  if (!dh_cuda_card_is_there (card))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "The card was reset after an error");
      return FALSE;
    }
  return card->recorded || dh_cuda_card_succeeded (cudaSetDevice (card->index), "taking the card", error);
}

static guint
spec_hash (gconstpointer key)
{
  const gint *words = key;
  guint hash = 5381;
  for (gsize i = 0; i < sizeof (DhCudaConvSpec) / sizeof (gint); i++)
    hash = hash * 33 + (guint)words[i];
  return hash;
}

static gboolean
spec_equal (gconstpointer a, gconstpointer b)
{
  return memcmp (a, b, sizeof (DhCudaConvSpec)) == 0;
}

/* Something went wrong that stays so: on the streams, or before there were any. */
static gboolean
has_fault (DhCudaCard *card)
{
  gboolean fault = FALSE;
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    fault = fault || (card->streams[i] && cudaStreamSynchronize (card->streams[i]) != cudaSuccess);
  if (fault || card->stream)
    return fault;
  const cudaError_t code = cudaDeviceSynchronize ();
  return code != cudaSuccess && code != cudaErrorMemoryAllocation;
}

/* Of a card that was reset since. */
static void
forget_plans (DhCudaCard *card)
{
  GHashTableIter iter;
  gpointer plan;
  g_hash_table_iter_init (&iter, card->plans);
  while (g_hash_table_iter_next (&iter, NULL, &plan))
    dh_cudnn_plan_forget (plan);
}

/* After a fault the whole context is of no use any more, whoever asks: then the card is reset, and what is made
 * afterwards is whole again. */
static void
close_card (DhCudaCard *card)
{
  const char *reason = NULL;
  const DhCudnn *cudnn = dh_cudnn_get (&reason);
  if (!dh_cuda_card_is_there (card))
    forget_plans (card);
  else
    {
      cudaSetDevice (card->index);
      const gboolean fault = has_fault (card);
      g_hash_table_remove_all (card->plans);
      if (card->handle && cudnn)
        cudnn->destroy (card->handle);
      for (guint i = 0; i < DH_CUDA_N_MARKS; i++)
        if (card->marks[i])
          cudaEventDestroy (card->marks[i]);
      for (guint i = 0; i < DH_CUDA_N_LANES; i++)
        {
          if (card->ends[i])
            cudaEventDestroy (card->ends[i]);
          if (card->streams[i])
            cudaStreamDestroy (card->streams[i]);
        }
      if (fault)
        {
          g_atomic_int_inc (&generations[card->index]);
          cudaDeviceReset ();
        }
      cudaGetLastError ();
    }
  g_hash_table_unref (card->plans);
  g_free (card->cache);
  g_free (card->identity);
  g_free (card);
}

/* What a plan depends on besides the convolution. */
static char *
identify (int index, const DhCudnn *cudnn)
{
  struct cudaDeviceProp properties;
  int driver = 0;
  if (!cudnn || cudaGetDeviceProperties (&properties, index) != cudaSuccess
      || cudaDriverGetVersion (&driver) != cudaSuccess)
    return NULL;
  g_strdelimit (properties.name, "\n", ' ');
  return g_strdup_printf ("%s, %d.%d, %d multiprocessors, driver %d, CUDA %d, cuDNN %zu, search %s", properties.name,
                          properties.major, properties.minor, properties.multiProcessorCount, driver, CUDART_VERSION,
                          cudnn->get_version (), DH_CUDA_SEARCH);
}

/* That this build's kernels load: better known now than when the first of them is started. */
static gboolean
load_kernels (DhCudaCard *card, GError **error)
{
  int major = 0, minor = 0;
  if (!dh_cuda_card_succeeded (cudaDeviceGetAttribute (&major, cudaDevAttrComputeCapabilityMajor, card->index),
                               "naming its capability", error)
      || !dh_cuda_card_succeeded (cudaDeviceGetAttribute (&minor, cudaDevAttrComputeCapabilityMinor, card->index),
                                  "naming its capability", error))
    return FALSE;
  const cudaError_t code = (cudaError_t)dh_cuda_load_kernels (&card->architecture);
  g_autofree char *why_not = dh_cuda_card_explain_kernels (code, major * 10 + minor);
  if (!why_not)
    return dh_cuda_card_succeeded (code, "loading its kernels", error);
  cudaGetLastError ();
  g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_DEVICE, why_not);
  return FALSE;
}

static DhCudaCard *
open_card (guint index, GError **error)
{
  const char *missing = NULL;
  const DhCudnn *cudnn = dh_cudnn_get (&missing);
  GError *reason = NULL;
  DhCudaCard *card = g_new0 (DhCudaCard, 1);
  card->index = (int)index;
  card->generation = g_atomic_int_get (&generations[index]);
  card->plans = g_hash_table_new_full (spec_hash, spec_equal, g_free, (GDestroyNotify)dh_cudnn_plan_unref);
  gboolean fine = dh_cuda_card_enter (card, &reason) && load_kernels (card, &reason);
  for (guint i = 0; fine && i < DH_CUDA_N_LANES; i++)
    fine = dh_cuda_card_succeeded (cudaStreamCreateWithFlags (&card->streams[i], cudaStreamNonBlocking), "a stream",
                                   &reason)
           && dh_cuda_card_succeeded (cudaEventCreateWithFlags (&card->ends[i], cudaEventDisableTiming), "an event",
                                      &reason);
  card->stream = card->streams[DH_CUDA_LANE_COMPUTE];
  if (fine
      && (!cudnn || cudnn->create (&card->handle) != CUDNN_STATUS_SUCCESS
          || cudnn->set_stream (card->handle, card->stream) != CUDNN_STATUS_SUCCESS))
    {
      char message[512] = "";
      if (cudnn)
        cudnn->get_last_error (message, sizeof message);
      g_set_error (&reason, DH_ERROR, DH_ERROR_NO_DEVICE, "cuDNN does not start: %s", cudnn ? message : missing);
      fine = FALSE;
    }
  if (!fine)
    {
      /* What it was lost with may stay with the process, which CUDA then wants to be ended. */
      const gboolean stays = (g_error_matches (reason, DH_ERROR, DH_ERROR_FAILED) || card->stream)
                             && g_atomic_int_get (&generations[index]) > 0;
      close_card (card);
      g_propagate_prefixed_error (error, reason, "The device “cuda:%u” is not available%s: ", index,
                                  stays ? " in this process, which lost it; start the program again" : "");
      return NULL;
    }
  card->identity = identify (card->index, cudnn);
  card->cache = card->identity ? dh_plan_cache_folder () : NULL;
  if (!card->identity)
    card->identity = g_strdup ("a card that is not known");
  dh_plan_cache_prune (card->cache, MAX_PLANS_KEPT);
  return card;
}

static gboolean
launch (DhCudaCard *card, const DhCudaKernel *kernel, GError **error)
{
  return dh_cuda_card_enter (card, error)
         && dh_cuda_card_succeeded ((cudaError_t)dh_cuda_launch (kernel, card->stream), "starting a kernel", error);
}

static gboolean
has_fused (DhCudaCard *card, gint type)
{
  /* Not what the card is, but what the kernel was made for: the driver may have compiled it from an older one's. */
  return (type == DH_CUDA_F16 && card->architecture >= 75) || (type == DH_CUDA_BF16 && card->architecture >= 80);
}

gboolean
dh_cuda_card_wait (DhCudaCard *card, GError **error)
{
  if (!dh_cuda_card_enter (card, error))
    return FALSE;
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    if (!dh_cuda_card_succeeded (cudaStreamSynchronize (card->streams[i]), "a kernel", error))
      return FALSE;
  return TRUE;
}

static gboolean
follow (DhCudaCard *card, DhCudaLane lane, DhCudaLane other, GError **error)
{
  return dh_cuda_card_enter (card, error)
         && dh_cuda_card_succeeded (cudaEventRecord (card->ends[other], card->streams[other]), "an event", error)
         && dh_cuda_card_succeeded (cudaStreamWaitEvent (card->streams[lane], card->ends[other], 0), "an event", error);
}

gboolean
dh_cuda_card_mark (DhCudaCard *card, guint number, DhCudaLane lane, GError **error)
{
  if (!dh_cuda_card_enter (card, error)
      || (!card->marks[number] && !dh_cuda_card_succeeded (cudaEventCreate (&card->marks[number]), "an event", error)))
    return FALSE;
  return dh_cuda_card_succeeded (cudaEventRecord (card->marks[number], card->streams[lane]), "an event", error);
}

static gboolean
wait_mark (DhCudaCard *card, guint number, GError **error)
{
  return dh_cuda_card_enter (card, error)
         && dh_cuda_card_succeeded (cudaEventSynchronize (card->marks[number]), "a kernel", error);
}

double
dh_cuda_card_elapsed (DhCudaCard *card, guint from, guint to)
{
  float milliseconds = 0;
  cudaEventElapsedTime (&milliseconds, card->marks[from], card->marks[to]);
  cudaGetLastError ();
  return 1e-3 * milliseconds;
}

static gboolean
hold (DhCudaCard *card, double seconds, GError **error)
{
  const guint64 nanoseconds = (guint64)(1e9 * CLAMP (seconds, 0, DH_CUDA_LONGEST_HOLD));
  return dh_cuda_card_enter (card, error)
         && dh_cuda_card_succeeded ((cudaError_t)dh_cuda_launch_hold (nanoseconds, card->stream), "starting a kernel",
                                    error);
}

/* The runtime has them; their header is a package of its own, which many a toolkit lacks. */
cudaError_t cudaProfilerStart (void);
cudaError_t cudaProfilerStop (void);

static void
watch (DhCudaCard *card, gboolean on)
{
  if (!dh_cuda_card_enter (card, NULL))
    return;
  if (on)
    cudaProfilerStart ();
  else
    cudaProfilerStop ();
  cudaGetLastError ();
}

static gboolean
record_begin (DhCudaCard *card, GError **error)
{
  card->recorded = dh_cuda_card_enter (card, error)
                   && dh_cuda_card_succeeded (cudaStreamBeginCapture (card->stream, cudaStreamCaptureModeThreadLocal),
                                              "recording", error);
  return card->recorded;
}

static void
recording_free (DhCudaCard *card, DhCudaRecording *recording)
{
  if (dh_cuda_card_is_there (card))
    {
      cudaSetDevice (card->index);
      if (recording->exec)
        cudaGraphExecDestroy (recording->exec);
      if (recording->graph)
        cudaGraphDestroy (recording->graph);
      cudaGetLastError ();
    }
  g_free (recording);
}

static DhCudaRecording *
record_end (DhCudaCard *card, GError **error)
{
  DhCudaRecording *recording = g_new0 (DhCudaRecording, 1);
  cudaError_t code = cudaStreamEndCapture (card->stream, &recording->graph);
  card->recorded = FALSE;
  if (code == cudaSuccess)
    code = cudaGraphInstantiate (&recording->exec, recording->graph, 0);
  if (code == cudaSuccess)
    return recording;
  recording_free (card, recording);
  cudaGetLastError ();
  g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "The card does not record this run: %s",
               cudaGetErrorString (code));
  return NULL;
}

static gboolean
replay (DhCudaCard *card, DhCudaRecording *recording, GError **error)
{
  return dh_cuda_card_enter (card, error)
         && dh_cuda_card_succeeded (cudaGraphLaunch (recording->exec, card->stream), "starting the recorded run",
                                    error);
}

const DhCudaDriver dh_cuda_driver = {
  .count = dh_cuda_card_count,
  .describe = dh_cuda_card_describe,
  .open = open_card,
  .close = close_card,
  .available = dh_cuda_card_available,
  .alloc = dh_cuda_card_alloc,
  .release = dh_cuda_card_release,
  .alloc_pinned = dh_cuda_card_alloc_pinned,
  .release_pinned = dh_cuda_card_release_pinned,
  .pin = dh_cuda_card_pin,
  .unpin = dh_cuda_card_unpin,
  .copy = dh_cuda_card_copy,
  .launch = launch,
  .has_fused = has_fused,
  .recall = dh_cuda_card_recall,
  .remember = dh_cuda_card_remember,
  .put_aside = dh_cuda_card_put_aside,
  .why_aside = dh_cuda_card_why_aside,
  .all_aside = dh_cuda_card_all_aside,
  .has_learned = dh_cuda_card_has_learned,
  .wait = dh_cuda_card_wait,
  .follow = follow,
  .mark = dh_cuda_card_mark,
  .wait_mark = wait_mark,
  .elapsed = dh_cuda_card_elapsed,
  .hold = hold,
  .watch = watch,
  .record_begin = record_begin,
  .record_end = record_end,
  .replay = replay,
  .recording_free = recording_free,
  .conv_new = dh_cuda_card_conv_new,
  .conv_run = dh_cuda_card_conv_run,
  .conv_workspace = dh_cuda_card_conv_workspace,
  .conv_name = dh_cuda_card_conv_name,
  .conv_choice = dh_cuda_card_conv_choice,
  .conv_free = dh_cuda_card_conv_free,
};

#include "fake-runtime.h"
#include <cuda_runtime_api.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dh-cuda-kernels.h"

enum
{
  FIRST_STICKY = 700,
  TOTAL_MIB = 1024,
  MOST = 1 << 16,
  LATE = 20, /* milliseconds */
};

/* What an event knows of what ran before it was recorded (fake-cudnn.c). */
typedef struct
{
  double milliseconds;
  int runs;
} Moment;

/* Every handle and all memory that there is; and what a reset took, whose addresses are not given again. */
static void *made[MOST], *gone[MOST];
static int live, n_gone, sticky, watched, generation, recorded;
static unsigned long limit;
static double held; /* milliseconds that the next timing has the card held */

int
fake_runtime_live (void)
{
  return live;
}

int
fake_runtime_watched (void)
{
  return watched;
}

void
fake_runtime_set_memory (unsigned long bytes)
{
  limit = bytes;
}

/* What is used is there: what a reset took may be another thing's by then, or nobody's. */
static void
use (const char *function, const void *handle)
{
  for (int i = 0; i < live; i++)
    if (made[i] == handle)
      return;
  for (int i = 0; i < n_gone; i++)
    if (gone[i] == handle)
      fprintf (stderr, "%s is given what went with a reset\n", function);
  fprintf (stderr, "%s is given what is not there\n", function);
  abort ();
}

/* Not while a stream is recorded: these are not recorded, and a card may break the recording off for them. */
static void
not_recorded (const char *function)
{
  if (!recorded)
    return;
  fprintf (stderr, "%s is called while a stream is recorded\n", function);
  abort ();
}

/* What a call of `function` returns. */
static cudaError_t
answer (const char *function)
{
  static char seen[128];
  static int calls;
  const char *wanted = getenv ("DH_FAKE_FAIL"), *fault = getenv ("DH_FAKE_FAULT");
  const size_t length = strlen (function);
  if (fault)
    {
      sticky = atoi (fault);
      unsetenv ("DH_FAKE_FAULT");
    }
  if (sticky)
    return (cudaError_t)sticky;
  if (!wanted)
    {
      seen[0] = '\0';
      return cudaSuccess;
    }
  if (strcmp (seen, wanted) != 0)
    {
      strncpy (seen, wanted, sizeof seen - 1);
      calls = 0;
    }
  if (strncmp (wanted, function, length) != 0 || wanted[length] != ':')
    return cudaSuccess;
  char *end;
  if (++calls != strtol (wanted + length + 1, &end, 10) || *end != ':')
    return cudaSuccess;
  const int code = atoi (end + 1);
  if (code >= FIRST_STICKY)
    sticky = code;
  return (cudaError_t)code;
}

static cudaError_t
make_bytes (const char *function, void *handle, size_t bytes)
{
  const cudaError_t code = live < MOST ? answer (function) : cudaErrorMemoryAllocation;
  if (code == cudaSuccess)
    *(void **)handle = made[live++] = malloc (bytes);
  return code;
}

static cudaError_t
make (const char *function, void *handle)
{
  return make_bytes (function, handle, 1);
}

static cudaError_t
destroy (const char *function, void *handle)
{
  use (function, handle);
  const cudaError_t code = answer (function);
  if (code != cudaSuccess)
    return code;
  for (int i = 0; i < live; i++)
    if (made[i] == handle)
      {
        made[i] = made[--live];
        free (handle);
        return cudaSuccess;
      }
  return cudaSuccess;
}

/* A recording that is broken takes nothing more. */
static cudaError_t
go_on (void)
{
  const char *how = recorded ? getenv ("DH_FAKE_RECORDED") : NULL;
  return how && strcmp (how, "broken") == 0 ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
}

cudaError_t
cudaGetLastError (void)
{
  return (cudaError_t)sticky;
}

const char *
cudaGetErrorString (cudaError_t code)
{
  return code == cudaErrorMemoryAllocation ? "out of memory" : "it went wrong";
}

const char *
cudaGetErrorName (cudaError_t code)
{
  return code == cudaErrorMemoryAllocation ? "cudaErrorMemoryAllocation" : "cudaErrorOther";
}

cudaError_t
cudaSetDevice (int device)
{
  not_recorded ("cudaSetDevice");
  return answer ("cudaSetDevice");
}

/* With the context goes all that was made in it. */
cudaError_t
cudaDeviceReset (void)
{
  not_recorded ("cudaDeviceReset");
  char text[16];
  const char *stays = getenv ("DH_FAKE_STAYS");
  sticky = stays ? sticky : 0;
  while (live > 0 && n_gone < MOST)
    gone[n_gone++] = made[--live];
  live = 0;
  snprintf (text, sizeof text, "%d", ++generation);
  setenv ("DH_FAKE_GENERATION", text, 1);
  return cudaSuccess;
}

cudaError_t
cudaDeviceSynchronize (void)
{
  not_recorded ("cudaDeviceSynchronize");
  return answer ("cudaDeviceSynchronize");
}

cudaError_t
cudaDeviceGetAttribute (int *value, enum cudaDeviceAttr attribute, int device)
{
  *value = attribute == cudaDevAttrComputeCapabilityMajor ? 11 : 0;
  return answer ("cudaDeviceGetAttribute");
}

cudaError_t
cudaGetDeviceProperties (struct cudaDeviceProp *properties, int device)
{
  not_recorded ("cudaGetDeviceProperties");
  memset (properties, 0, sizeof *properties);
  strcpy (properties->name, "Fake\nCard");
  properties->major = 9;
  properties->multiProcessorCount = 132;
  return answer ("cudaGetDeviceProperties");
}

cudaError_t
cudaDriverGetVersion (int *version)
{
  *version = 13000;
  return answer ("cudaDriverGetVersion");
}

cudaError_t
cudaStreamCreateWithFlags (cudaStream_t *stream, unsigned int flags)
{
  not_recorded ("cudaStreamCreateWithFlags");
  return make ("cudaStreamCreateWithFlags", stream);
}

cudaError_t
cudaStreamDestroy (cudaStream_t stream)
{
  return destroy ("cudaStreamDestroy", stream);
}

cudaError_t
cudaStreamSynchronize (cudaStream_t stream)
{
  not_recorded ("cudaStreamSynchronize");
  use ("cudaStreamSynchronize", stream);
  return answer ("cudaStreamSynchronize");
}

cudaError_t
cudaStreamWaitEvent (cudaStream_t stream, cudaEvent_t event, unsigned int flags)
{
  use ("cudaStreamWaitEvent", stream);
  use ("cudaStreamWaitEvent", event);
  return answer ("cudaStreamWaitEvent");
}

cudaError_t
cudaEventCreate (cudaEvent_t *event)
{
  not_recorded ("cudaEventCreate");
  return make_bytes ("cudaEventCreate", event, sizeof (Moment));
}

cudaError_t
cudaEventCreateWithFlags (cudaEvent_t *event, unsigned int flags)
{
  not_recorded ("cudaEventCreateWithFlags");
  return make_bytes ("cudaEventCreateWithFlags", event, sizeof (Moment));
}

cudaError_t
cudaEventDestroy (cudaEvent_t event)
{
  return destroy ("cudaEventDestroy", event);
}

cudaError_t
cudaEventRecord (cudaEvent_t event, cudaStream_t stream)
{
  use ("cudaEventRecord", event);
  use ("cudaEventRecord", stream);
  const char *milliseconds = getenv ("DH_FAKE_MILLISECONDS"), *runs = getenv ("DH_FAKE_RUNS");
  *(Moment *)(void *)event = (Moment){ milliseconds ? atof (milliseconds) : 0, runs ? atoi (runs) : 0 };
  return answer ("cudaEventRecord");
}

cudaError_t
cudaEventSynchronize (cudaEvent_t event)
{
  not_recorded ("cudaEventSynchronize");
  use ("cudaEventSynchronize", event);
  return answer ("cudaEventSynchronize");
}

cudaError_t
cudaEventElapsedTime (float *milliseconds, cudaEvent_t from, cudaEvent_t to)
{
  use ("cudaEventElapsedTime", from);
  use ("cudaEventElapsedTime", to);
  const Moment *before = (const Moment *)(const void *)from, *after = (const Moment *)(const void *)to;
  const char *pace = getenv ("DH_FAKE_PACE"), *tick = getenv ("DH_FAKE_TICK");
  const char *marks = getenv ("DH_FAKE_MARKS"), *late = getenv ("DH_FAKE_LATE");
  static int timings;
  const int runs = after->runs - before->runs;
  double taken = runs ? after->milliseconds - before->milliseconds : 1;
  /* Nothing takes less than the processor needs to start it, but where it waits on a card that is held. */
  if (pace && taken < runs * atof (pace) - held)
    taken = runs * atof (pace) - held;
  timings = late ? timings + 1 : 0;
  taken += (marks ? atof (marks) : 0) + (late && timings == atoi (late) ? LATE : 0);
  if (tick)
    taken = rint (taken / atof (tick)) * atof (tick);
  *milliseconds = (float)taken;
  held = 0;
  return answer ("cudaEventElapsedTime");
}

cudaError_t
cudaMemGetInfo (size_t *free_bytes, size_t *total)
{
  not_recorded ("cudaMemGetInfo");
  *total = (size_t)TOTAL_MIB << 20;
  *free_bytes = limit ? limit : *total;
  return answer ("cudaMemGetInfo");
}

cudaError_t
cudaMalloc (void **memory, size_t bytes)
{
  not_recorded ("cudaMalloc");
  return limit && bytes > limit ? cudaErrorMemoryAllocation : make_bytes ("cudaMalloc", memory, bytes);
}

cudaError_t
cudaFree (void *memory)
{
  not_recorded ("cudaFree");
  return destroy ("cudaFree", memory);
}

cudaError_t
cudaMallocHost (void **memory, size_t bytes)
{
  not_recorded ("cudaMallocHost");
  return make_bytes ("cudaMallocHost", memory, bytes);
}

cudaError_t
cudaFreeHost (void *memory)
{
  not_recorded ("cudaFreeHost");
  return destroy ("cudaFreeHost", memory);
}

cudaError_t
cudaHostRegister (void *memory, size_t bytes, unsigned int flags)
{
  not_recorded ("cudaHostRegister");
  return answer ("cudaHostRegister");
}

cudaError_t
cudaHostUnregister (void *memory)
{
  not_recorded ("cudaHostUnregister");
  return answer ("cudaHostUnregister");
}

cudaError_t
cudaMemcpyAsync (void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream)
{
  use ("cudaMemcpyAsync", stream);
  const cudaError_t code = go_on () ? go_on () : answer ("cudaMemcpyAsync");
  if (code == cudaSuccess)
    memcpy (to, from, bytes);
  return code;
}

cudaError_t
cudaProfilerStart (void)
{
  not_recorded ("cudaProfilerStart");
  watched = 1;
  return answer ("cudaProfilerStart");
}

cudaError_t
cudaProfilerStop (void)
{
  watched = 0;
  return answer ("cudaProfilerStop");
}

cudaError_t
cudaStreamBeginCapture (cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
  use ("cudaStreamBeginCapture", stream);
  not_recorded ("cudaStreamBeginCapture");
  const cudaError_t code = answer ("cudaStreamBeginCapture");
  recorded = code == cudaSuccess;
  if (recorded)
    setenv ("DH_FAKE_RECORDED", "whole", 1);
  return code;
}

cudaError_t
cudaStreamEndCapture (cudaStream_t stream, cudaGraph_t *graph)
{
  use ("cudaStreamEndCapture", stream);
  const cudaError_t broken = go_on ();
  recorded = 0;
  unsetenv ("DH_FAKE_RECORDED");
  *graph = NULL;
  if (broken)
    return broken;
  return make ("cudaStreamEndCapture", graph);
}

cudaError_t
cudaGraphInstantiate (cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags)
{
  use ("cudaGraphInstantiate", graph);
  return make ("cudaGraphInstantiate", exec);
}

cudaError_t
cudaGraphLaunch (cudaGraphExec_t exec, cudaStream_t stream)
{
  use ("cudaGraphLaunch", exec);
  use ("cudaGraphLaunch", stream);
  return answer ("cudaGraphLaunch");
}

cudaError_t
cudaGraphDestroy (cudaGraph_t graph)
{
  return destroy ("cudaGraphDestroy", graph);
}

cudaError_t
cudaGraphExecDestroy (cudaGraphExec_t exec)
{
  return destroy ("cudaGraphExecDestroy", exec);
}

/* Every sum is 1, and every value what the engine that ran last leaves. */
static void
probe (const DhCudaProbe *of)
{
  const char *left = getenv ("DH_FAKE_LEFT");
  for (int i = 0; i < of->n_samples; i++)
    of->values[i] = left ? (float)atof (left) : 1;
  for (int i = 0; i < of->n_samples * of->n_parts; i++)
    of->sums[2 * i] = of->sums[2 * i + 1] = i % of->n_parts == 0;
}

int
dh_cuda_launch (const DhCudaKernel *kernel, void *stream)
{
  use ("dh_cuda_launch", stream);
  const int code = go_on () ? (int)go_on () : (int)answer ("launch");
  if (code == cudaSuccess && kernel->op == DH_CUDA_PROBE)
    probe (&kernel->probe);
  return code;
}

int
dh_cuda_launch_hold (uint64_t nanoseconds, void *stream)
{
  use ("dh_cuda_launch_hold", stream);
  const int code = (int)answer ("hold");
  if (code == cudaSuccess)
    held = 1e-6 * (double)nanoseconds;
  return code;
}

int
dh_cuda_load_kernels (int *architecture)
{
  const char *code = getenv ("DH_FAKE_KERNELS"), *architectures = getenv ("DH_FAKE_ARCHITECTURE");
  *architecture = architectures ? atoi (architectures) : 90;
  return code ? atoi (code) : (int)answer ("load");
}

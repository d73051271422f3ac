#include "fake-runtime-private.h"
#include "fake-runtime.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum
{
  FIRST_STICKY = 700,
  TOTAL_MIB = 1024,
  MOST = 1 << 16,
};

/* Every handle and all memory that there is; and what a reset took, whose addresses are not given again. */
static void *made[MOST], *gone[MOST];
static int live, n_gone, sticky, watched, generation, recorded;
static unsigned long limit;

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

void
fake_use (const char *function, const void *handle)
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

void
fake_not_recorded (const char *function)
{
  if (!recorded)
    return;
  fprintf (stderr, "%s is called while a stream is recorded\n", function);
  abort ();
}

cudaError_t
fake_answer (const char *function)
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

cudaError_t
fake_make_bytes (const char *function, void *handle, size_t bytes)
{
  const cudaError_t code = live < MOST ? fake_answer (function) : cudaErrorMemoryAllocation;
  if (code == cudaSuccess)
    *(void **)handle = made[live++] = malloc (bytes);
  return code;
}

static cudaError_t
make (const char *function, void *handle)
{
  return fake_make_bytes (function, handle, 1);
}

cudaError_t
fake_destroy (const char *function, void *handle)
{
  fake_use (function, handle);
  const cudaError_t code = fake_answer (function);
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

cudaError_t
fake_go_on (void)
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
  fake_not_recorded ("cudaSetDevice");
  return fake_answer ("cudaSetDevice");
}

/* With the context goes all that was made in it. */
cudaError_t
cudaDeviceReset (void)
{
  fake_not_recorded ("cudaDeviceReset");
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
  fake_not_recorded ("cudaDeviceSynchronize");
  return fake_answer ("cudaDeviceSynchronize");
}

cudaError_t
cudaDeviceGetAttribute (int *value, enum cudaDeviceAttr attribute, int device)
{
  *value = attribute == cudaDevAttrComputeCapabilityMajor ? 11 : 0;
  return fake_answer ("cudaDeviceGetAttribute");
}

cudaError_t
cudaGetDeviceProperties (struct cudaDeviceProp *properties, int device)
{
  fake_not_recorded ("cudaGetDeviceProperties");
  memset (properties, 0, sizeof *properties);
  strcpy (properties->name, "Fake\nCard");
  properties->major = 9;
  properties->multiProcessorCount = 132;
  return fake_answer ("cudaGetDeviceProperties");
}

cudaError_t
cudaDriverGetVersion (int *version)
{
  *version = 13000;
  return fake_answer ("cudaDriverGetVersion");
}

cudaError_t
cudaStreamCreateWithFlags (cudaStream_t *stream, unsigned int flags)
{
  fake_not_recorded ("cudaStreamCreateWithFlags");
  return make ("cudaStreamCreateWithFlags", stream);
}

cudaError_t
cudaStreamDestroy (cudaStream_t stream)
{
  return fake_destroy ("cudaStreamDestroy", stream);
}

cudaError_t
cudaStreamSynchronize (cudaStream_t stream)
{
  fake_not_recorded ("cudaStreamSynchronize");
  fake_use ("cudaStreamSynchronize", stream);
  return fake_answer ("cudaStreamSynchronize");
}

cudaError_t
cudaStreamWaitEvent (cudaStream_t stream, cudaEvent_t event, unsigned int flags)
{
  fake_use ("cudaStreamWaitEvent", stream);
  fake_use ("cudaStreamWaitEvent", event);
  return fake_answer ("cudaStreamWaitEvent");
}

cudaError_t
cudaMemGetInfo (size_t *free_bytes, size_t *total)
{
  fake_not_recorded ("cudaMemGetInfo");
  *total = (size_t)TOTAL_MIB << 20;
  *free_bytes = limit ? limit : *total;
  return fake_answer ("cudaMemGetInfo");
}

cudaError_t
cudaMalloc (void **memory, size_t bytes)
{
  fake_not_recorded ("cudaMalloc");
  return limit && bytes > limit ? cudaErrorMemoryAllocation : fake_make_bytes ("cudaMalloc", memory, bytes);
}

cudaError_t
cudaFree (void *memory)
{
  fake_not_recorded ("cudaFree");
  return fake_destroy ("cudaFree", memory);
}

cudaError_t
cudaMallocHost (void **memory, size_t bytes)
{
  fake_not_recorded ("cudaMallocHost");
  return fake_make_bytes ("cudaMallocHost", memory, bytes);
}

cudaError_t
cudaFreeHost (void *memory)
{
  fake_not_recorded ("cudaFreeHost");
  return fake_destroy ("cudaFreeHost", memory);
}

cudaError_t
cudaHostRegister (void *memory, size_t bytes, unsigned int flags)
{
  fake_not_recorded ("cudaHostRegister");
  return fake_answer ("cudaHostRegister");
}

cudaError_t
cudaHostUnregister (void *memory)
{
  fake_not_recorded ("cudaHostUnregister");
  return fake_answer ("cudaHostUnregister");
}

cudaError_t
cudaMemcpyAsync (void *to, const void *from, size_t bytes, enum cudaMemcpyKind kind, cudaStream_t stream)
{
  fake_use ("cudaMemcpyAsync", stream);
  const cudaError_t code = fake_go_on () ? fake_go_on () : fake_answer ("cudaMemcpyAsync");
  if (code == cudaSuccess)
    memcpy (to, from, bytes);
  return code;
}

cudaError_t
cudaProfilerStart (void)
{
  fake_not_recorded ("cudaProfilerStart");
  watched = 1;
  return fake_answer ("cudaProfilerStart");
}

cudaError_t
cudaProfilerStop (void)
{
  watched = 0;
  return fake_answer ("cudaProfilerStop");
}

cudaError_t
cudaStreamBeginCapture (cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
  fake_use ("cudaStreamBeginCapture", stream);
  fake_not_recorded ("cudaStreamBeginCapture");
  const cudaError_t code = fake_answer ("cudaStreamBeginCapture");
  recorded = code == cudaSuccess;
  if (recorded)
    setenv ("DH_FAKE_RECORDED", "whole", 1);
  return code;
}

cudaError_t
cudaStreamEndCapture (cudaStream_t stream, cudaGraph_t *graph)
{
  fake_use ("cudaStreamEndCapture", stream);
  const cudaError_t broken = fake_go_on ();
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
  fake_use ("cudaGraphInstantiate", graph);
  return make ("cudaGraphInstantiate", exec);
}

cudaError_t
cudaGraphLaunch (cudaGraphExec_t exec, cudaStream_t stream)
{
  fake_use ("cudaGraphLaunch", exec);
  fake_use ("cudaGraphLaunch", stream);
  return fake_answer ("cudaGraphLaunch");
}

cudaError_t
cudaGraphDestroy (cudaGraph_t graph)
{
  return fake_destroy ("cudaGraphDestroy", graph);
}

cudaError_t
cudaGraphExecDestroy (cudaGraphExec_t exec)
{
  return fake_destroy ("cudaGraphExecDestroy", exec);
}

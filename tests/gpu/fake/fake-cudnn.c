#include <cudnn.h>
#include <cudnn_backend.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A libcudnn.so.9 that behaves as the real one does where a part of it is missing: it ends the process. It knows
 * engines that compute nothing, and takes every graph.
 *
 * DH_FAKE_CUDNN: its version, 91900; DH_FAKE_CUDNN_CUDA: the CUDA version that it was made with, 13000; DH_FAKE_CREATE:
 * the status of cudnnCreate, 0. DH_FAKE_ENGINES: what heuristics A and B name, "INDEX/WORKSPACE/MILLISECONDS/NOTES"
 * separated by commas; notes: t tensor cores, n not deterministic, c compiled at run time, p makes no plan, x does not
 * run, b B alone names it, u it is only named where nothing is dilated, k its one knob must be at its place in the list
 * to run, q it does not tell its knobs, l it leaves what is a little off, w what is wrong, z what is no number, f it
 * loses the card, g it breaks a recording. With a CUDA version of 77000 what is compiled at run time wants
 * libnvrtc.so.77 to be loaded. What ran last is in DH_FAKE_RAN and what it left instead of 1 in DH_FAKE_LEFT, how much
 * ran so far in DH_FAKE_RUNS and how long that takes in DH_FAKE_MILLISECONDS. */

enum
{
  MAX_ENGINES = 16,
};

typedef struct
{
  int index;
  long workspace;
  double milliseconds;
  char notes[8];
} Engine;

typedef struct Thing
{
  cudnnBackendDescriptorType_t type;
  int engine; /* its index; 0: none */
  int64_t knob;
  int dilated;
  cudnnBackendHeurMode_t mode;
  int generation; /* of a plan, that has something on the card */
  struct Thing *next;
} Thing;

struct cudnnContext
{
  int generation;
  struct cudnnContext *next;
};

#define KNOB CUDNN_KNOB_TYPE_TILE_SIZE

/* All that were not destroyed: after a reset nobody may, and none of them is lost. */
static int live;
static Thing *things;
static cudnnHandle_t handles;

/* Descriptors and handles that were not destroyed. */
int fake_cudnn_live (void);
int
fake_cudnn_live (void)
{
  return live;
}

static int
number (const char *name, int otherwise)
{
  const char *text = getenv (name);
  return text ? atoi (text) : otherwise;
}

static double
decimal (const char *name)
{
  const char *text = getenv (name);
  return text ? atof (text) : 0;
}

/* What is on the card went with a reset, and is not to be asked for or given back. */
static void
use (const char *what, int generation)
{
  if (generation == number ("DH_FAKE_GENERATION", 0))
    return;
  fprintf (stderr, "cuDNN is given a %s from before a reset\n", what);
  abort ();
}

static int
read_engines (Engine *engines)
{
  const char *text = getenv ("DH_FAKE_ENGINES");
  int n = 0;
  while (text && n < MAX_ENGINES)
    {
      Engine *engine = &engines[n];
      *engine = (Engine){ 0 };
      if (sscanf (text, "%d/%ld/%lf/%7[a-z]", &engine->index, &engine->workspace, &engine->milliseconds, engine->notes)
          < 3)
        break;
      n++;
      text = strchr (text, ',');
      text = text ? text + 1 : NULL;
    }
  return n;
}

/* Its place in the list, from 1 on; 0 where it is not there. */
static int
find_engine (int index, Engine *engine)
{
  Engine engines[MAX_ENGINES];
  for (int i = 0, n = read_engines (engines); i < n; i++)
    if (engines[i].index == index)
      {
        *engine = engines[i];
        return i + 1;
      }
  return 0;
}

static int
has (const Engine *engine, char note)
{
  return strchr (engine->notes, note) != NULL;
}

/* The part beside this library, or loaded already, which every call goes to. */
static void
need_graph (void)
{
  Dl_info info;
  char path[4096];
  if (!dladdr ((void *)need_graph, &info))
    abort ();
  snprintf (path, sizeof path - 32, "%s", info.dli_fname);
  char *const slash = strrchr (path, '/');
  if (!slash)
    abort ();
  strcpy (slash, "/libcudnn_graph.so.9");
  if (dlopen (path, RTLD_NOW) || dlopen ("libcudnn_graph.so.9", RTLD_NOW | RTLD_NOLOAD))
    return;
  fprintf (stderr, "Invalid handle. Cannot load symbol cudnnGetVersion\n");
  abort ();
}

size_t
cudnnGetVersion (void)
{
  need_graph ();
  return (size_t)number ("DH_FAKE_CUDNN", 91900);
}

size_t
cudnnGetCudartVersion (void)
{
  need_graph ();
  return (size_t)number ("DH_FAKE_CUDNN_CUDA", 13000);
}

cudnnStatus_t
cudnnCreate (cudnnHandle_t *handle)
{
  const int status = number ("DH_FAKE_CREATE", 0);
  if (status)
    return status;
  *handle = malloc (sizeof **handle);
  (*handle)->generation = number ("DH_FAKE_GENERATION", 0);
  (*handle)->next = handles;
  handles = *handle;
  live++;
  return 0;
}

cudnnStatus_t
cudnnDestroy (cudnnHandle_t handle)
{
  use ("handle", handle->generation);
  cudnnHandle_t *at = &handles;
  while (*at != handle)
    at = &(*at)->next;
  *at = handle->next;
  free (handle);
  live--;
  return 0;
}

cudnnStatus_t
cudnnSetStream (cudnnHandle_t handle, cudaStream_t stream)
{
  use ("handle", handle->generation);
  return 0;
}

void
cudnnGetLastErrorString (char *text, size_t size)
{
  snprintf (text, size, "the fake refuses");
}

cudnnStatus_t
cudnnBackendCreateDescriptor (cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t *descriptor)
{
  Thing *thing = calloc (1, sizeof *thing);
  thing->type = type;
  thing->generation = number ("DH_FAKE_GENERATION", 0);
  thing->next = things;
  *descriptor = things = thing;
  live++;
  return 0;
}

cudnnStatus_t
cudnnBackendDestroyDescriptor (cudnnBackendDescriptor_t descriptor)
{
  const Thing *thing = descriptor;
  if (thing->type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)
    use ("plan", thing->generation);
  Thing **at = &things;
  while (*at != thing)
    at = &(*at)->next;
  *at = thing->next;
  free (descriptor);
  live--;
  return 0;
}

cudnnStatus_t
cudnnBackendFinalize (cudnnBackendDescriptor_t descriptor)
{
  const Thing *thing = descriptor;
  Engine engine;
  if (thing->type != CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)
    return 0;
  if (!find_engine (thing->engine, &engine) || has (&engine, 'p'))
    return CUDNN_STATUS_NOT_SUPPORTED;
  return has (&engine, 'c') && number ("DH_FAKE_CUDNN_CUDA", 0) == 77000
                 && !dlopen ("libnvrtc.so.77", RTLD_LAZY | RTLD_NOLOAD)
             ? CUDNN_STATUS_NOT_SUPPORTED
             : 0;
}

cudnnStatus_t
cudnnBackendSetAttribute (cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                          cudnnBackendAttributeType_t type, int64_t count, const void *values)
{
  Thing *thing = descriptor;
  const Thing *const *others = values;
  char json[64] = "";
  switch (name)
    {
    case CUDNN_ATTR_CONVOLUTION_DILATIONS:
      thing->dilated = *(const int64_t *)values > 1;
      break;
    case CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC:
    case CUDNN_ATTR_OPERATIONGRAPH_OPS:
    case CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH:
      thing->dilated = others[0]->dilated;
      break;
    case CUDNN_ATTR_ENGINEHEUR_MODE:
      thing->mode = *(const cudnnBackendHeurMode_t *)values;
      break;
    case CUDNN_ATTR_ENGINE_GLOBAL_INDEX:
      thing->engine = (int)*(const int64_t *)values;
      break;
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE:
      if (*(const cudnnBackendKnobType_t *)values != KNOB)
        return CUDNN_STATUS_BAD_PARAM;
      break;
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE:
      thing->knob = *(const int64_t *)values;
      break;
    case CUDNN_ATTR_ENGINECFG_KNOB_CHOICES:
      thing->knob = others[0]->knob;
      break;
    case CUDNN_ATTR_ENGINECFG_ENGINE:
      thing->engine = others[0]->engine;
      break;
    case CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG:
      thing->engine = others[0]->engine;
      thing->knob = others[0]->knob;
      break;
    case CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION:
      memcpy (json, values, count < 63 ? (size_t)count : 63);
      if (sscanf (json, "{\"engine\": %d}", &thing->engine) == 1)
        thing->knob = find_engine (thing->engine, &(Engine){ 0 });
      break;
    default:
      break;
    }
  return 0;
}

static int64_t
name_engines (const Thing *heuristic, int64_t most, Thing *const *configs)
{
  Engine engines[MAX_ENGINES];
  int64_t named = 0;
  for (int i = 0, n = read_engines (engines); i < n && heuristic->mode != CUDNN_HEUR_MODE_FALLBACK; i++)
    if (!(has (&engines[i], 'b') && heuristic->mode == CUDNN_HEUR_MODE_A)
        && !(has (&engines[i], 'u') && heuristic->dilated))
      {
        if (named < most)
          {
            configs[named]->engine = engines[i].index;
            configs[named]->knob = i + 1;
          }
        named++;
      }
  return named;
}

cudnnStatus_t
cudnnBackendGetAttribute (cudnnBackendDescriptor_t const descriptor, cudnnBackendAttributeName_t name,
                          cudnnBackendAttributeType_t type, int64_t requested, int64_t *count, void *values)
{
  const Thing *thing = descriptor;
  Engine engine = { 0 };
  char json[64];
  find_engine (thing->engine, &engine);
  *count = 1;
  switch (name)
    {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS:
      *count = name_engines (thing, requested, values);
      return 0;
    case CUDNN_ATTR_ENGINECFG_ENGINE:
    case CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG:
      (*(Thing *const *)values)->engine = thing->engine;
      return 0;
    case CUDNN_ATTR_ENGINE_GLOBAL_INDEX:
      *(int64_t *)values = thing->engine;
      return 0;
    case CUDNN_ATTR_ENGINECFG_KNOB_CHOICES:
      if (has (&engine, 'q'))
        return CUDNN_STATUS_NOT_SUPPORTED;
      if (requested > 0)
        (*(Thing *const *)values)->knob = thing->knob;
      return 0;
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE:
      *(cudnnBackendKnobType_t *)values = KNOB;
      return 0;
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE:
      *(int64_t *)values = thing->knob;
      return 0;
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
      *count = 0;
      if (has (&engine, 't'))
        ((cudnnBackendNumericalNote_t *)values)[(*count)++] = CUDNN_NUMERICAL_NOTE_TENSOR_CORE;
      if (has (&engine, 'n'))
        ((cudnnBackendNumericalNote_t *)values)[(*count)++] = CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
      return 0;
    case CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE:
      *count = has (&engine, 'c');
      if (*count)
        *(cudnnBackendBehaviorNote_t *)values = CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION;
      return 0;
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
      *(int64_t *)values = engine.workspace;
      return 0;
    case CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION:
      *count = snprintf (json, sizeof json, "{\"engine\": %d}", thing->engine) + 1;
      if (requested >= *count)
        memcpy (values, json, (size_t)*count);
      return 0;
    default:
      return CUDNN_STATUS_NOT_SUPPORTED;
    }
}

cudnnStatus_t
cudnnBackendExecute (cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t pack)
{
  Engine engine;
  char text[32];
  use ("handle", handle->generation);
  use ("plan", ((const Thing *)plan)->generation);
  const int place = find_engine (((const Thing *)plan)->engine, &engine);
  if (!place || has (&engine, 'x') || (has (&engine, 'k') && ((const Thing *)plan)->knob != place))
    return CUDNN_STATUS_NOT_SUPPORTED;
  const struct timespec pace = { 0, (long)(1e6 * decimal ("DH_FAKE_PACE")) };
  if (pace.tv_nsec)
    nanosleep (&pace, NULL);
  if (has (&engine, 'g') && getenv ("DH_FAKE_RECORDED"))
    {
      setenv ("DH_FAKE_RECORDED", "broken", 1);
      return CUDNN_STATUS_EXECUTION_FAILED;
    }
  if (has (&engine, 'f'))
    setenv ("DH_FAKE_FAULT", "700", 1);
  snprintf (text, sizeof text, "%d", engine.index);
  setenv ("DH_FAKE_RAN", text, 1);
  setenv ("DH_FAKE_LEFT",
          has (&engine, 'l')   ? "1.003"
          : has (&engine, 'w') ? "1.25"
          : has (&engine, 'z') ? "nan"
                               : "1",
          1);
  snprintf (text, sizeof text, "%.17g", decimal ("DH_FAKE_MILLISECONDS") + engine.milliseconds);
  setenv ("DH_FAKE_MILLISECONDS", text, 1);
  snprintf (text, sizeof text, "%d", number ("DH_FAKE_RUNS", 0) + 1);
  setenv ("DH_FAKE_RUNS", text, 1);
  return 0;
}

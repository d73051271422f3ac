#include "dh-cudnn-private.h"
#include <string.h>
#include "dh-error.h"

enum
{
  SLOW_ENGINE = 8, /* compiled at run time for over half a minute */
};

/* Of a configuration: the engine's number and the bits of its notes. */
static gboolean
read_engine (const DhCudnn *cudnn, Descriptor config, gint64 *index, guint *numbers, guint *behaviours)
{
  Descriptor engine = NULL;
  gint64 count = 0;
  cudnnBackendNumericalNote_t notes[CUDNN_NUMERICAL_NOTE_TYPE_COUNT];
  cudnnBackendBehaviorNote_t habits[CUDNN_BEHAVIOR_NOTE_TYPE_COUNT];
  *numbers = *behaviours = 0;
  if (cudnn->create_descriptor (CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine) != CUDNN_STATUS_SUCCESS)
    return FALSE;
  gboolean fine =
      cudnn->get_attribute (config, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &engine)
          == CUDNN_STATUS_SUCCESS
      && cudnn->get_attribute (engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &count, index)
             == CUDNN_STATUS_SUCCESS;
  count = 0;
  fine = fine
         && cudnn->get_attribute (engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                  G_N_ELEMENTS (notes), &count, notes)
                == CUDNN_STATUS_SUCCESS;
  for (gint64 i = 0; fine && i < MIN (count, (gint64)G_N_ELEMENTS (notes)); i++)
    *numbers |= 1u << notes[i];
  count = 0;
  fine = fine
         && cudnn->get_attribute (engine, CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE,
                                  G_N_ELEMENTS (habits), &count, habits)
                == CUDNN_STATUS_SUCCESS;
  for (gint64 i = 0; fine && i < MIN (count, (gint64)G_N_ELEMENTS (habits)); i++)
    *behaviours |= 1u << habits[i];
  cudnn->destroy_descriptor (engine);
  return fine;
}

static gboolean
is_allowed (const DhCudaConvSpec *spec, guint numbers)
{
  guint refused = 1u << CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
  if (spec->strict)
    refused |= 1u << CUDNN_NUMERICAL_NOTE_TENSOR_CORE | 1u << CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS
               | 1u << CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION | 1u << CUDNN_NUMERICAL_NOTE_FFT
               | 1u << CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6 | 1u << CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13;
  return (numbers & refused) == 0;
}

static DhCudnnPlan *
finish_plan (const DhCudnn *cudnn, cudnnHandle_t handle, Descriptor device, Descriptor config, gsize max_workspace,
             char **reason)
{
  DhCudnnBuilder b = { .cudnn = cudnn };
  gint64 workspace = 0, count = 0;
  Descriptor plan = dh_cudnn_make (&b, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  dh_cudnn_set_descriptor (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
  if (handle)
    dh_cudnn_set (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
  else
    dh_cudnn_set_descriptor (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device);
  if (dh_cudnn_finish (&b, plan, "the plan"))
    dh_cudnn_check (
        &b,
        cudnn->get_attribute (plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &count, &workspace),
        "to name its workspace");
  if (!b.reason && (guint64)workspace > max_workspace)
    b.reason = g_strdup_printf ("its workspace of %.0f MiB is too large", (double)workspace / 1048576.0);
  if (b.reason)
    {
      g_free (*reason);
      *reason = g_steal_pointer (&b.reason);
      dh_cudnn_clear (&b);
      return NULL;
    }
  DhCudnnPlan *result = g_new0 (DhCudnnPlan, 1);
  result->refs = 1;
  result->plan = plan;
  result->workspace = (gsize)workspace;
  return result;
}

/* A plan is fit for use: its engine is one that this convolution may have. Fills in what is known of the engine. */
static gboolean
read_plan (const DhCudnn *cudnn, const DhCudaConvSpec *spec, Descriptor config, DhCudnnPlan *plan)
{
  guint numbers = 0, behaviours = 0;
  if (!read_engine (cudnn, config, &plan->engine, &numbers, &behaviours) || !is_allowed (spec, numbers))
    return FALSE;
  plan->compiled = (behaviours & 1u << CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION) != 0;
  g_free (plan->name);
  plan->name = g_strdup_printf ("cudnn %" G_GINT64_FORMAT "%s%s", plan->engine, plan->compiled ? " compiled" : "",
                                numbers & 1u << CUDNN_NUMERICAL_NOTE_TENSOR_CORE ? " tensor cores" : "");
  return TRUE;
}

/* An attribute that is a text; NULL where it cannot be read. */
static char *
read_text (const DhCudnn *cudnn, Descriptor descriptor, cudnnBackendAttributeName_t name)
{
  gint64 size = 0;
  if (cudnn->get_attribute (descriptor, name, CUDNN_TYPE_CHAR, 0, &size, NULL) != CUDNN_STATUS_SUCCESS || size <= 0
      || size > 1 << 20)
    return NULL;
  g_autofree char *text = g_malloc0 ((gsize)size + 1);
  if (cudnn->get_attribute (descriptor, name, CUDNN_TYPE_CHAR, size, &size, text) != CUDNN_STATUS_SUCCESS)
    return NULL;
  return g_steal_pointer (&text);
}

char *
dh_cudnn_plan_to_json (const DhCudnnPlan *plan)
{
  const char *why_not;
  return read_text (dh_cudnn_get (&why_not), plan->plan, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION);
}

DhCudnnPlan *
dh_cudnn_plan_from_json (cudnnHandle_t handle, cudnnBackendDescriptor_t device, const DhCudaConvSpec *spec,
                         gsize max_workspace, const char *json)
{
  const char *why_not;
  DhCudnnBuilder b = { .cudnn = dh_cudnn_get (&why_not) };
  gint64 workspace = 0, count = 0;
  Descriptor plan = dh_cudnn_make (&b, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  if (handle)
    dh_cudnn_set (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
  else
    dh_cudnn_set_descriptor (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device);
  dh_cudnn_set (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, (gint64)strlen (json), json);
  if (dh_cudnn_finish (&b, plan, "the plan"))
    dh_cudnn_check (&b,
                    b.cudnn->get_attribute (plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &count,
                                            &workspace),
                    "to name its workspace");
  Descriptor config = dh_cudnn_make (&b, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  if (config)
    dh_cudnn_check (&b,
                    b.cudnn->get_attribute (plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG,
                                            CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &config),
                    "to name its engine");
  DhCudnnPlan *result = g_new0 (DhCudnnPlan, 1);
  *result = (DhCudnnPlan){ .refs = 1, .plan = plan, .workspace = (gsize)workspace };
  if (b.reason || workspace < 0 || (guint64)workspace > max_workspace || !read_plan (b.cudnn, spec, config, result))
    {
      dh_cudnn_clear (&b);
      g_free (result->name);
      g_free (result);
      return NULL;
    }
  b.cudnn->destroy_descriptor (config);
  return result;
}

/* The configurations of one heuristic, as far as they are wanted, become plans. */
static void
add_plans (GPtrArray *plans, DhCudnnBuilder *b, cudnnHandle_t handle, Descriptor device, Descriptor graph,
           const DhCudaConvSpec *spec, cudnnBackendHeurMode_t mode, gboolean compiled, gsize max_workspace, guint most,
           char **reason)
{
  enum
  {
    MOST_CONFIGS = 64
  };
  const DhCudnn *cudnn = b->cudnn;
  DhCudnnBuilder own = { .cudnn = cudnn };
  Descriptor heuristic = dh_cudnn_make (&own, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  dh_cudnn_set_descriptor (&own, heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  dh_cudnn_set (&own, heuristic, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  if (device)
    dh_cudnn_set_descriptor (&own, heuristic, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, device);
  Descriptor configs[MOST_CONFIGS] = { NULL };
  gint64 n = 0;
  guint made = 0;
  if (dh_cudnn_finish (&own, heuristic, "the search"))
    {
      for (guint i = 0; i < MOST_CONFIGS; i++)
        cudnn->create_descriptor (CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &configs[i]);
      dh_cudnn_check (&own,
                      cudnn->get_attribute (heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                            MOST_CONFIGS, &n, configs),
                      "to name engines");
    }
  if (own.reason && !*reason)
    *reason = g_strdup (own.reason);
  for (gint64 i = 0; i < MIN (n, (gint64)MOST_CONFIGS) && made < most; i++)
    {
      gint64 engine = 0;
      guint numbers = 0, behaviours = 0;
      if (!read_engine (cudnn, configs[i], &engine, &numbers, &behaviours) || !is_allowed (spec, numbers))
        continue;
      const gboolean is_compiled = (behaviours & 1u << CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION) != 0;
      if (is_compiled != compiled || (is_compiled && engine == SLOW_ENGINE))
        continue;
      DhCudnnPlan *plan = finish_plan (cudnn, handle, device, configs[i], max_workspace, reason);
      if (!plan)
        continue;
      plan->engine = engine;
      plan->compiled = is_compiled;
      plan->name = g_strdup_printf ("cudnn %" G_GINT64_FORMAT "%s%s", engine, is_compiled ? " compiled" : "",
                                    numbers & 1u << CUDNN_NUMERICAL_NOTE_TENSOR_CORE ? " tensor cores" : "");
      g_ptr_array_add (plans, plan);
      made++;
    }
  for (guint i = 0; i < MOST_CONFIGS; i++)
    if (configs[i])
      cudnn->destroy_descriptor (configs[i]);
  dh_cudnn_clear (&own);
}

void
dh_cudnn_plan_unref (DhCudnnPlan *plan)
{
  const char *why_not;
  if (!plan || --plan->refs)
    return;
  dh_cudnn_get (&why_not)->destroy_descriptor (plan->plan);
  g_free (plan->name);
  g_free (plan);
}

GPtrArray *
dh_cudnn_list_plans (cudnnHandle_t handle, cudnnBackendDescriptor_t device, const DhCudaConvSpec *spec,
                     gsize max_workspace, guint most, char **reason)
{
  const char *why_not;
  GPtrArray *plans = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_cudnn_plan_unref);
  DhCudnnBuilder b = { .cudnn = dh_cudnn_get (&why_not) };
  *reason = NULL;
  if (!b.cudnn)
    {
      *reason = g_strdup (why_not);
      return plans;
    }
  Descriptor graph = dh_cudnn_make_graph (&b, handle, spec);
  for (gint compiled = 0; graph && compiled < 2 && plans->len == 0; compiled++)
    {
      add_plans (plans, &b, handle, device, graph, spec, CUDNN_HEUR_MODE_A, compiled, max_workspace, most, reason);
      add_plans (plans, &b, handle, device, graph, spec, CUDNN_HEUR_MODE_FALLBACK, compiled, max_workspace, most,
                 reason);
    }
  if (plans->len)
    g_clear_pointer (reason, g_free);
  else if (b.reason)
    {
      g_free (*reason);
      *reason = g_strdup (b.reason);
    }
  else if (!*reason)
    *reason = g_strdup ("no engine of cuDNN computes it in this precision");
  dh_cudnn_clear (&b);
  return plans;
}

gboolean
dh_cudnn_run (cudnnHandle_t handle, const DhCudnnPlan *plan, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory,
              GError **error)
{
  const char *why_not;
  DhCudnnBuilder b = { .cudnn = dh_cudnn_get (&why_not) };
  gint64 uids[5] = { UID_X, UID_W, UID_Y };
  const void *pointers[5] = { memory->x, memory->w, memory->y };
  guint n = 3;
  if (spec->z)
    {
      uids[n] = UID_Z;
      pointers[n++] = memory->z;
    }
  if (spec->bias)
    {
      uids[n] = UID_BIAS;
      pointers[n++] = memory->bias;
    }
  Descriptor pack = dh_cudnn_make (&b, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  dh_cudnn_set (&b, pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, n, uids);
  dh_cudnn_set (&b, pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, n, pointers);
  dh_cudnn_set (&b, pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &memory->workspace);
  if (dh_cudnn_finish (&b, pack, "the tensors"))
    dh_cudnn_check (&b, b.cudnn->execute (handle, plan->plan, pack), "to run");
  const gboolean fine = b.reason == NULL;
  if (!fine)
    g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "%s", b.reason);
  dh_cudnn_clear (&b);
  return fine;
}

cudnnBackendDescriptor_t
dh_cudnn_describe_device (const char *json, char **reason)
{
  const char *why_not;
  DhCudnnBuilder b = { .cudnn = dh_cudnn_get (&why_not) };
  if (!b.cudnn)
    {
      *reason = g_strdup (why_not);
      return NULL;
    }
  Descriptor device = dh_cudnn_make (&b, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  dh_cudnn_set (&b, device, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, (gint64)strlen (json) + 1,
                json);
  if (dh_cudnn_finish (&b, device, "the device's description"))
    return device;
  *reason = g_steal_pointer (&b.reason);
  dh_cudnn_clear (&b);
  return NULL;
}

char *
dh_cudnn_card_to_json (gint32 card, char **reason)
{
  const char *why_not;
  DhCudnnBuilder b = { .cudnn = dh_cudnn_get (&why_not) };
  if (!b.cudnn)
    {
      *reason = g_strdup (why_not);
      return NULL;
    }
  Descriptor device = dh_cudnn_make (&b, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  dh_cudnn_set (&b, device, CUDNN_ATTR_DEVICEPROP_DEVICE_ID, CUDNN_TYPE_INT32, 1, &card);
  char *json = dh_cudnn_finish (&b, device, "the card")
                   ? read_text (b.cudnn, device, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION)
                   : NULL;
  if (!json)
    *reason = b.reason ? g_steal_pointer (&b.reason) : g_strdup ("cuDNN does not describe the card");
  dh_cudnn_clear (&b);
  return json;
}

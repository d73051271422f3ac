#include "dh-cudnn.h"
#include <stdbool.h>
#include <string.h>
#include "dh-error.h"

enum
{
  UID_X = 1,
  UID_W,
  UID_Y,
  UID_Z,
  UID_BIAS,
  UID_VIRTUAL, /* and on */
  MAX_DESCRIPTORS = 24,
  SLOW_ENGINE = 8, /* compiled at run time for over half a minute */
};

typedef cudnnBackendDescriptor_t Descriptor;

/* Descriptors under construction: the first refusal stops everything that follows. */
typedef struct
{
  const DhCudnn *cudnn;
  Descriptor all[MAX_DESCRIPTORS];
  guint n;
  char *reason;
} Builder;

static gboolean
check (Builder *b, cudnnStatus_t status, const char *what)
{
  if (status == CUDNN_STATUS_SUCCESS)
    return TRUE;
  if (!b->reason)
    {
      char message[512] = "";
      b->cudnn->get_last_error (message, sizeof message);
      b->reason = g_strdup_printf ("cuDNN refuses %s (%d): %s", what, (int)status, g_strstrip (message));
    }
  return FALSE;
}

static Descriptor
make (Builder *b, cudnnBackendDescriptorType_t type)
{
  Descriptor descriptor = NULL;
  if (b->reason || !check (b, b->cudnn->create_descriptor (type, &descriptor), "a descriptor"))
    return NULL;
  g_assert (b->n < MAX_DESCRIPTORS);
  b->all[b->n++] = descriptor;
  return descriptor;
}

static void
set (Builder *b, Descriptor descriptor, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
     gint64 count, const void *values)
{
  if (b->reason || !descriptor)
    return;
  if (b->cudnn->set_attribute (descriptor, name, type, count, values) != CUDNN_STATUS_SUCCESS)
    {
      g_autofree char *what = g_strdup_printf ("attribute %d", (int)name);
      check (b, CUDNN_STATUS_BAD_PARAM, what);
    }
}

static void
set_descriptor (Builder *b, Descriptor descriptor, cudnnBackendAttributeName_t name, Descriptor value)
{
  set (b, descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

static gboolean
finish (Builder *b, Descriptor descriptor, const char *what)
{
  return !b->reason && descriptor && check (b, b->cudnn->finalize (descriptor), what);
}

static void
clear (Builder *b)
{
  while (b->n)
    b->cudnn->destroy_descriptor (b->all[--b->n]);
  g_clear_pointer (&b->reason, g_free);
}

static cudnnDataType_t
data_type (gint type)
{
  return type == DH_CUDA_F32 ? CUDNN_DATA_FLOAT : type == DH_CUDA_F16 ? CUDNN_DATA_HALF : CUDNN_DATA_BFLOAT16;
}

/* N, C, H, W; in memory N, H, W, C. */
static Descriptor
make_tensor (Builder *b, gint64 uid, cudnnDataType_t type, const gint64 dims[4], bool is_virtual)
{
  const gint64 strides[4] = { dims[1] * dims[2] * dims[3], 1, dims[1] * dims[3], dims[1] }, alignment = 16;
  Descriptor tensor = make (b, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  set (b, tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &uid);
  set (b, tensor, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
  set (b, tensor, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, dims);
  set (b, tensor, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides);
  set (b, tensor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment);
  if (is_virtual)
    set (b, tensor, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &is_virtual);
  return finish (b, tensor, "a tensor") ? tensor : NULL;
}

static Descriptor
make_convolution (Builder *b, const DhCudaConvSpec *spec, Descriptor x, Descriptor w, Descriptor y)
{
  const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
  const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  const gint64 spatial = 2, strides[2] = { spec->stride, spec->stride },
               dilations[2] = { spec->dilation, spec->dilation }, padding[2] = { spec->padding, spec->padding };
  const float alpha = 1, beta = 0;
  Descriptor how = make (b, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  set (b, how, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute);
  set (b, how, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
  set (b, how, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &spatial);
  set (b, how, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, strides);
  set (b, how, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, dilations);
  set (b, how, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, padding);
  set (b, how, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, padding);
  if (!finish (b, how, "the convolution"))
    return NULL;
  static const struct
  {
    cudnnBackendDescriptorType_t type;
    cudnnBackendAttributeName_t how, x, w, y, alpha, beta;
  } kinds[] = {
    [DH_CUDA_CONV_FORWARD] = { CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                               CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                               CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                               CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                               CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                               CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA },
    [DH_CUDA_CONV_DATA] = { CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                            CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA },
    [DH_CUDA_CONV_WEIGHTS] = { CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                               CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                               CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                               CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                               CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                               CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                               CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA },
  };
  Descriptor operation = make (b, kinds[spec->direction].type);
  set_descriptor (b, operation, kinds[spec->direction].how, how);
  set_descriptor (b, operation, kinds[spec->direction].x, x);
  set_descriptor (b, operation, kinds[spec->direction].w, w);
  set_descriptor (b, operation, kinds[spec->direction].y, y);
  set (b, operation, kinds[spec->direction].alpha, CUDNN_TYPE_FLOAT, 1, &alpha);
  set (b, operation, kinds[spec->direction].beta, CUDNN_TYPE_FLOAT, 1, &beta);
  return finish (b, operation, "the convolution of these shapes") ? operation : NULL;
}

/* `other` NULL: ReLU. */
static Descriptor
make_pointwise (Builder *b, Descriptor x, Descriptor other, Descriptor y)
{
  const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
  const cudnnPointwiseMode_t mode = other ? CUDNN_POINTWISE_ADD : CUDNN_POINTWISE_RELU_FWD;
  Descriptor how = make (b, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  set (b, how, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
  set (b, how, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &compute);
  if (!finish (b, how, "an epilogue"))
    return NULL;
  Descriptor operation = make (b, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  set_descriptor (b, operation, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
  set_descriptor (b, operation, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
  if (other)
    set_descriptor (b, operation, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, other);
  set_descriptor (b, operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
  return finish (b, operation, "an epilogue of these shapes") ? operation : NULL;
}

/* The order is the library's: convolution, z, bias, ReLU. */
static Descriptor
make_graph (Builder *b, cudnnHandle_t handle, const DhCudaConvSpec *spec)
{
  const cudnnDataType_t type = data_type (spec->type);
  const gint64 x_dims[4] = { spec->n, spec->in, spec->h, spec->w };
  const gint64 w_dims[4] = { spec->out, spec->in, spec->kernel, spec->kernel };
  const gint64 y_dims[4] = { spec->n, spec->out, spec->out_h, spec->out_w }, bias_dims[4] = { 1, spec->out, 1, 1 };
  /* Weights' gradients too: no engine of 9.19 sums those of 16 bits into float32. */
  Descriptor x = make_tensor (b, UID_X, type, x_dims, false), w = make_tensor (b, UID_W, type, w_dims, false);
  Descriptor y = make_tensor (b, UID_Y, type, y_dims, false);
  Descriptor operations[4] = { NULL };
  guint left = (spec->z != 0) + (spec->bias != 0) + (spec->relu != 0), n = 0;
  gint64 uid = UID_VIRTUAL;
  Descriptor at = left ? make_tensor (b, uid++, CUDNN_DATA_FLOAT, y_dims, true) : y;
  operations[n++] = make_convolution (b, spec, x, w, at);
  for (guint i = 0; i < 3 && !b->reason; i++)
    {
      if (!(i == 0 ? spec->z : i == 1 ? spec->bias : spec->relu))
        continue;
      Descriptor other = i == 0   ? make_tensor (b, UID_Z, type, y_dims, false)
                         : i == 1 ? make_tensor (b, UID_BIAS, type, bias_dims, false)
                                  : NULL;
      Descriptor next = --left ? make_tensor (b, uid++, CUDNN_DATA_FLOAT, y_dims, true) : y;
      operations[n++] = make_pointwise (b, at, other, next);
      at = next;
    }
  Descriptor graph = make (b, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  set (b, graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, n, operations);
  if (handle)
    set (b, graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
  return finish (b, graph, "the graph") ? graph : NULL;
}

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
  Builder b = { .cudnn = cudnn };
  gint64 workspace = 0, count = 0;
  Descriptor plan = make (&b, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  set_descriptor (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, config);
  if (handle)
    set (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
  else
    set_descriptor (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device);
  if (finish (&b, plan, "the plan"))
    check (
        &b,
        cudnn->get_attribute (plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &count, &workspace),
        "to name its workspace");
  if (!b.reason && (guint64)workspace > max_workspace)
    b.reason = g_strdup_printf ("its workspace of %.0f MiB is too large", (double)workspace / 1048576.0);
  if (b.reason)
    {
      g_free (*reason);
      *reason = g_steal_pointer (&b.reason);
      clear (&b);
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

char *
dh_cudnn_plan_to_json (const DhCudnnPlan *plan)
{
  const char *why_not;
  const DhCudnn *cudnn = dh_cudnn_get (&why_not);
  gint64 size = 0;
  if (cudnn->get_attribute (plan->plan, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, 0, &size, NULL)
          != CUDNN_STATUS_SUCCESS
      || size <= 0 || size > 1 << 20)
    return NULL;
  g_autofree char *json = g_malloc0 ((gsize)size + 1);
  if (cudnn->get_attribute (plan->plan, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, size, &size,
                            json)
      != CUDNN_STATUS_SUCCESS)
    return NULL;
  return g_steal_pointer (&json);
}

DhCudnnPlan *
dh_cudnn_plan_from_json (cudnnHandle_t handle, cudnnBackendDescriptor_t device, const DhCudaConvSpec *spec,
                         gsize max_workspace, const char *json)
{
  const char *why_not;
  Builder b = { .cudnn = dh_cudnn_get (&why_not) };
  gint64 workspace = 0, count = 0;
  Descriptor plan = make (&b, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  if (handle)
    set (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
  else
    set_descriptor (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, device);
  set (&b, plan, CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, (gint64)strlen (json), json);
  if (finish (&b, plan, "the plan"))
    check (&b,
           b.cudnn->get_attribute (plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &count,
                                   &workspace),
           "to name its workspace");
  Descriptor config = make (&b, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  if (config)
    check (&b,
           b.cudnn->get_attribute (plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1,
                                   &count, &config),
           "to name its engine");
  DhCudnnPlan *result = g_new0 (DhCudnnPlan, 1);
  *result = (DhCudnnPlan){ .refs = 1, .plan = plan, .workspace = (gsize)workspace };
  if (b.reason || workspace < 0 || (guint64)workspace > max_workspace || !read_plan (b.cudnn, spec, config, result))
    {
      clear (&b);
      g_free (result->name);
      g_free (result);
      return NULL;
    }
  b.cudnn->destroy_descriptor (config);
  return result;
}

/* The configurations of one heuristic, as far as they are wanted, become plans. */
static void
add_plans (GPtrArray *plans, Builder *b, cudnnHandle_t handle, Descriptor device, Descriptor graph,
           const DhCudaConvSpec *spec, cudnnBackendHeurMode_t mode, gboolean compiled, gsize max_workspace, guint most,
           char **reason)
{
  enum
  {
    MOST_CONFIGS = 64
  };
  const DhCudnn *cudnn = b->cudnn;
  Builder own = { .cudnn = cudnn };
  Descriptor heuristic = make (&own, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  set_descriptor (&own, heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph);
  set (&own, heuristic, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
  if (device)
    set_descriptor (&own, heuristic, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, device);
  Descriptor configs[MOST_CONFIGS] = { NULL };
  gint64 n = 0;
  guint made = 0;
  if (finish (&own, heuristic, "the search"))
    {
      for (guint i = 0; i < MOST_CONFIGS; i++)
        cudnn->create_descriptor (CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, &configs[i]);
      check (&own,
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
  clear (&own);
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
  Builder b = { .cudnn = dh_cudnn_get (&why_not) };
  *reason = NULL;
  if (!b.cudnn)
    {
      *reason = g_strdup (why_not);
      return plans;
    }
  Descriptor graph = make_graph (&b, handle, spec);
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
  clear (&b);
  return plans;
}

gboolean
dh_cudnn_run (cudnnHandle_t handle, const DhCudnnPlan *plan, const DhCudaConvSpec *spec, const DhCudaConvMemory *memory,
              GError **error)
{
  const char *why_not;
  Builder b = { .cudnn = dh_cudnn_get (&why_not) };
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
  Descriptor pack = make (&b, CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  set (&b, pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, n, uids);
  set (&b, pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, n, pointers);
  set (&b, pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &memory->workspace);
  if (finish (&b, pack, "the tensors"))
    check (&b, b.cudnn->execute (handle, plan->plan, pack), "to run");
  const gboolean fine = b.reason == NULL;
  if (!fine)
    g_set_error (error, DH_ERROR, DH_ERROR_FAILED, "%s", b.reason);
  clear (&b);
  return fine;
}

cudnnBackendDescriptor_t
dh_cudnn_describe_device (const char *json, char **reason)
{
  const char *why_not;
  Builder b = { .cudnn = dh_cudnn_get (&why_not) };
  if (!b.cudnn)
    {
      *reason = g_strdup (why_not);
      return NULL;
    }
  Descriptor device = make (&b, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  set (&b, device, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, (gint64)strlen (json) + 1, json);
  if (finish (&b, device, "the device's description"))
    return device;
  *reason = g_steal_pointer (&b.reason);
  clear (&b);
  return NULL;
}

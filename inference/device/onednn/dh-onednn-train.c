#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include "dh-train-private.h"

/* The convolutions of a training step for which there are no kernels of our own: the library's, each in the layout that
 * it likes best; what goes in and comes out is reordered where it does not have that layout already. */

typedef enum
{
  FORWARD,
  DATA,
  WEIGHTS,
  N_PASSES,
} Pass;

/* A call of the library cannot be stopped: pictures are given to it in groups of no more work than this, so that a step
 * is left within a fraction of a second, and whole batches where they are small. */
#define MOST_FLOP 8e9

/* One array of a pass: as the executor has it, as the library wants it, and the way between. */
typedef struct
{
  dnnl_memory_t plain, blocked; /* the same where no reorder is needed */
  dnnl_primitive_t reorder;
  gboolean out; /* from blocked to plain */
} Array;

typedef struct
{
  dnnl_primitive_t primitive;
  Array x, weight, y, bias; /* or their gradients */
  gboolean has_bias;
  char *name;
} Step;

struct _DhLibraryConv
{
  DhCpuDevice *device;
  gint groups;
  gsize x_size, y_size; /* floats of a group */
  gsize weights;        /* floats */
  gint outs;
  Step steps[N_PASSES];
};
typedef DhLibraryConv Conv;

static void
close_array (Array *array)
{
  if (array->reorder)
    dnnl_primitive_destroy (array->reorder);
  if (array->blocked && array->blocked != array->plain)
    dnnl_memory_destroy (array->blocked);
  if (array->plain)
    dnnl_memory_destroy (array->plain);
}

void
dh_library_conv_free (DhLibraryConv *conv)
{
  for (Pass pass = 0; pass < N_PASSES; pass++)
    {
      Step *step = &conv->steps[pass];
      Array *const arrays[] = { &step->x, &step->weight, &step->y, &step->bias };
      for (guint i = 0; i < G_N_ELEMENTS (arrays); i++)
        close_array (arrays[i]);
      if (step->primitive)
        dnnl_primitive_destroy (step->primitive);
      g_free (step->name);
    }
  g_free (conv);
}

static dnnl_status_t
open_array (DhCpuDevice *device, DhLibraryLayout plain, DhLibraryLayout wanted, gboolean out, Array *array)
{
  array->out = out;
  dnnl_status_t status = dnnl_memory_create (&array->plain, plain, device->engine, DNNL_MEMORY_NONE);
  if (status != dnnl_success)
    return status;
  if (dnnl_memory_desc_equal (plain, wanted))
    {
      array->blocked = array->plain;
      return dnnl_success;
    }
  dnnl_primitive_desc_t description = NULL;
  status = dnnl_memory_create (&array->blocked, wanted, device->engine, DNNL_MEMORY_NONE);
  if (status == dnnl_success)
    status = dnnl_reorder_primitive_desc_create (&description, out ? wanted : plain, device->engine,
                                                 out ? plain : wanted, device->engine, NULL);
  if (status == dnnl_success)
    status = dnnl_primitive_create (&array->reorder, description);
  if (description)
    dnnl_primitive_desc_destroy (description);
  return status;
}

typedef struct
{
  DhLibraryLayout x, weight, y, bias; /* dense; the convolution's are the library's choice, but for the bias */
  DhLibraryConvShape conv;
} Shapes;

static void
clear (Shapes *shapes)
{
  const DhLibraryLayout all[] = { shapes->x,           shapes->weight,       shapes->y,          shapes->bias,
                                  shapes->conv.source, shapes->conv.weights, shapes->conv.target };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    dh_library_layout_free (all[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Shapes, clear)

static dnnl_status_t
describe (const DhNode *node, DhShape from, DhShape to, dnnl_format_tag_t x_tag, dnnl_format_tag_t y_tag,
          Shapes *shapes)
{
  const dnnl_dims_t x = { from.n, from.c, from.h, from.w }, y = { to.n, to.c, to.h, to.w }, bias = { to.c };
  const gint groups = node->groups;
  const dnnl_dims_t weight = { to.c, from.c, node->kernel, node->kernel };
  const dnnl_dims_t of_groups = { groups, to.c / groups, from.c / groups, node->kernel, node->kernel };
  const gint sizes[2][2] = { { from.h, to.h }, { from.w, to.w } };
  DhLibraryConvShape *conv = &shapes->conv;
  for (guint d = 0; d < 2; d++)
    {
      const gint extent = node->dilation * (node->kernel - 1) + 1;
      conv->strides[d] = node->stride;
      conv->dilations[d] = node->dilation - 1;
      conv->padding[0][d] = node->padding;
      /* Just as far as the last window reaches. */
      conv->padding[1][d] = (sizes[d][1] - 1) * node->stride + extent - sizes[d][0] - node->padding;
    }
  dnnl_status_t status = dh_library_layout_new (4, x, x_tag, &shapes->x);
  if (status == dnnl_success)
    status = dh_library_layout_new (4, y, y_tag, &shapes->y);
  if (status == dnnl_success)
    status = groups > 1 ? dh_library_layout_new (5, of_groups, dnnl_goihw, &shapes->weight)
                        : dh_library_layout_new (4, weight, dnnl_oihw, &shapes->weight);
  if (status == dnnl_success)
    status = dh_library_layout_new (1, bias, dnnl_x, &shapes->bias);
  if (status == dnnl_success)
    status = dh_library_layout_new (4, x, dnnl_format_tag_any, &conv->source);
  if (status == dnnl_success)
    status = dh_library_layout_new (4, y, dnnl_format_tag_any, &conv->target);
  if (status == dnnl_success)
    status = groups > 1 ? dh_library_layout_new (5, of_groups, dnnl_format_tag_any, &conv->weights)
                        : dh_library_layout_new (4, weight, dnnl_format_tag_any, &conv->weights);
  conv->bias = node->bias ? shapes->bias : NULL;
  return status;
}

static dnnl_status_t
open_step (Conv *conv, Pass pass, const Shapes *s, dnnl_primitive_desc_t forward, dnnl_primitive_desc_t *description)
{
  static const struct
  {
    dnnl_prop_kind_t kind;
    dnnl_query_t x, weight, y;
  } passes[N_PASSES] = {
    [FORWARD] = { dnnl_forward_training, dnnl_query_src_md, dnnl_query_weights_md, dnnl_query_dst_md },
    [DATA] = { dnnl_backward_data, dnnl_query_diff_src_md, dnnl_query_weights_md, dnnl_query_diff_dst_md },
    [WEIGHTS] = { dnnl_backward_weights, dnnl_query_src_md, dnnl_query_diff_weights_md, dnnl_query_diff_dst_md },
  };
  Step *step = &conv->steps[pass];
  const char *name = NULL;
  step->has_bias = s->conv.bias && pass != DATA;
  dnnl_status_t status =
      dh_library_describe_conv (conv->device->engine, passes[pass].kind, &s->conv, NULL, forward, description);
  if (status == dnnl_success)
    status = dnnl_primitive_desc_query (*description, dnnl_query_impl_info_str, 0, &name);
  if (status == dnnl_success)
    step->name = g_strdup (name);
  if (status == dnnl_success)
    status = dnnl_primitive_create (&step->primitive, *description);
  if (status != dnnl_success)
    return status;
  status = open_array (conv->device, s->x, dnnl_primitive_desc_query_md (*description, passes[pass].x, 0), pass == DATA,
                       &step->x);
  if (status == dnnl_success)
    status = open_array (conv->device, s->weight, dnnl_primitive_desc_query_md (*description, passes[pass].weight, 0),
                         pass == WEIGHTS, &step->weight);
  if (status == dnnl_success)
    status = open_array (conv->device, s->y, dnnl_primitive_desc_query_md (*description, passes[pass].y, 0),
                         pass == FORWARD, &step->y);
  if (status == dnnl_success && step->has_bias)
    status = open_array (conv->device, s->bias, s->bias, pass == WEIGHTS, &step->bias);
  return status;
}

/* The library asks OpenMP how many threads it may use; its sums depend on that number. */
static void
limit_threads (const DhCpuDevice *device)
{
#ifdef _OPENMP
  omp_set_num_threads ((int)device->base.threads);
#endif
}

/* Pictures of a group: a divisor of the batch. */
static gint
group_size (const DhNode *node, DhShape from, DhShape to)
{
  const double flop = 2.0 * node->kernel * node->kernel * (from.c / node->groups) * to.c * to.h * to.w;
  gint size = to.n;
  while (size > 1 && (to.n % size != 0 || size * flop > MOST_FLOP))
    size--;
  return size;
}

DhLibraryConv *
dh_library_conv_new (DhCpuDevice *device, const DhNode *node, DhShape from, DhShape to, gboolean plain_x,
                     gboolean with_data, GError **error)
{
  const dnnl_format_tag_t blocked = device->kernels->lanes == 16 ? dnnl_nChw16c : dnnl_nChw8c;
  DhLibraryConv *conv = g_new0 (DhLibraryConv, 1);
  g_auto (Shapes) shapes = { 0 };
  dnnl_primitive_desc_t forward = NULL;
  const gint pictures = group_size (node, from, to), lanes = device->kernels->lanes;
  conv->device = device;
  conv->groups = to.n / pictures;
  conv->x_size = (gsize)pictures * (plain_x ? from.c : (from.c + lanes - 1) / lanes * lanes) * from.h * from.w;
  conv->y_size = (gsize)pictures * ((to.c + lanes - 1) / lanes * lanes) * to.h * to.w;
  conv->weights = (gsize)to.c * (from.c / node->groups) * node->kernel * node->kernel;
  conv->outs = to.c;
  from.n = to.n = pictures;
  limit_threads (device);
  dnnl_status_t status = describe (node, from, to, plain_x ? dnnl_nchw : blocked, blocked, &shapes);
  if (status == dnnl_success)
    status = open_step (conv, FORWARD, &shapes, NULL, &forward);
  for (Pass pass = DATA; status == dnnl_success && pass < N_PASSES; pass++)
    {
      dnnl_primitive_desc_t description = NULL;
      if (pass == WEIGHTS || with_data)
        status = open_step (conv, pass, &shapes, forward, &description);
      if (description)
        dnnl_primitive_desc_destroy (description);
    }
  if (forward)
    dnnl_primitive_desc_destroy (forward);
  if (status == dnnl_success)
    return conv;
  dh_cpu_set_error (error, node->name, status);
  dh_library_conv_free (conv);
  return NULL;
}

const char *
dh_library_conv_name (const DhLibraryConv *conv, guint pass)
{
  return conv->steps[pass].name;
}

/* Memory for the blocked copies lives for the call alone. */
static gboolean
bind (Conv *conv, Array *array, const float *plain, gpointer *memory)
{
  *memory = NULL;
  if (dnnl_memory_set_data_handle (array->plain, (gpointer)plain) != dnnl_success)
    return FALSE;
  if (!array->reorder)
    return TRUE;
  DhLibraryLayout desc;
  if (dnnl_memory_get_memory_desc (array->blocked, &desc) != dnnl_success)
    return FALSE;
  *memory = aligned_alloc (64, (dnnl_memory_desc_get_size (desc) + 63) / 64 * 64);
  if (!*memory || dnnl_memory_set_data_handle (array->blocked, *memory) != dnnl_success)
    return FALSE;
  if (array->out)
    return TRUE;
  const dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, array->plain }, { DNNL_ARG_TO, array->blocked } };
  return dnnl_primitive_execute (array->reorder, conv->device->stream, 2, args) == dnnl_success;
}

static gboolean
unbind (Conv *conv, Array *array)
{
  if (!array->reorder || !array->out)
    return TRUE;
  const dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, array->blocked }, { DNNL_ARG_TO, array->plain } };
  return dnnl_primitive_execute (array->reorder, conv->device->stream, 2, args) == dnnl_success;
}

/* What all groups share is bound for the whole call; of the pictures one group after the other. */
typedef struct
{
  Conv *conv;
  Pass pass;
  const float *x, *weight, *bias, *y;
  gpointer memory[4];
  dnnl_exec_arg_t args[4];
} Call;

static gboolean
bind_argument (Call *call, gint i, const float *plain)
{
  static const int arguments[N_PASSES][4] = {
    [FORWARD] = { DNNL_ARG_SRC, DNNL_ARG_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS },
    [DATA] = { DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, 0 },
    [WEIGHTS] = { DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS },
  };
  Step *step = &call->conv->steps[call->pass];
  Array *const arrays[] = { &step->x, &step->y, &step->weight, &step->bias };
  free (call->memory[i]);
  const gboolean ok = bind (call->conv, arrays[i], plain, &call->memory[i]);
  call->args[i] = (dnnl_exec_arg_t){ arguments[call->pass][i], arrays[i]->blocked };
  return ok;
}

static gboolean
begin_call (Call *call)
{
  limit_threads (call->conv->device);
  return bind_argument (call, 2, call->weight)
         && (!call->conv->steps[call->pass].has_bias || bind_argument (call, 3, call->bias));
}

static gboolean
run_group (Call *call, gint group)
{
  Conv *conv = call->conv;
  Step *step = &conv->steps[call->pass];
  const gint n = step->has_bias ? 4 : 3;
  const gboolean ok = bind_argument (call, 0, call->x + group * conv->x_size)
                      && bind_argument (call, 1, call->y + group * conv->y_size)
                      && dnnl_primitive_execute (step->primitive, conv->device->stream, n, call->args) == dnnl_success
                      && unbind (conv, &step->x) && unbind (conv, &step->y) && unbind (conv, &step->weight)
                      && (n < 4 || unbind (conv, &step->bias));
  return dnnl_stream_wait (conv->device->stream) == dnnl_success && ok;
}

static void
end_call (Call *call)
{
  for (guint i = 0; i < G_N_ELEMENTS (call->memory); i++)
    free (call->memory[i]);
}

static gboolean
run (Call *call, GCancellable *cancellable)
{
  gboolean ok = begin_call (call);
  for (gint group = 0; ok && group < call->conv->groups && !g_cancellable_is_cancelled (cancellable); group++)
    ok = run_group (call, group);
  end_call (call);
  return ok;
}

gboolean
dh_library_conv_forward (DhLibraryConv *conv, const float *x, const float *weight, const float *bias, float *y,
                         GCancellable *cancellable)
{
  return run (&(Call){ conv, FORWARD, x, weight, bias, y, { NULL }, { { 0 } } }, cancellable);
}

gboolean
dh_library_conv_backward_data (DhLibraryConv *conv, const float *dy, const float *weight, float *dx,
                               GCancellable *cancellable)
{
  return run (&(Call){ conv, DATA, dx, weight, NULL, dy, { NULL }, { { 0 } } }, cancellable);
}

gboolean
dh_library_conv_backward_weights (DhLibraryConv *conv, const float *x, const float *dy, double factor, float *d_weight,
                                  float *d_bias, GCancellable *cancellable)
{
  g_autofree float *weight = g_try_new (float, conv->weights), *bias = g_new (float, conv->outs);
  Call call = { conv, WEIGHTS, x, weight, bias, dy, { NULL }, { { 0 } } };
  gboolean ok = weight && begin_call (&call);
  for (gint group = 0; ok && group < conv->groups && !g_cancellable_is_cancelled (cancellable); group++)
    {
      ok = run_group (&call, group);
      for (gsize i = 0; ok && i < conv->weights; i++)
        d_weight[i] += (float)(factor * weight[i]);
      for (gint i = 0; ok && d_bias && i < conv->outs; i++)
        d_bias[i] += (float)(factor * bias[i]);
    }
  end_call (&call);
  return ok;
}

#include <string.h>
#include "dh-error.h"
#include "dh-onednn-private.h"

/* Convolutions that the library makes: the first one (three channels), strides, kernels other than 1×1 and 3×3.
 * A ReLU is left to the reader: the library's would make NaN zero. */

void
dh_cpu_set_error (GError **error, const char *what, dnnl_status_t status)
{
  const char *why = status == dnnl_out_of_memory       ? "memory is short"
                    : status == dnnl_invalid_arguments ? "invalid arguments"
                    : status == dnnl_unimplemented     ? "not implemented for this processor"
                                                       : "it failed";
  g_set_error (error, DH_ERROR, status == dnnl_out_of_memory ? DH_ERROR_NO_MEMORY : DH_ERROR_FAILED,
               "oneDNN could not make “%s”: %s (status %d)", what, why, status);
}

typedef struct
{
  DhLibraryConvShape shape;
  dnnl_primitive_desc_t description;
  DhLibraryLayout weights, scratchpad; /* the description's */
  const char *implementation;
} Direct;

static void
clear (Direct *direct)
{
  if (direct->description != NULL)
    dnnl_primitive_desc_destroy (direct->description);
  dh_library_layout_free (direct->shape.source);
  dh_library_layout_free (direct->shape.weights);
  dh_library_layout_free (direct->shape.bias);
  dh_library_layout_free (direct->shape.target);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Direct, clear)

static gboolean
describe (DhCpuPlan *plan, const DhCpuConv *conv, gint ins, gint outs, Direct *direct, GError **error)
{
  gint lanes = plan->device->kernels->lanes;
  const DhNode *node = conv->node;
  dnnl_format_tag_t blocked = lanes == 16 ? dnnl_nChw16c : dnnl_nChw8c;
  gboolean raw = conv->in->raw;
  dnnl_dims_t source = { 1, ins, conv->in_shape.h, conv->in_shape.w };
  dnnl_dims_t weights = { outs, ins, node->kernel, node->kernel };
  dnnl_dims_t bias = { outs };
  dnnl_dims_t target = { 1, outs, conv->shape.h, conv->shape.w };
  /* On the right and below, what the last window does not reach is not padding. */
  gint reach = (node->kernel - 1) * node->dilation + 1;
  DhLibraryConvShape *shape = &direct->shape;
  *shape = (DhLibraryConvShape){
    .strides = { node->stride, node->stride },
    .dilations = { node->dilation - 1, node->dilation - 1 },
    .padding = { { node->padding, node->padding },
                 { MAX (0, (conv->shape.h - 1) * node->stride + reach - conv->in_shape.h - node->padding),
                   MAX (0, (conv->shape.w - 1) * node->stride + reach - conv->in_shape.w - node->padding) } },
  };
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_status_t status = dh_library_layout_new (4, source, raw ? dnnl_nchw : blocked, &shape->source);
  if (status == dnnl_success)
    status = dh_library_layout_new (4, weights, dnnl_format_tag_any, &shape->weights);
  if (status == dnnl_success)
    status = dh_library_layout_new (1, bias, dnnl_x, &shape->bias);
  if (status == dnnl_success)
    status = dh_library_layout_new (4, target, blocked, &shape->target);
  if (status == dnnl_success)
    status = dnnl_primitive_attr_create (&attributes);
  if (status == dnnl_success)
    status = dnnl_primitive_attr_set_scratchpad_mode (attributes, dnnl_scratchpad_mode_user);
  if (status == dnnl_success)
    status = dh_library_describe_conv (plan->device->engine, dnnl_forward_inference, shape, attributes, NULL,
                                       &direct->description);
  if (attributes != NULL)
    dnnl_primitive_attr_destroy (attributes);
  if (status != dnnl_success)
    {
      dh_cpu_set_error (error, conv->name, status);
      return FALSE;
    }
  direct->weights = dnnl_primitive_desc_query_md (direct->description, dnnl_query_weights_md, 0);
  direct->scratchpad = dnnl_primitive_desc_query_md (direct->description, dnnl_query_scratchpad_md, 0);
  dnnl_primitive_desc_query (direct->description, dnnl_query_impl_info_str, 0, &direct->implementation);
  return TRUE;
}

/* The weights in the order that the library chose. */
static float *
pack_weights (DhCpuPlan *plan, const DhCpuConv *conv, const Direct *direct, gint ins, gint outs, GError **error)
{
  gint taps = conv->node->kernel * conv->node->kernel;
  gsize bytes = (gsize)outs * ins * taps * sizeof (float);
  float *packed = dh_cpu_alloc_packed (plan, dnnl_memory_desc_get_size (direct->weights), error);
  float *plain = packed != NULL ? dh_cpu_map_memory (bytes, error) : NULL;
  if (plain == NULL)
    return NULL;
  for (gint o = 0; o < conv->shape.c; o++)
    for (gint i = 0; i < ins; i++)
      {
        gint from = conv->in->raw ? i : conv->in->channels[i];
        for (gint t = 0; t < taps && from >= 0; t++)
          plain[((gsize)o * ins + i) * taps + t] =
              (float)(conv->weights[((gsize)o * conv->in_shape.c + from) * taps + t] * conv->scale[o]);
      }
  dnnl_dims_t dims = { outs, ins, conv->node->kernel, conv->node->kernel };
  DhLibraryLayout plain_layout;
  dnnl_memory_t from = NULL, to = NULL;
  dnnl_primitive_desc_t description = NULL;
  dnnl_primitive_t reorder = NULL;
  dnnl_engine_t engine = plan->device->engine;
  dnnl_status_t status = dh_library_layout_new (4, dims, dnnl_oihw, &plain_layout);
  if (status == dnnl_success)
    status = dnnl_memory_create (&from, plain_layout, engine, plain);
  if (status == dnnl_success)
    status = dnnl_memory_create (&to, direct->weights, engine, packed);
  if (status == dnnl_success)
    status = dnnl_reorder_primitive_desc_create (&description, plain_layout, engine, direct->weights, engine, NULL);
  if (status == dnnl_success)
    status = dnnl_primitive_create (&reorder, description);
  if (status == dnnl_success)
    {
      dnnl_exec_arg_t args[] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };
      status = dnnl_primitive_execute (reorder, plan->device->stream, 2, args);
    }
  if (status == dnnl_success)
    status = dnnl_stream_wait (plan->device->stream);
  if (reorder != NULL)
    dnnl_primitive_destroy (reorder);
  if (description != NULL)
    dnnl_primitive_desc_destroy (description);
  if (to != NULL)
    dnnl_memory_destroy (to);
  if (from != NULL)
    dnnl_memory_destroy (from);
  dh_library_layout_free (plain_layout);
  dh_cpu_unmap_memory (plain, bytes);
  if (status == dnnl_success)
    return packed;
  dh_cpu_set_error (error, conv->name, status);
  return NULL;
}

static gboolean
direct_run (DhCpuPlan *plan, DhCpuStep *step, GError **error)
{
  dnnl_exec_arg_t args[] = {
    { DNNL_ARG_SRC, step->u.direct.source },
    { DNNL_ARG_WEIGHTS, step->u.direct.weights },
    { DNNL_ARG_BIAS, step->u.direct.bias },
    { DNNL_ARG_DST, step->u.direct.target },
    { DNNL_ARG_SCRATCHPAD, step->u.direct.scratchpad },
  };
  const DhCpuView *in = step->in;
  gsize lanes = step->kernels->lanes;
  const float *source = plan->run_input;
  if (in->n_planes > 0)
    source =
        plan->arena + in->planes[0].buffer->offset + (in->raw ? 0 : (gsize)in->planes[0].plane * in->h * in->w * lanes);
  dnnl_memory_set_data_handle (step->u.direct.source, (void *)source);
  dnnl_memory_set_data_handle (step->u.direct.target, plan->arena + step->out->planes[0].buffer->offset);
  dnnl_memory_set_data_handle (step->u.direct.scratchpad, (char *)plan->arena + plan->scratch_offset);
  dnnl_status_t status =
      dnnl_primitive_execute (step->u.direct.primitive, plan->device->stream, G_N_ELEMENTS (args), args);
  if (status == dnnl_success)
    status = dnnl_stream_wait (plan->device->stream);
  if (status == dnnl_success)
    return TRUE;
  dh_cpu_set_error (error, step->name, status);
  return FALSE;
}

static void
direct_clear (DhCpuStep *step)
{
  dnnl_memory_t memories[] = { step->u.direct.source, step->u.direct.weights, step->u.direct.bias,
                               step->u.direct.target, step->u.direct.scratchpad };
  for (guint i = 0; i < G_N_ELEMENTS (memories); i++)
    if (memories[i] != NULL)
      dnnl_memory_destroy (memories[i]);
  if (step->u.direct.primitive != NULL)
    dnnl_primitive_destroy (step->u.direct.primitive);
}

DhCpuView *
dh_cpu_add_direct (DhCpuPlan *plan, const DhCpuConv *conv, GError **error)
{
  gint lanes = plan->device->kernels->lanes;
  gint out_planes = (conv->shape.c + lanes - 1) / lanes;
  gint ins = conv->in->raw ? conv->in->c : conv->in->n_planes * lanes;
  gint outs = out_planes * lanes;
  g_auto (Direct) direct = { 0 };
  if (!describe (plan, conv, ins, outs, &direct, error))
    return NULL;

  DhCpuStep *step = dh_cpu_step_new (plan, conv->name, direct.implementation);
  DhCpuView *out = dh_cpu_view_new (plan, dh_cpu_buffer_new (plan, out_planes, conv->shape.h, conv->shape.w),
                                    conv->shape.c, conv->owner);
  float *bias = dh_cpu_alloc (plan, outs, sizeof *bias);
  for (gint i = 0; i < conv->shape.c; i++)
    bias[i] = (float)conv->shift[i];
  step->in = conv->in;
  step->out = out;
  step->scratch = dnnl_memory_desc_get_size (direct.scratchpad);
  step->run = direct_run;
  step->clear = direct_clear;
  step->flop = 2.0 * conv->shape.c * conv->in_shape.c * conv->node->kernel * conv->node->kernel
               * ((double)conv->shape.h * conv->shape.w);
  float *weights = pack_weights (plan, conv, &direct, ins, outs, error);
  dnnl_engine_t engine = plan->device->engine;
  dnnl_status_t status = dnnl_success;
  if (weights != NULL)
    {
      status = dnnl_primitive_create (&step->u.direct.primitive, direct.description);
      if (status == dnnl_success)
        status = dnnl_memory_create (&step->u.direct.source, direct.shape.source, engine, DNNL_MEMORY_NONE);
      if (status == dnnl_success)
        status = dnnl_memory_create (&step->u.direct.weights, direct.weights, engine, weights);
      if (status == dnnl_success)
        status = dnnl_memory_create (&step->u.direct.bias, direct.shape.bias, engine, bias);
      if (status == dnnl_success)
        status = dnnl_memory_create (&step->u.direct.target, direct.shape.target, engine, DNNL_MEMORY_NONE);
      if (status == dnnl_success)
        status = dnnl_memory_create (&step->u.direct.scratchpad, direct.scratchpad, engine, DNNL_MEMORY_NONE);
      if (status != dnnl_success)
        dh_cpu_set_error (error, conv->name, status);
    }
  return weights != NULL && status == dnnl_success ? out : NULL;
}

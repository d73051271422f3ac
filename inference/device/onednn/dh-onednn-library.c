#include "dh-onednn-library.h"

#if DNNL_VERSION_MAJOR < 3

dnnl_status_t
dh_library_layout_new (gint n_dims, const dnnl_dims_t dims, dnnl_format_tag_t tag, DhLibraryLayout *layout)
{
  dnnl_memory_desc_t *made = g_new0 (dnnl_memory_desc_t, 1);
  const dnnl_status_t status = dnnl_memory_desc_init_by_tag (made, n_dims, dims, dnnl_f32, tag);
  if (status != dnnl_success)
    g_clear_pointer (&made, g_free);
  *layout = made;
  return status;
}

void
dh_library_layout_free (DhLibraryLayout layout)
{
  g_free ((gpointer)layout);
}

static dnnl_status_t
init_conv (dnnl_prop_kind_t kind, const DhLibraryConvShape *shape, dnnl_convolution_desc_t *conv)
{
  if (kind == dnnl_backward_data)
    return dnnl_dilated_convolution_backward_data_desc_init (conv, dnnl_convolution_direct, shape->source,
                                                             shape->weights, shape->target, shape->strides,
                                                             shape->dilations, shape->padding[0], shape->padding[1]);
  if (kind == dnnl_backward_weights)
    return dnnl_dilated_convolution_backward_weights_desc_init (
        conv, dnnl_convolution_direct, shape->source, shape->weights, shape->bias, shape->target, shape->strides,
        shape->dilations, shape->padding[0], shape->padding[1]);
  return dnnl_dilated_convolution_forward_desc_init (conv, kind, dnnl_convolution_direct, shape->source, shape->weights,
                                                     shape->bias, shape->target, shape->strides, shape->dilations,
                                                     shape->padding[0], shape->padding[1]);
}

dnnl_status_t
dh_library_describe_conv (dnnl_engine_t engine, dnnl_prop_kind_t kind, const DhLibraryConvShape *shape,
                          dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t forward,
                          dnnl_primitive_desc_t *description)
{
  dnnl_convolution_desc_t conv;
  const dnnl_status_t status = init_conv (kind, shape, &conv);
  return status == dnnl_success ? dnnl_primitive_desc_create (description, &conv, attributes, engine, forward) : status;
}

#else

dnnl_status_t
dh_library_layout_new (gint n_dims, const dnnl_dims_t dims, dnnl_format_tag_t tag, DhLibraryLayout *layout)
{
  dnnl_memory_desc_t made = NULL;
  const dnnl_status_t status = dnnl_memory_desc_create_with_tag (&made, n_dims, dims, dnnl_f32, tag);
  *layout = status == dnnl_success ? made : NULL;
  return status;
}

void
dh_library_layout_free (DhLibraryLayout layout)
{
  if (layout != NULL)
    dnnl_memory_desc_destroy ((dnnl_memory_desc_t)layout);
}

dnnl_status_t
dh_library_describe_conv (dnnl_engine_t engine, dnnl_prop_kind_t kind, const DhLibraryConvShape *shape,
                          dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t forward,
                          dnnl_primitive_desc_t *description)
{
  if (kind == dnnl_backward_data)
    return dnnl_convolution_backward_data_primitive_desc_create (
        description, engine, dnnl_convolution_direct, shape->source, shape->weights, shape->target, shape->strides,
        shape->dilations, shape->padding[0], shape->padding[1], forward, attributes);
  if (kind == dnnl_backward_weights)
    return dnnl_convolution_backward_weights_primitive_desc_create (
        description, engine, dnnl_convolution_direct, shape->source, shape->weights, shape->bias, shape->target,
        shape->strides, shape->dilations, shape->padding[0], shape->padding[1], forward, attributes);
  return dnnl_convolution_forward_primitive_desc_create (
      description, engine, kind, dnnl_convolution_direct, shape->source, shape->weights, shape->bias, shape->target,
      shape->strides, shape->dilations, shape->padding[0], shape->padding[1], attributes);
}

#endif

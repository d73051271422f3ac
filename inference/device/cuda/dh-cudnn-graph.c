#include "dh-cudnn-private.h"
#include <stdbool.h>

/* Descriptors, and the graph of one convolution with what follows it. */

gboolean
dh_cudnn_check (DhCudnnBuilder *b, cudnnStatus_t status, const char *what)
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

Descriptor
dh_cudnn_make (DhCudnnBuilder *b, cudnnBackendDescriptorType_t type)
{
  Descriptor descriptor = NULL;
  if (b->reason || !dh_cudnn_check (b, b->cudnn->create_descriptor (type, &descriptor), "a descriptor"))
    return NULL;
  g_assert (b->n < MAX_DESCRIPTORS);
  b->all[b->n++] = descriptor;
  return descriptor;
}

void
dh_cudnn_set (DhCudnnBuilder *b, Descriptor descriptor, cudnnBackendAttributeName_t name,
              cudnnBackendAttributeType_t type, gint64 count, const void *values)
{
  if (b->reason || !descriptor)
    return;
  if (b->cudnn->set_attribute (descriptor, name, type, count, values) != CUDNN_STATUS_SUCCESS)
    {
      g_autofree char *what = g_strdup_printf ("attribute %d", (int)name);
      dh_cudnn_check (b, CUDNN_STATUS_BAD_PARAM, what);
    }
}

void
dh_cudnn_set_descriptor (DhCudnnBuilder *b, Descriptor descriptor, cudnnBackendAttributeName_t name, Descriptor value)
{
  dh_cudnn_set (b, descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

gboolean
dh_cudnn_finish (DhCudnnBuilder *b, Descriptor descriptor, const char *what)
{
  return !b->reason && descriptor && dh_cudnn_check (b, b->cudnn->finalize (descriptor), what);
}

void
dh_cudnn_clear (DhCudnnBuilder *b)
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
make_tensor (DhCudnnBuilder *b, gint64 uid, cudnnDataType_t type, const gint64 dims[4], bool is_virtual)
{
  const gint64 strides[4] = { dims[1] * dims[2] * dims[3], 1, dims[1] * dims[3], dims[1] }, alignment = 16;
  Descriptor tensor = dh_cudnn_make (b, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  dh_cudnn_set (b, tensor, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &uid);
  dh_cudnn_set (b, tensor, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
  dh_cudnn_set (b, tensor, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, dims);
  dh_cudnn_set (b, tensor, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides);
  dh_cudnn_set (b, tensor, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment);
  if (is_virtual)
    dh_cudnn_set (b, tensor, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &is_virtual);
  return dh_cudnn_finish (b, tensor, "a tensor") ? tensor : NULL;
}

static Descriptor
make_convolution (DhCudnnBuilder *b, const DhCudaConvSpec *spec, Descriptor x, Descriptor w, Descriptor y)
{
  const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
  const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  const gint64 spatial = 2, strides[2] = { spec->stride, spec->stride },
               dilations[2] = { spec->dilation, spec->dilation }, padding[2] = { spec->padding, spec->padding };
  const float alpha = 1, beta = 0;
  Descriptor how = dh_cudnn_make (b, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  dh_cudnn_set (b, how, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute);
  dh_cudnn_set (b, how, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
  dh_cudnn_set (b, how, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &spatial);
  dh_cudnn_set (b, how, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, strides);
  dh_cudnn_set (b, how, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, dilations);
  dh_cudnn_set (b, how, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, padding);
  dh_cudnn_set (b, how, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, padding);
  if (!dh_cudnn_finish (b, how, "the convolution"))
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
  Descriptor operation = dh_cudnn_make (b, kinds[spec->direction].type);
  dh_cudnn_set_descriptor (b, operation, kinds[spec->direction].how, how);
  dh_cudnn_set_descriptor (b, operation, kinds[spec->direction].x, x);
  dh_cudnn_set_descriptor (b, operation, kinds[spec->direction].w, w);
  dh_cudnn_set_descriptor (b, operation, kinds[spec->direction].y, y);
  dh_cudnn_set (b, operation, kinds[spec->direction].alpha, CUDNN_TYPE_FLOAT, 1, &alpha);
  dh_cudnn_set (b, operation, kinds[spec->direction].beta, CUDNN_TYPE_FLOAT, 1, &beta);
  return dh_cudnn_finish (b, operation, "the convolution of these shapes") ? operation : NULL;
}

/* A NaN that becomes 0 would hide that a network overflowed. The attribute is on its way out of cuDNN 9, whose later
 * versions may do without: then what they do is theirs. It stands in no plan's JSON either (9.19), so that a plan that
 * was kept may do another thing; tests/gpu/run says what a card does. */
static void
keep_nan (DhCudnnBuilder *b, Descriptor how)
{
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  const cudnnNanPropagation_t keep = CUDNN_PROPAGATE_NAN;
  if (how)
    b->cudnn->set_attribute (how, CUDNN_ATTR_POINTWISE_NAN_PROPAGATION, CUDNN_TYPE_NAN_PROPOGATION, 1, &keep);
  G_GNUC_END_IGNORE_DEPRECATIONS
}

/* `other` NULL: ReLU. */
static Descriptor
make_pointwise (DhCudnnBuilder *b, Descriptor x, Descriptor other, Descriptor y)
{
  const cudnnDataType_t compute = CUDNN_DATA_FLOAT;
  const cudnnPointwiseMode_t mode = other ? CUDNN_POINTWISE_ADD : CUDNN_POINTWISE_RELU_FWD;
  Descriptor how = dh_cudnn_make (b, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  dh_cudnn_set (b, how, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode);
  dh_cudnn_set (b, how, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &compute);
  if (!other)
    keep_nan (b, how);
  if (!dh_cudnn_finish (b, how, "an epilogue"))
    return NULL;
  Descriptor operation = dh_cudnn_make (b, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
  dh_cudnn_set_descriptor (b, operation, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, how);
  dh_cudnn_set_descriptor (b, operation, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
  if (other)
    dh_cudnn_set_descriptor (b, operation, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, other);
  dh_cudnn_set_descriptor (b, operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
  return dh_cudnn_finish (b, operation, "an epilogue of these shapes") ? operation : NULL;
}

/* The order is the library's: convolution, z, bias, ReLU. */
Descriptor
dh_cudnn_make_graph (DhCudnnBuilder *b, cudnnHandle_t handle, const DhCudaConvSpec *spec)
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
  Descriptor graph = dh_cudnn_make (b, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  dh_cudnn_set (b, graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, n, operations);
  if (handle)
    dh_cudnn_set (b, graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
  return dh_cudnn_finish (b, graph, "the graph") ? graph : NULL;
}

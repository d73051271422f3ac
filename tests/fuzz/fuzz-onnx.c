#include "dh-onnx-net.h"
#include "fuzz.h"

volatile guint8 fuzz_sum; /* so that the reading is not left out */

static void
read_tensor (const DhTensor *tensor)
{
  const guint8 *at = dh_tensor_data (tensor);
  const gsize size = MIN (dh_tensor_size_bytes (tensor), 1 << 16);
  for (gsize b = 0; b < size; b++)
    fuzz_sum += at[b];
}

/* What is made a net has a shape at every size, or an error that says at which node it has none. */
static void
make_net (const DhOnnxModel *model)
{
  const DhOnnxPictures pictures = { .deviation = { 1, 1, 1 } };
  DhTensorDict *tensors = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhNet) net = dh_onnx_net_new (model, &pictures, &tensors, &error);
  if (!net == !error || !net != !tensors)
    g_error ("a net and an error, or neither");
  if (!net)
    return;
  g_autoptr (GError) why = NULL;
  g_autofree DhShape *shapes = dh_graph_infer_shapes (net->graph, (DhShape){ 1, 3, 97, 131 }, &why);
  if (!shapes == !why || (shapes && (shapes[net->logits].h != 97 || shapes[net->logits].w != 131)))
    g_error ("shapes and an error, or neither");
  if (!dh_net_check_keys (net, tensors, &why))
    g_error ("%s", why->message);
  dh_tensor_dict_unref (tensors);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhOnnxModel) model = dh_onnx_model_read_bytes (bytes, "fuzz", NULL, &error);
  if (!model == !error)
    g_error ("a result and an error, or neither");
  if (!model)
    return 0;
  for (guint i = 0; i < dh_tensor_dict_size (model->constants); i++)
    read_tensor (dh_tensor_dict_at (model->constants, i));
  for (guint i = 0; i < model->nodes->len; i++)
    {
      const DhOnnxNode *node = g_ptr_array_index (model->nodes, i);
      for (guint a = 0; a < node->attributes->len; a++)
        {
          const DhOnnxAttribute *attribute = g_ptr_array_index (node->attributes, a);
          if (attribute->tensor)
            read_tensor (attribute->tensor);
        }
    }
  make_net (model);
  return 0;
}

#include "dh-onnx-model.h"
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
  return 0;
}

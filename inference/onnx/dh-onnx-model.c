#include "dh-onnx-read-private.h"

void
dh_onnx_attribute_free (DhOnnxAttribute *attribute)
{
  g_free (attribute->name);
  g_free (attribute->string);
  g_clear_pointer (&attribute->tensor, dh_tensor_unref);
  g_clear_pointer (&attribute->numbers, g_array_unref);
  g_clear_pointer (&attribute->integers, g_array_unref);
  g_free (attribute);
}

void
dh_onnx_node_free (DhOnnxNode *node)
{
  g_free (node->name);
  g_free (node->operation);
  g_free (node->domain);
  g_ptr_array_unref (node->inputs);
  g_ptr_array_unref (node->outputs);
  g_ptr_array_unref (node->attributes);
  g_free (node);
}

void
dh_onnx_value_free (DhOnnxValue *value)
{
  g_free (value->name);
  g_free (value);
}

DhOnnxModel *
dh_onnx_model_new (void)
{
  DhOnnxModel *model = g_new0 (DhOnnxModel, 1);
  g_atomic_ref_count_init (&model->refs);
  model->producer = g_strdup ("");
  model->nodes = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_onnx_node_free);
  model->constants = dh_tensor_dict_new ();
  model->inputs = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_onnx_value_free);
  model->outputs = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_onnx_value_free);
  model->metadata = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return model;
}

DhOnnxModel *
dh_onnx_model_ref (DhOnnxModel *model)
{
  g_atomic_ref_count_inc (&model->refs);
  return model;
}

void
dh_onnx_model_unref (DhOnnxModel *model)
{
  if (!model || !g_atomic_ref_count_dec (&model->refs))
    return;
  g_free (model->producer);
  g_ptr_array_unref (model->nodes);
  dh_tensor_dict_unref (model->constants);
  g_ptr_array_unref (model->inputs);
  g_ptr_array_unref (model->outputs);
  g_hash_table_unref (model->metadata);
  g_free (model->sha256);
  g_free (model);
}

const DhOnnxAttribute *
dh_onnx_node_get (const DhOnnxNode *node, const char *name, DhOnnxAttributeType type)
{
  for (guint i = 0; i < node->attributes->len; i++)
    {
      const DhOnnxAttribute *attribute = g_ptr_array_index (node->attributes, i);
      if (g_str_equal (attribute->name, name))
        return attribute->type == type ? attribute : NULL;
    }
  return NULL;
}

gint64
dh_onnx_node_get_int (const DhOnnxNode *node, const char *name, gint64 otherwise)
{
  const DhOnnxAttribute *attribute = dh_onnx_node_get (node, name, DH_ONNX_ATTRIBUTE_INT);
  return attribute ? attribute->integer : otherwise;
}

double
dh_onnx_node_get_float (const DhOnnxNode *node, const char *name, double otherwise)
{
  const DhOnnxAttribute *attribute = dh_onnx_node_get (node, name, DH_ONNX_ATTRIBUTE_FLOAT);
  return attribute ? (double)attribute->number : otherwise;
}

const char *
dh_onnx_node_get_string (const DhOnnxNode *node, const char *name, const char *otherwise)
{
  const DhOnnxAttribute *attribute = dh_onnx_node_get (node, name, DH_ONNX_ATTRIBUTE_STRING);
  return attribute ? attribute->string : otherwise;
}

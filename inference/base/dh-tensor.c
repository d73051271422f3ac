#include "dh-tensor.h"

#include <string.h>

static const struct
{
  const char *name;
  gsize size;
} dtypes[DH_N_DTYPES] = {
  [DH_DTYPE_F32] = { "float32", 4 }, [DH_DTYPE_F16] = { "float16", 2 }, [DH_DTYPE_BF16] = { "bfloat16", 2 },
  [DH_DTYPE_F64] = { "float64", 8 }, [DH_DTYPE_I64] = { "int64", 8 },   [DH_DTYPE_I32] = { "int32", 4 },
  [DH_DTYPE_I16] = { "int16", 2 },   [DH_DTYPE_I8] = { "int8", 1 },     [DH_DTYPE_U8] = { "uint8", 1 },
  [DH_DTYPE_BOOL] = { "bool", 1 },
};

gsize
dh_dtype_size (DhDtype dtype)
{
  g_return_val_if_fail (dtype < DH_N_DTYPES, 0);
  return dtypes[dtype].size;
}

const char *
dh_dtype_name (DhDtype dtype)
{
  g_return_val_if_fail (dtype < DH_N_DTYPES, NULL);
  return dtypes[dtype].name;
}

gint64
dh_shape_count (guint n_dims, const gint64 *dims, gsize element_size)
{
  const gint64 limit = (G_GINT64_CONSTANT (1) << 62) / (gint64)MAX (element_size, 1);
  gint64 count = 1;
  for (guint i = 0; i < n_dims; i++)
    {
      if (dims[i] < 0)
        return -1;
      if (dims[i] > 0 && count > limit / dims[i])
        return -1;
      count *= dims[i];
    }
  return count;
}

DhTensor *
dh_tensor_new_take (DhDtype dtype, guint n_dims, const gint64 *dims, GBytes *bytes)
{
  g_return_val_if_fail (dtype < DH_N_DTYPES && n_dims <= DH_MAX_DIMS && bytes != NULL, NULL);
  const gint64 count = dh_shape_count (n_dims, dims, dtypes[dtype].size);
  g_return_val_if_fail (count >= 0 && (gsize)count * dtypes[dtype].size == g_bytes_get_size (bytes), NULL);

  DhTensor *tensor = g_new0 (DhTensor, 1);
  g_atomic_ref_count_init (&tensor->refs);
  tensor->dtype = dtype;
  tensor->n_dims = n_dims;
  if (n_dims > 0)
    memcpy (tensor->dims, dims, n_dims * sizeof *dims);
  tensor->bytes = bytes;
  return tensor;
}

DhTensor *
dh_tensor_new_f32 (guint n_dims, const gint64 *dims)
{
  const gint64 count = dh_shape_count (n_dims, dims, sizeof (float));
  g_return_val_if_fail (count >= 0, NULL);
  float *data = g_try_malloc0 (MAX ((gsize)count, 1) * sizeof (float));
  if (!data)
    return NULL;
  return dh_tensor_new_take (DH_DTYPE_F32, n_dims, dims,
                             g_bytes_new_with_free_func (data, (gsize)count * sizeof (float), g_free, data));
}

DhTensor *
dh_tensor_ref (DhTensor *tensor)
{
  g_atomic_ref_count_inc (&tensor->refs);
  return tensor;
}

void
dh_tensor_unref (DhTensor *tensor)
{
  if (!tensor || !g_atomic_ref_count_dec (&tensor->refs))
    return;
  g_bytes_unref (tensor->bytes);
  g_free (tensor);
}

gint64
dh_tensor_count (const DhTensor *tensor)
{
  return dh_shape_count (tensor->n_dims, tensor->dims, dtypes[tensor->dtype].size);
}

gsize
dh_tensor_size_bytes (const DhTensor *tensor)
{
  return g_bytes_get_size (tensor->bytes);
}

gconstpointer
dh_tensor_data (const DhTensor *tensor)
{
  return g_bytes_get_data (tensor->bytes, NULL);
}

float *
dh_tensor_f32 (const DhTensor *tensor)
{
  g_return_val_if_fail (tensor->dtype == DH_DTYPE_F32, NULL);
  return (float *)g_bytes_get_data (tensor->bytes, NULL);
}

/* Elements of a file need not be aligned, hence the copies. */
#define CONVERT(type, expression)                                                                                      \
  for (gint64 i = 0; i < count; i++)                                                                                   \
    {                                                                                                                  \
      type v;                                                                                                          \
      memcpy (&v, from + i * sizeof v, sizeof v);                                                                      \
      to[i] = (expression);                                                                                            \
    }                                                                                                                  \
  break

DhTensor *
dh_tensor_to_f32 (DhTensor *tensor)
{
  if (tensor->dtype == DH_DTYPE_F32 && (guintptr)dh_tensor_data (tensor) % sizeof (float) == 0)
    return dh_tensor_ref (tensor);

  DhTensor *result = dh_tensor_new_f32 (tensor->n_dims, tensor->dims);
  if (!result)
    return NULL;
  float *to = dh_tensor_f32 (result);
  const guint8 *from = dh_tensor_data (tensor);
  const gint64 count = dh_tensor_count (tensor);
  switch (tensor->dtype)
    {
    case DH_DTYPE_F32:
      CONVERT (float, v);
    case DH_DTYPE_F16:
      CONVERT (guint16, dh_f16_to_f32 (v));
    case DH_DTYPE_BF16:
      CONVERT (guint16, dh_bf16_to_f32 (v));
    case DH_DTYPE_F64:
      CONVERT (double, (float)v);
    case DH_DTYPE_I64:
      CONVERT (gint64, (float)v);
    case DH_DTYPE_I32:
      CONVERT (gint32, (float)v);
    case DH_DTYPE_I16:
      CONVERT (gint16, (float)v);
    case DH_DTYPE_I8:
      CONVERT (gint8, (float)v);
    case DH_DTYPE_U8:
      CONVERT (guint8, (float)v);
    case DH_DTYPE_BOOL:
      CONVERT (guint8, v != 0 ? 1.0f : 0.0f);
    case DH_N_DTYPES:
      g_assert_not_reached ();
    }
  return result;
}

char *
dh_tensor_shape_string (const DhTensor *tensor)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < tensor->n_dims; i++)
    g_string_append_printf (text, "%s%" G_GINT64_FORMAT, i ? "×" : "", tensor->dims[i]);
  if (tensor->n_dims == 0)
    g_string_append (text, "scalar");
  return g_string_free (text, FALSE);
}

float
dh_f16_to_f32 (guint16 half)
{
  const guint32 sign = (guint32)(half & 0x8000) << 16;
  guint32 exponent = half >> 10 & 0x1f;
  guint32 mantissa = half & 0x3ff;
  guint32 bits;
  if (exponent == 0x1f)
    bits = sign | 0x7f800000 | mantissa << 13;
  else if (exponent != 0)
    bits = sign | (exponent + 112) << 23 | mantissa << 13;
  else if (mantissa == 0)
    bits = sign;
  else
    {
      exponent = 113;
      while (!(mantissa & 0x400))
        {
          mantissa <<= 1;
          exponent--;
        }
      bits = sign | exponent << 23 | (mantissa & 0x3ff) << 13;
    }
  float value;
  memcpy (&value, &bits, sizeof value);
  return value;
}

float
dh_bf16_to_f32 (guint16 bf16)
{
  const guint32 bits = (guint32)bf16 << 16;
  float value;
  memcpy (&value, &bits, sizeof value);
  return value;
}

guint16
dh_f32_to_f16 (float value)
{
  guint32 bits;
  memcpy (&bits, &value, sizeof bits);
  const guint16 sign = bits >> 16 & 0x8000;
  bits &= 0x7fffffff;
  if (bits > 0x7f800000)
    return sign | 0x7e00;
  if (bits >= 0x477ff000) /* 65520: rounds to infinity */
    return sign | 0x7c00;
  if (bits < 0x33000001) /* at most half the least subnormal */
    return sign;
  if (bits < 0x38800000)
    {
      const guint shift = 126 - (bits >> 23);
      const guint32 mantissa = (bits & 0x7fffff) | 0x800000;
      const guint32 half = 1u << (shift - 1);
      const guint32 rest = mantissa & ((1u << shift) - 1);
      guint32 result = mantissa >> shift;
      if (rest > half || (rest == half && (result & 1)))
        result++;
      return sign | result;
    }
  bits += 0xfff + (bits >> 13 & 1);
  return sign | (bits - 0x38000000) >> 13;
}

guint16
dh_f32_to_bf16 (float value)
{
  guint32 bits;
  memcpy (&bits, &value, sizeof bits);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return bits >> 16 | 0x40;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

struct _DhTensorDict
{
  gatomicrefcount refs;
  GPtrArray *names;   /* owned strings */
  GPtrArray *tensors; /* DhTensor, beside names */
  GHashTable *index;  /* name (borrowed) → position + 1 */
};

DhTensorDict *
dh_tensor_dict_new (void)
{
  DhTensorDict *dict = g_new0 (DhTensorDict, 1);
  g_atomic_ref_count_init (&dict->refs);
  dict->names = g_ptr_array_new_with_free_func (g_free);
  dict->tensors = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_tensor_unref);
  dict->index = g_hash_table_new (g_str_hash, g_str_equal);
  return dict;
}

DhTensorDict *
dh_tensor_dict_ref (DhTensorDict *dict)
{
  g_atomic_ref_count_inc (&dict->refs);
  return dict;
}

void
dh_tensor_dict_unref (DhTensorDict *dict)
{
  if (!dict || !g_atomic_ref_count_dec (&dict->refs))
    return;
  g_hash_table_unref (dict->index);
  g_ptr_array_unref (dict->names);
  g_ptr_array_unref (dict->tensors);
  g_free (dict);
}

guint
dh_tensor_dict_size (DhTensorDict *dict)
{
  return dict->names->len;
}

const char *
dh_tensor_dict_name (DhTensorDict *dict, guint position)
{
  return g_ptr_array_index (dict->names, position);
}

DhTensor *
dh_tensor_dict_at (DhTensorDict *dict, guint position)
{
  return g_ptr_array_index (dict->tensors, position);
}

DhTensor *
dh_tensor_dict_get (DhTensorDict *dict, const char *name)
{
  const guint position = GPOINTER_TO_UINT (g_hash_table_lookup (dict->index, name));
  return position ? g_ptr_array_index (dict->tensors, position - 1) : NULL;
}

void
dh_tensor_dict_take (DhTensorDict *dict, const char *name, DhTensor *tensor)
{
  g_return_if_fail (name != NULL && tensor != NULL);

  const guint position = GPOINTER_TO_UINT (g_hash_table_lookup (dict->index, name));
  if (position)
    {
      dh_tensor_unref (g_ptr_array_index (dict->tensors, position - 1));
      g_ptr_array_index (dict->tensors, position - 1) = tensor;
      return;
    }
  char *copy = g_strdup (name);
  g_ptr_array_add (dict->names, copy);
  g_ptr_array_add (dict->tensors, tensor);
  g_hash_table_insert (dict->index, copy, GUINT_TO_POINTER (dict->names->len));
}

gboolean
dh_tensor_dict_remove (DhTensorDict *dict, const char *name)
{
  const guint position = GPOINTER_TO_UINT (g_hash_table_lookup (dict->index, name));
  if (!position)
    return FALSE;
  g_hash_table_remove (dict->index, name);
  g_ptr_array_remove_index (dict->names, position - 1);
  g_ptr_array_remove_index (dict->tensors, position - 1);
  for (guint i = position - 1; i < dict->names->len; i++)
    g_hash_table_replace (dict->index, g_ptr_array_index (dict->names, i), GUINT_TO_POINTER (i + 1));
  return TRUE;
}

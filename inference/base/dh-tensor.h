#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  DH_DTYPE_F32,
  DH_DTYPE_F16,
  DH_DTYPE_BF16,
  DH_DTYPE_F64,
  DH_DTYPE_I64,
  DH_DTYPE_I32,
  DH_DTYPE_I16,
  DH_DTYPE_I8,
  DH_DTYPE_U8,
  DH_DTYPE_BOOL,
  DH_N_DTYPES,
} DhDtype;

/* Bytes of one element. */
gsize dh_dtype_size (DhDtype dtype);
/* PyTorch's word for it: "float32", "bfloat16", … */
const char *dh_dtype_name (DhDtype dtype);

#define DH_MAX_DIMS 8

/* A host array: row-major and contiguous, immutable once shared; reference counted (atomic). Its bytes are its own or
 * lie in those of a file, which it keeps. Little endian. */
typedef struct
{
  gatomicrefcount refs;
  DhDtype dtype;
  guint n_dims;
  gint64 dims[DH_MAX_DIMS];
  GBytes *bytes; /* exactly dh_tensor_size_bytes() long */
} DhTensor;

/* `bytes` is taken; its length must be the product of dims times the element size (programmer error otherwise: check
 * untrusted shapes with dh_shape_count first). */
DhTensor *dh_tensor_new_take (DhDtype dtype, guint n_dims, const gint64 *dims, GBytes *bytes);
/* Zero-filled, writable through dh_tensor_f32 until shared. Returns NULL where memory is short. */
DhTensor *dh_tensor_new_f32 (guint n_dims, const gint64 *dims);
DhTensor *dh_tensor_ref (DhTensor *tensor);
void dh_tensor_unref (DhTensor *tensor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhTensor, dh_tensor_unref)

gint64 dh_tensor_count (const DhTensor *tensor);
gsize dh_tensor_size_bytes (const DhTensor *tensor);
/* Borrowed. */
gconstpointer dh_tensor_data (const DhTensor *tensor);
/* Borrowed; the tensor must be DH_DTYPE_F32. */
float *dh_tensor_f32 (const DhTensor *tensor);
/* A float32 copy of a tensor of any dtype (itself, one reference more, where it is float32 already). */
DhTensor *dh_tensor_to_f32 (DhTensor *tensor);
/* "64×3×7×7"; free with g_free. */
char *dh_tensor_shape_string (const DhTensor *tensor);

/* The product of dims, or -1 where one is negative or the product times `element_size` does not fit 62 bits. */
gint64 dh_shape_count (guint n_dims, const gint64 *dims, gsize element_size);

float dh_f16_to_f32 (guint16 half);
float dh_bf16_to_f32 (guint16 bf16);
/* Round to nearest even; overflow gives infinity, NaN stays NaN. */
guint16 dh_f32_to_f16 (float value);
guint16 dh_f32_to_bf16 (float value);

/* An ordered dictionary of tensors: a state dict. Not thread safe while it changes. */
typedef struct _DhTensorDict DhTensorDict;
DhTensorDict *dh_tensor_dict_new (void);
DhTensorDict *dh_tensor_dict_ref (DhTensorDict *dict);
void dh_tensor_dict_unref (DhTensorDict *dict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhTensorDict, dh_tensor_dict_unref)
guint dh_tensor_dict_size (DhTensorDict *dict);
/* Borrowed; by position, in the order of insertion. */
const char *dh_tensor_dict_name (DhTensorDict *dict, guint position);
DhTensor *dh_tensor_dict_at (DhTensorDict *dict, guint position);
/* Borrowed; NULL where there is none. */
DhTensor *dh_tensor_dict_get (DhTensorDict *dict, const char *name);
/* Takes `tensor`; replaces in place one of the same name. */
void dh_tensor_dict_take (DhTensorDict *dict, const char *name, DhTensor *tensor);
gboolean dh_tensor_dict_remove (DhTensorDict *dict, const char *name);

G_END_DECLS

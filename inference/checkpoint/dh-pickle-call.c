#include "dh-pickle-private.h"

#include "dh-bytes-private.h"
#include "dh-error.h"

/* Everything that a pickle may name. Storages and dtypes stand in their own table. */
static const struct
{
  const char *module, *name;
  DhGlobal global;
} globals[] = {
  { "collections", "OrderedDict", DH_GLOBAL_ORDERED_DICT },
  { "torch._utils", "_rebuild_tensor", DH_GLOBAL_REBUILD_TENSOR },
  { "torch._utils", "_rebuild_tensor_v2", DH_GLOBAL_REBUILD_TENSOR_V2 },
  { "torch._utils", "_rebuild_tensor_v3", DH_GLOBAL_REBUILD_TENSOR_V3 },
  { "torch._utils", "_rebuild_parameter", DH_GLOBAL_REBUILD_PARAMETER },
  { "torch._utils", "_rebuild_parameter_with_state", DH_GLOBAL_REBUILD_PARAMETER },
  { "numpy", "dtype", DH_GLOBAL_NUMPY_DTYPE },
  { "numpy.core.multiarray", "scalar", DH_GLOBAL_NUMPY_SCALAR },
  { "numpy._core.multiarray", "scalar", DH_GLOBAL_NUMPY_SCALAR },
  { "_codecs", "encode", DH_GLOBAL_ENCODE },
};

static const struct
{
  const char *storage, *dtype;
  DhDtype value;
} dtypes[] = {
  { "FloatStorage", "float32", DH_DTYPE_F32 },      { "HalfStorage", "float16", DH_DTYPE_F16 },
  { "BFloat16Storage", "bfloat16", DH_DTYPE_BF16 }, { "DoubleStorage", "float64", DH_DTYPE_F64 },
  { "LongStorage", "int64", DH_DTYPE_I64 },         { "IntStorage", "int32", DH_DTYPE_I32 },
  { "ShortStorage", "int16", DH_DTYPE_I16 },        { "CharStorage", "int8", DH_DTYPE_I8 },
  { "ByteStorage", "uint8", DH_DTYPE_U8 },          { "BoolStorage", "bool", DH_DTYPE_BOOL },
  { "UntypedStorage", NULL, DH_DTYPE_U8 },
};

/* Other words of torch for element types, so that they are told apart from programs. */
static const char *const unread_types[] = {
  "ComplexFloatStorage",
  "ComplexDoubleStorage",
  "QInt8Storage",
  "QUInt8Storage",
  "QInt32Storage",
  "QUInt4x2Storage",
  "complex32",
  "complex64",
  "complex128",
  "uint16",
  "uint32",
  "uint64",
  "float8_e4m3fn",
  "float8_e5m2",
  "float8_e4m3fnuz",
  "float8_e5m2fnuz",
  "float8_e8m0fnu",
  "qint8",
  "quint8",
  "qint32",
};

static gboolean
same (const char *text, gsize length, const char *word)
{
  return word && strlen (word) == length && memcmp (text, word, length) == 0;
}

static DhPickleValue *
new_global (DhPickle *pickle, DhGlobal global, DhDtype dtype, GError **error)
{
  DhPickleValue *value = dh_pickle_new_value (pickle, DH_PICKLE_GLOBAL, error);
  if (value)
    {
      value->global = global;
      value->dtype = dtype;
    }
  return value;
}

static void
refuse (const char *module, gsize module_length, const char *name, gsize name_length, GError **error)
{
  g_autofree char *where = dh_printable (module, module_length);
  g_autofree char *what = dh_printable (name, name_length);
  /* Python writes the operating system's module under its C name. */
  const gboolean os = same (module, module_length, "posix") || same (module, module_length, "nt");
  g_set_error (
      error, DH_ERROR, DH_ERROR_INVALID,
      "this file would run `%s.%s`%s%s%s; it was not loaded. Only files that hold nothing but tensors are read: "
      "save the model's state_dict()",
      where, what, os ? " (os." : "", os ? what : "", os ? ")" : "");
}

DhPickleValue *
dh_pickle_global (DhPickle *pickle, const char *module, gsize module_length, const char *name, gsize name_length,
                  GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (globals); i++)
    if (same (module, module_length, globals[i].module) && same (name, name_length, globals[i].name))
      return new_global (pickle, globals[i].global, DH_DTYPE_F32, error);

  const gboolean torch = same (module, module_length, "torch");
  if (torch || same (module, module_length, "torch.storage") || same (module, module_length, "torch.cuda"))
    {
      for (guint i = 0; i < G_N_ELEMENTS (dtypes); i++)
        {
          if (same (name, name_length, dtypes[i].storage))
            return new_global (pickle, DH_GLOBAL_STORAGE, dtypes[i].value, error);
          if (torch && same (name, name_length, dtypes[i].dtype))
            return new_global (pickle, DH_GLOBAL_DTYPE, dtypes[i].value, error);
        }
      for (guint i = 0; i < G_N_ELEMENTS (unread_types); i++)
        if (same (name, name_length, unread_types[i]))
          {
            g_set_error (
                error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                "it holds elements of type torch.%s, which are not read; convert them to float32 and save again",
                unread_types[i]);
            return NULL;
          }
    }
  refuse (module, module_length, name, name_length, error);
  return NULL;
}

static DhPickleValue *
bad_call (const char *what, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the pickle is broken: %s", what);
  return NULL;
}

/* OrderedDict () and OrderedDict ([[key, value], …]), as Python 2 wrote it. */
static DhPickleValue *
call_ordered_dict (DhPickle *pickle, DhPickleValue **args, guint n, GError **error)
{
  DhPickleValue *dict = dh_pickle_new_value (pickle, DH_PICKLE_DICT, error);
  if (!dict || n == 0)
    return dict;
  if (n > 1 || (args[0]->kind != DH_PICKLE_LIST && args[0]->kind != DH_PICKLE_TUPLE))
    return bad_call ("an OrderedDict is not made of a list of pairs", error);
  for (guint i = 0; i < args[0]->items.n; i++)
    {
      DhPickleValue *pair = args[0]->items.data[i];
      if ((pair->kind != DH_PICKLE_LIST && pair->kind != DH_PICKLE_TUPLE) || pair->items.n != 2)
        return bad_call ("an OrderedDict is not made of a list of pairs", error);
      if (!dh_pickle_append (pickle, dict, pair->items.data, 2, error))
        return NULL;
    }
  return dict;
}

static gboolean
read_sizes (const DhPickleValue *value, guint *n, gint64 *sizes)
{
  if ((value->kind != DH_PICKLE_TUPLE && value->kind != DH_PICKLE_LIST) || value->items.n > DH_MAX_DIMS)
    return FALSE;
  for (guint i = 0; i < value->items.n; i++)
    {
      if (value->items.data[i]->kind != DH_PICKLE_INT)
        return FALSE;
      sizes[i] = value->items.data[i]->integer;
    }
  *n = value->items.n;
  return TRUE;
}

static DhPickleValue *
call_rebuild_tensor (DhPickle *pickle, DhGlobal function, DhPickleValue **args, guint n, GError **error)
{
  const guint least = function == DH_GLOBAL_REBUILD_TENSOR ? 4 : function == DH_GLOBAL_REBUILD_TENSOR_V2 ? 6 : 7;
  if (n < least || n > least + (least > 4) || args[0]->kind != DH_PICKLE_STORAGE || args[1]->kind != DH_PICKLE_INT)
    return bad_call ("a tensor is made of the wrong arguments", error);
  if ((args[2]->kind == DH_PICKLE_TUPLE || args[2]->kind == DH_PICKLE_LIST) && args[2]->items.n > DH_MAX_DIMS)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "it holds a tensor of %u dimensions; at most %d are read",
                   args[2]->items.n, DH_MAX_DIMS);
      return NULL;
    }
  if (function == DH_GLOBAL_REBUILD_TENSOR_V3
      && (args[6]->kind != DH_PICKLE_GLOBAL || args[6]->global != DH_GLOBAL_DTYPE))
    return bad_call ("a tensor's element type is none", error);

  DhPickleTensor *tensor = dh_pickle_keep (pickle, g_new0 (DhPickleTensor, 1));
  guint n_strides = 0;
  tensor->storage = args[0]->storage;
  tensor->dtype = function == DH_GLOBAL_REBUILD_TENSOR_V3 ? args[6]->dtype : args[0]->storage->dtype;
  tensor->offset = args[1]->integer;
  if (!read_sizes (args[2], &tensor->n_dims, tensor->dims) || !read_sizes (args[3], &n_strides, tensor->strides)
      || n_strides != tensor->n_dims)
    return bad_call ("a tensor's shape and strides do not match", error);

  DhPickleValue *value = dh_pickle_new_value (pickle, DH_PICKLE_TENSOR, error);
  if (value)
    value->tensor = tensor;
  return value;
}

static DhPickleValue *
call_numpy_dtype (DhPickle *pickle, DhPickleValue **args, guint n, GError **error)
{
  if (n < 1 || args[0]->kind != DH_PICKLE_TEXT || args[0]->text.size != 2 || !strchr ("fiub", args[0]->text.data[0])
      || !strchr ("1248", args[0]->text.data[1]))
    return bad_call ("a NumPy scalar is no plain number", error);
  DhPickleValue *value = dh_pickle_new_value (pickle, DH_PICKLE_NUMPY_DTYPE, error);
  if (value)
    {
      value->numpy.kind = args[0]->text.data[0];
      value->numpy.width = args[0]->text.data[1] - '0';
      value->numpy.order = '<';
    }
  return value;
}

static DhPickleValue *
call_numpy_scalar (DhPickle *pickle, DhPickleValue **args, guint n, GError **error)
{
  if (n != 2 || args[0]->kind != DH_PICKLE_NUMPY_DTYPE
      || (args[1]->kind != DH_PICKLE_BYTES && args[1]->kind != DH_PICKLE_TEXT)
      || args[1]->text.size != args[0]->numpy.width)
    return bad_call ("a NumPy scalar is no plain number", error);
  const char kind = args[0]->numpy.kind;
  const guint width = args[0]->numpy.width;
  guint64 bits = 0;
  for (guint i = 0; i < width; i++)
    bits |= (guint64)(guint8)args[1]->text.data[i] << 8 * (args[0]->numpy.order == '>' ? width - 1 - i : i);

  DhPickleValue *value = dh_pickle_new_value (pickle,
                                              kind == 'f'   ? DH_PICKLE_FLOAT
                                              : kind == 'b' ? DH_PICKLE_BOOL
                                                            : DH_PICKLE_INT,
                                              error);
  if (!value)
    return NULL;
  if (kind == 'b')
    value->integer = bits != 0;
  else if (kind == 'u')
    value->integer = (gint64)MIN (bits, G_MAXINT64);
  else if (kind == 'i')
    value->integer = (gint64)(bits << (64 - 8 * width)) >> (64 - 8 * width);
  else if (width == 8)
    memcpy (&value->real, &bits, sizeof bits);
  else if (width == 4)
    {
      const guint32 half = bits;
      float real;
      memcpy (&real, &half, sizeof real);
      value->real = real;
    }
  else if (width == 2)
    value->real = dh_f16_to_f32 (bits);
  else
    return bad_call ("a NumPy scalar is no plain number", error);
  return value;
}

/* _codecs.encode (text, "latin1"), whose text is UTF-8 of at most U+00FF. */
static DhPickleValue *
call_encode (DhPickle *pickle, DhPickleValue **args, guint n, GError **error)
{
  if (n != 2 || args[0]->kind != DH_PICKLE_TEXT || !dh_pickle_is_text (args[1], "latin1"))
    return bad_call ("bytes are not written as text in latin1", error);
  DhPickleValue *value = dh_pickle_new_value (pickle, DH_PICKLE_BYTES, error);
  if (!value)
    return NULL;
  const guint8 *at = (const guint8 *)args[0]->text.data, *end = at + args[0]->text.size;
  guint8 *bytes = g_try_malloc (end - at + 1);
  if (!bytes)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY, "memory is short for the pickle's bytes");
      return NULL;
    }
  dh_pickle_keep (pickle, bytes);
  value->text.data = (const char *)bytes;
  while (at < end)
    {
      const gboolean two = (*at & 0xfe) == 0xc2 && end - at >= 2 && (at[1] & 0xc0) == 0x80;
      if (*at >= 0x80 && !two)
        return bad_call ("bytes are not written as text in latin1", error);
      bytes[value->text.size++] = two ? (*at & 3) << 6 | (at[1] & 0x3f) : *at;
      at += two ? 2 : 1;
    }
  return value;
}

DhPickleValue *
dh_pickle_call (DhPickle *pickle, DhPickleValue *function, DhPickleValue *arguments, GError **error)
{
  if (function->kind != DH_PICKLE_GLOBAL || arguments->kind != DH_PICKLE_TUPLE)
    return bad_call ("it calls what is no function", error);
  DhPickleValue **args = arguments->items.data;
  const guint n = arguments->items.n;
  switch ((DhGlobal)function->global)
    {
    case DH_GLOBAL_ORDERED_DICT:
      return call_ordered_dict (pickle, args, n, error);
    case DH_GLOBAL_REBUILD_TENSOR:
    case DH_GLOBAL_REBUILD_TENSOR_V2:
    case DH_GLOBAL_REBUILD_TENSOR_V3:
      return call_rebuild_tensor (pickle, function->global, args, n, error);
    case DH_GLOBAL_REBUILD_PARAMETER:
      if (n < 3 || n > 4 || args[0]->kind != DH_PICKLE_TENSOR)
        return bad_call ("a parameter is not made of a tensor", error);
      return args[0];
    case DH_GLOBAL_NUMPY_DTYPE:
      return call_numpy_dtype (pickle, args, n, error);
    case DH_GLOBAL_NUMPY_SCALAR:
      return call_numpy_scalar (pickle, args, n, error);
    case DH_GLOBAL_ENCODE:
      return call_encode (pickle, args, n, error);
    case DH_GLOBAL_STORAGE:
    case DH_GLOBAL_DTYPE:
      break;
    }
  return bad_call ("it calls what is no function", error);
}

gboolean
dh_pickle_build (DhPickle *pickle, DhPickleValue *object, DhPickleValue *state, GError **error)
{
  /* A state dict's attributes (_metadata) say nothing that the tensors do not. */
  if (object->kind == DH_PICKLE_DICT)
    return TRUE;
  if (object->kind == DH_PICKLE_NUMPY_DTYPE && state->kind == DH_PICKLE_TUPLE && state->items.n >= 2
      && state->items.data[1]->kind == DH_PICKLE_TEXT && state->items.data[1]->text.size == 1
      && strchr ("<>|=", state->items.data[1]->text.data[0]))
    {
      object->numpy.order = state->items.data[1]->text.data[0];
      return TRUE;
    }
  bad_call ("it sets the state of what has none", error);
  return FALSE;
}

/* ("storage", type, key, location, count[, view]) with view None or (view key, offset, count). */
DhPickleValue *
dh_pickle_persistent (DhPickle *pickle, DhPickleValue *id, GError **error)
{
  if (id->kind == DH_PICKLE_TUPLE && id->items.n > 0 && dh_pickle_is_text (id->items.data[0], "module"))
    {
      g_set_error_literal (
          error, DH_ERROR, DH_ERROR_UNSUPPORTED,
          "it holds a whole module, program included; it was not loaded. Save the model's state_dict()");
      return NULL;
    }
  DhPickleValue **args = id->items.data;
  if (id->kind != DH_PICKLE_TUPLE || id->items.n < 5 || id->items.n > 6 || !dh_pickle_is_text (args[0], "storage")
      || args[1]->kind != DH_PICKLE_GLOBAL || args[1]->global != DH_GLOBAL_STORAGE || args[2]->kind != DH_PICKLE_TEXT
      || args[2]->text.size > 256 || args[4]->kind != DH_PICKLE_INT || args[4]->integer < 0)
    return bad_call ("a storage is not described as PyTorch does", error);

  const DhDtype dtype = args[1]->dtype;
  DhPickleStorage *storage = dh_pickle_keep (pickle, g_new0 (DhPickleStorage, 1));
  storage->root = dh_pickle_keep_root (pickle, args[2]->text.data, args[2]->text.size, dtype, args[4]->integer);
  storage->dtype = dtype;
  storage->count = args[4]->integer;
  if (id->items.n == 6 && args[5]->kind != DH_PICKLE_NONE)
    {
      gint64 view[2];
      const gboolean good = args[5]->kind == DH_PICKLE_TUPLE && args[5]->items.n == 3
                            && args[5]->items.data[1]->kind == DH_PICKLE_INT
                            && args[5]->items.data[2]->kind == DH_PICKLE_INT;
      if (good)
        for (guint i = 0; i < 2; i++)
          view[i] = args[5]->items.data[1 + i]->integer;
      if (!good || view[0] < 0 || view[1] < 0 || view[0] > storage->count || view[1] > storage->count - view[0])
        return bad_call ("a view reaches outside its storage", error);
      storage->offset = view[0];
      storage->count = view[1];
    }
  DhPickleValue *value = dh_pickle_new_value (pickle, DH_PICKLE_STORAGE, error);
  if (value)
    value->storage = storage;
  return value;
}

#include "dh-npy-private.h"

#include "dh-bytes-private.h"
#include "dh-error.h"
#include "dh-file.h"

/* The format: "\x93NUMPY", version, length of the header, the header (a Python dict literal with descr, fortran_order
 * and shape), the elements. */

enum
{
  MAX_HEADER = 1 << 16,
};

typedef struct
{
  char order, kind;
  guint width;
  gboolean fortran;
  guint n_dims;
  gint64 dims[DH_MAX_DIMS];
} Header;

typedef struct
{
  const char *at, *end;
} Scan;

static void
skip_space (Scan *scan)
{
  while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\n'))
    scan->at++;
}

static gboolean
take (Scan *scan, char c)
{
  skip_space (scan);
  if (scan->at == scan->end || *scan->at != c)
    return FALSE;
  scan->at++;
  return TRUE;
}

static gboolean
take_word (Scan *scan, const char *word)
{
  const gsize length = strlen (word);
  skip_space (scan);
  if ((gsize)(scan->end - scan->at) < length || memcmp (scan->at, word, length) != 0)
    return FALSE;
  scan->at += length;
  return TRUE;
}

/* A quoted word without escapes: its start and length. */
static const char *
take_quoted (Scan *scan, gsize *length)
{
  const char quote = take (scan, '\'') ? '\'' : take (scan, '"') ? '"' : '\0';
  const char *start = scan->at;
  const char *end = quote ? memchr (start, quote, scan->end - start) : NULL;
  if (!end)
    return NULL;
  *length = end - start;
  scan->at = end + 1;
  return start;
}

static gboolean
broken (GError **error)
{
  g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, "the NumPy array's header is broken");
  return FALSE;
}

static gboolean
read_descr (Scan *scan, Header *header, GError **error)
{
  gsize length;
  const char *descr = take_quoted (scan, &length);
  if (descr && length >= 2 && strchr ("<>|=", descr[0]) && descr[0])
    {
      header->order = descr[0];
      header->kind = descr[1];
      header->width = length == 3 && g_ascii_isdigit (descr[2]) ? descr[2] - '0' : 0;
    }
  if (header->kind == 'O')
    g_set_error_literal (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                         "it holds Python objects, which are never loaded; save an array of numbers");
  else if (!header->width || !strchr ("fiub", header->kind))
    g_set_error_literal (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                         "its elements are no real numbers; save an array of float32 or uint8, say");
  else
    return TRUE;
  return FALSE;
}

static gboolean
read_shape (Scan *scan, Header *header, GError **error)
{
  if (!take (scan, '('))
    return broken (error);
  while (!take (scan, ')'))
    {
      gint64 dim = 0;
      const char *start = scan->at; /* behind white space: take() has skipped it */
      for (; scan->at < scan->end && g_ascii_isdigit (*scan->at); scan->at++)
        if (__builtin_mul_overflow (dim, 10, &dim) || __builtin_add_overflow (dim, *scan->at - '0', &dim))
          return broken (error);
      if (scan->at == start)
        return broken (error);
      if (header->n_dims == DH_MAX_DIMS)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "it has more than %d axes", DH_MAX_DIMS);
          return FALSE;
        }
      header->dims[header->n_dims++] = dim;
      take (scan, 'L'); /* Python 2 */
      if (!take (scan, ','))
        return take (scan, ')') || broken (error);
    }
  return TRUE;
}

static gboolean
read_header (Scan scan, Header *header, GError **error)
{
  static const char *const keys[] = { "descr", "fortran_order", "shape" };
  guint seen = 0;
  if (!take (&scan, '{'))
    return broken (error);
  for (gboolean more = TRUE; more && !take (&scan, '}');)
    {
      gsize length;
      const char *key = take_quoted (&scan, &length);
      guint which = 0;
      while (key && which < G_N_ELEMENTS (keys)
             && !(strlen (keys[which]) == length && memcmp (key, keys[which], length) == 0))
        which++;
      if (!key || which == G_N_ELEMENTS (keys) || seen & 1u << which || !take (&scan, ':'))
        return broken (error);
      seen |= 1u << which;
      if (which == 0 && !read_descr (&scan, header, error))
        return FALSE;
      if (which == 1 && !(header->fortran = take_word (&scan, "True")) && !take_word (&scan, "False"))
        return broken (error);
      if (which == 2 && !read_shape (&scan, header, error))
        return FALSE;
      more = take (&scan, ',');
      if (!more && !take (&scan, '}'))
        return broken (error);
    }
  skip_space (&scan);
  return (seen == 7 && scan.at == scan.end) || broken (error);
}

/* The dtype of the file's elements; unsigned ones that have none are widened afterwards. */
static gboolean
find_dtype (const Header *header, DhDtype *stored, DhDtype *wanted, GError **error)
{
  static const struct
  {
    char kind;
    guint width;
    DhDtype stored, wanted;
  } table[] = {
    { 'f', 4, DH_DTYPE_F32, DH_DTYPE_F32 },   { 'f', 8, DH_DTYPE_F64, DH_DTYPE_F64 },
    { 'f', 2, DH_DTYPE_F16, DH_DTYPE_F16 },   { 'i', 8, DH_DTYPE_I64, DH_DTYPE_I64 },
    { 'i', 4, DH_DTYPE_I32, DH_DTYPE_I32 },   { 'i', 2, DH_DTYPE_I16, DH_DTYPE_I16 },
    { 'i', 1, DH_DTYPE_I8, DH_DTYPE_I8 },     { 'u', 1, DH_DTYPE_U8, DH_DTYPE_U8 },
    { 'b', 1, DH_DTYPE_BOOL, DH_DTYPE_BOOL }, { 'u', 2, DH_DTYPE_I16, DH_DTYPE_I32 },
    { 'u', 4, DH_DTYPE_I32, DH_DTYPE_I64 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].kind == header->kind && table[i].width == header->width)
      {
        *stored = table[i].stored;
        *wanted = table[i].wanted;
        return TRUE;
      }
  g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "its elements of type %c%u are not read; convert them to float32",
               header->kind, header->width);
  return FALSE;
}

/* Unsigned 16 and 32 bit numbers as signed ones of twice the width. */
static DhTensor *
widen (DhTensor *from, DhDtype wanted, DhCopyBudget *budget, const char *what, GError **error)
{
  const gint64 count = dh_tensor_count (from);
  const gsize size = count * dh_dtype_size (wanted);
  const guint8 *data = dh_tensor_data (from);
  guint8 *wide = dh_copy_budget_take (budget, size, what, error);
  if (!wide)
    return NULL;
  for (gint64 i = 0; i < count; i++)
    if (wanted == DH_DTYPE_I32)
      ((gint32 *)wide)[i] = dh_u16 (data + 2 * i);
    else
      ((gint64 *)wide)[i] = dh_u32 (data + 4 * i);
  return dh_tensor_new_take (wanted, from->n_dims, from->dims, g_bytes_new_take (wide, size));
}

DhTensor *
dh_npy_parse (GBytes *bytes, DhCopyBudget *budget, const char *what, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  if (size < 10 || memcmp (data, "\x93NUMPY", 6) != 0)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, size ? "is not a NumPy array (.npy)" : "is empty");
      return NULL;
    }
  const guint version = data[6], width = version == 1 ? 2 : 4;
  if (version < 1 || version > 3)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "is a NumPy array of format version %u, which is not known",
                   version);
      return NULL;
    }
  const guint64 length = width == 2 ? dh_u16 (data + 8) : size >= 12 ? dh_u32 (data + 8) : G_MAXUINT64;
  if (length > MAX_HEADER || !dh_within (8 + width, length, size))
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, "the NumPy array's header is cut off or far too long");
      return NULL;
    }
  Header header = { 0 };
  DhDtype stored, wanted;
  const char *start = (const char *)data + 8 + width;
  if (!read_header ((Scan){ start, start + length }, &header, error) || !find_dtype (&header, &stored, &wanted, error))
    return NULL;

  const gint64 count = dh_shape_count (header.n_dims, header.dims, header.width);
  const guint64 offset = 8 + width + length;
  if (count < 0 || (guint64)count * header.width > size - offset)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID,
                           "the NumPy array's shape is larger than the file: it is truncated or broken");
      return NULL;
    }
  gint64 strides[DH_MAX_DIMS] = { 0 }, step = 1;
  for (guint i = 0; count > 0 && i < header.n_dims; i++)
    {
      const guint d = header.fortran ? i : header.n_dims - 1 - i;
      strides[d] = step;
      step *= header.dims[d];
    }
  g_autoptr (GBytes) elements = g_bytes_new_from_bytes (bytes, offset, count * header.width);
  g_autoptr (DhTensor) tensor = dh_strided_tensor (elements, stored, 0, header.n_dims, header.dims, strides,
                                                   header.order == '>', budget, what, error);
  if (!tensor || stored == wanted)
    return g_steal_pointer (&tensor);
  return widen (tensor, wanted, budget, what, error);
}

DhTensor *
dh_npy_load_bytes (GBytes *bytes, const char *name, GError **error)
{
  g_return_val_if_fail (bytes != NULL && name != NULL, NULL);

  DhCopyBudget budget;
  dh_copy_budget_init (&budget, bytes);
  DhTensor *tensor = dh_npy_parse (bytes, &budget, "the array", error);
  if (!tensor)
    g_prefix_error (error, "%s: ", name);
  return tensor;
}

DhTensor *
dh_npy_load (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = dh_file_read (path, DH_FILE_ANY_SIZE, error);
  return bytes ? dh_npy_load_bytes (bytes, path, error) : NULL;
}

GBytes *
dh_npy_header (DhDtype dtype, guint n_dims, const gint64 *dims)
{
  static const char *const descr[DH_N_DTYPES] = {
    [DH_DTYPE_F32] = "<f4", [DH_DTYPE_F16] = "<f2", [DH_DTYPE_F64] = "<f8",
    [DH_DTYPE_I64] = "<i8", [DH_DTYPE_I32] = "<i4", [DH_DTYPE_I16] = "<i2",
    [DH_DTYPE_I8] = "|i1",  [DH_DTYPE_U8] = "|u1",  [DH_DTYPE_BOOL] = "|b1",
  };
  g_return_val_if_fail (dtype < DH_N_DTYPES && descr[dtype] && n_dims <= DH_MAX_DIMS, NULL);

  GString *header = g_string_new_len ("\x93NUMPY\x01\0\0\0", 10);
  g_string_append_printf (header, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr[dtype]);
  for (guint d = 0; d < n_dims; d++)
    g_string_append_printf (header, "%" G_GINT64_FORMAT "%s", dims[d], d + 1 < n_dims ? ", " : n_dims == 1 ? "," : "");
  g_string_append (header, "), }");
  while ((header->len + 1) % 64 != 0)
    g_string_append_c (header, ' ');
  g_string_append_c (header, '\n');
  header->str[8] = (header->len - 10) & 0xff;
  header->str[9] = (header->len - 10) >> 8;
  return g_string_free_to_bytes (header);
}

gboolean
dh_npy_save (const char *path, DhTensor *tensor, GError **error)
{
  g_return_val_if_fail (path != NULL && tensor != NULL, FALSE);

  g_autoptr (DhTensor) written = tensor->dtype == DH_DTYPE_BF16 ? dh_tensor_to_f32 (tensor) : dh_tensor_ref (tensor);
  if (!written)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%s: memory is short for writing the array", path);
      return FALSE;
    }
  g_autoptr (GBytes) header = dh_npy_header (written->dtype, written->n_dims, written->dims);
  g_autoptr (DhFileWriter) writer = dh_file_writer_open (path, error);
  return writer && dh_file_writer_write (writer, g_bytes_get_data (header, NULL), g_bytes_get_size (header), error)
         && dh_file_writer_write (writer, dh_tensor_data (written), dh_tensor_size_bytes (written), error)
         && dh_file_writer_close (writer, error);
}

#include "dh-onnx-read-private.h"

#include <string.h>

#include "dh-error.h"

/* TensorProto.DataType, and where elements of it stand that are not raw: 4 float_data, 5 int32_data (of all that is
 * small, halves as their bits), 7 int64_data, 10 double_data. What is not named here is left out. */
static const struct
{
  gint64 type;
  DhDtype dtype;
  guint field;
  DhOnnxWireKind kind;
} types[] = {
  { 1, DH_DTYPE_F32, 4, DH_ONNX_WIRE_FIXED32 },   { 2, DH_DTYPE_U8, 5, DH_ONNX_WIRE_VARINT },
  { 3, DH_DTYPE_I8, 5, DH_ONNX_WIRE_VARINT },     { 5, DH_DTYPE_I16, 5, DH_ONNX_WIRE_VARINT },
  { 6, DH_DTYPE_I32, 5, DH_ONNX_WIRE_VARINT },    { 7, DH_DTYPE_I64, 7, DH_ONNX_WIRE_VARINT },
  { 9, DH_DTYPE_BOOL, 5, DH_ONNX_WIRE_VARINT },   { 10, DH_DTYPE_F16, 5, DH_ONNX_WIRE_VARINT },
  { 11, DH_DTYPE_F64, 10, DH_ONNX_WIRE_FIXED64 }, { 16, DH_DTYPE_BF16, 5, DH_ONNX_WIRE_VARINT },
};

/* Everything of it but elements. */
typedef struct
{
  DhOnnxSpan message;
  gint64 dims[DH_MAX_DIMS];
  guint n_dims; /* may be more */
  gint64 type;
  char *name;
  DhOnnxSpan raw;
  gboolean in_segments, external;
  char *location;
  guint64 offset, length;
  gboolean has_length;
} Head;

static void
head_clear (Head *head)
{
  g_free (head->name);
  g_free (head->location);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Head, head_clear)

static gboolean
read_dims (Head *head, DhOnnxSpan span, GError **error)
{
  DhOnnxWire elements = dh_onnx_wire_begin (span);
  for (guint64 dim; dh_onnx_wire_next_element (&elements, DH_ONNX_WIRE_VARINT, &dim); head->n_dims++)
    if (head->n_dims < DH_MAX_DIMS)
      head->dims[head->n_dims] = (gint64)dim;
  return dh_onnx_reader_ended (&elements, "a shape", error);
}

static gboolean
read_whole (DhOnnxSpan span, guint64 *number, GError **error)
{
  g_autofree char *text = g_strndup ((const char *)span.data, span.size);
  if (span.size == strlen (text) && g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, number, NULL))
    return TRUE;
  g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID,
                       "where its elements stand in another file is no whole number");
  return FALSE;
}

static gboolean
has_text (DhOnnxSpan span, const char *text)
{
  return span.size == strlen (text) && memcmp (span.data, text, span.size) == 0;
}

/* "checksum", which few write, is not looked at. */
static gboolean
read_place (Head *head, DhOnnxSpan message, GError **error)
{
  DhOnnxSpan key, value;
  if (!dh_onnx_reader_entry (message, &key, &value, error))
    return FALSE;
  if (has_text (key, "location"))
    return dh_onnx_reader_name (value, &head->location, error);
  if (has_text (key, "offset"))
    return read_whole (value, &head->offset, error);
  if (has_text (key, "length"))
    return head->has_length = read_whole (value, &head->length, error);
  return TRUE;
}

static gboolean
read_head (Head *head, GError **error)
{
  DhOnnxWire wire = dh_onnx_wire_begin (head->message);
  gboolean good = TRUE;
  for (DhOnnxField field; good && dh_onnx_wire_next (&wire, &field);)
    switch (field.key)
      {
      case DH_ONNX_KEY (1, VARINT):
      case DH_ONNX_KEY (1, BYTES):
        good = read_dims (head, field.bytes, error);
        break;
      case DH_ONNX_KEY (2, VARINT):
        head->type = (gint64)field.number;
        break;
      case DH_ONNX_KEY (3, BYTES):
        head->in_segments = TRUE;
        break;
      case DH_ONNX_KEY (8, BYTES):
        good = dh_onnx_reader_name (field.bytes, &head->name, error);
        break;
      case DH_ONNX_KEY (9, BYTES):
        head->raw = field.bytes;
        break;
      case DH_ONNX_KEY (13, BYTES):
        good = read_place (head, field.bytes, error);
        break;
      case DH_ONNX_KEY (14, VARINT):
        head->external = field.number == 1;
        break;
      default:
        break;
      }
  return good && dh_onnx_reader_ended (&wire, "a tensor", error);
}

/* The elements' fields, of what read_head() walked over to the end. */
static gboolean
next_elements (DhOnnxWire *wire, guint which, DhOnnxSpan *elements)
{
  for (DhOnnxField field; dh_onnx_wire_next (wire, &field);)
    if (field.key == (types[which].field << 3 | types[which].kind)
        || field.key == (types[which].field << 3 | DH_ONNX_WIRE_BYTES))
      {
        *elements = field.bytes;
        return TRUE;
      }
  return FALSE;
}

/* As protobuf does, what is too large for its element loses its upper bits. */
static void
put_element (guint8 *to, gsize size, DhDtype dtype, guint64 number)
{
  if (dtype == DH_DTYPE_BOOL)
    number = (guint32)number != 0;
  number = GUINT64_TO_LE (number);
  memcpy (to, &number, size);
}

/* `count` elements of `size` bytes are to be there. */
static GBytes *
unpack (DhOnnxReader *reader, const Head *head, guint which, gsize count, gsize size, GError **error)
{
  if (!dh_onnx_reader_spend (reader, (guint64)count * size, error))
    return NULL;
  g_autofree guint8 *to = g_try_malloc (count * size);
  if (!to)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "there is no memory for its %zu elements", count);
      return NULL;
    }
  gsize n = 0;
  DhOnnxWire wire = dh_onnx_wire_begin (head->message);
  for (DhOnnxSpan span; next_elements (&wire, which, &span);)
    {
      DhOnnxWire elements = dh_onnx_wire_begin (span);
      for (guint64 number; dh_onnx_wire_next_element (&elements, types[which].kind, &number); n++)
        put_element (to + n * size, size, types[which].dtype, number);
      if (!dh_onnx_reader_ended (&elements, "its list of elements", error))
        return NULL;
    }
  g_assert (n == count);
  return g_bytes_new_take (g_steal_pointer (&to), count * size);
}

static gsize
count_unpacked (const Head *head, guint which)
{
  gsize count = 0;
  DhOnnxWire wire = dh_onnx_wire_begin (head->message);
  for (DhOnnxSpan span; next_elements (&wire, which, &span);)
    count += dh_onnx_wire_count_elements (span, types[which].kind);
  return count;
}

static GBytes *
read_external (DhOnnxReader *reader, const Head *head, guint64 size, GError **error)
{
  if (!head->location || (head->has_length && head->length != size))
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID,
                           head->location ? "its elements in another file take another length than its shape asks for"
                                          : "its elements lie in another file, which is not named");
      return NULL;
    }
  if (!reader->data)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                   "its elements lie in another file, %s, and there is no folder to look for it", head->location);
      return NULL;
    }
  return dh_onnx_data_get (reader->data, head->location, head->offset, size, error);
}

static GBytes *
read_elements (DhOnnxReader *reader, const Head *head, guint which, GError **error)
{
  const gsize size = dh_dtype_size (types[which].dtype);
  const gint64 count = dh_shape_count (head->n_dims, head->dims, size);
  if (count < 0)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, "its shape is absurd");
      return NULL;
    }
  if (head->external)
    return read_external (reader, head, (guint64)count * size, error);
  const gsize n_unpacked = count_unpacked (head, which);
  if (n_unpacked > 0 && head->raw.size > 0)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, "its elements stand there twice");
      return NULL;
    }
  if (n_unpacked > 0 ? n_unpacked != (guint64)count : head->raw.size != (guint64)count * size)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                   "its shape asks for %" G_GINT64_FORMAT " elements of %zu bytes, and there are %zu %s", count, size,
                   n_unpacked > 0 ? n_unpacked : head->raw.size, n_unpacked > 0 ? "elements" : "bytes");
      return NULL;
    }
  if (n_unpacked > 0)
    return unpack (reader, head, which, n_unpacked, size, error);
  if (head->raw.size == 0)
    return g_bytes_new (NULL, 0);
  const guint8 *first = g_bytes_get_data (reader->bytes, NULL);
  return g_bytes_new_from_bytes (reader->bytes, (gsize)(head->raw.data - first), head->raw.size);
}

static gboolean
read_tensor (DhOnnxReader *reader, Head *head, DhTensor **tensor, GError **error)
{
  if (!read_head (head, error))
    return FALSE;
  guint which = 0;
  while (which < G_N_ELEMENTS (types) && types[which].type != head->type)
    which++;
  if (which == G_N_ELEMENTS (types) || head->n_dims > DH_MAX_DIMS)
    return TRUE;
  if (head->in_segments)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "it is cut into segments, which are not read");
      return FALSE;
    }
  GBytes *bytes = read_elements (reader, head, which, error);
  if (bytes)
    *tensor = dh_tensor_new_take (types[which].dtype, head->n_dims, head->dims, bytes);
  return bytes != NULL;
}

gboolean
dh_onnx_read_tensor (DhOnnxReader *reader, DhOnnxSpan message, char **name, DhTensor **tensor, GError **error)
{
  g_auto (Head) head = { .message = message, .name = g_strdup ("") };
  *tensor = NULL;
  const gboolean good = read_tensor (reader, &head, tensor, error);
  if (!good && *head.name)
    g_prefix_error (error, "the tensor %s: ", head.name);
  if (name)
    *name = g_steal_pointer (&head.name);
  return good;
}

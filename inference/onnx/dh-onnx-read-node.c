#include "dh-onnx-read-private.h"

#include "dh-error.h"

enum
{
  MOST_ATTRIBUTES = 256, /* of a node: names are compared with each other */
};

/* AttributeProto.AttributeType, and the field that holds a value of it, by which a file of the first version, which
 * names no type, is read. */
static const struct
{
  gint64 type;
  DhOnnxAttributeType ours;
  guint field;
} types[] = {
  { 1, DH_ONNX_ATTRIBUTE_FLOAT, 2 },  { 2, DH_ONNX_ATTRIBUTE_INT, 3 },    { 3, DH_ONNX_ATTRIBUTE_STRING, 4 },
  { 4, DH_ONNX_ATTRIBUTE_TENSOR, 5 }, { 6, DH_ONNX_ATTRIBUTE_FLOATS, 7 }, { 7, DH_ONNX_ATTRIBUTE_INTS, 8 },
};

/* What an attribute has for values, whatever its type is: that may stand behind them. */
typedef struct
{
  gint64 type;
  gboolean is_argument; /* of a function: it has no value here */
  guint fields;         /* 1 << number of those that are there */
  float number;
  gint64 integer;
  DhOnnxSpan string, tensor;
} Values;

/* Elements of a list, which is made where there is none. */
static gboolean
add_numbers (DhOnnxReader *reader, GArray **list, const DhOnnxField *field, DhOnnxWireKind kind, GError **error)
{
  const gboolean whole = kind == DH_ONNX_WIRE_VARINT;
  const guint size = whole ? sizeof (gint64) : sizeof (float);
  const gsize count = dh_onnx_wire_count_elements (field->bytes, kind);
  if (!dh_onnx_reader_spend (reader, (guint64)count * size, error))
    return FALSE;
  if (!*list)
    *list = g_array_sized_new (FALSE, FALSE, size, (guint)count);
  DhOnnxWire elements = dh_onnx_wire_begin (field->bytes);
  for (guint64 number; dh_onnx_wire_next_element (&elements, kind, &number);)
    {
      const gint64 integer = (gint64)number;
      const float value = dh_onnx_wire_float (number);
      g_array_append_vals (*list, whole ? (gconstpointer)&integer : &value, 1);
    }
  return dh_onnx_reader_ended (&elements, "an attribute's list", error);
}

static gboolean
read_values (DhOnnxReader *reader, DhOnnxSpan message, DhOnnxAttribute *attribute, Values *values, GError **error)
{
  DhOnnxWire wire = dh_onnx_wire_begin (message);
  gboolean good = TRUE;
  for (DhOnnxField field; good && dh_onnx_wire_next (&wire, &field);)
    {
      switch (field.key)
        {
        case DH_ONNX_KEY (1, BYTES):
          good = dh_onnx_reader_name (field.bytes, &attribute->name, error);
          break;
        case DH_ONNX_KEY (2, FIXED32):
          values->number = dh_onnx_wire_float (field.number);
          break;
        case DH_ONNX_KEY (3, VARINT):
          values->integer = (gint64)field.number;
          break;
        case DH_ONNX_KEY (4, BYTES):
          values->string = field.bytes;
          break;
        case DH_ONNX_KEY (5, BYTES):
          values->tensor = field.bytes;
          break;
        case DH_ONNX_KEY (7, FIXED32):
        case DH_ONNX_KEY (7, BYTES):
          good = add_numbers (reader, &attribute->numbers, &field, DH_ONNX_WIRE_FIXED32, error);
          break;
        case DH_ONNX_KEY (8, VARINT):
        case DH_ONNX_KEY (8, BYTES):
          good = add_numbers (reader, &attribute->integers, &field, DH_ONNX_WIRE_VARINT, error);
          break;
        case DH_ONNX_KEY (20, VARINT):
          values->type = (gint64)field.number;
          continue;
        case DH_ONNX_KEY (21, BYTES):
          values->is_argument = TRUE;
          continue;
        default:
          break;
        }
      if (field.key >> 3 < 32)
        values->fields |= 1u << (field.key >> 3);
    }
  return good && dh_onnx_reader_ended (&wire, "an attribute", error);
}

static DhOnnxAttributeType
choose_type (const Values *values)
{
  for (guint i = 0; i < G_N_ELEMENTS (types) && !values->is_argument; i++)
    if (values->type == 0 ? (values->fields >> types[i].field & 1) != 0 : values->type == types[i].type)
      return types[i].ours;
  return DH_ONNX_ATTRIBUTE_OTHER;
}

/* What the type names is kept; what cannot be told as our header promises is another thing. */
static gboolean
settle (DhOnnxReader *reader, DhOnnxAttribute *attribute, const Values *values, GError **error)
{
  attribute->type = choose_type (values);
  if (attribute->type != DH_ONNX_ATTRIBUTE_FLOATS)
    g_clear_pointer (&attribute->numbers, g_array_unref);
  else if (!attribute->numbers)
    attribute->numbers = g_array_new (FALSE, FALSE, sizeof (float));
  if (attribute->type != DH_ONNX_ATTRIBUTE_INTS)
    g_clear_pointer (&attribute->integers, g_array_unref);
  else if (!attribute->integers)
    attribute->integers = g_array_new (FALSE, FALSE, sizeof (gint64));
  switch (attribute->type)
    {
    case DH_ONNX_ATTRIBUTE_FLOAT:
      attribute->number = values->number;
      break;
    case DH_ONNX_ATTRIBUTE_INT:
      attribute->integer = values->integer;
      break;
    case DH_ONNX_ATTRIBUTE_STRING:
      if (g_utf8_validate_len ((const char *)values->string.data, values->string.size, NULL))
        attribute->string = g_strndup ((const char *)values->string.data, values->string.size);
      else
        attribute->type = DH_ONNX_ATTRIBUTE_OTHER;
      break;
    case DH_ONNX_ATTRIBUTE_TENSOR:
      if (!dh_onnx_read_tensor (reader, values->tensor, NULL, &attribute->tensor, error))
        return FALSE;
      if (!attribute->tensor)
        attribute->type = DH_ONNX_ATTRIBUTE_OTHER;
      break;
    default:
      break;
    }
  return TRUE;
}

static gboolean
add_attribute (DhOnnxReader *reader, DhOnnxNode *node, DhOnnxSpan message, GError **error)
{
  g_autoptr (DhOnnxAttribute) attribute = g_new0 (DhOnnxAttribute, 1);
  attribute->name = g_strdup ("");
  const DhOnnxSpan nothing = { message.data, 0 };
  Values values = { .string = nothing, .tensor = nothing };
  if (!dh_onnx_reader_count (&reader->parts_left, "names and attributes", error)
      || !read_values (reader, message, attribute, &values, error))
    return FALSE;
  if (!settle (reader, attribute, &values, error))
    {
      g_prefix_error (error, "the attribute %s: ", attribute->name);
      return FALSE;
    }
  for (guint i = 0; i < node->attributes->len; i++)
    {
      const DhOnnxAttribute *other = g_ptr_array_index (node->attributes, i);
      if (!g_str_equal (other->name, attribute->name))
        continue;
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the attribute %s stands there twice", other->name);
      return FALSE;
    }
  if (node->attributes->len == MOST_ATTRIBUTES)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "it has more than %d attributes", MOST_ATTRIBUTES);
      return FALSE;
    }
  g_ptr_array_add (node->attributes, g_steal_pointer (&attribute));
  return TRUE;
}

static gboolean
add_name (DhOnnxReader *reader, GPtrArray *names, DhOnnxSpan span, GError **error)
{
  char *name = NULL;
  if (!dh_onnx_reader_count (&reader->parts_left, "names and attributes", error)
      || !dh_onnx_reader_name (span, &name, error))
    return FALSE;
  g_ptr_array_add (names, name);
  return TRUE;
}

static gboolean
read_fields (DhOnnxReader *reader, DhOnnxNode *node, DhOnnxSpan message, GError **error)
{
  DhOnnxWire wire = dh_onnx_wire_begin (message);
  gboolean good = TRUE;
  for (DhOnnxField field; good && dh_onnx_wire_next (&wire, &field);)
    switch (field.key)
      {
      case DH_ONNX_KEY (1, BYTES):
        good = add_name (reader, node->inputs, field.bytes, error);
        break;
      case DH_ONNX_KEY (2, BYTES):
        good = add_name (reader, node->outputs, field.bytes, error);
        break;
      case DH_ONNX_KEY (3, BYTES):
        good = dh_onnx_reader_name (field.bytes, &node->name, error);
        break;
      case DH_ONNX_KEY (4, BYTES):
        good = dh_onnx_reader_name (field.bytes, &node->operation, error);
        break;
      case DH_ONNX_KEY (5, BYTES):
        good = add_attribute (reader, node, field.bytes, error);
        break;
      case DH_ONNX_KEY (7, BYTES):
        good = dh_onnx_reader_name (field.bytes, &node->domain, error);
        break;
      default:
        break;
      }
  return good && dh_onnx_reader_ended (&wire, "a node", error);
}

DhOnnxNode *
dh_onnx_read_node (DhOnnxReader *reader, DhOnnxSpan message, GError **error)
{
  g_autoptr (DhOnnxNode) node = g_new0 (DhOnnxNode, 1);
  node->name = g_strdup ("");
  node->operation = g_strdup ("");
  node->domain = g_strdup ("");
  node->inputs = g_ptr_array_new_with_free_func (g_free);
  node->outputs = g_ptr_array_new_with_free_func (g_free);
  node->attributes = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_onnx_attribute_free);
  if (!dh_onnx_reader_count (&reader->nodes_left, "nodes", error))
    return NULL;
  if (!read_fields (reader, node, message, error))
    {
      if (*node->name || *node->operation)
        g_prefix_error (error, "the node %s: ", *node->name ? node->name : node->operation);
      else
        g_prefix_error (error, "a node without a name: ");
      return NULL;
    }
  if (g_str_equal (node->domain, "ai.onnx"))
    *node->domain = '\0';
  return g_steal_pointer (&node);
}

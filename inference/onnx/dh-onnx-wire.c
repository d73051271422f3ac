#include "dh-onnx-wire-private.h"

#include <string.h>

enum
{
  MOST_VARINT = 10,              /* bytes of one */
  LARGEST_FIELD = (1 << 29) - 1, /* a field's number */
};

DhOnnxWire
dh_onnx_wire_begin (DhOnnxSpan message)
{
  return (DhOnnxWire){ .at = message.data, .end = message.data + message.size };
}

static gboolean
fail (DhOnnxWire *wire)
{
  wire->broken = TRUE;
  return FALSE;
}

/* What does not fit 64 bits is cut off, as protobuf does. */
static gboolean
take_varint (DhOnnxWire *wire, guint64 *number)
{
  *number = 0;
  for (guint i = 0; i < MOST_VARINT && wire->at < wire->end; i++)
    {
      const guint8 byte = *wire->at++;
      *number |= (guint64)(byte & 0x7f) << 7 * i;
      if (byte < 0x80)
        return TRUE;
    }
  return fail (wire);
}

/* The least byte comes first. */
static gboolean
take_fixed (DhOnnxWire *wire, guint n_bytes, guint64 *number)
{
  *number = 0;
  if ((gsize)(wire->end - wire->at) < n_bytes)
    return fail (wire);
  for (guint i = 0; i < n_bytes; i++)
    *number |= (guint64)*wire->at++ << 8 * i;
  return TRUE;
}

static gboolean
take_number (DhOnnxWire *wire, guint kind, guint64 *number)
{
  switch (kind)
    {
    case DH_ONNX_WIRE_VARINT:
      return take_varint (wire, number);
    case DH_ONNX_WIRE_FIXED64:
      return take_fixed (wire, 8, number);
    case DH_ONNX_WIRE_FIXED32:
      return take_fixed (wire, 4, number);
    default:
      return fail (wire);
    }
}

gboolean
dh_onnx_wire_next (DhOnnxWire *wire, DhOnnxField *field)
{
  *field = (DhOnnxField){ 0 };
  if (wire->broken || wire->at == wire->end)
    return FALSE;
  guint64 key;
  if (!take_varint (wire, &key))
    return FALSE;
  if (key >> 3 == 0 || key >> 3 > LARGEST_FIELD)
    return fail (wire);
  field->key = (guint32)key;
  if ((key & 7) != DH_ONNX_WIRE_BYTES)
    {
      field->bytes.data = wire->at;
      if (!take_number (wire, key & 7, &field->number))
        return FALSE;
      field->bytes.size = (gsize)(wire->at - field->bytes.data);
      return TRUE;
    }
  guint64 size;
  if (!take_varint (wire, &size))
    return FALSE;
  if (size > (gsize)(wire->end - wire->at))
    return fail (wire);
  field->bytes = (DhOnnxSpan){ wire->at, size };
  wire->at += size;
  return TRUE;
}

gboolean
dh_onnx_wire_next_element (DhOnnxWire *elements, DhOnnxWireKind kind, guint64 *number)
{
  return !elements->broken && elements->at < elements->end && take_number (elements, kind, number);
}

gsize
dh_onnx_wire_count_elements (DhOnnxSpan elements, DhOnnxWireKind kind)
{
  if (kind != DH_ONNX_WIRE_VARINT)
    return elements.size / (kind == DH_ONNX_WIRE_FIXED64 ? 8 : 4);
  gsize count = 0;
  for (gsize i = 0; i < elements.size; i++)
    count += elements.data[i] < 0x80;
  return count;
}

float
dh_onnx_wire_float (guint64 number)
{
  const guint32 bits = (guint32)number;
  float value;
  memcpy (&value, &bits, sizeof value);
  return value;
}

#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Protobuf's wire format, read: a message is fields one after another, a field a key and what it stands for. Nothing is
 * copied, nothing lies outside the message that is walked over. Any thread. */

/* How a field is written; groups (3 and 4), which no ONNX file has, are broken. */
typedef enum
{
  DH_ONNX_WIRE_VARINT = 0,
  DH_ONNX_WIRE_FIXED64 = 1,
  DH_ONNX_WIRE_BYTES = 2, /* strings, messages, packed numbers */
  DH_ONNX_WIRE_FIXED32 = 5,
} DhOnnxWireKind;

/* A field that is written in another way than its number asks for is an unknown one, as protobuf's own readers take it:
 * whoever switches over keys passes it over. */
#define DH_ONNX_KEY(number, kind) ((guint32)(number) << 3 | DH_ONNX_WIRE_##kind)

typedef struct
{
  const guint8 *data;
  gsize size;
} DhOnnxSpan;

typedef struct
{
  const guint8 *at, *end;
  gboolean broken; /* it ended in the middle of something, or with what is no field */
} DhOnnxWire;

typedef struct
{
  guint32 key;
  guint64 number;   /* of all kinds but BYTES */
  DhOnnxSpan bytes; /* what has a length, without that; else the number as it is written. Either way the elements of a
                     * repeated field of numbers: both ways of writing one are legal, and may alternate */
} DhOnnxField;

DhOnnxWire dh_onnx_wire_begin (DhOnnxSpan message) G_GNUC_INTERNAL;
/* FALSE at the end, or where the message is broken; the key is then that of a field that is cut off, else 0. */
gboolean dh_onnx_wire_next (DhOnnxWire *wire, DhOnnxField *field) G_GNUC_INTERNAL;

/* The same for the elements of a repeated field of numbers (of a kind but BYTES). */
gboolean dh_onnx_wire_next_element (DhOnnxWire *elements, DhOnnxWireKind kind, guint64 *number) G_GNUC_INTERNAL;
/* How many there are at most; exactly so many where they are not broken. */
gsize dh_onnx_wire_count_elements (DhOnnxSpan elements, DhOnnxWireKind kind) G_GNUC_INTERNAL;

/* The bits of a FIXED32 or FIXED64 as a number. */
float dh_onnx_wire_float (guint64 number) G_GNUC_INTERNAL;

G_END_DECLS

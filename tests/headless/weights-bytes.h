#pragma once
#include "dh-error.h"
#include <gio/gio.h>

/* Files of weights, well made and not, as bytes: what the tests of the readers share. Functions named make give a new
 * string, which those named assert take. */

/* Opens bytes and reads every element; NULL where they open, else the error, which is one sentence with the name. */
GError *weights_try_open (gconstpointer data, gsize size);
void weights_assert_refused (GString *file, DhError code, const char *words);
void weights_assert_opens (GString *file);

/* A number, its least byte first, zeros behind the eighth. */
void weights_add (GString *to, guint64 value, guint width);

/* A member of a zip file. */
typedef struct
{
  const char *name;
  const char *data;
  gsize size;
} WeightsMember;
/* Stored, not packed. */
GString *weights_make_zip (const WeightsMember *members, guint n);
/* A PyTorch zip file with this pickle and one storage "0" of 24 bytes. */
GString *weights_make_pth (const char *pickle, gsize size);
#define PTH(pickle) weights_make_pth ("\x80\x02" pickle, sizeof ("\x80\x02" pickle) - 1)
/* PyTorch's legacy format: magic, protocol, system information, object, keys, a storage. */
GString *weights_make_legacy (const char *object, gsize size, gint64 count, gsize stored);
#define LEGACY(pickle) weights_make_legacy ("\x80\x02" pickle, sizeof ("\x80\x02" pickle) - 1, 6, 24)
/* `length` of the header, 0: its own; `data` bytes behind it. */
GString *weights_make_safetensors (guint64 length, const char *header, gsize data);
#define ENTRY(name, shape, offsets) "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

/* {"w": tensor of storage "0" with six float32, offset, shape and strides as given in opcodes} */
#define STORAGE_OF(count)                                                                                              \
  "((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x00"                                                  \
  "0X\x03\x00\x00\x00"                                                                                                 \
  "cpu" count "tQ"
#define TENSOR(count, rest) "}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n" STORAGE_OF (count) rest "\x89}tRs."
#define GOOD TENSOR ("K\x06", "K\x00(K\x02K\x03t(K\x03K\x01t")
#define LONG_MAX_CODE "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"

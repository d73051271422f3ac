#pragma once
#include "dh-error.h"
#include "dh-onnx-model.h"

/* ONNX files, well made and not, as bytes: what the tests of the reader share. A message is a GByteArray that fields
 * are put behind; functions named put take the messages that they are given, those named assert the whole file. */

void onnx_put_varint (GByteArray *to, guint64 value);
void onnx_put_int (GByteArray *to, guint field, gint64 value);
void onnx_put_fixed32 (GByteArray *to, guint field, guint32 bits);
void onnx_put_bytes (GByteArray *to, guint field, gconstpointer data, gsize size);
void onnx_put_string (GByteArray *to, guint field, const char *text);
void onnx_put_message (GByteArray *to, guint field, GByteArray *message);
/* key and value */
void onnx_put_entry (GByteArray *to, guint field, const char *key, const char *value);

/* A tensor's shape, type and name; what its elements are is put behind. */
GByteArray *onnx_make_tensor (const char *name, gint type, guint n_dims, const gint64 *dims);
/* One of float32 in another file; what is NULL is not told. */
GByteArray *onnx_make_external (const char *name, gint64 n, const char *location, const char *offset,
                                const char *length);
GByteArray *onnx_make_node (const char *operation, const char *input, const char *output);
/* IR version 8, a producer, operator set 17, a graph. */
GByteArray *onnx_make_model (GByteArray *graph);
/* One of a single constant. */
GByteArray *onnx_make_constant (GByteArray *tensor);
/* A small one with a part of every kind that is read. */
GByteArray *onnx_make_good (void);

/* Reads bytes, and all that they hold; NULL where they can be read, else the error, which is one sentence with the
 * name. `model` may be NULL. */
GError *onnx_try_read (gconstpointer data, gsize size, const char *folder, DhOnnxModel **model);
DhOnnxModel *onnx_assert_reads (GByteArray *file, const char *folder);
void onnx_assert_refused (GByteArray *file, const char *folder, DhError code, const char *words);

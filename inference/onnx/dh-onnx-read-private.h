#pragma once
#include "dh-onnx-model.h"
#include "dh-onnx-wire-private.h"

G_BEGIN_DECLS

/* What the readers of a file's parts share. Their messages do not name the file: dh_onnx_model_read_bytes() does. */

/* The files beside one that hold its tensors' elements, each read once. */
typedef struct _DhOnnxData DhOnnxData;

typedef struct
{
  GBytes *bytes;      /* the file */
  DhOnnxData *data;   /* NULL: there is no folder to look into */
  guint64 bytes_left; /* that elements may take in memory beside the file's own, where they must be unpacked */
  guint nodes_left, constants_left;
  guint parts_left; /* all that is small: names, attributes, what goes in and comes out */
} DhOnnxReader;

/* Counts one down, or says that there are too many of `what`. */
gboolean dh_onnx_reader_count (guint *left, const char *what, GError **error) G_GNUC_INTERNAL;
/* The same of memory. */
gboolean dh_onnx_reader_spend (DhOnnxReader *reader, guint64 size, GError **error) G_GNUC_INTERNAL;
/* Whether a walk over `what` came to its end. */
gboolean dh_onnx_reader_ended (const DhOnnxWire *wire, const char *what, GError **error) G_GNUC_INTERNAL;

/* A name by which parts of the file know each other, and which stands in messages: what is no UTF-8, has control
 * characters or is absurdly long is an error, so that two names are never taken for one. `*to` is replaced. */
gboolean dh_onnx_reader_name (DhOnnxSpan span, char **to, GError **error) G_GNUC_INTERNAL;
/* Text for people alone: what is no UTF-8 is replaced. Free with g_free. */
char *dh_onnx_reader_text (DhOnnxSpan span) G_GNUC_INTERNAL;
/* StringStringEntryProto; both are "" where they are missing. */
gboolean dh_onnx_reader_entry (DhOnnxSpan message, DhOnnxSpan *key, DhOnnxSpan *value, GError **error) G_GNUC_INTERNAL;

/* TensorProto. `*tensor` is NULL where it is one of those that are left out (dh-onnx-model.h); `name` may be NULL. */
gboolean dh_onnx_read_tensor (DhOnnxReader *reader, DhOnnxSpan message, char **name, DhTensor **tensor,
                              GError **error) G_GNUC_INTERNAL;
/* NodeProto. */
DhOnnxNode *dh_onnx_read_node (DhOnnxReader *reader, DhOnnxSpan message, GError **error) G_GNUC_INTERNAL;

void dh_onnx_node_free (DhOnnxNode *node) G_GNUC_INTERNAL;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhOnnxNode, dh_onnx_node_free)
void dh_onnx_attribute_free (DhOnnxAttribute *attribute) G_GNUC_INTERNAL;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhOnnxAttribute, dh_onnx_attribute_free)
void dh_onnx_value_free (DhOnnxValue *value) G_GNUC_INTERNAL;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhOnnxValue, dh_onnx_value_free)
DhOnnxModel *dh_onnx_model_new (void) G_GNUC_INTERNAL;

/* `folder` is where paths begin; `real_folder`, where the file itself lies if it was named by a symbolic link, is the
 * other one that they may lead into (NULL: none). */
DhOnnxData *dh_onnx_data_new (const char *folder, const char *real_folder) G_GNUC_INTERNAL;
void dh_onnx_data_free (DhOnnxData *data) G_GNUC_INTERNAL;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhOnnxData, dh_onnx_data_free)
/* A view of `size` bytes of a file. */
GBytes *dh_onnx_data_get (DhOnnxData *data, const char *location, guint64 offset, guint64 size,
                          GError **error) G_GNUC_INTERNAL;
/* Of a file with this SHA-256 and of what was read beside it: the same one where that is nothing. Free with g_free. */
char *dh_onnx_data_add_to_sha256 (const DhOnnxData *data, const char *sha256) G_GNUC_INTERNAL;

G_END_DECLS

#pragma once
#include "dh-onnx.h"

G_BEGIN_DECLS

/* An ONNX model being made: nodes are encoded as they come, tensors are kept by reference until they are written.
 * Source of all field numbers: onnx.proto. */
typedef struct _DhOnnxFile DhOnnxFile;

/* TensorProto.DataType */
enum
{
  DH_ONNX_FLOAT = 1,
  DH_ONNX_UINT8 = 2,
  DH_ONNX_INT64 = 7,
};

DhOnnxFile *dh_onnx_file_new (void) G_GNUC_INTERNAL;
void dh_onnx_file_free (DhOnnxFile *file) G_GNUC_INTERNAL;
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhOnnxFile, dh_onnx_file_free)

/* Begins a node that makes one value of the values named, up to a NULL ("": an optional one that is left out); what
 * follows up to the next node are its attributes. The value's name is `label`, with a number behind it where that is
 * taken. Borrowed from `file`, as all names. */
const char *dh_onnx_file_node (DhOnnxFile *file, const char *operation, const char *label, const char *input,
                               ...) G_GNUC_NULL_TERMINATED G_GNUC_INTERNAL;
/* The same of any number of values. */
const char *dh_onnx_file_node_of (DhOnnxFile *file, const char *operation, const char *label, const char *const *inputs,
                                  guint n_inputs) G_GNUC_INTERNAL;
void dh_onnx_file_set_int (DhOnnxFile *file, const char *attribute, gint64 value) G_GNUC_INTERNAL;
void dh_onnx_file_set_ints (DhOnnxFile *file, const char *attribute, guint n, const gint64 *values) G_GNUC_INTERNAL;
void dh_onnx_file_set_float (DhOnnxFile *file, const char *attribute, float value) G_GNUC_INTERNAL;
void dh_onnx_file_set_string (DhOnnxFile *file, const char *attribute, const char *value) G_GNUC_INTERNAL;

/* A constant: int64, or any float dtype, which is written as float32. `tensor` is taken. Returns its name, as above. */
const char *dh_onnx_file_tensor (DhOnnxFile *file, const char *label, DhTensor *tensor) G_GNUC_INTERNAL;
const char *dh_onnx_file_floats (DhOnnxFile *file, const char *label, guint n_dims, const gint64 *dims,
                                 const float *values) G_GNUC_INTERNAL;
const char *dh_onnx_file_int64s (DhOnnxFile *file, const char *label, guint n_dims, const gint64 *dims,
                                 const gint64 *values) G_GNUC_INTERNAL;

/* A name that nothing gets until it is released: an output's. */
void dh_onnx_file_reserve (DhOnnxFile *file, const char *name) G_GNUC_INTERNAL;
void dh_onnx_file_release (DhOnnxFile *file, const char *name) G_GNUC_INTERNAL;

/* What goes in and comes out. A side below 0 may be of any length. */
void dh_onnx_file_add_input (DhOnnxFile *file, const char *name, gint type, guint n_dims,
                             const gint64 *dims) G_GNUC_INTERNAL;
void dh_onnx_file_add_output (DhOnnxFile *file, const char *name, gint type, guint n_dims,
                              const gint64 *dims) G_GNUC_INTERNAL;

/* Of `contents`: name, description and metadata. Errors: DH_ERROR_TOO_LARGE, DH_ERROR_IO, DH_ERROR_NO_MEMORY. */
gboolean dh_onnx_file_write (DhOnnxFile *file, const char *path, const DhOnnxContents *contents,
                             GError **error) G_GNUC_INTERNAL;

/* dh-onnx-transformer.c: `weight` and `bias` are 1×C×1×1, values N×C×H×W. `sides`: height and width of the result as
 * the file reckons them; NULL: those of `to`. */
const char *dh_onnx_write_layer_norm (DhOnnxFile *file, const char *label, const char *x, const char *weight,
                                      const char *bias, double epsilon) G_GNUC_INTERNAL;
const char *dh_onnx_write_gelu (DhOnnxFile *file, const char *x, gboolean by_tanh) G_GNUC_INTERNAL;
const char *dh_onnx_write_attention (DhOnnxFile *file, const char *label, const char *const x[3], const DhShape from[3],
                                     DhShape to, const char *sides, gint heads, double scale) G_GNUC_INTERNAL;

/* The nodes of one map of the class logits `f` and the outlier logits `g` (NULL where the map does not read them).
 * `likelihood`: that map's name where it was made already, else NULL. */
const char *dh_onnx_score (DhOnnxFile *file, DhMap map, const char *f, const char *g,
                           const char *likelihood) G_GNUC_INTERNAL;

G_END_DECLS

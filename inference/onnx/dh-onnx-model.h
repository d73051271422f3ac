#pragma once
#include <gio/gio.h>
#include "dh-tensor.h"

G_BEGIN_DECLS

/* An ONNX file as it is read: nodes, constants, what goes in and what comes out, in the file's own words. What they
 * mean, and whether they fit together, is another's matter (dh-onnx-net.h). Source of all field numbers: onnx.proto.
 * Immutable; any thread may read it. */

/* AttributeProto.AttributeType, of those that are read */
typedef enum
{
  DH_ONNX_ATTRIBUTE_OTHER, /* graphs, lists of strings or tensors, what constants are left out for: known by name */
  DH_ONNX_ATTRIBUTE_FLOAT,
  DH_ONNX_ATTRIBUTE_INT,
  DH_ONNX_ATTRIBUTE_STRING,
  DH_ONNX_ATTRIBUTE_TENSOR,
  DH_ONNX_ATTRIBUTE_FLOATS,
  DH_ONNX_ATTRIBUTE_INTS,
} DhOnnxAttributeType;

typedef struct
{
  char *name;
  DhOnnxAttributeType type;
  float number;     /* FLOAT */
  gint64 integer;   /* INT */
  char *string;     /* STRING, valid UTF-8; else NULL */
  DhTensor *tensor; /* TENSOR; else NULL */
  GArray *numbers;  /* FLOATS, of float; else NULL */
  GArray *integers; /* INTS, of gint64; else NULL */
} DhOnnxAttribute;

typedef struct
{
  char *name;               /* "" where it has none */
  char *operation, *domain; /* "Conv"; "" is ONNX's own domain ("ai.onnx" is read as that) */
  GPtrArray *inputs;        /* char *; "": left out */
  GPtrArray *outputs;       /* char *; "": not wanted */
  GPtrArray *attributes;    /* DhOnnxAttribute * */
} DhOnnxNode;

/* What goes into the graph or comes out. */
typedef struct
{
  char *name;
  gint type;                /* TensorProto.DataType; 0 where it is no tensor, or not told */
  gint n_dims;              /* −1 where the shape is not told, or has more than DH_MAX_DIMS */
  gint64 dims[DH_MAX_DIMS]; /* −1 where it is variable */
} DhOnnxValue;

typedef struct
{
  gatomicrefcount refs;
  gint64 ir_version;
  gint64 operator_set;     /* of ONNX's own domain */
  char *producer;          /* "pytorch 2.11.0"; "" where it is not told */
  GPtrArray *nodes;        /* DhOnnxNode *, as they stand in the file: in topological order, if it is a valid one */
  DhTensorDict *constants; /* initializers by name */
  GPtrArray *inputs;       /* DhOnnxValue *, without those that are constants, be they read or left out */
  GPtrArray *outputs;      /* DhOnnxValue * */
  GHashTable *metadata;    /* string → string; never NULL */
  char *sha256;            /* 64 hexadecimal digits, of the file's bytes; with external data of the digits of the file
                            * and of each file beside it, in the order in which they are first named */
} DhOnnxModel;

/* Whether bytes (the first few hundred of a file are enough) look like an ONNX file: they parse as the beginning of a
 * ModelProto with an IR version of 1 to 100 and a graph, a producer or operator sets behind it. */
gboolean dh_onnx_looks_like (gconstpointer data, gsize length);

/* Reads all of it; external data ("location", "offset", "length") from files beside it, in its own folder or below that
 * alone, whatever the path says or links to. (Where `path` is a symbolic link, the folder that the file itself lies in
 * does as well, so that links of a cache of downloads may stand beside each other.) Constants are views into the file's
 * bytes wherever they lie there as raw data, and may be unaligned in memory. dtypes of DhDtype are read; constants of
 * others (strings, complex, unsigned of 16 bits and more, floats of 8 bits, all below 8) are no error: they are left
 * out of `constants`, and so is what has more than DH_MAX_DIMS dimensions, and what is sparse. Names are UTF-8 without
 * control characters, so that they can stand in messages as they are; others are an error, and so are two constants, or
 * two attributes of a node, of one name. Where else anything stands twice that can be there once, the last counts, and
 * a second graph is added to the first. Errors, each naming the file: DH_ERROR_NOT_FOUND and DH_ERROR_IO (it or its
 * data cannot be opened), DH_ERROR_INVALID (truncated, broken, hostile; no ONNX file), DH_ERROR_TOO_LARGE (over a limit
 * that is checked before memory is spent), DH_ERROR_UNSUPPORTED (no operator set of ONNX's own domain; a tensor in
 * segments), DH_ERROR_NO_MEMORY. */
DhOnnxModel *dh_onnx_model_read (const char *path, GError **error);
/* `name` stands in messages; NULL `folder`: external data are an error. A reference to `bytes` is kept. */
DhOnnxModel *dh_onnx_model_read_bytes (GBytes *bytes, const char *name, const char *folder, GError **error);
DhOnnxModel *dh_onnx_model_ref (DhOnnxModel *model);
void dh_onnx_model_unref (DhOnnxModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhOnnxModel, dh_onnx_model_unref)

/* NULL where the node has none of that name and type. Borrowed. */
const DhOnnxAttribute *dh_onnx_node_get (const DhOnnxNode *node, const char *name, DhOnnxAttributeType type);
/* The number, or `otherwise` where the node does not have it. */
gint64 dh_onnx_node_get_int (const DhOnnxNode *node, const char *name, gint64 otherwise);
double dh_onnx_node_get_float (const DhOnnxNode *node, const char *name, double otherwise);
/* Borrowed; `otherwise` where the node does not have it. */
const char *dh_onnx_node_get_string (const DhOnnxNode *node, const char *name, const char *otherwise);

G_END_DECLS

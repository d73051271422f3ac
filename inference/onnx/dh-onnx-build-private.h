#pragma once
#include "dh-onnx-layout-private.h"
#include "dh-onnx-net.h"

G_BEGIN_DECLS

/* Of what exporters write in several operators: what one of them makes, of x (`of`) by `number`. */
typedef enum
{
  DH_ONNX_NO_PART,
  DH_ONNX_MEAN,      /* of x, over the channels of each pixel */
  DH_ONNX_APART,     /* x less that */
  DH_ONNX_SQUARES,   /* of that */
  DH_ONNX_VARIANCE,  /* the mean of these, and number */
  DH_ONNX_DEVIATION, /* the root of that */
  DH_ONNX_INVERSE,   /* 1 by that */
  DH_ONNX_TIMES,     /* number · x */
  DH_ONNX_ERF,       /* erf (x / √2) */
  DH_ONNX_GATE,      /* number · (1 + that) */
  DH_ONNX_GATED,     /* x times that */
  DH_ONNX_PRODUCTS,  /* number · x · other, of queries and keys */
  DH_ONNX_WEIGHTS,   /* softmax of these over the keys */
} DhOnnxPart;

/* What is known of a value by name. One of four: a value of the graph, numbers, a tensor of the file's, or a part. */
typedef struct
{
  DhValue value;       /* of the graph; DH_NO_VALUE where it is none */
  const char *ended;   /* "Softmax", "ArgMax": nothing but an output may read it; NULL: anything may. Static */
  DhOnnxLayout layout; /* of a value, or of what a part is of */
  gint classes;        /* of a value, the axis of its channels: 1 but where it ended */
  gboolean flat;       /* it ended by losing that axis, of one channel, and goes on where it has it again */
  DhTensor *tensor;    /* a constant; NULL: none */
  GArray *numbers;     /* double: reckoned ones, or a small constant's; NULL: none */
  gboolean whole;      /* the numbers are integers */
  DhValue like;        /* whose height and width stand among the numbers; else DH_NO_VALUE */
  DhOnnxPart part;
  DhValue of, other;
  double number;
  gint heads;
  DhOnnxAxis others; /* the axis of the keys, whose layout else is that of the queries */
} DhOnnxKnown;

enum
{
  DH_ONNX_ELSEWHERE = 2
};

typedef struct
{
  const DhOnnxModel *model;
  DhGraph *graph;
  DhValue input;
  DhShape nominal; /* of the input */
  gboolean sized;  /* that is the file's */
  DhShape *shapes; /* of the first `n_shapes` values at that size */
  guint n_shapes;
  GHashTable *known;            /* name → DhOnnxKnown */
  GHashTable *labels;           /* names of parameters that are taken */
  DhTensorDict *tensors;        /* parameters */
  GHashTable *readers;          /* name → GPtrArray of DhOnnxNode */
  gboolean align_corners;       /* of the last resize */
  GArray *likes;                /* DhValue, of each resize, as they come: as large as what; DH_NO_VALUE: as it was */
  const GArray *known_likes;    /* at another size these; NULL: they are to be found */
  GPtrArray *forms;             /* char *, of each change of a value's form, as they come */
  const GPtrArray *known_forms; /* at another size these */
  GHashTable *done;             /* DhOnnxNode that earlier ones have taken up */
  GHashTable *halves;           /* DhValue + 1 → that + 1 of which it is the half */
  DhOnnxLayout layout; /* in which the values stand that the node under way reads and makes; n = 0: N×C×H×W */
  guint elsewhere;     /* which of so many other sizes this is looked at, from 1 on; 0: the nominal one */
  gboolean differs;    /* one of them is of another size here than the file says */
} DhOnnxBuild;

/* All return FALSE with an error that names the node. */
typedef gboolean (*DhOnnxOperation) (DhOnnxBuild *build, const DhOnnxNode *node, GError **error);
/* NULL where it is not known here. */
DhOnnxOperation dh_onnx_operation (const DhOnnxNode *node) G_GNUC_INTERNAL;
/* Whether it does the same to each element, or to each with the one that stands there in another. */
gboolean dh_onnx_is_pointwise (const DhOnnxNode *node) G_GNUC_INTERNAL;

/* dh-onnx-begin.c: the picture, the constants and who reads what; and whether all operators are known. */
gboolean dh_onnx_begin (DhOnnxBuild *build, const DhOnnxPictures *pictures, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_check_operations (const DhOnnxModel *model, GError **error) G_GNUC_INTERNAL;

/* dh-onnx-net.c */
const char *dh_onnx_name_of (const DhOnnxNode *node) G_GNUC_INTERNAL; /* for people */
gboolean dh_onnx_refuse (const DhOnnxNode *node, GError **error, const char *format, ...)
    G_GNUC_PRINTF (3, 4) G_GNUC_INTERNAL;
/* Of TensorProto.DataType: FLOAT, FLOAT16, DOUBLE, BFLOAT16. */
gboolean dh_onnx_is_real (gint64 type) G_GNUC_INTERNAL;
/* Whether it names one, known or not. */
gboolean dh_onnx_has_input (const DhOnnxNode *node, guint index) G_GNUC_INTERNAL;
/* NULL where nothing of that name is known, or there is no such input. */
const DhOnnxKnown *dh_onnx_input (DhOnnxBuild *build, const DhOnnxNode *node, guint index) G_GNUC_INTERNAL;
/* The same where it must be a value of the graph that goes on; else DH_NO_VALUE with an error. */
DhValue dh_onnx_value (DhOnnxBuild *build, const DhOnnxNode *node, guint index, GError **error) G_GNUC_INTERNAL;
/* Its numbers, made of a constant of at most 65536 where they are not there yet; NULL: it has none. */
const GArray *dh_onnx_numbers (DhOnnxBuild *build, const DhOnnxNode *node, guint index) G_GNUC_INTERNAL;
/* Takes `numbers`. */
gboolean dh_onnx_take_numbers (DhOnnxBuild *build, const DhOnnxNode *node, GArray *numbers, gboolean whole,
                               DhValue like) G_GNUC_INTERNAL;
gboolean dh_onnx_take_value (DhOnnxBuild *build, const DhOnnxNode *node, DhValue value) G_GNUC_INTERNAL;
gboolean dh_onnx_take_part (DhOnnxBuild *build, const DhOnnxNode *node, DhOnnxKnown part) G_GNUC_INTERNAL;
/* The first output is the input of that index by another name. */
gboolean dh_onnx_pass (DhOnnxBuild *build, const DhOnnxNode *node, guint index, const char *ended,
                       GError **error) G_GNUC_INTERNAL;
/* At the nominal size; FALSE with an error where the values do not fit together. */
gboolean dh_onnx_shape (DhOnnxBuild *build, const DhOnnxNode *node, DhValue value, DhShape *shape,
                        GError **error) G_GNUC_INTERNAL;
/* A name of parameters that nothing has yet, from a tensor's; borrowed. */
const char *dh_onnx_label (DhOnnxBuild *build, const char *tensor, const DhOnnxNode *node) G_GNUC_INTERNAL;
/* {label}{suffix} of n numbers; FALSE where memory is short. */
gboolean dh_onnx_take_floats (DhOnnxBuild *build, const char *label, const char *suffix, guint n, const float *values,
                              GError **error) G_GNUC_INTERNAL;

/* dh-onnx-outputs.c: the net, when all nodes were visited; errors as dh_onnx_net_new(). */
DhNet *dh_onnx_finish (DhOnnxBuild *build, const DhOnnxPictures *pictures, GError **error) G_GNUC_INTERNAL;

/* dh-onnx-numbers.c: what is reckoned from shapes. */
gboolean dh_onnx_do_shape (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_do_constant (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_do_fill (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_do_gather (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_do_slice (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
/* The input has some. */
gboolean dh_onnx_reshape_numbers (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_do_round (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
/* As reals, or cut off as integers; the input has some. */
gboolean dh_onnx_cast_numbers (DhOnnxBuild *build, const DhOnnxNode *node, gboolean real,
                               GError **error) G_GNUC_INTERNAL;
/* Add, Sub, Mul, Div of numbers; both inputs have some. */
gboolean dh_onnx_reckon (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_join_numbers (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;

/* dh-onnx-ops.c: one number, or one a channel, which stand in the layout's axis of channels: 1, C×1×1 or 1×C×1×1 for
 * N×C×H×W. FALSE where it is neither. */
gboolean dh_onnx_read_channels (const DhOnnxKnown *known, const DhOnnxLayout *layout, gint channels,
                                float *values) G_GNUC_INTERNAL;
/* weight · x + bias by channel; DH_NO_VALUE with an error. */
DhValue dh_onnx_scale (DhOnnxBuild *build, const DhOnnxNode *node, DhValue x, const float *weight, const float *bias,
                       GError **error) G_GNUC_INTERNAL;

/* dh-onnx-activations.c: functions of one value at a time, and products, which some of them are written as. */
gboolean dh_onnx_do_activation (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_do_clip (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_do_maximum (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_do_multiply (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;

/* dh-onnx-tokens.c: the layout of an input that is a value, with its axes named. */
gboolean dh_onnx_read_layout (DhOnnxBuild *build, const DhOnnxNode *node, guint index, DhOnnxLayout *layout,
                              DhShape *shape, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_transpose_value (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_reshape_value (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_do_linear (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;

/* dh-onnx-attention.c */
gboolean dh_onnx_do_matmul (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_do_attention (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
/* Softmax of a part. */
gboolean dh_onnx_weigh (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
/* The input of that index are products. */
gboolean dh_onnx_scale_products (DhOnnxBuild *build, const DhOnnxNode *node, guint part,
                                 GError **error) G_GNUC_INTERNAL;

/* dh-onnx-parts.c: one finite number that no size was reckoned from. */
gboolean dh_onnx_read_number (DhOnnxBuild *build, const DhOnnxNode *node, guint index, double *number) G_GNUC_INTERNAL;
gboolean dh_onnx_do_layer_norm (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_do_erf (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
/* A mean, and a product: whether it is the first part of a layer norm, and of a GELU, and was taken as that. */
gboolean dh_onnx_begin_layer_norm (DhOnnxBuild *build, const DhOnnxNode *node, gboolean *begun,
                                   GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_begin_gelu (DhOnnxBuild *build, const DhOnnxNode *node, gboolean *begun,
                             GError **error) G_GNUC_INTERNAL;
/* Of an input that is a part. */
gboolean dh_onnx_go_on (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;

/* dh-onnx-transposed.c: what makes a value larger by its channels. */
gboolean dh_onnx_do_transposed (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_do_depth_to_space (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;

/* dh-onnx-resize.c */
gboolean dh_onnx_do_resize (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;

/* dh-onnx-windows.c: what slides over a value. */
gboolean dh_onnx_do_conv (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
gboolean dh_onnx_do_pool (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;
/* A mean over height and width, or a mean or sum over channels. */
gboolean dh_onnx_do_mean (DhOnnxBuild *build, const DhOnnxNode *node, GError **error) G_GNUC_INTERNAL;

G_END_DECLS

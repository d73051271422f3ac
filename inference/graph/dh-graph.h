#pragma once
#include <gio/gio.h>
#include "dh-map.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

/* A network as data: nodes in topological order, each making one value (N×C×H×W). Free of shapes but for channel
 * counts: one graph serves every picture size. Parameters are referred to by the checkpoint's own names; their values
 * stand in a DhTensorDict, not here. Built once, then immutable: any thread may read it. */

typedef enum
{
  DH_OP_INPUT,         /* the picture: RGB in [0, 1] */
  DH_OP_CHANNEL_SCALE, /* (x − mean_c) / deviation_c, constants of the graph */
  DH_OP_CONV,          /* {name}.weight O×(I/groups)×k×k, {name}.bias O where `bias`; a group of outputs reads the
                          group of inputs that stands as far from the first */
  DH_OP_NORM,          /* batch norm: {name}.weight, .bias, .running_mean, .running_var; epsilon 1e-5 */
  DH_OP_LAYER_NORM,    /* over the channels of each pixel: {name}.weight, .bias; of the biased variance and `epsilon` */
  DH_OP_RELU,
  DH_OP_ACTIVATION,    /* any other function of one value at a time: DhActivation */
  DH_OP_ADD,           /* two values of one shape */
  DH_OP_MULTIPLY,      /* a value by another of its shape, or of 1 channel, or 1×1 large, or both: that is a gate */
  DH_OP_ATTENTION,     /* of queries, keys, values: at each pixel of the first, by `heads` that channels are cut into,
                          the mean of the third's pixels, weighted by softmax (scale · query · key) over all of them */
  DH_OP_CONCAT,        /* along channels */
  DH_OP_MAX_POOL,      /* kernel, stride, padding (padding never wins) */
  DH_OP_AVERAGE_POOL,  /* kernel, stride, padding not counted in the mean */
  DH_OP_ADAPTIVE_POOL, /* mean over a grid of `grid_rows` rows × (`grid_by_aspect` ? max (1, rint (grid_rows·W/H) half
                          to even, the quotient W/H in double) : grid_rows) columns; window of cell i of n along a side
                          of length L: [⌊i·L/n⌋, ⌈(i+1)·L/n⌉) */
  DH_OP_RESIZE,        /* bilinear to the height and width of the value `like`, never antialiased; or `nearest`: place i
                          of n along a side of length L reads ⌊i·L/n⌋ */
  DH_OP_DEPTH_TO_SPACE, /* channel c·b² + i·b + j at (y, x) becomes channel c at (y·b + i, x·b + j), b the `kernel` */
  DH_OP_DROPOUT,        /* whole channels with probability p in training; the identity otherwise */
  DH_OP_SCORE, /* logits f and outlier logits g at full resolution → one map (dh-map.h, dh-score.h). The inputs
                  are just what the map reads: f; for the dataset posterior and logits_ood g; for hybrid f, g */
  DH_N_OPS,
} DhOp;

/* What a DH_OP_ACTIVATION does to x. NaN stays NaN. */
typedef enum
{
  DH_ACTIVATION_CLIP,         /* min (max (x, alpha), beta) */
  DH_ACTIVATION_LEAKY,        /* x < 0 ? alpha·x : x */
  DH_ACTIVATION_HARD_SIGMOID, /* min (max (alpha·x + beta, 0), 1) */
  DH_ACTIVATION_HARD_SWISH,   /* x times that */
  DH_ACTIVATION_SIGMOID,      /* 1 / (1 + exp (−x)) */
  DH_ACTIVATION_SILU,         /* x times that */
  DH_ACTIVATION_GELU,         /* x · (1 + erf (x / √2)) / 2 */
  DH_ACTIVATION_GELU_TANH,    /* x · (1 + tanh (√(2/π) · (x + 0.044715 x³))) / 2 */
  DH_N_ACTIVATIONS,
} DhActivationKind;
typedef struct
{
  DhActivationKind kind;
  float alpha, beta; /* 0 where the kind has none */
} DhActivation;

/* A value is named by the position of the node that makes it. */
typedef gint32 DhValue;
#define DH_NO_VALUE ((DhValue)-1)

typedef struct
{
  DhOp op;
  guint n_inputs;
  const DhValue *inputs; /* all smaller than the node's own position */
  const char *name;      /* prefix of its parameters, or a label for people; never NULL */
  gint channels;         /* of the value made; DH_OP_SCORE: 1, but K and 2 for the two logits maps */
  /* DH_OP_CONV and the pools */
  gint kernel, stride, padding, dilation;
  gboolean bias;
  gint groups;        /* of a convolution; else 1 */
  gboolean rounds_up; /* of a pool: what is left for less than a whole window has one, too, which the edge cuts off */
  /* DH_OP_NORM */
  double momentum; /* of the running statistics in training: new = (1 − momentum)·old + momentum·batch */
  /* DH_OP_LAYER_NORM */
  double epsilon; /* above 0 */
  /* DH_OP_ATTENTION */
  gint heads;
  double scale;
  /* DH_OP_ADAPTIVE_POOL */
  gint grid_rows;
  gboolean grid_by_aspect;
  /* DH_OP_RESIZE */
  DhValue like; /* gives height and width; need not be among the inputs, and its contents are not read */
  gboolean align_corners, nearest;
  gint factor;       /* above 0: so many times as large as it was, whatever `like` */
  double factors[2]; /* of rows and columns, where sizes that are not so many times as large are an error; else 0 */
  /* DH_OP_ACTIVATION */
  DhActivation activation;
  /* DH_OP_DROPOUT */
  double probability;
  /* DH_OP_SCORE */
  DhMap map;
  /* DH_OP_CHANNEL_SCALE */
  float mean[3], deviation[3];
} DhNode;

typedef struct _DhGraph DhGraph;

DhGraph *dh_graph_new (void);
DhGraph *dh_graph_ref (DhGraph *graph);
void dh_graph_unref (DhGraph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhGraph, dh_graph_unref)

/* Building. `name` is copied; a node without parameters is labelled by its first input's name, a score by its map's. A
 * wrong channel count or a forward reference is a programmer error. */
typedef struct
{
  gint out, kernel, stride, padding, dilation; /* stride and dilation 0 mean 1 */
  gboolean bias;
  gint groups; /* 0 means 1; divides both numbers of channels */
} DhConv;
DhValue dh_graph_input (DhGraph *graph, gint channels);
DhValue dh_graph_channel_scale (DhGraph *graph, DhValue x, const float mean[3], const float deviation[3]);
DhValue dh_graph_conv (DhGraph *graph, DhValue x, const char *name, DhConv conv);
DhValue dh_graph_norm (DhGraph *graph, DhValue x, const char *name, double momentum);
DhValue dh_graph_layer_norm (DhGraph *graph, DhValue x, const char *name, double epsilon);
DhValue dh_graph_relu (DhGraph *graph, DhValue x);
DhValue dh_graph_activation (DhGraph *graph, DhValue x, DhActivation activation);
DhValue dh_graph_add (DhGraph *graph, DhValue a, DhValue b);
DhValue dh_graph_multiply (DhGraph *graph, DhValue x, DhValue by);
/* Queries and keys have as many channels, keys and values as many pixels; `heads` divides channels. */
DhValue dh_graph_attention (DhGraph *graph, DhValue queries, DhValue keys, DhValue values, gint heads, double scale);
DhValue dh_graph_concat (DhGraph *graph, const DhValue *values, guint n_values);
DhValue dh_graph_max_pool (DhGraph *graph, DhValue x, gint kernel, gint stride, gint padding);
DhValue dh_graph_average_pool (DhGraph *graph, DhValue x, gint kernel, gint stride, gint padding);
/* One of the two, with as many windows as begin inside the value or the padding before it, be they whole or not. */
DhValue dh_graph_pool_rounded_up (DhGraph *graph, DhOp op, DhValue x, gint kernel, gint stride, gint padding);
DhValue dh_graph_adaptive_pool (DhGraph *graph, DhValue x, gint grid_rows, gboolean grid_by_aspect);
DhValue dh_graph_resize (DhGraph *graph, DhValue x, DhValue like, gboolean align_corners);
/* Bilinear between pixels' centres, which lie apart by these factors: `like` must be exactly so many times as large. */
DhValue dh_graph_resize_by (DhGraph *graph, DhValue x, DhValue like, const double factors[2]);
/* To the size of `like`, or, where that is DH_NO_VALUE, `factor` times as large. */
DhValue dh_graph_resize_nearest (DhGraph *graph, DhValue x, DhValue like, gint factor);
DhValue dh_graph_depth_to_space (DhGraph *graph, DhValue x, gint block);
DhValue dh_graph_dropout (DhGraph *graph, DhValue x, double probability);
/* `logits_ood` is DH_NO_VALUE in a closed-set network. */
DhValue dh_graph_score (DhGraph *graph, DhMap map, DhValue logits, DhValue logits_ood);

guint dh_graph_size (const DhGraph *graph);
const DhNode *dh_graph_node (const DhGraph *graph, DhValue value);

/* N, C, H, W of one value. */
typedef struct
{
  gint n, c, h, w;
} DhShape;

/* The shape of every value for an input of this shape: an array of dh_graph_size() entries, free with g_free. Errors:
 * DH_ERROR_TOO_LARGE where a size overflows, DH_ERROR_INVALID where a spatial size would become 0, DH_ERROR_MISMATCH
 * where an add's or a product's shapes differ, or a resize's are not as many times as large as it says. */
DhShape *dh_graph_infer_shapes (const DhGraph *graph, DhShape input, GError **error);

/* TRUE for every node that must run to deliver `outputs` (all nodes where n_outputs is 0): what stands behind a value
 * that is only the `like` of a resize is not among them. dh_graph_size() entries, free with g_free. */
gboolean *dh_graph_mark_needed (const DhGraph *graph, const DhValue *outputs, guint n_outputs);

/* A copy whose norms are part of the convolution behind which they stand, where nobody but them, no output among
 * `outputs` and no other convolution of its parameters reads its value without them; such convolutions have a bias.
 * values[v] becomes the copy's value of each v; dh_graph_size() entries. What the parameters become is the caller's:
 * dh_graph_node (copy, values[v]) is a convolution where v was a norm that went into it. */
DhGraph *dh_graph_new_folded (const DhGraph *graph, const DhValue *outputs, guint n_outputs, DhValue *values);

/* The parameter and buffer tensors that the nodes need for `outputs` (all nodes where n_outputs is 0), in order:
 * (name, shape) pairs, so that a state dict can be checked, made or counted. */
typedef struct
{
  char *name;
  guint n_dims;
  gint64 dims[4];
  DhValue node;
  gboolean trained; /* FALSE for running statistics */
} DhParameter;
/* GArray of DhParameter that frees its names; free with g_array_unref. */
GArray *dh_graph_list_parameters (const DhGraph *graph, const DhValue *outputs, guint n_outputs);

/* Work of one run for these shapes, 2 FLOP per multiply-add of convolutions and of attention's products. */
double dh_graph_flop (const DhGraph *graph, const DhShape *shapes, const DhValue *outputs, guint n_outputs);

/* The share of one node. */
double dh_graph_node_flop (const DhGraph *graph, const DhShape *shapes, DhValue value);

const char *dh_op_name (DhOp op);
/* Of one kind of DH_OP_ACTIVATION: "hard swish". Static. */
const char *dh_activation_name (DhActivationKind kind);

G_END_DECLS

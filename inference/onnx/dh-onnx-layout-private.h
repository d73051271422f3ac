#pragma once
#include "dh-graph.h"

G_BEGIN_DECLS

/* How a value of the graph, which is N×C×H×W of one picture, stands in a tensor of the file's: which of its sides each
 * axis goes along. Tokens N×HW×C are such a form, and heads are the outer part of C. A form says what every element is,
 * so that a change of it costs nothing and is exact. */

enum
{
  DH_ONNX_MOST_AXES = 6,
  DH_ONNX_MOST_STRETCHES = 4,
};

typedef enum
{
  DH_ONNX_CHANNELS,
  DH_ONNX_ROWS,
  DH_ONNX_COLUMNS,
} DhOnnxSide;

/* Of an axis that goes along more than one, the first is the slowest. A stretch of one element is none. */
typedef struct
{
  DhOnnxSide side;
  gint size, step; /* step: of channels; rows and columns are whole, and their step is 1 */
} DhOnnxStretch;

typedef struct
{
  guint n;
  DhOnnxStretch stretches[DH_ONNX_MOST_STRETCHES];
} DhOnnxAxis;

typedef struct
{
  guint n; /* 0: N×C×H×W */
  DhOnnxAxis axes[DH_ONNX_MOST_AXES];
} DhOnnxLayout;

/* The same with its axes named. */
DhOnnxLayout dh_onnx_layout_full (const DhOnnxLayout *layout, DhShape shape) G_GNUC_INTERNAL;
/* With n = 0 where it is N×C×H×W. */
DhOnnxLayout dh_onnx_layout_plain (const DhOnnxLayout *layout, DhShape shape) G_GNUC_INTERNAL;
gboolean dh_onnx_layout_equal (const DhOnnxLayout *a, const DhOnnxLayout *b) G_GNUC_INTERNAL;
gboolean dh_onnx_axis_equal (const DhOnnxAxis *a, const DhOnnxAxis *b) G_GNUC_INTERNAL;
gint64 dh_onnx_axis_size (const DhOnnxAxis *axis) G_GNUC_INTERNAL;
/* A part of the channels: `size` of them, `step` apart; 1: none. */
DhOnnxAxis dh_onnx_axis_channels (gint size, gint step) G_GNUC_INTERNAL;
/* Whether it is every pixel once, in whatever order, and no channel. */
gboolean dh_onnx_axis_is_pixels (const DhOnnxAxis *axis, DhShape shape) G_GNUC_INTERNAL;
/* The axis of all channels, in order; −1 where there is none. */
gint dh_onnx_layout_channels (const DhOnnxLayout *layout, gint channels) G_GNUC_INTERNAL;
/* To these sizes, all known. FALSE: rows or columns are cut, or it is none of ours. */
gboolean dh_onnx_layout_reshape (DhOnnxLayout *layout, guint n, const gint64 *sizes) G_GNUC_INTERNAL;

G_END_DECLS

#include "dh-onnx-private.h"

#include <math.h>

/* What the operator set that is written has no operator for, in those that it has. */

static const char *
add_number (DhOnnxFile *file, const char *operation, const char *label, const char *x, double number)
{
  const float value = (float)number;
  return dh_onnx_file_node (file, operation, label, x, dh_onnx_file_floats (file, "number", 0, NULL, &value), NULL);
}

static const char *
add_mean (DhOnnxFile *file, const char *label, const char *x)
{
  const gint64 channels = 1;
  const char *y = dh_onnx_file_node (file, "ReduceMean", label, x, NULL);
  dh_onnx_file_set_ints (file, "axes", 1, &channels);
  return y;
}

const char *
dh_onnx_write_layer_norm (DhOnnxFile *file, const char *label, const char *x, const char *weight, const char *bias,
                          double epsilon)
{
  const char *apart = dh_onnx_file_node (file, "Sub", "apart", x, add_mean (file, "mean", x), NULL);
  const char *y = dh_onnx_file_node (file, "Mul", "squares", apart, apart, NULL);
  y = add_number (file, "Add", "variance", add_mean (file, "variance", y), epsilon);
  y = dh_onnx_file_node (file, "Div", "normalised", apart, dh_onnx_file_node (file, "Sqrt", "deviation", y, NULL),
                         NULL);
  return dh_onnx_file_node (file, "Add", label, dh_onnx_file_node (file, "Mul", "weighted", y, weight, NULL), bias,
                            NULL);
}

const char *
dh_onnx_write_gelu (DhOnnxFile *file, const char *x, gboolean by_tanh)
{
  if (by_tanh) /* x · sigmoid (2 √(2/π) (x + 0.044715 x³)) */
    {
      const double factor = 2 * sqrt (2 / G_PI);
      const char *y = dh_onnx_file_node (file, "Mul", "square", x, x, NULL);
      y = add_number (file, "Add", "line", add_number (file, "Mul", "square", y, 0.044715 * factor), factor);
      y = dh_onnx_file_node (file, "Sigmoid", "gate", dh_onnx_file_node (file, "Mul", "cubic", x, y, NULL), NULL);
      return dh_onnx_file_node (file, "Mul", "gelu", x, y, NULL);
    }
  const char *y = dh_onnx_file_node (file, "Erf", "erf", add_number (file, "Div", "scaled", x, G_SQRT2), NULL);
  y = dh_onnx_file_node (file, "Mul", "gate", x, add_number (file, "Add", "erf", y, 1), NULL);
  return add_number (file, "Mul", "gelu", y, 0.5);
}

/* N × heads × channels × pixels, or the last two exchanged. */
static const char *
add_heads (DhOnnxFile *file, const char *x, DhShape shape, gint heads, gboolean turned)
{
  /* Whatever the size of the picture. */
  const gint64 sizes[] = { 0, heads, shape.c / heads, -1 }, four = 4;
  const gint64 order[] = { 0, 1, 3, 2 };
  x = dh_onnx_file_node (file, "Reshape", "heads", x, dh_onnx_file_int64s (file, "sizes", 1, &four, sizes), NULL);
  if (!turned)
    return x;
  x = dh_onnx_file_node (file, "Transpose", "heads", x, NULL);
  dh_onnx_file_set_ints (file, "perm", 4, order);
  return x;
}

const char *
dh_onnx_write_attention (DhOnnxFile *file, const char *label, const char *const x[3], const DhShape from[3], DhShape to,
                         const char *sides, gint heads, double scale)
{
  const gint64 sizes[] = { sides ? 0 : to.n, to.c, to.h, to.w }, n = sides ? 2 : 4, order[] = { 0, 1, 3, 2 };
  const char *queries = add_heads (file, x[0], from[0], heads, TRUE);
  const char *y =
      dh_onnx_file_node (file, "MatMul", "products", queries, add_heads (file, x[1], from[1], heads, FALSE), NULL);
  y = dh_onnx_file_node (file, "Softmax", "weights", add_number (file, "Mul", "products", y, scale), NULL);
  dh_onnx_file_set_int (file, "axis", 3);
  y = dh_onnx_file_node (file, "MatMul", "means", y, add_heads (file, x[2], from[2], heads, TRUE), NULL);
  y = dh_onnx_file_node (file, "Transpose", "means", y, NULL);
  dh_onnx_file_set_ints (file, "perm", 4, order);
  const char *form = dh_onnx_file_int64s (file, "sizes", 1, &n, sizes);
  if (sides)
    {
      form = dh_onnx_file_node (file, "Concat", "sizes", form, sides, NULL);
      dh_onnx_file_set_int (file, "axis", 0);
    }
  return dh_onnx_file_node (file, "Reshape", label, y, form, NULL);
}

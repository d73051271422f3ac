#include "dh-onnx-build-private.h"

#include <math.h>

/* Making a value larger or smaller. */

/* Whose size a value is given. What joins the result says it best, then what the file reckoned it from, then the
 * picture, or whatever was made last and is as large. */
static DhValue
find_like (DhOnnxBuild *build, const DhOnnxNode *node, DhValue from, gint64 h, gint64 w, GError **error)
{
  DhShape shape;
  if (from != DH_NO_VALUE)
    {
      if (!dh_onnx_shape (build, node, from, &shape, error))
        return DH_NO_VALUE;
      if (shape.h == h && shape.w == w)
        return from;
    }
  const GPtrArray *readers = g_hash_table_lookup (build->readers, node->outputs->pdata[0]);
  for (guint i = 0; readers && i < readers->len; i++)
    {
      const DhOnnxNode *reader = readers->pdata[i];
      for (guint k = 0; k < reader->inputs->len; k++)
        {
          const DhOnnxKnown *other = dh_onnx_input (build, reader, k);
          if (!other || other->value == DH_NO_VALUE || g_str_equal (reader->inputs->pdata[k], node->outputs->pdata[0]))
            continue;
          if (!dh_onnx_shape (build, node, other->value, &shape, error))
            return DH_NO_VALUE;
          if (shape.h == h && shape.w == w)
            return other->value;
        }
    }
  if (build->nominal.h == h && build->nominal.w == w)
    return build->input;
  for (DhValue value = (DhValue)dh_graph_size (build->graph); value-- > 0;)
    {
      if (!dh_onnx_shape (build, node, value, &shape, error))
        return DH_NO_VALUE;
      if (shape.h == h && shape.w == w)
        return value;
    }
  dh_onnx_refuse (node, error, "resizes to %" G_GINT64_FORMAT "×%" G_GINT64_FORMAT ", a size that nothing else has", w,
                  h);
  return DH_NO_VALUE;
}

/* FALSE with an error, or how large it becomes, and whose height and width that was reckoned from; by which factors,
 * where the file says these as numbers. */
static gboolean
read_size (DhOnnxBuild *build, const DhOnnxNode *node, DhShape shape, double size[2], double factors[2], DhValue *from,
           GError **error)
{
  const gboolean old = g_str_equal (node->operation, "Upsample") || build->model->operator_set < 11;
  const guint scales_at = old ? 1 : 2;
  const GArray *scales = dh_onnx_numbers (build, node, scales_at),
               *sizes = old ? NULL : dh_onnx_numbers (build, node, 3);
  const DhOnnxAttribute *written = dh_onnx_node_get (node, "scales", DH_ONNX_ATTRIBUTE_FLOATS);
  double scale[2];
  if (sizes && (sizes->len == 4 || sizes->len == 2))
    {
      *from = dh_onnx_input (build, node, 3)->like;
      if (sizes->len == 4 && g_array_index (sizes, double, 1) != shape.c)
        return dh_onnx_refuse (node, error, "resizes along channels");
      size[0] = g_array_index (sizes, double, sizes->len - 2);
      size[1] = g_array_index (sizes, double, sizes->len - 1);
    }
  else if ((scales && (scales->len == 4 || scales->len == 2)) || (written && written->numbers->len == 4))
    {
      *from = scales ? dh_onnx_input (build, node, scales_at)->like : DH_NO_VALUE;
      for (guint i = 0; i < 2; i++)
        if ((scales && scales->len == 4 && g_array_index (scales, double, i) != 1)
            || (!scales && g_array_index (written->numbers, float, i) != 1))
          return dh_onnx_refuse (node, error, "resizes along channels");
      for (guint i = 0; i < 2; i++)
        scale[i] = scales ? g_array_index (scales, double, scales->len - 2 + i)
                          : g_array_index (written->numbers, float, 2 + i);
      size[0] = floor (shape.h * scale[0]);
      size[1] = floor (shape.w * scale[1]);
      for (guint i = 0; i < 2 && *from == DH_NO_VALUE; i++)
        factors[i] = scale[i];
    }
  else
    return dh_onnx_refuse (node, error, "resizes by what is not known before a picture is");
  if (!(size[0] >= 1 && size[0] <= G_MAXINT) || !(size[1] >= 1 && size[1] <= G_MAXINT))
    return dh_onnx_refuse (node, error, "resizes to %g×%g", size[1], size[0]);
  return TRUE;
}

/* Behind the first visit, at another size: whether the value that was found there still is as large as the file says.
 * What is made larger by a factor fits what it then joins, or no program could compute it. */
static gboolean
still_like (DhOnnxBuild *build, const DhOnnxNode *node, DhShape shape, const double size[2], gboolean reckoned,
            DhValue *like, GError **error)
{
  DhShape found = shape;
  const guint n = build->likes->len;
  *like = n < build->known_likes->len ? g_array_index (build->known_likes, DhValue, n) : DH_NO_VALUE;
  if (*like != DH_NO_VALUE && !dh_onnx_shape (build, node, *like, &found, error))
    return FALSE;
  if ((found.h == size[0] && found.w == size[1]) || (!reckoned && size[0] >= shape.h && size[1] >= shape.w))
    return TRUE;
  build->differs = TRUE;
  return dh_onnx_refuse (node, error, "resizes to %.0f×%.0f of a picture of %d×%d, a size that nothing else has",
                         size[1], size[0], build->nominal.w, build->nominal.h);
}

/* So many times as large, where the file says that as a number and each place is then its nearest's however that is
 * rounded; or 0. Between pixels' centres the nearest is never half way; from corner to corner it is where rounded down,
 * or half way and rounded down. */
static gint
whole_factor (DhOnnxBuild *build, const DhOnnxNode *node, const char *places)
{
  const gboolean old = build->model->operator_set < 11;
  const GArray *scales = dh_onnx_numbers (build, node, old ? 1 : 2);
  const DhOnnxAttribute *written = dh_onnx_node_get (node, "scales", DH_ONNX_ATTRIBUTE_FLOATS);
  const char *rounded = old ? "floor" : dh_onnx_node_get_string (node, "nearest_mode", "round_prefer_floor");
  double factor = 0, other = 0;
  if (!old && dh_onnx_has_input (node, 3))
    return 0;
  if (scales && scales->len >= 2 && dh_onnx_input (build, node, old ? 1 : 2)->like == DH_NO_VALUE)
    {
      factor = g_array_index (scales, double, scales->len - 2);
      other = g_array_index (scales, double, scales->len - 1);
    }
  else if (!scales && written && written->numbers->len == 4)
    {
      factor = g_array_index (written->numbers, float, 2);
      other = g_array_index (written->numbers, float, 3);
    }
  if (factor != other || factor != floor (factor) || factor < 1 || factor > 64)
    return 0;
  const gboolean prefers = g_str_equal (rounded, "round_prefer_floor");
  if (g_str_equal (places, "asymmetric"))
    return g_str_equal (rounded, "floor") || (prefers && factor == 2) ? (gint)factor : 0;
  return (g_str_equal (places, "half_pixel") || g_str_equal (places, "pytorch_half_pixel"))
                 && (prefers || g_str_equal (rounded, "round_prefer_ceil"))
             ? (gint)factor
             : 0;
}

/* To a size that is another value's: from corner to corner, rounded down; of any other form at other sizes there might
 * be other places. */
static gboolean
is_floor (DhOnnxBuild *build, const DhOnnxNode *node, const char *places)
{
  return build->model->operator_set >= 11 && dh_onnx_has_input (node, 3) && g_str_equal (places, "asymmetric")
         && g_str_equal (dh_onnx_node_get_string (node, "nearest_mode", "round_prefer_floor"), "floor");
}

static gboolean
take_resized (DhOnnxBuild *build, const DhOnnxNode *node, DhValue x, DhValue like, gboolean nearest, gboolean corners,
              const double factors[2], GError **error)
{
  g_array_append_val (build->likes, like);
  if (like == DH_NO_VALUE)
    return dh_onnx_pass (build, node, 0, NULL, error);
  /* Which is as large; what goes to the picture's size at the end is left to the scores. */
  if (dh_graph_node (build->graph, like)->op == DH_OP_CHANNEL_SCALE)
    like = build->input;
  return dh_onnx_take_value (build, node,
                             nearest          ? dh_graph_resize_nearest (build->graph, x, like, 0)
                             : factors[0] > 0 ? dh_graph_resize_by (build->graph, x, like, factors)
                                              : dh_graph_resize (build->graph, x, like, corners));
}

/* Pixels' centres lie apart by the factor, not by the quotient of the sizes, which is another where a side times the
 * factor is no whole number. Corners lie where they lie, and by whole factors there is nothing left over. */
static gboolean
check_factors (const DhOnnxBuild *build, const DhOnnxNode *node, DhShape shape, const double size[2], gboolean apart,
               double factors[2], GError **error)
{
  const gboolean one = shape.h == 1 && shape.w == 1;
  const gboolean whole = factors[0] == floor (factors[0]) && factors[1] == floor (factors[1]);
  if (!apart || one || whole || build->known_likes)
    factors[0] = factors[1] = 0;
  if (factors[0] > 0
      && (fabs (shape.h * factors[0] - size[0]) >= 1e-3 || fabs (shape.w * factors[1] - size[1]) >= 1e-3))
    return dh_onnx_refuse (node, error, "resizes %d×%d by %g×%g, which leaves part of a pixel over", shape.w, shape.h,
                           factors[1], factors[0]);
  return TRUE;
}

gboolean
dh_onnx_do_resize (DhOnnxBuild *build, const DhOnnxNode *node, GError **error)
{
  const DhValue x = dh_onnx_value (build, node, 0, error);
  const gboolean old = g_str_equal (node->operation, "Upsample") || build->model->operator_set < 11;
  const char *mode = dh_onnx_node_get_string (node, "mode", "nearest");
  const char *places =
      old ? "asymmetric" : dh_onnx_node_get_string (node, "coordinate_transformation_mode", "half_pixel");
  const DhOnnxAttribute *axes = dh_onnx_node_get (node, "axes", DH_ONNX_ATTRIBUTE_INTS);
  const char *policy = dh_onnx_node_get_string (node, "keep_aspect_ratio_policy", "stretch");
  DhShape shape;
  double size[2] = { 0, 0 }, factors[2] = { 0, 0 };
  DhValue from = DH_NO_VALUE;
  for (guint i = 0; axes && i < axes->integers->len; i++)
    {
      const gint64 axis = g_array_index (axes->integers, gint64, i);
      if (axes->integers->len % 2 || (axis < 0 ? axis + 4 : axis) != 4 - (gint64)axes->integers->len + i)
        return dh_onnx_refuse (node, error, "resizes along axes in an order of its own");
    }
  if (!g_str_equal (policy, "stretch"))
    return dh_onnx_refuse (node, error, "resizes with “%s”: here height and width are as they are said", policy);
  if (x == DH_NO_VALUE || !dh_onnx_shape (build, node, x, &shape, error)
      || !read_size (build, node, shape, size, factors, &from, error))
    return FALSE;
  const gboolean nearest = g_str_equal (mode, "nearest");
  const gint factor = nearest ? whole_factor (build, node, places) : 0;
  if (factor > 0 && (shape.h > 1 || shape.w > 1))
    return dh_onnx_take_value (build, node, dh_graph_resize_nearest (build->graph, x, DH_NO_VALUE, factor));
  DhValue like = DH_NO_VALUE;
  if (build->known_likes && !still_like (build, node, shape, size, from != DH_NO_VALUE, &like, error))
    return FALSE;
  const gboolean corners = g_str_equal (places, "align_corners");
  if (!check_factors (build, node, shape, size, !nearest && !corners, factors, error))
    return FALSE;
  /* Where it does nothing at the file's size, too: at others it may be the one to the picture's. */
  if (!nearest && (shape.h != 1 || shape.w != 1))
    build->align_corners = corners;
  if (build->known_likes || (size[0] == shape.h && size[1] == shape.w))
    return take_resized (build, node, x, like, nearest, corners, factors, error);
  /* Of one pixel all become the same, however. */
  if (shape.h != 1 || shape.w != 1)
    {
      if (nearest && !is_floor (build, node, places))
        return dh_onnx_refuse (node, error,
                               "resizes by “nearest” with “%s” coordinates and “%s”: here it is by a whole factor, or "
                               "with “asymmetric” and “floor” to a size",
                               places, dh_onnx_node_get_string (node, "nearest_mode", "round_prefer_floor"));
      if (!nearest && !g_str_equal (mode, "linear") && !g_str_equal (mode, "bilinear"))
        return dh_onnx_refuse (node, error, "resizes by “%s”: here it is bilinear or by the nearest", mode);
      if (!nearest && !corners && !g_str_equal (places, "half_pixel") && !g_str_equal (places, "pytorch_half_pixel"))
        return dh_onnx_refuse (
            node, error, "resizes with “%s” coordinates: here pixels' centres or corners are aligned%s", places,
            old ? "; before operator set 11 there is nothing else, so export it with a later one" : "");
      if (dh_onnx_node_get_int (node, "antialias", 0))
        return dh_onnx_refuse (node, error, "resizes with antialias");
    }
  like = find_like (build, node, from, (gint64)size[0], (gint64)size[1], error);
  return like != DH_NO_VALUE && take_resized (build, node, x, like, nearest, corners, factors, error);
}

#include "dh-onnx-layout-private.h"

static void
append (DhOnnxAxis *axis, DhOnnxStretch stretch)
{
  if (stretch.size > 1 && axis->n < DH_ONNX_MOST_STRETCHES)
    axis->stretches[axis->n++] = stretch;
}

DhOnnxAxis
dh_onnx_axis_channels (gint size, gint step)
{
  DhOnnxAxis axis = { 0 };
  append (&axis, (DhOnnxStretch){ DH_ONNX_CHANNELS, size, step });
  return axis;
}

DhOnnxLayout
dh_onnx_layout_full (const DhOnnxLayout *layout, DhShape shape)
{
  if (layout->n > 0)
    return *layout;
  DhOnnxLayout full = { .n = 4 };
  append (&full.axes[1], (DhOnnxStretch){ DH_ONNX_CHANNELS, shape.c, 1 });
  append (&full.axes[2], (DhOnnxStretch){ DH_ONNX_ROWS, shape.h, 1 });
  append (&full.axes[3], (DhOnnxStretch){ DH_ONNX_COLUMNS, shape.w, 1 });
  return full;
}

DhOnnxLayout
dh_onnx_layout_plain (const DhOnnxLayout *layout, DhShape shape)
{
  const DhOnnxLayout plain = { 0 }, full = dh_onnx_layout_full (&plain, shape);
  return dh_onnx_layout_equal (layout, &full) ? plain : *layout;
}

gboolean
dh_onnx_axis_equal (const DhOnnxAxis *a, const DhOnnxAxis *b)
{
  gboolean equal = a->n == b->n;
  for (guint i = 0; equal && i < a->n; i++)
    equal = a->stretches[i].side == b->stretches[i].side && a->stretches[i].size == b->stretches[i].size
            && a->stretches[i].step == b->stretches[i].step;
  return equal;
}

gboolean
dh_onnx_layout_equal (const DhOnnxLayout *a, const DhOnnxLayout *b)
{
  gboolean equal = a->n == b->n;
  for (guint i = 0; equal && i < a->n; i++)
    equal = dh_onnx_axis_equal (&a->axes[i], &b->axes[i]);
  return equal;
}

gint64
dh_onnx_axis_size (const DhOnnxAxis *axis)
{
  gint64 size = 1;
  for (guint i = 0; i < axis->n; i++)
    size *= axis->stretches[i].size;
  return size;
}

gboolean
dh_onnx_axis_is_pixels (const DhOnnxAxis *axis, DhShape shape)
{
  for (guint i = 0; i < axis->n; i++)
    if (axis->stretches[i].side == DH_ONNX_CHANNELS)
      return FALSE;
  /* Rows and columns are never cut, and stand once. */
  return dh_onnx_axis_size (axis) == (gint64)shape.h * shape.w;
}

gint
dh_onnx_layout_channels (const DhOnnxLayout *layout, gint channels)
{
  const DhOnnxAxis all = dh_onnx_axis_channels (channels, 1);
  if (layout->n == 0)
    return 1;
  for (guint i = 0; i < layout->n && channels > 1; i++)
    if (dh_onnx_axis_equal (&layout->axes[i], &all))
      return (gint)i;
  return -1;
}

/* Channels that were cut and stand together again. */
static void
join (DhOnnxAxis *axis)
{
  guint n = 0;
  for (guint i = 0; i < axis->n; i++)
    {
      const DhOnnxStretch next = axis->stretches[i];
      DhOnnxStretch *last = n > 0 ? &axis->stretches[n - 1] : NULL;
      if (last && last->side == DH_ONNX_CHANNELS && next.side == DH_ONNX_CHANNELS
          && last->step == next.size * next.step)
        {
          last->size *= next.size;
          last->step = next.step;
        }
      else
        axis->stretches[n++] = next;
    }
  axis->n = n;
}

gboolean
dh_onnx_layout_reshape (DhOnnxLayout *layout, guint n, const gint64 *sizes)
{
  DhOnnxStretch left[DH_ONNX_MOST_AXES * DH_ONNX_MOST_STRETCHES];
  guint n_left = 0, at = 0;
  if (n == 0 || n > DH_ONNX_MOST_AXES)
    return FALSE;
  for (guint i = 0; i < layout->n; i++)
    for (guint k = 0; k < layout->axes[i].n; k++)
      left[n_left++] = layout->axes[i].stretches[k];
  DhOnnxLayout to = { .n = n };
  for (guint i = 0; i < n; i++)
    {
      DhOnnxAxis *axis = &to.axes[i];
      gint64 rest = sizes[i];
      while (rest > 1)
        {
          DhOnnxStretch *next = at < n_left ? &left[at] : NULL;
          if (!next || axis->n == DH_ONNX_MOST_STRETCHES)
            return FALSE;
          if (rest % next->size == 0)
            {
              append (axis, *next);
              rest /= next->size;
              at++;
              continue;
            }
          if (next->side != DH_ONNX_CHANNELS || rest > next->size || next->size % rest)
            return FALSE;
          next->size /= (gint)rest;
          append (axis, (DhOnnxStretch){ DH_ONNX_CHANNELS, (gint)rest, next->step * next->size });
          rest = 1;
        }
      if (rest < 1)
        return FALSE;
      join (axis);
    }
  *layout = to;
  return at == n_left;
}

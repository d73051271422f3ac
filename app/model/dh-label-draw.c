#include "dh-label-edit-private.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Polygons, strokes and objects. */

/* The pixels of a row whose middles lie from `from` to before `to`. */
static void
fill_span (DhLabelEdit *self, guint y, double from, double to, guint8 id)
{
  const double first = MAX (ceil (from - 0.5), 0), behind = MIN (ceil (to - 0.5), self->width);
  if (!(first < behind))
    return;
  memset (self->ids + (gsize)y * self->width + (guint)first, id, (guint)(behind - first));
  dh_label_edit_touch (self, (guint)first, y, (guint)(behind - first), 1);
}

typedef struct
{
  double x;
  gint way;
} Crossing;

static gint
compare_crossings (gconstpointer a, gconstpointer b)
{
  const Crossing *p = a, *q = b;
  return (p->x > q->x) - (p->x < q->x);
}

gboolean
dh_label_edit_fill_polygon (DhLabelEdit *self, const DhLabelPoint *points, guint n, guint8 id)
{
  g_return_val_if_fail (!self->stroking, FALSE);
  if (n < 3)
    return FALSE;
  dh_label_edit_begin (self);
  g_autofree Crossing *crossings = g_new (Crossing, n);
  for (guint y = 0; y < self->height; y++)
    {
      const double middle = y + 0.5;
      guint found = 0;
      for (guint i = 0; i < n; i++)
        {
          const DhLabelPoint a = points[i], b = points[(i + 1) % n];
          if ((a.y <= middle) != (b.y <= middle))
            crossings[found++] = (Crossing){ a.x + (middle - a.y) / (b.y - a.y) * (b.x - a.x), a.y <= middle ? 1 : -1 };
        }
      qsort (crossings, found, sizeof *crossings, compare_crossings);
      gint winding = 0;
      for (guint i = 0; i + 1 < found; i++)
        {
          winding += crossings[i].way;
          if (winding != 0)
            fill_span (self, y, crossings[i].x, crossings[i + 1].x, id);
        }
    }
  return dh_label_edit_end (self);
}

static double
distance_to_line (double px, double py, double ax, double ay, double bx, double by)
{
  const double dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
  const double t = length > 0 ? CLAMP (((px - ax) * dx + (py - ay) * dy) / length, 0, 1) : 0;
  return hypot (px - ax - t * dx, py - ay - t * dy);
}

static void
draw_pixel (DhLabelEdit *self, double x, double y)
{
  if (!(x >= 0 && y >= 0 && x < self->width && y < self->height))
    return;
  self->ids[(gsize)y * self->width + (gsize)x] = self->id;
  dh_label_edit_touch (self, (guint)x, (guint)y, 1, 1);
}

/* All within the brush on its way from one point to another. */
static void
draw_line (DhLabelEdit *self, double ax, double ay, double bx, double by)
{
  const double r = self->radius;
  const double left = floor (MIN (ax, bx) - r), right = ceil (MAX (ax, bx) + r);
  const double top = floor (MIN (ay, by) - r), bottom = ceil (MAX (ay, by) + r);
  const guint x0 = (guint)CLAMP (left, 0, self->width), x1 = (guint)CLAMP (right, 0, self->width);
  const guint y0 = (guint)CLAMP (top, 0, self->height), y1 = (guint)CLAMP (bottom, 0, self->height);
  for (guint y = y0; y < y1; y++)
    {
      guint first = x1, last = x0;
      for (guint x = x0; x < x1; x++)
        if (distance_to_line (x + 0.5, y + 0.5, ax, ay, bx, by) <= r)
          {
            self->ids[(gsize)y * self->width + x] = self->id;
            first = MIN (first, x);
            last = x + 1;
          }
      if (first < last)
        dh_label_edit_touch (self, first, y, last - first, 1);
    }
  draw_pixel (self, bx, by);
}

void
dh_label_edit_begin_stroke (DhLabelEdit *self, double x, double y, double radius, guint8 id)
{
  g_return_if_fail (!self->stroking);
  dh_label_edit_begin (self);
  self->stroking = TRUE;
  self->radius = CLAMP (radius, 0, 4096);
  self->id = id;
  self->x = x;
  self->y = y;
  draw_line (self, x, y, x, y);
}

void
dh_label_edit_move_stroke (DhLabelEdit *self, double x, double y)
{
  g_return_if_fail (self->stroking);
  draw_line (self, self->x, self->y, x, y);
  self->x = x;
  self->y = y;
}

gboolean
dh_label_edit_end_stroke (DhLabelEdit *self)
{
  g_return_val_if_fail (self->stroking, FALSE);
  self->stroking = FALSE;
  return dh_label_edit_end (self);
}

gboolean
dh_label_edit_is_stroking (const DhLabelEdit *self)
{
  return self->stroking;
}

typedef struct
{
  const float *values; /* NULL: what is labelled as `same` */
  double threshold;
  gboolean above;
  guint8 same;
} Object;

/* On what stood there before: what is filled meanwhile is no other label. */
static gboolean
belongs (const DhLabelEdit *self, const Object *object, gsize at)
{
  if (object->values == NULL)
    return self->before[at] == object->same;
  const float value = object->values[at];
  return isfinite (value) && (object->above ? value > object->threshold : value < object->threshold);
}

/* Row by row: a stack of pixels from which both directions are filled. */
static void
flood (DhLabelEdit *self, const Object *object, guint x, guint y, guint8 id)
{
  const guint width = self->width, height = self->height;
  g_autofree guint8 *seen = g_try_malloc0 ((gsize)width * height);
  g_autoptr (GArray) stack = g_array_new (FALSE, FALSE, sizeof (gsize));
  gsize at = (gsize)y * width + x;
  if (seen == NULL)
    return;
  g_array_append_val (stack, at);
  while (stack->len > 0)
    {
      at = g_array_index (stack, gsize, stack->len - 1);
      g_array_set_size (stack, stack->len - 1);
      if (seen[at])
        continue;
      const gsize row = at / width;
      guint from = (guint)(at % width), to = from + 1;
      while (from > 0 && belongs (self, object, row * width + from - 1))
        from--;
      while (to < width && belongs (self, object, row * width + to))
        to++;
      memset (seen + row * width + from, 1, to - from);
      memset (self->ids + row * width + from, id, to - from);
      dh_label_edit_touch (self, from, (guint)row, to - from, 1);
      for (gint step = -1; step <= 1; step += 2)
        {
          if ((step < 0 && row == 0) || (step > 0 && row + 1 == height))
            continue;
          const gsize other = (row + (gsize)step) * width;
          gboolean inside = FALSE;
          for (guint u = from > 0 ? from - 1 : 0; u < MIN (to + 1, width); u++)
            {
              const gsize next = other + u;
              const gboolean is_new = !seen[next] && belongs (self, object, next);
              if (is_new && !inside)
                g_array_append_val (stack, next);
              inside = is_new;
            }
        }
    }
}

gboolean
dh_label_edit_fill_object (DhLabelEdit *self, const DhFrame *frame, DhScore score, double threshold, guint x, guint y,
                           guint8 id)
{
  g_return_val_if_fail (!self->stroking, FALSE);
  if (x >= self->width || y >= self->height)
    return FALSE;
  const gsize at = (gsize)y * self->width + x;
  Object object = { .threshold = threshold, .above = dh_score_flags_above (score), .same = self->ids[at] };
  if (frame != NULL && !isnan (threshold) && frame->width == self->width && frame->height == self->height)
    object.values = dh_frame_floats (frame, dh_score_map (score));
  dh_label_edit_begin (self);
  const gboolean labelled = object.same != 0;
  if (object.values != NULL && (!belongs (self, &object, at) || (id == 0 && labelled)))
    object.values = NULL;
  if (object.values == NULL && !labelled)
    return FALSE;
  flood (self, &object, x, y, id);
  return dh_label_edit_end (self);
}

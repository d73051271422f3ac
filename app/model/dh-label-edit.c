#include "dh-label-edit.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST ((1u << 30) - 1)

/* What stood in a rectangle: runs in its reading order, 0 inlier, 1 anomaly, 2 ignored, << 30 | pixels. */
typedef struct
{
  DhLabelRect rect;
  GArray *runs; /* guint32 */
  guint64 state;
} Step;

struct _DhLabelEdit
{
  gatomicrefcount refs;
  guint width, height;
  guint8 *ids, *before; /* before: a stroke or fill under way began so */
  DhLabelRect changed, step;
  GQueue undo, redo; /* Step, the last first */
  gsize bytes;
  guint64 state, last_state;
  gboolean stroking;
  double x, y, radius;
  guint8 id;
};

static void
step_free (gpointer data)
{
  Step *step = data;
  g_array_unref (step->runs);
  g_free (step);
}

static gsize
bytes_of (const Step *step)
{
  return sizeof *step + step->runs->len * sizeof (guint32);
}

DhLabelEdit *
dh_label_edit_new (guint width, guint height, const guint8 *ids)
{
  const gsize n = (gsize)width * height;
  DhLabelEdit *self = g_new0 (DhLabelEdit, 1);
  g_atomic_ref_count_init (&self->refs);
  self->width = width;
  self->height = height;
  self->ids = g_try_malloc (MAX (n, 1));
  self->before = g_try_malloc (MAX (n, 1));
  if (self->ids == NULL || self->before == NULL)
    {
      dh_label_edit_unref (self);
      return NULL;
    }
  memcpy (self->ids, ids, n);
  return self;
}

DhLabelEdit *
dh_label_edit_ref (DhLabelEdit *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
dh_label_edit_unref (DhLabelEdit *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_queue_clear_full (&self->undo, step_free);
  g_queue_clear_full (&self->redo, step_free);
  g_free (self->ids);
  g_free (self->before);
  g_free (self);
}

guint
dh_label_edit_width (const DhLabelEdit *self)
{
  return self->width;
}

guint
dh_label_edit_height (const DhLabelEdit *self)
{
  return self->height;
}

const guint8 *
dh_label_edit_ids (const DhLabelEdit *self)
{
  return self->ids;
}

guint64
dh_label_edit_state (const DhLabelEdit *self)
{
  return self->state;
}

static void
join (DhLabelRect *rect, guint x, guint y, guint width, guint height)
{
  if (width == 0 || height == 0)
    return;
  if (rect->width == 0)
    {
      *rect = (DhLabelRect){ x, y, width, height };
      return;
    }
  const guint right = MAX (rect->x + rect->width, x + width), bottom = MAX (rect->y + rect->height, y + height);
  rect->x = MIN (rect->x, x);
  rect->y = MIN (rect->y, y);
  rect->width = right - rect->x;
  rect->height = bottom - rect->y;
}

static void
touch (DhLabelEdit *self, guint x, guint y, guint width, guint height)
{
  join (&self->changed, x, y, width, height);
  join (&self->step, x, y, width, height);
}

DhLabelRect
dh_label_edit_take_changed (DhLabelEdit *self)
{
  const DhLabelRect changed = self->changed;
  self->changed = (DhLabelRect){ 0 };
  return changed;
}

/* Packs what stands there in `ids`. */
static Step *
step_new (const DhLabelEdit *self, const guint8 *ids, DhLabelRect rect, guint64 state)
{
  Step *step = g_new (Step, 1);
  *step = (Step){ rect, g_array_new (FALSE, FALSE, sizeof (guint32)), state };
  guint32 run = 0;
  guint code = 0;
  for (guint y = rect.y; y < rect.y + rect.height; y++)
    for (guint x = rect.x; x < rect.x + rect.width; x++)
      {
        const guint own = MIN (ids[(gsize)y * self->width + x], 2);
        if (run > 0 && (own != code || run == LONGEST))
          {
            const guint32 word = code << 30 | run;
            g_array_append_val (step->runs, word);
            run = 0;
          }
        code = own;
        run++;
      }
  const guint32 word = code << 30 | run;
  g_array_append_val (step->runs, word);
  return step;
}

static void
unpack (DhLabelEdit *self, const Step *step)
{
  static const guint8 ids[3] = { 0, 1, 255 };
  const DhLabelRect *rect = &step->rect;
  guint x = 0, y = 0;
  for (guint i = 0; i < step->runs->len; i++)
    {
      const guint32 word = g_array_index (step->runs, guint32, i);
      for (guint left = word & LONGEST; left > 0;)
        {
          const guint n = MIN (left, rect->width - x);
          memset (self->ids + (gsize)(rect->y + y) * self->width + rect->x + x, ids[word >> 30], n);
          left -= n;
          x += n;
          if (x == rect->width)
            {
              x = 0;
              y++;
            }
        }
    }
}

static void
forget (DhLabelEdit *self, GQueue *steps)
{
  Step *step;
  while ((step = g_queue_pop_head (steps)) != NULL)
    {
      self->bytes -= bytes_of (step);
      step_free (step);
    }
}

static void
push (DhLabelEdit *self, GQueue *to, Step *step)
{
  g_queue_push_head (to, step);
  self->bytes += bytes_of (step);
  while (self->bytes > DH_LABEL_EDIT_MOST_BYTES && self->undo.length > 1)
    {
      Step *oldest = g_queue_pop_tail (&self->undo);
      self->bytes -= bytes_of (oldest);
      step_free (oldest);
    }
}

static void
begin (DhLabelEdit *self)
{
  memcpy (self->before, self->ids, (gsize)self->width * self->height);
  self->step = (DhLabelRect){ 0 };
}

static gboolean
is_same (const DhLabelEdit *self, DhLabelRect rect)
{
  for (guint y = rect.y; y < rect.y + rect.height; y++)
    {
      const gsize at = (gsize)y * self->width + rect.x;
      if (memcmp (self->ids + at, self->before + at, rect.width) != 0)
        return FALSE;
    }
  return TRUE;
}

static gboolean
end (DhLabelEdit *self)
{
  if (self->step.width == 0 || is_same (self, self->step))
    return FALSE;
  forget (self, &self->redo);
  push (self, &self->undo, step_new (self, self->before, self->step, self->state));
  self->state = ++self->last_state;
  return TRUE;
}

/* The pixels of a row whose middles lie from `from` to before `to`. */
static void
fill_span (DhLabelEdit *self, guint y, double from, double to, guint8 id)
{
  const double first = MAX (ceil (from - 0.5), 0), behind = MIN (ceil (to - 0.5), self->width);
  if (!(first < behind))
    return;
  memset (self->ids + (gsize)y * self->width + (guint)first, id, (guint)(behind - first));
  touch (self, (guint)first, y, (guint)(behind - first), 1);
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
  begin (self);
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
  return end (self);
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
  touch (self, (guint)x, (guint)y, 1, 1);
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
        touch (self, first, y, last - first, 1);
    }
  draw_pixel (self, bx, by);
}

void
dh_label_edit_begin_stroke (DhLabelEdit *self, double x, double y, double radius, guint8 id)
{
  g_return_if_fail (!self->stroking);
  begin (self);
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
  return end (self);
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
      touch (self, from, (guint)row, to - from, 1);
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
  begin (self);
  const gboolean labelled = object.same != 0;
  if (object.values != NULL && (!belongs (self, &object, at) || (id == 0 && labelled)))
    object.values = NULL;
  if (object.values == NULL && !labelled)
    return FALSE;
  flood (self, &object, x, y, id);
  return end (self);
}

static gboolean
step_back (DhLabelEdit *self, GQueue *from, GQueue *to)
{
  Step *step = self->stroking ? NULL : g_queue_pop_head (from);
  if (step == NULL)
    return FALSE;
  self->bytes -= bytes_of (step);
  Step *other = step_new (self, self->ids, step->rect, self->state);
  unpack (self, step);
  join (&self->changed, step->rect.x, step->rect.y, step->rect.width, step->rect.height);
  self->state = step->state;
  step_free (step);
  push (self, to, other);
  return TRUE;
}

gboolean
dh_label_edit_undo (DhLabelEdit *self)
{
  return step_back (self, &self->undo, &self->redo);
}

gboolean
dh_label_edit_redo (DhLabelEdit *self)
{
  return step_back (self, &self->redo, &self->undo);
}

gboolean
dh_label_edit_can_undo (const DhLabelEdit *self)
{
  return !self->stroking && self->undo.length > 0;
}

gboolean
dh_label_edit_can_redo (const DhLabelEdit *self)
{
  return !self->stroking && self->redo.length > 0;
}

gsize
dh_label_edit_history_bytes (const DhLabelEdit *self)
{
  return self->bytes;
}

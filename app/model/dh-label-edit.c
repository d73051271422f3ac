#include "dh-label-edit-private.h"
#include <string.h>

#define LONGEST ((1u << 30) - 1)

/* What stood in a rectangle: runs in its reading order, 0 inlier, 1 anomaly, 2 ignored, << 30 | pixels. */
typedef struct
{
  DhLabelRect rect;
  GArray *runs; /* guint32 */
  guint64 state;
} Step;

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

void
dh_label_edit_touch (DhLabelEdit *self, guint x, guint y, guint width, guint height)
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

void
dh_label_edit_begin (DhLabelEdit *self)
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

gboolean
dh_label_edit_end (DhLabelEdit *self)
{
  if (self->step.width == 0 || is_same (self, self->step))
    return FALSE;
  forget (self, &self->redo);
  push (self, &self->undo, step_new (self, self->before, self->step, self->state));
  self->state = ++self->last_state;
  return TRUE;
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

#include "dh-class-pixels.h"

#include <string.h>

static gboolean
counts (guint8 label)
{
  return label <= 1;
}

DhClassPixels *
dh_class_pixels_new (const float *scores, const guint8 *labels, const guint8 *classes, gsize n)
{
  g_autoptr (DhClassPixels) self = g_new0 (DhClassPixels, 1);
  gsize next[DH_CLASS_IDS];
  for (gsize i = 0; i < n; i++)
    self->begin[classes[i] + 1] += counts (labels[i]);
  for (guint c = 0; c < DH_CLASS_IDS; c++)
    self->begin[c + 1] += self->begin[c];
  const gsize all = MAX (self->begin[DH_CLASS_IDS], 1);
  self->scores = g_try_new (float, all);
  self->labels = g_try_new (guint8, all);
  if (!self->scores || !self->labels)
    return NULL;
  memcpy (next, self->begin, sizeof next);
  for (gsize i = 0; i < n; i++)
    {
      if (!counts (labels[i]))
        continue;
      const gsize at = next[classes[i]]++;
      self->scores[at] = scores[i];
      self->labels[at] = labels[i];
    }
  return g_steal_pointer (&self);
}

void
dh_class_pixels_free (DhClassPixels *self)
{
  if (!self)
    return;
  g_free (self->scores);
  g_free (self->labels);
  g_free (self);
}

gsize
dh_class_pixels_count (const DhClassPixels *self, guint8 id)
{
  return self->begin[id + 1] - self->begin[id];
}

void
dh_class_pixels_add_counts (const guint8 *classes, gsize n, guint64 sums[DH_CLASS_IDS])
{
  /* Neighbours are of one class: several counters, lest each waits for the one before. */
  enum
  {
    WAYS = 4
  };
  guint64 own[WAYS][DH_CLASS_IDS] = { { 0 } };
  for (gsize i = 0; i < n; i++)
    own[i % WAYS][classes[i]]++;
  for (guint way = 0; way < WAYS; way++)
    for (guint c = 0; c < DH_CLASS_IDS; c++)
      sums[c] += own[way][c];
}

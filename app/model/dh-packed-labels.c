#include "dh-packed-labels.h"
#include <string.h>

#define LONGEST ((1u << 30) - 1)

struct _DhPackedLabels
{
  guint width, height;
  gsize n;
  guint32 runs[]; /* label << 30 | pixels, in reading order */
};

static guint8
label_at (const DhLabels *labels, gsize at)
{
  return MIN (labels->ids[at], 2);
}

static gsize
end_of_run (const DhLabels *labels, gsize start, gsize n)
{
  const guint8 label = label_at (labels, start);
  const gsize most = MIN (n, start + LONGEST);
  gsize end = start + 1;
  while (end < most && label_at (labels, end) == label)
    end++;
  return end;
}

DhPackedLabels *
dh_packed_labels_new (const DhLabels *labels)
{
  const gsize n = (gsize)labels->width * labels->height;
  gsize n_runs = 0;
  for (gsize at = 0; at < n; at = end_of_run (labels, at, n))
    n_runs++;
  DhPackedLabels *self = g_try_malloc (sizeof *self + n_runs * sizeof (guint32));
  if (self == NULL)
    return NULL;
  self->width = labels->width;
  self->height = labels->height;
  self->n = 0;
  for (gsize at = 0, end; at < n; at = end)
    {
      end = end_of_run (labels, at, n);
      self->runs[self->n++] = (guint32)label_at (labels, at) << 30 | (guint32)(end - at);
    }
  return self;
}

void
dh_packed_labels_free (DhPackedLabels *self)
{
  g_free (self);
}

gsize
dh_packed_labels_size_bytes (const DhPackedLabels *self)
{
  return sizeof *self + self->n * sizeof (guint32);
}

DhLabels *
dh_packed_labels_unpack (const DhPackedLabels *self)
{
  DhLabels *labels = dh_labels_new (self->width, self->height);
  gsize at = 0;
  for (gsize i = 0; labels != NULL && i < self->n; i++)
    {
      const gsize length = self->runs[i] & LONGEST;
      memset (labels->ids + at, (int)(self->runs[i] >> 30), length);
      at += length;
    }
  return labels;
}

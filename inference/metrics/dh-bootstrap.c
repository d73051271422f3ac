#include "dh-bootstrap-private.h"
#include <math.h>
#include <string.h>
#include "dh-key-private.h"

#define BINS 2048u
#define PAGES 65536u

/* An entry of a picture: its class, the bin and so many pixels; of more in one bin there is another entry. */
#define ENTRY_ANOMALY 0x80000000u
#define ENTRY_BIN_SHIFT 20
#define ENTRY_COUNT ((1u << ENTRY_BIN_SHIFT) - 1)

struct _DhBootstrap
{
  guint n_bins;
  guint32 *keys;  /* of the bins' lower ends, descending: a bin holds the scores from its own to below the one before */
  guint8 *mixed;  /* of each bin whether it holds another score than its lower end */
  guint16 *first; /* of each page of keys (their upper half) the first bin that does not begin in a higher one */
  guint32 *entries;
  gsize n_entries, room;
  GArray *ends; /* gsize: of each picture the end of its entries */
};

static guint32
key_of (float score)
{
  return dh_key_from_bits (dh_float_bits (score));
}

DhBootstrap *
dh_bootstrap_new (const DhCurve *curve)
{
  DhBootstrap *self = g_new0 (DhBootstrap, 1);
  const guint stride = MAX ((curve->n_points + BINS - 1) / BINS, 1);
  self->keys = g_new (guint32, BINS);
  for (guint i = 0; i < curve->n_points; i++)
    {
      /* Of each stride its last: the lowest of all is an end. */
      if (i % stride != stride - 1 && i + 1 != curve->n_points)
        continue;
      const guint32 key = key_of ((float)curve->points[i].threshold);
      if (self->n_bins == 0 || key < self->keys[self->n_bins - 1])
        self->keys[self->n_bins++] = key;
    }
  if (self->n_bins == 0)
    self->keys[self->n_bins++] = 0;
  self->mixed = g_new0 (guint8, BINS);
  self->first = g_new (guint16, PAGES);
  for (guint page = PAGES, bin = 0; page-- > 0;)
    {
      while (bin < self->n_bins && self->keys[bin] >> 16 > page)
        bin++;
      self->first[page] = (guint16)MIN (bin, self->n_bins - 1);
    }
  self->ends = g_array_new (FALSE, FALSE, sizeof (gsize));
  return self;
}

void
dh_bootstrap_free (DhBootstrap *self)
{
  if (!self)
    return;
  g_free (self->keys);
  g_free (self->mixed);
  g_free (self->first);
  g_free (self->entries);
  g_array_unref (self->ends);
  g_free (self);
}

/* The first bin whose lower end the key reaches, else the last. */
static guint
find_bin (const DhBootstrap *self, guint32 key)
{
  const guint page = key >> 16;
  guint low = self->first[page], high = page > 0 ? self->first[page - 1] : self->n_bins - 1;
  while (low < high)
    {
      const guint middle = (low + high) / 2;
      if (self->keys[middle] <= key)
        high = middle;
      else
        low = middle + 1;
    }
  return low;
}

static gboolean
reserve (DhBootstrap *self, gsize more)
{
  if (self->room - self->n_entries >= more)
    return TRUE;
  const gsize room = MAX (self->n_entries + more, self->room + self->room / 2);
  guint32 *entries = g_try_realloc_n (self->entries, room, sizeof *entries);
  if (!entries)
    return FALSE;
  self->entries = entries;
  self->room = room;
  return TRUE;
}

gboolean
dh_bootstrap_add (DhBootstrap *self, const float *scores, const guint8 *labels, gsize n)
{
  g_autofree gsize *counts = g_new0 (gsize, 2 * BINS);
  for (gsize i = 0; i < n; i++)
    {
      const guint32 bits = dh_float_bits (scores[i]);
      if (labels[i] > 1 || dh_bits_non_finite (bits))
        continue;
      const guint32 key = dh_key_from_bits (bits);
      const guint bin = find_bin (self, key);
      counts[labels[i] * BINS + bin]++;
      self->mixed[bin] |= key != self->keys[bin];
    }
  gsize needed = 0;
  for (guint i = 0; i < 2 * BINS; i++)
    needed += (counts[i] + ENTRY_COUNT - 1) / ENTRY_COUNT;
  if (!reserve (self, needed))
    return FALSE;
  for (guint i = 0; i < 2 * BINS; i++)
    for (gsize left = counts[i], part; left > 0; left -= part)
      {
        part = MIN (left, ENTRY_COUNT);
        self->entries[self->n_entries++] =
            (i < BINS ? 0 : ENTRY_ANOMALY) | (i % BINS) << ENTRY_BIN_SHIFT | (guint32)part;
      }
  g_array_append_val (self->ends, self->n_entries);
  return TRUE;
}

guint
dh_bootstrap_pictures (const DhBootstrap *self)
{
  return self->ends->len;
}

guint
dh_bootstrap_n_bins (const DhBootstrap *self)
{
  return self->n_bins;
}

const guint8 *
dh_bootstrap_mixed (const DhBootstrap *self)
{
  return self->mixed;
}

void
dh_bootstrap_add_to (const DhBootstrap *self, guint picture, float *counts)
{
  const gsize end = g_array_index (self->ends, gsize, picture);
  for (gsize i = picture ? g_array_index (self->ends, gsize, picture - 1) : 0; i < end; i++)
    {
      const guint32 entry = self->entries[i];
      const guint bin = entry >> ENTRY_BIN_SHIFT & (BINS - 1);
      counts[entry & ENTRY_ANOMALY ? self->n_bins + bin : bin] += (float)(entry & ENTRY_COUNT);
    }
}

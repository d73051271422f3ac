#include <string.h>
#include "dh-open-sweep-private.h"

#define PAGE DH_OPEN_SWEEP_PAGE
#define N_PAGES DH_OPEN_SWEEP_PAGES

/* Which of the counters are not 0, a bit each, and these. */
static void
pack_row (const guint64 *counters, DhPack *to)
{
  guint8 bits[PAGE / 8] = { 0 };
  for (guint i = 0; i < PAGE; i++)
    if (counters[i])
      bits[i / 8] |= 1u << i % 8;
  dh_pack_bytes (to, bits, sizeof bits);
  for (guint i = 0; i < PAGE; i++)
    if (counters[i])
      dh_pack_count (to, counters[i]);
}

void
dh_open_sweep_pack (const DhOpenSweep *sweep, DhPack *to)
{
  const guint k = sweep->classes, n_rows = DH_OPEN_SWEEP_ROWS (sweep);
  guint next = 0, n_pages = 0;
  dh_pack_count (to, k);
  dh_pack_count (to, sweep->ignored);
  dh_pack_count (to, sweep->non_finite);
  for (guint i = 0; i < (k + 1) * (k + 1); i++)
    dh_pack_count (to, sweep->closed[i]);
  for (guint p = 0; p < N_PAGES; p++)
    n_pages += sweep->pages[p] != NULL;
  dh_pack_count (to, n_pages);
  for (guint p = 0; p < N_PAGES; p++)
    {
      guint64 *const *rows = sweep->pages[p];
      guint n = 0, row = 0;
      if (!rows)
        continue;
      dh_pack_count (to, p - next);
      next = p + 1;
      for (guint r = 0; r < n_rows; r++)
        n += rows[r] != NULL;
      dh_pack_count (to, n);
      for (guint r = 0; r < n_rows; r++)
        if (rows[r])
          {
            dh_pack_count (to, r - row);
            row = r + 1;
            pack_row (rows[r], to);
          }
    }
}

/* What the rows must come to, by the confusion; it is counted down. */
static guint64 *
expect (const DhOpenSweep *sweep)
{
  const guint k = sweep->classes;
  guint64 *left = g_new0 (guint64, DH_OPEN_SWEEP_ROWS (sweep));
  for (guint label = 0; label <= k; label++)
    for (guint class = 0; class < k; class ++)
      {
        const guint64 pixels = sweep->closed[label * (k + 1) + class];
        left[2 * class + (label != class)] += pixels;
        if (label == k)
          left[2 * k] += pixels;
      }
  return left;
}

/* One without counts is of no use, and would take sixty times its bytes. */
static gboolean
unpack_row (DhOpenSweep *sweep, guint page, guint row, guint64 *left, DhUnpack *from)
{
  static const guint8 none[PAGE / 8];
  const guint8 *bits = *left > 0 ? dh_unpack_bytes (from, PAGE / 8) : NULL;
  guint64 *counters = bits && memcmp (bits, none, sizeof none) != 0 ? dh_open_sweep_get_row (sweep, page, row) : NULL;
  for (guint i = 0; counters && i < PAGE; i++)
    if (bits[i / 8] >> i % 8 & 1)
      {
        counters[i] = dh_unpack_count (from, *left);
        *left -= counters[i];
        if (counters[i] == 0)
          return FALSE;
      }
  return counters && !from->failed;
}

static gboolean
unpack_page (DhOpenSweep *sweep, guint page, guint64 *left, DhUnpack *from)
{
  const guint n_rows = DH_OPEN_SWEEP_ROWS (sweep), n = (guint)dh_unpack_count (from, n_rows);
  guint row = 0;
  for (guint i = 0; i < n; i++, row++)
    {
      row += (guint)dh_unpack_count (from, n_rows);
      if (row >= n_rows || !unpack_row (sweep, page, row, &left[row], from))
        return FALSE;
    }
  return n > 0;
}

static gboolean
unpack_pages (DhOpenSweep *sweep, DhUnpack *from)
{
  const guint n_pages = (guint)dh_unpack_count (from, N_PAGES);
  g_autofree guint64 *left = expect (sweep);
  guint page = 0;
  for (guint i = 0; i < n_pages; i++, page++)
    {
      page += (guint)dh_unpack_count (from, N_PAGES);
      if (from->failed || page >= N_PAGES || !unpack_page (sweep, page, left, from))
        return FALSE;
    }
  for (guint row = 0; row < DH_OPEN_SWEEP_ROWS (sweep); row++)
    if (left[row] > 0)
      return FALSE;
  return TRUE;
}

DhOpenSweep *
dh_open_sweep_unpack (DhUnpack *from, guint classes, guint64 most_pixels)
{
  if (dh_unpack_count (from, 254) != classes || classes < 1)
    {
      dh_unpack_fail (from);
      return NULL;
    }
  g_autoptr (DhOpenSweep) sweep = dh_open_sweep_new (classes);
  sweep->ignored = dh_unpack_count (from, G_MAXINT64);
  sweep->non_finite = dh_unpack_count (from, G_MAXINT64);
  for (guint i = 0; i < (classes + 1) * (classes + 1); i++)
    {
      sweep->closed[i] = dh_unpack_count (from, most_pixels - sweep->pixels);
      sweep->pixels += sweep->closed[i];
    }
  if (!from->failed && unpack_pages (sweep, from) && !from->failed)
    return g_steal_pointer (&sweep);
  dh_unpack_fail (from);
  return NULL;
}

#include "dh-open-sweep-private.h"
#include <math.h>
#include <string.h>
#include "dh-error.h"
#include "dh-key-private.h"
#include "dh-open-set.h"

enum
{
  SHIFT = 14,       /* of a float's 23 binary digits so many are one bin's below 1, */
  SHIFT_ABOVE = 11, /* and from there on */
  HALF = 0x3f000000,
  ONE = 0x3f800000,
  LEAST = 0x33800000, /* 2⁻²⁴: what the largest float below 1 lacks */
  N_BELOW = HALF >> SHIFT,
  N_NEAR = ((HALF - LEAST) >> SHIFT) + 1, /* ½ … 1, by the distance from 1 */
  N_ABOVE = (0x7f800000 - ONE) >> SHIFT_ABOVE,
  N_SIDE = N_BELOW + N_NEAR + N_ABOVE, /* of one sign */
  PAGE = DH_OPEN_SWEEP_PAGE,
  N_PAGES = DH_OPEN_SWEEP_PAGES,
};
G_STATIC_ASSERT (N_PAGES == 2 * N_SIDE / PAGE + 1);

#define N_ROWS DH_OPEN_SWEEP_ROWS

typedef struct
{
  guint page;
  guint64 *counts; /* N_ROWS: of all pages before it */
} Before;

static void
clear_before (gpointer data)
{
  g_free (((Before *)data)->counts);
}

DhOpenSweep *
dh_open_sweep_new (guint classes)
{
  g_return_val_if_fail (classes >= 1 && classes <= 254, NULL);
  DhOpenSweep *sweep = g_new0 (DhOpenSweep, 1);
  sweep->classes = classes;
  sweep->closed = g_new0 (guint64, (classes + 1) * (classes + 1));
  return sweep;
}

void
dh_open_sweep_free (DhOpenSweep *sweep)
{
  if (!sweep)
    return;
  for (guint p = 0; p < N_PAGES; p++)
    {
      for (guint row = 0; sweep->pages[p] && row < N_ROWS (sweep); row++)
        g_free (sweep->pages[p][row]);
      g_free (sweep->pages[p]);
    }
  g_clear_pointer (&sweep->index, g_array_unref);
  g_free (sweep->closed);
  g_free (sweep);
}

/* Which bin of its sign a magnitude belongs to; m are the bits of a finite float. */
static guint
bin_of_magnitude (guint32 m)
{
  if (m < HALF)
    return m >> SHIFT;
  if (m >= ONE)
    return N_BELOW + N_NEAR + ((m - ONE) >> SHIFT_ABOVE);
  return N_BELOW + ((HALF - dh_float_bits (1 - dh_key_to_float (m | 0x80000000u))) >> SHIFT);
}

/* 0 is the last of the negative side, so that every bin has its upper end and lacks its lower one. */
static guint
bin_of (guint32 bits)
{
  const guint32 m = bits & 0x7fffffffu;
  return bits == m && m ? N_SIDE + bin_of_magnitude (m - 1) : N_SIDE - 1 - bin_of_magnitude (m);
}

/* The least magnitude of a side's bin; of the next one after the last as well. */
static double
least_of (guint bin)
{
  if (bin < N_BELOW)
    return dh_key_to_float (((guint32)bin << SHIFT) | 0x80000000u);
  if (bin >= N_BELOW + N_NEAR)
    return dh_key_to_float ((ONE + ((guint32)(bin - N_BELOW - N_NEAR) << SHIFT_ABOVE)) | 0x80000000u);
  return 1 - (double)dh_key_to_float ((HALF - ((guint32)(bin - N_BELOW) << SHIFT)) | 0x80000000u);
}

/* The share of a bin's range (lo, hi] that lies at or below the value. */
static double
share_of (guint bin, double value)
{
  const guint of_side = bin >= N_SIDE ? bin - N_SIDE : N_SIDE - 1 - bin;
  const double a = least_of (of_side), b = least_of (of_side + 1);
  const double low = bin >= N_SIDE ? a : -b, high = bin >= N_SIDE ? b : -a;
  return value >= high ? 1 : CLAMP ((value - low) / (high - low), 0, 1);
}

static gboolean
fail_memory (GError **error)
{
  g_set_error_literal (error, DH_ERROR, DH_ERROR_NO_MEMORY,
                       "there is no memory left to count scores by class. End other programs");
  return FALSE;
}

guint64 *
dh_open_sweep_get_row (DhOpenSweep *sweep, guint page, guint row)
{
  guint64 **rows = sweep->pages[page];
  if (!rows)
    {
      rows = sweep->pages[page] = g_try_new0 (guint64 *, N_ROWS (sweep));
      if (!rows)
        return NULL;
      sweep->n_pages++;
    }
  if (!rows[row] && (rows[row] = g_try_new0 (guint64, PAGE)))
    sweep->n_counters += PAGE;
  return rows[row];
}

static gboolean
count (DhOpenSweep *sweep, guint bin, guint row)
{
  guint64 *counters = dh_open_sweep_get_row (sweep, bin / PAGE, row);
  if (!counters)
    return FALSE;
  counters[bin % PAGE]++;
  return TRUE;
}

gboolean
dh_open_sweep_add (DhOpenSweep *sweep, const guint8 *prediction, const float *scores, const guint8 *labels, gsize n,
                   GError **error)
{
  const guint k = sweep->classes;
  g_clear_pointer (&sweep->index, g_array_unref);
  for (gsize i = 0; i < n; i++)
    {
      const guint label = labels[i], class = MIN (prediction[i], k);
      const guint32 bits = dh_float_bits (scores[i]);
      if (dh_bits_non_finite (bits))
        {
          sweep->non_finite++;
          continue;
        }
      if (label > k)
        {
          sweep->ignored++;
          continue;
        }
      sweep->closed[label * (k + 1) + class]++;
      sweep->pixels++;
      if (class == k) /* an anomaly whatever the threshold */
        continue;
      const guint bin = bin_of (bits);
      if (!count (sweep, bin, 2 * class + (label != class)) || (label == k && !count (sweep, bin, 2 * k)))
        return fail_memory (error);
    }
  return TRUE;
}

gboolean
dh_open_sweep_merge (DhOpenSweep *sweep, const DhOpenSweep *other, GError **error)
{
  g_return_val_if_fail (sweep->classes == other->classes, FALSE);
  const guint k = sweep->classes;
  g_clear_pointer (&sweep->index, g_array_unref);
  for (guint i = 0; i < (k + 1) * (k + 1); i++)
    sweep->closed[i] += other->closed[i];
  sweep->pixels += other->pixels;
  sweep->ignored += other->ignored;
  sweep->non_finite += other->non_finite;
  for (guint p = 0; p < N_PAGES; p++)
    for (guint row = 0; other->pages[p] && row < N_ROWS (sweep); row++)
      {
        const guint64 *from = other->pages[p][row];
        guint64 *to = from ? dh_open_sweep_get_row (sweep, p, row) : NULL;
        if (from && !to)
          return fail_memory (error);
        for (guint i = 0; from && i < PAGE; i++)
          to[i] += from[i];
      }
  return TRUE;
}

guint
dh_open_sweep_classes (const DhOpenSweep *sweep)
{
  return sweep->classes;
}

guint64
dh_open_sweep_pixels (const DhOpenSweep *sweep)
{
  return sweep->pixels;
}

static guint64
labelled (const DhOpenSweep *sweep, guint label)
{
  guint64 sum = 0;
  for (guint c = 0; c <= sweep->classes; c++)
    sum += sweep->closed[label * (sweep->classes + 1) + c];
  return sum;
}

guint64
dh_open_sweep_anomalies (const DhOpenSweep *sweep)
{
  return labelled (sweep, sweep->classes);
}

guint64
dh_open_sweep_non_finite (const DhOpenSweep *sweep)
{
  return sweep->non_finite;
}

gsize
dh_open_sweep_memory (const DhOpenSweep *sweep)
{
  const guint k = sweep->classes;
  return sizeof *sweep + (k + 1) * (k + 1) * sizeof (guint64) + sweep->n_pages * N_ROWS (sweep) * sizeof (guint64 *)
         + sweep->n_counters * sizeof (guint64);
}

/* All pages' totals, each before the next; behind the last those of all. */
static void
build_index (DhOpenSweep *sweep)
{
  sweep->index = g_array_new (FALSE, FALSE, sizeof (Before));
  g_array_set_clear_func (sweep->index, clear_before);
  g_autofree guint64 *sums = g_new0 (guint64, N_ROWS (sweep));
  for (guint p = 0; p <= N_PAGES; p++)
    {
      if (p < N_PAGES && !sweep->pages[p])
        continue;
      const Before before = { p, g_memdup2 (sums, N_ROWS (sweep) * sizeof *sums) };
      g_array_append_val (sweep->index, before);
      for (guint row = 0; p < N_PAGES && row < N_ROWS (sweep); row++)
        for (guint i = 0; sweep->pages[p][row] && i < PAGE; i++)
          sums[row] += sweep->pages[p][row][i];
    }
}

/* The first entry of the index at this page or behind it. */
static const Before *
find_before (const DhOpenSweep *sweep, guint page)
{
  guint low = 0, high = sweep->index->len - 1;
  while (low < high)
    {
      const guint middle = (low + high) / 2;
      if (g_array_index (sweep->index, Before, middle).page < page)
        low = middle + 1;
      else
        high = middle;
    }
  return &g_array_index (sweep->index, Before, low);
}

/* How many pixels of each row have a score of at most `value`, which is not NaN. */
static void
count_up_to (DhOpenSweep *sweep, float value, double *counts)
{
  if (!sweep->index)
    build_index (sweep);
  const guint32 bits = dh_float_bits (value);
  const gboolean infinite = dh_bits_non_finite (bits);
  const guint bin = infinite ? (value > 0 ? N_PAGES * PAGE : 0) : bin_of (bits);
  const guint page = bin / PAGE;
  const Before *before = find_before (sweep, page);
  const double share = infinite ? 0 : share_of (bin, value);
  for (guint row = 0; row < N_ROWS (sweep); row++)
    {
      const guint64 *counters = before->page == page && page < N_PAGES ? sweep->pages[page][row] : NULL;
      guint64 sum = before->counts[row];
      for (guint i = 0; counters && i < bin % PAGE; i++)
        sum += counters[i];
      counts[row] = (double)sum + (counters ? share * (double)counters[bin % PAGE] : 0);
    }
}

static double
iou_of (double both, double labelled, double predicted)
{
  const double either = labelled + predicted - both;
  return either > 0 ? both / either : NAN;
}

double
dh_open_sweep_miou (DhOpenSweep *sweep, double threshold, double *iou)
{
  const guint k = sweep->classes;
  for (guint c = 0; iou && c <= k; c++)
    iou[c] = NAN;
  if (isnan (threshold))
    return NAN;
  /* The largest float that decides as the double does: s > threshold ⇔ s > value, for every float s. */
  float value = (float)threshold;
  if (value > threshold)
    value = nextafterf (value, -INFINITY);
  double counts[2 * 254 + 1];
  count_up_to (sweep, value, counts);
  double sum = 0, kept = 0;
  guint defined = 0;
  for (guint c = 0; c < k; c++)
    {
      const double predicted = counts[2 * c] + counts[2 * c + 1];
      const double one = iou_of (counts[2 * c], (double)labelled (sweep, c), predicted);
      kept += predicted;
      if (iou)
        iou[c] = one;
      if (isnan (one))
        continue;
      sum += one;
      defined++;
    }
  if (iou)
    {
      const double anomalies = (double)labelled (sweep, k);
      iou[k] = iou_of (anomalies - counts[2 * k], anomalies, (double)sweep->pixels - kept);
    }
  return defined ? sum / defined : NAN;
}

double
dh_open_sweep_closed (const DhOpenSweep *sweep, double *iou, guint64 *confusion)
{
  const guint k = sweep->classes;
  g_autofree guint64 *cells = g_new (guint64, k * k);
  for (guint label = 0; label < k; label++)
    for (guint c = 0; c < k; c++)
      cells[label * k + c] = sweep->closed[label * (k + 1) + c];
  if (confusion)
    memcpy (confusion, cells, k * k * sizeof *cells);
  return dh_open_set_iou (cells, k, k, iou);
}

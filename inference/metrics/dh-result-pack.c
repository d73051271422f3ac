#include "dh-metric.h"
#include <math.h>

#define MOST G_MAXINT64

/* Which of them are numbers, a bit each, and these. */
static void
pack_numbers (DhPack *to, const double *const *numbers, guint n)
{
  guint64 there = 0;
  for (guint i = 0; i < n; i++)
    there |= (guint64)!isnan (*numbers[i]) << i;
  dh_pack_count (to, there);
  for (guint i = 0; i < n; i++)
    if (!isnan (*numbers[i]))
      dh_pack_double (to, *numbers[i]);
}

static void
unpack_numbers (DhUnpack *from, double *const *numbers, guint n)
{
  const guint64 there = dh_unpack_count (from, (G_GUINT64_CONSTANT (1) << n) - 1);
  for (guint i = 0; i < n; i++)
    {
      *numbers[i] = there >> i & 1 ? dh_unpack_double (from) : NAN;
      if (there >> i & 1 && isnan (*numbers[i]))
        dh_unpack_fail (from);
    }
}

/* The numbers and the counts of each struct, for both ways. */
#define RESULT_NUMBERS(r)                                                                                              \
  {                                                                                                                    \
    &(r)->ap, &(r)->auroc, &(r)->fpr95, &(r)->threshold_tpr95, &(r)->best_f1, &(r)->best_f1_threshold,                 \
        &(r)->tpr_at_fpr5, &(r)->threshold_fpr5                                                                        \
  }
#define RESULT_COUNTS(r)                                                                                               \
  {                                                                                                                    \
    &(r)->pixels, &(r)->positives, &(r)->ignored, &(r)->non_finite                                                     \
  }
#define ROW_NUMBERS(r)                                                                                                 \
  {                                                                                                                    \
    &(r)->ap, &(r)->auroc, &(r)->fpr95, &(r)->threshold_tpr95, &(r)->mean_score, &(r)->siou_mean, &(r)->ppv_mean       \
  }
#define ROW_COUNTS(r)                                                                                                  \
  {                                                                                                                    \
    &(r)->pixels, &(r)->positives, &(r)->ignored, &(r)->non_finite, &(r)->largest_missed                               \
  }
#define FOUND_NUMBERS(r)                                                                                               \
  {                                                                                                                    \
    &(r)->threshold, &(r)->threshold_as_compared, &(r)->siou_mean, &(r)->ppv_mean, &(r)->f1_mean                       \
  }
#define FOUND_COUNTS(r)                                                                                                \
  {                                                                                                                    \
    &(r)->min_prediction, &(r)->min_anomaly, &(r)->n_components, &(r)->n_predictions                                   \
  }

static void
pack_counts (DhPack *to, const guint64 *const *counts, guint n)
{
  for (guint i = 0; i < n; i++)
    dh_pack_count (to, *counts[i]);
}

static void
unpack_counts (DhUnpack *from, guint64 *const *counts, guint n)
{
  for (guint i = 0; i < n; i++)
    *counts[i] = dh_unpack_count (from, MOST);
}

static void
pack_row (const DhImageResult *row, DhPack *to)
{
  const double *const numbers[] = ROW_NUMBERS (row);
  const guint64 *const counts[] = ROW_COUNTS (row);
  dh_pack_count (to, row->width);
  dh_pack_count (to, row->height);
  dh_pack_count (to, row->n_components);
  dh_pack_count (to, row->n_predictions);
  pack_counts (to, counts, G_N_ELEMENTS (counts));
  pack_numbers (to, numbers, G_N_ELEMENTS (numbers));
}

static void
unpack_row (DhUnpack *from, DhImageResult *row)
{
  double *const numbers[] = ROW_NUMBERS (row);
  guint64 *const counts[] = ROW_COUNTS (row);
  row->width = (guint)dh_unpack_count (from, G_MAXUINT);
  row->height = (guint)dh_unpack_count (from, G_MAXUINT);
  row->n_components = (guint)dh_unpack_count (from, G_MAXUINT);
  row->n_predictions = (guint)dh_unpack_count (from, G_MAXUINT);
  unpack_counts (from, counts, G_N_ELEMENTS (counts));
  unpack_numbers (from, numbers, G_N_ELEMENTS (numbers));
}

/* Each row's picture as how many are passed over before it. */
static gboolean
pack_rows (const DhResult *result, const char *const *names, guint n_names, DhPack *to)
{
  guint at = 0;
  for (guint i = 0; i < result->images; i++, at++)
    {
      const guint from = at;
      while (at < n_names && !g_str_equal (names[at], result->rows[i].key))
        at++;
      if (at == n_names)
        return FALSE;
      dh_pack_count (to, at - from);
      pack_row (&result->rows[i], to);
    }
  return TRUE;
}

static void
unpack_rows (DhUnpack *from, const char *const *names, guint n_names, DhResult *result)
{
  guint at = 0;
  result->rows = g_new0 (DhImageResult, MAX (result->images, 1));
  for (guint i = 0; i < result->images && !from->failed; i++, at++)
    {
      at += (guint)dh_unpack_count (from, n_names);
      if (at >= n_names)
        {
          dh_unpack_fail (from);
          return;
        }
      result->rows[i].key = g_strdup (names[at]);
      unpack_row (from, &result->rows[i]);
    }
}

static void
pack_curve (const DhCurve *curve, DhPack *to)
{
  DhCurvePoint before = { 0 };
  dh_pack_count (to, curve->inliers);
  dh_pack_count (to, curve->anomalies);
  dh_pack_count (to, curve->n_points);
  for (guint i = 0; i < curve->n_points; i++)
    {
      const DhCurvePoint *point = &curve->points[i];
      dh_pack_double (to, point->threshold);
      dh_pack_count (to, point->tp - before.tp);
      dh_pack_count (to, point->fp - before.fp);
      before = *point;
    }
}

#define LEAST_OF_POINT 10 /* bytes */

static DhCurve *
unpack_curve (DhUnpack *from)
{
  const guint64 inliers = dh_unpack_count (from, MOST), anomalies = dh_unpack_count (from, MOST);
  const guint64 n = dh_unpack_count (from, (guint64)(from->end - from->at) / LEAST_OF_POINT);
  DhCurve *curve = from->failed ? NULL : dh_curve_new (inliers, anomalies, (guint)n);
  DhCurvePoint before = { .threshold = INFINITY };
  for (guint i = 0; curve && i < n; i++)
    {
      DhCurvePoint *point = &curve->points[i];
      point->threshold = dh_unpack_double (from);
      point->tp = before.tp + dh_unpack_count (from, anomalies - before.tp);
      point->fp = before.fp + dh_unpack_count (from, inliers - before.fp);
      if (!(point->threshold < before.threshold))
        dh_unpack_fail (from);
      before = *point;
    }
  if (!curve)
    dh_unpack_fail (from);
  return curve;
}

static void
pack_components (const DhComponentResult *found, DhPack *to)
{
  const double *const numbers[] = FOUND_NUMBERS (found);
  const guint64 *const counts[] = FOUND_COUNTS (found);
  dh_pack_byte (to, found->threshold_from_set != 0);
  pack_counts (to, counts, G_N_ELEMENTS (counts));
  pack_numbers (to, numbers, G_N_ELEMENTS (numbers));
  for (guint k = 0; k < DH_COMPONENT_TAUS; k++)
    {
      const double *const at[] = { &found->tau[k], &found->f1[k] };
      const guint64 *const sums[] = { &found->tp[k], &found->fn[k], &found->fp[k] };
      pack_numbers (to, at, G_N_ELEMENTS (at));
      pack_counts (to, sums, G_N_ELEMENTS (sums));
    }
}

static DhComponentResult *
unpack_components (DhUnpack *from)
{
  DhComponentResult *found = g_new0 (DhComponentResult, 1);
  double *const numbers[] = FOUND_NUMBERS (found);
  guint64 *const counts[] = FOUND_COUNTS (found);
  found->threshold_from_set = dh_unpack_byte (from) != 0;
  unpack_counts (from, counts, G_N_ELEMENTS (counts));
  unpack_numbers (from, numbers, G_N_ELEMENTS (numbers));
  for (guint k = 0; k < DH_COMPONENT_TAUS; k++)
    {
      double *const at[] = { &found->tau[k], &found->f1[k] };
      guint64 *const sums[] = { &found->tp[k], &found->fn[k], &found->fp[k] };
      unpack_numbers (from, at, G_N_ELEMENTS (at));
      unpack_counts (from, sums, G_N_ELEMENTS (sums));
    }
  return found;
}

enum
{
  HAS_ROWS = 1,
  HAS_CURVE = 2,
  HAS_COMPONENTS = 4,
};

gboolean
dh_result_pack (const DhResult *result, const char *const *names, guint n_names, DhPack *to)
{
  const double *const numbers[] = RESULT_NUMBERS (result);
  const guint64 *const counts[] = RESULT_COUNTS (result);
  dh_pack_text (to, result->protocol->name);
  dh_pack_byte (to, (guint8)((result->rows ? HAS_ROWS : 0) | (result->curve ? HAS_CURVE : 0)
                             | (result->components ? HAS_COMPONENTS : 0)));
  dh_pack_count (to, result->images);
  dh_pack_count (to, result->undefined_images);
  pack_counts (to, counts, G_N_ELEMENTS (counts));
  pack_numbers (to, numbers, G_N_ELEMENTS (numbers));
  if (result->curve)
    pack_curve (result->curve, to);
  if (result->components)
    pack_components (result->components, to);
  return !result->rows || pack_rows (result, names, n_names, to);
}

static const DhProtocol *
unpack_protocol (DhUnpack *from)
{
  const gsize size = dh_unpack_count (from, G_MAXUINT8);
  const guint8 *bytes = dh_unpack_bytes (from, size);
  g_autofree char *name = bytes ? g_strndup ((const char *)bytes, size) : NULL;
  return name ? dh_protocol_find (name, NULL) : NULL;
}

DhResult *
dh_result_unpack (DhUnpack *from, const char *const *names, guint n_names)
{
  g_autoptr (DhResult) result = g_new0 (DhResult, 1);
  double *const numbers[] = RESULT_NUMBERS (result);
  guint64 *const counts[] = RESULT_COUNTS (result);
  result->protocol = unpack_protocol (from);
  const guint has = dh_unpack_byte (from);
  result->images = (guint)dh_unpack_count (from, n_names);
  result->undefined_images = (guint)dh_unpack_count (from, n_names);
  unpack_counts (from, counts, G_N_ELEMENTS (counts));
  unpack_numbers (from, numbers, G_N_ELEMENTS (numbers));
  if (has & HAS_CURVE)
    result->curve = unpack_curve (from);
  if (has & HAS_COMPONENTS)
    result->components = unpack_components (from);
  if (has & HAS_ROWS)
    unpack_rows (from, names, n_names, result);
  if (result->protocol && has <= (HAS_ROWS | HAS_CURVE | HAS_COMPONENTS) && !from->failed)
    return g_steal_pointer (&result);
  dh_unpack_fail (from);
  return NULL;
}

#include "dh-curve-private.h"
#include <math.h>
#include <string.h>

/* As whole numbers, which are compared for every point. */
static void
set_kept (DhCurveBuilder *builder, const DhCurvePoint *point)
{
  builder->kept = *point;
  builder->far_tp = point->tp + (guint64)builder->tp_step;
  builder->far_fp = point->fp + (guint64)builder->fp_step;
  builder->far_both = (guint64)((double)(point->tp + point->fp) * builder->ratio);
}

void
dh_curve_builder_init (DhCurveBuilder *builder, guint64 inliers, guint64 anomalies, guint max_points)
{
  *builder = (DhCurveBuilder){ .curve = dh_curve_new (inliers, anomalies, 0),
                               .ratio = 1,
                               .last = { .threshold = INFINITY },
                               .kept = { .threshold = INFINITY } };
  if (max_points)
    {
      /* a third of the points for each of the three conditions, two a step */
      const double cells = MAX (max_points, 64) / 6;
      builder->tp_step = anomalies / cells;
      builder->fp_step = inliers / cells;
      builder->ratio = exp (log (MAX (anomalies + inliers, 2)) / cells);
    }
  const DhCurvePoint none = builder->kept;
  set_kept (builder, &none);
}

static void
keep (DhCurveBuilder *builder, const DhCurvePoint *point)
{
  DhCurve *curve = builder->curve;
  set_kept (builder, point);
  if (!curve)
    return;
  if (curve->n_points == builder->room)
    {
      const gsize room = MAX (256, builder->room * 2);
      DhCurvePoint *points = room < G_MAXUINT32 ? g_try_realloc_n (curve->points, room, sizeof *points) : NULL;
      if (!points)
        {
          g_clear_pointer (&builder->curve, dh_curve_free);
          return;
        }
      curve->points = points;
      builder->room = room;
    }
  curve->points[curve->n_points++] = *point;
}

static inline gboolean
is_far (const DhCurveBuilder *builder, guint64 tp, guint64 fp)
{
  return tp > builder->far_tp || fp > builder->far_fp || tp + fp > builder->far_both;
}

void
dh_curve_builder_add (DhCurveBuilder *builder, double threshold, guint64 tp, guint64 fp)
{
  if (G_UNLIKELY (is_far (builder, tp, fp)))
    {
      const DhCurvePoint point = { .threshold = threshold, .tp = tp, .fp = fp };
      if (builder->last.threshold != builder->kept.threshold)
        keep (builder, &builder->last);
      if (is_far (builder, tp, fp))
        keep (builder, &point);
    }
  builder->last.threshold = threshold;
  builder->last.tp = tp;
  builder->last.fp = fp;
}

static void
keep_last (DhCurveBuilder *builder)
{
  if (builder->last.threshold != builder->kept.threshold)
    keep (builder, &builder->last);
}

void
dh_curve_builder_insert (DhCurveBuilder *builder, const DhCurvePoint *point)
{
  keep_last (builder);
  keep (builder, point); /* makes room; then the points below it move up */
  DhCurve *curve = builder->curve;
  if (!curve)
    return;
  guint at = curve->n_points - 1;
  while (at > 0 && curve->points[at - 1].threshold < point->threshold)
    at--;
  if (at > 0 && curve->points[at - 1].threshold == point->threshold)
    curve->n_points--; /* it was there */
  else
    {
      memmove (curve->points + at + 1, curve->points + at, (curve->n_points - 1 - at) * sizeof *curve->points);
      curve->points[at] = *point;
    }
  set_kept (builder, &builder->last);
}

DhCurve *
dh_curve_builder_end (DhCurveBuilder *builder)
{
  keep_last (builder);
  return g_steal_pointer (&builder->curve);
}

DhCurve *
dh_curve_reduce (const DhCurve *curve, guint max_points)
{
  static const DhOperatingPoint kept[] = { DH_OPERATING_TPR95, DH_OPERATING_FPR5, DH_OPERATING_BEST_F1 };
  DhCurveBuilder builder;
  dh_curve_builder_init (&builder, curve->inliers, curve->anomalies, max_points);
  for (guint i = 0; i < curve->n_points; i++)
    dh_curve_builder_add (&builder, curve->points[i].threshold, curve->points[i].tp, curve->points[i].fp);
  for (guint k = 0; k < G_N_ELEMENTS (kept); k++)
    {
      const gint point = dh_curve_operating_point (curve, kept[k]);
      if (point >= 0)
        dh_curve_builder_insert (&builder, &curve->points[point]);
    }
  return dh_curve_builder_end (&builder);
}

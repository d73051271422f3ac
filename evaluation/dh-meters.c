#include "dh-meters-private.h"
#include "dh-error.h"
#include "dh-open-set.h"

typedef struct
{
  DhMap map;
  DhRanking *ranking; /* NULL once it was given away */
  DhOpenSweep *sweep; /* as well; and without classes */
  GPtrArray *metrics; /* DhMetric */
} Meter;

struct _DhMeters
{
  GArray *meters; /* Meter */
  guint classes;
};

static void
clear_meter (gpointer data)
{
  Meter *meter = data;
  if (meter->ranking)
    dh_ranking_free (meter->ranking);
  dh_open_sweep_free (meter->sweep);
  g_clear_pointer (&meter->metrics, g_ptr_array_unref);
}

DhMeters *
dh_meters_new (guint classes)
{
  DhMeters *meters = g_new (DhMeters, 1);
  meters->classes = classes;
  meters->meters = g_array_new (FALSE, FALSE, sizeof (Meter));
  g_array_set_clear_func (meters->meters, clear_meter);
  return meters;
}

void
dh_meters_free (DhMeters *meters)
{
  if (!meters)
    return;
  g_array_unref (meters->meters);
  g_free (meters);
}

static Meter
meter_new (const DhMeters *meters, DhMap map)
{
  return (Meter){ map, dh_ranking_new (), meters->classes ? dh_open_sweep_new (meters->classes) : NULL,
                  g_ptr_array_new_with_free_func ((GDestroyNotify)dh_metric_free) };
}

gboolean
dh_meters_begin (DhMeters *meters, DhMap map, const DhProtocol *const *protocols, guint n_protocols,
                 const DhMetricOptions *options, GError **error)
{
  const Meter meter = meter_new (meters, map);
  DhMetricOptions pooled = options ? *options : (DhMetricOptions){ 0 };
  pooled.pool = meter.ranking;
  g_array_append_val (meters->meters, meter);
  for (guint p = 0; p < n_protocols; p++)
    {
      DhMetric *metric = dh_metric_new (protocols[p], &pooled, error);
      if (!metric)
        return FALSE;
      g_ptr_array_add (meter.metrics, metric);
    }
  return TRUE;
}

guint
dh_meters_count (const DhMeters *meters)
{
  return meters->meters->len;
}

DhMap
dh_meters_map (const DhMeters *meters, guint index)
{
  return g_array_index (meters->meters, Meter, index).map;
}

DhMeters *
dh_meters_new_part (const DhMeters *meters)
{
  DhMeters *part = dh_meters_new (meters->classes);
  for (guint m = 0; m < meters->meters->len; m++)
    {
      const Meter *of = &g_array_index (meters->meters, Meter, m);
      const Meter meter = meter_new (part, of->map);
      for (guint p = 0; p < of->metrics->len; p++)
        g_ptr_array_add (meter.metrics, dh_metric_new_part (of->metrics->pdata[p]));
      g_array_append_val (part->meters, meter);
    }
  return part;
}

static gboolean
add_to_protocols (const Meter *meter, const char *stem, const DhTensor *map, const float *scores,
                  const DhLabels *anomalies, GError **error)
{
  const DhScoredImage scored = { stem,         scores,         anomalies->ids,       map->dims[1],
                                 map->dims[0], meter->ranking, DH_ANOMALY_UNMEASURED };
  if (!dh_ranking_add (meter->ranking, scores, anomalies->ids, dh_tensor_count (map), NULL, error))
    return FALSE;
  for (guint p = 0; p < meter->metrics->len; p++)
    if (!dh_metric_add (meter->metrics->pdata[p], &scored, error))
      return FALSE;
  return TRUE;
}

/* Both kinds of labels as one; NULL with an error, and without one where there are no classes. */
static guint8 *
join_labels (const DhMeters *meters, const DhLabels *anomalies, const DhLabels *classes, GError **error)
{
  if (!meters->classes || !classes)
    return NULL;
  const gsize n = (gsize)classes->width * classes->height;
  guint8 *labels = g_try_malloc (n);
  if (labels)
    dh_open_set_join_labels (meters->classes, anomalies ? anomalies->ids : NULL, classes->ids, labels, n);
  else
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%zu bytes for a label map are not to be had", n);
  return labels;
}

gboolean
dh_meters_add (DhMeters *meters, const char *stem, DhTensor *const *maps, const DhLabels *anomalies,
               const DhLabels *classes, GError **error)
{
  GError *short_of = NULL;
  g_autofree guint8 *labels = join_labels (meters, anomalies, classes, &short_of);
  if (short_of)
    {
      g_propagate_error (error, short_of);
      return FALSE;
    }
  for (guint m = 0; m < meters->meters->len; m++)
    {
      const Meter *meter = &g_array_index (meters->meters, Meter, m);
      const DhTensor *map = maps[meter->map];
      const float *scores = dh_tensor_f32 (maps[meter->map]);
      if ((anomalies && !add_to_protocols (meter, stem, map, scores, anomalies, error))
          || (labels
              && !dh_open_sweep_add (meter->sweep, dh_tensor_data (maps[DH_MAP_SEGMENTATION]), scores, labels,
                                     dh_tensor_count (map), error)))
        return FALSE;
    }
  return TRUE;
}

gboolean
dh_meters_merge (DhMeters *meters, const DhMeters *part, GError **error)
{
  for (guint m = 0; m < meters->meters->len; m++)
    {
      const Meter *to = &g_array_index (meters->meters, Meter, m), *from = &g_array_index (part->meters, Meter, m);
      if (!dh_ranking_merge (to->ranking, from->ranking, error)
          || (to->sweep && !dh_open_sweep_merge (to->sweep, from->sweep, error)))
        return FALSE;
      for (guint p = 0; p < to->metrics->len; p++)
        if (!dh_metric_merge (to->metrics->pdata[p], from->metrics->pdata[p], error))
          return FALSE;
    }
  return TRUE;
}

DhRanking *
dh_meters_ranking (const DhMeters *meters)
{
  return g_array_index (meters->meters, Meter, 0).ranking;
}

GPtrArray *
dh_meters_next_pass (const DhMeters *meters)
{
  GPtrArray *waiting = g_ptr_array_new (), *metrics = g_array_index (meters->meters, Meter, 0).metrics;
  for (guint p = 0; p < metrics->len; p++)
    if (dh_metric_next_pass (metrics->pdata[p]))
      g_ptr_array_add (waiting, metrics->pdata[p]);
  return waiting;
}

gboolean
dh_meters_finish (DhMeters *meters, GArray *scores, GError **error)
{
  for (guint m = 0; m < meters->meters->len; m++)
    {
      Meter *meter = &g_array_index (meters->meters, Meter, m);
      const DhScoreEvaluation score = { meter->map, dh_map_name (meter->map), g_steal_pointer (&meter->ranking),
                                        g_steal_pointer (&meter->sweep),
                                        g_ptr_array_new_with_free_func ((GDestroyNotify)dh_result_free) };
      g_array_append_val (scores, score);
      for (guint p = 0; p < meter->metrics->len; p++)
        {
          DhResult *result = dh_metric_finish (meter->metrics->pdata[p], error);
          if (!result)
            return FALSE;
          g_ptr_array_add (score.results, result);
        }
    }
  return TRUE;
}

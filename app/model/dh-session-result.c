#include "dh-session-result-private.h"
#include <math.h>
#include "dh-session-private.h"

const char *const dh_session_protocols[] = {
  "densehybrid-pooled",
  "fishyscapes",
  "smiyc-pixel",
  "densehybrid-per-image",
  "densehybrid-per-image-as-published",
  "caos",
  "smiyc-component",
  NULL,
};

guint
dh_session_list_protocols (const DhProtocol *protocols[DH_SESSION_MOST_PROTOCOLS])
{
  guint n = 0;
  G_STATIC_ASSERT (G_N_ELEMENTS (dh_session_protocols) <= DH_SESSION_MOST_PROTOCOLS);
  for (const char *const *name = dh_session_protocols; *name != NULL; name++)
    if ((protocols[n] = dh_protocol_find (*name, NULL)) != NULL)
      n++;
  return n;
}

DhItemMetrics
dh_item_metrics_of_row (const DhRunImageRow *row)
{
  DhItemMetrics metrics = DH_ITEM_METRICS_NONE;
  metrics.evaluated = TRUE;
  metrics.ap = row->ap;
  metrics.fpr95 = row->fpr95;
  metrics.auroc = row->auroc;
  metrics.mean_score = row->mean_score;
  metrics.n_anomaly = (guint64)MAX (0, row->positives);
  metrics.n_inlier = (guint64)MAX (0, row->pixels - row->positives);
  return metrics;
}

void
dh_session_result_init (DhSessionResult *result, DhDataset *dataset, const char *folder, DhEvaluation *evaluation,
                        const char *device, const char *precision, GDateTime *ended)
{
  result->summary = dh_evaluation_summary_new (evaluation, device, precision, ended);
  result->missed = dh_evaluation_summary_list_missed (evaluation);
  result->maps = dh_set_maps_new (dataset, folder, evaluation);
  result->stats = dh_evaluation_summary_take_stats (evaluation, result->summary->labelled);
}

void
dh_session_result_clear (DhSessionResult *result)
{
  g_clear_pointer (&result->summary, dh_evaluation_summary_free);
  g_clear_pointer (&result->stats, dh_score_stats_unref);
  g_clear_pointer (&result->missed, g_hash_table_unref);
  g_clear_pointer (&result->maps, dh_set_maps_unref);
}

static void
show_missed (DhSession *self, GHashTable *missed)
{
  for (guint i = 0; missed != NULL && i < dh_image_list_get_size (self->list); i++)
    {
      DhImageItem *item = dh_image_list_get_item (self->list, i);
      const double *pixels = g_hash_table_lookup (missed, dh_image_item_get_stem (item));
      if (pixels == NULL)
        continue;
      DhItemMetrics metrics = *dh_image_item_get_metrics (item);
      metrics.largest_missed = *pixels;
      dh_image_item_set_metrics (item, &metrics);
    }
}

void
dh_session_take_result (DhSession *self, DhSessionResult *result)
{
  dh_evaluation_summary_free (self->summary);
  self->summary = g_steal_pointer (&result->summary);
  show_missed (self, result->missed);
  dh_session_take_set_maps (self, g_steal_pointer (&result->maps));
  if (self->summary->labelled)
    dh_session_take_set_stats (self, g_steal_pointer (&result->stats));
  else /* there is nothing to count, but what is flagged */
    dh_session_find_set_objects (self);
}

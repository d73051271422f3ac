#include "dh-run-results-private.h"

#include <math.h>

#include "dh-records.h"
#include "dh-stored-curve.h"

static gboolean
store (DhDatabase *database, gint64 run, const char *score, const DhResult *result, GBytes *histogram, GError **error)
{
  g_autoptr (GBytes) curve = result->curve ? dh_curve_to_bytes (result->curve) : NULL;
  const DhRunProtocolRow row = { .score = (char *)score,
                                 .protocol = (char *)result->protocol->name,
                                 .ap = result->ap,
                                 .auroc = result->auroc,
                                 .fpr95 = result->fpr95,
                                 .threshold_tpr95 = result->threshold_tpr95,
                                 .best_f1 = result->best_f1,
                                 .best_f1_threshold = result->best_f1_threshold,
                                 .pixels = result->pixels,
                                 .positives = result->positives,
                                 .undefined_images = result->undefined_images,
                                 .curve = curve,
                                 .histogram = histogram };
  return dh_database_put_run_protocol (database, run, &row, error);
}

gboolean
dh_run_results_store (DhDatabase *database, gint64 run, const char *score, GPtrArray *results, DhRanking *ranking,
                      GError **error)
{
  g_autoptr (GBytes) histogram = dh_score_histogram_to_bytes (ranking);
  for (guint i = 0; i < results->len; i++)
    if (!store (database, run, score, results->pdata[i], histogram, error))
      return FALSE;
  return TRUE;
}

void
dh_run_results_set_number (JsonObject *object, const char *name, double value)
{
  if (isfinite (value))
    json_object_set_double_member (object, name, value);
  else
    json_object_set_null_member (object, name);
}

static void
set_array (JsonObject *object, const char *name, const double *values, const guint64 *counts)
{
  JsonArray *array = json_array_sized_new (DH_COMPONENT_TAUS);
  for (guint i = 0; i < DH_COMPONENT_TAUS; i++)
    if (counts)
      json_array_add_int_element (array, (gint64)counts[i]);
    else if (isfinite (values[i]))
      json_array_add_double_element (array, values[i]);
    else
      json_array_add_null_element (array);
  json_object_set_array_member (object, name, array);
}

JsonObject *
dh_run_results_summarise (GPtrArray *results)
{
  JsonObject *summary = json_object_new ();
  for (guint i = 0; i < results->len; i++)
    {
      const DhResult *result = results->pdata[i];
      const DhComponentResult *found = result->components;
      if (!found)
        continue;
      JsonObject *components = json_object_new ();
      json_object_set_string_member (components, "protocol", result->protocol->name);
      dh_run_results_set_number (components, "threshold", found->threshold);
      dh_run_results_set_number (components, "siou", found->siou_mean);
      dh_run_results_set_number (components, "ppv", found->ppv_mean);
      dh_run_results_set_number (components, "mean_f1", found->f1_mean);
      json_object_set_boolean_member (components, "threshold_from_set", found->threshold_from_set);
      json_object_set_int_member (components, "min_prediction", (gint64)found->min_prediction);
      json_object_set_int_member (components, "min_anomaly", (gint64)found->min_anomaly);
      json_object_set_int_member (components, "anomalies", (gint64)found->n_components);
      json_object_set_int_member (components, "predictions", (gint64)found->n_predictions);
      set_array (components, "tau", found->tau, NULL);
      set_array (components, "f1", found->f1, NULL);
      set_array (components, "tp", NULL, found->tp);
      set_array (components, "fn", NULL, found->fn);
      set_array (components, "fp", NULL, found->fp);
      json_object_set_object_member (summary, "components", components);
      break;
    }
  return summary;
}

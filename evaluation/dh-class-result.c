#include "dh-class-result.h"

#include <math.h>

#include "dh-run-results-private.h"

DhClassResult *
dh_class_result_new (const DhClassTable *table, DhOpenSweep *sweep, double threshold)
{
  const guint k = table->n_classes;
  g_return_val_if_fail (dh_open_sweep_classes (sweep) == k, NULL);
  DhClassResult *result = g_new0 (DhClassResult, 1);
  result->table = table;
  result->has_open = dh_open_sweep_anomalies (sweep) > 0;
  result->closed_iou = g_new (double, k);
  result->confusion = g_new (guint64, k * k);
  result->closed_miou = dh_open_sweep_closed (sweep, result->closed_iou, result->confusion);
  g_autofree double *iou = g_new (double, k + 1);
  result->threshold = result->has_open ? threshold : (double)NAN;
  result->open_miou = dh_open_sweep_miou (sweep, result->threshold, iou);
  result->anomaly_iou = iou[k];
  result->open_iou = g_memdup2 (iou, k * sizeof *iou);
  return result;
}

DhClassResult *
dh_class_result_copy (const DhClassResult *result)
{
  const guint k = result->table->n_classes;
  DhClassResult *copy = g_memdup2 (result, sizeof *result);
  copy->closed_iou = g_memdup2 (result->closed_iou, k * sizeof (double));
  copy->open_iou = g_memdup2 (result->open_iou, k * sizeof (double));
  copy->confusion = g_memdup2 (result->confusion, k * k * sizeof (guint64));
  return copy;
}

void
dh_class_result_free (DhClassResult *result)
{
  if (!result)
    return;
  g_free (result->closed_iou);
  g_free (result->open_iou);
  g_free (result->confusion);
  g_free (result);
}

static void
set_numbers (JsonObject *object, const char *name, const double *values, guint n)
{
  JsonArray *array = json_array_sized_new (n);
  for (guint i = 0; i < n; i++)
    if (isfinite (values[i]))
      json_array_add_double_element (array, values[i]);
    else
      json_array_add_null_element (array);
  json_object_set_array_member (object, name, array);
}

static void
set_confusion (JsonObject *object, const guint64 *confusion, guint k)
{
  JsonArray *rows = json_array_sized_new (k);
  for (guint label = 0; label < k; label++)
    {
      JsonArray *row = json_array_sized_new (k);
      for (guint c = 0; c < k; c++)
        json_array_add_int_element (row, (gint64)confusion[label * k + c]);
      json_array_add_array_element (rows, row);
    }
  json_object_set_array_member (object, "confusion", rows);
}

JsonObject *
dh_class_result_to_json (const DhClassResult *result)
{
  const guint k = result->table->n_classes;
  JsonObject *object = json_object_new ();
  JsonArray *names = json_array_sized_new (k);
  for (guint c = 0; c < k; c++)
    json_array_add_string_element (names, result->table->classes[c].name);
  json_object_set_string_member (object, "table", result->table->name);
  json_object_set_array_member (object, "names", names);
  dh_run_results_set_number (object, "closed_miou", result->closed_miou);
  set_numbers (object, "closed_iou", result->closed_iou, k);
  set_confusion (object, result->confusion, k);
  if (!result->has_open)
    return object;
  dh_run_results_set_number (object, "threshold", result->threshold);
  json_object_set_string_member (object, "threshold_rule", "TPR 95 % of this very set");
  dh_run_results_set_number (object, "open_miou", result->open_miou);
  set_numbers (object, "open_iou", result->open_iou, k);
  dh_run_results_set_number (object, "anomaly_iou", result->anomaly_iou);
  return object;
}

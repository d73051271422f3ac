#include <math.h>

#include <json-glib/json-glib.h>

#include "dh-map-owner.h"
#include "dh-report-private.h"

/* What a run keeps beside its rows, as JSON from a database that anyone may have written: nothing in it is taken for
 * granted. */

static JsonObject *
get_object (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;
  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static const char *
get_string (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;
  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

static double
get_number (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;
  if (!node || !JSON_NODE_HOLDS_VALUE (node))
    return NAN;
  const GType type = json_node_get_value_type (node);
  return type == G_TYPE_DOUBLE || type == G_TYPE_INT64 ? json_node_get_double (node) : NAN;
}

JsonNode *
dh_report_parse_summary (const DhRunRow *run)
{
  g_autoptr (JsonNode) root = run->summary ? json_from_string (run->summary, NULL) : NULL;
  return root && JSON_NODE_HOLDS_OBJECT (root) ? g_steal_pointer (&root) : NULL;
}

static void
add_fact (GPtrArray *facts, const char *name, char *text)
{
  g_ptr_array_add (facts, g_strdup (name));
  g_ptr_array_add (facts, text);
}

void
dh_report_add_towns (const DhRunRow *run, GPtrArray *facts)
{
  g_autoptr (JsonNode) root = dh_report_parse_summary (run);
  JsonObject *summary = root ? json_node_get_object (root) : NULL;
  JsonObject *towns = get_object (summary, "towns");
  if (!towns)
    return;
  g_autofree char *all_open = dh_report_percent (get_number (summary, "open_miou"));
  g_autofree char *all_closed = dh_report_percent (get_number (summary, "closed_miou"));
  add_fact (facts, "Open set", g_strdup_printf ("open-mIoU %s %%, closed mIoU %s %%", all_open, all_closed));
  g_autoptr (GList) names = json_object_get_members (towns);
  for (GList *name = names; name; name = name->next)
    {
      JsonObject *town = get_object (towns, name->data);
      const char *other = get_string (town, "calibrated_on");
      g_autofree char *title = g_strdup_printf ("Town %s", (const char *)name->data);
      g_autofree char *open = dh_report_percent (get_number (town, "open_miou"));
      g_autofree char *closed = dh_report_percent (get_number (town, "closed_miou"));
      g_autofree char *anomaly = dh_report_percent (get_number (town, "anomaly_iou"));
      g_autofree char *threshold = dh_report_number (get_number (town, "threshold"), 3);
      add_fact (facts, title,
                g_strdup_printf ("open-mIoU %s %%, closed mIoU %s %%, anomaly IoU %s %%; threshold %s calibrated on %s",
                                 open, closed, anomaly, threshold, other ? other : "—"));
    }
}

gboolean
dh_report_was_turned (const DhRunRow *run)
{
  g_autoptr (JsonNode) root = dh_report_parse_summary (run);
  JsonNode *node = root ? json_object_get_member (json_node_get_object (root), "low_is_anomalous") : NULL;
  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN
         && json_node_get_boolean (node);
}

DhDataset *
dh_report_open_dataset (const DhRunRow *run, GCancellable *cancellable)
{
  g_autoptr (JsonNode) root = dh_report_parse_summary (run);
  JsonObject *summary = root ? json_node_get_object (root) : NULL;
  const char *ids = get_string (summary, "label_ids");
  const DhDatasetOptions options = { .base_root = get_string (summary, "base"),
                                     .label_ids = g_strcmp0 (ids, "raw") == 0       ? DH_LABEL_IDS_RAW
                                                  : g_strcmp0 (ids, "shifted") == 0 ? DH_LABEL_IDS_SHIFTED
                                                                                    : DH_LABEL_IDS_AUTO };
  return dh_dataset_open (run->dataset_root, run->dataset_kind, &options, cancellable, NULL, NULL);
}

gboolean
dh_report_has_maps (const DhRunRow *run)
{
  g_autofree char *owner = dh_map_owner_new (run->model_sha256, run->score, run->precision, run->device, NULL);
  return dh_map_owner_made_scores (run->folder, owner);
}

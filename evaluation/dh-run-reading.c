#include "dh-run-reading.h"

void
dh_run_reading_put (JsonObject *summary, DhDataset *dataset)
{
  const char *base = dh_dataset_base_root (dataset);
  if (base)
    {
      g_autofree char *absolute = g_canonicalize_filename (base, NULL);
      g_autofree char *text = g_filename_to_utf8 (absolute, -1, NULL, NULL, NULL);
      if (text)
        json_object_set_string_member (summary, "base", text);
    }
  g_autofree char *published = dh_dataset_dup_published (dataset);
  if (published)
    json_object_set_string_member (summary, "published", published);
  json_object_set_string_member (summary, "label_ids", dh_label_ids_name (dh_dataset_label_ids (dataset, NULL)));
  if (dh_dataset_n_taken_as_true (dataset) > 0)
    json_object_set_boolean_member (summary, "labels_are_true", TRUE);
  const char *masks = dh_dataset_mask_values (dataset, NULL);
  if (masks)
    json_object_set_string_member (summary, "mask_values", masks);
  g_autofree char *degraded = dh_degradation_to_text (dh_dataset_degradation (dataset));
  if (degraded)
    json_object_set_string_member (summary, "degrade", degraded);
  const DhRegion *region = dh_dataset_region (dataset);
  if (region)
    json_object_set_string_member (summary, "region", dh_region_text (region));
}

/* Anyone may have written it. */
static JsonNode *
find (JsonNode *root, const char *name, GType type)
{
  JsonNode *node =
      root && JSON_NODE_HOLDS_OBJECT (root) ? json_object_get_member (json_node_get_object (root), name) : NULL;
  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type ? node : NULL;
}

DhReading *
dh_run_reading_get (const DhRunRow *run)
{
  g_autoptr (JsonNode) root = run->summary ? json_from_string (run->summary, NULL) : NULL;
  JsonNode *base = find (root, "base", G_TYPE_STRING), *ids = find (root, "label_ids", G_TYPE_STRING);
  JsonNode *labels = find (root, "labels_are_true", G_TYPE_BOOLEAN);
  JsonNode *masks = find (root, "mask_values", G_TYPE_STRING), *degraded = find (root, "degrade", G_TYPE_STRING);
  JsonNode *region = find (root, "region", G_TYPE_STRING);
  DhReading *reading = dh_reading_new ();
  DhDatasetKind kind;
  if (dh_dataset_kind_from_name (run->dataset_kind, &kind))
    reading->kind = g_strdup (run->dataset_kind);
  if (run->split && *run->split)
    reading->splits = g_strdup (run->split);
  if (base)
    reading->base = json_node_dup_string (base);
  if (ids && g_str_has_prefix (run->dataset_kind, "street-hazards"))
    dh_label_ids_from_name (json_node_get_string (ids), &reading->label_ids);
  reading->labels_are_true = labels && json_node_get_boolean (labels);
  if (masks && g_str_equal (run->dataset_kind, "masks"))
    reading->mask_values = json_node_dup_string (masks);
  if (degraded)
    dh_degradation_from_text (json_node_get_string (degraded), &reading->degradation);
  reading->region = region ? json_node_dup_string (region) : NULL;
  return reading;
}

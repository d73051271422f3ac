#include <math.h>

#include <json-glib/json-glib.h>

#include "dh-map-owner.h"
#include "dh-metric.h"
#include "dh-report-private.h"
#include "dh-run-reading.h"

/* What a run keeps beside its rows, as JSON from a database that anyone may have written: nothing in it is taken for
 * granted. */

JsonObject *
dh_report_get_object (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;
  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

const char *
dh_report_get_string (JsonObject *object, const char *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;
  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

double
dh_report_get_number (JsonObject *object, const char *name)
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
  JsonObject *towns = dh_report_get_object (summary, "towns");
  if (!towns)
    return;
  g_autofree char *all_open = dh_report_percent (dh_report_get_number (summary, "open_miou"));
  g_autofree char *all_closed = dh_report_percent (dh_report_get_number (summary, "closed_miou"));
  add_fact (facts, "Open set", g_strdup_printf ("open-mIoU %s %%, closed mIoU %s %%", all_open, all_closed));
  g_autoptr (GList) names = json_object_get_members (towns);
  for (GList *name = names; name; name = name->next)
    {
      JsonObject *town = dh_report_get_object (towns, name->data);
      const char *other = dh_report_get_string (town, "calibrated_on");
      g_autofree char *title = g_strdup_printf ("Town %s", (const char *)name->data);
      g_autofree char *open = dh_report_percent (dh_report_get_number (town, "open_miou"));
      g_autofree char *closed = dh_report_percent (dh_report_get_number (town, "closed_miou"));
      g_autofree char *anomaly = dh_report_percent (dh_report_get_number (town, "anomaly_iou"));
      g_autofree char *threshold = dh_report_number (dh_report_get_number (town, "threshold"), 3);
      add_fact (facts, title,
                g_strdup_printf ("open-mIoU %s %%, closed mIoU %s %%, anomaly IoU %s %%; threshold %s calibrated on %s",
                                 open, closed, anomaly, threshold, other ? other : "—"));
    }
}

gboolean
dh_report_is_component_row (const DhRunProtocolRow *row)
{
  const DhProtocol *protocol = dh_protocol_find (row->protocol, NULL);
  return protocol && protocol->kind == DH_PROTOCOL_COMPONENT;
}

void
dh_report_components_clear (DhReportComponents *components)
{
  g_free (components->protocol);
  g_free (components->rule);
}

gboolean
dh_report_find_components (const DhRunRow *run, DhReportComponents *components)
{
  g_autoptr (JsonNode) root = dh_report_parse_summary (run);
  JsonObject *found = dh_report_get_object (root ? json_node_get_object (root) : NULL, "components");
  if (!found)
    return FALSE;
  const char *protocol = dh_report_get_string (found, "protocol");
  *components = (DhReportComponents){ .protocol = g_strdup (protocol ? protocol : "smiyc-component"),
                                      .siou = dh_report_get_number (found, "siou"),
                                      .ppv = dh_report_get_number (found, "ppv"),
                                      .mean_f1 = dh_report_get_number (found, "mean_f1"),
                                      .threshold = dh_report_get_number (found, "threshold") };
  JsonNode *own = json_object_get_member (found, "threshold_from_set");
  const gboolean given = own && JSON_NODE_HOLDS_VALUE (own) && json_node_get_value_type (own) == G_TYPE_BOOLEAN
                         && !json_node_get_boolean (own);
  components->given = given;
  g_autoptr (GString) rule = g_string_new (given ? "given" : "best F1 of this very set");
  const double prediction = dh_report_get_number (found, "min_prediction"),
               anomaly = dh_report_get_number (found, "min_anomaly");
  if (isfinite (prediction) && isfinite (anomaly))
    g_string_append_printf (rule, "; at least %.0f pixels, anomalies %.0f", prediction, anomaly);
  components->rule = g_strdup (rule->str);
  return TRUE;
}

/* The most frequent size of the pictures, and how many have another. */
static char *
dup_sizes (const DhReportRun *run)
{
  g_autoptr (GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const char *most = NULL;
  guint n = 0, of_most = 0;
  for (guint i = 0; i < run->images->len; i++)
    {
      const DhRunImageRow *row = run->images->pdata[i];
      if (row->width <= 0 || row->height <= 0 || !g_str_equal (row->state, "done"))
        continue;
      char *size = g_strdup_printf ("%" G_GINT64_FORMAT "×%" G_GINT64_FORMAT, row->width, row->height);
      const guint count = GPOINTER_TO_UINT (g_hash_table_lookup (counts, size)) + 1;
      g_hash_table_replace (counts, size, GUINT_TO_POINTER (count));
      n++;
    }
  GHashTableIter iter;
  gpointer size, count;
  g_hash_table_iter_init (&iter, counts);
  while (g_hash_table_iter_next (&iter, &size, &count))
    if (GPOINTER_TO_UINT (count) > of_most || (GPOINTER_TO_UINT (count) == of_most && g_strcmp0 (size, most) < 0))
      {
        most = size;
        of_most = GPOINTER_TO_UINT (count);
      }
  return n == 0         ? NULL
         : of_most == n ? g_strdup_printf ("%s pixels", most)
                        : g_strdup_printf ("%s pixels (%u), %u of other sizes", most, of_most, n - of_most);
}

void
dh_report_add_measured (const DhReportRun *run, GPtrArray *facts)
{
  gint64 pixels = 0, positives = 0, non_finite = 0;
  char *sizes = dup_sizes (run);
  for (guint i = 0; i < run->images->len; i++)
    {
      const DhRunImageRow *row = run->images->pdata[i];
      pixels += row->pixels;
      positives += row->positives;
      non_finite += row->non_finite;
    }
  if (sizes)
    add_fact (facts, "Resolution", sizes);
  if (pixels > 0)
    {
      g_autofree char *all = dh_report_count (pixels), *anomalous = dh_report_count (positives);
      g_autofree char *share = dh_report_percent ((double)positives / (double)pixels);
      add_fact (facts, "Labelled pixels", g_strdup_printf ("%s, of them %s anomalous (%s %%)", all, anomalous, share));
    }
  if (non_finite > 0)
    add_fact (facts, "Not finite",
              g_strdup_printf ("%" G_GINT64_FORMAT " pixel%s, left out of every number", non_finite,
                               non_finite == 1 ? "" : "s"));
  const DhRunProtocolRow *pooled = dh_report_find_protocol (run, run->run->score, "densehybrid-pooled");
  if (!pooled || !isfinite (pooled->threshold_tpr95))
    return;
  g_autofree char *tpr95 = dh_report_number (pooled->threshold_tpr95, 3);
  g_autofree char *f1 = dh_report_number (pooled->best_f1_threshold, 3);
  g_autofree char *best = dh_report_percent (pooled->best_f1);
  add_fact (facts, "Thresholds",
            g_strdup_printf ("%s for TPR 95 %%, %s for the best F1 (%s %%); both chosen on this very set, %s", tpr95,
                             f1, best, pooled->protocol));
}

gboolean
dh_report_was_turned (const DhRunRow *run)
{
  g_autoptr (JsonNode) root = dh_report_parse_summary (run);
  JsonNode *node = root ? json_object_get_member (json_node_get_object (root), "low_is_anomalous") : NULL;
  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_BOOLEAN
         && json_node_get_boolean (node);
}

/* "bottom 12 %, ignored in each image's labels"; of a mask its file, and why that cannot be read any more. */
static char *
name_region (const char *text, const char *seen)
{
  const char *id = dh_seen_get_region (seen);
  g_autofree char *title = dh_region_id_dup_title (id ? id : text), *path = dh_region_text_dup_path (text);
  g_autofree char *name = path ? g_filename_display_name (path) : NULL;
  g_autoptr (GError) why = NULL;
  g_autoptr (DhRegion) region = dh_region_new (text, &why);
  return g_strdup_printf ("%s%s%s%s, ignored in the labels of each image%s%s", title, name ? " (" : "",
                          name ? name : "", name ? ")" : "", why ? "; now its images cannot be measured again: " : "",
                          why ? why->message : "");
}

void
dh_report_add_reading (const DhRunRow *run, GPtrArray *facts)
{
  static const char *const said[DH_N_LABEL_IDS] = { [DH_LABEL_IDS_RAW] = "as published: anomaly is 14",
                                                    [DH_LABEL_IDS_SHIFTED] = "shifted by one: anomaly is 13",
                                                    [DH_LABEL_IDS_PACKED] = "the packed classes: anomaly is 12" };
  g_autoptr (JsonNode) root = dh_report_parse_summary (run);
  g_autoptr (DhReading) reading = dh_run_reading_get (run);
  const char *published = dh_report_get_string (root ? json_node_get_object (root) : NULL, "published");
  if (published)
    add_fact (facts, "Published as", g_strdup (published));
  if (g_str_has_prefix (run->dataset_kind, "street-hazards") && said[reading->label_ids])
    add_fact (facts, "Label ids", g_strdup (said[reading->label_ids]));
  if (reading->mask_values)
    add_fact (facts, "Mask values", g_strdup (reading->mask_values));
  g_autofree char *degraded = dh_degradation_to_text (reading->degradation);
  if (degraded)
    add_fact (facts, "Images degraded",
              g_strdup_printf ("%s: %s", degraded, dh_degrade_about (reading->degradation.kind)));
  if (reading->region)
    add_fact (facts, "Not measured", name_region (reading->region, dh_fingerprint_get_seen (run->dataset_fingerprint)));
  if (reading->labels_are_true)
    add_fact (facts, "Constant labels", g_strdup ("one value in a whole split, taken as true because that was said"));
}

DhDataset *
dh_report_open_dataset (const DhRunRow *run, GCancellable *cancellable)
{
  g_autoptr (DhReading) reading = dh_run_reading_get (run);
  /* Pictures are sought by their names. */
  g_clear_pointer (&reading->splits, g_free);
  return dh_reading_open (reading, run->dataset_root, cancellable, NULL, NULL);
}

gboolean
dh_report_has_maps (const DhRunRow *run)
{
  g_autofree char *owner = dh_map_owner_new (run, NULL);
  return dh_map_owner_made_scores (run->folder, owner);
}

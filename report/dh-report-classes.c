#include <math.h>

#include "dh-report-private.h"

/* An array of so many elements; NULL where there is none. */
static JsonArray *
get_array (JsonObject *object, const char *name, guint n)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  return array && json_array_get_length (array) == n ? array : NULL;
}

static double
number_at (JsonArray *array, guint i)
{
  JsonNode *node = array ? json_array_get_element (array, i) : NULL;
  const GType type = node && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;
  return type == G_TYPE_DOUBLE || type == G_TYPE_INT64 ? json_node_get_double (node) : NAN;
}

static const char *
text_at (JsonArray *array, guint i)
{
  JsonNode *node = json_array_get_element (array, i);
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node)
                                                                                          : "—";
}

/* "road 12.30 %": the class that the most of this one's pixels are taken for; "—" without any. */
static char *
find_largest (JsonArray *confusion, JsonArray *names, guint label)
{
  const guint k = json_array_get_length (names);
  JsonNode *node = confusion ? json_array_get_element (confusion, label) : NULL;
  JsonArray *row = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  if (!row || json_array_get_length (row) != k)
    return g_strdup ("—");
  double all = 0, most = 0;
  guint other = label;
  for (guint c = 0; c < k; c++)
    {
      const double pixels = number_at (row, c);
      if (!(pixels >= 0))
        return g_strdup ("—");
      all += pixels;
      if (c == label || pixels <= most)
        continue;
      most = pixels;
      other = c;
    }
  if (other == label)
    return g_strdup ("—");
  g_autofree char *share = dh_report_percent (most / all);
  return g_strdup_printf ("%s %s %%", text_at (names, other), share);
}

static char *
make_sentence (JsonObject *classes, gboolean open)
{
  g_autofree char *closed = dh_report_percent (dh_report_get_number (classes, "closed_miou"));
  if (!open)
    return g_strdup_printf ("Closed mIoU %s %%.", closed);
  const char *rule = dh_report_get_string (classes, "threshold_rule");
  g_autofree char *miou = dh_report_percent (dh_report_get_number (classes, "open_miou"));
  g_autofree char *anomaly = dh_report_percent (dh_report_get_number (classes, "anomaly_iou"));
  g_autofree char *threshold = dh_report_number (dh_report_get_number (classes, "threshold"), 3);
  return g_strdup_printf ("Closed mIoU %s %%; open-mIoU %s %%, anomaly IoU %s %%, where a score over %s (%s) is an "
                          "anomaly.",
                          closed, miou, anomaly, threshold, rule ? rule : "—");
}

DhReportTable *
dh_report_classes_table (const DhReportRun *run)
{
  static const char *const titles[] = { "class", "IoU", "IoU, open set", "taken the most for" };
  g_autoptr (JsonNode) root = dh_report_parse_summary (run->run);
  JsonObject *classes = dh_report_get_object (root ? json_node_get_object (root) : NULL, "classes");
  JsonNode *node = classes ? json_object_get_member (classes, "names") : NULL;
  JsonArray *names = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  const guint k = names ? json_array_get_length (names) : 0;
  JsonArray *closed = get_array (classes, "closed_iou", k), *open = get_array (classes, "open_iou", k);
  if (k == 0 || !closed)
    return NULL;
  JsonArray *confusion = get_array (classes, "confusion", k);
  DhReportTable *table = dh_report_table_new ("Classes, in per cent", G_N_ELEMENTS (titles), 1, titles);
  table->sentence = make_sentence (classes, open != NULL);
  for (guint c = 0; c < k; c++)
    {
      g_ptr_array_add (table->cells, g_strdup (text_at (names, c)));
      g_ptr_array_add (table->cells, dh_report_percent (number_at (closed, c)));
      g_ptr_array_add (table->cells, dh_report_percent (number_at (open, c)));
      g_ptr_array_add (table->cells, find_largest (confusion, names, c));
    }
  return table;
}

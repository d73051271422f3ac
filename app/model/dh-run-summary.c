#include <json-glib/json-glib.h>
#include <math.h>
#include "dh-run-summary-private.h"

static JsonNode *
member_of (JsonNode *node, const char *name)
{
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_object_get_member (json_node_get_object (node), name)
                                                       : NULL;
}

double
dh_run_summary_number (const char *summary, const char *group, const char *name)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *node =
      summary != NULL && json_parser_load_from_data (parser, summary, -1, NULL) ? json_parser_get_root (parser) : NULL;
  JsonNode *value = member_of (group != NULL ? member_of (node, group) : node, name);
  const GType type = value != NULL && JSON_NODE_HOLDS_VALUE (value) ? json_node_get_value_type (value) : G_TYPE_INVALID;
  return type == G_TYPE_DOUBLE || type == G_TYPE_INT64 ? json_node_get_double (value) : (double)NAN;
}

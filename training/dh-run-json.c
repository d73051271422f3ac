#include "dh-run-json.h"

#include <math.h>

#include "dh-error.h"
#include "dh-text.h"

#define DEEPEST 16

JsonNode *
dh_run_json_parse (const char *text, gsize size, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  g_autoptr (GError) why = NULL;
  if (size == 0 || size > G_MAXSSIZE || !g_utf8_validate (text, (gssize)size, NULL)
      || !dh_text_is_shallow_json (text, size, DEEPEST))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "it is no text of JSON, or one nested too deep");
      return NULL;
    }
  JsonNode *root = json_parser_load_from_data (parser, text, (gssize)size, &why) ? json_parser_get_root (parser) : NULL;
  if (root && JSON_NODE_HOLDS_OBJECT (root))
    return json_node_ref (root);
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s", why ? why->message : "it holds no JSON object");
  return NULL;
}

static JsonNode *
value_member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  return node && JSON_NODE_HOLDS_VALUE (node) ? node : NULL;
}

const char *
dh_run_json_text (JsonObject *object, const char *name)
{
  JsonNode *node = value_member (object, name);
  return node && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node) : NULL;
}

gint64
dh_run_json_count (JsonObject *object, const char *name, gint64 otherwise)
{
  JsonNode *node = value_member (object, name);
  return node && json_node_get_value_type (node) == G_TYPE_INT64 ? json_node_get_int (node) : otherwise;
}

double
dh_run_json_number (JsonObject *object, const char *name)
{
  JsonNode *node = value_member (object, name);
  const GType type = node ? json_node_get_value_type (node) : G_TYPE_INVALID;
  return type == G_TYPE_DOUBLE || type == G_TYPE_INT64 ? json_node_get_double (node) : NAN;
}

char *
dh_run_json_dup_path (JsonObject *object, const char *name)
{
  const char *text = dh_run_json_text (object, name);
  return text && g_str_has_prefix (text, "file://") ? g_filename_from_uri (text, NULL, NULL) : g_strdup (text);
}

void
dh_run_json_add_text (JsonBuilder *json, const char *name, const char *value)
{
  if (!value)
    return;
  g_autofree char *text = g_utf8_make_valid (value, -1);
  json_builder_set_member_name (json, name);
  json_builder_add_string_value (json, text);
}

void
dh_run_json_add_count (JsonBuilder *json, const char *name, guint64 value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_int_value (json, (gint64)value);
}

void
dh_run_json_add_number (JsonBuilder *json, const char *name, double value)
{
  json_builder_set_member_name (json, name);
  if (isfinite (value))
    json_builder_add_double_value (json, value);
  else
    json_builder_add_null_value (json);
}

void
dh_run_json_add_path (JsonBuilder *json, const char *name, const char *path)
{
  if (!path)
    return;
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  g_autofree char *uri = g_utf8_validate (absolute, -1, NULL) ? NULL : g_filename_to_uri (absolute, NULL, NULL);
  dh_run_json_add_text (json, name, uri ? uri : absolute);
}

char *
dh_run_json_end (JsonBuilder *json, gboolean pretty)
{
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_object_unref (json);
  return dh_text_mend_json (json_to_string (root, pretty));
}

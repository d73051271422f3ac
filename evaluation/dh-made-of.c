#include "dh-made-of.h"

#include <json-glib/json-glib.h>
#include <math.h>

static JsonNode *
find (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  return node && JSON_NODE_HOLDS_VALUE (node) ? node : NULL;
}

static char *
dup_string (JsonObject *object, const char *name)
{
  JsonNode *node = find (object, name);
  return node && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_dup_string (node) : NULL;
}

static double
get_number (JsonObject *object, const char *name)
{
  JsonNode *node = find (object, name);
  const GType type = node ? json_node_get_value_type (node) : G_TYPE_INVALID;
  return type == G_TYPE_DOUBLE || type == G_TYPE_INT64 ? json_node_get_double (node) : (double)NAN;
}

static gint64
get_whole (JsonObject *object, const char *name)
{
  JsonNode *node = find (object, name);
  return node && json_node_get_value_type (node) == G_TYPE_INT64 ? json_node_get_int (node) : 0;
}

static void
part_free (gpointer data)
{
  DhMadeOfPart *part = data;
  g_free (part->model);
  g_free (part->score);
  g_free (part->sha256);
  g_free (part->device);
  g_free (part->precision);
  g_free (part);
}

static DhMadeOfPart *
read_part (JsonObject *object)
{
  DhMadeOfPart *part = g_new0 (DhMadeOfPart, 1);
  part->run = get_whole (object, "run");
  part->model = dup_string (object, "model");
  part->score = dup_string (object, "score");
  part->sha256 = dup_string (object, "weights_sha256");
  part->scores = part->sha256 == NULL;
  if (part->scores)
    part->sha256 = dup_string (object, "scores_sha256");
  part->device = dup_string (object, "device");
  part->precision = dup_string (object, "precision");
  part->weight = get_number (object, "weight");
  part->mean = get_number (object, "mean");
  part->deviation = get_number (object, "deviation");
  return part;
}

static JsonObject *
get_object (JsonNode *node)
{
  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

DhMadeOf *
dh_made_of_read (const DhRunRow *run)
{
  g_autoptr (JsonNode) root = run->summary ? json_from_string (run->summary, NULL) : NULL;
  JsonObject *summary = get_object (root);
  JsonObject *object = summary ? get_object (json_object_get_member (summary, "combined")) : NULL;
  JsonNode *of = object ? json_object_get_member (object, "of") : NULL;
  if (!of || !JSON_NODE_HOLDS_ARRAY (of))
    return NULL;
  DhMadeOf *made = g_new0 (DhMadeOf, 1);
  made->how = dup_string (object, "how");
  made->standardised = dup_string (object, "standardised");
  made->sigma = get_number (object, "sigma");
  made->kernel = get_whole (object, "kernel");
  made->parts = g_ptr_array_new_with_free_func (part_free);
  JsonArray *parts = json_node_get_array (of);
  for (guint i = 0; i < json_array_get_length (parts); i++)
    {
      JsonObject *part = get_object (json_array_get_element (parts, i));
      if (part)
        g_ptr_array_add (made->parts, read_part (part));
    }
  return made;
}

void
dh_made_of_free (DhMadeOf *made)
{
  if (!made)
    return;
  g_free (made->how);
  g_free (made->standardised);
  g_clear_pointer (&made->parts, g_ptr_array_unref);
  g_free (made);
}

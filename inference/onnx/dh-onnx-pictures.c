#include <json-glib/json-glib.h>
#include <math.h>

#include "dh-error.h"
#include "dh-onnx-net.h"

#define MOST_NAME 80

static const float imagenet_mean[3] = { 0.485f, 0.456f, 0.406f }, imagenet_deviation[3] = { 0.229f, 0.224f, 0.225f };

void
dh_onnx_pictures_clear (DhOnnxPictures *pictures)
{
  g_clear_pointer (&pictures->logits, g_free);
  g_clear_pointer (&pictures->outlier_logits, g_free);
  g_clear_pointer (&pictures->classes, g_strfreev);
}

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error_literal (error, DH_ERROR, DH_ERROR_INVALID, what);
  return FALSE;
}

static gboolean
read_colour (JsonNode *node, double numbers[3], GError **error)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  for (guint c = 0; c < 3; c++)
    {
      JsonNode *element = array && json_array_get_length (array) == 3 ? json_array_get_element (array, c) : NULL;
      if (!element || !JSON_NODE_HOLDS_VALUE (element)
          || (json_node_get_value_type (element) != G_TYPE_INT64
              && json_node_get_value_type (element) != G_TYPE_DOUBLE))
        return refuse (error, "“mean” and “std” are three numbers each, of red, green and blue");
      numbers[c] = json_node_get_double (element);
      if (!(fabs (numbers[c]) <= 1000))
        return refuse (error, "“mean” and “std” are of pictures in 0…1 or 0…255");
    }
  return TRUE;
}

static gboolean
read_name (JsonNode *node, char **name, GError **error)
{
  if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    return refuse (error, "“logits” and “outlier_logits” are names of outputs");
  g_free (*name);
  *name = g_strdup (json_node_get_string (node));
  return TRUE;
}

/* Names of classes stand in lists, where one is told from another. */
static gboolean
read_classes (JsonNode *node, char ***classes, GError **error)
{
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  const guint n = array ? json_array_get_length (array) : 0;
  if (n < 2 || n > 255)
    return refuse (error, "“classes” are 2 to 255 names");
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < n; i++)
    {
      JsonNode *element = json_array_get_element (array, i);
      if (!JSON_NODE_HOLDS_VALUE (element) || json_node_get_value_type (element) != G_TYPE_STRING)
        return refuse (error, "“classes” are names, each a text");
      char *name = g_strstrip (g_strdup (json_node_get_string (element)));
      g_ptr_array_add (names, name);
      gboolean fine = *name != '\0' && g_utf8_strlen (name, -1) <= MOST_NAME;
      for (const char *at = name; *at && fine; at = g_utf8_next_char (at))
        fine = !g_unichar_iscntrl (g_utf8_get_char (at));
      if (!fine || !g_hash_table_add (seen, name))
        return refuse (error, "“classes” are names of 1 to 80 characters, each another");
    }
  g_ptr_array_add (names, NULL);
  g_strfreev (*classes);
  *classes = (char **)g_ptr_array_free (g_steal_pointer (&names), FALSE);
  return TRUE;
}

static gboolean
read_members (JsonObject *object, DhOnnxPictures *pictures, GError **error)
{
  double mean[3] = { 0, 0, 0 }, deviation[3] = { 1, 1, 1 };
  g_autoptr (GList) members = json_object_get_members (object);
  for (GList *link = members; link; link = link->next)
    {
      JsonNode *node = json_object_get_member (object, link->data);
      gboolean fine;
      if (g_str_equal (link->data, "mean") || g_str_equal (link->data, "std"))
        {
          fine = read_colour (node, g_str_equal (link->data, "mean") ? mean : deviation, error);
          pictures->told = TRUE;
        }
      else if (g_str_equal (link->data, "logits"))
        fine = read_name (node, &pictures->logits, error);
      else if (g_str_equal (link->data, "outlier_logits"))
        fine = read_name (node, &pictures->outlier_logits, error);
      else if (g_str_equal (link->data, "classes"))
        fine = read_classes (node, &pictures->classes, error);
      else
        {
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                       "“%s” is not known: there are “mean”, “std”, “logits”, “outlier_logits” and “classes”",
                       (char *)link->data);
          fine = FALSE;
        }
      if (!fine)
        return FALSE;
    }
  gboolean bytes = FALSE;
  for (guint c = 0; c < 3; c++)
    bytes |= fabs (mean[c]) > 1 || fabs (deviation[c]) > 1;
  for (guint c = 0; c < 3 && pictures->told; c++)
    {
      pictures->mean[c] = (float)(mean[c] / (bytes ? 255 : 1));
      pictures->deviation[c] = (float)(deviation[c] / (bytes ? 255 : 1));
      if (!(pictures->deviation[c] > 1e-6f))
        return refuse (error, "a “std” is 0 or less");
    }
  return TRUE;
}

gboolean
dh_onnx_pictures_read (const char *path, DhOnnxPictures *pictures, GError **error)
{
  g_autofree char *beside = g_strconcat (path, ".json", NULL), *text = NULL;
  gsize length = 0;
  GError *why = NULL;
  *pictures = (DhOnnxPictures){ .told = FALSE };
  for (guint c = 0; c < 3; c++)
    {
      pictures->mean[c] = imagenet_mean[c];
      pictures->deviation[c] = imagenet_deviation[c];
    }
  if (!g_file_test (beside, G_FILE_TEST_EXISTS))
    return TRUE;
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  gboolean fine = FALSE;
  /* A pipe or a device would be waited for. */
  if (!g_file_test (beside, G_FILE_TEST_IS_REGULAR))
    g_set_error_literal (&why, DH_ERROR, DH_ERROR_INVALID, "is no file");
  else if (!g_file_get_contents (beside, &text, &length, &why))
    {
      g_autoptr (GError) cause = g_steal_pointer (&why);
      g_set_error_literal (&why, DH_ERROR, DH_ERROR_IO, cause->message);
    }
  else if (length > 65536 || !json_parser_load_from_data (parser, text, (gssize)length, NULL)
           || !json_parser_get_root (parser) || !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    g_set_error_literal (&why, DH_ERROR, DH_ERROR_INVALID, "is no JSON object");
  else
    fine = read_members (json_node_get_object (json_parser_get_root (parser)), pictures, &why);
  if (!fine)
    {
      g_propagate_prefixed_error (error, why, "%s: ", beside);
      dh_onnx_pictures_clear (pictures);
    }
  return fine;
}

char *
dh_onnx_pictures_dup_text (const DhOnnxPictures *pictures)
{
  if (!pictures->told)
    return g_strdup ("before the network, by ImageNet's mean and deviation, as no .onnx.json beside it says another");
  return g_strdup_printf (
      "before the network, by mean %.3g, %.3g, %.3g and deviation %.3g, %.3g, %.3g of RGB in [0, 1]", pictures->mean[0],
      pictures->mean[1], pictures->mean[2], pictures->deviation[0], pictures->deviation[1], pictures->deviation[2]);
}

#include <json-glib/json-glib.h>
#include <math.h>
#include <string.h>

#include "dh-answers.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-text.h"

#define FORMAT "densehybrid-answers"
#define VERSION 1
#define LARGEST (4u << 20) /* many times what the most pictures take */
#define DEEPEST 16
#define MOST_SIDE (1 << 16)

/* Writing. */

static void
add_text (JsonBuilder *json, const char *name, const char *value)
{
  g_autofree char *text = value ? g_utf8_make_valid (value, -1) : NULL;
  json_builder_set_member_name (json, name);
  if (text)
    json_builder_add_string_value (json, text);
  else
    json_builder_add_null_value (json);
}

static void
add_count (JsonBuilder *json, const char *name, guint64 value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_int_value (json, (gint64)value);
}

static void
add_number (JsonBuilder *json, double value)
{
  if (isfinite (value))
    json_builder_add_double_value (json, value);
  else
    json_builder_add_null_value (json);
}

static void
add_numbers (JsonBuilder *json, const char *name, const double *values, guint n)
{
  json_builder_set_member_name (json, name);
  json_builder_begin_array (json);
  for (guint i = 0; i < n; i++)
    add_number (json, values[i]);
  json_builder_end_array (json);
}

static void
add_map (JsonBuilder *json, const char *name, const DhAnswerMap *map)
{
  json_builder_set_member_name (json, name);
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "min");
  add_number (json, map->min);
  json_builder_set_member_name (json, "max");
  add_number (json, map->max);
  json_builder_set_member_name (json, "mean");
  add_number (json, map->mean);
  add_numbers (json, "quantiles", map->quantiles, DH_ANSWER_QUANTILES);
  add_numbers (json, "cells", map->cells, DH_ANSWER_CELLS);
  add_count (json, "non_finite", map->non_finite);
  json_builder_end_object (json);
}

static void
add_answer (JsonBuilder *json, const DhAnswer *answer, guint n_classes)
{
  json_builder_begin_object (json);
  add_text (json, "name", answer->name);
  if (answer->scene >= 0)
    add_count (json, "scene", (guint64)answer->scene);
  add_text (json, "pixels_sha256", answer->pixels);
  add_count (json, "width", answer->width);
  add_count (json, "height", answer->height);
  json_builder_set_member_name (json, "classes");
  json_builder_begin_array (json);
  for (guint c = 0; c < n_classes; c++)
    json_builder_add_int_value (json, (gint64)answer->classes[c]);
  json_builder_end_array (json);
  json_builder_set_member_name (json, "maps");
  json_builder_begin_object (json);
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (answer->maps[m].there)
      add_map (json, dh_map_name (m), &answer->maps[m]);
  json_builder_end_object (json);
  json_builder_end_object (json);
}

gboolean
dh_answers_save (const DhAnswers *answers, const char *path, GError **error)
{
  g_return_val_if_fail (answers != NULL && path != NULL, FALSE);
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  add_text (json, "format", FORMAT);
  add_count (json, "version", VERSION);
  add_text (json, "program", answers->program);
  add_text (json, "network", answers->network);
  add_count (json, "classes", answers->classes);
  add_text (json, "normalisation", answers->normalisation);
  add_text (json, "weights_sha256", answers->weights);
  add_text (json, "device", answers->device);
  add_text (json, "precision", answers->precision);
  add_numbers (json, "quantiles", dh_answer_quantiles, DH_ANSWER_QUANTILES);
  const double grid[] = { DH_ANSWER_ROWS, DH_ANSWER_COLUMNS };
  add_numbers (json, "grid", grid, G_N_ELEMENTS (grid));
  json_builder_set_member_name (json, "images");
  json_builder_begin_array (json);
  for (guint i = 0; i < answers->answers->len; i++)
    add_answer (json, answers->answers->pdata[i], answers->classes);
  json_builder_end_array (json);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *text = dh_text_mend_json (json_to_string (root, TRUE));
  g_autofree char *line = g_strconcat (text, "\n", NULL);
  return dh_file_write (path, line, strlen (line), error);
}

/* Reading. `*wrong` becomes the first thing that is wrong; a constant. */

static JsonNode *
member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  return node && JSON_NODE_HOLDS_VALUE (node) ? node : NULL;
}

static JsonArray *
array_of (JsonObject *object, const char *name, guint least, guint most)
{
  JsonNode *node = json_object_get_member (object, name);
  JsonArray *array = node && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  const guint n = array ? json_array_get_length (array) : 0;
  return array && n >= least && n <= most ? array : NULL;
}

/* A short text without control characters: it is shown. NULL otherwise. */
static char *
take_text (JsonObject *object, const char *name)
{
  JsonNode *node = member (object, name);
  const char *text = node && json_node_get_value_type (node) == G_TYPE_STRING ? json_node_get_string (node) : NULL;
  return text && strlen (text) <= 1024 ? dh_text_escape (text, FALSE) : NULL;
}

static gboolean
is_sha256 (const char *text)
{
  return text && strlen (text) == 64 && strspn (text, "0123456789abcdef") == 64;
}

/* -1: none, or not from 0 to `most`. */
static gint64
take_count (JsonNode *node, gint64 most)
{
  if (!node || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
    return -1;
  const gint64 value = json_node_get_int (node);
  return value >= 0 && value <= most ? value : -1;
}

/* A number a float32 could be, or null, which is NAN. */
static gboolean
take_number (JsonNode *node, double *value)
{
  *value = NAN;
  if (node && JSON_NODE_HOLDS_NULL (node))
    return TRUE;
  const GType type = node && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;
  if (type != G_TYPE_DOUBLE && type != G_TYPE_INT64)
    return FALSE;
  *value = json_node_get_double (node);
  return isfinite (*value) && fabs (*value) <= G_MAXFLOAT;
}

static gboolean
take_numbers (JsonObject *object, const char *name, double *values, guint n)
{
  JsonArray *array = array_of (object, name, n, n);
  for (guint i = 0; array && i < n; i++)
    if (!take_number (json_array_get_element (array, i), &values[i]))
      return FALSE;
  return array != NULL;
}

static gboolean
take_map (JsonObject *object, guint64 pixels, DhAnswerMap *map)
{
  const gint64 non_finite = take_count (json_object_get_member (object, "non_finite"), (gint64)pixels);
  map->there = TRUE;
  map->non_finite = (guint64)non_finite;
  return non_finite >= 0 && take_number (json_object_get_member (object, "min"), &map->min)
         && take_number (json_object_get_member (object, "max"), &map->max)
         && take_number (json_object_get_member (object, "mean"), &map->mean)
         && take_numbers (object, "quantiles", map->quantiles, DH_ANSWER_QUANTILES)
         && take_numbers (object, "cells", map->cells, DH_ANSWER_CELLS);
}

static gboolean
take_maps (JsonObject *object, DhAnswer *answer)
{
  JsonNode *node = json_object_get_member (object, "maps");
  JsonObject *maps = node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  guint n = 0;
  for (guint m = 0; maps && m < DH_N_MAPS; m++)
    {
      JsonNode *map = dh_answers_has_map (m) ? json_object_get_member (maps, dh_map_name (m)) : NULL;
      if (!map)
        continue;
      if (!JSON_NODE_HOLDS_OBJECT (map)
          || !take_map (json_node_get_object (map), (guint64)answer->width * answer->height, &answer->maps[m]))
        return FALSE;
      n++;
    }
  return n > 0;
}

static gboolean
take_classes (JsonObject *object, guint n_classes, DhAnswer *answer)
{
  JsonArray *classes = array_of (object, "classes", n_classes, n_classes);
  const guint64 pixels = (guint64)answer->width * answer->height;
  guint64 sum = 0;
  for (guint c = 0; classes && c < n_classes; c++)
    {
      const gint64 count = take_count (json_array_get_element (classes, c), (gint64)pixels);
      if (count < 0)
        return FALSE;
      answer->classes[c] = (guint64)count;
      sum += (guint64)count;
    }
  return classes && sum == pixels;
}

static gboolean
take_answer (JsonNode *node, DhAnswers *answers, const char **wrong)
{
  JsonObject *object = node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  DhAnswer *answer = dh_answer_new ();
  g_ptr_array_add (answers->answers, answer);
  *wrong = "one of its images";
  if (!object)
    return FALSE;
  JsonNode *scene = json_object_get_member (object, "scene");
  const gint64 number = take_count (scene, DH_ANSWERS_MOST);
  const gint64 width = take_count (json_object_get_member (object, "width"), MOST_SIDE);
  const gint64 height = take_count (json_object_get_member (object, "height"), MOST_SIDE);
  answer->name = take_text (object, "name");
  answer->pixels = take_text (object, "pixels_sha256");
  if (!answer->name || !is_sha256 (answer->pixels) || width < 1 || height < 1 || (scene && number < 0))
    return FALSE;
  answer->scene = scene ? (gint)number : -1;
  answer->width = (guint)width;
  answer->height = (guint)height;
  *wrong = "the pixels of each class";
  if (!take_classes (object, answers->classes, answer))
    return FALSE;
  *wrong = "the numbers of a map";
  return take_maps (object, answer);
}

/* What numbers stand for; a version that reads others has another number. */
static gboolean
has_our_shape (JsonObject *root)
{
  double quantiles[DH_ANSWER_QUANTILES], grid[2];
  if (!take_numbers (root, "quantiles", quantiles, DH_ANSWER_QUANTILES) || !take_numbers (root, "grid", grid, 2))
    return FALSE;
  for (guint q = 0; q < DH_ANSWER_QUANTILES; q++)
    if (!(fabs (quantiles[q] - dh_answer_quantiles[q]) < 1e-9))
      return FALSE;
  return grid[0] == DH_ANSWER_ROWS && grid[1] == DH_ANSWER_COLUMNS;
}

static gboolean
take_all (JsonObject *root, DhAnswers *answers, const char **wrong)
{
  answers->program = take_text (root, "program");
  answers->network = take_text (root, "network");
  answers->normalisation = take_text (root, "normalisation");
  answers->weights = take_text (root, "weights_sha256");
  answers->device = take_text (root, "device");
  answers->precision = take_text (root, "precision");
  const gint64 classes = take_count (json_object_get_member (root, "classes"), DH_ANSWER_CLASSES - 1);
  *wrong = "what it says of network, weights, device and precision";
  if (!answers->program || !answers->network || !answers->normalisation || !is_sha256 (answers->weights)
      || !answers->device || !answers->precision || classes < 1)
    return FALSE;
  answers->classes = (guint)classes;
  *wrong = "its quantiles or its grid";
  if (!has_our_shape (root))
    return FALSE;
  JsonArray *images = array_of (root, "images", 1, DH_ANSWERS_MOST);
  *wrong = "the number of its images";
  for (guint i = 0; images && i < json_array_get_length (images); i++)
    if (!take_answer (json_array_get_element (images, i), answers, wrong))
      return FALSE;
  return images != NULL;
}

static JsonParser *
parse (GBytes *bytes)
{
  gsize size;
  const char *text = g_bytes_get_data (bytes, &size);
  if (size == 0 || !g_utf8_validate (text, (gssize)size, NULL) || !dh_text_is_shallow_json (text, size, DEEPEST))
    return NULL;
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  if (!json_parser_load_from_data (parser, text, (gssize)size, NULL))
    return NULL;
  JsonNode *root = json_parser_get_root (parser);
  return root && JSON_NODE_HOLDS_OBJECT (root) ? g_steal_pointer (&parser) : NULL;
}

DhAnswers *
dh_answers_load_bytes (GBytes *bytes, const char *name, GError **error)
{
  g_return_val_if_fail (bytes != NULL && name != NULL, NULL);
  g_autofree char *shown = g_filename_display_name (name);
  g_autoptr (JsonParser) parser = parse (bytes);
  JsonObject *root = parser ? json_node_get_object (json_parser_get_root (parser)) : NULL;
  g_autofree char *format = root ? take_text (root, "format") : NULL;
  if (g_strcmp0 (format, FORMAT) != 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s holds no recorded answers of a network", shown);
      return NULL;
    }
  const gint64 version = take_count (json_object_get_member (root, "version"), G_MAXINT32);
  if (version > VERSION)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "%s was written by a newer version of this program", shown);
      return NULL;
    }
  const char *wrong = "its version";
  g_autoptr (DhAnswers) answers = dh_answers_new ();
  if (version < 1 || !take_all (root, answers, &wrong))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "The recorded answers %s are damaged: %s cannot be right", shown,
                   wrong);
      return NULL;
    }
  return g_steal_pointer (&answers);
}

DhAnswers *
dh_answers_load (const char *path, GError **error)
{
  g_return_val_if_fail (path != NULL, NULL);
  g_autoptr (GBytes) bytes = dh_file_read (path, LARGEST, error);
  return bytes ? dh_answers_load_bytes (bytes, path, error) : NULL;
}

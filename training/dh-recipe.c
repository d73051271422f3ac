#include "dh-recipe-private.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-run-json.h"
#include "dh-text.h"

/* The fields by name: what the JSON file holds, and within which range. */
typedef enum
{
  TEXT,
  COUNT,
  NUMBER,
  SWITCH,
  PAIR,
  COLOUR,
} Type;
static const struct
{
  const char *name;
  Type type;
  gsize offset;
  double least, most;
} fields[] = {
#define FIELD(name, type, least, most)                                                                                 \
  {                                                                                                                    \
#name, type, G_STRUCT_OFFSET(DhRecipe, name), least, most                                                          \
  }
  FIELD (name, TEXT, 0, 0),
  FIELD (architecture, TEXT, 0, 0),
  FIELD (dataset, TEXT, 0, 0),
  FIELD (selection, TEXT, 0, 0),
  FIELD (classes, COUNT, 0, 254), /* two more labels: ignored, pasted */
  FIELD (negatives, SWITCH, 0, 1),
  FIELD (batch, COUNT, 1, 1024),
  FIELD (crop, COUNT, 32, 8192),
  FIELD (accumulation, COUNT, 1, 1024),
  FIELD (recompute, SWITCH, 0, 1),
  FIELD (epochs, COUNT, 1, 100000),
  FIELD (steps, COUNT, 0, 1e9),
  FIELD (rate, NUMBER, 0, 1),
  FIELD (rate_min, NUMBER, 0, 1),
  FIELD (backbone, NUMBER, 0, 1),
  FIELD (beta, NUMBER, 0, 100),
  FIELD (scale, PAIR, 0.05, 20),
  FIELD (fill, COLOUR, 0, 255),
  FIELD (color_jitter, NUMBER, 0, 0.9),
  FIELD (keep_short, SWITCH, 0, 1),
  FIELD (negative_side, COUNT, 32, 8192),
  FIELD (negative_crop, COUNT, 32, 8192),
  FIELD (negative_scale, PAIR, 0.05, 20),
  FIELD (validation_pastes, COUNT, 1, 1000),
  FIELD (patience, COUNT, 0, 100000),
  FIELD (keep, COUNT, 0, 100000),
  FIELD (checkpoint_seconds, COUNT, 1, 1e6),
#undef FIELD
};

DhRecipe *
dh_recipe_new (void)
{
  DhRecipe *recipe = g_new (DhRecipe, 1);
  *recipe = (DhRecipe){ .name = g_strdup ("recipe"),
                        .architecture = g_strdup ("ldn121"),
                        .selection = g_strdup ("miou"),
                        .batch = 8,
                        .crop = 512,
                        .accumulation = 1,
                        .epochs = 40,
                        .rate = 1e-4,
                        .rate_min = 1e-7,
                        .backbone = 1,
                        .beta = 0.03,
                        .scale = { 0.5, 2 },
                        .fill = { 84, 88, 95 },
                        .negative_side = 384,
                        .negative_crop = 384,
                        .negative_scale = { 1, 1 },
                        .validation_pastes = 1,
                        .keep = 2,
                        .checkpoint_seconds = 600 };
  return recipe;
}

void
dh_recipe_free (DhRecipe *recipe)
{
  if (!recipe)
    return;
  g_free (recipe->name);
  g_free (recipe->architecture);
  g_free (recipe->dataset);
  g_free (recipe->selection);
  g_free (recipe);
}

DhRecipe *
dh_recipe_copy (const DhRecipe *recipe)
{
  DhRecipe *copy = g_memdup2 (recipe, sizeof *recipe);
  copy->name = g_strdup (recipe->name);
  copy->architecture = g_strdup (recipe->architecture);
  copy->dataset = g_strdup (recipe->dataset);
  copy->selection = g_strdup (recipe->selection);
  return copy;
}

static double
get_number (const DhRecipe *recipe, guint field, guint part)
{
  const char *at = (const char *)recipe + fields[field].offset;
  switch (fields[field].type)
    {
    case COUNT:
    case SWITCH:
      return *(const gint *)(gconstpointer)at;
    case NUMBER:
    case PAIR:
      return ((const double *)(gconstpointer)at)[part];
    case COLOUR:
      return ((const guint8 *)at)[part];
    case TEXT:
      break;
    }
  return 0;
}

static void
set_number (DhRecipe *recipe, guint field, guint part, double value)
{
  char *at = (char *)recipe + fields[field].offset;
  if (fields[field].type == COUNT || fields[field].type == SWITCH)
    *(gint *)(gpointer)at = (gint)value;
  else if (fields[field].type == COLOUR)
    ((guint8 *)at)[part] = (guint8)value;
  else
    ((double *)(gpointer)at)[part] = value;
}

static guint
part_count (Type type)
{
  return type == PAIR ? 2 : type == COLOUR ? 3 : 1;
}

/* Of a single number; G_N_ELEMENTS (fields) where there is none. */
static guint
find_number (const char *name)
{
  guint i = 0;
  while (i < G_N_ELEMENTS (fields) && !g_str_equal (fields[i].name, name))
    i++;
  return i < G_N_ELEMENTS (fields) && (fields[i].type == COUNT || fields[i].type == NUMBER) ? i : G_N_ELEMENTS (fields);
}

gboolean
dh_recipe_get_number (const DhRecipe *recipe, const char *field, double *value)
{
  const guint which = find_number (field);
  if (which == G_N_ELEMENTS (fields))
    return FALSE;
  *value = get_number (recipe, which, 0);
  return TRUE;
}

gboolean
dh_recipe_set_number (DhRecipe *recipe, const char *field, double value)
{
  const guint which = find_number (field);
  if (which == G_N_ELEMENTS (fields))
    return FALSE;
  set_number (recipe, which, 0, CLAMP (value, -1e9, 1e9));
  return TRUE;
}

gboolean
dh_recipe_get_range (const char *field, double *least, double *most)
{
  const guint which = find_number (field);
  if (which == G_N_ELEMENTS (fields))
    return FALSE;
  *least = fields[which].least;
  *most = fields[which].most;
  return TRUE;
}

static gboolean
refuse (GError **error, const char *recipe, const char *field, const char *why)
{
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "The recipe “%s” cannot be used: “%s” %s", recipe, field, why);
  return FALSE;
}

gboolean
dh_recipe_check (const DhRecipe *recipe, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    for (guint part = 0; fields[i].type != TEXT && part < part_count (fields[i].type); part++)
      {
        const double value = get_number (recipe, i, part);
        if (value >= fields[i].least && value <= fields[i].most)
          continue;
        g_autofree char *why =
            g_strdup_printf ("is %g, but must lie within %g and %g", value, fields[i].least, fields[i].most);
        return refuse (error, recipe->name, fields[i].name, why);
      }
  if (recipe->scale[0] > recipe->scale[1] || recipe->negative_scale[0] > recipe->negative_scale[1])
    return refuse (error, recipe->name, "scale", "must begin with the smaller number");
  if (recipe->rate_min > recipe->rate)
    return refuse (error, recipe->name, "rate_min", "is above the rate");
  if (!g_strv_contains ((const char *const[]){ "miou", "ap", "last", NULL }, recipe->selection))
    return refuse (error, recipe->name, "selection", "must be miou, ap or last");
  if (g_str_equal (recipe->selection, "ap") && !recipe->negatives)
    return refuse (error, recipe->name, "selection", "can be ap only with negatives");
  if (recipe->negative_scale[0] * recipe->negative_side < recipe->negative_crop * 0.25)
    return refuse (error, recipe->name, "negative_crop", "is too large for negatives of that side");
  return TRUE;
}

static gboolean
read_field (DhRecipe *recipe, guint field, JsonNode *node)
{
  const Type type = fields[field].type;
  if (type == TEXT)
    {
      char **text = (char **)(gpointer)((char *)recipe + fields[field].offset);
      if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
        return FALSE;
      g_free (*text);
      *text = g_strdup (json_node_get_string (node));
      return TRUE;
    }
  JsonArray *array = JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  const guint parts = part_count (type);
  if ((parts > 1) != (array != NULL) || (array && json_array_get_length (array) != parts))
    return FALSE;
  for (guint part = 0; part < parts; part++)
    {
      JsonNode *value = array ? json_array_get_element (array, part) : node;
      const GType kind = JSON_NODE_HOLDS_VALUE (value) ? json_node_get_value_type (value) : G_TYPE_INVALID;
      if (kind == G_TYPE_BOOLEAN && type == SWITCH)
        set_number (recipe, field, part, json_node_get_boolean (value));
      else if (type != SWITCH && (kind == G_TYPE_INT64 || (kind == G_TYPE_DOUBLE && type != COUNT && type != COLOUR)))
        {
          const double number = json_node_get_double (value);
          /* Out of what the field can hold: checked here, before it is narrowed. */
          if (!(number >= fields[field].least && number <= fields[field].most))
            return FALSE;
          set_number (recipe, field, part, number);
        }
      else
        return FALSE;
    }
  return TRUE;
}

DhRecipe *
dh_recipe_from_json (const char *text, const char *name, GError **error)
{
  g_autoptr (DhRecipe) recipe = dh_recipe_new ();
  g_autoptr (GError) why = NULL;
  g_autoptr (JsonNode) root = dh_run_json_parse (text, strlen (text), &why);
  g_free (recipe->name);
  recipe->name = g_path_get_basename (name);
  if (!root)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "The recipe “%s” cannot be read: %s", name, why->message);
      return NULL;
    }
  JsonObject *object = json_node_get_object (root);
  g_autoptr (GList) members = json_object_get_members (object);
  for (GList *member = members; member; member = member->next)
    {
      guint field = 0;
      while (field < G_N_ELEMENTS (fields) && !g_str_equal (fields[field].name, member->data))
        field++;
      if (field == G_N_ELEMENTS (fields))
        {
          refuse (error, name, member->data, "is no field of a recipe");
          return NULL;
        }
      if (!read_field (recipe, field, json_object_get_member (object, member->data)))
        {
          refuse (error, name, member->data, "has a value of the wrong kind or range");
          return NULL;
        }
    }
  return dh_recipe_check (recipe, error) ? g_steal_pointer (&recipe) : NULL;
}

DhRecipe *
dh_recipe_load (const char *name_or_path, GError **error)
{
  DhRecipe *published = dh_recipe_new_published (name_or_path);
  if (published)
    return published;
  if (!g_str_has_suffix (name_or_path, ".json"))
    {
      g_autofree char *all = g_strjoinv (", ", (char **)dh_recipe_names ());
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "There is no recipe “%s”; give one of %s, or a .json file",
                   name_or_path, all);
      return NULL;
    }
  g_autoptr (GBytes) bytes = dh_file_read (name_or_path, 1 << 20, error);
  if (!bytes)
    return NULL;
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
  return dh_recipe_from_json (text ? text : "", name_or_path, error);
}

char *
dh_recipe_to_json (const DhRecipe *recipe)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  for (guint i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      const Type type = fields[i].type;
      const char *text = type == TEXT ? *(char **)(gpointer)((char *)recipe + fields[i].offset) : NULL;
      if (type == TEXT && !text)
        continue;
      json_builder_set_member_name (builder, fields[i].name);
      if (type == TEXT)
        json_builder_add_string_value (builder, text);
      else if (type == SWITCH)
        json_builder_add_boolean_value (builder, get_number (recipe, i, 0) != 0);
      else if (type == COUNT)
        json_builder_add_int_value (builder, (gint64)get_number (recipe, i, 0));
      else if (type == NUMBER)
        json_builder_add_double_value (builder, get_number (recipe, i, 0));
      else
        {
          json_builder_begin_array (builder);
          for (guint part = 0; part < part_count (type); part++)
            if (type == COLOUR)
              json_builder_add_int_value (builder, (gint64)get_number (recipe, i, part));
            else
              json_builder_add_double_value (builder, get_number (recipe, i, part));
          json_builder_end_array (builder);
        }
    }
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  return dh_text_mend_json (json_to_string (root, TRUE));
}

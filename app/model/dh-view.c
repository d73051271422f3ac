#include "dh-view.h"
#include <math.h>

#define GROUP "view"

typedef struct
{
  const char *name;
  GType type;
  const char *initial; /* of a string: what it starts with, then all it may be, separated by "|"; "" anything */
  const char *choices;
  double number;     /* of a boolean or double */
  gboolean of_panel; /* not of how pictures are looked at */
} Option;

static const Option options[] = {
  { "layout", G_TYPE_STRING, "grid", "grid|single|compare", 0 },
  { "overlay", G_TYPE_STRING, "outcome", "none|mask|outcome|classes", 0 },
  { "palette", G_TYPE_STRING, "usual", "usual|authors|safe", 0 },
  { "colors", G_TYPE_STRING, "viridis", "viridis|magma|turbo|grey|diverging", 0 },
  { "hidden-classes", G_TYPE_STRING, "", "", 0 },
  { "panes", G_TYPE_STRING, "image,segmentation,likelihood,dataset_posterior,hybrid,truth", "", 0 },
  { "compare-mode", G_TYPE_STRING, "swipe", "swipe|side|blink|difference", 0 },
  { "compare-a", G_TYPE_STRING, "hybrid", "", 0 },
  { "compare-b", G_TYPE_STRING, "likelihood", "", 0 },
  { "compare-scale", G_TYPE_STRING, "aligned", "own|aligned", 0 },
  { "image-order", G_TYPE_STRING, "name", "name|ap|fpr95|mean-score|largest-miss|missed|false|anomaly-pixels", 0,
    TRUE },
  { "image-filter", G_TYPE_STRING, "", "", 0, TRUE },
  { "table-page", G_TYPE_STRING, "images", "images|slices|objects|false-alarms", 0, TRUE },
  { "alarm-area", G_TYPE_STRING, "500", "1|10|50|100|200|500|1000|2000", 0, TRUE },
  { "table-images-filter", G_TYPE_STRING, "", "", 0, TRUE },
  { "table-slices-filter", G_TYPE_STRING, "", "", 0, TRUE },
  { "table-objects-filter", G_TYPE_STRING, "", "", 0, TRUE },
  { "compare-page", G_TYPE_STRING, "compare", "compare|a|b", 0, TRUE },
  { "tuning-page", G_TYPE_STRING, "tune", "tune|components|notes|finds", 0, TRUE },
  { "finds-order", G_TYPE_STRING, "score", "score|area|image", 0, TRUE },
  { "finds-least", G_TYPE_STRING, "500", "500|1000|2000|5000|10000|20000", 0, TRUE },
  { "finds-shown", G_TYPE_STRING, "all", "all|open|real|false", 0, TRUE },
  { "changes-order", G_TYPE_STRING, "gain", "gain|loss|change|name", 0, TRUE },
  { "play-rate", G_TYPE_STRING, "5", "1|2|5|10|25", 0, TRUE },
  { "label-tool", G_TYPE_STRING, "object", "object|polygon|brush", 0, TRUE },
  { "label-value", G_TYPE_STRING, "anomaly", "anomaly|inlier|ignore", 0, TRUE },
  { "look", G_TYPE_STRING, "fit", "", 0 },
  { "own-looks", G_TYPE_STRING, "", "", 0 },
  { "active-pane", G_TYPE_STRING, "0", "0|1|2|3|4|5|6|7", 0 },
  { "this-image", G_TYPE_BOOLEAN, NULL, NULL, 0 },
  { "bright", G_TYPE_BOOLEAN, NULL, NULL, 1 },
  { "outline", G_TYPE_BOOLEAN, NULL, NULL, 1 },
  { "color-bar", G_TYPE_BOOLEAN, NULL, NULL, 1 },
  { "fill", G_TYPE_BOOLEAN, NULL, NULL, 1 },
  { "linear-counts", G_TYPE_BOOLEAN, NULL, NULL, 0, TRUE },
  { "set-histogram", G_TYPE_BOOLEAN, NULL, NULL, 0, TRUE },
  { "worst-first", G_TYPE_BOOLEAN, NULL, NULL, 1, TRUE },
  { "grouped", G_TYPE_BOOLEAN, NULL, NULL, 1, TRUE },
  { "play-repeats", G_TYPE_BOOLEAN, NULL, NULL, 0, TRUE },
  { "show-images", G_TYPE_BOOLEAN, NULL, NULL, 1, TRUE },
  { "show-tuning", G_TYPE_BOOLEAN, NULL, NULL, 1, TRUE },
  { "opacity", G_TYPE_DOUBLE, NULL, NULL, 0.6 },
  { "label-size", G_TYPE_DOUBLE, NULL, NULL, 0.5, TRUE },
  { "compare-split", G_TYPE_DOUBLE, NULL, NULL, 0.5 },
};
#define N_OPTIONS G_N_ELEMENTS (options)

struct _DhView
{
  GObject parent_instance;
  DhSettings *settings;
  char *strings[N_OPTIONS];
  double numbers[N_OPTIONS];
};

G_DEFINE_FINAL_TYPE (DhView, dh_view, G_TYPE_OBJECT)

static GParamSpec *properties[N_OPTIONS + 1];

static gboolean
may_be (const Option *option, const char *value)
{
  if (*option->choices == '\0')
    return TRUE;
  g_auto (GStrv) choices = g_strsplit (option->choices, "|", -1);
  return g_strv_contains ((const char *const *)choices, value);
}

static void
dh_view_set_property (GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  DhView *self = DH_VIEW (object);
  guint i = id - 1;
  const Option *option = &options[i];
  if (option->type == G_TYPE_STRING)
    {
      const char *text = g_value_get_string (value);
      if (text == NULL || g_strcmp0 (self->strings[i], text) == 0 || !may_be (option, text))
        return;
      g_free (self->strings[i]);
      self->strings[i] = g_strdup (text);
      dh_settings_set_string (self->settings, GROUP, option->name, text);
    }
  else
    {
      double number = option->type == G_TYPE_DOUBLE ? g_value_get_double (value) : g_value_get_boolean (value);
      if (number == self->numbers[i])
        return;
      self->numbers[i] = number;
      dh_settings_set_double (self->settings, GROUP, option->name, number);
    }
  g_object_notify_by_pspec (object, spec);
}

static void
dh_view_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  DhView *self = DH_VIEW (object);
  guint i = id - 1;
  if (options[i].type == G_TYPE_STRING)
    g_value_set_string (value, self->strings[i]);
  else if (options[i].type == G_TYPE_DOUBLE)
    g_value_set_double (value, self->numbers[i]);
  else
    g_value_set_boolean (value, self->numbers[i] != 0);
}

static void
dh_view_finalize (GObject *object)
{
  for (guint i = 0; i < N_OPTIONS; i++)
    g_free (DH_VIEW (object)->strings[i]);
  G_OBJECT_CLASS (dh_view_parent_class)->finalize (object);
}

static void
dh_view_class_init (DhViewClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  object_class->finalize = dh_view_finalize;
  object_class->get_property = dh_view_get_property;
  object_class->set_property = dh_view_set_property;
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  for (guint i = 0; i < N_OPTIONS; i++)
    {
      const Option *option = &options[i];
      if (option->type == G_TYPE_STRING)
        properties[i + 1] = g_param_spec_string (option->name, NULL, NULL, option->initial, flags);
      else if (option->type == G_TYPE_DOUBLE)
        properties[i + 1] = g_param_spec_double (option->name, NULL, NULL, 0, 1, option->number, flags);
      else
        properties[i + 1] = g_param_spec_boolean (option->name, NULL, NULL, option->number != 0, flags);
    }
  g_object_class_install_properties (object_class, N_OPTIONS + 1, properties);
}

static void
dh_view_init (DhView *self)
{
  for (guint i = 0; i < N_OPTIONS; i++)
    {
      self->strings[i] = g_strdup (options[i].initial);
      self->numbers[i] = options[i].number;
    }
}

DhView *
dh_view_new (DhSettings *settings)
{
  DhView *self = g_object_new (DH_TYPE_VIEW, NULL);
  self->settings = settings;
  for (guint i = 0; i < N_OPTIONS; i++)
    {
      const Option *option = &options[i];
      if (option->type == G_TYPE_STRING)
        {
          g_autofree char *text = dh_settings_dup_string (settings, GROUP, option->name);
          if (text != NULL)
            g_object_set (self, option->name, text, NULL);
          continue;
        }
      double number = dh_settings_get_double (settings, GROUP, option->name, option->number);
      self->numbers[i] = option->type == G_TYPE_BOOLEAN ? number != 0 : CLAMP (number, 0, 1);
    }
  return self;
}

static guint
index_of (const char *property)
{
  for (guint i = 0; i < N_OPTIONS; i++)
    if (g_str_equal (options[i].name, property))
      return i;
  g_return_val_if_reached (0);
}

const char *
dh_view_get_string (DhView *self, const char *property)
{
  return self->strings[index_of (property)];
}

gboolean
dh_view_is (DhView *self, const char *property, const char *choice)
{
  return g_str_equal (dh_view_get_string (self, property), choice);
}

gboolean
dh_view_get_boolean (DhView *self, const char *property)
{
  return self->numbers[index_of (property)] != 0;
}

double
dh_view_get_number (DhView *self, const char *property)
{
  return self->numbers[index_of (property)];
}

void
dh_view_store (DhView *self, GKeyFile *file)
{
  for (guint i = 0; i < N_OPTIONS; i++)
    if (!options[i].of_panel && options[i].type == G_TYPE_STRING)
      g_key_file_set_string (file, GROUP, options[i].name, self->strings[i]);
    else if (!options[i].of_panel)
      g_key_file_set_double (file, GROUP, options[i].name, self->numbers[i]);
}

void
dh_view_take (DhView *self, GKeyFile *file)
{
  for (guint i = 0; i < N_OPTIONS; i++)
    {
      const Option *option = &options[i];
      g_autoptr (GError) error = NULL;
      if (option->of_panel)
        continue;
      if (option->type == G_TYPE_STRING)
        {
          g_autofree char *text = g_key_file_get_string (file, GROUP, option->name, NULL);
          if (text != NULL)
            g_object_set (self, option->name, text, NULL);
          continue;
        }
      const double number = g_key_file_get_double (file, GROUP, option->name, &error);
      if (error != NULL || !isfinite (number))
        continue;
      if (option->type == G_TYPE_BOOLEAN)
        g_object_set (self, option->name, number != 0, NULL);
      else
        g_object_set (self, option->name, CLAMP (number, 0, 1), NULL);
    }
}

guint
dh_view_get_palette (DhView *view)
{
  const char *palette = dh_view_get_string (view, "palette");
  return g_str_equal (palette, "authors") ? 1 : g_str_equal (palette, "safe") ? 2 : 0;
}

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "dh-error.h"
#include "dh-text.h"
#include "dh-training-form-private.h"

/* A form in words: titles, the command line, and the text that holds everything. */

char *
dh_training_number_to_text (double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE], format[8];
  for (int digits = 6; digits <= 17; digits++)
    {
      g_snprintf (format, sizeof format, "%%.%dg", digits);
      g_ascii_formatd (text, sizeof text, format, value);
      if (g_ascii_strtod (text, NULL) == value)
        break;
    }
  return g_strdup (text);
}

static char *
network_name (const char *architecture)
{
  static const char *const names[][2] = { { "ldn121", "LDN-121" }, { "dlv3p_wrn38", "DLv3+" } };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_has_prefix (architecture, names[i][0]))
      return g_strdup (names[i][1]);
  const gsize length = strlen (architecture) - (g_str_has_suffix (architecture, "-closed") ? strlen ("-closed") : 0);
  return g_strndup (architecture, length);
}

static const char *
dataset_name (const char *kind)
{
  return g_str_equal (kind, "cityscapes")            ? "Cityscapes"
         : g_str_equal (kind, "street-hazards-full") ? "StreetHazards"
         : g_str_equal (kind, "camvid")              ? "CamVid"
                                                     : _ ("any data set");
}

char *
dh_training_form_dup_summary (DhTrainingForm *self)
{
  g_autofree char *network = network_name (self->texts[DH_TRAINING_ARCHITECTURE]);
  return g_strdup_printf ("%s · %s · %s", network, dataset_name (self->texts[DH_TRAINING_DATASET]),
                          self->base->negatives ? _ ("with negatives") : _ ("closed set"));
}

static char *
folder_name (const char *path)
{
  g_autofree char *base = g_path_get_basename (path);
  return g_filename_display_name (base);
}

char *
dh_training_data_title (const char *data, const char *negatives)
{
  g_autofree char *name = folder_name (data);
  if (negatives == NULL || *negatives == '\0')
    return g_steal_pointer (&name);
  g_autofree char *pasted = folder_name (negatives);
  return g_strdup_printf ("%s + %s", name, pasted);
}

char *
dh_training_form_dup_data_title (DhTrainingForm *self)
{
  return dh_training_data_title (self->texts[DH_TRAINING_DATA],
                                 self->base->negatives ? self->texts[DH_TRAINING_NEGATIVES] : NULL);
}

/* What tells it from other trainings of this network on this data: β and the seed, and what is not the recipe's; the
 * precision where it is not float32. */
static void
append_changes (DhTrainingForm *self, GString *title)
{
  static const DhTrainingField told[] = { DH_TRAINING_BETA, DH_TRAINING_CROP, DH_TRAINING_RATE, DH_TRAINING_EPOCHS };
  if (!self->base->negatives)
    g_string_append_printf (title, ", %s", _ ("closed set"));
  for (guint i = 0; i < G_N_ELEMENTS (told); i++)
    if (dh_training_form_is_used (self, told[i])
        && (told[i] == DH_TRAINING_BETA || dh_training_form_is_changed (self, told[i])))
      {
        g_autofree char *value = dh_training_number_to_text (self->numbers[told[i]]);
        g_autofree char *label = g_utf8_strdown (dh_training_field_get_info (told[i])->label, -1);
        char *comma = strchr (label, ',');
        if (comma != NULL)
          *comma = '\0';
        g_string_append_printf (title, ", %s %s", label, value);
      }
  if (dh_training_form_count_trainings (self) == 1)
    g_string_append_printf (title, _ (", seed %.0f"), self->numbers[DH_TRAINING_SEED]);
  if (!g_str_equal (self->texts[DH_TRAINING_PRECISION], "f32"))
    g_string_append_printf (title, ", %s", self->texts[DH_TRAINING_PRECISION]);
}

char *
dh_training_form_dup_title (DhTrainingForm *self)
{
  if (*self->texts[DH_TRAINING_TITLE] != '\0')
    return g_strdup (self->texts[DH_TRAINING_TITLE]);
  const char *init = self->texts[DH_TRAINING_INIT];
  /* A network of one's own, whatever the recipe's is. */
  g_autofree char *network =
      g_str_has_suffix (init, ".onnx") ? folder_name (init) : network_name (self->texts[DH_TRAINING_ARCHITECTURE]);
  g_autofree char *data = dh_training_form_dup_data_title (self);
  GString *title = g_string_new (NULL);
  g_string_printf (title, _ ("%s on %s"), network, data);
  append_changes (self, title);
  return g_string_free (title, FALSE);
}

char *
dh_training_form_dup_label (DhTrainingForm *self)
{
  if (*self->texts[DH_TRAINING_TITLE] != '\0')
    return g_strdup (self->texts[DH_TRAINING_TITLE]);
  g_autofree char *network = network_name (self->texts[DH_TRAINING_ARCHITECTURE]);
  GString *label = g_string_new (network);
  append_changes (self, label);
  return g_string_free (label, FALSE);
}

char *
dh_training_form_dup_changes (DhTrainingForm *self)
{
  GString *text = g_string_new (NULL);
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    if (dh_training_form_is_changed (self, i))
      {
        g_autofree char *before = dh_training_form_dup_published (self, i);
        g_autofree char *now =
            dh_training_field_is_number (i) ? dh_training_number_to_text (self->numbers[i]) : g_strdup (self->texts[i]);
        g_string_append_printf (text, "%s%s %s → %s", text->len > 0 ? ", " : "", dh_training_field_get_info (i)->label,
                                *before != '\0' ? before : "—", *now != '\0' ? now : "—");
      }
  return g_string_free (text, FALSE);
}

char *
dh_training_form_dup_folder_name (DhTrainingForm *self)
{
  g_autofree char *title = dh_training_form_dup_title (self);
  g_autofree char *ascii = g_str_to_ascii (title, "C");
  GString *slug = g_string_new (NULL);
  for (const char *c = ascii; *c != '\0' && slug->len < 60; c++)
    if (g_ascii_isalnum (*c) || *c == '.')
      g_string_append_c (slug, g_ascii_tolower (*c));
    else if (slug->len > 0 && slug->str[slug->len - 1] != '-')
      g_string_append_c (slug, '-');
  while (slug->len > 0 && (slug->str[slug->len - 1] == '-' || slug->str[slug->len - 1] == '.'))
    g_string_truncate (slug, slug->len - 1);
  while (slug->len > 0 && slug->str[0] == '.')
    g_string_erase (slug, 0, 1);
  if (slug->len == 0)
    g_string_append (slug, "training");
  const gsize length = slug->len;
  for (guint i = 2;; i++)
    {
      g_autofree char *path = g_build_filename (self->texts[DH_TRAINING_RUNS], slug->str, NULL);
      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        return g_string_free (slug, FALSE);
      g_string_truncate (slug, length);
      g_string_append_printf (slug, "-%u", i);
    }
}

/* What stands for each field on the command line. */
static const char *const options[DH_N_TRAINING_FIELDS] = {
  [DH_TRAINING_ARCHITECTURE] = "--arch",
  [DH_TRAINING_DATASET] = "--dataset",
  [DH_TRAINING_EPOCHS] = "--epochs",
  [DH_TRAINING_STEPS] = "--steps",
  [DH_TRAINING_BATCH] = "--batch_size",
  [DH_TRAINING_ACCUMULATION] = "--accumulation",
  [DH_TRAINING_CROP] = "--crop",
  [DH_TRAINING_RATE] = "--lr",
  [DH_TRAINING_RATE_MIN] = "--lr_min",
  [DH_TRAINING_BACKBONE] = "--backbone",
  [DH_TRAINING_BETA] = "--beta",
  [DH_TRAINING_SELECTION] = "--selection",
  [DH_TRAINING_VALIDATION_PASTES] = "--validation_pastes",
  [DH_TRAINING_PATIENCE] = "--patience",
  [DH_TRAINING_KEEP] = "--keep",
  [DH_TRAINING_CHECKPOINT_SECONDS] = "--checkpoint_seconds",
  [DH_TRAINING_DATA] = "--dataroot",
  [DH_TRAINING_NEGATIVES] = "--neg_dataroot",
  [DH_TRAINING_RUNS] = "--runs",
  [DH_TRAINING_INIT] = "--model",
  [DH_TRAINING_SEED] = "--seed",
  [DH_TRAINING_DEVICE] = "--device",
  [DH_TRAINING_PRECISION] = "--precision",
  [DH_TRAINING_THREADS] = "--threads",
  [DH_TRAINING_WORKERS] = "--workers",
  [DH_TRAINING_VALIDATION_IMAGES] = "--validation_images",
};

static gboolean
is_told (DhTrainingForm *self, DhTrainingField field, gboolean with_recipe)
{
  if (options[field] == NULL || !dh_training_form_is_used (self, field))
    return FALSE;
  if (dh_training_field_is_of_recipe (field))
    return !with_recipe && dh_training_form_is_changed (self, field);
  if (dh_training_field_is_number (field))
    return field == DH_TRAINING_SEED || self->numbers[field] != 0;
  return *self->texts[field] != '\0' && !(field == DH_TRAINING_DEVICE && g_str_equal (self->texts[field], "auto"))
         && !(field == DH_TRAINING_PRECISION && g_str_equal (self->texts[field], "f32"));
}

char **
dh_training_form_dup_words (DhTrainingForm *self, const char *recipe, const char *name)
{
  g_autoptr (GStrvBuilder) words = g_strv_builder_new ();
  g_strv_builder_add_many (words, "train", recipe != NULL ? recipe : self->recipe, "--exp_name", name, NULL);
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    if (is_told (self, i, recipe != NULL))
      {
        g_autofree char *value =
            dh_training_field_is_number (i) ? dh_training_number_to_text (self->numbers[i]) : g_strdup (self->texts[i]);
        g_strv_builder_add_many (words, options[i], value, NULL);
      }
  return g_strv_builder_end (words);
}

char *
dh_training_form_dup_command (DhTrainingForm *self)
{
  g_autofree char *name = dh_training_form_dup_folder_name (self);
  g_auto (GStrv) words = dh_training_form_dup_words (self, NULL, name);
  GString *command = g_string_new (NULL);
  const guint n = dh_training_form_count_trainings (self);
  if (n > 1)
    {
      g_string_append (command, "for seed in");
      for (guint i = 0; i < n; i++)
        g_string_append_printf (command, " %.0f", self->numbers[DH_TRAINING_SEED] + i);
      g_string_append (command, "; do ");
    }
  g_string_append (command, "densehybrid");
  for (guint i = 0; words[i] != NULL; i++)
    {
      const char *plain = words[i];
      while (g_ascii_isalnum (*plain) || (*plain != '\0' && strchr ("-_./+:", *plain) != NULL))
        plain++;
      g_autofree char *quoted = *plain == '\0' && *words[i] != '\0' ? g_strdup (words[i]) : g_shell_quote (words[i]);
      if (n > 1 && i > 0 && g_str_equal (words[i - 1], "--seed"))
        g_string_append (command, " $seed");
      else
        g_string_append_printf (command, " %s%s", quoted,
                                n > 1 && i > 0 && g_str_equal (words[i - 1], "--exp_name") ? "-s$seed" : "");
    }
  if (n > 1)
    g_string_append (command, "; done");
  return g_string_free (command, FALSE);
}

char *
dh_training_form_to_text (DhTrainingForm *self)
{
  g_autoptr (JsonBuilder) json = json_builder_new ();
  g_autofree char *base = dh_recipe_to_json (self->base);
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "recipe");
  json_builder_add_string_value (json, self->recipe);
  json_builder_set_member_name (json, "base");
  json_builder_add_value (json, json_from_string (base, NULL));
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    {
      json_builder_set_member_name (json, dh_training_field_get_info (i)->id);
      if (dh_training_field_is_number (i))
        json_builder_add_double_value (json, self->numbers[i]);
      else
        {
          /* Paths are bytes; JSON is UTF-8. */
          g_autofree char *text = g_uri_escape_bytes ((const guint8 *)self->texts[i], (gssize)strlen (self->texts[i]),
                                                      G_URI_RESERVED_CHARS_ALLOWED_IN_PATH " ");
          json_builder_add_string_value (json, text);
        }
    }
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  return dh_text_mend_json (json_to_string (root, FALSE));
}

static void
read_field (DhTrainingForm *self, DhTrainingField field, JsonNode *node)
{
  const GType type = node != NULL && JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;
  if (dh_training_field_is_number (field) && (type == G_TYPE_DOUBLE || type == G_TYPE_INT64))
    self->numbers[field] = json_node_get_double (node);
  else if (!dh_training_field_is_number (field) && type == G_TYPE_STRING)
    {
      char *text = g_uri_unescape_string (json_node_get_string (node), NULL);
      if (text == NULL)
        return;
      g_free (self->texts[field]);
      self->texts[field] = text;
    }
}

gboolean
dh_training_form_read_text (DhTrainingForm *self, const char *text, GError **error)
{
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  JsonObject *object = root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  JsonNode *base = object != NULL ? json_object_get_member (object, "base") : NULL;
  const char *name = object != NULL ? json_object_get_string_member_with_default (object, "recipe", NULL) : NULL;
  if (base == NULL || name == NULL)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s", _ ("This text describes no training"));
      return FALSE;
    }
  g_autofree char *recipe = dh_text_mend_json (json_to_string (base, FALSE));
  DhRecipe *own = dh_recipe_from_json (recipe, name, error);
  if (own == NULL)
    return FALSE;
  dh_training_form_take_base (self, name, own);
  for (DhTrainingField i = 0; i < DH_N_TRAINING_FIELDS; i++)
    read_field (self, i, json_object_get_member (object, dh_training_field_get_info (i)->id));
  g_signal_emit_by_name (self, "changed", DH_N_TRAINING_FIELDS);
  return TRUE;
}

#include <json-glib/json-glib.h>

#include "cmd-train-private.h"
#include "dh-text.h"

char *
dh_cmd_train_dup_option (const char *field)
{
  static const char *const options[][2] = {
    { "architecture", "arch" },
    { "dataset", "dataset" },
    { "selection", "selection" },
    { "classes", "num_classes" },
    { "batch", "batch_size" },
    { "crop", "crop" },
    { "accumulation", "accumulation" },
    { "recompute", "recompute" },
    { "epochs", "epochs" },
    { "steps", "steps" },
    { "rate", "lr" },
    { "rate_min", "lr_min" },
    { "backbone", "backbone" },
    { "beta", "beta" },
    { "validation_pastes", "validation_pastes" },
    { "patience", "patience" },
    { "keep", "keep" },
    { "checkpoint_seconds", "checkpoint_seconds" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    if (g_str_equal (field, options[i][0]))
      return g_strconcat ("--", options[i][1], NULL);
  return g_strdup_printf ("the recipe's %s", field);
}

static gboolean
refuse (DhCli *cli, const char *option, const char *now, const char *then, const char *remedy, int *status)
{
  *status = dh_cli_usage (cli,
                          "%s %s: this run began with %s, and --resume goes on with it exactly. %s, or begin a new run "
                          "with the last model (--model)",
                          option, now, then, remedy);
  return FALSE;
}

static char *
dup_text (JsonNode *node)
{
  if (!node)
    return g_strdup ("nothing");
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    return g_strdup (json_node_get_string (node));
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_DOUBLE)
    return g_strdup_printf ("%g", json_node_get_double (node));
  return dh_text_mend_json (json_to_string (node, FALSE));
}

static gboolean
check_recipe (DhCli *cli, const DhRecipe *old, const DhRecipe *wanted, int *status)
{
  g_autoptr (DhRecipe) copy = dh_recipe_copy (wanted);
  if (copy->classes == 0) /* the data set's, which the run knows by now */
    copy->classes = old->classes;
  g_autofree char *then_text = dh_recipe_to_json (old), *now_text = dh_recipe_to_json (copy);
  g_autoptr (JsonNode) then = json_from_string (then_text, NULL), now = json_from_string (now_text, NULL);
  JsonObjectIter iter;
  const char *field;
  JsonNode *value;
  json_object_iter_init (&iter, json_node_get_object (now));
  while (json_object_iter_next (&iter, &field, &value))
    {
      JsonNode *before = json_object_get_member (json_node_get_object (then), field);
      if (g_str_equal (field, "name") || (before && json_node_equal (before, value)))
        continue;
      g_autofree char *a = dup_text (before), *b = dup_text (value), *option = dh_cmd_train_dup_option (field);
      /* The value may be the recipe's, and the run's an option's that is now left out. */
      g_autofree char *remedy = g_str_has_prefix (option, "--") ? g_strdup_printf ("Give %s %s", option, a)
                                                                : g_strdup ("Give the recipe that it began with");
      return refuse (cli, option, b, a, remedy, status);
    }
  return TRUE;
}

gboolean
dh_cmd_train_check_resume (DhCli *cli, const DhRunConfig *config, const DhResumeOptions *options, int *status)
{
  g_autofree char *init = options->init ? g_canonicalize_filename (options->init, NULL) : NULL;
  if (init && g_strcmp0 (init, config->init) != 0)
    return refuse (cli, "--model", options->init, config->init ? config->init : "fresh weights", "Leave that out",
                   status);
  if (cli->has_precision && cli->precision != config->precision)
    return refuse (cli, "--precision", dh_precision_name (cli->precision), dh_precision_name (config->precision),
                   "Leave that out", status);
  const struct
  {
    const char *option;
    gint64 now, then;
  } counts[] = {
    { "--seed", options->seed, (gint64)config->seed },
    { "--validation_images", options->validation_images, config->validation_images },
    { "--checkpoint_steps", options->checkpoint_steps, (gint64)config->checkpoint_steps },
  };
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    if (counts[i].now != G_MININT64 && counts[i].now != counts[i].then)
      {
        g_autofree char *now = g_strdup_printf ("%" G_GINT64_FORMAT, counts[i].now);
        g_autofree char *then = g_strdup_printf ("%" G_GINT64_FORMAT, counts[i].then);
        return refuse (cli, counts[i].option, now, then, "Leave that out", status);
      }
  return check_recipe (cli, config->recipe, options->recipe, status);
}

#include "dh-run-config.h"

#include <string.h>

#include "dh-error.h"
#include "dh-file.h"
#include "dh-run-json.h"
#include "dh-text.h"

#define NAME "config.json"
#define LARGEST (1 << 20)

void
dh_run_config_free (DhRunConfig *config)
{
  if (!config)
    return;
  dh_recipe_free (config->recipe);
  g_free (config->data_root);
  g_free (config->negative_root);
  g_free (config->init);
  g_free (config->device);
  g_free (config->pictures);
  g_free (config->files);
  g_free (config->program);
  g_free (config);
}

gboolean
dh_run_config_write (const DhRunConfig *config, const char *folder, GError **error)
{
  g_autofree char *recipe = dh_recipe_to_json (config->recipe);
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "recipe");
  json_builder_add_value (json, json_from_string (recipe, NULL));
  dh_run_json_add_path (json, "data_root", config->data_root);
  dh_run_json_add_path (json, "negative_root", config->negative_root);
  dh_run_json_add_path (json, "init", config->init);
  dh_run_json_add_text (json, "device", config->device);
  dh_run_json_add_count (json, "threads", config->threads);
  dh_run_json_add_text (json, "precision", dh_precision_name (config->precision));
  dh_run_json_add_count (json, "seed", config->seed);
  dh_run_json_add_count (json, "validation_images", config->validation_images);
  dh_run_json_add_count (json, "checkpoint_steps", config->checkpoint_steps);
  dh_run_json_add_text (json, "pictures", config->pictures);
  dh_run_json_add_text (json, "files", config->files);
  dh_run_json_add_text (json, "program", config->program);
  g_autofree char *text = dh_run_json_end (json, TRUE);
  g_autofree char *path = g_build_filename (folder, NAME, NULL);
  return dh_file_write (path, text, strlen (text), error);
}

/* 0 where there is none. */
static guint64
read_count (JsonObject *object, const char *name, guint64 most)
{
  return MIN ((guint64)MAX (dh_run_json_count (object, name, 0), 0), most);
}

DhRunConfig *
dh_run_config_read (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, NAME, NULL), *text = NULL;
  g_autoptr (GBytes) bytes = dh_file_read (path, LARGEST, error);
  if (!bytes)
    return NULL;
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autoptr (JsonNode) root = dh_run_json_parse (data, size, NULL);
  JsonObject *object = root ? json_node_get_object (root) : NULL;
  JsonNode *recipe = object ? json_object_get_member (object, "recipe") : NULL;
  g_autoptr (DhRunConfig) config = g_new0 (DhRunConfig, 1);
  if (object)
    config->data_root = dh_run_json_dup_path (object, "data_root");
  if (!recipe || !config->data_root || dh_run_json_count (object, "seed", -1) < 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s does not describe a training", path);
      return NULL;
    }
  text = dh_text_mend_json (json_to_string (recipe, FALSE));
  if (!(config->recipe = dh_recipe_from_json (text, path, error)))
    return NULL;
  config->negative_root = dh_run_json_dup_path (object, "negative_root");
  config->init = dh_run_json_dup_path (object, "init");
  config->device = g_strdup (dh_run_json_text (object, "device"));
  config->threads = (guint)read_count (object, "threads", 1024);
  const char *precision = dh_run_json_text (object, "precision");
  if (!precision || !dh_precision_from_name (precision, &config->precision))
    config->precision = DH_PRECISION_F32;
  config->seed = read_count (object, "seed", G_MAXINT64);
  config->validation_images = (guint)read_count (object, "validation_images", G_MAXUINT);
  config->checkpoint_steps = read_count (object, "checkpoint_steps", G_MAXINT64);
  config->pictures = g_strdup (dh_run_json_text (object, "pictures"));
  config->files = g_strdup (dh_run_json_text (object, "files"));
  config->program = g_strdup (dh_run_json_text (object, "program"));
  return g_steal_pointer (&config);
}

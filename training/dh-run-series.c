#include "dh-run-series.h"

#include <glib/gstdio.h>
#include <string.h>

#include "dh-run-config.h"

void
dh_run_series_clear (DhRunSeries *series)
{
  g_free (series->series);
  g_free (series->name);
  *series = (DhRunSeries){ NULL };
}

static char *
hash_all_but_seed (const DhRunConfig *config)
{
  g_autoptr (GChecksum) hash = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *recipe = dh_recipe_to_json (config->recipe);
  g_autofree char *validation = g_strdup_printf ("%u", config->validation_images);
  const char *const parts[] = { recipe,
                                config->data_root,
                                config->negative_root,
                                config->init,
                                config->pictures,
                                config->files,
                                dh_precision_name (config->precision),
                                validation };
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      const char *part = parts[i] ? parts[i] : "";
      g_checksum_update (hash, (const guchar *)part, (gssize)strlen (part) + 1);
    }
  return g_strdup (g_checksum_get_string (hash));
}

/* "ours-s0", and "ours-s0-2" of a training that was done again, of seed 0 are "ours"; "ours-s3" of seed 1 is itself. */
static char *
name_without_seed (const char *folder, guint64 seed)
{
  static const char *const before[] = { "-s", "-seed-" };
  char *name = g_path_get_basename (folder);
  for (guint i = 0; i < G_N_ELEMENTS (before); i++)
    {
      g_autofree char *end = g_strdup_printf ("%s%" G_GUINT64_FORMAT, before[i], seed);
      char *found = g_strrstr (name, end);
      if (!found || found == name)
        continue;
      const char *rest = found + strlen (end);
      if (*rest == '\0' || (*rest == '-' && rest[1 + strspn (rest + 1, "0123456789")] == '\0'))
        {
          *found = '\0';
          break;
        }
    }
  return name;
}

gboolean
dh_run_series_find (const char *weights, gint64 before, DhRunSeries *series)
{
  g_autofree char *folder = g_path_get_dirname (weights), *path = g_build_filename (folder, "config.json", NULL);
  GStatBuf status;
  if (!g_path_is_absolute (weights) || g_stat (path, &status) != 0 || status.st_mtime > before)
    return FALSE;
  g_autoptr (DhRunConfig) config = dh_run_config_read (folder, NULL);
  if (!config)
    return FALSE;
  series->series = hash_all_but_seed (config);
  series->name = name_without_seed (folder, config->seed);
  series->seed = config->seed;
  return TRUE;
}

#include "dh-settings.h"
#include <string.h>
#include "dh-file.h"

struct _DhSettings
{
  char *path;
  GKeyFile *file;
  guint timeout;
};

char *
dh_settings_default_path (void)
{
  return g_build_filename (g_get_user_config_dir (), "densehybrid", "studio.ini", NULL);
}

DhSettings *
dh_settings_open (const char *path)
{
  DhSettings *settings = g_new0 (DhSettings, 1);
  settings->path = g_strdup (path);
  settings->file = g_key_file_new ();
  g_key_file_load_from_file (settings->file, path, G_KEY_FILE_NONE, NULL);
  return settings;
}

typedef struct
{
  char *path, *text;
  gsize length;
} Written;

static void
written_free (gpointer data)
{
  Written *written = data;
  g_free (written->path);
  g_free (written->text);
  g_free (written);
}

/* What cannot be remembered is no reason to trouble anybody. */
static void
write_file (Written *written)
{
  g_autofree char *folder = g_path_get_dirname (written->path);
  g_autoptr (GError) error = NULL;
  if (!dh_folder_make (folder, &error) || !dh_file_write (written->path, written->text, written->length, &error))
    g_info ("%s", error->message);
}

static void
write_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  write_file (data);
  g_task_return_boolean (task, TRUE);
}

static Written *
take_text (DhSettings *settings)
{
  Written *written = g_new0 (Written, 1);
  written->path = g_strdup (settings->path);
  written->text = g_key_file_to_data (settings->file, &written->length, NULL);
  return written;
}

static gboolean
write_soon (gpointer data)
{
  DhSettings *settings = data;
  settings->timeout = 0;
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);
  g_task_set_task_data (task, take_text (settings), written_free);
  g_task_run_in_thread (task, write_in_thread);
  return G_SOURCE_REMOVE;
}

static void
changed (DhSettings *settings)
{
  if (settings->timeout == 0)
    settings->timeout = g_timeout_add (800, write_soon, settings);
}

void
dh_settings_close (DhSettings *settings)
{
  if (settings == NULL)
    return;
  g_clear_handle_id (&settings->timeout, g_source_remove);
  Written *written = take_text (settings);
  write_file (written);
  written_free (written);
  g_key_file_unref (settings->file);
  g_free (settings->path);
  g_free (settings);
}

char *
dh_settings_dup_string (DhSettings *settings, const char *group, const char *key)
{
  return g_key_file_get_string (settings->file, group, key, NULL);
}

void
dh_settings_set_string (DhSettings *settings, const char *group, const char *key, const char *value)
{
  g_autofree char *before = dh_settings_dup_string (settings, group, key);
  if (g_strcmp0 (before, value) == 0)
    return;
  if (value != NULL)
    g_key_file_set_string (settings->file, group, key, value);
  else
    g_key_file_remove_key (settings->file, group, key, NULL);
  changed (settings);
}

gint
dh_settings_get_int (DhSettings *settings, const char *group, const char *key, gint fallback)
{
  g_autoptr (GError) error = NULL;
  gint value = g_key_file_get_integer (settings->file, group, key, &error);
  return error == NULL ? value : fallback;
}

void
dh_settings_set_int (DhSettings *settings, const char *group, const char *key, gint value)
{
  if (g_key_file_has_key (settings->file, group, key, NULL) && dh_settings_get_int (settings, group, key, 0) == value)
    return;
  g_key_file_set_integer (settings->file, group, key, value);
  changed (settings);
}

double
dh_settings_get_double (DhSettings *settings, const char *group, const char *key, double fallback)
{
  g_autoptr (GError) error = NULL;
  double value = g_key_file_get_double (settings->file, group, key, &error);
  return error == NULL ? value : fallback;
}

void
dh_settings_set_double (DhSettings *settings, const char *group, const char *key, double value)
{
  if (g_key_file_has_key (settings->file, group, key, NULL)
      && dh_settings_get_double (settings, group, key, 0) == value)
    return;
  g_key_file_set_double (settings->file, group, key, value);
  changed (settings);
}

char **
dh_settings_dup_list (DhSettings *settings, const char *group, const char *key)
{
  return g_key_file_get_string_list (settings->file, group, key, NULL, NULL);
}

void
dh_settings_set_list (DhSettings *settings, const char *group, const char *key, const char *const *values)
{
  if (values != NULL && values[0] != NULL)
    g_key_file_set_string_list (settings->file, group, key, values, g_strv_length ((char **)values));
  else
    g_key_file_remove_key (settings->file, group, key, NULL);
  changed (settings);
}

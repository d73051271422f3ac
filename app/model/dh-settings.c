#include "dh-settings.h"
#include <string.h>
#include "dh-file.h"

struct _DhSettings
{
  char *path;
  GKeyFile *file;
  GHashTable *changes; /* Change: since they were last written; what others write stays beside them */
  guint timeout;
  GThread *writer; /* of earlier changes: gives back what it could not write */
};

typedef struct
{
  char *group, *key;
  char *value; /* as it stands in the file; NULL: it is removed */
} Change;

char *
dh_settings_default_path (void)
{
  return g_build_filename (g_get_user_config_dir (), "densehybrid", "studio.ini", NULL);
}

static Change *
change_new (const char *group, const char *key)
{
  Change *change = g_new0 (Change, 1);
  change->group = g_strdup (group);
  change->key = g_strdup (key);
  return change;
}

static void
change_free (gpointer data)
{
  Change *change = data;
  g_free (change->group);
  g_free (change->key);
  g_free (change->value);
  g_free (change);
}

static guint
change_hash (gconstpointer data)
{
  const Change *change = data;
  return g_str_hash (change->group) * 31 + g_str_hash (change->key);
}

static gboolean
change_equal (gconstpointer a, gconstpointer b)
{
  const Change *x = a, *y = b;
  return g_str_equal (x->group, y->group) && g_str_equal (x->key, y->key);
}

DhSettings *
dh_settings_open (const char *path)
{
  DhSettings *settings = g_new0 (DhSettings, 1);
  settings->path = g_strdup (path);
  settings->file = g_key_file_new ();
  settings->changes = g_hash_table_new_full (change_hash, change_equal, change_free, NULL);
  g_key_file_load_from_file (settings->file, path, G_KEY_FILE_NONE, NULL);
  return settings;
}

typedef struct
{
  char *path;
  GPtrArray *changes;
} Written;

static void
written_free (Written *written)
{
  g_free (written->path);
  g_ptr_array_unref (written->changes);
  g_free (written);
}

/* What cannot be remembered is no reason to trouble anybody. */
static gboolean
write_file (const Written *written)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *folder = g_path_get_dirname (written->path);
  g_autoptr (GError) error = NULL;
  g_key_file_load_from_file (file, written->path, G_KEY_FILE_NONE, NULL);
  for (guint i = 0; i < written->changes->len; i++)
    {
      const Change *change = written->changes->pdata[i];
      if (change->value != NULL)
        g_key_file_set_value (file, change->group, change->key, change->value);
      else
        g_key_file_remove_key (file, change->group, change->key, NULL);
    }
  gsize length;
  g_autofree char *text = g_key_file_to_data (file, &length, NULL);
  if (dh_folder_make (folder, &error) && dh_file_write (written->path, text, length, &error))
    return TRUE;
  g_info ("%s", error->message);
  return FALSE;
}

static gpointer
write_in_thread (gpointer data)
{
  if (!write_file (data))
    return data;
  written_free (data);
  return NULL;
}

static Written *
take_changes (DhSettings *settings)
{
  Written *written = g_new0 (Written, 1);
  written->path = g_strdup (settings->path);
  written->changes = g_ptr_array_new_with_free_func (change_free);
  GHashTableIter iter;
  gpointer key;
  g_hash_table_iter_init (&iter, settings->changes);
  while (g_hash_table_iter_next (&iter, &key, NULL))
    {
      const Change *change = key;
      Change *taken = change_new (change->group, change->key);
      taken->value = g_key_file_get_value (settings->file, change->group, change->key, NULL);
      g_ptr_array_add (written->changes, taken);
    }
  g_hash_table_remove_all (settings->changes);
  return written;
}

static void
wait_for_writer (DhSettings *settings)
{
  Written *left = settings->writer != NULL ? g_thread_join (g_steal_pointer (&settings->writer)) : NULL;
  if (left == NULL)
    return;
  for (guint i = 0; i < left->changes->len; i++)
    {
      const Change *change = left->changes->pdata[i];
      g_hash_table_add (settings->changes, change_new (change->group, change->key));
    }
  written_free (left);
}

static gboolean
write_soon (gpointer data)
{
  DhSettings *settings = data;
  settings->timeout = 0;
  wait_for_writer (settings);
  settings->writer = g_thread_new ("settings", write_in_thread, take_changes (settings));
  return G_SOURCE_REMOVE;
}

static void
changed (DhSettings *settings, const char *group, const char *key)
{
  g_hash_table_add (settings->changes, change_new (group, key));
  if (settings->timeout == 0)
    settings->timeout = g_timeout_add (800, write_soon, settings);
}

void
dh_settings_close (DhSettings *settings)
{
  if (settings == NULL)
    return;
  g_clear_handle_id (&settings->timeout, g_source_remove);
  wait_for_writer (settings);
  if (g_hash_table_size (settings->changes) > 0)
    {
      Written *written = take_changes (settings);
      write_file (written);
      written_free (written);
    }
  g_hash_table_unref (settings->changes);
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
  changed (settings, group, key);
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
  changed (settings, group, key);
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
  changed (settings, group, key);
}

char **
dh_settings_dup_list (DhSettings *settings, const char *group, const char *key)
{
  return g_key_file_get_string_list (settings->file, group, key, NULL, NULL);
}

char **
dh_settings_read_list (DhSettings *settings, const char *group, const char *key)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_key_file_load_from_file (file, settings->path, G_KEY_FILE_NONE, NULL);
  return g_key_file_get_string_list (file, group, key, NULL, NULL);
}

void
dh_settings_set_list (DhSettings *settings, const char *group, const char *key, const char *const *values)
{
  if (values != NULL && values[0] != NULL)
    g_key_file_set_string_list (settings->file, group, key, values, g_strv_length ((char **)values));
  else
    g_key_file_remove_key (settings->file, group, key, NULL);
  changed (settings, group, key);
}

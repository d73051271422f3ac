#include "cli-pictures.h"

#include <string.h>

#include "dh-dataset.h"
#include "dh-error.h"

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

static gboolean
add_folder (GPtrArray *pictures, const char *folder, GError **error)
{
  g_autoptr (GError) why = NULL;
  g_autofree char *shown = g_filename_display_name (folder);
  g_autoptr (GDir) names = g_dir_open (folder, 0, &why);
  if (!names)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s", why->message);
      return FALSE;
    }
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  const char *name;
  while ((name = g_dir_read_name (names)))
    if (*name != '.' && dh_path_is_picture (name))
      g_ptr_array_add (found, g_build_filename (folder, name, NULL));
  if (found->len == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                   "%s: there is no PNG, JPEG, WebP, TIFF or BMP image in this folder", shown);
      return FALSE;
    }
  g_ptr_array_sort (found, compare_names);
  g_ptr_array_extend_and_steal (pictures, g_steal_pointer (&found));
  return TRUE;
}

char **
dh_cli_dup_pictures (char **named, GError **error)
{
  g_autoptr (GPtrArray) pictures = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; named[i]; i++)
    if (!g_file_test (named[i], G_FILE_TEST_IS_DIR))
      g_ptr_array_add (pictures, g_strdup (named[i]));
    else if (!add_folder (pictures, named[i], error))
      return NULL;
  g_ptr_array_add (pictures, NULL);
  return (char **)g_ptr_array_steal (pictures, NULL);
}

#include "dh-numbers-folder-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "dh-error.h"
#include "dh-file.h"

#define ENDING ".numbers"

static char *
path_of (const char *folder)
{
  return g_build_filename (folder, "eval", "numbers", NULL);
}

char *
dh_numbers_folder_get_path (const char *folder, DhDataset *dataset)
{
  g_autofree char *root = g_canonicalize_filename (dh_dataset_root (dataset), NULL);
  g_autofree char *opened = dh_dataset_dup_opened (dataset);
  g_autofree char *what = g_strjoin ("\n", root, dh_dataset_kind_name (dh_dataset_kind (dataset)), opened, NULL);
  g_autofree char *hash = dh_sha256 (what, strlen (what)), *name = g_strdup_printf ("%.16s" ENDING, hash);
  g_autofree char *path = path_of (folder);
  return g_build_filename (path, name, NULL);
}

gboolean
dh_numbers_folder_make (const char *folder, GError **error)
{
  g_autofree char *path = path_of (folder);
  if (g_mkdir (path, 0755) == 0 || errno == EEXIST)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: cannot be made: %s", path, g_strerror (errno));
  return FALSE;
}

void
dh_numbers_folder_clear (const char *folder)
{
  g_autofree char *path = path_of (folder);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  for (const char *name; dir && (name = g_dir_read_name (dir));)
    if (dh_numbers_folder_has (name))
      {
        g_autofree char *file = g_build_filename (path, name, NULL);
        g_unlink (file);
      }
}

gboolean
dh_numbers_folder_has (const char *name)
{
  return g_str_has_suffix (name, ENDING);
}

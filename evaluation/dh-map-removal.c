#include "dh-map-removal.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "dh-error.h"
#include "dh-folder-lock.h"
#include "dh-map-owner.h"
#include "dh-numbers-folder-private.h"

/* The folders above a file, while they are empty, up to this one. */
static void
remove_empty (const char *file, const char *top)
{
  for (g_autofree char *path = g_path_get_dirname (file); strlen (path) > strlen (top) && g_rmdir (path) == 0;)
    {
      char *above = g_path_get_dirname (path);
      g_free (path);
      path = above;
    }
}

static gboolean
remove_file (const char *path, const char *top, GError **error)
{
  if (g_unlink (path) != 0 && errno != ENOENT)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_IO, "%s: cannot be removed: %s", path, g_strerror (errno));
      return FALSE;
    }
  remove_empty (path, top);
  return TRUE;
}

static gboolean
remove_maps (const char *folder, const char *name, DhDataset *dataset, GError **error)
{
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      g_autofree char *file = g_strconcat (dh_dataset_item (dataset, i)->stem, ".npy", NULL);
      g_autofree char *path = g_build_filename (folder, "eval", name, file, NULL);
      if (!remove_file (path, folder, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
dh_map_removal_run (const char *folder, DhDataset *dataset, GError **error)
{
  g_autoptr (DhFolderLock) lock = dh_folder_lock_take (folder, error);
  if (!lock)
    return FALSE;
  g_autofree char *others = dh_map_owner_read_others (folder);
  g_auto (GStrv) names = g_strsplit (others ? others : "", ",", -1);
  g_autofree char *owner = g_build_filename (folder, "eval", "owner.txt", NULL);
  g_autofree char *numbers = dh_numbers_folder_get_path (folder, dataset);
  for (char **name = names; *name; name++)
    if (**name && !remove_maps (folder, *name, dataset, error))
      return FALSE;
  return remove_maps (folder, "scores", dataset, error) && remove_file (numbers, folder, error)
         && remove_file (owner, folder, error);
}

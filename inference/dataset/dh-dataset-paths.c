/* A data set of pictures and folders given by name. */
#include "dh-dataset-private.h"

#include <string.h>

#include "dh-error.h"

static void
add_picture (DhDataset *dataset, const char *path)
{
  DhItem *item = g_new0 (DhItem, 1);
  g_autofree char *whole = g_canonicalize_filename (path, NULL);
  g_autofree char *folder = g_path_get_dirname (whole);
  const char *name = strrchr (whole, '/') + 1;
  item->item.stem = g_strndup (name, dh_path_stem_length (name));
  item->item.id = g_strdup (item->item.stem);
  item->item.split = g_strdup ("");
  item->item.group = g_path_get_basename (folder);
  item->item.image = g_strdup (path);
  g_ptr_array_add (dataset->items, item);
}

static gboolean
add_path (DhDataset *dataset, const char *path, GCancellable *cancellable, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s: there is no such file", name);
      return FALSE;
    }
  if (!g_file_test (path, G_FILE_TEST_IS_DIR))
    {
      add_picture (dataset, path);
      return TRUE;
    }
  g_autoptr (DhScan) scan = dh_scan_new (path, dh_path_is_of_set, cancellable, NULL, error);
  if (!scan)
    return FALSE;
  g_autoptr (DhLayoutFind) find = dh_layout_recognise (scan, NULL, DH_DATASET_FOLDER);
  if (!find)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                   "%s: there is no PNG, JPEG, WebP, TIFF or BMP image in this folder", name);
      return FALSE;
    }
  g_autoptr (DhDataset) part = dh_dataset_new_empty (path);
  g_ptr_array_unref (part->items);
  part->items = g_ptr_array_ref (find->items);
  dh_dataset_arrange (part, TRUE);
  for (guint i = 0; i < part->items->len; i++)
    add_picture (dataset, dh_dataset_peek (part, i)->item.image);
  return TRUE;
}

/* Of equal stems, each gets its parent folder's name before it. */
static void
name_apart (DhDataset *dataset)
{
  g_autoptr (GHashTable) counts = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < dataset->items->len; i++)
    {
      const char *id = dh_dataset_peek (dataset, i)->item.id;
      g_hash_table_insert (counts, (gpointer)id,
                           GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (counts, id)) + 1));
    }
  for (guint i = 0; i < dataset->items->len; i++)
    {
      DhDatasetItem *item = &((DhItem *)dataset->items->pdata[i])->item;
      if (GPOINTER_TO_UINT (g_hash_table_lookup (counts, item->id)) < 2 || strcmp (item->group, "/") == 0)
        continue;
      g_free (item->stem);
      item->stem = g_strconcat (item->group, "_", item->id, NULL);
    }
}

DhDataset *
dh_dataset_new_for_paths (const char *const *paths, guint n_paths, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (paths != NULL || n_paths == 0, NULL);

  g_autoptr (DhDataset) dataset = dh_dataset_new_empty ("");
  dataset->kind = DH_DATASET_FOLDER;
  dataset->title = g_strdup ("Images");
  dataset->evidence = g_strdup ("given by name");
  for (guint i = 0; i < n_paths; i++)
    if (!add_path (dataset, paths[i], cancellable, error))
      return NULL;
  name_apart (dataset);
  dh_dataset_arrange (dataset, FALSE);
  dataset->notes = g_new0 (char *, 2);
  dataset->notes[0] = dh_dataset_dup_orientation_note (dataset);
  dataset->scan_notes = g_new0 (char *, 1);
  return g_steal_pointer (&dataset);
}

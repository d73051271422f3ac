#include "dh-export.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-export-files-private.h"
#include "dh-file-part.h"
#include "dh-file.h"
#include "dh-kept-segmentation.h"
#include "dh-map-owner.h"
#include "dh-map.h"
#include "dh-npy.h"
#include "dh-records.h"
#include "dh-report-private.h"
#include "dh-tensor.h"

#define RANGE "range.json"
#define ANOMALY "_anomaly.npy"

static const char *const layout_names[DH_N_EXPORT_LAYOUTS] = {
  [DH_EXPORT_SMIYC] = "smiyc", [DH_EXPORT_FISHYSCAPES] = "fishyscapes",
  [DH_EXPORT_ISSU] = "issu",   [DH_EXPORT_PNG] = "png",
  [DH_EXPORT_NPY] = "npy",
};

const char *
dh_export_layout_name (DhExportLayout layout)
{
  g_return_val_if_fail (layout < DH_N_EXPORT_LAYOUTS, NULL);
  return layout_names[layout];
}

gboolean
dh_export_layout_from_name (const char *name, DhExportLayout *layout)
{
  for (guint i = 0; i < DH_N_EXPORT_LAYOUTS; i++)
    if (g_str_equal (layout_names[i], name))
      {
        *layout = i;
        return TRUE;
      }
  return FALSE;
}

DhTensor *
dh_export_load_map (const DhRunImageRow *row, GError **error)
{
  g_autoptr (DhTensor) map = row->score_file ? dh_npy_load (row->score_file, error) : NULL;
  if (!map && error && !*error)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s: the run kept no score map of it", row->stem);
  if (map && (map->dtype != DH_DTYPE_F32 || map->n_dims != 2))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s: is no float32 map any more", row->score_file);
      return NULL;
    }
  if (map
      && (map->dims[0] != row->height || map->dims[1] != row->width
          || !dh_map_owner_measured (row, dh_tensor_f32 (map))))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                   "%s: another run has written its map there since; evaluate again into a folder of its own",
                   row->score_file);
      return NULL;
    }
  return g_steal_pointer (&map);
}

/* Of all its pictures, or of none. */
static gboolean
has_segmentations (const DhRunRow *run, GPtrArray *rows)
{
  for (guint i = 0; i < rows->len; i++)
    {
      g_autofree char *path = dh_kept_segmentation_path (run->folder, ((DhRunImageRow *)rows->pdata[i])->stem);
      if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
        return FALSE;
    }
  return !run->method;
}

/* A database may come from anyone: nothing is written outside the folder that was named. */
static gboolean
stays_inside (const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "/", -1);
  for (guint i = 0; parts[i]; i++)
    if (!*parts[i] || g_str_equal (parts[i], ".") || g_str_equal (parts[i], ".."))
      return FALSE;
  return parts[0] != NULL;
}

/* The name of the data set in SMIYC's tree; the kit evaluates "-all". */
static char *
smiyc_dataset (const DhRunRow *run, const DhRunImageRow *row)
{
  if (g_str_equal (run->dataset_kind, "smiyc") && *row->scene)
    return g_strconcat (row->scene, "-all", NULL);
  return g_strdup (run->dataset_kind);
}

/* What the flat layouts call a picture: its last name, which another picture of the folder may have too. */
static char *
flat_key (const DhRunRow *run, const DhRunImageRow *row, DhExportLayout layout)
{
  g_autofree char *name = g_path_get_basename (row->stem);
  g_autofree char *dataset = layout == DH_EXPORT_SMIYC ? smiyc_dataset (run, row) : g_strdup ("");
  return g_strconcat (dataset, "/", name, NULL);
}

/* How many pictures have each key. */
static GHashTable *
count_keys (const DhRunRow *run, GPtrArray *rows, DhExportLayout layout)
{
  GHashTable *counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < rows->len; i++)
    {
      char *key = flat_key (run, rows->pdata[i], layout);
      const guint n = GPOINTER_TO_UINT (g_hash_table_lookup (counts, key));
      g_hash_table_insert (counts, key, GUINT_TO_POINTER (n + 1));
    }
  return counts;
}

/* Of equal names each gets its folders before it. */
static char *
flat_name (const DhRunRow *run, const DhRunImageRow *row, DhExportLayout layout, GHashTable *counts)
{
  g_autofree char *key = flat_key (run, row, layout);
  if (GPOINTER_TO_UINT (g_hash_table_lookup (counts, key)) < 2)
    return g_path_get_basename (row->stem);
  return g_strdelimit (g_strdup (row->stem), "/", '_');
}

static char *
export_path (const DhRunRow *run, const DhRunImageRow *row, DhExportLayout layout, GHashTable *counts,
             const char *method, const char *folder)
{
  g_autofree char *name = flat_name (run, row, layout, counts);
  g_autofree char *dataset = smiyc_dataset (run, row);
  g_autofree char *file = NULL;
  switch (layout)
    {
    case DH_EXPORT_SMIYC:
      file = g_strconcat (name, ".hdf5", NULL);
      return g_build_filename (folder, "anomaly_p", method, dataset, file, NULL);
    case DH_EXPORT_FISHYSCAPES:
      file = g_strconcat (name, ANOMALY, NULL);
      return g_build_filename (folder, file, NULL);
    case DH_EXPORT_ISSU:
      file = g_strconcat (name, ".npz", NULL);
      return g_build_filename (folder, method, file, NULL);
    case DH_EXPORT_PNG:
      file = g_strconcat (row->stem, ".png", NULL);
      return g_build_filename (folder, file, NULL);
    case DH_EXPORT_NPY:
    case DH_N_EXPORT_LAYOUTS:
      break;
    }
  file = g_strconcat (row->stem, ".npy", NULL);
  return g_build_filename (folder, file, NULL);
}

/* The least and greatest finite score of a run, so that all its pictures share one scale; written beside them. */
static gboolean
find_range (GPtrArray *rows, const char *folder, double *low, double *high, GCancellable *cancellable, GError **error)
{
  *low = INFINITY;
  *high = -INFINITY;
  for (guint i = 0; i < rows->len; i++)
    {
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      g_autoptr (DhTensor) map = dh_export_load_map (rows->pdata[i], error);
      if (!map)
        return FALSE;
      const float *values = dh_tensor_f32 (map);
      const gint64 n = dh_tensor_count (map);
      for (gint64 p = 0; p < n; p++)
        if (isfinite (values[p]))
          {
            *low = MIN (*low, values[p]);
            *high = MAX (*high, values[p]);
          }
    }
  if (!(*low <= *high))
    *low = *high = 0;
  char from[G_ASCII_DTOSTR_BUF_SIZE], to[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *json = g_strdup_printf ("{\"0\": %s, \"65535\": %s}\n", g_ascii_dtostr (from, sizeof from, *low),
                                           g_ascii_dtostr (to, sizeof to, *high));
  g_autofree char *path = g_build_filename (folder, RANGE, NULL);
  return dh_folder_make (folder, error) && dh_file_write (path, json, strlen (json), error);
}

GPtrArray *
dh_export_list_images (DhDatabase *database, const DhRunRow *run, GError **error)
{
  g_autoptr (GPtrArray) all = dh_database_list_run_images (database, run->id, error);
  if (!all)
    return NULL;
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_run_image_row_free);
  for (guint i = 0; i < all->len; i++)
    if (g_str_equal (((DhRunImageRow *)all->pdata[i])->state, "done"))
      g_ptr_array_add (rows, g_steal_pointer (&all->pdata[i]));
  if (rows->len == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "run %" G_GINT64_FORMAT " has measured no image", run->id);
      return NULL;
    }
  if (!dh_report_has_maps (run))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
                   "%s: now holds the maps of another run than %" G_GINT64_FORMAT
                   "; evaluate again into a folder of its own",
                   run->folder, run->id);
      return NULL;
    }
  return g_steal_pointer (&rows);
}

/* Where every map goes, in the order of the rows, all found out before the first file is written: what cannot be done
 * leaves nothing half done. */
static GPtrArray *
plan_paths (DhDatabase *database, const DhRunRow *run, GPtrArray *rows, DhExportLayout layout, const char *method,
            const char *folder, GError **error)
{
  g_autoptr (GHashTable) counts = count_keys (run, rows, layout);
  g_autoptr (GHashTable) taken = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < rows->len; i++)
    {
      const DhRunImageRow *image = rows->pdata[i];
      if (!stays_inside (image->stem) || (*image->scene && !stays_inside (image->scene))
          || !stays_inside (run->dataset_kind))
        {
          g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                       "%s: the image \"%s\" has a name that leads out of the folder", dh_database_path (database),
                       image->stem);
          return NULL;
        }
      if (!image->score_file || !g_file_test (image->score_file, G_FILE_TEST_IS_REGULAR))
        {
          g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s: the score map of %s is not there any more",
                       image->score_file ? image->score_file : run->folder, image->stem);
          return NULL;
        }
      char *path = export_path (run, image, layout, counts, method, folder);
      g_ptr_array_add (paths, path);
      if (!g_hash_table_add (taken, path))
        {
          g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED,
                       "%s: would hold two images' maps, %s among them; use the layout npy, which keeps folders", path,
                       image->stem);
          return NULL;
        }
    }
  return g_steal_pointer (&paths);
}

/* Beside Fishyscapes' STEM_anomaly.npy. */
static char *
beside_anomaly (const char *path)
{
  return g_strdup_printf ("%.*s_segmentation.npy", (int)(strlen (path) - strlen (ANOMALY)), path);
}

static gboolean
is_planned (const char *name, gpointer names)
{
  return g_hash_table_contains (names, name);
}

/* What a killed export has left of the files that are to be written. */
static void
remove_parts (GPtrArray *paths)
{
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) folders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < paths->len; i++)
    {
      g_autofree char *beside = g_str_has_suffix (paths->pdata[i], ANOMALY) ? beside_anomaly (paths->pdata[i]) : NULL;
      g_hash_table_add (names, g_path_get_basename (paths->pdata[i]));
      if (beside)
        g_hash_table_add (names, g_path_get_basename (beside));
      g_hash_table_add (folders, g_path_get_dirname (paths->pdata[i]));
    }
  g_hash_table_add (names, g_strdup (RANGE));
  GHashTableIter iter;
  gpointer folder;
  g_hash_table_iter_init (&iter, folders);
  while (g_hash_table_iter_next (&iter, &folder, NULL))
    dh_file_remove_parts (folder, FALSE, is_planned, names);
}

/* A name may be anything, a folder's may not. */
static char *
dup_method (const DhRunRow *row, const char *method)
{
  if (method || !row->method)
    return g_strdup (method ? method : "DenseHybrid");
  char *folder = g_strdelimit (g_strdup (row->method), "/", '_');
  if (*folder == '.')
    *folder = '_';
  return folder;
}

static gboolean
check_segmentations (const DhRunRow *run, gboolean there, DhExportLayout layout, GError **error)
{
  if (layout != DH_EXPORT_ISSU || there)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND,
               run->method ? "run %" G_GINT64_FORMAT " is of score maps alone, without a segmentation; ISSU's layout "
                             "has both in one file"
                           : "run %" G_GINT64_FORMAT
                             " kept no segmentation, which ISSU's layout has beside the scores; "
                             "evaluate again",
               run->id);
  return FALSE;
}

/* `run` NULL: without the segmentation. */
static gboolean
write_map (const DhRunRow *run, const DhRunImageRow *row, DhExportLayout layout, const char *path,
           const double range[2], GError **error)
{
  g_autoptr (DhTensor) map = dh_export_load_map (row, error);
  g_autofree char *parent = g_path_get_dirname (path);
  if (!map || !dh_folder_make (parent, error))
    return FALSE;
  g_autoptr (DhTensor) classes = NULL;
  if (run && (layout == DH_EXPORT_FISHYSCAPES || layout == DH_EXPORT_ISSU)
      && !(classes = dh_kept_segmentation_load (run->folder, row->stem, (guint)row->width, (guint)row->height, error)))
    return FALSE;
  g_autofree char *beside = classes && layout == DH_EXPORT_FISHYSCAPES ? beside_anomaly (path) : NULL;
  static const char *const names[] = { "anomaly_scores", "pred_id_labels" };
  DhTensor *const arrays[] = { map, classes };
  switch (layout)
    {
    case DH_EXPORT_SMIYC:
      return dh_export_write_hdf5 (path, map, error);
    case DH_EXPORT_PNG:
      return dh_export_write_png (path, map, range[0], range[1], error);
    case DH_EXPORT_ISSU:
      return dh_npz_save (path, names, arrays, 2, error);
    default:
      return (!beside || dh_npy_save (beside, classes, error)) && dh_npy_save (path, map, error);
    }
}

gboolean
dh_export_has_segmentations (DhDatabase *database, gint64 run)
{
  g_autoptr (DhRunRow) row = dh_database_get_run (database, run, NULL);
  g_autoptr (GPtrArray) rows = row ? dh_export_list_images (database, row, NULL) : NULL;
  return rows && has_segmentations (row, rows);
}

gboolean
dh_export_run (DhDatabase *database, gint64 run, DhExportLayout layout, const char *method, const char *folder,
               guint *n_written, GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  *n_written = 0;
  g_autoptr (DhRunRow) row = dh_database_get_run (database, run, error);
  g_autoptr (GPtrArray) rows = row ? dh_export_list_images (database, row, error) : NULL;
  g_autofree char *name = row ? dup_method (row, method) : NULL;
  g_autoptr (GPtrArray) paths = rows ? plan_paths (database, row, rows, layout, name, folder, error) : NULL;
  const gboolean segmented = paths && has_segmentations (row, rows);
  if (!paths || !check_segmentations (row, segmented, layout, error))
    return FALSE;
  remove_parts (paths);
  double range[2] = { 0, 1 };
  if (layout == DH_EXPORT_PNG && !find_range (rows, folder, &range[0], &range[1], cancellable, error))
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    {
      const DhRunImageRow *image = rows->pdata[i];
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      dh_progress_report (progress, i, rows->len, image->stem);
      if (!write_map (segmented ? row : NULL, image, layout, paths->pdata[i], range, error))
        return FALSE;
      (*n_written)++;
    }
  dh_progress_report (progress, rows->len, rows->len, NULL);
  return TRUE;
}

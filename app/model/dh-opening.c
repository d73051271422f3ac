#include "dh-opening-private.h"
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>
#include "dh-demo.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-map-file.h"
#include "dh-model.h"
#include "dh-video-info.h"
#include "dh-view-file.h"

/* Folders of score maps are not deep: METHOD/DATASET/NAME.hdf5. */
#define DEEPEST 4
#define MOST_FILES 20000
/* Of a map that is looked at; more in one file are weights. */
#define LARGEST_SIDE 4096

void
dh_opening_free (gpointer data)
{
  DhOpening *opening = data;
  g_strfreev (opening->paths);
  g_strfreev (opening->pictures);
  g_clear_pointer (&opening->dataset, dh_dataset_unref);
  g_clear_pointer (&opening->marks, dh_marks_free);
  g_free (opening->marks_error);
  g_free (opening->dataset_path);
  g_clear_pointer (&opening->reading, dh_reading_free);
  g_free (opening->forgotten);
  g_free (opening->image);
  g_free (opening->weights);
  g_free (opening->view);
  g_free (opening->scores);
  g_free (opening->recording);
  g_free (opening);
}

typedef enum
{
  KIND_FOLDER,
  KIND_PICTURE,
  KIND_VIEW,
  KIND_SCORES,
  KIND_WEIGHTS,
  KIND_RECORDING,
  KIND_UNKNOWN,
  KIND_MISSING,
} Kind;

static gboolean
ends_with (const char *path, const char *const *endings)
{
  g_autofree char *lower = g_ascii_strdown (path, -1);
  const char *point = strrchr (lower, '.');
  return point != NULL && g_strv_contains (endings, point + 1);
}

/* What a file begins with, whatever it is called: a zip archive or a pickle (PyTorch), JSON behind its length
 * (safetensors), or a network (ONNX). */
static gboolean
begins_like_weights (const char *path)
{
  guint64 size;
  gsize n;
  g_autoptr (GBytes) bytes = dh_file_read_head (path, 16, &size, NULL);
  if (bytes == NULL)
    return FALSE;
  const guint8 *head = g_bytes_get_data (bytes, &n);
  return n == 16 && (memcmp (head, "PK\3\4", 4) == 0 || head[0] == 0x80 || (head[7] == 0 && head[8] == '{'));
}

/* An archive of NumPy arrays holds a map or weights; a map has an array of this name, or is the only one. */
static gboolean
is_npz_map (const char *path)
{
  g_autoptr (GBytes) bytes = dh_map_file_read (path, LARGEST_SIDE, LARGEST_SIDE, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTensor) map = bytes != NULL ? dh_map_file_parse (bytes, path, LARGEST_SIDE, LARGEST_SIDE, &error) : NULL;
  /* Of another size than that it is one, too. */
  return map != NULL || g_error_matches (error, DH_ERROR, DH_ERROR_MISMATCH);
}

static Kind
find_kind (const char *path)
{
  static const char *const weights[] = { "pt", "pth", "tar", "bin", "ckpt", "safetensors", "onnx", NULL };
  static const char *const views[] = { DH_VIEW_FILE_SUFFIX, NULL }, *const archives[] = { "npz", NULL };
  guint width, height;
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return KIND_FOLDER;
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return KIND_MISSING;
  if (ends_with (path, views))
    return KIND_VIEW;
  if (ends_with (path, archives))
    return is_npz_map (path) ? KIND_SCORES : KIND_WEIGHTS;
  if (dh_map_file_is (path))
    return KIND_SCORES;
  if (ends_with (path, weights))
    return KIND_WEIGHTS;
  /* A broken picture is listed with what is wrong with it. */
  if (dh_path_is_picture (path) || dh_image_probe (path, &width, &height, NULL))
    return KIND_PICTURE;
  if (dh_video_is (path))
    return KIND_RECORDING;
  return begins_like_weights (path) || dh_model_is_foreign (path) ? KIND_WEIGHTS : KIND_UNKNOWN;
}

static gboolean
take_one (char **to, char *path, const char *why, GError **error)
{
  if (*to != NULL && strcmp (*to, path) != 0)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_USAGE, why);
      g_free (path);
      return FALSE;
    }
  g_free (*to);
  *to = path;
  return TRUE;
}

static gboolean
refuse (const char *path, Kind kind, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  if (kind == KIND_MISSING)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, _ ("%s is not there"), path);
  else
    g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                 _ ("%s is nothing that is known here: images (PNG, JPEG, WebP, TIFF, BMP), a folder, a recording "
                    "(.mp4, .mkv, .avi, .mov, …), weights (.pth, .safetensors, .npz, .onnx), a saved view (.dhview) or "
                    "score maps (.npy, .npz, .hdf5)"),
                 name);
  return FALSE;
}

static gboolean
sort_out (DhOpening *opening, GError **error)
{
  g_autoptr (GStrvBuilder) pictures = g_strv_builder_new ();
  guint n_pictures = 0;
  for (guint i = 0; opening->paths[i] != NULL; i++)
    {
      const char *path = opening->paths[i];
      const Kind kind = find_kind (path);
      gboolean taken = TRUE;
      if (kind == KIND_FOLDER)
        taken = take_one (&opening->dataset_path, g_strdup (path), _ ("One folder can be opened at a time"), error);
      else if (kind == KIND_WEIGHTS)
        taken = take_one (&opening->weights, g_strdup (path), _ ("Weights of one file can be loaded at a time"), error);
      else if (kind == KIND_VIEW)
        taken = take_one (&opening->view, g_strdup (path), _ ("One saved view can be opened at a time"), error);
      else if (kind == KIND_SCORES)
        taken = take_one (&opening->scores, g_path_get_dirname (path),
                          _ ("Score maps of one folder can be imported at a time"), error);
      else if (kind == KIND_RECORDING)
        taken = take_one (&opening->recording, g_strdup (path), _ ("One recording can be opened at a time"), error);
      else if (kind == KIND_PICTURE)
        {
          g_strv_builder_add (pictures, path);
          n_pictures++;
        }
      else
        taken = refuse (path, kind, error);
      if (!taken)
        return FALSE;
    }
  if (n_pictures > 0)
    opening->pictures = g_strv_builder_end (pictures);
  return TRUE;
}

static gboolean
has_maps (const char *folder, guint depth, guint *files, GCancellable *cancellable)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL && ++*files < MOST_FILES
         && !g_cancellable_is_cancelled (cancellable))
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (dh_map_file_is (path)
          || (depth < DEEPEST && g_file_test (path, G_FILE_TEST_IS_DIR)
              && has_maps (path, depth + 1, files, cancellable)))
        return TRUE;
    }
  return FALSE;
}

static gboolean
read_folder (DhOpening *opening, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) why = NULL;
  opening->dataset = dh_set_reading_open (&opening->reading, opening->remembered, opening->dataset_path,
                                          &opening->forgotten, cancellable, &why);
  if (opening->dataset != NULL && dh_dataset_size (opening->dataset) == 0)
    {
      const char *const *notes = dh_dataset_notes (opening->dataset);
      g_set_error (&why, DH_ERROR, DH_ERROR_NOT_FOUND, _ ("%s: there are no images in it. %s"), opening->dataset_path,
                   notes[0] != NULL ? notes[0] : "");
      g_clear_pointer (&opening->dataset, dh_dataset_unref);
    }
  guint files = 0;
  if (opening->any && opening->scores == NULL && g_error_matches (why, DH_ERROR, DH_ERROR_NOT_FOUND)
      && has_maps (opening->dataset_path, 0, &files, cancellable))
    {
      opening->scores = g_steal_pointer (&opening->dataset_path);
      return TRUE;
    }
  if (why != NULL)
    g_propagate_error (error, g_steal_pointer (&why));
  return opening->dataset != NULL;
}

gboolean
dh_opening_run (DhOpening *opening, GCancellable *cancellable, GError **error)
{
  if (opening->any && !sort_out (opening, error))
    return FALSE;
  if (opening->demo)
    {
      g_autofree char *folder = dh_demo_write_scenes (cancellable, error);
      opening->dataset =
          folder != NULL ? dh_dataset_open (folder, "street-hazards", NULL, cancellable, NULL, error) : NULL;
      if (opening->dataset == NULL)
        return FALSE;
      dh_dataset_set_title (opening->dataset, DH_DEMO_TITLE);
    }
  else if (opening->dataset_path != NULL)
    {
      if (!read_folder (opening, cancellable, error))
        return FALSE;
    }
  else if (opening->pictures != NULL)
    {
      opening->dataset = dh_dataset_new_for_paths ((const char *const *)opening->pictures,
                                                   g_strv_length (opening->pictures), cancellable, error);
      if (opening->dataset == NULL)
        return FALSE;
    }
  /* Without them the pictures open as well. */
  g_autoptr (GError) unread = NULL;
  if (opening->dataset != NULL && (opening->marks = dh_marks_read (&unread)) == NULL)
    opening->marks_error = g_strdup (unread->message);
  return TRUE;
}

#include "dh-scene-tree.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-image.h"

/* Validation scenes are the training series' from here on, so that no count of training scenes reaches them. */
#define VALIDATION_FROM 1000000

DhSceneCounts
dh_scene_counts (guint count)
{
  return (DhSceneCounts){ count, MAX ((count + 15) / 16, 2), MAX ((count + 7) / 8, 2), MAX ((count + 3) / 4, 2) };
}

typedef struct
{
  const char *folder;
  guint64 seed, done, total;
  guint width, height;
  guint8 *rgb, *labels;
  GCancellable *cancellable;
  const DhProgress *progress;
} Tree;

static gboolean
write_picture (Tree *tree, const char *part, const char *half, const char *split, guint number, guint channels,
               const guint8 *pixels, GError **error)
{
  g_autofree char *folder = g_build_filename (tree->folder, part, half, split, NULL);
  g_autofree char *name = g_strdup_printf ("%05u.png", number);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  return (number > 0 || dh_folder_make (folder, error))
         && dh_image_write_png (path, tree->width, tree->height, channels, pixels, error);
}

static gboolean
write_series (Tree *tree, const char *part, const char *split, DhSceneKind kind, guint first, guint count,
              GError **error)
{
  const gsize n = (gsize)tree->width * tree->height;
  for (guint i = 0; i < count; i++)
    {
      if (g_cancellable_set_error_if_cancelled (tree->cancellable, error))
        return FALSE;
      dh_progress_report (tree->progress, tree->done++, tree->total, split);
      if (!dh_scene_render (tree->seed, kind, first + i, tree->width, tree->height, tree->rgb, tree->labels, error))
        return FALSE;
      if (kind != DH_SCENE_NEGATIVE)
        for (gsize k = 0; k < n; k++)
          tree->labels[k] = dh_scene_raw_id (tree->labels[k]);
      if (!write_picture (tree, part, "annotations", split, i, 1, tree->labels, error)
          || !write_picture (tree, part, "images", split, i, 3, tree->rgb, error))
        return FALSE;
    }
  return TRUE;
}

/* Of an earlier start that made more of them: the folder would hold scenes of both. */
static gboolean
check_series (const char *folder, const char *part, const char *split, guint count, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%05u.png", count);
  g_autofree char *path = g_build_filename (folder, part, "images", split, name, NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
               "%s: is there already, and would lie among these scenes. Empty the folder, or choose another", path);
  return FALSE;
}

gboolean
dh_scene_tree_write (const char *folder, guint64 seed, const DhSceneCounts *counts, guint width, guint height,
                     GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  Tree tree = { .folder = folder, .seed = seed, .width = width, .height = height };
  tree.cancellable = cancellable;
  tree.progress = progress;
  tree.total = (guint64)counts->training + counts->validation + counts->test + counts->negatives;
  if (!dh_scene_check_size (width, height, error))
    return FALSE;
  g_autofree guint8 *rgb = g_try_malloc (3 * (gsize)width * height);
  g_autofree guint8 *labels = g_try_malloc ((gsize)width * height);
  if (!rgb || !labels)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Scenes of %u×%u cannot be drawn: not enough memory", width,
                   height);
      return FALSE;
    }
  tree.rgb = rgb;
  tree.labels = labels;
  const guint t5 = (counts->test + 1) / 2;
  if (!check_series (folder, "test", "test/t5", t5, error)
      || !check_series (folder, "test", "test/t6", counts->test - t5, error)
      || !check_series (folder, "train", "validation/town", counts->validation, error)
      || !check_series (folder, "negatives", "training", counts->negatives, error)
      || !check_series (folder, "train", "training/town", counts->training, error))
    return FALSE;
  if (!write_series (&tree, "test", "test/t5", DH_SCENE_TEST, 0, t5, error)
      || !write_series (&tree, "test", "test/t6", DH_SCENE_TEST, t5, counts->test - t5, error)
      || !write_series (&tree, "train", "validation/town", DH_SCENE_TRAIN, VALIDATION_FROM, counts->validation, error)
      || !write_series (&tree, "negatives", "training", DH_SCENE_NEGATIVE, 0, counts->negatives, error)
      || !write_series (&tree, "train", "training/town", DH_SCENE_TRAIN, 0, counts->training, error))
    return FALSE;
  dh_progress_report (progress, tree.total, tree.total, "");
  return TRUE;
}

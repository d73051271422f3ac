#include "dh-demo.h"
#include <math.h>
#include "dh-demo-resources.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-scene-tree.h"

#define SEED 2026
#define TRAINING_SEED 1
#define N_SCENES 32
#define WEIGHTS "/org/densehybrid/demo/network.safetensors"
#define ANSWERS "/org/densehybrid/demo/network.answers.json"
#define WEIGHTS_FILE "demo-network.safetensors"

guint
dh_demo_scene_count (void)
{
  return N_SCENES;
}

static gboolean
draw (guint64 seed, guint i, DhImage **image, DhLabels **labels, GError **error)
{
  g_autoptr (DhImage) picture = dh_image_new (DH_SCENE_WIDTH, DH_SCENE_HEIGHT);
  g_autoptr (DhLabels) ids = dh_labels_new (DH_SCENE_WIDTH, DH_SCENE_HEIGHT);
  if (!picture || !ids)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Scene %u of the demo cannot be drawn: not enough memory", i);
      return FALSE;
    }
  if (!dh_scene_render (seed, DH_SCENE_TEST, i, DH_SCENE_WIDTH, DH_SCENE_HEIGHT, picture->rgb, ids->ids, error))
    return FALSE;
  for (gsize k = 0; k < DH_SCENE_WIDTH * DH_SCENE_HEIGHT; k++)
    ids->ids[k] = dh_scene_raw_id (ids->ids[k]);
  *image = g_steal_pointer (&picture);
  *labels = g_steal_pointer (&ids);
  return TRUE;
}

gboolean
dh_demo_scene (guint i, DhImage **image, DhLabels **labels, GError **error)
{
  return draw (SEED, i, image, labels, error);
}

gboolean
dh_demo_calibration_scene (guint i, DhImage **image, DhLabels **labels, GError **error)
{
  return draw (TRAINING_SEED, i, image, labels, error);
}

double
dh_demo_threshold (const char *map)
{
  /* `best_f1_threshold` of eval-ood on `demo-scenes --seed 1 --count 1200`, to what devices and precisions agree on. */
  static const struct
  {
    const char *map;
    double value;
  } best[] = { { "hybrid", 43.1 }, { "likelihood", -44.5 }, { "dataset_posterior", 0.674 } };
  for (guint i = 0; i < G_N_ELEMENTS (best); i++)
    if (g_strcmp0 (map, best[i].map) == 0)
      return best[i].value;
  return NAN;
}

static GResource *
get_resource (void)
{
  static gsize registered;
  if (g_once_init_enter (&registered))
    {
      dh_demo_resources_register_resource ();
      g_once_init_leave (&registered, 1);
    }
  return dh_demo_resources_get_resource ();
}

GBytes *
dh_demo_get_weights (GError **error)
{
  GBytes *weights = g_resource_lookup_data (get_resource (), WEIGHTS, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  if (!weights)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "This build comes without the demo's network");
  return weights;
}

GBytes *
dh_demo_get_answers (GError **error)
{
  GBytes *answers = g_resource_lookup_data (get_resource (), ANSWERS, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
  if (!answers)
    g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "This build comes without the answers of the demo's network");
  return answers;
}

gboolean
dh_demo_is_there (void)
{
  gsize size;
  return g_resource_get_info (get_resource (), WEIGHTS, G_RESOURCE_LOOKUP_FLAGS_NONE, &size, NULL, NULL);
}

static gboolean
write_weights (const char *folder, GBytes *weights, GError **error)
{
  g_autofree char *path = g_build_filename (folder, WEIGHTS_FILE, NULL);
  return dh_file_write (path, g_bytes_get_data (weights, NULL), g_bytes_get_size (weights), error);
}

gboolean
dh_demo_write (const char *folder, GCancellable *cancellable, const DhProgress *progress, GError **error)
{
  static const DhSceneCounts counts = { .test = N_SCENES };
  g_autoptr (GBytes) weights = dh_demo_get_weights (error);
  return weights && dh_folder_make (folder, error)
         && dh_scene_tree_write (folder, SEED, &counts, DH_SCENE_WIDTH, DH_SCENE_HEIGHT, cancellable, progress, error)
         && write_weights (folder, weights, error);
}

/* The weights are written last. Pictures may have gone since: cache folders are tidied. */
static gboolean
is_written (const char *folder, GBytes *weights)
{
  for (guint i = 0; i < N_SCENES; i++)
    for (guint part = 0; part < 2; part++)
      {
        g_autofree char *path = g_strdup_printf ("%s/test/%s/test/%s/%05u.png", folder, part ? "annotations" : "images",
                                                 i < N_SCENES / 2 ? "t5" : "t6", i % (N_SCENES / 2));
        if (!g_file_test (path, G_FILE_TEST_IS_REGULAR))
          return FALSE;
      }
  g_autofree char *path = g_build_filename (folder, WEIGHTS_FILE, NULL);
  g_autoptr (GBytes) there = dh_file_read (path, 2 * g_bytes_get_size (weights), NULL);
  return there && g_bytes_equal (there, weights);
}

char *
dh_demo_write_scenes (GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) weights = dh_demo_get_weights (error);
  if (!weights)
    return NULL;
  /* A name of its own for each set of weights: a newer program draws newer scenes. */
  g_autofree char *sum = dh_sha256 (g_bytes_get_data (weights, NULL), g_bytes_get_size (weights));
  g_autofree char *name = g_strndup (sum, 12);
  g_autofree char *folder = g_build_filename (g_get_user_cache_dir (), "densehybrid", "demo", name, NULL);
  if (!is_written (folder, weights) && !dh_demo_write (folder, cancellable, NULL, error))
    return NULL;
  return g_steal_pointer (&folder);
}

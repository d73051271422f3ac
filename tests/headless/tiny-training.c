#include "tiny-training.h"
#include "dh-trainer.h"

#include "dh-scene-tree.h"
#include "tree.h"

char *tiny_folder, *tiny_scenes, *tiny_negatives;

void
tiny_begin (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;
  tiny_folder = g_dir_make_tmp ("dh-training-XXXXXX", &error);
  g_assert_no_error (error);
  g_setenv ("XDG_DATA_HOME", tiny_folder, TRUE);
  g_test_init (argc, argv, NULL);
  tiny_scenes = g_build_filename (tiny_folder, "scenes", NULL);
  tiny_negatives = g_build_filename (tiny_scenes, "negatives", NULL);
  const DhSceneCounts counts = { .training = 6, .validation = 2, .test = 1, .negatives = 3 };
  dh_scene_tree_write (tiny_scenes, 3, &counts, 128, 64, NULL, NULL, &error);
  g_assert_no_error (error);
}

int
tiny_end (void)
{
  const int status = g_test_run ();
  tree_remove (tiny_folder);
  g_free (tiny_negatives);
  g_free (tiny_scenes);
  g_free (tiny_folder);
  return status;
}

char *
tiny_recipe_json (guint steps)
{
  return g_strdup_printf (
      "{\"name\": \"tiny\", \"architecture\": \"ldn-tiny\", \"dataset\": \"street-hazards-full\", "
      "\"negatives\": true, \"batch\": 2, \"crop\": 64, \"epochs\": 2, \"steps\": %u, \"rate\": 0.002, "
      "\"rate_min\": 1e-5, \"negative_side\": 64, \"negative_crop\": 48, \"selection\": \"ap\", \"keep\": 1}",
      steps);
}

DhRecipe *
tiny_recipe (guint steps)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *json = tiny_recipe_json (steps);
  DhRecipe *recipe = dh_recipe_from_json (json, "tiny", &error);
  g_assert_no_error (error);
  return recipe;
}

char *
tiny_path (const char *run, const char *file)
{
  return g_build_filename (tiny_folder, run, file, NULL);
}

gboolean
tiny_resume (const char *run, const char *device, GError **error)
{
  g_autofree char *path = g_build_filename (tiny_folder, run, NULL);
  const DhTraining training = { .folder = path, .device = device, .resume = TRUE };
  return dh_train (&training, NULL, error);
}

gboolean
tiny_keep_step (const char *line, GPtrArray *steps)
{
  const char *end = strstr (line, ",\"seconds\"");
  if (!strstr (line, "\"event\":\"step\""))
    return FALSE;
  g_ptr_array_add (steps, g_strndup (line, (gsize)(end - line)));
  return TRUE;
}

void
tiny_assert_same_steps (GPtrArray *a, GPtrArray *b)
{
  g_assert_cmpuint (a->len, ==, b->len);
  for (guint i = 0; i < a->len; i++)
    g_assert_cmpstr (a->pdata[i], ==, b->pdata[i]);
}

static GBytes *
read_file (const char *name, const char *file)
{
  g_autofree char *path = g_build_filename (tiny_folder, name, file, NULL), *data = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;
  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (g_steal_pointer (&data), size);
}

void
tiny_assert_same_files (const char *a, const char *b, const char *const *files)
{
  for (; *files; files++)
    {
      g_autoptr (GBytes) first = read_file (a, *files), second = read_file (b, *files);
      if (!g_bytes_equal (first, second))
        g_test_message ("%s differs between %s and %s", *files, a, b);
      g_assert_true (g_bytes_equal (first, second));
    }
}

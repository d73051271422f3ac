#include <string.h>

#include "dh-error.h"
#include "dh-scene-tree.h"
#include "dh-trainer.h"
#include "tree.h"

/* Whole trainings on the emulated card, where parameters and moments stay between steps: stopped and gone on with, and
 * one whose card is lost. */

static char *folder, *scenes, *negatives;

static const char recipe_json[] =
    "{\"name\": \"tiny\", \"architecture\": \"ldn-tiny\", \"dataset\": \"street-hazards-full\", \"negatives\": true,"
    " \"batch\": 2, \"crop\": 64, \"epochs\": 2, \"steps\": 3, \"rate\": 0.002, \"rate_min\": 1e-5,"
    " \"accumulation\": 2, \"backbone\": 0.25,"
    " \"negative_side\": 64, \"negative_crop\": 48, \"selection\": \"ap\", \"keep\": 1}";

/* Six pictures: a whole batch, and one of two. */
static const char short_json[] =
    "{\"name\": \"tiny\", \"architecture\": \"ldn-tiny\", \"dataset\": \"street-hazards-full\", \"negatives\": true,"
    " \"batch\": 4, \"crop\": 64, \"epochs\": 2, \"keep_short\": true, \"rate\": 0.002, \"rate_min\": 1e-5,"
    " \"accumulation\": 1, \"backbone\": 0.25,"
    " \"negative_side\": 64, \"negative_crop\": 48, \"selection\": \"ap\", \"keep\": 1}";

static gboolean
train_by (const char *json, guint64 often, const char *run, guint64 most_steps, GError **error)
{
  g_autofree char *path = g_build_filename (folder, run, NULL);
  g_autoptr (DhRecipe) recipe = dh_recipe_from_json (json, "tiny", error);
  g_assert_nonnull (recipe);
  const DhTraining training = { .folder = path,
                                .device = "cuda",
                                .precision = DH_PRECISION_F16,
                                .recipe = recipe,
                                .data_root = scenes,
                                .negative_root = negatives,
                                .seed = 5,
                                .checkpoint_steps = often,
                                .most_steps = most_steps };
  return dh_train (&training, NULL, error);
}

static gboolean
train (const char *run, guint64 most_steps, GError **error)
{
  return train_by (recipe_json, 2, run, most_steps, error);
}

static gboolean
resume (const char *run, GError **error)
{
  g_autofree char *path = g_build_filename (folder, run, NULL);
  const DhTraining training = { .folder = path, .resume = TRUE };
  return dh_train (&training, NULL, error);
}

static void
assert_same_file (const char *a, const char *b, const char *name)
{
  g_autofree char *first = g_build_filename (folder, a, name, NULL), *second = g_build_filename (folder, b, name, NULL);
  g_autofree char *x = NULL, *y = NULL;
  gsize n, m;
  g_assert_true (g_file_get_contents (first, &x, &n, NULL) && g_file_get_contents (second, &y, &m, NULL));
  g_assert_cmpmem (x, n, y, m);
}

/* Stopped behind any step, inside an epoch and at its end, it ends with the same bits. */
static void
test_stopped (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (train ("whole", 0, &error));
  g_assert_no_error (error);
  for (guint step = 1; step <= 3; step += 2)
    {
      g_autofree char *run = g_strdup_printf ("stopped-%u", step);
      g_assert_false (train (run, step, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
      g_assert_true (resume (run, &error));
      g_assert_no_error (error);
      assert_same_file ("whole", run, "checkpoint.pth");
      assert_same_file ("whole", run, "model_best.pth");
    }
}

/* It says what happened and which checkpoint is kept, and goes on from there to the same end. */
static void
test_lost (void)
{
  g_autoptr (GError) error = NULL;
  g_setenv ("DH_EMULATED_FAIL", "replay:6", TRUE);
  g_assert_false (train ("lost", 0, &error));
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "the card was lost"));
  g_assert_nonnull (strstr (error->message, "is kept"));
  g_clear_error (&error);
  g_assert_true (resume ("lost", &error));
  g_assert_no_error (error);
  assert_same_file ("whole", "lost", "checkpoint.pth");
}

/* An engine that loses the card while plans are made is left out, and the training begins nevertheless. */
static void
test_engine (void)
{
  g_autoptr (GError) error = NULL;
  g_setenv ("DH_EMULATED_FAIL", "engine:5", TRUE);
  const gboolean trained = train ("engine", 0, &error);
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_no_error (error);
  g_assert_true (trained);
  assert_same_file ("whole", "engine", "checkpoint.pth");
}

/* The training of the pictures in batches of two sizes, once. */
static void
train_short (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (folder, "short", NULL);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS) || train_by (short_json, 1, "short", 0, &error));
  g_assert_no_error (error);
}

/* How often the run's log says this. */
static guint
count_said (const char *run, const char *what)
{
  g_autofree char *path = g_build_filename (folder, run, "log.jsonl", NULL), *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_auto (GStrv) parts = g_strsplit (text, what, -1);
  return g_strv_length (parts) - 1;
}

/* Later, while a plan for a smaller batch or what validates is made: the training goes on from its last checkpoint, as
 * if it had been stopped there. */
static void
test_engine_later (void)
{
  static const struct
  {
    const char *fail, *at;
    guint64 often;
    const char *said;
  } cases[] = { { "engine:150", "\"step\":1,", 1, "the training goes on from its last checkpoint" },
                { "engine:151", "\"step\":1,", 100, "the training goes on from its beginning" },
                { "engine:220", "\"step\":2,", 1, "the training goes on from its last checkpoint" } };
  g_autoptr (GError) error = NULL;
  train_short ();
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *run = g_strdup_printf ("short-%u", i);
      g_setenv ("DH_EMULATED_FAIL", cases[i].fail, TRUE);
      const gboolean trained = train_by (short_json, cases[i].often, run, 0, &error);
      g_unsetenv ("DH_EMULATED_FAIL");
      g_assert_no_error (error);
      g_assert_true (trained);
      g_autofree char *note = g_strconcat ("{\"event\":\"note\",", cases[i].at, NULL);
      g_assert_cmpuint (count_said (run, note), ==, 1);
      g_assert_cmpuint (count_said (run, cases[i].said), ==, 1);
      g_assert_cmpuint (count_said (run, "\"start\""), ==, 2);
      assert_same_file ("short", run, "checkpoint.pth");
      assert_same_file ("short", run, "model_best.pth");
    }
}

/* Where the card does not open again, the training ends, and says what to do; gone on with, it ends the same. */
static void
test_engine_for_good (void)
{
  g_autoptr (GError) error = NULL;
  train_short ();
  g_setenv ("DH_EMULATED_STAYS", "1", TRUE);
  g_setenv ("DH_EMULATED_FAIL", "engine:152", TRUE);
  g_assert_false (train_by (short_json, 1, "for-good", 0, &error));
  g_unsetenv ("DH_EMULATED_STAYS");
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_error (error, DH_ERROR, DH_ERROR_NO_DEVICE);
  g_assert_nonnull (strstr (error->message, "the card does not open"));
  g_assert_nonnull (strstr (error->message, "The last good checkpoint, of step 1, is kept"));
  g_clear_error (&error);
  g_assert_true (resume ("for-good", &error));
  g_assert_no_error (error);
  assert_same_file ("short", "for-good", "checkpoint.pth");
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_test_init (&argc, &argv, NULL);
  folder = tree_new ();
  scenes = g_build_filename (folder, "scenes", NULL);
  negatives = g_build_filename (scenes, "negatives", NULL);
  const DhSceneCounts counts = { .training = 6, .validation = 2, .test = 1, .negatives = 3 };
  dh_scene_tree_write (scenes, 3, &counts, 128, 64, NULL, NULL, &error);
  g_assert_no_error (error);
  g_test_add_func ("/cuda-runs/stopped", test_stopped);
  g_test_add_func ("/cuda-runs/lost", test_lost);
  g_test_add_func ("/cuda-runs/engine", test_engine);
  g_test_add_func ("/cuda-runs/engine/later", test_engine_later);
  g_test_add_func ("/cuda-runs/engine/for-good", test_engine_for_good);
  const int status = g_test_run ();
  tree_remove (folder);
  return status;
}

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "dh-checkpoint.h"
#include "dh-error.h"
#include "dh-nets.h"
#include "dh-run-folder.h"
#include "dh-scene-tree.h"
#include "dh-trainer.h"
#include "tiny-training.h"

/* What a training refuses to begin with or to go on from, and what is left then: a tiny ladder on generated scenes. */

static char *recipe_path;

static gboolean
exists (const char *run, const char *file)
{
  g_autofree char *path = tiny_path (run, file);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
write_file (const char *run, const char *file, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = tiny_path (run, file), *parent = g_path_get_dirname (path);
  g_mkdir_with_parents (parent, 0755);
  g_assert_true (g_file_set_contents (path, text, -1, &error));
}

static void
copy_file (const char *from, const char *to)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) source = g_file_new_for_path (from), target = g_file_new_for_path (to);
  g_file_copy (source, target, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

static gboolean
train (const char *run, const DhRecipe *recipe, const char *data, guint64 seed, guint64 most_steps, GError **error)
{
  g_autofree char *path = g_build_filename (tiny_folder, run, NULL);
  const DhTraining training = { .folder = path,
                                .device = "ref",
                                .threads = 2,
                                .recipe = recipe,
                                .data_root = data,
                                .negative_root = recipe->negatives ? tiny_negatives : NULL,
                                .seed = seed,
                                .most_steps = most_steps };
  return dh_train (&training, NULL, error);
}

/* Whatever a training would overwrite or delete there, of this program or of another, keeps a fresh one out. */
static void
test_used_folder (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  static const char *const results[] = { "checkpoint.pth", "model_best.pth", "model_0.pth",
                                         "model_39.pth",   "config.json",    "plan.json" };
  for (guint i = 0; i < G_N_ELEMENTS (results); i++)
    {
      g_autofree char *run = g_strdup_printf ("used-%u", i), *path = tiny_path (run, results[i]), *text = NULL;
      write_file (run, results[i], "another program's");
      g_assert_false (train (run, recipe, tiny_scenes, 5, 0, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
      if (!g_str_equal (results[i], "config.json"))
        g_assert_nonnull (strstr (error->message, results[i]));
      g_clear_error (&error);
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      g_assert_cmpstr (text, ==, "another program's");
      g_assert_false (exists (run, "log.jsonl"));
      g_assert_false (exists (run, "job.lock"));
    }
  /* What the studio puts there before the training, and what stands beside it. */
  static const char *const harmless[] = { "recipe.json", "output.txt", "notes.pth", "modelling.txt" };
  for (guint i = 0; i < G_N_ELEMENTS (harmless); i++)
    write_file ("harmless", harmless[i], "{}");
  g_assert_true (train ("harmless", recipe, tiny_scenes, 5, 0, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (harmless); i++)
    g_assert_true (exists ("harmless", harmless[i]));
}

/* Models that others put beside a run's own are neither counted nor deleted. */
static void
test_prune (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  recipe->steps = 1;
  recipe->epochs = 4;
  g_assert_false (train ("pruned", recipe, tiny_scenes, 5, 2, &error));
  g_clear_error (&error);
  static const char *const others[] = { "model_0.pth", "model_007.pth", "model_99.pth", "model_+1.pth", "model_x.pth" };
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    write_file ("pruned", others[i], "another's");
  g_assert_true (tiny_resume ("pruned", NULL, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_true (exists ("pruned", others[i]));
  for (guint epoch = 1; epoch <= 4; epoch++)
    {
      g_autofree char *name = g_strdup_printf ("model_%u.pth", epoch);
      g_assert_cmpint (exists ("pruned", name), ==, epoch == 4);
    }
  g_assert_cmpuint (dh_run_folder_model_epoch ("model_12.pth"), ==, 12);
  g_assert_cmpuint (dh_run_folder_model_epoch ("model_ 12.pth"), ==, 0);
  g_assert_cmpuint (dh_run_folder_model_epoch ("model_-12.pth"), ==, 0);
  g_assert_cmpuint (dh_run_folder_model_epoch ("model_99999999999.pth"), ==, 0);
}

/* What cannot begin leaves its name to the next. */
static void
test_failed_start (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  g_free (recipe->architecture);
  g_free (recipe->selection);
  recipe->architecture = g_strdup ("dlv3p-tiny-closed");
  recipe->selection = g_strdup ("miou");
  recipe->negatives = FALSE;
  recipe->batch = 1;
  g_assert_false (train ("again", recipe, tiny_scenes, 5, 1, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "batch size must be at least 2"));
  g_clear_error (&error);
  g_assert_false (exists ("again", "config.json") || exists ("again", "plan.json"));

  g_autofree char *path = g_build_filename (tiny_folder, "again", NULL);
  const DhTraining half = {
    .folder = path, .device = "ref", .recipe = recipe, .data_root = tiny_scenes, .precision = DH_PRECISION_BF16
  };
  recipe->batch = 2;
  g_assert_false (dh_train (&half, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED);
  g_clear_error (&error);
  g_assert_false (train ("again", recipe, tiny_scenes, 5, 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_true (exists ("again", "checkpoint.pth") && exists ("again", "plan.json"));
}

static guint64
checkpoint_step (const char *run)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = tiny_path (run, "checkpoint.pth");
  g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open (path, &error);
  g_assert_no_error (error);
  return g_ascii_strtoull (g_hash_table_lookup (dh_checkpoint_metadata (checkpoint), "step"), NULL, 10);
}

/* A picture that cannot be read ends it behind the steps that it did, which are saved; once the picture is whole, it
 * goes on to the same weights. */
static void
test_broken_picture (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  recipe->epochs = 1;
  recipe->steps = 6;
  g_autofree char *data = g_build_filename (tiny_folder, "fragile", NULL);
  const DhSceneCounts counts = { .training = 6, .validation = 2, .test = 1, .negatives = 3 };
  dh_scene_tree_write (data, 3, &counts, 128, 64, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (train ("unbroken", recipe, data, 5, 0, &error));
  g_assert_no_error (error);

  guint saved = 0;
  for (guint i = 0; i < counts.training; i++)
    {
      g_autofree char *name = g_strdup_printf ("0000%u.png", i);
      g_autofree char *picture = g_build_filename (data, "train", "images", "training", "town", name, NULL);
      g_autofree char *run = g_strdup_printf ("broken-%u", i), *kept = g_build_filename (tiny_folder, "kept.png", NULL);
      copy_file (picture, kept);
      g_assert_true (g_file_set_contents (picture, "torn", -1, &error));
      g_assert_false (train (run, recipe, data, 5, 0, &error));
      g_test_message ("%s", error->message);
      const gboolean said = strstr (error->message, "is kept") != NULL;
      g_clear_error (&error);
      copy_file (kept, picture);
      g_assert_cmpint (exists (run, "checkpoint.pth"), ==, said);
      if (!said)
        continue;
      saved++;
      g_assert_cmpuint (checkpoint_step (run), >, 0);
      g_assert_true (tiny_resume (run, NULL, &error));
      g_assert_no_error (error);
      g_autofree char *a = tiny_path (run, "checkpoint.pth"), *b = tiny_path ("unbroken", "checkpoint.pth"), *x = NULL,
                      *y = NULL;
      gsize n, m;
      g_assert_true (g_file_get_contents (a, &x, &n, NULL) && g_file_get_contents (b, &y, &m, NULL));
      g_assert_cmpmem (x, n, y, m);
    }
  g_assert_cmpuint (saved, >, 0);
}

/* Another run's checkpoint and a plan that is none are refused in words; a device by name makes a new plan. */
static void
test_foreign_state (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  g_assert_false (train ("own", recipe, tiny_scenes, 5, 1, &error));
  g_clear_error (&error);
  g_assert_false (train ("other-seed", recipe, tiny_scenes, 6, 1, &error));
  g_clear_error (&error);
  recipe->beta = 0.07;
  g_assert_false (train ("other-recipe", recipe, tiny_scenes, 5, 1, &error));
  g_clear_error (&error);
  g_autofree char *own = tiny_path ("own", "checkpoint.pth"), *saved = tiny_path ("own", "saved");
  copy_file (own, saved);
  static const char *const others[][2] = { { "other-seed", "another seed" }, { "other-recipe", "another recipe" } };
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *other = tiny_path (others[i][0], "checkpoint.pth");
      copy_file (other, own);
      g_assert_false (tiny_resume ("own", NULL, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
      g_assert_nonnull (strstr (error->message, others[i][1]));
      g_clear_error (&error);
    }
  g_autofree char *model = tiny_path ("harmless", "model_best.pth");
  copy_file (model, own);
  g_assert_false (tiny_resume ("own", NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "does not say of which training"));
  g_clear_error (&error);
  copy_file (saved, own);

  static const char *const plans[] = { "", "garbage", "[]", "{\"2\": 7}", "{\"two\": \"ref\"}", "{\"0\": \"ref\"}" };
  for (guint i = 0; i < G_N_ELEMENTS (plans); i++)
    {
      write_file ("own", "plan.json", plans[i]);
      g_assert_false (tiny_resume ("own", NULL, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, "plan.json"));
      g_assert_nonnull (strstr (error->message, "--device ref"));
      g_clear_error (&error);
    }
  g_assert_true (tiny_resume ("own", "ref", &error));
  g_assert_no_error (error);
}

/* The command line's words, and a name that must not come to be; the exit status is 2, with one sentence. */
static void
check_usage (const char *words, const char *wanted)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *line =
      g_strdup_printf ("'%s' train '%s' --dataroot '%s' --neg_dataroot '%s' --runs '%s/cli' --device ref --quiet %s",
                       g_getenv ("DH_PROGRAM"), recipe_path, tiny_scenes, tiny_negatives, tiny_folder, words);
  g_autofree char *output = NULL;
  int status;
  g_spawn_command_line_sync (line, NULL, &output, &status, &error);
  g_assert_no_error (error);
  g_test_message ("%s: %s", words, output);
  g_assert_false (g_spawn_check_wait_status (status, &error));
  g_assert_cmpint (error->code, ==, 2);
  g_assert_nonnull (strstr (output, wanted));
  g_autofree char *runs = g_build_filename (tiny_folder, "cli", NULL);
  g_assert_false (g_file_test (runs, G_FILE_TEST_EXISTS));
}

static void
test_command_line (void)
{
  if (!g_getenv ("DH_PROGRAM"))
    {
      g_test_skip ("DH_PROGRAM does not name the program");
      return;
    }
  static const char *const numbers[] = {
    "--batch_size=0",
    "--batch_size=-3",
    "--batch_size=2000",
    "--epochs=-1",
    "--epochs=0",
    "--crop=-5",
    "--crop=31",
    "--steps=-1",
    "--lr=-1",
    "--lr=nan",
    "--lr=inf",
    "--lr_min=-0.5",
    "--lr_min=nan",
    "--beta=-1",
    "--beta=nan",
    "--backbone=nan",
    "--backbone=1.5",
    "--keep=-4",
    "--patience=-2",
    "--accumulation=0",
    "--num_classes=-1",
    "--num_classes=255",
    "--checkpoint_seconds=0",
    "--checkpoint_seconds=-9",
    "--batch_size=-1",
    "--patience=-1",
    "--keep=-1",
    "--lr=-inf",
  };
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autofree char *option = g_strndup (numbers[i], strcspn (numbers[i], "="));
      g_autofree char *words = g_strdup_printf ("--exp_name x %s", numbers[i]);
      g_autofree char *sentence = g_strconcat (option, " ", numbers[i] + strlen (option) + 1, " is not between ", NULL);
      check_usage (words, sentence);
    }
  static const char *const names[] = { ".", "..", "./", "a/../b", "../x", "a/..", "/", "/tmp/x", "./." };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *words = g_strdup_printf ("--exp_name '%s'", names[i]);
      check_usage (words, "names no folder within that of --runs");
    }
  check_usage ("--exp_name ''", "--exp_name is empty");
}

/* Another picture under a name that the run has seen: gone on with, as one may have been mended, but not without a
 * word. */
static void
test_changed_picture (void)
{
  static const char *const changed[] = { "train/images/training/town/00002.png",
                                         "train/annotations/training/town/00002.png", NULL };
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  for (guint i = 0; i < G_N_ELEMENTS (changed); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *run = g_strdup_printf ("changed-%u", i), *log = tiny_path (run, "log.jsonl"), *text = NULL;
      g_assert_false (train (run, recipe, tiny_scenes, 5, 1, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
      g_autofree char *path = g_build_filename (tiny_scenes, changed[i] ? changed[i] : changed[0], NULL),
                      *kept = g_strconcat (path, ".kept", NULL), *folder = g_path_get_dirname (path),
                      *other = g_build_filename (folder, "00003.png", NULL);
      g_assert_cmpint (g_rename (path, kept), ==, 0);
      copy_file (changed[i] ? other : kept, path);
      for (guint times = 0; times < 2; times++)
        {
          g_assert_true (tiny_resume (run, NULL, &error));
          g_assert_no_error (error);
        }
      g_assert_cmpint (g_rename (kept, path), ==, 0);
      g_assert_true (g_file_get_contents (log, &text, NULL, &error));
      /* Once. */
      g_auto (GStrv) parts = g_strsplit (text, "are not of the sizes", -1);
      g_assert_cmpuint (g_strv_length (parts), ==, changed[i] ? 2 : 1);
    }
}

/* Nothing can be learnt from NaN: told by name before the first step, and no word of rates. */
static void
test_weights_that_are_none (void)
{
  g_autoptr (GError) error = NULL;
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name ("ldn-tiny", 12, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) state = dh_net_new_fresh (net, "", 7);
  const char *name = NULL;
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    if (dh_tensor_dict_at (state, i)->dtype == DH_DTYPE_F32)
      name = dh_tensor_dict_name (state, i);
  DhTensor *last = dh_tensor_dict_get (state, name);
  dh_tensor_f32 (last)[dh_tensor_count (last) - 1] = INFINITY;
  g_autofree char *path = g_build_filename (tiny_folder, "infinite.pth", NULL),
                  *run = g_build_filename (tiny_folder, "infinite", NULL);
  const DhCheckpointContents contents = { .state = state };
  g_assert_true (dh_checkpoint_save_pth (path, &contents, &error));
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  const DhTraining training = { .folder = run,
                                .device = "ref",
                                .recipe = recipe,
                                .data_root = tiny_scenes,
                                .negative_root = tiny_negatives,
                                .init = path };
  g_assert_false (dh_train (&training, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "infinite.pth"));
  g_assert_nonnull (strstr (error->message, name));
  g_assert_null (strstr (error->message, "rate"));
}

/* So of what a checkpoint remembers of the gradients. */
static void
test_moments_that_are_none (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  g_assert_false (train ("moments", recipe, tiny_scenes, 5, 1, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_autofree char *path = tiny_path ("moments", "checkpoint.pth");
  g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open (path, &error);
  g_assert_no_error (error);
  g_autoptr (DhTensorDict) extra = dh_tensor_dict_new ();
  for (guint i = 0; i < dh_tensor_dict_size (dh_checkpoint_extra (checkpoint)); i++)
    {
      DhTensor *from = dh_tensor_dict_at (dh_checkpoint_extra (checkpoint), i);
      DhTensor *copy = dh_tensor_new_f32 (from->n_dims, from->dims);
      memcpy (dh_tensor_f32 (copy), dh_tensor_data (from), dh_tensor_size_bytes (copy));
      if (i == 3)
        dh_tensor_f32 (copy)[0] = NAN;
      dh_tensor_dict_take (extra, dh_tensor_dict_name (dh_checkpoint_extra (checkpoint), i), copy);
    }
  const DhCheckpointContents contents = { dh_checkpoint_state (checkpoint), extra,
                                          dh_checkpoint_metadata (checkpoint) };
  g_assert_true (dh_checkpoint_save_pth (path, &contents, &error));
  g_assert_false (tiny_resume ("moments", NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "its optimiser holds NaN"));
}

int
main (int argc, char **argv)
{
  tiny_begin (&argc, &argv);
  g_autoptr (GError) error = NULL;
  g_autofree char *json = tiny_recipe_json (2);
  recipe_path = g_build_filename (tiny_folder, "tiny.json", NULL);
  g_assert_true (g_file_set_contents (recipe_path, json, -1, &error));
  g_test_add_func ("/run-starts/command-line", test_command_line);
  g_test_add_func ("/run-starts/used-folder", test_used_folder);
  g_test_add_func ("/run-starts/prune", test_prune);
  g_test_add_func ("/run-starts/failed-start", test_failed_start);
  g_test_add_func ("/run-starts/broken-picture", test_broken_picture);
  g_test_add_func ("/run-starts/foreign-state", test_foreign_state);
  g_test_add_func ("/run-starts/changed-picture", test_changed_picture);
  g_test_add_func ("/run-starts/weights-that-are-none", test_weights_that_are_none);
  g_test_add_func ("/run-starts/moments-that-are-none", test_moments_that_are_none);
  return tiny_end ();
}

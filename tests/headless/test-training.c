#include <unistd.h>
#include <glib/gstdio.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "dh-run-folder.h"
#include "dh-adam.h"
#include "dh-batch-loader.h"
#include "dh-checkpoint.h"
#include "dh-error.h"
#include "dh-nets.h"
#include "dh-train-plan.h"
#include "dh-trainer.h"
#include "patience.h"
#include "tiny-training.h"
#include "tree.h"

/* Trainings of a tiny ladder on generated scenes. */

static void
keep_step (const char *line, gpointer data)
{
  tiny_keep_step (line, data);
}

typedef struct
{
  const char *name;
  gboolean resume;
  guint workers;
  guint64 most_steps;
} Part;

static gboolean
train (Part part, GPtrArray *steps, GError **error)
{
  g_autoptr (DhRecipe) recipe = tiny_recipe (4);
  g_autofree char *path = g_build_filename (tiny_folder, part.name, NULL);
  const DhTraining training = { .folder = path,
                                .device = "ref",
                                .threads = 2,
                                .recipe = recipe,
                                .resume = part.resume,
                                .data_root = tiny_scenes,
                                .negative_root = tiny_negatives,
                                .seed = 5,
                                .workers = part.workers,
                                .most_steps = part.most_steps,
                                .event = keep_step,
                                .data = steps };
  return dh_train (&training, NULL, error);
}

static const char *const result[] = { "checkpoint.pth", "model_best.pth", "model_2.pth", NULL };

/* One straight run; stopped and resumed, and with other numbers of workers, it is the same to the last bit. */
static void
test_repeats (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) straight = g_ptr_array_new_with_free_func (g_free);
  g_assert_true (train ((Part){ "straight" }, straight, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (straight->len, ==, 8);

  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  g_assert_false (train ((Part){ "parts", FALSE, 1, 3 }, parts, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_false (train ((Part){ "parts", TRUE, 0, 5 }, parts, &error));
  g_clear_error (&error);
  g_assert_true (train ((Part){ "parts", TRUE, 1 }, parts, &error));
  g_assert_no_error (error);
  tiny_assert_same_steps (straight, parts);
  tiny_assert_same_files ("straight", "parts", result);

  g_autoptr (GPtrArray) four = g_ptr_array_new_with_free_func (g_free);
  g_assert_true (train ((Part){ "four", FALSE, 4 }, four, &error));
  tiny_assert_same_steps (straight, four);
  tiny_assert_same_files ("straight", "four", result);

  /* A run is never overwritten, and what is none is not resumed. */
  g_assert_false (train ((Part){ "four" }, four, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
  g_clear_error (&error);
  g_assert_false (train ((Part){ "none", TRUE }, four, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_NOT_FOUND);
}

static GSubprocess *
start_program (const char *name, gboolean resume, const char *workers)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *recipe = g_build_filename (tiny_folder, "tiny.json", NULL);
  const char *const fresh[] = { g_getenv ("DH_PROGRAM"),
                                "train",
                                recipe,
                                "--dataroot",
                                tiny_scenes,
                                "--neg_dataroot",
                                tiny_negatives,
                                "--exp_name",
                                name,
                                "--runs",
                                tiny_folder,
                                "--device",
                                "ref",
                                "--threads",
                                "2",
                                "--seed",
                                "5",
                                "--checkpoint_steps",
                                "2",
                                "--workers",
                                workers,
                                "--quiet",
                                NULL };
  const char *const again[] = { g_getenv ("DH_PROGRAM"),
                                "train",
                                "--resume",
                                "--exp_name",
                                name,
                                "--runs",
                                tiny_folder,
                                "--workers",
                                workers,
                                "--quiet",
                                NULL };
  GSubprocess *process = g_subprocess_newv (resume ? again : fresh, G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error);
  g_assert_no_error (error);
  return process;
}

static gboolean
has_third_step (const char *log)
{
  g_autofree char *text = NULL;
  return g_file_get_contents (log, &text, NULL, NULL) && strstr (text, "\"event\":\"step\",\"step\":3,");
}

/* kill -9 behind the third step, resumed by the program: the straight run's model, with any number of workers. */
static void
test_killed (void)
{
  if (!g_getenv ("DH_PROGRAM"))
    {
      g_test_skip ("DH_PROGRAM does not name the program");
      return;
    }
  g_autoptr (GError) error = NULL;
  g_autofree char *recipe = g_build_filename (tiny_folder, "tiny.json", NULL);
  g_autofree char *recipe_json = tiny_recipe_json (4);
  g_assert_true (g_file_set_contents (recipe, recipe_json, -1, &error));
  static const char *const workers[] = { "0", "1", "4" };
  guint misses = 0;
  for (guint k = 0; k < G_N_ELEMENTS (workers);)
    {
      g_autofree char *name = g_strconcat ("killed-", workers[k], NULL);
      g_autofree char *log = g_build_filename (tiny_folder, name, "log.jsonl", NULL);
      g_autoptr (GSubprocess) first = start_program (name, FALSE, workers[k]);
      g_assert_true (patience_until (has_third_step (log)));
      g_subprocess_send_signal (first, SIGKILL);
      g_subprocess_wait (first, NULL, &error);
      g_assert_no_error (error);
      if (!g_subprocess_get_if_signaled (first)) /* this machine was too slow to see it in its steps */
        {
          g_autofree char *run = g_build_filename (tiny_folder, name, NULL);
          g_assert_cmpuint (++misses, <, 100);
          tree_remove (run);
          continue;
        }
      g_assert_cmpint (g_subprocess_get_term_sig (first), ==, SIGKILL);
      g_autoptr (GSubprocess) second = start_program (name, TRUE, workers[(k + 1) % G_N_ELEMENTS (workers)]);
      g_subprocess_wait (second, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpint (g_subprocess_get_exit_status (second), ==, 0);
      tiny_assert_same_files ("straight", name, result);
      k++;
    }
}

/* The model's keys are the reference's, in its order (which the golden tests compare with its list). */
static void
test_keys (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (tiny_folder, "straight", "model_best.pth", NULL);
  g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open (path, &error);
  g_assert_no_error (error);
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name ("ldn-tiny", 12, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (GArray) keys = dh_net_list_keys (net);
  DhTensorDict *state = dh_checkpoint_state (checkpoint);
  g_assert_cmpuint (dh_tensor_dict_size (state), ==, keys->len);
  for (guint i = 0; i < keys->len; i++)
    {
      const DhNetKey *key = &g_array_index (keys, DhNetKey, i);
      g_assert_cmpstr (dh_tensor_dict_name (state, i), ==, key->name);
      g_assert_cmpint (dh_tensor_dict_at (state, i)->dtype, ==, key->dtype);
    }
}

/* A single batch is learnt by heart: blocks of 16×16 whose edges, finer than the network resolves, do not count. */
static void
test_overfit (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (4);
  recipe->negatives = FALSE;
  recipe->crop = 48;
  g_autoptr (DhDataset) dataset = dh_dataset_open (tiny_scenes, "street-hazards-full", NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  const guint items[] = { 0, 1 };
  const DhComposer composer = { .recipe = recipe, .dataset = dataset, .items = items, .n_items = 2, .classes = 12 };
  DhBatchLoader *loader = dh_batch_loader_new (&composer, 1, 0, 1, 0);
  g_autoptr (DhBatch) batch = dh_batch_loader_take (loader, 0, &error);
  dh_batch_loader_free (loader);
  g_assert_no_error (error);

  for (guint i = 0; i < 2 * 48 * 48; i++)
    {
      const guint x = i % 48, y = i / 48 % 48, image = i / (48 * 48);
      const gboolean edge = x % 16 < 4 || x % 16 >= 12 || y % 16 < 4 || y % 16 >= 12;
      batch->labels[i] = edge ? 12 : (guint8)((x / 16 + 3 * (y / 16) + 5 * image) % 12);
    }

  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name ("ldn-tiny-closed", 12, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) state = dh_net_new_fresh (net, "", 1);
  g_auto (GStrv) names = dh_net_list_trained (net);
  const guint n = g_strv_length (names);
  g_autofree double *rates = g_new (double, n);
  for (guint i = 0; i < n; i++)
    rates[i] = 1e-2;
  DhAdam adam = { NULL };
  g_assert_true (dh_adam_init (&adam, state, (const char *const *)names));
  g_autoptr (DhDevice) device = dh_device_open ("ref", 1, &error);
  const DhTrainOptions options = { .input = { 2, 3, 48, 48 }, .logits = net->logits, .logits_ood = DH_NO_VALUE };
  g_autoptr (DhTrainPlan) plan = dh_train_plan_new (device, net->graph, state, adam.gradients, &options, &error);
  g_assert_no_error (error);
  DhLosses losses;
  double first = 0;
  for (guint step = 0; step < 250; step++)
    {
      g_assert_true (dh_train_plan_run (plan, batch->input, batch->labels, 0, 1, &losses, NULL, &error));
      if (step == 0)
        first = losses.total;
      dh_adam_step (&adam, state, rates, step + 1);
    }
  g_test_message ("loss %.3f to %.4f in 250 steps", first, losses.total);
  g_assert_cmpfloat (losses.total, <, 0.01);
  dh_adam_clear (&adam);
}

/* Ranks share one batch of the whole: together they see what a single one sees. */
static void
test_ranks (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (4);
  recipe->negatives = FALSE;
  g_autoptr (DhDataset) dataset = dh_dataset_open (tiny_scenes, "street-hazards-full", NULL, NULL, NULL, &error);
  const guint items[] = { 0, 1, 2, 3 };
  const DhComposer composer = { .recipe = recipe, .dataset = dataset, .items = items, .n_items = 4, .classes = 12 };
  recipe->batch = 4;
  DhBatchLoader *whole = dh_batch_loader_new (&composer, 9, 0, 1, 0);
  g_autoptr (DhBatch) all = dh_batch_loader_take (whole, 3, &error);
  g_assert_no_error (error);
  dh_batch_loader_free (whole);
  recipe->batch = 2;
  for (guint rank = 0; rank < 2; rank++)
    {
      DhBatchLoader *loader = dh_batch_loader_new (&composer, 9, rank, 2, 2);
      g_autoptr (DhBatch) part = dh_batch_loader_take (loader, 3, &error);
      g_assert_no_error (error);
      const gsize half = 2 * 64 * 64;
      g_assert_cmpuint (part->n, ==, 2);
      g_assert_cmpmem (part->labels, half, all->labels + rank * half, half);
      g_assert_cmpmem (part->input, 3 * half * sizeof (float), all->input + rank * 3 * half, 3 * half * sizeof (float));
      dh_batch_loader_free (loader);
    }
}

static DhBatch *
take_jittered (DhDataset *dataset, double color_jitter)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (4);
  g_assert_no_error (error);
  recipe->negatives = FALSE;
  recipe->color_jitter = color_jitter;
  const guint items[] = { 0, 1 };
  const DhComposer composer = { .recipe = recipe, .dataset = dataset, .items = items, .n_items = 2, .classes = 12 };
  DhBatchLoader *loader = dh_batch_loader_new (&composer, 5, 0, 1, 0);
  DhBatch *batch = dh_batch_loader_take (loader, 0, &error);
  g_assert_no_error (error);
  dh_batch_loader_free (loader);
  return batch;
}

/* Colours vary, and nothing else: the same crop with the same labels, its greys in the same order but for what is
 * clipped, all of it from the seed. */
static void
test_color_jitter (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDataset) dataset = dh_dataset_open (tiny_scenes, "street-hazards-full", NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (DhBatch) plain = take_jittered (dataset, 0);
  g_autoptr (DhBatch) again = take_jittered (dataset, 0.4);
  g_autoptr (DhBatch) jittered = take_jittered (dataset, 0.4);
  const gsize pixels = 64 * 64, count = 2 * pixels;
  g_assert_cmpmem (plain->labels, count, jittered->labels, count);
  g_assert_cmpmem (again->input, 3 * count * sizeof (float), jittered->input, 3 * count * sizeof (float));
  for (guint n = 0; n < 2; n++)
    {
      /* Covariance of the greys before and after, and the largest change. */
      double sum[2] = { 0 }, products[3] = { 0 }, change = 0;
      for (gsize i = 0; i < pixels; i++)
        {
          double grey[2] = { 0 };
          for (guint c = 0; c < 3; c++)
            {
              const gsize at = (n * 3 + c) * pixels + i;
              grey[0] += plain->input[at] / 3.0;
              grey[1] += jittered->input[at] / 3.0;
              change = MAX (change, fabs ((double)plain->input[at] - jittered->input[at]));
            }
          for (guint k = 0; k < 2; k++)
            {
              sum[k] += grey[k];
              products[k] += grey[k] * grey[k];
            }
          products[2] += grey[0] * grey[1];
        }
      const double n_pixels = (double)pixels;
      const double covariance = products[2] - sum[0] * sum[1] / n_pixels;
      const double variances[2] = { products[0] - sum[0] * sum[0] / n_pixels,
                                    products[1] - sum[1] * sum[1] / n_pixels };
      g_assert_cmpfloat (covariance / sqrt (variances[0] * variances[1]), >, 0.98);
      g_assert_cmpfloat (change, >, 0.02);
      g_assert_cmpfloat (change, <, 1);
    }
}

static void
test_batch_of_one (void)
{
  g_autoptr (GError) error = NULL;
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name ("dlv3p-tiny-closed", 19, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) state = dh_net_new_fresh (net, "", 1);
  g_autoptr (DhDevice) device = dh_device_open ("ref", 1, &error);
  const DhTrainOptions options = { .input = { 1, 3, 64, 64 }, .logits = net->logits, .logits_ood = DH_NO_VALUE };
  g_assert_null (dh_train_plan_new (device, net->graph, state, state, &options, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
  g_assert_nonnull (strstr (error->message, "batch size must be at least 2"));
}

static void
test_recipes (void)
{
  static const char *const broken[] = {
    "",
    "[]",
    "{\"crop\": \"large\"}",
    "{\"crop\": 1e30}",
    "{\"croop\": 64}",
    "{\"rate\": -1}",
    "{\"fill\": [1, 2]}",
    "{\"rate\": 1e-9}",
    "{\"selection\": \"luck\"}",
    "{\"selection\": \"ap\"}",
    "{\"scale\": [2, 0.5]}",
    "{\"batch\": 0}",
    "{\"name\": null}",
    "{\"beta\": {}}",
  };
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_assert_null (dh_recipe_from_json (broken[i], "broken", &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
      g_clear_error (&error);
    }
  for (guint i = 0; dh_recipe_names ()[i]; i++)
    {
      g_autoptr (DhRecipe) recipe = dh_recipe_load (dh_recipe_names ()[i], &error);
      g_assert_no_error (error);
      g_assert_true (dh_recipe_check (recipe, &error));
      g_autofree char *text = dh_recipe_to_json (recipe);
      g_autoptr (DhRecipe) again = dh_recipe_from_json (text, "again", &error);
      g_assert_no_error (error);
      g_autofree char *second = dh_recipe_to_json (again);
      g_assert_cmpstr (text, ==, second);
    }
  /* Small numbers, whose shortest form has an exponent and no point. */
  static const double rates[] = { 1e-8, 2e-8, 3e-8, 1e-7, 1.5e-8, 1e-6, 0.1 };
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      g_autoptr (DhRecipe) recipe = dh_recipe_load ("ldn-semseg", &error);
      recipe->rate = recipe->rate_min = rates[i];
      g_autofree char *text = dh_recipe_to_json (recipe);
      g_autoptr (DhRecipe) again = dh_recipe_from_json (text, "again", &error);
      g_assert_no_error (error);
      g_assert_cmpfloat (again->rate, ==, rates[i]);
      g_assert_cmpfloat (again->rate_min, ==, rates[i]);
    }
  /* As they were published. */
  static const struct
  {
    const char *name;
    guint batch, crop, epochs;
    double rate, rate_min, backbone;
    gboolean negatives;
  } published[] = { { "dlv3-cityscapes", 12, 512, 10, 1e-6, 1e-6, 1, TRUE },
                    { "ldn-semseg", 16, 768, 120, 4e-4, 1e-7, 0.25, FALSE },
                    { "ldn-streethazards", 12, 768, 40, 1e-5, 1e-7, 0.25, TRUE } };
  for (guint i = 0; i < G_N_ELEMENTS (published); i++)
    {
      g_autoptr (DhRecipe) recipe = dh_recipe_load (published[i].name, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (recipe->batch * recipe->accumulation, ==, published[i].batch);
      g_assert_cmpuint (recipe->crop, ==, published[i].crop);
      g_assert_cmpuint (recipe->epochs, ==, published[i].epochs);
      g_assert_cmpfloat (recipe->rate, ==, published[i].rate);
      g_assert_cmpfloat (recipe->rate_min, ==, published[i].rate_min);
      g_assert_cmpfloat (recipe->backbone, ==, published[i].backbone);
      g_assert_cmpint (recipe->negatives, ==, published[i].negatives);
    }
  g_assert_null (dh_recipe_load ("nothing", &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_USAGE);
}

/* What a run has written already is a part of what it needs. */
static void
test_space (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_dir_make_tmp ("dh-space-XXXXXX", NULL),
                  *model = g_build_filename (path, "model_1.pth", NULL);
  const DhRunFolder folder = { .path = path };
  const guint64 needed = dh_run_folder_free_space (path) + (4ull << 30);
  g_assert_false (dh_run_folder_has_space (&folder, needed, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_IO);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (model, "", 0, NULL));
  g_assert_cmpint (truncate (model, 8ll << 30), ==, 0);
  g_assert_true (dh_run_folder_has_space (&folder, needed, &error));
  g_assert_no_error (error);
  g_remove (model);
  g_rmdir (path);
}

int
main (int argc, char **argv)
{
  tiny_begin (&argc, &argv);
  g_test_add_func ("/training/recipes", test_recipes);
  g_test_add_func ("/training/batch-of-one", test_batch_of_one);
  g_test_add_func ("/training/ranks", test_ranks);
  g_test_add_func ("/training/color-jitter", test_color_jitter);
  g_test_add_func ("/training/overfit", test_overfit);
  g_test_add_func ("/training/repeats", test_repeats);
  g_test_add_func ("/training/keys", test_keys);
  g_test_add_func ("/training/killed", test_killed);
  g_test_add_func ("/training/space", test_space);
  return tiny_end ();
}

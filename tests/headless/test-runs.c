#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "dh-checkpoint.h"
#include "dh-error.h"
#include "dh-run-folder.h"
#include "dh-run-log.h"
#include "dh-start-weights.h"
#include "dh-trainer.h"
#include "tiny-training.h"

/* How runs end, go on and are kept: a tiny ladder on generated scenes. */

/* What a gradient's step is made to be. */
typedef struct
{
  guint step, from, to; /* steps from … to − 1 are not finite */
} Poison;

static gboolean
poison (DhTensorDict *gradients, gpointer data, GError **error)
{
  Poison *how = data;
  if (how->step >= how->from && how->step < how->to)
    dh_tensor_f32 (dh_tensor_dict_at (gradients, 0))[0] = NAN;
  how->step++;
  return TRUE;
}

static gboolean
train (const char *run, const DhRecipe *recipe, guint64 most_steps, Poison *how, GError **error)
{
  g_autofree char *path = g_build_filename (tiny_folder, run, NULL);
  const DhTraining training = { .folder = path,
                                .device = "ref",
                                .threads = 2,
                                .recipe = recipe,
                                .data_root = tiny_scenes,
                                .negative_root = tiny_negatives,
                                .seed = 5,
                                .checkpoint_steps = 2,
                                .most_steps = most_steps,
                                .reduce = how ? poison : NULL,
                                .data = how };
  return dh_train (&training, NULL, error);
}

static GArray *
read_log (const char *run)
{
  g_autofree char *path = g_build_filename (tiny_folder, run, NULL);
  g_autoptr (DhRunLog) log = dh_run_log_new (path);
  gboolean again, more;
  GArray *events = dh_run_log_read (log, &again, &more);
  g_assert_false (more);
  return events;
}

static guint
count (GArray *events, DhRunEventKind kind)
{
  guint n = 0;
  for (guint i = 0; i < events->len; i++)
    n += g_array_index (events, DhRunEvent, i).kind == kind;
  return n;
}

static const DhRunEvent *
last_event (GArray *events)
{
  g_assert_cmpuint (events->len, >, 0);
  return &g_array_index (events, DhRunEvent, events->len - 1);
}

static void
assert_lock (const char *run, DhRunPhase phase)
{
  g_autofree char *path = g_build_filename (tiny_folder, run, NULL);
  DhRunLockInfo info;
  g_assert_true (dh_run_lock_read (path, &info));
  g_assert_false (info.held);
  g_assert_cmpint (info.phase, ==, phase);
  dh_run_lock_info_clear (&info);
}

static void
assert_same_file (const char *a, const char *b, const char *name)
{
  g_autofree char *first = tiny_path (a, name), *second = tiny_path (b, name), *x = NULL, *y = NULL;
  gsize n, m;
  g_assert_true (g_file_get_contents (first, &x, &n, NULL));
  g_assert_true (g_file_get_contents (second, &y, &m, NULL));
  g_assert_cmpuint (n, ==, m);
  g_assert_true (memcmp (x, y, n) == 0);
}

/* It ends where the recipe's patience does, says so, and does not begin again. */
static void
test_patience (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  recipe->epochs = 100;
  recipe->rate = recipe->rate_min = 0;
  recipe->patience = 2;
  g_assert_true (train ("patience", recipe, 0, NULL, &error));
  g_assert_no_error (error);
  g_autoptr (GArray) events = read_log ("patience");
  const DhRunEvent *end = last_event (events);
  g_assert_cmpint (end->kind, ==, DH_EVENT_END);
  g_assert_cmpstr (end->state, ==, "done");
  g_assert_nonnull (strstr (end->text, "no better model for 2 epochs"));
  g_assert_cmpuint (end->step, <, 200);
  g_assert_cmpuint (end->epoch, >=, 3);
  const guint64 step = end->step;
  /* Each of the last two was no better. */
  double best = -1, before = -1;
  for (guint i = 0; i < events->len; i++)
    {
      const DhRunEvent *event = &g_array_index (events, DhRunEvent, i);
      if (event->kind != DH_EVENT_EPOCH)
        continue;
      if (event->epoch + 2 <= end->epoch)
        before = MAX (before, event->is.epoch.ap);
      best = MAX (best, event->is.epoch.ap);
    }
  g_assert_cmpfloat (best, ==, before);
  g_assert_true (tiny_resume ("patience", NULL, &error));
  g_autoptr (GArray) again = read_log ("patience");
  g_assert_cmpuint (last_event (again)->step, ==, step);
  g_assert_cmpuint (count (again, DH_EVENT_STEP), ==, count (events, DH_EVENT_STEP));
}

/* A step without finite numbers is left out; three in a row end it with its last checkpoint, from which it goes on. */
static void
test_divergence (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  recipe->epochs = 1;
  recipe->steps = 8;
  Poison once = { .from = 2, .to = 4 };
  g_assert_true (train ("poisoned", recipe, 0, &once, &error));
  g_assert_no_error (error);
  g_autoptr (GArray) events = read_log ("poisoned");
  g_assert_cmpuint (count (events, DH_EVENT_SKIP), ==, 2);
  g_assert_cmpuint (count (events, DH_EVENT_STEP), ==, 6);

  Poison thrice = { .from = 3, .to = 100 };
  g_assert_false (train ("diverged", recipe, 0, &thrice, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "diverged"));
  g_assert_nonnull (strstr (error->message, "of step 4, is kept"));
  g_clear_error (&error);
  assert_lock ("diverged", DH_RUN_FAILED);
  g_autoptr (GArray) failed = read_log ("diverged");
  g_assert_cmpstr (last_event (failed)->state, ==, "failed");
  g_autofree char *path = tiny_path ("diverged", "checkpoint.pth");
  g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open (path, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < dh_tensor_dict_size (dh_checkpoint_state (checkpoint)); i++)
    {
      DhTensor *tensor = dh_tensor_dict_at (dh_checkpoint_state (checkpoint), i);
      g_autoptr (DhTensor) values = tensor->dtype == DH_DTYPE_F32 ? dh_tensor_to_f32 (tensor) : NULL;
      for (gsize k = 0; values && k < dh_tensor_count (values); k++)
        g_assert_true (isfinite (((const float *)dh_tensor_data (values))[k]));
    }
  g_assert_true (tiny_resume ("diverged", NULL, &error));
  g_assert_no_error (error);
}

/* Losses that grow without bound are finite for long. */
static void
test_growing (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  recipe->epochs = 1;
  recipe->steps = 100;
  recipe->rate = recipe->rate_min = 1;
  recipe->beta = 100;
  g_assert_false (train ("growing", recipe, 0, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_assert_nonnull (strstr (error->message, "diverged"));
  assert_lock ("growing", DH_RUN_FAILED);
  g_autoptr (GArray) events = read_log ("growing");
  for (guint i = 0; i < events->len; i++)
    {
      const DhRunEvent *event = &g_array_index (events, DhRunEvent, i);
      if (event->kind == DH_EVENT_STEP)
        g_assert_cmpfloat (fabs (event->is.step.total), <=, 1e6);
    }
}

static void
test_kept (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  recipe->epochs = 4;
  recipe->steps = 1;
  recipe->keep = 2;
  g_assert_true (train ("kept", recipe, 0, NULL, &error));
  for (guint epoch = 1; epoch <= 4; epoch++)
    {
      g_autofree char *name = g_strdup_printf ("model_%u.pth", epoch), *path = tiny_path ("kept", name);
      g_assert_cmpint (g_file_test (path, G_FILE_TEST_EXISTS), ==, epoch > 2);
    }
  recipe->keep = 0;
  g_assert_true (train ("none", recipe, 0, NULL, &error));
  g_autofree char *last = tiny_path ("none", "model_4.pth"), *best = tiny_path ("none", "model_best.pth");
  g_assert_false (g_file_test (last, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (best, G_FILE_TEST_EXISTS));
}

/* Half a line at the log's end, steps in it beyond the checkpoint, and parts of files: all as a kill leaves them. */
static void
test_torn (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  g_assert_true (train ("whole", recipe, 0, NULL, &error));
  g_assert_false (train ("torn", recipe, 3, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  static const char *const files[] = {
    "notes.pth.txt",         "notes.pth.part-a1B2c3",      "checkpoint.pth.backup",   "model_best.pth.241128",
    "log.jsonl.a1B2c3",      "checkpoint.pth.part-a1B2c3", "model_7.pth.part-a1B2c3", "config.json.part-a1B2c3",
    "plan.json.part-ABCDEF", "recipe.json.part-123456",
  };
  const guint n_foreign = 5; /* of them */
  g_autofree char *log = tiny_path ("torn", "log.jsonl");
  FILE *file = fopen (log, "a");
  fputs ("{\"event\":\"step\",\"step\":4,\"epoch\":1,\"loss\":1,\"seg\":1}\n", file);
  fputs ("no JSON at all\n{\"event\":\"unheard of\"}\n\xff\xfe\n{\"event\":\"step\",\"ste", file);
  fclose (file);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = tiny_path ("torn", files[i]);
      g_assert_true (g_file_set_contents (path, "half", -1, &error));
      g_assert_cmpint (dh_run_folder_owns (files[i]), ==, i >= n_foreign);
    }
  g_assert_true (tiny_resume ("torn", NULL, &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = tiny_path ("torn", files[i]);
      g_assert_cmpint (g_file_test (path, G_FILE_TEST_EXISTS), ==, i < n_foreign);
    }
  assert_same_file ("whole", "torn", "checkpoint.pth");
  assert_same_file ("whole", "torn", "model_best.pth");
  g_autoptr (GArray) events = read_log ("torn");
  g_assert_cmpuint (count (events, DH_EVENT_START), ==, 2);
  /* Three, the invented one, and the rest behind the second start. */
  g_assert_cmpuint (count (events, DH_EVENT_STEP), ==, 5);
  g_assert_cmpint (last_event (events)->kind, ==, DH_EVENT_END);
}

/* Stopped before its first checkpoint, it begins with the weights that it was given, not with fresh ones. */
static void
test_init (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  g_autofree char *weights = tiny_path ("whole", "model_best.pth");
  const char *const names[] = { "from", "from-again" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (tiny_folder, names[i], NULL);
      const DhTraining training = { .folder = path,
                                    .device = "ref",
                                    .threads = 2,
                                    .recipe = recipe,
                                    .data_root = tiny_scenes,
                                    .negative_root = tiny_negatives,
                                    .init = weights,
                                    .most_steps = i,
                                    .seed = 5 };
      g_assert_cmpint (dh_train (&training, NULL, &error), ==, i == 0);
      g_clear_error (&error);
    }
  g_autofree char *checkpoint = tiny_path ("from-again", "checkpoint.pth");
  g_assert_cmpint (g_unlink (checkpoint), ==, 0);
  g_assert_true (tiny_resume ("from-again", NULL, &error));
  g_assert_no_error (error);
  assert_same_file ("from", "from-again", "checkpoint.pth");
}

/* A DenseNet in torchvision's names, old and new, becomes the backbone; what is missing is named. */
static void
test_backbone (void)
{
  g_autoptr (GError) error = NULL;
  DhArchitecture architecture;
  g_assert_true (dh_architecture_from_name ("ldn-tiny-closed", 12, &architecture, &error));
  g_autoptr (DhNet) net = dh_net_new (&architecture);
  g_autoptr (DhTensorDict) donor = dh_net_new_seeded (net, 7, 1), dense = dh_tensor_dict_new ();
  const gint64 one = 1000;
  for (guint i = 0; i < dh_tensor_dict_size (donor); i++)
    {
      const char *name = dh_tensor_dict_name (donor, i);
      if (!g_str_has_prefix (name, "backbone."))
        continue;
      g_autoptr (GString) old = g_string_new (name + strlen ("backbone."));
      if (!strstr (name, "transition") && i % 2)
        {
          g_string_replace (old, ".norm1", ".norm.1", 0);
          g_string_replace (old, ".norm2", ".norm.2", 0);
          g_string_replace (old, ".conv1", ".conv.1", 0);
          g_string_replace (old, ".conv2", ".conv.2", 0);
        }
      dh_tensor_dict_take (dense, old->str, dh_tensor_ref (dh_tensor_dict_at (donor, i)));
    }
  dh_tensor_dict_take (dense, "classifier.bias", dh_tensor_new_f32 (1, &one));
  g_autofree char *path = g_build_filename (tiny_folder, "densenet.pth", NULL);
  const DhCheckpointContents contents = { .state = dense };
  g_assert_true (dh_checkpoint_save_pth (path, &contents, &error));

  DhStartKind kind;
  g_autofree char *title = NULL;
  g_autoptr (DhTensorDict) state = dh_start_weights_load (net, path, 5, &kind, &title, &error);
  g_assert_no_error (error);
  g_assert_cmpint (kind, ==, DH_START_BACKBONE);
  g_assert_true (dh_net_check_keys (net, state, &error));
  g_autoptr (DhTensorDict) fresh = dh_net_new_fresh (net, "", 5);
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    {
      const char *name = dh_tensor_dict_name (state, i);
      if (dh_tensor_dict_at (state, i)->dtype != DH_DTYPE_F32)
        continue;
      DhTensor *wanted = dh_tensor_dict_get (g_str_has_prefix (name, "backbone.") ? donor : fresh, name);
      g_assert_cmpmem (dh_tensor_data (dh_tensor_dict_at (state, i)), dh_tensor_size_bytes (wanted),
                       dh_tensor_data (wanted), dh_tensor_size_bytes (wanted));
    }

  g_assert_true (dh_architecture_from_name ("ldn121-closed", 12, &architecture, &error));
  g_autoptr (DhNet) large = dh_net_new (&architecture);
  g_assert_null (dh_start_weights_load (large, path, 5, &kind, NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "densenet.pth"));
}

/* Other pictures, other kernels, a folder in use, a configuration that is none: refused in words. */
static void
test_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhRecipe) recipe = tiny_recipe (2);
  g_assert_false (train ("refused", recipe, 1, NULL, &error));
  g_clear_error (&error);

  g_autofree char *plan = tiny_path ("refused", "plan.json"), *stored = NULL;
  g_assert_true (g_file_get_contents (plan, &stored, NULL, &error));
  g_assert_true (g_file_set_contents (plan, "{\"2\": \"cpu, another one, 9 threads, f32\"}", -1, &error));
  g_assert_false (tiny_resume ("refused", NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "another one"));
  g_assert_nonnull (strstr (error->message, "--device ref"));
  g_clear_error (&error);

  g_autofree char *path = g_build_filename (tiny_folder, "refused", NULL);
  g_autoptr (DhRunLock) lock = dh_run_lock_take (path, &error);
  g_assert_no_error (error);
  g_assert_false (tiny_resume ("refused", NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_autofree char *process = g_strdup_printf ("process %d trains in it", (int)getpid ());
  g_assert_nonnull (strstr (error->message, process));
  g_clear_error (&error);
  g_clear_pointer (&lock, dh_run_lock_free);

  g_autofree char *config = tiny_path ("refused", "config.json"), *text = NULL;
  g_assert_true (g_file_get_contents (config, &text, NULL, &error));
  char *pictures = strstr (text, "\"pictures\" : \"");
  g_assert_nonnull (pictures);
  pictures[strlen ("\"pictures\" : \"")] ^= 1;
  g_assert_true (g_file_set_contents (config, text, -1, &error));
  g_assert_false (tiny_resume ("refused", NULL, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_MISMATCH);
  g_assert_nonnull (strstr (error->message, "are others than those"));
  g_clear_error (&error);

  g_autofree char *deep = g_strnfill (100000, '[');
  const char *const broken[] = { "", "{}", "{\"recipe\": {}}", "null", deep };
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_assert_true (g_file_set_contents (config, broken[i], -1, &error));
      g_assert_false (tiny_resume ("refused", NULL, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_INVALID);
      g_clear_error (&error);
    }
}

/* A long log is read in pieces while it grows, and from its start where it was replaced. */
static void
test_log (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (tiny_folder, "log", NULL),
                  *file = g_build_filename (path, "log.jsonl", NULL);
  g_assert_cmpint (g_mkdir (path, 0755), ==, 0);
  g_autoptr (DhRunLog) log = dh_run_log_new (path);
  gboolean again, more;
  g_autoptr (GArray) none = dh_run_log_read (log, &again, &more);
  g_assert_cmpuint (none->len, ==, 0);
  FILE *out = fopen (file, "w");
  const guint n = 20000;
  for (guint i = 1; i <= n; i++)
    fprintf (out, "{\"event\":\"step\",\"step\":%u,\"epoch\":0,\"loss\":%g,\"seg\":1.5,\"lr\":1e-4,\"seconds\":0.25}\n",
             i, 1.0 / i);
  fputs ("{\"event\":\"sk", out);
  fflush (out);
  const gint64 begin = g_get_monotonic_time ();
  guint found = 0;
  do
    {
      g_autoptr (GArray) events = dh_run_log_read (log, &again, &more);
      for (guint i = 0; i < events->len; i++)
        g_assert_cmpuint (g_array_index (events, DhRunEvent, i).step, ==, ++found);
    }
  while (more);
  g_assert_cmpuint (found, ==, n);
  g_test_message ("%u lines in %.0f ms", n, (g_get_monotonic_time () - begin) / 1e3);
  fputs ("ip\",\"step\":20001,\"why\":\"no labelled pixel\"}\n", out);
  for (guint i = 0; i < 2 << 20; i++)
    fputc ('x', out);
  fputs ("\n{\"event\":\"end\",\"step\":20001,\"state\":\"done\",\"why\":\"done\"}\n", out);
  fclose (out);
  g_autoptr (GArray) skip = dh_run_log_read (log, &again, &more);
  g_assert_cmpuint (skip->len, ==, 1);
  g_assert_cmpstr (g_array_index (skip, DhRunEvent, 0).text, ==, "no labelled pixel");
  guint ends = 0;
  do
    {
      g_autoptr (GArray) events = dh_run_log_read (log, &again, &more);
      ends += count (events, DH_EVENT_END);
    }
  while (more);
  g_assert_cmpuint (ends, ==, 1);
  g_assert_true (g_file_set_contents (file, "{\"event\":\"start\",\"step\":0}\n", -1, &error));
  g_autoptr (GArray) fresh = dh_run_log_read (log, &again, &more);
  g_assert_true (again);
  g_assert_cmpuint (fresh->len, ==, 1);
}

int
main (int argc, char **argv)
{
  tiny_begin (&argc, &argv);
  g_test_add_func ("/runs/log", test_log);
  g_test_add_func ("/runs/patience", test_patience);
  g_test_add_func ("/runs/divergence", test_divergence);
  g_test_add_func ("/runs/growing", test_growing);
  g_test_add_func ("/runs/kept", test_kept);
  g_test_add_func ("/runs/torn", test_torn);
  g_test_add_func ("/runs/init", test_init);
  g_test_add_func ("/runs/backbone", test_backbone);
  g_test_add_func ("/runs/refused", test_refused);
  return tiny_end ();
}

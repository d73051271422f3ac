#include "jobs.h"

#include "dh-run-lock.h"
#include "dh-scene-tree.h"
#include "patience.h"
#include "tiny-training.h"
#include "tree.h"

char *jobs_folder, *jobs_scenes, *jobs_negatives, *jobs_runs, *jobs_recipe_path;

static gboolean
wake (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

gboolean
jobs_wait_for (DhTrainingQueue *queue, DhTrainingJob *job, JobsReady ready)
{
  const gint64 end = g_get_monotonic_time () + PATIENCE;
  const guint timer = g_timeout_add (20, wake, NULL);
  gboolean done;
  while (!(done = ready (queue, job)) && g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timer);
  if (!done && job != NULL)
    g_test_message ("%s: %s", dh_job_state_id (dh_training_job_get_state (job)), dh_training_job_get_sentence (job));
  return done;
}

gboolean
jobs_has_stepped (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return dh_training_job_get_progress (job)->step >= 2;
}

gboolean
jobs_is_loaded (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return !dh_training_queue_is_loading (queue);
}

gboolean
jobs_has_id (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return dh_training_job_get_id (job) != 0;
}

char *
jobs_database_path (void)
{
  return g_build_filename (jobs_folder, "jobs.db", NULL);
}

DhTrainingQueue *
jobs_open_queue (void)
{
  g_autofree char *path = jobs_database_path ();
  DhTrainingQueue *queue = dh_training_queue_new (path, g_getenv ("DH_PROGRAM"));
  g_assert_true (jobs_wait_for (queue, NULL, jobs_is_loaded));
  return queue;
}

DhTrainingForm *
jobs_make_form (const char *title, guint steps)
{
  g_autoptr (GError) error = NULL;
  DhTrainingForm *form = dh_training_form_new ();
  g_assert_true (dh_training_form_set_recipe (form, jobs_recipe_path, &error));
  g_assert_no_error (error);
  dh_training_form_set_text (form, DH_TRAINING_TITLE, title);
  dh_training_form_set_text (form, DH_TRAINING_DATA, jobs_scenes);
  dh_training_form_set_text (form, DH_TRAINING_NEGATIVES, jobs_negatives);
  dh_training_form_set_text (form, DH_TRAINING_RUNS, jobs_runs);
  dh_training_form_set_text (form, DH_TRAINING_DEVICE, "ref");
  dh_training_form_set_number (form, DH_TRAINING_THREADS, 1);
  dh_training_form_set_number (form, DH_TRAINING_SEED, 5);
  dh_training_form_set_number (form, DH_TRAINING_STEPS, steps);
  return form;
}

DhTrainingJob *
jobs_add (DhTrainingQueue *queue, const char *title, guint steps)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhTrainingForm) form = jobs_make_form (title, steps);
  DhTrainingJob *job = dh_training_queue_add (queue, form, NULL, &error);
  g_assert_no_error (error);
  g_assert_nonnull (job);
  return job;
}

void
jobs_close_queue (DhTrainingQueue *queue)
{
  dh_training_queue_close (queue);
  g_object_unref (queue);
}

DhTrainingJob *
jobs_find (DhTrainingQueue *queue, const char *title)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (queue)); i++)
    {
      g_autoptr (DhTrainingJob) job = g_list_model_get_item (G_LIST_MODEL (queue), i);
      if (g_str_equal (dh_training_job_get_title (job), title))
        return job;
    }
  return NULL;
}

gint64
jobs_pid_of (DhTrainingJob *job)
{
  DhRunLockInfo info;
  g_assert_true (dh_run_lock_read (dh_training_job_get_folder (job), &info));
  g_assert_true (info.held && info.reachable);
  dh_run_lock_info_clear (&info);
  return info.pid;
}

void
jobs_begin (int *argc, char ***argv)
{
  g_autoptr (GError) error = NULL;
  jobs_folder = g_dir_make_tmp ("dh-jobs-XXXXXX", &error);
  g_assert_no_error (error);
  g_setenv ("XDG_DATA_HOME", jobs_folder, TRUE);
  g_test_init (argc, argv, NULL);
  jobs_scenes = g_build_filename (jobs_folder, "scenes", NULL);
  jobs_negatives = g_build_filename (jobs_scenes, "negatives", NULL);
  jobs_runs = g_build_filename (jobs_folder, "runs", NULL);
  jobs_recipe_path = g_build_filename (jobs_folder, "tiny.json", NULL);
  g_autofree char *recipe_json = tiny_recipe_json (4);
  g_assert_true (g_file_set_contents (jobs_recipe_path, recipe_json, -1, &error));
  const DhSceneCounts counts = { .training = 6, .validation = 2, .test = 1, .negatives = 3 };
  dh_scene_tree_write (jobs_scenes, 3, &counts, 128, 64, NULL, NULL, &error);
  g_assert_no_error (error);
}

int
jobs_end (void)
{
  const int status = g_test_run ();
  tree_remove (jobs_folder);
  return status;
}

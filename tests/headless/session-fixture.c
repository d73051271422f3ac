#include "session-fixture.h"
#include "dh-checkpoint.h"
#include "dh-image.h"
#include "dh-model.h"
#include "tree.h"

static void
write_weights (const char *path, const char *architecture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = dh_model_new_seeded (architecture, 5, 3, 1.0, &error);
  g_assert_no_error (error);
  g_autoptr (DhTensorDict) state = dh_model_dup_state (model, &error);
  g_assert_no_error (error);
  g_assert_true (dh_checkpoint_save_pth (path, &(DhCheckpointContents){ .state = state }, &error));
  g_assert_no_error (error);
}

void
session_write_set_of_size (const char *root, guint n, guint width, guint height)
{
  static guint sets;
  const gsize pixels = (gsize)width * height;
  g_autofree guint8 *rgb = g_new (guint8, 3 * pixels), *labels = g_new (guint8, pixels);
  sets++;
  for (guint i = 0; i < n; i++)
    {
      for (gsize j = 0; j < 3 * pixels; j++)
        rgb[j] = (guint8)((j * 37 + i * 101 + sets * 29) ^ (j >> 5));
      for (gsize j = 0; j < pixels; j++)
        labels[j] = j % width > 40 && j / width > 30 ? 1 : j < width ? 255 : 0;
      g_autofree char *image = g_strdup_printf ("dataset_AnomalyTrack/images/validation%u.png", i);
      g_autofree char *label =
          g_strdup_printf ("dataset_AnomalyTrack/labels_masks/validation%u_labels_semantic.png", i);
      g_autofree char *image_path = tree_path (root, image), *label_path = tree_path (root, label);
      g_assert_true (dh_image_write_png (image_path, width, height, 3, rgb, NULL));
      g_assert_true (dh_image_write_png (label_path, width, height, 1, labels, NULL));
    }
}

static void
write_set (const char *root, guint n)
{
  session_write_set_of_size (root, n, SESSION_WIDTH, SESSION_HEIGHT);
}

static void
on_error (DhSession *session, const char *title, const char *text, SessionFixture *fixture)
{
  g_free (fixture->error);
  fixture->error = g_strdup (text);
}

static void
on_message (DhSession *session, const char *text, SessionFixture *fixture)
{
  fixture->messages++;
}

static void
on_written (DhSession *session, const char *text, const char *path, SessionFixture *fixture)
{
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  fixture->messages++;
}

static void
set_up (SessionFixture *fixture, gconstpointer data)
{
  fixture->root = tree_new ();
  fixture->set = g_build_filename (fixture->root, "set", NULL);
  fixture->weights = g_build_filename (fixture->root, "w.pth", NULL);
  fixture->closed = g_build_filename (fixture->root, "closed.pth", NULL);
  write_set (fixture->set, 4);
  write_weights (fixture->weights, "ldn-tiny");
  write_weights (fixture->closed, "ldn-tiny-closed");
  fixture->session = dh_session_new ();
  g_signal_connect (fixture->session, "error", G_CALLBACK (on_error), fixture);
  g_signal_connect (fixture->session, "message", G_CALLBACK (on_message), fixture);
  g_signal_connect (fixture->session, "written", G_CALLBACK (on_written), fixture);
}

static void
tear_down (SessionFixture *fixture, gconstpointer data)
{
  dh_session_close (fixture->session);
  /* Threads that look at something may hold it a little longer, but nothing keeps it. */
  gpointer session = fixture->session;
  g_object_add_weak_pointer (session, &session);
  g_object_unref (fixture->session);
  session_wait_for (session == NULL);
  tree_remove (fixture->root);
  g_free (fixture->root);
  g_free (fixture->set);
  g_free (fixture->weights);
  g_free (fixture->closed);
  g_free (fixture->error);
}

void
session_open_all (SessionFixture *fixture)
{
  dh_session_open_weights (fixture->session, fixture->weights);
  dh_session_open_dataset (fixture->session, fixture->set);
  session_wait_for (dh_session_get_stats (fixture->session) != NULL
                    && dh_session_get_model_info (fixture->session) != NULL
                    && dh_score_stats_has (dh_session_get_stats (fixture->session), DH_SCORE_HYBRID));
}

static gboolean
tick (gpointer data)
{
  return G_SOURCE_REMOVE;
}

void
session_turn (void)
{
  g_autoptr (GSource) source = g_timeout_source_new (20);
  g_source_set_callback (source, tick, NULL, NULL);
  g_source_attach (source, NULL);
  g_main_context_iteration (NULL, TRUE);
  g_source_destroy (source);
}

int
session_run_tests (int argc, char **argv, const SessionTest *tests, guint n_tests)
{
  /* G_TEST_OPTION_ISOLATE_DIRS does the same, and leaks. */
  g_autofree char *home = tree_new ();
  static const char *const folders[] = { "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME" };
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *folder = g_build_filename (home, folders[i], NULL);
      g_setenv (folders[i], folder, TRUE);
    }
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < n_tests; i++)
    g_test_add (tests[i].path, SessionFixture, tests[i].data, set_up, tests[i].run, tear_down);
  int status = g_test_run ();
  tree_remove (home);
  return status;
}

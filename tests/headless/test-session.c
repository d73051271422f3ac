/* The studio's session as the window drives it: a set, pictures, weights, errors, thresholds, evaluation. */
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dh-checkpoint.h"
#include "dh-model.h"
#include "dh-run-item.h"
#include "dh-run-list.h"
#include "dh-session-evaluation.h"
#include "tree.h"

#define WIDTH 64
#define HEIGHT 48

typedef struct
{
  char *root, *set, *weights, *closed;
  DhSession *session;
  char *error;
  guint messages;
} Fixture;

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

/* Other pictures in every set: no maps of an earlier one are kept of them. */
static void
write_set_of_size (const char *root, guint n, guint width, guint height)
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
  write_set_of_size (root, n, WIDTH, HEIGHT);
}

static void
on_error (DhSession *session, const char *title, const char *text, Fixture *fixture)
{
  g_free (fixture->error);
  fixture->error = g_strdup (text);
}

static void
on_message (DhSession *session, const char *text, Fixture *fixture)
{
  fixture->messages++;
}

static void
on_written (DhSession *session, const char *text, const char *path, Fixture *fixture)
{
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  fixture->messages++;
}

static void
set_up (Fixture *fixture, gconstpointer data)
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

static gboolean
tick (gpointer data)
{
  return G_SOURCE_REMOVE;
}

/* Turns the main loop until the condition holds; a minute is for ever. */
#define wait_for(condition)                                                                                            \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    gint64 until_ = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;                                                     \
    while (!(condition))                                                                                               \
      {                                                                                                                \
        g_assert_cmpint (g_get_monotonic_time (), <, until_);                                                          \
        g_autoptr (GSource) tick_ = g_timeout_source_new (20);                                                         \
        g_source_set_callback (tick_, G_SOURCE_FUNC (tick), NULL, NULL);                                               \
        g_source_attach (tick_, NULL);                                                                                 \
        g_main_context_iteration (NULL, TRUE);                                                                         \
        g_source_destroy (tick_);                                                                                      \
      }                                                                                                                \
  }                                                                                                                    \
  G_STMT_END

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  dh_session_close (fixture->session);
  /* Threads that look at something may hold it a little longer, but nothing keeps it. */
  gpointer session = fixture->session;
  g_object_add_weak_pointer (session, &session);
  g_object_unref (fixture->session);
  wait_for (session == NULL);
  tree_remove (fixture->root);
  g_free (fixture->root);
  g_free (fixture->set);
  g_free (fixture->weights);
  g_free (fixture->closed);
  g_free (fixture->error);
}

static void
open_all (Fixture *fixture)
{
  dh_session_open_weights (fixture->session, fixture->weights);
  dh_session_open_dataset (fixture->session, fixture->set);
  wait_for (dh_session_get_stats (fixture->session) != NULL && dh_session_get_model_info (fixture->session) != NULL
            && dh_score_stats_has (dh_session_get_stats (fixture->session), DH_SCORE_HYBRID));
}

static void
test_look (Fixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_all (fixture);
  g_assert_cmpuint (dh_image_list_get_size (dh_session_get_list (session)), ==, 4);
  g_assert_true (dh_session_has_anomaly_labels (session));
  DhFrame *frame = dh_session_get_frame (session);
  g_assert_cmpuint (frame->width, ==, WIDTH);
  g_assert_nonnull (frame->truth);
  g_assert_true (dh_frame_has_map (frame, DH_FRAME_SEGMENTATION));
  DhProbe probe;
  g_assert_true (dh_frame_probe (frame, 50, 40, &probe));
  g_assert_cmpint (probe.truth, ==, 1);
  g_assert_cmpfloat_with_epsilon (probe.log_p_out, log1p (-probe.posterior), 1e-3);
  /* A threshold moves without the network, and undo brings the former back. */
  wait_for (dh_image_list_count_state (dh_session_get_list (session), DH_ITEM_CACHED) >= 3);
  /* What was computed lies on the disk soon, and the session says so. */
  wait_for (dh_session_get_cache_size (session) > 3 * WIDTH * HEIGHT * 4 * 3);
  guint64 runs = dh_session_get_n_runs (session);
  double start = dh_session_get_threshold (session, DH_SCORE_HYBRID)->value;
  g_assert_true (isfinite (start));
  for (guint i = 0; i < 100; i++)
    dh_session_set_threshold (session, DH_SCORE_HYBRID, start + 0.01 * (i + 1));
  dh_session_commit_threshold (session, DH_SCORE_HYBRID);
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_BEST_F1));
  g_assert_true (dh_session_threshold_is_own (session, DH_SCORE_HYBRID));
  g_assert_cmpstr (dh_session_get_threshold (session, DH_SCORE_HYBRID)->source, ==, "validation0");
  g_assert_true (dh_session_undo_threshold (session));
  g_assert_cmpfloat (dh_session_get_threshold (session, DH_SCORE_HYBRID)->value, ==, start + 1);
  g_assert_cmpuint (dh_session_get_n_runs (session), ==, runs);
  /* The next picture was computed ahead. */
  g_assert_true (dh_session_step (session, 1));
  g_assert_nonnull (dh_session_get_frame (session));
  g_assert_true (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_HYBRID));
  g_assert_false (dh_session_step (session, 99));
}

static int
compare_floats (gconstpointer a, gconstpointer b)
{
  const float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

/* Whenever maps are shown, the first ones before anything was counted, their colours span their values. */
static void
check_range (DhSession *session, GParamSpec *spec, guint *n)
{
  DhFrame *frame = dh_session_get_frame (session);
  if (frame == NULL || !dh_frame_has_map (frame, DH_FRAME_HYBRID) || dh_session_get_n_ranged (session) > 0)
    return;
  gsize size;
  gconstpointer values = g_bytes_get_data (frame->maps[DH_FRAME_HYBRID], &size);
  g_autofree float *sorted = g_memdup2 (values, size);
  const gsize count = size / sizeof *sorted;
  qsort (sorted, count, sizeof *sorted, compare_floats);
  double low, high;
  dh_session_get_range (session, DH_FRAME_HYBRID, FALSE, &low, &high);
  g_assert_cmpfloat (low, <=, sorted[count / 20]);
  g_assert_cmpfloat (high, >=, sorted[count - count / 20]);
  g_assert_cmpfloat (high - low, <, 4 * (sorted[count - 1] - sorted[0]));
  (*n)++;
}

static void
test_first_range (Fixture *fixture, gconstpointer data)
{
  guint n = 0;
  g_signal_connect (fixture->session, "notify::frame", G_CALLBACK (check_range), &n);
  open_all (fixture);
  g_assert_cmpuint (n, >, 0);
  /* What was counted counts from then on. */
  double low, high;
  dh_session_get_axis (fixture->session, DH_SCORE_HYBRID, &low, &high);
  DhScoreStats *stats = dh_session_get_stats (fixture->session);
  g_assert_cmpfloat (low, <=, dh_score_stats_quantile (stats, DH_SCORE_HYBRID, 0.0002));
  g_assert_cmpfloat (high, >=, dh_score_stats_quantile (stats, DH_SCORE_HYBRID, 0.9998));
  g_signal_handlers_disconnect_by_func (fixture->session, check_range, &n);
}

/* The first picture is broken: the threshold starts from the one that could be counted, and says so. */
static void
test_broken_first (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = tree_path (fixture->set, "dataset_AnomalyTrack/images/validation0.png");
  g_assert_true (g_file_set_contents (path, "no picture", -1, NULL));
  dh_session_open_weights (fixture->session, fixture->weights);
  dh_session_open_dataset (fixture->session, fixture->set);
  wait_for (isfinite (dh_session_get_threshold (fixture->session, DH_SCORE_HYBRID)->value));
  g_assert_cmpstr (dh_image_item_get_name (dh_session_get_current (fixture->session)), ==, "validation0");
  g_assert_nonnull (dh_session_get_frame_error (fixture->session));
  /* the first of its neighbours that was counted, which are read two at a time */
  const DhThreshold *hybrid = dh_session_get_threshold (fixture->session, DH_SCORE_HYBRID);
  g_assert_true (g_str_has_prefix (hybrid->source, "validation"));
  g_assert_cmpstr (hybrid->source, !=, "validation0");
  g_assert_cmpstr (hybrid->source, !=, "validation3");

  /* nobody chose it, so another set starts anew; what was chosen by hand stays */
  dh_session_set_threshold (fixture->session, DH_SCORE_LIKELIHOOD, -2.5);
  dh_session_commit_threshold (fixture->session, DH_SCORE_LIKELIHOOD);
  g_autofree char *other = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation3.png", NULL);
  const char *const pictures[] = { other, NULL };
  dh_session_open_pictures (fixture->session, pictures);
  wait_for (dh_image_list_get_size (dh_session_get_list (fixture->session)) == 1 && isfinite (hybrid->value));
  g_assert_cmpstr (hybrid->source, ==, "validation3");
  g_assert_cmpfloat (dh_session_get_threshold (fixture->session, DH_SCORE_LIKELIHOOD)->value, ==, -2.5);
}

/* A second start finds everything again, and the network does not run. */
static void
test_again (Fixture *fixture, gconstpointer data)
{
  open_all (fixture);
  wait_for (dh_image_list_count_state (dh_session_get_list (fixture->session), DH_ITEM_CACHED) >= 3);
  dh_session_set_threshold (fixture->session, DH_SCORE_LIKELIHOOD, 1.25);
  dh_session_commit_threshold (fixture->session, DH_SCORE_LIKELIHOOD);
  dh_session_step (fixture->session, 1);
  wait_for (dh_image_list_count_state (dh_session_get_list (fixture->session), DH_ITEM_CACHED) == 4);
  g_usleep (300 * 1000);
  dh_session_close (fixture->session);
  g_object_unref (fixture->session);
  fixture->session = dh_session_new ();
  g_assert_true (dh_session_restore (fixture->session));
  wait_for (dh_session_get_stats (fixture->session) != NULL && dh_session_get_model_info (fixture->session) != NULL
            && dh_score_stats_has (dh_session_get_stats (fixture->session), DH_SCORE_HYBRID));
  g_assert_cmpstr (dh_image_item_get_name (dh_session_get_current (fixture->session)), ==, "validation1");
  g_assert_cmpfloat (dh_session_get_threshold (fixture->session, DH_SCORE_LIKELIHOOD)->value, ==, 1.25);
  g_assert_true (dh_session_get_frame (fixture->session)->cached);
  g_assert_cmpuint (dh_session_get_n_runs (fixture->session), ==, 0);
}

/* Borrowed from the list; NULL while it is empty. */
static const DhRun *
newest_run (DhSession *session)
{
  g_autoptr (DhRunItem) item = g_list_model_get_item (dh_session_get_runs (session), 0);
  return item != NULL ? dh_run_item_get (item) : NULL;
}

static void
test_evaluate (Fixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_assert_false (dh_session_can_evaluate (session));
  open_all (fixture);
  g_assert_true (dh_session_can_evaluate (session));
  dh_session_evaluate (session);
  g_assert_true (dh_session_is_evaluating (session));
  wait_for (!dh_session_is_evaluating (session));
  g_assert_cmpstr (fixture->error, ==, NULL);
  const DhEvaluationSummary *summary = dh_session_get_evaluation (session);
  g_assert_nonnull (summary);
  g_assert_cmpuint (summary->images, ==, 4);
  g_assert_true (summary->labelled);
  g_assert_cmpuint (summary->lines->len, >=, 4);
  const DhProtocolLine *pooled = summary->lines->pdata[0];
  DhRankMetrics metrics;
  dh_score_stats_metrics (dh_session_get_set_stats (session), DH_SCORE_HYBRID, &metrics);
  g_assert_cmpfloat_with_epsilon (pooled->ap, metrics.ap, 1e-12);
  for (guint i = 0; i < 4; i++)
    g_assert_true (dh_image_item_get_metrics (dh_image_list_get_item (dh_session_get_list (session), i))->evaluated);
  /* The counts of the set are those of its pictures. */
  g_assert_cmpuint (dh_score_stats_n_anomalies (dh_session_get_set_stats (session)), ==,
                    4 * dh_score_stats_n_anomalies (dh_session_get_stats (session)));
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_TPR95));
  g_assert_cmpuint (dh_session_get_threshold (session, DH_SCORE_HYBRID)->n_images, ==, 4);
  /* The list of runs has it with its components. */
  const DhProtocolLine *components = g_ptr_array_index (summary->lines, summary->lines->len - 1);
  g_assert_true (components->has_components);
  wait_for (newest_run (session) != NULL && newest_run (session)->state == DH_RUN_ITEM_DONE);
  g_assert_cmpint (newest_run (session)->id, ==, summary->run);
  g_assert_cmpfloat (newest_run (session)->mean_f1, ==, components->mean_f1);
  g_assert_true (isfinite (newest_run (session)->best_f1_threshold));
  g_autofree char *report = g_build_filename (fixture->root, "r.html", NULL);
  guint before = fixture->messages;
  dh_session_export_report (session, report);
  wait_for (fixture->messages > before || fixture->error != NULL);
  g_assert_cmpstr (fixture->error, ==, NULL);
  g_assert_true (g_file_test (report, G_FILE_TEST_IS_REGULAR));
  g_autofree char *command = dh_session_dup_command (session);
  g_assert_nonnull (strstr (command, "eval-ood --dataset smiyc"));
#ifndef DH_TEST_CARD /* the program has no such card */
  /* and it does do the same */
  g_assert_true (g_str_has_prefix (command, "densehybrid "));
  g_autofree char *line = g_strdup_printf ("'%s'%s --db '%s/again.db' --quiet >'%s/again.txt'", g_getenv ("DH_PROGRAM"),
                                           command + strlen ("densehybrid"), fixture->root, fixture->root);
  g_assert_cmpint (system (line), ==, 0);
  g_autofree char *said = g_build_filename (fixture->root, "again.txt", NULL);
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (said, &text, NULL, NULL));
  g_autofree char *ap = g_strdup_printf (" %.2f ", 100 * pooled->ap);
  g_assert_nonnull (strstr (text, ap));
#endif
}

/* The demo's weights are no file, but they have a name; pictures get a line that makes their maps. */
static void
test_command (Fixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_assert_null (dh_session_dup_command (session));
  dh_session_open_demo_weights (session);
  dh_session_open_dataset (session, fixture->set);
  wait_for (dh_session_can_evaluate (session));
  g_autofree char *set = dh_session_dup_command (session);
  g_assert_nonnull (strstr (set, "--params demo "));
  g_autofree char *picture = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation1.png", NULL);
  const char *const pictures[] = { picture, NULL };
  dh_session_open_pictures (session, pictures);
  wait_for (dh_image_list_get_size (dh_session_get_list (session)) == 1);
  g_autofree char *infer = dh_session_dup_command (session);
  g_assert_nonnull (strstr (infer, "infer --params demo "));
  g_assert_nonnull (strstr (infer, "validation1.png"));
}

/* What fails says why, and what is open stays. */
static void
test_errors (Fixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_all (fixture);
  dh_session_open_dataset (session, "/nowhere at all");
  wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "/nowhere at all"));
  g_assert_cmpuint (dh_image_list_get_size (dh_session_get_list (session)), ==, 4);
  g_clear_pointer (&fixture->error, g_free);
  g_autofree char *broken = g_build_filename (fixture->root, "broken.pth", NULL);
  g_assert_true (g_file_set_contents (broken, "PK not at all", -1, NULL));
  dh_session_open_weights (session, broken);
  wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "broken.pth"));
  g_assert_cmpstr (dh_session_get_model_info (session)->title, ==, "w.pth");
  g_clear_pointer (&fixture->error, g_free);
  /* A picture that is none becomes a failed row; the next can still be seen. */
  g_autofree char *picture = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation3.png", NULL);
  g_assert_true (g_file_set_contents (picture, "\x89PNG\r\n\x1a\n", 8, NULL));
  DhImageItem *last = dh_image_list_get_item (dh_session_get_list (session), 3);
  dh_session_set_current (session, last);
  wait_for (dh_image_item_get_state (last) == DH_ITEM_FAILED);
  g_assert_nonnull (strstr (dh_image_item_get_reason (last), "validation3"));
  g_assert_nonnull (dh_session_get_frame_error (session));
  dh_session_step (session, -1);
  wait_for (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_HYBRID));
  g_assert_null (dh_session_get_frame_error (session));
}

static void
test_closed_set (Fixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  const char *paths[] = { fixture->closed, NULL, NULL };
  g_autofree char *picture = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation1.png", NULL);
  paths[1] = picture;
  dh_session_open_any (session, paths);
  wait_for (dh_session_get_model_info (session) != NULL
            && dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_LIKELIHOOD));
  g_assert_false (dh_session_has_map (session, DH_FRAME_HYBRID));
  g_assert_null (dh_session_get_frame (session)->maps[DH_FRAME_HYBRID]);
  g_assert_cmpint (dh_session_get_active_score (session), ==, DH_SCORE_LIKELIHOOD);
  g_assert_false (dh_session_has_anomaly_labels (session));
  wait_for (dh_session_get_stats (session) != NULL);
  g_assert_false (dh_session_can_choose (session, DH_SCORE_LIKELIHOOD));
  dh_session_want_map (session, DH_FRAME_ENTROPY);
  wait_for (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_ENTROPY));
}

#ifdef DH_TEST_CARD
/* The card is lost while neighbours are on it: the picture says so and what to do, and looking again shows it, with the
 * maps that it would have had. */
static void
test_lost (Fixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  open_all (fixture);
  g_assert_cmpstr (dh_session_get_compute_info (session)->name, ==, "cuda:0");
  wait_for (dh_image_list_count_state (dh_session_get_list (session), DH_ITEM_CACHED) >= 3);
  g_autoptr (DhFrame) before = dh_frame_ref (dh_session_get_frame (session));
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  DhImageItem *last = dh_image_list_get_item (dh_session_get_list (session), 3);
  dh_session_set_current (session, last);
  wait_for (dh_session_get_frame_error (session) != NULL);
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_nonnull (strstr (dh_session_get_frame_error (session), "was opened again; try once more"));
  g_assert_nonnull (dh_session_get_frame (session)); /* the picture itself */
  g_assert_cmpint (dh_image_item_get_state (last), ==, DH_ITEM_FAILED);
  dh_session_retry (session);
  wait_for (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_HYBRID));
  g_assert_null (dh_session_get_frame_error (session));
  /* What was shown before the loss is still whole: its maps lie where the card had put them. */
  const float *floats = dh_frame_floats (before, DH_FRAME_HYBRID);
  for (guint i = 0; i < WIDTH * HEIGHT; i++)
    g_assert_true (isfinite (floats[i]));
}

/* A picture that does not fit says how much it needs and what to do. */
static void
test_memory (Fixture *fixture, gconstpointer data)
{
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  dh_session_open_weights (fixture->session, fixture->weights);
  dh_session_open_dataset (fixture->session, fixture->set);
  wait_for (dh_session_get_frame_error (fixture->session) != NULL);
  g_unsetenv ("DH_EMULATED_FAIL");
  const char *error = dh_session_get_frame_error (fixture->session);
  g_assert_nonnull (strstr (error, "This picture needs about "));
  g_assert_nonnull (strstr (error, " MiB on the card"));
  g_assert_nonnull (strstr (error, "use a smaller scale"));
  dh_session_retry (fixture->session);
  wait_for (dh_frame_has_map (dh_session_get_frame (fixture->session), DH_FRAME_HYBRID));
}
#endif

/* Everything is dropped in the middle: nothing hangs, nothing comes late. */
static void
test_close (Fixture *fixture, gconstpointer data)
{
  open_all (fixture);
  dh_session_evaluate (fixture->session);
  for (guint i = 0; i < 3; i++)
    g_main_context_iteration (NULL, FALSE);
  dh_session_open_weights (fixture->session, fixture->closed);
  dh_session_open_dataset (fixture->session, fixture->set);
}

static gboolean
computes_in (Fixture *fixture, const char *prefix)
{
  DhComputeInfo *compute = dh_session_get_compute_info (fixture->session);
  return !dh_session_is_loading (fixture->session) && g_str_has_prefix (compute->precision, prefix)
         && dh_session_get_frame (fixture->session) != NULL
         && dh_frame_has_map (dh_session_get_frame (fixture->session), DH_FRAME_HYBRID);
}

/* int8 is calibrated on the open set before its first picture, and what it computes goes by the calibration's name. */
static void
test_precision (Fixture *fixture, gconstpointer data)
{
  open_all (fixture);
  g_autofree const char **names = dh_session_list_precisions (fixture->session);
  g_assert_cmpstr (names[0], ==, "f32");
  g_assert_cmpstr (dh_session_get_precision (fixture->session), ==, "f32");
  dh_session_set_precision (fixture->session, "none");
  g_assert_cmpstr (dh_session_get_precision (fixture->session), ==, "f32");
  if (!g_strv_contains (names, "int8"))
    return;
  fixture->messages = 0;
  dh_session_set_precision (fixture->session, "int8");
  wait_for (computes_in (fixture, "int8-"));
  g_assert_cmpuint (fixture->messages, >, 0);
  g_autofree char *command = dh_session_dup_command (fixture->session);
  g_assert_true (g_str_has_suffix (command, "--precision int8"));
  dh_session_evaluate (fixture->session);
  wait_for (!dh_session_is_evaluating (fixture->session) && dh_session_get_evaluation (fixture->session) != NULL);
  g_assert_true (g_str_has_prefix (dh_session_get_evaluation (fixture->session)->precision, "int8-"));
  /* Kept: the maps are found again without a run. */
  dh_session_set_precision (fixture->session, "f32");
  wait_for (computes_in (fixture, "f32"));
  guint64 runs = dh_session_get_n_runs (fixture->session);
  dh_session_set_precision (fixture->session, "int8");
  wait_for (computes_in (fixture, "int8-"));
  g_assert_cmpuint (dh_session_get_n_runs (fixture->session), ==, runs);
  dh_session_set_precision (fixture->session, "f32");
  wait_for (computes_in (fixture, "f32"));
  g_assert_null (fixture->error);
}

/* What an evaluation's calibration was seen to say. */
typedef struct
{
  gboolean evaluated, cancels;
  guint first, last, of; /* pictures, of the evaluation */
  gboolean in_order;
  guint waiting; /* times that the shown picture said so */
} Seen;

static void
see_evaluation (DhSession *session, Seen *seen)
{
  DhEvaluationProgress progress;
  dh_session_get_evaluation_progress (session, &progress);
  if (progress.calibrating_of == 0 || !dh_session_is_evaluating (session))
    return;
  seen->in_order = seen->first == 0 || (seen->in_order && progress.calibrating >= seen->last);
  seen->first = seen->first > 0 ? seen->first : progress.calibrating;
  seen->last = progress.calibrating;
  seen->of = progress.calibrating_of;
  g_assert_cmpuint (progress.calibrating, >=, 1);
  g_assert_cmpuint (progress.calibrating, <=, progress.calibrating_of);
  g_assert_cmpuint (progress.done, ==, 0);
  if (seen->cancels && seen->waiting > 0)
    dh_session_cancel_evaluation (session);
}

/* The model has come, and the shown picture is asked for only when this has returned: the evaluation is the one that
 * calibrates. */
static void
evaluate_first (DhSession *session, GParamSpec *spec, Seen *seen)
{
  if (seen->evaluated || !g_str_equal (dh_session_get_compute_info (session)->precision, "int8"))
    return;
  seen->evaluated = TRUE;
  dh_session_evaluate (session);
  g_assert_true (dh_session_is_evaluating (session));
  wait_for (seen->of > 0);
}

static void
see_progress (DhSession *session, double fraction, double seconds, const char *text, Seen *seen)
{
  if (g_str_has_prefix (text, "Calibrating: picture ") && g_str_has_suffix (text, " of 12"))
    seen->waiting++;
}

/* The calibration of an evaluation: progress for it and for the picture that waits; it can be stopped, and is then
 * made for that picture. */
static void
test_calibrating (Fixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *set = g_build_filename (fixture->root, "larger", NULL);
  g_autofree char *kept = g_build_filename (g_get_user_data_dir (), "densehybrid", "calibrations", NULL);
  write_set_of_size (set, 12, 256, 192);
  dh_session_open_dataset (session, set);
  dh_session_open_weights (session, fixture->weights);
  wait_for (dh_session_get_model_info (session) != NULL && computes_in (fixture, "f32"));
  g_autofree const char **names = dh_session_list_precisions (session);
  if (!g_strv_contains (names, "int8"))
    return;
  for (guint i = 0; i < 2; i++)
    {
      Seen seen = { .cancels = i == 0 };
      tree_remove (kept);
      g_signal_connect (session, "notify::model-info", G_CALLBACK (evaluate_first), &seen);
      g_signal_connect (session, "evaluation", G_CALLBACK (see_evaluation), &seen);
      g_signal_connect (session, "progress", G_CALLBACK (see_progress), &seen);
      dh_session_set_precision (session, "int8");
      wait_for (seen.evaluated && !dh_session_is_evaluating (session) && computes_in (fixture, "int8-"));
      g_assert_cmpuint (seen.of, ==, 12);
      g_assert_true (seen.in_order);
      g_assert_cmpuint (seen.waiting, >, 0);
      g_assert_true ((dh_session_get_evaluation (session) == NULL) == seen.cancels);
      if (!seen.cancels)
        g_assert_cmpuint (seen.last, ==, 12);
      g_signal_handlers_disconnect_by_data (session, &seen);
      dh_session_set_precision (session, "f32");
      wait_for (computes_in (fixture, "f32"));
    }
  g_assert_null (fixture->error);
}

int
main (int argc, char **argv)
{
  /* Nothing of the user's is read or written. (G_TEST_OPTION_ISOLATE_DIRS does the same, and leaks.) */
  g_autofree char *home = tree_new ();
  static const char *const folders[] = { "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME" };
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *folder = g_build_filename (home, folders[i], NULL);
      g_setenv (folders[i], folder, TRUE);
    }
  g_test_init (&argc, &argv, NULL);
  static const struct
  {
    const char *path;
    void (*run) (Fixture *fixture, gconstpointer data);
    const char *data;
  } tests[] = { { "/session/broken-first", test_broken_first }, /* before any threshold is remembered */
                { "/session/first-range", test_first_range },
                { "/session/look", test_look },
                { "/session/again", test_again },
                { "/session/evaluate", test_evaluate },
                { "/session/command", test_command },
                { "/session/errors", test_errors },
                { "/session/closed-set", test_closed_set },
                { "/session/precision", test_precision },
                { "/session/calibrating", test_calibrating },
#ifdef DH_TEST_CARD
                { "/session/lost/wait", test_lost, "wait:1" },
                { "/session/lost/copy", test_lost, "copy:2" },
                { "/session/lost/replay", test_lost, "replay:1" },
                { "/session/memory", test_memory, "alloc:1" },
                { "/session/memory/pinned", test_memory, "pinned:1" },
#endif
                { "/session/close", test_close } };
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, tests[i].data, set_up, tests[i].run, tear_down);
  int status = g_test_run ();
  tree_remove (home);
  return status;
}

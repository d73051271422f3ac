/* The studio's session as the window drives it: a set, pictures, weights, errors, thresholds. */
#include <glib/gstdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "dh-data-check.h"
#include "dh-session-evaluation.h"
#include "session-fixture.h"
#include "tree.h"

static void
test_look (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  g_assert_cmpuint (dh_image_list_get_size (dh_session_get_list (session)), ==, 4);
  g_assert_true (dh_session_has_anomaly_labels (session));
  DhFrame *frame = dh_session_get_frame (session);
  g_assert_cmpuint (frame->width, ==, SESSION_WIDTH);
  g_assert_nonnull (frame->truth);
  g_assert_true (dh_frame_has_map (frame, DH_FRAME_SEGMENTATION));
  DhProbe probe;
  g_assert_true (dh_frame_probe (frame, 50, 40, &probe));
  g_assert_cmpint (probe.truth, ==, 1);
  g_assert_cmpfloat_with_epsilon (probe.log_p_out, log1p (-probe.posterior), 1e-3);
  /* A threshold moves without the network, and undo brings the former back. */
  session_wait_for (dh_image_list_count_state (dh_session_get_list (session), DH_ITEM_CACHED) >= 3);
  /* What was computed lies on the disk soon, and the session says so. */
  session_wait_for (dh_session_get_cache_size (session) > 3 * SESSION_WIDTH * SESSION_HEIGHT * 4 * 3);
  guint64 runs = dh_session_get_n_runs (session);
  double start = dh_session_get_threshold (session, DH_SCORE_HYBRID)->value;
  g_assert_true (isfinite (start));
  for (guint i = 0; i < 100; i++)
    dh_session_set_threshold (session, DH_SCORE_HYBRID, start + 0.01 * (i + 1));
  dh_session_commit_threshold (session, DH_SCORE_HYBRID);
  g_assert_true (dh_session_choose_threshold (session, DH_SCORE_HYBRID, DH_RULE_BEST_F1));
  g_assert_true (dh_session_threshold_is_own (session, DH_SCORE_HYBRID));
  g_assert_cmpstr (dh_session_get_threshold (session, DH_SCORE_HYBRID)->source, ==, "validation0");
  const double best = dh_session_get_threshold (session, DH_SCORE_HYBRID)->value;
  g_assert_false (dh_session_can_redo_threshold (session) || dh_session_redo_threshold (session));
  g_assert_true (dh_session_undo_threshold (session));
  g_assert_cmpfloat (dh_session_get_threshold (session, DH_SCORE_HYBRID)->value, ==, start + 1);
  /* What was undone comes back as the record that it was, as often as one likes, until another is set. */
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (dh_session_redo_threshold (session));
      g_assert_cmpfloat (dh_session_get_threshold (session, DH_SCORE_HYBRID)->value, ==, best);
      g_assert_true (dh_session_threshold_is_own (session, DH_SCORE_HYBRID));
      g_assert_false (dh_session_can_redo_threshold (session));
      g_assert_true (dh_session_undo_threshold (session));
      g_assert_cmpfloat (dh_session_get_threshold (session, DH_SCORE_HYBRID)->value, ==, start + 1);
    }
  dh_session_set_threshold (session, DH_SCORE_HYBRID, start + 2);
  dh_session_commit_threshold (session, DH_SCORE_HYBRID);
  g_assert_false (dh_session_redo_threshold (session));
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
test_first_range (SessionFixture *fixture, gconstpointer data)
{
  guint n = 0;
  g_signal_connect (fixture->session, "notify::frame", G_CALLBACK (check_range), &n);
  session_open_all (fixture);
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
test_broken_first (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *path = tree_path (fixture->set, "dataset_AnomalyTrack/images/validation0.png");
  g_assert_true (g_file_set_contents (path, "no image", -1, NULL));
  dh_session_open_weights (fixture->session, fixture->weights);
  dh_session_open_dataset (fixture->session, fixture->set);
  session_wait_for (isfinite (dh_session_get_threshold (fixture->session, DH_SCORE_HYBRID)->value));
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
  session_wait_for (dh_image_list_get_size (dh_session_get_list (fixture->session)) == 1 && isfinite (hybrid->value));
  g_assert_cmpstr (hybrid->source, ==, "validation3");
  g_assert_cmpfloat (dh_session_get_threshold (fixture->session, DH_SCORE_LIKELIHOOD)->value, ==, -2.5);
}

/* A second start finds everything again, and the network does not run. */
static void
test_again (SessionFixture *fixture, gconstpointer data)
{
  session_open_all (fixture);
  session_wait_for (dh_image_list_count_state (dh_session_get_list (fixture->session), DH_ITEM_CACHED) >= 3);
  dh_session_set_threshold (fixture->session, DH_SCORE_LIKELIHOOD, 1.25);
  dh_session_commit_threshold (fixture->session, DH_SCORE_LIKELIHOOD);
  DhView *view = dh_session_get_view (fixture->session);
  g_object_set (view, "image-order", "mean-score", "worst-first", FALSE, "grouped", FALSE, "compare-page", "b", NULL);
  g_assert_cmpint (dh_image_list_get_sort (dh_session_get_list (fixture->session)), ==, DH_SORT_MEAN_SCORE);
  /* Whatever the list can be sorted by can be chosen. */
  for (DhSort sort = 0; sort < DH_N_SORTS; sort++)
    {
      g_object_set (view, "image-order", dh_sort_id (sort), NULL);
      g_assert_cmpint (dh_image_list_get_sort (dh_session_get_list (fixture->session)), ==, (int)sort);
    }
  g_object_set (view, "image-order", "no such order", NULL);
  g_object_set (view, "image-order", "fpr95", NULL);
  dh_session_step (fixture->session, 1);
  g_object_set (view, "image-filter", "tion1", "table-page", "objects", "table-images-filter", "ap<90",
                "table-objects-filter", "kind:missed", NULL);
  g_assert_cmpuint (dh_image_list_get_shown (dh_session_get_list (fixture->session)), ==, 1);
  session_wait_for (dh_image_list_count_state (dh_session_get_list (fixture->session), DH_ITEM_CACHED) == 4);
  dh_session_close (fixture->session);
  g_object_unref (fixture->session);
  fixture->session = dh_session_new ();
  g_assert_true (dh_session_restore (fixture->session));
  DhImageList *list = dh_session_get_list (fixture->session);
  g_assert_cmpint (dh_image_list_get_sort (list), ==, DH_SORT_FPR95);
  g_assert_false (dh_image_list_get_worst_first (list));
  g_assert_false (dh_image_list_get_grouped (list));
  g_assert_true (dh_view_is (dh_session_get_view (fixture->session), "compare-page", "b"));
  session_wait_for (dh_session_get_stats (fixture->session) != NULL
                    && dh_session_get_model_info (fixture->session) != NULL
                    && dh_score_stats_has (dh_session_get_stats (fixture->session), DH_SCORE_HYBRID));
  g_assert_cmpstr (dh_image_item_get_name (dh_session_get_current (fixture->session)), ==, "validation1");
  g_assert_cmpfloat (dh_session_get_threshold (fixture->session, DH_SCORE_LIKELIHOOD)->value, ==, 1.25);
  g_assert_true (dh_session_get_frame (fixture->session)->cached);
  g_assert_cmpuint (dh_session_get_n_runs (fixture->session), ==, 0);
  /* Lists are filtered as they were, until anything is opened. */
  g_assert_true (dh_view_is (dh_session_get_view (fixture->session), "image-filter", "tion1"));
  g_assert_cmpuint (dh_image_list_get_shown (list), ==, 1);
  view = dh_session_get_view (fixture->session);
  g_assert_true (dh_view_is (view, "table-page", "objects"));
  g_assert_true (dh_view_is (view, "table-images-filter", "ap<90"));
  g_assert_true (dh_view_is (view, "table-objects-filter", "kind:missed"));
  dh_session_open_dataset (fixture->session, fixture->set);
  session_wait_for (!dh_session_is_opening (fixture->session));
  g_assert_true (dh_view_is (view, "image-filter", ""));
  g_assert_true (dh_view_is (view, "table-images-filter", ""));
  g_assert_true (dh_view_is (view, "table-objects-filter", ""));
  g_assert_true (dh_view_is (view, "table-page", "objects"));
  g_assert_cmpuint (dh_image_list_get_shown (list), ==, 4);
}

/* What fails says why, and what is open stays. */
static void
test_errors (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  dh_session_open_dataset (session, "/nowhere at all");
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "/nowhere at all"));
  g_assert_cmpuint (dh_image_list_get_size (dh_session_get_list (session)), ==, 4);
  g_clear_pointer (&fixture->error, g_free);
  g_autofree char *broken = g_build_filename (fixture->root, "broken.pth", NULL);
  g_assert_true (g_file_set_contents (broken, "PK not at all", -1, NULL));
  dh_session_open_weights (session, broken);
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "broken.pth"));
  g_assert_cmpstr (dh_session_get_model_info (session)->title, ==, "w.pth");
  g_clear_pointer (&fixture->error, g_free);
  /* A picture that is none becomes a failed row; the next can still be seen. */
  g_autofree char *picture = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation3.png", NULL);
  g_assert_true (g_file_set_contents (picture, "\x89PNG\r\n\x1a\n", 8, NULL));
  DhImageItem *last = dh_image_list_get_item (dh_session_get_list (session), 3);
  dh_session_set_current (session, last);
  session_wait_for (dh_image_item_get_state (last) == DH_ITEM_FAILED);
  g_assert_nonnull (strstr (dh_image_item_get_reason (last), "validation3"));
  g_assert_nonnull (dh_session_get_frame_error (session));
  dh_session_step (session, -1);
  session_wait_for (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_HYBRID));
  g_assert_null (dh_session_get_frame_error (session));
}

/* What is no file is refused: nobody waits for what another program may write into it. */
static void
test_pipe (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *pipe = g_build_filename (fixture->root, "pipe", NULL);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  dh_session_open_any (fixture->session, (const char *const[]){ pipe, NULL });
  session_wait_for (!dh_session_is_opening (fixture->session));
  g_assert_nonnull (strstr (fixture->error, "pipe is nothing that is known here"));
}

/* What can be opened is told whole, where something else is given. */
static void
test_unknown (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->root, "letter.txt", NULL);
  g_assert_true (g_file_set_contents (path, "dear", -1, NULL));
  dh_session_open_any (fixture->session, (const char *[]){ path, NULL });
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "images (PNG, JPEG, WebP, TIFF, BMP)"));
  g_clear_pointer (&fixture->error, g_free);
}

static void
test_closed_set (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  const char *paths[] = { fixture->closed, NULL, NULL };
  g_autofree char *picture = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation1.png", NULL);
  paths[1] = picture;
  dh_session_open_any (session, paths);
  session_wait_for (dh_session_get_model_info (session) != NULL
                    && dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_LIKELIHOOD));
  g_assert_false (dh_session_has_map (session, DH_FRAME_HYBRID));
  g_assert_null (dh_session_get_frame (session)->maps[DH_FRAME_HYBRID]);
  g_assert_cmpint (dh_session_get_active_score (session), ==, DH_SCORE_LIKELIHOOD);
  g_assert_false (dh_session_has_anomaly_labels (session));
  session_wait_for (dh_session_get_stats (session) != NULL);
  g_assert_false (dh_session_can_choose (session, DH_SCORE_LIKELIHOOD));
  dh_session_want_map (session, DH_FRAME_ENTROPY);
  session_wait_for (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_ENTROPY));
}

#ifdef DH_TEST_CARD
/* The card is lost while neighbours are on it: the picture says so and what to do, and looking again shows it, with the
 * maps that it would have had. */
static void
test_lost (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  g_assert_cmpstr (dh_session_get_compute_info (session)->name, ==, "cuda:0");
  session_wait_for (dh_image_list_count_state (dh_session_get_list (session), DH_ITEM_CACHED) >= 3);
  g_autoptr (DhFrame) before = dh_frame_ref (dh_session_get_frame (session));
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  DhImageItem *last = dh_image_list_get_item (dh_session_get_list (session), 3);
  dh_session_set_current (session, last);
  session_wait_for (dh_session_get_frame_error (session) != NULL);
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_nonnull (strstr (dh_session_get_frame_error (session), "was opened again; try once more"));
  g_assert_nonnull (dh_session_get_frame (session)); /* the picture itself */
  g_assert_cmpint (dh_image_item_get_state (last), ==, DH_ITEM_FAILED);
  dh_session_retry (session);
  session_wait_for (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_HYBRID));
  g_assert_null (dh_session_get_frame_error (session));
  /* What was shown before the loss is still whole: its maps lie where the card had put them. */
  const float *floats = dh_frame_floats (before, DH_FRAME_HYBRID);
  for (guint i = 0; i < SESSION_WIDTH * SESSION_HEIGHT; i++)
    g_assert_true (isfinite (floats[i]));
}

/* A picture that does not fit says how much it needs and what to do. The weights are there first: loaded behind the
 * picture, they may begin it twice, and the second time there is memory. */
static void
test_memory (SessionFixture *fixture, gconstpointer data)
{
  dh_session_open_weights (fixture->session, fixture->weights);
  session_wait_for (dh_session_get_model_info (fixture->session) != NULL && !dh_session_is_loading (fixture->session));
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  dh_session_open_dataset (fixture->session, fixture->set);
  session_wait_for (dh_session_get_frame_error (fixture->session) != NULL);
  g_unsetenv ("DH_EMULATED_FAIL");
  const char *error = dh_session_get_frame_error (fixture->session);
  g_assert_nonnull (strstr (error, "This image needs about "));
  g_assert_nonnull (strstr (error, " MiB on the card"));
  g_assert_nonnull (strstr (error, "use a smaller scale"));
  dh_session_retry (fixture->session);
  session_wait_for (dh_frame_has_map (dh_session_get_frame (fixture->session), DH_FRAME_HYBRID));
}
#endif

/* What is measured together is told; where there is one split, there is nothing to tell. */
static void
test_splits (SessionFixture *fixture, gconstpointer data)
{
  g_autofree char *root = tree_new ();
  tree_pair (root, "train/1.png", "trainannot/1.png", 0, 10, 11);
  tree_pair (root, "train/2.png", "trainannot/2.png", 0, 10, 11);
  tree_pair (root, "test/1.png", "testannot/1.png", 0, 10, 11);
  dh_session_open_dataset (fixture->session, root);
  session_wait_for (g_strcmp0 (dh_session_get_dataset_path (fixture->session), root) == 0
                    && dh_image_list_get_size (dh_session_get_list (fixture->session)) == 3);
  g_autofree char *several = dh_session_dup_splits (fixture->session);
  g_assert_cmpstr (several, ==, "train 2, test 1");
  dh_session_open_dataset (fixture->session, fixture->set);
  session_wait_for (g_strcmp0 (dh_session_get_dataset_path (fixture->session), fixture->set) == 0
                    && dh_image_list_get_size (dh_session_get_list (fixture->session)) == 4);
  g_assert_null (dh_session_dup_splits (fixture->session));
  tree_remove (root);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **)data = g_object_ref (result);
}

static DhDataCheck *
check_data (SessionFixture *fixture, GCancellable *cancellable, DhDataCheckProgress *progress, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  dh_data_check_async (fixture->session, progress, cancellable, on_checked, &result);
  session_wait_for (result != NULL);
  return dh_data_check_finish (result, error);
}

/* The doctor in the studio: what ids mean, how many there are, and what is left out. */
static void
test_data_check (SessionFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *broken = g_build_filename (fixture->set, "dataset_AnomalyTrack", "images", "validation2.png", NULL);
  dh_session_open_dataset (fixture->session, fixture->set);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (fixture->session)) == 4);
  g_assert_true (g_file_set_contents (broken, "none", 4, NULL));
  DhDataCheckProgress *progress = g_atomic_rc_box_new0 (DhDataCheckProgress);
  g_autoptr (DhDataCheck) check = check_data (fixture, NULL, progress, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (check->images, ==, 4);
  g_assert_cmpuint (check->labels, ==, 4);
  g_assert_cmpuint (check->usable, ==, 3);
  const DhDataFinding *worst = check->findings->pdata[0];
  g_assert_cmpint (worst->level, ==, DH_DATA_ERROR);
  g_assert_cmpuint (worst->count, ==, 1);
  g_assert_true (g_str_has_prefix (worst->files[0], "dataset_AnomalyTrack/images/validation2.png: "));
  g_assert_cmpuint (check->values->len, ==, 3);
  const DhDataValue *anomaly = check->values->pdata[1];
  g_assert_cmpuint (anomaly->value, ==, 1);
  g_assert_true (anomaly->anomaly && anomaly->known);
  g_assert_cmpuint (anomaly->images, ==, 4);
  g_assert_cmpuint (anomaly->pixels, ==, 4 * (SESSION_WIDTH - 41) * (SESSION_HEIGHT - 31));
  g_assert_cmpfloat_with_epsilon (anomaly->share, 23 * 17 / (double)(SESSION_WIDTH * SESSION_HEIGHT), 1e-9);
  const DhDataSplit *split = check->splits->pdata[0];
  g_assert_cmpstr (split->name, ==, "AnomalyTrack validation");
  g_assert_cmpuint (split->published, ==, 10);
  g_assert_nonnull (strstr (check->text, "Label values"));

  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_cancellable_cancel (cancelled);
  g_assert_null (check_data (fixture, cancelled, progress, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_atomic_rc_box_release (progress);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/session/broken-first", test_broken_first }, /* before any threshold is remembered */
    { "/session/first-range", test_first_range },
    { "/session/look", test_look },
    { "/session/again", test_again },
    { "/session/splits", test_splits },
    { "/session/data-check", test_data_check },
    { "/session/errors", test_errors },
    { "/session/pipe", test_pipe },
    { "/session/unknown", test_unknown },
    { "/session/closed-set", test_closed_set },
#ifdef DH_TEST_CARD
    { "/session/lost/wait", test_lost, "wait:1" },
    { "/session/lost/copy", test_lost, "copy:2" },
    { "/session/lost/replay", test_lost, "replay:1" },
    { "/session/memory", test_memory, "alloc:1" },
    { "/session/memory/pinned", test_memory, "pinned:1" },
#endif
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}

/* What of the images is not measured, in the studio: seen at once, with and without labels, kept, measured so, and told
 * apart from the whole images. */
#include <glib/gstdio.h>
#include <string.h>
#include "dh-compared-numbers.h"
#include "dh-compared-pictures.h"
#include "dh-error.h"
#include "dh-run-list.h"
#include "dh-session-evaluation.h"
#include "dh-session-reopen.h"
#include "dh-set-reading.h"
#include "dh-set-seen.h"
#include "session-fixture.h"
#include "tree.h"

#define FIRST_ROW (SESSION_HEIGHT * 3 / 4)

static const double quarter[4] = { 0, 25, 0, 0 }, nothing[4] = { 0 };

static void
leave (SessionFixture *fixture, const double shares[4], const char *mask)
{
  DhSession *session = fixture->session;
  dh_session_leave_unmeasured (session, shares, mask);
  session_wait_for (!dh_session_is_opening (session) && dh_session_get_frame (session) != NULL);
  g_assert_cmpstr (fixture->error, ==, NULL);
}

/* Void in the last quarter of the rows, and as `all` has it elsewhere. */
static void
assert_void (GBytes *pixels, GBytes *all)
{
  const guint8 *now = g_bytes_get_data (pixels, NULL), *before = all != NULL ? g_bytes_get_data (all, NULL) : NULL;
  for (guint i = 0; i < SESSION_WIDTH * SESSION_HEIGHT; i++)
    g_assert_cmpuint (now[i], ==, i >= SESSION_WIDTH * FIRST_ROW ? 255 : before != NULL ? before[i] : 0);
}

static char *
write_mask (SessionFixture *fixture)
{
  guint8 pixels[SESSION_WIDTH * SESSION_HEIGHT] = { 0 };
  char *path = tree_path (fixture->root, "my car.png");
  memset (pixels + SESSION_WIDTH * FIRST_ROW, 255, SESSION_WIDTH * (SESSION_HEIGHT - FIRST_ROW));
  g_assert_true (dh_image_write_png (path, SESSION_WIDTH, SESSION_HEIGHT, 1, pixels, NULL));
  return path;
}

/* It is void in what is seen, said, in the command, and there again with the folder. */
static void
test_seen (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *other = g_build_filename (fixture->root, "other", NULL), *mask = write_mask (fixture);
  double shares[4];
  session_write_set_of_size (other, 2, SESSION_WIDTH, SESSION_HEIGHT);
  session_open_all (fixture);
  const gboolean news = dh_session_has_news (session);
  g_autoptr (GBytes) all = g_bytes_ref (dh_session_get_frame (session)->truth);
  g_autoptr (GBytes) image = g_bytes_ref (dh_session_get_frame (session)->image);
  g_assert_false (dh_session_get_unmeasured_shares (session, shares));
  leave (fixture, quarter, NULL);
  assert_void (dh_session_get_frame (session)->truth, all);
  g_assert_true (g_bytes_equal (dh_session_get_frame (session)->image, image));
  g_assert_true (dh_session_get_unmeasured_shares (session, shares));
  g_assert_cmpmem (shares, sizeof shares, quarter, sizeof quarter);
  g_autofree char *title = dh_session_dup_seen (session), *command = dh_session_dup_command (session);
  g_assert_cmpstr (title, ==, "without bottom 25 %");
  g_assert_true (g_str_has_suffix (dh_session_get_dataset_title (session), " · without bottom 25 %"));
  g_assert_nonnull (strstr (command, " --ignore-region 'bottom:25%'"));
  g_assert_cmpint (dh_session_has_news (session), ==, news);
  dh_session_open_dataset (session, other);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (session)) == 2);
  g_assert_null (dh_session_dup_seen (session));

  dh_session_open_dataset (session, fixture->set);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (session)) == 4
                    && dh_session_get_frame (session) != NULL);
  assert_void (dh_session_get_frame (session)->truth, all);
  leave (fixture, nothing, mask);
  assert_void (dh_session_get_frame (session)->truth, all);
  g_autofree char *path = dh_session_dup_unmeasured_mask (session), *of_mask = dh_session_dup_command (session);
  g_assert_cmpstr (path, ==, mask);
  g_assert_nonnull (strstr (of_mask, "my car.png"));
  leave (fixture, nothing, NULL);
  g_assert_true (g_bytes_equal (dh_session_get_frame (session)->truth, all));
  g_assert_null (dh_session_dup_seen (session));
}

/* What cannot be read leaves what is open; remembered, and gone at the next time, the rest is read as before. */
static void
test_mask_gone (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *other = g_build_filename (fixture->root, "other", NULL), *mask = write_mask (fixture);
  session_write_set_of_size (other, 2, SESSION_WIDTH, SESSION_HEIGHT);
  session_open_all (fixture);
  dh_session_leave_unmeasured (session, nothing, "/there/is/none.png");
  session_wait_for (fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, "/there/is/none.png"));
  g_clear_pointer (&fixture->error, g_free);
  g_assert_null (dh_session_dup_seen (session));
  g_assert_cmpuint (dh_image_list_get_size (dh_session_get_list (session)), ==, 4);

  leave (fixture, nothing, mask);
  dh_session_read_as (session, DH_READ_DEGRADATION, "dark:1");
  session_wait_for (!dh_session_is_opening (session) && dh_session_get_frame (session) != NULL);
  dh_session_open_dataset (session, other);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (session)) == 2);
  g_assert_cmpint (g_unlink (mask), ==, 0);
  dh_session_open_dataset (session, fixture->set);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (session)) == 4 && fixture->error != NULL);
  g_assert_nonnull (strstr (fixture->error, mask));
  g_autofree char *seen = dh_session_dup_seen (session);
  g_assert_cmpstr (seen, ==, "Dark 1");
}

typedef struct
{
  GBytes *seen;
  GError *error;
  guint width, height;
  gboolean told;
} Look;

static void
was_looked_at (GObject *session, GAsyncResult *result, gpointer data)
{
  Look *look = data;
  look->seen = dh_session_look_at_mask_finish (DH_SESSION (session), result, &look->width, &look->height, &look->error);
  look->told = TRUE;
}

static Look
look_at (DhSession *session, const char *mask, GCancellable *cancellable)
{
  Look look = { NULL };
  dh_session_look_at_mask_async (session, mask, cancellable, was_looked_at, &look);
  session_wait_for (look.told);
  g_assert_true ((look.seen == NULL) == (look.error != NULL));
  return look;
}

/* What a mask would leave out, before it does; a file that is none, one of another shape, and nobody who waits. */
static void
test_looked_at (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *mask = write_mask (fixture), *odd = tree_path (fixture->root, "odd.png");
  const guint8 two[2] = { 0, 255 };
  g_assert_true (dh_image_write_png (odd, 2, 1, 1, two, NULL));
  Look look = look_at (session, mask, NULL);
  g_assert_error (look.error, DH_ERROR, DH_ERROR_NOT_FOUND);
  g_clear_error (&look.error);

  session_open_all (fixture);
  look = look_at (session, mask, NULL);
  g_assert_no_error (look.error);
  g_assert_cmpuint (look.width, ==, SESSION_WIDTH);
  g_assert_cmpuint (look.height, ==, SESSION_HEIGHT);
  assert_void (look.seen, NULL);
  g_clear_pointer (&look.seen, g_bytes_unref);
  g_assert_null (dh_session_dup_seen (session));
  look = look_at (session, "/there/is/none.png", NULL);
  g_assert_nonnull (strstr (look.error->message, "/there/is/none.png"));
  g_clear_error (&look.error);
  look = look_at (session, odd, NULL);
  g_assert_error (look.error, DH_ERROR, DH_ERROR_MISMATCH);
  g_clear_error (&look.error);
  g_autoptr (GCancellable) nobody = g_cancellable_new ();
  g_cancellable_cancel (nobody);
  look = look_at (session, mask, nobody);
  g_assert_error (look.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&look.error);
}

/* Without any label it is void all the same, and nothing is judged. */
static void
test_unlabelled (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  DhProbe probe;
  session_open_all (fixture);
  dh_session_read_as (session, DH_READ_KIND, "folder");
  session_wait_for (!dh_session_is_opening (session) && dh_session_get_frame (session) != NULL
                    && dh_session_get_frame (session)->truth == NULL);
  g_assert_null (dh_session_get_frame (session)->unmeasured);
  leave (fixture, quarter, NULL);
  const DhFrame *frame = dh_session_get_frame (session);
  g_assert_null (frame->truth);
  assert_void (frame->unmeasured, NULL);
  g_assert_true (dh_frame_probe (frame, 3, FIRST_ROW, &probe));
  g_assert_cmpint (probe.truth, ==, 255);
  g_assert_true (dh_frame_probe (frame, 3, FIRST_ROW - 1, &probe));
  g_assert_cmpint (probe.truth, ==, -1);
  /* Its pixels are in no number of the picture. */
  session_wait_for (dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_HYBRID));
  g_autoptr (DhScoreStats) stats = dh_score_stats_new ();
  g_assert_true (dh_score_stats_add (stats, dh_session_get_frame (session)));
  dh_score_stats_seal (stats, 0);
  g_assert_cmpuint (dh_score_stats_n_inliers (stats), ==, SESSION_WIDTH * FIRST_ROW);
}

static const DhRun *
get_run (DhSession *session, guint index)
{
  g_autoptr (DhRunItem) item = g_list_model_get_item (dh_session_get_runs (session), index);
  const DhRun *run = item != NULL ? dh_run_item_get (item) : NULL;
  return run != NULL && run->state == DH_RUN_ITEM_DONE ? run : NULL;
}

static gint64
evaluate (SessionFixture *fixture, guint runs)
{
  DhSession *session = fixture->session;
  dh_session_evaluate (session);
  session_wait_for (!dh_session_is_evaluating (session)
                    && g_list_model_get_n_items (dh_session_get_runs (session)) == runs
                    && get_run (session, 0) != NULL);
  g_assert_cmpstr (fixture->error, ==, NULL);
  return get_run (session, 0)->id;
}

/* Each has its run and numbers, which come back with it; they are not subtracted. */
static void
test_measured (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  const gint64 whole = evaluate (fixture, 1);
  leave (fixture, quarter, NULL);
  g_assert_null (dh_session_find_evaluated (session));
  const gint64 part = evaluate (fixture, 2);
  g_assert_cmpint (part, !=, whole);
  const DhRun *of_part = get_run (session, 0), *of_whole = get_run (session, 1);
  g_assert_cmpstr (of_part->folder, !=, of_whole->folder);
  g_assert_cmpstr (dh_run_get_seen (of_part), ==, "ignore=bottom:25%");
  g_assert_false (dh_run_can_subtract (of_part, of_whole));
  g_assert_false (dh_session_has_robustness (session, of_whole));

  dh_session_compare_run (session, 0, whole);
  dh_session_compare_run (session, 1, part);
  session_wait_for (dh_session_get_run_details (session, 0) != NULL && dh_session_get_run_details (session, 1) != NULL);
  const gint sides[2] = { DH_FRAME_RUN_A, DH_FRAME_RUN_B };
  g_autoptr (DhComparedNumbers) numbers = dh_compared_numbers_new (session, sides);
  g_assert_false (numbers->seen_otherwise);
  g_assert_cmpuint (numbers->differs->len, ==, 1);
  g_assert_nonnull (strstr (numbers->differs->pdata[0], "Not measured"));
  const char *why;
  g_autoptr (GPtrArray) none = dh_compared_pictures_list (session, sides, DH_ORDER_GAIN, &why);
  g_assert_cmpuint (none->len, ==, 0);
  g_assert_nonnull (strstr (why, "Not measured"));
  /* The network's are of what is open. */
  const gint with_network[2] = { DH_FRAME_HYBRID, DH_FRAME_RUN_B }, with_whole[2] = { DH_FRAME_RUN_A, DH_FRAME_HYBRID };
  g_autoptr (GPtrArray) same = dh_compared_pictures_list (session, with_network, DH_ORDER_GAIN, &why);
  g_assert_cmpstr (why, ==, NULL);
  g_assert_cmpuint (same->len, ==, 4);
  g_autoptr (GPtrArray) other = dh_compared_pictures_list (session, with_whole, DH_ORDER_GAIN, &why);
  g_assert_cmpuint (other->len, ==, 0);
  g_assert_nonnull (why);

  leave (fixture, nothing, NULL);
  session_wait_for (dh_session_get_evaluation (session) != NULL);
  g_assert_cmpint (dh_session_get_evaluation (session)->run, ==, whole);
  g_assert_true (dh_session_open_run (session, get_run (session, 0), NULL));
  session_wait_for (!dh_session_is_opening (session) && dh_session_get_evaluation (session) != NULL);
  g_assert_cmpint (dh_session_get_evaluation (session)->run, ==, part);
  g_autofree char *seen = dh_session_dup_seen (session);
  g_assert_cmpstr (seen, ==, "without bottom 25 %");
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = {
    { "/session-region/seen", test_seen, NULL },           { "/session-region/mask-gone", test_mask_gone, NULL },
    { "/session-region/looked-at", test_looked_at, NULL }, { "/session-region/unlabelled", test_unlabelled, NULL },
    { "/session-region/measured", test_measured, NULL },
  };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}

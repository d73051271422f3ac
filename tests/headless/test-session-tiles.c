/* A picture that is too large for the memory: the session says so, and computes it in tiles where it is asked to. */
#include <sys/resource.h>
#include "dh-session-private.h"
#include "session-fixture.h"
#include "tree.h"

enum
{
  WIDTH = 4096,
  HEIGHT = 2048,
};

/* What the process has of its own that can be written may grow by so many bytes from here on. */
static void
allow (guint64 more, struct rlimit *before)
{
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents ("/proc/self/status", &text, NULL, NULL));
  const guint64 used = g_ascii_strtoull (strstr (text, "VmData:") + strlen ("VmData:"), NULL, 10) * 1024;
  g_assert_cmpint (getrlimit (RLIMIT_DATA, before), ==, 0);
  struct rlimit limit = *before;
  limit.rlim_cur = used + more;
  g_assert_cmpint (setrlimit (RLIMIT_DATA, &limit), ==, 0);
}

static gboolean
has_maps (DhSession *session)
{
  return dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_HYBRID);
}

static void
open_as (DhSession *session, const char *set, guint wanted, gboolean tiled)
{
  session->wanted = wanted;
  dh_worker_set_wanted (session->worker, wanted);
  dh_worker_set_tiled (session->worker, tiled);
  dh_session_open_dataset (session, set);
  session_wait_for (!dh_session_is_opening (session) && has_maps (session)
                    && dh_frame_has_map (dh_session_get_frame (session), DH_FRAME_ENTROPY) == tiled);
}

/* What is kept of the whole picture may lack a map that the tiles have: a frame is of the one or of the other. */
static void
assert_not_mixed (DhSession *session, const char *set)
{
  const guint all = session->wanted;
  g_autoptr (GBytes) of_tiles = g_bytes_ref (dh_session_get_frame (session)->maps[DH_FRAME_HYBRID]);
  const guint64 kept = dh_session_get_cache_size (session);
  open_as (session, set, all & ~(1u << DH_FRAME_ENTROPY), FALSE);
  g_assert_cmpuint (dh_session_get_frame (session)->tile, ==, 0);
  g_assert_false (g_bytes_equal (dh_session_get_frame (session)->maps[DH_FRAME_HYBRID], of_tiles));
  session_wait_for (dh_session_get_cache_size (session) > kept + (guint64)WIDTH * HEIGHT * sizeof (float));
  open_as (session, set, all, TRUE);
  g_assert_cmpuint (dh_session_get_frame (session)->tile, >, 0);
  g_assert_true (g_bytes_equal (dh_session_get_frame (session)->maps[DH_FRAME_HYBRID], of_tiles));
}

static void
on_progress (DhSession *session, double fraction, double seconds, const char *layer, char **first)
{
  if (*first == NULL)
    *first = g_strdup (layer);
}

static void
test_tiles (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *set = g_build_filename (fixture->root, "large", NULL);
  session_write_set_of_size (set, 1, WIDTH, HEIGHT);
  dh_session_want_map (session, DH_FRAME_ENTROPY);
  session_open_all (fixture); /* the threads are there */
  struct rlimit before;
  allow ((guint64)330 << 20, &before);
  dh_session_open_dataset (session, set);
  session_wait_for (!dh_session_is_opening (session) && dh_session_get_frame_error (session) != NULL);
  g_test_message ("%s", dh_session_get_frame_error (session));
  g_assert_nonnull (strstr (dh_session_get_frame_error (session), "4096×2048"));
  g_assert_nonnull (dh_session_get_frame (session)); /* the picture itself */
  g_assert_true (dh_session_can_tile (session));
  char *first = NULL;
  const gulong handler = g_signal_connect (session, "progress", G_CALLBACK (on_progress), &first);
  dh_session_compute_in_tiles (session);
  g_assert_false (dh_session_can_tile (session));
  session_wait_for (has_maps (session) || dh_session_get_frame_error (session) != NULL);
  /* A sanitizer needs more for the same. */
  for (guint more = 64; !has_maps (session) && more <= 256; more += 64)
    {
      struct rlimit unused;
      allow ((guint64)more << 20, &unused);
      dh_session_retry (session);
      session_wait_for (has_maps (session) || dh_session_get_frame_error (session) != NULL);
    }
  g_assert_null (dh_session_get_frame_error (session));
  /* That something is done is told before the plan of a tile is made. */
  g_assert_cmpstr (first, ==, "preparing tiles");
  g_signal_handler_disconnect (session, handler);
  g_free (first);
  const guint tile = dh_session_get_frame (session)->tile;
  g_test_message ("tiles of %u", tile);
  g_assert_cmpuint (tile, >=, 256);
  g_assert_cmpuint (tile, <, WIDTH);
  g_assert_cmpint (setrlimit (RLIMIT_DATA, &before), ==, 0);
  /* They are kept, apart from those of the whole picture. */
  session_wait_for (dh_session_get_cache_size (session) > (guint64)WIDTH * HEIGHT * sizeof (float));
  dh_session_open_dataset (session, fixture->set);
  session_wait_for (has_maps (session) && dh_session_get_frame (session)->width == SESSION_WIDTH);
  g_assert_cmpuint (dh_session_get_frame (session)->tile, ==, 0);
  dh_session_open_dataset (session, set);
  session_wait_for (has_maps (session) && dh_session_get_frame (session)->width == WIDTH);
  g_assert_true (dh_session_get_frame (session)->cached);
  g_assert_cmpuint (dh_session_get_frame (session)->tile, ==, tile);
  assert_not_mixed (session, set);
}

/* A picture that cannot be read at all is none that fits in tiles: a PNG that says it has 32769 × 1 pixels. */
static void
test_no_tiles (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  session_open_all (fixture);
  static const guint8 header[] = { 0x89, 'P',  'N',  'G',  0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00,
                                   0x0d, 'I',  'H',  'D',  'R',  0x00, 0x00, 0x80, 0x01, 0x00, 0x00,
                                   0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0xe7, 0x96, 'f',  'A' };
  g_autofree char *path = tree_path (fixture->root, "wide.png");
  g_assert_true (g_file_set_contents (path, (const char *)header, sizeof header, NULL));
  const char *const paths[] = { path, NULL };
  dh_session_open_pictures (session, paths);
  session_wait_for (!dh_session_is_opening (session) && dh_session_get_frame_error (session) != NULL);
  g_assert_nonnull (strstr (dh_session_get_frame_error (session), "over the limit"));
  g_assert_false (dh_session_can_tile (session));
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = { { "/session/tiles", test_tiles }, { "/session/no-tiles", test_no_tiles } };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}

/* How much of the pictures that were looked at is kept in memory. */
#include "dh-session-private.h"
#include "session-fixture.h"

enum
{
  PICTURES = 60,
};

/* One after the other, each until it is counted: the numbers of a small picture take more than itself. */
static void
test_walk (SessionFixture *fixture, gconstpointer data)
{
  DhSession *session = fixture->session;
  g_autofree char *set = g_build_filename (fixture->root, "many", NULL);
  session_write_set_of_size (set, PICTURES, SESSION_WIDTH, SESSION_HEIGHT);
  dh_session_open_weights (session, fixture->weights);
  dh_session_open_dataset (session, set);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (session)) == PICTURES
                    && dh_session_get_stats (session) != NULL);
  for (guint i = 1; i < PICTURES; i++)
    {
      g_assert_true (dh_session_step (session, 1));
      session_wait_for (dh_session_get_stats (session) != NULL);
    }
  gsize frames = 0, stats = 0;
  for (GList *link = session->entries.head; link != NULL; link = link->next)
    {
      const DhSessionEntry *entry = link->data;
      frames += dh_frame_size_bytes (entry->frame);
      stats += entry->stats != NULL ? dh_score_stats_size_bytes (entry->stats) : 0;
    }
  g_test_message ("%u pictures of %" G_GSIZE_FORMAT " KiB, their numbers %" G_GSIZE_FORMAT " MiB",
                  session->entries.length, frames >> 10, stats >> 20);
  g_assert_cmpuint (frames, ==, session->entries_bytes);
  g_assert_cmpuint (stats, <=, DH_SESSION_STATS_BUDGET);
  g_assert_cmpuint (stats, >, DH_SESSION_STATS_BUDGET / 2);
  /* Those that were seen last are there at once. */
  g_assert_true (dh_session_step (session, -1));
  g_assert_true (dh_session_is_shown (session) && dh_session_get_stats (session) != NULL);
}

int
main (int argc, char **argv)
{
  static const SessionTest tests[] = { { "/session-frames/walk", test_walk } };
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}

/* Pictures played as a sequence: none is left before it was shown, and what ends it. */
#include "dh-player.h"
#include "session-fixture.h"

enum
{
  N_PICTURES = 4,
};

typedef struct
{
  DhSession *session;
  GPtrArray *stems; /* in the order in which they came */
  gboolean unseen;  /* a picture was left before it was shown */
  gboolean shown;
  double pace; /* the largest that was told */
} Watch;

static void
on_frame (DhSession *session, GParamSpec *spec, Watch *watch)
{
  watch->shown = dh_session_is_shown (session);
}

static void
on_current (DhSession *session, GParamSpec *spec, Watch *watch)
{
  watch->unseen |= !watch->shown;
  watch->shown = FALSE;
  DhImageItem *item = dh_session_get_current (session);
  g_ptr_array_add (watch->stems, g_strdup (item != NULL ? dh_image_item_get_stem (item) : ""));
}

static void
on_pace (DhPlayer *player, GParamSpec *spec, Watch *watch)
{
  watch->pace = MAX (watch->pace, dh_player_get_pace (player));
}

static DhPlayer *
watch (SessionFixture *fixture, Watch *watch)
{
  DhSession *session = fixture->session;
  *watch = (Watch){ .session = session, .stems = g_ptr_array_new_with_free_func (g_free) };
  watch->shown = dh_session_is_shown (session);
  g_object_set (dh_session_get_view (session), "play-rate", "25", NULL);
  g_signal_connect (session, "notify::current", G_CALLBACK (on_current), watch);
  g_signal_connect (session, "notify::frame", G_CALLBACK (on_frame), watch);
  g_signal_connect (dh_session_get_player (session), "notify::pace", G_CALLBACK (on_pace), watch);
  return dh_session_get_player (session);
}

static void
end (Watch *watch)
{
  g_signal_handlers_disconnect_by_data (watch->session, watch);
  g_signal_handlers_disconnect_by_data (dh_session_get_player (watch->session), watch);
  g_ptr_array_unref (watch->stems);
}

static const char *
stem_at (DhSession *session, guint index)
{
  return dh_image_item_get_stem (dh_image_list_get_item (dh_session_get_list (session), index % N_PICTURES));
}

static void
test_all (SessionFixture *fixture, gconstpointer data)
{
  session_open_all (fixture);
  Watch seen;
  DhPlayer *player = watch (fixture, &seen);
  dh_player_set_playing (player, TRUE);
  g_assert_true (dh_player_is_playing (player));
  session_wait_for (!dh_player_is_playing (player));
  g_assert_cmpuint (seen.stems->len, ==, N_PICTURES - 1); /* the first one was there */
  for (guint i = 0; i < seen.stems->len; i++)
    g_assert_cmpstr (seen.stems->pdata[i], ==, stem_at (fixture->session, i + 1));
  g_assert_false (seen.unseen);
  g_assert_true (dh_session_is_shown (fixture->session));
  g_assert_cmpfloat (seen.pace, >, 0);
  g_assert_cmpfloat (seen.pace, <=, 25 * 1.5); /* timers count in whole milliseconds */
  g_assert_cmpfloat (dh_player_get_pace (player), ==, 0);
  /* From its end it begins anew. */
  dh_player_set_playing (player, TRUE);
  g_assert_cmpstr (dh_image_item_get_stem (dh_session_get_current (fixture->session)), ==,
                   stem_at (fixture->session, 0));
  g_assert_true (dh_player_is_playing (player));
  end (&seen);
}

static void
test_repeats (SessionFixture *fixture, gconstpointer data)
{
  session_open_all (fixture);
  Watch seen;
  DhPlayer *player = watch (fixture, &seen);
  g_object_set (dh_session_get_view (fixture->session), "play-repeats", TRUE, NULL);
  dh_player_set_playing (player, TRUE);
  session_wait_for (seen.stems->len > 2 * N_PICTURES);
  g_assert_true (dh_player_is_playing (player));
  for (guint i = 0; i < seen.stems->len; i++)
    g_assert_cmpstr (seen.stems->pdata[i], ==, stem_at (fixture->session, i + 1));
  g_assert_false (seen.unseen);
  end (&seen);
}

/* What the user chooses is not taken away again. */
static void
test_chosen (SessionFixture *fixture, gconstpointer data)
{
  session_open_all (fixture);
  DhPlayer *player = dh_session_get_player (fixture->session);
  g_object_set (dh_session_get_view (fixture->session), "play-rate", "25", "play-repeats", TRUE, NULL);
  dh_player_set_playing (player, TRUE);
  DhImageItem *chosen = dh_image_list_get_item (dh_session_get_list (fixture->session), 2);
  dh_session_set_current (fixture->session, chosen);
  g_assert_false (dh_player_is_playing (player));
  session_wait_for (dh_session_is_shown (fixture->session));
  for (gint64 until = g_get_monotonic_time () + G_USEC_PER_SEC / 2; g_get_monotonic_time () < until;)
    session_turn ();
  g_assert_true (dh_session_get_current (fixture->session) == chosen);
}

/* Such a one is shown with why, and left as others are. */
static void
test_failed (SessionFixture *fixture, gconstpointer data)
{
  /* before it can be computed ahead */
  g_autofree char *picture = g_build_filename (fixture->set, "dataset_AnomalyTrack/images/validation3.png", NULL);
  g_assert_true (g_file_set_contents (picture, "\x89PNG\r\n\x1a\n", 8, NULL));
  session_open_all (fixture);
  DhImageItem *broken = dh_image_list_get_item (dh_session_get_list (fixture->session), N_PICTURES - 1);
  DhPlayer *player = dh_session_get_player (fixture->session);
  g_object_set (dh_session_get_view (fixture->session), "play-rate", "25", "play-repeats", TRUE, NULL);
  Watch seen;
  watch (fixture, &seen);
  dh_player_set_playing (player, TRUE);
  session_wait_for (seen.stems->len > N_PICTURES);
  g_assert_true (dh_player_is_playing (player));
  g_assert_cmpint (dh_image_item_get_state (broken), ==, DH_ITEM_FAILED);
  g_assert_false (seen.unseen);
  end (&seen);
}

static void
test_other_set (SessionFixture *fixture, gconstpointer data)
{
  session_open_all (fixture);
  DhPlayer *player = dh_session_get_player (fixture->session);
  g_object_set (dh_session_get_view (fixture->session), "play-rate", "1", NULL);
  dh_player_set_playing (player, TRUE);
  g_autofree char *other = g_build_filename (fixture->root, "other", NULL);
  session_write_set_of_size (other, 1, SESSION_WIDTH, SESSION_HEIGHT);
  dh_session_open_dataset (fixture->session, other);
  session_wait_for (dh_image_list_get_size (dh_session_get_list (fixture->session)) == 1);
  g_assert_false (dh_player_is_playing (player));
  /* One picture is no sequence: who asks for it is told that it does not play. */
  guint told = 0;
  g_signal_connect_swapped (player, "notify::playing", G_CALLBACK (g_atomic_int_inc), &told);
  dh_player_set_playing (player, TRUE);
  g_assert_false (dh_player_is_playing (player));
  g_assert_cmpuint (told, ==, 1);
  g_signal_handlers_disconnect_by_data (player, &told);
  /* Nothing is left that would play on in a closed session. */
  g_autoptr (DhPlayer) held = g_object_ref (player);
  dh_session_close (fixture->session);
  dh_player_set_playing (held, TRUE);
  g_assert_false (dh_player_is_playing (held));
}

static const SessionTest tests[] = {
  { "/player/all", test_all, NULL },
  { "/player/repeats", test_repeats, NULL },
  { "/player/chosen", test_chosen, NULL },
  { "/player/failed", test_failed, NULL },
  { "/player/other-set", test_other_set, NULL },
};

int
main (int argc, char **argv)
{
  return session_run_tests (argc, argv, tests, G_N_ELEMENTS (tests));
}

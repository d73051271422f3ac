#pragma once
#include "dh-session.h"
#include "patience.h"

/* What the tests of the studio's session share: a set of four tiny pictures, weights with and without outlier head, a
 * session, and what it said. */
enum
{
  SESSION_WIDTH = 64,
  SESSION_HEIGHT = 48,
};

typedef struct
{
  char *root, *set, *weights, *closed;
  DhSession *session;
  char *error;
  guint messages;
} SessionFixture;

typedef struct
{
  const char *path;
  void (*run) (SessionFixture *fixture, gconstpointer data);
  gconstpointer data;
} SessionTest;

/* All of main(). Nothing of the user's is read or written. */
int session_run_tests (int argc, char **argv, const SessionTest *tests, guint n_tests);

/* Other pictures in every set: no maps of an earlier one are kept of them. */
void session_write_set_of_size (const char *root, guint n, guint width, guint height);
/* Weights and set, with the first picture's maps counted. */
void session_open_all (SessionFixture *fixture);

/* One turn of the main loop, of at most 20 ms. */
void session_turn (void);
/* Turns the main loop until the condition holds. */
#define session_wait_for(condition)                                                                                    \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    gint64 until_ = g_get_monotonic_time () + PATIENCE;                                                                \
    while (!(condition))                                                                                               \
      {                                                                                                                \
        g_assert_cmpint (g_get_monotonic_time (), <, until_);                                                          \
        session_turn ();                                                                                               \
      }                                                                                                                \
  }                                                                                                                    \
  G_STMT_END

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "dh-database.h"
#include "dh-error.h"
#include "dh-records.h"
#include "dh-run-lock.h"
#include "jobs.h"
#include "patience.h"

/* Trainings while another program keeps the database locked: what they do is shown, what becomes of them and what is
 * asked for is written as soon as it can be. */

static guint errors, taken_back;
static char *last_text;

static void
keep_error (DhTrainingQueue *queue, const char *title, const char *text, gpointer data)
{
  if (text == NULL)
    {
      taken_back++;
      return;
    }
  errors++;
  g_free (last_text);
  last_text = g_strdup (text);
}

static DhTrainingQueue *
open_queue (void)
{
  DhTrainingQueue *queue = jobs_open_queue ();
  errors = taken_back = 0;
  g_signal_connect (queue, "error", G_CALLBACK (keep_error), NULL);
  return queue;
}

static DhDatabase *
lock (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = jobs_database_path ();
  DhDatabase *database = dh_database_open (path, &error);
  g_assert_no_error (error);
  g_assert_true (dh_database_begin (database, &error));
  return database;
}

static void
unlock (DhDatabase *database)
{
  dh_database_roll_back (database);
  dh_database_close (database);
}

static char *
dup_stored_state (const char *title)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = jobs_database_path ();
  g_autoptr (DhDatabase) database = dh_database_open (path, &error);
  g_autoptr (GPtrArray) rows = dh_database_list_jobs (database, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < rows->len; i++)
    if (g_str_equal (((DhJobRow *)rows->pdata[i])->title, title))
      return g_strdup (((DhJobRow *)rows->pdata[i])->state);
  return NULL;
}

static void
assert_stored (const char *title, const char *state)
{
  g_autofree char *stored = dup_stored_state (title);
  g_assert_cmpstr (stored, ==, state);
}

static guint64 wanted_step;
static DhJobState wanted_state;

static gboolean
is_at_step (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return dh_training_job_get_progress (job)->step >= wanted_step;
}

static gboolean
is_in_state (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return dh_training_job_get_state (job) == wanted_state;
}

static gboolean
becomes (DhTrainingQueue *queue, DhTrainingJob *job, DhJobState state)
{
  wanted_state = state;
  return jobs_wait_for (queue, job, is_in_state);
}

/* Runs the window's loop for a while. */
static void
spend (guint milliseconds)
{
  const gint64 end = g_get_monotonic_time () + milliseconds * G_TIME_SPAN_MILLISECOND;
  while (g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (5000);
    }
}

/* Runs the window's loop until the condition holds. */
#define spend_until(condition)                                                                                         \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    const gint64 end_ = g_get_monotonic_time () + PATIENCE;                                                            \
    while (!(condition))                                                                                               \
      {                                                                                                                \
        g_assert_cmpint (g_get_monotonic_time (), <, end_);                                                            \
        spend (20);                                                                                                    \
      }                                                                                                                \
  }                                                                                                                    \
  G_STMT_END

/* A connection waits for as long as it was told to, and says what it waited for. */
static void
test_patience (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = jobs_database_path ();
  g_autoptr (DhDatabase) first = dh_database_open (path, &error);
  g_assert_no_error (error);
  DhDatabase *locked = lock ();
  g_autoptr (DhDatabase) other = NULL;
  gint64 shortest = G_MAXINT64;
  /* Without being told it would be ten seconds each time. */
  for (guint i = 0; i < 10 && shortest >= 5 * G_USEC_PER_SEC; i++)
    {
      g_clear_pointer (&other, dh_database_close);
      const gint64 begin = g_get_monotonic_time ();
      other = dh_database_open_within (path, 100, &error);
      g_assert_no_error (error);
      g_assert_false (dh_database_begin (other, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_BUSY);
      g_assert_nonnull (strstr (error->message, "another program keeps it locked"));
      shortest = MIN (shortest, g_get_monotonic_time () - begin);
      g_clear_error (&error);
    }
  g_assert_cmpint (shortest, <, 5 * G_USEC_PER_SEC);
  dh_database_set_patience (other, 1500);
  const gint64 begin = g_get_monotonic_time ();
  g_assert_false (dh_database_begin (other, &error));
  g_assert_error (error, DH_ERROR, DH_ERROR_BUSY);
  g_assert_cmpint (g_get_monotonic_time () - begin, >, G_USEC_PER_SEC);
  unlock (locked);
}

/* It steps on before the eyes of whoever watches, and its end is written when that can be; told once, since it lasts.
 */
static void
test_progress (void)
{
  DhTrainingQueue *queue = open_queue ();
  DhTrainingJob *job = jobs_add (queue, "progress", JOBS_ENDLESS);
  g_assert_true (jobs_wait_for (queue, job, jobs_has_stepped));
  const gint64 pid = jobs_pid_of (job);
  DhDatabase *locked = lock ();
  gint64 shortest = G_MAXINT64;
  /* Every look shows something new, though progress should long have been saved; none waits for the lock. */
  for (guint i = 0; i < 12 || (i < 100 && shortest >= 2 * G_USEC_PER_SEC); i++)
    {
      const gint64 begin = g_get_monotonic_time ();
      wanted_step = dh_training_job_get_progress (job)->step + 1;
      g_assert_true (jobs_wait_for (queue, job, is_at_step));
      shortest = MIN (shortest, g_get_monotonic_time () - begin);
    }
  g_assert_cmpint (shortest, <, 2 * G_USEC_PER_SEC);

  g_assert_cmpint (kill ((pid_t)pid, SIGKILL), ==, 0);
  spend_until (errors > 0);
  spend (2000);
  g_assert_cmpint (dh_training_job_get_state (job), ==, DH_JOB_RUNNING);
  g_assert_cmpuint (errors, ==, 1);
  g_assert_nonnull (strstr (last_text, "another program keeps it locked"));
  assert_stored ("progress", "running");
  g_assert_cmpuint (taken_back, ==, 0);
  unlock (locked);
  g_assert_true (becomes (queue, job, DH_JOB_LOST));
  assert_stored ("progress", "lost");
  g_assert_cmpuint (errors, ==, 1);
  g_assert_cmpuint (taken_back, ==, 1);
  jobs_close_queue (queue);
}

/* Added, cancelled, moved, gone on with and removed while it is locked: all of it is done, in its order. */
static void
test_orders (void)
{
  DhTrainingQueue *queue = open_queue ();
  DhTrainingJob *first = jobs_add (queue, "first", JOBS_ENDLESS);
  g_assert_true (jobs_wait_for (queue, first, jobs_has_stepped));
  DhTrainingJob *second = jobs_add (queue, "second", 4), *third = jobs_add (queue, "third", 4);
  g_autoptr (DhTrainingJob) removed = g_object_ref (jobs_add (queue, "removed", 4));
  g_assert_true (jobs_wait_for (queue, removed, jobs_has_id));
  DhTrainingJob *again = jobs_add (queue, "again", 4);
  g_assert_true (jobs_wait_for (queue, again, jobs_has_id));
  dh_training_queue_cancel (queue, again);
  g_assert_true (becomes (queue, again, DH_JOB_CANCELLED));
  spend (500);

  DhDatabase *locked = lock ();
  dh_training_queue_cancel (queue, second);
  dh_training_queue_remove (queue, removed, FALSE);
  dh_training_queue_go_on (queue, again);
  DhTrainingJob *added = jobs_add (queue, "added", 4);
  /* As a window does that shows what was just added. */
  dh_training_job_get_log (added);
  /* What needs no database is done at once. */
  const gint64 pid = jobs_pid_of (first);
  dh_training_queue_cancel (queue, first);
  spend_until (kill ((pid_t)pid, 0) != 0);
  assert_stored ("first", "running");
  assert_stored ("second", "queued");
  assert_stored ("again", "cancelled");
  g_assert_null (dup_stored_state ("added"));
  unlock (locked);

  g_assert_true (becomes (queue, first, DH_JOB_CANCELLED));
  g_assert_true (becomes (queue, second, DH_JOB_CANCELLED));
  g_assert_true (becomes (queue, third, DH_JOB_DONE));
  g_assert_true (becomes (queue, again, DH_JOB_DONE));
  g_assert_true (becomes (queue, added, DH_JOB_DONE));
  g_assert_null (jobs_find (queue, "removed"));
  g_assert_null (dup_stored_state ("removed"));
  g_assert_false (dh_training_log_is_loading (dh_training_job_get_log (added)));
  assert_stored ("second", "cancelled");
  jobs_close_queue (queue);
}

static char *
dup_backlog_path (void)
{
  g_autofree char *path = jobs_database_path ();
  return g_strconcat (path, "-orders", NULL);
}

static gboolean
is_known (DhTrainingQueue *queue, DhTrainingJob *job)
{
  return jobs_find (queue, "later") != NULL;
}

/* A window that is closed meanwhile does not wait for long, and what it was asked for just before is tried once more;
 * where that is in vain, and where it is killed, the next window does it. */
static void
test_close (void)
{
  DhTrainingQueue *queue = open_queue ();
  DhTrainingJob *job = jobs_add (queue, "close", JOBS_ENDLESS);
  g_assert_true (jobs_wait_for (queue, job, jobs_has_stepped));
  const gint64 pid = jobs_pid_of (job);
  DhTrainingJob *queued = jobs_add (queue, "queued", 4);
  g_assert_true (jobs_wait_for (queue, queued, jobs_has_id));
  spend (500);
  g_autofree char *backlog = dup_backlog_path (), *text = NULL;
  g_assert_false (g_file_test (backlog, G_FILE_TEST_EXISTS));
  DhDatabase *locked = lock ();
  dh_training_queue_cancel (queue, queued);
  DhTrainingJob *later = jobs_add (queue, "later", 4);
  dh_training_queue_cancel (queue, later);
  dh_training_queue_go_on (queue, later);
  spend_until (g_file_test (backlog, G_FILE_TEST_EXISTS));
  const gint64 begin = g_get_monotonic_time ();
  jobs_close_queue (queue);
  g_assert_cmpint (g_get_monotonic_time () - begin, <, 10 * G_USEC_PER_SEC); /* the patience of other connections */
  g_assert_true (g_file_get_contents (backlog, &text, NULL, NULL));

  queue = open_queue ();
  spend (500);
  g_assert_null (jobs_find (queue, "later"));
  assert_stored ("queued", "queued");
  unlock (locked);
  job = jobs_find (queue, "close");
  g_assert_cmpint (jobs_pid_of (job), ==, pid);
  g_assert_true (becomes (queue, jobs_find (queue, "queued"), DH_JOB_CANCELLED));
  g_assert_true (jobs_wait_for (queue, NULL, is_known));
  spend_until (!g_file_test (backlog, G_FILE_TEST_EXISTS));
  dh_training_queue_cancel (queue, job);
  g_assert_true (becomes (queue, job, DH_JOB_CANCELLED));
  jobs_close_queue (queue);

  /* Killed between the order and its end, a window leaves what was done already: it is not done again. Lines that are
   * none of ours are left out. */
  char *add = strstr (text, "{\"order\":\"add\"");
  g_assert_nonnull (add);
  *strchr (add, '\n') = '\0';
  g_autofree char *more = g_strconcat ("{\"order\":\"add\",\"folder\":\"/nowhere\"}\n[[[\n", add, "\n", add, NULL);
  g_assert_true (g_file_set_contents (backlog, more, -1, NULL));
  queue = open_queue ();
  g_assert_true (becomes (queue, jobs_find (queue, "later"), DH_JOB_DONE));
  g_assert_cmpuint (errors, ==, 0);
  assert_stored ("queued", "cancelled");
  spend_until (!g_file_test (backlog, G_FILE_TEST_EXISTS));
  jobs_close_queue (queue);
}

int
main (int argc, char **argv)
{
  jobs_begin (&argc, &argv);
  g_test_add_func ("/jobs-locked/patience", test_patience);
  if (g_getenv ("DH_PROGRAM") != NULL)
    {
      g_test_add_func ("/jobs-locked/progress", test_progress);
      g_test_add_func ("/jobs-locked/orders", test_orders);
      g_test_add_func ("/jobs-locked/close", test_close);
    }
  return jobs_end ();
}

#include <glib.h>
#include <time.h>

#include "dh-cpu-calm.h"

/* An interruption now and then changes nothing, and one window of them is not enough to end the calm again. */
static void
test_decide (void)
{
  static const struct
  {
    gboolean calm;
    guint64 interruptions;
    gint64 microseconds;
    gboolean then;
  } cases[] = {
    { FALSE, 0, 50000, FALSE },     { FALSE, 2, 50000, FALSE },       { FALSE, 3, 50000, TRUE },
    { FALSE, 30, 10000000, FALSE }, { TRUE, 30, 1000000, TRUE },      { TRUE, 10, 1000000, TRUE },
    { TRUE, 9, 1000000, FALSE },    { TRUE, 100, 3600000000, FALSE }, { FALSE, 0, 0, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (dh_cpu_calm_decide (cases[i].calm, cases[i].interruptions, cases[i].microseconds), ==,
                     cases[i].then);
}

#ifdef _OPENMP
static double
computed (void)
{
  struct timespec now;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

/* Seconds of computing of this process while it does nothing behind a loop on two threads. */
static double
spent_on_waiting (void)
{
  static gint n;
#pragma omp parallel num_threads(2)
  g_atomic_int_inc (&n);
  const double before = computed ();
  g_usleep (50 * 1000);
  return computed () - before;
}

/* The threads sleep soon behind a loop once it is calm: microseconds, where they turn for milliseconds else. */
static void
test_sleep (void)
{
  g_test_message ("%.2f ms where it is not calm", 1e3 * spent_on_waiting ());
  dh_cpu_calm_set (TRUE, 2);
  dh_cpu_calm_set (TRUE, 2);
  /* Its threads come when the machine lets them. */
  for (guint in_a_row = 0; in_a_row < 5;)
    in_a_row = spent_on_waiting () < 0.001 ? in_a_row + 1 : 0;
  dh_cpu_calm_set (FALSE, 2);
  dh_cpu_calm_set (FALSE, 2);
  g_test_message ("%.2f ms when it is over", 1e3 * spent_on_waiting ());
}
#endif

/* Asked between two steps as often as one likes, by any thread, it does not wait. */
static gpointer
look (gpointer data)
{
  for (guint i = 0; i < 10000; i++)
    dh_cpu_calm_look (GPOINTER_TO_UINT (data));
  return NULL;
}

static void
test_look (void)
{
  GThread *threads[3];
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("look", look, GUINT_TO_POINTER (i + 1));
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/calm/decide", test_decide);
  g_test_add_func ("/calm/look", test_look);
#ifdef _OPENMP
  g_test_add_func ("/calm/sleep", test_sleep);
#endif
  return g_test_run ();
}

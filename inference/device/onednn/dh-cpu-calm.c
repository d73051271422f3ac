#include "dh-cpu-calm.h"

#ifdef _OPENMP
#include <omp.h>
#endif
#include <sys/resource.h>

/* A machine of one's own interrupts now and then, too. */
#define BUSY_SECOND 60.0  /* interruptions a second that make calm */
#define QUIET_SECOND 10.0 /* less than these end it */
/* Microseconds that are looked at together. */
#define SOON (50 * 1000)
#define LATER G_USEC_PER_SEC

static GMutex lock;
static gint64 looked;
static guint64 interruptions;
static gboolean is_calm;

guint64
dh_cpu_calm_interruptions (void)
{
  struct rusage usage = { 0 };
  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_nivcsw;
}

gboolean
dh_cpu_calm_decide (gboolean calm, guint64 n, gint64 microseconds)
{
  const double second = n * 1e6 / (double)MAX (microseconds, 1);
  return calm ? second >= QUIET_SECOND : second >= BUSY_SECOND;
}

void
dh_cpu_calm_look (guint threads)
{
  if (threads < 2 || !g_mutex_trylock (&lock))
    return;
  const gint64 now = g_get_monotonic_time ();
  if (now - looked >= (is_calm ? LATER : SOON))
    {
      const guint64 n = dh_cpu_calm_interruptions ();
      const gboolean calm = looked != 0 && dh_cpu_calm_decide (is_calm, n - interruptions, now - looked);
      looked = now;
      interruptions = n;
      if (calm != is_calm)
        dh_cpu_calm_set (calm, threads);
      is_calm = calm;
    }
  g_mutex_unlock (&lock);
}

/* GNU's runtime turns a hundred times, microseconds, while more threads are its own than there are processors: they are
 * made, sleep, and go when the calm is over. */
#ifdef _OPENMP
static GMutex sleeping;
static GCond over;
static guint calm_number; /* odd: calm */
static gint slept;

static gpointer
do_nothing (gpointer data)
{
  return data;
}

/* The runtime ends the program where the system gives it no thread. */
static gboolean
can_have (int threads)
{
  g_autofree GThread **there = g_new0 (GThread *, threads);
  int n = 0;
  while (n < threads && (there[n] = g_thread_try_new ("calm", do_nothing, NULL, NULL)) != NULL)
    n++;
  for (int i = 0; i < n; i++)
    g_thread_join (there[i]);
  return n == threads;
}

static gpointer
sleep_through (gpointer data)
{
  const int threads = GPOINTER_TO_INT (data);
  if (can_have (threads))
    {
/* An empty one would be left out by the compiler. */
#pragma omp parallel num_threads(threads)
      g_atomic_int_inc (&slept);
    }
  g_mutex_lock (&sleeping);
  for (const guint mine = calm_number; calm_number == mine && mine % 2 == 1;)
    g_cond_wait (&over, &sleeping);
  g_mutex_unlock (&sleeping);
  return NULL;
}
#endif

void
dh_cpu_calm_set (gboolean calm, guint threads)
{
#ifdef _OPENMP
  if (g_getenv ("OMP_WAIT_POLICY") || g_getenv ("GOMP_SPINCOUNT"))
    return;
  /* What it counts: one, and of every team all but its first. */
  const int more = MAX (omp_get_num_procs () - (int)threads, 0) + 2;
  g_mutex_lock (&sleeping);
  if (calm != (calm_number % 2 == 1))
    {
      calm_number++;
      g_cond_broadcast (&over);
      GThread *thread = calm ? g_thread_try_new ("calm", sleep_through, GINT_TO_POINTER (more), NULL) : NULL;
      g_clear_pointer (&thread, g_thread_unref);
    }
  g_mutex_unlock (&sleeping);
#endif
}

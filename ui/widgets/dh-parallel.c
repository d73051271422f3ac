#include "dh-parallel-private.h"

#define MAX_HELPERS 7

typedef struct
{
  void (*func) (guint, gpointer);
  gpointer data;
  guint n;
  int next; /* atomic */
  GMutex mutex;
  GCond idle;
  guint n_helpers; /* still at it; under the mutex */
} Loop;

static void
run (Loop *loop)
{
  for (;;)
    {
      guint index = (guint)g_atomic_int_add (&loop->next, 1);
      if (index >= loop->n)
        return;
      loop->func (index, loop->data);
    }
}

static void
help (gpointer data, gpointer user_data)
{
  Loop *loop = data;
  run (loop);
  g_mutex_lock (&loop->mutex);
  if (--loop->n_helpers == 0)
    g_cond_signal (&loop->idle);
  g_mutex_unlock (&loop->mutex);
}

static GThreadPool *
get_pool (void)
{
  static gsize pool;
  if (g_once_init_enter (&pool))
    {
      guint n = CLAMP (g_get_num_processors () - 1, 1, MAX_HELPERS);
      /* Exclusive: its threads stand ready, and nobody else's work delays a frame. NULL where none can be started. */
      GThreadPool *made = g_thread_pool_new (help, NULL, (int)n, TRUE, NULL);
      g_once_init_leave (&pool, made ? (gsize)made : 1);
    }
  return pool == 1 ? NULL : (GThreadPool *)pool;
}

void
dh_parallel_for (guint n, void (*func) (guint, gpointer), gpointer data)
{
  Loop loop = { .func = func, .data = data, .n = n };
  guint n_helpers = MIN (n, g_get_num_processors ());
  n_helpers = n_helpers > 0 ? MIN (n_helpers - 1, MAX_HELPERS) : 0;
  GThreadPool *pool = n_helpers > 0 ? get_pool () : NULL;
  g_mutex_init (&loop.mutex);
  g_cond_init (&loop.idle);
  loop.n_helpers = pool ? n_helpers : 0;
  for (guint i = 0; pool && i < n_helpers; i++)
    g_thread_pool_push (pool, &loop, NULL);
  run (&loop);
  g_mutex_lock (&loop.mutex);
  while (loop.n_helpers > 0)
    g_cond_wait (&loop.idle, &loop.mutex);
  g_mutex_unlock (&loop.mutex);
  g_mutex_clear (&loop.mutex);
  g_cond_clear (&loop.idle);
}

#include "dh-prefetch.h"

struct _DhPrefetch
{
  guint64 end;
  guint ahead;
  DhPrefetchMake make;
  GDestroyNotify release;
  gpointer data;
  GThreadPool *pool; /* NULL without workers */
  GMutex mutex;
  GCond cond;
  GHashTable *made;  /* number → item */
  guint64 asked_for; /* numbers below were given to the pool */
  gint closing;
};

static void
work (gpointer data, gpointer user_data)
{
  DhPrefetch *prefetch = user_data;
  const guint64 number = GPOINTER_TO_SIZE (data) - 1;
  gpointer item = prefetch->make (number, prefetch->data);
  g_mutex_lock (&prefetch->mutex);
  g_hash_table_insert (prefetch->made, g_memdup2 (&number, sizeof number), item);
  g_cond_broadcast (&prefetch->cond);
  g_mutex_unlock (&prefetch->mutex);
}

DhPrefetch *
dh_prefetch_new (guint64 end, guint workers, DhPrefetchMake make, GDestroyNotify release, gpointer data)
{
  DhPrefetch *prefetch = g_new0 (DhPrefetch, 1);
  prefetch->end = end;
  prefetch->ahead = workers + 1;
  prefetch->make = make;
  prefetch->release = release;
  prefetch->data = data;
  g_mutex_init (&prefetch->mutex);
  g_cond_init (&prefetch->cond);
  prefetch->made = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, release);
  if (workers)
    prefetch->pool = g_thread_pool_new (work, prefetch, (gint)workers, FALSE, NULL);
  return prefetch;
}

void
dh_prefetch_free (DhPrefetch *prefetch)
{
  if (!prefetch)
    return;
  g_atomic_int_set (&prefetch->closing, TRUE);
  if (prefetch->pool)
    g_thread_pool_free (prefetch->pool, TRUE, TRUE);
  g_hash_table_unref (prefetch->made);
  g_mutex_clear (&prefetch->mutex);
  g_cond_clear (&prefetch->cond);
  g_free (prefetch);
}

/* Where no thread can be had the pool would wait for one for ever: what is made is kept, the rest the caller makes. */
static void
ask_for (DhPrefetch *prefetch, guint64 number)
{
  if (g_thread_pool_push (prefetch->pool, GSIZE_TO_POINTER (number + 1), NULL)
      || g_thread_pool_get_num_threads (prefetch->pool) > 0)
    return;
  g_thread_pool_free (prefetch->pool, TRUE, TRUE);
  prefetch->pool = NULL;
}

gpointer
dh_prefetch_take (DhPrefetch *prefetch, guint64 number)
{
  gpointer key, item;
  prefetch->asked_for = MAX (prefetch->asked_for, number);
  const guint64 end = MAX (number + 1, MIN (number + prefetch->ahead, prefetch->end));
  for (; prefetch->pool && prefetch->asked_for < end; prefetch->asked_for++)
    ask_for (prefetch, prefetch->asked_for);
  g_mutex_lock (&prefetch->mutex);
  gboolean found;
  while (!(found = g_hash_table_steal_extended (prefetch->made, &number, &key, &item)) && prefetch->pool)
    g_cond_wait (&prefetch->cond, &prefetch->mutex);
  g_mutex_unlock (&prefetch->mutex);
  if (!found)
    return prefetch->make (number, prefetch->data);
  g_free (key);
  return item;
}

gboolean
dh_prefetch_is_closing (DhPrefetch *prefetch)
{
  return g_atomic_int_get (&prefetch->closing);
}

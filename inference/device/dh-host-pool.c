#include "dh-host-pool.h"

#include <stdlib.h>
#include <unistd.h>

typedef struct
{
  DhHostPool *pool; /* owned reference while it is out */
  gpointer memory;
  gsize bytes;
  gboolean pinned, out; /* with the mutex held */
} Block;

struct _DhHostPool
{
  gatomicrefcount refs;
  DhHostPinning pinning; /* NULL functions: none */
  gpointer owner;
  gsize most;
  GMutex mutex;      /* guards all below */
  GPtrArray *pinned; /* Block, those that came back last at the end */
  gsize pinned_bytes;
};

DhHostPool *
dh_host_pool_new (const DhHostPinning *pinning, gpointer owner, gsize most)
{
  DhHostPool *pool = g_new0 (DhHostPool, 1);
  g_atomic_ref_count_init (&pool->refs);
  if (pinning)
    pool->pinning = *pinning;
  pool->owner = owner;
  pool->most = most;
  g_mutex_init (&pool->mutex);
  pool->pinned = g_ptr_array_new ();
  return pool;
}

void
dh_host_pool_unref (DhHostPool *pool)
{
  if (!pool || !g_atomic_ref_count_dec (&pool->refs))
    return;
  g_assert (pool->pinned->len == 0); /* the owner went without dh_host_pool_unpin() */
  g_ptr_array_unref (pool->pinned);
  g_mutex_clear (&pool->mutex);
  g_free (pool);
}

static void
free_block (Block *block)
{
  free (block->memory);
  g_free (block);
}

/* The last reference to a block's bytes is gone: any thread. */
static void
give_back (gpointer data)
{
  Block *block = data;
  DhHostPool *pool = block->pool;
  g_mutex_lock (&pool->mutex);
  const gboolean kept = block->pinned;
  block->out = FALSE;
  if (kept && g_ptr_array_remove (pool->pinned, block))
    g_ptr_array_add (pool->pinned, block);
  g_mutex_unlock (&pool->mutex);
  if (!kept)
    free_block (block);
  dh_host_pool_unref (pool);
}

/* With the mutex held: the smallest that waits and is not much too large. */
static Block *
find_waiting (DhHostPool *pool, gsize bytes)
{
  Block *found = NULL;
  for (guint i = 0; i < pool->pinned->len; i++)
    {
      Block *block = g_ptr_array_index (pool->pinned, i);
      if (!block->out && block->bytes >= bytes && block->bytes / 2 <= bytes && (!found || block->bytes < found->bytes))
        found = block;
    }
  return found;
}

/* With the mutex held: blocks that wait go, those that came back first before others, until there is room. */
static gboolean
make_room (DhHostPool *pool, gsize bytes)
{
  for (guint i = 0; i < pool->pinned->len && pool->pinned_bytes + bytes > pool->most;)
    {
      Block *block = g_ptr_array_index (pool->pinned, i);
      if (block->out)
        {
          i++;
          continue;
        }
      pool->pinned_bytes -= block->bytes;
      pool->pinning.unpin (pool->owner, block->memory);
      g_ptr_array_remove_index (pool->pinned, i);
      free_block (block);
    }
  return pool->pinned_bytes + bytes <= pool->most;
}

/* A new block, pinned where it can be; NULL where memory is short. */
static Block *
new_block (DhHostPool *pool, gsize bytes)
{
  const gsize page = (gsize)sysconf (_SC_PAGESIZE), whole = (bytes + page - 1) / page * page;
  g_mutex_lock (&pool->mutex);
  const gboolean may_pin = pool->pinning.pin && make_room (pool, whole);
  g_mutex_unlock (&pool->mutex);
  gpointer memory = may_pin ? aligned_alloc (page, whole) : malloc (bytes);
  if (!memory)
    return NULL;
  Block *block = g_new0 (Block, 1);
  block->memory = memory;
  block->bytes = whole;
  block->out = TRUE;
  /* It takes its time: nobody who brings a block back waits for it. */
  block->pinned = may_pin && pool->pinning.pin (pool->owner, memory, whole);
  if (!block->pinned)
    return block;
  g_mutex_lock (&pool->mutex);
  pool->pinned_bytes += whole;
  g_ptr_array_add (pool->pinned, block);
  g_mutex_unlock (&pool->mutex);
  return block;
}

GBytes *
dh_host_pool_take (DhHostPool *pool, gsize bytes)
{
  if (bytes == 0 || bytes > G_MAXSSIZE)
    return NULL;
  g_mutex_lock (&pool->mutex);
  Block *block = find_waiting (pool, bytes);
  if (block)
    block->out = TRUE;
  g_mutex_unlock (&pool->mutex);
  if (!block && !(block = new_block (pool, bytes)))
    return NULL;
  block->pool = pool;
  g_atomic_ref_count_inc (&pool->refs);
  return g_bytes_new_with_free_func (block->memory, bytes, give_back, block);
}

void
dh_host_pool_unpin (DhHostPool *pool)
{
  g_mutex_lock (&pool->mutex);
  for (guint i = 0; i < pool->pinned->len; i++)
    {
      Block *block = g_ptr_array_index (pool->pinned, i);
      block->pinned = FALSE;
      pool->pinning.unpin (pool->owner, block->memory);
      if (!block->out)
        free_block (block);
    }
  g_ptr_array_set_size (pool->pinned, 0);
  pool->pinned_bytes = 0;
  g_mutex_unlock (&pool->mutex);
}

gsize
dh_host_pool_pinned (DhHostPool *pool)
{
  g_mutex_lock (&pool->mutex);
  const gsize bytes = pool->pinned_bytes;
  g_mutex_unlock (&pool->mutex);
  return bytes;
}

#include <string.h>

#include "dh-host-pool.h"

/* Blocks of memory that a device pins, lends and takes back: the bound, other threads, an owner that goes first. */

typedef struct
{
  GHashTable *pinned; /* memory → bytes */
  gsize bytes;
  guint n_pins;
  gboolean refuses;
} Owner;

static gboolean
pin (gpointer data, gpointer memory, gsize bytes)
{
  Owner *owner = data;
  if (owner->refuses)
    return FALSE;
  g_assert_true (g_hash_table_insert (owner->pinned, memory, GSIZE_TO_POINTER (bytes)));
  owner->bytes += bytes;
  owner->n_pins++;
  return TRUE;
}

static void
unpin (gpointer data, gpointer memory)
{
  Owner *owner = data;
  owner->bytes -= GPOINTER_TO_SIZE (g_hash_table_lookup (owner->pinned, memory));
  g_assert_true (g_hash_table_remove (owner->pinned, memory));
}

static const DhHostPinning pinning = { pin, unpin };

static gboolean
is_pinned (const Owner *owner, GBytes *block)
{
  return g_hash_table_contains (owner->pinned, g_bytes_get_data (block, NULL));
}

static GBytes *
take (DhHostPool *pool, gsize bytes, gint fill)
{
  GBytes *block = dh_host_pool_take (pool, bytes);
  g_assert_nonnull (block);
  g_assert_cmpuint (g_bytes_get_size (block), ==, bytes);
  memset ((gpointer)g_bytes_get_data (block, NULL), fill, bytes);
  return block;
}

/* What comes back is used again, where it fits; what waits makes room for other sizes; and beyond the bound memory is
 * plain. */
static void
test_bound (void)
{
  enum
  {
    MOST = 1 << 20,
    SIZE = 300 * 1000,
  };
  Owner owner = { .pinned = g_hash_table_new (NULL, NULL) };
  DhHostPool *pool = dh_host_pool_new (&pinning, &owner, MOST);
  GBytes *blocks[5];
  for (guint i = 0; i < 5; i++)
    {
      blocks[i] = take (pool, SIZE, (gint)i);
      g_assert_true (is_pinned (&owner, blocks[i]) == (i < 3));
      g_assert_cmpuint (dh_host_pool_pinned (pool), ==, owner.bytes);
      g_assert_cmpuint (owner.bytes, <=, MOST);
    }
  for (guint i = 0; i < 5; i++)
    {
      g_assert_cmpint (((const guint8 *)g_bytes_get_data (blocks[i], NULL))[SIZE - 1], ==, i);
      g_bytes_unref (blocks[i]);
    }
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (GBytes) a = take (pool, SIZE, 1), b = take (pool, SIZE - 1000, 2);
      g_assert_true (is_pinned (&owner, a) && is_pinned (&owner, b));
    }
  g_assert_cmpuint (owner.n_pins, ==, 3);
  g_autoptr (GBytes) large = take (pool, MOST - 5000, 3), larger = take (pool, MOST + 1, 4);
  g_assert_true (is_pinned (&owner, large) && !is_pinned (&owner, larger));
  g_autoptr (GBytes) small = take (pool, 10, 5); /* not out of proportion */
  g_assert_cmpuint (owner.bytes, <=, MOST);
  g_assert_null (dh_host_pool_take (pool, 0));
  g_assert_null (dh_host_pool_take (pool, G_MAXSIZE));
  dh_host_pool_unpin (pool);
  dh_host_pool_unref (pool);
  g_assert_cmpuint (owner.bytes, ==, 0);
  g_hash_table_unref (owner.pinned);
}

/* The owner goes, is refused, comes again: what is out stays what it is. */
static void
test_owner (void)
{
  Owner owner = { .pinned = g_hash_table_new (NULL, NULL) };
  DhHostPool *pool = dh_host_pool_new (&pinning, &owner, 1 << 20);
  g_autoptr (GBytes) before = take (pool, 5000, 6);
  g_bytes_unref (take (pool, 9000, 7));
  dh_host_pool_unpin (pool);
  g_assert_cmpuint (g_hash_table_size (owner.pinned), ==, 0);
  g_assert_cmpuint (dh_host_pool_pinned (pool), ==, 0);
  g_autoptr (GBytes) after = take (pool, 5000, 8);
  g_assert_true (is_pinned (&owner, after) && !is_pinned (&owner, before));
  owner.refuses = TRUE;
  g_autoptr (GBytes) refused = take (pool, 5000, 9);
  g_assert_false (is_pinned (&owner, refused));
  dh_host_pool_unpin (pool);
  dh_host_pool_unref (pool);
  g_hash_table_unref (owner.pinned);
  g_assert_cmpint (((const guint8 *)g_bytes_get_data (before, NULL))[4999], ==, 6);
  g_assert_cmpint (((const guint8 *)g_bytes_get_data (after, NULL))[4999], ==, 8);
}

static void
test_plain (void)
{
  DhHostPool *pool = dh_host_pool_new (NULL, NULL, 1 << 20);
  g_autoptr (GBytes) block = take (pool, 5000, 1);
  g_assert_cmpuint (dh_host_pool_pinned (pool), ==, 0);
  dh_host_pool_unpin (pool);
  dh_host_pool_unref (pool);
}

static gpointer
drop_all (gpointer data)
{
  GAsyncQueue *queue = data;
  GBytes *block;
  guint n = 0;
  while (g_bytes_get_size (block = g_async_queue_pop (queue)) > 1)
    {
      g_bytes_unref (block);
      n++;
    }
  g_bytes_unref (block);
  return GUINT_TO_POINTER (n);
}

/* Taken on one thread, dropped on another, while the owner comes and goes. */
static void
test_threads (void)
{
  enum
  {
    BLOCKS = 2000
  };
  Owner owner = { .pinned = g_hash_table_new (NULL, NULL) };
  DhHostPool *pool = dh_host_pool_new (&pinning, &owner, 100 * 4096);
  GAsyncQueue *queue = g_async_queue_new ();
  GThread *thread = g_thread_new ("window", drop_all, queue);
  for (guint i = 0; i < BLOCKS; i++)
    {
      g_async_queue_push (queue, take (pool, 2 + i * 37 % 20000, 1));
      if (i % 97 == 0)
        dh_host_pool_unpin (pool);
    }
  dh_host_pool_unpin (pool);
  g_async_queue_push (queue, take (pool, 1, 1));
  dh_host_pool_unpin (pool);
  dh_host_pool_unref (pool);
  g_assert_cmpuint (GPOINTER_TO_UINT (g_thread_join (thread)), ==, BLOCKS);
  g_async_queue_unref (queue);
  g_assert_cmpuint (owner.bytes, ==, 0);
  g_hash_table_unref (owner.pinned);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-pool/bound", test_bound);
  g_test_add_func ("/host-pool/owner", test_owner);
  g_test_add_func ("/host-pool/plain", test_plain);
  g_test_add_func ("/host-pool/threads", test_threads);
  return g_test_run ();
}

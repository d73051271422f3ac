#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Blocks of the host's memory that a device copies its results into and that whoever shows or keeps them holds as they
 * are: no copy lies between. Where a device can pin memory, for itself to reach, blocks are pinned, and used again when
 * they come back; at most `most` bytes of them at a time: what is asked for beyond that is plain memory, which is
 * slower to copy to and no less right.
 *
 * The memory is the pool's and not the device's: a block stays for as long as somebody holds it, whether the device is
 * lost, opened again or closed meanwhile. Reference counted; each block that is out holds the pool. Blocks come back on
 * any thread; everything else is the device's. */
typedef struct _DhHostPool DhHostPool;

typedef struct
{
  /* Whole pages. FALSE where it cannot be, which is no error. */
  gboolean (*pin) (gpointer owner, gpointer memory, gsize bytes);
  /* Also of what the owner lost. Nothing may be copied there any more. */
  void (*unpin) (gpointer owner, gpointer memory);
} DhHostPinning;

/* `pinning` NULL: plain memory alone. */
DhHostPool *dh_host_pool_new (const DhHostPinning *pinning, gpointer owner, gsize most);
void dh_host_pool_unref (DhHostPool *pool);
/* A block of that size, its contents undefined; it comes back with the last reference. NULL where memory is short. */
GBytes *dh_host_pool_take (DhHostPool *pool, gsize bytes);
/* Nothing is pinned any more, neither what is out: before its owner goes or begins anew. */
void dh_host_pool_unpin (DhHostPool *pool);
/* Bytes pinned now, out or waiting. */
gsize dh_host_pool_pinned (DhHostPool *pool);

G_END_DECLS

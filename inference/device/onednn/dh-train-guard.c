#include <string.h>
#include "dh-error.h"
#include "dh-train-private.h"

/* DH_DEBUG=guards in training: blocks have room behind them, all of the arena is NaN before a batch, and after each
 * step what belongs to no block that is in use then must be as it was, and what lies behind each thread's scratch. */

#define ROOM ((gsize)4096)

gsize
dh_train_guard_place (DhTrain *train)
{
  const gsize room = train->guards ? ROOM : 0;
  for (guint i = 0; i < train->blocks->len; i++)
    ((DhArenaBlock *)g_ptr_array_index (train->blocks, i))->size += room;
  const gsize bytes = dh_arena_place (train->blocks, 4096);
  for (guint i = 0; i < train->blocks->len; i++)
    ((DhArenaBlock *)g_ptr_array_index (train->blocks, i))->size -= room;
  train->scratch_bytes += room;
  return bytes;
}

/* All bytes that the step may write are taken from `after`. */
static void
forgive (char *before, const char *after, gsize from, gsize bytes)
{
  memcpy (before + from, after + from, bytes);
}

gboolean
dh_train_guard_step (DhTrain *train, guint number, GError **error)
{
  DhTrainStep *step = g_ptr_array_index (train->steps, number);
  const char *arena = (const char *)train->arena;
  g_autofree char *before = g_memdup2 (arena, train->arena_bytes);
  if (!step->run (train, step, error))
    return FALSE;
  for (guint i = 0; i < train->blocks->len; i++)
    {
      const DhArenaBlock *block = g_ptr_array_index (train->blocks, i);
      if (block->first <= (gint)number && block->last >= (gint)number)
        forgive (before, arena, block->offset, block->size);
    }
  for (gint thread = 0; thread < train->threads; thread++)
    forgive (before, arena, train->scratch_offset + train->scratch_bytes * thread, train->scratch_bytes - ROOM);
  if (memcmp (before, arena, train->arena_bytes) == 0)
    return TRUE;
  gsize at = 0;
  while (before[at] == arena[at])
    at++;
  g_set_error (error, DH_ERROR, DH_ERROR_FAILED,
               "The step “%s” of %s wrote where nothing of it is, at byte %" G_GSIZE_FORMAT " of the arena", step->name,
               step->implementation, at);
  return FALSE;
}

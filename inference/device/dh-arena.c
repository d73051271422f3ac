#include "dh-arena.h"

static gint
compare_size (gconstpointer a, gconstpointer b)
{
  const DhArenaBlock *x = *(DhArenaBlock *const *)a, *y = *(DhArenaBlock *const *)b;
  if (x->size != y->size)
    return x->size < y->size ? 1 : -1;
  return x->first < y->first ? -1 : x->first > y->first;
}

static gint
compare_offset (gconstpointer a, gconstpointer b)
{
  const DhArenaBlock *x = *(DhArenaBlock *const *)a, *y = *(DhArenaBlock *const *)b;
  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

gsize
dh_arena_place (GPtrArray *blocks, gsize align)
{
  g_autoptr (GPtrArray) order = g_ptr_array_new ();
  g_autoptr (GPtrArray) placed = g_ptr_array_new ();
  gsize total = 0;
  for (guint i = 0; i < blocks->len; i++)
    g_ptr_array_add (order, g_ptr_array_index (blocks, i));
  g_ptr_array_sort (order, compare_size);
  for (guint i = 0; i < order->len; i++)
    {
      DhArenaBlock *block = g_ptr_array_index (order, i);
      gsize at = 0;
      if (block->last < block->first)
        continue;
      for (guint j = 0; j < placed->len; j++)
        {
          const DhArenaBlock *other = g_ptr_array_index (placed, j);
          if (other->last < block->first || other->first > block->last)
            continue;
          if (at + block->size <= other->offset)
            break;
          at = MAX (at, (other->offset + other->size + align - 1) / align * align);
        }
      block->offset = at;
      total = MAX (total, at + block->size);
      g_ptr_array_add (placed, block);
      g_ptr_array_sort (placed, compare_offset);
    }
  return total;
}

#include "dh-tally-private.h"
#include <string.h>

#define DENSE_BYTES DH_TALLY_PAGE
#define MAX_LIST DH_TALLY_MAX_LIST
#define FIRST_LIST 16

void
dh_tally_release (DhTally *tally)
{
  for (guint p = 0; p < DH_TALLY_PAGES; p++)
    g_free (tally->pages[p].data);
  g_clear_pointer (&tally->carries, g_hash_table_unref);
}

void
dh_tally_clear (DhTally *tally)
{
  for (guint p = 0; p < DH_TALLY_PAGES; p++)
    {
      DhTallyPage *page = &tally->pages[p];
      page->n = 0;
      if (!page->dense)
        continue;
      /* the same 64 KiB hold a list of the greatest length */
      page->dense = FALSE;
      page->capacity = MAX_LIST;
    }
  tally->total = 0;
  g_clear_pointer (&tally->carries, g_hash_table_unref);
}

void
dh_tally_carry (DhTally *tally, guint32 key)
{
  if (!tally->carries)
    tally->carries = g_hash_table_new (NULL, NULL);
  gpointer name = GUINT_TO_POINTER (key);
  const gsize times = GPOINTER_TO_SIZE (g_hash_table_lookup (tally->carries, name));
  g_hash_table_insert (tally->carries, name, GSIZE_TO_POINTER (times + 1));
}

static gboolean
make_dense (DhTally *tally, DhTallyPage *page, guint32 high)
{
  guint8 *counters = g_try_malloc0 (DENSE_BYTES);
  if (!counters)
    return FALSE;
  const guint16 *list = page->data;
  for (guint i = 0; i < page->n; i++)
    if (++counters[list[i]] == 0)
      dh_tally_carry (tally, high | list[i]);
  tally->bytes += DENSE_BYTES - page->capacity * sizeof *list;
  g_free (page->data);
  page->data = counters;
  page->dense = TRUE;
  return TRUE;
}

/* Makes room for one key more in a full list. */
static gboolean
grow (DhTally *tally, DhTallyPage *page, guint32 high)
{
  if (page->capacity >= MAX_LIST)
    return make_dense (tally, page, high);
  const guint32 capacity = MIN (MAX (FIRST_LIST, page->capacity + page->capacity / 2), MAX_LIST);
  guint16 *list = g_try_realloc_n (page->data, capacity, sizeof *list);
  if (!list)
    return FALSE;
  tally->bytes += (capacity - page->capacity) * sizeof *list;
  page->data = list;
  page->capacity = capacity;
  return TRUE;
}

gboolean
dh_tally_add_slow (DhTally *tally, guint32 key)
{
  return grow (tally, &tally->pages[key >> 16], key & 0xffff0000u) && dh_tally_add (tally, key);
}

static gboolean
merge_list (DhTally *tally, guint32 high, const DhTallyPage *from)
{
  const guint16 *list = from->data;
  for (guint i = 0; i < from->n; i++)
    if (!dh_tally_add (tally, high | list[i]))
      return FALSE;
  return TRUE;
}

static gboolean
merge_dense (DhTally *tally, guint32 high, const DhTallyPage *from)
{
  DhTallyPage *page = &tally->pages[high >> 16];
  if (!page->dense && !make_dense (tally, page, high))
    return FALSE;
  guint8 *counters = page->data;
  const guint8 *other = from->data;
  for (guint i = 0; i < DENSE_BYTES; i++)
    {
      const guint sum = counters[i] + other[i];
      counters[i] = sum;
      if (G_UNLIKELY (sum > 255))
        dh_tally_carry (tally, high | i);
    }
  page->n += from->n;
  return TRUE;
}

gboolean
dh_tally_merge (DhTally *tally, const DhTally *other)
{
  for (guint p = 0; p < DH_TALLY_PAGES; p++)
    {
      const DhTallyPage *from = &other->pages[p];
      if (from->n && !(from->dense ? merge_dense : merge_list) (tally, (guint32)p << 16, from))
        return FALSE;
    }
  tally->total += other->total;
  if (!other->carries)
    return TRUE;
  if (!tally->carries)
    tally->carries = g_hash_table_new (NULL, NULL);
  GHashTableIter iter;
  gpointer key, times;
  g_hash_table_iter_init (&iter, other->carries);
  while (g_hash_table_iter_next (&iter, &key, &times))
    {
      const gsize sum = GPOINTER_TO_SIZE (times) + GPOINTER_TO_SIZE (g_hash_table_lookup (tally->carries, key));
      g_hash_table_insert (tally->carries, key, GSIZE_TO_POINTER (sum));
    }
  return TRUE;
}

void
dh_tally_expand (const DhTally *tally, guint number, guint64 *counts, DhTallyOccupied *occupied)
{
  const DhTallyPage *page = &tally->pages[number];
  if (!page->dense)
    {
      const guint16 *list = page->data;
      for (guint i = 0; i < page->n; i++)
        {
          counts[list[i]]++;
          dh_tally_occupy (occupied, list[i]);
        }
      return;
    }
  const guint8 *counters = page->data;
  for (guint word = 0; word < DENSE_BYTES / 64; word++)
    {
      guint64 bits = 0;
      for (guint i = 0; i < 64; i++)
        {
          const guint8 count = counters[64 * word + i];
          counts[64 * word + i] += count;
          bits |= (guint64)(count != 0) << i;
        }
      occupied->keys[word] |= bits;
      occupied->words[word >> 6] |= (guint64)(bits != 0) << (word & 63);
    }
}

guint64
dh_tally_count_from (const DhTally *tally, guint number, guint32 low)
{
  const DhTallyPage *page = &tally->pages[number];
  guint64 sum = 0;
  if (page->dense)
    {
      const guint8 *counters = page->data;
      for (guint i = low; i < DENSE_BYTES; i++)
        sum += counters[i];
    }
  else
    {
      const guint16 *list = page->data;
      for (guint i = 0; i < page->n; i++)
        sum += list[i] >= low;
    }
  return sum;
}

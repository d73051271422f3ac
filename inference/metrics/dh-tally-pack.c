#include <string.h>
#include "dh-tally-form-private.h"

#define N_WIDTHS 4
static const guint widths[N_WIDTHS] = { 1, 2, 4, 8 };

typedef struct
{
  guint64 counts[DH_TALLY_PAGE];
  DhTallyOccupied occupied;
} Page;

/* Calls for every key that occurs, in order. */
typedef void (*ForKey) (guint low, guint64 count, gpointer data);

G_ALWAYS_INLINE static inline void
for_keys (const Page *page, ForKey call, gpointer data)
{
  for (guint word = 0; word < G_N_ELEMENTS (page->occupied.keys); word++)
    for (guint64 bits = page->occupied.keys[word]; bits; bits &= bits - 1)
      {
        const guint low = 64 * word + (guint)__builtin_ctzll (bits);
        call (low, page->counts[low], data);
      }
}

/* Nearly all of what stands behind a plane is a byte each. */
typedef struct
{
  gint last;
  gsize sparse, planes[N_WIDTHS]; /* bytes */
} Sizes;

static inline void
add_size (guint low, guint64 count, gpointer data)
{
  Sizes *sizes = data;
  const gint gap = (gint)low - sizes->last - 1;
  sizes->sparse += 1 + (gap >= 1 << 6) + (gap >= 1 << 13) + (count > 1);
  sizes->last = (gint)low;
  for (guint w = 0; w < N_WIDTHS; w++)
    sizes->planes[w] += count >= (1u << widths[w]) - 1;
}

/* DH_TALLY_SPARSE or the bits. */
static guint
choose_form (const Page *page)
{
  Sizes sizes = { .last = -1 };
  for (guint w = 0; w < N_WIDTHS; w++)
    sizes.planes[w] = DH_TALLY_PAGE / 8 * widths[w];
  for_keys (page, add_size, &sizes);
  guint form = DH_TALLY_SPARSE;
  gsize least = sizes.sparse;
  for (guint w = 0; w < N_WIDTHS; w++)
    if (sizes.planes[w] < least)
      {
        least = sizes.planes[w];
        form = widths[w];
      }
  return form;
}

typedef struct
{
  DhPack *to;
  gint last;
  guint width;
  guint8 *plane;
} Writing;

static inline void
write_sparse (guint low, guint64 count, gpointer data)
{
  Writing *writing = data;
  dh_pack_count (writing->to, 2 * (guint64)((gint)low - writing->last - 1) + (count > 1));
  if (count > 1)
    dh_pack_count (writing->to, count);
  writing->last = (gint)low;
}

static inline void
put_in_plane (guint low, guint64 count, gpointer data)
{
  const Writing *writing = data;
  const guint width = writing->width, bytes = DH_TALLY_EACH / 8 * width, i = low % DH_TALLY_EACH;
  writing->plane[low / DH_TALLY_EACH * bytes + i % bytes] |= MIN (count, (1u << width) - 1) << i / bytes * width;
}

static inline void
write_rest (guint low, guint64 count, gpointer data)
{
  const Writing *writing = data;
  const guint64 most = (1u << writing->width) - 1;
  if (count >= most)
    dh_pack_count (writing->to, count - most);
}

static inline void
forget (guint low, guint64 count, gpointer page)
{
  ((Page *)page)->counts[low] = 0;
}

static void
write_counts (const Page *page, guint8 *plane, DhPack *to)
{
  Writing writing = { to, -1, choose_form (page), plane };
  dh_pack_byte (to, (guint8)writing.width);
  if (writing.width == DH_TALLY_SPARSE)
    {
      for_keys (page, write_sparse, &writing);
      return;
    }
  memset (plane, 0, DH_TALLY_PAGE);
  for_keys (page, put_in_plane, &writing);
  dh_pack_bytes (to, plane, DH_TALLY_PAGE / 8 * writing.width);
  for_keys (page, write_rest, &writing);
}

typedef struct
{
  guint32 key;
  guint64 count;
} Carry;

static int
compare_carries (const void *a, const void *b)
{
  const guint32 x = ((const Carry *)a)->key, y = ((const Carry *)b)->key;
  return (x > y) - (x < y);
}

static GArray *
sort_carries (const DhTally *tally)
{
  GArray *list = g_array_new (FALSE, FALSE, sizeof (Carry));
  GHashTableIter iter;
  gpointer key, times;
  if (!tally->carries)
    return list;
  g_hash_table_iter_init (&iter, tally->carries);
  while (g_hash_table_iter_next (&iter, &key, &times))
    {
      const Carry carry = { GPOINTER_TO_UINT (key), (guint64)GPOINTER_TO_SIZE (times) << 8 };
      g_array_append_val (list, carry);
    }
  g_array_sort (list, compare_carries);
  return list;
}

gboolean
dh_tally_pack (const DhTally *tally, DhPack *to)
{
  guint n_pages = 0, next = 0;
  for (guint p = 0; p < DH_TALLY_PAGES; p++)
    n_pages += tally->pages[p].n > 0;
  g_autofree Page *page = g_try_new0 (Page, 1);
  g_autofree guint8 *plane = g_try_malloc (DH_TALLY_PAGE);
  if (!page || !plane)
    return FALSE;
  g_autoptr (GArray) carries = sort_carries (tally);
  guint carry = 0;
  dh_pack_count (to, tally->total);
  dh_pack_count (to, n_pages);
  for (guint p = 0; p < DH_TALLY_PAGES; p++)
    {
      if (!tally->pages[p].n)
        continue;
      dh_tally_expand (tally, p, page->counts, &page->occupied);
      for (; carry < carries->len && g_array_index (carries, Carry, carry).key >> 16 == p; carry++)
        {
          const guint low = g_array_index (carries, Carry, carry).key & 0xffff;
          page->counts[low] += g_array_index (carries, Carry, carry).count;
          dh_tally_occupy (&page->occupied, low);
        }
      dh_pack_count (to, p - next);
      dh_pack_count (to, tally->pages[p].n);
      write_counts (page, plane, to);
      for_keys (page, forget, page);
      memset (&page->occupied, 0, sizeof page->occupied);
      next = p + 1;
    }
  return TRUE;
}

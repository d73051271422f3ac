#include <string.h>
#include "dh-key-private.h"
#include "dh-tally-private.h"

/* Each page that is not empty, in order: how many pages lie between, how many keys were added, its form, its counts.
 * SPARSE: of each key that occurs twice the keys between it and the one before, and 1 more where it occurs more than
 * once, and then how often. Else so many bits for each of the 65536 keys, the first in the lowest; where all of them
 * are set the rest of the count stands behind the page, in the order of the keys. The shortest is taken. */
enum
{
  SPARSE = 0,
  PLANE = DH_TALLY_PAGE,
  N_WIDTHS = 4,
};
#define NEGATIVE_ZERO 0x7fffffffu /* would be its key, were it not that of 0 */
static const guint widths[N_WIDTHS] = { 1, 2, 4, 8 };

static guint
bytes_of_count (guint64 value)
{
  guint n = 1;
  for (; value > 0x7f; value >>= 7)
    n++;
  return n;
}

typedef struct
{
  guint64 counts[DH_TALLY_PAGE];
  DhTallyOccupied occupied;
} Page;

/* Calls for every key that occurs, in order. */
typedef void (*ForKey) (guint low, guint64 count, gpointer data);

static void
for_keys (const Page *page, ForKey call, gpointer data)
{
  for (guint word = 0; word < G_N_ELEMENTS (page->occupied.keys); word++)
    for (guint64 bits = page->occupied.keys[word]; bits; bits &= bits - 1)
      {
        const guint low = 64 * word + (guint)__builtin_ctzll (bits);
        call (low, page->counts[low], data);
      }
}

typedef struct
{
  gint last;
  gsize sparse, planes[N_WIDTHS]; /* bytes */
} Sizes;

static void
add_size (guint low, guint64 count, gpointer data)
{
  Sizes *sizes = data;
  sizes->sparse +=
      bytes_of_count (2 * (guint64)((gint)low - sizes->last - 1)) + (count > 1 ? bytes_of_count (count) : 0);
  sizes->last = (gint)low;
  for (guint w = 0; w < N_WIDTHS; w++)
    {
      const guint64 most = (1u << widths[w]) - 1;
      sizes->planes[w] += count >= most ? bytes_of_count (count - most) : 0;
    }
}

/* SPARSE or the bits. */
static guint
choose_form (const Page *page)
{
  Sizes sizes = { .last = -1 };
  for (guint w = 0; w < N_WIDTHS; w++)
    sizes.planes[w] = PLANE / 8 * widths[w];
  for_keys (page, add_size, &sizes);
  guint form = SPARSE;
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

static void
write_sparse (guint low, guint64 count, gpointer data)
{
  Writing *writing = data;
  dh_pack_count (writing->to, 2 * (guint64)((gint)low - writing->last - 1) + (count > 1));
  if (count > 1)
    dh_pack_count (writing->to, count);
  writing->last = (gint)low;
}

static void
put_in_plane (guint low, guint64 count, gpointer data)
{
  const Writing *writing = data;
  const guint bit = low * writing->width;
  writing->plane[bit / 8] |= MIN (count, (1u << writing->width) - 1) << bit % 8;
}

static void
write_rest (guint low, guint64 count, gpointer data)
{
  const Writing *writing = data;
  const guint64 most = (1u << writing->width) - 1;
  if (count >= most)
    dh_pack_count (writing->to, count - most);
}

static void
forget (guint low, guint64 count, gpointer page)
{
  ((Page *)page)->counts[low] = 0;
}

static void
write_counts (const Page *page, guint8 *plane, DhPack *to)
{
  Writing writing = { to, -1, choose_form (page), plane };
  dh_pack_byte (to, (guint8)writing.width);
  if (writing.width == SPARSE)
    {
      for_keys (page, write_sparse, &writing);
      return;
    }
  memset (plane, 0, PLANE);
  for_keys (page, put_in_plane, &writing);
  dh_pack_bytes (to, plane, PLANE / 8 * writing.width);
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
  g_autofree guint8 *plane = g_try_malloc (PLANE);
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

typedef struct
{
  DhTally *tally;
  DhTallyPage *page; /* its memory is there */
  guint32 high;
  guint64 left; /* of its keys */
} Filling;

/* Carries stand beside counters alone. */
static inline gboolean
fill (Filling *filling, guint low, guint64 count)
{
  DhTallyPage *page = filling->page;
  if (count > filling->left)
    return FALSE;
  filling->left -= count;
  if (!page->dense)
    {
      for (guint64 i = 0; i < count; i++)
        ((guint16 *)page->data)[page->n++] = (guint16)low;
      return TRUE;
    }
  ((guint8 *)page->data)[low] = count & 0xff;
  page->n += count;
  if (count > 0xff)
    {
      if ((filling->high | low) == NEGATIVE_ZERO)
        return FALSE;
      if (!filling->tally->carries)
        filling->tally->carries = g_hash_table_new (NULL, NULL);
      g_hash_table_insert (filling->tally->carries, GUINT_TO_POINTER (filling->high | low),
                           GSIZE_TO_POINTER ((gsize)(count >> 8)));
    }
  return TRUE;
}

static gboolean
read_sparse (Filling *filling, DhUnpack *from)
{
  DhTallyPage *page = filling->page;
  for (guint low = 0; filling->left > 0; low++)
    {
      const guint64 value = dh_unpack_count (from, 2 * DH_TALLY_PAGE - 1);
      const guint64 count = value & 1 ? dh_unpack_count (from, filling->left) : 1;
      low += (guint)(value >> 1);
      if (low >= DH_TALLY_PAGE || count <= (value & 1) || from->failed)
        return FALSE;
      if (count == 1 && !page->dense)
        {
          ((guint16 *)page->data)[page->n++] = (guint16)low;
          filling->left--;
        }
      else if (!fill (filling, low, count))
        return FALSE;
    }
  return TRUE;
}

enum
{
  EACH = 64, /* values that are spread at once */
};

/* A byte for each of so many keys, the first of the plane's. */
static inline void
spread (const guint8 *plane, guint width, guint8 *values)
{
  const guint each = 8 / width, most = (1u << width) - 1;
  for (guint i = 0; i < EACH / each; i++)
    for (guint k = 0; k < each; k++)
      values[i * each + k] = plane[i] >> k * width & most;
}

static inline void
spread_any (const guint8 *plane, guint width, guint8 *values)
{
  if (width == 1)
    spread (plane, 1, values);
  else if (width == 2)
    spread (plane, 2, values);
  else if (width == 4)
    spread (plane, 4, values);
  else
    memcpy (values, plane, EACH);
}

/* Counters whose counts are all there are as they stand; no branch depends on them. */
static gboolean
take_whole (Filling *filling, guint at, guint most, const guint8 *values)
{
  guint sum = 0, more = 0;
  for (guint i = 0; i < EACH; i++)
    {
      sum += values[i];
      more |= values[i] == most;
    }
  if (more || sum > filling->left)
    return FALSE;
  memcpy ((guint8 *)filling->page->data + at, values, EACH);
  filling->page->n += sum;
  filling->left -= sum;
  return TRUE;
}

/* The same one by one, and those that occur alone. */
static gboolean
take_each (Filling *filling, guint at, guint width, const guint8 *plane, DhUnpack *from)
{
  const guint most = (1u << width) - 1, each = 64 / width;
  const guint64 firsts = G_MAXUINT64 / most; /* the lowest bit of each */
  for (guint k = 0; k < width; k++, plane += 8, at += each)
    {
      guint64 word;
      memcpy (&word, plane, sizeof word);
      word = GUINT64_FROM_LE (word);
      guint64 there = word;
      for (guint shift = 1; shift < width; shift *= 2)
        there |= there >> shift;
      for (there &= firsts; there; there &= there - 1)
        {
          const guint bit = (guint)__builtin_ctzll (there);
          guint64 count = word >> bit & most;
          if (count == most)
            count += dh_unpack_count (from, filling->left);
          if (!fill (filling, at + bit / width, count))
            return FALSE;
        }
    }
  return TRUE;
}

static gboolean
read_plane (Filling *filling, guint width, DhUnpack *from)
{
  const guint8 *plane = dh_unpack_bytes (from, PLANE / 8 * width);
  const guint most = (1u << width) - 1;
  for (guint at = 0; plane && at < DH_TALLY_PAGE; at += EACH, plane += EACH / 8 * width)
    {
      guint8 values[EACH];
      if (filling->page->dense)
        {
          spread_any (plane, width, values);
          if (take_whole (filling, at, most, values))
            continue;
        }
      if (!take_each (filling, at, width, plane, from))
        return FALSE;
    }
  return plane != NULL && !from->failed;
}

/* That key would be the last, of either kind. */
static gboolean
has_last_key (const DhTallyPage *page)
{
  return page->dense ? ((const guint8 *)page->data)[DH_TALLY_PAGE - 1] != 0
                     : ((const guint16 *)page->data)[page->n - 1] == DH_TALLY_PAGE - 1;
}

static gboolean
make_room (DhTally *tally, DhTallyPage *page, guint64 n)
{
  page->dense = n > DH_TALLY_MAX_LIST;
  page->capacity = page->dense ? 0 : (guint32)n;
  const gsize bytes = page->dense ? DH_TALLY_PAGE : page->capacity * sizeof (guint16);
  page->data = g_try_malloc0 (bytes);
  if (page->data)
    tally->bytes += bytes;
  return page->data != NULL;
}

static gboolean
read_page (DhTally *tally, guint number, guint64 most, DhUnpack *from)
{
  DhTallyPage *page = &tally->pages[number];
  const guint64 n = dh_unpack_count (from, most);
  const guint form = dh_unpack_byte (from);
  Filling filling = { tally, page, (guint32)number << 16, n };
  const gboolean is_finite = !dh_bits_non_finite (dh_float_bits (dh_key_to_float (filling.high)));
  if (n == 0 || !is_finite || !(form == SPARSE || form == 1 || form == 2 || form == 4 || form == 8)
      || !make_room (tally, page, n))
    return FALSE;
  return (form == SPARSE ? read_sparse (&filling, from) : read_plane (&filling, form, from)) && filling.left == 0
         && !((filling.high | (DH_TALLY_PAGE - 1)) == NEGATIVE_ZERO && has_last_key (page));
}

gboolean
dh_tally_unpack (DhTally *tally, guint64 most, DhUnpack *from)
{
  const guint64 total = dh_unpack_count (from, most);
  const guint n_pages = (guint)dh_unpack_count (from, DH_TALLY_PAGES);
  guint64 left = total;
  guint page = 0;
  for (guint i = 0; i < n_pages; i++, page++)
    {
      page += (guint)dh_unpack_count (from, DH_TALLY_PAGES - 1);
      if (from->failed || page >= DH_TALLY_PAGES || !read_page (tally, page, left, from))
        return dh_unpack_fail (from);
      left -= tally->pages[page].n;
    }
  tally->total = total;
  return !from->failed && left == 0 ? TRUE : dh_unpack_fail (from);
}

#include <string.h>
#include "dh-key-private.h"
#include "dh-tally-form-private.h"

#define NEGATIVE_ZERO 0x7fffffffu /* would be its key, were it not that of 0 */

typedef struct
{
  DhTally *tally;
  DhTallyPage *page; /* its memory is there */
  guint32 high;
  guint64 left; /* of its keys */
} Filling;

/* Beside the counter of a page that is dense. */
static gboolean
carry (Filling *filling, guint low, guint64 times)
{
  DhTally *tally = filling->tally;
  if ((filling->high | low) == NEGATIVE_ZERO)
    return FALSE;
  if (!tally->carries)
    tally->carries = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (tally->carries, GUINT_TO_POINTER (filling->high | low), GSIZE_TO_POINTER ((gsize)times));
  return TRUE;
}

static inline gboolean
fill (Filling *filling, guint low, guint64 count)
{
  DhTallyPage *page = filling->page;
  if (count > filling->left)
    return FALSE;
  filling->left -= count;
  if (page->dense)
    {
      ((guint8 *)page->data)[low] = count & 0xff;
      page->n += count;
      return count <= 0xff || carry (filling, low, count >> 8);
    }
  for (guint64 i = 0; i < count; i++)
    ((guint16 *)page->data)[page->n++] = (guint16)low;
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

#define ONES G_GUINT64_CONSTANT (0x0101010101010101)

/* A byte for each of the keys whose bits stand together; eight at once, in whatever order the machine has them. */
G_ALWAYS_INLINE static inline void
spread (const guint8 *plane, guint width, guint8 *values)
{
  const guint bytes = DH_TALLY_EACH / 8 * width, most = (1u << width) - 1;
  for (guint k = 0; k < 8 / width; k++)
    for (guint i = 0; i < bytes; i += 8)
      {
        guint64 word;
        memcpy (&word, plane + i, sizeof word);
        word = word >> k * width & most * ONES;
        memcpy (values + k * bytes + i, &word, sizeof word);
      }
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
    spread (plane, 8, values);
}

/* A bit for each of eight bytes that is not 0. */
static inline guint64
mask_of (const guint8 *bytes)
{
  const guint64 sevens = 0x7f * ONES;
  guint64 word;
  memcpy (&word, bytes, sizeof word);
  word = GUINT64_FROM_LE (word);
  const guint64 there = ((((word & sevens) + sevens) | word) >> 7) & ONES;
  return there * G_GUINT64_CONSTANT (0x0102040810204080) >> 56;
}

static inline guint64
find_any (const guint8 *values, guint8 but)
{
  guint8 others[DH_TALLY_EACH];
  guint64 found = 0;
  for (guint i = 0; i < DH_TALLY_EACH; i++)
    others[i] = values[i] ^ but;
  for (guint i = 0; i < DH_TALLY_EACH / 8; i++)
    found |= mask_of (others + 8 * i) << 8 * i;
  return found;
}

/* Into counters as they stand, and then what is missing of a few: hardly a branch depends on them. */
static gboolean
take_all (Filling *filling, guint at, guint most, const guint8 *values, DhUnpack *from)
{
  DhTallyPage *page = filling->page;
  guint8 *counters = (guint8 *)page->data + at;
  guint sum = 0;
  for (guint i = 0; i < DH_TALLY_EACH; i++)
    sum += values[i];
  if (sum > filling->left)
    return FALSE;
  memcpy (counters, values, DH_TALLY_EACH);
  page->n += sum;
  filling->left -= sum;
  for (guint64 full = ~find_any (values, (guint8)most); full; full &= full - 1)
    {
      const guint i = (guint)__builtin_ctzll (full);
      const guint64 rest = dh_unpack_count (from, filling->left), count = most + rest;
      counters[i] = count & 0xff;
      page->n += rest;
      filling->left -= rest;
      if (count > 0xff && !carry (filling, at + i, count >> 8))
        return FALSE;
    }
  return TRUE;
}

/* Into a list, one by one. */
static gboolean
take_each (Filling *filling, guint at, guint most, const guint8 *values, DhUnpack *from)
{
  for (guint64 there = find_any (values, 0); there; there &= there - 1)
    {
      const guint i = (guint)__builtin_ctzll (there);
      guint64 count = values[i];
      if (count == most)
        count += dh_unpack_count (from, filling->left);
      if (!fill (filling, at + i, count))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_plane (Filling *filling, guint width, DhUnpack *from)
{
  const guint8 *plane = dh_unpack_bytes (from, DH_TALLY_PAGE / 8 * width);
  const guint most = (1u << width) - 1;
  for (guint at = 0; plane && at < DH_TALLY_PAGE; at += DH_TALLY_EACH, plane += DH_TALLY_EACH / 8 * width)
    {
      guint8 values[DH_TALLY_EACH];
      spread_any (plane, width, values);
      if (!(filling->page->dense ? take_all : take_each) (filling, at, most, values, from))
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
  if (n == 0 || !is_finite || !(form == DH_TALLY_SPARSE || form == 1 || form == 2 || form == 4 || form == 8)
      || !make_room (tally, page, n))
    return FALSE;
  return (form == DH_TALLY_SPARSE ? read_sparse (&filling, from) : read_plane (&filling, form, from))
         && filling.left == 0 && !((filling.high | (DH_TALLY_PAGE - 1)) == NEGATIVE_ZERO && has_last_key (page));
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

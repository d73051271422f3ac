#pragma once
#include <glib.h>
#include "dh-pack.h"

/* An exact multiset of 32-bit keys: how often each was added. dh-ranking.h tells how it is laid out. */

#define DH_TALLY_PAGES 65536
#define DH_TALLY_PAGE 65536                   /* keys of one */
#define DH_TALLY_MAX_LIST (DH_TALLY_PAGE / 2) /* entries; then counters cost no more */

typedef struct
{
  gpointer data;    /* guint16[capacity] lower halves; dense: guint8[65536] counters */
  guint64 n;        /* keys added, of a dense page with its carries */
  guint32 capacity; /* of the list */
  gboolean dense;
} DhTallyPage;

/* Zero-filled is empty. */
typedef struct
{
  DhTallyPage pages[DH_TALLY_PAGES];
  guint64 total;
  GHashTable *carries; /* key → how often its byte went over, each worth 256; NULL where none did */
  gsize bytes;
} DhTally;

void dh_tally_release (DhTally *tally);
/* Empties it; lists keep their memory. */
void dh_tally_clear (DhTally *tally);
/* FALSE where memory is short. */
gboolean dh_tally_add_slow (DhTally *tally, guint32 key);
gboolean dh_tally_merge (DhTally *tally, const DhTally *other);
void dh_tally_carry (DhTally *tally, guint32 key);

static inline gboolean
dh_tally_add (DhTally *tally, guint32 key)
{
  DhTallyPage *page = &tally->pages[key >> 16];
  if (page->dense)
    {
      guint8 *counter = (guint8 *)page->data + (key & 0xffff);
      page->n++;
      if (G_UNLIKELY (++*counter == 0))
        dh_tally_carry (tally, key);
      return TRUE;
    }
  if (G_LIKELY (page->n < page->capacity))
    {
      ((guint16 *)page->data)[page->n++] = key & 0xffff;
      return TRUE;
    }
  return dh_tally_add_slow (tally, key);
}

/* The lower halves of a page that occur, a bit each, and a bit for every 64 of which one does: most pages of most
 * pictures have few. */
typedef struct
{
  guint64 keys[DH_TALLY_PAGE / 64], words[DH_TALLY_PAGE / 64 / 64];
} DhTallyOccupied;

static inline void
dh_tally_occupy (DhTallyOccupied *occupied, guint32 low)
{
  occupied->keys[low >> 6] |= G_GUINT64_CONSTANT (1) << (low & 63);
  occupied->words[low >> 12] |= G_GUINT64_CONSTANT (1) << (low >> 6 & 63);
}

/* Adds the counts of one page to counts[DH_TALLY_PAGE], and occupies every key that occurs, except for the carries. */
void dh_tally_expand (const DhTally *tally, guint page, guint64 *counts, DhTallyOccupied *occupied);
/* How many keys of a page have a lower half ≥ low, except for the carries. */
guint64 dh_tally_count_from (const DhTally *tally, guint page, guint32 low);

/* Its counts as bytes, in the order of the keys: the same of equal ones. FALSE where memory is short. */
gboolean dh_tally_pack (const DhTally *tally, DhPack *to);
/* Into an empty one, whose memory is that of as many keys as it tells of, `most` at most. FALSE, `from` having failed:
 * these are no such bytes, or memory is short; what there is of it is to be released. */
gboolean dh_tally_unpack (DhTally *tally, guint64 most, DhUnpack *from);

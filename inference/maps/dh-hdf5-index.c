#include "dh-hdf5-private.h"

#include <string.h>

/* What lists the chunks of the newer layout: nothing, where there is one or all lie together; else an array of fixed
 * size, whole or in pages. */

typedef struct
{
  const guint8 *data;
  guint64 size;
  const DhHdf5Set *set;
  guint64 n_chunks, plain;
  guint entry; /* bytes of one in the array */
  DhHdf5VisitChunk visit;
  gpointer user;
} Walk;

/* An address, and of packed chunks their bytes and the filters that were left out. */
static gboolean
visit_entries (const Walk *walk, const guint8 *entries, guint64 first, guint64 n, GError **error)
{
  for (guint64 i = 0; i < n; i++)
    {
      const guint8 *one = entries + i * walk->entry;
      const gboolean packed = walk->entry > 8;
      if (!walk->visit (walk->user, first + i, dh_hdf5_number (one, 8),
                        packed ? dh_hdf5_number (one + 8, walk->entry - 12) : walk->plain,
                        packed ? dh_hdf5_number (one + walk->entry - 4, 4) : 0, error))
        return FALSE;
    }
  return TRUE;
}

/* Behind the block's head a bit for each page that was written, then the pages, each with a checksum. */
static gboolean
walk_pages (const Walk *walk, guint64 at, guint64 page, GError **error)
{
  const guint64 n_pages = (walk->n_chunks + page - 1) / page, bits = (n_pages + 7) / 8;
  if (!dh_hdf5_within (at, 14 + bits + 4, walk->size) || !dh_hdf5_is_whole (walk->data + at, 14 + bits))
    return dh_hdf5_broken ("the list of its chunks", error);
  const guint8 *written = walk->data + at + 14;
  at += 14 + bits + 4;
  for (guint64 p = 0; p < n_pages; p++)
    {
      const guint64 n = MIN (page, walk->n_chunks - p * page), length = n * walk->entry;
      if (!(written[p / 8] & 0x80 >> p % 8))
        return dh_hdf5_broken ("a part of the array was never written", error);
      if (!dh_hdf5_within (at, length + 4, walk->size) || !dh_hdf5_is_whole (walk->data + at, length))
        return dh_hdf5_broken ("the list of its chunks", error);
      if (!visit_entries (walk, walk->data + at, p * page, n, error))
        return FALSE;
      at += page * walk->entry + 4;
    }
  return TRUE;
}

static gboolean
walk_fixed_array (Walk *walk, GError **error)
{
  const gboolean packed = walk->set->n_filters > 0;
  const guint64 at = walk->set->at;
  const guint8 *head = dh_hdf5_within (at, 28, walk->size) ? walk->data + at : NULL;
  if (!head || memcmp (head, "FAHD", 4) != 0 || head[4] != 0 || head[5] != packed || !dh_hdf5_is_whole (head, 24))
    return dh_hdf5_broken ("the list of its chunks", error);
  walk->entry = head[6];
  const guint page_bits = head[7];
  const guint64 n = dh_hdf5_number (head + 8, 8), block_at = dh_hdf5_number (head + 16, 8);
  if ((packed ? walk->entry < 13 || walk->entry > 20 : walk->entry != 8) || page_bits > 31 || n != walk->n_chunks)
    return dh_hdf5_broken ("the list of its chunks", error);
  if (block_at == DH_HDF5_UNDEFINED)
    return dh_hdf5_broken ("a part of the array was never written", error);
  const guint8 *block = dh_hdf5_within (block_at, 14, walk->size) ? walk->data + block_at : NULL;
  if (!block || memcmp (block, "FADB", 4) != 0 || block[4] != 0 || block[5] != packed
      || dh_hdf5_number (block + 6, 8) != at)
    return dh_hdf5_broken ("the list of its chunks", error);
  if (n > G_GUINT64_CONSTANT (1) << page_bits)
    return walk_pages (walk, block_at, G_GUINT64_CONSTANT (1) << page_bits, error);
  /* at most the array's elements, of at most 20 bytes: no overflow */
  if (!dh_hdf5_within (block_at, 14 + n * walk->entry + 4, walk->size)
      || !dh_hdf5_is_whole (block, 14 + n * walk->entry))
    return dh_hdf5_broken ("the list of its chunks", error);
  return visit_entries (walk, block + 14, 0, n, error);
}

gboolean
dh_hdf5_walk_index (const guint8 *data, guint64 size, const DhHdf5Set *set, guint64 n_chunks, guint64 plain,
                    DhHdf5VisitChunk visit, gpointer user, GError **error)
{
  Walk walk = { data, size, set, n_chunks, plain, 8, visit, user };
  switch (set->index)
    {
    case DH_HDF5_INDEX_SINGLE:
      if (n_chunks != 1 || (set->single_size == 0) != (set->n_filters == 0))
        return dh_hdf5_broken ("the list of its chunks", error);
      return visit (user, 0, set->at, set->single_size ? set->single_size : plain, set->single_skips, error);
    case DH_HDF5_INDEX_IMPLICIT:
      if (set->n_filters > 0 || set->at > size)
        return dh_hdf5_broken ("the list of its chunks", error);
      for (guint64 i = 0; i < n_chunks; i++)
        if (!visit (user, i, set->at + i * plain, plain, 0, error))
          return FALSE;
      return TRUE;
    case DH_HDF5_INDEX_FIXED_ARRAY:
      return walk_fixed_array (&walk, error);
    case DH_HDF5_INDEX_TREE:
    default:
      g_return_val_if_reached (FALSE);
    }
}

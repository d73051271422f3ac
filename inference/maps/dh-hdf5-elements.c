#include "dh-hdf5-private.h"

#include <string.h>
#include <zlib.h>

#include "dh-error.h"

/* Where the elements lie: at one place, or in chunks that a B-tree or another index lists, each packed by filters of
 * its own. */

typedef struct
{
  const guint8 *data;
  guint64 size;
  const DhHdf5Set *set;
  guint64 along[DH_MAX_DIMS]; /* chunks */
  guint64 n_chunks, chunk_bytes;
  guint64 visits;
  guint8 *seen;           /* of each chunk, whether it was there */
  guint8 *to;             /* all elements */
  guint8 *chunk, *packed; /* one chunk, and room for what it is unpacked from */
} Chunks;

static gpointer
take_memory (guint64 bytes, GError **error)
{
  gpointer memory = g_try_malloc (MAX (bytes, 1));
  if (!memory)
    g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "no memory is left for its elements");
  return memory;
}

/* Into exactly `bytes`: a chunk that would unpack to more is broken, whatever it holds. */
static gboolean
inflate_chunk (const guint8 *from, guint64 packed, guint8 *to, guint64 bytes, guint64 *got)
{
  z_stream stream = { 0 };
  if (packed > G_MAXUINT || bytes > G_MAXUINT || inflateInit (&stream) != Z_OK)
    return FALSE;
  stream.next_in = (Bytef *)from;
  stream.avail_in = packed;
  stream.next_out = to;
  stream.avail_out = bytes;
  const int status = inflate (&stream, Z_FINISH);
  *got = stream.total_out;
  inflateEnd (&stream);
  return status == Z_STREAM_END;
}

/* The bytes of one position of all elements lie together. */
static void
unshuffle (const guint8 *from, guint8 *to, guint64 bytes, gsize element)
{
  const guint64 n = bytes / element;
  for (gsize b = 0; b < element; b++)
    for (guint64 i = 0; i < n; i++)
      to[i * element + b] = from[b * n + i];
  memcpy (to + n * element, from + n * element, bytes - n * element);
}

static guint32
fletcher32 (const guint8 *data, guint64 length)
{
  guint32 a = 0, b = 0;
  guint64 words = length / 2;
  for (; words > 0;)
    {
      const guint64 some = MIN (words, 360);
      for (guint64 i = 0; i < some; i++, data += 2)
        {
          a += (guint32)data[0] << 8 | data[1];
          b += a;
        }
      words -= some;
      a = (a & 0xffff) + (a >> 16);
      b = (b & 0xffff) + (b >> 16);
    }
  if (length % 2)
    {
      a += (guint32)*data << 8;
      b += a;
      a = (a & 0xffff) + (a >> 16);
      b = (b & 0xffff) + (b >> 16);
    }
  a = (a & 0xffff) + (a >> 16);
  b = (b & 0xffff) + (b >> 16);
  return b << 16 | a;
}

/* Its bytes as they lie become chunk_bytes in chunks->chunk, the filters undone from the last to the first. Both rooms
 * hold a chunk and what Fletcher32 appends to it. */
static gboolean
unpack (Chunks *chunks, const guint8 *from, guint64 bytes, guint32 skipped, GError **error)
{
  const DhHdf5Set *set = chunks->set;
  const guint64 room = chunks->chunk_bytes + 4;
  guint8 *to = chunks->chunk, *other = chunks->packed;
  for (guint i = set->n_filters; i-- > 0;)
    {
      if (skipped & 1u << i)
        continue;
      if (set->filters[i] == DH_HDF5_FLETCHER32)
        {
          if (bytes < 4 || fletcher32 (from, bytes - 4) != dh_hdf5_number (from + bytes - 4, 4))
            return dh_hdf5_broken ("the checksum of its elements", error);
          bytes -= 4;
          continue;
        }
      if (set->filters[i] == DH_HDF5_GZIP)
        {
          guint64 got;
          if (!inflate_chunk (from, bytes, to, room, &got))
            return dh_hdf5_broken ("its packed elements", error);
          bytes = got;
        }
      else if (bytes > room)
        return dh_hdf5_broken ("its elements", error);
      else
        unshuffle (from, to, bytes, set->element);
      from = to;
      guint8 *next = other;
      other = to;
      to = next;
    }
  if (bytes < chunks->chunk_bytes)
    return dh_hdf5_broken ("its elements", error);
  if (from != chunks->chunk)
    memcpy (chunks->chunk, from, chunks->chunk_bytes);
  return TRUE;
}

/* Row by row, without what hangs over the array's edges. */
static void
place (const Chunks *chunks, const guint64 *offset)
{
  const DhHdf5Set *set = chunks->set;
  const guint last = set->n_dims - 1;
  const guint64 row = MIN (set->chunk[last], set->dims[last] - offset[last]) * set->element;
  guint64 at[DH_MAX_DIMS] = { 0 };
  for (;;)
    {
      guint64 from = 0, to = 0;
      for (guint d = 0; d < set->n_dims; d++)
        {
          from = from * set->chunk[d] + at[d];
          to = to * set->dims[d] + offset[d] + at[d];
        }
      memcpy (chunks->to + to * set->element, chunks->chunk + from * set->element, row);
      guint d = last;
      while (d > 0)
        {
          d--;
          if (++at[d] < MIN (set->chunk[d], set->dims[d] - offset[d]))
            break;
          at[d] = 0;
          if (d == 0)
            return;
        }
      if (last == 0)
        return;
    }
}

static gboolean
read_chunk (gpointer data, guint64 number, guint64 at, guint64 bytes, guint32 skipped, GError **error)
{
  Chunks *chunks = data;
  const DhHdf5Set *set = chunks->set;
  guint64 offset[DH_MAX_DIMS], left = number;
  for (guint d = set->n_dims; d-- > 0;)
    {
      offset[d] = left % chunks->along[d] * set->chunk[d];
      left /= chunks->along[d];
    }
  if (chunks->seen[number])
    return dh_hdf5_broken ("a chunk is there twice", error);
  chunks->seen[number] = TRUE;
  if (at == DH_HDF5_UNDEFINED)
    return dh_hdf5_broken ("a part of the array was never written", error);
  if (!dh_hdf5_within (at, bytes, chunks->size))
    return dh_hdf5_broken ("a chunk lies outside of it", error);
  if (!unpack (chunks, chunks->data + at, bytes, skipped, error))
    return FALSE;
  place (chunks, offset);
  return TRUE;
}

/* Its number in row-major order, from its place. */
static gboolean
read_keyed (Chunks *chunks, const guint8 *key, guint64 at, GError **error)
{
  const DhHdf5Set *set = chunks->set;
  guint64 number = 0;
  for (guint d = 0; d < set->n_dims; d++)
    {
      const guint64 offset = dh_hdf5_number (key + 8 + 8 * d, 8);
      if (offset >= set->dims[d] || offset % set->chunk[d] != 0)
        return dh_hdf5_broken ("a chunk lies beside the array", error);
      number = number * chunks->along[d] + offset / set->chunk[d];
    }
  return read_chunk (chunks, number, at, dh_hdf5_number (key, 4), dh_hdf5_number (key + 4, 4), error);
}

/* A key is the chunk's size, the filters left out, and its offset, of which the last stands for the element. */
static gboolean
read_tree (Chunks *chunks, guint64 at, guint above, GError **error)
{
  const guint64 key = 8 + 8 * (chunks->set->n_dims + 1), step = key + 8;
  if (++chunks->visits > 2 * chunks->n_chunks + DH_HDF5_MAX_LEVELS)
    return dh_hdf5_broken ("it runs in a circle", error);
  const guint8 *node = dh_hdf5_within (at, 24, chunks->size) ? chunks->data + at : NULL;
  if (!node || memcmp (node, "TREE", 4) != 0 || node[4] != 1 || node[5] >= above)
    return dh_hdf5_broken ("the list of its chunks", error);
  const guint level = node[5], n = dh_hdf5_number (node + 6, 2);
  if (!dh_hdf5_within (at + 24, n * step + key, chunks->size))
    return dh_hdf5_broken ("the list of its chunks", error);
  for (guint i = 0; i < n; i++)
    {
      const guint8 *one = node + 24 + i * step;
      const guint64 child = dh_hdf5_number (one + key, 8);
      if (!(level > 0 ? read_tree (chunks, child, level, error) : read_keyed (chunks, one, child, error)))
        return FALSE;
    }
  return TRUE;
}

/* What all chunks unpack to is at most so often what may be spent: those at the edges hang over the array, and where it
 * is made to grow all may; but each can be a few bytes in the file, the same for all. */
#define MOST_OVERHANG 64

/* How many chunks there are, and whether one can be held. */
static gboolean
measure_chunks (Chunks *chunks, guint64 most, GError **error)
{
  const DhHdf5Set *set = chunks->set;
  if (set->size != set->n_dims)
    return dh_hdf5_broken ("its chunks have other axes than the array", error);
  chunks->chunk_bytes = set->element;
  chunks->n_chunks = 1;
  for (guint d = 0; d < set->n_dims; d++)
    {
      if (set->chunk[d] == 0 || set->chunk[d] > most / chunks->chunk_bytes)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "the HDF5 file's chunks are far larger than they may be");
          return FALSE;
        }
      chunks->chunk_bytes *= set->chunk[d];
      chunks->along[d] = (set->dims[d] + set->chunk[d] - 1) / set->chunk[d];
      chunks->n_chunks *= chunks->along[d]; /* at most the array's elements */
    }
  if (chunks->n_chunks > MOST_OVERHANG * most / chunks->chunk_bytes)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "the HDF5 file's chunks are far larger than its array");
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_chunks (Chunks *chunks, guint64 most, GError **error)
{
  if (!measure_chunks (chunks, most, error))
    return FALSE;
  g_autofree guint8 *seen = take_memory (chunks->n_chunks, error);
  g_autofree guint8 *chunk = seen ? take_memory (chunks->chunk_bytes + 4, error) : NULL;
  g_autofree guint8 *packed = chunk ? take_memory (chunks->chunk_bytes + 4, error) : NULL;
  if (!packed)
    return FALSE;
  memset (seen, 0, chunks->n_chunks);
  chunks->seen = seen;
  chunks->chunk = chunk;
  chunks->packed = packed;
  const gboolean tree = chunks->set->index == DH_HDF5_INDEX_TREE;
  if (chunks->set->at != DH_HDF5_UNDEFINED
      && !(tree ? read_tree (chunks, chunks->set->at, DH_HDF5_MAX_LEVELS, error)
                : dh_hdf5_walk_index (chunks->data, chunks->size, chunks->set, chunks->n_chunks, chunks->chunk_bytes,
                                      read_chunk, chunks, error)))
    return FALSE;
  return !memchr (seen, 0, chunks->n_chunks) || dh_hdf5_broken ("a part of the array was never written", error);
}

static void
swap_all (guint8 *data, guint64 bytes, gsize element)
{
  for (guint64 at = 0; at + element <= bytes; at += element)
    for (gsize a = 0, b = element - 1; a < b; a++, b--)
      {
        const guint8 byte = data[at + a];
        data[at + a] = data[at + b];
        data[at + b] = byte;
      }
}

guint8 *
dh_hdf5_read_elements (const guint8 *data, guint64 size, const DhHdf5Set *set, guint64 total, guint64 most,
                       GError **error)
{
  g_autofree guint8 *to = take_memory (total, error);
  if (!to)
    return NULL;
  if (total > 0 && set->layout == DH_HDF5_CHUNKED)
    {
      Chunks chunks = { .data = data, .size = size, .set = set, .to = to };
      if (!read_chunks (&chunks, most, error))
        return NULL;
    }
  else if (total > 0)
    {
      if (set->n_filters > 0 || set->size < total || !dh_hdf5_within (set->at, total, size))
        {
          dh_hdf5_broken ("its elements", error);
          return NULL;
        }
      memcpy (to, data + set->at, total);
    }
  if (set->swap)
    swap_all (to, total, set->element);
  return g_steal_pointer (&to);
}

#include "dh-hdf5-private.h"

#include <string.h>

#include "dh-error.h"

/* Object headers: version 1 with messages at multiples of 8 bytes, version 2 with signatures and checksums. */

gboolean
dh_hdf5_broken (const char *what, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "the HDF5 file is cut off or broken (%s)", what);
  return FALSE;
}

gboolean
dh_hdf5_unsupported (const char *what, GError **error)
{
  g_set_error (error, DH_ERROR, DH_ERROR_UNSUPPORTED, "%s; write it with h5py's defaults, or as .npy", what);
  return FALSE;
}

static guint32
rotate (guint32 value, guint bits)
{
  return value << bits | value >> (32 - bits);
}

/* lookup3.c, May 2006, Bob Jenkins, public domain: hashlittle() byte by byte. */
static guint32
checksum (const guint8 *data, guint64 length)
{
  guint32 a = 0xdeadbeef + (guint32)length, b = a, c = a;
  if (length == 0)
    return c;
  for (; length > 12; data += 12, length -= 12)
    {
      a += dh_hdf5_number (data, 4);
      b += dh_hdf5_number (data + 4, 4);
      c += dh_hdf5_number (data + 8, 4);
      a = (a - c) ^ rotate (c, 4);
      c += b;
      b = (b - a) ^ rotate (a, 6);
      a += c;
      c = (c - b) ^ rotate (b, 8);
      b += a;
      a = (a - c) ^ rotate (c, 16);
      c += b;
      b = (b - a) ^ rotate (a, 19);
      a += c;
      c = (c - b) ^ rotate (b, 4);
      b += a;
    }
  guint8 last[12] = { 0 };
  memcpy (last, data, length);
  a += dh_hdf5_number (last, 4);
  b += dh_hdf5_number (last + 4, 4);
  c += dh_hdf5_number (last + 8, 4);
  c = (c ^ b) - rotate (b, 14);
  a = (a ^ c) - rotate (c, 11);
  b = (b ^ a) - rotate (a, 25);
  c = (c ^ b) - rotate (b, 16);
  a = (a ^ c) - rotate (c, 4);
  b = (b ^ a) - rotate (a, 14);
  c = (c ^ b) - rotate (b, 24);
  return c;
}

gboolean
dh_hdf5_is_whole (const guint8 *data, guint64 length)
{
  return checksum (data, length) == dh_hdf5_number (data + length, 4);
}

static gboolean
count_visit (DhHdf5File *file, GError **error)
{
  return ++file->visits <= DH_HDF5_MAX_VISITS || dh_hdf5_broken ("it runs in a circle", error);
}

typedef struct
{
  guint64 at, length;
} Block;

/* To the visitor; one that says where the header goes on, among the blocks. */
static gboolean
take_message (const DhHdf5Message *message, GArray *blocks, DhHdf5Visit visit, gpointer data, GError **error)
{
  if (message->type != DH_HDF5_MESSAGE_CONTINUATION)
    return visit (message, data, error);
  if (message->size < 16)
    return dh_hdf5_broken ("a header", error);
  const Block next = { dh_hdf5_number (message->data, 8), dh_hdf5_number (message->data + 8, 8) };
  g_array_append_val (blocks, next);
  return TRUE;
}

/* One block of a header's messages, of which `left` are still to come; blocks that go on with them are noted. */
static gboolean
walk_block (DhHdf5File *file, Block from, GArray *blocks, guint *left, DhHdf5Visit visit, gpointer data, GError **error)
{
  if (!count_visit (file, error))
    return FALSE;
  if (!dh_hdf5_within (from.at, from.length, file->size))
    return dh_hdf5_broken ("a header", error);
  const guint8 *block = file->data + from.at;
  for (guint64 pos = 0; *left > 0 && from.length - pos >= 8; (*left)--)
    {
      const DhHdf5Message message = { dh_hdf5_number (block + pos, 2), block[pos + 4], block + pos + 8,
                                      dh_hdf5_number (block + pos + 2, 2) };
      pos += 8;
      if (message.size > from.length - pos)
        return dh_hdf5_broken ("a header", error);
      pos += message.size;
      if (!take_message (&message, blocks, visit, data, error))
        return FALSE;
    }
  return TRUE;
}

/* Block after block, not one within another: a broken header may have as many as messages, which no stack holds. */
static gboolean
walk_old_header (DhHdf5File *file, guint64 at, DhHdf5Visit visit, gpointer data, GError **error)
{
  const guint8 *header = file->data + at;
  guint left = dh_hdf5_number (header + 2, 2);
  const Block first = { at + 16, dh_hdf5_number (header + 8, 4) };
  g_autoptr (GArray) blocks = g_array_new (FALSE, FALSE, sizeof (Block));
  g_array_append_val (blocks, first);
  for (guint i = 0; i < blocks->len && left > 0; i++)
    if (!walk_block (file, g_array_index (blocks, Block, i), blocks, &left, visit, data, error))
      return FALSE;
  return TRUE;
}

enum
{
  FLAG_ORDER = 1 << 2, /* messages have a creation order */
  FLAG_PHASES = 1 << 4,
  FLAG_TIMES = 1 << 5,
};

/* Messages of version 2 in this block, without what stands before and behind them. */
static gboolean
walk_new_block (DhHdf5File *file, Block from, guint flags, GArray *blocks, DhHdf5Visit visit, gpointer data,
                GError **error)
{
  const guint prefix = flags & FLAG_ORDER ? 6 : 4;
  const guint8 *block = file->data + from.at;
  for (guint64 pos = 0; from.length - pos >= prefix;)
    {
      const DhHdf5Message message = { block[pos], block[pos + 3], block + pos + prefix,
                                      dh_hdf5_number (block + pos + 1, 2) };
      pos += prefix;
      if (message.size > from.length - pos)
        return dh_hdf5_broken ("a header", error);
      pos += message.size;
      if ((message.type != DH_HDF5_MESSAGE_CONTINUATION && !count_visit (file, error))
          || !take_message (&message, blocks, visit, data, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
walk_new_header (DhHdf5File *file, guint64 at, DhHdf5Visit visit, gpointer data, GError **error)
{
  const guint8 *header = file->data + at;
  const guint flags = header[5], width = 1u << (flags & 3);
  const guint prefix = 6 + (flags & FLAG_TIMES ? 16 : 0) + (flags & FLAG_PHASES ? 4 : 0) + width;
  if (header[4] != 2)
    return dh_hdf5_unsupported ("the HDF5 file's headers are of a version that is not read", error);
  if (!dh_hdf5_within (at, prefix, file->size))
    return dh_hdf5_broken ("a header", error);
  const Block first = { at + prefix, dh_hdf5_number (header + prefix - width, width) };
  if (!dh_hdf5_within (first.at, first.length, file->size) || file->size - first.at - first.length < 4
      || !dh_hdf5_is_whole (header, prefix + first.length))
    return dh_hdf5_broken ("a header", error);
  g_autoptr (GArray) blocks = g_array_new (FALSE, FALSE, sizeof (Block));
  if (!walk_new_block (file, first, flags, blocks, visit, data, error))
    return FALSE;
  guint64 read = 0;
  for (guint i = 0; i < blocks->len; i++)
    {
      const Block next = g_array_index (blocks, Block, i);
      if (!count_visit (file, error))
        return FALSE;
      /* Blocks do not overlap: a large one that leads to itself would be summed as often as there are visits. */
      if (next.length > file->size - read)
        return dh_hdf5_broken ("a header longer than the file", error);
      read += next.length;
      if (next.length < 8 || !dh_hdf5_within (next.at, next.length, file->size)
          || memcmp (file->data + next.at, "OCHK", 4) != 0 || !dh_hdf5_is_whole (file->data + next.at, next.length - 4))
        return dh_hdf5_broken ("a header", error);
      const Block inner = { next.at + 4, next.length - 8 };
      if (!walk_new_block (file, inner, flags, blocks, visit, data, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
dh_hdf5_walk_header (DhHdf5File *file, guint64 at, DhHdf5Visit visit, gpointer data, GError **error)
{
  if (!dh_hdf5_within (at, 16, file->size))
    return dh_hdf5_broken ("a header", error);
  if (memcmp (file->data + at, "OHDR", 4) == 0)
    return walk_new_header (file, at, visit, data, error);
  if (file->data[at] != 1)
    return dh_hdf5_broken ("a header", error);
  return walk_old_header (file, at, visit, data, error);
}

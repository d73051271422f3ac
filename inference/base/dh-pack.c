#include "dh-pack.h"
#include <string.h>

void
dh_pack_init (DhPack *pack, DhPackSink sink, gpointer data)
{
  pack->sink = sink;
  pack->data = data;
  pack->error = NULL;
  pack->n = 0;
}

static void
give (DhPack *pack, gconstpointer bytes, gsize size)
{
  if (!pack->error && size > 0)
    pack->sink (bytes, size, pack->data, &pack->error);
}

static void
make_room (DhPack *pack, guint more)
{
  if (sizeof pack->bytes - pack->n >= more)
    return;
  give (pack, pack->bytes, pack->n);
  pack->n = 0;
}

void
dh_pack_byte (DhPack *pack, guint8 value)
{
  make_room (pack, 1);
  pack->bytes[pack->n++] = value;
}

void
dh_pack_count (DhPack *pack, guint64 value)
{
  make_room (pack, 10);
  for (; value > 0x7f; value >>= 7)
    pack->bytes[pack->n++] = (value & 0x7f) | 0x80;
  pack->bytes[pack->n++] = value;
}

void
dh_pack_word (DhPack *pack, guint64 value)
{
  make_room (pack, 8);
  for (guint i = 0; i < 8; i++)
    pack->bytes[pack->n++] = value >> 8 * i & 0xff;
}

void
dh_pack_double (DhPack *pack, double value)
{
  guint64 bits;
  memcpy (&bits, &value, sizeof bits);
  dh_pack_word (pack, bits);
}

void
dh_pack_bytes (DhPack *pack, gconstpointer bytes, gsize size)
{
  if (size > sizeof pack->bytes / 2)
    {
      make_room (pack, sizeof pack->bytes);
      give (pack, bytes, size);
      return;
    }
  make_room (pack, (guint)size);
  if (size > 0)
    memcpy (pack->bytes + pack->n, bytes, size);
  pack->n += (guint)size;
}

void
dh_pack_text (DhPack *pack, const char *text)
{
  const gsize size = text ? strlen (text) : 0;
  dh_pack_count (pack, size);
  dh_pack_bytes (pack, text, size);
}

gboolean
dh_pack_end (DhPack *pack, GError **error)
{
  make_room (pack, sizeof pack->bytes);
  if (!pack->error)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&pack->error));
  return FALSE;
}

gboolean
dh_unpack_fail (DhUnpack *unpack)
{
  unpack->failed = TRUE;
  unpack->at = unpack->end;
  return FALSE;
}

const guint8 *
dh_unpack_bytes (DhUnpack *unpack, gsize size)
{
  if (unpack->failed || (gsize)(unpack->end - unpack->at) < size)
    {
      dh_unpack_fail (unpack);
      return NULL;
    }
  const guint8 *bytes = unpack->at;
  unpack->at += size;
  return bytes;
}

guint8
dh_unpack_byte (DhUnpack *unpack)
{
  const guint8 *byte = dh_unpack_bytes (unpack, 1);
  return byte ? *byte : 0;
}

guint64
dh_unpack_long_count (DhUnpack *unpack, guint64 most)
{
  guint64 value = 0;
  for (guint shift = 0; shift < 64 && unpack->at < unpack->end; shift += 7)
    {
      const guint64 bits = *unpack->at & 0x7f;
      const gboolean last = !(*unpack->at++ & 0x80);
      if (bits << shift >> shift != bits)
        break;
      value |= bits << shift;
      if (!last)
        continue;
      if (value <= most)
        return value;
      break;
    }
  dh_unpack_fail (unpack);
  return 0;
}

guint64
dh_unpack_word (DhUnpack *unpack)
{
  const guint8 *bytes = dh_unpack_bytes (unpack, 8);
  guint64 value = 0;
  for (guint i = 0; bytes && i < 8; i++)
    value |= (guint64)bytes[i] << 8 * i;
  return value;
}

double
dh_unpack_double (DhUnpack *unpack)
{
  const guint64 bits = dh_unpack_word (unpack);
  double value;
  memcpy (&value, &bits, sizeof value);
  return value;
}

gboolean
dh_unpack_same_text (DhUnpack *unpack, const char *text)
{
  const gsize size = strlen (text);
  const guint8 *bytes = dh_unpack_count (unpack, size) == size ? dh_unpack_bytes (unpack, size) : NULL;
  return bytes && memcmp (bytes, text, size) == 0 ? TRUE : dh_unpack_fail (unpack);
}

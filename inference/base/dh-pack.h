#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Numbers as bytes, the same on every machine: what objects write of themselves into a file of ours, and read back.
 * A count takes a byte for each seven bits, so that small ones are short; other numbers stand lowest byte first. */

/* Takes the bytes in order; FALSE with an error: nothing more is wanted. */
typedef gboolean (*DhPackSink) (gconstpointer bytes, gsize size, gpointer data, GError **error);

typedef struct
{
  DhPackSink sink;
  gpointer data;
  GError *error; /* the sink's; what is packed afterwards is lost */
  guint n;
  guint8 bytes[32768];
} DhPack;

void dh_pack_init (DhPack *pack, DhPackSink sink, gpointer data);
void dh_pack_byte (DhPack *pack, guint8 value);
void dh_pack_count (DhPack *pack, guint64 value);
void dh_pack_word (DhPack *pack, guint64 value); /* 8 bytes */
void dh_pack_double (DhPack *pack, double value);
void dh_pack_bytes (DhPack *pack, gconstpointer bytes, gsize size);
void dh_pack_text (DhPack *pack, const char *text); /* its length and its bytes; NULL is "" */
/* Gives the sink what is left. Errors: its own. */
gboolean dh_pack_end (DhPack *pack, GError **error);

/* Bytes that anybody may have written: what is read beyond their end, or of another form, is 0, and from there on
 * everything is. */
typedef struct
{
  const guint8 *at, *end;
  gboolean failed;
} DhUnpack;

guint8 dh_unpack_byte (DhUnpack *unpack);
guint64 dh_unpack_long_count (DhUnpack *unpack, guint64 most);
/* At most `most`; more is a failure. */
static inline guint64
dh_unpack_count (DhUnpack *unpack, guint64 most)
{
  if (G_LIKELY (unpack->at < unpack->end && *unpack->at <= 0x7f && *unpack->at <= most))
    return *unpack->at++;
  return dh_unpack_long_count (unpack, most);
}
guint64 dh_unpack_word (DhUnpack *unpack);
double dh_unpack_double (DhUnpack *unpack);
/* Borrowed; NULL where there are not so many. */
const guint8 *dh_unpack_bytes (DhUnpack *unpack, gsize size);
/* Whether exactly this text stands there; else a failure. */
gboolean dh_unpack_same_text (DhUnpack *unpack, const char *text);
/* FALSE, and no more is read: for whoever finds what cannot be. */
gboolean dh_unpack_fail (DhUnpack *unpack);

G_END_DECLS

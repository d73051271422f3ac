#pragma once
#include "dh-checkpoint-private.h"

G_BEGIN_DECLS

/* The directory of a zip file in memory, ZIP64 included, every offset checked against the file. Members may be stored
 * or deflated; encrypted ones, overlapping ones and doubled names are refused when the file is opened. */
typedef struct
{
  char *name;
  gboolean deflated;
  guint64 offset; /* of the data */
  guint64 packed; /* bytes in the file */
  guint64 size;   /* bytes unpacked */
  guint32 crc;
  guint64 header; /* offset of the local header */
} DhZipMember;

/* Whether the file ends as a zip file does. */
gboolean dh_zip_is (GBytes *bytes);
DhZip *dh_zip_open (GBytes *bytes, GError **error);
void dh_zip_free (DhZip *zip);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhZip, dh_zip_free)
guint dh_zip_count (DhZip *zip);
/* Borrowed; in the order of the directory. */
const DhZipMember *dh_zip_member (DhZip *zip, guint position);
const DhZipMember *dh_zip_find (DhZip *zip, const char *name);
/* A slice of the file, or inflated (and then checked against its CRC). */
GBytes *dh_zip_read (DhZip *zip, const DhZipMember *member, DhCopyBudget *budget, GError **error);

G_END_DECLS

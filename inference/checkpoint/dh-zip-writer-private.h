#pragma once
#include "dh-file.h"

G_BEGIN_DECLS

/* A zip file, whole or not at all. Members are stored, their data aligned to 64 bytes, so that a reader can map them;
 * the same contents give the same file. */
typedef struct
{
  DhFileWriter *writer;
  GByteArray *directory;
  guint64 count;
} DhZipWriter;

/* `zip` is { NULL } before. Errors: DH_ERROR_IO. Without dh_zip_writer_close() there is no file. */
gboolean dh_zip_writer_open (DhZipWriter *zip, const char *path, GError **error);
gboolean dh_zip_writer_add (DhZipWriter *zip, const char *name, gconstpointer data, gsize size, GError **error);
gboolean dh_zip_writer_close (DhZipWriter *zip, GError **error);
void dh_zip_writer_clear (DhZipWriter *zip);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhZipWriter, dh_zip_writer_clear)

G_END_DECLS

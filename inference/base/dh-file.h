#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* Writes a file whole or not at all: to a temporary name beside `path`, flushed to disk, then renamed. A kill at any
 * moment leaves the old file or the new one. Errors: DH_ERROR_IO, naming the path and the cause (disk full, …). */
gboolean dh_file_write (const char *path, gconstpointer data, gsize size, GError **error);

/* The same for a file too large to hold: dh_file_writer_open, any number of writes, then close (which renames) or
 * abandon. After a failed write or close the temporary file is gone and the writer must only be freed.
 * Not thread safe; one thread at a time. */
typedef struct _DhFileWriter DhFileWriter;
DhFileWriter *dh_file_writer_open (const char *path, GError **error);
gboolean dh_file_writer_write (DhFileWriter *writer, gconstpointer data, gsize size, GError **error);
/* Position: bytes written so far. */
guint64 dh_file_writer_tell (DhFileWriter *writer);
gboolean dh_file_writer_close (DhFileWriter *writer, GError **error);
/* Frees the writer; where it was not closed, the temporary file is removed and `path` is as it was. */
void dh_file_writer_free (DhFileWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhFileWriter, dh_file_writer_free)

/* Maps a file read-only, private. Files that are no regular file or that cannot be opened: DH_ERROR_NOT_FOUND or
 * DH_ERROR_IO in words. An empty file gives an empty GBytes. */
GBytes *dh_file_map (const char *path, GError **error);

/* Makes a folder and its parents; an error says which one could not be made and why. */
gboolean dh_folder_make (const char *path, GError **error);

/* SHA-256 of bytes, 64 lower-case hexadecimal digits; free with g_free. */
char *dh_sha256 (gconstpointer data, gsize size);

G_END_DECLS

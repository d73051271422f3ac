#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* Writes a file whole or not at all: to a temporary name beside `path`, flushed to disk, then renamed. A kill at any
 * moment leaves the old file or the new one. What is no regular file (a pipe, a device, /dev/stdout) is written as it
 * is. Errors: DH_ERROR_IO, naming the path and the cause (disk full, …). */
#define DH_FILE_PART                                                                                                   \
  ".part-" /* between the path and six letters or figures: the temporary name, which a kill leaves                     \
            */
gboolean dh_file_write (const char *path, gconstpointer data, gsize size, GError **error);

/* The same for a file too large to hold: dh_file_writer_open, any number of writes, then close (which renames) or
 * abandon. After a failed write or close the temporary file is gone and the writer must only be freed.
 * Not thread safe; one thread at a time. */
typedef struct _DhFileWriter DhFileWriter;
DhFileWriter *dh_file_writer_open (const char *path, GError **error);
gboolean dh_file_writer_write (DhFileWriter *writer, gconstpointer data, gsize size, GError **error);
/* The temporary file's path, for a program that writes into it in this one's place; borrowed, valid until it is closed.
 * NULL: `path` is no regular file. */
const char *dh_file_writer_part (DhFileWriter *writer);
/* Position: bytes written so far. */
guint64 dh_file_writer_tell (DhFileWriter *writer);
gboolean dh_file_writer_close (DhFileWriter *writer, GError **error);
/* Frees the writer; where it was not closed, the temporary file is removed and `path` is as it was. */
void dh_file_writer_free (DhFileWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhFileWriter, dh_file_writer_free)

/* A file's contents, read into memory: what others do to the file afterwards, writing it or cutting it short, is not
 * seen, so what was checked stays true (a mapping would change under its checks, or kill the program). Refused with
 * DH_ERROR_TOO_LARGE, before memory is spent, where it has more than `largest` bytes (DH_FILE_ANY_SIZE: half of the
 * machine's memory, which is the limit in any case). Other errors: DH_ERROR_NOT_FOUND; DH_ERROR_IO (no regular file,
 * not readable); DH_ERROR_INVALID (cut while it was read); DH_ERROR_NO_MEMORY. */
#define DH_FILE_ANY_SIZE G_MAXUINT64
GBytes *dh_file_read (const char *path, guint64 largest, GError **error);
/* At most the first `most` (up to 256 KiB) bytes of it, and its size. */
GBytes *dh_file_read_head (const char *path, gsize most, guint64 *size, GError **error);
/* At most so many from there on; none behind its end. */
GBytes *dh_file_read_part (const char *path, guint64 from, gsize most, GError **error);
/* At most its last `most` bytes. */
GBytes *dh_file_read_tail (const char *path, gsize most, GError **error);

/* Makes a folder and its parents; an error says which one could not be made and why. */
gboolean dh_folder_make (const char *path, GError **error);

/* SHA-256 of bytes, 64 lower-case hexadecimal digits; free with g_free. */
char *dh_sha256 (gconstpointer data, gsize size);

/* Whether one path, links resolved, is the folder or lies in it; FALSE where either is not there. */
gboolean dh_path_lies_in (const char *path, const char *folder);

G_END_DECLS

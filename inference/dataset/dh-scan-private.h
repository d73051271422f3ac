#pragma once
#include <gio/gio.h>
#include "dh-progress.h"

G_BEGIN_DECLS

/* What lies under a folder: the relative paths of those of its files that are sought and of its folders, in the file
 * system's bytes, "/"-separated, sorted by bytes. Hidden files and folders are passed over. Immutable. */
typedef struct
{
  char *root;
  GPtrArray *files;
  GHashTable *file_set;   /* the same strings */
  GHashTable *folder_set; /* relative paths; the root is "" */
  GPtrArray *notes;       /* folders that could not be read, loops */
  GPtrArray *no_files;    /* relative paths named like pictures that are links to nothing, or pipes, sockets, devices */
  GPtrArray *foreign;     /* relative paths named like pictures of kinds that are not read */
} DhScan;

/* `is_sought`: of files, by their relative paths. Errors: DH_ERROR_NOT_FOUND, DH_ERROR_IO, DH_ERROR_TOO_LARGE,
 * G_IO_ERROR_CANCELLED. */
DhScan *dh_scan_new (const char *root, gboolean (*is_sought) (const char *path), GCancellable *cancellable,
                     const DhProgress *progress, GError **error);
void dh_scan_free (DhScan *scan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhScan, dh_scan_free)

gboolean dh_scan_has_file (const DhScan *scan, const char *path);
gboolean dh_scan_has_folder (const DhScan *scan, const char *path);
/* The range [*first, *end) of files under a folder ("" is the root). */
void dh_scan_under (const DhScan *scan, const char *folder, guint *first, guint *end);

/* Of names and paths. */
/* A picture, or an .npz that may belong to one. */
gboolean dh_path_is_of_set (const char *path);
/* Length without the extension of the last part. */
gsize dh_path_stem_length (const char *path);
/* Compares with runs of digits as numbers: "frame2" before "frame10". */
gint dh_compare_natural (const char *a, const char *b);

G_END_DECLS

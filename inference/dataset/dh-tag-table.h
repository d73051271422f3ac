#pragma once
#include "dh-dataset.h"

G_BEGIN_DECLS

/* Tags of a set's images as a table says them: comma-, semicolon- or tab-separated text, an image in the first cell of
 * a row, by any of its names (dh-image-names.h), its tags in the others. A first row that begins with "image", "file"
 * or the like names the columns: of a column of yes and no its name is the tag, and cells of a column called "tags"
 * hold several, separated by semicolons. Immutable; any thread. */
typedef struct _DhTagTable DhTagTable;

/* `as_they_are`: numbers are tags like other words, as of a table that takes tags away; else they are refused but in a
 * column called "tags". `dataset` must outlive the table. Errors: those of dh_file_read(); DH_ERROR_INVALID where it is
 * no table of tags; G_IO_ERROR_CANCELLED. */
DhTagTable *dh_tag_table_read (const char *path, DhDataset *dataset, gboolean as_they_are, GCancellable *cancellable,
                               GError **error);
void dh_tag_table_free (DhTagTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhTagTable, dh_tag_table_free)

/* Tags of an image, each once, valid UTF-8 without line breaks; NULL-terminated, borrowed; NULL: the table has none. */
char *const *dh_tag_table_get (const DhTagTable *table, guint image);
/* How many rows are of no image, or of several; and of the first of them, a sentence each: NULL-terminated, borrowed.
 */
guint dh_tag_table_n_unknown (const DhTagTable *table);
char *const *dh_tag_table_unknown (const DhTagTable *table);

G_END_DECLS

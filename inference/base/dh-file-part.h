#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* What a kill leaves of files that were being written (dh-file.h): beside each, its name, DH_FILE_PART and six letters
 * or figures. Any thread. */

/* Of which file the name is a part, NULL where it is none; free with g_free. */
char *dh_file_part_of (const char *name);

/* Whether files of this name, without its folder, are the caller's. */
typedef gboolean (*DhFileIsOurs) (const char *name, gpointer data);

/* Removes from a folder the parts of the caller's files; with `deep`, from the folders in it as well. One whose writer
 * still lives stays, whoever that is: it keeps its file locked. Where the file system has no locks nothing is removed.
 * Links are not followed, and what cannot be removed stays. */
void dh_file_remove_parts (const char *folder, gboolean deep, DhFileIsOurs is_ours, gpointer data);

G_END_DECLS

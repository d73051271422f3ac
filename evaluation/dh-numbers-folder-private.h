#pragma once
#include "dh-dataset.h"

G_BEGIN_DECLS

/* Where runs keep what they have measured, beside their maps: FOLDER/eval/numbers/NAME.numbers, one file for each data
 * set and the parts of it that are opened, so that the next run of these takes the place of the last. */

/* Free with g_free. */
char *dh_numbers_folder_get_path (const char *folder, DhDataset *dataset);
/* Beside the maps; not their folder, which somebody may just have removed. Errors: DH_ERROR_IO. */
gboolean dh_numbers_folder_make (const char *folder, GError **error);
/* Removes all there are. */
void dh_numbers_folder_clear (const char *folder);
/* Whether a file of this name is one. */
gboolean dh_numbers_folder_has (const char *name);

G_END_DECLS

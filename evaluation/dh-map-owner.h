#pragma once
#include <glib.h>
#include "dh-records.h"

G_BEGIN_DECLS

/* Whose score maps a folder holds. FOLDER/eval/owner.txt names it; each run's maps bear the same file names, so maps of
 * other weights, another score, precision or device would pass for those of this run. */

/* What maps are made by, as text, of a run's model_sha256, score, precision, device and dataset_fingerprint (of which
 * counts how pictures were made worse); `others` (may be NULL): the names of maps that lie beside the score's. */
char *dh_map_owner_new (const DhRunRow *run, const char *others);
/* What the folder says; NULL where it names none. Free with g_free. */
char *dh_map_owner_read (const char *folder);
/* The names, as they were given, of the maps beside the score's; NULL where the folder names no owner. Free with
 * g_free.
 */
char *dh_map_owner_read_others (const char *folder);
/* Whether the folder's maps are this owner's, the maps beside the score's included. A folder that names none (made by
 * an earlier version of this program) counts as anybody's. */
gboolean dh_map_owner_is (const char *folder, const char *owner);
/* The same for the score's own maps alone. */
gboolean dh_map_owner_made_scores (const char *folder, const char *owner);
/* Whether a map, oriented, of the row's size, is the one that the row was measured on: runs of the same owner over data
 * sets that name pictures alike overwrite each other's. Known by its greatest and its mean score; a row that has none
 * counts as any map's. */
gboolean dh_map_owner_measured (const DhRunImageRow *row, const float *scores);
/* Makes it the folder's owner; what it has to say of maps that lie there already is lost, what was measured of another
 * owner's is removed, and what a kill has left of maps that were being written. Errors: DH_ERROR_IO. */
gboolean dh_map_owner_take (const char *folder, const char *owner, GError **error);

G_END_DECLS

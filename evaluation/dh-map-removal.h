#pragma once
#include "dh-dataset.h"

G_BEGIN_DECLS

/* Removes what an evaluation of this set has left in its folder: the maps of its pictures, what was kept of their
 * numbers, and folders that are empty then. Whatever else lies there stays. The rows of the run stay, too: its maps can
 * no longer be shown, sliced or exported. Errors: DH_ERROR_FAILED where another process writes there, DH_ERROR_IO. */
gboolean dh_map_removal_run (const char *folder, DhDataset *dataset, GError **error);

G_END_DECLS

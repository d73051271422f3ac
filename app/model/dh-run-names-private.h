#pragma once
#include "dh-records.h"

G_BEGIN_DECLS

/* What a stored run is called in the studio, wherever its names are shown. Free with g_free. */

/* Its data set: the demo's scenes by their own name, whatever layout they are stored in. NULL where none is kept. */
char *dh_run_names_dup_data (const DhRunRow *run);
/* Its weights' file, the demo's network, a method; else what the network is. */
char *dh_run_names_dup_model (const DhRunRow *run);

/* "mean of runs 3, 5 · by deviation · blurred by 1 px": of which runs' maps it is made, and how; NULL: of none. */
char *dh_run_names_dup_made_of (const DhRunRow *run);

G_END_DECLS

#pragma once
#include "dh-records.h"

G_BEGIN_DECLS

/* The run's state as it is: what was killed still says in the database that it is running, and is "unfinished" where
 * nobody holds its folder. Borrowed from the row, or a constant. Any thread. */
const char *dh_run_state (const DhRunRow *run);

G_END_DECLS

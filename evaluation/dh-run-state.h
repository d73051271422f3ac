#pragma once
#include "dh-records.h"

G_BEGIN_DECLS

/* The run's state as it is: what was killed still says in the database that it is running, and is "unfinished" where
 * nobody holds its folder. Borrowed from the row, or a constant. Any thread. */
const char *dh_run_state (const DhRunRow *run);

/* The name of the weights' file; of a training's checkpoints, which all bear the same, with the training's folder. NULL
 * where the run has no such file: built in, or imported scores. Free both with g_free. */
char *dh_run_row_dup_weights (const DhRunRow *run);
/* "ldn121, 19 classes (second/model_best.pth)": what tells runs of one network with other weights apart. */
char *dh_run_row_dup_model (const DhRunRow *run);

G_END_DECLS

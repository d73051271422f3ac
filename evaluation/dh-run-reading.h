#pragma once
#include <json-glib/json-glib.h>
#include "dh-reading.h"
#include "dh-records.h"

G_BEGIN_DECLS

/* How a run's data set was read, kept in the run's summary from its start on: whoever opens the set again must see it
 * as the run did. With it, as "published", what dh_dataset_dup_published() calls it. */
void dh_run_reading_put (JsonObject *summary, DhDataset *dataset);
/* With its splits. Of a run that was killed before it was kept from the start, what its other columns know. */
DhReading *dh_run_reading_get (const DhRunRow *run);

G_END_DECLS

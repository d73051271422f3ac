#pragma once
#include <json-glib/json-glib.h>
#include "dh-database.h"
#include "dh-metric.h"
#include "dh-ranking.h"

G_BEGIN_DECLS

/* What a run found, for the database: rows of protocols, and the run's summary for what they have no column for. */

/* A row for each of `results` (DhResult), all of the score of that name; the histogram is of `ranking`. */
gboolean dh_run_results_store (DhDatabase *database, gint64 run, const char *score, GPtrArray *results,
                               DhRanking *ranking, GError **error);

/* A JSON object with the components of the first result that has some, or without: "components": {"protocol",
 * "threshold", "siou", "ppv", "mean_f1"}. Free with json_object_unref. */
JsonObject *dh_run_results_summarise (GPtrArray *results);
/* null where the value is not finite. */
void dh_run_results_set_number (JsonObject *object, const char *name, double value);

G_END_DECLS

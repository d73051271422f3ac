#pragma once
#include "dh-score-stats.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* What a threshold gives: rates and counts, of the picture (column 0) and of the data set (1). */
#define DH_TYPE_COUNTS_TABLE (dh_counts_table_get_type ())
G_DECLARE_FINAL_TYPE (DhCountsTable, dh_counts_table, DH, COUNTS_TABLE, GtkWidget)

GtkWidget *dh_counts_table_new (void);
/* NULL: "—" everywhere. */
void dh_counts_table_set (DhCountsTable *table, guint column, const DhCounts *counts);
/* Fractions of 1, NaN where undefined; the row is there from the first call on. `why` (may be NULL) stands in their
 * place. */
void dh_counts_table_set_open_miou (DhCountsTable *table, double image, double set, const char *why);
/* Why there are dashes; NULL: nothing is to be said. */
/* A row of its own below them, whose two values are the caller's to set. */
void dh_counts_table_add_row (DhCountsTable *table, const char *name, GtkWidget **image, GtkWidget **set);
void dh_counts_table_set_why (DhCountsTable *table, const char *why);
/* Why the picture has dashes by what was counted of it; NULL where that is no reason. `frame` and `stats` may be NULL.
 */
const char *dh_counts_table_explain (const DhFrame *frame, const DhScoreStats *stats, DhScore score);

G_END_DECLS

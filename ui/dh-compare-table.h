#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The numbers of the data set by A, by B, and A − B, who A and B are, why a number is missing or not subtracted, and
 * what both maps are drawn by. It follows the session while two maps are compared. */
#define DH_TYPE_COMPARE_TABLE (dh_compare_table_get_type ())
G_DECLARE_FINAL_TYPE (DhCompareTable, dh_compare_table, DH, COMPARE_TABLE, GtkWidget)

GtkWidget *dh_compare_table_new (DhSession *session);
/* "same data set · same threshold rule": what the two have in common; borrowed, valid until "changed", a signal. */
const char *dh_compare_table_get_summary (DhCompareTable *table);

G_END_DECLS

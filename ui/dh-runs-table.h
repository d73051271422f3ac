#pragma once
#include "dh-run-list.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Every evaluation and every training in one table, the newest first: filtered by words, sorted by its columns, one or
 * more of them chosen by their boxes or with Ctrl.
 *
 * Signals: "chosen" (): others are chosen, or what is known of them changed. "opened" (DhRunItem): a row was activated.
 */
#define DH_TYPE_RUNS_TABLE (dh_runs_table_get_type ())
G_DECLARE_FINAL_TYPE (DhRunsTable, dh_runs_table, DH, RUNS_TABLE, GtkWidget)

GtkWidget *dh_runs_table_new (DhSession *session);
/* Borrowed; the upper first; NULL: none. */
DhRunItem *dh_runs_table_get_chosen (DhRunsTable *table, guint which);
/* All of them, GPtrArray of DhRunItem, owned. */
GPtrArray *dh_runs_table_list_chosen (DhRunsTable *table);
guint dh_runs_table_count_chosen (DhRunsTable *table);
/* Chooses this evaluation alone, as the user does; a filter that hides it goes. */
void dh_runs_table_choose (DhRunsTable *table, gint64 run);
/* Evaluations and trainings, whatever the filter. */
guint dh_runs_table_get_size (DhRunsTable *table);
/* The evaluations that the filter shows and that are done, in the order of the rows; GArray of gint64, owned. */
GArray *dh_runs_table_list_shown (DhRunsTable *table);
void dh_runs_table_focus_filter (DhRunsTable *table);
/* Leaves out columns that a window of this width has no room for. */
void dh_runs_table_set_room (DhRunsTable *table, int width);

G_END_DECLS

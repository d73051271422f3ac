#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Evaluations and trainings as one list, and of it what a table of them shows: those that the words find, in the order
 * that its columns are clicked to, what is undefined last in either direction. Trainings change what they are sorted
 * and found by: a moment later their rows are where they belong. */
#define DH_TYPE_RUNS_ROWS (dh_runs_rows_get_type ())
G_DECLARE_FINAL_TYPE (DhRunsRows, dh_runs_rows, DH, RUNS_ROWS, GObject)

/* `runs`: DhRunItem; `jobs`: DhTrainingJob; both are kept. `view`: whose columns (dh-runs-columns.h) tell the order; it
 * is given them later. */
DhRunsRows *dh_runs_rows_new (GListModel *runs, GListModel *jobs, GtkColumnView *view);

/* DhRunItem, borrowed. */
GListModel *dh_runs_rows_get_all (DhRunsRows *rows);
GListModel *dh_runs_rows_get_shown (DhRunsRows *rows);
/* As dh_run_item_matches(); "" shows all. */
void dh_runs_rows_set_words (DhRunsRows *rows, const char *words);

G_END_DECLS

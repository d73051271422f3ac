#pragma once
#include "dh-run-item.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* Every evaluation, the newest first; a GListModel of DhRunItem that the session keeps. Filled by
 * dh_session_refresh_runs(), which reads the database on another thread, and after each evaluation; rows that say what
 * they said stay. Trainings are the queue's: dh_session_get_training(). */
GListModel *dh_session_get_runs (DhSession *session);
void dh_session_refresh_runs (DhSession *session);
/* The newest of them that did what dh_session_evaluate() would do now: finished, of all pictures of the open set's
 * folder and splits, of the same score, with the open weights in the precision that computes, on whatever device; files
 * that changed since are not looked at. Borrowed from the list; NULL: none. */
const DhRun *dh_session_find_evaluated (DhSession *session);
/* A report of one evaluation, or of two compared (`other` 0: one); as dh_session_export_report(). */
void dh_session_export_runs (DhSession *session, gint64 run, gint64 other, const char *path);
/* A table of these evaluations for a paper, in their order; .tex, .md or .csv. `by_seed`: those whose weights come from
 * trainings that differ in their seed alone are one row, as mean ± sample standard deviation. */
void dh_session_export_table (DhSession *session, GArray *runs, gboolean by_seed, const char *path);
/* What images made worse cost an evaluation of the images as they are (dh-robustness.h); and whether there is a run to
 * know it by. */
void dh_session_export_robustness (DhSession *session, gint64 run, const char *path);
gboolean dh_session_has_robustness (DhSession *session, const DhRun *run);
/* The score maps of an evaluation in a layout of dh-export.h, by its name, into a folder; a message or an error
 * follows.
 */
void dh_session_export_maps (DhSession *session, gint64 run, const char *layout, const char *folder);

G_END_DECLS

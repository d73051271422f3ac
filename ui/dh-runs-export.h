#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Dialogues for what is written of runs. `above`: a widget of the window they stand before. What was asked for is
 * written on another thread, and a message or an error follows. */

/* A report of a run, or of two compared (`other` 0: one), named by its form: "html", "pdf", … */
void dh_runs_export_report (GtkWidget *above, DhSession *session, gint64 run, gint64 other, const char *form);
/* What worse images cost a run. */
void dh_runs_export_robustness (GtkWidget *above, DhSession *session, gint64 run, const char *form);
/* The score maps of a run, in a layout of dh_session_export_maps(). */
void dh_runs_export_maps (GtkWidget *above, DhSession *session, gint64 run, const char *layout);
/* A table of runs, gint64 each, in their order; `by_seed`: trainings that differ in their seed alone as one row. Takes
 * the array; "message" where it is empty. */
void dh_runs_export_table (GtkWidget *above, DhSession *session, GArray *runs, gboolean by_seed, const char *form);

G_END_DECLS

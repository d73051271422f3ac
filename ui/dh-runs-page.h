#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Every evaluation and every training with its provenance; one or two chosen are laid side by side, drawn, opened again
 * and exported. */
#define DH_TYPE_RUNS_PAGE (dh_runs_page_get_type ())
G_DECLARE_FINAL_TYPE (DhRunsPage, dh_runs_page, DH, RUNS_PAGE, GtkWidget)

GtkWidget *dh_runs_page_new (DhSession *session);
void dh_runs_page_focus_filter (DhRunsPage *page);
/* Chooses this evaluation alone. */
void dh_runs_page_choose (DhRunsPage *page, gint64 run);

G_END_DECLS

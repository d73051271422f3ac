#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Every evaluation with its provenance; one or two chosen are laid side by side and exported. */
#define DH_TYPE_RUNS_PAGE (dh_runs_page_get_type ())
G_DECLARE_FINAL_TYPE (DhRunsPage, dh_runs_page, DH, RUNS_PAGE, GtkWidget)

GtkWidget *dh_runs_page_new (DhSession *session);

G_END_DECLS

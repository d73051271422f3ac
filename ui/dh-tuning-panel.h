#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The right panel: which weights, a tuner for each score, the numbers at the active threshold. */
#define DH_TYPE_TUNING_PANEL (dh_tuning_panel_get_type ())
G_DECLARE_FINAL_TYPE (DhTuningPanel, dh_tuning_panel, DH, TUNING_PANEL, GtkWidget)

GtkWidget *dh_tuning_panel_new (DhSession *session);
void dh_tuning_panel_focus_field (DhTuningPanel *panel);
/* Moves the active threshold. */
void dh_tuning_panel_nudge (DhTuningPanel *panel, double steps);

G_END_DECLS

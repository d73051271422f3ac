#pragma once
#include "dh-canvas.h"
#include "dh-found-item.h"
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The right panel: which weights, and one of its pages: a tuner for each score with the numbers at the active
 * threshold, the objects that it finds in the picture, or what the user writes about it. */
#define DH_TYPE_TUNING_PANEL (dh_tuning_panel_get_type ())
G_DECLARE_FINAL_TYPE (DhTuningPanel, dh_tuning_panel, DH, TUNING_PANEL, GtkWidget)

GtkWidget *dh_tuning_panel_new (DhSession *session, DhCanvas *canvas);
void dh_tuning_panel_focus_field (DhTuningPanel *panel);
/* As dh_components_panel_step(), whose page is then shown. */
gboolean dh_tuning_panel_step_component (DhTuningPanel *panel, gint step);
/* The same of the finds in all images, up to the ends. */
gboolean dh_tuning_panel_step_find (DhTuningPanel *panel, gint step);
/* FALSE where none is chosen. */
gboolean dh_tuning_panel_mark_find (DhTuningPanel *panel, DhFindMark mark);
/* The page of tags and note, with the focus on a new tag or on the note. */
void dh_tuning_panel_focus_notes (DhTuningPanel *panel, gboolean note);
/* Moves the active threshold. */
void dh_tuning_panel_nudge (DhTuningPanel *panel, double steps);

G_END_DECLS

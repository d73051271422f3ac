#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The left panel of the Training page: what a new training is to do, with the published values, and what was found
 * before it starts. What was entered is remembered.
 *
 * Signal "added" (DhTrainingJob): it went into the queue. */
#define DH_TYPE_TRAINING_PANEL (dh_training_panel_get_type ())
G_DECLARE_FINAL_TYPE (DhTrainingPanel, dh_training_panel, DH, TRAINING_PANEL, GtkWidget)

#define DH_TRAINING_PANEL_WIDTH 380
GtkWidget *dh_training_panel_new (DhSession *session);
/* A job's values into the form. */
void dh_training_panel_take_job (DhTrainingPanel *panel, DhTrainingJob *job);
gboolean dh_training_panel_add (DhTrainingPanel *panel);
/* How wide it is, and how high its page. */
void dh_training_panel_set_room (DhTrainingPanel *panel, int width, int height);

G_END_DECLS

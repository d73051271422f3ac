#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Under the form of a training: what it would need in memory and time, what was found wrong or right before it starts,
 * and the buttons that start it or copy it as a command. It looks again a moment after each change of the form.
 *
 * Signals: "checked" (): dh_training_check_view_get_check() has changed; "added" (DhTrainingJob). */
#define DH_TYPE_TRAINING_CHECK_VIEW (dh_training_check_view_get_type ())
G_DECLARE_FINAL_TYPE (DhTrainingCheckView, dh_training_check_view, DH, TRAINING_CHECK_VIEW, GtkWidget)

GtkWidget *dh_training_check_view_new (DhSession *session, DhTrainingForm *form);
/* Borrowed; NULL while it is looked. */
DhTrainingCheck *dh_training_check_view_get_check (DhTrainingCheckView *view);
/* As the button does; FALSE where it cannot start. */
gboolean dh_training_check_view_add (DhTrainingCheckView *view);
/* `height` of the whole panel: with less of it fewer lines are seen at once. */
void dh_training_check_view_set_room (DhTrainingCheckView *view, int height);

G_END_DECLS

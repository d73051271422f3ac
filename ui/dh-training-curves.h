#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The curves of the chosen training under a line of tools: smoothing, log axis, its checkpoints, another training to
 * compare it with.
 *
 * Signal "use" (DhTrainingJob, char *path): a checkpoint is to be opened in Browse. */
#define DH_TYPE_TRAINING_CURVES (dh_training_curves_get_type ())
G_DECLARE_FINAL_TYPE (DhTrainingCurves, dh_training_curves, DH, TRAINING_CURVES, GtkWidget)

GtkWidget *dh_training_curves_new (DhSession *session, GMenuModel *job_menu);
void dh_training_curves_set_job (DhTrainingCurves *curves, DhTrainingJob *job); /* NULL: none */
/* `width` there is for them, `chart_height` of each. */
void dh_training_curves_set_room (DhTrainingCurves *curves, int width, int chart_height);

G_END_DECLS

#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* One side of a comparison with its threshold: a run's tuner, the usual one of a score of the network, or why there is
 * nothing to be tuned; below, what it flags in the picture and in the data set. */
#define DH_TYPE_SIDE_TUNER (dh_side_tuner_get_type ())
G_DECLARE_FINAL_TYPE (DhSideTuner, dh_side_tuner, DH, SIDE_TUNER, GtkWidget)

GtkWidget *dh_side_tuner_new (DhSession *session, guint side);
gboolean dh_side_tuner_can_tune (DhSideTuner *tuner);
/* Nothing where nothing can be tuned. */
void dh_side_tuner_focus_field (DhSideTuner *tuner);
void dh_side_tuner_nudge (DhSideTuner *tuner, double steps);
/* Back to the record: of a run the best F1. */
void dh_side_tuner_reset (DhSideTuner *tuner);

G_END_DECLS

#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* One score's threshold: radio (which score makes the mask), field, histogram with its line, slider, presets and the
 * record of how the threshold was chosen. Line, slider and field are one value. */
#define DH_TYPE_SCORE_TUNER (dh_score_tuner_get_type ())
G_DECLARE_FINAL_TYPE (DhScoreTuner, dh_score_tuner, DH, SCORE_TUNER, GtkWidget)

/* `group`: the first score's tuner, whose radio this one joins; NULL for the first. */
GtkWidget *dh_score_tuner_new (DhSession *session, DhScore score, DhScoreTuner *group);
/* Without a radio: always open, and a touch leaves the score active that is. */
GtkWidget *dh_score_tuner_new_alone (DhSession *session, DhScore score);
/* Low windows: inactive histograms flat and without ticks. */
void dh_score_tuner_set_compact (DhScoreTuner *tuner, gboolean compact);
void dh_score_tuner_focus_field (DhScoreTuner *tuner);
/* Moves the threshold by steps of the slider's axis: keys. */
void dh_score_tuner_nudge (DhScoreTuner *tuner, double steps);

/* The same line, slider-less, field and number, in one row: while the tuning panel is folded. */
GtkWidget *dh_score_line_new (DhSession *session);

G_END_DECLS

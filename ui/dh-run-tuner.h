#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The threshold of a run that stands on a side of a comparison: field, histogram with its line, slider, presets and
 * record, as DhScoreTuner has them for a score of the network. */
#define DH_TYPE_RUN_TUNER (dh_run_tuner_get_type ())
G_DECLARE_FINAL_TYPE (DhRunTuner, dh_run_tuner, DH, RUN_TUNER, GtkWidget)

/* For as long as this run stands there. `score`: whose axis its map has (dh-run-curve.h); `title`: of the map. */
GtkWidget *dh_run_tuner_new (DhSession *session, guint side, DhScore score, const char *title);
void dh_run_tuner_focus_field (DhRunTuner *tuner);
/* Moves the threshold by steps of the slider's axis: keys. */
void dh_run_tuner_nudge (DhRunTuner *tuner, double steps);

G_END_DECLS

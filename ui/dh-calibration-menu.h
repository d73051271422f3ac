#pragma once
#include "dh-calibration.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* "Calibrated on ▾": a button whose popover lists the evaluated sets with the thresholds that rules chose there, those
 * of the set in use apart, and what to do where there are none. Each opening reads the database anew. `side` and
 * `score` as in dh-calibration.h. */
#define DH_TYPE_CALIBRATION_MENU (dh_calibration_menu_get_type ())
G_DECLARE_FINAL_TYPE (DhCalibrationMenu, dh_calibration_menu, DH, CALIBRATION_MENU, GtkWidget)

GtkWidget *dh_calibration_menu_new (DhSession *session, gint side, DhScore score);
/* Whether the threshold in use is one of these: the button is drawn as pressed presets are. */
void dh_calibration_menu_set_used (DhCalibrationMenu *menu, gboolean used);

G_END_DECLS

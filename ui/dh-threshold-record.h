#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* Under a threshold's slider: a button for every rule that may choose it, those that other sets gave
 * (dh-calibration-menu.h), how it was chosen, undo, and a warning where that was done on the very set it is used on.
 *
 * Signal "choose" (uint DhRule): a rule's button was pressed. */
#define DH_TYPE_THRESHOLD_RECORD (dh_threshold_record_get_type ())
G_DECLARE_FINAL_TYPE (DhThresholdRecord, dh_threshold_record, DH, THRESHOLD_RECORD, GtkWidget)

/* `side` and `score`: as in dh-calibration.h. */
GtkWidget *dh_threshold_record_new (DhSession *session, gint side, DhScore score);
/* `own`: chosen on the set it is used on, which the warning tells where `warn` is set, `otherwise`: on its images as
 * they were seen otherwise; `can`: rules can choose here.
 * Cheap where nothing of it changed, as while a threshold is dragged: FALSE. Then what it says is another. */
gboolean dh_threshold_record_show (DhThresholdRecord *record, const DhThreshold *threshold, gboolean own,
                                   gboolean otherwise, gboolean can, gboolean warn);
/* After a button was pressed that chose nothing new, it shows what is. */
void dh_threshold_record_forget (DhThresholdRecord *record);
/* "Best F1 on RoadAnomaly21, 10 images"; borrowed. */
const char *dh_threshold_record_get_text (DhThresholdRecord *record);

G_END_DECLS

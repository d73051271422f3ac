#pragma once
#include "dh-training-job.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* One training in the list of jobs: its state as icon, word and colour, what it does or why it ended, progress, time
 * left, and buttons for what can be done. The buttons' actions are "training.pause" and the like; they are about the
 * job of the row that was activated or clicked, which dh_job_row_get_job() tells. */
#define DH_TYPE_JOB_ROW (dh_job_row_get_type ())
G_DECLARE_FINAL_TYPE (DhJobRow, dh_job_row, DH, JOB_ROW, GtkListBoxRow)

/* What a row's button asks for, by the signal "asked" (char *action): "pause", "go-on", "cancel", "up", "edit",
 * "browse", "remove". */
GtkWidget *dh_job_row_new (DhTrainingJob *job);
DhTrainingJob *dh_job_row_get_job (DhJobRow *row);
/* Without words for the state and with a short bar. */
void dh_job_row_set_narrow (DhJobRow *row, gboolean narrow);

/* For every place that shows a state. */
const char *dh_job_state_icon (DhJobState state);
const char *dh_job_state_class (DhJobState state); /* a style class; "" */

G_END_DECLS

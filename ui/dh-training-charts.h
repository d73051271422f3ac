#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* The curves of one training: a chart for each term of the loss, for the closed mIoU and the AP of the hybrid score;
 * they follow a running one. Other trainings can be laid over them. */
#define DH_TYPE_TRAINING_CHARTS (dh_training_charts_get_type ())
G_DECLARE_FINAL_TYPE (DhTrainingCharts, dh_training_charts, DH, TRAINING_CHARTS, GtkWidget)

GtkWidget *dh_training_charts_new (DhSession *session);
/* Either may be NULL; `others`: DhTrainingJob, of which `job` itself is left out. */
void dh_training_charts_set_job (DhTrainingCharts *charts, DhTrainingJob *job, GPtrArray *others);
/* 0 ≤ weight < 1; at 0 the lines are exactly the values written down. */
void dh_training_charts_set_smoothing (DhTrainingCharts *charts, double weight);
/* Logarithmic for the segmentation and the total; the likelihood's term may be negative, the posterior's is always. */
void dh_training_charts_set_log (DhTrainingCharts *charts, gboolean log_axis);
/* In short: one chart, the total loss; two, and what chooses the best model. 0: all of them. */
void dh_training_charts_set_brief (DhTrainingCharts *charts, guint n_charts);
/* `height` of a chart. */
void dh_training_charts_set_room (DhTrainingCharts *charts, guint columns, int height);

G_END_DECLS

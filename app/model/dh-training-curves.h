#pragma once
#include "dh-run-log.h"
#include "dh-training-log.h"

G_BEGIN_DECLS

/* What events of a log come to: lines of text, and curves without the steps that were done again. */

DhTrainingLine *dh_training_line_new (const DhRunEvent *event);
/* The line's text alone; free with g_free. */
char *dh_training_line_describe (const DhRunEvent *event);

typedef struct
{
  GArray *x[DH_N_TRAINING_CURVES], *y[DH_N_TRAINING_CURVES]; /* double */
  guint generation[DH_N_TRAINING_CURVES], kept[DH_N_TRAINING_CURVES];
} DhTrainingCurves;

void dh_training_curves_init (DhTrainingCurves *curves);
void dh_training_curves_clear (DhTrainingCurves *curves);
void dh_training_curves_take_event (DhTrainingCurves *curves, const DhRunEvent *event);
/* Forgets all points. */
void dh_training_curves_start_again (DhTrainingCurves *curves);
gboolean dh_training_curve_is_by_step (DhTrainingCurveKind kind);
/* Free with g_free. */
char *dh_training_curves_to_csv (const DhTrainingCurves *curves);

G_END_DECLS

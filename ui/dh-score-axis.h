#pragma once
#include "dh-histogram.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* A threshold as adjustments: one on the axis (slider, histogram), one in the field's unit; for the posterior the first
 * is the second's logit. Kept in step with the session both ways. */
typedef struct
{
  DhSession *session;
  DhScore score;
  GtkAdjustment *axis, *field;
  gboolean updating;
  guint commit_timeout;
  gulong handlers[4];
} DhScoreAxis;

DhScoreAxis *dh_score_axis_new (DhSession *session, DhScore score);
void dh_score_axis_free (DhScoreAxis *axis);
/* The user lets go: undo goes back to before. Also happens by itself a moment after the last change. */
void dh_score_axis_commit (DhScoreAxis *axis);

/* Fills a histogram with the counts of the picture, or of the set. */
void dh_score_axis_fill (DhScoreAxis *axis, GtkWidget *histogram, gboolean of_set);
/* What the grey and the tinted bars of a score are. */
void dh_score_histogram_name (DhHistogram *histogram, gboolean labelled, gboolean of_set);

G_END_DECLS

#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* What the scores of a run are, over all finite pixels of its pictures and without their labels, so that those of
 * another can be brought to the same scale: less their mean, by their deviation, or as ranks
 * (dh-score-ranks-private.h). */
typedef struct _DhScoreScale DhScoreScale;

DhScoreScale *dh_score_scale_new (gboolean ranks);
void dh_score_scale_free (DhScoreScale *scale);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhScoreScale, dh_score_scale_free)

/* In the same order they give the same bits. */
void dh_score_scale_add (DhScoreScale *scale, const float *values, gsize n);
/* Once all are added. FALSE: there are no two that differ, and no scale. */
gboolean dh_score_scale_finish (DhScoreScale *scale);
double dh_score_scale_mean (const DhScoreScale *scale);
double dh_score_scale_deviation (const DhScoreScale *scale);

/* On that scale; NaN stays, what is infinite stays or becomes the first or last rank. Any thread. */
double dh_score_scale_apply (const DhScoreScale *scale, float value);

G_END_DECLS

#pragma once
#include "dh-froc.h"

G_BEGIN_DECLS

/* Objects against false alarms in draws of pictures: exactly, as dh-froc.h counts them of the pictures of a draw, each
 * as often as it is drawn. */
typedef struct _DhDrawnFroc DhDrawnFroc;

DhDrawnFroc *dh_drawn_froc_new (const DhFrocOptions *options, double rate);
void dh_drawn_froc_free (DhDrawnFroc *froc);
/* The next picture. Errors: DH_ERROR_NO_MEMORY. */
gboolean dh_drawn_froc_add (DhDrawnFroc *froc, const float *scores, const guint8 *labels, guint width, guint height,
                            GError **error);
/* Once all were added. */
void dh_drawn_froc_settle (DhDrawnFroc *froc);
/* `times`: how often each picture is in the draw; NULL: once. Which share of the objects is found at `rate` false
 * alarms an image, and the mean of dh_froc_curve_mean(); NAN without objects. */
void dh_drawn_froc_measure (const DhDrawnFroc *froc, const double *times, double *found, double *mean);

G_END_DECLS

#pragma once
#include <glib.h>
#include "dh-pack.h"

G_BEGIN_DECLS

/* Open-set recognition (dh-open-set.h) at every threshold at once: what a slider asks for, in some microseconds
 * whatever the size of the set. For every class that is predicted the scores of its right and of its wrong pixels are
 * counted, so that at any τ the pixels that keep the class are known, and with them its IoU.
 *
 * How: scores are counted in bins (lo, hi], 4096 to a power of two, 512 below 1; where a probability is nearly ±1 they
 * are as narrow by what it lacks. At a τ between a bin's ends its pixels count in part, by where τ lies. So what is
 * given is exact where no score lies in τ's own bin, or τ is its upper end (every number of at most 10 binary digits
 * is), and else no further off than by the pixels in that one bin: of continuous scores under 1e-4 of an IoU. A class
 * is absent as there; one without labels is present as long as its last prediction's bin is.
 *
 * Memory: 2 KiB for each 256 bins that a class uses, right and wrong apart; 19 classes over a hybrid score's whole
 * range take some 15 MiB, and more pixels take no more. NaN and infinite scores are left out and counted. The result
 * does not depend on the order of pixels, images or merges. Not thread safe; fill one a thread and merge. */
typedef struct _DhOpenSweep DhOpenSweep;

/* 1 ≤ classes ≤ 254. */
DhOpenSweep *dh_open_sweep_new (guint classes);
void dh_open_sweep_free (DhOpenSweep *sweep);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhOpenSweep, dh_open_sweep_free)
/* As dh_open_set_add. Errors: DH_ERROR_NO_MEMORY; the sweep then holds a part of the pixels and must be freed. */
gboolean dh_open_sweep_add (DhOpenSweep *sweep, const guint8 *prediction, const float *scores, const guint8 *labels,
                            gsize n, GError **error);
/* Adds all of `other`, of as many classes (programmer error otherwise), which stays as it is. Errors as add(). */
gboolean dh_open_sweep_merge (DhOpenSweep *sweep, const DhOpenSweep *other, GError **error);

guint dh_open_sweep_classes (const DhOpenSweep *sweep);
guint64 dh_open_sweep_pixels (const DhOpenSweep *sweep); /* with a label and a finite score */
guint64 dh_open_sweep_anomalies (const DhOpenSweep *sweep);
guint64 dh_open_sweep_non_finite (const DhOpenSweep *sweep);
gsize dh_open_sweep_memory (const DhOpenSweep *sweep); /* bytes held */

/* The open-mIoU where score > threshold is "anomaly"; NAN where no class occurs, or the threshold is NAN. `iou` (may be
 * NULL) has K + 1 places, the last the anomaly's; NAN where absent. The first call after a change builds an index. */
double dh_open_sweep_miou (DhOpenSweep *sweep, double threshold, double *iou);
/* Without a threshold, on the pixels of the K classes alone, exactly: the mIoU; K places of `iou`, K×K of `confusion`,
 * row = label, column = prediction (either may be NULL). */
double dh_open_sweep_closed (const DhOpenSweep *sweep, double *iou, guint64 *confusion);

/* All that it holds as bytes, the same for equal contents, and one that gives the same bits made of them: some 1 to
 * 2 MB for 19 classes. */
void dh_open_sweep_pack (const DhOpenSweep *sweep, DhPack *to);
/* NULL, `from` having failed, where these are no such bytes, whatever else they are, or tell of another number of
 * classes or more pixels; or where memory is short. What is read takes at most 64 times the bytes it is read from. */
DhOpenSweep *dh_open_sweep_unpack (DhUnpack *from, guint classes, guint64 most_pixels);

G_END_DECLS

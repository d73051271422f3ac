#pragma once
#include <gio/gio.h>
#include <math.h>
#include "dh-curve.h"

G_BEGIN_DECLS

/* How far the pooled numbers of a set are a matter of chance: of which pictures happen to be in it. As many pictures
 * as there are, are drawn from them again and again, with replacement, and what the numbers of the draws spread over is
 * their interval (the percentile bootstrap: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
 * What is drawn is a whole picture, or a group of pictures that are alike, as those of one drive, because pixels of one
 * picture say nearly the same (the cluster bootstrap). Two runs of the same pictures are measured on the same draws, so
 * that what is hard in both does not blur their difference.
 *
 * How: each picture's pixels are counted in bins between the thresholds of the set's curve, 2048 at most. What that
 * rounds off the set's own numbers is added to the interval's ends. The draws are the same in every start.
 *
 * It knows nothing of what another training, other labels or another city would change, and of few pictures (below
 * some thirty) the interval is too narrow: of twenty it holds the truth in some 90 of 100 sets. */

#define DH_BOOTSTRAP_LEVEL 0.95
#define DH_BOOTSTRAP_DRAWS 1000u
#define DH_BOOTSTRAP_LEAST 10u    /* groups: of fewer there are no intervals */
#define DH_BOOTSTRAP_GROUPS 2000u /* more groups than these are thrown together by chance, to as many */

/* The pixels of a set, picture by picture. Some 4 KB a picture. Not thread safe; immutable once it is filled. */
typedef struct _DhBootstrap DhBootstrap;

/* `curve`: of the pooled scores of the set, reduced or not. */
DhBootstrap *dh_bootstrap_new (const DhCurve *curve);
void dh_bootstrap_free (DhBootstrap *bootstrap);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhBootstrap, dh_bootstrap_free)
/* The next picture: n pixels; labels 0 inlier, 1 anomaly, others ignored. NaN and infinite scores are left out. FALSE
 * where memory is short: it then is of no use but to be freed. */
gboolean dh_bootstrap_add (DhBootstrap *bootstrap, const float *scores, const guint8 *labels, gsize n);
guint dh_bootstrap_pictures (const DhBootstrap *bootstrap);

/* A run in a draw. */
typedef struct
{
  const DhBootstrap *pixels;
  const guint *groups; /* of each picture the number of its group; G_MAXUINT: it is not drawn */
  /* exactly, by a protocol that pools, over the pictures that are drawn; NAN: undefined */
  double ap, fpr95, auroc, best_f1;
} DhBootstrapRun;

/* Fractions of 1; NAN where undefined. */
typedef struct
{
  double low, high;
} DhInterval;
typedef struct
{
  DhInterval of[2];      /* of each run */
  DhInterval difference; /* of the first less the second, on the same draws */
  double first_higher;   /* in which part of the draws the first is the higher one; equal ones count half */
} DhBootstrapNumber;
#define DH_BOOTSTRAP_NUMBER_INIT                                                                                       \
  {                                                                                                                    \
    { { (double)NAN, (double)NAN }, { (double)NAN, (double)NAN } }, { (double)NAN, (double)NAN }, (double)NAN          \
  }
typedef struct
{
  guint groups; /* that were drawn from */
  DhBootstrapNumber ap, fpr95, auroc, best_f1;
} DhBootstrapNumbers;
#define DH_BOOTSTRAP_NUMBERS_INIT                                                                                      \
  {                                                                                                                    \
    0, DH_BOOTSTRAP_NUMBER_INIT, DH_BOOTSTRAP_NUMBER_INIT, DH_BOOTSTRAP_NUMBER_INIT, DH_BOOTSTRAP_NUMBER_INIT          \
  }

/* `n_runs` is 1 or 2, over the same groups 0 … n_groups − 1; what is of a second run is NAN without one. A number is
 * NAN with fewer groups than DH_BOOTSTRAP_LEAST have pixels, and where it is undefined in more than a twentieth of the
 * draws (anomalies are in too few groups). FALSE where memory is short or cancelled. A second or two of a large set. */
gboolean dh_bootstrap_draw (const DhBootstrapRun *runs, guint n_runs, guint n_groups, DhBootstrapNumbers *numbers,
                            GCancellable *cancellable);

G_END_DECLS

#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* What it means to take one map of the current picture from another. Values of two maps share no scale unless they are
 * of one unit; aligned, both are set to 0 at their threshold τ and to −1 at the median inlier,
 *   z = (s − τ) / (τ − median inlier),
 * so that more is more anomalous in both, whichever side a map flags. Where τ is not beyond the median, the distance is
 * taken as a thousandth of the map's range: z never changes its sign.
 *
 * The median is that of the evaluated set where there is one, else of the current picture. A map without a threshold of
 * its own (max softmax, max logit, entropy) takes that at which it flags as large a share of this picture as the active
 * score does, by a sample of it; another run's has that of the run (dh-run-map.h). One object a session; window's
 * thread. */

/* s ↦ (s − zero) · factor */
typedef struct
{
  double zero, factor;
} DhAlignment;

/* A − B over both maps' values, each moved and stretched first. */
typedef struct
{
  gboolean aligned; /* else values as they are, of one unit, turned so that more is more anomalous */
  DhAlignment side[2];
  double range; /* colours reach from −range to range */
} DhDifference;

DhComparison *dh_comparison_new (DhSession *session); /* borrows */
void dh_comparison_free (DhComparison *comparison);

/* Whether values of both are of one unit: log densities, probabilities, nats of entropy. */
gboolean dh_comparison_shares_unit (DhComparison *comparison, DhFrameMap a, DhFrameMap b);
/* What raw values are subtracted, each turned so that more is more anomalous: "A − B", "A − (−B)", "(1 − A) − B". Free
 * with g_free. */
char *dh_comparison_dup_formula (DhComparison *comparison, DhFrameMap a, DhFrameMap b);
/* How A − B is to be read while it is not aligned: "raw values in nats"; translated, static. */
const char *dh_comparison_unit_title (DhComparison *comparison, DhFrameMap map);
/* Why A − B cannot be taken, as a sentence; NULL where it can. −1: what is no map (image, labels). Static, translated.
 */
const char *dh_comparison_refuse (DhComparison *comparison, gint a, gint b);

/* FALSE while threshold, median or the map are missing. */
gboolean dh_comparison_align (DhComparison *comparison, DhFrameMap map, DhAlignment *alignment);
/* Values as they are where both share a unit and `aligned` was not asked for, or is not to be had. FALSE as above. */
gboolean dh_comparison_subtract (DhComparison *comparison, DhFrameMap a, DhFrameMap b, gboolean aligned,
                                 DhDifference *difference);
double dh_difference_at (const DhDifference *difference, double a, double b);

/* How z is shown: ±1.5 in the colours of single maps and of their difference. */
#define DH_COMPARISON_RANGE 1.5

G_END_DECLS

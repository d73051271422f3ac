#pragma once
#include "dh-bootstrap.h"

G_BEGIN_DECLS

/* Bins, descending by score. */
guint dh_bootstrap_n_bins (const DhBootstrap *bootstrap);
/* Of each bin, whether it holds several scores, and not one alone. */
const guint8 *dh_bootstrap_mixed (const DhBootstrap *bootstrap);
/* Adds a picture's pixels to its group's: of each bin the inliers, and behind all of these the anomalies. */
void dh_bootstrap_add_to (const DhBootstrap *bootstrap, guint picture, float *counts);

G_END_DECLS

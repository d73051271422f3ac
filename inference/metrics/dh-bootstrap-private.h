#pragma once
#include "dh-bootstrap.h"

G_BEGIN_DECLS

/* Bins, descending by score. */
guint dh_bootstrap_n_bins (const DhBootstrap *bootstrap);
/* Adds a picture's pixels to its group's: of each bin the inliers, and behind all of these the anomalies. */
void dh_bootstrap_add_to (const DhBootstrap *bootstrap, guint picture, float *counts);

G_END_DECLS

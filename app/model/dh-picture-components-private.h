#pragma once
#include "dh-component-sums.h"
#include "dh-picture-components.h"
#include "dh-score-stats.h"

G_BEGIN_DECLS

/* dh_picture_components_new() with what it adds to its set's sums, and the counts of pixels. Without labels
 * there is nothing to sum, and only what is flagged to count. */
G_GNUC_INTERNAL DhPictureComponents *dh_picture_components_measure (const DhFrame *frame, DhScore score,
                                                                    double threshold, DhComponentSums *sums,
                                                                    DhCounts *counts);

G_END_DECLS

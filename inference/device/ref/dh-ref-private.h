#pragma once
#include "dh-device-private.h"

G_BEGIN_DECLS

/* Every operator in plain C, the definition that other devices are held to. Values are dense N×C×H×W float32; sums run
 * in double in a fixed order, so that the bits do not depend on the number of threads. */

/* One convolution: `weight` O×I×k×k, `bias` O or NULL. FALSE where memory is short. */
gboolean dh_ref_conv (const DhNode *node, const float *x, DhShape from, const float *weight, const float *bias,
                      float *y, DhShape to, guint threads) G_GNUC_INTERNAL;

/* Everything else. `x[i]`: the i-th input, of shape from[i]. `parameters`: weight, bias, running mean and variance of a
 * norm. `y` is uint8 for DH_MAP_SEGMENTATION. */
void dh_ref_operate (const DhNode *node, const float *const *x, const DhShape *from, const float *const *parameters,
                     gpointer y, DhShape to) G_GNUC_INTERNAL;

G_END_DECLS

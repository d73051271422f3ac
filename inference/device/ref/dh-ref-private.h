#pragma once
#include "dh-device-private.h"

G_BEGIN_DECLS

/* Every operator in plain C, the definition that other devices are held to. Values are dense N×C×H×W float32; sums run
 * in double in a fixed order, so that the bits do not depend on the number of threads. */

/* One convolution: `weight` O×I×k×k, `bias` O or NULL. FALSE where memory is short. */
gboolean dh_ref_conv (const DhNode *node, const float *x, DhShape from, const float *weight, const float *bias,
                      float *y, DhShape to, guint threads) G_GNUC_INTERNAL;

/* The gradient of its input (of shape `to`) from that of its result (of shape `from`). FALSE where memory is short. */
gboolean dh_ref_conv_data_gradient (const DhNode *node, const float *dy, DhShape from, const float *weight, float *dx,
                                    DhShape to, guint threads) G_GNUC_INTERNAL;
/* The gradients of its weight and bias (NULL where it has none), from its input and the gradient of its result. FALSE
 * where memory is short. */
gboolean dh_ref_conv_weight_gradient (const DhNode *node, const float *x, DhShape from, const float *dy, DhShape to,
                                      float *d_weight, float *d_bias, guint threads) G_GNUC_INTERNAL;

/* Mean and biased variance of a batch, C each. */
void dh_ref_norm_statistics (const float *x, DhShape shape, double *mean, double *variance,
                             guint threads) G_GNUC_INTERNAL;
/* y = weight (x − mean)·inverse + bias, where wanted followed by a ReLU. */
void dh_ref_norm_apply (const float *x, DhShape shape, const double *mean, const double *inverse, const float *weight,
                        const float *bias, gboolean relu, float *y, guint threads) G_GNUC_INTERNAL;
/* The gradient of the input and of weight and bias (written). */
void dh_ref_norm_gradient (const float *x, const float *dy, DhShape shape, const double *mean, const double *inverse,
                           const float *weight, float *dx, float *d_weight, float *d_bias,
                           guint threads) G_GNUC_INTERNAL;
/* Pools and resizes: the gradient of the input x (of shape `from`; its contents are read by the max pool alone, where
 * the first of equal elements takes all) from that of the result. FALSE where memory is short. */
gboolean dh_ref_window_gradient (const DhNode *node, const float *x, DhShape from, const float *dy, DhShape to,
                                 float *dx, guint threads) G_GNUC_INTERNAL;
/* Networks of others. An activation's gradient: dx[i] = dy[i] times its slope at x[i]; dx may be dy. */
void dh_ref_activation_gradient (DhActivation activation, const float *x, const float *dy, float *dx, gsize count,
                                 guint threads) G_GNUC_INTERNAL;
/* Of both factors of a product, x[1] of shape `by`. */
void dh_ref_multiply_gradient (const float *const x[2], DhShape by, const float *dy, DhShape shape, float *const dx[2],
                               guint threads) G_GNUC_INTERNAL;
/* Of a value of shape `from` whose channels became places. */
void dh_ref_depth_to_space_gradient (const DhNode *node, const float *dy, DhShape to, float *dx, DhShape from,
                                     guint threads) G_GNUC_INTERNAL;
/* Of the input and of weight and bias (written). FALSE where memory is short. */
gboolean dh_ref_layer_norm_gradient (const DhNode *node, const float *x, const float *dy, DhShape shape,
                                     const float *weight, float *dx, float *d_weight, float *d_bias,
                                     guint threads) G_GNUC_INTERNAL;
/* Of queries, keys and values. FALSE where memory is short. */
gboolean dh_ref_attention_gradient (const DhNode *node, const float *const x[3], const DhShape from[3], const float *dy,
                                    DhShape to, float *const dx[3], guint threads) G_GNUC_INTERNAL;
/* The losses of dh-train-plan.h, and their gradients on f and g (`g`, `dg` NULL: L_seg alone). FALSE where memory is
 * short. */
gboolean dh_ref_losses (const float *f, const float *g, DhShape shape, const guint8 *labels, double beta,
                        DhLosses *losses, float *df, float *dg, guint threads) G_GNUC_INTERNAL;
/* The rows and columns a resize reads. */
typedef struct
{
  gint low, high;
  double weight; /* of `high` */
} DhRefTap;
DhRefTap *dh_ref_make_taps (gint in, gint out, gboolean align_corners) G_GNUC_INTERNAL;
DhRefTap *dh_ref_make_nearest_taps (gint in, gint out) G_GNUC_INTERNAL;

/* Everything else. `x[i]`: the i-th input, of shape from[i]. `parameters`: weight, bias, running mean and variance of a
 * norm. `y` is uint8 for DH_MAP_SEGMENTATION. */
void dh_ref_operate (const DhNode *node, const float *const *x, const DhShape *from, const float *const *parameters,
                     gpointer y, DhShape to) G_GNUC_INTERNAL;

G_END_DECLS

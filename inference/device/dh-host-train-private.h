#pragma once
#include "dh-device-private.h"

G_BEGIN_DECLS

/* The definition of a training step: one executor of the graph in plain C, operator by operator. */

typedef struct
{
  /* One convolution of a plan. `with_data`: the gradient of its input is wanted too. */
  gpointer (*open) (DhDevice *device, const DhNode *node, DhShape from, DhShape to, gboolean with_data, GError **error);
  void (*close) (gpointer conv);
  /* Each writes its result; FALSE where memory is short. `bias` and `d_bias` are NULL in a convolution without bias. */
  gboolean (*forward) (gpointer conv, const float *x, const float *weight, const float *bias, float *y);
  gboolean (*backward_data) (gpointer conv, const float *dy, const float *weight, float *dx);
  gboolean (*backward_weights) (gpointer conv, const float *x, const float *dy, float *d_weight, float *d_bias);
} DhHostConv;

extern const DhHostConv dh_host_conv_ref;

/* As the entries of DhDeviceFunctions, with the convolutions to be used. */
DhTrainPlan *dh_host_train_new (DhDevice *device, DhGraph *graph, const DhShape *shapes, DhTensorDict *parameters,
                                DhTensorDict *gradients, const DhTrainOptions *options, const DhHostConv *conv,
                                GError **error);
gboolean dh_host_train_run (DhTrainPlan *plan, const float *input, const guint8 *labels, guint64 seed, double weight,
                            DhLosses *losses, GCancellable *cancellable, GError **error);
void dh_host_train_free (DhTrainPlan *plan);

G_END_DECLS

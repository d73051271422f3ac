#pragma once
#include "dh-train-private.h"

G_BEGIN_DECLS

/* What norms, copies and sums (dh-train-ops.c) share with pools and resizes (dh-train-window.c). */

typedef struct
{
  DhTrain *train;
  const DhTrainStep *step;
  const DhTrainOp *op;
  float *const *targets; /* the gradient of the input, as it is read */
} DhTrainOpWork;

/* `sum`: added, or NULL. */
G_GNUC_INTERNAL DhTrainOp *dh_train_op_new (DhTrain *train, DhValue node, DhTrainView *in, DhTrainView *sum,
                                            void (*list_forward) (DhTrain *train, DhTrainOp *op),
                                            void (*list_backward) (DhTrain *train, DhTrainOp *op));
/* Laid out as the view is. */
G_GNUC_INTERNAL DhTrainValue *dh_train_value_like (DhTrain *train, const DhTrainView *view, gint h, gint w);
/* Planes of the view of an operand that is added, of one image; NULL: none is. */
G_GNUC_INTERNAL const float *const *dh_train_sum_planes (const DhTrainOp *op, gint image);
/* Planes of a value's gradient, image after image; free with g_free. */
G_GNUC_INTERNAL float **dh_train_grad_planes (const DhTrain *train, const DhTrainValue *value);
/* The last step needs what the operation reads and writes; the gradient that it goes back from. */
G_GNUC_INTERNAL void dh_train_touch_forward (DhTrain *train, const DhTrainOp *op);
G_GNUC_INTERNAL void dh_train_touch_backward (DhTrain *train, const DhTrainOp *op);
/* An operand that is added and read by nobody else takes the gradient of the sum as its own; FALSE where it cannot. */
G_GNUC_INTERNAL gboolean dh_train_share_gradient (const DhTrainView *view, const DhTrainValue *out);

G_END_DECLS

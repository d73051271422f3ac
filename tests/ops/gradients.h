#pragma once
#include "dh-train-plan.h"
#include "ops.h"

G_BEGIN_DECLS

/* The proofs of gradients: which there are (gradient-cases.c), what is proved (gradients.c), and of other precisions
 * (gradient-precisions.c). */

typedef struct
{
  OpsCase ops_case;
  DhDevice *device; /* borrowed */
  DhValue logits, logits_ood;
  gint classes;
  gboolean dropout;
  gboolean whole_net; /* one direction a parameter is enough */
  gboolean recompute; /* with less memory too */
} GradientCase;

/* One of them under way. */
typedef struct
{
  const GradientCase *gradient_case;
  DhTrainPlan *plan;
  DhTensorDict *parameters; /* float32, the plan's */
  DhTensorDict *doubles;
  DhTensorDict *gradients;
  float *input;
  guint8 *labels;
  DhShape *shapes;
  double mean;
} GradientRun;

/* The test, of a GradientCase. */
void gradients_prove (gconstpointer data);
/* Other precisions that the device trains in, against its own float32: the loss, and every gradient for itself. */
void gradients_check_precisions (GradientRun *run, const DhTrainOptions *options, double expected_loss);

G_END_DECLS

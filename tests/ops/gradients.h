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

/* Which of them are wanted, and whether they are to be named rather than proved. */
typedef struct
{
  DhDevice *device;
  gboolean (*is_wanted) (const char *path, char **words);
  char **words;
  gboolean print;
} GradientList;

/* A new case, which takes `graph`, with a batch of two. `logits_ood` may be DH_NO_VALUE. */
void gradients_add (const GradientList *list, DhGraph *graph, gint h, gint w, const char *name, gint classes,
                    DhValue logits, DhValue logits_ood);
/* Operators that only networks of others have. */
void gradients_add_foreign (const GradientList *list);

/* The test, of a GradientCase. */
void gradients_prove (gconstpointer data);
/* Other precisions that the device trains in, against its own float32: the loss, and every gradient for itself. */
void gradients_check_precisions (GradientRun *run, const DhTrainOptions *options, double expected_loss);

G_END_DECLS

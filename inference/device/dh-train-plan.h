#pragma once
#include "dh-train-state.h"

G_BEGIN_DECLS

/* A graph compiled for training steps on batches of one shape on one device: forward in training mode (norms use the
 * batch's statistics), losses, backward through every operator.
 *
 * Labels: 0…K−1 inlier classes, K ignored, K+1 pasted negative. The losses (Grcić, Bevandić, Šegvić, DenseHybrid, ECCV
 * 2022), f the logits and g the outlier logits:
 *
 *   L_seg  = mean over labels 0…K−1 of −ln softmax (f)_label
 *   L_like = mean over negatives of logsumexp f − m, m the mean of all logits of the batch, held constant; 0 without
 *            negatives
 *   L_post = mean over all pixels of −ln softmax (g)_[negative]
 *   L      = L_seg + β L_like + 10 β L_post; L_seg alone in a network without outlier head */
typedef struct _DhTrainPlan DhTrainPlan;

typedef struct
{
  DhShape input;
  DhPrecision precision;
  DhValue logits, logits_ood; /* full size; logits_ood DH_NO_VALUE: L_seg alone */
  double beta;
  gboolean without_dropout; /* dropouts are the identity */
  const char *choices;      /* of dh_train_plan_dup_choices(): to be kept to; NULL: free */
  /* Holds less and takes longer: results of convolutions that one convolution alone reads (the bottlenecks of dense
   * layers) are made again in the backward pass. Running statistics still move once. A device may have nothing to gain
   * from it; the results are the same bits. */
  gboolean recompute;
  /* Where the device keeps parameters and gradients between steps, made of the same tensors, the same graph and the
   * same logits; it must outlive the plan. NULL: in the tensors themselves. */
  DhTrainState *state;
} DhTrainOptions;

typedef struct
{
  double total, segmentation, likelihood, posterior;
  guint64 labelled, negatives; /* pixels */
} DhLosses;

/* `parameters` holds what dh_graph_list_parameters() names for the two logits, `gradients` the trained ones among them;
 * all float32, in memory of their own, each shaped as the graph says. The plan keeps both: a step reads the parameters'
 * present values (an optimiser changes them in place between steps), updates the running statistics with the norms'
 * momentum and adds to the gradients. Errors: DH_ERROR_UNSUPPORTED where the device or the precision cannot train,
 * DH_ERROR_INVALID where a norm would see one value a channel, else as dh_plan_new(). */
DhTrainPlan *dh_train_plan_new (DhDevice *device, DhGraph *graph, DhTensorDict *parameters, DhTensorDict *gradients,
                                const DhTrainOptions *options, GError **error);
void dh_train_plan_free (DhTrainPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhTrainPlan, dh_train_plan_free)

/* Whether every norm would see several values a channel, as dh_train_plan_new() asks; without the plan. Errors:
 * DH_ERROR_INVALID, and those of the shapes. */
gboolean dh_train_check_norms (DhGraph *graph, const DhTrainOptions *options, GError **error);

/* Bytes that a plan of these options will hold at most in a step, but for the parameters, their gradients and what an
 * optimiser keeps (each as large as the parameters): to be asked before the plan is made. Nothing large is allocated.
 * G_MAXUINT64 where the shapes make no sense. */
guint64 dh_train_plan_estimate_bytes (DhDevice *device, DhGraph *graph, const DhTrainOptions *options);

/* One batch: `input` N×3×H×W, `labels` N×H×W. `seed` decides which channels are dropped; the same arguments and
 * parameters give the same bits. Every gradient is multiplied by `weight` (1 / the number of accumulated batches)
 * before it is added. A batch without a labelled pixel has no loss: nothing is computed or changed, and
 * losses->labelled is 0. On an error or a cancellation (looked for between operators, and on the cpu within them) the
 * gradients hold nothing of use, and the running statistics may have moved. */
gboolean dh_train_plan_run (DhTrainPlan *plan, const float *input, const guint8 *labels, guint64 seed, double weight,
                            DhLosses *losses, GCancellable *cancellable, GError **error);

/* Bytes that the plan held at most in a step so far, but for parameters and gradients. */
guint64 dh_train_plan_memory (DhTrainPlan *plan);

/* By what the plan computes, as far as that was a choice and decides the last bits: to be given to a plan of the same
 * shape later on. There it is kept to, or the plan is refused with DH_ERROR_MISMATCH. Free with g_free. */
char *dh_train_plan_dup_choices (DhTrainPlan *plan);

/* What a step consists of, and the time that each part took in the last one: GArray of DhPlanStep, as
 * dh_plan_list_steps(). A device may sum up by kind of operator, since the plan was made. */
GArray *dh_train_plan_list_steps (DhTrainPlan *plan);

/* As dh_plan_list_remarks(). Free with g_free. */
char *dh_train_plan_list_remarks (DhTrainPlan *plan);

G_END_DECLS

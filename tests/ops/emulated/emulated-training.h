#pragma once
#include "dh-nets.h"
#include "dh-train-plan.h"
#include "emulated-graph.h"

/* Training of a small network on the emulated card, with a batch as good as at random: a fixture of g_test_add(). */

enum
{
  EMULATED_TRAINING_N = 2,
  EMULATED_TRAINING_HEIGHT = 48,
  EMULATED_TRAINING_WIDTH = 64,
  EMULATED_TRAINING_PIXELS = EMULATED_TRAINING_N * EMULATED_TRAINING_HEIGHT * EMULATED_TRAINING_WIDTH,
  EMULATED_TRAINING_CLASSES = 5,
};

typedef struct
{
  DhNet *net;
  DhTensorDict *weights, *gradients;
  float *input;
  guint8 *labels;
} EmulatedTraining;

/* Without DH_EMULATED_FAIL, before and after. */
void emulated_training_set_up (EmulatedTraining *fixture, gconstpointer data);
void emulated_training_tear_down (EmulatedTraining *fixture, gconstpointer data);

DhTrainOptions emulated_training_options (const EmulatedTraining *fixture, DhPrecision precision);
DhTrainPlan *emulated_training_plan (EmulatedTraining *fixture, DhDevice *device, DhPrecision precision,
                                     GError **error);
/* Every tensor's numbers, one after the other. */
GArray *emulated_training_flatten (DhTensorDict *dict);
/* One step from zero gradients, which it returns so. */
GArray *emulated_training_step (EmulatedTraining *fixture, DhTrainPlan *plan, DhLosses *losses);

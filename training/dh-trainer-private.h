#pragma once
#include <json-glib/json-glib.h>
#include "dh-batch-loader.h"
#include "dh-checkpoint.h"
#include "dh-foreign-start.h"
#include "dh-nets.h"
#include "dh-optimiser.h"
#include "dh-pictures.h"
#include "dh-run-config.h"
#include "dh-run-folder.h"
#include "dh-run-plan.h"
#include "dh-train-plan.h"
#include "dh-trainer.h"

G_BEGIN_DECLS

/* One training under way. The flow is in dh-trainer.c; each part of it in a file of its own. */
typedef struct
{
  const DhTraining *training;
  DhRunConfig *config; /* the recipe and what decides the run beside it */
  DhRunFolder *folder;
  gboolean begun; /* its start was logged */
  gboolean whole; /* weights, moments and statistics are those behind step `step` */

  DhDevice *device;
  DhForeignStart foreign; /* its `net` is NULL but of a network of others */
  DhNet *net;
  DhTensorDict *state; /* the whole state dict, float32 in memory of its own */
  DhOptimiser optimiser;
  double *rates;         /* of each of its names */
  DhRunPlan *stored;     /* what the plans compute by */
  gboolean changed;      /* pictures or labels are not of the sizes that it began with */
  gboolean planless;     /* its checkpoint has no plan beside it: what computes is chosen anew */
  DhTrainPlan *plans[2]; /* of the recipe's batch, and of an epoch's last */
  guint plan_sizes[2];

  DhPictures pictures;
  DhComposer composer, validation;
  DhBatchLoader *loader;
  guint workers; /* that read ahead, batches and what is validated on */

  guint64 step, epoch_steps; /* steps done; of an epoch */
  guint64 skipped, bad;
  guint64 validated; /* epochs */
  double best;
  guint64 best_epoch;     /* of `best`, counted from 1; 0: none yet */
  gint64 checkpoint_at;   /* monotonic, of the last one */
  gint64 checkpoint_step; /* −1: none yet */
} DhTrainerRun;

/* Data: opens the sets, chooses the pictures, makes the loader. */
G_GNUC_INTERNAL gboolean dh_trainer_prepare_data (DhTrainerRun *run, GCancellable *cancellable, GError **error);
/* Once the device is known: sets the loader's workers. */
G_GNUC_INTERNAL void dh_trainer_start_loading (DhTrainerRun *run);
/* Device, network, weights (of `checkpoint`, which may be NULL), optimiser. */
G_GNUC_INTERNAL gboolean dh_trainer_prepare_network (DhTrainerRun *run, DhCheckpoint *checkpoint,
                                                     GCancellable *cancellable, GError **error);
/* Brings all that there is now to the device, where the device wants it. */
G_GNUC_INTERNAL gboolean dh_trainer_settle (DhTrainerRun *run, GError **error);

/* The tensors as they are after the last step, wherever they are kept. */
G_GNUC_INTERNAL gboolean dh_trainer_fetch (DhTrainerRun *run, GError **error);

/* The plan for a whole batch, which tells whether the training can be computed at all; and its line in plan.json. */
G_GNUC_INTERNAL gboolean dh_trainer_make_plan (DhTrainerRun *run, GError **error);
G_GNUC_INTERNAL gboolean dh_trainer_store_plan (DhTrainerRun *run, GError **error);

/* One optimiser step. */
G_GNUC_INTERNAL gboolean dh_trainer_step (DhTrainerRun *run, GCancellable *cancellable, GError **error);

/* Validation, the best model, kept models, a checkpoint. */
G_GNUC_INTERNAL gboolean dh_trainer_end_epoch (DhTrainerRun *run, GCancellable *cancellable, GError **error);
/* Whether the recipe's patience is at its end. */
G_GNUC_INTERNAL gboolean dh_trainer_is_out_of_patience (const DhTrainerRun *run);

/* Checkpoints. */
G_GNUC_INTERNAL gboolean dh_trainer_save_checkpoint (DhTrainerRun *run, GError **error);
/* `name` without the ending, which is the network's: .pth, or .onnx of one of others. */
G_GNUC_INTERNAL gboolean dh_trainer_save_model (DhTrainerRun *run, const char *name, GError **error);
/* Where something ended it, what it learnt since its last checkpoint is saved, if it is whole and finite. */
G_GNUC_INTERNAL void dh_trainer_rescue (DhTrainerRun *run);
/* Whether a checkpoint is this run's own: of its seed and its recipe. */
G_GNUC_INTERNAL gboolean dh_trainer_check_checkpoint (const DhTrainerRun *run, DhCheckpoint *checkpoint,
                                                      GError **error);
/* The optimiser's state and the counters; the network's was taken already. */
G_GNUC_INTERNAL gboolean dh_trainer_restore (DhTrainerRun *run, DhCheckpoint *checkpoint, GError **error);

/* Events: one JSON object a line. end_event() takes `json` (dh-run-json.h), logs it and tells the caller of dh_train().
 */
G_GNUC_INTERNAL JsonBuilder *dh_trainer_begin_event (const DhTrainerRun *run, const char *name);
G_GNUC_INTERNAL gboolean dh_trainer_end_event (DhTrainerRun *run, JsonBuilder *json, GError **error);

G_END_DECLS

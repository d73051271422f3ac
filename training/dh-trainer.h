#pragma once
#include "dh-device.h"
#include "dh-recipe.h"

G_BEGIN_DECLS

#define DH_TRAINING_AUTO G_MAXUINT
/* As many threads that load ahead as training on this device has use for: what DH_TRAINING_AUTO gives. */
guint dh_training_workers (DhDevice *device);

/* A training from a recipe in a run folder: exactly resumable, stopped at any moment with a checkpoint. */
typedef struct
{
  const char *folder;
  const char *device; /* NULL: the run's own, or "auto"; so for `threads` 0 */
  guint threads;
  DhPrecision precision;  /* with resume: the run's own */
  const DhRecipe *recipe; /* NULL with resume: the run's own */
  gboolean resume;
  const char *data_root, *negative_root; /* NULL with resume: where the run had them */
  const char *init;                      /* weights to start from; NULL: fresh. With resume: the run's own, as are */
  guint64 seed;                          /* the seed, */
  guint64 checkpoint_steps;              /* a resumable checkpoint so often; 0: by the clock alone, */
  guint validation_images;               /* and pictures to validate on; 0: all */
  guint workers;      /* threads that load ahead; 0: the step's own; DH_TRAINING_AUTO: as the device has use for */
  guint64 most_steps; /* stop behind this step, as if by a signal; 0: run to the end */

  /* Each event as one line of JSON, without newline, after it was logged. */
  void (*event) (const char *line, gpointer data);
  /* Asked between steps; while TRUE the training waits. NULL: never. */
  gboolean (*is_paused) (gpointer data);
  /* Sums the gradients over several processes that train together; NULL: this one trains alone. */
  gboolean (*reduce) (DhTensorDict *gradients, gpointer data, GError **error);
  gpointer data;
} DhTraining;

/* Returns when the training is done (or its recipe's patience is at its end) or stopped. Errors that name the run's
 * folder as used, held or missing leave no trace in it; every other end is its log's last event, "end", with "state"
 * done, stopped, failed or out-of-memory and "why", and stands in its lock (dh-run-lock.h). On a cancellation the step
 * in progress is dropped, a checkpoint is written, and G_IO_ERROR_CANCELLED comes back. Three steps in a row without a
 * finite loss and gradient are DH_ERROR_FAILED; the last good checkpoint stays. Behind any other error a checkpoint is
 * written too, where all that was learnt is whole and finite; they are those of the files, of the device,
 * DH_ERROR_USAGE. A fresh run's configuration is written behind all that can fail before its first step: until then the
 * name is free. A checkpoint of another seed or recipe, and a plan that is none, are not gone on from; where the
 * plan is missing, an event "note" says that what computes was chosen anew. A device that was lost with a way of
 * computing that is left out since is opened again, and the training goes on from its last checkpoint: a "note", too.
 */
gboolean dh_train (const DhTraining *training, GCancellable *cancellable, GError **error);

G_END_DECLS

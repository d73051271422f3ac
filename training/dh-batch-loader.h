#pragma once
#include "dh-composer.h"

G_BEGIN_DECLS

/* Batches made ahead of the step in worker threads. What a batch holds depends on (seed, batch, rank, ranks) alone:
 * neither on the number of workers nor on what was loaded before. */
typedef struct _DhBatchLoader DhBatchLoader;

typedef struct
{
  guint n; /* samples: the recipe's batch, or fewer in the last batch of an epoch */
  float *input;
  guint8 *labels;
  GError *error;
} DhBatch;
void dh_batch_free (DhBatch *batch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhBatch, dh_batch_free)

/* Borrows `composer`. `workers` 0: batches are made in the caller's thread. */
DhBatchLoader *dh_batch_loader_new (const DhComposer *composer, guint64 seed, guint rank, guint ranks, guint workers);
/* Another number of workers than it was made with, before the first batch is taken. */
void dh_batch_loader_set_workers (DhBatchLoader *loader, guint workers);
/* Batches not begun are not made. */
void dh_batch_loader_free (DhBatchLoader *loader);
/* From then on a cancellation is looked for between samples: what was asked for is G_IO_ERROR_CANCELLED. Before the
 * first batch is taken. */
void dh_batch_loader_set_cancellable (DhBatchLoader *loader, GCancellable *cancellable);
/* Batches of an epoch; 0 where there are too few pictures. */
guint64 dh_batch_loader_epoch_size (const DhBatchLoader *loader);
/* Batch `number`, counted from the start of the training through all epochs. */
DhBatch *dh_batch_loader_take (DhBatchLoader *loader, guint64 number, GError **error);

G_END_DECLS

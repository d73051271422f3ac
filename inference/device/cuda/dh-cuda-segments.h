#pragma once
#include "dh-cuda-driver.h"

G_BEGIN_DECLS

/* Steps that are the same in every run, as recordings: one of all of them, or where the card refuses to record some, as
 * it does of engines that take memory or wait, one of each stretch between those, which are started as they are. The
 * order is that of the steps in any case. */

/* Queues one of the steps on the compute lane. */
typedef gboolean (*DhCudaQueueStep) (gpointer data, guint step, GError **error);

typedef struct
{
  GArray *stretches; /* its own */
  guint n_steps, n_refused, first_refused;
  char *why_not; /* the first of these is not recorded; or NULL */
} DhCudaSegments;

/* All steps have run before, so that everything is loaded. What is wrong with a step itself shows when it is started.
 * Free with dh_cuda_segments_free(). */
DhCudaSegments *dh_cuda_segments_new (DhCudaCard *card, guint n_steps, DhCudaQueueStep queue, gpointer data);
/* Queues all of them; `queue` is asked for those that are not recorded. */
gboolean dh_cuda_segments_run (const DhCudaSegments *segments, DhCudaCard *card, DhCudaQueueStep queue, gpointer data,
                               GError **error);
void dh_cuda_segments_free (DhCudaSegments *segments, DhCudaCard *card);

G_END_DECLS

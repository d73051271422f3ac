#pragma once
#include "dh-cuda-driver.h"

G_BEGIN_DECLS

/* Queues on the compute lane what is to be timed. */
typedef gboolean (*DhCudaQueue) (DhCudaCard *card, gpointer data, GError **error);

/* Seconds that the card needs for it: the best of some runs, behind one that has everything loaded; of fewer where it
 * is no match for `good` seconds, so that slow ways do not take long to be found so. What is short runs several times
 * between two marks, for a card's clock may tick but once a microsecond. The card is held until all is queued: most
 * kernels take less time than the processor to start one. Uses the marks 0 and 1. −1 with an error. */
double dh_cuda_time (DhCudaCard *card, DhCudaQueue queue, gpointer data, double good, GError **error);

G_END_DECLS

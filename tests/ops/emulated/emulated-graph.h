#pragma once
#include "dh-device.h"

/* What the tests of single plans on the emulated card share. */

DhDevice *emulated_open_card (void);

/* Takes the graph, gives it parameters and an input as good as at random, and runs it three times, of which the last is
 * a replay; the way that `variable` of the environment says. The `count` values, free with g_free, and the plan's words
 * where `words` is given; `error` where there is no plan or a run fails. */
float *emulated_run_graph (DhDevice *device, DhGraph *graph, DhValue y, const char *variable, const char *way,
                           DhPrecision precision, DhShape input, gsize count, char **words, GError **error);

#pragma once
#include <cuda_runtime_api.h>

/* Inside the false runtime: what every function of it asks and says. */

/* What is used is there: what a reset took may be another thing's by then, or nobody's. */
void fake_use (const char *function, const void *handle);
/* Not while a stream is recorded: these are not recorded, and a card may break the recording off for them. */
void fake_not_recorded (const char *function);
/* A recording that is broken takes nothing more. */
cudaError_t fake_go_on (void);
/* What a call of `function` returns. */
cudaError_t fake_answer (const char *function);
/* A handle, or memory; and its end. */
cudaError_t fake_make_bytes (const char *function, void *handle, size_t bytes);
cudaError_t fake_destroy (const char *function, void *handle);

/* fake-clock.c: the next timing has the card held for so long. */
void fake_hold (double milliseconds);

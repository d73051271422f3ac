#pragma once

/* A CUDA runtime and kernels that compute nothing, but that a probe finds what the engine that ran last leaves, where
 * it should be 1; linked instead of CUDA's: memory is the host's, what is queued is done at once.
 *
 * DH_FAKE_FAIL=FUNCTION:N:CODE lets the N-th call of a function fail with a cudaError_t; from 700 on it stays so, as on
 * a card, until it is reset. DH_FAKE_PACE: milliseconds that the processor needs to start each of what is timed;
 * DH_FAKE_TICK: those that the card's clock goes on by; DH_FAKE_MARKS: those that two events take themselves.
 * DH_FAKE_LATE=N: something comes between in the N-th timing, and takes longer than all else. DH_FAKE_FAULT: one that
 * was queued and shows in whatever is called next. DH_FAKE_STAYS: no reset ends a fault, only another process.
 * A reset takes all that was made, and who uses it nevertheless ends the process; DH_FAKE_GENERATION then says how many
 * there were. Without a fault of its own the kernels load as DH_FAKE_KERNELS (0)
 * says, made for DH_FAKE_ARCHITECTURE (90). */

/* What was made and not given back: streams, events, graphs, memory. */
int fake_runtime_live (void);
/* A profiler was told to begin, and not to end. */
int fake_runtime_watched (void);
/* Bytes of memory that are free, however much was taken; 0: all there is. */
void fake_runtime_set_memory (unsigned long bytes);

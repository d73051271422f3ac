#pragma once
#include <stddef.h>
#include <stdint.h>

/* What a fuzzer gives one input to: must return 0, whatever the bytes are. libFuzzer calls it where the build has
 * -Dfuzzing=true; elsewhere fuzz-replay.c does, with the files of a folder. */
int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#pragma once
#include "dh-tally-private.h"

/* Each page that is not empty, in order: how many pages lie between, how many keys were added, its form, its counts.
 * DH_TALLY_SPARSE: of each key that occurs twice the keys between it and the one before, and 1 more where it occurs
 * more than once, and then how often. Else so many bits for each of the 65536 keys; where all of them are set the rest
 * of the count stands behind the page, in the order of the keys. About the shortest is taken.
 *
 * The bits of 64 keys stand together: those of key i in byte i modulo the bytes they take, the first keys' lowest, so
 * that many can be spread into bytes at once. */
enum
{
  DH_TALLY_SPARSE = 0,
  DH_TALLY_EACH = 64, /* keys whose bits stand together */
};

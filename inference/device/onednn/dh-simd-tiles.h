#pragma once
#include "dh-simd.h"

#ifdef __AMX_TILE__

/* Instructions of AMX, on tiles of 16 rows of 64 bytes (dh_tiles_begin()). As assembly, because the intrinsics do not
 * say that a load reads memory. Strides are bytes. */

#define DH_AMX_ROW 64 /* bytes */
#define DH_AMX_ROWS 16

#define DH_AMX_LOAD(tile, from, stride)                                                                                \
  asm volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"(from), "r"((gsize)(stride)) : "memory")
#define DH_AMX_STORE(tile, to, stride)                                                                                 \
  asm volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"(to), "r"((gsize)(stride)) : "memory")
#define DH_AMX_ZERO(tile) asm volatile("tilezero %%tmm" #tile ::)
#define DH_AMX_BF16(sum, a, b) asm volatile("tdpbf16ps %%tmm" #b ", %%tmm" #a ", %%tmm" #sum ::)
#define DH_AMX_INT8(sum, a, b) asm volatile("tdpbusd %%tmm" #b ", %%tmm" #a ", %%tmm" #sum ::)

#endif

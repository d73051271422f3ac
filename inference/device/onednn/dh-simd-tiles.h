#pragma once
#include "dh-simd.h"

/* Tiles of AMX, as dh_tiles_begin() shapes them: 16 rows of 64 bytes. One instruction multiplies 16 pixels by 16
 * outputs, of 32 or 64 input channels. As assembly, because the intrinsics do not say that a load reads memory. */

#define LOAD(tile, from, stride)                                                                                       \
  asm volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"(from), "r"((gsize)(stride)) : "memory")
#define STORE(tile, to, stride)                                                                                        \
  asm volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"(to), "r"((gsize)(stride)) : "memory")
#define ZERO(tile) asm volatile("tilezero %%tmm" #tile ::)
#define PRODUCT_BF16(sum, a, b) asm volatile("tdpbf16ps %%tmm" #b ", %%tmm" #a ", %%tmm" #sum ::)
#define PRODUCT_INT8(sum, a, b) asm volatile("tdpbusd %%tmm" #b ", %%tmm" #a ", %%tmm" #sum ::)

#define ROW 64 /* bytes */
#define TILE_ROWS 16
#define TILE_FLOATS (TILE_ROWS * DH_LANES)

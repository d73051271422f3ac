#pragma once
#include "dh-simd.h"

#ifdef DH_HAS_TILES

/* Instructions of AMX, on tiles of 16 rows of 64 bytes (dh_tiles_begin()). As assembly, because the intrinsics do not
 * say that a load reads memory. Strides are bytes. */

#define DH_AMX_ROW 64 /* bytes */
#define DH_AMX_ROWS 16

#ifndef DH_EMULATE_TILES
#define DH_AMX_LOAD(tile, from, stride)                                                                                \
  asm volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"(from), "r"((gsize)(stride)) : "memory")
#define DH_AMX_STORE(tile, to, stride)                                                                                 \
  asm volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"(to), "r"((gsize)(stride)) : "memory")
#define DH_AMX_ZERO(tile) asm volatile("tilezero %%tmm" #tile ::)
#define DH_AMX_BF16(sum, a, b) asm volatile("tdpbf16ps %%tmm" #b ", %%tmm" #a ", %%tmm" #sum ::)
#define DH_AMX_INT8(sum, a, b) asm volatile("tdpbusd %%tmm" #b ", %%tmm" #a ", %%tmm" #sum ::)
#else
/* tests/ops/emulated-tiles.c: the same on any processor; an error where tiles were not begun. */
void dh_emulated_begin (void);
void dh_emulated_end (void);
void dh_emulated_load (gint tile, gconstpointer from, gsize stride);
void dh_emulated_store (gint tile, gpointer to, gsize stride);
void dh_emulated_zero (gint tile);
void dh_emulated_bf16 (gint sum, gint a, gint b);
void dh_emulated_int8 (gint sum, gint a, gint b);
#define DH_AMX_LOAD dh_emulated_load
#define DH_AMX_STORE dh_emulated_store
#define DH_AMX_ZERO dh_emulated_zero
#define DH_AMX_BF16 dh_emulated_bf16
#define DH_AMX_INT8 dh_emulated_int8
#endif

#endif

/* AMX as any processor computes it, so that what is made of its tiles is proved where there are none. The kernels are
 * the product's own, compiled once more with DH_EMULATE_TILES; DH_CPU_ISA=emulated_tiles chooses them. */
#include <string.h>
#include "dh-cpu-train-kernels.h"
#include "dh-simd-tiles.h"
#include "dh-tensor.h"

extern const DhCpuKernels dh_cpu_kernels_emulated_tiles;
extern const DhCpuTrainKernels dh_cpu_train_kernels_emulated_tiles;

typedef union
{
  guint8 bytes[16][64];
  guint16 halves[16][32];
  float floats[16][16];
  gint32 ints[16][16];
} Tile;
static _Thread_local Tile tiles[8];
static _Thread_local gboolean begun;

/* What stands in tiles before is nothing that anybody may use. */
void
dh_emulated_begin (void)
{
  g_assert (!begun);
  memset (tiles, 0xff, sizeof tiles);
  begun = TRUE;
}

void
dh_emulated_end (void)
{
  g_assert (begun);
  begun = FALSE;
}

void
dh_emulated_load (gint tile, gconstpointer from, gsize stride)
{
  g_assert (begun);
  for (gint row = 0; row < 16; row++)
    memcpy (tiles[tile].bytes[row], (const char *)from + row * stride, 64);
}

void
dh_emulated_store (gint tile, gpointer to, gsize stride)
{
  g_assert (begun);
  for (gint row = 0; row < 16; row++)
    memcpy ((char *)to + row * stride, tiles[tile].bytes[row], 64);
}

void
dh_emulated_zero (gint tile)
{
  g_assert (begun);
  memset (&tiles[tile], 0, sizeof tiles[tile]);
}

void
dh_emulated_bf16 (gint sum, gint a, gint b)
{
  g_assert (begun);
  for (gint k = 0; k < 16; k++)
    for (gint row = 0; row < 16; row++)
      {
        const float even = dh_bf16_to_f32 (tiles[a].halves[row][2 * k]),
                    odd = dh_bf16_to_f32 (tiles[a].halves[row][2 * k + 1]);
        for (gint column = 0; column < 16; column++)
          tiles[sum].floats[row][column] += even * dh_bf16_to_f32 (tiles[b].halves[k][2 * column])
                                            + odd * dh_bf16_to_f32 (tiles[b].halves[k][2 * column + 1]);
      }
}

void
dh_emulated_int8 (gint sum, gint a, gint b)
{
  g_assert (begun);
  for (gint k = 0; k < 64; k++)
    for (gint row = 0; row < 16; row++)
      for (gint column = 0; column < 16; column++)
        tiles[sum].ints[row][column] += tiles[a].bytes[row][k] * (gint8)tiles[b].bytes[k / 4][4 * column + k % 4];
}

__attribute__ ((constructor)) static void
offer (void)
{
  /* Where not even what is around them can be computed, the tests run with what there is. */
  if (!__builtin_cpu_supports ("avx512vnni") || !__builtin_cpu_supports ("avx512bf16"))
    {
      g_unsetenv ("DH_CPU_ISA");
      return;
    }
  dh_cpu_kernels_emulated = &dh_cpu_kernels_emulated_tiles;
  dh_cpu_train_kernels_emulated = &dh_cpu_train_kernels_emulated_tiles;
}

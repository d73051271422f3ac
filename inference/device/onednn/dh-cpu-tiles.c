#include "dh-cpu-tiles.h"
#if defined __linux__ && defined __x86_64__
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of leaf 7. */
#define AMX_BF16 (1u << 22)
#define AMX_TILE (1u << 24)
#define AMX_INT8 (1u << 25)

/* Linux saves the tiles of those processes alone that have asked (arch_prctl of <asm/prctl.h>, since 5.16). */
#define REQUEST_FEATURE 0x1023
#define FEATURE_TILE_DATA 18

static gboolean
ask (void)
{
  guint a = 0, b = 0, c = 0, d = 0;
  const guint all = AMX_BF16 | AMX_TILE | AMX_INT8;
  if (!__get_cpuid_count (7, 0, &a, &b, &c, &d) || (d & all) != all)
    return FALSE;
  return syscall (SYS_arch_prctl, REQUEST_FEATURE, FEATURE_TILE_DATA) == 0;
}

gboolean
dh_cpu_tiles_allowed (void)
{
  static gsize answer;
  if (g_once_init_enter (&answer))
    g_once_init_leave (&answer, ask () ? 2 : 1);
  return answer == 2;
}

#else

gboolean
dh_cpu_tiles_allowed (void)
{
  return FALSE;
}

#endif

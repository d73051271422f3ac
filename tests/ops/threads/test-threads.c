#include <glib.h>
#include "bad-kernels.h"
#include "threads.h"

/* That every fault is found which a kernel can have (threads.h), and none where there is none. */

static _Alignas(16) float memory[2 * BAD_FLOATS];

static const char *
find_memory (const void *at, size_t *bytes)
{
  for (guint i = 0; i < 2; i++)
    {
      const char *begin = (const char *)(memory + i * BAD_FLOATS);
      *bytes = sizeof memory / 2;
      if ((const char *)at >= begin && (const char *)at < begin + *bytes)
        return begin;
    }
  return NULL;
}

static void
launch (const char *name)
{
  const float host = 1;
  const BadArguments bad = { memory, &host, memory + BAD_FLOATS };
  threads_set_memory (find_memory);
  g_assert_cmpint (bad_launch (name, &bad), ==, 0);
}

static void
test_none (void)
{
  for (guint i = 0; i < BAD_FLOATS; i++)
    memory[i] = (float)i;
  launch ("turn");
  for (guint i = 0; i < BAD_FLOATS; i++)
    g_assert_cmpfloat (memory[BAD_FLOATS + i], ==, (float)((i + 1) % 64));
  launch ("agree");
  g_assert_cmpfloat (memory[BAD_FLOATS], ==, 1);
}

/* One launch is ordered behind the other. */
static void
test_order (void)
{
  for (guint i = 0; i < 3; i++)
    launch ("turn");
}

static const struct
{
  const char *name, *says;
} faults[] = {
  { "turn-at-once", "*a race: thread * 4 bytes of shared memory * with no barrier in between*" },
  { "turn-twice", "*a race: thread * 4 bytes of shared memory * with no barrier in between*" },
  { "overlap", "*a race: thread * writes 4 bytes of the card's memory * writes with another value*" },
  { "read-beside", "*a race: thread * 4 bytes of the card's memory * with no barrier in between*" },
  { "part",
    "*not all threads of a block come*: 32 stand at a barrier, 0 wait for lanes of their warp, 32 have ended*" },
  { "leave-warp", "*not all threads of a block come*: 0 stand at a barrier, 31 wait for lanes of their warp, 33 *" },
  { "go-beyond", "*writes 4 bytes at *, which is none of the card's memory*" },
  { "go-beyond-shared", "*writes 4 bytes at *, which is none of the card's memory*" },
  { "read-host", "*reads 4 bytes at *, which is none of the card's memory*" },
};

static void
test_fault (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  if (g_test_subprocess ())
    {
      launch (faults[i].name);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr (faults[i].says);
}

/* By the compiler's own check, which has no words. */
static void
test_stagger (void)
{
  if (g_test_subprocess ())
    {
      launch ("stagger");
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/threads/none", test_none);
  g_test_add_func ("/threads/order", test_order);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *path = g_strconcat ("/threads/fault/", faults[i].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_fault);
    }
  g_test_add_func ("/threads/fault/stagger", test_stagger);
  return g_test_run ();
}

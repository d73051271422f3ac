#include "emulated-card.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Memory full of NaN. What is large, as a trial's workspace, is shown the same poisoned pages again and again until it
 * is written: to fill all of it would take longer than what it is taken for. */

enum
{
  LARGE = 32 << 20,
};

static gsize
whole_of (gsize bytes)
{
  return (bytes + 2 * EMULATED_GUARD + LARGE - 1) / LARGE * LARGE;
}

/* A file of LARGE bytes of it. */
static int
poisoned (void)
{
  static int file = -1;
  if (file >= 0)
    return file;
  file = memfd_create ("poison", MFD_CLOEXEC);
  g_assert_cmpint (ftruncate (file, LARGE), ==, 0);
  gpointer all = mmap (NULL, LARGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  g_assert_true (all != MAP_FAILED);
  memset (all, EMULATED_POISON, LARGE);
  munmap (all, LARGE);
  return file;
}

char *
emulated_take (gsize bytes)
{
  if (bytes < LARGE)
    {
      char *whole = aligned_alloc (256, (bytes + 2 * EMULATED_GUARD + 255) / 256 * 256);
      g_assert_nonnull (whole);
      memset (whole, EMULATED_POISON, bytes + 2 * EMULATED_GUARD);
      return whole + EMULATED_GUARD;
    }
  const gsize size = whole_of (bytes);
  char *whole = mmap (NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  g_assert_true (whole != MAP_FAILED);
  for (gsize at = 0; at < size; at += LARGE)
    g_assert_true (mmap (whole + at, LARGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, poisoned (), 0)
                   != MAP_FAILED);
  return whole + EMULATED_GUARD;
}

void
emulated_give_back (char *memory, gsize bytes)
{
  for (guint i = 0; i < EMULATED_GUARD; i++)
    g_assert_true ((guint8)memory[-1 - (gint)i] == EMULATED_POISON && (guint8)memory[bytes + i] == EMULATED_POISON);
  if (bytes < LARGE)
    free (memory - EMULATED_GUARD);
  else
    munmap (memory - EMULATED_GUARD, whole_of (bytes));
}

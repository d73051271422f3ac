#include "emulated-card-private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dh-error.h"

/* The card's memory, full of NaN. What is large, as a trial's workspace, is shown the same poisoned pages again and
 * again until it is written: to fill all of it would take longer than what it is taken for. */

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

static const char *
find_memory (DhCudaCard *card, gconstpointer at, gsize *bytes)
{
  GHashTableIter iter;
  gpointer start, size;
  g_hash_table_iter_init (&iter, card->memory);
  while (g_hash_table_iter_next (&iter, &start, &size))
    if ((const char *)at >= (const char *)start && (const char *)at < (const char *)start + GPOINTER_TO_SIZE (size))
      {
        *bytes = GPOINTER_TO_SIZE (size);
        return start;
      }
  return NULL;
}

static DhCudaCard *running;

void
emulated_set_running (DhCudaCard *card)
{
  running = card;
}

const char *
emulated_find_memory (const void *at, size_t *bytes)
{
  return find_memory (running, at, bytes);
}

/* All of it lies in one live allocation, where a load of 16 bytes may stand. */
void
emulated_check_memory (DhCudaCard *card, gconstpointer memory, gsize bytes)
{
  gsize size = 0;
  const char *start = find_memory (card, memory, &size);
  if (!start || (const char *)memory + bytes > start + size)
    g_error ("the card is given memory that it does not have");
  g_assert_cmpuint ((gsize)memory % 16, ==, 0);
}

static gpointer
allocate (DhCudaCard *card, gsize bytes, const char *what, GError **error)
{
  g_assert_null (card->recording); /* a card would not record it */
  if (card->lost || emulated_fails (what))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "%.0f MiB of the card's memory are not free",
                   bytes / 1048576.0);
      return NULL;
    }
  char *memory = emulated_take (bytes);
  g_hash_table_insert (card->memory, memory, GSIZE_TO_POINTER (bytes));
  return memory;
}

guint64
emulated_available (DhCudaCard *card)
{
  const char *wanted = g_getenv ("DH_EMULATED_MIB");
  return (wanted ? g_ascii_strtoull (wanted, NULL, 10) : 1 << 20) << 20;
}

gpointer
emulated_alloc (DhCudaCard *card, gsize bytes, GError **error)
{
  return allocate (card, bytes, "alloc", error);
}

gpointer
emulated_alloc_pinned (DhCudaCard *card, gsize bytes, GError **error)
{
  return allocate (card, bytes, "pinned", error);
}

void
emulated_release (DhCudaCard *card, gpointer memory)
{
  g_assert_null (card->recording);
  const gsize bytes = GPOINTER_TO_SIZE (g_hash_table_lookup (card->memory, memory));
  g_assert_true (g_hash_table_remove (card->memory, memory));
  emulated_give_back (memory, bytes);
}

gboolean
emulated_pin (DhCudaCard *card, gpointer memory, gsize bytes)
{
  g_assert_null (card->recording);
  if (card->lost || emulated_fails ("pin"))
    return FALSE;
  g_assert_cmpuint ((gsize)memory % 4096 + bytes % 4096, ==, 0);
  g_assert_true (g_hash_table_insert (card->pinned, memory, GSIZE_TO_POINTER (bytes)));
  return TRUE;
}

void
emulated_unpin (DhCudaCard *card, gpointer memory)
{
  guint all[DH_CUDA_N_LANES];
  for (guint i = 0; i < DH_CUDA_N_LANES; i++)
    all[i] = card->lanes[i].calls->len;
  if (!card->lost)
    emulated_run_until (card, all);
  g_assert_true (g_hash_table_remove (card->pinned, memory));
}

/* Where a map comes down to. */
void
emulated_check_down (DhCudaCard *card, gconstpointer to, gsize bytes)
{
  const gsize most = GPOINTER_TO_SIZE (g_hash_table_lookup (card->pinned, to));
  if (!g_getenv ("DH_EMULATED_DOWN"))
    return;
  g_assert_cmpuint (bytes, <=, most);
  g_autofree char *address = g_strdup_printf ("%p", to);
  g_setenv ("DH_EMULATED_DOWN", address, TRUE);
}

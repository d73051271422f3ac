#include "threads-private.h"

#include <string.h>
#include <sys/mman.h>

/* What kernels read and write. They are compiled with the calls that a compiler makes before every access for a thread
 * sanitizer; here are the functions that it calls, in place of that one's. */

/* Who came to a byte last; numbers of threads, of which those below the launch's first are none of its own. */
typedef struct
{
  guint32 writer, write_epoch;
  guint32 first_reader;       /* of the launch */
  guint32 reader, read_epoch; /* the last; MANY of this epoch */
} Byte;

#define MANY G_MAXUINT32

typedef struct
{
  const char *begin;
  gsize bytes;
  Byte *seen;
} Memory;

enum
{
  MOST_KNOWN = 64,
  MOST_AT_HAND = 8,
  MOST_SHARED = 4,
  MOST_SHARED_BYTES = 48 << 10, /* of a block that asks for no more */
  MOST_AT_ONCE = 16,            /* bytes of an access */
};

typedef struct
{
  const char *at;
  gsize bytes;
  guint32 since; /* the first thread that has to do with this memory */
} Access;

/* Written by a second thread: no race where that leaves what is there. */
typedef struct
{
  Access access;
  guint32 other;
  char before[MOST_AT_ONCE];
} Doubt;

static struct
{
  ThreadsFind find;
  GHashTable *known; /* begin → Memory, the card's and what is shared */
  Memory *at_hand[MOST_AT_HAND];
  Memory *shared[MOST_SHARED]; /* of the block, as far as it is declared */
  guint n_shared;
  Doubt doubt;
} races;

void
threads_set_memory (ThreadsFind find)
{
  races.find = find;
}

static void
free_memory (gpointer data)
{
  Memory *memory = data;
  munmap (memory->seen, memory->bytes * sizeof (Byte));
  g_free (memory);
}

void
threads_forget_races (void)
{
  if (races.known)
    g_hash_table_remove_all (races.known);
  memset (races.at_hand, 0, sizeof races.at_hand);
}

void
threads_begin_races (void)
{
  if (!races.known)
    races.known = g_hash_table_new_full (NULL, NULL, NULL, free_memory);
  if (g_hash_table_size (races.known) > MOST_KNOWN)
    g_hash_table_remove_all (races.known);
  /* What was released since is asked for again. */
  memset (races.at_hand, 0, sizeof races.at_hand);
}

static Memory *
know (const char *begin, gsize bytes)
{
  Memory *memory = g_hash_table_lookup (races.known, begin);
  if (memory && memory->bytes == bytes)
    return memory;
  memory = g_new (Memory, 1);
  *memory = (Memory){ begin, bytes,
                      mmap (NULL, bytes * sizeof (Byte), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) };
  g_assert (memory->seen != MAP_FAILED);
  g_hash_table_replace (races.known, (gpointer)begin, memory);
  return memory;
}

void
threads_begin_shared (void)
{
  races.n_shared = 0;
}

void
threads_share (void *at, size_t bytes)
{
  gsize all = bytes;
  for (guint i = 0; i < races.n_shared; i++)
    {
      if (races.shared[i]->begin == at)
        return;
      all += races.shared[i]->bytes;
    }
  if (races.n_shared == MOST_SHARED || all > MOST_SHARED_BYTES)
    threads_fail ("%zu bytes of shared memory", all);
  memset (at, 0xff, bytes);
  races.shared[races.n_shared++] = know (at, bytes);
}

static gboolean
holds (const Memory *memory, const char *at, gsize bytes)
{
  return at >= memory->begin && at + bytes <= memory->begin + memory->bytes;
}

/* The block's; NULL where it is none. */
static Memory *
find_shared (const char *at, gsize bytes)
{
  for (guint i = 0; i < races.n_shared; i++)
    if (holds (races.shared[i], at, bytes))
      return races.shared[i];
  return NULL;
}

/* The card's; NULL where it is none. */
static Memory *
find_memory (const char *at, gsize bytes)
{
  for (guint i = 0; i < MOST_AT_HAND && races.at_hand[i]; i++)
    if (holds (races.at_hand[i], at, bytes))
      return races.at_hand[i];
  gsize size = 0;
  const char *begin = races.find ? races.find (at, &size) : NULL;
  if (!begin)
    return NULL;
  Memory *memory = know (begin, size);
  memmove (races.at_hand + 1, races.at_hand, (MOST_AT_HAND - 1) * sizeof *races.at_hand);
  races.at_hand[0] = memory;
  return holds (memory, at, bytes) ? memory : NULL;
}

/* "thread 3 of block 17": of the launch's blocks in the order in which they ran. */
static char *
name_thread (guint32 number)
{
  if (number == MANY)
    return g_strdup ("several threads");
  const guint32 at = number - threads_run.of_launch;
  return g_strdup_printf ("thread %u of the %u. block", at % threads_run.n_threads, at / threads_run.n_threads + 1);
}

G_NORETURN static void
fail_at (const Access *access, const char *does, guint32 other, const char *did)
{
  g_autofree char *me = name_thread (threads_run.thread), *who = name_thread (other);
  threads_fail ("a race: %s %s %zu bytes of %s memory at %p that %s %s, with no barrier in between", me, does,
                access->bytes, find_shared (access->at, access->bytes) ? "shared" : "the card's",
                (const void *)access->at, who, did);
}

/* Neither before this one nor behind it. */
static gboolean
is_beside (const Access *access, guint32 other, guint32 epoch)
{
  if (other < access->since || other == threads_run.thread)
    return FALSE;
  return other < threads_run.first || epoch == threads_run.epoch;
}

static void
settle_doubt (void)
{
  const Access access = races.doubt.access;
  races.doubt.access.at = NULL;
  if (access.at && memcmp (access.at, races.doubt.before, access.bytes) != 0)
    fail_at (&access, "writes", races.doubt.other, "writes with another value");
}

void
threads_end_races (void)
{
  settle_doubt ();
}

static void
note_read (const Access *access, Byte *byte)
{
  if (is_beside (access, byte->writer, byte->write_epoch))
    fail_at (access, "reads", byte->writer, "writes");
  if (byte->first_reader < access->since)
    byte->first_reader = threads_run.thread;
  if (byte->reader != threads_run.thread)
    byte->reader = byte->read_epoch == threads_run.epoch && byte->reader ? MANY : threads_run.thread;
  byte->read_epoch = threads_run.epoch;
}

static void
note_write (const Access *access, Byte *byte)
{
  if (byte->first_reader >= access->since && byte->first_reader < threads_run.first)
    fail_at (access, "writes", byte->first_reader, "reads");
  if (byte->read_epoch == threads_run.epoch && byte->reader && byte->reader != threads_run.thread)
    fail_at (access, "writes", byte->reader, "reads");
  if (is_beside (access, byte->writer, byte->write_epoch))
    {
      if (access->bytes > MOST_AT_ONCE)
        fail_at (access, "writes", byte->writer, "writes");
      races.doubt = (Doubt){ *access, byte->writer, { 0 } };
      memcpy (races.doubt.before, access->at, access->bytes);
    }
  byte->writer = threads_run.thread;
  byte->write_epoch = threads_run.epoch;
}

static gboolean
lies_in (const char *at, gconstpointer begin, gsize bytes)
{
  return at >= (const char *)begin && at < (const char *)begin + bytes;
}

static void
note (const char *at, gsize bytes, gboolean write)
{
  /* Outside of a launch; a thread's own; what it is told. */
  if (!threads_run.name || lies_in (at, threads_run.stacks, threads_run.stack_bytes)
      || lies_in (at, &threads_now, sizeof threads_now)
      || (!write && lies_in (at, threads_arguments, sizeof threads_arguments)))
    return;
  settle_doubt ();
  g_autofree char *me = NULL;
  const Memory *shared = find_shared (at, bytes), *memory = shared ? shared : find_memory (at, bytes);
  const Access access = { at, bytes, shared ? threads_run.first : threads_run.of_launch };
  if (!memory)
    {
      me = name_thread (threads_run.thread);
      threads_fail ("%s %s %zu bytes at %p, which is none of the card's memory", me, write ? "writes" : "reads", bytes,
                    (const void *)at);
    }
  if ((bytes & (bytes - 1)) == 0 && bytes <= MOST_AT_ONCE && (gsize)at % bytes)
    {
      me = name_thread (threads_run.thread);
      threads_fail ("%s %s %zu bytes at once at %p, which is no multiple", me, write ? "writes" : "reads", bytes,
                    (const void *)at);
    }
  Byte *seen = memory->seen + (at - memory->begin);
  for (gsize i = 0; i < bytes; i++)
    if (write)
      note_write (&access, seen + i);
    else
      note_read (&access, seen + i);
}

void
threads_check_shared (const void *at, size_t bytes)
{
  if (!find_shared (at, bytes))
    threads_fail ("%p is no shared memory", at);
}

#define ACCESS(bytes)                                                                                                  \
  void __tsan_read##bytes (const void *at);                                                                            \
  void __tsan_write##bytes (const void *at);                                                                           \
  void __tsan_unaligned_read##bytes (const void *at);                                                                  \
  void __tsan_unaligned_write##bytes (const void *at);                                                                 \
  void __tsan_read##bytes (const void *at) { note (at, bytes, FALSE); }                                                \
  void __tsan_write##bytes (const void *at) { note (at, bytes, TRUE); }                                                \
  void __tsan_unaligned_read##bytes (const void *at) { note (at, bytes, FALSE); }                                      \
  void __tsan_unaligned_write##bytes (const void *at) { note (at, bytes, TRUE); }
ACCESS (1)
ACCESS (2)
ACCESS (4)
ACCESS (8)
ACCESS (16)

void __tsan_init (void);
void __tsan_func_entry (void *from);
void __tsan_func_exit (void);
void __tsan_read_range (const void *at, size_t bytes);
void __tsan_write_range (const void *at, size_t bytes);

void
__tsan_init (void)
{
}

void
__tsan_func_entry (void *from)
{
}

void
__tsan_func_exit (void)
{
}

void
__tsan_read_range (const void *at, size_t bytes)
{
  note (at, bytes, FALSE);
}

void
__tsan_write_range (const void *at, size_t bytes)
{
  note (at, bytes, TRUE);
}

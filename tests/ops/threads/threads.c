#include "threads-private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum
{
  STACK = 128 << 10,
  MOST_WIDE = 0x7fffffff, /* blocks of a grid */
  MOST_HIGH = 0xffff,
};

typedef enum
{
  READY,
  AT_BARRIER,
  IN_WARP, /* waits for other lanes */
  ENDED,
} State;

typedef struct
{
  jmp_buf at;
  gboolean begun;
  State state;
} Thread;

typedef struct
{
  guint n_waiting;
  guint n_exchanges[THREADS_WARP]; /* of each lane: the next one's values lie beside this one's */
  char given[2][THREADS_WARP][THREADS_MOST_EXCHANGED];
} Warp;

ThreadsNow threads_now;
ThreadsRun threads_run;
_Alignas(16) char threads_arguments[THREADS_MOST_ARGUMENTS];

static struct
{
  char *stacks;
  ucontext_t returns;
  jmp_buf home;
  Thread threads[THREADS_MOST];
  Warp warps[THREADS_MOST / THREADS_WARP];
  guint ready[THREADS_MOST], n_ready, n_at_barrier, n_ended, current;
  void (*body) (void *arguments);
  GRand *random;
} block;

void
threads_fail (const char *format, ...)
{
  va_list list;
  va_start (list, format);
  g_autofree char *what = g_strdup_vprintf (format, list);
  va_end (list);
  g_error ("%s: %s", threads_run.name, what);
}

static void
leave (State state)
{
  Thread *thread = &block.threads[block.current];
  threads_end_races ();
  thread->state = state;
  if (!_setjmp (thread->at))
    _longjmp (block.home, 1);
}

/* A thread's stack serves one block's after the other. */
static void
live (void)
{
  for (;;)
    {
      block.body (threads_arguments);
      leave (ENDED);
    }
}

static void
resume (guint t)
{
  Thread *thread = &block.threads[t];
  block.current = t;
  threads_now.thread = (ThreadsPlace){ t, 0, 0 };
  threads_run.thread = threads_run.first + t;
  if (_setjmp (block.home))
    return;
  if (thread->begun)
    _longjmp (thread->at, 1);
  ucontext_t begin;
  thread->begun = TRUE;
  getcontext (&begin);
  begin.uc_stack.ss_sp = block.stacks + (gsize)t * STACK;
  begin.uc_stack.ss_size = STACK;
  begin.uc_link = NULL;
  makecontext (&begin, live, 0);
  setcontext (&begin);
}

static void
make_ready (guint t)
{
  block.threads[t].state = READY;
  block.ready[block.n_ready++] = t;
}

void
threads_barrier (void)
{
  leave (AT_BARRIER);
}

void
threads_exchange (const void *mine, void *all, size_t bytes)
{
  const guint lane = block.current % THREADS_WARP;
  Warp *warp = &block.warps[block.current / THREADS_WARP];
  const guint which = warp->n_exchanges[lane]++ % 2;
  g_assert (bytes <= THREADS_MOST_EXCHANGED);
  memcpy (warp->given[which][lane], mine, bytes);
  leave (IN_WARP);
  for (guint i = 0; i < THREADS_WARP; i++)
    memcpy ((char *)all + i * bytes, warp->given[which][i], bytes);
}

static void
pass_barrier (guint n)
{
  threads_run.epoch++;
  block.n_at_barrier = 0;
  for (guint t = 0; t < n; t++)
    make_ready (t);
}

static void
note_stop (guint t, guint n)
{
  Warp *warp = &block.warps[t / THREADS_WARP];
  switch (block.threads[t].state)
    {
    case AT_BARRIER:
      if (++block.n_at_barrier == n)
        pass_barrier (n);
      break;
    case IN_WARP:
      if (++warp->n_waiting < THREADS_WARP)
        break;
      warp->n_waiting = 0;
      for (guint lane = 0; lane < THREADS_WARP; lane++)
        make_ready (t / THREADS_WARP * THREADS_WARP + lane);
      break;
    default:
      block.n_ended++;
    }
}

static void
run_block (guint n)
{
  threads_begin_shared ();
  memset (block.warps, 0, sizeof block.warps);
  block.n_ready = block.n_at_barrier = block.n_ended = 0;
  threads_run.epoch++;
  for (guint t = 0; t < n; t++)
    make_ready (t);
  while (block.n_ready)
    {
      const guint at = (guint)g_rand_int_range (block.random, 0, (gint)block.n_ready), t = block.ready[at];
      block.ready[at] = block.ready[--block.n_ready];
      resume (t);
      note_stop (t, n);
    }
  if (block.n_ended < n)
    threads_fail ("not all threads of a block come to what some wait for: %u stand at a barrier, %u wait for lanes of "
                  "their warp, %u have ended",
                  block.n_at_barrier, n - block.n_at_barrier - block.n_ended, block.n_ended);
}

/* An odd number that has no divisor in common with n: its multiples are all numbers below n, in another order. */
static guint64
step_through (guint64 n)
{
  for (guint64 step = n / 2 + 1;; step++)
    {
      guint64 a = step, b = n;
      while (b)
        {
          const guint64 rest = a % b;
          a = b;
          b = rest;
        }
      if (a == 1)
        return step;
    }
}

int
threads_launch (const char *name, ThreadsPlace grid, unsigned n_threads, void (*body) (void *arguments))
{
  if (grid.x < 1 || grid.x > MOST_WIDE || grid.y < 1 || grid.y > MOST_HIGH || grid.z != 1 || n_threads < 1
      || n_threads > THREADS_MOST)
    return THREADS_INVALID_GRID;
  if (!block.stacks)
    {
      block.stacks = mmap (NULL, (gsize)THREADS_MOST * STACK, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      g_assert (block.stacks != MAP_FAILED);
      block.random = g_rand_new_with_seed (11);
    }
  const guint64 n = (guint64)grid.x * grid.y, step = step_through (n);
  guint64 at = g_rand_int (block.random) % n;
  g_assert (n < G_MAXUINT32 / 4 / THREADS_MOST);
  if (threads_run.first > G_MAXUINT32 / 2 || threads_run.epoch > G_MAXUINT32 / 2)
    {
      threads_forget_races ();
      threads_run.first = threads_run.epoch = 0;
    }
  block.body = body;
  threads_run.name = name;
  threads_run.stacks = block.stacks;
  threads_run.stack_bytes = (gsize)THREADS_MOST * STACK;
  threads_run.of_launch = threads_run.first += MAX (threads_run.n_threads, 1); /* 0 is none's */
  threads_run.n_threads = n_threads;
  threads_begin_races ();
  threads_now.grid = grid;
  for (guint64 i = 0; i < n; i++, at = (at + step) % n)
    {
      threads_run.first += i > 0 ? n_threads : 0;
      threads_now.block = (ThreadsPlace){ (guint)(at % grid.x), (guint)(at / grid.x), 0 };
      run_block (n_threads);
    }
  threads_run.name = NULL;
  return 0;
}

#pragma once
#include <stddef.h>
#include <stdint.h>

/* The threads of a kernel's blocks on the processor, one after the other in an order by chance, each until it must wait
 * for others: at a barrier, or where the lanes of a warp exchange something. What is not ordered by that is a race,
 * found whether or not it did harm this time; so are memory that the card does not have, values that do not lie where a
 * load of their size must find them, and barriers that not all threads of a block come to. Whatever is found ends the
 * program with a message. What is asked for here is one host thread's at a time. */

#ifdef __cplusplus
extern "C"
{
#endif

  enum
  {
    THREADS_WARP = 32,
    THREADS_MOST = 1024,           /* of a block */
    THREADS_MOST_ARGUMENTS = 4096, /* bytes */
    THREADS_MOST_EXCHANGED = 64,   /* bytes of a lane */
    THREADS_INVALID_GRID = 9,      /* cudaErrorInvalidConfiguration */
  };

  typedef struct
  {
    unsigned x, y, z;
  } ThreadsPlace;

  /* Of the thread that runs. */
  typedef struct
  {
    ThreadsPlace thread, block, grid;
  } ThreadsNow;
  extern ThreadsNow threads_now;

  /* What every thread of a launch reads its arguments from. */
  extern char threads_arguments[THREADS_MOST_ARGUMENTS];

  /* Runs body (threads_arguments) in n_threads threads of every block; 0, or THREADS_INVALID_GRID where a card would
   * not start it. */
  int threads_launch (const char *name, ThreadsPlace grid, unsigned n_threads, void (*body) (void *arguments));

  /* Of the thread that runs. All of its block; all of its warp: `all` becomes what its 32 lanes gave, `bytes` each. */
  void threads_barrier (void);
  void threads_exchange (const void *mine, void *all, size_t bytes);
  /* Declares shared memory of its block, whose contents are undefined at first; that so many bytes are of such. */
  void threads_share (void *at, size_t bytes);
  void threads_check_shared (const void *at, size_t bytes);

  /* Memory of the card around an address: its first byte and how many, or NULL. */
  typedef const char *(*ThreadsFind) (const void *at, size_t *bytes);
  void threads_set_memory (ThreadsFind find);

#ifdef __cplusplus
}
#endif

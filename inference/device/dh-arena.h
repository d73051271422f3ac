#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Memory by lifetime, for any device: a block of `size` is needed from step `first` to step `last`, both included. */
typedef struct
{
  gsize size;
  gint first, last; /* last < first: never needed */
  gsize offset;     /* the result */
} DhArenaBlock;

/* Gives every block its place, the largest first, each at the lowest multiple of `align` that is free during its whole
 * life. Returns the size of the whole arena. `blocks`: of DhArenaBlock *. */
gsize dh_arena_place (GPtrArray *blocks, gsize align);

G_END_DECLS

#pragma once
#include "dh-picture-components-private.h"
#include "dh-set-maps-private.h"

G_BEGIN_DECLS

/* One walk over all pictures of an evaluated set at one threshold, on threads of a pool, which work on it together. For
 * the window's thread but for what is said otherwise. */
typedef struct _DhSetPass DhSetPass;

/* What a picture came to. */
typedef struct
{
  DhCounts counts;
  DhComponentSums sums;
  DhPictureComponents *components; /* owned; NULL where it could not be read */
  char *why;                       /* then: why */
} DhSetMeasured;

/* Threads of little priority, for passes alone; NULL where none can be started. To be freed with g_thread_pool_free(),
 * which waits for at most a picture each where passes were stopped before. */
GThreadPool *dh_set_pass_pool_new (void);

/* `done` is called once, from the main loop, unless the pass is stopped before. */
DhSetPass *dh_set_pass_start (GThreadPool *pool, DhSetMaps *maps, DhScore score, double threshold,
                              void (*done) (DhSetPass *pass, gpointer data), gpointer data);
/* Gives up the pass. It ends by itself where it is not done. */
void dh_set_pass_stop (DhSetPass *pass);

DhScore dh_set_pass_score (const DhSetPass *pass);
double dh_set_pass_threshold (const DhSetPass *pass);
guint dh_set_pass_get_done (DhSetPass *pass);
guint dh_set_pass_size (DhSetPass *pass);

/* Of one that is done. Why all of it counts for nothing; NULL where it does. Borrowed. */
const char *dh_set_pass_get_failure (DhSetPass *pass);
/* All pictures, in the set's order; their components and reasons may be taken. */
DhSetMeasured *dh_set_pass_get_pictures (DhSetPass *pass);

G_END_DECLS

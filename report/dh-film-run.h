#pragma once
#include "dh-database.h"
#include "dh-film.h"
#include "dh-progress.h"
#include "dh-records.h"

G_BEGIN_DECLS

/* A video of the images and maps of a stored run; nothing is computed. */

/* Which map the run's score is; those of other methods and combined ones are drawn as hybrid scores are. */
DhMap dh_film_run_score (const DhRunRow *run);
/* Fills `maps` with those of `wanted` (bits DH_MAP_BIT()) that the run left of the image, as the network gave them. Any
 * thread. Errors: DH_ERROR_NOT_FOUND where it kept no such map, or it is another's by now; those of dh_npy_load(). */
gboolean dh_film_run_load (const DhRunRow *run, const DhRunImageRow *row, guint wanted, DhTensor *maps[DH_N_MAPS],
                           GError **error);

typedef struct
{
  gint64 run;
  const char *const *stems; /* which images, in this order; NULL: all, in the run's own. What it did not measure is left
                               out */
  DhFilm film;              /* its score is the run's own */
  double rate;              /* images a second */
} DhFilmRun;

/* Whole or not at all. `n_images`: of the video. Errors as of the former, of opening the set, and of dh-video-writer.h.
 * On the database's thread. */
gboolean dh_film_run_write (DhDatabase *database, const DhFilmRun *what, const char *path, guint *n_images,
                            GCancellable *cancellable, const DhProgress *progress, GError **error);

G_END_DECLS

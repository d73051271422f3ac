#pragma once
#include "cli.h"
#include "cli-shots.h"
#include "dh-film.h"
#include "dh-reduction.h"

G_BEGIN_DECLS

/* A video of shots: read, computed, and drawn and written on a thread each, so that the network waits for nobody. */
typedef struct
{
  DhCliShots *shots;
  DhFilm *film;           /* whose ranges are filled where they are not fixed */
  DhPredictor *predictor; /* NULL: the shots have their maps */
  DhReduction reduction;
  guint maps; /* bits DH_MAP_BIT(), to be computed */
  double rate;
  const char *out;
  /* what came of it */
  guint images, width, height;
  double network_seconds;
} DhCliFilm;

/* Ranges that are not fixed become those of a few shots from all over. */
gboolean dh_cli_film_find_ranges (DhCli *cli, DhCliFilm *film, GError **error);
/* Whole or not at all. */
gboolean dh_cli_film_make (DhCli *cli, DhCliFilm *film, GError **error);

G_END_DECLS

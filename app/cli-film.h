#pragma once
#include "cli.h"
#include "cli-flow.h"
#include "dh-film.h"

G_BEGIN_DECLS

/* A video of shots. */
typedef struct
{
  DhCliFlow flow;
  DhFilm *film; /* whose ranges are filled where they are not fixed */
  double rate;
  const char *out;
  /* what came of it */
  guint images, width, height;
} DhCliFilm;

/* Ranges that are not fixed become those of a few shots from all over. */
gboolean dh_cli_film_find_ranges (DhCli *cli, DhCliFilm *film, GError **error);
/* Whole or not at all. */
gboolean dh_cli_film_make (DhCli *cli, DhCliFilm *film, GError **error);

G_END_DECLS

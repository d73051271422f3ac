#pragma once
#include "dh-picture.h"

G_BEGIN_DECLS

/* One image of a video: image and maps side by side, of more than three in two rows, each with its name above and, of a
 * map, its colour bar, and a line of text below. All images of a film have the size of the first. */

/* A pane that is no map. */
#define DH_FILM_IMAGE (-1)
#define DH_FILM_MOST_PANES 8

typedef struct
{
  gint panes[DH_FILM_MOST_PANES]; /* DhMap or DH_FILM_IMAGE */
  guint n_panes;
  guint height;          /* of the whole in pixels; 0: panes as large as the image, the whole at most 1080 high and 3840
                            wide */
  DhPictureOptions look; /* ranges should be fixed. Where it has a threshold the image has outlines of what `score`
                            flags */
  DhMap score;           /* of the threshold */
  double overlay;        /* 0 to 1: how much of a map is seen over the image; 1: the map alone */
} DhFilm;

/* Bits DH_MAP_BIT() of the maps that its panes show and its threshold goes by. */
guint dh_film_maps (const DhFilm *film);

/* Of an image of this size the film's; FALSE with DH_ERROR_USAGE where `height` leaves no room for the panes. */
gboolean dh_film_size (const DhFilm *film, guint width, guint height, guint *film_width, guint *film_height,
                       GError **error);

/* `film_width` and `film_height` from dh_film_size() of the first image; another size is fitted into the panes. `maps`
 * are of the image's size; panes without theirs are left grey. Any thread. Errors: DH_ERROR_NO_MEMORY. */
DhImage *dh_film_draw (const DhFilm *film, guint film_width, guint film_height, const DhImage *image,
                       DhTensor *const maps[DH_N_MAPS], const char *line, GError **error);

G_END_DECLS

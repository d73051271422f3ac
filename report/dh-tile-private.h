#pragma once
#include <pango/pangocairo.h>
#include "dh-color-map.h"
#include "dh-image.h"

G_BEGIN_DECLS

/* A picture with its name above and, of a map, its colour bar: what panels and films are made of. */
typedef struct
{
  const char *title;
  DhImage *picture; /* owned */
  gboolean has_bar;
  DhScale scale;
} DhTile;

/* Above the picture, pixels. */
#define DH_TILE_HEAD 34

/* For GArray. */
void dh_tile_clear (gpointer tile);
/* The picture drawn at this size, below the head at (x, y). */
void dh_tile_draw (const DhTile *tile, cairo_t *cr, double x, double y, double width, double height);
void dh_tile_draw_text (cairo_t *cr, const char *text, double x, double y, double width, gboolean bold,
                        PangoAlignment alignment);
/* Takes both; what was drawn, NULL where memory is short. */
DhImage *dh_tile_take_image (cairo_surface_t *surface, cairo_t *cr);

G_END_DECLS

#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Colour maps, 256 entries each, from our own tables of control points. Plain data; any thread. */
typedef enum
{
  DH_COLOR_MAP_VIRIDIS,
  DH_COLOR_MAP_MAGMA,
  DH_COLOR_MAP_TURBO,
  DH_COLOR_MAP_GREY,
  DH_COLOR_MAP_DIVERGING,  /* blue – white – orange, white at the scale's threshold (or centre) */
  DH_COLOR_MAP_DIFFERENCE, /* purple – white – orange, for A − B over a symmetric range */
  DH_N_COLOR_MAPS,
} DhColorMap;

/* "viridis", …: the name in settings and actions, also for translation. */
const char *dh_color_map_get_name (DhColorMap map);
gboolean dh_color_map_from_name (const char *name, DhColorMap *map);
/* 256 × RGBA, opaque; owned by the library. */
const guint8 *dh_color_map_get_table (DhColorMap map);

/* How a map's values are coloured and which side of the threshold is flagged. */
typedef struct
{
  DhColorMap map;
  gboolean reversed;   /* low values get the map's end: likelihood and posterior, so that bright is anomalous */
  double low, high;    /* the range; values beyond take the end colours */
  double threshold;    /* NaN: none */
  gboolean flag_below; /* flagged: value < threshold; else value > threshold */
} DhScale;

#define DH_SCALE_INIT                                                                                                  \
  {                                                                                                                    \
    DH_COLOR_MAP_VIRIDIS, FALSE, 0.0, 1.0, (double)NAN, FALSE                                                          \
  }

/* Where a finite value stands in the colour table, 0 … 1. For DIVERGING, low … threshold … high go to 0 … ½ … 1. */
double dh_scale_get_position (const DhScale *scale, double value);
/* The colour of a value, interpolated between table entries; #ff00ff for one that is not finite. The canvas, drawn by
 * OpenGL or not, gives the same to 1/255. */
void dh_scale_get_color (const DhScale *scale, double value, guint8 rgb[3]);
/* Exactly value < threshold or value > threshold, in double; FALSE for NaN (and without a threshold). Infinite values
 * are flagged like any other. */
gboolean dh_scale_flags (const DhScale *scale, float value);
/* The float bound that decides the same for every float: value < bound or value > bound, see flag_below. */
float dh_scale_get_bound (const DhScale *scale);

G_END_DECLS

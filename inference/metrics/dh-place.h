#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Where in its picture something lies: in which third of the rows, which is how far away it is in most pictures from a
 * car, and whether near the border, which is within a tenth of the shorter side. Places of the two kinds overlap; those
 * of one kind divide a picture. */
typedef enum
{
  DH_PLACE_TOP,
  DH_PLACE_MIDDLE,
  DH_PLACE_BOTTOM,
  DH_PLACE_BORDER,
  DH_PLACE_INNER,
  DH_N_PLACES,
} DhPlace;
#define DH_PLACE_BIT(place) (1u << (place))

/* "top", "middle", "bottom", "border", "inner" */
const char *dh_place_name (DhPlace place);

/* The places, as bits, of a pixel x < width, y < height. */
guint dh_place_of (guint x, guint y, guint width, guint height);

/* Pixels from ≤ x < to of a row, which lie in the same places. */
typedef struct
{
  guint from, to;
  guint places; /* bits */
} DhPlaceSpan;
#define DH_PLACE_SPANS 3
/* Row y cut into as many, one behind the other; some may be empty. */
void dh_place_cut_row (guint y, guint width, guint height, DhPlaceSpan spans[DH_PLACE_SPANS]);

/* Makes the labels (H×W) of all pixels that lie elsewhere void: 255. */
void dh_place_keep (DhPlace place, guint8 *labels, guint width, guint height);

G_END_DECLS

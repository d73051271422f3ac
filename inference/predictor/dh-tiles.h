#pragma once
#include "dh-predictor.h"

G_BEGIN_DECLS

/* Pictures too large for the memory, in overlapping tiles. A tile is a picture of its own for the network: nothing
 * beyond it is seen, and what looks at the whole picture, the pyramid's means, looks at the tile. So maps differ from
 * those of the whole picture, near a tile's edges most; of two that overlap each keeps the half on its side. */

enum
{
  DH_TILES_LEAST = 256, /* pixels a side */
};

/* As dh_predictor_run(), in tiles of at most `side`×`side` pixels (at least DH_TILES_LEAST), all of one size, that
 * overlap by a quarter of it or more. A picture of no more is one tile and gives the same bits. `progress` counts over
 * all tiles. `seconds` are those of all runs. */
DhPrediction *dh_predictor_run_tiles (DhPredictor *predictor, const DhImage *image, guint side, guint maps,
                                      GCancellable *cancellable, const DhProgress *progress, GError **error);

/* The tile in the middle, as a picture of its own; a reference to `image` where that is one tile. NULL: memory is
 * short. */
DhImage *dh_tiles_cut_middle (DhImage *image, guint side);

G_END_DECLS

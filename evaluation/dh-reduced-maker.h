#pragma once
#include "dh-map-maker.h"
#include "dh-reduction.h"

G_BEGIN_DECLS

/* Makes an evaluation's maps of pictures that are reduced first. Borrows both. */
typedef struct
{
  DhPredictor *predictor;
  const DhReduction *reduction;
  DhPrediction *made; /* not yet fetched */
} DhReducedMaker;
/* Its maker lives as long as it does; dh_reduced_maker_clear() afterwards. */
DhMapMaker dh_reduced_maker_get (DhReducedMaker *self);
void dh_reduced_maker_clear (DhReducedMaker *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhReducedMaker, dh_reduced_maker_clear)

G_END_DECLS

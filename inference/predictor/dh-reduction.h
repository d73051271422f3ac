#pragma once
#include "dh-predictor.h"

G_BEGIN_DECLS

/* What makes pictures fit that are too large for the memory: they are made smaller first, cut into tiles (dh-tiles.h),
 * or both. The maps differ from those of the whole picture, which their name tells. */
typedef struct
{
  double scale; /* above 0, at most 1: as they are */
  guint tile;   /* pixels a side, at least DH_TILES_LEAST; 0: whole pictures */
} DhReduction;

gboolean dh_reduction_is_none (const DhReduction *reduction);
/* "f32-scale0.5-tile1024" of "f32": what computes so, where runs and folders are told apart. Free with g_free. */
char *dh_reduction_name (const DhReduction *reduction, const char *precision);

/* The picture made smaller; a reference to it where it stays. NULL with DH_ERROR_NO_MEMORY. */
DhImage *dh_reduction_apply (const DhReduction *reduction, DhImage *image, GError **error);
/* The same, of it the tile in the middle: what a calibration should see. */
DhImage *dh_reduction_sample (const DhReduction *reduction, DhImage *image, GError **error);
/* The maps at the picture's own size, whatever they were computed at: segmentation by the nearest pixel, the others
 * bilinear between pixels' centres. Errors as dh_predictor_run() of what is computed; logits are DH_ERROR_UNSUPPORTED
 * where the picture is made smaller. */
DhPrediction *dh_reduction_run (const DhReduction *reduction, DhPredictor *predictor, const DhImage *image, guint maps,
                                GCancellable *cancellable, GError **error);

G_END_DECLS

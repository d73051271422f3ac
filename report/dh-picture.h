#pragma once
#include <glib.h>
#include "dh-image.h"
#include "dh-map.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

/* Maps as coloured pictures, for files and reports. Viridis, bright = anomalous: likelihood and dataset posterior take
 * it reversed. Values that are not finite are #ff00ff. Any thread. */
typedef struct
{
  gint classes;              /* K of the network: chooses names and colours of the classes */
  double threshold;          /* of the hybrid score, for masks and overlays; NAN: none */
  gboolean fixed[DH_N_MAPS]; /* TRUE: the range below (fixed over a data set); else this picture's 0.5 % … 99.5 % */
  double low[DH_N_MAPS], high[DH_N_MAPS];
} DhPictureOptions;

/* The range a picture of this map has: fixed by the options, 0…1 for the dataset posterior, else robust quantiles. */
void dh_picture_range (DhMap map, DhTensor *tensor, const DhPictureOptions *options, double *low, double *high);

/* `tensor` is H×W (uint8 for the segmentation, float32 otherwise). NULL with DH_ERROR_NO_MEMORY. */
DhImage *dh_picture_of_map (DhMap map, DhTensor *tensor, const DhPictureOptions *options, GError **error);

/* 255 where hybrid > threshold, else 0; free with g_free. */
guint8 *dh_picture_mask (DhTensor *hybrid, double threshold);

/* Draws the border of what a mask (H×W) does not have at 0, from within, so many pixels thick. */
void dh_picture_outline (DhImage *image, const guint8 *mask, guint thick);

/* The picture with the mask over it: true positives blue, false positives amber, false negatives magenta and hatched;
 * without labels everything flagged is blue. `labels`: H×W of 0, 1, other, or NULL. */
DhImage *dh_picture_overlay (const DhImage *image, DhTensor *hybrid, const guint8 *labels, double threshold,
                             GError **error);

/* Image and maps side by side (image, segmentation, likelihood, dataset posterior, hybrid score, and the ground truth
 * or, with a threshold, the overlay), each with its name and colour bar. Tiles are at most 960 pixels wide. */
DhImage *dh_picture_panel (const DhImage *image, DhTensor *const maps[DH_N_MAPS], const guint8 *labels,
                           const DhPictureOptions *options, GError **error);

G_END_DECLS

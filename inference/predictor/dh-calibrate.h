#pragma once
#include "dh-dataset.h"
#include "dh-predictor.h"

G_BEGIN_DECLS

/* The calibration that a predictor of precision int8 needs before its first run: from a file, or from pictures. On the
 * predictor's thread. */

/* Pictures by number, to calibrate on: DH_CALIBRATE_MOST of them, evenly spaced, where there are more. `load` may fail
 * for some. */
typedef struct
{
  guint n;
  DhImage *(*load) (guint index, gpointer data, GError **error);
  gpointer data;
} DhPictures;
#define DH_CALIBRATE_MOST 16
/* Those of a data set, which must outlive it. */
DhPictures dh_calibrate_pictures (DhDataset *dataset);

/* Runs the network over the pictures in float32 and counts. Errors: those of the last picture where none can be used;
 * G_IO_ERROR_CANCELLED. */
DhQuantization *dh_calibrate (DhPredictor *predictor, const DhPictures *pictures, GCancellable *cancellable,
                              const DhProgress *progress, GError **error);

/* Where the calibration of a predictor's weights is kept: densehybrid/calibrations in the user's data folder, a file
 * for each network and SHA-256. Free with g_free. */
char *dh_calibrate_dup_path (DhPredictor *predictor);

/* Makes the predictor ready, whatever its precision: where it is not int8, or was made ready before, there is nothing
 * to do. Takes the calibration that is kept for these weights; makes one of `pictures` and keeps it where there is
 * none or where it is damaged. `anew`: always makes one, and keeps it beside that one, under its own name. `note` (free
 * with g_free): what was done, in a sentence, or NULL. That it could not be kept is no error. */
gboolean dh_calibrate_prepare (DhPredictor *predictor, const DhPictures *pictures, gboolean anew,
                               GCancellable *cancellable, const DhProgress *progress, char **note, GError **error);
/* The same with a calibration of the user's choice. */
gboolean dh_calibrate_from_file (DhPredictor *predictor, const char *path, GError **error);

G_END_DECLS

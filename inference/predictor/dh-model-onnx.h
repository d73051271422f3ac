#pragma once
#include <gio/gio.h>
#include "dh-model.h"

G_BEGIN_DECLS

/* Writes the network with its weights as an ONNX file (dh-onnx.h) for pictures of one size: segmentation, likelihood
 * and, where it has an outlier head, dataset posterior and hybrid score, as the predictor makes them in float32. The
 * file says itself what it reads and gives, and as metadata where it comes from: program, weights_sha256, architecture,
 * classes and, where they are told or their number is that of a class table, class_names as a JSON array.
 * Errors: as dh_onnx_save(); of the size as dh_predictor_check_size(). */
gboolean dh_model_save_onnx (DhModel *model, const char *path, guint height, guint width, GError **error);

G_END_DECLS

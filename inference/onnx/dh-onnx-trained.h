#pragma once
#include "dh-nets.h"
#include "dh-onnx-net.h"

G_BEGIN_DECLS

/* A network of others as it was trained: an ONNX file with the outputs "logits" and, where it has an outlier head,
 * "logits_ood", of pictures of any size; and beside it NAME.onnx.json, which says how these are normalised and what the
 * classes are called. It opens where the network opened that it was made of. `tensors` are what the net's keys name;
 * `side`: of a square picture that the network takes. Each file is whole or not at all. Errors: as dh_onnx_save(). */
gboolean dh_onnx_save_trained (const char *path, const DhNet *net, DhTensorDict *tensors,
                               const DhOnnxPictures *pictures, gint side, GError **error);

G_END_DECLS

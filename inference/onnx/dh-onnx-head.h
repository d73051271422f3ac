#pragma once
#include "dh-nets.h"

G_BEGIN_DECLS

/* A network of others that is to be trained with negatives: `net` itself where it has an outlier head, else another
 * with one, a 1×1 convolution on the features that its classifier reads (the last convolution to K channels, with
 * nothing behind it but resizing), made as large as the class logits are; where these are a sum of such, one on each
 * part's features, summed as they are. The graph of `net` grows by it, so that `net` must be nobody else's. `tensors`
 * gets the head's weights and biases: zeros, for which the dataset posterior is ½ everywhere, whatever the seed.
 * Errors: DH_ERROR_UNSUPPORTED where there is no such place, naming what stands in it; DH_ERROR_NO_MEMORY. */
DhNet *dh_onnx_net_with_head (DhNet *net, DhTensorDict *tensors, GError **error);

G_END_DECLS

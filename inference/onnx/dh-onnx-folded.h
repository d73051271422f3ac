#pragma once
#include "dh-nets.h"

G_BEGIN_DECLS

/* A network of others whose norms, and what else is a scale or a shift of each channel, are part of the convolutions
 * behind which they stand, wherever nobody reads these without: as an export folds them, and as the sums behind linear
 * layers are. `tensors` becomes that network's. Its values are the same but for rounding. Errors:
 * DH_ERROR_NO_MEMORY. */
DhNet *dh_onnx_net_folded (const DhNet *net, DhTensorDict *tensors, GError **error);

G_END_DECLS

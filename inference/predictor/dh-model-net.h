#pragma once
#include "dh-model.h"
#include "dh-nets.h"

G_BEGIN_DECLS

/* What a model is made of, for who plans runs of it himself. Borrowed, immutable. */
const DhNet *dh_model_net (DhModel *model);
/* All that dh_net_list_keys() names as needed, in the network's shapes, in any float dtype. */
DhTensorDict *dh_model_tensors (DhModel *model);

G_END_DECLS

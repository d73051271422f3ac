#pragma once
#include "dh-nets.h"
#include "dh-predictor.h"

G_BEGIN_DECLS

/* Borrowed, immutable. */
const DhNet *dh_model_net (DhModel *model) G_GNUC_INTERNAL;
/* Borrowed: all that dh_net_list_keys() names as needed, in the network's shapes, in any float dtype. */
DhTensorDict *dh_model_tensors (DhModel *model) G_GNUC_INTERNAL;

G_END_DECLS

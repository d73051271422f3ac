#pragma once
#include "dh-checkpoint-private.h"
#include "dh-npy.h"

G_BEGIN_DECLS

/* As dh_npy_load_bytes(), but `what` stands only within messages. */
DhTensor *dh_npy_parse (GBytes *bytes, DhCopyBudget *budget, const char *what, GError **error);

G_END_DECLS

#pragma once
#include "dh-dataset-private.h"

G_BEGIN_DECLS

/* One's own data: a folder of pictures beside a folder of masks, under the names that such folders mostly have, a mask
 * being named as its picture or with one of the usual endings. Those folders lie in `base`, whose own name is a split
 * or a group where it has one. FALSE where no picture has a mask. */
gboolean dh_masks_match (DhLayoutFind *find, const char *base);

/* Reads some of the masks of the whole set, before a part of it is chosen: where they hold 0 and 255 and no 1, 255 is
 * the anomaly (of others it is ignore); where they are no masks at all, but say of classes, the pictures are left
 * without labels. What was assumed is noted. Nothing is done of other kinds. Errors: G_IO_ERROR_CANCELLED. */
gboolean dh_masks_settle (DhDataset *dataset, GCancellable *cancellable, GError **error);

G_END_DECLS

#pragma once
#include "dh-dataset-private.h"

G_BEGIN_DECLS

/* One's own data: a folder of pictures beside a folder of masks, under the names that such folders mostly have, a mask
 * being named as its picture or with one of the usual endings. Those folders lie in `base`, whose own name is a split
 * or a group where it has one. FALSE where no picture has a mask. */
gboolean dh_masks_match (DhLayoutFind *find, const char *base);

/* The same where the pictures lie in `base` itself and in folders below it, and the masks in its folder "masks" at the
 * same places: what drawing masks of a plain folder of pictures makes of it. */
gboolean dh_masks_match_within (DhLayoutFind *find, const char *base);

/* Takes the places of masks in that folder that would be ones of other pictures by dh_masks_match(). `items`: DhItem,
 * all pictures of the folder, whose stems are their keys. */
void dh_masks_leave_to_others (GPtrArray *items);

/* Reads some of the masks of the whole set, before a part of it is chosen. What they mean is what is `said`; where it
 * is NULL: of 0 and 255 without a 1, 255 is the anomaly (of others it is ignore); of 0 and one other value, that; where
 * they hold many other values, which may be classes, the pictures are left without labels. What was assumed is noted.
 * Errors: G_IO_ERROR_CANCELLED, DH_ERROR_USAGE (`said` is not understood, or the set is of another kind). */
gboolean dh_masks_settle (DhDataset *dataset, const char *said, GCancellable *cancellable, GError **error);

G_END_DECLS

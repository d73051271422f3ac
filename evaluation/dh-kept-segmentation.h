#pragma once
#include <glib.h>
#include "dh-tensor.h"

G_BEGIN_DECLS

/* What the network sees in each pixel of a picture, as a run has left it beside its score maps:
 * FOLDER/eval/segmentation/STEM.npy. Any thread. */

/* Whether the folder says that its owner wrote segmentations; runs of imported scores have none. */
gboolean dh_kept_segmentation_is_there (const char *folder);
/* Free with g_free. */
char *dh_kept_segmentation_path (const char *folder, const char *stem);
/* uint8, height × width. Errors, which name the file: those of dh_npy_load(); DH_ERROR_MISMATCH where it is of another
 * type or size, which a file of another length is told by before memory is spent. */
DhTensor *dh_kept_segmentation_load (const char *folder, const char *stem, guint width, guint height, GError **error);

G_END_DECLS

#pragma once
#include "dh-dataset.h"

G_BEGIN_DECLS

/* The mask of one of one's own pictures, to be drawn and written where the set's reader finds it: as it is there, or
 * none yet. It is written as the masks of the set are, as an 8-bit PNG whose values mean what they mean there; what
 * cannot be written so is refused before anything is drawn. Published sets keep their labels.
 *
 * Any thread, but one mask by one at a time. */
typedef struct _DhDrawnMask DhDrawnMask;

/* What is drawn: a byte a pixel, of the picture as it is shown. */
#define DH_DRAWN_INLIER 0
#define DH_DRAWN_ANOMALY 1
#define DH_DRAWN_IGNORE 255

/* A sentence: why none of the set's labels can be changed; NULL where they can. Free with g_free. */
char *dh_drawn_mask_dup_refusal (DhDataset *dataset);

/* Reads it, hidden ones too; *labels is of the picture's size, all 0 where there is none. A reference to the set is
 * kept. Errors: DH_ERROR_UNSUPPORTED (it cannot be written as it is read: another format, turned by EXIF, other values
 * or colours), DH_ERROR_MISMATCH (another size; it came or went since the set was opened), DH_ERROR_IO (its folder or
 * itself cannot be written), and those of reading. */
DhDrawnMask *dh_drawn_mask_open (DhDataset *dataset, guint index, DhLabels **labels, GError **error);
void dh_drawn_mask_free (DhDrawnMask *mask);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhDrawnMask, dh_drawn_mask_free)

/* Where it lies, or will. */
const char *dh_drawn_mask_path (const DhDrawnMask *mask);
gboolean dh_drawn_mask_exists (const DhDrawnMask *mask);
/* Whether the set's masks have a value for ignored pixels. */
gboolean dh_drawn_mask_can_ignore (const DhDrawnMask *mask);

/* Whole or not at all (dh-file.h). Of a mask that was there and was not drawn here since it was opened, a copy is kept
 * beside it, once, under its name and "~", which no reader takes for a mask. On an error all is as it was, and it can
 * be tried again: DH_ERROR_MISMATCH (picture or mask were changed by others meanwhile), DH_ERROR_NOT_FOUND (the picture
 * is gone), DH_ERROR_UNSUPPORTED (ignored pixels would be left without any anomaly in the set: its reader would take
 * them for anomalies), DH_ERROR_IO. */
gboolean dh_drawn_mask_write (DhDrawnMask *mask, const guint8 *ids, GError **error);
/* As it was before it was written last: the same bytes, or none. Once. Errors likewise. */
gboolean dh_drawn_mask_revert (DhDrawnMask *mask, GError **error);

/* By what masks that were drawn here are told apart although they are of one length, for a set's fingerprint: a hash
 * over their pixels, which stands at the head of the file; NULL of others. Free with g_free. */
char *dh_drawn_mask_dup_sum (const char *path);

/* The same set with the mask of this picture as it lies there now, or without it. What was hidden in its split, because
 * all of it was one value, is shown where that is no longer so: `shows`. */
DhDataset *dh_dataset_new_with_mask (DhDataset *dataset, guint index, gboolean exists, gboolean shows);

G_END_DECLS

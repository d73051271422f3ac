#pragma once
#include "dh-evaluation.h"
#include "dh-frame.h"

G_BEGIN_DECLS

/* What an evaluation has left behind of its set: score maps in its folder, labels in the data set. Reference counted
 * (atomic); any thread. */
typedef struct _DhSetMaps DhSetMaps;

/* Right behind the evaluation, whose maps are known again by what the folder says of its owner. */
DhSetMaps *dh_set_maps_new (DhDataset *dataset, const char *folder, const DhEvaluation *evaluation);
DhSetMaps *dh_set_maps_ref (DhSetMaps *maps);
void dh_set_maps_unref (DhSetMaps *maps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhSetMaps, dh_set_maps_unref)

guint dh_set_maps_size (DhSetMaps *maps);
/* Why no number of the evaluation speaks of the picture; NULL where some do. Borrowed. */
const char *dh_set_maps_left_out (DhSetMaps *maps, guint index);
/* Whether the evaluation left this score's maps. */
gboolean dh_set_maps_has (DhSetMaps *maps, DhScore score);
/* Pixels of the picture's map, by the file's size; 0 where it is not there. */
guint64 dh_set_maps_pixels (DhSetMaps *maps, guint index);
/* Whether they are still those of the evaluation; DH_ERROR_NOT_FOUND where another run has written there since,
 * or they are gone. */
gboolean dh_set_maps_check (DhSetMaps *maps, GError **error);
/* A frame that has the score's map and the labels, and no picture. Labels are kept, packed, for the next time. Errors
 * name the file. */
DhFrame *dh_set_maps_load (DhSetMaps *maps, guint index, DhScore score, GError **error);
/* Whether the evaluation left what the network saw, picture by picture. */
gboolean dh_set_maps_has_classes (DhSetMaps *maps);
/* That of a picture, a byte a pixel, of the size of its row in the evaluation: NULL where it cannot be read, or is no
 * such thing; errors name the file. */
GBytes *dh_set_maps_load_classes (DhSetMaps *maps, guint index, GError **error);
/* The same beside the maps of a frame, where it can be had and is of the frame's size. Before the frame is shared. */
void dh_set_maps_add_classes (DhSetMaps *maps, guint index, DhFrame *frame);
/* The same picture's maps of the hybrid score and the likelihood, of which its terms are, where there are such. Before
 * the frame is shared. */
void dh_set_maps_add_terms (DhSetMaps *maps, guint index, DhFrame *frame);

G_END_DECLS

#pragma once
#include "dh-dataset.h"
#include "dh-score-kind.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

/* The maps that a run of the studio's wrote of a whole set, with the set's labels; as the run measured them, so that
 * what is high is anomalous. Immutable; reference counted (atomic); any thread, but not the window's. */
typedef struct _DhSetMaps DhSetMaps;

/* Looks the run up in the database. Errors: of the database; DH_ERROR_NOT_FOUND where another run has written into its
 * folder since. */
DhSetMaps *dh_set_maps_open (DhDataset *dataset, gint64 run, DhScore score, GError **error);
DhSetMaps *dh_set_maps_ref (DhSetMaps *maps);
void dh_set_maps_unref (DhSetMaps *maps);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhSetMaps, dh_set_maps_unref)

/* Of picture `index` of the set: float32 H×W and its labels, of the same size. Errors name the file; DH_ERROR_NOT_FOUND
 * where the picture has no labels, DH_ERROR_MISMATCH where it and its map differ in size. */
gboolean dh_set_maps_load (DhSetMaps *maps, guint index, DhTensor **scores, DhLabels **labels, GError **error);

G_END_DECLS

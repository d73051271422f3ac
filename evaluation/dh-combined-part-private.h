#pragma once
#include "dh-combination.h"
#include "dh-database.h"
#include "dh-dataset.h"
#include "dh-records.h"
#include "dh-score-scale-private.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

/* The maps that one run keeps of what it measured, or of a map beside that: a part of what another run is made of. */
typedef struct
{
  DhRunRow *run;
  GPtrArray *rows;     /* DhRunImageRow */
  GHashTable *by_stem; /* of these; borrows them */
  char *map;           /* beside the run's own; NULL: its own */
  double weight;
  DhScoreScale *scale; /* NULL: as it is */
} DhCombinedPart;

/* Errors name the run: DH_ERROR_NOT_FOUND, DH_ERROR_USAGE. The database is not needed any more. */
DhCombinedPart *dh_combined_part_open (DhDatabase *database, const DhCombinationPart *part, GError **error);
void dh_combined_part_free (DhCombinedPart *part);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhCombinedPart, dh_combined_part_free)

/* "hybrid", "max_softmax"; of another method's, or a run made of others, what these are called. */
const char *dh_combined_part_score (const DhCombinedPart *part);
/* Whether values of both can be of one scale: of networks, and the same map. */
gboolean dh_combined_part_is_alike (const DhCombinedPart *part, const DhCombinedPart *other);

/* Whether it measured this picture; else why not, as DH_ERROR_NOT_FOUND. */
gboolean dh_combined_part_has (const DhCombinedPart *part, const char *stem, GError **error);
/* Whether each picture of the set that it measured still has its map, and the first, middle and last are those that it
 * measured: DH_ERROR_NOT_FOUND, DH_ERROR_MISMATCH. */
gboolean dh_combined_part_check_maps (const DhCombinedPart *part, DhDataset *dataset, GError **error);

/* The map of a picture as it lies there, float32 H×W, high = anomalous. Any thread. Errors as
 * dh_combined_scores_load(). */
DhTensor *dh_combined_part_load (const DhCombinedPart *part, DhDataset *dataset, guint index, GError **error);

/* What tells its maps apart from every other run's, as lines of text; free with g_free. */
char *dh_combined_part_dup_identity (const DhCombinedPart *part);

G_END_DECLS

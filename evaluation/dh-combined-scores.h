#pragma once
#include <gio/gio.h>
#include "dh-combination.h"
#include "dh-database.h"
#include "dh-dataset.h"
#include "dh-progress.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

/* The score maps of a run that is made of other runs', picture by picture from the maps that these keep on disk: a mean
 * of several, one that is blurred (dh-combination.h). No network computes, and no label is looked at. Immutable once
 * it is prepared, and then independent of the database; only the maps must stay until the run is made.
 *
 * Such a run has no weights, no device and no precision. In the place of the weights' SHA-256 stands one over what is
 * done and to which maps: each one's weights (or scores) by their SHA-256, what was measured, on what device in which
 * precision, and every picture's greatest and mean score.
 *
 * A pixel that is NaN in one of the maps is NaN in the made one, and has no part in any number; of infinite ones the
 * arithmetic decides. What is not finite does not spread by the blur. */
typedef struct _DhCombinedScores DhCombinedScores;

/* What such runs measured, where others name a map. */
#define DH_SCORE_COMBINED "combined"

/* Looks whether the run can be made, before anything is written: the runs are done, of the same images read in the same
 * way, their maps all there and theirs. `method`: as tables shall name it; NULL: by what is done. `out`: where the
 * run's own maps go (may be NULL). On the database's thread, not the window's. Errors, which name the run:
 * DH_ERROR_NOT_FOUND (no such run, its maps are gone or another's by now), DH_ERROR_USAGE, DH_ERROR_MISMATCH (other
 * images, or read otherwise, or since changed); those of dh_reading_open(). */
DhCombinedScores *dh_combined_scores_open (DhDatabase *database, const DhCombination *combination, const char *method,
                                           const char *out, GCancellable *cancellable, const DhProgress *progress,
                                           GError **error);
DhCombinedScores *dh_combined_scores_ref (DhCombinedScores *scores);
void dh_combined_scores_unref (DhCombinedScores *scores);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhCombinedScores, dh_combined_scores_unref)

/* The runs' data set, opened as they saw it. */
DhDataset *dh_combined_scores_dataset (const DhCombinedScores *scores);
const char *dh_combined_scores_method (const DhCombinedScores *scores);

/* Makes the checksum, and the common scale where there is one: that reads every map once. At most once. Errors:
 * G_IO_ERROR_CANCELLED; those of a map that cannot be read; DH_ERROR_INVALID where scores do not differ at all. */
gboolean dh_combined_scores_prepare (DhCombinedScores *scores, GCancellable *cancellable, const DhProgress *progress,
                                     GError **error);
/* 64 hexadecimal digits; NULL before. */
const char *dh_combined_scores_sha256 (const DhCombinedScores *scores);
/* Where the run's own maps lie if nobody said where; free with g_free. */
char *dh_combined_scores_default_folder (const DhCombinedScores *scores);
/* What the run is made of, for its summary (read by dh-made-of.h); free with json_object_unref. */
struct _JsonObject *dh_combined_scores_to_json (const DhCombinedScores *scores);

/* A picture's map, float32 H×W, high = anomalous. Any thread. One map is held at a time, whatever their number. Errors:
 * DH_ERROR_NOT_FOUND (a run left the picture out: why), DH_ERROR_MISMATCH (a map is no longer the one that its run has
 * measured), those of dh_map_file_read() and dh_map_file_parse(). */
DhTensor *dh_combined_scores_load (const DhCombinedScores *scores, guint index, GError **error);

G_END_DECLS

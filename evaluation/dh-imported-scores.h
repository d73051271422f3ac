#pragma once
#include <gio/gio.h>
#include "dh-dataset.h"
#include "dh-progress.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

/* The score maps that another method left of a data set, to be measured as a run: found by name (dh-map-folder.h), read
 * in any of the field's forms (dh-map-file.h), and turned so that high = anomalous. Immutable but for the checksum.
 *
 * Such a run has no weights, no device and no precision. In the place of the weights' SHA-256 stands one over what the
 * maps are by content: of the lines "SHA-256 of the file, two spaces, stem", one a picture that has a file, in the data
 * set's order, with a line "low is anomalous" before them where it is so. */
typedef struct _DhImportedScores DhImportedScores;

/* What such runs measured, where others name a map. */
#define DH_SCORE_IMPORTED "imported"

/* `method`: as tables shall name it; NULL: as the folder is called, or as a SegmentMeIfYouCan tree under it says.
 * `out`: where the run's own maps go, which is not looked into (may be NULL). Not for the window's thread. Errors:
 * those of dh_map_folder_open(); DH_ERROR_USAGE where the maps lie in `out` itself, or the method has no name. */
DhImportedScores *dh_imported_scores_open (const char *path, const char *method, gboolean low_is_anomalous,
                                           DhDataset *dataset, const char *out, GCancellable *cancellable,
                                           const DhProgress *progress, GError **error);
DhImportedScores *dh_imported_scores_ref (DhImportedScores *scores);
void dh_imported_scores_unref (DhImportedScores *scores);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhImportedScores, dh_imported_scores_unref)

const char *dh_imported_scores_method (const DhImportedScores *scores);
const char *dh_imported_scores_folder (const DhImportedScores *scores); /* absolute */
gboolean dh_imported_scores_low_is_anomalous (const DhImportedScores *scores);
/* Pictures that have a file. */
guint dh_imported_scores_n_found (const DhImportedScores *scores);
/* What the method is called by a folder's name: "RbA", of "RbA/AnomalyTrack-all" too; free with g_free. */
char *dh_imported_scores_dup_method (const char *path);

/* Reads every file once for the checksum; at most once. A file that cannot be read, or is far too large, is no reason
 * to end: its picture is. Error: G_IO_ERROR_CANCELLED. */
gboolean dh_imported_scores_sum (DhImportedScores *scores, GCancellable *cancellable, const DhProgress *progress,
                                 GError **error);
/* 64 hexadecimal digits; NULL before the sum is made. */
const char *dh_imported_scores_sha256 (const DhImportedScores *scores);
/* Where the run's own maps lie if nobody said where: one place for each data set, method and
 * end, and these maps: what one run has written no other takes. After the sum; free
 * with g_free. */
char *dh_imported_scores_default_folder (const DhImportedScores *scores);

/* A picture's map at the picture's size, float32 H×W, high = anomalous. Any thread. Errors: DH_ERROR_NOT_FOUND (there
 * is none: what was sought), DH_ERROR_INVALID where the file has changed since the sum was made;
 * those of dh_map_file_read() and dh_map_file_parse(), and of the picture's header. */
DhTensor *dh_imported_scores_load (const DhImportedScores *scores, guint index, GError **error);

/* A first look at which end is anomalous: the AUROC of a few labelled pictures' scores as they lie in the files, NAN
 * where no picture with anomalies has a map. `n_pictures`: that were looked at. Error: G_IO_ERROR_CANCELLED. */
gboolean dh_imported_scores_look (const DhImportedScores *scores, double *auroc, guint *n_pictures,
                                  GCancellable *cancellable, GError **error);

G_END_DECLS

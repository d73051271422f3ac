#pragma once
#include <json-glib/json-glib.h>
#include "dh-dataset.h"
#include "dh-folder-lock.h"
#include "dh-map.h"
#include "dh-ranking.h"
#include "dh-records.h"
#include "dh-run-origin-private.h"
#include "dh-tensor.h"

G_BEGIN_DECLS

/* A run of whatever kind while it is made: its row, the rows of its images, and the folder of its maps, which it holds
 * against other processes. Begun, it is new or goes on with what an earlier start finished. */
typedef struct
{
  DhDatabase *database;
  DhDataset *dataset;
  char *folder;      /* absolute */
  char *fingerprint; /* of the data set; NULL of a run that is recalled */
  DhMap score;       /* whose maps lie in eval/scores; of imported ones the place that they have among others */
  DhFolderLock *lock;
  gint64 run, dataset_id;
  GArray *displaced;    /* gint64: runs whose maps of this set lie there and are written over, the newest first */
  JsonObject *made_of;  /* of the origin; NULL */
  gboolean recalled;    /* nothing is written */
  GPtrArray *rows;      /* of an earlier start */
  GHashTable *finished; /* stem → DhRunImageRow: those of them that are done, and what was committed since */
  GPtrArray *committed; /* the latter */
  GHashTable *left_out; /* of one that is recalled: stem → why; else NULL */
} DhRunRecord;

/* Finds the run to go on with, or begins one. `score`: where its maps stand in DhRunPicture.maps. `others`: names of
 * the maps kept beside the score's; `command` may be NULL. What the folder holds of another owner (dh-map-owner.h) is
 * made anew. Errors: of the database, the folder (DH_ERROR_IO), or DH_ERROR_FAILED where another process runs in it.
 * Clear the record in any case. */
gboolean dh_run_record_begin (DhRunRecord *record, const char *kind, DhDatabase *database, DhDataset *dataset,
                              const DhRunOrigin *origin, const char *folder, DhMap score, const char *others,
                              const char *command, GCancellable *cancellable, GError **error);
/* Takes a run of a network that is done as it stands: nothing is written, and what is gone is not made anew. Errors:
 * DH_ERROR_NOT_FOUND where it is not there, or its maps are another's by now; DH_ERROR_MISMATCH where the data set is
 * another. */
gboolean dh_run_record_recall (DhRunRecord *record, DhDatabase *database, DhDataset *dataset, gint64 run,
                               GCancellable *cancellable, GError **error);
/* Why a recalled run has no maps of the picture: it was left out, or they are gone. */
void dh_run_record_set_gone (const DhRunRecord *record, const char *stem, GError **error);
void dh_run_record_clear (DhRunRecord *record);

/* What this or an earlier start committed as done for this picture: its size, its seconds, its scores; NULL: nothing.
 * Valid until the record is cleared. */
const DhRunImageRow *dh_run_record_find (const DhRunRecord *record, const char *stem);
/* FOLDER/eval/scores/STEM.npy of the run's own score, FOLDER/eval/NAME/STEM.npy of another map. */
char *dh_run_record_map_path (const DhRunRecord *record, DhMap map, const char *stem);
gboolean dh_run_record_save_map (const DhRunRecord *record, DhMap map, const char *stem, DhTensor *tensor,
                                 GError **error);
/* NULL where there is none, or it is another than the row says. */
DhTensor *dh_run_record_load_map (const DhRunRecord *record, DhMap map, const char *stem, const DhRunImageRow *row);

/* A row with every number undefined, in state "done". */
DhRunImageRow dh_run_record_new_row (void);
/* The numbers of one image by the DenseHybrid rule, whatever protocols run over the set. `ranking`: of its labelled
 * pixels; NULL: only what needs none. row->width and height must be set. */
void dh_run_record_measure (const float *scores, DhRanking *ranking, DhRunImageRow *row);
/* Whether the label (NULL: there is none) fits the picture; DH_ERROR_MISMATCH with both sizes. */
gboolean dh_run_record_check_label (const DhDatasetItem *item, const DhLabels *labels, guint width, guint height,
                                    GError **error);
/* Turns the row into that of a picture that is left out. */
void dh_run_record_fail_row (DhRunImageRow *row, const GError *why);
/* Whether an error is the picture's own, so that a run goes on without it. `reading`: it came from reading the picture
 * or its label, and then one that the system refuses (no permission, a broken disk) is the picture's own as well; of
 * writing it is not. */
gboolean dh_run_record_is_of_image (const GError *error, gboolean reading);
/* Adds to what ended a run how it goes on: of what cannot be written, once it has measured anything. */
void dh_run_record_say_kept (const DhRunRecord *record, GError **error);
/* Commits picture `index`, unless the run is recalled; fills what the row borrows of the data set. */
gboolean dh_run_record_commit (DhRunRecord *record, guint index, DhRunImageRow *row, GError **error);

/* Ends the run: done where `why` is NULL, else cancelled or failed. `summary` (may be NULL, taken) is a JSON object of
 * what belongs to the kind alone; how the data set was opened and what the maps are made of is added to it. */
gboolean dh_run_record_end (DhRunRecord *record, const GError *why, JsonObject *summary, GError **error);

G_END_DECLS

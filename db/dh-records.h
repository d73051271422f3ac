#pragma once
#include "dh-database.h"

G_BEGIN_DECLS

/* The rows, as plain structs. Strings are owned by the struct; NULL where unknown. Numbers that are undefined are NAN.
 * Functions named put insert or update and give the row's id (0 on an error). */

typedef struct
{
  gint64 id;
  char *root, *kind, *title, *fingerprint;
  gint64 images;
  char *opened;
} DhDatasetRow;

typedef struct
{
  gint64 id;
  char *sha256, *path, *title, *architecture;
  gint64 classes, parameters;
  gboolean outlier_head;
} DhModelRow;

typedef struct
{
  gint64 id;
  char *kind, *state, *why;
  gint64 dataset, model;
  char *method, *source; /* of imported scores, whose they are and where they lay; NULL: a network made the maps */
  char *split, *folder, *score, *device, *device_title, *precision, *program, *command, *started, *ended, *summary;
  double seconds;
  /* filled by reading alone; of imported scores the model's title and path are the method and the source */
  char *dataset_title, *dataset_root, *dataset_kind, *dataset_fingerprint, *model_title, *model_path, *model_sha256;
  gint64 model_classes, images_done, images_failed, images_total;
} DhRunRow;

typedef struct
{
  gint64 image; /* row of the image */
  char *stem, *path, *scene, *state, *why, *score_file;
  gint64 width, height, pixels, positives, non_finite;
  double seconds, ap, auroc, fpr95, best_f1, best_f1_threshold, mean_score, max_score;
} DhRunImageRow;

typedef struct
{
  char *score, *protocol;
  double ap, auroc, fpr95, threshold_tpr95, best_f1, best_f1_threshold;
  gint64 pixels, positives, undefined_images;
  GBytes *curve, *histogram; /* of pooled protocols, in the form of dh-stored-curve.h; else NULL */
} DhRunProtocolRow;

typedef struct
{
  gint64 id, model, source_dataset, run; /* 0: none */
  char *score, *rule, *source_split, *made;
  double value;
  char *source_title; /* filled by reading */
} DhThresholdRow;

typedef struct
{
  char *path; /* of the picture, absolute: whatever set it is opened in */
  char *tags; /* one a line, sorted */
  char *note;
} DhMarkRow;

/* What a user says of a thing that was found in a picture, by the score that found it and its peak. */
typedef struct
{
  char *path; /* of the picture, absolute */
  char *score;
  gint64 x, y;
  char *mark; /* "seen", "real", "false"; "": nothing */
} DhFindMarkRow;

/* A training. `precision`: "f32" where it is NULL as it is written. Times are Unix, in seconds; 0: not yet. */
typedef struct
{
  gint64 id, position, pid, step, steps, epochs, best_epoch, launched, started, ended;
  char *kind, *state, *why, *title, *recipe, *form, *folder, *device, *precision, *program, *command, *created;
  double seconds, estimate, step_flop, step_seconds, miou, ap, auroc, fpr95;
} DhJobRow;

void dh_dataset_row_free (DhDatasetRow *row);
void dh_model_row_free (DhModelRow *row);
void dh_run_row_free (DhRunRow *row);
void dh_run_image_row_free (DhRunImageRow *row);
void dh_run_protocol_row_free (DhRunProtocolRow *row);
void dh_threshold_row_free (DhThresholdRow *row);
void dh_mark_row_free (DhMarkRow *row);
void dh_find_mark_row_free (DhFindMarkRow *row);
void dh_job_row_free (DhJobRow *row);
DhJobRow *dh_job_row_copy (const DhJobRow *row);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRunRow, dh_run_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRunImageRow, dh_run_image_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhFindMarkRow, dh_find_mark_row_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhJobRow, dh_job_row_free)

/* Data sets are one by root, kind and fingerprint; models by SHA-256. */
gint64 dh_database_put_dataset (DhDatabase *database, const DhDatasetRow *row, GError **error);
gint64 dh_database_put_image (DhDatabase *database, gint64 dataset, const char *stem, const char *path,
                              const char *split, const char *scene, GError **error);
gint64 dh_database_put_model (DhDatabase *database, const DhModelRow *row, GError **error);

/* What a user wrote about a picture; of one without tags and note there is no row. */
gboolean dh_database_put_mark (DhDatabase *database, const DhMarkRow *row, GError **error);
/* By somebody who knew `before` and made `after` of it, both of one path, of n pictures: what others have written of a
 * picture meanwhile stays, tag by tag; of two notes, the later one. All of them or none: a transaction of its own. */
gboolean dh_database_change_marks (DhDatabase *database, const DhMarkRow *const *before, const DhMarkRow *const *after,
                                   guint n, GError **error);
/* All there are, by path; GPtrArray of DhMarkRow. */
GPtrArray *dh_database_list_marks (DhDatabase *database, GError **error);

/* Of one that says nothing there is no row. */
gboolean dh_database_put_find_mark (DhDatabase *database, const DhFindMarkRow *row, GError **error);
/* All there are, by path, score and place; GPtrArray of DhFindMarkRow. */
GPtrArray *dh_database_list_find_marks (DhDatabase *database, GError **error);

/* A new run in state "running", with the summary of the row, which is what is known before it ends. */
gint64 dh_database_add_run (DhDatabase *database, const DhRunRow *row, GError **error);
/* The newest run that was begun with the same kind, data set, split, model, method, folder, score and precision and is
 * not done; 0 where there is none (and *error unset). */
gint64 dh_database_find_unfinished (DhDatabase *database, const DhRunRow *row, GError **error);
gboolean dh_database_end_run (DhDatabase *database, gint64 run, const char *state, const char *why, const char *summary,
                              GError **error);
/* Puts a run that is gone on with back into state "running", with that summary. */
gboolean dh_database_reopen_run (DhDatabase *database, gint64 run, const char *summary, GError **error);
/* For who holds `folder`: runs in it other than `run` that say they are running were killed, and become "unfinished".
 */
gboolean dh_database_leave_runs (DhDatabase *database, const char *folder, gint64 run, GError **error);
gboolean dh_database_delete_run (DhDatabase *database, gint64 run, GError **error);
/* NULL with DH_ERROR_NOT_FOUND where there is no such run. */
DhRunRow *dh_database_get_run (DhDatabase *database, gint64 run, GError **error);
/* Newest first; GPtrArray of DhRunRow. */
GPtrArray *dh_database_list_runs (DhDatabase *database, GError **error);

gboolean dh_database_put_run_image (DhDatabase *database, gint64 run, const DhRunImageRow *row, GError **error);
/* In the order in which they were written into the data set's table; GPtrArray of DhRunImageRow. */
GPtrArray *dh_database_list_run_images (DhDatabase *database, gint64 run, GError **error);
/* That of one image; NULL without an error where the run has none. */
DhRunImageRow *dh_database_find_run_image (DhDatabase *database, gint64 run, const char *stem, GError **error);
gboolean dh_database_put_run_protocol (DhDatabase *database, gint64 run, const DhRunProtocolRow *row, GError **error);
GPtrArray *dh_database_list_run_protocols (DhDatabase *database, gint64 run, GError **error);
/* The same without curves and histograms, which are most of what there is to read. */
GPtrArray *dh_database_list_run_numbers (DhDatabase *database, gint64 run, GError **error);

gint64 dh_database_add_threshold (DhDatabase *database, const DhThresholdRow *row, GError **error);
/* Of one model and score, newest first; GPtrArray of DhThresholdRow. */
GPtrArray *dh_database_list_thresholds (DhDatabase *database, gint64 model, const char *score, GError **error);

/* A new job in the state that the row says, behind all others. One folder is one job: where there is one already, that
 * one takes the row's values and keeps its id. Of a training that is `resumed`, or that runs already without a process
 * or in the row's own, title, form, command and what it reached stay as they were, and numbers that the row knows not;
 * any other begins anew. */
gint64 dh_database_put_job (DhDatabase *database, const DhJobRow *row, gboolean resumed, GError **error);
/* From queued to running with this time of launch, where it is still queued and none else runs: *claimed. Of several
 * programs that try, one succeeds. */
gboolean dh_database_claim_job (DhDatabase *database, gint64 job, gint64 now, gboolean *claimed, GError **error);
gboolean dh_database_set_job_pid (DhDatabase *database, gint64 job, gint64 pid, GError **error);
/* `ended`: 0 for states that are no end. */
gboolean dh_database_set_job_state (DhDatabase *database, gint64 job, const char *state, const char *why, gint64 ended,
                                    GError **error);
/* Into the queue again, at its end or, `first`, at its head. */
gboolean dh_database_requeue_job (DhDatabase *database, gint64 job, gboolean first, GError **error);
/* step, steps, epochs, seconds, step_seconds, started, and the numbers of the best epoch. */
gboolean dh_database_set_job_progress (DhDatabase *database, const DhJobRow *row, GError **error);
gboolean dh_database_swap_jobs (DhDatabase *database, gint64 job, gint64 other, GError **error);
gboolean dh_database_delete_job (DhDatabase *database, gint64 job, GError **error);
/* By position; GPtrArray of DhJobRow. */
GPtrArray *dh_database_list_jobs (DhDatabase *database, GError **error);
/* A number that changes whenever another connection writes. */
gint64 dh_database_data_version (DhDatabase *database);
/* FLOP a second that trainings on a device of this name reached in a precision, the last one's; NAN where there was
 * none. */
double dh_database_training_speed (DhDatabase *database, const char *device, const char *precision, GError **error);

G_END_DECLS

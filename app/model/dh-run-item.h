#pragma once
#include "dh-training-job.h"

G_BEGIN_DECLS

/* One run as the list of all shows it: an evaluation of the database, by the studio or by the command line, or a
 * training. An evaluation's never changes; a training's does, and says so by the signal "changed". For the window's
 * thread. */
#define DH_TYPE_RUN_ITEM (dh_run_item_get_type ())
G_DECLARE_FINAL_TYPE (DhRunItem, dh_run_item, DH, RUN_ITEM, GObject)

typedef enum
{
  DH_RUN_ITEM_UNFINISHED, /* its program ended before it did; can be gone on with */
  DH_RUN_ITEM_DONE,
  DH_RUN_ITEM_CANCELLED,
  DH_RUN_ITEM_FAILED,
  DH_RUN_ITEM_RUNNING, /* here or in another program */
  /* of trainings alone */
  DH_RUN_ITEM_QUEUED,
  DH_RUN_ITEM_PAUSED,
  DH_RUN_ITEM_OUT_OF_MEMORY,
  DH_RUN_ITEM_LOST,
  DH_N_RUN_ITEM_STATES,
} DhRunItemState;

typedef struct
{
  gint64 id;
  gboolean training; /* else an evaluation */
  DhRunItemState state;
  char *kind; /* "eval-ood", "eval-osr", "train" */
  char *why, *model, *data, *device, *precision, *program, *command, *started, *folder;
  double seconds;
  double ap, fpr95, auroc;       /* or NaN, as the next */
  double closed_miou, open_miou; /* of a training its best epoch's, of eval-osr alone */
  double fraction, seconds_left; /* of what is under way; NaN: not known */
  /* of evaluations */
  char *weights, *split, *score, *protocol, *model_path, *root, *fingerprint; /* of the data */
  char *reading; /* how that was read: a text of dh-reading.h */
  gboolean
      imported;  /* the scores of another method: `model` is its name, and there are no weights, device, precision */
  char *made_of; /* of one that is made of other runs' maps, which is imported as well: of which and how */
  gboolean has_maps; /* its folder of score maps is there */
  guint images, failed, total;
  double best_f1, mean_f1;  /* the mean is of components, over the overlaps that count as a hit */
  double best_f1_threshold; /* a value of the map, as thresholds are set on it */
  /* of trainings */
  char *recipe, *sentence;
  guint epoch, epochs, best_epoch;
  guint64 step, steps;
} DhRun;
void dh_run_clear (DhRun *run);
/* Whether numbers of one less those of the other say anything: both are evaluations of the same pictures, wherever they
 * lie, by the same protocol, or both trainings. */
gboolean dh_run_can_subtract (const DhRun *a, const DhRun *b);
/* Whether it says which is better where single images, wherever they are, have a number of both: the same pixels of
 * them count, as the same. */
gboolean dh_run_measures_alike (const DhRun *a, const DhRun *b);
/* "fog:3": how it saw the images (dh-seen.h); NULL: as they are. Borrowed. */
const char *dh_run_get_seen (const DhRun *run);
/* Whether one saw the images otherwise (dh-seen.h) than the other. */
gboolean dh_run_differ_in_images (const DhRun *a, const DhRun *b);
/* Whether it measured every picture of its data set. */
gboolean dh_run_is_whole (const DhRun *run);
/* For a list of the best: those that measured the whole set before those of a part of it, of which numbers are of other
 * pictures; the highest AP first, undefined ones last, the older of equal ones first. As GCompareFunc of structs. */
int dh_run_compare_ap (const DhRun *a, const DhRun *b);
/* "checkpoint.pth · bf16": its model, with the precision where that is not float32; free with g_free. */
char *dh_run_dup_network (const DhRun *run);
/* The same, behind the score that it measured where that is not the hybrid one; free with g_free. */
char *dh_run_dup_model (const DhRun *run);
/* "StreetHazards · town": its data set by title and folder, as several folders may hold sets of one kind; NULL where it
 * is not known. Free with g_free. */
char *dh_run_dup_data (const DhRun *run);
/* "1:05", "2:00:00", "—" where it is not known; free with g_free. */
char *dh_run_dup_duration (double seconds);

/* Takes what `run` holds. */
DhRunItem *dh_run_item_new (DhRun *run);
/* Follows the job. */
DhRunItem *dh_run_item_new_for_job (DhTrainingJob *job);
/* A list of one item for each of `jobs`, a list of DhTrainingJob, in its order; follows it, and keeps it. */
GListModel *dh_run_item_new_list (GListModel *jobs);

/* Borrowed; of a training valid until "changed". */
const DhRun *dh_run_item_get (DhRunItem *item);
/* NULL: an evaluation. Borrowed. */
DhTrainingJob *dh_run_item_get_job (DhRunItem *item);
gboolean dh_run_item_is_same (DhRunItem *item, DhRunItem *other);

/* "done", "running, 5 of 10 · 0:40 left": translated; free with g_free. */
char *dh_run_item_dup_state (DhRunItem *item);
/* What it measured: "hybrid", and of maps from elsewhere "imported" or "combined", translated; NULL: nothing. Borrowed.
 */
const char *dh_run_get_score_name (const DhRun *run);
/* "evaluation", "imported", "combined", "open set", "training": translated. */
const char *dh_run_item_get_kind_name (DhRunItem *item);
/* Whether every word occurs in what the list shows of it, whatever its case. */
gboolean dh_run_item_matches (DhRunItem *item, const char *words);

G_END_DECLS

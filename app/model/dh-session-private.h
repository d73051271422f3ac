#pragma once
#include "dh-answers.h"
#include "dh-dataset.h"
#include "dh-kept-map.h"
#include "dh-reading.h"
#include "dh-picture-components.h"
#include "dh-run-details.h"
#include "dh-run-map.h"
#include "dh-session-check.h"
#include "dh-session-evaluation.h"
#include "dh-session.h"
#include "dh-settings.h"
#include "dh-thumbnails.h"
#include "dh-worker.h"

G_BEGIN_DECLS

/* How many pictures are computed ahead of the user, and how much memory their frames may take. */
#define DH_SESSION_AHEAD 2
#define DH_SESSION_FRAME_BUDGET ((gsize)640 << 20)
/* Of their statistics, which take more than small pictures themselves. */
#define DH_SESSION_STATS_BUDGET ((gsize)512 << 20)

typedef struct
{
  DhImageItem *item;
  DhFrame *frame;
  DhScoreStats *stats;
  gsize stats_bytes; /* as they were taken */
} DhSessionEntry;

typedef struct
{
  gint64 run; /* whose threshold it was; 0: the score's */
  DhScore score;
  DhThreshold before;
} DhThresholdStep;

/* What stands beside the picture's maps, of the whole set. */
typedef struct
{
  DhRunDetails *details;
  gboolean reading;
  char *error;
} DhRunSide;

typedef struct _DhSessionEvaluation DhSessionEvaluation;
typedef struct _DhSessionRecall DhSessionRecall;
typedef struct _DhSessionCheck DhSessionCheck;
typedef struct _DhSessionImport DhSessionImport;
typedef struct _DhSessionRecording DhSessionRecording; /* dh-session-recording.c */
typedef struct _DhSessionSlices DhSessionSlices;
typedef struct _DhSessionFalseAlarms DhSessionFalseAlarms;
typedef struct _DhSessionFinds DhSessionFinds;
typedef struct _DhSetWork DhSetWork;
typedef struct _DhLabelling DhLabelling;
typedef struct _DhSetMaps DhSetMaps;

struct _DhSession
{
  GObject parent_instance;
  DhSettings *settings;
  DhView *view;
  DhTrainingQueue *training;
  DhKnownSets *known_sets;
  DhComparison *comparison;
  DhPlayer *player;
  DhMapCache *cache;
  DhWorker *worker;
  DhThumbnails *thumbnails;
  DhImageList *list;
  guint64 cache_size;
  char *device_sentence;
  char *cuda_sentence;
  GPtrArray *devices;    /* DhDeviceChoice; NULL until they are known */
  char *device;          /* wanted */
  DhPrecision precision; /* wanted */
  GCancellable *closing;

  DhDataset *dataset;
  char *dataset_path; /* NULL for pictures and the demo */
  DhReading *reading; /* what was chosen of that folder; NULL before any set is open */
  DhReading *asked;   /* what it is being opened with; NULL: it is not, or something else is */
  char **pictures;
  gboolean demo;
  gboolean filters_settled; /* the first set after the start was shown */
  char *reread_at;          /* the picture that was shown when the set was asked to be read again; NULL but then */
  char *opening_path;       /* the folder of it; NULL where that is not known before */
  GCancellable *opening;
  char *waiting_view;  /* a saved view, to be shown once the weights are loaded that it came with; NULL */
  guint loading;       /* weights that are on their way */
  char *asked_weights; /* the last of them; NULL: the demo's */
  DhModelInfo *model;
  DhComputeInfo *compute;
  const DhClassTable *table;
  guint wanted;

  DhImageItem *current;
  DhFrame *frame;
  gboolean frame_is_current;
  DhScoreStats *stats;
  char *frame_error;
  gboolean frame_memory; /* which is that memory is too short for the picture in one piece */
  gboolean tiled;        /* such pictures are computed in tiles */
  GQueue entries;        /* DhSessionEntry, used last first */
  gsize entries_bytes, entries_stats_bytes;
  GHashTable *relabelled; /* DhImageItem that were labelled anew in this set → GBytes of W·H, NULL: not any more */

  DhScoreStats *set_stats;
  DhScore active;
  DhThreshold thresholds[DH_N_SCORES];
  DhThreshold committed[DH_N_SCORES]; /* as they were before a drag */
  DhThreshold defaults[DH_N_SCORES];
  GArray *undo, *redo; /* DhThresholdStep */

  DhPictureComponents *components; /* of components_frame */
  DhFrame *components_frame;
  DhImageItem *object_item; /* of the object that is to be chosen; NULL: none is */
  DhPictureObject object;
  guint search_source; /* dh-session-components.c */
  gboolean searching, search_again;
  DhSetWork *set_work; /* dh-session-set-objects.c */

  GThreadPool *mark_writer;  /* of one thread, so that the last word is written last; NULL before the first */
  GHashTable *read_marks;    /* path → DhMarkRow: what the database had of the pictures; NULL before the first */
  GHashTable *written_marks; /* path → DhMarkRow: what was written since the start; NULL before */
  GHashTable *unkept_marks;  /* path → change: what could not be written; of the writer's thread while it runs */
  gint marks_end;            /* atomic: the writer has to leave the rest there */
  DhImageItem *writing;      /* its note is being typed */
  guint writing_source;

  /* Over all pictures seen: 0 the axis, 1 the colours. */
  double low[2][DH_N_SCORES], high[2][DH_N_SCORES];
  guint n_ranged;
  gboolean ranged[DH_N_SCORES]; /* something was counted, and its range is no guess */

  DhSessionEvaluation *evaluation;
  DhSessionRecall *recall;       /* of an earlier run's numbers, under way; its task's */
  gint64 recalled_run;           /* the last one of what is open, however that ended; 0: none */
  guint64 recall_limit;          /* bytes; 0: the default */
  DhSessionImport *import;       /* under way; its task's */
  DhSessionRecording *recording; /* whose frames are being written; its task's */
  DhSessionCheck *check;         /* of the weights, under way */
  gboolean evaluate_next;        /* as soon as it has ended */
  DhWeightsCheck *weights_check; /* the last one's result, and the answers that it found */
  DhAnswers *answers;
  guint calibrating, calibrating_of; /* int8: the picture that is looked at; 0: none is */
  GListStore *runs;                  /* DhRunItem */
  gint64 compared[2];                /* runs whose maps stand beside the shown picture's; 0: none */
  DhRunMap *run_maps[2];
  DhRunMap *asked_run_maps[2]; /* being read: run, stem and size alone are to be looked at */
  GCancellable *reading_run_map[2];
  GQueue kept_run_maps; /* DhRunMap, the last first */
  DhRunSide run_sides[2];
  guint kept_sides;         /* bits: of the comparison that the program ended in, until the first set is there */
  DhKeptMap *kept;          /* NULL: nothing is */
  GThreadPool *kept_writer; /* of one thread, in order; NULL before the first */
  GQueue kept_run_details;  /* DhRunDetails, the last first */
  GHashTable *run_tunings;  /* of dh-run-threshold.c, by run */
  gboolean reading_runs, runs_unread; /* being read; their last reading failed, which was said */
  gboolean read_runs_again;           /* something was written since */
  gboolean report_slices;             /* parts of the set in the reports that are written */
  gboolean report_objects;            /* lists of objects in the reports that are written */
  gboolean report_false_alarms;       /* at all thresholds, in these */
  gboolean report_intervals;          /* of the numbers in these */
  DhEvaluationSummary *summary;
  DhLabelling *labelling; /* dh-session-labels.c; NULL: closed */
  DhSessionSlices *slices;
  DhSessionFalseAlarms *false_alarms;
  DhSessionFinds *finds; /* dh-session-finds.c */
};

enum
{
  DH_SESSION_PROP_DATASET_TITLE = 1,
  DH_SESSION_PROP_MODEL_INFO,
  DH_SESSION_PROP_CURRENT,
  DH_SESSION_PROP_FRAME,
  DH_SESSION_PROP_STATS,
  DH_SESSION_PROP_SET_STATS,
  DH_SESSION_PROP_ACTIVE_SCORE,
  DH_SESSION_PROP_OPENING,
  DH_SESSION_PROP_LOADING,
  DH_SESSION_PROP_EVALUATING,
  DH_SESSION_PROP_CACHE_SIZE,
  DH_SESSION_N_PROPS,
};

enum
{
  DH_SESSION_THRESHOLD,
  DH_SESSION_RANGES,
  DH_SESSION_PROGRESS,
  DH_SESSION_EVALUATION,
  DH_SESSION_STATES,
  DH_SESSION_COMPARED,
  DH_SESSION_IMPORT,
  DH_SESSION_CHECK,
  DH_SESSION_RUN_THRESHOLD,
  DH_SESSION_RUN_STATS,
  DH_SESSION_COMPONENTS,
  DH_SESSION_SLICES,
  DH_SESSION_FALSE_ALARMS,
  DH_SESSION_MARKS,
  DH_SESSION_FIND_MARKS,
  DH_SESSION_SET_OBJECTS,
  DH_SESSION_MESSAGE,
  DH_SESSION_WRITTEN,
  DH_SESSION_ERROR,
  DH_SESSION_REFUSED,
  DH_SESSION_SCORES,
  DH_SESSION_RECORDING,
  DH_SESSION_FRAMES,
  DH_SESSION_LABELS,
  DH_SESSION_LABELS_ENDING,
  DH_SESSION_LABELS_SAVED,
  DH_SESSION_N_SIGNALS,
};

G_GNUC_INTERNAL void dh_session_notify (DhSession *session, guint prop);
G_GNUC_INTERNAL void dh_session_emit (DhSession *session, guint signal);
/* Of a signal with a text. */
G_GNUC_INTERNAL void dh_session_tell (DhSession *session, guint signal, const char *text);
G_GNUC_INTERNAL void dh_session_say (DhSession *session, const char *text);
/* The same of a file or a folder that was written. */
G_GNUC_INTERNAL void dh_session_say_written (DhSession *session, const char *text, const char *path);
G_GNUC_INTERNAL void dh_session_complain (DhSession *session, const char *title, const char *text);

/* Of the open set, canonical; free with g_free. NULL where none is open. */
G_GNUC_INTERNAL char *dh_session_dup_root (DhSession *session);

/* What was chosen at an earlier start. */
G_GNUC_INTERNAL void dh_session_restore_compute (DhSession *session);

/* One line for DH_DEBUG=studio. */
G_GNUC_INTERNAL void dh_session_trace (DhSession *session, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Frames: dh-session-frames.c. Of the set and the model that are open now. */
G_GNUC_INTERNAL void dh_session_connect_worker (DhSession *session);
G_GNUC_INTERNAL void dh_session_forget_frames (DhSession *session);
/* Of the shown picture there is the picture alone, until other maps come. */
G_GNUC_INTERNAL void dh_session_forget_shown_maps (DhSession *session);
G_GNUC_INTERNAL void dh_session_request_current (DhSession *session);
/* The same picture with other maps of compared runs. */
G_GNUC_INTERNAL void dh_session_renew_frame (DhSession *session);
G_GNUC_INTERNAL void dh_session_take_set_stats (DhSession *session, DhScoreStats *stats);
G_GNUC_INTERNAL void dh_session_look_at_cache (DhSession *session);

/* Maps of compared runs: dh-run-map.c. Those of `frame`, the current picture's (may be NULL), are taken from memory or
 * asked for; a frame with them, a new reference. */
G_GNUC_INTERNAL void dh_session_find_run_maps (DhSession *session, const DhFrame *frame);
G_GNUC_INTERNAL DhFrame *dh_session_compose_frame (DhSession *session, DhFrame *frame);
G_GNUC_INTERNAL void dh_session_drop_run_maps (DhSession *session);
G_GNUC_INTERNAL void dh_run_map_unref (gpointer map);
/* dh-run-stats.c: counts the side's map with the picture's labels on another thread, where that is not done or under
 * way. */
G_GNUC_INTERNAL void dh_session_count_run_map (DhSession *session, guint side, const DhFrame *frame);

/* dh-kept-map.c: the side's map where the kept one stands there. */
G_GNUC_INTERNAL void dh_session_find_kept_map (DhSession *session, guint side, const DhFrame *frame);

/* The same without letting go of it: it is read again with its set. */
G_GNUC_INTERNAL void dh_session_drop_kept (DhSession *session);
/* Takes it, while nothing is kept; NULL: there is nothing of the set that was opened. With the first set after the
 * program's start it stands in the comparison again that it stood in at its end. */
G_GNUC_INTERNAL void dh_session_take_kept (DhSession *session, DhKeptMap *kept);
/* A view that an earlier start left with it in a comparison waits for it, and shows none before. */
G_GNUC_INTERNAL void dh_session_init_kept (DhSession *session);
G_GNUC_INTERNAL void dh_kept_map_free (gpointer kept);
/* dh-kept-file.c: written and read on other threads; closing waits for what is to be written. */
G_GNUC_INTERNAL void dh_session_write_kept (DhSession *session);
G_GNUC_INTERNAL void dh_session_remove_kept (DhSession *session);
G_GNUC_INTERNAL void dh_session_read_kept (DhSession *session);
G_GNUC_INTERNAL void dh_session_close_kept (DhSession *session);

/* Compared runs: dh-run-threshold.c. */
G_GNUC_INTERNAL void dh_session_init_run_sides (DhSession *session);
G_GNUC_INTERNAL void dh_session_clear_run_sides (DhSession *session);
/* Another run stands there. */
G_GNUC_INTERNAL void dh_session_find_run_details (DhSession *session, guint side);
G_GNUC_INTERNAL void dh_session_restore_run_threshold (DhSession *session, gint64 run, const DhThreshold *record);
/* Of a run that one was set of; borrowed. */
G_GNUC_INTERNAL const DhThreshold *dh_session_peek_run_threshold (DhSession *session, gint64 run);

/* Thresholds and ranges. */
G_GNUC_INTERNAL void dh_session_init_thresholds (DhSession *session);
G_GNUC_INTERNAL void dh_session_clear_thresholds (DhSession *session);
G_GNUC_INTERNAL void dh_session_load_thresholds (DhSession *session);
G_GNUC_INTERNAL void dh_session_forget_starts (DhSession *session);
/* Without any record: the line starts where it flags the most suspicious twentieth of what was counted first. */
G_GNUC_INTERNAL void dh_session_start_threshold (DhSession *session, DhScore score, const DhScoreStats *stats,
                                                 const char *source);
G_GNUC_INTERNAL void dh_session_forget_ranges (DhSession *session);
/* `source` names what was counted: a picture or the set. */
G_GNUC_INTERNAL void dh_session_add_ranges (DhSession *session, const DhScoreStats *stats, const char *source,
                                            gboolean whole_set);
/* Before the first picture is counted, which takes a moment, its maps are not to be seen in anybody's range. */
G_GNUC_INTERNAL void dh_session_guess_ranges (DhSession *session, DhFrame *frame);
/* `step` is copied, where `now` is another record than its own. */
G_GNUC_INTERNAL void dh_session_push_undo (DhSession *session, const DhThresholdStep *step, const DhThreshold *now);
/* To what an axis shows in any case, and outwards to round numbers. */
G_GNUC_INTERNAL void dh_session_widen_axis (DhScore score, double *low, double *high);
/* What thresholds' sources are compared by: of the folder of a set, borrowed from it or a constant; of the open set,
 * with its splits (may be NULL), to be freed with g_free, NULL where none is open. */
G_GNUC_INTERNAL const char *dh_session_id_of_root (const char *root);
G_GNUC_INTERNAL char *dh_session_dup_set_id (DhSession *session, char **splits);

/* Components: dh-session-components.c. Picture, active score or its threshold changed. */
G_GNUC_INTERNAL void dh_session_find_components (DhSession *session);
G_GNUC_INTERNAL void dh_session_drop_components (DhSession *session);

/* Slices: dh-session-slices.c. Tags, score or evaluation changed; what is known of an evaluation is dropped with it. */
G_GNUC_INTERNAL void dh_session_init_slices (DhSession *session);
G_GNUC_INTERNAL void dh_session_renew_slices (DhSession *session);
G_GNUC_INTERNAL void dh_session_drop_slices (DhSession *session);
G_GNUC_INTERNAL void dh_session_close_slices (DhSession *session);
/* False alarms: dh-session-false-alarms.c. What is known of an evaluation is dropped with it. */
G_GNUC_INTERNAL void dh_session_init_false_alarms (DhSession *session);
G_GNUC_INTERNAL void dh_session_drop_false_alarms (DhSession *session);
G_GNUC_INTERNAL void dh_session_close_false_alarms (DhSession *session);
/* Objects of the set: dh-session-set-objects.c, which listens to the session itself. Closing waits for its threads, a
 * picture's time at most. */
G_GNUC_INTERNAL void dh_session_init_set_objects (DhSession *session);
G_GNUC_INTERNAL void dh_session_close_set_objects (DhSession *session);
/* What the evaluation left whose set-stats are taken next. */
G_GNUC_INTERNAL void dh_session_take_set_maps (DhSession *session, DhSetMaps *maps);
/* Of a set without labels there are no set-stats: its objects are looked for once this is called. */
G_GNUC_INTERNAL void dh_session_find_set_objects (DhSession *session);
/* Borrowed; NULL where there is none. */
G_GNUC_INTERNAL DhSetMaps *dh_session_get_set_maps (DhSession *session);

/* What is said of finds: dh-session-finds.c. Closing waits until it is kept. */
G_GNUC_INTERNAL void dh_session_init_finds (DhSession *session);
G_GNUC_INTERNAL void dh_session_close_finds (DhSession *session);

/* Tags and notes: dh-session-marks.c. */
typedef struct _DhMarks DhMarks;
/* Of all pictures; not for the window's thread. An empty one where nothing was ever written. */
G_GNUC_INTERNAL DhMarks *dh_marks_read (GError **error);
G_GNUC_INTERNAL void dh_marks_free (DhMarks *marks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhMarks, dh_marks_free)
/* What is known of the picture goes into its item; what this session wrote is newer than what was read. `marks` may be
 * NULL. */
G_GNUC_INTERNAL void dh_session_apply_marks (DhSession *session, DhMarks *marks, const char *path, DhImageItem *item);
/* The note that is being typed: before another set is shown, and at the end, after which all is in the database. */
G_GNUC_INTERNAL void dh_session_keep_note (DhSession *session);
G_GNUC_INTERNAL void dh_session_close_marks (DhSession *session);

/* Labels that are drawn: dh-session-labels.c. Another picture is about to be shown; it is shown. */
G_GNUC_INTERNAL void dh_session_init_labels (DhSession *session);
G_GNUC_INTERNAL void dh_session_leave_labels (DhSession *session);
G_GNUC_INTERNAL void dh_session_enter_labels (DhSession *session);
/* The set is about to be, or is no longer, exchanged for itself. */
G_GNUC_INTERNAL void dh_session_set_rereads_labels (DhSession *session, gboolean rereads);
/* Where that was put off until all labels are written and read. */
G_GNUC_INTERNAL void dh_session_evaluate_written (DhSession *session);
G_GNUC_INTERNAL void dh_session_forget_put_off (DhSession *session);
/* An evaluation wants the labels: the mode ends; where that has to be written first, TRUE: dh_session_evaluate() is
 * called when it is. */
G_GNUC_INTERNAL gboolean dh_session_put_off_for_labels (DhSession *session);
/* The same where that is waited for. */
G_GNUC_INTERNAL void dh_session_settle_labels (DhSession *session);
/* Waits until all is written. */
G_GNUC_INTERNAL void dh_session_close_labels (DhSession *session);
/* dh-session-frames.c: the picture's frame with other labels (NULL: none), counted anew. */
G_GNUC_INTERNAL DhSessionEntry *dh_session_find_entry (DhSession *session, DhImageItem *item);
G_GNUC_INTERNAL void dh_session_use_entry (DhSession *session, DhSessionEntry *entry);
G_GNUC_INTERNAL void dh_session_keep_frame (DhSession *session, DhImageItem *item, DhFrame *frame);
G_GNUC_INTERNAL void dh_session_drop_oldest_frames (DhSession *session);
/* Of a picture that was labelled anew, what was under way comes with the labels before: its frame with those that it
 * has now, and counts made anew, where TRUE; frames of others are given as they are. */
G_GNUC_INTERNAL DhFrame *dh_session_dup_relabelled (DhSession *session, DhImageItem *item, DhFrame *frame);
G_GNUC_INTERNAL gboolean dh_session_recount_relabelled (DhSession *session, DhImageItem *item);
G_GNUC_INTERNAL void dh_session_init_frames (DhSession *session);
G_GNUC_INTERNAL void dh_session_replace_truth (DhSession *session, DhImageItem *item, GBytes *truth);
/* dh-session-files.c: dh_session_reread(), as what it looks like, or as this kind. */
G_GNUC_INTERNAL void dh_session_reread_as (DhSession *session, const char *kind);

/* Opening. `path` NULL: the demo; `image` (may be NULL): the stem to be shown first; `reading` (copied): how it is to
 * be read, NULL: as is remembered of the folder, which gives way to what is recognised where it fits no more. */
G_GNUC_INTERNAL void dh_session_open_dataset_at (DhSession *session, const char *path, const char *image,
                                                 const DhReading *reading);
/* What is open stays. */
G_GNUC_INTERNAL void dh_session_stop_opening (DhSession *session);
/* Not for the window's thread. Where a folder has changed and what was `remembered` of it fits no more, it is read as
 * it looks, or measured everywhere where it is the region alone: *reading then says so, and *forgotten why. */
G_GNUC_INTERNAL DhDataset *dh_set_reading_open (DhReading **reading, gboolean remembered, const char *path,
                                                char **forgotten, GCancellable *cancellable, GError **error);
/* Whether the open set's kind, ids and labels are read as a run's were: a text of dh-reading.h. */
G_GNUC_INTERNAL gboolean dh_session_reads_as (DhSession *session, const char *reading);
G_GNUC_INTERNAL void dh_session_look_for_devices (DhSession *session);

/* Evaluation. */
G_GNUC_INTERNAL char *dh_session_evaluation_folder (DhSession *session);
G_GNUC_INTERNAL void dh_session_drop_evaluation (DhSession *session);
/* The run is about to go: nothing of it is shown any more, nor read again. */
G_GNUC_INTERNAL void dh_session_close_evaluation (DhSession *session, gint64 run);
/* What dh_session_evaluate() measures first with such weights. */
G_GNUC_INTERNAL DhMap dh_session_measured_map (gboolean has_outlier_head);
/* dh-session-recall.c. The numbers of dh_session_find_evaluated(), where nothing is evaluated and its maps are few, are
 * read again by themselves: to be called when data, weights or the list of runs are new. */
G_GNUC_INTERNAL void dh_session_recall_known (DhSession *session);
G_GNUC_INTERNAL void dh_session_drop_recall (DhSession *session);
/* The run whose numbers are being read, 0: none; *done then says of how many pictures. */
G_GNUC_INTERNAL gint64 dh_session_get_recalled (DhSession *session, guint *done);

/* Known answers: dh-session-check.c. Once weights are loaded. */
G_GNUC_INTERNAL void dh_session_check_loaded_weights (DhSession *session);
/* An evaluation wants the network: a check that waits is dropped; for one under way, TRUE: dh_session_evaluate() is
 * called when it has ended, which it is asked to. */
G_GNUC_INTERNAL gboolean dh_session_put_off_check (DhSession *session);
/* Other weights, or the end. */
G_GNUC_INTERNAL void dh_session_drop_check (DhSession *session);

G_END_DECLS

#pragma once
#include <gio/gio.h>
#include "dh-frame.h"
#include "dh-image-list.h"
#include "dh-known-sets.h"
#include "dh-model-info.h"
#include "dh-score-stats.h"
#include "dh-settings.h"
#include "dh-threshold.h"
#include "dh-training-queue.h"
#include "dh-view.h"

G_BEGIN_DECLS

/* What the window shows: the open set, the weights, the current picture with its maps, thresholds, numbers. Everything
 * slow happens on other threads; all functions and signals are for the window's, and none blocks.
 *
 * Notified properties: "dataset-title" (NULL: none open), "model-info", "current" (DhImageItem), "frame" (DhFrame of
 * the current picture; NULL while it is read), "stats" (of the current picture), "set-stats" (of the evaluated set),
 * "active-score", "opening" (a data set is being read), "loading" (weights are being read), "evaluating".
 *
 * Signals
 *   "threshold"  (uint DhScore)           its value or its record changed
 *   "ranges"     ()                       axes or colour ranges changed
 *   "progress"   (double fraction, double seconds, char *layer)  of the current picture's run
 *   "evaluation" ()                       one more picture was measured, or the evaluation began or ended;
 *                                         or int8 is calibrated, picture by picture
 *   "states"     ()                       pictures became queued, computed, failed
 *   "import"     ()                       scores of another method begin to be measured, or that is over
 *   "compared"   ()                       another run stands beside the picture, or its map was read
 *   "run-threshold", "run-stats" (uint side)  of such a run: dh-run-threshold.h
 *   "components" ()                       the picture's objects at the threshold: dh-session-components.h
 *   "check"      ()                       the weights are checked: dh-session-check.h
 *   "slices"     ()                       parts of the evaluated set: dh-session-slices.h
 *   "set-objects" ()                      the set's objects at the threshold: dh-session-set-objects.h
 *   "find-marks" ()                       what was said of finds was read: dh-session-finds.h
 *   "message"    (char *text)             a sentence to be said once
 *   "labels"     ()                       labels are drawn: dh-session-labels.h
 *   "labels-saved" (char *text)           a mask was written by itself, which can be taken back
 *   "written"    (char *text, char *path) the same of a file or folder that was written and can be looked at
 *   "error"      (char *title, char *text) something the user asked for could not be done, and why
 *   "refused"    (char *why)              after that, of a set that could not be opened or read as was chosen
 *   "scores"     (char *folder)           score maps are among what was to be opened: they are to be imported */
#define DH_TYPE_SESSION (dh_session_get_type ())
G_DECLARE_FINAL_TYPE (DhSession, dh_session, DH, SESSION, GObject)

DhSession *dh_session_new (void);
/* Stops all work and writes what is to be remembered. */
void dh_session_close (DhSession *session);

const char *dh_session_get_program_version (void);

/* Borrowed; they live as long as the session is not closed. */
DhSettings *dh_session_get_settings (DhSession *session);
DhView *dh_session_get_view (DhSession *session);
DhTrainingQueue *dh_session_get_training (DhSession *session);
typedef struct _DhComparison DhComparison; /* dh-comparison.h */
DhComparison *dh_session_get_comparison (DhSession *session);
typedef struct _DhPlayer DhPlayer; /* dh-player.h */
DhPlayer *dh_session_get_player (DhSession *session);
DhKnownSets *dh_session_get_known_sets (DhSession *session);

/* Opening. What is open stays until the new is read; an error leaves it as it was. */
void dh_session_open_dataset (DhSession *session, const char *path);
void dh_session_open_pictures (DhSession *session, const char *const *paths);
void dh_session_open_weights (DhSession *session, const char *path);
void dh_session_open_demo (DhSession *session);
void dh_session_open_demo_weights (DhSession *session);
/* Whatever it is: pictures, one folder, a weights file, or several of them, as they are dropped onto the window. */
void dh_session_open_any (DhSession *session, const char *const *paths);
/* What was open last time; FALSE where there is nothing to be opened again. */
gboolean dh_session_restore (DhSession *session);
gboolean dh_session_is_opening (DhSession *session);
gboolean dh_session_is_loading (DhSession *session);

/* The data set. Titles and sentences are borrowed; NULL where none is open. */
const char *dh_session_get_dataset_title (DhSession *session);
const char *dh_session_get_dataset_evidence (DhSession *session); /* by what its layout was known */
/* "train 400, val 25" where the data set has several splits, all of which are measured; else NULL; free with g_free. */
char *dh_session_dup_splits (DhSession *session);
const char *dh_session_get_dataset_path (DhSession *session);
gboolean dh_session_has_dataset (DhSession *session);
gboolean dh_session_is_demo (DhSession *session);
gboolean dh_session_has_anomaly_labels (DhSession *session);
gboolean dh_session_has_class_labels (DhSession *session);
/* Whether those are of the classes that the network tells apart. */
gboolean dh_session_measures_classes (DhSession *session);
/* What was assumed or could not be read: sentences, NULL-terminated. */
const char *const *dh_session_get_notes (DhSession *session);
DhImageList *dh_session_get_list (DhSession *session);

/* Weights and device; borrowed, NULL before. */
DhModelInfo *dh_session_get_model_info (DhSession *session);
DhComputeInfo *dh_session_get_compute_info (DhSession *session);
/* "Computing on …", before any weights are loaded; borrowed; NULL until it is known. */
const char *dh_session_get_device_sentence (DhSession *session);
/* Why no GPU computes; borrowed; NULL where one does, and until it is known. */
const char *dh_session_get_cuda_sentence (DhSession *session);
/* On what networks compute: a device's name, or "auto", the first that there is; kept for the next start. Loaded
 * weights are loaded again. Where what was chosen cannot be used, "auto" does, and "message" tells why. */
const char *dh_session_get_device (DhSession *session);
void dh_session_set_device (DhSession *session, const char *name);
#define DH_MOST_PRECISIONS 8
typedef struct
{
  char *name;      /* "cpu", "cuda:0" */
  char *title;     /* "AMD EPYC 7B13" */
  gboolean checks; /* slow: the others are checked against it */
  /* Bits 1 << DhPrecision that it computes and trains in, and how many times as fast as in float32 it does at the
   * most; 0: it was not measured. */
  guint precisions, training;
  float faster[DH_MOST_PRECISIONS], trains_faster[DH_MOST_PRECISIONS];
} DhDeviceChoice;
/* Of those that can be used; borrowed; NULL behind the last, and until they are known ("notify::model-info"). */
const DhDeviceChoice *dh_session_get_device_choice (DhSession *session, guint position);
/* By its name; "auto" is the first, "cuda" the first card. */
const DhDeviceChoice *dh_session_find_device_choice (DhSession *session, const char *name);
/* In what precision networks compute: "f32", "bf16", …; kept for the next start. Loaded weights are loaded again. */
const char *dh_session_get_precision (DhSession *session);
void dh_session_set_precision (DhSession *session, const char *name);
/* Those that the device of the loaded weights has, or the one that will compute; NULL-terminated names in a static
 * order; only f32 until it is known. Free with g_free. */
const char **dh_session_list_precisions (DhSession *session);
/* What one of them gains and loses there, for a menu: "bfloat16: up to 1.4 times as fast, …". Free with g_free. */
char *dh_session_dup_precision_title (DhSession *session, const char *name);
/* What bfloat16 would gain in a training on a device, or gains where `precision` is it; NULL: nothing is known. Free
 * with g_free. */
char *dh_session_dup_training_gain (DhSession *session, const char *device, const char *precision);
/* Whether the network gives this map. */
gboolean dh_session_has_map (DhSession *session, DhFrameMap map);
/* A map beyond the usual ones that a pane shows: it is computed from now on. */
void dh_session_want_map (DhSession *session, DhFrameMap map);

/* Classes. Palettes: 0 usual, 1 the data set's authors', 2 colour-blind safe. */
#define DH_N_PALETTES 3
const char *dh_session_get_class_name (DhSession *session, guint id); /* NULL: no name */
void dh_session_get_class_color (DhSession *session, guint palette, guint id, guint8 rgb[3]);
const char *dh_session_get_class_table_title (DhSession *session); /* "Cityscapes"; NULL */

/* The current picture. */
DhImageItem *dh_session_get_current (DhSession *session);
void dh_session_set_current (DhSession *session, DhImageItem *item);
/* FALSE at the ends of the list. */
gboolean dh_session_step (DhSession *session, gint step);
DhFrame *dh_session_get_frame (DhSession *session);
DhScoreStats *dh_session_get_stats (DhSession *session);
DhScoreStats *dh_session_get_set_stats (DhSession *session);
/* Why the current picture has no maps; NULL where it has or will. */
const char *dh_session_get_frame_error (DhSession *session);
/* Whether all that is to be shown of the current picture is there, or never will be: its maps, or why there are none;
 * without weights the picture. notify::frame tells of a change. */
gboolean dh_session_is_shown (DhSession *session);
/* Computes the current picture again after a failure. */
void dh_session_retry (DhSession *session);
/* Whether it failed because memory is too short for it in one piece, and was not tried in tiles yet; from
 * compute_in_tiles() on, all such pictures of this session are computed in tiles, this one first (DhFrame.tile says
 * so). */
gboolean dh_session_can_tile (DhSession *session);
void dh_session_compute_in_tiles (DhSession *session);
/* For a row that shows the item, and when it shows it no more: as often. */
void dh_session_show_thumbnail (DhSession *session, DhImageItem *item);
void dh_session_leave_thumbnail (DhSession *session, DhImageItem *item);
/* Runs of the network begun so far. */
guint64 dh_session_get_n_runs (DhSession *session);
/* Of the cache on disk, as last told by a thread that looked. */
guint64 dh_session_get_cache_size (DhSession *session);
guint64 dh_session_get_cache_limit (DhSession *session);
void dh_session_clear_cache (DhSession *session);

/* Thresholds. */
DhScore dh_session_get_active_score (DhSession *session);
/* Not one that the weights do not have. */
void dh_session_set_active_score (DhSession *session, DhScore score);
const DhThreshold *dh_session_get_threshold (DhSession *session, DhScore score);
/* By hand. */
void dh_session_set_threshold (DhSession *session, DhScore score, double value);
/* Ends a drag: what undo goes back to is the record before it. */
void dh_session_commit_threshold (DhSession *session, DhScore score);
/* By a rule, on the evaluated set where there is one, else on the current picture. FALSE where it is undefined there.
 */
gboolean dh_session_choose_threshold (DhSession *session, DhScore score, DhRule rule);
gboolean dh_session_can_choose (DhSession *session, DhScore score);
/* One that was chosen elsewhere: dh-calibration.h. Copied. */
void dh_session_take_threshold (DhSession *session, DhScore score, const DhThreshold *record);
/* One history for the scores' and the runs' thresholds. What was undone can be redone until a threshold is set anew.
 * FALSE where there is nothing. */
gboolean dh_session_undo_threshold (DhSession *session);
gboolean dh_session_redo_threshold (DhSession *session);
gboolean dh_session_can_undo_threshold (DhSession *session);
gboolean dh_session_can_redo_threshold (DhSession *session);
void dh_session_reset_threshold (DhSession *session, DhScore score);
/* Whether it was chosen on the very set (or picture) it is used on. */
gboolean dh_session_threshold_is_own (DhSession *session, DhScore score);
/* Whether its pictures were seen otherwise (dh-seen.h) then than they are now. */
gboolean dh_session_threshold_is_seen_otherwise (DhSession *session, DhScore score);

/* Ranges: fixed over all pictures seen of the set; of the whole set once it is evaluated. */
void dh_session_get_axis (DhSession *session, DhScore score, double *low, double *high);
void dh_session_get_range (DhSession *session, DhFrameMap map, gboolean this_image, double *low, double *high);
guint dh_session_get_n_ranged (DhSession *session); /* pictures the ranges come from */

G_END_DECLS

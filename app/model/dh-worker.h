#pragma once
#include <gio/gio.h>
#include "dh-dataset.h"
#include "dh-frame.h"
#include "dh-image-item.h"
#include "dh-map-maker.h"
#include "dh-map-cache.h"
#include "dh-model-info.h"
#include "dh-predictor.h"
#include "dh-score-stats.h"

G_BEGIN_DECLS

/* Pictures to frames. One thread owns the predictor and makes all its calls; two more read pictures, labels and the
 * cache of maps, and count. What is asked for first comes first: the shown picture before those ahead of the user
 * before background work; a shown picture that needs the network stops a less urgent run that has only begun.
 *
 * All functions and signals are for the window's thread, and none blocks.
 *
 * Signals
 *   "frame" (DhImageItem item, DhFrame frame, gboolean last)   picture and labels first; with maps when they are there
 *   "stats" (DhImageItem item, gpointer DhScoreStats)          sealed; follows the last frame
 *   "progress" (DhImageItem item, double fraction, double seconds, char *layer)  while the network runs
 *   "failed" (DhImageItem item, char *message, gboolean memory)  the picture cannot be read, or its maps not be made;
 *                                             `memory`: there is too little of it for the picture in one piece */
#define DH_TYPE_WORKER (dh_worker_get_type ())
G_DECLARE_FINAL_TYPE (DhWorker, dh_worker, DH, WORKER, GObject)

typedef enum
{
  DH_PRIORITY_SHOWN,
  DH_PRIORITY_AHEAD,
} DhPriority;

DhWorker *dh_worker_new (DhMapCache *cache);
/* Stops all threads and waits for them: for at most one step of the network. Nothing is delivered afterwards. */
void dh_worker_stop (DhWorker *worker);

/* Loads weights and opens the device on the inference thread; requests under way are dropped. On an error the former
 * model stays. `bytes` (with a name for messages) or `path`. */
void dh_worker_load_model_async (DhWorker *worker, const char *path, GBytes *bytes, const char *name,
                                 GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
DhModelInfo *dh_worker_load_model_finish (DhWorker *worker, GAsyncResult *result, GError **error);
/* Device and precision for the models loaded from now on; "auto" and f32 by default. Where the device cannot be
 * opened that is "auto" too (DhComputeInfo.instead_why), and f32 where it lacks the precision. int8 is calibrated on
 * the data set of the first picture that is computed, where nothing is kept of these weights. The signal "calibrating"
 * (uint picture, uint of) tells of each picture that it looks at, and with 0 that it has ended, however; "calibrated"
 * (char *note) that it is there, with NULL where there was nothing to be done. */
void dh_worker_set_device (DhWorker *worker, const char *device, DhPrecision precision);
/* Of the model that is loaded; NULL before. Borrowed. The signal "calibrated" says that the compute info has changed.
 */
DhModelInfo *dh_worker_get_model_info (DhWorker *worker);
DhComputeInfo *dh_worker_get_compute_info (DhWorker *worker);

/* All requests are dropped; items of later requests are of this data set. NULL: none. */
void dh_worker_set_dataset (DhWorker *worker, DhDataset *dataset);
/* Bits 1 << DhFrameMap that a frame must have; what the model cannot give is left out. */
void dh_worker_set_wanted (DhWorker *worker, guint maps);

/* Whether pictures that are too large for the memory are computed in overlapping tiles, as large as fit, from now on
 * (dh-tiles.h: other maps than of the whole, and kept apart). Off at first. */
void dh_worker_set_tiled (DhWorker *worker, gboolean tiled);

/* Asks for a frame. An item that is under way only becomes more urgent. */
void dh_worker_request (DhWorker *worker, DhImageItem *item, DhPriority priority);
/* Everything that waits is dropped but for `keep` (NULL-terminated); a run of another stops. */
void dh_worker_keep_only (DhWorker *worker, DhImageItem *const *keep);

/* Runs of the network begun so far; 0 while a slider moves. */
guint64 dh_worker_get_n_runs (DhWorker *worker);

/* Long work on the inference thread, behind all requests: an evaluation. `work` is called once there; it takes its maps
 * from dh_worker_map_maker(), which serves requests in between. `done` is called on the window's thread afterwards, in
 * any case, and frees `data`. One at a time: FALSE (and `done` is not called) where one is under way. */
typedef void (*DhBackgroundWork) (DhWorker *worker, DhPredictor *predictor, gpointer data);
gboolean dh_worker_run_background (DhWorker *worker, DhBackgroundWork work, gpointer data, GDestroyNotify done);
/* Work with that data which waits for its turn is not done; other may be asked for at once. FALSE where it has begun or
 * is over. */
gboolean dh_worker_withdraw_background (DhWorker *worker, gconstpointer data);

/* For such work alone, on the inference thread: int8 gets the calibration that it may lack yet, on this data set; of
 * other precisions there is nothing to do. Errors as dh_calibrate_prepare(). */
gboolean dh_worker_calibrate (DhWorker *worker, DhDataset *dataset, GCancellable *cancellable, GError **error);

/* For such work alone, on the inference thread: an evaluation's maps come from the cache or from the network, and are
 * then kept there; between two pictures all that is asked for is computed. Where runs overlap, what is under way is
 * waited for before that, which takes moments; where they do not, a run stops for a shown picture and starts again by
 * itself. Other maps than those of a frame are computed every time. */
DhMapMaker dh_worker_map_maker (DhWorker *worker);

G_END_DECLS

#pragma once
#include "dh-worker.h"

G_BEGIN_DECLS

/* One request on its way through the threads. What is not marked is set once, before it is shared. */
typedef struct
{
  gatomicrefcount refs;
  GWeakRef worker;
  DhImageItem *item;
  DhDataset *dataset;
  guint index;
  guint wanted;
  gint priority;             /* atomic */
  guint64 sequence;          /* of equal priority the older first */
  GCancellable *cancellable; /* it was dropped */
  DhFrame *frame;            /* the thread that works on it */
  DhImage *image;            /* the same */
  char *picture_hash;        /* the same */
} DhJob;

G_GNUC_INTERNAL DhJob *dh_job_ref (DhJob *job);
G_GNUC_INTERNAL void dh_job_unref (DhJob *job);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhJob, dh_job_unref)

/* Picture, labels and picture hash into the job. Any thread. */
G_GNUC_INTERNAL gboolean dh_job_load (DhJob *job, GError **error);
/* Frame and maps as one; takes nothing. */
G_GNUC_INTERNAL DhFrame *dh_job_frame_with_maps (DhJob *job, const DhPrediction *prediction);
/* Which of the wanted maps a model can give, as the predictor's bits. */
G_GNUC_INTERNAL guint dh_job_maps_for (guint wanted, gboolean has_outlier_head);

struct _DhWorker
{
  GObject parent_instance;
  DhMapCache *cache;
  GThread *thread;       /* the only one to touch the predictor */
  GThreadPool *readers;  /* DhJob: picture, labels, cache */
  GThreadPool *counters; /* Finished: statistics, storing */
  GHashTable *jobs;      /* DhImageItem → DhJob under way; the window's thread */
  DhDataset *dataset;
  guint wanted;
  DhModelInfo *model_info;
  DhComputeInfo *compute_info;
  gboolean stopped;

  GMutex mutex; /* guards all below */
  GCond cond;
  gboolean quit;
  GQueue commands;  /* DhWorkerCommand */
  GPtrArray *queue; /* DhJob waiting for the network */
  DhJob *running;
  double running_fraction;
  GCancellable *run_cancellable; /* of the network's run */
  gboolean calibrating;          /* for every picture: what is shown next does not stop it */
  DhBackgroundWork background;
  gpointer background_data;
  GDestroyNotify background_done;
  gboolean background_begun;
  gboolean in_background; /* and nothing more urgent is served in between */
  char *device;           /* asked for, as the precision is; they are the next model's */
  DhPrecision precision;
  DhModelInfo *model; /* that is loaded, and what computes it; NULL: none */
  DhComputeInfo *compute;
  gboolean has_outlier_head;
  gboolean tiled; /* pictures too large for the memory are computed in tiles */
  guint64 sequence;
  guint64 n_runs;

  /* the inference thread */
  DhPredictor *predictor;
  GQueue made; /* Made: an evaluation's pictures, those begun first before the others */
};

/* What a picture's maps are kept under, those of tiles apart; NULL while no model is loaded. With the mutex held. */
G_GNUC_INTERNAL char *dh_worker_dup_key (DhWorker *worker, const char *picture, guint width, guint height,
                                         gboolean tiled);

/* Loading weights, on its way to the inference thread. */
typedef struct
{
  GTask *task;
  char *path, *name, *device;
  GBytes *bytes;
  DhPrecision precision;
} DhWorkerCommand;

typedef struct
{
  DhModelInfo *model;
  DhComputeInfo *compute;
} DhWorkerLoaded;

/* dh-worker-messages.c: what threads tell the window. */
G_GNUC_INTERNAL void dh_worker_to_window (GSourceFunc function, gpointer data, GDestroyNotify destroy, gint priority);
G_GNUC_INTERNAL void dh_worker_post_frame (DhJob *job, DhFrame *frame, gboolean last);
G_GNUC_INTERNAL void dh_worker_post_stats (DhJob *job, DhScoreStats *stats);
G_GNUC_INTERNAL void dh_worker_post_stored (DhJob *job);
G_GNUC_INTERNAL void dh_worker_post_progress (DhJob *job, double fraction, double seconds, const char *layer);
/* `memory`: it is too short for the picture in one piece. */
G_GNUC_INTERNAL void dh_worker_post_failure (DhJob *job, const GError *error, gboolean memory);

/* dh-worker-readers.c: pictures, labels, cache and counts, on threads of their own. */
G_GNUC_INTERNAL void dh_worker_read_job (gpointer data, gpointer user_data);
G_GNUC_INTERNAL void dh_worker_finish_job (DhWorker *self, DhJob *job, DhFrame *frame, const char *key);
G_GNUC_INTERNAL void dh_worker_count_and_store (gpointer data, gpointer user_data);
G_GNUC_INTERNAL void dh_worker_make_way (DhWorker *self, DhJob *job);
G_GNUC_INTERNAL gint dh_job_order (gconstpointer a, gconstpointer b, gpointer data);

/* dh-worker-load.c: on the inference thread. */
G_GNUC_INTERNAL void dh_worker_command_free (gpointer data);
G_GNUC_INTERNAL void dh_worker_loaded_free (gpointer data);
G_GNUC_INTERNAL void dh_worker_run_command (DhWorker *self, DhWorkerCommand *command);

/* dh-worker-run.c: the inference thread itself. */
G_GNUC_INTERNAL gpointer dh_worker_inference_thread (gpointer data);
/* On it, with the mutex held, while nothing is begun: all that was asked for is computed, with the mutex released. */
G_GNUC_INTERNAL void dh_worker_serve (DhWorker *worker, GCancellable *cancellable);

/* With the mutex held: the background work is over, which its `done` is told on the window's thread. */
void dh_worker_end_background (DhWorker *worker);

G_END_DECLS

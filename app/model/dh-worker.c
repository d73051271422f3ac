#include "dh-worker.h"
#include <glib/gi18n.h>
#include "dh-debug.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-worker-private.h"

/* A run that has come this far is finished although a shown picture waits. */
#define TOO_FAR_TO_STOP 0.7

struct _DhWorker
{
  GObject parent_instance;
  DhMapCache *cache;
  GThread *thread;       /* the only one to touch the predictor */
  GThreadPool *readers;  /* DhJob: picture, labels, cache */
  GThreadPool *counters; /* Finished: statistics, storing */
  GThreadPool *thumbnails;
  GHashTable *jobs; /* DhImageItem → DhJob under way; the window's thread */
  DhDataset *dataset;
  guint wanted;
  DhModelInfo *model_info;
  DhComputeInfo *compute_info;
  gboolean stopped;

  GMutex mutex; /* guards all below */
  GCond cond;
  gboolean quit;
  GQueue commands;  /* Command */
  GPtrArray *queue; /* DhJob waiting for the network */
  DhJob *running;
  double running_fraction;
  GCancellable *run_cancellable; /* of the network's run */
  DhBackgroundWork background;
  gpointer background_data;
  GDestroyNotify background_done;
  gboolean in_background;
  char *device;
  DhPrecision precision;
  char *weights; /* SHA-256 of the model that is loaded */
  gboolean has_outlier_head;
  guint64 sequence;
  guint64 n_runs;

  DhPredictor *predictor; /* the inference thread */
};

enum
{
  SIGNAL_FRAME,
  SIGNAL_STATS,
  SIGNAL_PROGRESS,
  SIGNAL_FAILED,
  N_SIGNALS,
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DhWorker, dh_worker, G_TYPE_OBJECT)

typedef enum
{
  MESSAGE_FRAME,
  MESSAGE_STATS,
  MESSAGE_PROGRESS,
  MESSAGE_FAILED,
} MessageKind;

/* What a thread has to tell the window about a job. */
typedef struct
{
  MessageKind kind;
  DhJob *job;
  DhFrame *frame;
  gboolean last;
  DhScoreStats *stats;
  double fraction, seconds;
  char *text;
} Message;

static void
message_free (gpointer data)
{
  Message *message = data;
  dh_job_unref (message->job);
  g_clear_pointer (&message->frame, dh_frame_unref);
  g_clear_pointer (&message->stats, dh_score_stats_unref);
  g_free (message->text);
  g_free (message);
}

static gboolean
deliver (gpointer data)
{
  Message *message = data;
  DhJob *job = message->job;
  g_autoptr (DhWorker) self = g_weak_ref_get (&job->worker);
  if (self == NULL || self->stopped || g_cancellable_is_cancelled (job->cancellable))
    return G_SOURCE_REMOVE;
  if ((message->kind == MESSAGE_FRAME && message->last) || message->kind == MESSAGE_FAILED)
    if (g_hash_table_lookup (self->jobs, job->item) == job)
      g_hash_table_remove (self->jobs, job->item);
  switch (message->kind)
    {
    case MESSAGE_FRAME:
      g_signal_emit (self, signals[SIGNAL_FRAME], 0, job->item, message->frame, message->last);
      break;
    case MESSAGE_STATS:
      g_signal_emit (self, signals[SIGNAL_STATS], 0, job->item, message->stats);
      break;
    case MESSAGE_PROGRESS:
      g_signal_emit (self, signals[SIGNAL_PROGRESS], 0, job->item, message->fraction, message->seconds, message->text);
      break;
    case MESSAGE_FAILED:
      g_signal_emit (self, signals[SIGNAL_FAILED], 0, job->item, message->text);
      break;
    }
  return G_SOURCE_REMOVE;
}

static Message *
message_new (MessageKind kind, DhJob *job)
{
  Message *message = g_new0 (Message, 1);
  message->kind = kind;
  message->job = dh_job_ref (job);
  return message;
}

/* Not g_main_context_invoke(), which would call at once on this thread while nobody owns the context. */
static void
to_window (GSourceFunc function, gpointer data, GDestroyNotify destroy, gint priority)
{
  GSource *source = g_idle_source_new ();
  g_source_set_priority (source, priority);
  g_source_set_callback (source, function, data, destroy);
  g_source_attach (source, NULL);
  g_source_unref (source);
}

static void
post (Message *message)
{
  to_window (deliver, message, message_free, G_PRIORITY_DEFAULT);
}

static void
post_frame (DhJob *job, DhFrame *frame, gboolean last)
{
  Message *message = message_new (MESSAGE_FRAME, job);
  message->frame = dh_frame_ref (frame);
  message->last = last;
  post (message);
}

static void
post_failure (DhJob *job, const GError *error)
{
  Message *message = message_new (MESSAGE_FAILED, job);
  message->text = g_strdup (error != NULL ? error->message : _ ("It failed for a reason that is not known"));
  post (message);
}

/* Maps are there: count for the tuning panel, then keep them. */
typedef struct
{
  DhJob *job; /* NULL: nobody looks at it, it is only kept */
  DhFrame *frame;
  char *key; /* NULL: came from the cache */
} Finished;

static void
finish_job (DhWorker *self, DhJob *job, DhFrame *frame, const char *key)
{
  Finished *finished = g_new0 (Finished, 1);
  finished->job = job != NULL ? dh_job_ref (job) : NULL;
  finished->frame = dh_frame_ref (frame);
  finished->key = g_strdup (key);
  g_thread_pool_push (self->counters, finished, NULL);
}

static void
count_and_store (gpointer data, gpointer user_data)
{
  DhWorker *self = user_data;
  Finished *finished = data;
  DhJob *job = finished->job;
  if (job != NULL && !g_cancellable_is_cancelled (job->cancellable))
    {
      DhScoreStats *stats = dh_score_stats_new ();
      if (dh_score_stats_add (stats, finished->frame))
        {
          dh_score_stats_seal (stats);
          Message *message = message_new (MESSAGE_STATS, job);
          message->stats = dh_score_stats_ref (stats);
          post (message);
        }
      dh_score_stats_unref (stats);
    }
  /* A cache that cannot be written costs time, not correctness. */
  g_autoptr (GError) error = NULL;
  if (finished->key != NULL && !dh_map_cache_store (self->cache, finished->key, finished->frame, &error))
    g_info ("%s", error->message);
  dh_frame_unref (finished->frame);
  g_free (finished->key);
  g_clear_pointer (&job, dh_job_unref);
  g_free (finished);
}

static gint
job_order (gconstpointer a, gconstpointer b, gpointer data)
{
  DhJob *left = (DhJob *)a, *right = (DhJob *)b;
  gint x = g_atomic_int_get (&left->priority), y = g_atomic_int_get (&right->priority);
  if (x != y)
    return x - y;
  return (left->sequence > right->sequence) - (left->sequence < right->sequence);
}

/* With the mutex held: a shown picture waits; make way for it. */
static void
make_way (DhWorker *self, DhJob *job)
{
  if (g_atomic_int_get (&job->priority) != DH_PRIORITY_SHOWN || self->run_cancellable == NULL)
    return;
  gboolean less_urgent = self->in_background
                         || (self->running != NULL && g_atomic_int_get (&self->running->priority) != DH_PRIORITY_SHOWN);
  if (less_urgent && self->running != job && self->running_fraction < TOO_FAR_TO_STOP)
    g_cancellable_cancel (self->run_cancellable);
}

static void
read_job (gpointer data, gpointer user_data)
{
  DhWorker *self = user_data;
  g_autoptr (DhJob) job = data;
  if (g_cancellable_is_cancelled (job->cancellable))
    return;
  g_autoptr (GError) error = NULL;
  if (!dh_job_load (job, &error))
    {
      post_failure (job, error);
      return;
    }
  g_mutex_lock (&self->mutex);
  g_autofree char *weights = g_strdup (self->weights);
  guint maps = dh_job_maps_for (job->wanted, self->has_outlier_head);
  const char *precision = dh_precision_name (self->precision);
  g_mutex_unlock (&self->mutex);
  if (weights == NULL)
    {
      post_frame (job, job->frame, TRUE);
      return;
    }
  g_autofree char *key =
      dh_map_cache_key (weights, job->picture_hash, job->frame->width, job->frame->height, precision);
  g_autoptr (DhFrame) complete = dh_frame_copy (job->frame);
  if (dh_map_cache_load (self->cache, key, maps, complete))
    {
      complete->cached = TRUE;
      post_frame (job, complete, TRUE);
      finish_job (self, job, complete, NULL);
      return;
    }
  post_frame (job, job->frame, FALSE);
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->queue, dh_job_ref (job));
  make_way (self, job);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

typedef struct
{
  DhWorker *worker;
  DhJob *job;
  gint64 started, reported;
} RunReport;

static void
report_run (guint64 done, guint64 total, const char *what, gpointer data)
{
  RunReport *report = data;
  double fraction = total > 0 ? (double)done / (double)total : 0;
  g_mutex_lock (&report->worker->mutex);
  report->worker->running_fraction = fraction;
  g_mutex_unlock (&report->worker->mutex);
  gint64 now = g_get_monotonic_time ();
  if (report->job == NULL || now - report->reported < 50 * 1000)
    return;
  report->reported = now;
  Message *message = message_new (MESSAGE_PROGRESS, report->job);
  message->fraction = fraction;
  message->seconds = (double)(now - report->started) / G_USEC_PER_SEC;
  message->text = g_strdup (what);
  post (message);
}

/* On the inference thread. */
static void
run_job (DhWorker *self, DhJob *job, GCancellable *run_cancellable)
{
  g_autofree char *key = NULL;
  g_mutex_lock (&self->mutex);
  self->n_runs++;
  guint64 number = self->n_runs;
  guint maps = dh_job_maps_for (job->wanted, self->has_outlier_head);
  if (self->weights != NULL)
    key = dh_map_cache_key (self->weights, job->picture_hash, job->frame->width, job->frame->height,
                            dh_precision_name (self->precision));
  g_mutex_unlock (&self->mutex);
  if (dh_debug (DH_DEBUG_STUDIO))
    g_printerr ("studio: run %" G_GUINT64_FORMAT " %s\n", number, dh_image_item_get_stem (job->item));

  gint64 now = g_get_monotonic_time ();
  RunReport report = { self, job, now, now };
  DhProgress progress = { report_run, &report };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhPrediction) prediction = NULL;
  if (self->predictor != NULL)
    prediction = dh_predictor_run (self->predictor, job->image, maps, run_cancellable, &progress, &error);
  else
    g_set_error (&error, DH_ERROR, DH_ERROR_FAILED, "%s", _ ("No weights are loaded"));
  if (prediction != NULL)
    {
      g_autoptr (DhFrame) frame = dh_job_frame_with_maps (job, prediction);
      post_frame (job, frame, TRUE);
      finish_job (self, job, frame, key);
    }
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_mutex_lock (&self->mutex);
      if (!g_cancellable_is_cancelled (job->cancellable))
        g_ptr_array_add (self->queue, dh_job_ref (job));
      g_mutex_unlock (&self->mutex);
    }
  else
    post_failure (job, error);
}

typedef struct
{
  GTask *task;
  char *path, *name, *device;
  GBytes *bytes;
  DhPrecision precision;
} Command;

static void
command_free (gpointer data)
{
  Command *command = data;
  g_object_unref (command->task);
  g_free (command->path);
  g_free (command->name);
  g_free (command->device);
  g_clear_pointer (&command->bytes, g_bytes_unref);
  g_free (command);
}

typedef struct
{
  DhModelInfo *model;
  DhComputeInfo *compute;
} Loaded;

static void
loaded_free (gpointer data)
{
  Loaded *loaded = data;
  g_clear_pointer (&loaded->model, dh_model_info_unref);
  g_clear_pointer (&loaded->compute, dh_compute_info_unref);
  g_free (loaded);
}

static char *
why_no_cuda (const char *used)
{
  if (g_str_has_prefix (used, "cuda"))
    return NULL;
  g_autoptr (GPtrArray) devices = dh_devices_list ();
  for (guint i = 0; i < devices->len; i++)
    {
      const DhDeviceInfo *info = devices->pdata[i];
      if (g_str_equal (info->kind, "cuda") && !info->available)
        return g_strdup (info->why_not);
    }
  return NULL;
}

static Loaded *
describe (DhPredictor *predictor, const Command *command)
{
  DhModel *model = dh_predictor_model (predictor);
  DhDevice *device = dh_predictor_device (predictor);
  Loaded *loaded = g_new0 (Loaded, 1);
  DhModelInfo *info = loaded->model = dh_model_info_new ();
  info->network = g_strdup (dh_model_title (model));
  info->architecture = g_strdup (dh_model_architecture (model));
  info->path = g_strdup (command->path);
  info->title = command->name != NULL ? g_strdup (command->name) : g_path_get_basename (command->path);
  info->sha256 = g_strdup (dh_model_sha256 (model));
  info->n_classes = dh_model_classes (model);
  info->has_outlier_head = dh_model_has_outlier_head (model);
  info->n_parameters = dh_model_parameter_count (model);
  DhComputeInfo *compute = loaded->compute = dh_compute_info_new ();
  compute->name = g_strdup (dh_device_name (device));
  compute->title = g_strdup (dh_device_title (device));
  compute->precision = g_strdup (dh_precision_name (command->precision));
  compute->threads = dh_device_threads (device);
  compute->cuda_why_not = why_no_cuda (compute->name);
  return loaded;
}

/* On the inference thread. */
static void
run_command (DhWorker *self, Command *command)
{
  GError *error = NULL;
  g_autoptr (DhModel) model = command->bytes != NULL ? dh_model_load_bytes (command->bytes, command->name, NULL, &error)
                                                     : dh_model_load (command->path, NULL, &error);
  DhPredictor *predictor =
      model != NULL ? dh_predictor_new (model, command->device, command->precision, 0, &error) : NULL;
  if (predictor == NULL)
    {
      g_task_return_error (command->task, error);
      return;
    }
  dh_predictor_free (self->predictor);
  self->predictor = predictor;
  Loaded *loaded = describe (predictor, command);
  g_mutex_lock (&self->mutex);
  g_free (self->weights);
  self->weights = g_strdup (loaded->model->sha256);
  self->has_outlier_head = loaded->model->has_outlier_head;
  /* Requests of the former model; the window asks again. */
  for (guint i = 0; i < self->queue->len; i++)
    g_cancellable_cancel (((DhJob *)self->queue->pdata[i])->cancellable);
  g_ptr_array_set_size (self->queue, 0);
  g_mutex_unlock (&self->mutex);
  g_task_return_pointer (command->task, loaded, loaded_free);
}

/* With the mutex held; the most urgent job, or NULL. */
static DhJob *
take_job (DhWorker *self)
{
  gint best = -1;
  for (guint i = 0; i < self->queue->len;)
    {
      DhJob *job = self->queue->pdata[i];
      if (g_cancellable_is_cancelled (job->cancellable))
        {
          g_ptr_array_remove_index (self->queue, i);
          best = -1;
          i = 0;
          continue;
        }
      if (best < 0 || job_order (job, self->queue->pdata[best], NULL) < 0)
        best = (gint)i;
      i++;
    }
  return best >= 0 ? g_ptr_array_steal_index (self->queue, best) : NULL;
}

typedef struct
{
  GDestroyNotify done;
  gpointer data;
} BackgroundEnd;

static gboolean
tell_end (gpointer data)
{
  BackgroundEnd *end = data;
  end->done (end->data);
  return G_SOURCE_REMOVE;
}

/* With the mutex held. */
static void
end_background (DhWorker *self)
{
  BackgroundEnd *end = g_new (BackgroundEnd, 1);
  *end = (BackgroundEnd){ self->background_done, self->background_data };
  self->background = NULL;
  to_window (tell_end, end, g_free, G_PRIORITY_DEFAULT);
}

/* On the inference thread, with the mutex held; runs with it released. */
static void
serve (DhWorker *self, DhJob *job)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gboolean was_background = self->in_background;
  self->run_cancellable = cancellable;
  self->running = job;
  self->running_fraction = 0;
  self->in_background = FALSE;
  g_mutex_unlock (&self->mutex);
  run_job (self, job, cancellable);
  g_mutex_lock (&self->mutex);
  self->run_cancellable = NULL;
  self->running = NULL;
  self->in_background = was_background;
  g_mutex_unlock (&self->mutex);
  dh_job_unref (job);
  g_mutex_lock (&self->mutex);
}

static gpointer
inference_thread (gpointer data)
{
  DhWorker *self = data;
  g_mutex_lock (&self->mutex);
  while (!self->quit)
    {
      Command *command = g_queue_pop_head (&self->commands);
      DhJob *job = command == NULL ? take_job (self) : NULL;
      if (command != NULL)
        {
          g_mutex_unlock (&self->mutex);
          run_command (self, command);
          command_free (command);
          g_mutex_lock (&self->mutex);
        }
      else if (job != NULL)
        serve (self, job);
      else if (self->background != NULL)
        {
          self->in_background = TRUE;
          g_mutex_unlock (&self->mutex);
          self->background (self, self->predictor, self->background_data);
          g_mutex_lock (&self->mutex);
          self->in_background = FALSE;
          end_background (self);
        }
      else
        g_cond_wait (&self->cond, &self->mutex);
    }
  g_mutex_unlock (&self->mutex);
  g_clear_pointer (&self->predictor, dh_predictor_free);
  return NULL;
}

static DhPrediction *
prediction_of_frame (const DhFrame *frame, guint maps)
{
  DhPrediction *prediction = g_new0 (DhPrediction, 1);
  prediction->width = frame->width;
  prediction->height = frame->height;
  const gint64 dims[2] = { frame->height, frame->width };
  for (guint i = 0; i < DH_N_FRAME_MAPS; i++)
    if (maps & DH_MAP_BIT (i) && frame->maps[i] != NULL)
      {
        prediction->maps[i] = dh_tensor_new_take (i == DH_FRAME_SEGMENTATION ? DH_DTYPE_U8 : DH_DTYPE_F32, 2, dims,
                                                  g_bytes_ref (frame->maps[i]));
        prediction->non_finite[i] = frame->non_finite[i];
      }
  return prediction;
}

static void
cancel_run (GCancellable *outer, gpointer run)
{
  g_cancellable_cancel (run);
}

/* One run that a shown picture may stop. */
static DhPrediction *
run_stoppable (DhWorker *self, const DhImage *image, guint maps, GCancellable *cancellable, GError **error)
{
  g_autoptr (GCancellable) run = g_cancellable_new ();
  RunReport report = { self, NULL, 0, 0 };
  DhProgress progress = { report_run, &report };
  g_mutex_lock (&self->mutex);
  self->run_cancellable = run;
  self->running_fraction = 0;
  self->n_runs++;
  if (self->quit)
    g_cancellable_cancel (run);
  g_mutex_unlock (&self->mutex);
  gulong handler = cancellable != NULL ? g_cancellable_connect (cancellable, G_CALLBACK (cancel_run), run, NULL) : 0;
  DhPrediction *prediction = dh_predictor_run (self->predictor, image, maps, run, &progress, error);
  g_cancellable_disconnect (cancellable, handler);
  g_mutex_lock (&self->mutex);
  self->run_cancellable = NULL;
  g_mutex_unlock (&self->mutex);
  return prediction;
}

DhPrediction *
dh_worker_predict (DhWorker *self, const DhImage *image, guint maps, GCancellable *cancellable, GError **error)
{
  g_autofree char *hash = dh_sha256 (image->rgb, (gsize)3 * image->width * image->height);
  g_autofree char *key =
      dh_map_cache_key (self->weights, hash, image->width, image->height, dh_precision_name (self->precision));
  guint of_frames = DH_MAP_BIT (DH_N_FRAME_MAPS) - 1;
  g_autoptr (DhFrame) frame = dh_frame_new (image->width, image->height);
  if ((maps & ~of_frames) == 0 && dh_map_cache_load (self->cache, key, maps, frame))
    return prediction_of_frame (frame, maps);
  for (;;)
    {
      g_mutex_lock (&self->mutex);
      DhJob *job;
      while (!self->quit && !g_cancellable_is_cancelled (cancellable) && (job = take_job (self)) != NULL)
        serve (self, job);
      gboolean quit = self->quit;
      guint all = maps | dh_job_maps_for (self->wanted, self->has_outlier_head);
      g_mutex_unlock (&self->mutex);
      g_autoptr (GError) run_error = NULL;
      g_autoptr (DhPrediction) prediction = run_stoppable (self, image, all, cancellable, &run_error);
      if (prediction != NULL)
        {
          DhJob source = { .frame = frame };
          g_autoptr (DhFrame) complete = dh_job_frame_with_maps (&source, prediction);
          finish_job (self, NULL, complete, key);
          return g_steal_pointer (&prediction);
        }
      gboolean stopped = g_error_matches (run_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      if (!stopped || quit || g_cancellable_is_cancelled (cancellable))
        {
          g_propagate_error (error, g_steal_pointer (&run_error));
          return NULL;
        }
    }
}

typedef struct
{
  DhImageItem *item;
  DhDataset *dataset;
  guint index;
  DhImage *image;
} Thumbnail;

static void
thumbnail_free (gpointer data)
{
  Thumbnail *thumbnail = data;
  g_object_unref (thumbnail->item);
  dh_dataset_unref (thumbnail->dataset);
  g_clear_pointer (&thumbnail->image, dh_image_unref);
  g_free (thumbnail);
}

static gboolean
deliver_thumbnail (gpointer data)
{
  Thumbnail *thumbnail = data;
  DhImage *image = thumbnail->image;
  g_autoptr (GBytes) rgb = g_bytes_new_with_free_func (image->rgb, (gsize)3 * image->width * image->height,
                                                       (GDestroyNotify)dh_image_unref, dh_image_ref (image));
  dh_image_item_set_thumbnail (thumbnail->item, rgb, image->width, image->height);
  return G_SOURCE_REMOVE;
}

static void
load_thumbnail (gpointer data, gpointer user_data)
{
  Thumbnail *thumbnail = data;
  thumbnail->image = dh_dataset_load_thumbnail (thumbnail->dataset, thumbnail->index, 144, 108, NULL);
  if (thumbnail->image != NULL)
    to_window (deliver_thumbnail, thumbnail, thumbnail_free, G_PRIORITY_DEFAULT_IDLE);
  else
    thumbnail_free (thumbnail);
}

void
dh_worker_request_thumbnail (DhWorker *self, DhImageItem *item)
{
  if (self->stopped || self->dataset == NULL || dh_image_item_claim_thumbnail (item))
    return;
  Thumbnail *thumbnail = g_new0 (Thumbnail, 1);
  thumbnail->item = g_object_ref (item);
  thumbnail->dataset = dh_dataset_ref (self->dataset);
  thumbnail->index = dh_image_item_get_index (item);
  g_thread_pool_push (self->thumbnails, thumbnail, NULL);
}

static void
dh_worker_finalize (GObject *object)
{
  DhWorker *self = DH_WORKER (object);
  dh_worker_stop (self);
  g_hash_table_unref (self->jobs);
  g_ptr_array_unref (self->queue);
  g_clear_pointer (&self->dataset, dh_dataset_unref);
  g_clear_pointer (&self->model_info, dh_model_info_unref);
  g_clear_pointer (&self->compute_info, dh_compute_info_unref);
  g_clear_pointer (&self->cache, dh_map_cache_unref);
  g_free (self->device);
  g_free (self->weights);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  G_OBJECT_CLASS (dh_worker_parent_class)->finalize (object);
}

static void
dh_worker_class_init (DhWorkerClass *class)
{
  G_OBJECT_CLASS (class)->finalize = dh_worker_finalize;
  GType type = G_TYPE_FROM_CLASS (class);
  signals[SIGNAL_FRAME] = g_signal_new ("frame", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 3,
                                        DH_TYPE_IMAGE_ITEM, DH_TYPE_FRAME, G_TYPE_BOOLEAN);
  signals[SIGNAL_STATS] = g_signal_new ("stats", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                        DH_TYPE_IMAGE_ITEM, G_TYPE_POINTER);
  signals[SIGNAL_PROGRESS] = g_signal_new ("progress", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 4,
                                           DH_TYPE_IMAGE_ITEM, G_TYPE_DOUBLE, G_TYPE_DOUBLE, G_TYPE_STRING);
  signals[SIGNAL_FAILED] = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                                         DH_TYPE_IMAGE_ITEM, G_TYPE_STRING);
}

static void
dh_worker_init (DhWorker *self)
{
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  g_queue_init (&self->commands);
  self->queue = g_ptr_array_new_with_free_func ((GDestroyNotify)dh_job_unref);
  self->jobs = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)dh_job_unref);
  self->device = g_strdup ("auto");
}

DhWorker *
dh_worker_new (DhMapCache *cache)
{
  DhWorker *self = g_object_new (DH_TYPE_WORKER, NULL);
  self->cache = dh_map_cache_ref (cache);
  self->readers = g_thread_pool_new (read_job, self, 2, FALSE, NULL);
  g_thread_pool_set_sort_function (self->readers, job_order, NULL);
  self->counters = g_thread_pool_new (count_and_store, self, 1, FALSE, NULL);
  self->thumbnails = g_thread_pool_new_full (load_thumbnail, self, thumbnail_free, 1, FALSE, NULL);
  self->thread = g_thread_new ("inference", inference_thread, self);
  return self;
}

static void
drop_jobs (DhWorker *self)
{
  GHashTableIter iter;
  gpointer job;
  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    g_cancellable_cancel (((DhJob *)job)->cancellable);
  g_hash_table_remove_all (self->jobs);
  g_mutex_lock (&self->mutex);
  if (self->running != NULL && self->run_cancellable != NULL)
    g_cancellable_cancel (self->run_cancellable);
  g_ptr_array_set_size (self->queue, 0);
  g_mutex_unlock (&self->mutex);
}

void
dh_worker_stop (DhWorker *self)
{
  if (self->stopped)
    return;
  self->stopped = TRUE;
  drop_jobs (self);
  g_mutex_lock (&self->mutex);
  self->quit = TRUE;
  if (self->run_cancellable != NULL)
    g_cancellable_cancel (self->run_cancellable);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  g_thread_join (self->thread);
  g_thread_pool_free (self->readers, FALSE, TRUE);
  g_thread_pool_free (self->counters, FALSE, TRUE);
  g_thread_pool_free (self->thumbnails, TRUE, TRUE);
  Command *command;
  while ((command = g_queue_pop_head (&self->commands)) != NULL)
    {
      g_task_return_new_error (command->task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s", _ ("The program ends"));
      command_free (command);
    }
  if (self->background != NULL)
    self->background_done (self->background_data);
  self->background = NULL;
}

void
dh_worker_load_model_async (DhWorker *self, const char *path, GBytes *bytes, const char *name,
                            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data)
{
  g_return_if_fail (path != NULL || (bytes != NULL && name != NULL));
  Command *command = g_new0 (Command, 1);
  command->task = g_task_new (self, cancellable, callback, data);
  command->path = g_strdup (path);
  command->name = g_strdup (name);
  command->bytes = bytes != NULL ? g_bytes_ref (bytes) : NULL;
  drop_jobs (self);
  g_mutex_lock (&self->mutex);
  command->device = g_strdup (self->device);
  command->precision = self->precision;
  g_queue_push_tail (&self->commands, command);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

DhModelInfo *
dh_worker_load_model_finish (DhWorker *self, GAsyncResult *result, GError **error)
{
  Loaded *loaded = g_task_propagate_pointer (G_TASK (result), error);
  if (loaded == NULL)
    return NULL;
  drop_jobs (self);
  g_clear_pointer (&self->model_info, dh_model_info_unref);
  g_clear_pointer (&self->compute_info, dh_compute_info_unref);
  self->model_info = g_steal_pointer (&loaded->model);
  self->compute_info = g_steal_pointer (&loaded->compute);
  loaded_free (loaded);
  return dh_model_info_ref (self->model_info);
}

void
dh_worker_set_device (DhWorker *self, const char *device, DhPrecision precision)
{
  g_mutex_lock (&self->mutex);
  g_free (self->device);
  self->device = g_strdup (device);
  self->precision = precision;
  g_mutex_unlock (&self->mutex);
}

DhModelInfo *
dh_worker_get_model_info (DhWorker *self)
{
  return self->model_info;
}

DhComputeInfo *
dh_worker_get_compute_info (DhWorker *self)
{
  return self->compute_info;
}

void
dh_worker_set_dataset (DhWorker *self, DhDataset *dataset)
{
  drop_jobs (self);
  if (dataset != NULL)
    dh_dataset_ref (dataset);
  g_clear_pointer (&self->dataset, dh_dataset_unref);
  self->dataset = dataset;
}

void
dh_worker_set_wanted (DhWorker *self, guint maps)
{
  self->wanted = maps;
}

void
dh_worker_request (DhWorker *self, DhImageItem *item, DhPriority priority)
{
  if (self->stopped || self->dataset == NULL)
    return;
  DhJob *job = g_hash_table_lookup (self->jobs, item);
  if (job != NULL)
    {
      if (g_atomic_int_get (&job->priority) > (gint)priority)
        {
          g_atomic_int_set (&job->priority, priority);
          g_mutex_lock (&self->mutex);
          if (g_ptr_array_find (self->queue, job, NULL))
            make_way (self, job);
          g_mutex_unlock (&self->mutex);
        }
      return;
    }
  job = g_new0 (DhJob, 1);
  g_atomic_ref_count_init (&job->refs);
  g_weak_ref_init (&job->worker, self);
  job->item = g_object_ref (item);
  job->dataset = dh_dataset_ref (self->dataset);
  job->index = dh_image_item_get_index (item);
  job->wanted = self->wanted;
  job->priority = priority;
  job->sequence = ++self->sequence;
  job->cancellable = g_cancellable_new ();
  g_hash_table_insert (self->jobs, item, job);
  g_thread_pool_push (self->readers, dh_job_ref (job), NULL);
}

void
dh_worker_keep_only (DhWorker *self, DhImageItem *const *keep)
{
  GHashTableIter iter;
  gpointer item, value;
  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, &item, &value))
    {
      gboolean kept = FALSE;
      for (guint i = 0; keep[i] != NULL; i++)
        kept = kept || keep[i] == item;
      if (kept)
        continue;
      DhJob *job = value;
      g_cancellable_cancel (job->cancellable);
      g_mutex_lock (&self->mutex);
      if (self->running == job && self->run_cancellable != NULL)
        g_cancellable_cancel (self->run_cancellable);
      g_ptr_array_remove (self->queue, job);
      g_mutex_unlock (&self->mutex);
      g_hash_table_iter_remove (&iter);
    }
}

guint64
dh_worker_get_n_runs (DhWorker *self)
{
  g_mutex_lock (&self->mutex);
  guint64 n = self->n_runs;
  g_mutex_unlock (&self->mutex);
  return n;
}

gboolean
dh_worker_run_background (DhWorker *self, DhBackgroundWork work, gpointer data, GDestroyNotify done)
{
  gboolean free_to_run = FALSE;
  g_mutex_lock (&self->mutex);
  if (self->background == NULL && !self->quit)
    {
      free_to_run = TRUE;
      self->background = work;
      self->background_data = data;
      self->background_done = done;
      g_cond_signal (&self->cond);
    }
  g_mutex_unlock (&self->mutex);
  return free_to_run;
}

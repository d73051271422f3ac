#include "dh-session.h"
#include <glib/gi18n.h>
#include "dh-debug.h"
#include "dh-run-list.h"
#include "dh-comparison.h"
#include "dh-player.h"
#include "dh-session-import.h"
#include "dh-session-recording.h"
#include "dh-session-private.h"

G_DEFINE_FINAL_TYPE (DhSession, dh_session, G_TYPE_OBJECT)

static GParamSpec *properties[DH_SESSION_N_PROPS];
static guint signals[DH_SESSION_N_SIGNALS];

#define USUAL_MAPS                                                                                                     \
  (1u << DH_FRAME_SEGMENTATION | 1u << DH_FRAME_LIKELIHOOD | 1u << DH_FRAME_DATASET_POSTERIOR | 1u << DH_FRAME_HYBRID  \
   | 1u << DH_FRAME_MAX_SOFTMAX)

void
dh_session_trace (DhSession *self, const char *format, ...)
{
  if (!dh_debug (DH_DEBUG_STUDIO))
    return;
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  g_printerr ("studio: %s; runs %" G_GUINT64_FORMAT "\n", text, dh_worker_get_n_runs (self->worker));
}

void
dh_session_notify (DhSession *self, guint prop)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop]);
}

void
dh_session_emit (DhSession *self, guint signal)
{
  g_signal_emit (self, signals[signal], 0);
}

void
dh_session_tell (DhSession *self, guint signal, const char *text)
{
  g_signal_emit (self, signals[signal], 0, text);
}

void
dh_session_say (DhSession *self, const char *text)
{
  dh_session_trace (self, "says %s", text);
  g_signal_emit (self, signals[DH_SESSION_MESSAGE], 0, text);
}

void
dh_session_say_written (DhSession *self, const char *text, const char *path)
{
  dh_session_trace (self, "wrote %s: %s", path, text);
  g_signal_emit (self, signals[DH_SESSION_WRITTEN], 0, text, path);
}

void
dh_session_complain (DhSession *self, const char *title, const char *text)
{
  dh_session_trace (self, "error %s: %s", title, text);
  g_signal_emit (self, signals[DH_SESSION_ERROR], 0, title, text);
}

DhScoreStats *
dh_session_get_set_stats (DhSession *self)
{
  return self->set_stats;
}

void
dh_session_take_set_stats (DhSession *self, DhScoreStats *stats)
{
  dh_session_drop_slices (self);
  dh_session_drop_false_alarms (self);
  g_clear_pointer (&self->set_stats, dh_score_stats_unref);
  self->set_stats = stats;
  if (stats != NULL)
    {
      dh_session_add_ranges (self, stats, dh_session_get_dataset_title (self), TRUE);
      dh_session_trace (self, "evaluated %u", dh_score_stats_n_images (stats));
    }
  dh_session_notify (self, DH_SESSION_PROP_SET_STATS);
}

void
dh_session_show_thumbnail (DhSession *self, DhImageItem *item)
{
  if (self->thumbnails != NULL && self->dataset != NULL)
    dh_thumbnails_show (self->thumbnails, self->dataset, item);
}

void
dh_session_leave_thumbnail (DhSession *self, DhImageItem *item)
{
  if (self->thumbnails != NULL)
    dh_thumbnails_leave (self->thumbnails, item);
}

guint64
dh_session_get_n_runs (DhSession *self)
{
  return dh_worker_get_n_runs (self->worker);
}

DhSettings *
dh_session_get_settings (DhSession *self)
{
  return self->settings;
}

DhView *
dh_session_get_view (DhSession *self)
{
  return self->view;
}

DhTrainingQueue *
dh_session_get_training (DhSession *self)
{
  return self->training;
}

DhKnownSets *
dh_session_get_known_sets (DhSession *self)
{
  return self->known_sets;
}

DhPlayer *
dh_session_get_player (DhSession *self)
{
  return self->player;
}

DhComparison *
dh_session_get_comparison (DhSession *self)
{
  return self->comparison;
}

DhImageList *
dh_session_get_list (DhSession *self)
{
  return self->list;
}

DhModelInfo *
dh_session_get_model_info (DhSession *self)
{
  return self->model;
}

DhComputeInfo *
dh_session_get_compute_info (DhSession *self)
{
  return self->compute;
}

const char *
dh_session_get_device_sentence (DhSession *self)
{
  return self->device_sentence;
}

const char *
dh_session_get_cuda_sentence (DhSession *self)
{
  return self->cuda_sentence;
}

static void
dh_session_get_property (GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  DhSession *self = DH_SESSION (object);
  switch (id)
    {
    case DH_SESSION_PROP_DATASET_TITLE:
      g_value_set_string (value, dh_session_get_dataset_title (self));
      break;
    case DH_SESSION_PROP_MODEL_INFO:
      g_value_set_pointer (value, self->model);
      break;
    case DH_SESSION_PROP_CURRENT:
      g_value_set_object (value, self->current);
      break;
    case DH_SESSION_PROP_FRAME:
      g_value_set_boxed (value, dh_session_get_frame (self));
      break;
    case DH_SESSION_PROP_STATS:
      g_value_set_pointer (value, self->stats);
      break;
    case DH_SESSION_PROP_SET_STATS:
      g_value_set_pointer (value, self->set_stats);
      break;
    case DH_SESSION_PROP_ACTIVE_SCORE:
      g_value_set_uint (value, self->active);
      break;
    case DH_SESSION_PROP_OPENING:
      g_value_set_boolean (value, dh_session_is_opening (self));
      break;
    case DH_SESSION_PROP_LOADING:
      g_value_set_boolean (value, self->loading > 0);
      break;
    case DH_SESSION_PROP_EVALUATING:
      g_value_set_boolean (value, self->evaluation != NULL);
      break;
    case DH_SESSION_PROP_CACHE_SIZE:
      g_value_set_uint64 (value, self->cache_size);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
    }
}

static void
dh_session_finalize (GObject *object)
{
  DhSession *self = DH_SESSION (object);
  dh_session_close (self);
  g_hash_table_unref (self->relabelled);
  G_OBJECT_CLASS (dh_session_parent_class)->finalize (object);
}

static const struct
{
  const char *name;
  guint n;
  GType arguments[3];
} signal_kinds[DH_SESSION_N_SIGNALS] = {
  [DH_SESSION_THRESHOLD] = { "threshold", 1, { G_TYPE_UINT } },
  [DH_SESSION_RANGES] = { "ranges" },
  [DH_SESSION_PROGRESS] = { "progress", 3, { G_TYPE_DOUBLE, G_TYPE_DOUBLE, G_TYPE_STRING } },
  [DH_SESSION_EVALUATION] = { "evaluation" },
  [DH_SESSION_STATES] = { "states" },
  [DH_SESSION_COMPARED] = { "compared" },
  [DH_SESSION_IMPORT] = { "import" },
  [DH_SESSION_RUN_THRESHOLD] = { "run-threshold", 1, { G_TYPE_UINT } },
  [DH_SESSION_RUN_STATS] = { "run-stats", 1, { G_TYPE_UINT } },
  [DH_SESSION_COMPONENTS] = { "components" },
  [DH_SESSION_CHECK] = { "check" },
  [DH_SESSION_SLICES] = { "slices" },
  [DH_SESSION_FALSE_ALARMS] = { "false-alarms" },
  [DH_SESSION_MARKS] = { "marks" },
  [DH_SESSION_FIND_MARKS] = { "find-marks" },
  [DH_SESSION_SET_OBJECTS] = { "set-objects" },
  [DH_SESSION_MESSAGE] = { "message", 1, { G_TYPE_STRING } },
  [DH_SESSION_WRITTEN] = { "written", 2, { G_TYPE_STRING, G_TYPE_STRING } },
  [DH_SESSION_ERROR] = { "error", 2, { G_TYPE_STRING, G_TYPE_STRING } },
  [DH_SESSION_REFUSED] = { "refused", 1, { G_TYPE_STRING } },
  [DH_SESSION_SCORES] = { "scores", 1, { G_TYPE_STRING } },
  [DH_SESSION_RECORDING] = { "recording", 1, { G_TYPE_STRING } },
  [DH_SESSION_FRAMES] = { "frames" },
  [DH_SESSION_LABELS] = { "labels" },
  [DH_SESSION_LABELS_ENDING] = { "labels-ending" },
  [DH_SESSION_LABELS_SAVED] = { "labels-saved", 1, { G_TYPE_STRING } },
};

static void
dh_session_class_init (DhSessionClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  object_class->finalize = dh_session_finalize;
  object_class->get_property = dh_session_get_property;
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  properties[DH_SESSION_PROP_DATASET_TITLE] = g_param_spec_string ("dataset-title", NULL, NULL, NULL, flags);
  properties[DH_SESSION_PROP_MODEL_INFO] = g_param_spec_pointer ("model-info", NULL, NULL, flags);
  properties[DH_SESSION_PROP_CURRENT] = g_param_spec_object ("current", NULL, NULL, DH_TYPE_IMAGE_ITEM, flags);
  properties[DH_SESSION_PROP_FRAME] = g_param_spec_boxed ("frame", NULL, NULL, DH_TYPE_FRAME, flags);
  properties[DH_SESSION_PROP_STATS] = g_param_spec_pointer ("stats", NULL, NULL, flags);
  properties[DH_SESSION_PROP_SET_STATS] = g_param_spec_pointer ("set-stats", NULL, NULL, flags);
  properties[DH_SESSION_PROP_ACTIVE_SCORE] =
      g_param_spec_uint ("active-score", NULL, NULL, 0, DH_N_SCORES - 1, 0, flags);
  properties[DH_SESSION_PROP_OPENING] = g_param_spec_boolean ("opening", NULL, NULL, FALSE, flags);
  properties[DH_SESSION_PROP_LOADING] = g_param_spec_boolean ("loading", NULL, NULL, FALSE, flags);
  properties[DH_SESSION_PROP_EVALUATING] = g_param_spec_boolean ("evaluating", NULL, NULL, FALSE, flags);
  properties[DH_SESSION_PROP_CACHE_SIZE] = g_param_spec_uint64 ("cache-size", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  g_object_class_install_properties (object_class, DH_SESSION_N_PROPS, properties);
  GType type = G_TYPE_FROM_CLASS (class);
  for (guint i = 0; i < DH_SESSION_N_SIGNALS; i++)
    signals[i] = g_signal_newv (signal_kinds[i].name, type, G_SIGNAL_RUN_LAST, NULL, NULL, NULL, NULL, G_TYPE_NONE,
                                signal_kinds[i].n, (GType *)signal_kinds[i].arguments);
}

/* One line whenever a training changed its state. */
static void
trace_trainings (DhTrainingQueue *queue, DhSession *self)
{
  g_autoptr (GString) text = g_string_new ("trainings");
  for (guint i = 0; i < DH_N_JOB_STATES; i++)
    {
      const guint n = dh_training_queue_count (queue, i);
      if (n > 0)
        g_string_append_printf (text, " %u %s", n, dh_job_state_id (i));
    }
  dh_session_trace (self, "%s", text->str);
}

static void
order_images (DhSession *self)
{
  const char *order = dh_view_get_string (self->view, "image-order");
  DhSort sort = DH_SORT_NAME;
  for (guint i = 0; i < DH_N_SORTS; i++)
    if (g_str_equal (dh_sort_id (i), order))
      sort = i;
  dh_image_list_set_sort (self->list, sort, dh_view_get_boolean (self->view, "worst-first"));
}

static void
filter_images (DhSession *self)
{
  dh_image_list_set_filter (self->list, dh_view_get_string (self->view, "image-filter"));
}

static void
group_images (DhSession *self)
{
  dh_image_list_set_grouped (self->list, dh_view_get_boolean (self->view, "grouped"));
}

/* As it was left. */
static void
make_list (DhSession *self)
{
  self->list = dh_image_list_new ();
  order_images (self);
  group_images (self);
  filter_images (self);
  g_signal_connect_swapped (self->view, "notify::image-order", G_CALLBACK (order_images), self);
  g_signal_connect_swapped (self->view, "notify::worst-first", G_CALLBACK (order_images), self);
  g_signal_connect_swapped (self->view, "notify::grouped", G_CALLBACK (group_images), self);
  g_signal_connect_swapped (self->view, "notify::image-filter", G_CALLBACK (filter_images), self);
}

static void
dh_session_init (DhSession *self)
{
  g_autofree char *settings = dh_settings_default_path ();
  g_autofree char *maps = g_build_filename (g_get_user_cache_dir (), "densehybrid", "maps", NULL);
  self->settings = dh_settings_open (settings);
  self->view = dh_view_new (self->settings);
  self->known_sets = dh_known_sets_new (self->settings);
  self->comparison = dh_comparison_new (self);
  self->player = dh_player_new (self);
  self->cache = dh_map_cache_new (maps, DH_MAP_CACHE_DEFAULT_LIMIT);
  self->worker = dh_worker_new (self->cache);
  self->thumbnails = dh_thumbnails_new ();
  self->training = dh_training_queue_new (NULL, NULL);
  g_signal_connect (self->training, "counts", G_CALLBACK (trace_trainings), self);
  make_list (self);
  self->runs = g_list_store_new (DH_TYPE_RUN_ITEM);
  self->closing = g_cancellable_new ();
  self->wanted = USUAL_MAPS;
  dh_worker_set_wanted (self->worker, self->wanted);
  g_queue_init (&self->entries);
  dh_session_init_frames (self);
  dh_session_init_thresholds (self);
  dh_session_init_run_sides (self);
  dh_session_init_kept (self);
  dh_session_init_slices (self);
  dh_session_init_false_alarms (self);
  dh_session_init_set_objects (self);
  dh_session_init_finds (self);
  dh_session_init_labels (self);
  dh_session_connect_worker (self);
  dh_session_restore_compute (self);
  dh_session_look_for_devices (self);
  dh_session_refresh_runs (self);
  dh_session_look_at_cache (self);
}

DhSession *
dh_session_new (void)
{
  return g_object_new (DH_TYPE_SESSION, NULL);
}

void
dh_session_close (DhSession *self)
{
  if (self->worker == NULL)
    return;
  /* Where a comparison has it, the view keeps its name for the next start. */
  if (!dh_view_is (self->view, "layout", "compare"))
    dh_session_drop_kept (self);
  dh_session_close_kept (self);
  g_cancellable_cancel (self->closing);
  dh_player_set_playing (self->player, FALSE);
  g_clear_object (&self->player);
  if (self->opening != NULL)
    g_cancellable_cancel (self->opening);
  dh_session_close_labels (self);
  dh_session_close_marks (self);
  dh_session_close_finds (self);
  dh_session_cancel_import (self);
  dh_session_stop_frames (self);
  dh_session_drop_check (self);
  dh_session_drop_evaluation (self);
  dh_session_close_set_objects (self);
  g_signal_handlers_disconnect_by_data (self->worker, self);
  dh_worker_stop (self->worker);
  g_clear_pointer (&self->thumbnails, dh_thumbnails_free);
  g_clear_object (&self->worker);
  g_signal_handlers_disconnect_by_data (self->training, self);
  dh_training_queue_close (self->training);
  g_clear_object (&self->training);
  dh_session_drop_components (self);
  dh_session_close_slices (self);
  dh_session_close_false_alarms (self);
  dh_session_forget_frames (self);
  dh_session_clear_thresholds (self);
  g_signal_handlers_disconnect_by_data (self->view, self);
  g_clear_object (&self->view);
  g_clear_object (&self->known_sets);
  g_clear_pointer (&self->comparison, dh_comparison_free);
  dh_session_drop_run_maps (self);
  dh_session_clear_run_sides (self);
  g_clear_pointer (&self->settings, dh_settings_close);
  g_clear_pointer (&self->cache, dh_map_cache_unref);
  g_clear_object (&self->opening);
  g_clear_pointer (&self->opening_path, g_free);
  g_clear_pointer (&self->reread_at, g_free);
  g_clear_object (&self->closing);
  g_clear_object (&self->current);
  g_clear_object (&self->list);
  g_clear_object (&self->runs);
  g_clear_pointer (&self->dataset, dh_dataset_unref);
  g_clear_pointer (&self->model, dh_model_info_unref);
  g_clear_pointer (&self->compute, dh_compute_info_unref);
  g_clear_pointer (&self->frame, dh_frame_unref);
  g_clear_pointer (&self->stats, dh_score_stats_unref);
  g_clear_pointer (&self->set_stats, dh_score_stats_unref);
  g_clear_pointer (&self->frame_error, g_free);
  g_clear_pointer (&self->dataset_path, g_free);
  g_clear_pointer (&self->reading, dh_reading_free);
  g_clear_pointer (&self->asked, dh_reading_free);
  g_clear_pointer (&self->pictures, g_strfreev);
  g_clear_pointer (&self->waiting_view, g_free);
  g_clear_pointer (&self->device_sentence, g_free);
  g_clear_pointer (&self->cuda_sentence, g_free);
  g_clear_pointer (&self->devices, g_ptr_array_unref);
  g_clear_pointer (&self->device, g_free);
  g_clear_pointer (&self->asked_weights, g_free);
}

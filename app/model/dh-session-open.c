#include <glib/gi18n.h>
#include "dh-demo.h"
#include "dh-device.h"
#include "dh-opening-private.h"
#include "dh-session-private.h"
#include "dh-view-file.h"

static void
open_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  if (dh_opening_run (data, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static GPtrArray *
make_items (DhSession *self, DhDataset *dataset, DhMarks *marks)
{
  guint n = dh_dataset_size (dataset);
  const char *const *splits = dh_dataset_splits (dataset);
  gboolean many_splits = splits[0] != NULL && splits[1] != NULL;
  GPtrArray *items = g_ptr_array_new_full (n, g_object_unref);
  for (guint i = 0; i < n; i++)
    {
      const DhDatasetItem *item = dh_dataset_item (dataset, i);
      g_autofree char *group = many_splits && *item->split != '\0'
                                   ? g_strconcat (item->split, *item->group != '\0' ? " · " : "", item->group, NULL)
                                   : g_strdup (item->group);
      DhImageItem *made = dh_image_item_new (i, item->stem, group, item->label != NULL && !item->hidden);
      dh_session_apply_marks (self, marks, item->image, made);
      g_ptr_array_add (items, made);
    }
  return items;
}

static const char *
kind_of (DhSession *self)
{
  return self->demo ? "demo" : self->pictures ? "pictures" : "dataset";
}

static void
remember (DhSession *self)
{
  dh_settings_set_string (self->settings, "last", "kind", kind_of (self));
  dh_settings_set_string (self->settings, "last", "dataset", self->dataset_path);
  dh_settings_set_list (self->settings, "last", "pictures", (const char *const *)self->pictures);
  g_autofree char *reading = dh_reading_to_text (self->reading);
  dh_settings_set_string (self->settings, "last", "reading", *reading != '\0' ? reading : NULL);
  if (self->dataset_path != NULL)
    dh_known_sets_add (self->known_sets, self->dataset_path, dh_session_get_dataset_title (self),
                       dh_dataset_size (self->dataset), reading);
}

/* Lists begin with all that there is, but of the set that the program ended with, at its start. */
static void
settle_filters (DhSession *self)
{
  g_autofree char *kind = dh_settings_dup_string (self->settings, "last", "kind");
  g_autofree char *path = dh_settings_dup_string (self->settings, "last", "dataset");
  const char *now = kind_of (self);
  const gboolean same = !self->filters_settled && g_strcmp0 (now, kind) == 0
                        && g_strcmp0 (self->dataset_path, path) == 0 && self->pictures == NULL;
  self->filters_settled = TRUE;
  if (!same)
    g_object_set (self->view, "image-filter", "", "table-images-filter", "", "table-slices-filter", "",
                  "table-objects-filter", "", NULL);
}

static void
update_table (DhSession *self)
{
  self->table = self->dataset != NULL ? dh_dataset_class_table (self->dataset) : NULL;
  if (self->model != NULL && (self->table == NULL || self->table->n_classes != self->model->n_classes))
    self->table = dh_class_table_for_count (self->model->n_classes);
}

static void
show_dataset (DhSession *self, DhOpening *opening)
{
  dh_session_keep_note (self);
  dh_session_drop_evaluation (self);
  g_autofree char *asked = g_steal_pointer (&self->reread_at);
  /* Who has gone on while the set was read again is not brought back. */
  if (asked != NULL && self->current != NULL && !g_str_equal (asked, dh_image_item_get_stem (self->current)))
    {
      g_free (opening->image);
      opening->image = g_strdup (dh_image_item_get_stem (self->current));
    }
  dh_session_set_rereads_labels (self, asked != NULL);
  dh_session_set_current (self, NULL);
  dh_session_set_rereads_labels (self, FALSE);
  dh_session_drop_kept (self);
  dh_session_forget_frames (self);
  dh_session_forget_ranges (self);
  dh_session_forget_starts (self);
  g_clear_pointer (&self->dataset, dh_dataset_unref);
  self->dataset = g_steal_pointer (&opening->dataset);
  g_free (self->dataset_path);
  self->dataset_path = g_steal_pointer (&opening->dataset_path);
  g_clear_pointer (&self->reading, dh_reading_free);
  self->reading = opening->reading != NULL ? g_steal_pointer (&opening->reading) : dh_reading_new ();
  g_autoptr (DhReading) as_opened = dh_reading_new_for (self->dataset);
  g_free (self->reading->splits);
  self->reading->splits = g_steal_pointer (&as_opened->splits);
  g_strfreev (self->pictures);
  self->pictures = g_steal_pointer (&opening->pictures);
  self->demo = opening->demo;
  update_table (self);
  dh_worker_set_dataset (self->worker, self->dataset);
  settle_filters (self);
  dh_image_list_take_items (self->list, make_items (self, self->dataset, opening->marks));
  dh_thumbnails_drop_kept (self->thumbnails);
  dh_session_take_set_stats (self, NULL);
  remember (self);
  dh_session_trace (self, "opened %s, %u pictures", dh_session_get_dataset_title (self),
                    dh_image_list_get_size (self->list));
  dh_session_notify (self, DH_SESSION_PROP_DATASET_TITLE);
  dh_session_emit (self, DH_SESSION_RANGES);
  gint index = opening->image != NULL ? dh_dataset_find (self->dataset, opening->image) : -1;
  if (index < 0 && opening->first > 0 && opening->first < dh_image_list_get_size (self->list))
    index = (gint)opening->first;
  DhImageItem *first = index >= 0 ? dh_image_list_get_item (self->list, index) : NULL;
  dh_session_set_current (self, first != NULL ? first : dh_image_list_step (self->list, NULL, 1));
  dh_session_read_kept (self);
}

/* An evaluation that was put off is of the set as it is now: where that stays, or was read again as it was to be. */
static void
end_waiting (DhSession *self, gboolean is_meant)
{
  if (is_meant)
    dh_session_evaluate_written (self);
  else
    dh_session_forget_put_off (self);
}

static void
opened (GObject *source, GAsyncResult *result, gpointer data)
{
  DhSession *self = DH_SESSION (source);
  g_autoptr (GError) error = NULL;
  gboolean done = g_task_propagate_boolean (G_TASK (result), &error);
  DhOpening *opening = g_task_get_task_data (G_TASK (result));
  if (self->worker == NULL || self->opening != g_task_get_cancellable (G_TASK (result)))
    return; /* closed, or something else was asked for since */
  g_clear_object (&self->opening);
  g_clear_pointer (&self->opening_path, g_free);
  g_clear_pointer (&self->asked, dh_reading_free);
  dh_session_notify (self, DH_SESSION_PROP_OPENING);
  const gboolean rereads = self->reread_at != NULL;
  if (!done)
    {
      end_waiting (self, !rereads);
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        {
          dh_session_complain (self, _ ("It could not be opened"), error->message);
          dh_session_tell (self, DH_SESSION_REFUSED, error->message);
        }
      return;
    }
  g_autofree char *weights = g_steal_pointer (&opening->weights);
  const gboolean is_same = rereads || opening->dataset == NULL;
  if (opening->dataset != NULL)
    show_dataset (self, opening);
  if (opening->forgotten != NULL)
    dh_session_complain (self, _ ("The folder is read as it looks, not as was chosen before"), opening->forgotten);
  if (opening->marks_error != NULL)
    dh_session_complain (self, _ ("Tags and notes could not be read"), opening->marks_error);
  g_clear_pointer (&self->waiting_view, g_free);
  if (weights != NULL)
    dh_session_open_weights (self, weights);
  if (opening->view != NULL && weights != NULL)
    self->waiting_view = g_steal_pointer (&opening->view);
  else if (opening->view != NULL)
    dh_view_file_show (self, opening->view);
  if (opening->scores != NULL)
    {
      dh_session_trace (self, "scores of %s", opening->scores);
      dh_session_tell (self, DH_SESSION_SCORES, opening->scores);
    }
  if (opening->recording != NULL)
    {
      dh_session_trace (self, "recording %s", opening->recording);
      dh_session_tell (self, DH_SESSION_RECORDING, opening->recording);
    }
  dh_session_recall_known (self);
  end_waiting (self, is_same);
}

static void
drop_opening (DhSession *self)
{
  if (self->opening != NULL)
    g_cancellable_cancel (self->opening);
  g_clear_object (&self->opening);
  g_clear_pointer (&self->opening_path, g_free);
  g_clear_pointer (&self->reread_at, g_free);
  g_clear_pointer (&self->asked, dh_reading_free);
}

void
dh_session_stop_opening (DhSession *self)
{
  const gboolean rereads = self->reread_at != NULL;
  drop_opening (self);
  dh_session_notify (self, DH_SESSION_PROP_OPENING);
  end_waiting (self, !rereads);
}

static void
begin (DhSession *self, DhOpening *opening)
{
  drop_opening (self);
  self->opening = g_cancellable_new ();
  self->opening_path = g_strdup (opening->dataset_path);
  g_autoptr (GTask) task = g_task_new (self, self->opening, opened, NULL);
  g_task_set_check_cancellable (task, FALSE);
  if (opening->reading == NULL)
    opening->reading = dh_reading_new ();
  g_task_set_task_data (task, opening, dh_opening_free);
  g_task_run_in_thread (task, open_in_thread);
  dh_session_notify (self, DH_SESSION_PROP_OPENING);
}

static void
remember_reading (DhSession *self, DhOpening *opening, const char *path)
{
  g_autofree char *text = dh_known_sets_dup_reading (self->known_sets, path);
  if (text == NULL || opening->reading != NULL)
    return;
  opening->reading = dh_reading_from_text (text);
  opening->remembered = TRUE;
}

void
dh_session_open_dataset_at (DhSession *self, const char *path, const char *image, const DhReading *reading)
{
  DhOpening *opening = g_new0 (DhOpening, 1);
  opening->demo = path == NULL;
  opening->dataset_path = g_strdup (path);
  opening->image = g_strdup (image);
  if (reading != NULL)
    opening->reading = dh_reading_copy (reading);
  else if (path != NULL)
    remember_reading (self, opening, path);
  begin (self, opening);
}

void
dh_session_open_dataset (DhSession *self, const char *path)
{
  dh_session_open_dataset_at (self, path, NULL, NULL);
}

void
dh_session_open_pictures (DhSession *self, const char *const *paths)
{
  DhOpening *opening = g_new0 (DhOpening, 1);
  opening->pictures = g_strdupv ((char **)paths);
  begin (self, opening);
}

void
dh_session_open_any (DhSession *self, const char *const *paths)
{
  if (paths[0] == NULL)
    return;
  DhOpening *opening = g_new0 (DhOpening, 1);
  opening->any = TRUE;
  opening->paths = g_strdupv ((char **)paths);
  for (guint i = 0; paths[i] != NULL; i++) /* folders alone are known */
    remember_reading (self, opening, paths[i]);
  begin (self, opening);
}

/* Its thresholds are of the weights that it came with. */
static void
show_waiting_view (DhSession *self)
{
  g_autofree char *path = g_steal_pointer (&self->waiting_view);
  if (path != NULL)
    dh_view_file_show (self, path);
}

static void
weights_loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (DhSession) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModelInfo) info = dh_worker_load_model_finish (DH_WORKER (source), result, &error);
  if (self->worker == NULL)
    return;
  self->loading--;
  dh_session_notify (self, DH_SESSION_PROP_LOADING);
  if (info == NULL)
    {
      dh_session_complain (self, _ ("The weights could not be loaded"), error->message);
      /* Requests were dropped for it. */
      dh_session_request_current (self);
      if (self->loading == 0)
        show_waiting_view (self);
      return;
    }
  dh_session_drop_evaluation (self);
  g_clear_pointer (&self->model, dh_model_info_unref);
  g_clear_pointer (&self->compute, dh_compute_info_unref);
  self->model = g_steal_pointer (&info);
  self->compute = dh_compute_info_ref (dh_worker_get_compute_info (self->worker));
  if (!self->model->has_outlier_head && self->active != DH_SCORE_LIKELIHOOD)
    dh_session_set_active_score (self, DH_SCORE_LIKELIHOOD);
  dh_settings_set_string (self->settings, "last", "weights", self->model->path != NULL ? self->model->path : "demo");
  update_table (self);
  dh_session_forget_frames (self);
  dh_session_forget_ranges (self);
  dh_session_take_set_stats (self, NULL);
  dh_session_load_thresholds (self);
  for (guint i = 0; i < dh_image_list_get_size (self->list); i++)
    {
      DhImageItem *item = dh_image_list_get_item (self->list, i);
      dh_image_item_set_state (item, DH_ITEM_UNKNOWN, NULL);
      dh_image_item_set_metrics (item, &DH_ITEM_METRICS_NONE);
    }
  dh_session_forget_shown_maps (self);
  dh_session_trace (self, "loaded %s, %s on %s", self->model->title, self->model->network, self->compute->name);
  dh_session_notify (self, DH_SESSION_PROP_MODEL_INFO);
  dh_session_emit (self, DH_SESSION_RANGES);
  dh_session_request_current (self);
  if (self->loading > 0)
    return; /* others come */
  if (self->compute->instead_why != NULL)
    {
      g_autofree char *text = g_strdup_printf (_ ("%s computes, since %s cannot: %s"), self->compute->name,
                                               self->device, self->compute->instead_why);
      dh_session_say (self, text);
    }
  if (self->model->assumed)
    {
      g_autofree char *text = g_strdup_printf (_ ("Nothing says how images are normalised for %s: ImageNet’s mean and "
                                                  "deviation are taken. %s.json beside it would say it."),
                                               self->model->title, self->model->title);
      dh_session_say (self, text);
    }
  show_waiting_view (self);
  dh_session_check_loaded_weights (self);
  dh_session_recall_known (self);
}

static void
load_weights (DhSession *self, const char *path, GBytes *bytes, const char *name)
{
  dh_session_drop_evaluation (self);
  dh_session_drop_check (self);
  self->loading++;
  g_free (self->asked_weights);
  self->asked_weights = g_strdup (path);
  dh_session_notify (self, DH_SESSION_PROP_LOADING);
  dh_worker_load_model_async (self->worker, path, bytes, name, self->closing, weights_loaded, g_object_ref (self));
}

void
dh_session_open_weights (DhSession *self, const char *path)
{
  load_weights (self, path, NULL, NULL);
}

static gboolean
load_demo_weights (DhSession *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) weights = dh_demo_get_weights (&error);
  if (weights == NULL)
    {
      dh_session_complain (self, _ ("The demo could not be opened"), error->message);
      return FALSE;
    }
  load_weights (self, NULL, weights, _ ("Demo network"));
  return TRUE;
}

void
dh_session_open_demo_weights (DhSession *self)
{
  load_demo_weights (self);
}

void
dh_session_open_demo (DhSession *self)
{
  if (!load_demo_weights (self))
    return;
  DhOpening *opening = g_new0 (DhOpening, 1);
  opening->demo = TRUE;
  opening->first = DH_DEMO_FIRST;
  begin (self, opening);
}

gboolean
dh_session_restore (DhSession *self)
{
  g_autofree char *kind = dh_settings_dup_string (self->settings, "last", "kind");
  g_autofree char *path = dh_settings_dup_string (self->settings, "last", "dataset");
  g_autofree char *weights = dh_settings_dup_string (self->settings, "last", "weights");
  g_autofree char *score = dh_settings_dup_string (self->settings, "view", "score");
  g_auto (GStrv) pictures = dh_settings_dup_list (self->settings, "last", "pictures");
  DhScore active;
  if (dh_score_from_id (score, &active))
    dh_session_set_active_score (self, active);
  gboolean demo = g_strcmp0 (kind, "demo") == 0;
  if (demo && (weights == NULL || g_str_equal (weights, "demo")))
    {
      dh_session_open_demo (self);
      return TRUE;
    }
  if (g_strcmp0 (weights, "demo") == 0)
    dh_session_open_demo_weights (self);
  else if (weights != NULL && g_file_test (weights, G_FILE_TEST_IS_REGULAR))
    dh_session_open_weights (self, weights);
  DhOpening *opening = g_new0 (DhOpening, 1);
  opening->image = dh_settings_dup_string (self->settings, "last", "image");
  if (demo)
    opening->demo = TRUE;
  else if (path != NULL && g_file_test (path, G_FILE_TEST_IS_DIR))
    {
      g_autofree char *reading = dh_settings_dup_string (self->settings, "last", "reading");
      opening->dataset_path = g_steal_pointer (&path);
      opening->reading = reading != NULL ? dh_reading_from_text (reading) : NULL;
      opening->remembered = TRUE;
    }
  else if (pictures != NULL && pictures[0] != NULL && g_file_test (pictures[0], G_FILE_TEST_EXISTS))
    opening->pictures = g_steal_pointer (&pictures);
  else
    {
      dh_opening_free (opening);
      return FALSE;
    }
  begin (self, opening);
  return TRUE;
}

gboolean
dh_session_is_opening (DhSession *self)
{
  return self->opening != NULL;
}

gboolean
dh_session_is_loading (DhSession *self)
{
  return self->loading > 0;
}

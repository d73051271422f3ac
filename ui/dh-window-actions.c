#include "dh-focus.h"
#include "dh-session-evaluation.h"
#include "dh-session-recording.h"
#include "dh-window-private.h"

#define ACTION(name) static void name (GSimpleAction *action, GVariant *value, gpointer data)

ACTION (open_dataset) { dh_window_choose_dataset (data); }

ACTION (open_pictures) { dh_window_choose_pictures (data); }

ACTION (open_recording) { dh_window_choose_recording (data); }

ACTION (open_weights) { dh_window_choose_weights (data); }

ACTION (demo_weights) { dh_session_open_demo_weights (DH_WINDOW (data)->session); }

ACTION (open_demo)
{
  dh_session_open_demo (DH_WINDOW (data)->session);
  dh_window_show_opened (data);
}

ACTION (show_training)
{
  DhWindow *self = data;
  DhTrainingJob *job = dh_training_queue_find (dh_session_get_training (self->session), g_variant_get_int64 (value));
  if (job == NULL)
    return;
  adw_view_stack_set_visible_child_name (ADW_VIEW_STACK (self->stack), "training");
  dh_training_page_choose (DH_TRAINING_PAGE (self->training), job);
}

ACTION (show_run)
{
  DhWindow *self = data;
  adw_view_stack_set_visible_child_name (ADW_VIEW_STACK (self->stack), "runs");
  dh_runs_page_choose (DH_RUNS_PAGE (self->runs), g_variant_get_int64 (value));
}

ACTION (filter)
{
  DhWindow *self = data;
  if (dh_window_is_page (self, "training"))
    dh_training_page_focus_filter (DH_TRAINING_PAGE (self->training));
  else if (dh_window_is_page (self, "runs"))
    dh_runs_page_focus_filter (DH_RUNS_PAGE (self->runs));
  else if (dh_window_browses (self))
    dh_browse_page_focus_filter (DH_BROWSE_PAGE (self->browse));
  else if (!dh_window_is_page (self, "metrics") || !dh_metrics_page_focus_filter (DH_METRICS_PAGE (self->metrics)))
    gtk_widget_error_bell (GTK_WIDGET (self));
}

ACTION (browse_images)
{
  DhWindow *self = data;
  dh_browse_page_set_filter (DH_BROWSE_PAGE (self->browse), g_variant_get_string (value, NULL));
  adw_view_stack_set_visible_child_name (ADW_VIEW_STACK (self->stack), "browse");
}

ACTION (add_training)
{
  DhWindow *self = data;
  if (!dh_window_is_page (self, "training") || !dh_training_page_add (DH_TRAINING_PAGE (self->training)))
    gtk_widget_error_bell (GTK_WIDGET (self));
}

ACTION (page)
{
  adw_view_stack_set_visible_child_name (ADW_VIEW_STACK (DH_WINDOW (data)->stack), g_variant_get_string (value, NULL));
}

ACTION (evaluate) { dh_session_evaluate (DH_WINDOW (data)->session); }

ACTION (recall_evaluation) { dh_session_recall_evaluation (DH_WINDOW (data)->session); }

ACTION (cancel_evaluation) { dh_session_cancel_evaluation (DH_WINDOW (data)->session); }

/* On the page of runs it is about the one that is chosen there. */
ACTION (export_report)
{
  DhWindow *self = data;
  const char *form = g_variant_get_string (value, NULL);
  if (dh_window_is_page (self, "runs"))
    gtk_widget_activate_action (adw_view_stack_get_visible_child (ADW_VIEW_STACK (self->stack)), "runs.export", "s",
                                form);
  else
    dh_window_choose_report (self, form);
}

static void
report_slices (GSimpleAction *action, GVariant *value, gpointer data)
{
  g_simple_action_set_state (action, value);
  dh_session_set_report_slices (DH_WINDOW (data)->session, g_variant_get_boolean (value));
}

static void
report_objects (GSimpleAction *action, GVariant *value, gpointer data)
{
  g_simple_action_set_state (action, value);
  dh_session_set_report_objects (DH_WINDOW (data)->session, g_variant_get_boolean (value));
}

static void
report_false_alarms (GSimpleAction *action, GVariant *value, gpointer data)
{
  g_simple_action_set_state (action, value);
  dh_session_set_report_false_alarms (DH_WINDOW (data)->session, g_variant_get_boolean (value));
}

static void
report_intervals (GSimpleAction *action, GVariant *value, gpointer data)
{
  g_simple_action_set_state (action, value);
  dh_session_set_report_intervals (DH_WINDOW (data)->session, g_variant_get_boolean (value));
}

ACTION (save_view) { dh_window_save_view (data); }

ACTION (add_tags) { dh_window_choose_tags (data); }

ACTION (open_view) { dh_window_open_view (data); }

ACTION (copy_command)
{
  DhWindow *self = data;
  g_autofree char *command = dh_session_dup_command (self->session);
  if (command == NULL)
    {
      g_signal_emit_by_name (self->session, "message", _ ("Open a data set and weights from files first"));
      return;
    }
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), command);
  g_signal_emit_by_name (self->session, "message", _ ("The command is in the clipboard"));
}

ACTION (export_video) { dh_window_choose_video (data); }

ACTION (export_finds) { dh_window_choose_finds (data); }

ACTION (stop_frames) { dh_session_stop_frames (DH_WINDOW (data)->session); }

ACTION (clear_cache) { dh_session_clear_cache (DH_WINDOW (data)->session); }

ACTION (device)
{
  DhWindow *self = data;
  dh_session_set_device (self->session, g_variant_get_string (value, NULL));
  dh_window_set_state (self, "device", dh_session_get_device (self->session));
}

ACTION (precision)
{
  DhWindow *self = data;
  dh_session_set_precision (self->session, g_variant_get_string (value, NULL));
  dh_window_update_actions (self);
}

ACTION (weights_info) { dh_window_show_weights (data); }

ACTION (dataset_notes) { dh_window_show_notes (data); }

ACTION (about) { dh_window_show_about (data); }

ACTION (region) { dh_focus_step_region (GTK_WINDOW (data), g_variant_get_int32 (value)); }

ACTION (shortcuts) { dh_window_show_shortcuts (data); }

ACTION (quit) { gtk_window_close (GTK_WINDOW (data)); }

static const GActionEntry entries[] = {
  { "open-dataset", open_dataset, NULL, NULL, NULL },
  { "open-pictures", open_pictures, NULL, NULL, NULL },
  { "open-recording", open_recording, NULL, NULL, NULL },
  { "open-weights", open_weights, NULL, NULL, NULL },
  { "demo-weights", demo_weights, NULL, NULL, NULL },
  { "open-demo", open_demo, NULL, NULL, NULL },
  { "filter", filter, NULL, NULL, NULL },
  { "browse-images", browse_images, "s", NULL, NULL },
  { "page", page, "s", NULL, NULL },
  { "show-training", show_training, "x", NULL, NULL },
  { "show-run", show_run, "x", NULL, NULL },
  { "region", region, "i", NULL, NULL },
  { "add-training", add_training, NULL, NULL, NULL },
  { "evaluate", evaluate, NULL, NULL, NULL },
  { "recall-evaluation", recall_evaluation, NULL, NULL, NULL },
  { "cancel-evaluation", cancel_evaluation, NULL, NULL, NULL },
  { "stop-frames", stop_frames, NULL, NULL, NULL },
  { "export-video", export_video, NULL, NULL, NULL },
  { "export-finds", export_finds, NULL, NULL, NULL },
  { "export", export_report, "s", NULL, NULL },
  { "report-slices", NULL, NULL, "false", report_slices },
  { "report-objects", NULL, NULL, "false", report_objects },
  { "report-false-alarms", NULL, NULL, "false", report_false_alarms },
  { "report-intervals", NULL, NULL, "false", report_intervals },
  { "copy-command", copy_command, NULL, NULL, NULL },
  { "save-view", save_view, NULL, NULL, NULL },
  { "open-view", open_view, NULL, NULL, NULL },
  { "add-tags", add_tags, NULL, NULL, NULL },
  { "clear-cache", clear_cache, NULL, NULL, NULL },
  { "device", device, "s", "'auto'", NULL },
  { "precision", precision, "s", "'f32'", NULL },
  { "weights-info", weights_info, NULL, NULL, NULL },
  { "dataset-notes", dataset_notes, NULL, NULL, NULL },
  { "about", about, NULL, NULL, NULL },
  { "shortcuts", shortcuts, NULL, NULL, NULL },
  { "quit", quit, NULL, NULL, NULL },
};

static void
set_enabled (DhWindow *self, const char *name, gboolean enabled)
{
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self), name);
  g_simple_action_set_enabled (G_SIMPLE_ACTION (action), enabled);
}

void
dh_window_set_state (DhWindow *self, const char *name, const char *state)
{
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self), name);
  g_simple_action_set_state (G_SIMPLE_ACTION (action), g_variant_new_string (state));
}

void
dh_window_update_actions (DhWindow *self)
{
  dh_window_update_precisions (self);
  dh_window_set_state (self, "precision", dh_session_get_precision (self->session));
  gboolean open = dh_session_has_dataset (self->session);
  set_enabled (self, "evaluate", dh_session_can_evaluate (self->session));
  set_enabled (self, "cancel-evaluation",
               dh_session_is_evaluating (self->session) || dh_session_is_recalling (self->session));
  set_enabled (self, "export", dh_window_is_page (self, "runs") || dh_session_get_evaluation (self->session) != NULL);
  set_enabled (self, "export-video", dh_session_get_evaluation (self->session) != NULL);
  set_enabled (self, "weights-info", dh_session_get_model_info (self->session) != NULL);
  set_enabled (self, "dataset-notes", open);
  set_enabled (self, "save-view", open);
  set_enabled (self, "add-tags", open);
  dh_window_update_browse_actions (self);
}

void
dh_window_add_actions (DhWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  dh_window_add_browse_actions (self);
  static const char *const signals[] = { "notify::dataset-title", "notify::model-info", "notify::evaluating",
                                         "notify::loading",       "evaluation",         "notify::active-score" };
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_connect_object (self->session, signals[i], G_CALLBACK (dh_window_update_actions), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "notify::model-info", G_CALLBACK (dh_window_list_devices), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->stack, "notify::visible-child", G_CALLBACK (dh_window_update_actions), self,
                           G_CONNECT_SWAPPED);
  dh_window_list_devices (self);
  dh_window_update_actions (self);
}

#include <math.h>
#include "dh-classes-window.h"
#include "dh-focus.h"
#include "dh-player.h"
#include "dh-session-components.h"
#include "dh-session-evaluation.h"
#include "dh-window-private.h"

static DhCanvas *
canvas_of (DhWindow *self)
{
  return dh_browse_page_get_canvas (DH_BROWSE_PAGE (self->browse));
}

static void
set_state (DhWindow *self, const char *name, const char *state)
{
  GAction *action = g_action_map_lookup_action (G_ACTION_MAP (self), name);
  g_simple_action_set_state (G_SIMPLE_ACTION (action), g_variant_new_string (state));
}

#define ACTION(name) static void name (GSimpleAction *action, GVariant *value, gpointer data)

ACTION (open_dataset) { dh_window_choose_dataset (data); }

ACTION (open_pictures) { dh_window_choose_pictures (data); }

ACTION (open_weights) { dh_window_choose_weights (data); }

ACTION (open_demo)
{
  dh_session_open_demo (DH_WINDOW (data)->session);
  dh_window_show_opened (data);
}

ACTION (step)
{
  if (!dh_session_step (DH_WINDOW (data)->session, g_variant_get_int32 (value)))
    gtk_widget_error_bell (GTK_WIDGET (data));
}

static gboolean
is_page (DhWindow *self, const char *name)
{
  return g_strcmp0 (adw_view_stack_get_visible_child_name (ADW_VIEW_STACK (self->stack)), name) == 0;
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
  if (is_page (self, "training"))
    dh_training_page_focus_filter (DH_TRAINING_PAGE (self->training));
  else if (is_page (self, "runs"))
    dh_runs_page_focus_filter (DH_RUNS_PAGE (self->runs));
  else
    dh_browse_page_focus_filter (DH_BROWSE_PAGE (self->browse));
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
  if (!is_page (self, "training") || !dh_training_page_add (DH_TRAINING_PAGE (self->training)))
    gtk_widget_error_bell (GTK_WIDGET (self));
}

ACTION (fit) { dh_canvas_fit (canvas_of (data)); }

ACTION (zoom_one) { dh_canvas_zoom_to (canvas_of (data), 1); }

ACTION (zoom_in) { dh_canvas_zoom_by (canvas_of (data), M_SQRT2); }

ACTION (zoom_out) { dh_canvas_zoom_by (canvas_of (data), M_SQRT1_2); }

ACTION (link_panes) { dh_canvas_set_linked (canvas_of (data), !dh_canvas_get_linked (canvas_of (data))); }

ACTION (single)
{
  DhView *view = dh_session_get_view (DH_WINDOW (data)->session);
  gboolean is_single = dh_view_is (view, "layout", "single");
  g_object_set (view, "layout", is_single ? "grid" : "single", NULL);
}

ACTION (compare)
{
  DhView *view = dh_session_get_view (DH_WINDOW (data)->session);
  gboolean compares = dh_view_is (view, "layout", "compare");
  g_object_set (view, "layout", compares ? "grid" : "compare", NULL);
}

ACTION (blink) { gtk_widget_activate_action (GTK_WIDGET (canvas_of (data)), "pane.flip", NULL); }

ACTION (swap) { gtk_widget_activate_action (GTK_WIDGET (canvas_of (data)), "pane.swap", NULL); }

ACTION (keep)
{
  if (is_page (data, "browse"))
    gtk_widget_activate_action (GTK_WIDGET (canvas_of (data)), "pane.keep", NULL);
}

/* One thing at a time, and only where it is seen. */
ACTION (release)
{
  DhWindow *self = data;
  if (is_page (self, "browse") && !dh_browse_page_free_pin (DH_BROWSE_PAGE (self->browse)))
    gtk_widget_activate_action (GTK_WIDGET (canvas_of (self)), "pane.release", NULL);
}

ACTION (pin) { dh_browse_page_toggle_pin (DH_BROWSE_PAGE (DH_WINDOW (data)->browse)); }

ACTION (copy_probe) { dh_browse_page_copy_probe (DH_BROWSE_PAGE (DH_WINDOW (data)->browse)); }

ACTION (next_overlay)
{
  static const char *const overlays[] = { "none", "mask", "outcome", "classes" };
  DhView *view = dh_session_get_view (DH_WINDOW (data)->session);
  const char *now = dh_view_get_string (view, "overlay");
  guint i = 0;
  while (i < 3 && !g_str_equal (overlays[i], now))
    i++;
  g_object_set (view, "overlay", overlays[(i + 1) % 4], NULL);
}

ACTION (classes) { dh_classes_window_show (DH_WINDOW (data)->session, GTK_WINDOW (data)); }

ACTION (opacity)
{
  DhView *view = dh_session_get_view (DH_WINDOW (data)->session);
  g_object_set (view, "opacity", CLAMP (dh_view_get_number (view, "opacity") + 0.1 * g_variant_get_int32 (value), 0, 1),
                NULL);
}

ACTION (active_score)
{
  DhScore score;
  if (dh_score_from_id (g_variant_get_string (value, NULL), &score))
    dh_session_set_active_score (DH_WINDOW (data)->session, score);
}

ACTION (threshold_field) { dh_browse_page_focus_threshold (DH_BROWSE_PAGE (DH_WINDOW (data)->browse)); }

ACTION (nudge) { dh_browse_page_nudge (DH_BROWSE_PAGE (DH_WINDOW (data)->browse), g_variant_get_int32 (value)); }

ACTION (preset)
{
  DhSession *session = DH_WINDOW (data)->session;
  const char *score_id, *rule_id;
  g_variant_get (value, "(&s&s)", &score_id, &rule_id);
  DhScore score;
  DhRule rule;
  if (!dh_score_from_id (score_id, &score) || !dh_rule_from_id (rule_id, &rule))
    return;
  dh_session_set_active_score (session, score);
  if (!dh_session_choose_threshold (session, score, rule))
    g_signal_emit_by_name (session, "message", _ ("This needs labels with anomaly and inlier pixels"));
}

ACTION (reset)
{
  DhScore score;
  if (dh_score_from_id (g_variant_get_string (value, NULL), &score))
    dh_session_reset_threshold (DH_WINDOW (data)->session, score);
}

ACTION (reset_active) { dh_browse_page_reset_threshold (DH_BROWSE_PAGE (DH_WINDOW (data)->browse)); }

/* The key comes here before the field in which one types. */
static gboolean
do_while_typing (DhWindow *self, const char *action)
{
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (self));
  const gboolean typing = focus != NULL && (GTK_IS_TEXT (focus) || GTK_IS_TEXT_VIEW (focus));
  if (typing)
    gtk_widget_activate_action (focus, action, NULL);
  return typing;
}

ACTION (undo)
{
  if (!do_while_typing (data, "text.undo") && !dh_session_undo_threshold (DH_WINDOW (data)->session))
    gtk_widget_error_bell (GTK_WIDGET (data));
}

ACTION (redo)
{
  if (!do_while_typing (data, "text.redo") && !dh_session_redo_threshold (DH_WINDOW (data)->session))
    gtk_widget_error_bell (GTK_WIDGET (data));
}

ACTION (component)
{
  DhWindow *self = data;
  if (dh_browse_page_step_component (DH_BROWSE_PAGE (self->browse), g_variant_get_int32 (value)))
    return;
  if (dh_session_get_current (self->session) == NULL)
    {
      gtk_widget_error_bell (GTK_WIDGET (self));
      return;
    }
  const char *why = dh_session_explain_components (self->session);
  g_signal_emit_by_name (self->session, "message",
                         why != NULL ? why : _ ("Objects are still looked for in this image"));
}

ACTION (note)
{
  if (!dh_browse_page_focus_notes (DH_BROWSE_PAGE (DH_WINDOW (data)->browse), g_variant_get_boolean (value)))
    gtk_widget_error_bell (GTK_WIDGET (data));
}

ACTION (retry) { dh_session_retry (DH_WINDOW (data)->session); }

ACTION (compute_in_tiles) { dh_session_compute_in_tiles (DH_WINDOW (data)->session); }

ACTION (page)
{
  adw_view_stack_set_visible_child_name (ADW_VIEW_STACK (DH_WINDOW (data)->stack), g_variant_get_string (value, NULL));
}

static void
toggle (GtkWidget *button)
{
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (button), !gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (button)));
}

/* What comes to lie over the page is gone into at once; Escape takes it away. */
static void
toggle_panel (GtkWidget *button, GtkWidget *flap)
{
  toggle (button);
  if (adw_flap_get_reveal_flap (ADW_FLAP (flap)) && adw_flap_get_folded (ADW_FLAP (flap)))
    gtk_widget_child_focus (adw_flap_get_flap (ADW_FLAP (flap)), GTK_DIR_TAB_FORWARD);
}

ACTION (toggle_images)
{
  DhWindow *self = data;
  if (is_page (self, "training"))
    toggle_panel (self->form_toggle, dh_training_page_get_flap (DH_TRAINING_PAGE (self->training)));
  else
    toggle_panel (self->images_toggle, dh_browse_page_get_flap (DH_BROWSE_PAGE (self->browse), FALSE));
}

ACTION (toggle_tuning)
{
  DhWindow *self = data;
  toggle_panel (self->tuning_toggle, dh_browse_page_get_flap (DH_BROWSE_PAGE (self->browse), TRUE));
}

ACTION (evaluate) { dh_session_evaluate (DH_WINDOW (data)->session); }

ACTION (cancel_evaluation) { dh_session_cancel_evaluation (DH_WINDOW (data)->session); }

ACTION (export_report) { dh_window_choose_report (data, g_variant_get_string (value, NULL)); }

static void
report_objects (GSimpleAction *action, GVariant *value, gpointer data)
{
  g_simple_action_set_state (action, value);
  dh_session_set_report_objects (DH_WINDOW (data)->session, g_variant_get_boolean (value));
}

ACTION (save_view) { dh_window_save_view (data); }

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

ACTION (clear_cache) { dh_session_clear_cache (DH_WINDOW (data)->session); }

ACTION (device)
{
  DhWindow *self = data;
  dh_session_set_device (self->session, g_variant_get_string (value, NULL));
  set_state (self, "device", dh_session_get_device (self->session));
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
  { "open-weights", open_weights, NULL, NULL, NULL },
  { "open-demo", open_demo, NULL, NULL, NULL },
  { "step", step, "i", NULL, NULL },
  { "filter", filter, NULL, NULL, NULL },
  { "browse-images", browse_images, "s", NULL, NULL },
  { "fit", fit, NULL, NULL, NULL },
  { "zoom-one", zoom_one, NULL, NULL, NULL },
  { "zoom-in", zoom_in, NULL, NULL, NULL },
  { "zoom-out", zoom_out, NULL, NULL, NULL },
  { "link", link_panes, NULL, NULL, NULL },
  { "single", single, NULL, NULL, NULL },
  { "compare", compare, NULL, NULL, NULL },
  { "blink", blink, NULL, NULL, NULL },
  { "swap", swap, NULL, NULL, NULL },
  { "keep", keep, NULL, NULL, NULL },
  { "release", release, NULL, NULL, NULL },
  { "pin", pin, NULL, NULL, NULL },
  { "copy-probe", copy_probe, NULL, NULL, NULL },
  { "next-overlay", next_overlay, NULL, NULL, NULL },
  { "classes", classes, NULL, NULL, NULL },
  { "opacity", opacity, "i", NULL, NULL },
  { "active-score", active_score, "s", "'hybrid'", NULL },
  { "threshold-field", threshold_field, NULL, NULL, NULL },
  { "nudge", nudge, "i", NULL, NULL },
  { "preset", preset, "(ss)", NULL, NULL },
  { "reset", reset, "s", NULL, NULL },
  { "reset-active", reset_active, NULL, NULL, NULL },
  { "undo", undo, NULL, NULL, NULL },
  { "redo", redo, NULL, NULL, NULL },
  { "component", component, "i", NULL, NULL },
  { "note", note, "b", NULL, NULL },
  { "retry", retry, NULL, NULL, NULL },
  { "compute-in-tiles", compute_in_tiles, NULL, NULL, NULL },
  { "page", page, "s", NULL, NULL },
  { "show-training", show_training, "x", NULL, NULL },
  { "show-run", show_run, "x", NULL, NULL },
  { "region", region, "i", NULL, NULL },
  { "toggle-images", toggle_images, NULL, NULL, NULL },
  { "toggle-tuning", toggle_tuning, NULL, NULL, NULL },
  { "add-training", add_training, NULL, NULL, NULL },
  { "evaluate", evaluate, NULL, NULL, NULL },
  { "cancel-evaluation", cancel_evaluation, NULL, NULL, NULL },
  { "export", export_report, "s", NULL, NULL },
  { "report-objects", NULL, NULL, "false", report_objects },
  { "copy-command", copy_command, NULL, NULL, NULL },
  { "save-view", save_view, NULL, NULL, NULL },
  { "open-view", open_view, NULL, NULL, NULL },
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

/* Those that are there, and the one that is wanted. */
static void
list_devices (DhWindow *self)
{
  const DhDeviceChoice *choice;
  const char *wanted = dh_session_get_device (self->session);
  gboolean is_listed = g_str_equal (wanted, "auto");
  g_menu_remove_all (self->devices);
  g_menu_append (self->devices, _ ("The fastest there is"), "win.device::auto");
  for (guint i = 0; (choice = dh_session_get_device_choice (self->session, i)) != NULL; i++)
    {
      g_autofree char *action = g_strconcat ("win.device::", choice->name, NULL);
      g_autofree char *label = choice->checks
                                   ? g_strdup_printf (_ ("%s: plain C, slow, to check the others"), choice->name)
                                   : g_strdup_printf ("%s: %s", choice->name, choice->title);
      g_menu_append (self->devices, label, action);
      is_listed = is_listed || g_str_equal (choice->name, wanted);
    }
  if (!is_listed && dh_session_get_device_choice (self->session, 0) != NULL)
    {
      g_autofree char *action = g_strconcat ("win.device::", wanted, NULL);
      g_autofree char *label = g_strdup_printf (_ ("%s: cannot be used"), wanted);
      g_menu_append (self->devices, label, action);
    }
  set_state (self, "device", wanted);
}

/* Those that the device has. */
static void
update_precisions (DhWindow *self)
{
  g_autofree const char **names = dh_session_list_precisions (self->session);
  GMenu *menu = self->precisions;
  guint n = g_strv_length ((char **)names);
  gboolean same = (guint)g_menu_model_get_n_items (G_MENU_MODEL (menu)) == n;
  if (!same)
    g_menu_remove_all (menu);
  for (guint i = 0; !same && i < n; i++)
    {
      static const struct
      {
        const char *name, *label;
      } labels[] = { { "f32", N_ ("float32") },
                     { "tf32", N_ ("TensorFloat-32") },
                     { "fp16", N_ ("float16") },
                     { "bf16", N_ ("bfloat16, faster") },
                     { "int8", N_ ("int8, calibrated on the data set, fastest") } };
      g_autofree char *action = g_strconcat ("win.precision::", names[i], NULL);
      const char *label = names[i];
      for (guint j = 0; j < G_N_ELEMENTS (labels); j++)
        if (g_str_equal (labels[j].name, names[i]))
          label = _ (labels[j].label);
      g_menu_append (menu, label, action);
    }
  set_state (self, "precision", dh_session_get_precision (self->session));
}

void
dh_window_update_actions (DhWindow *self)
{
  update_precisions (self);
  gboolean open = dh_session_has_dataset (self->session);
  set_enabled (self, "evaluate", dh_session_can_evaluate (self->session));
  set_enabled (self, "cancel-evaluation", dh_session_is_evaluating (self->session));
  set_enabled (self, "export", dh_session_get_evaluation (self->session) != NULL);
  set_enabled (self, "weights-info", dh_session_get_model_info (self->session) != NULL);
  set_enabled (self, "dataset-notes", open);
  set_enabled (self, "step", open);
  set_state (self, "active-score", dh_score_id (dh_session_get_active_score (self->session)));
}

void
dh_window_add_actions (DhWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  static const char *const properties[] = { "layout",      "overlay",       "palette",       "colors",
                                            "this-image",  "bright",        "outline",       "color-bar",
                                            "fill",        "linear-counts", "set-histogram", "compare-mode",
                                            "compare-a",   "compare-b",     "compare-scale", "changes-order",
                                            "tuning-page", "image-order",   "worst-first",   "grouped",
                                            "play-rate",   "play-repeats" };
  g_autoptr (GSimpleActionGroup) group = g_simple_action_group_new ();
  for (guint i = 0; i < G_N_ELEMENTS (properties); i++)
    {
      g_autoptr (GPropertyAction) action =
          g_property_action_new (properties[i], dh_session_get_view (self->session), properties[i]);
      g_action_map_add_action (G_ACTION_MAP (group), G_ACTION (action));
    }
  gtk_widget_insert_action_group (GTK_WIDGET (self), "view", G_ACTION_GROUP (group));
  g_autoptr (GPropertyAction) play = g_property_action_new ("play", dh_session_get_player (self->session), "playing");
  g_action_map_add_action (G_ACTION_MAP (self), G_ACTION (play));
  static const char *const signals[] = { "notify::dataset-title", "notify::model-info", "notify::evaluating",
                                         "notify::loading",       "evaluation",         "notify::active-score" };
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_connect_object (self->session, signals[i], G_CALLBACK (dh_window_update_actions), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "notify::model-info", G_CALLBACK (list_devices), self, G_CONNECT_SWAPPED);
  list_devices (self);
  dh_window_update_actions (self);
}

GMenuModel *
dh_window_new_open_menu (DhWindow *self)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenuModel) sets = dh_window_make_sets_menu (self);
  dh_ui_menu_section (menu, NULL, _ ("Data set…"), "win.open-dataset", _ ("Images…"), "win.open-pictures",
                      _ ("Weights…"), "win.open-weights", NULL);
  g_menu_append_section (menu, _ ("Opened lately"), sets);
  dh_ui_menu_section (menu, NULL, _ ("Demo"), "win.open-demo", NULL);
  return G_MENU_MODEL (menu);
}

GMenuModel *
dh_window_new_main_menu (DhWindow *self)
{
  GMenu *menu = g_menu_new ();
  dh_ui_menu_section (menu, NULL, _ ("Evaluate the data set"), "win.evaluate", _ ("Export a report…"),
                      "win.export::html", _ ("Copy as command"), "win.copy-command", NULL);
  dh_ui_menu_section (menu, NULL, _ ("Save this view…"), "win.save-view", _ ("Open a saved view…"), "win.open-view",
                      NULL);
  g_autoptr (GMenu) compute = g_menu_new ();
  g_menu_append_submenu (compute, _ ("Device"), G_MENU_MODEL (self->devices));
  g_menu_append_submenu (compute, _ ("Precision"), G_MENU_MODEL (self->precisions));
  g_menu_append_section (menu, NULL, G_MENU_MODEL (compute));
  dh_ui_menu_section (menu, NULL, _ ("Clear the cache of maps"), "win.clear-cache", NULL);
  dh_ui_menu_section (menu, NULL, _ ("Keys"), "win.shortcuts", _ ("About DenseHybrid Studio"), "win.about", NULL);
  return G_MENU_MODEL (menu);
}

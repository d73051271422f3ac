#include <math.h>
#include <string.h>
#include "dh-classes-window.h"
#include "dh-player.h"
#include "dh-session-components.h"
#include "dh-session-evaluation.h"
#include "dh-session-finds.h"
#include "dh-session-labels.h"
#include "dh-window-private.h"

/* What is done to the pictures of Browse, and to thresholds, by keys and by buttons. */

gboolean
dh_window_is_page (DhWindow *self, const char *name)
{
  return g_strcmp0 (adw_view_stack_get_visible_child_name (ADW_VIEW_STACK (self->stack)), name) == 0;
}

gboolean
dh_window_browses (DhWindow *self)
{
  return dh_session_has_dataset (self->session) && dh_window_is_page (self, "browse");
}

static gboolean
shows_threshold (DhWindow *self)
{
  return dh_window_browses (self)
         || (dh_session_get_evaluation (self->session) != NULL && dh_window_is_page (self, "metrics"));
}

static DhCanvas *
canvas_of (DhWindow *self)
{
  return dh_browse_page_get_canvas (DH_BROWSE_PAGE (self->browse));
}

#define ACTION(name) static void name (GSimpleAction *action, GVariant *value, gpointer data)

ACTION (step)
{
  if (!dh_session_step (DH_WINDOW (data)->session, g_variant_get_int32 (value)))
    gtk_widget_error_bell (GTK_WIDGET (data));
}

ACTION (fit) { dh_canvas_fit (canvas_of (data)); }

ACTION (zoom_one) { dh_canvas_zoom_to (canvas_of (data), 1); }

ACTION (zoom_in) { dh_canvas_zoom_by (canvas_of (data), M_SQRT2); }

ACTION (zoom_out) { dh_canvas_zoom_by (canvas_of (data), M_SQRT1_2); }

ACTION (show_margins)
{
  double margins[4];
  g_variant_get (value, "(dddd)", &margins[0], &margins[1], &margins[2], &margins[3]);
  dh_canvas_set_margins (canvas_of (data), margins);
}

ACTION (show_veil)
{
  guint width, height;
  g_autoptr (GVariant) pixels = NULL;
  g_variant_get (value, "(uu@ay)", &width, &height, &pixels);
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (pixels);
  dh_canvas_set_veil (canvas_of (data), width > 0 ? bytes : NULL, width, height);
}

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

ACTION (keep) { gtk_widget_activate_action (GTK_WIDGET (canvas_of (data)), "pane.keep", NULL); }

/* One thing at a time: first what lies over the page. */
ACTION (release)
{
  DhWindow *self = data;
  if (dh_window_is_page (self, "training"))
    dh_training_page_close_form (DH_TRAINING_PAGE (self->training));
  else if (!dh_browse_page_close_panel (DH_BROWSE_PAGE (self->browse)) && !dh_window_release_labels (self)
           && !dh_browse_page_free_pin (DH_BROWSE_PAGE (self->browse)))
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
  if (dh_label_tools_resize (dh_browse_page_get_label_tools (DH_BROWSE_PAGE (DH_WINDOW (data)->browse)),
                             g_variant_get_int32 (value)))
    return;
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

static gboolean
draws_labels (DhWindow *self)
{
  return dh_window_browses (self) && dh_session_is_labelling (self->session);
}

/* The corner that was set last, or the last step. */
static gboolean
undo_label (DhWindow *self)
{
  DhLabelTools *tools = dh_browse_page_get_label_tools (DH_BROWSE_PAGE (self->browse));
  return dh_label_tools_drop_corner (tools) || dh_session_undo_labels (self->session);
}

ACTION (undo)
{
  if (!do_while_typing (data, "text.undo") && !(draws_labels (data) && undo_label (data))
      && !(!draws_labels (data) && shows_threshold (data) && dh_session_undo_threshold (DH_WINDOW (data)->session)))
    gtk_widget_error_bell (GTK_WIDGET (data));
}

ACTION (redo)
{
  if (!do_while_typing (data, "text.redo")
      && !(draws_labels (data) && dh_session_redo_labels (DH_WINDOW (data)->session))
      && !(!draws_labels (data) && shows_threshold (data) && dh_session_redo_threshold (DH_WINDOW (data)->session)))
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

ACTION (find)
{
  DhWindow *self = data;
  if (dh_browse_page_step_find (DH_BROWSE_PAGE (self->browse), g_variant_get_int32 (value)))
    return;
  g_autofree char *why = dh_session_explain_finds (self->session);
  if (why != NULL)
    g_signal_emit_by_name (self->session, "message", why);
  else
    gtk_widget_error_bell (GTK_WIDGET (self));
}

ACTION (mark_find)
{
  DhWindow *self = data;
  const DhFindMark mark = dh_find_mark_from_id (g_variant_get_string (value, NULL));
  if (!dh_browse_page_mark_find (DH_BROWSE_PAGE (self->browse), mark))
    gtk_widget_error_bell (GTK_WIDGET (self));
}

ACTION (note)
{
  if (!dh_browse_page_focus_notes (DH_BROWSE_PAGE (DH_WINDOW (data)->browse), g_variant_get_boolean (value)))
    gtk_widget_error_bell (GTK_WIDGET (data));
}

ACTION (tag_shown) { dh_browse_page_open_tags (DH_BROWSE_PAGE (DH_WINDOW (data)->browse)); }

ACTION (retry) { dh_session_retry (DH_WINDOW (data)->session); }

ACTION (compute_in_tiles) { dh_session_compute_in_tiles (DH_WINDOW (data)->session); }

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
  if (dh_window_is_page (self, "training"))
    toggle_panel (self->form_toggle, dh_training_page_get_flap (DH_TRAINING_PAGE (self->training)));
  else
    toggle_panel (self->images_toggle, dh_browse_page_get_flap (DH_BROWSE_PAGE (self->browse), FALSE));
}

ACTION (toggle_tuning)
{
  DhWindow *self = data;
  toggle_panel (self->tuning_toggle, dh_browse_page_get_flap (DH_BROWSE_PAGE (self->browse), TRUE));
}

static const GActionEntry entries[] = {
  { "step", step, "i", NULL, NULL },
  { "fit", fit, NULL, NULL, NULL },
  { "zoom-one", zoom_one, NULL, NULL, NULL },
  { "zoom-in", zoom_in, NULL, NULL, NULL },
  { "zoom-out", zoom_out, NULL, NULL, NULL },
  { "show-margins", show_margins, "(dddd)", NULL, NULL },
  { "show-veil", show_veil, "(uuay)", NULL, NULL },
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
  { "find", find, "i", NULL, NULL },
  { "mark-find", mark_find, "s", NULL, NULL },
  { "note", note, "b", NULL, NULL },
  { "tag-shown", tag_shown, NULL, NULL, NULL },
  { "retry", retry, NULL, NULL, NULL },
  { "compute-in-tiles", compute_in_tiles, NULL, NULL, NULL },
  { "toggle-images", toggle_images, NULL, NULL, NULL },
  { "toggle-tuning", toggle_tuning, NULL, NULL, NULL },
};

static void
enable (DhWindow *self, const char *const *names, gboolean enabled)
{
  for (guint i = 0; names[i] != NULL; i++)
    g_simple_action_set_enabled (G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self), names[i])), enabled);
}

/* What is not seen does not change: a key says on other pages what it can mean there, or nothing. */
void
dh_window_update_browse_actions (DhWindow *self)
{
  static const char *const of_pictures[] = { "step",
                                             "fit",
                                             "zoom-one",
                                             "zoom-in",
                                             "zoom-out",
                                             "link",
                                             "single",
                                             "compare",
                                             "blink",
                                             "swap",
                                             "keep",
                                             "pin",
                                             "copy-probe",
                                             "next-overlay",
                                             "classes",
                                             "opacity",
                                             "threshold-field",
                                             "component",
                                             "find",
                                             "mark-find",
                                             "note",
                                             "tag-shown",
                                             "toggle-tuning",
                                             NULL };
  static const char *const of_curves[] = { "nudge", "active-score", "reset-active", NULL };
  static const char *const of_panels[] = { "release", "toggle-images", NULL };
  const gboolean browses = dh_window_browses (self);
  enable (self, of_pictures, browses);
  enable (self, of_curves, shows_threshold (self));
  enable (self, of_panels, browses || dh_window_is_page (self, "training"));
  dh_window_set_state (self, "active-score", dh_score_id (dh_session_get_active_score (self->session)));
}

gboolean
dh_window_can_act (DhWindow *self, const char *action)
{
  if (g_str_has_prefix (action, "view.") || g_str_equal (action, "win.play"))
    return dh_window_browses (self);
  return g_action_group_get_action_enabled (G_ACTION_GROUP (self), action + strlen ("win."));
}

void
dh_window_add_browse_actions (DhWindow *self)
{
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  static const char *const properties[] = { "layout",      "overlay",       "palette",       "colors",
                                            "this-image",  "bright",        "outline",       "color-bar",
                                            "fill",        "linear-counts", "set-histogram", "compare-mode",
                                            "compare-a",   "compare-b",     "compare-scale", "changes-order",
                                            "tuning-page", "image-order",   "worst-first",   "grouped",
                                            "play-rate",   "play-repeats",  "label-tool",    "label-value" };
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
}

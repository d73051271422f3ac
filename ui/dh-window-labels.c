#include "dh-session-labels.h"
#include "dh-window-private.h"

/* Masks of one's own pictures are drawn: the mode, its keys, and what is said of masks that were written. */

#define ACTION(name) static void name (GSimpleAction *action, GVariant *value, gpointer data)

static DhLabelTools *
tools_of (DhWindow *self)
{
  return dh_browse_page_get_label_tools (DH_BROWSE_PAGE (self->browse));
}

static void
set_labelling (GSimpleAction *action, GVariant *value, gpointer data)
{
  DhWindow *self = data;
  DhView *view = dh_session_get_view (self->session);
  if (!dh_session_set_labelling (self->session, g_variant_get_boolean (value)))
    gtk_widget_error_bell (GTK_WIDGET (self));
  else if (dh_session_is_labelling (self->session) && dh_view_is (view, "layout", "compare"))
    g_object_set (view, "layout", "grid", NULL); /* where the image is large, and has its overlay */
  g_simple_action_set_state (action, g_variant_new_boolean (dh_session_is_labelling (self->session)));
}

ACTION (save_labels) { dh_session_save_labels (DH_WINDOW (data)->session); }

ACTION (revert_labels) { dh_session_revert_labels (DH_WINDOW (data)->session); }

ACTION (label_tool)
{
  g_object_set (dh_session_get_view (DH_WINDOW (data)->session), "label-tool", g_variant_get_string (value, NULL),
                NULL);
}

ACTION (label_value)
{
  g_object_set (dh_session_get_view (DH_WINDOW (data)->session), "label-value", g_variant_get_string (value, NULL),
                NULL);
}

ACTION (close_polygon)
{
  if (!dh_label_tools_close (tools_of (data)))
    gtk_widget_error_bell (GTK_WIDGET (data));
}

ACTION (drop_corner)
{
  if (!dh_label_tools_drop_corner (tools_of (data)))
    gtk_widget_error_bell (GTK_WIDGET (data));
}

gboolean
dh_window_release_labels (DhWindow *self)
{
  if (!dh_session_is_labelling (self->session))
    return FALSE;
  if (!dh_label_tools_drop (tools_of (self)))
    dh_session_set_labelling (self->session, FALSE);
  return TRUE;
}

static const char *const of_mode[] = { "save-labels", "label-tool", "label-value", "close-polygon", "drop-corner" };

static GSimpleAction *
find_action (DhWindow *self, const char *name)
{
  return G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self), name));
}

static void
update (DhWindow *self)
{
  const gboolean browses = dh_window_browses (self), labelling = dh_session_is_labelling (self->session);
  g_simple_action_set_enabled (find_action (self, "label"), browses);
  g_simple_action_set_state (find_action (self, "label"), g_variant_new_boolean (labelling));
  for (guint i = 0; i < G_N_ELEMENTS (of_mode); i++)
    g_simple_action_set_enabled (find_action (self, of_mode[i]), browses && labelling);
}

static void
on_saved (DhSession *session, const char *text, DhWindow *self)
{
  AdwToast *toast = dh_ui_toast_new (text);
  /* What it takes back is the last one: those before have no button any more, and it does not wait for others. */
  if (self->saved_toast != NULL)
    adw_toast_dismiss (self->saved_toast);
  g_set_weak_pointer (&self->saved_toast, toast);
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH);
  adw_toast_set_button_label (toast, _ ("Undo"));
  adw_toast_set_action_name (toast, "win.revert-labels");
  adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (self->toasts), toast);
}

static void
on_answer (AdwMessageDialog *dialog, const char *answer, DhWindow *self)
{
  if (!g_str_equal (answer, "close"))
    return;
  self->loses_labels = TRUE;
  gtk_window_close (GTK_WINDOW (self));
}

gboolean
dh_window_keeps_labels (DhWindow *self)
{
  if (self->loses_labels || dh_session_flush_labels (self->session))
    return FALSE;
  GtkWidget *dialog = adw_message_dialog_new (GTK_WINDOW (self), _ ("Close without the masks?"),
                                              _ ("What was drawn could not be written, and is lost when the window "
                                                 "closes. The line above the images says why."));
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "stay", _ ("_Stay"), "close", _ ("_Close without"),
                                    NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "close", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (ADW_MESSAGE_DIALOG (dialog), "stay");
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (dialog), "stay");
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_answer), self, 0);
  gtk_window_present (GTK_WINDOW (dialog));
  return TRUE;
}

void
dh_window_add_labels (DhWindow *self)
{
  static const GActionEntry entries[] = {
    { "label", NULL, NULL, "false", set_labelling },      { "save-labels", save_labels, NULL, NULL, NULL },
    { "revert-labels", revert_labels, NULL, NULL, NULL }, { "label-tool", label_tool, "s", NULL, NULL },
    { "label-value", label_value, "s", NULL, NULL },      { "close-polygon", close_polygon, NULL, NULL, NULL },
    { "drop-corner", drop_corner, NULL, NULL, NULL },
  };
  static const char *const signals[] = { "labels", "notify::dataset-title" };
  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_connect_object (self->session, signals[i], G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->stack, "notify::visible-child", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->session, "labels-saved", G_CALLBACK (on_saved), self, 0);
  update (self);
}

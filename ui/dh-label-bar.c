#include "dh-label-bar.h"
#include "dh-fit-row.h"
#include "dh-label-tools.h"

struct _DhLabelBar
{
  GtkWidget parent_instance;
  DhSession *session;
  GtkWidget *tools, *values, *ignore, *size, *state, *undo, *redo, *save;
};

G_DEFINE_FINAL_TYPE (DhLabelBar, dh_label_bar, GTK_TYPE_WIDGET)

static void
show_state (DhLabelBar *self)
{
  const char *why = dh_session_explain_labels (self->session);
  DhLabelEdit *edit = dh_session_get_label_edit (self->session);
  gtk_widget_set_visible (GTK_WIDGET (self), dh_session_is_labelling (self->session));
  GtkWidget *const drawing[] = { self->tools, self->values, self->save };
  for (guint i = 0; i < G_N_ELEMENTS (drawing); i++)
    gtk_widget_set_sensitive (drawing[i], edit != NULL);
  gtk_widget_set_sensitive (self->undo, edit != NULL && dh_label_edit_can_undo (edit));
  gtk_widget_set_sensitive (self->redo, edit != NULL && dh_label_edit_can_redo (edit));
  gtk_widget_set_sensitive (self->ignore, dh_session_labels_can_ignore (self->session));
  gtk_label_set_label (GTK_LABEL (self->state), why != NULL                                     ? why
                                                : dh_session_labels_are_unsaved (self->session) ? _ ("Unsaved")
                                                                                                : "");
  gtk_widget_set_tooltip_text (self->state, why);
}

static void
show_size (DhLabelBar *self)
{
  gtk_widget_set_visible (self->size, dh_view_is (dh_session_get_view (self->session), "label-tool", "brush"));
}

static GtkWidget *
make_value (const char *value, const char *text, const char *tooltip)
{
  GtkWidget *button = gtk_toggle_button_new (), *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  GtkWidget *swatch = dh_ui_swatch (dh_label_color (value), g_str_equal (value, "ignore"));
  gtk_widget_set_valign (swatch, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (box), swatch);
  gtk_box_append (GTK_BOX (box), gtk_label_new (text));
  gtk_button_set_child (GTK_BUTTON (button), box);
  gtk_widget_set_tooltip_text (button, tooltip);
  dh_ui_set_name (button, text);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), "view.label-value");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (button), "s", value);
  return button;
}

static GtkWidget *
make_tool (const char *tool, const char *text, const char *tooltip)
{
  GtkWidget *button = gtk_toggle_button_new_with_label (text);
  gtk_widget_set_tooltip_text (button, tooltip);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), "view.label-tool");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (button), "s", tool);
  return button;
}

static GtkWidget *
make_linked (void)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 0, "linked");
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  return box;
}

static GtkWidget *
make_button (const char *text, const char *tooltip, const char *action, const char *classes)
{
  GtkWidget *button = gtk_button_new_with_label (text);
  gtk_widget_set_tooltip_text (button, tooltip);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  dh_ui_add_classes (button, classes);
  return button;
}

static void
fill (DhLabelBar *self, DhFitRow *row)
{
  dh_fit_row_append (row, dh_ui_label (_ ("Label"), "heading", 0), 5);
  self->tools = make_linked ();
  gtk_box_append (GTK_BOX (self->tools), make_tool ("object", _ ("Object"),
                                                    _ ("A click takes what the threshold flags there, or what is "
                                                       "labelled (E)")));
  gtk_box_append (GTK_BOX (self->tools), make_tool ("polygon", _ ("Polygon"),
                                                    _ ("Clicks are its corners; Return, a double click or a click on "
                                                       "the first closes it, Backspace takes the last back (D)")));
  gtk_box_append (GTK_BOX (self->tools), make_tool ("brush", _ ("Brush"), _ ("Paints while it is pressed (R)")));
  dh_fit_row_append (row, self->tools, 0);
  self->values = make_linked ();
  gtk_box_append (GTK_BOX (self->values), make_value ("anomaly", _ ("Anomaly"), _ ("Draw anomalies (A)")));
  gtk_box_append (GTK_BOX (self->values), make_value ("inlier", _ ("Inlier"), _ ("Erase (I)")));
  self->ignore = make_value ("ignore", _ ("Ignore"), _ ("Draw what is not counted (V)"));
  gtk_box_append (GTK_BOX (self->values), self->ignore);
  dh_fit_row_append (row, self->values, 0);
  self->size = gtk_scale_new_with_range (GTK_ORIENTATION_HORIZONTAL, 0, 1, 0.03125);
  gtk_scale_set_draw_value (GTK_SCALE (self->size), FALSE);
  gtk_widget_set_size_request (self->size, 84, -1);
  gtk_widget_set_tooltip_text (self->size, _ ("Size of the brush ([ and ])"));
  dh_ui_set_name (self->size, _ ("Size of the brush"));
  g_object_bind_property (dh_session_get_view (self->session), "label-size",
                          gtk_range_get_adjustment (GTK_RANGE (self->size)), "value",
                          G_BINDING_SYNC_CREATE | G_BINDING_BIDIRECTIONAL);
  dh_fit_row_append (row, self->size, 3);
  self->state = dh_ui_short_label (NULL, "dim-label", 0);
  gtk_label_set_width_chars (GTK_LABEL (self->state), 7);
  gtk_widget_set_hexpand (self->state, TRUE);
  dh_fit_row_append (row, self->state, 1);
  self->undo = dh_ui_icon_button ("edit-undo-symbolic", _ ("Undo (Ctrl+Z)"), "win.undo", "flat");
  self->redo = dh_ui_icon_button ("edit-redo-symbolic", _ ("Redo (Shift+Ctrl+Z)"), "win.redo", "flat");
  gtk_widget_set_valign (self->undo, GTK_ALIGN_CENTER);
  gtk_widget_set_valign (self->redo, GTK_ALIGN_CENTER);
  dh_fit_row_append (row, self->undo, 4);
  dh_fit_row_append (row, self->redo, 4);
  self->save = make_button (_ ("Save"), _ ("Write the mask now (Ctrl+S); it is written when the image is left, too"),
                            "win.save-labels", "flat");
  dh_fit_row_append (row, self->save, 2);
  dh_fit_row_append (row, make_button (_ ("Done"), _ ("Draw no more (Esc or Ctrl+L)"), "win.label", "suggested-action"),
                     0);
}

static void
dh_label_bar_dispose (GObject *object)
{
  DhLabelBar *self = DH_LABEL_BAR (object);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_label_bar_parent_class)->dispose (object);
}

static void
dh_label_bar_class_init (DhLabelBarClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_label_bar_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_label_bar_init (DhLabelBar *self)
{
}

GtkWidget *
dh_label_bar_new (DhSession *session)
{
  DhLabelBar *self = g_object_new (DH_TYPE_LABEL_BAR, NULL);
  self->session = g_object_ref (session);
  GtkWidget *row = dh_fit_row_new (8);
  dh_ui_add_classes (row, "dh-band dh-label-band");
  fill (self, DH_FIT_ROW (row));
  gtk_widget_set_parent (row, GTK_WIDGET (self));
  g_signal_connect_object (session, "labels", G_CALLBACK (show_state), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (dh_session_get_view (session), "notify::label-tool", G_CALLBACK (show_size), self,
                           G_CONNECT_SWAPPED);
  show_size (self);
  show_state (self);
  return GTK_WIDGET (self);
}

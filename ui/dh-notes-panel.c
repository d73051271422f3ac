#include "dh-notes-panel.h"
#include "dh-session-marks.h"

/* Characters: of a new tag, and of one that is shown in full. */
#define LONGEST_TAG 100
#define SHOWN_TAG 28

struct _DhNotesPanel
{
  GtkWidget parent_instance;
  DhSession *session;
  DhImageItem *item; /* whose marks are shown; NULL */
  GtkWidget *title, *tags, *entry, *note;
  gboolean filling;
};

G_DEFINE_FINAL_TYPE (DhNotesPanel, dh_notes_panel, GTK_TYPE_WIDGET)

static guint leave_signal;

static void
on_tag (GtkToggleButton *button, DhNotesPanel *self)
{
  if (!self->filling && self->item != NULL)
    dh_session_set_tag (self->session, self->item, gtk_button_get_label (GTK_BUTTON (button)),
                        gtk_toggle_button_get_active (button));
}

static GtkWidget *
make_tag (DhNotesPanel *self, const char *tag)
{
  GtkWidget *chip = gtk_toggle_button_new_with_label (tag);
  dh_ui_add_classes (chip, "dh-chip");
  GtkWidget *label = gtk_button_get_child (GTK_BUTTON (chip));
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_label_set_max_width_chars (GTK_LABEL (label), SHOWN_TAG);
  if (g_utf8_strlen (tag, -1) > SHOWN_TAG)
    gtk_widget_set_tooltip_text (chip, tag);
  gtk_toggle_button_set_active (GTK_TOGGLE_BUTTON (chip),
                                self->item != NULL && dh_image_item_has_tag (self->item, tag));
  g_signal_connect (chip, "toggled", G_CALLBACK (on_tag), self);
  GtkWidget *child = gtk_flow_box_child_new ();
  gtk_flow_box_child_set_child (GTK_FLOW_BOX_CHILD (child), chip);
  gtk_widget_set_focusable (child, FALSE);
  return child;
}

static GtkToggleButton *
chip_of (GtkWidget *child)
{
  return GTK_TOGGLE_BUTTON (gtk_flow_box_child_get_child (GTK_FLOW_BOX_CHILD (child)));
}

/* Buttons stay, with the focus, where the tags are the same ones. */
static gboolean
shows_tags (DhNotesPanel *self, char **tags)
{
  GtkWidget *child = gtk_widget_get_first_child (self->tags);
  guint i = 0;
  for (; child != NULL && tags[i] != NULL; child = gtk_widget_get_next_sibling (child), i++)
    if (!g_str_equal (gtk_button_get_label (GTK_BUTTON (chip_of (child))), tags[i]))
      return FALSE;
  return child == NULL && tags[i] == NULL;
}

static void
show_tags (DhNotesPanel *self)
{
  g_auto (GStrv) tags = dh_session_list_tags (self->session);
  GtkWidget *child;
  self->filling = TRUE;
  if (shows_tags (self, tags))
    for (child = gtk_widget_get_first_child (self->tags); child != NULL; child = gtk_widget_get_next_sibling (child))
      gtk_toggle_button_set_active (
          chip_of (child),
          self->item != NULL
              && dh_image_item_has_tag (self->item, gtk_button_get_label (GTK_BUTTON (chip_of (child)))));
  else
    {
      while ((child = gtk_widget_get_first_child (self->tags)) != NULL)
        gtk_flow_box_remove (GTK_FLOW_BOX (self->tags), child);
      for (guint i = 0; tags[i] != NULL; i++)
        gtk_flow_box_append (GTK_FLOW_BOX (self->tags), make_tag (self, tags[i]));
    }
  self->filling = FALSE;
}

/* Not while it is what changes; of another picture always, so that undo does not bring back the former one's. */
static void
show_note (DhNotesPanel *self, gboolean another)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (GTK_TEXT_VIEW (self->note));
  const char *note = self->item != NULL ? dh_image_item_get_note (self->item) : "";
  GtkTextIter start, end;
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  g_autofree char *shown = gtk_text_buffer_get_text (buffer, &start, &end, TRUE);
  if (!another && g_str_equal (shown, note))
    return;
  self->filling = TRUE;
  gtk_text_buffer_set_text (buffer, note, -1);
  self->filling = FALSE;
}

static void
on_marks (DhNotesPanel *self)
{
  show_tags (self);
  show_note (self, FALSE);
}

static void
let_go (DhNotesPanel *self)
{
  if (self->item != NULL)
    g_signal_handlers_disconnect_by_func (self->item, on_marks, self);
  g_clear_object (&self->item);
}

static void
on_current (DhNotesPanel *self)
{
  let_go (self);
  DhImageItem *item = dh_session_get_current (self->session);
  if (item != NULL)
    {
      self->item = g_object_ref (item);
      g_signal_connect_swapped (item, "notify::marks", G_CALLBACK (on_marks), self);
    }
  gtk_label_set_label (GTK_LABEL (self->title), item != NULL ? dh_image_item_get_name (item) : _ ("No image"));
  gtk_widget_set_sensitive (GTK_WIDGET (self), item != NULL);
  gtk_editable_set_text (GTK_EDITABLE (self->entry), "");
  show_tags (self);
  show_note (self, TRUE);
}

static void
on_new_tag (DhNotesPanel *self)
{
  if (self->item == NULL)
    return;
  dh_session_set_tag (self->session, self->item, gtk_editable_get_text (GTK_EDITABLE (self->entry)), TRUE);
  gtk_editable_set_text (GTK_EDITABLE (self->entry), "");
}

static void
on_note (GtkTextBuffer *buffer, DhNotesPanel *self)
{
  if (self->filling || self->item == NULL)
    return;
  GtkTextIter start, end;
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  g_autofree char *text = gtk_text_buffer_get_text (buffer, &start, &end, TRUE);
  dh_session_set_note (self->session, self->item, text);
}

static gboolean
on_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, DhNotesPanel *self)
{
  if (key != GDK_KEY_Escape)
    return FALSE;
  g_signal_emit (self, leave_signal, 0);
  return TRUE;
}

void
dh_notes_panel_focus (DhNotesPanel *self, gboolean note)
{
  gtk_widget_grab_focus (note ? self->note : self->entry);
}

static void
dh_notes_panel_dispose (GObject *object)
{
  DhNotesPanel *self = DH_NOTES_PANEL (object);
  let_go (self);
  dh_widget_unparent_children (GTK_WIDGET (self));
  g_clear_object (&self->session);
  G_OBJECT_CLASS (dh_notes_panel_parent_class)->dispose (object);
}

static void
dh_notes_panel_class_init (DhNotesPanelClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_notes_panel_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
  leave_signal =
      g_signal_new ("leave", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static GtkWidget *
make_note (DhNotesPanel *self)
{
  self->note = gtk_text_view_new ();
  gtk_text_view_set_wrap_mode (GTK_TEXT_VIEW (self->note), GTK_WRAP_WORD_CHAR);
  gtk_text_view_set_accepts_tab (GTK_TEXT_VIEW (self->note), FALSE);
  gtk_text_view_set_left_margin (GTK_TEXT_VIEW (self->note), 8);
  gtk_text_view_set_right_margin (GTK_TEXT_VIEW (self->note), 8);
  gtk_text_view_set_top_margin (GTK_TEXT_VIEW (self->note), 6);
  gtk_text_view_set_bottom_margin (GTK_TEXT_VIEW (self->note), 6);
  dh_ui_set_name (self->note, _ ("Note"));
  g_signal_connect (gtk_text_view_get_buffer (GTK_TEXT_VIEW (self->note)), "changed", G_CALLBACK (on_note), self);
  GtkWidget *scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scroller), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scroller), self->note);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (scroller), 120);
  gtk_widget_set_overflow (scroller, GTK_OVERFLOW_HIDDEN);
  dh_ui_add_classes (scroller, "dh-card");
  return scroller;
}

static void
dh_notes_panel_init (DhNotesPanel *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 6, NULL);
  gtk_widget_set_margin_start (box, 12);
  gtk_widget_set_margin_end (box, 12);
  gtk_widget_set_margin_top (box, 9);
  gtk_widget_set_margin_bottom (box, 12);
  gtk_widget_set_parent (box, GTK_WIDGET (self));
  self->title = dh_ui_short_label (NULL, "dh-h", 0);
  gtk_label_set_ellipsize (GTK_LABEL (self->title), PANGO_ELLIPSIZE_MIDDLE);
  gtk_box_append (GTK_BOX (box), self->title);
  self->tags = gtk_flow_box_new ();
  gtk_flow_box_set_selection_mode (GTK_FLOW_BOX (self->tags), GTK_SELECTION_NONE);
  gtk_flow_box_set_max_children_per_line (GTK_FLOW_BOX (self->tags), 8);
  gtk_flow_box_set_column_spacing (GTK_FLOW_BOX (self->tags), 3);
  gtk_flow_box_set_row_spacing (GTK_FLOW_BOX (self->tags), 3);
  dh_ui_set_name (self->tags, _ ("Tags"));
  dh_ui_add_classes (self->tags, "dh-tags");
  gtk_box_append (GTK_BOX (box), self->tags);
  self->entry = gtk_entry_new ();
  gtk_entry_set_placeholder_text (GTK_ENTRY (self->entry), _ ("New tag (Ctrl+T)"));
  gtk_entry_set_icon_from_icon_name (GTK_ENTRY (self->entry), GTK_ENTRY_ICON_PRIMARY, "dh-tag-symbolic");
  gtk_entry_set_max_length (GTK_ENTRY (self->entry), LONGEST_TAG);
  dh_ui_set_name (self->entry, _ ("New tag"));
  dh_ui_add_classes (self->entry, "dh-dense");
  g_signal_connect_swapped (self->entry, "activate", G_CALLBACK (on_new_tag), self);
  gtk_box_append (GTK_BOX (box), self->entry);
  GtkWidget *head = dh_ui_label (_ ("Note (F2)"), "dh-small dim-label", 0);
  gtk_widget_set_margin_top (head, 6);
  gtk_box_append (GTK_BOX (box), head);
  gtk_box_append (GTK_BOX (box), make_note (self));
  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (GTK_WIDGET (self), keys);
}

GtkWidget *
dh_notes_panel_new (DhSession *session)
{
  DhNotesPanel *self = g_object_new (DH_TYPE_NOTES_PANEL, NULL);
  self->session = g_object_ref (session);
  g_signal_connect_object (session, "notify::current", G_CALLBACK (on_current), self, G_CONNECT_SWAPPED);
  on_current (self);
  return GTK_WIDGET (self);
}

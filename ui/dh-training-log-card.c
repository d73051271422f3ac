#include "dh-training-log-card.h"
#include "dh-focus.h"
#include "dh-metrics-charts.h"
#include "dh-number.h"

#define FILTER_MS 150

struct _DhTrainingLogCard
{
  GtkWidget parent_instance;
  GtkWidget *card, *note, *filter, *scroller, *view, *empty;
  GtkMultiSelection *selection;
  DhTrainingLog *log;
  gboolean follows;
  guint scroll_source, note_source;
};

G_DEFINE_FINAL_TYPE (DhTrainingLogCard, dh_training_log_card, GTK_TYPE_WIDGET)

static void
setup_line (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  GtkWidget *label = dh_ui_label (NULL, "dh-logline", 0);
  gtk_label_set_single_line_mode (GTK_LABEL (label), TRUE);
  gtk_list_item_set_child (item, label);
}

static const char *
class_of (DhTrainingLineKind kind)
{
  return kind == DH_LINE_WARNING ? "dh-warn" : kind == DH_LINE_EPOCH ? "dh-logepoch" : NULL;
}

static void
bind_line (GtkSignalListItemFactory *factory, GtkListItem *item)
{
  DhTrainingLine *line = gtk_list_item_get_item (item);
  GtkWidget *label = gtk_list_item_get_child (item);
  gint64 seconds = dh_training_line_get_time (line);
  g_autoptr (GDateTime) time = seconds > 0 ? g_date_time_new_from_unix_local (seconds) : NULL;
  g_autofree char *clock = time != NULL ? g_date_time_format (time, "%H:%M:%S") : g_strdup ("        ");
  g_autofree char *text = g_strdup_printf ("%s  %s", clock, dh_training_line_get_text (line));
  gtk_label_set_label (GTK_LABEL (label), text);
  g_autofree char *date = time != NULL ? g_date_time_format (time, "%c") : NULL;
  gtk_widget_set_tooltip_text (label, date);
  gtk_widget_remove_css_class (label, "dh-warn");
  gtk_widget_remove_css_class (label, "dh-logepoch");
  dh_ui_add_classes (label, class_of (dh_training_line_get_kind (line)));
}

static void
show_note (DhTrainingLogCard *self)
{
  guint shown = self->log != NULL ? g_list_model_get_n_items (G_LIST_MODEL (self->log)) : 0;
  guint all = self->log != NULL ? dh_training_log_get_n_lines (self->log) : 0;
  g_autofree char *n = dh_number_format_count (shown), *of = dh_number_format_count (all);
  g_autofree char *note = all == 0      ? g_strdup ("")
                          : shown < all ? g_strdup_printf (_ ("%s of %s lines"), n, of)
                                        : g_strdup_printf (ngettext ("%s line", "%s lines", all), of);
  if (all > 0 && shown == all && self->follows)
    {
      g_autofree char *counted = g_steal_pointer (&note);
      note = g_strdup_printf (_ ("%s · follows the end"), counted);
    }
  gtk_label_set_label (GTK_LABEL (self->note), note);
  const char *words = gtk_editable_get_text (GTK_EDITABLE (self->filter));
  const char *why = self->log == NULL || dh_training_log_is_loading (self->log) ? NULL
                    : all == 0                                                  ? _ ("Nothing was written yet")
                    : shown == 0                                                ? _ ("No line has all of these words")
                                                                                : NULL;
  gtk_label_set_label (GTK_LABEL (self->empty), why != NULL ? why : "");
  gtk_widget_set_visible (self->empty, why != NULL);
  gtk_widget_set_sensitive (self->filter, all > 0 || *words != '\0');
}

static gboolean
scroll_to_end (gpointer data)
{
  DhTrainingLogCard *self = data;
  self->scroll_source = 0;
  guint n = self->log != NULL ? g_list_model_get_n_items (G_LIST_MODEL (self->log)) : 0;
  if (n > 0 && self->follows)
    gtk_widget_activate_action (self->view, "list.scroll-to-item", "u", n - 1);
  return G_SOURCE_REMOVE;
}

static void
follow_end (DhTrainingLogCard *self)
{
  if (self->follows && self->scroll_source == 0)
    self->scroll_source = g_timeout_add (50, scroll_to_end, self);
}

static void
on_lines (DhTrainingLogCard *self)
{
  follow_end (self);
  show_note (self);
}

/* Scrolled by hand: away from the end it stays where it is. */
static gboolean
on_wheel (GtkEventControllerScroll *scroll, double dx, double dy, DhTrainingLogCard *self)
{
  if (dy < 0)
    self->follows = FALSE;
  return FALSE;
}

static gboolean
show_note_later (gpointer data)
{
  DhTrainingLogCard *self = data;
  self->note_source = 0;
  show_note (self);
  return G_SOURCE_REMOVE;
}

/* Not at once: the list also moves while sizes are being given out, when no label may ask for another. */
static void
on_moved (GtkAdjustment *adjustment, DhTrainingLogCard *self)
{
  double end = gtk_adjustment_get_upper (adjustment) - gtk_adjustment_get_page_size (adjustment);
  gboolean at_end = gtk_adjustment_get_value (adjustment) >= end - 4.0;
  if (self->scroll_source != 0 || at_end == self->follows)
    return;
  self->follows = at_end;
  if (self->note_source == 0)
    self->note_source = g_idle_add (show_note_later, self);
}

static void
on_filter (GtkSearchEntry *entry, DhTrainingLogCard *self)
{
  if (self->log == NULL)
    return;
  dh_training_log_set_filter (self->log, gtk_editable_get_text (GTK_EDITABLE (entry)));
  self->follows = TRUE;
  on_lines (self);
}

static void
on_stop (GtkSearchEntry *entry, DhTrainingLogCard *self)
{
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  gtk_widget_grab_focus (self->view);
}

void
dh_training_log_card_focus_filter (DhTrainingLogCard *self)
{
  gtk_widget_grab_focus (self->filter);
}

void
dh_training_log_card_set_job (DhTrainingLogCard *self, DhTrainingJob *job)
{
  DhTrainingLog *log = job != NULL ? dh_training_job_get_log (job) : NULL;
  if (log == self->log)
    return;
  if (self->log != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->log, self);
      dh_training_log_set_filter (self->log, NULL);
    }
  g_set_object (&self->log, log);
  self->follows = TRUE;
  if (log != NULL)
    dh_training_log_set_filter (log, gtk_editable_get_text (GTK_EDITABLE (self->filter)));
  gtk_multi_selection_set_model (self->selection, G_LIST_MODEL (log));
  if (log != NULL)
    {
      g_signal_connect_swapped (log, "items-changed", G_CALLBACK (on_lines), self);
      g_signal_connect_swapped (log, "notify::loading", G_CALLBACK (show_note), self);
    }
  on_lines (self);
}

/* The chosen lines, or all that are shown, to the clipboard. */
static gboolean
copy (GtkWidget *widget, GVariant *args, gpointer data)
{
  DhTrainingLogCard *self = g_object_get_data (G_OBJECT (widget), "card");
  g_autoptr (GtkBitset) chosen = gtk_selection_model_get_selection (GTK_SELECTION_MODEL (self->selection));
  g_autoptr (GString) text = g_string_new (NULL);
  GtkBitsetIter iter;
  guint at;
  for (gboolean more = gtk_bitset_iter_init_first (&iter, chosen, &at); more; more = gtk_bitset_iter_next (&iter, &at))
    {
      g_autoptr (DhTrainingLine) line = g_list_model_get_item (G_LIST_MODEL (self->log), at);
      g_string_append_printf (text, "%s\n", dh_training_line_get_text (line));
    }
  if (text->len > 0)
    gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), text->str);
  return TRUE;
}

static void
dh_training_log_card_dispose (GObject *object)
{
  DhTrainingLogCard *self = DH_TRAINING_LOG_CARD (object);
  g_clear_handle_id (&self->scroll_source, g_source_remove);
  g_clear_handle_id (&self->note_source, g_source_remove);
  if (self->log != NULL)
    g_signal_handlers_disconnect_by_data (self->log, self);
  g_clear_pointer (&self->card, gtk_widget_unparent);
  g_clear_object (&self->selection);
  g_clear_object (&self->log);
  G_OBJECT_CLASS (dh_training_log_card_parent_class)->dispose (object);
}

static void
dh_training_log_card_class_init (DhTrainingLogCardClass *class)
{
  G_OBJECT_CLASS (class)->dispose = dh_training_log_card_dispose;
  gtk_widget_class_set_layout_manager_type (GTK_WIDGET_CLASS (class), GTK_TYPE_BIN_LAYOUT);
}

static void
dh_training_log_card_init (DhTrainingLogCard *self)
{
}

static GtkWidget *
make_view (DhTrainingLogCard *self)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  g_signal_connect (factory, "setup", G_CALLBACK (setup_line), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_line), NULL);
  self->selection = gtk_multi_selection_new (NULL);
  self->view = gtk_list_view_new (GTK_SELECTION_MODEL (g_object_ref (self->selection)), factory);
  dh_focus_tab_leaves (self->view);
  dh_ui_add_classes (self->view, "dh-log");
  dh_ui_set_name (self->view, _ ("Log"));
  g_object_set_data (G_OBJECT (self->view), "card", self);
  GtkEventController *keys = gtk_shortcut_controller_new ();
  gtk_shortcut_controller_add_shortcut (GTK_SHORTCUT_CONTROLLER (keys),
                                        gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_c, GDK_CONTROL_MASK),
                                                          gtk_callback_action_new (copy, NULL, NULL)));
  gtk_widget_add_controller (self->view, keys);
  self->scroller = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (self->scroller), self->view);
  gtk_scrolled_window_set_min_content_height (GTK_SCROLLED_WINDOW (self->scroller), 66);
  gtk_widget_set_vexpand (self->scroller, TRUE);
  GtkEventController *wheel = gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
  gtk_event_controller_set_propagation_phase (wheel, GTK_PHASE_CAPTURE);
  g_signal_connect (wheel, "scroll", G_CALLBACK (on_wheel), self);
  gtk_widget_add_controller (self->scroller, wheel);
  g_signal_connect_object (gtk_scrolled_window_get_vadjustment (GTK_SCROLLED_WINDOW (self->scroller)), "value-changed",
                           G_CALLBACK (on_moved), self, 0);
  GtkWidget *over = gtk_overlay_new ();
  gtk_overlay_set_child (GTK_OVERLAY (over), self->scroller);
  self->empty = dh_ui_label (NULL, "dh-dense dim-label", 0.5);
  gtk_widget_set_can_target (self->empty, FALSE);
  gtk_widget_set_valign (self->empty, GTK_ALIGN_CENTER);
  gtk_overlay_add_overlay (GTK_OVERLAY (over), self->empty);
  return over;
}

GtkWidget *
dh_training_log_card_new (void)
{
  DhTrainingLogCard *self = g_object_new (DH_TYPE_TRAINING_LOG_CARD, NULL);
  GtkWidget *head;
  self->follows = TRUE;
  self->card = dh_metrics_card_new (_ ("Log"), &self->note, &head);
  self->filter = gtk_search_entry_new ();
  gtk_search_entry_set_search_delay (GTK_SEARCH_ENTRY (self->filter), FILTER_MS);
  g_object_set (self->filter, "placeholder-text", _ ("Filter (Ctrl+F)"), "width-chars", 18, NULL);
  gtk_widget_set_tooltip_text (self->filter, _ ("Words that must all occur in a line"));
  dh_ui_set_name (self->filter, _ ("Filter the log"));
  dh_ui_add_classes (self->filter, "dh-dense");
  g_signal_connect (self->filter, "search-changed", G_CALLBACK (on_filter), self);
  g_signal_connect (self->filter, "stop-search", G_CALLBACK (on_stop), self);
  gtk_box_append (GTK_BOX (head), self->filter);
  GtkWidget *view = make_view (self);
  gtk_widget_set_margin_bottom (view, 6);
  gtk_box_append (GTK_BOX (self->card), view);
  gtk_widget_set_parent (self->card, GTK_WIDGET (self));
  gtk_widget_set_overflow (self->card, GTK_OVERFLOW_HIDDEN);
  g_signal_connect (self, "map", G_CALLBACK (follow_end), NULL);
  show_note (self);
  return GTK_WIDGET (self);
}

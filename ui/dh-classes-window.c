#include "dh-classes-window.h"
#include "dh-focus.h"
#include <string.h>
#include "dh-number.h"
#include "dh-shown-classes.h"

#define KEY "classes-window"

typedef struct
{
  DhSession *session;
  GtkWindow *parent; /* weak */
  GtkWidget *window, *title, *search, *list, *none;
  GtkWidget *checks[DH_MOST_CLASSES], *swatches[DH_MOST_CLASSES], *shares[DH_MOST_CLASSES];
  char *names[DH_MOST_CLASSES]; /* case-folded */
  guint n;
  gboolean updating;
} Classes;

static void
forget_rows (Classes *self)
{
  for (guint i = 0; i < self->n; i++)
    g_clear_pointer (&self->names[i], g_free);
  self->n = 0;
}

static void
classes_free (gpointer data)
{
  Classes *self = data;
  forget_rows (self);
  g_clear_weak_pointer (&self->parent);
  g_object_unref (self->session);
  g_free (self);
}

static void
show_hidden (Classes *self)
{
  gboolean hidden[DH_MOST_CLASSES];
  const guint n_hidden = dh_shown_classes_get (self->session, hidden);
  self->updating = TRUE;
  for (guint i = 0; i < self->n; i++)
    gtk_check_button_set_active (GTK_CHECK_BUTTON (self->checks[i]), !hidden[i]);
  self->updating = FALSE;
  g_autofree char *text = g_strdup_printf (_ ("%u of %u"), self->n - n_hidden, self->n);
  adw_window_title_set_subtitle (ADW_WINDOW_TITLE (self->title), text);
}

static void
show_colors (Classes *self)
{
  const guint palette = dh_view_get_palette (dh_session_get_view (self->session));
  for (guint i = 0; i < self->n; i++)
    {
      guint8 rgb[3];
      dh_session_get_class_color (self->session, palette, i, rgb);
      dh_ui_swatch_set (self->swatches[i], (guint32)rgb[0] << 16 | (guint32)rgb[1] << 8 | rgb[2], FALSE);
    }
}

static void
show_shares (Classes *self)
{
  double shares[DH_MOST_CLASSES];
  const gboolean known = dh_shown_classes_measure (self->session, shares);
  for (guint i = 0; i < self->n; i++)
    {
      g_autofree char *text = known ? dh_number_format_percent (shares[i], 1) : g_strdup ("—");
      gtk_label_set_label (GTK_LABEL (self->shares[i]), text);
      if (known && shares[i] == 0)
        gtk_widget_add_css_class (self->shares[i], "dim-label");
      else
        gtk_widget_remove_css_class (self->shares[i], "dim-label");
    }
}

static guint
class_of (GtkWidget *widget)
{
  return GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (widget), "class"));
}

static void
on_check (GtkCheckButton *button, Classes *self)
{
  if (!self->updating)
    dh_shown_classes_hide (self->session, class_of (GTK_WIDGET (button)), !gtk_check_button_get_active (button));
}

static void
append_row (Classes *self, guint id)
{
  g_autofree char *name = dh_shown_classes_dup_name (self->session, id);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 9, NULL);
  gtk_widget_set_margin_start (box, 6);
  gtk_widget_set_margin_end (box, 9);
  self->checks[id] = gtk_check_button_new ();
  gtk_widget_set_focusable (self->checks[id], FALSE); /* Space on the row */
  g_object_set_data (G_OBJECT (self->checks[id]), "class", GUINT_TO_POINTER (id));
  dh_ui_set_name (self->checks[id], name);
  g_signal_connect (self->checks[id], "toggled", G_CALLBACK (on_check), self);
  self->swatches[id] = dh_ui_swatch (0, FALSE);
  GtkWidget *label = dh_ui_short_label (name, NULL, 0);
  gtk_widget_set_hexpand (label, TRUE);
  self->shares[id] = dh_ui_label ("", "dh-num dh-small", 1);
  GtkWidget *const cells[] = { self->checks[id], self->swatches[id], label, self->shares[id] };
  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    gtk_box_append (GTK_BOX (box), cells[i]);
  GtkWidget *row = gtk_list_box_row_new ();
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  g_object_set_data (G_OBJECT (row), "class", GUINT_TO_POINTER (id));
  dh_ui_set_name (row, name);
  self->names[id] = g_utf8_casefold (name, -1); /* the filter reads it */
  self->n = id + 1;
  gtk_list_box_append (GTK_LIST_BOX (self->list), row);
}

/* Other weights or another set: other classes. */
static void
fill (Classes *self)
{
  const guint n = dh_shown_classes_count (self->session);
  forget_rows (self);
  GtkWidget *row;
  while ((row = gtk_widget_get_first_child (self->list)) != NULL && GTK_IS_LIST_BOX_ROW (row))
    gtk_list_box_remove (GTK_LIST_BOX (self->list), row);
  for (guint id = 0; id < n; id++)
    append_row (self, id);
  gtk_label_set_label (GTK_LABEL (self->none), n > 0 ? _ ("No class of that name") : _ ("No classes yet: no weights"));
  show_colors (self);
  show_shares (self);
  show_hidden (self);
}

static gboolean
is_wanted (GtkListBoxRow *row, gpointer data)
{
  Classes *self = data;
  g_autofree char *wanted = g_utf8_casefold (gtk_editable_get_text (GTK_EDITABLE (self->search)), -1);
  return strstr (self->names[class_of (GTK_WIDGET (row))], g_strstrip (wanted)) != NULL;
}

static void
on_search (Classes *self)
{
  gtk_list_box_invalidate_filter (GTK_LIST_BOX (self->list));
}

static void
on_activated (GtkListBox *list, GtkListBoxRow *row, Classes *self)
{
  dh_shown_classes_only (self->session, class_of (GTK_WIDGET (row)));
}

static GtkWidget *
find_first (Classes *self)
{
  for (GtkWidget *row = gtk_widget_get_first_child (self->list); row != NULL; row = gtk_widget_get_next_sibling (row))
    if (GTK_IS_LIST_BOX_ROW (row) && gtk_widget_get_child_visible (row))
      return row;
  return NULL;
}

/* The one that keys go to or that was chosen, else the first of those that the search leaves. */
static GtkWidget *
find_row (Classes *self)
{
  GtkWidget *row = gtk_widget_get_focus_child (self->list);
  if (!GTK_IS_LIST_BOX_ROW (row))
    row = GTK_WIDGET (gtk_list_box_get_selected_row (GTK_LIST_BOX (self->list)));
  return row != NULL && gtk_widget_get_child_visible (row) ? row : find_first (self);
}

static void
show_only (Classes *self)
{
  GtkWidget *row = find_row (self);
  if (row != NULL)
    dh_shown_classes_only (self->session, class_of (row));
  else
    gtk_widget_error_bell (self->list);
}

static void
show_all (Classes *self)
{
  dh_shown_classes_hide_all (self->session, FALSE);
}

static void
show_none (Classes *self)
{
  dh_shown_classes_hide_all (self->session, TRUE);
}

/* The list itself would take Space for Return. */
static gboolean
on_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, Classes *self)
{
  GtkWidget *row = find_row (self);
  if (key != GDK_KEY_space || (state & gtk_accelerator_get_default_mod_mask ()) != 0 || row == NULL)
    return FALSE;
  GtkCheckButton *check = GTK_CHECK_BUTTON (self->checks[class_of (row)]);
  gtk_check_button_set_active (check, !gtk_check_button_get_active (check));
  return TRUE;
}

/* From what was typed to what it left. */
static gboolean
on_search_key (GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state, Classes *self)
{
  GtkWidget *row = key == GDK_KEY_Down ? find_row (self) : NULL;
  return row != NULL && gtk_widget_grab_focus (row);
}

static void
on_view (Classes *self, GParamSpec *spec)
{
  if (g_str_equal (spec->name, "hidden-classes"))
    show_hidden (self);
  else if (g_str_equal (spec->name, "palette"))
    show_colors (self);
}

static GtkWidget *
new_button (Classes *self, const char *label, GCallback clicked)
{
  GtkWidget *button = gtk_button_new_with_label (label);
  g_signal_connect_swapped (button, "clicked", clicked, self);
  return button;
}

static void
add_keys (Classes *self, GtkWidget *widget, GCallback pressed)
{
  GtkEventController *keys = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keys, GTK_PHASE_CAPTURE);
  g_signal_connect (keys, "key-pressed", pressed, self);
  gtk_widget_add_controller (widget, keys);
}

static GtkWidget *
new_content (Classes *self)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  GtkWidget *bar = adw_header_bar_new ();
  self->title = adw_window_title_new (_ ("Classes shown"), "");
  adw_header_bar_set_title_widget (ADW_HEADER_BAR (bar), self->title);
  gtk_box_append (GTK_BOX (box), bar);

  GtkWidget *inner = dh_ui_box (GTK_ORIENTATION_VERTICAL, 9, NULL);
  gtk_widget_set_margin_start (inner, 12);
  gtk_widget_set_margin_end (inner, 12);
  gtk_widget_set_margin_bottom (inner, 12);
  self->search = gtk_search_entry_new ();
  g_object_set (self->search, "placeholder-text", _ ("Search"), NULL);
  dh_ui_set_name (self->search, _ ("Search the classes"));
  g_signal_connect_swapped (self->search, "search-changed", G_CALLBACK (on_search), self);
  g_signal_connect_swapped (self->search, "activate", G_CALLBACK (show_only), self);
  g_signal_connect_swapped (self->search, "stop-search", G_CALLBACK (gtk_window_close), self->window);
  add_keys (self, self->search, G_CALLBACK (on_search_key));
  gtk_box_append (GTK_BOX (inner), self->search);

  self->list = gtk_list_box_new ();
  self->none = dh_ui_label ("", "dim-label", 0.5);
  gtk_widget_set_margin_top (self->none, 24);
  gtk_list_box_set_placeholder (GTK_LIST_BOX (self->list), self->none);
  gtk_list_box_set_selection_mode (GTK_LIST_BOX (self->list), GTK_SELECTION_BROWSE);
  gtk_list_box_set_activate_on_single_click (GTK_LIST_BOX (self->list), FALSE);
  gtk_list_box_set_filter_func (GTK_LIST_BOX (self->list), is_wanted, self, NULL);
  g_signal_connect (self->list, "row-activated", G_CALLBACK (on_activated), self);
  add_keys (self, self->list, G_CALLBACK (on_key));
  dh_focus_tab_leaves (self->list);
  GtkWidget *scrolled = gtk_scrolled_window_new ();
  gtk_scrolled_window_set_policy (GTK_SCROLLED_WINDOW (scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
  gtk_scrolled_window_set_child (GTK_SCROLLED_WINDOW (scrolled), self->list);
  gtk_widget_set_vexpand (scrolled, TRUE);
  gtk_box_append (GTK_BOX (inner), scrolled);

  gtk_box_append (GTK_BOX (inner),
                  dh_ui_label (_ ("Space shows or hides, Return shows alone"), "dh-small dim-label", 0.5));
  GtkWidget *buttons = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 6, NULL);
  gtk_box_set_homogeneous (GTK_BOX (buttons), TRUE);
  gtk_box_append (GTK_BOX (buttons), new_button (self, _ ("All"), G_CALLBACK (show_all)));
  gtk_box_append (GTK_BOX (buttons), new_button (self, _ ("None"), G_CALLBACK (show_none)));
  gtk_box_append (GTK_BOX (buttons), new_button (self, _ ("Only this"), G_CALLBACK (show_only)));
  gtk_box_append (GTK_BOX (inner), buttons);
  gtk_box_append (GTK_BOX (box), inner);
  return box;
}

/* The signals end with the window, which its last reference may outlive. */
static void
on_destroy (GtkWidget *window, Classes *self)
{
  g_signal_handlers_disconnect_by_data (self->session, self);
  g_signal_handlers_disconnect_by_data (dh_session_get_view (self->session), self);
  if (self->parent != NULL)
    g_object_set_data (G_OBJECT (self->parent), KEY, NULL);
}

void
dh_classes_window_show (DhSession *session, GtkWindow *parent)
{
  GtkWidget *open = g_object_get_data (G_OBJECT (parent), KEY);
  if (open != NULL)
    {
      gtk_window_present (GTK_WINDOW (open));
      return;
    }
  Classes *self = g_new0 (Classes, 1);
  self->session = g_object_ref (session);
  g_set_weak_pointer (&self->parent, parent);
  GtkWidget *window = self->window = adw_window_new ();
  g_object_set (window, "title", _ ("Classes shown"), "transient-for", parent, "destroy-with-parent", TRUE, NULL);
  dh_ui_set_window_size (window, 300, 520);
  adw_window_set_content (ADW_WINDOW (window), new_content (self));
  g_object_set_data_full (G_OBJECT (window), "classes", self, classes_free);
  g_object_set_data (G_OBJECT (parent), KEY, window);
  g_signal_connect (window, "destroy", G_CALLBACK (on_destroy), self);
  g_signal_connect_swapped (session, "notify::model-info", G_CALLBACK (fill), self);
  g_signal_connect_swapped (session, "notify::dataset-title", G_CALLBACK (fill), self);
  g_signal_connect_swapped (session, "notify::frame", G_CALLBACK (show_shares), self);
  g_signal_connect_swapped (dh_session_get_view (session), "notify", G_CALLBACK (on_view), self);
  dh_ui_close_on_escape (window);
  fill (self);
  gtk_window_present (GTK_WINDOW (window));
}

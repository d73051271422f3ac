#include "dh-chart-menu.h"

typedef struct
{
  DhChart *chart; /* owns this */
  DhSession *session;
  GtkWidget *popover;
  GSimpleActionGroup *actions;
  char *name;
} ChartMenu;

static void
chart_menu_free (gpointer data)
{
  ChartMenu *self = data;
  g_object_unref (self->session);
  g_object_unref (self->actions);
  g_free (self->name);
  g_free (self);
}

static void
file_chosen (GtkNativeDialog *dialog, int response, DhChart *chart)
{
  ChartMenu *self = g_object_get_data (G_OBJECT (chart), "chart-menu");
  if (response == GTK_RESPONSE_ACCEPT && self != NULL)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;
      g_autoptr (GError) error = NULL;
      if (path != NULL && !dh_chart_save (chart, path, &error))
        g_signal_emit_by_name (self->session, "error", _ ("The chart could not be saved"), error->message);
      else if (path != NULL)
        dh_ui_say_saved (self->session, path);
    }
  g_object_unref (dialog);
}

static void
save (GSimpleAction *action, GVariant *value, gpointer data)
{
  ChartMenu *self = data;
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self->chart)));
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (_ ("Save the chart"), window, GTK_FILE_CHOOSER_ACTION_SAVE, _ ("Save"), NULL);
  g_autofree char *name = g_strdup_printf ("%s.%s", self->name, g_variant_get_string (value, NULL));
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  g_signal_connect_object (dialog, "response", G_CALLBACK (file_chosen), self->chart, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
copy (GSimpleAction *action, GVariant *value, gpointer data)
{
  ChartMenu *self = data;
  g_autofree char *csv = dh_chart_to_csv (self->chart);
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self->chart)), csv);
  g_signal_emit_by_name (self->session, "message", _ ("The chart's numbers are in the clipboard"));
}

static void
show_at (ChartMenu *self, int x, int y)
{
  gtk_popover_set_pointing_to (GTK_POPOVER (self->popover), &(GdkRectangle){ x, y, 1, 1 });
  gtk_popover_popup (GTK_POPOVER (self->popover));
}

static void
on_released (GtkGestureClick *click, int n_press, double x, double y, ChartMenu *self)
{
  gtk_gesture_set_state (GTK_GESTURE (click), GTK_EVENT_SEQUENCE_CLAIMED);
  show_at (self, (int)x, (int)y);
}

static gboolean
on_key (GtkEventControllerKey *key, guint keyval, guint keycode, GdkModifierType state, ChartMenu *self)
{
  if (keyval != GDK_KEY_Menu && !(keyval == GDK_KEY_F10 && (state & GDK_SHIFT_MASK) != 0))
    return FALSE;
  show_at (self, gtk_widget_get_width (GTK_WIDGET (self->chart)) / 2, 24);
  return TRUE;
}

static void
on_destroy (ChartMenu *self)
{
  g_clear_pointer (&self->popover, gtk_widget_unparent);
}

static GMenuModel *
make_menu (void)
{
  GMenu *menu = g_menu_new ();
  dh_ui_menu_section (menu, _ ("Numbers"), _ ("_Copy as CSV"), "chart.copy", _ ("_Save as CSV…"), "chart.save::csv",
                      NULL);
  dh_ui_menu_section (menu, _ ("Image"), _ ("Save as _PNG…"), "chart.save::png", _ ("Save as S_VG…"), "chart.save::svg",
                      NULL);
  return G_MENU_MODEL (menu);
}

GtkWidget *
dh_chart_menu_new_button (DhChart *chart, const char *title)
{
  ChartMenu *self = g_object_get_data (G_OBJECT (chart), "chart-menu");
  g_autoptr (GMenuModel) menu = make_menu ();
  GtkWidget *button =
      dh_ui_menu_button ("view-more-symbolic", _ ("Numbers and image of this chart"), menu, "flat dh-iconbtn");
  g_autofree char *name = g_strdup_printf (_ ("%s: numbers and image"), title);
  dh_ui_set_name (button, name);
  gtk_widget_insert_action_group (button, "chart", G_ACTION_GROUP (self->actions));
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  return button;
}

void
dh_chart_menu_add (DhChart *chart, DhSession *session, const char *name)
{
  GtkWidget *widget = GTK_WIDGET (chart);
  ChartMenu *self = g_new0 (ChartMenu, 1);
  self->chart = chart;
  self->session = g_object_ref (session);
  self->name = g_strdup (name);
  g_object_set_data_full (G_OBJECT (chart), "chart-menu", self, chart_menu_free);
  GSimpleActionGroup *actions = self->actions = g_simple_action_group_new ();
  const GActionEntry entries[] = { { "save", save, "s", NULL, NULL }, { "copy", copy, NULL, NULL, NULL } };
  g_action_map_add_action_entries (G_ACTION_MAP (actions), entries, G_N_ELEMENTS (entries), self);
  gtk_widget_insert_action_group (widget, "chart", G_ACTION_GROUP (actions));
  g_autoptr (GMenuModel) menu = make_menu ();
  self->popover = gtk_popover_menu_new_from_model (menu);
  gtk_popover_set_has_arrow (GTK_POPOVER (self->popover), FALSE);
  gtk_widget_set_halign (self->popover, GTK_ALIGN_START);
  gtk_widget_set_parent (self->popover, widget);
  g_signal_connect_swapped (chart, "destroy", G_CALLBACK (on_destroy), self);
  GtkGesture *click = gtk_gesture_click_new ();
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  g_signal_connect (click, "released", G_CALLBACK (on_released), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));
  GtkEventController *key = gtk_event_controller_key_new ();
  g_signal_connect (key, "key-pressed", G_CALLBACK (on_key), self);
  gtk_widget_add_controller (widget, key);
}

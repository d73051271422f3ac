#include "dh-form-window.h"

GtkWidget *
dh_form_window_bar (GtkWindow *window, const char *label, GCallback done, GtkWidget **button)
{
  GtkWidget *bar = adw_header_bar_new (), *cancel = gtk_button_new_with_label (_ ("Cancel"));
  adw_header_bar_set_show_end_title_buttons (ADW_HEADER_BAR (bar), FALSE);
  g_signal_connect_object (cancel, "clicked", G_CALLBACK (gtk_window_close), window, G_CONNECT_SWAPPED);
  adw_header_bar_pack_start (ADW_HEADER_BAR (bar), cancel);
  *button = gtk_button_new_with_label (label);
  dh_ui_add_classes (*button, "suggested-action");
  g_signal_connect_object (*button, "clicked", done, window, G_CONNECT_SWAPPED);
  adw_header_bar_pack_end (ADW_HEADER_BAR (bar), *button);
  return bar;
}

GtkWidget *
dh_form_window_box (void)
{
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_VERTICAL, 12, NULL);
  gtk_widget_set_margin_top (box, 12);
  gtk_widget_set_margin_bottom (box, 18);
  gtk_widget_set_margin_start (box, 18);
  gtk_widget_set_margin_end (box, 18);
  return box;
}

GtkWidget *
dh_form_window_row (const char *title)
{
  GtkWidget *row = adw_action_row_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (row), 2);
  dh_widget_drop_hyphens (row);
  return row;
}

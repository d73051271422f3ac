#include "dh-ui.h"
#include <math.h>
#include "dh-focus.h"
#include "dh-widgets.h"

void
dh_ui_clear_grid (GtkGrid *grid)
{
  GtkWidget *child;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (grid))) != NULL)
    gtk_grid_remove (grid, child);
}

void
dh_ui_add_classes (GtkWidget *widget, const char *classes)
{
  if (classes == NULL)
    return;
  g_auto (GStrv) names = g_strsplit (classes, " ", -1);
  for (guint i = 0; names[i] != NULL; i++)
    if (names[i][0] != '\0')
      gtk_widget_add_css_class (widget, names[i]);
}

AdwToast *
dh_ui_toast_new (const char *text)
{
  GtkWidget *label = dh_ui_label (text, "heading", 0);
  dh_widget_wrap (label);
  gtk_label_set_max_width_chars (GTK_LABEL (label), 56);
  gtk_label_set_lines (GTK_LABEL (label), 2);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  AdwToast *toast = adw_toast_new ("");
  adw_toast_set_custom_title (toast, label);
  return toast;
}

GtkWidget *
dh_ui_label (const char *text, const char *classes, double xalign)
{
  GtkWidget *label = gtk_label_new (text);
  gtk_label_set_xalign (GTK_LABEL (label), (float)xalign);
  dh_ui_add_classes (label, classes);
  return label;
}

GtkWidget *
dh_ui_short_label (const char *text, const char *classes, double xalign)
{
  GtkWidget *label = dh_ui_label (text, classes, xalign);
  dh_ui_add_classes (label, "dh-short");
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  return label;
}

GtkWidget *
dh_ui_box (GtkOrientation orientation, int spacing, const char *classes)
{
  GtkWidget *box = gtk_box_new (orientation, spacing);
  dh_ui_add_classes (box, classes);
  return box;
}

GtkWidget *
dh_ui_table (int row_spacing)
{
  GtkWidget *grid = gtk_grid_new ();
  dh_ui_add_classes (grid, "dh-table");
  gtk_grid_set_row_spacing (GTK_GRID (grid), row_spacing);
  gtk_grid_set_column_spacing (GTK_GRID (grid), 18);
  gtk_widget_set_margin_start (grid, 12);
  gtk_widget_set_margin_end (grid, 12);
  gtk_widget_set_margin_bottom (grid, 12);
  return grid;
}

void
dh_ui_set_name (GtkWidget *widget, const char *accessible_name)
{
  dh_widget_set_name (widget, accessible_name);
}

void
dh_ui_name_table (GtkWidget *view, const char *accessible_name)
{
  GtkWidget *titles = gtk_widget_get_first_child (view), *rows = gtk_widget_get_next_sibling (titles);
  dh_ui_set_name (view, accessible_name);
  dh_ui_set_name (titles, _ ("Column titles"));
  dh_ui_set_name (rows, accessible_name);
}

static GtkWidget *
finish_button (GtkWidget *button, const char *tooltip, const char *action, const char *target, const char *classes)
{
  gtk_widget_set_tooltip_text (button, tooltip);
  dh_ui_set_name (button, tooltip);
  if (target != NULL)
    gtk_actionable_set_action_target (GTK_ACTIONABLE (button), "s", target);
  if (action != NULL)
    gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  dh_ui_add_classes (button, classes);
  return button;
}

GtkWidget *
dh_ui_icon_button (const char *icon, const char *tooltip, const char *action, const char *classes)
{
  return finish_button (gtk_button_new_from_icon_name (icon), tooltip, action, NULL, classes);
}

GtkWidget *
dh_ui_icon_toggle (const char *icon, const char *tooltip, const char *action, const char *target, const char *classes)
{
  GtkWidget *button = gtk_toggle_button_new ();
  gtk_button_set_icon_name (GTK_BUTTON (button), icon);
  return finish_button (button, tooltip, action, target, classes);
}

static gboolean
has_open_menu (GtkWidget *widget)
{
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_POPOVER (child) ? gtk_widget_get_visible (child) : has_open_menu (child))
      return TRUE;
  return FALSE;
}

static gboolean
on_tooltip (GtkWidget *widget, int x, int y, gboolean keyboard, GtkTooltip *tooltip, gpointer data)
{
  const char *text = g_object_get_data (G_OBJECT (widget), "tooltip");
  if (text == NULL || has_open_menu (widget))
    return FALSE;
  gtk_tooltip_set_text (tooltip, text);
  return TRUE;
}

/* FALSE: it has that one. */
static gboolean
set_tooltip (GtkWidget *widget, const char *text)
{
  if (g_strcmp0 (g_object_get_data (G_OBJECT (widget), "tooltip"), text) == 0)
    return FALSE;
  g_object_set_data_full (G_OBJECT (widget), "tooltip", g_strdup (text), g_free);
  gtk_widget_set_has_tooltip (widget, text != NULL);
  if (g_object_get_data (G_OBJECT (widget), "asked") != NULL)
    return TRUE;
  g_object_set_data (G_OBJECT (widget), "asked", widget);
  g_signal_connect (widget, "query-tooltip", G_CALLBACK (on_tooltip), NULL);
  return TRUE;
}

static void
describe (GtkWidget *widget, const char *text)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  text != NULL ? text : "", -1);
}

void
dh_ui_set_row_tooltip (GtkWidget *widget, const char *text)
{
  if (set_tooltip (widget, text))
    describe (widget, text);
}

void
dh_ui_set_menu_tooltip (GtkWidget *widget, const char *text)
{
  set_tooltip (widget, text);
  /* The button in it has the focus. */
  describe (GTK_IS_MENU_BUTTON (widget) ? gtk_widget_get_first_child (widget) : widget, text);
}

GtkWidget *
dh_ui_menu_button (const char *icon, const char *tooltip, GMenuModel *menu, const char *classes)
{
  GtkWidget *button = gtk_menu_button_new ();
  gtk_menu_button_set_icon_name (GTK_MENU_BUTTON (button), icon);
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (button), menu);
  dh_ui_set_menu_tooltip (button, tooltip);
  dh_ui_set_name (button, tooltip);
  dh_ui_add_classes (button, classes);
  return button;
}

GtkWidget *
dh_ui_text_menu (const char *text, GMenuModel *menu, const char *classes)
{
  GtkWidget *button = gtk_menu_button_new ();
  gtk_menu_button_set_label (GTK_MENU_BUTTON (button), text);
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (button), menu);
  dh_ui_add_classes (button, classes);
  return button;
}

GtkWidget *
dh_ui_context_button (const char *icon, const char *what, GMenuModel *menu, GtkWidget **title, GtkWidget **subtitle)
{
  GtkWidget *lines = dh_ui_box (GTK_ORIENTATION_VERTICAL, 0, NULL);
  *title = dh_ui_short_label (NULL, "dh-h", 0);
  *subtitle = dh_ui_short_label (NULL, "dh-small dim-label", 0);
  gtk_widget_set_hexpand (lines, TRUE);
  gtk_widget_set_valign (lines, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (lines), *title);
  gtk_box_append (GTK_BOX (lines), *subtitle);
  GtkWidget *box = dh_ui_box (GTK_ORIENTATION_HORIZONTAL, 10, NULL);
  GtkWidget *image = gtk_image_new_from_icon_name (icon);
  dh_ui_set_name (image, what);
  gtk_box_append (GTK_BOX (box), image);
  gtk_box_append (GTK_BOX (box), lines);
  gtk_box_append (GTK_BOX (box), gtk_image_new_from_icon_name ("pan-down-symbolic"));
  GtkWidget *button = gtk_menu_button_new ();
  gtk_menu_button_set_child (GTK_MENU_BUTTON (button), box);
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (button), menu);
  /* The button centres its child. */
  gtk_widget_set_halign (gtk_widget_get_parent (box), GTK_ALIGN_FILL);
  gtk_widget_set_hexpand (button, TRUE);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  dh_ui_add_classes (button, "flat dh-context");
  dh_ui_set_name (button, what);
  gtk_accessible_update_relation (GTK_ACCESSIBLE (gtk_widget_get_first_child (button)),
                                  GTK_ACCESSIBLE_RELATION_LABELLED_BY, image, *title, *subtitle, NULL, -1);
  return button;
}

GtkWidget *
dh_ui_line (void)
{
  return gtk_separator_new (GTK_ORIENTATION_HORIZONTAL);
}

static void
draw_swatch (GtkDrawingArea *area, cairo_t *cr, int width, int height, gpointer data)
{
  guint32 rgb = GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (area), "rgb"));
  double r = (rgb >> 16 & 255) / 255.0, g = (rgb >> 8 & 255) / 255.0, b = (rgb & 255) / 255.0;
  cairo_set_source_rgb (cr, r, g, b);
  cairo_rectangle (cr, 0, 0, width, height);
  cairo_fill (cr);
  GdkRGBA edge;
  if (dh_widget_needs_edge (GTK_WIDGET (area), rgb, &edge))
    {
      gdk_cairo_set_source_rgba (cr, &edge);
      cairo_set_line_width (cr, 1);
      cairo_rectangle (cr, 0.5, 0.5, width - 1, height - 1);
      cairo_stroke (cr);
    }
  if (g_object_get_data (G_OBJECT (area), "hatched") == NULL)
    return;
  cairo_set_source_rgba (cr, 1, 1, 1, 0.85);
  cairo_set_line_width (cr, 1.2);
  for (int x = -height; x < width; x += 4)
    {
      cairo_move_to (cr, x, height);
      cairo_line_to (cr, x + height, 0);
    }
  cairo_stroke (cr);
}

GtkWidget *
dh_ui_swatch (guint32 rgb, gboolean hatched)
{
  GtkWidget *area = gtk_drawing_area_new ();
  gtk_drawing_area_set_content_width (GTK_DRAWING_AREA (area), 10);
  gtk_drawing_area_set_content_height (GTK_DRAWING_AREA (area), 10);
  gtk_drawing_area_set_draw_func (GTK_DRAWING_AREA (area), draw_swatch, NULL, NULL);
  gtk_widget_set_valign (area, GTK_ALIGN_CENTER);
  dh_ui_swatch_set (area, rgb, hatched);
  return area;
}

void
dh_ui_swatch_set (GtkWidget *swatch, guint32 rgb, gboolean hatched)
{
  g_object_set_data (G_OBJECT (swatch), "rgb", GUINT_TO_POINTER (rgb));
  g_object_set_data (G_OBJECT (swatch), "hatched", hatched ? swatch : NULL);
  gtk_widget_queue_draw (swatch);
}

static GtkWidget *
find_title (GtkColumnView *view, guint index)
{
  GtkWidget *title = gtk_widget_get_first_child (gtk_widget_get_first_child (GTK_WIDGET (view)));
  for (guint i = 0; title != NULL && i < index; i++)
    title = gtk_widget_get_next_sibling (title);
  return title != NULL ? gtk_widget_get_first_child (title) : NULL;
}

int
dh_ui_title_width (GtkColumnView *view, guint index)
{
  GtkWidget *box = find_title (view, index);
  int width = 0;
  if (box != NULL)
    gtk_widget_measure (box, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &width, NULL, NULL);
  return width;
}

void
dh_ui_align_title_right (GtkColumnView *view, guint index)
{
  GtkWidget *box = find_title (view, index);
  if (box == NULL)
    return;
  gtk_widget_set_halign (box, GTK_ALIGN_END);
  /* The arrow of the order before the title, which then ends where the numbers end. */
  GtkWidget *last = gtk_widget_get_last_child (box);
  if (last != gtk_widget_get_first_child (box))
    gtk_widget_insert_after (last, box, NULL);
}

void
dh_ui_menu_section (GMenu *menu, const char *title, ...)
{
  g_autoptr (GMenu) section = g_menu_new ();
  va_list args;
  va_start (args, title);
  const char *label;
  while ((label = va_arg (args, const char *)) != NULL)
    g_menu_append (section, label, va_arg (args, const char *));
  va_end (args);
  g_menu_append_section (menu, title, G_MENU_MODEL (section));
}

char *
dh_ui_dup_menu_name (const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, "_", -1);
  return g_strjoinv ("__", parts);
}

void
dh_ui_menu_append_name (GMenu *menu, const char *name, const char *action)
{
  g_autofree char *label = dh_ui_dup_menu_name (name);
  g_menu_append (menu, label, action);
}

GdkTexture *
dh_ui_texture (GBytes *rgb, guint width, guint height)
{
  if (rgb == NULL)
    return NULL;
  return gdk_memory_texture_new ((int)width, (int)height, GDK_MEMORY_R8G8B8, rgb, (gsize)3 * width);
}

void
dh_ui_close_on_escape (GtkWidget *window)
{
  dh_focus_speak_rows (GTK_WINDOW (window));
  GtkEventController *controller = gtk_shortcut_controller_new ();
  gtk_shortcut_controller_add_shortcut (
      GTK_SHORTCUT_CONTROLLER (controller),
      gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_Escape, 0), gtk_named_action_new ("window.close")));
  gtk_widget_add_controller (window, controller);
}

void
dh_ui_say_saved (gpointer session, const char *path)
{
  g_autofree char *base = g_path_get_basename (path), *name = g_filename_display_name (base);
  g_autofree char *text = g_strdup_printf (_ ("Saved: %s"), name);
  g_signal_emit_by_name (session, "written", text, path);
}

char *
dh_ui_size (guint64 bytes)
{
  return g_format_size (bytes);
}

char *
dh_ui_time (const char *iso)
{
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = iso != NULL ? g_date_time_new_from_iso8601 (iso, utc) : NULL;
  g_autoptr (GDateTime) local = time != NULL ? g_date_time_to_local (time) : NULL;
  return local != NULL ? g_date_time_format (local, "%-d %b %Y, %H:%M") : g_strdup ("—");
}

double
dh_ui_text_scale (GtkWidget *widget)
{
  int dpi = -1; /* 1024ths */
  g_object_get (gtk_widget_get_settings (widget), "gtk-xft-dpi", &dpi, NULL);
  return dpi > 0 ? CLAMP (dpi / (96.0 * 1024.0), 0.5, 4.0) : 1;
}

void
dh_ui_set_window_size (GtkWidget *window, int width, int height)
{
  GtkWidget *parent = GTK_WIDGET (gtk_window_get_transient_for (GTK_WINDOW (window)));
  const double scale = MAX (dh_ui_text_scale (window), 1);
  const int most_width = MAX (width, parent != NULL ? gtk_widget_get_width (parent) : 0);
  const int most_height = MAX (height, parent != NULL ? gtk_widget_get_height (parent) : 0);
  gtk_window_set_default_size (GTK_WINDOW (window), MIN ((int)(scale * width), most_width),
                               height < 0 ? -1 : MIN ((int)(scale * height), most_height));
}

static void
on_text_size (GtkWidget *widget)
{
  const double scale = dh_ui_text_scale (widget);
  const int width = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (widget), "dh-text-width"));
  const int height = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (widget), "dh-text-height"));
  gtk_widget_set_size_request (widget, width < 0 ? -1 : (int)(width * scale), height < 0 ? -1 : (int)(height * scale));
}

void
dh_ui_set_text_size (GtkWidget *widget, int width, int height)
{
  g_object_set_data (G_OBJECT (widget), "dh-text-width", GINT_TO_POINTER (width));
  g_object_set_data (G_OBJECT (widget), "dh-text-height", GINT_TO_POINTER (height));
  GtkSettings *settings = gtk_widget_get_settings (widget);
  g_signal_handlers_disconnect_by_func (settings, on_text_size, widget);
  g_signal_connect_object (settings, "notify::gtk-xft-dpi", G_CALLBACK (on_text_size), widget, G_CONNECT_SWAPPED);
  on_text_size (widget);
}

static gboolean
focus_default (gpointer dialog)
{
  gtk_window_set_focus (dialog, gtk_window_get_default_widget (dialog));
  return G_SOURCE_REMOVE;
}

/* How the answers stand is known once the dialog has its size. */
static void
on_dialog_map (GtkWidget *dialog)
{
  g_idle_add_full (G_PRIORITY_LOW, focus_default, g_object_ref (dialog), g_object_unref);
}

void
dh_ui_focus_default (GtkWidget *dialog)
{
  g_signal_connect_after (dialog, "map", G_CALLBACK (on_dialog_map), NULL);
}

#pragma once
#include <adwaita.h>
#include <glib/gi18n.h>
#include "dh-widgets.h"

G_BEGIN_DECLS

/* Short forms for what every page makes many of. Style classes are given in one string, separated by spaces. */
GtkWidget *dh_ui_label (const char *text, const char *classes, double xalign);
/* Says plain text, whatever signs of markup stand in it, in two lines at most. */
AdwToast *dh_ui_toast_new (const char *text);
/* How large a window that stands before another one begins: for letters of the usual size, and larger with larger ones
 * as far as the other one reaches. `height` −1: what it needs. After "transient-for". */
void dh_ui_set_window_size (GtkWidget *window, int width, int height);
/* Ellipsized at the end, so that a panel may become narrow. */
GtkWidget *dh_ui_short_label (const char *text, const char *classes, double xalign);
GtkWidget *dh_ui_box (GtkOrientation orientation, int spacing, const char *classes);
void dh_ui_clear_grid (GtkGrid *grid);
void dh_ui_add_classes (GtkWidget *widget, const char *classes);
/* Icon alone, with a tooltip that is its accessible name as well; `action` may be NULL. */
GtkWidget *dh_ui_icon_button (const char *icon, const char *tooltip, const char *action, const char *classes);
GtkWidget *dh_ui_icon_toggle (const char *icon, const char *tooltip, const char *action, const char *target,
                              const char *classes);
GtkWidget *dh_ui_menu_button (const char *icon, const char *tooltip, GMenuModel *menu, const char *classes);
/* A tooltip that does not lie over an open menu of the widget's or of what stands in it; NULL: none. */
void dh_ui_set_menu_tooltip (GtkWidget *widget, const char *text);
/* A tooltip of what is filled again and again, as rows of a list are: GTK asks the display where the pointer is
 * whenever a tooltip is set, which takes longer than all else of a row. */
void dh_ui_set_row_tooltip (GtkWidget *widget, const char *text);
/* A text with a down arrow. */
GtkWidget *dh_ui_text_menu (const char *text, GMenuModel *menu, const char *classes);
/* The wide button over a panel: icon, two lines, a down arrow; what it chooses is spoken before the lines. */
GtkWidget *dh_ui_context_button (const char *icon, const char *what, GMenuModel *menu, GtkWidget **title,
                                 GtkWidget **subtitle);
void dh_ui_set_name (GtkWidget *widget, const char *accessible_name);
/* The name of a column view and of the parts of it that can have the focus. */
void dh_ui_name_table (GtkWidget *view, const char *accessible_name);
/* Horizontal line. */
GtkWidget *dh_ui_line (void);
/* A square of a colour, as in a legend; 0xRRGGBB. */
GtkWidget *dh_ui_swatch (guint32 rgb, gboolean hatched);
void dh_ui_swatch_set (GtkWidget *swatch, guint32 rgb, gboolean hatched);

/* Column titles have no alignment of their own: puts that of column `index` over right-aligned numbers. */
void dh_ui_align_title_right (GtkColumnView *view, guint index);
/* What a column's title wants, with the arrow of the order. */
int dh_ui_title_width (GtkColumnView *view, guint index);

/* An empty grid that is the table of a card. */
GtkWidget *dh_ui_table (int row_spacing);
/* A section of a menu with a title (may be NULL); the items as label, action pairs, NULL-terminated. */
void dh_ui_menu_section (GMenu *menu, const char *title, ...) G_GNUC_NULL_TERMINATED;

/* For the label of a menu's item, a name as it is: an underscore in it is no mnemonic. */
char *dh_ui_dup_menu_name (const char *name);
void dh_ui_menu_append_name (GMenu *menu, const char *name, const char *action);

/* RGB rows without padding → texture; NULL for NULL. */
GdkTexture *dh_ui_texture (GBytes *rgb, guint width, guint height);
/* A window beside the main one: Escape closes it, and its rows are spoken. */
void dh_ui_close_on_escape (GtkWidget *window);
/* Says by the session's signal "written" that a file was saved. */
void dh_ui_say_saved (gpointer session, const char *path);
/* "3.1 GB"; free with g_free. */
char *dh_ui_size (guint64 bytes);
/* A time in ISO 8601 (UTC where it names no zone) as the clock here shows it: "28 Nov 2026, 17:23"; "—" for NULL. */
char *dh_ui_time (const char *iso);

/* How large the user wants letters: 1 at 96 dots an inch, 1.25 with "large text". Widths that words need grow by it. */
double dh_ui_text_scale (GtkWidget *widget);
/* Asks for a size that grows with the letters, also when the user changes these; −1: as the widget likes. */
void dh_ui_set_text_size (GtkWidget *widget, int width, int height);
/* The focus of an AdwMessageDialog is on its default answer once it is shown: where answers stand below each other, the
 * uppermost, which removes the most, would have it. */
void dh_ui_focus_default (GtkWidget *dialog);

G_END_DECLS

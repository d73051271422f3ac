#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Where the keyboard is: how it leaves lists, goes from region to region, and what is spoken of the row that it is on.
 */

/* Tab leaves the list, where GTK before 4.12 goes from row to row; arrows go through its rows. */
void dh_focus_tab_leaves (GtkWidget *list);
/* The same of a column view, before whose rows Tab goes to its titles: arrows go through these, and Enter and Space
 * sort by them, for which GTK before 4.10 has no key. */
void dh_focus_add_table (GtkWidget *view);

/* A part of the window that F6 goes to: a bar, a panel, the canvas, a card. */
void dh_focus_add_region (GtkWidget *widget);
/* To the next region (1) or the one before (-1) that is to be seen, in the order of Tab. FALSE where there is none. */
gboolean dh_focus_step_region (GtkWindow *window, int step);

/* A row of a list or a table has no name of its own: from now on, that which has the focus in this window is named by
 * what stands in it, in a table with the columns' titles. */
void dh_focus_speak_rows (GtkWindow *window);
/* What stands in a widget, read from its first word to its last; free with g_free. Names that were given by
 * dh_ui_set_name stand for what has them; buttons are left out. */
char *dh_focus_dup_content (GtkWidget *widget);

G_END_DECLS

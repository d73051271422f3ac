#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A row that leaves out what it has no room for: its least width is that of the children that are always needed. Those
 * that expand share what is left. */
#define DH_TYPE_FIT_ROW (dh_fit_row_get_type ())
G_DECLARE_FINAL_TYPE (DhFitRow, dh_fit_row, DH, FIT_ROW, GtkWidget)

GtkWidget *dh_fit_row_new (int spacing);
/* `rank` 0: always there; of the others the highest is left out first. A child left out is not drawn, takes neither
 * pointer nor focus, and is back as soon as it fits; gtk_widget_set_visible() stays the caller's. */
void dh_fit_row_append (DhFitRow *row, GtkWidget *child, guint rank);

G_END_DECLS

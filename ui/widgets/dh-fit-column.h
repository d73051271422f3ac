#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A column that leaves out what it has no room for, as DhFitRow does across: its least height is that of the children
 * that are always needed. */
#define DH_TYPE_FIT_COLUMN (dh_fit_column_get_type ())
G_DECLARE_FINAL_TYPE (DhFitColumn, dh_fit_column, DH, FIT_COLUMN, GtkWidget)

GtkWidget *dh_fit_column_new (int spacing);
/* `rank` 0: always there; of the others the highest is left out first. A child left out is not drawn and takes neither
 * pointer nor focus. */
void dh_fit_column_append (DhFitColumn *column, GtkWidget *child, guint rank);

G_END_DECLS

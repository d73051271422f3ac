#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* By which columns the rows of a view are to be sorted, so that who sorts them knows the direction too: what is
 * undefined comes last in both. GTK itself before 4.10 tells neither. */
typedef struct
{
  guint column;
  gboolean descending;
} DhViewOrder;

/* Gives a column of the view, `number` in what is told, a title that can be clicked. */
void dh_view_order_add (GtkColumnView *view, GtkColumnViewColumn *column, guint number);
/* DhViewOrder, the column that decides first; empty where nothing was clicked. The view's sorter tells of changes.
 * Free with g_array_unref. */
GArray *dh_view_order_get (GtkColumnView *view);

G_END_DECLS

#pragma once
#include "dh-session.h"
#include "dh-table.h"

G_BEGIN_DECLS

/* The evaluated set in parts, a row of numbers each; they are measured once the table is seen. A row that is activated
 * calls `open` with the filter that finds its pictures, or its objects where it is a size of these. */
typedef void (*DhSlicesOpen) (const char *filter, gboolean objects, gpointer data);
GtkWidget *dh_slices_table_new (DhSession *session, DhSlicesOpen open, gpointer data);
/* Parts that have the words in their name or kind. */
void dh_slices_table_set_filter (GtkWidget *table, const char *text);
char *dh_slices_table_dup_note (GtkWidget *table);

G_END_DECLS

#pragma once
#include "dh-table.h"
#include "dh-view-order.h"

G_BEGIN_DECLS

/* Of a table's items those that pass, in their order, as a list: what an item is sorted by is asked once, which a
 * GtkSortListModel does at every comparison. What is undefined comes behind the rest, whatever the direction. */
#define DH_TYPE_TABLE_ROWS (dh_table_rows_get_type ())
G_DECLARE_FINAL_TYPE (DhTableRows, dh_table_rows, DH, TABLE_ROWS, GObject)

/* `kind` is static; `data` outlives the rows. Follows `items`, and keeps them. */
DhTableRows *dh_table_rows_new (const DhTableKind *kind, GListModel *items, gpointer data);
/* The first decides, each further one where those before are equal; at last the order of the items. */
void dh_table_rows_set_order (DhTableRows *rows, const DhViewOrder *order, guint n);
/* Filters and sorts again; FALSE where all rows stay where they are. */
gboolean dh_table_rows_renew (DhTableRows *rows);
/* GTK_INVALID_LIST_POSITION: it does not pass. */
guint dh_table_rows_find (DhTableRows *rows, gconstpointer item);

/* dh_table_to_csv() */
char *dh_table_rows_to_csv (DhTableRows *rows);

G_END_DECLS

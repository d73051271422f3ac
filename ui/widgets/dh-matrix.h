#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A confusion matrix: a row a label, a column a prediction, a cell the share of its row's pixels in the colours of
 * viridis by its square root, so that one in a hundred is seen. The cell under the pointer, or chosen by the arrow
 * keys, is told in a line beneath; a row without pixels is empty. */
#define DH_TYPE_MATRIX (dh_matrix_get_type ())
G_DECLARE_FINAL_TYPE (DhMatrix, dh_matrix, DH, MATRIX, GtkWidget)

GtkWidget *dh_matrix_new (void);
/* Copies n names and n×n counts, row after row; n = 0 empties it. */
void dh_matrix_set (DhMatrix *matrix, guint n, const char *const *names, const guint64 *counts);
/* What is said of a cell: "sidewalk taken for road: 12,345 px, 4.1 % of sidewalk". Free with g_free; NULL where there
 * is none. */
char *dh_matrix_dup_reading (DhMatrix *matrix, guint row, guint column);
/* The cell that is told; FALSE: none is. */
gboolean dh_matrix_get_cell (DhMatrix *matrix, guint *row, guint *column);
/* The largest share of a row that is taken for another class, for those who do not see the matrix; "" without any. Free
 * with g_free. */
char *dh_matrix_dup_worst (DhMatrix *matrix);

G_END_DECLS

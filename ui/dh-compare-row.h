#pragma once
#include "dh-compared-pictures.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A row of the list of changes: thumbnail, name, a bar about zero, A − B. */
#define DH_TYPE_COMPARE_ROW (dh_compare_row_get_type ())
G_DECLARE_FINAL_TYPE (DhCompareRow, dh_compare_row, DH, COMPARE_ROW, GtkWidget)

GtkWidget *dh_compare_row_new (DhSession *session);
/* `reach`: the change that fills half of the bar. NULL: no picture, for a row that is used again. */
void dh_compare_row_set_picture (DhCompareRow *row, DhComparedPicture *picture, double reach);

G_END_DECLS

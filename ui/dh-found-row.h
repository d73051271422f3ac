#pragma once
#include "dh-found-list.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* A find as a row of a list: what is around it, its image, its area, place and peak, and what the user says of it. */
#define DH_TYPE_FOUND_ROW (dh_found_row_get_type ())
G_DECLARE_FINAL_TYPE (DhFoundRow, dh_found_row, DH, FOUND_ROW, GtkWidget)

GtkWidget *dh_found_row_new (DhSession *session, DhFoundList *list);
/* NULL: none. */
void dh_found_row_set_item (DhFoundRow *row, DhFoundItem *item);

G_END_DECLS

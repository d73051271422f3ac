#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

/* A head above a list that scrolls by itself. The head has the height that it needs at this width, and the list what is
 * left; where that is less than `rows` pixels, the head scrolls instead, by keys as well: `name` is what is spoken of
 * it then. */
#define DH_TYPE_HEADED_LIST (dh_headed_list_get_type ())
G_DECLARE_FINAL_TYPE (DhHeadedList, dh_headed_list, DH, HEADED_LIST, GtkWidget)

GtkWidget *dh_headed_list_new (GtkWidget *head, const char *name, GtkWidget *list, int rows);

G_END_DECLS

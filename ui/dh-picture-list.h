#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

/* Of the pictures one is chosen, or none. The model stays the caller's, too. */
GtkSingleSelection *dh_picture_selection_new (GListModel *model);
/* A list of them in a scroller. Left and right are the window's next and previous, Space its single layout, as
 * everywhere in Browse. `factory` is taken; `list`, borrowed, is the GtkListView. */
GtkWidget *dh_picture_list_new (GtkSingleSelection *selection, GtkListItemFactory *factory, const char *name,
                                GtkWidget **list);
/* Scrolls to a row; where the keys are the list's, they go on from it. */
void dh_picture_list_show (GtkWidget *list, guint position);
/* The same, and makes the keys the list's. */
void dh_picture_list_focus (GtkWidget *list, guint position);

G_END_DECLS

#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

/* Of the pictures one is chosen, or none. The model stays the caller's, too. */
GtkSingleSelection *dh_picture_selection_new (GListModel *model);
/* A list of them in a scroller. Left and right are the window's next and previous, Space its single layout, as
 * everywhere in Browse. `factory` is taken; `list`, borrowed, is the GtkListView. */
GtkWidget *dh_picture_list_new (GtkSingleSelection *selection, GtkListItemFactory *factory, const char *name,
                                GtkWidget **list);

G_END_DECLS

#pragma once
#include "dh-picture-components.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* One object of a picture as an item of a list: a copy, with the frame that it is in. */
#define DH_TYPE_COMPONENT_ITEM (dh_component_item_get_type ())
G_DECLARE_FINAL_TYPE (DhComponentItem, dh_component_item, DH, COMPONENT_ITEM, GObject)
DhComponentItem *dh_component_item_new (const DhPictureObject *object, DhScore score, DhFrame *frame);
const DhPictureObject *dh_component_item_get (DhComponentItem *item);
/* "Missed, 1,162 px"; free with g_free. */
char *dh_component_item_dup_title (DhComponentItem *item);

/* How the list shows it: where it lies, what it is, how large, how much overlaps, its mean score. */
#define DH_TYPE_COMPONENT_ROW (dh_component_row_get_type ())
G_DECLARE_FINAL_TYPE (DhComponentRow, dh_component_row, DH, COMPONENT_ROW, GtkWidget)
GtkWidget *dh_component_row_new (void);
/* NULL: none. */
void dh_component_row_set_item (DhComponentRow *row, DhComponentItem *item);

/* What stands beside the words: an icon in the kind's colour. */
GtkWidget *dh_component_icon_new (void);
void dh_component_icon_set (GtkWidget *icon, DhObjectKind kind);

G_END_DECLS

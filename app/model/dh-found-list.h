#pragma once
#include "dh-found-item.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* What the threshold flags in the evaluated set (dh-session-set-objects.h), as a list model of DhFoundItem, which are
 * made where they are asked for. Order, least area and what is shown are the view's "finds-order" (score, area, image),
 * "finds-least" and "finds-shown" (all, open, real, false). A find that is marked keeps its row until the list is made
 * anew. For the window's thread. */
#define DH_TYPE_FOUND_LIST (dh_found_list_get_type ())
G_DECLARE_FINAL_TYPE (DhFoundList, dh_found_list, DH, FOUND_LIST, GObject)

DhFoundList *dh_found_list_new (DhSession *session);
/* All that were found, whether they are shown or not. */
guint dh_found_list_count (DhFoundList *list);
/* Where the same thing stands; −1: nowhere. `item` may be NULL. */
gint dh_found_list_find (DhFoundList *list, DhFoundItem *item);
void dh_found_list_mark (DhFoundList *list, guint position, DhFindMark mark);
/* For a row that shows the item, and when it shows it no more. */
void dh_found_list_show_crop (DhFoundList *list, DhFoundItem *item);
void dh_found_list_leave_crop (DhFoundList *list, DhFoundItem *item);

G_END_DECLS

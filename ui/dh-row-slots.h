#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* What a view is given in the place of a list of rows: places that stay while others come to stand in them, so that a
 * filter or another order fills the widgets that are there instead of making two hundred rows of them anew, as GTK
 * does. What is in sight is filled at once, the rest in slices, between which the main loop turns; and where many rows
 * come, the view gets them in slices as well. */
#define DH_TYPE_ROW_SLOTS (dh_row_slots_get_type ())
G_DECLARE_FINAL_TYPE (DhRowSlots, dh_row_slots, DH, ROW_SLOTS, GObject)

/* A place; emits "filled" when it is to be shown again: another row stands there, or what it shows has changed. */
#define DH_TYPE_ROW_SLOT (dh_row_slot_get_type ())
G_DECLARE_FINAL_TYPE (DhRowSlot, dh_row_slot, DH, ROW_SLOT, GObject)

/* A list of DhRowSlot; keeps `rows`. Ask `rows` for what stands at a position: slots that are not in sight tell of it
 * later. */
DhRowSlots *dh_row_slots_new (GListModel *rows);
/* The vertical adjustment of the view, by which it is told what is in sight. */
void dh_row_slots_set_view (DhRowSlots *slots, GtkAdjustment *adjustment);
/* What the rows show has changed. */
void dh_row_slots_tell (DhRowSlots *slots);

/* Tells of a widget of the row that shows it, so that the keys stay with what stands there when it goes elsewhere;
 * NULL: it is shown no more. When a cell is bound and unbound. */
void dh_row_slot_set_cell (DhRowSlot *slot, GtkWidget *cell);
/* Borrowed, until the slot is filled again; NULL: none any more. */
gpointer dh_row_slot_get_item (DhRowSlot *slot);

G_END_DECLS

#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* What one thread hands to the next, in order, a few at a time. Any thread. */
typedef struct _DhCliLane DhCliLane;

DhCliLane *dh_cli_lane_new (guint most, GDestroyNotify free_item);
/* Takes the item and waits until there is room; FALSE, with the item freed, once it is closed. */
gboolean dh_cli_lane_put (DhCliLane *lane, gpointer item);
/* Waits for an item, the caller's; NULL once it is closed and empty. */
gpointer dh_cli_lane_take (DhCliLane *lane);
/* Nothing more is put in; with `drop` what is there is freed. */
void dh_cli_lane_close (DhCliLane *lane, gboolean drop);
void dh_cli_lane_free (DhCliLane *lane);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhCliLane, dh_cli_lane_free)

G_END_DECLS

#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Memory that several threads share for large pieces of work, each of which says before how much it takes: one waits
 * until there is room for it beside the others, and alone each may go in. Any thread. */
typedef struct _DhRoom DhRoom;

DhRoom *dh_room_new (guint64 bytes);
void dh_room_free (DhRoom *room);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRoom, dh_room_free)

/* Waits; dh_room_leave() with as many bytes when it is done. */
void dh_room_enter (DhRoom *room, guint64 bytes);
void dh_room_leave (DhRoom *room, guint64 bytes);

/* NULL, or why that is more than can be had now, for people; the system would end the program rather than say so. */
char *dh_room_dup_shortage (guint64 bytes);

G_END_DECLS

#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* The demo that comes with the program: generated street scenes and a small network. */

/* Writes the scenes, in StreetHazards' layout, unless they are there already; some seconds, so never on the window's
 * thread. The folder; free with g_free. Errors: DH_ERROR_IO, G_IO_ERROR_CANCELLED. */
char *dh_demo_write_scenes (GCancellable *cancellable, GError **error);
/* The network's weights, in the program itself. DH_ERROR_NOT_FOUND where this build has none. */
GBytes *dh_demo_get_weights (GError **error);
gboolean dh_demo_is_there (void);

G_END_DECLS

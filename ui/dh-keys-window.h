#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

/* The list of all keys: in groups, as narrow as a window may be, scrolled, filtered by the words of a key's title or of
 * its group. GtkShortcutsWindow is as wide as its columns are, whatever the screen. */
GtkWidget *dh_keys_window_new (GtkWindow *parent);
/* Of keys that are added from now on. */
void dh_keys_window_add_group (GtkWidget *window, const char *title);
/* `accelerators`: separated by spaces. */
void dh_keys_window_add_key (GtkWidget *window, const char *title, const char *accelerators);

G_END_DECLS

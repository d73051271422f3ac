#pragma once
#include "dh-ui.h"

G_BEGIN_DECLS

/* What a window with a form has around its rows, the same for each: for a modal window that asks for something to be
 * done. */

/* A header bar: Cancel, which closes the window, and a button that does it. `done` (object: window) is called at a
 * click; *button is borrowed. */
GtkWidget *dh_form_window_bar (GtkWindow *window, const char *label, GCallback done, GtkWidget **button);
/* A box with margins, for what stands below the bar. */
GtkWidget *dh_form_window_box (void);
/* A row of a list; what was chosen stands below what it is, as its subtitle. */
GtkWidget *dh_form_window_row (const char *title);

G_END_DECLS

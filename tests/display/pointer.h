#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Real pointer and key events, sent to the display by xdotool. */

/* Begins a test program; where there is no display, or none to send them, it says that it is skipped: FALSE. */
gboolean pointer_begin (int *argc, char ***argv);
/* Shows a window and waits until it is drawn; returns it. */
GtkWidget *pointer_show (GtkWidget *child, int width, int height);
/* Runs the main loop for a while. */
void pointer_wait (guint milliseconds);
/* Coordinates of a widget. */
void pointer_move (GtkWidget *widget, double x, double y);
void pointer_click (guint button);
void pointer_double_click (void);
void pointer_press (guint button);
void pointer_release (guint button);
/* `key` as xdotool names it: "plus", "Escape", "shift" … */
void pointer_key (const char *key);
void pointer_key_down (const char *key);
void pointer_key_up (const char *key);

G_END_DECLS

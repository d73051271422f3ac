#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Real pointer and key events, sent to the display by xdotool. */

/* Begins a test program; where there is no display, or none to send them, it says that it is skipped: FALSE. */
gboolean pointer_begin (int *argc, char ***argv);
/* Before it, for a program that has settings and data: they stand in a new folder, and nothing of the user's is read or
 * written. */
void pointer_own_home (void);
/* Shows a window and waits until it is drawn; returns it. */
GtkWidget *pointer_show (GtkWidget *child, int width, int height);
/* Runs the main loop for a while, and until all that was sent by then has been taken, laid out and drawn. */
void pointer_wait (guint milliseconds);
/* Runs it until the condition holds, however long a slow machine takes. */
#define pointer_wait_until(condition)                                                                                  \
  G_STMT_START                                                                                                         \
  {                                                                                                                    \
    const gint64 end_ = g_get_monotonic_time () + 300 * G_USEC_PER_SEC;                                                \
    while (!(condition))                                                                                               \
      {                                                                                                                \
        g_assert_cmpint (g_get_monotonic_time (), <, end_);                                                            \
        pointer_wait (20);                                                                                             \
      }                                                                                                                \
  }                                                                                                                    \
  G_STMT_END
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

#include "pointer.h"
#include <math.h>
#include <stdarg.h>

gboolean
pointer_begin (int *argc, char ***argv)
{
  g_test_init (argc, argv, NULL);
  g_autofree char *path = g_find_program_in_path ("xdotool");
  if (gtk_init_check () && path != NULL)
    return TRUE;
  g_print ("1..0 # SKIP no display or no xdotool\n");
  return FALSE;
}

static gboolean
on_timeout (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

void
pointer_wait (guint milliseconds)
{
  gboolean over = FALSE;
  g_timeout_add (milliseconds, on_timeout, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static void
run (const char *first, ...)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  va_list list;
  g_ptr_array_add (arguments, (gpointer) "xdotool");
  va_start (list, first);
  for (const char *word = first; word; word = va_arg (list, const char *))
    g_ptr_array_add (arguments, (gpointer)word);
  va_end (list);
  g_ptr_array_add (arguments, NULL);
  g_spawn_sync (NULL, (char **)arguments->pdata, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
                NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  pointer_wait (150);
}

GtkWidget *
pointer_show (GtkWidget *child, int width, int height)
{
  GtkWidget *window = gtk_window_new ();
  /* Without a window manager there is no focus to be had from one: the window takes it itself. */
  gtk_window_set_decorated (GTK_WINDOW (window), FALSE);
  gtk_window_set_default_size (GTK_WINDOW (window), width, height);
  gtk_window_set_child (GTK_WINDOW (window), child);
  gtk_window_present (GTK_WINDOW (window));
  for (guint i = 0; i < 100 && gtk_widget_get_width (child) == 0; i++)
    pointer_wait (50);
  pointer_wait (500);
  return window;
}

void
pointer_move (GtkWidget *widget, double x, double y)
{
  GtkNative *native = gtk_widget_get_native (widget);
  double in_surface_x = 0, in_surface_y = 0, in_root_x = 0, in_root_y = 0;
  gtk_widget_translate_coordinates (widget, GTK_WIDGET (native), x, y, &in_root_x, &in_root_y);
  gtk_native_get_surface_transform (native, &in_surface_x, &in_surface_y);
  /* Without a window manager the window stands in the corner of the screen. */
  g_autofree char *px = g_strdup_printf ("%d", (int)floor (in_root_x + in_surface_x));
  g_autofree char *py = g_strdup_printf ("%d", (int)floor (in_root_y + in_surface_y));
  run ("mousemove", px, py, NULL);
}

static void
run_button (const char *what, guint button)
{
  g_autofree char *text = g_strdup_printf ("%u", button);
  run (what, text, NULL);
}

void
pointer_click (guint button)
{
  run_button ("click", button);
}

void
pointer_double_click (void)
{
  run ("click", "--repeat", "2", "--delay", "60", "1", NULL);
}

void
pointer_press (guint button)
{
  run_button ("mousedown", button);
}

void
pointer_release (guint button)
{
  run_button ("mouseup", button);
}

void
pointer_key (const char *key)
{
  run ("key", key, NULL);
}

void
pointer_key_down (const char *key)
{
  run ("keydown", key, NULL);
}

void
pointer_key_up (const char *key)
{
  run ("keyup", key, NULL);
}

#include "pointer.h"
#include <math.h>
#include <stdarg.h>

void
pointer_own_home (void)
{
  g_autofree char *home = g_dir_make_tmp ("dh-home-XXXXXX", NULL);
  static const char *const folders[] = { "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME" };
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *folder = g_build_filename (home, folders[i], NULL);
      g_setenv (folders[i], folder, TRUE);
    }
}

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

static GtkWidget *shown; /* the window of pointer_show() */

static gboolean
on_timeout (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
on_frame (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  guint *frames = data;
  return --*frames > 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* What the server has sent is taken, and what came of it is laid out and drawn: events of the pointer wait for a frame,
 * and so do sizes. */
static void
settle (void)
{
  guint frames = 3;
  gdk_display_sync (gdk_display_get_default ());
  if (shown == NULL || !gtk_widget_get_mapped (shown))
    return;
  const guint id = gtk_widget_add_tick_callback (shown, on_frame, &frames, NULL);
  while (frames > 0 && shown != NULL && gtk_widget_get_mapped (shown))
    g_main_context_iteration (NULL, TRUE);
  if (frames > 0 && shown != NULL)
    gtk_widget_remove_tick_callback (shown, id);
}

void
pointer_wait (guint milliseconds)
{
  gboolean over = FALSE;
  g_timeout_add (milliseconds, on_timeout, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
  settle ();
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
  pointer_wait_until (gtk_widget_get_mapped (window) && gtk_widget_get_width (child) > 0);
  g_set_weak_pointer (&shown, window);
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

/* However far apart a slow machine brings the two. */
void
pointer_double_click (void)
{
  int usual;
  GtkSettings *settings = gtk_settings_get_default ();
  g_object_get (settings, "gtk-double-click-time", &usual, NULL);
  g_object_set (settings, "gtk-double-click-time", 60000, NULL);
  run ("click", "--repeat", "2", "--delay", "60", "1", NULL);
  g_object_set (settings, "gtk-double-click-time", usual, NULL);
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

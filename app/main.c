#include <adwaita.h>
#include <epoxy/gl.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <string.h>
#include "dh-config.h"
#include "dh-session.h"
#include "dh-turns.h"
#include "dh-widgets.h"
#include "dh-window.h"

typedef struct
{
  DhSession *session;
  GtkWidget *window;
  gboolean demo, fresh;
  char *weights;
} Studio;

/* Where OpenGL is computed by the processor, GTK's own drawing by OpenGL costs several times what cairo needs, which
 * also redraws only what changed. The canvas keeps OpenGL. Must come before the first window. */
static void
choose_renderer (void)
{
  if (g_getenv ("GSK_RENDERER") != NULL)
    return;
  g_autoptr (GdkGLContext) context = gdk_display_create_gl_context (gdk_display_get_default (), NULL);
  if (context == NULL || !gdk_gl_context_realize (context, NULL))
    return;
  gdk_gl_context_make_current (context);
  const char *renderer = (const char *)glGetString (GL_RENDERER);
  static const char *const software[] = { "llvmpipe", "softpipe", "SWR", "Software" };
  for (guint i = 0; renderer != NULL && i < G_N_ELEMENTS (software); i++)
    if (strstr (renderer, software[i]) != NULL)
      g_setenv ("GSK_RENDERER", "cairo", FALSE);
  gdk_gl_context_clear_current ();
}

static void
startup (GApplication *application, Studio *studio)
{
  dh_turns_watch ();
  dh_widgets_init ();
  choose_renderer ();
  gtk_window_set_default_icon_name (DH_APP_ID);
  studio->session = dh_session_new ();
}

static void
present (GApplication *application, Studio *studio)
{
  if (studio->window == NULL)
    {
      studio->window = dh_window_new (ADW_APPLICATION (application), studio->session);
      g_object_add_weak_pointer (G_OBJECT (studio->window), (gpointer *)&studio->window);
    }
  gtk_window_present (GTK_WINDOW (studio->window));
}

static void
load_weights (Studio *studio)
{
  if (studio->weights == NULL)
    return;
  if (g_str_equal (studio->weights, "demo"))
    dh_session_open_demo_weights (studio->session);
  else
    dh_session_open_weights (studio->session, studio->weights);
}

static void
activate (GApplication *application, Studio *studio)
{
  gboolean first = studio->window == NULL;
  present (application, studio);
  if (!first)
    return;
  load_weights (studio);
  if (studio->demo)
    dh_session_open_demo (studio->session);
  else if (!studio->fresh && dh_session_restore (studio->session))
    dh_window_show_last_page (DH_WINDOW (studio->window));
}

static void
open_files (GApplication *application, GFile **files, int n_files, const char *hint, Studio *studio)
{
  present (application, studio);
  load_weights (studio);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  for (int i = 0; i < n_files; i++)
    {
      g_autofree char *path = g_file_get_path (files[i]);
      if (path != NULL)
        g_strv_builder_add (builder, path);
    }
  g_auto (GStrv) paths = g_strv_builder_end (builder);
  dh_session_open_any (studio->session, (const char *const *)paths);
}

static void
shut_down (GApplication *application, Studio *studio)
{
  if (studio->session != NULL)
    dh_session_close (studio->session);
  g_clear_object (&studio->session);
}

int
main (int argc, char **argv)
{
  /* Numbers have a point everywhere, as in files and on the command line, and are read as they are written: GTK would
   * set the locale of numbers again. */
  gtk_disable_setlocale ();
  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C");
  bindtextdomain ("densehybrid", DH_LOCALE_DIR);
  bind_textdomain_codeset ("densehybrid", "UTF-8");
  textdomain ("densehybrid");
  /* Before the application starts up, which looks for its style sheets there. */
  dh_widgets_register_resources ();
  Studio studio = { 0 };
  const GOptionEntry options[] = {
    { "demo", 0, 0, G_OPTION_ARG_NONE, &studio.demo, N_ ("Open the demo"), NULL },
    { "new", 0, 0, G_OPTION_ARG_NONE, &studio.fresh, N_ ("Open nothing, not even what was open last"), NULL },
    { "params", 0, 0, G_OPTION_ARG_FILENAME, &studio.weights, N_ ("Load these weights; \"demo\": the demo's"),
      N_ ("FILE") },
    { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL },
  };
  g_autoptr (AdwApplication) application = adw_application_new (DH_APP_ID, G_APPLICATION_HANDLES_OPEN);
  g_application_add_main_option_entries (G_APPLICATION (application), options);
  g_application_set_option_context_parameter_string (G_APPLICATION (application),
                                                     _ ("[IMAGE… | FOLDER] [WEIGHTS] – DenseHybrid Studio"));
  g_signal_connect (application, "startup", G_CALLBACK (startup), &studio);
  g_signal_connect (application, "activate", G_CALLBACK (activate), &studio);
  g_signal_connect (application, "open", G_CALLBACK (open_files), &studio);
  g_signal_connect (application, "shutdown", G_CALLBACK (shut_down), &studio);
  int status = g_application_run (G_APPLICATION (application), argc, argv);
  g_free (studio.weights);
  return status;
}

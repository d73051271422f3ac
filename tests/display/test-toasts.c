/* Toasts say what they are given, letter by letter: names of files and trainings are not markup. */
#include <adwaita.h>
#include "dh-ui.h"

static gboolean
says (GtkWidget *widget, const char *text)
{
  if (GTK_IS_LABEL (widget) && g_str_equal (gtk_label_get_text (GTK_LABEL (widget)), text))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (says (child, text))
      return TRUE;
  return FALSE;
}

static void
test_plain (void)
{
  static const char *const texts[] = { "“<b>bold</b> & <i>.pth” loaded", "a &amp; b", "1 < 2", "</span>",
                                       "100 % &#0;" };
  GtkWidget *window = gtk_window_new (), *overlay = adw_toast_overlay_new ();
  adw_toast_overlay_set_child (ADW_TOAST_OVERLAY (overlay), gtk_label_new ("page"));
  gtk_window_set_child (GTK_WINDOW (window), overlay);
  gtk_window_present (GTK_WINDOW (window));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      AdwToast *toast = g_object_ref (dh_ui_toast_new (texts[i]));
      adw_toast_overlay_add_toast (ADW_TOAST_OVERLAY (overlay), toast);
      const gint64 end = g_get_monotonic_time () + 300 * G_USEC_PER_SEC;
      while (!says (overlay, texts[i]) && g_get_monotonic_time () < end)
        {
          g_main_context_iteration (NULL, FALSE);
          g_usleep (2000);
        }
      g_assert_true (says (overlay, texts[i]));
      adw_toast_dismiss (toast);
      g_object_unref (toast);
    }
  gtk_window_destroy (GTK_WINDOW (window));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP no display\n");
      return 0;
    }
  adw_init ();
  g_test_add_func ("/toasts/plain", test_plain);
  return g_test_run ();
}

/* Toasts say what they are given, letter by letter: names of files and trainings are not markup. Tooltips do not lie
 * over an open menu. */
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

static gboolean
tells (GtkWidget *widget)
{
  g_autoptr (GtkTooltip) tooltip = g_object_new (GTK_TYPE_TOOLTIP, NULL);
  gboolean told = FALSE;
  g_signal_emit_by_name (widget, "query-tooltip", 0, 0, FALSE, tooltip, &told);
  return told;
}

/* Of a row with a menu of choices in it. */
static void
test_tooltip (void)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  g_menu_append (menu, "Choose a folder…", NULL);
  GtkWidget *window = gtk_window_new (), *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 0);
  GtkWidget *button = gtk_menu_button_new ();
  gtk_menu_button_set_menu_model (GTK_MENU_BUTTON (button), G_MENU_MODEL (menu));
  gtk_box_append (GTK_BOX (row), gtk_label_new ("Negatives"));
  gtk_box_append (GTK_BOX (row), button);
  gtk_window_set_child (GTK_WINDOW (window), row);
  gtk_window_present (GTK_WINDOW (window));
  dh_ui_set_menu_tooltip (row, "Images of anything");
  g_assert_true (gtk_widget_get_has_tooltip (row));
  g_assert_true (tells (row));
  for (guint i = 0; i < 2; i++)
    {
      gtk_menu_button_popup (GTK_MENU_BUTTON (button));
      g_assert_false (tells (row));
      gtk_menu_button_popdown (GTK_MENU_BUTTON (button));
      g_assert_true (tells (row));
    }
  dh_ui_set_menu_tooltip (row, NULL);
  g_assert_false (gtk_widget_get_has_tooltip (row));
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
  g_test_add_func ("/tooltips/menu", test_tooltip);
  g_test_add_func ("/toasts/plain", test_plain);
  return g_test_run ();
}

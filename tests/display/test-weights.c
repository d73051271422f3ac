/* The window that says what weights are and checks them. */
#include <adwaita.h>
#include <string.h>
#include "dh-session-check.h"
#include "dh-weights-filter.h"
#include "dh-weights-window.h"
#include "dh-widgets.h"
#include "pointer.h"

static DhSession *session;
static GtkWidget *parent, *window;

static GtkLabel *
find_label (GtkWidget *widget, const char *text)
{
  if (GTK_IS_LABEL (widget) && strstr (gtk_label_get_text (GTK_LABEL (widget)), text) != NULL)
    return GTK_LABEL (widget);
  GtkLabel *found = NULL;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_label (child, text);
  return found;
}

/* A sum over several lines is copied out by eye: no hyphen stands where a line ends. */
static void
test_sum (void)
{
  const char *sum = dh_session_get_model_info (session)->sha256;
  g_autoptr (PangoLayout) layout = pango_layout_copy (gtk_label_get_layout (find_label (window, sum)));
  g_assert_cmpint (pango_layout_get_line_count (layout), >, 1);
  /* Pango puts them between letters alone; where lines end depends on the font. */
  for (int width = 80; width < 320; width += 8)
    {
      pango_layout_set_width (layout, width * PANGO_SCALE);
      guint n = 0;
      for (int i = 0; i < pango_layout_get_line_count (layout); i++)
        for (GSList *run = pango_layout_get_line_readonly (layout, i)->runs; run != NULL; run = run->next)
          n += (guint)((PangoLayoutRun *)run->data)->glyphs->num_glyphs;
      g_assert_cmpuint (n, ==, strlen (sum));
    }
}

/* The demo's answers come with the program, in no file. */
static void
test_demo (void)
{
  dh_session_check_weights (session);
  pointer_wait_until (dh_session_get_weights_check (session) != NULL);
  g_assert_true (dh_session_get_weights_check (session)->fine);
  g_assert_nonnull (find_label (window, "These weights give what is recorded."));
  g_assert_null (find_label (window, "Nothing is recorded"));
}

/* Whatever can be opened as weights is offered, a network of one's own too; nothing else but on request. */
static void
test_filter (void)
{
  static const char *const offered[] = { "a.pth", "a.pt", "b.tar", "c.safetensors", "d.npz", "net.onnx", "NET.ONNX" };
  g_autoptr (GtkFileChooserNative) dialog =
      gtk_file_chooser_native_new ("weights", GTK_WINDOW (parent), GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);
  dh_weights_filter_add (GTK_FILE_CHOOSER (dialog));
  g_autoptr (GListModel) filters = gtk_file_chooser_get_filters (GTK_FILE_CHOOSER (dialog));
  g_assert_cmpuint (g_list_model_get_n_items (filters), ==, 2);
  g_autoptr (GtkFilter) weights = g_list_model_get_item (filters, 0), all = g_list_model_get_item (filters, 1);
  g_autoptr (GFileInfo) info = g_file_info_new ();
  for (guint i = 0; i < G_N_ELEMENTS (offered); i++)
    {
      g_file_info_set_display_name (info, offered[i]);
      g_assert_true (gtk_filter_match (weights, info));
    }
  g_file_info_set_display_name (info, "a.png");
  g_assert_false (gtk_filter_match (weights, info));
  g_assert_true (gtk_filter_match (all, info));
}

int
main (int argc, char **argv)
{
  pointer_own_home ();
  if (!pointer_begin (&argc, &argv))
    return 0;
  adw_init ();
  dh_widgets_init ();
  session = dh_session_new ();
  parent = gtk_window_new ();
  gtk_window_present (GTK_WINDOW (parent));
  dh_session_open_demo_weights (session);
  pointer_wait_until (dh_session_can_check_weights (session));
  window = dh_weights_window_new (session, GTK_WINDOW (parent));
  gtk_window_present (GTK_WINDOW (window));
  pointer_wait_until (gtk_widget_get_mapped (window));
  g_test_add_func ("/weights/sum", test_sum);
  g_test_add_func ("/weights/demo", test_demo);
  g_test_add_func ("/weights/filter", test_filter);
  const int status = g_test_run ();
  gtk_window_destroy (GTK_WINDOW (window));
  gtk_window_destroy (GTK_WINDOW (parent));
  dh_session_close (session);
  g_object_unref (session);
  return status;
}

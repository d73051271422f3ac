/* What is made for large letters: charts grow with them, and a message of a pane gives up what it can do without. */
#include "dh-fit-column.h"
#include "dh-ui.h"
#include "pointer.h"

static void
test_size (void)
{
  GtkSettings *settings = gtk_settings_get_default ();
  GtkWidget *area = gtk_drawing_area_new ();
  int width, height, dpi;
  g_object_get (settings, "gtk-xft-dpi", &dpi, NULL);
  g_object_set (settings, "gtk-xft-dpi", 96 * 1024, NULL);
  dh_ui_set_text_size (area, 200, -1);
  GtkWidget *window = pointer_show (area, 500, 400);
  gtk_widget_get_size_request (area, &width, &height);
  g_assert_cmpint (width, ==, 200);
  g_assert_cmpint (height, ==, -1);
  g_object_set (settings, "gtk-xft-dpi", 144 * 1024, NULL);
  gtk_widget_get_size_request (area, &width, &height);
  g_assert_cmpint (width, ==, 300);
  g_assert_cmpint (height, ==, -1);
  dh_ui_set_text_size (area, 200, 100);
  gtk_widget_get_size_request (area, &width, &height);
  g_assert_cmpint (height, ==, 150);
  g_object_set (settings, "gtk-xft-dpi", dpi, NULL);
  gtk_window_destroy (GTK_WINDOW (window));
}

/* Not even the last letters of the button that helps are cut off. */
static void
test_column (void)
{
  GtkWidget *column = dh_fit_column_new (6), *children[4];
  static const guint ranks[4] = { 4, 0, 2, 0 };
  for (guint i = 0; i < 4; i++)
    {
      children[i] =
          gtk_label_new (i == 2 ? "words that go over several lines where there is little room for them" : "word");
      gtk_label_set_wrap (GTK_LABEL (children[i]), TRUE);
      dh_fit_column_append (DH_FIT_COLUMN (column), children[i], ranks[i]);
    }
  GtkWidget *window = pointer_show (column, 220, 300);
  int least, all, one;
  gtk_widget_measure (column, GTK_ORIENTATION_VERTICAL, 220, &least, &all, NULL, NULL);
  gtk_widget_measure (children[0], GTK_ORIENTATION_VERTICAL, 220, NULL, &one, NULL, NULL);
  g_assert_cmpint (least, ==, 2 * one + 6);
  g_assert_cmpint (all, >, 4 * one + 18);
  const int heights[] = { 300, all - 1, all - one - 7, least };
  static const gboolean shown[4][4] = {
    { TRUE, TRUE, TRUE, TRUE }, { FALSE, TRUE, TRUE, TRUE }, { FALSE, TRUE, FALSE, TRUE }, { FALSE, TRUE, FALSE, TRUE }
  };
  for (guint i = 0; i < G_N_ELEMENTS (heights); i++)
    {
      gtk_widget_size_allocate (column, &(GtkAllocation){ 0, 0, 220, heights[i] }, -1);
      for (guint j = 0; j < 4; j++)
        g_assert_cmpint (gtk_widget_get_child_visible (children[j]), ==, shown[i][j]);
      graphene_rect_t last;
      g_assert_true (gtk_widget_compute_bounds (children[3], column, &last));
      g_assert_cmpfloat (last.origin.y + last.size.height, <=, heights[i]);
    }
  gtk_window_destroy (GTK_WINDOW (window));
}

int
main (int argc, char **argv)
{
  if (!pointer_begin (&argc, &argv))
    return 0;
  g_test_add_func ("/large-text/size", test_size);
  g_test_add_func ("/large-text/column", test_column);
  return g_test_run ();
}

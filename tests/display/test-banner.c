/* The line of errors: over what it holds, which keeps its place. */
#include "dh-banner.h"
#include "pointer.h"

static GtkWidget *window, *content, *bar;
static DhBanner *banner;

static graphene_rect_t
bounds (void)
{
  graphene_rect_t rect;
  g_assert_true (gtk_widget_compute_bounds (content, window, &rect));
  return rect;
}

/* What is under the middle of the content's first line. */
static gboolean
is_covered (void)
{
  const graphene_rect_t rect = bounds ();
  GtkWidget *under =
      gtk_widget_pick (window, rect.origin.x + rect.size.width / 2, rect.origin.y + 10, GTK_PICK_DEFAULT);
  return under != content;
}

/* GTK's warnings end the test: one at the first show was "snapshot … without a current allocation". */
static void
test_show (void)
{
  const graphene_rect_t before = bounds ();
  g_assert_false (is_covered ());
  for (int i = 0; i < 2; i++)
    {
      dh_banner_show (banner, "It failed.", "The file <x> & its like", NULL, NULL);
      pointer_wait_until (is_covered ());
      const graphene_rect_t after = bounds ();
      g_assert_true (graphene_rect_equal (&before, &after));
      dh_banner_hide (banner);
      pointer_wait_until (!is_covered ());
    }
}

/* The longest path moves nothing and does not make the window wider. */
static void
test_long (void)
{
  const graphene_rect_t before = bounds ();
  g_autofree char *path = g_strnfill (1000, 'x');
  dh_banner_show (banner, "It failed.", path, "Again", NULL);
  pointer_wait_until (is_covered ());
  const graphene_rect_t after = bounds ();
  g_assert_true (graphene_rect_equal (&before, &after));
  int least;
  gtk_widget_measure (GTK_WIDGET (banner), GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  g_assert_cmpint (least, <=, 360);
  dh_banner_hide (banner);
  pointer_wait_until (!is_covered ());
}

/* A bar that comes, grows and goes is never covered. */
static void
test_bar (void)
{
  dh_banner_show (banner, "It failed.", "The file", NULL, NULL);
  pointer_wait_until (is_covered ());
  for (int height = 40; height <= 80; height += 40)
    {
      gtk_widget_set_size_request (bar, -1, height);
      gtk_widget_show (bar);
      pointer_wait_until (gtk_widget_get_height (bar) == height && is_covered ());
      graphene_rect_t rect;
      g_assert_true (gtk_widget_compute_bounds (bar, window, &rect));
      g_assert_true (gtk_widget_pick (window, rect.origin.x + rect.size.width / 2, rect.origin.y + rect.size.height - 1,
                                      GTK_PICK_DEFAULT)
                     == bar);
    }
  const graphene_rect_t below = bounds ();
  gtk_widget_hide (bar);
  pointer_wait_until (bounds ().origin.y < below.origin.y && is_covered ());
  dh_banner_hide (banner);
  pointer_wait_until (!is_covered ());
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gtk_init ();
  g_object_set (gtk_settings_get_default (), "gtk-enable-animations", TRUE, NULL);
  content = gtk_drawing_area_new ();
  gtk_widget_set_vexpand (content, TRUE);
  bar = gtk_drawing_area_new ();
  gtk_widget_set_visible (bar, FALSE);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gtk_box_append (GTK_BOX (box), bar);
  gtk_box_append (GTK_BOX (box), content);
  banner = DH_BANNER (dh_banner_new (box, 0));
  dh_banner_add_bar (banner, bar);
  window = pointer_show (GTK_WIDGET (banner), 500, 300);
  g_test_add_func ("/banner/show", test_show);
  g_test_add_func ("/banner/long", test_long);
  g_test_add_func ("/banner/bar", test_bar);
  const int result = g_test_run ();
  gtk_window_destroy (GTK_WINDOW (window));
  return result;
}

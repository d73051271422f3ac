/* The line of errors: over what it holds, which keeps its place. */
#include "dh-banner.h"

static GtkWidget *window, *content;
static DhBanner *banner;

static gboolean
on_time (gpointer data)
{
  *(gboolean *)data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
settle (void)
{
  gboolean over = FALSE;
  g_timeout_add (400, on_time, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

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
      settle ();
      const graphene_rect_t after = bounds ();
      g_assert_true (graphene_rect_equal (&before, &after));
      g_assert_true (is_covered ());
      dh_banner_hide (banner);
      settle ();
      g_assert_false (is_covered ());
    }
}

/* The longest path moves nothing and does not make the window wider. */
static void
test_long (void)
{
  const graphene_rect_t before = bounds ();
  g_autofree char *path = g_strnfill (1000, 'x');
  dh_banner_show (banner, "It failed.", path, "Again", NULL);
  settle ();
  const graphene_rect_t after = bounds ();
  g_assert_true (graphene_rect_equal (&before, &after));
  int least;
  gtk_widget_measure (GTK_WIDGET (banner), GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  g_assert_cmpint (least, <=, 360);
  dh_banner_hide (banner);
  settle ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gtk_init ();
  g_object_set (gtk_settings_get_default (), "gtk-enable-animations", TRUE, NULL);
  content = gtk_drawing_area_new ();
  banner = DH_BANNER (dh_banner_new (content));
  window = gtk_window_new ();
  gtk_window_set_default_size (GTK_WINDOW (window), 500, 300);
  gtk_window_set_child (GTK_WINDOW (window), GTK_WIDGET (banner));
  gtk_window_present (GTK_WINDOW (window));
  settle ();
  g_test_add_func ("/banner/show", test_show);
  g_test_add_func ("/banner/long", test_long);
  const int result = g_test_run ();
  gtk_window_destroy (GTK_WINDOW (window));
  return result;
}

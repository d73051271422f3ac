/* A row of the image list: it stays as high and as narrow as it is, whatever its badges tell. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dh-image-row.h"
#include "dh-widgets.h"
#include "pointer.h"

/* What the panel leaves to a row at its narrowest. */
#define ROOM 212

static DhSession *session;
static GtkWidget *row;
static DhImageItem *item;

static GtkWidget *
find_label (GtkWidget *widget, const char *text)
{
  if (GTK_IS_LABEL (widget) && g_str_equal (gtk_label_get_label (GTK_LABEL (widget)), text))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_label (child, text);
      if (found != NULL)
        return found;
    }
  return NULL;
}

static gboolean
tells (const char *text)
{
  GtkWidget *label = find_label (row, text);
  return label != NULL && gtk_widget_get_mapped (label);
}

/* As dh_ui_set_row_tooltip() keeps it. */
static const char *
get_tooltip (GtkWidget *widget)
{
  const char *text = g_object_get_data (G_OBJECT (widget), "tooltip");
  g_assert_true (gtk_widget_get_has_tooltip (widget) == (text != NULL));
  return text != NULL ? text : "";
}

static int
measure (GtkOrientation orientation)
{
  int least;
  gtk_widget_measure (row, orientation, orientation == GTK_ORIENTATION_VERTICAL ? ROOM : -1, &least, NULL, NULL, NULL);
  return least;
}

static void
test_badges (void)
{
  const int height = measure (GTK_ORIENTATION_VERTICAL);
  g_assert_true (tells ("100.0"));
  g_assert_false (tells ("0"));
  dh_image_item_set_objects (item, 0, 0, 0);
  g_assert_false (tells ("0"));
  dh_image_item_set_objects (item, 3, 0, 400);
  pointer_wait_until (tells ("3"));
  g_assert_false (tells ("0"));
  GtkWidget *badge = gtk_widget_get_parent (find_label (row, "3"));
  g_assert_nonnull (strstr (get_tooltip (badge), "3 anomalies are missed"));
  dh_image_item_set_objects (item, 150, 8000, 400);
  pointer_wait_until (tells ("99+"));
  g_assert_nonnull (strstr (get_tooltip (badge), "150 anomalies are missed"));
  g_assert_cmpint (measure (GTK_ORIENTATION_VERTICAL), ==, height);
  g_assert_cmpint (measure (GTK_ORIENTATION_HORIZONTAL), <=, ROOM);
  /* nobody knows any more */
  dh_image_item_set_objects (item, -1, -1, NAN);
  pointer_wait_until (!tells ("99+"));
  g_assert_cmpint (measure (GTK_ORIENTATION_VERTICAL), ==, height);
}

/* What a row says of its picture is read whole where it has room: "queued" is no "queu…", and a dash no "…". */
static void
test_notes (void)
{
  enum
  {
    WIDTH = 160,
    HEIGHT = 90
  };
  g_autoptr (GBytes) rgb = g_bytes_new_take (g_malloc0 (WIDTH * HEIGHT * 3), WIDTH * HEIGHT * 3);
  dh_image_item_set_thumbnail (item, rgb, WIDTH, HEIGHT);
  static const char *const notes[] = { "queued", "—", "—  no anomaly pixels" };
  for (guint i = 0; i < G_N_ELEMENTS (notes); i++)
    {
      DhItemMetrics metrics = DH_ITEM_METRICS_NONE;
      metrics.evaluated = TRUE;
      metrics.ap = NAN;
      metrics.n_inlier = i == 2;
      dh_image_item_set_state (item, i == 0 ? DH_ITEM_QUEUED : DH_ITEM_UNKNOWN, NULL);
      dh_image_item_set_metrics (item, &metrics);
      pointer_wait_until (tells (notes[i]));
      pointer_wait (60);
      PangoLayout *layout = gtk_label_get_layout (GTK_LABEL (find_label (row, notes[i])));
      g_test_message ("%s", notes[i]);
      g_assert_false (pango_layout_is_ellipsized (layout));
    }
}

static GtkWidget *
find_picture (GtkWidget *widget)
{
  GtkWidget *found = GTK_IS_PICTURE (widget) ? widget : NULL;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL && found == NULL;
       child = gtk_widget_get_next_sibling (child))
    found = find_picture (child);
  return found;
}

/* However high the letters make the row, its picture is as wide as those of the other rows. */
static void
test_large_text (void)
{
  GtkSettings *settings = gtk_settings_get_default ();
  GtkWidget *picture = find_picture (row);
  int dpi;
  g_object_get (settings, "gtk-xft-dpi", &dpi, NULL);
  for (guint i = 0; i < 3; i++)
    {
      g_object_set (settings, "gtk-xft-dpi", (int)((1 + i / 2.0) * 96 * 1024), NULL);
      pointer_wait (300);
      g_assert_cmpint (gtk_widget_get_width (picture), ==, 72);
      g_assert_cmpint (measure (GTK_ORIENTATION_HORIZONTAL), <=, ROOM);
    }
  g_object_set (settings, "gtk-xft-dpi", dpi, NULL);
}

int
main (int argc, char **argv)
{
  g_autofree char *home = g_dir_make_tmp ("dh-row-XXXXXX", NULL);
  static const char *const folders[] = { "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME" };
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    g_setenv (folders[i], home, TRUE);
  g_test_init (&argc, &argv, NULL);
  gtk_init ();
  g_object_set (gtk_settings_get_default (), "gtk-font-name", "Cantarell 11", NULL);
  dh_widgets_init ();
  dh_widgets_use_style (gdk_display_get_default (), FALSE);
  session = dh_session_new ();
  item = dh_image_item_new (0, "a_picture_of_a_rather_long_name_0001", "", TRUE);
  DhItemMetrics metrics = DH_ITEM_METRICS_NONE;
  metrics.evaluated = TRUE;
  metrics.ap = 1;
  dh_image_item_set_metrics (item, &metrics);
  row = dh_image_row_new (session);
  dh_image_row_set_object (DH_IMAGE_ROW (row), G_OBJECT (item));
  GtkWidget *window = pointer_show (row, ROOM, 60);
  g_test_add_func ("/image-row/badges", test_badges);
  g_test_add_func ("/image-row/notes", test_notes);
  g_test_add_func ("/image-row/large-text", test_large_text);
  const int result = g_test_run ();
  gtk_window_destroy (GTK_WINDOW (window));
  dh_session_close (session);
  g_object_unref (session);
  g_object_unref (item);
  g_autofree char *command = g_strdup_printf ("rm -rf '%s'", home);
  return system (command) == 0 ? result : 1;
}

/* What is made for large letters: charts grow with them, and a message of a pane gives up what it can do without. */
#include <string.h>
#include "dh-fit-column.h"
#include "dh-ui.h"
#include "dh-widgets.h"
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

/* Over however many lines a path goes, no hyphen stands where one ends, in a row's own labels neither. */
static guint
count_glyphs (GtkWidget *widget, const char *text, gboolean *found)
{
  guint n = 0;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    n += count_glyphs (child, text, found);
  if (!GTK_IS_LABEL (widget) || !g_str_equal (gtk_label_get_text (GTK_LABEL (widget)), text))
    return n;
  *found = TRUE;
  g_autoptr (PangoLayout) layout = pango_layout_copy (gtk_label_get_layout (GTK_LABEL (widget)));
  pango_layout_set_width (layout, 150 * PANGO_SCALE);
  g_assert_cmpint (pango_layout_get_line_count (layout), >, 2);
  for (int i = 0; i < pango_layout_get_line_count (layout); i++)
    for (GSList *run = pango_layout_get_line_readonly (layout, i)->runs; run != NULL; run = run->next)
      n += (guint)((PangoLayoutRun *)run->data)->glyphs->num_glyphs;
  return n;
}

static void
test_path (void)
{
  const char *path = "/home/somebody/measurements/roadanomalyvalidationwithoutanyblank/deeplabwideresnet";
  GtkWidget *label = g_object_ref_sink (dh_ui_label (path, NULL, 0));
  GtkWidget *row = g_object_ref_sink (g_object_new (ADW_TYPE_ACTION_ROW, "subtitle", path, "subtitle-lines", 0, NULL));
  dh_widget_wrap (label);
  dh_widget_drop_hyphens (row);
  GtkWidget *const both[] = { label, row };
  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    {
      gboolean found = FALSE;
      g_assert_cmpuint (count_glyphs (both[i], path, &found), ==, strlen (path));
      g_assert_true (found);
      g_object_unref (both[i]);
    }
}

static int
measure_title (GtkWidget *widget)
{
  int least = 0;
  if (GTK_IS_LABEL (widget) && g_str_equal (gtk_label_get_text (GTK_LABEL (widget)), "SHA-256"))
    gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    least = MAX (least, measure_title (child));
  return least;
}

/* A row's title is no column of letters, however much its value would have. */
static void
test_title (void)
{
  GtkWidget *row = g_object_ref_sink (g_object_new (ADW_TYPE_ACTION_ROW, "title", "SHA-256", NULL));
  GtkWidget *word = g_object_ref_sink (dh_ui_label ("SHA", NULL, 0));
  dh_widget_drop_hyphens (row);
  int least;
  gtk_widget_measure (word, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  g_assert_cmpint (measure_title (row), >=, least);
  g_object_unref (row);
  g_object_unref (word);
}

/* A window that stands before another one grows with the letters as far as that one reaches. */
static void
test_window (void)
{
  GtkSettings *settings = gtk_settings_get_default ();
  int width, height, dpi;
  g_object_get (settings, "gtk-xft-dpi", &dpi, NULL);
  GtkWidget *parent = pointer_show (gtk_drawing_area_new (), 900, 500);
  GtkWidget *window = gtk_window_new ();
  gtk_window_set_transient_for (GTK_WINDOW (window), GTK_WINDOW (parent));
  static const int sizes[][3] = { { 96, 400, 300 }, { 144, 600, 450 }, { 288, 900, 500 } };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_object_set (settings, "gtk-xft-dpi", sizes[i][0] * 1024, NULL);
      dh_ui_set_window_size (window, 400, 300);
      gtk_window_get_default_size (GTK_WINDOW (window), &width, &height);
      g_assert_cmpint (width, ==, sizes[i][1]);
      g_assert_cmpint (height, ==, MIN (sizes[i][2], gtk_widget_get_height (parent)));
    }
  g_object_set (settings, "gtk-xft-dpi", dpi, NULL);
  gtk_window_destroy (GTK_WINDOW (window));
  gtk_window_destroy (GTK_WINDOW (parent));
}

static int
height_of_menu (GtkWidget *button, guint lines)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  for (guint i = 0; i < lines; i++)
    g_menu_append (menu, "Choose a folder…", "none.such");
  GtkWidget *popover = gtk_popover_menu_new_from_model (G_MENU_MODEL (menu));
  gtk_widget_set_parent (popover, button);
  gtk_popover_popup (GTK_POPOVER (popover));
  int height;
  gtk_widget_measure (popover, GTK_ORIENTATION_VERTICAL, -1, NULL, &height, NULL, NULL);
  gtk_widget_unparent (popover);
  return height;
}

/* A menu of one line is as much lower than one of two as this than one of three. */
static void
test_menu (void)
{
  dh_widgets_register_resources ();
  g_autoptr (GtkCssProvider) style = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (style, "/org/densehybrid/Studio/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (style),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  GtkWidget *button = gtk_button_new_with_label ("menu");
  GtkWidget *window = pointer_show (button, 300, 200);
  const int one = height_of_menu (button, 1), two = height_of_menu (button, 2), three = height_of_menu (button, 3);
  g_test_message ("%d, %d and %d px", one, two, three);
  g_assert_cmpint (three, >, two);
  g_assert_cmpint (two - one, ==, three - two);
  gtk_window_destroy (GTK_WINDOW (window));
}

/* What has as much room as it asks for is read whole, whatever its style: letters that are spaced need more than that.
 */
static void
test_short (void)
{
  static const char words[] = "cpu · of 2 threads · Demo network · 32 images · 0bf4 3a9b · cache";
  static const char *const styles[] = { "dh-small dim-label", "dh-tiny" };
  g_autoptr (GtkCssProvider) style = gtk_css_provider_new ();
  gtk_css_provider_load_from_resource (style, "/org/densehybrid/Studio/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (style),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
  g_autoptr (GPtrArray) labels = g_ptr_array_new ();
  GtkWidget *bar = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  gtk_widget_add_css_class (bar, "dh-status");
  for (glong letters = 4; letters <= g_utf8_strlen (words, -1); letters += 2)
    {
      g_autofree char *text = g_utf8_substring (words, 0, letters);
      GtkWidget *label = dh_ui_short_label (text, styles[letters / 2 % 2], 0);
      gtk_widget_set_halign (label, GTK_ALIGN_START);
      gtk_box_append (GTK_BOX (bar), label);
      g_ptr_array_add (labels, label);
    }
  GtkWidget *window = pointer_show (bar, 700, 700);
  for (guint i = 0; i < labels->len; i++)
    {
      GtkLabel *label = labels->pdata[i];
      g_test_message ("%s", gtk_label_get_label (label));
      g_assert_false (pango_layout_is_ellipsized (gtk_label_get_layout (label)));
    }
  gtk_window_destroy (GTK_WINDOW (window));
  gtk_style_context_remove_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (style));
}

int
main (int argc, char **argv)
{
  if (!pointer_begin (&argc, &argv))
    return 0;
  adw_init ();
  g_test_add_func ("/large-text/size", test_size);
  g_test_add_func ("/large-text/column", test_column);
  g_test_add_func ("/large-text/path", test_path);
  g_test_add_func ("/large-text/title", test_title);
  g_test_add_func ("/large-text/window", test_window);
  g_test_add_func ("/large-text/menu", test_menu);
  g_test_add_func ("/large-text/short", test_short);
  return g_test_run ();
}

/* The canvas under real events. Everything in one window, as a user would go through it. */
#include <math.h>
#include <string.h>
#include <glib/gstdio.h>
#include "dh-canvas-private.h"
#include "dh-widgets.h"
#include "invented.h"
#include "pointer.h"

static GtkWidget *window;
static DhCanvas *canvas;
static guint n_hovers, n_pins, n_views;
static gboolean hovering;
static int hover_x, hover_y;

static void
on_hover (DhCanvas *self, gboolean inside, int x, int y, gpointer data)
{
  n_hovers++;
  hovering = inside;
  hover_x = x;
  hover_y = y;
}

static void
on_pin (DhCanvas *self, gboolean pinned, int x, int y, gpointer data)
{
  n_pins++;
}

static void
on_view (DhCanvas *self, gpointer data)
{
  n_views++;
}

static void
move_into (guint pane, double u, double v)
{
  graphene_rect_t area;
  dh_canvas_get_area (canvas, pane, &area);
  pointer_move (GTK_WIDGET (canvas), area.origin.x + u * area.size.width, area.origin.y + v * area.size.height);
}

/* The picture's point at the same place of every pane. */
static void
assert_linked (void)
{
  double x0 = 0, y0 = 0;
  for (guint i = 0; i < dh_canvas_get_n_panes (canvas); i++)
    {
      graphene_rect_t area;
      double x, y;
      dh_canvas_get_area (canvas, i, &area);
      dh_canvas_point_to_picture (canvas, i, area.origin.x + 31, area.origin.y + 17, &x, &y);
      if (i == 0)
        {
          x0 = x;
          y0 = y;
        }
      g_assert_cmpfloat_with_epsilon (x, x0, 1e-9);
      g_assert_cmpfloat_with_epsilon (y, y0, 1e-9);
    }
}

static void
test_layout (void)
{
  graphene_rect_t first, area;
  dh_canvas_get_area (canvas, 0, &first);
  g_assert_cmpfloat (first.size.width, >, 200);
  for (guint i = 1; i < 6; i++)
    {
      dh_canvas_get_area (canvas, i, &area);
      g_assert_cmpfloat (fabsf (area.size.width - first.size.width), <=, 1);
      g_assert_cmpfloat (fabsf (area.size.height - first.size.height), <=, 1);
    }
  /* 16:9 pictures in a window that is higher than wide stand in two columns. */
  dh_canvas_get_area (canvas, 2, &area);
  g_assert_cmpfloat (area.origin.x, ==, first.origin.x);
  g_assert_cmpfloat (area.origin.y, >, first.origin.y);
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_zoom (canvas), dh_canvas_get_fit_zoom (canvas, 0), 1e-9);
  g_assert_true (canvas->frame != NULL || canvas->pieces[0] != NULL);
  g_assert_cmpstr (dh_canvas_get_renderer (canvas), !=, "not drawn yet");
  g_test_message ("%s", dh_canvas_get_renderer (canvas));
}

static void
test_hover (void)
{
  move_into (1, 0.5, 0.5);
  g_assert_true (hovering);
  g_assert_cmpint (abs (hover_x - 640), <=, 3);
  g_assert_cmpint (abs (hover_y - 360), <=, 3);
  move_into (3, 0.25, 0.5);
  g_assert_cmpint (abs (hover_x - 320), <=, 20);
  g_assert_cmpuint (n_hovers, >=, 2);
}

static void
test_zoom (void)
{
  double x0, y0, x1, y1, fit = dh_canvas_get_zoom (canvas);
  move_into (2, 0.55, 0.45);
  double px = canvas->pointer_x, py = canvas->pointer_y;
  dh_canvas_point_to_picture (canvas, 2, px, py, &x0, &y0);
  for (guint i = 0; i < 6; i++)
    pointer_click (4);
  dh_canvas_point_to_picture (canvas, 2, px, py, &x1, &y1);
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_zoom (canvas), fit * pow (1.2, 6), 1e-6);
  /* What was under the pointer still is, to the pixel. */
  g_assert_cmpfloat (fabs (x1 - x0) * dh_canvas_get_zoom (canvas), <=, 1.5);
  g_assert_cmpfloat (fabs (y1 - y0) * dh_canvas_get_zoom (canvas), <=, 1.5);
  assert_linked ();
  g_assert_true (dh_canvas_get_linked (canvas));
  g_assert_cmpuint (n_views, >=, 6);
}

static guint n_tools[3], tool_presses;
static double tool_x, tool_y;

static void
on_tool (DhCanvas *self, guint phase, double x, double y, int n_press, gpointer data)
{
  n_tools[phase]++;
  if (phase == DH_TOOL_RELEASED)
    return;
  tool_x = x;
  tool_y = y;
  tool_presses = (guint)n_press;
}

/* A brush takes the pointer from probe and pan, until it is let go wherever that is; the middle button pans then. */
static void
test_tools (void)
{
  const guint pins = n_pins;
  double x0, y0, x1, y1;
  dh_canvas_zoom_to (canvas, 2);
  dh_canvas_get_center (canvas, &x0, &y0);
  dh_canvas_set_tool (canvas, DH_TOOL_BRUSH, 5, 0xff0000);
  move_into (0, 0.4, 0.4);
  const int first_x = hover_x, first_y = hover_y;
  const double px = canvas->pointer_x, py = canvas->pointer_y;
  pointer_press (1);
  g_assert_cmpuint (n_tools[DH_TOOL_PRESSED], ==, 1);
  g_assert_cmpint ((int)floor (tool_x), ==, first_x);
  g_assert_cmpint ((int)floor (tool_y), ==, first_y);
  pointer_move (GTK_WIDGET (canvas), px + 30, py + 20);
  g_assert_cmpuint (n_tools[DH_TOOL_MOVED], >, 0);
  g_assert_cmpfloat_with_epsilon (tool_x, first_x + 15.5, 1.5);
  g_assert_cmpfloat_with_epsilon (tool_y, first_y + 10.5, 1.5);
  pointer_move (GTK_WIDGET (canvas), px + 600, py + 300); /* over others, or none */
  g_assert_cmpfloat_with_epsilon (tool_x, first_x + 300.5, 1.5);
  g_assert_cmpuint (n_tools[DH_TOOL_RELEASED], ==, 0);
  pointer_release (1);
  g_assert_cmpuint (n_tools[DH_TOOL_RELEASED], ==, 1);
  const guint moved = n_tools[DH_TOOL_MOVED];
  pointer_move (GTK_WIDGET (canvas), px, py);
  g_assert_cmpuint (n_tools[DH_TOOL_MOVED], ==, moved);
  g_assert_cmpuint (n_pins, ==, pins);
  dh_canvas_get_center (canvas, &x1, &y1);
  g_assert_cmpfloat (x0, ==, x1);

  pointer_press (2);
  pointer_move (GTK_WIDGET (canvas), px - 20, py - 10);
  pointer_move (GTK_WIDGET (canvas), px - 60, py - 30);
  pointer_release (2);
  dh_canvas_get_center (canvas, &x1, &y1);
  g_assert_cmpfloat_with_epsilon (x1 - x0, 30, 1.5);
  g_assert_cmpuint (n_tools[DH_TOOL_PRESSED], ==, 1);

  dh_canvas_set_tool (canvas, DH_TOOL_POINT, 0, 0xff0000);
  pointer_wait (500);
  pointer_double_click ();
  g_assert_cmpuint (n_tools[DH_TOOL_PRESSED], ==, 3);
  g_assert_cmpuint (tool_presses, ==, 2);
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_zoom (canvas), 2, 1e-9); /* it does not fit then */
  g_assert_cmpuint (n_tools[DH_TOOL_RELEASED], ==, 1);
  dh_canvas_set_tool (canvas, DH_TOOL_NONE, 0, 0);
  dh_canvas_fit (canvas);
  pointer_wait (500);
}

static void
test_drag (void)
{
  double x0, y0, x1, y1;
  dh_canvas_get_center (canvas, &x0, &y0);
  guint pins = n_pins;
  move_into (0, 0.6, 0.6);
  double zoom = dh_canvas_get_zoom (canvas), px = canvas->pointer_x, py = canvas->pointer_y;
  pointer_press (1);
  pointer_move (GTK_WIDGET (canvas), px - 20, py - 10);
  pointer_move (GTK_WIDGET (canvas), px - 60, py - 30);
  pointer_release (1);
  dh_canvas_get_center (canvas, &x1, &y1);
  g_assert_cmpfloat_with_epsilon (x1 - x0, 60 / zoom, 1.5 / zoom);
  g_assert_cmpfloat_with_epsilon (y1 - y0, 30 / zoom, 1.5 / zoom);
  assert_linked ();
  /* A drag is no click. */
  g_assert_cmpuint (n_pins, ==, pins);
  g_assert_false (dh_canvas_get_pin (canvas, NULL, NULL));
}

static void
test_pin (void)
{
  int x = -1, y = -1;
  move_into (4, 0.5, 0.5);
  int expected_x = hover_x, expected_y = hover_y;
  pointer_click (1);
  g_assert_true (dh_canvas_get_pin (canvas, &x, &y));
  g_assert_cmpint (x, ==, expected_x);
  g_assert_cmpint (y, ==, expected_y);
  g_assert_cmpuint (dh_canvas_get_active_pane (canvas), ==, 4);
  g_assert_true (isfinite (dh_canvas_peek (canvas, 0, x, y)));
  pointer_wait (500);
  pointer_key ("Escape");
  g_assert_false (dh_canvas_get_pin (canvas, NULL, NULL));
  pointer_key ("1");
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_zoom (canvas), 1.0, 1e-9);
  pointer_key ("plus");
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_zoom (canvas), 1.25, 1e-9);
  pointer_key ("0");
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_zoom (canvas), dh_canvas_get_fit_zoom (canvas, 4), 1e-9);
}

/* The alpha of what is drawn over a pane, at such a place of the picture; 0 where nothing is. */
static guint
alpha_over (guint pane, double u, double v)
{
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  dh_canvas_append_tool (canvas, snapshot, pane);
  g_autoptr (GskRenderNode) node = gtk_snapshot_free_to_node (snapshot);
  cairo_surface_t *surface = cairo_image_surface_create (CAIRO_FORMAT_ARGB32, 1, 1);
  cairo_t *cairo = cairo_create (surface);
  double x, y;
  dh_canvas_picture_to_point (canvas, pane, 1280 * u, 720 * v, &x, &y);
  cairo_translate (cairo, -floor (x), -floor (y));
  if (node != NULL)
    gsk_render_node_draw (node, cairo);
  cairo_destroy (cairo);
  cairo_surface_flush (surface);
  guint32 pixel;
  memcpy (&pixel, cairo_image_surface_get_data (surface), sizeof pixel);
  cairo_surface_destroy (surface);
  return pixel >> 24;
}

/* What is covered is dark in every pane, and the rest is as it was. */
static void
test_veil (void)
{
  enum
  {
    WIDTH = 320,
    HEIGHT = 180
  };
  guint8 *covered = g_malloc0 (WIDTH * HEIGHT);
  memset (covered + WIDTH * HEIGHT / 2, 255, WIDTH * HEIGHT / 2);
  g_autoptr (GBytes) pixels = g_bytes_new_take (covered, WIDTH * HEIGHT);
  g_assert_cmpuint (alpha_over (0, 0.5, 0.75), ==, 0);
  dh_canvas_set_veil (canvas, pixels, WIDTH, HEIGHT);
  for (guint i = 0; i < dh_canvas_get_n_panes (canvas); i++)
    {
      const guint dark = alpha_over (i, 0.5, 0.75);
      g_assert_cmpuint (dark, >, 150);
      g_assert_cmpuint (dark, <, 220);
      g_assert_cmpuint (alpha_over (i, 0.5, 0.25), ==, 0);
    }
  dh_canvas_set_veil (canvas, NULL, 0, 0);
  g_assert_cmpuint (alpha_over (0, 0.5, 0.75), ==, 0);
}

static void
test_alone (void)
{
  double fit = dh_canvas_get_fit_zoom (canvas, 1);
  move_into (1, 0.5, 0.5);
  pointer_key_down ("shift");
  pointer_click (4);
  pointer_click (4);
  pointer_key_up ("shift");
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_look (canvas, 1).zoom, fit * 1.44, 1e-6);
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_look (canvas, 0).zoom, fit, 1e-6);
  g_assert_false (dh_canvas_get_linked (canvas));
  dh_canvas_set_active_pane (canvas, 1);
  dh_canvas_set_linked (canvas, TRUE);
  g_assert_true (dh_canvas_get_linked (canvas));
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_look (canvas, 0).zoom, fit * 1.44, 1e-6);
  assert_linked ();
  move_into (2, 0.5, 0.5);
  pointer_wait (500);
  pointer_double_click ();
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_zoom (canvas), fit, 1e-9);
  g_assert_false (dh_canvas_get_pin (canvas, NULL, NULL));
}

static void
test_pictures (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) texture = dh_canvas_snapshot_pane (canvas, 2);
  g_assert_cmpint (gdk_texture_get_width (texture), ==, 1280);
  g_assert_cmpint (gdk_texture_get_height (texture), ==, 720);
  g_autofree char *folder = g_dir_make_tmp ("dh-canvas-XXXXXX", &error);
  g_assert_no_error (error);
  g_autofree char *path = g_build_filename (folder, "canvas.png", NULL);
  g_assert_true (dh_canvas_save_png (canvas, 0, path, &error));
  g_assert_no_error (error);
  g_assert_true (dh_canvas_save_png (canvas, -1, path, &error));
  g_unlink (path);
  g_rmdir (folder);
  g_assert_false (dh_canvas_save_png (canvas, 0, "/nowhere/at/all.png", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

static void
test_changes (void)
{
  static const DhPaneSpec fewer[] = { { DH_PANE_MAP, 2 }, { DH_PANE_IMAGE, 0 } };
  DhPane *image = dh_canvas_get_pane (canvas, 0);
  g_autoptr (Invented) other = invented_new (512, 256, 1);
  dh_canvas_set_panes (canvas, fewer, 2);
  g_assert_true (dh_canvas_get_pane (canvas, 1) == image);
  pointer_wait (100);
  dh_canvas_set_image (canvas, other->image, 512, 256, 3 * 512, 3);
  pointer_wait (100);
  guint width = 0, height = 0;
  g_assert_true (dh_canvas_get_size (canvas, &width, &height));
  g_assert_cmpuint (width, ==, 512);
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_zoom (canvas), dh_canvas_get_fit_zoom (canvas, 0), 1e-9);
  dh_pane_show_message (dh_canvas_get_pane (canvas, 0), NULL, NULL, "Computing…", "layer 61 of 98");
  dh_canvas_set_layout (canvas, DH_CANVAS_SINGLE);
  pointer_wait (100);
  dh_pane_set_message (dh_canvas_get_pane (canvas, 0), NULL);
  dh_canvas_set_active_pane (canvas, 0);
  pointer_wait (100);
  dh_canvas_clear (canvas);
  g_assert_cmpuint (dh_canvas_get_non_finite (canvas, 2), ==, 0);
  pointer_wait (100);
  g_assert_true (isnan (dh_canvas_peek (canvas, 2, 3, 3)));
}

int
main (int argc, char **argv)
{
  if (!pointer_begin (&argc, &argv))
    return 0;
  dh_widgets_init ();
  dh_widgets_use_style (gdk_display_get_default (), FALSE);
  g_autoptr (Invented) invented = invented_new (1280, 720, 3);
  static const DhPaneSpec specs[] = { { DH_PANE_IMAGE, 0 }, { DH_PANE_SEGMENTATION, 0 }, { DH_PANE_MAP, 0 },
                                      { DH_PANE_MAP, 1 },   { DH_PANE_MAP, 2 },          { DH_PANE_TRUTH, 0 } };
  canvas = DH_CANVAS (dh_canvas_new ());
  dh_canvas_set_panes (canvas, specs, 6);
  dh_canvas_set_image (canvas, invented->image, 1280, 720, 3 * 1280, 3);
  dh_canvas_set_segmentation (canvas, invented->segmentation, 1280, 720, 1280);
  dh_canvas_set_truth (canvas, invented->truth, 1280, 720, 1280);
  dh_canvas_set_map (canvas, 0, invented->likelihood, 1280, 720, 4 * 1280);
  dh_canvas_set_map (canvas, 1, invented->posterior, 1280, 720, 4 * 1280);
  dh_canvas_set_map (canvas, 2, invented->hybrid, 1280, 720, 4 * 1280);
  dh_canvas_set_overlay (canvas, DH_OVERLAY_OUTCOME, 0.6, TRUE);
  dh_canvas_set_active_map (canvas, 2);
  dh_canvas_set_scale (canvas, 2, &(DhScale){ DH_COLOR_MAP_VIRIDIS, FALSE, -18, -2, -8.4, FALSE });
  g_assert_cmpuint (dh_canvas_get_non_finite (canvas, 2), ==, 41);
  g_signal_connect (canvas, "hover", G_CALLBACK (on_hover), NULL);
  g_signal_connect (canvas, "tool", G_CALLBACK (on_tool), NULL);
  g_signal_connect (canvas, "pin", G_CALLBACK (on_pin), NULL);
  g_signal_connect (canvas, "view-changed", G_CALLBACK (on_view), NULL);
  window = pointer_show (GTK_WIDGET (canvas), 800, 760);
  g_test_add_func ("/canvas/layout", test_layout);
  g_test_add_func ("/canvas/hover", test_hover);
  g_test_add_func ("/canvas/tools", test_tools);
  g_test_add_func ("/canvas/zoom", test_zoom);
  g_test_add_func ("/canvas/drag", test_drag);
  g_test_add_func ("/canvas/pin", test_pin);
  g_test_add_func ("/canvas/alone", test_alone);
  g_test_add_func ("/canvas/pictures", test_pictures);
  g_test_add_func ("/canvas/veil", test_veil);
  g_test_add_func ("/canvas/changes", test_changes);
  int result = g_test_run ();
  gtk_window_destroy (GTK_WINDOW (window));
  pointer_wait (50);
  return result;
}

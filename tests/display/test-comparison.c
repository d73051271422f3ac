/* Two maps against each other: the difference that both renderers draw, and the swipe under real events. */
#include <math.h>
#include <stdlib.h>
#include "dh-canvas-private.h"
#include "drawn.h"
#include "pointer.h"

static DhCanvas *canvas;
static guint n_splits;
static int hover_x;

/* Hybrid less likelihood as z, each with its own threshold and median. */
static void
set_difference (DhScene *scene, double range)
{
  scene->difference = (DhSceneDifference){
    .slot = { 2, 0 },
    .factor = { 1 / 5.4f, -1 / 5.1f },
    .offset = 8.4f / 5.4f - 6.6f / 5.1f,
    .scale = { DH_COLOR_MAP_DIFFERENCE, FALSE, -range, range, (double)NAN, FALSE },
    .is_set = TRUE,
  };
}

static void
test_difference (void)
{
  g_autoptr (Invented) invented = invented_new (200, 120, 5);
  DhScene scene;
  drawn_fill_scene (&scene, invented);
  set_difference (&scene, 0.5);
  const float *a = g_bytes_get_data (invented->hybrid, NULL), *b = g_bytes_get_data (invented->likelihood, NULL);
  FOR_EACH_RENDERER (renderer)
  {
    DhView view = drawn_whole (&scene, DH_PANE_DIFFERENCE, 0, 1.0);
    DrawnFrame frame = drawn_draw (renderer, &scene, &view, 1, view.width, view.height);
    guint non_finite = 0, purple = 0, orange = 0;
    for (int y = 0; y < frame.height; y++)
      for (int x = 0; x < frame.width; x++)
        {
          int at = y * frame.width + x;
          guint8 rgb[3];
          const guint8 *pixel = drawn_at (&frame, x, y);
          double z = ((double)a[at] + 8.4) / 5.4 - (6.6 - (double)b[at]) / 5.1;
          dh_scale_get_color (&scene.difference.scale, z, rgb);
          non_finite += !isfinite (z);
          purple += z < -0.2 && pixel[2] > pixel[1];
          orange += z > 0.2 && pixel[0] > pixel[2];
          for (int c = 0; c < 3; c++)
            g_assert_cmpint (abs (rgb[c] - pixel[c]), <=, isfinite (z) ? 2 : 0);
        }
    g_test_message ("%u purple, %u orange, %u not finite", purple, orange, non_finite);
    g_assert_cmpuint (non_finite, >=, 41);
    g_assert_cmpuint (MIN (purple, orange), >, 0);
    g_free (frame.pixels);
  }
  /* Half of it missing, or nothing to be taken: nothing is drawn. */
  scene.difference.is_set = FALSE;
  g_assert_false (dh_scene_has (&scene, DH_PANE_DIFFERENCE, 0));
  set_difference (&scene, 0.5);
  g_assert_true (dh_scene_has (&scene, DH_PANE_DIFFERENCE, 0));
  dh_plane_clear (&scene.maps[0]);
  g_assert_false (dh_scene_has (&scene, DH_PANE_DIFFERENCE, 0));
  dh_scene_clear (&scene);
}

static void
test_same (void)
{
  static const double zooms[] = { 0.29, 0.74, 1.0, 2.0, 3.3 };
  g_autoptr (Invented) invented = invented_new (800, 450, 9);
  DhScene scene;
  if (drawn_gl == NULL)
    {
      g_test_skip (drawn_gl_missing);
      return;
    }
  drawn_fill_scene (&scene, invented);
  set_difference (&scene, 0.5);
  for (guint z = 0; z < G_N_ELEMENTS (zooms); z++)
    drawn_compare (&scene, DH_PANE_DIFFERENCE, 0, zooms[z], 2, zooms[z] == floor (zooms[z]) ? 0.0 : 0.004);
  /* Likelihood less posterior: all finite, which a card filters. */
  scene.difference.slot[0] = 0;
  scene.difference.slot[1] = 1;
  for (guint z = 0; z < G_N_ELEMENTS (zooms); z++)
    drawn_compare (&scene, DH_PANE_DIFFERENCE, 0, zooms[z], 2, zooms[z] == floor (zooms[z]) ? 0.0 : 0.004);
  dh_scene_clear (&scene);
}

static void
on_split (DhCanvas *self, gpointer data)
{
  n_splits++;
}

static void
on_hover (DhCanvas *self, gboolean inside, int x, int y, gpointer data)
{
  hover_x = inside ? x : -1;
}

static void
move_into (double u, double v)
{
  graphene_rect_t area;
  dh_canvas_get_area (canvas, 0, &area);
  pointer_move (GTK_WIDGET (canvas), area.origin.x + u * area.size.width, area.origin.y + v * area.size.height);
}

/* What is seen of a pane, as shares of the place. */
static void
assert_seen (guint pane, double from, double to)
{
  graphene_rect_t area, seen;
  dh_canvas_get_area (canvas, 0, &area);
  gboolean any = dh_canvas_get_seen (canvas, pane, &seen);
  g_assert_true (any == (to > from));
  if (!any)
    return;
  g_assert_cmpfloat_with_epsilon (seen.origin.x, area.origin.x + from * area.size.width, 1.01);
  g_assert_cmpfloat_with_epsilon (seen.size.width, (to - from) * area.size.width, 2.02);
}

static void
test_swipe (void)
{
  assert_seen (0, 0, 0.5);
  assert_seen (1, 0.5, 1);
  move_into (0.5, 0.2);
  pointer_press (1);
  move_into (0.45, 0.2);
  move_into (0.3, 0.2);
  pointer_release (1);
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_split (canvas), 0.3, 0.01);
  g_assert_cmpuint (n_splits, >=, 2);
  assert_seen (0, 0, 0.3);
  assert_seen (1, 0.3, 1);
  /* The drag was the line's: nothing was panned or pinned. */
  g_assert_false (dh_canvas_get_pin (canvas, NULL, NULL));
  g_assert_true (dh_canvas_get_look (canvas, 0).fit);
  /* Keys on the focused line. */
  pointer_key ("Right");
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_split (canvas), 0.32, 0.01);
  pointer_key ("shift+Left");
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_split (canvas), 0.318, 0.01);
  pointer_key ("End");
  g_assert_cmpfloat (dh_canvas_get_split (canvas), ==, 1);
  assert_seen (1, 1, 1);
  pointer_key ("Home");
  g_assert_cmpfloat (dh_canvas_get_split (canvas), ==, 0);
  assert_seen (0, 0, 0);
  /* At the edge the knob can still be taken hold of. */
  graphene_rect_t area;
  dh_canvas_get_area (canvas, 0, &area);
  pointer_move (GTK_WIDGET (canvas), area.origin.x + 17, area.origin.y + area.size.height / 2);
  pointer_press (1);
  move_into (0.3, 0.5);
  move_into (0.6, 0.5);
  pointer_release (1);
  g_assert_cmpfloat (dh_canvas_get_split (canvas), >, 0.5);
  pointer_wait (500);
  pointer_double_click ();
  g_assert_cmpfloat (dh_canvas_get_split (canvas), ==, 0.5);
}

/* Either side is the same picture at the same place, whatever is done to one of them. */
static void
test_one_look (void)
{
  move_into (0.25, 0.5);
  g_assert_cmpint (abs (hover_x - 320), <=, 4);
  g_assert_cmpuint (canvas->hover_pane, ==, 0);
  move_into (0.75, 0.5);
  g_assert_cmpint (abs (hover_x - 960), <=, 4);
  g_assert_cmpuint (canvas->hover_pane, ==, 1);
  pointer_key_down ("shift");
  pointer_click (4);
  pointer_click (4);
  pointer_key_up ("shift");
  DhLook a = dh_canvas_get_look (canvas, 0), b = dh_canvas_get_look (canvas, 1);
  g_assert_cmpfloat (a.zoom, ==, b.zoom);
  g_assert_cmpfloat (a.x, ==, b.x);
  g_assert_cmpfloat (a.y, ==, b.y);
  g_assert_false (a.fit);
  double before = a.x;
  move_into (0.2, 0.4);
  pointer_press (1);
  move_into (0.15, 0.4);
  move_into (0.1, 0.4);
  pointer_release (1);
  a = dh_canvas_get_look (canvas, 0);
  b = dh_canvas_get_look (canvas, 1);
  g_assert_cmpfloat (a.x, >, before);
  g_assert_cmpfloat (a.x, ==, b.x);
  /* The small ones below show the same part, and move the large ones. */
  dh_canvas_set_linked (canvas, TRUE);
  a = dh_canvas_get_look (canvas, 0);
  double share = dh_canvas_get_fit_zoom (canvas, 3) / dh_canvas_get_fit_zoom (canvas, 0);
  DhLook small = dh_canvas_get_look (canvas, 3);
  g_assert_cmpfloat (share, <, 0.5);
  g_assert_cmpfloat_with_epsilon (small.zoom, a.zoom * share, 1e-9);
  graphene_rect_t area;
  dh_canvas_get_area (canvas, 3, &area);
  pointer_move (GTK_WIDGET (canvas), area.origin.x + area.size.width / 2, area.origin.y + area.size.height / 2);
  pointer_click (4);
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_look (canvas, 3).zoom, small.zoom * 1.2, 1e-6);
  g_assert_cmpfloat_with_epsilon (dh_canvas_get_look (canvas, 0).zoom, a.zoom * 1.2, 1e-6);
  g_assert_true (dh_canvas_get_linked (canvas));
  dh_canvas_fit (canvas);
  pointer_wait (50);
}

static void
test_flip (void)
{
  dh_canvas_set_comparison (canvas, DH_COMPARISON_FLIPPED, 2);
  pointer_wait (100);
  g_assert_false (gtk_widget_get_child_visible (canvas->handle));
  assert_seen (0, 0, 1);
  assert_seen (1, 1, 1);
  dh_canvas_set_flipped (canvas, TRUE);
  pointer_wait (50);
  assert_seen (0, 0, 0);
  assert_seen (1, 0, 1);
  move_into (0.25, 0.5);
  g_assert_cmpuint (canvas->hover_pane, ==, 1);
  /* What is not there cannot be flipped: both halves are shown. */
  dh_pane_show_message (dh_canvas_get_pane (canvas, 1), NULL, NULL, "Computing…", "layer 61 of 98");
  pointer_wait (100);
  assert_seen (0, 0, 0.5);
  assert_seen (1, 0.5, 1);
  dh_canvas_set_comparison (canvas, DH_COMPARISON_SWIPED, 2);
  dh_canvas_set_split (canvas, 0.9);
  pointer_wait (100);
  assert_seen (0, 0, 0.5);
  g_assert_false (gtk_widget_get_child_visible (canvas->handle));
  dh_pane_set_message (dh_canvas_get_pane (canvas, 1), NULL);
  pointer_wait (100);
  assert_seen (0, 0, 0.9);
  g_assert_true (gtk_widget_get_child_visible (canvas->handle));
}

/* The others stand in a row below, where there is room for one; beside each other both have all of their place. */
static void
test_places (void)
{
  graphene_rect_t a, b, other;
  dh_canvas_get_area (canvas, 0, &a);
  dh_canvas_get_area (canvas, 2, &other);
  g_assert_cmpfloat (other.origin.y, >, a.origin.y + a.size.height);
  g_assert_cmpfloat (other.size.width * 2, <, a.size.width);
  dh_canvas_set_comparison (canvas, DH_COMPARISON_BESIDE, 2);
  pointer_wait (100);
  dh_canvas_get_area (canvas, 0, &a);
  dh_canvas_get_area (canvas, 1, &b);
  g_assert_cmpfloat (a.size.width, ==, b.size.width);
  g_assert_cmpfloat (a.origin.y, ==, b.origin.y);
  g_assert_cmpfloat (b.origin.x, >, a.origin.x + a.size.width);
  dh_canvas_set_comparison (canvas, DH_COMPARISON_BESIDE, 1);
  pointer_wait (100);
  dh_canvas_get_area (canvas, 0, &a);
  dh_canvas_get_area (canvas, 1, &b);
  g_assert_cmpfloat (b.origin.y, >, a.origin.y + a.size.height);
  dh_canvas_set_layout (canvas, DH_CANVAS_GRID);
  pointer_wait (100);
  g_assert_false (gtk_widget_get_child_visible (canvas->handle));
  dh_canvas_get_area (canvas, 0, &a);
  dh_canvas_get_area (canvas, 1, &b);
  g_assert_cmpfloat (a.size.height, ==, b.size.height);
  dh_canvas_set_layout (canvas, DH_CANVAS_COMPARE);
  dh_canvas_set_comparison (canvas, DH_COMPARISON_SWIPED, 2);
  /* Fewer panes than a swipe needs. */
  static const DhPaneSpec one[] = { { DH_PANE_IMAGE, 0 } };
  dh_canvas_set_panes (canvas, one, 1);
  pointer_wait (100);
  g_assert_false (gtk_widget_get_child_visible (canvas->handle));
}

int
main (int argc, char **argv)
{
  if (!pointer_begin (&argc, &argv))
    return 0;
  dh_widgets_init ();
  dh_widgets_use_style (gdk_display_get_default (), FALSE);
  drawn_start ();
  g_autoptr (Invented) invented = invented_new (1280, 720, 3);
  static const DhPaneSpec specs[] = {
    { DH_PANE_MAP, 2 }, { DH_PANE_MAP, 0 }, { DH_PANE_DIFFERENCE, 0 }, { DH_PANE_IMAGE, 0 }, { DH_PANE_TRUTH, 0 }
  };
  canvas = DH_CANVAS (dh_canvas_new ());
  dh_canvas_set_panes (canvas, specs, G_N_ELEMENTS (specs));
  dh_canvas_set_image (canvas, invented->image, 1280, 720, 3 * 1280, 3);
  dh_canvas_set_truth (canvas, invented->truth, 1280, 720, 1280);
  dh_canvas_set_map (canvas, 0, invented->likelihood, 1280, 720, 4 * 1280);
  dh_canvas_set_map (canvas, 2, invented->hybrid, 1280, 720, 4 * 1280);
  dh_canvas_set_difference (canvas, &(DhCanvasDifference){ { 2, 0 }, { -8.4, 6.6 }, { 1 / 5.4, -1 / 3.1 }, 1.5 });
  dh_canvas_set_layout (canvas, DH_CANVAS_COMPARE);
  dh_canvas_set_comparison (canvas, DH_COMPARISON_SWIPED, 2);
  g_signal_connect (canvas, "split-changed", G_CALLBACK (on_split), NULL);
  g_signal_connect (canvas, "hover", G_CALLBACK (on_hover), NULL);
  GtkWidget *window = pointer_show (GTK_WIDGET (canvas), 900, 760);
  g_test_add_func ("/comparison/difference", test_difference);
  g_test_add_func ("/comparison/same", test_same);
  g_test_add_func ("/comparison/swipe", test_swipe);
  g_test_add_func ("/comparison/one-look", test_one_look);
  g_test_add_func ("/comparison/flip", test_flip);
  g_test_add_func ("/comparison/places", test_places);
  int result = g_test_run ();
  gtk_window_destroy (GTK_WINDOW (window));
  drawn_stop ();
  pointer_wait (50);
  return result;
}

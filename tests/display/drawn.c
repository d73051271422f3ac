#include "drawn.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

DhGlRenderer *drawn_gl;
const char *drawn_gl_missing;
static GtkWidget *window;
static GError *error;

void
drawn_start (void)
{
  window = gtk_window_new ();
  gtk_widget_realize (window);
  drawn_gl = dh_gl_renderer_new (gtk_native_get_surface (GTK_NATIVE (window)), &error);
  drawn_gl_missing = error ? error->message : NULL;
  if (drawn_gl)
    g_test_message ("drawn by %s", dh_gl_renderer_get_description (drawn_gl));
}

void
drawn_stop (void)
{
  dh_gl_renderer_free (drawn_gl);
  g_clear_error (&error);
  gtk_window_destroy (GTK_WINDOW (window));
}

DrawnFrame
drawn_draw (DhGlRenderer *renderer, const DhScene *scene, const DhView *views, guint n, int width, int height)
{
  gboolean more = FALSE;
  DhPicture picture = { .width = width, .height = height, .n_views = n };
  memcpy (picture.views, views, n * sizeof *views);
  g_autoptr (GdkTexture) texture =
      renderer ? dh_gl_renderer_draw (renderer, scene, &picture, TRUE, FALSE, &more) : dh_cpu_draw (scene, &picture);
  g_assert_nonnull (texture);
  g_assert_false (more);
  DrawnFrame frame = { width, height, g_malloc ((gsize)width * (gsize)height * 4) };
  gdk_texture_download (texture, frame.pixels, (gsize)width * 4);
  /* GDK's order is BGRA on this machine's byte order; ours here is RGBA. */
  for (gsize i = 0; i < (gsize)width * (gsize)height; i++)
    {
      guint32 argb;
      memcpy (&argb, frame.pixels + 4 * i, 4);
      frame.pixels[4 * i] = (guint8)(argb >> 16);
      frame.pixels[4 * i + 1] = (guint8)(argb >> 8);
      frame.pixels[4 * i + 2] = (guint8)argb;
      frame.pixels[4 * i + 3] = (guint8)(argb >> 24);
    }
  return frame;
}

const guint8 *
drawn_at (const DrawnFrame *frame, int x, int y)
{
  return frame->pixels + 4 * ((gsize)y * (gsize)frame->width + (gsize)x);
}

void
drawn_fill_scene (DhScene *scene, const Invented *invented)
{
  guint w = invented->width, h = invented->height;
  dh_scene_init (scene);
  g_assert_true (dh_scene_set_image (scene, invented->image, w, h, 3 * w, 3));
  g_assert_true (dh_plane_set (&scene->segmentation, invented->segmentation, w, h, w, 1));
  g_assert_true (dh_plane_set (&scene->truth, invented->truth, w, h, w, 1));
  g_assert_true (dh_plane_set (&scene->maps[0], invented->likelihood, w, h, 4 * w, 4));
  g_assert_true (dh_plane_set (&scene->maps[1], invented->posterior, w, h, 4 * w, 4));
  g_assert_true (dh_plane_set (&scene->maps[2], invented->hybrid, w, h, 4 * w, 4));
  for (guint i = 0; i < 3; i++)
    scene->non_finite[i] = dh_plane_count_non_finite (&scene->maps[i]);
  scene->width = w;
  scene->height = h;
  scene->scales[0] = (DhScale){ DH_COLOR_MAP_VIRIDIS, TRUE, 2, 13, 6.6, TRUE };
  scene->scales[1] = (DhScale){ DH_COLOR_MAP_TURBO, TRUE, 0, 1, 0.62, TRUE };
  scene->scales[2] = (DhScale){ DH_COLOR_MAP_MAGMA, FALSE, -18, -2, -8.4, FALSE };
  scene->active = 2;
  for (guint i = 0; i < 5; i++)
    memcpy (scene->palette + 4 * i, invented_palette + 3 * i, 3);
}

DhView
drawn_whole (const DhScene *scene, DhPaneKind kind, guint slot, double zoom)
{
  return (DhView){ kind, slot, 0, 0, (int)(scene->width * zoom), (int)(scene->height * zoom), 0, 0, zoom, 1 };
}

void
drawn_compare (const DhScene *scene, DhPaneKind kind, guint slot, double zoom, int tolerance, double share)
{
  DhView view = drawn_whole (scene, kind, slot, zoom);
  /* Off the corner, as after a pan. */
  view.x0 = -7;
  view.y0 = 3;
  view.y = 3;
  view.height -= 3;
  view.width -= 7;
  DrawnFrame a = drawn_draw (drawn_gl, scene, &view, 1, view.width + 5, view.height + 8);
  DrawnFrame b = drawn_draw (NULL, scene, &view, 1, view.width + 5, view.height + 8);
  gsize differing = 0, n = (gsize)a.width * (gsize)a.height;
  for (gsize i = 0; i < n; i++)
    {
      gboolean differs = FALSE;
      for (int c = 0; c < 4; c++)
        differs |= abs (a.pixels[4 * i + c] - b.pixels[4 * i + c]) > tolerance;
      differing += differs;
    }
  if ((double)differing > share * (double)n)
    g_error ("kind %d slot %u outline %d zoom %g: %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
             " pixels differ by more than %d",
             kind, slot, scene->outlines[slot], zoom, differing, n, tolerance);
  /* Nothing beyond the view. */
  g_assert_cmpint (drawn_at (&a, 0, 0)[3], ==, 0);
  g_assert_cmpint (drawn_at (&a, a.width - 1, a.height - 1)[3], ==, 0);
  g_free (a.pixels);
  g_free (b.pixels);
}

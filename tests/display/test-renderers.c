/* The two renderers behind the canvas: OpenGL and CPU give one picture, and it is the right one. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "drawn.h"

static void
test_colors (void)
{
  g_autoptr (Invented) invented = invented_new (200, 120, 5);
  DhScene scene;
  drawn_fill_scene (&scene, invented);
  for (guint map = 0; map < DH_N_COLOR_MAPS; map++)
    for (guint reversed = 0; reversed < 2; reversed++)
      FOR_EACH_RENDERER (renderer)
      {
        scene.scales[2] = (DhScale){ map, (gboolean)reversed, -16, -3, -8.4, FALSE };
        scene.outlines[2] = FALSE;
        DhView view = drawn_whole (&scene, DH_PANE_MAP, 2, 1.0);
        DrawnFrame frame = drawn_draw (renderer, &scene, &view, 1, view.width, view.height);
        const float *values = g_bytes_get_data (invented->hybrid, NULL);
        guint non_finite = 0;
        for (int y = 0; y < frame.height; y++)
          for (int x = 0; x < frame.width; x++)
            {
              guint8 rgb[3];
              float value = values[y * frame.width + x];
              dh_scale_get_color (&scene.scales[2], (double)value, rgb);
              non_finite += !isfinite (value);
              for (int c = 0; c < 3; c++)
                g_assert_cmpint (abs (rgb[c] - drawn_at (&frame, x, y)[c]), <=, isfinite (value) ? 1 : 0);
              g_assert_cmpint (drawn_at (&frame, x, y)[3], ==, 255);
            }
        g_assert_cmpuint (non_finite, ==, 41);
        g_free (frame.pixels);
      }
  dh_scene_clear (&scene);
}

/* What is tinted is exactly what is counted, at 100 % and enlarged, for every float around the threshold. */
static void
test_mask (void)
{
  enum
  {
    W = 64,
    H = 32
  };
  static const double thresholds[] = { 0.1, -10.6, 1.0 / 3.0, 0.0, 1e-3 };
  for (guint k = 0; k < G_N_ELEMENTS (thresholds); k++)
    for (guint below = 0; below < 2; below++)
      for (int zoom = 1; zoom <= 5; zoom += 4)
        FOR_EACH_RENDERER (renderer)
        {
          float *values = g_new (float, W *H);
          float value = (float)thresholds[k];
          for (int i = 0; i < W * H; i++)
            {
              int step = (i * 7919) % 9 - 4;
              float v = value;
              for (int s = 0; s < abs (step); s++)
                v = nextafterf (v, step < 0 ? -INFINITY : INFINITY);
              values[i] = i % 61 == 0 ? NAN : i % 67 == 0 ? -INFINITY : i % 71 == 0 ? INFINITY : v;
            }
          g_autoptr (GBytes) bytes = g_bytes_new_take (values, W * H * sizeof (float));
          DhScene scene;
          dh_scene_init (&scene);
          g_assert_true (dh_plane_set (&scene.maps[0], bytes, W, H, 4 * W, 4));
          guint8 *grey = g_malloc0 (W * H);
          memset (grey, 90, W * H);
          g_autoptr (GBytes) picture = g_bytes_new_take (grey, W * H);
          g_assert_true (dh_scene_set_image (&scene, picture, W, H, W, 1));
          scene.width = W;
          scene.height = H;
          scene.scales[0] = (DhScale){ DH_COLOR_MAP_GREY, FALSE, -1, 1, thresholds[k], (gboolean)below };
          scene.overlay = DH_OVERLAY_MASK;
          scene.opacity = 1.0;
          DhView view = drawn_whole (&scene, DH_PANE_IMAGE, 0, zoom);
          DrawnFrame frame = drawn_draw (renderer, &scene, &view, 1, view.width, view.height);
          for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
              {
                double v = (double)values[y * W + x];
                gboolean flagged = below ? v < thresholds[k] : v > thresholds[k];
                const guint8 *p = drawn_at (&frame, x * zoom + zoom / 2, y * zoom + zoom / 2);
                gboolean tinted = p[0] == 0xfd && p[1] == 0xe7 && p[2] == 0x24;
                g_assert_cmpint (tinted, ==, flagged);
                g_assert_cmpint (dh_scale_flags (&scene.scales[0], values[y * W + x]), ==, flagged);
              }
          g_free (frame.pixels);
          dh_scene_clear (&scene);
        }
}

static void
test_outcome (void)
{
  g_autoptr (Invented) invented = invented_new (160, 90, 5);
  DhScene scene;
  drawn_fill_scene (&scene, invented);
  scene.overlay = DH_OVERLAY_OUTCOME;
  scene.opacity = 1.0;
  FOR_EACH_RENDERER (renderer)
  {
    const int zoom = 5;
    guint counted[4] = { 0 };
    DhView view = drawn_whole (&scene, DH_PANE_IMAGE, 0, zoom);
    DrawnFrame frame = drawn_draw (renderer, &scene, &view, 1, view.width, view.height);
    const float *values = g_bytes_get_data (invented->hybrid, NULL);
    const guint8 *truth = g_bytes_get_data (invented->truth, NULL);
    for (int i = 0; i < 160 * 90; i++)
      {
        gboolean flagged = values[i] > -8.4f;
        int outcome = truth[i] > 1 ? 0 : truth[i] ? (flagged ? 1 : 3) : flagged ? 2 : 0;
        const guint8 *p = drawn_at (&frame, i % 160 * zoom + zoom / 2, i / 160 * zoom + zoom / 2);
        guint32 rgb = ((guint32)p[0] << 16) | ((guint32)p[1] << 8) | p[2];
        counted[outcome]++;
        if (outcome == 1)
          g_assert_cmphex (rgb, ==, DH_COLOR_TP);
        if (outcome == 2)
          g_assert_cmphex (rgb, ==, DH_COLOR_FP);
        /* Hatched: some stripes are lighter. */
        if (outcome == 3)
          g_assert_true (rgb == DH_COLOR_FN || (p[0] > 0xdc && p[1] > 0x26 && p[2] > 0x7f));
        if (outcome == 0)
          g_assert_true (rgb != DH_COLOR_TP && rgb != DH_COLOR_FP && rgb != DH_COLOR_FN);
      }
    g_assert_cmpuint (MIN (MIN (counted[1], counted[2]), counted[3]), >, 0);
    g_free (frame.pixels);
  }
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
  for (guint z = 0; z < G_N_ELEMENTS (zooms); z++)
    {
      double zoom = zooms[z];
      /* Where a texel's edge falls on a pixel's middle, two float divisions may differ. */
      double ties = zoom == floor (zoom) ? 0.0 : 0.004;
      for (guint outline = 0; outline < 2; outline++)
        for (guint slot = 0; slot < 3; slot++)
          {
            scene.outlines[slot] = outline;
            /* Below 100 % the card's slope is that of a block of 2 × 2. */
            drawn_compare (&scene, DH_PANE_MAP, slot, zoom, 2, outline && zoom < 1 ? 0.03 : ties);
          }
      drawn_compare (&scene, DH_PANE_SEGMENTATION, 0, zoom, 1, ties);
      drawn_compare (&scene, DH_PANE_TRUTH, 0, zoom, 1, ties);
      for (guint overlay = 0; overlay <= DH_OVERLAY_CLASSES; overlay++)
        for (guint fill = 0; fill < 2; fill++)
          {
            scene.overlay = overlay;
            scene.opacity = 0.6;
            scene.fill = fill;
            drawn_compare (&scene, DH_PANE_IMAGE, 0, zoom, 2, ties);
          }
      scene.overlay = DH_OVERLAY_LABELS;
      drawn_compare (&scene, DH_PANE_IMAGE, 0, zoom, 2, ties);
    }
  dh_scene_clear (&scene);
}

/* Classes that are hidden: the picture in their place, the same by both renderers, in panes and in the overlay. */
static void
test_hidden_classes (void)
{
  g_autoptr (Invented) invented = invented_new (160, 90, 5);
  DhScene scene;
  drawn_fill_scene (&scene, invented);
  const guint8 *ids = scene.segmentation.data, *photo = scene.image[0].data;
  const guint8 hidden = ids[0];
  scene.palette[4 * hidden + 3] = 0;
  scene.overlay = DH_OVERLAY_CLASSES;
  scene.opacity = 1.0;
  FOR_EACH_RENDERER (renderer)
  for (guint fill = 0; fill < 2; fill++)
    for (guint pane = 0; pane < 2; pane++)
      {
        scene.fill = (gboolean)fill;
        const int zoom = 5;
        guint counted[2] = { 0 };
        DhView view = drawn_whole (&scene, pane ? DH_PANE_SEGMENTATION : DH_PANE_IMAGE, 0, zoom);
        DrawnFrame frame = drawn_draw (renderer, &scene, &view, 1, view.width, view.height);
        for (int i = 0; i < 160 * 90; i++)
          {
            const guint8 *p = drawn_at (&frame, i % 160 * zoom + zoom / 2, i / 160 * zoom + zoom / 2);
            const guint8 *q = photo + 4 * i, *paint = scene.palette + 4 * ids[i];
            const double grey = 0.299 * q[0] + 0.587 * q[1] + 0.114 * q[2];
            counted[ids[i] == hidden]++;
            for (int c = 0; c < 3; c++)
              {
                const double under = pane ? grey : q[c];
                const double share = ids[i] == hidden ? 0 : pane ? 0.8 : fill ? 1 : 0;
                g_assert_cmpfloat_with_epsilon (p[c], under + (paint[c] - under) * share, 2);
              }
          }
        g_assert_cmpuint (MIN (counted[0], counted[1]), >, 0);
        g_free (frame.pixels);
      }
  static const double zooms[] = { 0.29, 1.0, 3.3 };
  for (guint z = 0; z < G_N_ELEMENTS (zooms) && drawn_gl != NULL; z++)
    for (guint fill = 0; fill < 2; fill++)
      {
        const double ties = zooms[z] == floor (zooms[z]) ? 0.0 : 0.004;
        scene.fill = (gboolean)fill;
        scene.opacity = 0.6;
        drawn_compare (&scene, DH_PANE_SEGMENTATION, 0, zooms[z], 1, ties);
        drawn_compare (&scene, DH_PANE_IMAGE, 0, zooms[z], 2, ties);
      }
  dh_scene_clear (&scene);
}

/* After a threshold alone has moved, what is drawn anew and what is copied make the whole. */
static void
test_redraw (void)
{
  g_autoptr (Invented) invented = invented_new (300, 160, 2);
  DhScene scene;
  gboolean more = FALSE;
  if (drawn_gl == NULL)
    {
      g_test_skip (drawn_gl_missing);
      return;
    }
  drawn_fill_scene (&scene, invented);
  scene.overlay = DH_OVERLAY_OUTCOME;
  DhPicture picture = { .width = 620, .height = 340, .n_views = 4, .n_panels = 1, .radius = 6 };
  gdk_rgba_parse (&picture.ground, "#dcdce0");
  gdk_rgba_parse (&picture.panel, "#f6f5f4");
  picture.panels[0] = (GdkRectangle){ 3, 4, 600, 330 };
  for (int i = 0; i < 4; i++)
    {
      int x = 8 + i % 2 * 302, y = 8 + i / 2 * 162;
      picture.views[i] =
          (DhView){ i == 0 ? DH_PANE_IMAGE : DH_PANE_MAP, (guint)MAX (0, i - 1), x, y, 300, 160, x, y, 1.0, 1 };
    }
  GdkTexture *last = dh_gl_renderer_draw (drawn_gl, &scene, &picture, TRUE, FALSE, &more);
  for (guint step = 0; step < 6; step++)
    {
      guint slot = step % 3;
      scene.scales[slot].threshold += 0.4;
      GdkTexture *next = dh_gl_renderer_redraw (drawn_gl, &scene, &picture, 1u << slot, last);
      g_assert_nonnull (next);
      g_object_unref (last);
      last = next;
      g_autofree guint8 *partial = g_malloc (620 * 340 * 4), *full = g_malloc (620 * 340 * 4);
      gdk_texture_download (last, partial, 620 * 4);
      g_autoptr (GdkTexture) whole_again = dh_gl_renderer_draw (drawn_gl, &scene, &picture, TRUE, FALSE, &more);
      gdk_texture_download (whole_again, full, 620 * 4);
      g_assert_cmpmem (partial, 620 * 340 * 4, full, 620 * 340 * 4);
      /* Not the last one any more: it is not taken for it. */
      g_assert_null (dh_gl_renderer_redraw (drawn_gl, &scene, &picture, 1, last));
      g_set_object (&last, whole_again);
    }
  g_object_unref (last);
  dh_scene_clear (&scene);
}

/* While labels are drawn: anomalies and what is ignored are filled, what is flagged beside them is outlined alone; also
 * where there is no map, or no threshold. */
static void
test_labels (void)
{
  g_autoptr (Invented) invented = invented_new (160, 90, 5);
  const guint8 *truth = g_bytes_get_data (invented->truth, NULL);
  const float *values = g_bytes_get_data (invented->hybrid, NULL);
  const int zoom = 7;
  for (guint state = 0; state < 3; state++)
    FOR_EACH_RENDERER (renderer)
    {
      DhScene scene;
      guint counted[4] = { 0 };
      drawn_fill_scene (&scene, invented);
      if (state == 1)
        dh_plane_clear (&scene.maps[scene.active]);
      if (state == 2)
        scene.scales[scene.active].threshold = NAN;
      scene.opacity = 1.0;
      DhView view = drawn_whole (&scene, DH_PANE_IMAGE, 0, zoom);
      scene.overlay = DH_OVERLAY_NONE;
      DrawnFrame bare = drawn_draw (renderer, &scene, &view, 1, view.width, view.height);
      scene.overlay = DH_OVERLAY_LABELS;
      DrawnFrame frame = drawn_draw (renderer, &scene, &view, 1, view.width, view.height);
      for (int i = 0; i < 160 * 90; i++)
        {
          const int x = i % 160 * zoom + zoom / 2, y = i / 160 * zoom + zoom / 2;
          const guint8 *p = drawn_at (&frame, x, y), *q = drawn_at (&bare, x, y);
          const guint32 rgb = (guint32)p[0] << 16 | (guint32)p[1] << 8 | p[2];
          const gboolean flagged = state == 0 && values[i] > -8.4f;
          counted[truth[i] == 1 ? 3 : truth[i] > 1 ? 2 : flagged]++;
          if (truth[i] == 1)
            g_assert_cmphex (rgb, ==, DH_COLOR_FN);
          else if (truth[i] > 1)
            g_assert_true (rgb == 0xc7c7c7 || rgb == 0x8c8c8c);
          else
            g_assert_cmpmem (p, 3, q, 3);
        }
      g_assert_cmpuint (MIN (counted[2], counted[3]), >, 0);
      g_assert_cmpuint (counted[1] > 0, ==, state == 0);
      g_free (frame.pixels);
      g_free (bare.pixels);
      dh_scene_clear (&scene);
    }
}

/* Labels that change where they lie: only the part is sent to the card, and what comes out is as if all had been. */
static void
test_drawn (void)
{
  g_autoptr (Invented) invented = invented_new (300, 160, 2);
  guint8 *ids = g_malloc0 (300 * 160);
  g_autoptr (GBytes) bytes = g_bytes_new_take (ids, 300 * 160);
  DhScene scene;
  gboolean more = FALSE;
  if (drawn_gl == NULL)
    {
      g_test_skip (drawn_gl_missing);
      return;
    }
  drawn_fill_scene (&scene, invented);
  scene.overlay = DH_OVERLAY_LABELS;
  g_assert_true (dh_plane_set (&scene.truth, bytes, 300, 160, 300, 1));
  DhPicture picture = { .width = 610, .height = 160, .n_views = 2 };
  picture.views[0] = (DhView){ DH_PANE_IMAGE, 0, 0, 0, 300, 160, 0, 0, 1.0, 1 };
  picture.views[1] = (DhView){ DH_PANE_TRUTH, 0, 305, 0, 300, 160, 305, 0, 1.0, 1 };
  g_autofree guint8 *before = g_malloc (610 * 160 * 4), *partial = g_malloc (610 * 160 * 4);
  GdkTexture *last = dh_gl_renderer_draw (drawn_gl, &scene, &picture, TRUE, FALSE, &more);
  for (int step = 0; step < 4; step++)
    {
      gdk_texture_download (last, before, 610 * 4);
      scene.drawn = (GdkRectangle){ 10 + 60 * step, 20 + 30 * step, 50, 25 };
      for (int y = 0; y < 25; y++)
        memset (ids + (20 + 30 * step + y) * 300 + 10 + 60 * step, step % 2 ? 255 : 1, 50);
      GdkTexture *next = dh_gl_renderer_redraw (drawn_gl, &scene, &picture, 1u << DH_SCENE_TRUTH_SLOT, last);
      g_assert_nonnull (next);
      g_object_unref (last);
      last = next;
      scene.drawn = (GdkRectangle){ 0 };
      gdk_texture_download (last, partial, 610 * 4);
      g_assert_cmpint (memcmp (before, partial, 610 * 160 * 4), !=, 0);
      g_autoptr (GBytes) copy = g_bytes_new (ids, 300 * 160);
      DhScene again;
      drawn_fill_scene (&again, invented);
      again.overlay = DH_OVERLAY_LABELS;
      g_assert_true (dh_plane_set (&again.truth, copy, 300, 160, 300, 1));
      DrawnFrame whole = drawn_draw (drawn_gl, &again, picture.views, 2, 610, 160);
      for (int y = 0; y < 160; y++)
        for (int x = 0; x < 605; x++)
          for (int c = 0; c < 3 && (x < 300 || x >= 305); c++)
            g_assert_cmpint (partial[(y * 610 + x) * 4 + 2 - c], ==, whole.pixels[(y * 610 + x) * 4 + c]);
      g_free (whole.pixels);
      dh_scene_clear (&again);
      g_object_unref (last);
      last = dh_gl_renderer_draw (drawn_gl, &scene, &picture, TRUE, FALSE, &more);
    }
  g_object_unref (last);
  dh_scene_clear (&scene);
}

/* Each view apart is that part of the whole, and only what was asked for is drawn. */
static void
test_pieces (void)
{
  g_autoptr (Invented) invented = invented_new (300, 160, 2);
  DhScene scene;
  drawn_fill_scene (&scene, invented);
  scene.overlay = DH_OVERLAY_OUTCOME;
  DhPicture picture = { .width = 620, .height = 340, .n_views = 4 };
  for (int i = 0; i < 4; i++)
    {
      int x = 8 + i % 2 * 302, y = 8 + i / 2 * 162;
      picture.views[i] = (DhView){ i == 0   ? DH_PANE_IMAGE
                                   : i == 3 ? DH_PANE_TRUTH
                                            : DH_PANE_MAP,
                                   (guint)MAX (0, i - 1),
                                   x,
                                   y,
                                   300 - i,
                                   160 - i,
                                   x - 20,
                                   y - 30,
                                   0.8 + i / 10.0,
                                   1 };
    }
  g_autoptr (GdkTexture) whole_texture = dh_cpu_draw (&scene, &picture);
  g_autofree guint8 *all = g_malloc (620 * 340 * 4);
  gdk_texture_download (whole_texture, all, 620 * 4);
  GdkTexture *pieces[DH_MAX_VIEWS] = { NULL };
  dh_cpu_draw_views (&scene, &picture, 0xb, pieces);
  g_assert_null (pieces[2]);
  dh_cpu_draw_views (&scene, &picture, 0x4, pieces);
  for (guint k = 0; k < 4; k++)
    {
      const DhView *view = &picture.views[k];
      gsize stride = 4 * (gsize)view->width;
      g_autofree guint8 *piece = g_malloc (stride * (gsize)view->height);
      g_assert_cmpint (gdk_texture_get_width (pieces[k]), ==, view->width);
      g_assert_cmpint (gdk_texture_get_height (pieces[k]), ==, view->height);
      gdk_texture_download (pieces[k], piece, stride);
      for (int j = 0; j < view->height; j++)
        g_assert_cmpmem (piece + (gsize)j * stride, stride, all + ((gsize)(view->y + j) * 620 + (gsize)view->x) * 4,
                         stride);
      g_object_unref (pieces[k]);
    }
  dh_scene_clear (&scene);
}

static void
test_bounds (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (4);
  for (guint i = 0; i < 20000; i++)
    {
      DhScale scale = { .low = 0, .high = 1, .threshold = g_rand_double_range (rand, -30, 30), .flag_below = i & 1 };
      float bound = dh_scale_get_bound (&scale), v = (float)scale.threshold;
      for (int s = 0; s < 3; s++, v = nextafterf (v, i & 2 ? INFINITY : -INFINITY))
        g_assert_cmpint (scale.flag_below ? v < bound : v > bound, ==, dh_scale_flags (&scale, v));
    }
}

/* Sizes that do not fit their bytes are refused, and whatever else comes is drawn without harm. */
static void
test_hostile (void)
{
  DhPlane plane = { 0 };
  g_autoptr (GBytes) small = g_bytes_new_take (g_malloc0 (64), 64);
  static const guint sizes[][3] = { { 0, 4, 4 },  { 4, 0, 4 },        { 5, 4, 16 },       { 4, 5, 16 },
                                    { 4, 4, 12 }, { 1, 1u << 20, 4 }, { 1u << 20, 1, 4 }, { 4, 4, 0 } };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*does not fit*");
      g_assert_false (dh_plane_set (&plane, small, sizes[i][0], sizes[i][1], sizes[i][2], 4));
      g_assert_null (plane.bytes);
      g_test_assert_expected_messages ();
    }
  g_assert_true (dh_plane_set (&plane, small, 4, 4, 16, 4));
  dh_plane_clear (&plane);
  FOR_EACH_RENDERER (renderer)
  for (guint w = 1; w <= 5; w += 2)
    {
      DhScene scene;
      dh_scene_init (&scene);
      g_autoptr (GBytes) values = g_bytes_new_take (g_malloc0 (4 * w * w), 4 * w * w);
      g_assert_true (dh_plane_set (&scene.maps[0], values, w, w, 4 * w, 4));
      g_assert_true (dh_plane_set (&scene.truth, small, 3, 2, 3, 1));
      scene.width = w;
      scene.height = w;
      scene.scales[0] = (DhScale){ DH_COLOR_MAP_DIVERGING, TRUE, 1, 1, 1, FALSE };
      scene.overlay = DH_OVERLAY_OUTCOME;
      DhView views[] = { drawn_whole (&scene, DH_PANE_MAP, 0, 40.0), drawn_whole (&scene, DH_PANE_TRUTH, 0, 40.0),
                         drawn_whole (&scene, DH_PANE_IMAGE, 0, 40.0), drawn_whole (&scene, DH_PANE_CLASSES, 0, 40.0) };
      DrawnFrame frame = drawn_draw (renderer, &scene, views, 4, 40 * (int)w, 40 * (int)w);
      g_free (frame.pixels);
      dh_scene_clear (&scene);
    }
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
  dh_widgets_init ();
  drawn_start ();
  g_test_add_func ("/renderers/bounds", test_bounds);
  g_test_add_func ("/renderers/colors", test_colors);
  g_test_add_func ("/renderers/mask", test_mask);
  g_test_add_func ("/renderers/outcome", test_outcome);
  g_test_add_func ("/renderers/same", test_same);
  g_test_add_func ("/renderers/hidden-classes", test_hidden_classes);
  g_test_add_func ("/renderers/redraw", test_redraw);
  g_test_add_func ("/renderers/labels", test_labels);
  g_test_add_func ("/renderers/drawn", test_drawn);
  g_test_add_func ("/renderers/pieces", test_pieces);
  g_test_add_func ("/renderers/hostile", test_hostile);
  int result = g_test_run ();
  drawn_stop ();
  return result;
}

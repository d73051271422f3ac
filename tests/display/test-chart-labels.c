/* What is written at a chart's axes stands apart. */
#include <glib/gstdio.h>
#include <string.h>
#include "dh-chart.h"
#include "pointer.h"

typedef struct
{
  int width, height;
  guint8 *pixels;
} Picture;

static void
picture_clear (Picture *picture)
{
  g_free (picture->pixels);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Picture, picture_clear)

/* As it is saved, at twice the size of the screen. */
static void
take (DhChart *chart, Picture *picture)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dh-chart-XXXXXX", &error);
  g_assert_no_error (error);
  g_autofree char *path = g_build_filename (folder, "chart.png", NULL);
  g_assert_true (dh_chart_save (chart, path, &error));
  g_autoptr (GdkTexture) texture = gdk_texture_new_from_filename (path, &error);
  g_assert_no_error (error);
  g_unlink (path);
  g_rmdir (folder);
  picture->width = gdk_texture_get_width (texture);
  picture->height = gdk_texture_get_height (texture);
  picture->pixels = g_malloc ((gsize)picture->width * 4 * (gsize)picture->height);
  gdk_texture_download (texture, picture->pixels, (gsize)picture->width * 4);
}

static gboolean
is_dark (const Picture *picture, int x, int y)
{
  const guint8 *p = picture->pixels + ((gsize)y * (gsize)picture->width + (gsize)x) * 4;
  return p[0] < 180 && p[1] < 180 && p[2] < 180;
}

static gboolean
has_dark (const Picture *picture, int y, int from, int to)
{
  for (int x = from; x < to; x++)
    if (is_dark (picture, x, y))
      return TRUE;
  return FALSE;
}

/* Most of it is drawn: the axis, lowest or leftmost. */
static int
find_axis (const Picture *picture, gboolean upright)
{
  const int n = upright ? picture->width : picture->height, length = upright ? picture->height : picture->width;
  for (int k = 0; k < n; k++)
    {
      const int at = upright ? k : n - 1 - k;
      int dark = 0;
      for (int i = 0; i < length; i++)
        dark += upright ? is_dark (picture, at, i) : is_dark (picture, i, at);
      if (dark > length / 3)
        return at;
    }
  g_assert_not_reached ();
}

static GtkWidget *
show (GtkWidget *chart, int width, int height)
{
  gtk_widget_set_size_request (chart, width, height);
  return pointer_show (chart, width, height);
}

static void
test_corners (void)
{
  const double x[] = { 1e-4, 1 }, y[] = { 0, 1 };
  GtkWidget *chart = dh_chart_new ();
  dh_chart_set_axis (DH_CHART (chart), DH_CHART_X, "FPR, log", DH_AXIS_LOG, 1e-4, 1);
  dh_chart_set_axis (DH_CHART (chart), DH_CHART_Y, "precision", DH_AXIS_LINEAR, 0, 1);
  dh_chart_add_series (DH_CHART (chart), &(DhSeries){ .name = "", .x = x, .y = y, .n = 2 });
  GtkWidget *window = show (chart, 400, 300);
  g_auto (Picture) picture = { 0 };
  take (DH_CHART (chart), &picture);
  const int left = find_axis (&picture, TRUE), bottom = find_axis (&picture, FALSE);
  /* Beside the axis: from the "0" down to what stands under the corner. */
  int last = 0, next = bottom + 2;
  for (int row = bottom + 2; row > bottom - 60 && last == 0; row--)
    if (has_dark (&picture, row, 0, left - 8))
      last = row;
  for (next = MAX (last + 1, bottom + 2); next < picture.height && !has_dark (&picture, next, 0, left - 8);)
    next++;
  g_test_message ("0 ends in row %d, the axis is %d, what is below begins in %d", last, bottom, next);
  g_assert_cmpint (next, <, picture.height);
  g_assert_cmpint (next - last, >=, 8);
  /* The axis's title ends before the "1" begins. */
  int first = 0, end = 0;
  while (first < bottom && !has_dark (&picture, first, 0, left - 8))
    first++;
  for (int row = 0; row < first + 40; row++)
    if (has_dark (&picture, row, left + 6, left + 60) && row < first + 40)
      end = has_dark (&picture, row, left + 200, left + 220) ? end : row;
  g_test_message ("the title ends in row %d, 1 begins in %d", end, first);
  g_assert_cmpint (first - end, >=, 12);
  gtk_window_destroy (GTK_WINDOW (window));
}

/* Where names fill the plot, what is told of a point stands over them rather than over the axis. */
static void
test_marker (void)
{
  const double x[] = { 0, 1 }, y[] = { 0, 0 };
  GtkWidget *chart = dh_chart_new ();
  dh_chart_set_axis (DH_CHART (chart), DH_CHART_X, "recall", DH_AXIS_LINEAR, 0, 1);
  dh_chart_set_axis (DH_CHART (chart), DH_CHART_Y, NULL, DH_AXIS_LINEAR, 0, 1);
  static const char *const names[] = { "hybrid  AP 0.0", "likelihood  AP 0.0", "posterior  AP 0.0" };
  GtkWidget *window = show (chart, 200, 140);
  g_auto (Picture) empty = { 0 }, plain = { 0 }, told = { 0 };
  take (DH_CHART (chart), &empty);
  const int bottom = find_axis (&empty, FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    dh_chart_add_series (DH_CHART (chart), &(DhSeries){ .name = names[i], .x = x, .y = y, .n = 2 });
  dh_chart_set_marker (DH_CHART (chart), 0, 0.4, 0, NULL);
  take (DH_CHART (chart), &plain);
  dh_chart_set_marker (DH_CHART (chart), 0, 0.4, 0, "P 0.0 · R 40.0");
  take (DH_CHART (chart), &told);
  guint above = 0, below = 0;
  for (int row = 0; row < plain.height; row++)
    for (int column = 0; column < plain.width * 4; column++)
      {
        const gsize at = (gsize)row * (gsize)plain.width * 4 + (gsize)column;
        const gboolean differs = plain.pixels[at] != told.pixels[at];
        above += differs && row <= bottom;
        below += differs && row > bottom + 4;
      }
  g_assert_cmpuint (above, >, 0);
  g_assert_cmpuint (below, ==, 0);
  gtk_window_destroy (GTK_WINDOW (window));
}

typedef struct
{
  int left, top, right, bottom;
} Box;

/* What two pictures differ in. */
static Box
compare (const Picture *a, const Picture *b)
{
  Box box = { G_MAXINT, G_MAXINT, -1, -1 };
  for (int y = 0; y < a->height; y++)
    for (int x = 0; x < a->width; x++)
      if (memcmp (a->pixels + ((gsize)y * (gsize)a->width + (gsize)x) * 4,
                  b->pixels + ((gsize)y * (gsize)a->width + (gsize)x) * 4, 4)
          != 0)
        {
          box.left = MIN (box.left, x);
          box.top = MIN (box.top, y);
          box.right = MAX (box.right, x);
          box.bottom = MAX (box.bottom, y);
        }
  return box;
}

/* Where names stand all about the point, what is told of it stands beside them. */
static void
test_among_names (void)
{
  const double x[] = { 0, 1 }, y[] = { 1, 1 };
  GtkWidget *chart = dh_chart_new ();
  dh_chart_set_axis (DH_CHART (chart), DH_CHART_X, "recall", DH_AXIS_LINEAR, 0, 1);
  dh_chart_set_axis (DH_CHART (chart), DH_CHART_Y, NULL, DH_AXIS_LINEAR, 0, 1);
  static const char *const names[] = { "hybrid  AP 0.0", "likelihood  AP 0.0", "posterior  AP 0.0", "energy  AP 0.0" };
  GtkWidget *window = show (chart, 420, 300);
  g_auto (Picture) nameless = { 0 }, named = { 0 }, plain = { 0 }, told = { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    dh_chart_add_series (DH_CHART (chart), &(DhSeries){ .name = "", .x = x, .y = y, .n = 2 });
  take (DH_CHART (chart), &nameless);
  const int left = find_axis (&nameless, TRUE), bottom = find_axis (&nameless, FALSE);
  dh_chart_clear (DH_CHART (chart));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    dh_chart_add_series (DH_CHART (chart), &(DhSeries){ .name = names[i], .x = x, .y = y, .n = 2 });
  take (DH_CHART (chart), &named);
  const Box all = compare (&nameless, &named);
  g_assert_cmpint (all.right, >, 0);
  /* The axes end a little before the picture does. */
  const double share_x = ((all.left + all.right) / 2.0 - left) / (named.width - 24.0 - left);
  const double share_y = (bottom - (all.top + all.bottom) / 2.0) / (bottom - 20.0);
  dh_chart_set_marker (DH_CHART (chart), 0, share_x, share_y, NULL);
  take (DH_CHART (chart), &plain);
  dh_chart_set_marker (DH_CHART (chart), 0, share_x, share_y, "P 0.0 · R 40.0");
  take (DH_CHART (chart), &told);
  const Box text = compare (&plain, &told);
  g_test_message ("names %d…%d × %d…%d, text %d…%d × %d…%d", all.left, all.right, all.top, all.bottom, text.left,
                  text.right, text.top, text.bottom);
  g_assert_cmpint (text.right, >, 0);
  g_assert_true (text.left > all.right || text.right < all.left || text.top > all.bottom || text.bottom < all.top);
  gtk_window_destroy (GTK_WINDOW (window));
}

int
main (int argc, char **argv)
{
  if (!pointer_begin (&argc, &argv))
    return 0;
  g_test_add_func ("/chart-labels/corners", test_corners);
  g_test_add_func ("/chart-labels/marker", test_marker);
  g_test_add_func ("/chart-labels/among-names", test_among_names);
  return g_test_run ();
}

/* Histogram, chart and the small widgets under real events. */
#include <math.h>
#include <string.h>
#include <glib/gstdio.h>
#include "dh-chart.h"
#include "dh-color-bar.h"
#include "dh-fit-row.h"
#include "dh-pane.h"
#include "dh-histogram.h"
#include "dh-mini-bar.h"
#include "dh-number.h"
#include "dh-terms-bar.h"
#include "dh-widgets.h"
#include "pointer.h"

static GtkWidget *window, *box;
static DhHistogram *histogram;
static DhChart *curves, *scatter;
static GtkAdjustment *adjustment;
static guint n_begun, n_ended, n_thresholds;
static double reading = NAN, threshold = NAN;
static guint active_series = 99, active_point = 99;

static void
count (GObject *object, guint *counter)
{
  (*counter)++;
}

static void
on_reading (DhChart *chart, double x, gpointer data)
{
  reading = x;
}

static void
on_activate (DhChart *chart, guint series, guint point, gpointer data)
{
  active_series = series;
  active_point = point;
}

static void
on_threshold (DhChart *chart, double x, gpointer data)
{
  threshold = x;
  n_thresholds++;
}

static double
histogram_x (double value)
{
  double width = gtk_widget_get_width (GTK_WIDGET (histogram)) - 2 * DH_HISTOGRAM_INSET;
  return DH_HISTOGRAM_INSET + width * (value + 20) / 16;
}

static void
test_line (void)
{
  double step = 16.0 / (gtk_widget_get_width (GTK_WIDGET (histogram)) - 2 * DH_HISTOGRAM_INSET);
  pointer_move (GTK_WIDGET (histogram), histogram_x (-12), 40);
  pointer_press (1);
  g_assert_cmpuint (n_begun, ==, 1);
  pointer_move (GTK_WIDGET (histogram), histogram_x (-11), 40);
  pointer_move (GTK_WIDGET (histogram), histogram_x (-8), 40);
  g_assert_cmpfloat_with_epsilon (gtk_adjustment_get_value (adjustment), -8, 2 * step);
  g_assert_cmpuint (n_ended, ==, 0);
  pointer_release (1);
  g_assert_cmpuint (n_ended, ==, 1);
  /* With Shift a tenth of the way. */
  double before = gtk_adjustment_get_value (adjustment);
  pointer_key_down ("shift");
  pointer_move (GTK_WIDGET (histogram), histogram_x (before), 40);
  pointer_press (1);
  pointer_move (GTK_WIDGET (histogram), histogram_x (before) + 60, 40);
  pointer_release (1);
  pointer_key_up ("shift");
  g_assert_cmpfloat_with_epsilon (gtk_adjustment_get_value (adjustment), before + 6 * step, 2 * step);
  /* A click beside the line brings it there. */
  pointer_move (GTK_WIDGET (histogram), histogram_x (-15), 40);
  pointer_click (1);
  g_assert_cmpfloat_with_epsilon (gtk_adjustment_get_value (adjustment), -15, 2 * step);
}

static void
test_slider (void)
{
  guint begun = n_begun, ended = n_ended;
  GtkWidget *scale = gtk_widget_get_first_child (GTK_WIDGET (histogram));
  g_assert_true (GTK_IS_SCALE (scale));
  gtk_adjustment_set_value (adjustment, -12);
  g_assert_cmpuint (n_begun, ==, begun);
  pointer_wait (200);
  /* The knob stands under the line. */
  GtkWidget *knob = scale;
  while (g_strcmp0 (gtk_widget_get_css_name (knob), "slider") != 0)
    {
      knob = gtk_widget_get_last_child (knob);
      g_assert_nonnull (knob);
    }
  graphene_rect_t bounds;
  g_assert_true (gtk_widget_compute_bounds (knob, GTK_WIDGET (histogram), &bounds));
  g_assert_cmpfloat (fabs (bounds.origin.x + bounds.size.width / 2.0 - histogram_x (-12)), <=, 1.5);
  gtk_widget_grab_focus (scale);
  const gint64 start = g_get_monotonic_time ();
  pointer_key ("Right");
  pointer_key ("Right");
  g_assert_cmpfloat_with_epsilon (gtk_adjustment_get_value (adjustment), -11.9, 1e-9);
  /* Two keys are one move, if they do not come half a second apart. */
  g_assert_cmpuint (n_begun - begun, >=, 1);
  if (g_get_monotonic_time () - start < 500 * G_TIME_SPAN_MILLISECOND)
    g_assert_cmpuint (n_begun, ==, begun + 1);
  pointer_wait_until (n_ended - ended == n_begun - begun);
}

static void
test_reading (void)
{
  int width = gtk_widget_get_width (GTK_WIDGET (curves)), height = gtk_widget_get_height (GTK_WIDGET (curves));
  pointer_move (GTK_WIDGET (curves), width / 2.0, height / 2.0);
  g_assert_true (reading > 0.3 && reading < 0.7);
  double first = reading;
  pointer_move (GTK_WIDGET (curves), width * 0.75, height / 2.0);
  g_assert_cmpfloat (reading, >, first);
  gtk_widget_grab_focus (GTK_WIDGET (curves));
  double before = reading;
  pointer_key ("Right");
  g_assert_cmpfloat (reading, >, before);
  pointer_key ("Left");
  g_assert_cmpfloat_with_epsilon (reading, before, 0.011);
  pointer_key ("Escape");
  g_assert_true (isnan (reading));
}

static void
test_scatter (void)
{
  /* The point in the middle of both axes. */
  int width = gtk_widget_get_width (GTK_WIDGET (scatter)), height = gtk_widget_get_height (GTK_WIDGET (scatter));
  for (int dx = -40; dx <= 60 && active_point == 99; dx += 10)
    for (int dy = -30; dy <= 30 && active_point == 99; dy += 15)
      {
        pointer_move (GTK_WIDGET (scatter), width / 2.0 + dx, height / 2.0 + dy);
        pointer_click (1);
      }
  g_assert_cmpuint (active_series, ==, 0);
  g_assert_cmpuint (active_point, ==, 1);
}

static void
test_export (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("dh-chart-XXXXXX", &error);
  g_assert_no_error (error);
  static const char *const endings[] = { "csv", "svg", "png" }, *const starts[] = { "series", "<?xml", "\x89PNG" };
  g_autofree char *csv = dh_chart_to_csv (scatter);
  g_assert_cmpstr (csv, ==,
                   "series,point,x,y,low,high\n"
                   "'=image,first,0,0,nan,nan\n"
                   "'=image,\"a \"\"b\"\", c\",50,50.100000000000001,nan,nan\n"
                   "'=image,last,100,nan,nan,nan\n");
  for (guint i = 0; i < 3; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/chart.%s", folder, endings[i]), *contents = NULL;
      gsize length = 0;
      g_assert_true (dh_chart_save (curves, path, &error));
      g_assert_no_error (error);
      g_assert_true (g_file_get_contents (path, &contents, &length, NULL));
      g_assert_cmpuint (length, >, 100);
      g_assert_cmpint (memcmp (contents, starts[i], strlen (starts[i])), ==, 0);
      g_unlink (path);
    }
  g_rmdir (folder);
  g_assert_false (dh_chart_save (curves, "chart.doc", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_INVAL);
  g_clear_error (&error);
  g_assert_false (dh_chart_save (curves, "/nowhere/chart.png", &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
}

/* The coloured columns of the top rows of a chart's picture: how many, the first and the last. */
static guint
colored_above (DhChart *chart, int *first, int *last, int *width)
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
  *width = gdk_texture_get_width (texture);
  g_autofree guint8 *pixels = g_malloc ((gsize)*width * 4 * (gsize)gdk_texture_get_height (texture));
  gdk_texture_download (texture, pixels, (gsize)*width * 4);
  guint found = 0;
  *first = *last = -1;
  for (int x = 0; x < *width; x++)
    for (int y = 16; y < 44; y++) /* behind the rim of 8 px, at twice the size */
      {
        const guint8 *p = pixels + ((gsize)y * (gsize)*width + (gsize)x) * 4;
        if (MAX (MAX (p[0], p[1]), p[2]) - MIN (MIN (p[0], p[1]), p[2]) < 60)
          continue;
        *first = *first < 0 ? x : *first;
        *last = x;
        found++;
        break;
      }
  return found;
}

/* Names of curves that cross each other stand above the plot, on the screen and in files, and are never cut off. */
static void
test_names_above (void)
{
  const double x[] = { 0, 1 }, y[] = { 0, 0.2 };
  dh_chart_set_axis (curves, DH_CHART_Y, NULL, DH_AXIS_LINEAR, 0, 1);
  static const char *const names[2][4] = { { "F1", "precision", "TPR", "FPR" },
                                           { "F1 of the whole set", "precision of the whole set",
                                             "share that is found of the whole set",
                                             "share that is flagged falsely" } };
  for (guint k = 0; k < 3; k++)
    {
      int first = 0, last = 0, width = 0;
      dh_chart_clear (curves);
      for (guint i = 0; i < 4; i++)
        dh_chart_add_series (curves, &(DhSeries){ .name = names[k % 2][i],
                                                  .tone = DH_TONE_POSTERIOR,
                                                  .hide_name = k == 2,
                                                  .name_above = k < 2,
                                                  .x = x,
                                                  .y = y,
                                                  .n = 2 });
      const guint found = colored_above (curves, &first, &last, &width);
      g_test_message ("%u: %u coloured, %d … %d of %d", k, found, first, last, width);
      if (k == 2)
        g_assert_cmpuint (found, ==, 0);
      else
        {
          g_assert_cmpuint (found, >, 100);
          g_assert_cmpint (first, >, 16);
          g_assert_cmpint (last, <, width - 18);
        }
    }
}

/* What would not be seen on its ground has an edge. */
static void
test_edge (void)
{
  GtkWidget *widget = GTK_WIDGET (curves);
  GdkRGBA edge;
  const gboolean dark = dh_widget_is_dark (widget);
  g_assert_true (dh_widget_needs_edge (widget, dark ? 0x000000 : 0xffffff, &edge));
  g_assert_cmpfloat (edge.alpha, >, 0);
  g_assert_cmpfloat (edge.red, ==, dark ? 1 : 0);
  g_assert_false (dh_widget_needs_edge (widget, dark ? 0xffffff : 0x000000, &edge));
  g_assert_false (dh_widget_needs_edge (widget, 0xdc267f, &edge));
}

/* The network's own names of layers have no blanks, and a pane may be narrow. */
static void
test_pane_message (void)
{
  GtkWidget *pane = g_object_ref_sink (g_object_new (DH_TYPE_PANE, NULL));
  GtkWidget *message =
      dh_pane_show_message (DH_PANE (pane), NULL, NULL, "Computing…",
                            "upsample.upsample_layers.upsample_0.blend_conv.conv.weight · about 5 s left");
  int least = 0;
  gtk_widget_measure (message, GTK_ORIENTATION_HORIZONTAL, -1, &least, NULL, NULL, NULL);
  g_assert_cmpint (least, <=, 180);
  g_object_unref (pane);
}

/* A chart that grows while it is looked at: the band's numbers stay what they were, the reading stays where it is. */
static void
test_growing (void)
{
  enum
  {
    N = 20000
  };
  g_autofree double *x = g_new (double, N), *y = g_new (double, N);
  for (guint i = 0; i < N; i++)
    {
      x[i] = i + 1;
      y[i] = i % 977 == 0 ? NAN : exp (-i / 8000.0) + 0.1 * sin (i);
    }
  dh_chart_clear (curves);
  dh_chart_set_axis (curves, DH_CHART_X, "step", DH_AXIS_LINEAR, 0, N);
  dh_chart_set_axis (curves, DH_CHART_Y, NULL, DH_AXIS_LINEAR, NAN, NAN);
  int band = dh_chart_add_series (curves, &(DhSeries){ .name = "raw", .kind = DH_SERIES_BAND, .x = x, .y = y, .n = 3 });
  int line = dh_chart_add_series (curves, &(DhSeries){ .name = "smooth", .active = TRUE, .x = x, .y = y, .n = 3 });
  pointer_wait (60);
  int width = gtk_widget_get_width (GTK_WIDGET (curves)), height = gtk_widget_get_height (GTK_WIDGET (curves));
  for (guint i = 3; i < N; i += (N - 3) / 4 + 1)
    {
      gsize n = MIN ((gsize)(N - 3) / 4 + 1, N - i);
      dh_chart_append (curves, (guint)band, x + i, y + i, n);
      dh_chart_append (curves, (guint)line, x + i, y + i, n);
      pointer_wait (60);
    }
  pointer_move (GTK_WIDGET (curves), width / 2.0, height / 2.0);
  g_assert_true (reading > 0.3 * N && reading < 0.7 * N);
  double before = reading;
  dh_chart_set_marker (curves, (guint)line, N, y[N - 1], NULL);
  pointer_wait (60);
  g_assert_cmpfloat (reading, ==, before);
  g_autofree char *csv = dh_chart_to_csv (curves);
  g_auto (GStrv) lines = g_strsplit (csv, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 2 * N + 2);
  g_assert_cmpstr (lines[1], ==, "raw,,1,nan,nan,nan");
}

/* Data that no chart should be given. */
static void
test_hostile (void)
{
  double x[] = { 0, NAN, 1, INFINITY, 2, -1e308, 1e308 }, y[] = { NAN, 1, -INFINITY, 1e308, -1e308, 0, NAN };
  const double one[] = { 3 };
  for (guint kind = 0; kind <= DH_SERIES_BAND; kind++)
    for (guint log_axis = 0; log_axis < 2; log_axis++)
      {
        dh_chart_clear (curves);
        dh_chart_add_series (
            curves, &(DhSeries){ .name = "\xff bad", .kind = kind, .x = x, .y = y, .y_low = y, .y_high = x, .n = 6 });
        dh_chart_add_series (
            curves,
            &(DhSeries){
                .name = "one", .kind = kind == DH_SERIES_STEPS ? DH_SERIES_LINE : kind, .x = one, .y = one, .n = 1 });
        dh_chart_add_series (curves, &(DhSeries){ .name = "none", .kind = kind, .n = 0 });
        dh_chart_set_axis (curves, DH_CHART_X, "x", log_axis, NAN, NAN);
        dh_chart_set_axis (curves, DH_CHART_Y, "y", log_axis, log_axis ? -3 : 5, log_axis ? NAN : 5);
        dh_chart_set_marker (curves, 0, INFINITY, 0, "far");
        dh_chart_set_threshold (curves, 1e300, TRUE);
        pointer_wait (60);
        pointer_move (GTK_WIDGET (curves), 100, 60);
        pointer_key ("Right");
        g_autofree char *csv = dh_chart_to_csv (curves);
        g_assert_nonnull (csv);
      }
  g_assert_cmpint (dh_chart_add_series (curves, &(DhSeries){ .name = "big", .n = G_MAXSIZE }), ==, -1);
  guint64 bins[3] = { G_MAXUINT64, 0, 5 };
  dh_histogram_set_counts (histogram, -20, -4, bins, bins, 3);
  pointer_wait (60);
  dh_histogram_set_counts (histogram, NAN, -4, bins, NULL, 3);
  dh_histogram_set_counts (histogram, 0, INFINITY, bins, NULL, 3);
  dh_histogram_set_counts (histogram, 0, 1, NULL, NULL, 0);
  pointer_wait (60);
}

static GtkWidget *
add_item (DhFitRow *row, int width, guint rank)
{
  GtkWidget *item = gtk_drawing_area_new ();
  gtk_widget_set_size_request (item, width, 20);
  dh_fit_row_append (row, item, rank);
  return item;
}

static int
left_of (GtkWidget *row, GtkWidget *item)
{
  graphene_rect_t place;
  g_assert_true (gtk_widget_compute_bounds (item, row, &place));
  return (int)place.origin.x;
}

/* The highest rank goes first, and comes back; what expands takes what is left. */
static void
test_fit_row (void)
{
  g_autoptr (GtkWidget) widget = g_object_ref_sink (dh_fit_row_new (6));
  DhFitRow *row = DH_FIT_ROW (widget);
  GtkWidget *first = add_item (row, 40, 0), *last_out = add_item (row, 30, 1), *space = add_item (row, 0, 0);
  GtkWidget *first_out = add_item (row, 50, 2), *last = add_item (row, 20, 0);
  gtk_widget_set_hexpand (space, TRUE);
  const struct
  {
    int width;
    gboolean low, high;
    int last;
  } cases[] = {
    { 300, TRUE, TRUE, 280 },  { 164, TRUE, TRUE, 144 }, { 163, TRUE, FALSE, 143 }, { 108, TRUE, FALSE, 88 },
    { 107, FALSE, FALSE, 87 }, { 72, FALSE, FALSE, 52 }, { 164, TRUE, TRUE, 144 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      int least, natural;
      gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, &least, &natural, NULL, NULL);
      g_assert_cmpint (least, ==, 40 + 6 + 0 + 6 + 20);
      g_assert_cmpint (natural, ==, 40 + 30 + 0 + 50 + 20 + 4 * 6);
      gtk_widget_measure (widget, GTK_ORIENTATION_VERTICAL, -1, &least, NULL, NULL, NULL);
      g_assert_cmpint (least, ==, 20);
      gtk_widget_allocate (widget, cases[i].width, 20, -1, NULL);
      g_assert_cmpint (gtk_widget_get_child_visible (last_out), ==, cases[i].low);
      g_assert_cmpint (gtk_widget_get_child_visible (first_out), ==, cases[i].high);
      g_assert_true (gtk_widget_get_child_visible (first) && gtk_widget_get_child_visible (space));
      g_assert_cmpint (left_of (widget, last), ==, cases[i].last);
      g_assert_cmpint (gtk_widget_get_width (last), ==, 20);
    }
  /* What the program hides takes no room. */
  gtk_widget_set_visible (last_out, FALSE);
  int least, natural;
  gtk_widget_measure (widget, GTK_ORIENTATION_HORIZONTAL, -1, &least, &natural, NULL, NULL);
  g_assert_cmpint (natural, ==, 40 + 0 + 50 + 20 + 3 * 6);
  gtk_widget_allocate (widget, 128, 20, -1, NULL);
  g_assert_true (gtk_widget_get_child_visible (first_out));
}

static DhChart *
add_chart (void)
{
  GtkWidget *chart = dh_chart_new ();
  gtk_widget_set_size_request (chart, 300, 160);
  gtk_box_append (GTK_BOX (box), chart);
  return DH_CHART (chart);
}

int
main (int argc, char **argv)
{
  if (!pointer_begin (&argc, &argv))
    return 0;
  dh_widgets_init ();
  dh_widgets_use_style (gdk_display_get_default (), FALSE);
  box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  histogram = DH_HISTOGRAM (dh_histogram_new ());
  adjustment = gtk_adjustment_new (-12, -20, -4, 0.05, 0.5, 0);
  dh_histogram_set_adjustment (histogram, adjustment);
  guint64 inliers[32], anomalies[32];
  for (guint i = 0; i < 32; i++)
    {
      inliers[i] = (guint64)(1e5 * exp (-0.02 * (i - 10.0) * (i - 10.0)));
      anomalies[i] = i > 12 ? 300 : 0;
    }
  dh_histogram_set_counts (histogram, -20, -4, inliers, anomalies, 32);
  dh_histogram_set_label (histogram, "Hybrid score threshold", "best F1 on FS Static");
  g_signal_connect (histogram, "drag-begin", G_CALLBACK (count), &n_begun);
  g_signal_connect (histogram, "drag-end", G_CALLBACK (count), &n_ended);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (histogram));
  curves = add_chart ();
  double x[101], y[101];
  for (guint i = 0; i <= 100; i++)
    {
      x[i] = i / 100.0;
      y[i] = 1 - x[i] * x[i];
    }
  dh_chart_add_series (curves, &(DhSeries){ .name = "hybrid  AP 94.3", .active = TRUE, .x = x, .y = y, .n = 101 });
  g_signal_connect (curves, "hover", G_CALLBACK (on_reading), NULL);
  scatter = add_chart ();
  const double sx[] = { 0, 50, 100 }, sy[] = { 0, 50.1, NAN };
  const char *const names[] = { "first", "a \"b\", c", "last" };
  dh_chart_add_series (scatter, &(DhSeries){ .name = "=image",
                                             .hide_name = TRUE,
                                             .kind = DH_SERIES_POINTS,
                                             .x = sx,
                                             .y = sy,
                                             .n = 3,
                                             .point_names = names });
  dh_chart_set_axis (scatter, DH_CHART_Y, "AP", DH_AXIS_LINEAR, 0, 100);
  g_signal_connect (scatter, "activate", G_CALLBACK (on_activate), NULL);
  g_signal_connect (curves, "threshold", G_CALLBACK (on_threshold), NULL);
  window = pointer_show (box, 360, 620);
  g_test_add_func ("/widgets/line", test_line);
  g_test_add_func ("/widgets/slider", test_slider);
  g_test_add_func ("/widgets/reading", test_reading);
  g_test_add_func ("/widgets/scatter", test_scatter);
  g_test_add_func ("/widgets/export", test_export);
  g_test_add_func ("/widgets/names-above", test_names_above);
  g_test_add_func ("/widgets/pane-message", test_pane_message);
  g_test_add_func ("/widgets/edge", test_edge);
  g_test_add_func ("/widgets/growing", test_growing);
  g_test_add_func ("/widgets/hostile", test_hostile);
  g_test_add_func ("/widgets/fit-row", test_fit_row);
  int result = g_test_run ();
  gtk_window_destroy (GTK_WINDOW (window));
  pointer_wait (50);
  return result;
}

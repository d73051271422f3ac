/* Every widget of the studio with invented data, on one page each: to be looked at, and for the pictures.
 *   widget-gallery [--dark] [--page canvas|single|small|charts] [--width W --height H] [--out FILE.png] */
#include <adwaita.h>
#include <math.h>
#include "dh-canvas.h"
#include "dh-chart.h"
#include "dh-histogram.h"
#include "dh-mini-bar.h"
#include "dh-number.h"
#include "dh-terms-bar.h"
#include "dh-widgets.h"
#include "invented.h"

typedef struct
{
  GtkWidget *window;
  const char *out;
  GMainLoop *loop;
  guint frames;
} Gallery;

static GtkWidget *
make_canvas (const Invented *invented, gboolean single)
{
  GtkWidget *widget = dh_canvas_new ();
  DhCanvas *canvas = DH_CANVAS (widget);
  guint w = invented->width, h = invented->height;
  static const DhPaneSpec specs[] = { { DH_PANE_IMAGE, 0 }, { DH_PANE_SEGMENTATION, 0 }, { DH_PANE_MAP, 0 },
                                      { DH_PANE_MAP, 1 },   { DH_PANE_MAP, 2 },          { DH_PANE_TRUTH, 0 } };
  dh_canvas_set_panes (canvas, specs, G_N_ELEMENTS (specs));
  dh_canvas_set_image (canvas, invented->image, w, h, 3 * w, 3);
  dh_canvas_set_segmentation (canvas, invented->segmentation, w, h, w);
  dh_canvas_set_truth (canvas, invented->truth, w, h, w);
  dh_canvas_set_map (canvas, 0, invented->likelihood, w, h, 4 * w);
  dh_canvas_set_map (canvas, 1, invented->posterior, w, h, 4 * w);
  dh_canvas_set_map (canvas, 2, invented->hybrid, w, h, 4 * w);
  dh_canvas_set_palette (canvas, invented_palette, 5);
  dh_canvas_set_scale (canvas, 0, &(DhScale){ DH_COLOR_MAP_VIRIDIS, TRUE, 2, 13, 6.6, TRUE });
  dh_canvas_set_scale (canvas, 1, &(DhScale){ DH_COLOR_MAP_VIRIDIS, TRUE, 0, 1, 0.62, TRUE });
  dh_canvas_set_scale (canvas, 2, &(DhScale){ DH_COLOR_MAP_VIRIDIS, FALSE, -18, -2, -8.4, FALSE });
  dh_canvas_set_active_map (canvas, 2);
  dh_canvas_set_overlay (canvas, DH_OVERLAY_OUTCOME, 0.6, TRUE);
  g_autoptr (GMenu) menu = g_menu_new ();
  g_menu_append (menu, "Likelihood", "none.none");
  static const char *const titles[] = { "Image",        "Segmentation", "Likelihood", "Dataset posterior",
                                        "Hybrid score", "Ground truth" };
  static const char *const formulas[] = { NULL, NULL, "ln p̂(x)", "P(d_in | x)", "−ln p̂ + ln P(d_out)", NULL };
  for (guint i = 0; i < G_N_ELEMENTS (specs); i++)
    {
      DhPane *pane = dh_canvas_get_pane (canvas, i);
      dh_pane_set_title (pane, titles[i]);
      dh_pane_set_formula (pane, formulas[i]);
      dh_pane_set_menu (pane, G_MENU_MODEL (menu));
    }
  static const DhLegendEntry outcome[] = { { DH_COLOR_TP, "TP", FALSE },
                                           { DH_COLOR_FP, "FP", FALSE },
                                           { DH_COLOR_FN, "FN", TRUE } };
  dh_pane_set_legend (dh_canvas_get_pane (canvas, 0), outcome, 3);
  static const DhLegendEntry classes[] = { { 0x804080, "road", FALSE },
                                           { 0x6b8e23, "vegetation", FALSE },
                                           { 0x98fb98, "terrain", FALSE } };
  dh_pane_set_legend (dh_canvas_get_pane (canvas, 1), classes, 3);
  static const DhLegendEntry truth[] = { { DH_COLOR_FN, "anomaly", FALSE }, { 0x9a9aa0, "void", TRUE } };
  dh_pane_set_legend (dh_canvas_get_pane (canvas, 5), truth, 2);
  dh_canvas_set_active_pane (canvas, single ? 0 : 4);
  dh_canvas_set_pin (canvas, TRUE, (int)(w * 0.64), (int)(h * 0.70));
  if (single)
    {
      static const DhCanvasBox boxes[] = { { 350, 470, 110, 70, DH_BOX_MISSED, "Missed 1,162 px" },
                                           { 150, 420, 150, 130, DH_BOX_FOUND, NULL },
                                           { 520, 470, 110, 100, DH_BOX_FOUND, NULL } };
      dh_canvas_set_layout (canvas, DH_CANVAS_SINGLE);
      dh_canvas_set_boxes (canvas, boxes, 3, 0);
    }
  return widget;
}

static void
add_row (GtkWidget *box, const char *title, const char *flag, GtkAdjustment *adjustment, guint digits,
         GtkWidget *histogram)
{
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 8);
  GtkWidget *label = gtk_label_new (title), *side = gtk_label_new (flag);
  GtkWidget *field = gtk_spin_button_new (adjustment, 0.01, digits);
  gtk_widget_add_css_class (label, "dh-h");
  gtk_widget_add_css_class (side, "dh-small");
  gtk_widget_add_css_class (side, "dim-label");
  gtk_widget_add_css_class (field, "dh-compact");
  dh_spin_button_use_true_minus (GTK_SPIN_BUTTON (field));
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_set_halign (label, GTK_ALIGN_START);
  gtk_box_append (GTK_BOX (row), label);
  gtk_box_append (GTK_BOX (row), side);
  gtk_box_append (GTK_BOX (row), field);
  gtk_box_append (GTK_BOX (box), row);
  gtk_box_append (GTK_BOX (box), histogram);
  gtk_box_append (GTK_BOX (box), gtk_separator_new (GTK_ORIENTATION_HORIZONTAL));
}

static GtkWidget *
make_histogram (const Invented *invented, GBytes *map, gboolean logit, double low, double high,
                GtkAdjustment *adjustment, gboolean below, int height)
{
  guint64 inliers[96], anomalies[96];
  GtkWidget *widget = dh_histogram_new ();
  DhHistogram *histogram = DH_HISTOGRAM (widget);
  invented_count (invented, map, 0, logit, low, high, inliers, 96);
  invented_count (invented, map, 1, logit, low, high, anomalies, 96);
  dh_histogram_set_adjustment (histogram, adjustment);
  dh_histogram_set_counts (histogram, low, high, inliers, anomalies, 96);
  dh_histogram_set_flag_below (histogram, below);
  dh_histogram_set_logit (histogram, logit);
  dh_histogram_set_plot_height (histogram, height);
  return widget;
}

static GtkWidget *
make_small (const Invented *invented)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4);
  gtk_widget_set_margin_start (box, 12);
  gtk_widget_set_margin_end (box, 12);
  gtk_widget_set_margin_top (box, 8);
  GtkAdjustment *hybrid = gtk_adjustment_new (-8.4, -18, -2, 0.05, 0.5, 0);
  add_row (box, "Hybrid score", "flag if >", hybrid, 2,
           make_histogram (invented, invented->hybrid, FALSE, -18, -2, hybrid, FALSE, 74));
  GtkAdjustment *likelihood = gtk_adjustment_new (6.6, 2, 13, 0.05, 0.5, 0);
  add_row (box, "Likelihood", "flag if <", likelihood, 2,
           make_histogram (invented, invented->likelihood, FALSE, 2, 13, likelihood, TRUE, 40));
  GtkAdjustment *logit = gtk_adjustment_new (0.5, -8, 8, 0.1, 1, 0);
  GtkAdjustment *probability = gtk_adjustment_new (0.62, 0, 1, 0.01, 0.1, 0);
  dh_adjustment_bind_logit (logit, probability);
  add_row (box, "Dataset posterior", "flag if <", probability, 3,
           make_histogram (invented, invented->posterior, TRUE, -8, 8, logit, TRUE, 40));
  GtkAdjustment *short_one = gtk_adjustment_new (-8.4, -18, -2, 0.05, 0.5, 0);
  GtkWidget *compact = make_histogram (invented, invented->hybrid, FALSE, -18, -2, short_one, FALSE, 24);
  dh_histogram_set_show_axis (DH_HISTOGRAM (compact), FALSE);
  gtk_box_append (GTK_BOX (box), compact);
  static const double terms[][2] = { { -6.06, -0.12 }, { -10.34, -4.72 }, { 1.5, -3.0 }, { NAN, -1.0 } };
  for (guint i = 0; i < G_N_ELEMENTS (terms); i++)
    {
      GtkWidget *bar = dh_terms_bar_new ();
      dh_terms_bar_set_range (DH_TERMS_BAR (bar), -18, 2);
      dh_terms_bar_set_threshold (DH_TERMS_BAR (bar), -8.4);
      dh_terms_bar_set_terms (DH_TERMS_BAR (bar), terms[i][0], terms[i][1]);
      gtk_box_append (GTK_BOX (box), bar);
    }
  GtkWidget *row = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  static const double fractions[] = { 0.768, 0.966, 0.05, NAN };
  for (guint i = 0; i < 4; i++)
    {
      GtkWidget *bar = dh_mini_bar_new (40, 4);
      dh_mini_bar_set_fraction (DH_MINI_BAR (bar), fractions[i]);
      gtk_box_append (GTK_BOX (row), bar);
    }
  static const char *const colors[] = { "#804080", "#46413c", "#98fb98" };
  for (guint i = 0; i < 3; i++)
    {
      GtkWidget *bar = dh_mini_bar_new (60, 8);
      GdkRGBA color;
      gdk_rgba_parse (&color, colors[i]);
      dh_mini_bar_set_color (DH_MINI_BAR (bar), &color);
      dh_mini_bar_set_fraction (DH_MINI_BAR (bar), 0.9 - 0.2 * i);
      gtk_box_append (GTK_BOX (row), bar);
    }
  static const double changes[] = { 0.7, 0.1, -0.3 };
  for (guint i = 0; i < 3; i++)
    {
      GtkWidget *bar = dh_mini_bar_new (60, 4);
      dh_mini_bar_set_change (DH_MINI_BAR (bar), changes[i]);
      gtk_box_append (GTK_BOX (row), bar);
    }
  gtk_box_append (GTK_BOX (box), row);
  return box;
}

#define N 400

static GtkWidget *
card (const char *title, GtkWidget *chart)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 4), *label = gtk_label_new (title);
  gtk_widget_add_css_class (box, "dh-card");
  gtk_widget_add_css_class (label, "dh-h");
  gtk_widget_set_halign (label, GTK_ALIGN_START);
  for (GtkWidget *widget = label; widget; widget = widget == label ? chart : NULL)
    {
      gtk_widget_set_margin_start (widget, 12);
      gtk_widget_set_margin_end (widget, 12);
      gtk_box_append (GTK_BOX (box), widget);
    }
  gtk_widget_set_margin_top (label, 8);
  gtk_widget_set_margin_bottom (chart, 8);
  return box;
}

static GtkWidget *
make_precision_recall (void)
{
  DhChart *chart = DH_CHART (dh_chart_new ());
  static const char *const names[] = { "hybrid  AP 94.3", "likelihood  90.7", "posterior  80.3" };
  static const double power[] = { 14, 8, 3 };
  for (guint s = 0; s < 3; s++)
    {
      double x[N], y[N];
      for (guint i = 0; i < N; i++)
        {
          x[i] = i / (N - 1.0);
          y[i] = 1.0 - 0.06 * x[i] - 0.8 * pow (x[i], power[s]);
        }
      dh_chart_add_series (chart, &(DhSeries){ .name = names[s], .tone = s, .active = s == 0, .x = x, .y = y, .n = N });
    }
  dh_chart_set_axis (chart, DH_CHART_X, "recall (TPR)", DH_AXIS_LINEAR, 0, 1);
  dh_chart_set_axis (chart, DH_CHART_Y, "precision", DH_AXIS_LINEAR, 0, 1);
  dh_chart_set_marker (chart, 0, 0.793, 0.92, "τ −10.6 · P 92.7 · R 79.3");
  dh_chart_set_description (chart, "Precision over recall; the hybrid score is above both of its parts");
  return GTK_WIDGET (chart);
}

static GtkWidget *
make_roc (void)
{
  DhChart *chart = DH_CHART (dh_chart_new ());
  for (guint s = 0; s < 3; s++)
    {
      double x[N], y[N];
      for (guint i = 0; i < N; i++)
        {
          x[i] = pow (10.0, -4.0 + 4.0 * i / (N - 1.0));
          y[i] = 1.0 / (1.0 + exp (-(log10 (x[i]) + 2.8 - 0.7 * s) * 2.2));
        }
      dh_chart_add_series (chart, &(DhSeries){ .name = "", .tone = s, .active = s == 0, .x = x, .y = y, .n = N });
    }
  dh_chart_set_axis (chart, DH_CHART_X, "FPR, log", DH_AXIS_LOG, 1e-4, 1);
  dh_chart_set_axis (chart, DH_CHART_Y, "TPR", DH_AXIS_LINEAR, 0, 1);
  dh_chart_add_guide (chart, 0.95);
  dh_chart_set_marker (chart, 0, 0.011, 0.88, "FPR 1.1");
  dh_chart_add_note (chart, 0.98, 0.16, "FPR95  5.9", DH_TONE_HYBRID);
  dh_chart_add_note (chart, 0.98, 0.06, "AUROC  98.8", DH_TONE_HYBRID);
  return GTK_WIDGET (chart);
}

static GtkWidget *
make_score_histogram (const Invented *invented)
{
  DhChart *chart = DH_CHART (dh_chart_new ());
  for (guint s = 0; s < 2; s++)
    {
      guint64 bins[80];
      double x[81], y[80];
      invented_count (invented, invented->hybrid, (int)s, FALSE, -18, -2, bins, 80);
      for (guint i = 0; i <= 80; i++)
        x[i] = -18 + 16.0 * i / 80;
      for (guint i = 0; i < 80; i++)
        y[i] = (double)bins[i];
      dh_chart_add_series (chart, &(DhSeries){ .name = s ? "anomalies" : "inliers",
                                               .tone = s ? DH_TONE_ANOMALY : DH_TONE_INLIER,
                                               .kind = DH_SERIES_STEPS,
                                               .x = x,
                                               .y = y,
                                               .n = 80,
                                               .name_x = s ? 0.72 : 0.08,
                                               .name_y = 0.26 });
    }
  dh_chart_set_axis (chart, DH_CHART_X, "hybrid score", DH_AXIS_LINEAR, -18, -2);
  dh_chart_set_axis (chart, DH_CHART_Y, "pixels, log", DH_AXIS_LOG, 1, NAN);
  dh_chart_set_threshold (chart, -8.4, TRUE);
  return GTK_WIDGET (chart);
}

static GtkWidget *
make_loss (gboolean log_axis)
{
  DhChart *chart = DH_CHART (dh_chart_new ());
  double x[N], y[N], low[N], high[N];
  for (guint i = 0; i < N; i++)
    {
      double wave = sin (i * 1.7) * cos (i * 0.37);
      x[i] = 4.0 * i;
      y[i] = (0.16 + 0.34 * exp (-(double)i / 90.0)) * (1.0 + 0.03 * wave) * (log_axis ? 0.05 : 1.0);
      low[i] = y[i] * 0.78;
      high[i] = y[i] * (1.2 + 0.1 * wave);
    }
  dh_chart_add_series (chart, &(DhSeries){ .name = log_axis ? "log axis" : "",
                                           .tone = log_axis ? DH_TONE_POSTERIOR : DH_TONE_HYBRID,
                                           .dash = DH_DASH_SOLID,
                                           .x = x,
                                           .y = y,
                                           .y_low = low,
                                           .y_high = high,
                                           .n = N });
  dh_chart_set_axis (chart, DH_CHART_X, "step", DH_AXIS_LINEAR, 0, 2480);
  dh_chart_set_axis (chart, DH_CHART_Y, NULL, log_axis ? DH_AXIS_LOG : DH_AXIS_LINEAR, NAN, NAN);
  dh_chart_set_marker (chart, 0, x[N - 1], y[N - 1], NULL);
  return GTK_WIDGET (chart);
}

static GtkWidget *
make_scatter (void)
{
  DhChart *chart = DH_CHART (dh_chart_new ());
  double x[9] = { 52, 59, 66, 92, 94, 96, 98, 99, 99.5 }, y[9] = { 76.8, 99, 90, 93.4, 99.1, 94, 96.6, 97.2, 99.8 };
  const char *names[9] = { "validation_0", "validation_6", "validation_8", "validation_4", "validation_3",
                           "validation_5", "validation_2", "validation_7", "validation_1" };
  dh_chart_add_series (
      chart,
      &(DhSeries){
          .name = "image", .hide_name = TRUE, .kind = DH_SERIES_POINTS, .x = x, .y = y, .n = 9, .point_names = names });
  dh_chart_set_axis (chart, DH_CHART_X, "AP of B", DH_AXIS_LINEAR, 30, 100);
  dh_chart_set_axis (chart, DH_CHART_Y, "AP of A", DH_AXIS_LINEAR, 30, 100);
  dh_chart_add_diagonal (chart);
  dh_chart_add_note (chart, 0.04, 0.92, "A better", DH_TONE_NEUTRAL);
  dh_chart_add_note (chart, 0.96, 0.08, "B better", DH_TONE_NEUTRAL);
  return GTK_WIDGET (chart);
}

static GtkWidget *
make_charts (const Invented *invented)
{
  GtkWidget *grid = gtk_grid_new ();
  gtk_grid_set_row_homogeneous (GTK_GRID (grid), TRUE);
  gtk_grid_set_column_homogeneous (GTK_GRID (grid), TRUE);
  gtk_grid_set_row_spacing (GTK_GRID (grid), 12);
  gtk_grid_set_column_spacing (GTK_GRID (grid), 12);
  gtk_widget_set_margin_start (grid, 12);
  gtk_widget_set_margin_end (grid, 12);
  gtk_widget_set_margin_top (grid, 12);
  gtk_widget_set_margin_bottom (grid, 12);
  gtk_grid_attach (GTK_GRID (grid), card ("Precision–recall", make_precision_recall ()), 0, 0, 1, 1);
  gtk_grid_attach (GTK_GRID (grid), card ("ROC", make_roc ()), 1, 0, 1, 1);
  gtk_grid_attach (GTK_GRID (grid), card ("Histogram", make_score_histogram (invented)), 2, 0, 1, 1);
  gtk_grid_attach (GTK_GRID (grid), card ("Segmentation L_seg", make_loss (FALSE)), 0, 1, 1, 1);
  gtk_grid_attach (GTK_GRID (grid), card ("Posterior 10 β · L_post", make_loss (TRUE)), 1, 1, 1, 1);
  gtk_grid_attach (GTK_GRID (grid), card ("Image by image", make_scatter ()), 2, 1, 1, 1);
  return grid;
}

static void
save (Gallery *gallery)
{
  g_autoptr (GError) error = NULL;
  GtkWidget *child = adw_application_window_get_content (ADW_APPLICATION_WINDOW (gallery->window));
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (child);
  g_autoptr (GtkSnapshot) snapshot = gtk_snapshot_new ();
  int width = gtk_widget_get_width (child), height = gtk_widget_get_height (child);
  int scale = gtk_widget_get_scale_factor (child);
  GdkRGBA ground;
  dh_widget_lookup_color (child, "window_bg_color", "#fafafa", &ground);
  gtk_snapshot_scale (snapshot, scale, scale);
  gtk_snapshot_append_color (snapshot, &ground, &GRAPHENE_RECT_INIT (0, 0, width, height));
  gdk_paintable_snapshot (paintable, snapshot, width, height);
  g_autoptr (GskRenderNode) node = gtk_snapshot_to_node (snapshot);
  GskRenderer *renderer = gtk_native_get_renderer (gtk_widget_get_native (child));
  g_autoptr (GdkTexture) texture =
      gsk_renderer_render_texture (renderer, node, &GRAPHENE_RECT_INIT (0, 0, width * scale, height * scale));
  if (!gdk_texture_save_to_png (texture, gallery->out))
    g_printerr ("cannot write %s\n", gallery->out);
  g_main_loop_quit (gallery->loop);
}

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  Gallery *gallery = data;
  if (++gallery->frames == 30)
    save (gallery);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_close (GtkWindow *window, Gallery *gallery)
{
  g_main_loop_quit (gallery->loop);
  return FALSE;
}

int
main (int argc, char **argv)
{
  static gboolean dark;
  static char *page, *out;
  static int width = 800, height = 700;
  static const GOptionEntry entries[] = {
    { "dark", 0, 0, G_OPTION_ARG_NONE, &dark, "Dark style", NULL },
    { "page", 0, 0, G_OPTION_ARG_STRING, &page, "canvas, single, small or charts", "PAGE" },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "Save a picture and end", "FILE" },
    { "width", 0, 0, G_OPTION_ARG_INT, &width, NULL, "PIXELS" },
    { "height", 0, 0, G_OPTION_ARG_INT, &height, NULL, "PIXELS" },
    { NULL }
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  adw_init ();
  dh_widgets_init ();
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                      dark ? ADW_COLOR_SCHEME_FORCE_DARK : ADW_COLOR_SCHEME_FORCE_LIGHT);
  dh_widgets_use_style (gdk_display_get_default (), dark);
  g_object_set (gtk_settings_get_default (), "gtk-font-name", "Cantarell 11", NULL);
  g_autoptr (Invented) invented = invented_new (1280, 720, 3);
  Gallery gallery = { .out = out, .loop = g_main_loop_new (NULL, FALSE) };
  gallery.window = adw_application_window_new (NULL);
  gtk_window_set_default_size (GTK_WINDOW (gallery.window), width, height);
  GtkWidget *content = g_strcmp0 (page, "small") == 0    ? make_small (invented)
                       : g_strcmp0 (page, "charts") == 0 ? make_charts (invented)
                                                         : make_canvas (invented, g_strcmp0 (page, "single") == 0);
  adw_application_window_set_content (ADW_APPLICATION_WINDOW (gallery.window), content);
  g_signal_connect (gallery.window, "close-request", G_CALLBACK (on_close), &gallery);
  if (out)
    gtk_widget_add_tick_callback (content, on_tick, &gallery, NULL);
  gtk_window_present (GTK_WINDOW (gallery.window));
  g_main_loop_run (gallery.loop);
  gtk_window_destroy (GTK_WINDOW (gallery.window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_main_loop_unref (gallery.loop);
  return 0;
}

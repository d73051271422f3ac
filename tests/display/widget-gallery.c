/* Every widget of the studio with invented data, on one page each: to be looked at, and for the pictures.
 *   widget-gallery [--dark] [--page canvas|single|small|charts] [--width W --height H] [--out FILE.png] */
#include <adwaita.h>
#include <math.h>
#include "dh-canvas.h"
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
  g_autoptr (Invented) invented = invented_new (1280, 720, 3);
  Gallery gallery = { .out = out, .loop = g_main_loop_new (NULL, FALSE) };
  gallery.window = adw_application_window_new (NULL);
  gtk_window_set_default_size (GTK_WINDOW (gallery.window), width, height);
  GtkWidget *content = make_canvas (invented, g_strcmp0 (page, "single") == 0);
  adw_application_window_set_content (ADW_APPLICATION_WINDOW (gallery.window), content);
  g_signal_connect (gallery.window, "close-request", G_CALLBACK (on_close), &gallery);
  if (out)
    gtk_widget_add_tick_callback (content, on_tick, &gallery, NULL);
  gtk_window_present (GTK_WINDOW (gallery.window));
  if (g_strcmp0 (page, "single") == 0)
    while (g_main_context_iteration (NULL, FALSE))
      ;
  g_main_loop_run (gallery.loop);
  gtk_window_destroy (GTK_WINDOW (gallery.window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_main_loop_unref (gallery.loop);
  return 0;
}

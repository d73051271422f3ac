/* Frames of the canvas with five 1280 × 720 maps, a picture and a truth: five seconds of a moving threshold, five of a
 * moving view. `canvas-bench [WIDTH HEIGHT [SECONDS]]`; DH_DEBUG=frames prints the canvas's own figures as well. A
 * bench, not a test: its figures depend on what else the machine does. */
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>
#include "dh-canvas.h"
#include "dh-frame-meter.h"
#include "dh-widgets.h"
#include "invented.h"

typedef struct
{
  DhCanvas *canvas;
  GMainLoop *loop;
  DhFrameMeter meter;
  gint64 start;
  guint phase;
  double seconds;
  double cpu; /* at the start of the phase, s */
} Bench;

/* Of all threads: on a busy machine the better figure, frames a second is at most threads ÷ this. */
static double
cpu_seconds (void)
{
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
         + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

static const char *const phases[] = { "warm-up", "threshold", "pan", "threshold and pan" };

static gboolean
on_tick (GtkWidget *widget, GdkFrameClock *clock, gpointer data)
{
  Bench *bench = data;
  gint64 now = gdk_frame_clock_get_frame_time (clock);
  double t = (double)(now - bench->start) / G_USEC_PER_SEC;
  if (t > (bench->phase == 0 ? 1.0 : bench->seconds))
    {
      DhFrameSummary summary = dh_frame_meter_end (&bench->meter, phases[bench->phase]);
      if (bench->phase > 0)
        g_print ("%-18s %5.1f frames a second, median gap %.1f ms, p95 %.1f ms, CPU %.1f ms a frame\n",
                 phases[bench->phase], summary.rate, summary.median, summary.p95,
                 1000.0 * (cpu_seconds () - bench->cpu) / MAX (1, summary.n));
      bench->cpu = cpu_seconds ();
      if (++bench->phase == G_N_ELEMENTS (phases))
        {
          g_main_loop_quit (bench->loop);
          return G_SOURCE_REMOVE;
        }
      bench->start = now;
      if (bench->phase == 2)
        dh_canvas_zoom_to (bench->canvas, 0.8);
      dh_frame_meter_begin (&bench->meter);
    }
  dh_frame_meter_tick (&bench->meter, now);
  if (bench->phase != 2)
    dh_canvas_set_threshold (bench->canvas, 4, -9.0 + 3.0 * sin (3.0 * t));
  if (bench->phase >= 2)
    dh_canvas_center_on (bench->canvas, 640 + 120 * sin (2.0 * t), 360 + 60 * cos (3.1 * t));
  return G_SOURCE_CONTINUE;
}

int
main (int argc, char **argv)
{
  int width = argc > 2 ? atoi (argv[1]) : 1400, height = argc > 2 ? atoi (argv[2]) : 900;
  if (!gtk_init_check ())
    {
      g_printerr ("no display\n");
      return 77;
    }
  dh_widgets_init ();
  dh_widgets_use_style (gdk_display_get_default (), FALSE);
  g_autoptr (Invented) invented = invented_new (1280, 720, 3);
  GtkWidget *window = gtk_window_new ();
  GtkWidget *widget = dh_canvas_new ();
  Bench bench = { DH_CANVAS (widget), g_main_loop_new (NULL, FALSE), .seconds = argc > 3 ? atof (argv[3]) : 5.0 };
  DhCanvas *canvas = bench.canvas;
  guint w = 1280, h = 720;
  static const DhPaneSpec specs[] = { { DH_PANE_IMAGE, 0 }, { DH_PANE_MAP, 0 }, { DH_PANE_MAP, 1 },
                                      { DH_PANE_MAP, 2 },   { DH_PANE_MAP, 3 }, { DH_PANE_MAP, 4 } };
  dh_canvas_set_panes (canvas, specs, G_N_ELEMENTS (specs));
  dh_canvas_set_image (canvas, invented->image, w, h, 3 * w, 3);
  dh_canvas_set_truth (canvas, invented->truth, w, h, w);
  GBytes *maps[] = { invented->likelihood, invented->posterior, invented->likelihood, invented->hybrid,
                     invented->hybrid };
  for (guint i = 0; i < 5; i++)
    {
      dh_canvas_set_map (canvas, i, maps[i], w, h, 4 * w);
      dh_canvas_set_scale (canvas, i,
                           &(DhScale){ i, i < 3,
                                       i == 1  ? 0
                                       : i < 3 ? 2
                                               : -18,
                                       i == 1  ? 1
                                       : i < 3 ? 13
                                               : -2,
                                       i == 1  ? 0.6
                                       : i < 3 ? 6.6
                                               : -8.4,
                                       i < 3 });
    }
  dh_canvas_set_active_map (canvas, 4);
  dh_canvas_set_overlay (canvas, DH_OVERLAY_OUTCOME, 0.6, TRUE);
  gtk_window_set_default_size (GTK_WINDOW (window), width, height);
  gtk_window_set_child (GTK_WINDOW (window), widget);
  gtk_window_present (GTK_WINDOW (window));
  bench.start = g_get_monotonic_time ();
  dh_frame_meter_begin (&bench.meter);
  gtk_widget_add_tick_callback (widget, on_tick, &bench, NULL);
  g_main_loop_run (bench.loop);
  g_print ("%s, %d × %d\n", dh_canvas_get_renderer (canvas), gtk_widget_get_width (widget),
           gtk_widget_get_height (widget));
  gtk_window_destroy (GTK_WINDOW (window));
  dh_frame_meter_clear (&bench.meter);
  g_main_loop_unref (bench.loop);
  return 0;
}

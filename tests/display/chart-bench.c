/* What the curves of a long training cost: four charts of N steps (100,000), each with a band and a smoothed line, to
 * which ten steps are added again and again; then a line of raw values. `chart-bench [N]` prints the processor's time
 * for one update of all four. A bench, not a test. */
#include <math.h>
#include <stdlib.h>
#include <time.h>
#include "dh-chart.h"
#include "dh-smoothing.h"
#include "dh-widgets.h"

#define N_CHARTS 4
#define N_UPDATES 20
#define N_NEW 10

static double *x, *y, *smooth;

static double
now (void)
{
  struct timespec time;
  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

static void
wait_for_frame (GtkWidget *widget)
{
  gint64 counter = gdk_frame_clock_get_frame_counter (gtk_widget_get_frame_clock (widget));
  while (gdk_frame_clock_get_frame_counter (gtk_widget_get_frame_clock (widget)) < counter + 2)
    {
      gtk_widget_queue_draw (widget);
      g_main_context_iteration (NULL, TRUE);
    }
}

static void
measure (GtkWidget *const *charts, gsize n, const char *what)
{
  double begin = now ();
  for (guint i = 0; i < N_UPDATES; i++)
    {
      for (guint c = 0; c < N_CHARTS; c++)
        {
          gsize at = n + (gsize)i * N_NEW;
          dh_chart_append (DH_CHART (charts[c]), 0, x + at, y + at, N_NEW);
          dh_chart_append (DH_CHART (charts[c]), 1, x + at, smooth + at, N_NEW);
        }
      wait_for_frame (charts[0]);
    }
  g_print ("%-22s %zu steps: %.1f ms for an update of %u charts\n", what, n, (now () - begin) / N_UPDATES, N_CHARTS);
}

int
main (int argc, char **argv)
{
  gsize n = argc > 1 ? (gsize)MAX (100, atoi (argv[1])) : 100000, all = n + N_UPDATES * N_NEW;
  gtk_init ();
  dh_widgets_init ();
  dh_widgets_use_style (gdk_display_get_default (), FALSE);
  x = g_new (double, all);
  y = g_new (double, all);
  smooth = g_new (double, all);
  for (gsize i = 0; i < all; i++)
    {
      x[i] = (double)i;
      y[i] = 0.1 + exp (-4.0 * (double)i / (double)n) * (1 + 0.3 * sin (1e3 * (double)i));
    }
  DhSmoothing smoothing = dh_smoothing_new (0.94);
  dh_smoothing_apply (&smoothing, y, smooth, all);
  GtkWidget *window = gtk_window_new (), *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6), *charts[N_CHARTS];
  for (guint c = 0; c < N_CHARTS; c++)
    {
      charts[c] = dh_chart_new ();
      gtk_widget_set_size_request (charts[c], 300, 150);
      gtk_box_append (GTK_BOX (box), charts[c]);
    }
  gtk_window_set_child (GTK_WINDOW (window), box);
  gtk_window_present (GTK_WINDOW (window));
  static const struct
  {
    const char *what;
    DhSeriesKind kind;
    DhAxisKind axis;
  } cases[] = { { "band and line", DH_SERIES_BAND, DH_AXIS_LINEAR },
                { "band and line, log", DH_SERIES_BAND, DH_AXIS_LOG },
                { "two lines", DH_SERIES_LINE, DH_AXIS_LINEAR } };
  for (guint k = 0; k < G_N_ELEMENTS (cases); k++)
    {
      for (guint c = 0; c < N_CHARTS; c++)
        {
          dh_chart_clear (DH_CHART (charts[c]));
          dh_chart_set_axis (DH_CHART (charts[c]), DH_CHART_Y, NULL, cases[k].axis, NAN, NAN);
          dh_chart_add_series (DH_CHART (charts[c]), &(DhSeries){ .kind = cases[k].kind, .x = x, .y = y, .n = n });
          dh_chart_add_series (DH_CHART (charts[c]), &(DhSeries){ .active = TRUE, .x = x, .y = smooth, .n = n });
        }
      wait_for_frame (charts[0]);
      measure (charts, n, cases[k].what);
    }
  return 0;
}

#include <math.h>

#include "dh-robustness-private.h"
#include "dh-run-reading.h"

#define EXAMPLE_WIDTH 280

/* Degradations of one kind in one chart, so that the lines can be told apart. */
static const struct
{
  const char *title;
  guint n;
  DhDegradeKind kinds[4];
} charts[] = {
  { "Noise and coding", 4, { DH_DEGRADE_NOISE, DH_DEGRADE_SHOT, DH_DEGRADE_JPEG, DH_DEGRADE_RESOLUTION } },
  { "Blur", 2, { DH_DEGRADE_DEFOCUS, DH_DEGRADE_MOTION } },
  { "Light", 3, { DH_DEGRADE_DARK, DH_DEGRADE_BRIGHT, DH_DEGRADE_CONTRAST } },
  { "Weather", 2, { DH_DEGRADE_FOG, DH_DEGRADE_RAIN } },
};

typedef struct
{
  const DhRobustness *robustness;
  guint chart;
} Chart;

/* From the images as they are, severity 0, through those that were measured. */
static gboolean
draw (cairo_t *cr, gpointer data)
{
  static const guint32 colours[] = { 0x1c71d8, 0xb06f00, 0x7b3fa0, 0x0e7c6b };
  const Chart *chart = data;
  const DhRobustness *self = chart->robustness;
  double x[G_N_ELEMENTS (colours)][1 + DH_DEGRADE_SEVERITIES], y[G_N_ELEMENTS (colours)][1 + DH_DEGRADE_SEVERITIES];
  DhPlotSeries series[G_N_ELEMENTS (colours)];
  guint n = 0;
  for (guint i = 0; i < charts[chart->chart].n; i++)
    {
      const DhDegradeKind kind = charts[chart->chart].kinds[i];
      guint points = 1;
      if (!dh_robustness_has (self, kind))
        continue;
      x[n][0] = 0;
      y[n][0] = self->clean.numbers[DH_ROBUSTNESS_AP];
      for (guint s = 0; s < DH_DEGRADE_SEVERITIES; s++)
        if (self->cells[kind][s].run)
          {
            x[n][points] = s + 1;
            y[n][points++] = self->cells[kind][s].numbers[DH_ROBUSTNESS_AP];
          }
      series[n] = (DhPlotSeries){ dh_degrade_title (kind), colours[i], FALSE, FALSE, points, x[n], y[n] };
      n++;
    }
  const DhPlot plot = { .title = charts[chart->chart].title,
                        .x_title = "severity",
                        .y_title = "AP",
                        .x_high = DH_DEGRADE_SEVERITIES,
                        .y_high = 1,
                        .mark_x = NAN,
                        .width = DH_REPORT_PLOT_WIDTH,
                        .height = DH_REPORT_PLOT_HEIGHT };
  if (n > 0)
    dh_plot_draw (cr, &plot, series, n);
  return n > 0;
}

static void
append_example (GString *html, DhImage *image, DhDegradation degradation)
{
  g_autoptr (DhImage) made = dh_degradation_apply (degradation, image, NULL);
  g_autofree char *name = dh_degradation_to_text (degradation);
  g_string_append (html, "<td>");
  if (made)
    dh_report_append_picture (html, made, EXAMPLE_WIDTH, name);
}

/* What it looks like, of the image in the middle of the set. Nothing where that is not there any more. */
static void
append_examples (GString *html, const DhRobustness *self)
{
  g_autoptr (DhReading) reading = dh_run_reading_get (self->run);
  g_autoptr (DhDataset) dataset = dh_reading_open (reading, self->run->dataset_root, NULL, NULL, NULL);
  const guint n = dataset ? dh_dataset_size (dataset) : 0;
  g_autoptr (DhImage) image = n > 0 ? dh_dataset_load_image (dataset, n / 2, NULL) : NULL;
  if (!image)
    return;
  g_string_append (html, "<h2>What it looks like</h2>\n<table>\n<tr><th>images<th>1<th>3<th>5\n");
  for (guint k = 0; k < DH_N_DEGRADE; k++)
    if (dh_robustness_has (self, k))
      {
        g_string_append_printf (html, "<tr><td>%s<br><span class=n>%s</span>", dh_degrade_title (k),
                                dh_degrade_about (k));
        for (guint severity = 1; severity <= DH_DEGRADE_SEVERITIES; severity += 2)
          append_example (html, image, (DhDegradation){ k, severity });
        g_string_append_c (html, '\n');
      }
  g_string_append (html, "</table>\n");
}

char *
dh_robustness_to_html (const DhRobustness *self)
{
  GString *html = dh_report_begin_html ("Dense anomaly detection on worse images");
  g_string_append (html, "<div class=plots>\n");
  for (guint i = 0; isfinite (self->clean.numbers[DH_ROBUSTNESS_AP]) && i < G_N_ELEMENTS (charts); i++)
    {
      g_autofree char *prefix = g_strdup_printf ("c%u-", i);
      dh_report_append_svg (html, prefix, draw, &(Chart){ self, i });
    }
  g_string_append (html, "</div>\n");
  for (guint number = 0; number < DH_ROBUSTNESS_NUMBERS; number++)
    dh_report_append_html_table (html, dh_robustness_table (self, number));
  append_examples (html, self);
  g_string_append_printf (html, "<h2>Run %" G_GINT64_FORMAT ", of the images as they are</h2>\n",
                          (gint64)self->run->id);
  g_auto (GStrv) facts = dh_robustness_facts (self);
  dh_report_append_html_facts (html, facts);
  g_string_append (html, "</html>\n");
  return g_string_free (html, FALSE);
}

#pragma once
#include "dh-histogram.h"

G_BEGIN_DECLS

#define DH_HISTOGRAM_TOP 11 /* room for the line's handle */
#define DH_HISTOGRAM_TICK_ROOM 18
#define DH_HISTOGRAM_NAMES_FROM 56

struct _DhHistogram
{
  GtkWidget parent_instance;
  double low, high;
  guint64 *inliers, *anomalies;
  guint n_bins;
  GtkAdjustment *adjustment;
  GtkWidget *scale;
  gboolean flag_below, logit, linear, show_axis;
  int plot_height;
  char *caption, *label, *record;

  GskRenderNode *bars; /* all that does not move with the line */
  int bars_width;
  gboolean bars_dark, names_at_end; /* the names on the side where the line is not */

  gboolean dragging, by_keys;
  double drag_value;
  guint rest_id;
};

/* dh-histogram-draw.c */
gboolean dh_histogram_get_axis (DhHistogram *histogram, double *low, double *high); /* FALSE where there is none */
double dh_histogram_get_plot_width (DhHistogram *histogram);
double dh_histogram_to_x (DhHistogram *histogram, double value);
int dh_histogram_get_slider_height (DhHistogram *histogram);
void dh_histogram_draw (DhHistogram *histogram, GtkSnapshot *snapshot);

G_END_DECLS

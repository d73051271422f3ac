#pragma once
#include "dh-histogram.h"

G_BEGIN_DECLS

#define DH_HISTOGRAM_HANDLE 11   /* the line's, over the plot */
#define DH_HISTOGRAM_BRACKET 1.5 /* over what is flagged */
#define DH_HISTOGRAM_NAMES_FROM 56

/* Where the names stand: where the line is not. */
typedef enum
{
  DH_HISTOGRAM_NAMES_LEFT,
  DH_HISTOGRAM_NAMES_RIGHT,
  DH_HISTOGRAM_NAMES_APART, /* one at each end */
} DhHistogramNames;

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
  int top, tick_room; /* over the plot, and under the slider: as high as the letters are */
  char *caption, *anomaly_name, *label, *record;

  GskRenderNode *bars; /* all that does not move with the line */
  int bars_width;
  gboolean bars_dark;
  DhHistogramNames names;
  int caption_width, names_width; /* of both names with the gap between them */
  int caption_room;               /* for the first, before the line */

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

#pragma once
#include "dh-chart.h"

G_BEGIN_DECLS

#define DH_CHART_MAX_SERIES 12
#define DH_CHART_MAX_POINTS (1u << 24)
#define DH_CHART_TITLE_POINTS 9.0
#define DH_CHART_RIM 1.25 /* px around a dot */

typedef struct
{
  char *name;
  DhTone tone;
  DhSeriesKind kind;
  DhDash dash;
  gboolean active, hide_name, name_above;
  double *x, *y, *y_low, *y_high; /* n each; x: n + 1 for steps */
  char **point_names;
  gsize n, room;
  double name_x, name_y;
  double marker_x, marker_y; /* NaN: none */
  char *marker_text;
} DhChartSeries;

typedef struct
{
  char *title;
  DhAxisKind kind;
  double wanted_low, wanted_high; /* NaN: from the data */
  double low, high;               /* as drawn */
} DhChartScale;

typedef struct
{
  double x, y;
  char *text;
  DhTone tone;
} DhChartNote;

struct _DhChart
{
  GtkWidget parent_instance;
  DhChartSeries series[DH_CHART_MAX_SERIES];
  guint n_series;
  DhChartScale axes[2];
  GArray *guides; /* double, y */
  GArray *notes;  /* DhChartNote */
  gboolean diagonal;
  double threshold;
  gboolean threshold_draggable;
  guint x_digits, y_digits;
  gboolean has_x_digits, percent;
  char *placeholder, *description;

  GskRenderNode *node; /* the plot, until data, size or style change */
  int node_width, node_height;
  gboolean node_dark;
  graphene_rect_t plot;  /* where the axes are, as last drawn */
  graphene_rect_t names; /* and the names of the curves */

  double reading;  /* x that is read; NaN: none */
  int near_series; /* of a scatter, −1: none */
  gsize near_point;
  gboolean dragging_threshold;
};

/* dh-chart-scale.c */
void dh_chart_update_scales (DhChart *chart);
/* 0 … 1 along an axis; values that a logarithmic axis cannot show lie at its lower end. */
double dh_chart_share (const DhChartScale *scale, double value);
double dh_chart_unshare (const DhChartScale *scale, double share);
guint dh_chart_ticks (const DhChartScale *scale, double *ticks, char **texts, guint most);
/* The series' value at x by linear interpolation; NaN where it has none. */
double dh_chart_value_at (const DhChartSeries *series, double x);
/* The point whose x is nearest. Only for n > 0. */
gsize dh_chart_nearest (const DhChartSeries *series, double x);

/* dh-chart-draw.c: everything still, into any cairo context. Fills `plot`. */
typedef struct
{
  cairo_t *cr;
  PangoContext *context;
  double width, height;
  double pixel; /* a device pixel, for crisp lines */
  gboolean dark;
  GdkRGBA text, ground;
  graphene_rect_t plot, names;
  const DhChart *chart;
} DhChartPainter;
void dh_chart_paint (DhChartPainter *painter);
/* The threshold line, for files. */
void dh_chart_paint_threshold (DhChartPainter *painter);
/* A value's place; a colour as the source; a tone in these colours. */
double dh_chart_to_x (const DhChartPainter *painter, double value);
double dh_chart_to_y (const DhChartPainter *painter, double value);
void dh_chart_set_source (DhChartPainter *painter, const GdkRGBA *color, double opacity);
void dh_chart_tone_color (DhChartPainter *painter, DhTone tone, GdkRGBA *color);
PangoLayout *dh_chart_layout (PangoContext *context, const char *text, double points, gboolean bold);
/* align_x, align_y 0 … 1: which point of the text stands at (x, y). */
void dh_chart_show_text (DhChartPainter *painter, PangoLayout *layout, double x, double y, double align_x,
                         double align_y);
char *dh_chart_short_name (const DhChartSeries *series);

/* dh-chart-names.c: what is written over the curves. Names fill `names`, which operating points heed: these are painted
 * over what dh_chart_paint() has drawn, on the screen as a node of their own. */
void dh_chart_paint_names (DhChartPainter *painter);
void dh_chart_paint_notes (DhChartPainter *painter);
void dh_chart_paint_markers (DhChartPainter *painter);

/* dh-chart-legend.c: names that stand above the plot, each behind a piece of its line, at the right end of the line of
 * the y axis' title. */
gboolean dh_chart_has_legend (const DhChart *chart);
void dh_chart_paint_legend (DhChartPainter *painter);

/* dh-chart-series.c */
/* The path as the series' line. */
void dh_chart_stroke_series (DhChartPainter *painter, const DhChartSeries *series, const GdkRGBA *color);
void dh_chart_paint_series (DhChartPainter *painter, const DhChartSeries *series);
/* A path through points in the order of x; NaN breaks it. */
void dh_chart_trace_line (DhChartPainter *painter, const double *xs, const double *ys, gsize n);
void dh_chart_paint_dot (DhChartPainter *painter, double x, double y, double radius, const GdkRGBA *color);

void dh_chart_init_painter (DhChart *chart, DhChartPainter *painter, cairo_t *cr);

/* dh-chart-reading.c */
void dh_chart_add_controllers (DhChart *chart);
void dh_chart_snapshot_reading (DhChart *chart, GtkSnapshot *snapshot);
void dh_chart_clear_reading (DhChart *chart);

G_END_DECLS

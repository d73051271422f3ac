#pragma once
#include <gtk/gtk.h>
#include "dh-widgets.h"

G_BEGIN_DECLS

/* Curves and points over two axes. Everything still is one cached node; threshold, hover line and reading are another.
 * Names stand inside the plot instead of a legend. Hover reads all series at one x; ← and → walk it, Esc ends it.
 *
 * Signals: "hover" (double x): the reading moves, NaN when it ends. "activate" (guint series, guint point): a point was
 * clicked, or Enter pressed on the reading. "threshold" (double x): the threshold line was dragged. */
#define DH_TYPE_CHART (dh_chart_get_type ())
G_DECLARE_FINAL_TYPE (DhChart, dh_chart, DH, CHART, GtkWidget)

typedef enum
{
  DH_CHART_X,
  DH_CHART_Y,
} DhChartAxis;

typedef enum
{
  DH_AXIS_LINEAR,
  DH_AXIS_WHOLE, /* linear, of whole numbers: so are its ticks */
  DH_AXIS_LOG,   /* values ≤ 0 lie at the lower end */
} DhAxisKind;

typedef enum
{
  DH_SERIES_LINE,
  DH_SERIES_POINTS,
  DH_SERIES_LINE_POINTS,
  DH_SERIES_STEPS, /* filled to the lower end; x are n + 1 edges of n bins, y their heights */
  DH_SERIES_BAND,  /* many points as the band between their extremes; for what a smoothed line runs through */
} DhSeriesKind;

typedef enum
{
  DH_DASH_BY_TONE, /* hybrid solid, likelihood dashed, posterior dotted, others solid */
  DH_DASH_SOLID,
  DH_DASH_DASHED,
  DH_DASH_DOTTED,
} DhDash;

typedef struct
{
  const char
      *name; /* in the plot, the reading, CSV; after two spaces what is told in the plot alone: "hybrid  AP 94.3" */
  DhTone tone;
  DhSeriesKind kind;
  DhDash dash;
  gboolean active;                /* 2.25 px instead of 1.5 */
  gboolean hide_name;             /* not in the plot */
  gboolean name_above;            /* not in the plot but above it, in one line with the others that are */
  const double *x, *y;            /* n each (x: n + 1 for steps), x ascending for lines; NaN breaks a line */
  const double *y_low, *y_high;   /* extremes as a band, or both NULL */
  const char *const *point_names; /* n names for the reading, or NULL */
  gsize n;
  double name_x, name_y; /* where the name stands, as shares of the plot from its lower left; both 0: chosen */
} DhSeries;

GtkWidget *dh_chart_new (void);
/* Copies all of it. Returns its index. At most 12 series of 2^24 points; more are refused with −1. */
int dh_chart_add_series (DhChart *chart, const DhSeries *series);
/* Adds points to the end of a line (live curves). */
void dh_chart_append (DhChart *chart, guint series, const double *x, const double *y, gsize n);
/* Removes series, markers, guides and notes; axes stay. */
void dh_chart_clear (DhChart *chart);
/* `title` may be NULL; bounds that are NaN come from the data, rounded outwards. */
void dh_chart_set_axis (DhChart *chart, DhChartAxis axis, const char *title, DhAxisKind kind, double low, double high);
/* The operating point on a series, as a dot; `text` beside it may be NULL. NaN removes it. */
void dh_chart_set_marker (DhChart *chart, guint series, double x, double y, const char *text);
/* A vertical line with a handle; NaN: none. `draggable`: see the signal "threshold". */
void dh_chart_set_threshold (DhChart *chart, double x, gboolean draggable);
/* Dotted: horizontal at y; or the diagonal y = x. */
void dh_chart_add_guide (DhChart *chart, double y);
void dh_chart_add_diagonal (DhChart *chart);
/* Words in the plot, at shares of it from its lower left. */
void dh_chart_add_note (DhChart *chart, double at_x, double at_y, const char *text, DhTone tone);
/* Digits of values in the reading (default 3) and of x (default: by the axis); percent writes 0.64 as 64.0. */
void dh_chart_set_reading (DhChart *chart, guint x_digits, guint y_digits, gboolean percent);
/* The accessible name: one sentence that says what is seen. */
void dh_chart_set_description (DhChart *chart, const char *sentence);
/* What is drawn while there is no series: "Nothing evaluated yet". */
void dh_chart_set_placeholder (DhChart *chart, const char *text);

/* Every series as columns series,x,y,low,high, numbers to 17 digits. The caller frees it. */
char *dh_chart_to_csv (DhChart *chart);
/* By the suffix: .csv, .svg or .png (at twice the size shown). In the light colours. Errors: G_FILE_ERROR; GIO's. */
gboolean dh_chart_save (DhChart *chart, const char *path, GError **error);

G_END_DECLS

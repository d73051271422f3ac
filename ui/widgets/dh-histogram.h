#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Inliers grey, anomalies tinted, counts on a logarithmic axis, the flagged side tinted and bracketed, a threshold
 * line, and right under the plot the slider whose trough is the plot's axis, then the ticks. Line and slider are the
 * value of one GtkAdjustment, to be shared with a number field. Dragging the line: Shift moves it by a tenth of the
 * pointer's way; a click beside it brings it there. The slider takes the keys: arrows one step, page keys ten, Home and
 * End.
 *
 * Signals: "drag-begin" () and "drag-end" (): the threshold is taken and let go, by pointer or by a run of keys; not
 * for values set by the program. */
#define DH_TYPE_HISTOGRAM (dh_histogram_get_type ())
G_DECLARE_FINAL_TYPE (DhHistogram, dh_histogram, DH, HISTOGRAM, GtkWidget)

/* The plot's distance from both sides of the widget: half a slider. */
#define DH_HISTOGRAM_INSET 9

GtkWidget *dh_histogram_new (void);

/* Borrows the arrays for the call. Bins are of equal width over low … high in the axis's own unit. Without labels,
 * `anomalies` is NULL and `inliers` are all pixels. n_bins 0 or low ≥ high: nothing is known yet. */
void dh_histogram_set_counts (DhHistogram *histogram, double low, double high, const guint64 *inliers,
                              const guint64 *anomalies, guint n_bins);
/* Takes a reference; its bounds are the axis. */
void dh_histogram_set_adjustment (DhHistogram *histogram, GtkAdjustment *adjustment);
GtkAdjustment *dh_histogram_get_adjustment (DhHistogram *histogram);
/* Which side of the line is flagged. */
void dh_histogram_set_flag_below (DhHistogram *histogram, gboolean flag_below);
/* Positions, bins and adjustment are ln(p/(1−p)); ticks and the value text show p. */
void dh_histogram_set_logit (DhHistogram *histogram, gboolean logit);
/* Height of the plot: 74 for the active score (default), 40 for the others, 24 where room is short. Counts and names
 * are written from 56 on. */
void dh_histogram_set_plot_height (DhHistogram *histogram, int height);
/* The slider (default TRUE) and the ticks under it (default TRUE). */
void dh_histogram_set_show_slider (DhHistogram *histogram, gboolean show_slider);
void dh_histogram_set_show_axis (DhHistogram *histogram, gboolean show_axis);
/* Counts on a linear axis instead. */
void dh_histogram_set_linear_counts (DhHistogram *histogram, gboolean linear);
/* What is drawn grey: "inliers, this image" (default), "all pixels: no anomaly label". NULL: no name. */
void dh_histogram_set_caption (DhHistogram *histogram, const char *caption);
/* What is drawn tinted: "anomalies" (default). */
void dh_histogram_set_anomaly_name (DhHistogram *histogram, const char *name);
/* The accessible name, "Hybrid score threshold", and what follows the value: "best F1 on FS Static". */
void dh_histogram_set_label (DhHistogram *histogram, const char *label, const char *record);

G_END_DECLS

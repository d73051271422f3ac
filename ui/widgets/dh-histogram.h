#pragma once
#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Inliers grey, anomalies tinted, counts on a logarithmic axis, the flagged side tinted and bracketed, and a threshold
 * line that can be dragged (Shift: a tenth of the pointer's way), clicked, and moved by keys: arrows one step, page
 * keys ten, Home and End. The line is the value of one GtkAdjustment, shared with a slider and a field; a GtkScale of
 * class "dh-thr" below it has its trough exactly under the plot (DH_HISTOGRAM_INSET on both sides).
 *
 * Signals: "drag-begin" () and "drag-end" (): the line is taken and let go, by pointer or by a run of keys. */
#define DH_TYPE_HISTOGRAM (dh_histogram_get_type ())
G_DECLARE_FINAL_TYPE (DhHistogram, dh_histogram, DH, HISTOGRAM, GtkWidget)

#define DH_HISTOGRAM_INSET 9

GtkWidget *dh_histogram_new (void);

/* Borrows the arrays for the call. Bins are of equal width over low … high in the axis's own unit. Without labels,
 * `anomalies` is NULL and `inliers` are all pixels. n_bins 0 or low ≥ high: nothing is known yet. */
void dh_histogram_set_counts (DhHistogram *histogram, double low, double high, const guint64 *inliers,
                              const guint64 *anomalies, guint n_bins);
/* Takes a reference; its bounds are the axis. */
void dh_histogram_set_adjustment (DhHistogram *histogram, GtkAdjustment *adjustment);
GtkAdjustment *dh_histogram_get_adjustment (DhHistogram *histogram);
/* Which side of the line is flagged: tinted and bracketed. */
void dh_histogram_set_flag_below (DhHistogram *histogram, gboolean flag_below);
/* Positions, bins and adjustment are ln(p/(1−p)); ticks and the value text show p. */
void dh_histogram_set_logit (DhHistogram *histogram, gboolean logit);
/* 24 pixels, without counts and names: where room is short. */
void dh_histogram_set_compact (DhHistogram *histogram, gboolean compact);
/* Ticks under the plot (default), or none. They leave room for the slider between: see set_axis_gap. */
void dh_histogram_set_show_axis (DhHistogram *histogram, gboolean show_axis);
/* Pixels between the plot and its ticks, where a slider is laid over (default 0; 20 with a GtkScale). */
void dh_histogram_set_axis_gap (DhHistogram *histogram, int gap);
/* Counts on a linear axis instead. */
void dh_histogram_set_linear_counts (DhHistogram *histogram, gboolean linear);
/* What is drawn grey: "inliers, this image" (default), "all pixels: no label". NULL: no name. */
void dh_histogram_set_caption (DhHistogram *histogram, const char *caption);
/* The accessible name, "Hybrid score threshold", and what follows the value: "best F1 on FS Static". */
void dh_histogram_set_label (DhHistogram *histogram, const char *label, const char *record);

G_END_DECLS

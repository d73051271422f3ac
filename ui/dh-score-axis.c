#include "dh-score-axis.h"
#include <glib/gi18n.h>
#include <math.h>
#include "dh-histogram.h"
#include "dh-number.h"

#define N_BINS 156

static gboolean
commit_later (gpointer data)
{
  DhScoreAxis *self = data;
  self->commit_timeout = 0;
  dh_session_commit_threshold (self->session, self->score);
  return G_SOURCE_REMOVE;
}

void
dh_score_axis_commit (DhScoreAxis *self)
{
  if (self->commit_timeout == 0)
    return;
  g_clear_handle_id (&self->commit_timeout, g_source_remove);
  dh_session_commit_threshold (self->session, self->score);
}

static void
on_axis (GtkAdjustment *adjustment, DhScoreAxis *self)
{
  if (self->updating)
    return;
  double value = dh_score_from_axis (self->score, gtk_adjustment_get_value (self->axis));
  dh_session_set_threshold (self->session, self->score, value);
  g_clear_handle_id (&self->commit_timeout, g_source_remove);
  self->commit_timeout = g_timeout_add (600, commit_later, self);
}

static void
on_threshold (DhSession *session, guint score, DhScoreAxis *self)
{
  double value = dh_session_get_threshold (session, self->score)->value;
  if (score != self->score || isnan (value))
    return;
  self->updating = TRUE;
  double position = dh_score_to_axis (self->score, value);
  if (gtk_adjustment_get_value (self->axis) != position)
    gtk_adjustment_set_value (self->axis, position);
  self->updating = FALSE;
}

static void
on_ranges (DhSession *session, DhScoreAxis *self)
{
  double low, high;
  dh_session_get_axis (session, self->score, &low, &high);
  double value = dh_session_get_threshold (session, self->score)->value;
  double position = isnan (value) ? (low + high) / 2 : dh_score_to_axis (self->score, value);
  low = MIN (low, position);
  high = MAX (high, position);
  double step = (high - low) / 400;
  self->updating = TRUE;
  gtk_adjustment_configure (self->axis, position, low, high, step, step * 10, 0);
  if (self->field != self->axis)
    gtk_adjustment_configure (self->field, dh_score_from_axis (self->score, position),
                              dh_score_from_axis (self->score, low), dh_score_from_axis (self->score, high), 0.01, 0.1,
                              0);
  self->updating = FALSE;
}

DhScoreAxis *
dh_score_axis_new (DhSession *session, DhScore score)
{
  DhScoreAxis *self = g_new0 (DhScoreAxis, 1);
  self->session = g_object_ref (session);
  self->score = score;
  self->axis = g_object_ref_sink (gtk_adjustment_new (0, -1, 1, 0.01, 0.1, 0));
  if (score == DH_SCORE_DATASET_POSTERIOR)
    {
      self->field = g_object_ref_sink (gtk_adjustment_new (0.5, 0, 1, 0.01, 0.1, 0));
      dh_adjustment_bind_logit (self->axis, self->field);
    }
  else
    self->field = g_object_ref (self->axis);
  on_ranges (session, self);
  self->handlers[0] = g_signal_connect (self->axis, "value-changed", G_CALLBACK (on_axis), self);
  self->handlers[1] = g_signal_connect (session, "threshold", G_CALLBACK (on_threshold), self);
  self->handlers[2] = g_signal_connect (session, "ranges", G_CALLBACK (on_ranges), self);
  return self;
}

void
dh_score_axis_free (DhScoreAxis *self)
{
  if (self == NULL)
    return;
  g_clear_handle_id (&self->commit_timeout, g_source_remove);
  g_signal_handler_disconnect (self->axis, self->handlers[0]);
  g_signal_handler_disconnect (self->session, self->handlers[1]);
  g_signal_handler_disconnect (self->session, self->handlers[2]);
  g_object_unref (self->axis);
  g_object_unref (self->field);
  g_object_unref (self->session);
  g_free (self);
}

void
dh_score_histogram_name (DhHistogram *histogram, gboolean labelled, gboolean of_set)
{
  dh_histogram_set_caption (histogram, !labelled ? _ ("all pixels: no anomaly label")
                                       : of_set  ? _ ("inliers, data set")
                                                 : _ ("inliers, this image"));
  dh_histogram_set_anomaly_name (histogram, _ ("anomalies"));
}

void
dh_score_axis_fill (DhScoreAxis *self, GtkWidget *widget, gboolean of_set)
{
  DhHistogram *histogram = DH_HISTOGRAM (widget);
  DhScoreStats *stats = of_set ? dh_session_get_set_stats (self->session) : dh_session_get_stats (self->session);
  if (!dh_score_stats_has (stats, self->score))
    {
      dh_histogram_set_counts (histogram, 0, 0, NULL, NULL, 0);
      return;
    }
  guint64 inliers[N_BINS], anomalies[N_BINS];
  double low = gtk_adjustment_get_lower (self->axis), high = gtk_adjustment_get_upper (self->axis);
  dh_score_stats_histogram (stats, self->score, low, high, N_BINS, inliers, anomalies);
  gboolean labelled = dh_score_stats_is_labelled (stats);
  dh_score_histogram_name (histogram, labelled, of_set);
  dh_histogram_set_counts (histogram, low, high, inliers, labelled ? anomalies : NULL, N_BINS);
}

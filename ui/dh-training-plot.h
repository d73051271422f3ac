#pragma once
#include "dh-session.h"
#include "dh-ui.h"

G_BEGIN_DECLS

/* One chart of a training in its card: the raw values as a line, or as the band of their extremes behind a smoothed
 * one; other trainings' laid over it. Only what is new is added; what was taken back is drawn anew. */
typedef struct _DhTrainingPlot DhTrainingPlot;

typedef enum
{
  DH_PLOT_SEG,
  DH_PLOT_LIKE,
  DH_PLOT_POST,
  DH_PLOT_TOTAL,
  DH_PLOT_MIOU,
  DH_PLOT_AP,
  DH_PLOT_RATE,
  DH_N_PLOTS,
} DhPlotKind;

/* A training that is laid over it. */
typedef struct
{
  DhTrainingJob *job;
  DhTrainingLog *log;
  double beta;
} DhPlotOther;

/* What is drawn. */
typedef struct
{
  DhTrainingJob *job;
  DhTrainingLog *log;
  GArray *others; /* DhPlotOther */
  double beta;    /* by which the terms enter the total */
  double weight;  /* of the smoothing */
  gboolean log_axis;
} DhPlotSource;

DhTrainingPlot *dh_training_plot_new (DhSession *session, DhPlotKind kind);
void dh_training_plot_free (DhTrainingPlot *plot);
GtkWidget *dh_training_plot_get_card (DhTrainingPlot *plot);
DhTrainingCurveKind dh_training_plot_get_curve (const DhTrainingPlot *plot);
/* Points of the chart. */
guint dh_training_plot_get_size (const DhTrainingPlot *plot);
void dh_training_plot_set_height (DhTrainingPlot *plot, int height);

/* There is something to be drawn; `anew`: all of it. */
void dh_training_plot_mark (DhTrainingPlot *plot, gboolean anew);
gboolean dh_training_plot_is_dirty (const DhTrainingPlot *plot);
void dh_training_plot_update (DhTrainingPlot *plot, const DhPlotSource *source);

G_END_DECLS

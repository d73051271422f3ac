#pragma once
#include <gio/gio.h>

G_BEGIN_DECLS

/* What a training wrote down: its curves, and its lines as a GListModel of DhTrainingLine. Filled on another thread and
 * followed while the training runs. For the window's thread.
 *
 * Signal "points" (uint DhTrainingCurveKind): points were added to a curve, or taken back (another generation). The
 * property "loading" is TRUE until what was there is read. */
#define DH_TYPE_TRAINING_LOG (dh_training_log_get_type ())
G_DECLARE_FINAL_TYPE (DhTrainingLog, dh_training_log, DH, TRAINING_LOG, GObject)

typedef enum
{
  /* By step, counted from 1. */
  DH_CURVE_SEG,
  DH_CURVE_LIKE,
  DH_CURVE_POST,
  DH_CURVE_TOTAL,
  DH_CURVE_RATE,
  /* By epoch, counted from 1: fractions of 1. */
  DH_CURVE_MIOU,
  DH_CURVE_AP,
  DH_CURVE_AUROC,
  DH_CURVE_FPR95,
  DH_N_TRAINING_CURVES,
} DhTrainingCurveKind;

/* `x` grows strictly. While `generation` is the same, points are only added behind: what was read once need not be read
 * again. Steps that a resumed training does again replace the earlier ones: that makes a new generation, of which the
 * first `kept` points are those of the one before. Values that are undefined are NaN. */
typedef struct
{
  const double *x, *y; /* valid until the main loop runs again */
  guint n;
  guint generation, kept;
} DhTrainingCurve;
void dh_training_log_get_curve (DhTrainingLog *log, DhTrainingCurveKind kind, DhTrainingCurve *curve);
const char *dh_training_curve_id (DhTrainingCurveKind kind);    /* "seg" */
const char *dh_training_curve_title (DhTrainingCurveKind kind); /* translated: "Segmentation" */
/* The best value of a curve by epoch, and where; NaN and 0 before. */
double dh_training_log_get_best (DhTrainingLog *log, DhTrainingCurveKind kind, guint *epoch);

gboolean dh_training_log_is_loading (DhTrainingLog *log);
/* Words that must all occur in a line, whatever their case; NULL or "": all lines. */
void dh_training_log_set_filter (DhTrainingLog *log, const char *filter);
/* Lines in all, whatever the filter. */
guint dh_training_log_get_n_lines (DhTrainingLog *log);

typedef enum
{
  DH_LINE_STEP,
  DH_LINE_EPOCH, /* a validation's numbers */
  DH_LINE_CHECKPOINT,
  DH_LINE_NOTE,    /* start, pause, going on, end */
  DH_LINE_WARNING, /* a skipped step, a failure */
} DhTrainingLineKind;

#define DH_TYPE_TRAINING_LINE (dh_training_line_get_type ())
G_DECLARE_FINAL_TYPE (DhTrainingLine, dh_training_line, DH, TRAINING_LINE, GObject)
DhTrainingLineKind dh_training_line_get_kind (DhTrainingLine *line);
gint64 dh_training_line_get_time (DhTrainingLine *line); /* Unix, seconds; 0: unknown */
guint64 dh_training_line_get_step (DhTrainingLine *line);
const char *dh_training_line_get_text (DhTrainingLine *line); /* "step 1470  loss 0.1342  seg 0.1713 …"; borrowed */

/* All curves as CSV, a line a step and a line an epoch; free with g_free. */
char *dh_training_log_to_csv (DhTrainingLog *log);

G_END_DECLS

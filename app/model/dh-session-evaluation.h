#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* Measuring the whole open set: in the background, resumable, into the database, and into numbers that the window
 * shows. The signal "evaluation" of the session tells of every step. For the window's thread; nothing blocks. */

/* Whether there is a set with weights, and no evaluation under way. */
gboolean dh_session_can_evaluate (DhSession *session);
void dh_session_evaluate (DhSession *session);
/* What is finished stays; evaluating again goes on there. One that has not begun is over at once. */
void dh_session_cancel_evaluation (DhSession *session);
gboolean dh_session_is_evaluating (DhSession *session);
/* What dh_session_find_evaluated() found is read again from its maps, however many they are, and becomes the evaluation
 * of the open set. A few are read without being asked for. Cancelled like an evaluation; "error" tells why not. */
void dh_session_recall_evaluation (DhSession *session);
/* Of maps that are more than so many bytes together nothing is measured unless that is asked for: 1 GiB. */
void dh_session_set_recall_limit (DhSession *session, guint64 bytes);
gboolean dh_session_is_recalling (DhSession *session);
/* Why there are no numbers of the open set, which is labelled, with weights: it was never evaluated, or they are still
 * to be read; translated, no whole sentence. */
const char *dh_session_explain_no_evaluation (DhSession *session);

typedef struct
{
  guint done, total, failed;
  gint64 recalled; /* the run whose numbers are being read again, `done` pictures of them; 0: none are */
  /* Of int8, also while nothing is evaluated: what it rounds to is found out on so many pictures, now on this one; 0:
   * not now. */
  guint calibrating, calibrating_of;
  double per_second;   /* of those computed now; NaN at the beginning */
  double seconds_left; /* NaN at the beginning */
} DhEvaluationProgress;
void dh_session_get_evaluation_progress (DhSession *session, DhEvaluationProgress *progress);

/* One named protocol's numbers; fractions of 1, NaN where undefined. */
typedef struct
{
  char *name, *title;
  char *why; /* what it does and why its numbers differ: a sentence */
  double ap, fpr95, auroc;
  guint undefined_images;
  gboolean has_components;
  double siou, ppv, mean_f1;
} DhProtocolLine;

/* What the segmentation is worth without a threshold, class by class, on the pixels of the known classes alone. */
typedef struct
{
  guint n;            /* classes, as dh_session_get_class_name() names them */
  double closed_miou; /* fractions of 1; NaN where a class is absent */
  double *iou;
  guint64 *confusion; /* n×n pixels, row = label, column = prediction */
} DhClassNumbers;

/* What the last evaluation of the open set with these weights found, now or at an earlier start. */
typedef struct
{
  gint64 run;              /* row in the database */
  DhScore score;           /* of the protocols' lines */
  gboolean labelled;       /* else there are maps and no numbers */
  GPtrArray *lines;        /* DhProtocolLine */
  guint unmeasured;        /* so many more protocols dh_session_recall_evaluation() would measure from the run's maps */
  DhClassNumbers *classes; /* NULL where dh_session_measures_classes() is FALSE */
  guint images, failed, resumed;
  double seconds; /* of the network */
  GDateTime *ended;
  char *device, *precision;
} DhEvaluationSummary;
/* Borrowed; NULL before. */
const DhEvaluationSummary *dh_session_get_evaluation (DhSession *session);

/* Writes the last evaluation's report; the format by the suffix: csv, json, html, md, tex, pdf. A message or an error
 * follows. */
void dh_session_export_report (DhSession *session, const char *path);
/* Whether reports, of whatever run, have the numbers of slices, list the objects that are found and missed, tell of
 * objects and false alarms at all thresholds (of the size in dh-session-false-alarms.h), and have the 95 % intervals of
 * their numbers, where their format can; tables of runs have these, too. The runs' maps are read
 * again for that. At first they do not. */
void dh_session_set_report_slices (DhSession *session, gboolean slices);
void dh_session_set_report_objects (DhSession *session, gboolean objects);
void dh_session_set_report_false_alarms (DhSession *session, gboolean false_alarms);
void dh_session_set_report_intervals (DhSession *session, gboolean intervals);
/* The command line that does the same evaluation, or of pictures makes their maps; free with g_free. NULL where no set
 * or no weights are open. */
char *dh_session_dup_command (DhSession *session);

G_END_DECLS

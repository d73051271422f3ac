#pragma once
#include "dh-run-item.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* A finished run as a side of a comparison: the score map that it left of the shown picture, so that another network is
 * looked at without being computed again. It is read on another thread, stands in the session's frame as
 * DH_FRAME_RUN_A or DH_FRAME_RUN_B, and follows the shown picture. Values are those of the map that the run measured:
 * likelihood and dataset posterior lie on disk negated and are turned back.
 *
 * Its threshold is the run's (dh-run-threshold.h); the median inlier is read from the run's own curve. */
typedef struct
{
  gint64 run;
  char *stem;
  guint width, height;  /* of the picture */
  DhFrameMap kind;      /* what the run measured; of imported scores one of which high is anomalous as well */
  gboolean imported;    /* another method's: its values are in no unit of ours */
  gboolean made;        /* kept of the network that is loaded (dh-kept-map.h): ranges and medians are its */
  double best_f1;       /* the threshold where F1 is best on the run's data set; NaN: no anomalies, no labels */
  double inlier_median; /* of the run's data set; NaN as above */
  double low, high;     /* of colours: all but the outermost of the set's values, else of this map's */
  GBytes *values;       /* float32, width × height; NULL with an error */
  guint64 non_finite;
  char *error; /* a sentence */
  /* Of the window's thread alone. */
  DhScoreStats *stats;         /* of the values and the picture's labels; NULL while they are counted */
  gboolean counting, labelled; /* with labels */
} DhRunMap;

/* Side 0 is A, 1 is B; run 0: no run stands there. The signal "compared" tells of each change. */
void dh_session_compare_run (DhSession *session, guint side, gint64 run);
gint64 dh_session_get_compared_run (DhSession *session, guint side);
/* Of the shown picture; NULL while it is read. Borrowed. */
const DhRunMap *dh_session_get_run_map (DhSession *session, guint side);
/* Whether a run is finished, has left maps, and is of the data set that is open. */
gboolean dh_session_can_compare_run (DhSession *session, const DhRun *run);

G_END_DECLS

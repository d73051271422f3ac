#pragma once
#include <gio/gio.h>
#include "dh-bootstrap.h"
#include "dh-database.h"
#include "dh-progress.h"
#include "dh-run-froc.h"

G_BEGIN_DECLS

/* What is drawn anew (dh-bootstrap.h). */
typedef enum
{
  DH_DRAWN_BY_ITSELF, /* scenes where every image has one and there are DH_BOOTSTRAP_LEAST of them, else images */
  DH_DRAWN_IMAGES,
  DH_DRAWN_SCENES,
} DhDrawn;
/* "image", "scene". */
gboolean dh_drawn_from_name (const char *name, DhDrawn *drawn);

/* The numbers of a protocol that have intervals. */
typedef enum
{
  DH_INTERVAL_AP,
  DH_INTERVAL_FPR95,
  DH_INTERVAL_AUROC,
  DH_INTERVAL_BEST_F1,
  DH_INTERVAL_SIOU,
  DH_INTERVAL_PPV,
  DH_INTERVAL_MEAN_F1,
  DH_INTERVAL_FOUND, /* at one false alarm an image, or as many as are asked for */
  DH_INTERVAL_FROC,  /* the mean of dh_froc_curve_mean() */
  DH_N_INTERVALS,
} DhIntervalNumber;

/* A run's numbers by a protocol, or those of two of the same images, with their 95 % intervals for the chance of which
 * images the set has. Fractions of 1; NAN where undefined, and no number of that protocol. Protocols that rank all
 * pixels of the set are counted in bins (dh-bootstrap.h); means over images, and sums over objects at the threshold
 * that the run has for its components, are exact in every draw. The threshold is not chosen anew. */
typedef struct
{
  gboolean scenes;      /* were drawn, not images */
  guint images, groups; /* of the first run; that were drawn from */
  double exact[DH_N_INTERVALS][2];
  DhBootstrapNumber numbers[DH_N_INTERVALS];
} DhRunIntervals;

/* From the runs' maps and the labels as they lie there now, each map once: as long as that takes, and some seconds.
 * `other` 0: one run alone. `protocol` NULL: densehybrid-pooled. On the database's thread. Errors: DH_ERROR_NOT_FOUND
 * (no such run, none that is done; not measured by that protocol; some map or label is gone; scenes are wanted, and
 * some image has none), DH_ERROR_MISMATCH (the two measured other data), DH_ERROR_NO_MEMORY. */
gboolean dh_run_intervals_measure (DhDatabase *database, gint64 run, gint64 other, const char *protocol, DhDrawn drawn,
                                   DhRunIntervals *intervals, const DhProgress *progress, GCancellable *cancellable,
                                   GError **error);

/* The same of objects against false alarms, which no protocol has to have measured: what is found at `rate` false
 * alarms an image, and the mean. Both runs by the rules that the first one comes to. */
#define DH_INTERVALS_FROC "froc"
gboolean dh_run_froc_intervals_measure (DhDatabase *database, gint64 run, gint64 other, const DhFrocRules *rules,
                                        double rate, DhDrawn drawn, DhRunIntervals *intervals,
                                        const DhProgress *progress, GCancellable *cancellable, GError **error);

G_END_DECLS

#pragma once
#include <gio/gio.h>
#include "dh-bootstrap.h"
#include "dh-database.h"
#include "dh-progress.h"

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

/* AP, FPR95 and AUROC of a run by densehybrid-pooled, or of two of the same images, with their 95 % intervals for the
 * chance of which images the set has. Fractions of 1; NAN where undefined. */
typedef struct
{
  gboolean scenes; /* were drawn, not images */
  guint images;
  double ap[2], fpr95[2], auroc[2];
  DhBootstrapNumbers numbers;
} DhRunIntervals;

/* From the runs' maps and the labels as they lie there now, each map once: as long as that takes, and some seconds.
 * `other` 0: one run alone. On the database's thread. Errors: DH_ERROR_NOT_FOUND (no such run, none that is done; not
 * measured by densehybrid-pooled; some map or label is gone; scenes are wanted, and some image has none),
 * DH_ERROR_MISMATCH (the two measured other data), DH_ERROR_NO_MEMORY. */
gboolean dh_run_intervals_measure (DhDatabase *database, gint64 run, gint64 other, DhDrawn drawn,
                                   DhRunIntervals *intervals, const DhProgress *progress, GCancellable *cancellable,
                                   GError **error);

G_END_DECLS

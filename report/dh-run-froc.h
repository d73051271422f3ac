#pragma once
#include <gio/gio.h>
#include "dh-database.h"
#include "dh-froc.h"
#include "dh-progress.h"

G_BEGIN_DECLS

/* By what objects are found and false alarms counted (dh-froc.h), where it is not to be as the run's components were
 * counted, else as SegmentMeIfYouCan does on AnomalyTrack: alarms from 500 pixels on, objects from 100. */
typedef struct
{
  guint64 min_area, min_anomaly; /* 0: so */
  double found_share;            /* below 0: DH_FROC_FOUND_SHARE */
} DhFrocRules;
#define DH_FROC_RULES_INIT                                                                                             \
  {                                                                                                                    \
    0, 0, -1                                                                                                           \
  }

/* From the run's maps and the labels as they lie there now. Errors: DH_ERROR_NOT_FOUND (no such run, none that is
 * done, or not every image could be read), DH_ERROR_NO_MEMORY, G_IO_ERROR_CANCELLED. On the database's thread. */
DhFrocCurve *dh_run_froc_measure (DhDatabase *database, gint64 run, const DhFrocRules *rules,
                                  const DhProgress *progress, GCancellable *cancellable, GError **error);

G_END_DECLS

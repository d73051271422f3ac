#pragma once
#include <gio/gio.h>
#include "dh-database.h"

G_BEGIN_DECLS

/* What a run measured, by its own score, to be held against another's. Fractions of 1; NAN: undefined, or no number of
 * that protocol. On the database's thread. */
typedef struct
{
  gint64 pixels, positives;
  double ap, auroc, fpr95, best_f1, siou, ppv, mean_f1, closed_miou, open_miou;
} DhRunNumbers;
/* As they are kept; `protocol` NULL: those of the classes alone. Errors: DH_ERROR_NOT_FOUND (no such run, or not
 * measured under that protocol, or without classes). */
gboolean dh_run_numbers_get (DhDatabase *database, gint64 run, const char *protocol, DhRunNumbers *numbers,
                             GError **error);

/* Whether it has measured all of its images: of one that was stopped, the kept numbers may be those of an earlier
 * start, and the maps are some. Errors: DH_ERROR_NOT_FOUND, saying so. */
gboolean dh_run_numbers_check_done (DhDatabase *database, gint64 run, GError **error);

/* Whether both measured the same pictures with the same labels in the same way, if not as much worse (see
 * dh-degradation.h). Errors: DH_ERROR_MISMATCH, saying what is not the same; DH_ERROR_NOT_FOUND. */
gboolean dh_run_numbers_check_same (DhDatabase *database, gint64 run, gint64 other, GError **error);
/* "run 13 saw the images degraded by fog:3, run 12 as they are" where both did not see the same; else NULL. Free with
 * g_free. */
char *dh_run_numbers_dup_images (DhDatabase *database, gint64 run, gint64 other);
/* The newest run before that one that is done and measured the same, made worse in the same way or not at all, by the
 * same kind of map. Errors:
 * DH_ERROR_NOT_FOUND. */
gint64 dh_run_numbers_find_last (DhDatabase *database, gint64 run, GError **error);

/* Whether both have scores that are numbers in as many pixels of their images. Errors: as above. */
gboolean dh_run_numbers_check_pixels (DhDatabase *database, gint64 run, gint64 other, GError **error);

/* Of a part of the set: AP, AUROC and FPR95 by densehybrid-pooled. */
typedef struct
{
  char *name; /* "tag night", "class road" */
  DhRunNumbers numbers;
} DhRunSlice;
/* The slices that reports list, without the whole (DhRunSlice), from the run's maps and the labels as they lie there
 * now: those by what the network sees, or all others. Errors: DH_ERROR_NOT_FOUND (no such run, none that is done, or
 * some of that is gone, or there never were segmentations). */
GPtrArray *dh_run_slices_measure (DhDatabase *database, gint64 run, gboolean by_class, GCancellable *cancellable,
                                  GError **error);

G_END_DECLS

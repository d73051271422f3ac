#pragma once
#include "dh-session.h"

G_BEGIN_DECLS

/* What the database keeps of one evaluation beside its row: the curve of its own score over the whole set, and each
 * picture's AP. Immutable. */
typedef struct
{
  char *stem, *name; /* the name is the stem's last part */
  double ap;         /* a fraction of 1; NaN: undefined, or the picture failed */
} DhRunPicture;

typedef struct
{
  gint64 run;
  guint n; /* points of the curve, at most some thousands; 0: the run has none */
  double *recall, *precision;
  double best_recall, best_precision; /* where F1 is best; NaN without a curve */
  GPtrArray *pictures;                /* DhRunPicture */
} DhRunDetails;

DhRunDetails *dh_run_details_ref (DhRunDetails *details);
void dh_run_details_unref (DhRunDetails *details);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRunDetails, dh_run_details_unref)

/* Read on another thread; as any asynchronous call. Errors: of the database, G_IO_ERROR_CANCELLED. */
void dh_session_load_run_details (DhSession *session, gint64 run, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data);
/* NULL with an error. Free with dh_run_details_unref. */
DhRunDetails *dh_session_load_run_details_finish (DhSession *session, GAsyncResult *result, GError **error);

G_END_DECLS

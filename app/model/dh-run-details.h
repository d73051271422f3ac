#pragma once
#include "dh-run-curve.h"
#include "dh-session.h"

G_BEGIN_DECLS

/* What the database keeps of one evaluation beside its row: each protocol's numbers and the curve of its own score over
 * the whole set, and each picture's AP. Immutable. */
typedef struct
{
  char *stem, *name;         /* the name is the stem's last part */
  double ap;                 /* a fraction of 1; NaN: undefined, or the picture failed */
  char *why;                 /* of a picture that failed; else NULL */
  guint64 pixels, anomalies; /* that count */
  guint64 non_finite;        /* of the map, none of which counts */
} DhRunPicture;

typedef struct
{
  char *name, *title;        /* "densehybrid-pooled"; as people know it, borrowed where it is one of ours */
  double ap, fpr95, auroc;   /* fractions of 1; NaN where undefined */
  guint64 pixels, anomalies; /* that count */
} DhRunProtocol;

typedef struct
{
  gint64 run, dataset; /* rows; a set that has changed since is another one */
  char *data, *root, *split, *fingerprint;
  gint map;          /* DhFrameMap that it measured; −1: none */
  char *started;     /* ISO 8601, UTC */
  char *method;      /* whose scores were imported; NULL: a network made them */
  guint images;      /* measured */
  gboolean open_set; /* the run is of open-set recognition: it has an open-mIoU, and no protocol */
  double open_miou;  /* NaN: none */
  guint n;           /* points of the curve, at most some thousands; 0: the run has none */
  double *recall, *precision;
  double best_recall, best_precision; /* where F1 is best; NaN without a curve */
  DhRunCurve *curve;                  /* the pooled protocol's; NULL: the run has none */
  GPtrArray *protocols;               /* DhRunProtocol of its own score, the pooled one first */
  GPtrArray *pictures;                /* DhRunPicture */
  GHashTable *by_stem;                /* stem → DhRunPicture */
} DhRunDetails;

DhRunDetails *dh_run_details_ref (DhRunDetails *details);
void dh_run_details_unref (DhRunDetails *details);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRunDetails, dh_run_details_unref)

/* NULL where the run was not measured by it. */
const DhRunProtocol *dh_run_details_find_protocol (const DhRunDetails *details, const char *name);
const DhRunPicture *dh_run_details_find_picture (const DhRunDetails *details, const char *stem);

/* Read on another thread; as any asynchronous call. Errors: of the database, G_IO_ERROR_CANCELLED. */
void dh_session_load_run_details (DhSession *session, gint64 run, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer data);
/* NULL with an error. Free with dh_run_details_unref. */
DhRunDetails *dh_session_load_run_details_finish (DhSession *session, GAsyncResult *result, GError **error);

G_END_DECLS

#pragma once
#include "dh-bootstrap.h"

G_BEGIN_DECLS

/* Numbers that are no ranking's, on the draws of dh-bootstrap.h: means over pictures, sums over objects or classes,
 * what is found at some false alarms. They are measured exactly, draw by draw, from what is known of each picture. */

/* The pictures of a run. */
typedef struct
{
  const guint *groups; /* of each picture the number of its group; G_MAXUINT: it is not drawn */
  guint pictures;
} DhDrawsRun;

/* The numbers of a draw: `times`: how often each picture of the run is in it; `data` is that run's. NAN: undefined. */
typedef void (*DhDrawsMeasure) (const double *times, double *numbers, gconstpointer data);

/* As dh_bootstrap_draw(), by which the same groups are drawn in the same draws: `n_numbers` intervals, and in `*used`
 * how many groups were drawn from. FALSE where cancelled. */
gboolean dh_draws_measure (const DhDrawsRun *runs, const gconstpointer *data, guint n_runs, guint n_groups,
                           DhDrawsMeasure measure, guint n_numbers, DhBootstrapNumber *numbers, guint *used,
                           GCancellable *cancellable);

G_END_DECLS

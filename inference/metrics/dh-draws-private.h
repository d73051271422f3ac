#pragma once
#include "dh-draws.h"

G_BEGIN_DECLS

#define DH_BOOTSTRAP_SEED 20221023u

/* What each group is counted to, so many of them as DH_BOOTSTRAP_GROUPS at most; G_MAXUINT: nothing of it is there.
 * Free with g_free. */
guint *dh_draws_place_groups (const DhDrawsRun *runs, guint n_runs, guint n_groups, GRand *chance, guint *n_used);

/* From DH_BOOTSTRAP_DRAWS values of each run, and what is to be added to all of these. */
void dh_draws_find_number (const double *const values[2], const double shifts[2], guint n_runs,
                           DhBootstrapNumber *number);

G_END_DECLS

#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* plan.json of a run's folder: by what each of its plans computes (dh_train_plan_dup_choices()), by the number of crops
 * in its batch, so that a resumed run never chooses anew. */
typedef struct _DhRunPlan DhRunPlan;

/* What was stored; empty where there is no such file, or `forget`. Errors: DH_ERROR_INVALID (not what was written),
 * DH_ERROR_IO. */
DhRunPlan *dh_run_plan_open (const char *folder, gboolean forget, GError **error);
void dh_run_plan_free (DhRunPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DhRunPlan, dh_run_plan_free)
/* Borrowed; NULL where there is none. */
const char *dh_run_plan_get (DhRunPlan *plan, guint batch);
/* Writes it where it is new. Errors: DH_ERROR_IO. */
gboolean dh_run_plan_set (DhRunPlan *plan, guint batch, const char *choices, GError **error);

G_END_DECLS

#pragma once
#include "dh-run-item.h"
#include "dh-training-form.h"

G_BEGIN_DECLS

/* What several runs give together, as of trainings that differ in their seed. */
typedef struct
{
  guint n;                /* runs that have the number */
  double mean, deviation; /* of the sample, √(Σ (x − mean)² / (n − 1)); NaN of none, and of one */
} DhRunMean;
typedef struct
{
  DhRunMean ap, fpr95, auroc, best_f1, mean_f1, closed_miou, open_miou;
} DhRunMeans;

/* Why numbers of these are not to be averaged, translated; NULL where they measured the same pictures by the same
 * protocol in the same score and precision, or are trainings of one recipe on the same data (of whose best epochs the
 * numbers are). Static, as the next. */
const char *dh_run_means_refuse (const DhRun *const *runs, guint n);
/* The same of trainings by what was set in them: NULL where they differ in their seed alone. A form is NULL where that
 * is not known. */
const char *dh_run_means_refuse_forms (DhTrainingForm *const *forms, guint n);
/* Both, of DhRunItem. */
const char *dh_run_means_refuse_items (GPtrArray *items);
void dh_run_means_of (const DhRun *const *runs, guint n, DhRunMeans *means);

G_END_DECLS

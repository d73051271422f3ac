#pragma once
#include "dh-components.h"

G_BEGIN_DECLS

#define DH_COMPONENT_TAUS 11 /* 0.25 + k · 0.05 */

/* What smiyc-component sums over the components of pictures, each matched by itself. All 0: of none. */
typedef struct
{
  guint64 n_anomalies, n_predictions;
  double siou_sum, ppv_sum; /* of anomalies; of predictions */
  guint64 tp[DH_COMPONENT_TAUS], fn[DH_COMPONENT_TAUS], fp[DH_COMPONENT_TAUS];
} DhComponentSums;

double dh_component_tau (guint k);
void dh_component_sums_add (DhComponentSums *sums, const DhComponents *components);
/* Pictures that are merged one by one in one order give the same bits. */
void dh_component_sums_merge (DhComponentSums *sums, const DhComponentSums *other);

/* Means over all anomalies, over all predictions; F1 at one τ and its mean over all. NaN where there are none. */
double dh_component_sums_siou (const DhComponentSums *sums);
double dh_component_sums_ppv (const DhComponentSums *sums);
double dh_component_sums_f1 (const DhComponentSums *sums, guint k);
double dh_component_sums_mean_f1 (const DhComponentSums *sums);

G_END_DECLS

#include "dh-component-sums.h"
#include <math.h>

double
dh_component_tau (guint k)
{
  return 0.25 + k * 0.05;
}

void
dh_component_sums_add (DhComponentSums *sums, const DhComponents *components)
{
  double siou = 0, ppv = 0;
  for (guint i = 0; i < components->n_anomalies; i++)
    siou += components->items[i].siou;
  for (guint i = 0; i < components->n_predictions; i++)
    ppv += components->items[components->n_anomalies + i].ppv;
  sums->n_anomalies += components->n_anomalies;
  sums->n_predictions += components->n_predictions;
  sums->siou_sum += siou;
  sums->ppv_sum += ppv;
  for (guint k = 0; k < DH_COMPONENT_TAUS; k++)
    {
      guint64 tp, fn, fp;
      dh_components_count (components, dh_component_tau (k), &tp, &fn, &fp);
      sums->tp[k] += tp;
      sums->fn[k] += fn;
      sums->fp[k] += fp;
    }
}

void
dh_component_sums_merge (DhComponentSums *sums, const DhComponentSums *other)
{
  sums->n_anomalies += other->n_anomalies;
  sums->n_predictions += other->n_predictions;
  sums->siou_sum += other->siou_sum;
  sums->ppv_sum += other->ppv_sum;
  for (guint k = 0; k < DH_COMPONENT_TAUS; k++)
    {
      sums->tp[k] += other->tp[k];
      sums->fn[k] += other->fn[k];
      sums->fp[k] += other->fp[k];
    }
}

double
dh_component_sums_siou (const DhComponentSums *sums)
{
  return sums->n_anomalies > 0 ? sums->siou_sum / sums->n_anomalies : NAN;
}

double
dh_component_sums_ppv (const DhComponentSums *sums)
{
  return sums->n_predictions > 0 ? sums->ppv_sum / sums->n_predictions : NAN;
}

double
dh_component_sums_f1 (const DhComponentSums *sums, guint k)
{
  return dh_components_f1 (sums->tp[k], sums->fn[k], sums->fp[k]);
}

double
dh_component_sums_mean_f1 (const DhComponentSums *sums)
{
  double sum = 0;
  for (guint k = 0; k < DH_COMPONENT_TAUS; k++)
    sum += dh_component_sums_f1 (sums, k);
  return sum / DH_COMPONENT_TAUS;
}

#include "dh-run-means.h"
#include <glib/gi18n.h>
#include <stddef.h>
#include "dh-mean.h"

const char *
dh_run_means_refuse (const DhRun *const *runs, guint n)
{
  for (guint i = 1; i < n; i++)
    {
      const DhRun *run = runs[i], *first = runs[0];
      if (run->training != first->training)
        return _ ("evaluations and trainings");
      if (run->training && (g_strcmp0 (run->recipe, first->recipe) != 0 || g_strcmp0 (run->data, first->data) != 0))
        return _ ("of other recipes or data");
      if (!dh_run_can_subtract (run, first))
        return _ ("other data, images or protocols were measured");
      if (g_strcmp0 (run->score, first->score) != 0)
        return _ ("of different scores");
      if (g_strcmp0 (run->precision, first->precision) != 0)
        return _ ("computed in different precisions");
      for (guint k = 0; !run->training && k < i; k++)
        if (g_strcmp0 (run->weights, runs[k]->weights) == 0)
          return run->imported ? _ ("some are of the same scores") : _ ("some are of the same weights");
    }
  return NULL;
}

const char *
dh_run_means_refuse_forms (DhTrainingForm *const *forms, guint n)
{
  for (guint i = 0; i < n; i++)
    if (forms[i] == NULL)
      return _ ("the settings of one are not known");
  for (guint i = 1; i < n; i++)
    {
      const double seed = dh_training_form_get_number (forms[i], DH_TRAINING_SEED);
      for (guint k = 0; k < i; k++)
        if (dh_training_form_get_number (forms[k], DH_TRAINING_SEED) == seed)
          return _ ("some are of the same seed");
      if (!dh_training_form_differs_in_seed (forms[0], forms[i]))
        return _ ("they differ in more than their seed");
    }
  return NULL;
}

const char *
dh_run_means_refuse_items (GPtrArray *items)
{
  g_autofree const DhRun **runs = g_new (const DhRun *, MAX (items->len, 1));
  g_autoptr (GPtrArray) forms = g_ptr_array_new ();
  for (guint i = 0; i < items->len; i++)
    runs[i] = dh_run_item_get (items->pdata[i]);
  const char *refused = dh_run_means_refuse (runs, items->len);
  if (refused != NULL || items->len == 0 || !runs[0]->training)
    return refused;
  for (guint i = 0; i < items->len; i++)
    g_ptr_array_add (forms, dh_training_job_dup_form (dh_run_item_get_job (items->pdata[i])));
  refused = dh_run_means_refuse_forms ((DhTrainingForm *const *)forms->pdata, forms->len);
  for (guint i = 0; i < forms->len; i++)
    g_clear_object (&forms->pdata[i]);
  return refused;
}

static DhRunMean
mean_of (const DhRun *const *runs, guint n, gsize offset)
{
  g_autofree double *values = g_new (double, MAX (n, 1));
  for (guint i = 0; i < n; i++)
    values[i] = *(const double *)(gconstpointer)((const char *)runs[i] + offset);
  const DhMean found = dh_mean_of (values, n);
  return (DhRunMean){ found.n, found.mean, found.deviation };
}

void
dh_run_means_of (const DhRun *const *runs, guint n, DhRunMeans *means)
{
  means->ap = mean_of (runs, n, offsetof (DhRun, ap));
  means->fpr95 = mean_of (runs, n, offsetof (DhRun, fpr95));
  means->auroc = mean_of (runs, n, offsetof (DhRun, auroc));
  means->best_f1 = mean_of (runs, n, offsetof (DhRun, best_f1));
  means->mean_f1 = mean_of (runs, n, offsetof (DhRun, mean_f1));
  means->closed_miou = mean_of (runs, n, offsetof (DhRun, closed_miou));
  means->open_miou = mean_of (runs, n, offsetof (DhRun, open_miou));
}

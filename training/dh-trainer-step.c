#include "dh-trainer-private.h"

#include <math.h>

#include "dh-error.h"
#include "dh-run-json.h"

#define MOST_BAD_STEPS 3
/* Of a loss, a mean over pixels: what is beyond it has left all bounds and only grows, as the likelihood term, which
 * has none below, can at too high a rate. */
#define MOST_LOSS 1e6

static void
set_rates (DhTrainerRun *run)
{
  const DhRecipe *recipe = run->config->recipe;
  const double epoch = (double)(run->step / run->epoch_steps);
  const double rate =
      recipe->rate_min + (recipe->rate - recipe->rate_min) * (1 + cos (G_PI * epoch / recipe->epochs)) / 2;
  for (guint i = 0; run->optimiser.names[i]; i++)
    run->rates[i] = g_str_has_prefix (run->optimiser.names[i], "backbone.") ? rate * recipe->backbone : rate;
}

static gboolean
store_plan (DhTrainerRun *run, guint which, GError **error)
{
  g_autofree char *choices = dh_train_plan_dup_choices (run->plans[which]);
  return dh_run_plan_set (run->stored, run->plan_sizes[which], choices, error);
}

static gboolean
make_plan (DhTrainerRun *run, guint which, guint n, GError **error)
{
  const gint crop = (gint)run->config->recipe->crop;
  const DhTrainOptions options = { .input = { (gint)n, 3, crop, crop },
                                   .precision = run->config->precision,
                                   .logits = run->net->logits,
                                   .logits_ood = run->net->logits_ood,
                                   .beta = run->config->recipe->beta,
                                   .recompute = run->config->recipe->recompute,
                                   .choices = dh_run_plan_get (run->stored, n),
                                   .state = run->optimiser.there };
  g_clear_pointer (&run->plans[which], dh_train_plan_free);
  run->plan_sizes[which] = n;
  run->plans[which] =
      dh_train_plan_new (run->device, run->net->graph, run->state, run->optimiser.adam.gradients, &options, error);
  if (!run->plans[which] && options.choices)
    g_prefix_error (error, "The training cannot be gone on with; --device %s goes on with it nevertheless: ",
                    dh_device_name (run->device));
  return run->plans[which] != NULL;
}

gboolean
dh_trainer_make_plan (DhTrainerRun *run, GError **error)
{
  return make_plan (run, 0, run->config->recipe->batch, error);
}

gboolean
dh_trainer_store_plan (DhTrainerRun *run, GError **error)
{
  return store_plan (run, 0, error);
}

static DhTrainPlan *
find_plan (DhTrainerRun *run, guint n, GError **error)
{
  const guint which = n == run->config->recipe->batch ? 0 : 1;
  if (run->plans[which] && run->plan_sizes[which] == n)
    return run->plans[which];
  return make_plan (run, which, n, error) && store_plan (run, which, error) ? run->plans[which] : NULL;
}

static gboolean
accumulate (DhTrainerRun *run, DhLosses *sum, GCancellable *cancellable, GError **error)
{
  const guint n = run->config->recipe->accumulation;
  *sum = (DhLosses){ 0 };
  for (guint i = 0; i < n; i++)
    {
      const guint64 number = run->step * n + i;
      g_autoptr (DhBatch) batch = dh_batch_loader_take (run->loader, number, error);
      DhTrainPlan *plan = batch ? find_plan (run, batch->n, error) : NULL;
      DhLosses losses;
      if (!plan
          || !dh_train_plan_run (plan, batch->input, batch->labels, run->config->seed + number, 1.0 / n, &losses,
                                 cancellable, error))
        return FALSE;
      sum->total += losses.total / n;
      sum->segmentation += losses.segmentation / n;
      sum->likelihood += losses.likelihood / n;
      sum->posterior += losses.posterior / n;
      sum->labelled += losses.labelled;
      sum->negatives += losses.negatives;
    }
  return !run->training->reduce || run->training->reduce (run->optimiser.adam.gradients, run->training->data, error);
}

/* A step without labelled pixels or with numbers that are not finite, or beyond all bounds, changes nothing. */
static gboolean
skip (DhTrainerRun *run, const DhLosses *losses, GError **error)
{
  if (!dh_optimiser_keep_statistics (&run->optimiser, TRUE, error)
      || !dh_optimiser_zero_gradients (&run->optimiser, error))
    return FALSE;
  run->whole = TRUE;
  run->step++;
  run->skipped++;
  run->bad += losses->labelled > 0;
  dh_run_lock_set_step (run->folder->lock, run->step);
  JsonBuilder *json = dh_trainer_begin_event (run, "skip");
  dh_run_json_add_text (json, "why",
                        !losses->labelled                   ? "no labelled pixel"
                        : fabs (losses->total) <= MOST_LOSS ? "a gradient is not finite"
                        : isfinite (losses->total)          ? "the loss is beyond all bounds"
                                                            : "the loss is not finite");
  if (!dh_trainer_end_event (run, json, error))
    return FALSE;
  if (run->bad < MOST_BAD_STEPS)
    return TRUE;
  run->whole = FALSE;
  g_set_error (
      error, DH_ERROR, DH_ERROR_FAILED,
      "The training diverged: %u steps in a row gave no finite loss and gradient, or one beyond all bounds; begin "
      "a new one with a smaller rate (--lr)%s",
      MOST_BAD_STEPS, run->checkpoint_step > 0 ? ", from its last checkpoint (--model) if you like" : "");
  return FALSE;
}

gboolean
dh_trainer_step (DhTrainerRun *run, GCancellable *cancellable, GError **error)
{
  const gint64 begin = g_get_monotonic_time ();
  DhLosses losses;
  gboolean finite = FALSE;
  run->whole = FALSE;
  if (!dh_optimiser_keep_statistics (&run->optimiser, FALSE, error))
    return FALSE;
  if (!accumulate (run, &losses, cancellable, error))
    {
      /* Of a device that is lost nothing can be had any more. */
      run->whole = dh_optimiser_keep_statistics (&run->optimiser, TRUE, NULL)
                   && dh_optimiser_zero_gradients (&run->optimiser, NULL);
      return FALSE;
    }
  set_rates (run);
  /* Skipped steps are none of the optimiser's. */
  if (losses.labelled > 0 && fabs (losses.total) <= MOST_LOSS
      && !dh_optimiser_step (&run->optimiser, run->rates, run->step - run->skipped + 1, &finite, error))
    return FALSE;
  if (!finite)
    return skip (run, &losses, error);
  run->whole = TRUE;
  run->bad = 0;
  run->step++;
  dh_run_lock_set_step (run->folder->lock, run->step);
  JsonBuilder *json = dh_trainer_begin_event (run, "step");
  dh_run_json_add_number (json, "loss", losses.total);
  dh_run_json_add_number (json, "seg", losses.segmentation);
  if (run->config->recipe->negatives)
    {
      dh_run_json_add_number (json, "like", losses.likelihood);
      dh_run_json_add_number (json, "post", losses.posterior);
    }
  double rate = 0;
  for (guint i = 0; run->optimiser.names[i]; i++)
    rate = MAX (rate, run->rates[i]);
  dh_run_json_add_number (json, "lr", rate);
  dh_run_json_add_number (json, "seconds", 1e-6 * (double)(g_get_monotonic_time () - begin));
  return dh_trainer_end_event (run, json, error);
}

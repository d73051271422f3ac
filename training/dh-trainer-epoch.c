#include "dh-trainer-private.h"

#include <math.h>

#include "dh-run-json.h"
#include "dh-validation.h"

gboolean
dh_trainer_is_out_of_patience (const DhTrainerRun *run)
{
  const guint64 patience = run->config->recipe->patience;
  return patience && run->best_epoch && run->validated >= run->best_epoch + patience;
}

gboolean
dh_trainer_end_epoch (DhTrainerRun *run, GCancellable *cancellable, GError **error)
{
  const gint64 begin = g_get_monotonic_time ();
  const guint64 epoch = run->step / run->epoch_steps;
  DhValidation found;
  dh_run_lock_set_phase (run->folder->lock, DH_RUN_VALIDATING, NULL);
  if (!dh_trainer_fetch (run, error)
      || !dh_validate (run->device, run->net, run->state, &run->validation, run->config->validation_images,
                       run->workers, &found, cancellable, error))
    return FALSE;
  JsonBuilder *json = dh_trainer_begin_event (run, "epoch");
  dh_run_json_add_number (json, "miou", found.miou);
  dh_run_json_add_number (json, "ap", found.ap);
  dh_run_json_add_number (json, "auroc", found.auroc);
  dh_run_json_add_number (json, "fpr95", found.fpr95);
  dh_run_json_add_number (json, "seconds", 1e-6 * (double)(g_get_monotonic_time () - begin));
  if (!dh_trainer_end_event (run, json, error))
    return FALSE;
  run->validated = epoch;
  const double value = g_str_equal (run->config->recipe->selection, "ap")     ? found.ap
                       : g_str_equal (run->config->recipe->selection, "miou") ? found.miou
                                                                              : (double)epoch;
  /* Without a number, each is as good as the one before. */
  if (value > run->best || (isnan (value) && isinf (run->best)))
    {
      if (!isnan (value))
        {
          run->best = value;
          run->best_epoch = epoch;
        }
      if (!dh_trainer_save_model (run, "model_best", error))
        return FALSE;
    }
  if (run->config->recipe->keep)
    {
      g_autofree char *name = g_strdup_printf ("model_%" G_GUINT64_FORMAT, epoch);
      if (!dh_trainer_save_model (run, name, error))
        return FALSE;
      dh_run_folder_prune (run->folder, run->config->recipe->keep, epoch);
    }
  dh_run_lock_set_phase (run->folder->lock, DH_RUN_STEPPING, NULL);
  return dh_trainer_save_checkpoint (run, error);
}

#include "dh-trainer-private.h"

#include <math.h>

#include "dh-config.h"
#include "dh-error.h"
#include "dh-model.h"
#include "dh-run-json.h"
#include "dh-step-work.h"
#include "dh-validation.h"

static void
clear_run (DhTrainerRun *run)
{
  for (guint i = 0; i < G_N_ELEMENTS (run->plans); i++)
    g_clear_pointer (&run->plans[i], dh_train_plan_free);
  g_clear_pointer (&run->loader, dh_batch_loader_free);
  dh_optimiser_clear (&run->optimiser);
  g_clear_pointer (&run->state, dh_tensor_dict_unref);
  g_clear_pointer (&run->net, dh_net_unref);
  dh_foreign_start_clear (&run->foreign);
  g_clear_pointer (&run->device, dh_device_unref);
  dh_pictures_clear (&run->pictures);
  g_clear_pointer (&run->stored, dh_run_plan_free);
  g_clear_pointer (&run->folder, dh_run_folder_free);
  g_clear_pointer (&run->config, dh_run_config_free);
  g_free (run->rates);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DhTrainerRun, clear_run)

static void
replace (char **text, const char *by)
{
  g_free (*text);
  *text = g_strdup (by);
}

/* A new run's is what the caller says; a resumed one's is its own, but that it may go to another device, and
 * its data to another place. */
static gboolean
prepare_config (DhTrainerRun *run, GError **error)
{
  const DhTraining *training = run->training;
  if (training->resume)
    {
      if (!(run->config = dh_run_config_read (training->folder, error)))
        return FALSE;
      if (training->device)
        replace (&run->config->device, training->device);
      else if (!run->config->device)
        replace (&run->config->device, "auto");
      if (training->threads)
        run->config->threads = training->threads;
      /* Data that was moved; that it is the same is seen by its pictures. */
      if (training->data_root)
        replace (&run->config->data_root, training->data_root);
      if (training->negative_root && run->config->recipe->negatives)
        replace (&run->config->negative_root, training->negative_root);
      return TRUE;
    }
  if (!dh_recipe_check (training->recipe, error))
    return FALSE;
  run->config = g_new0 (DhRunConfig, 1);
  run->config->recipe = dh_recipe_copy (training->recipe);
  if (training->init && dh_model_is_foreign (training->init))
    replace (&run->config->recipe->architecture, DH_FOREIGN_ARCHITECTURE);
  run->config->data_root = g_strdup (training->data_root);
  run->config->negative_root = training->recipe->negatives ? g_strdup (training->negative_root) : NULL;
  run->config->init = g_strdup (training->init);
  run->config->device = g_strdup (training->device ? training->device : "auto");
  run->config->threads = training->threads;
  run->config->precision = training->precision;
  run->config->seed = training->seed;
  run->config->validation_images = training->validation_images;
  run->config->checkpoint_steps = training->checkpoint_steps;
  run->config->program = g_strdup (DH_VERSION);
  return TRUE;
}

/* Where moved data lies now, and that it is another one, is kept; a device or a number of threads was asked for this
 * time alone. */
static gboolean
write_other_data (DhTrainerRun *run, GError **error)
{
  const gboolean moved = run->training->data_root || run->training->negative_root;
  if (!run->training->resume || (!moved && !run->changed))
    return TRUE;
  g_autoptr (DhRunConfig) stored = dh_run_config_read (run->training->folder, error);
  if (!stored)
    return FALSE;
  replace (&stored->data_root, run->config->data_root);
  replace (&stored->negative_root, run->config->negative_root);
  replace (&stored->files, run->config->files);
  return dh_run_config_write (stored, run->folder->path, error);
}

static gboolean
prepare (DhTrainerRun *run, GCancellable *cancellable, GError **error)
{
  const gboolean resume = run->training->resume;
  if (!prepare_config (run, error) || !dh_trainer_prepare_data (run, cancellable, error))
    return FALSE;
  /* Who asks for a device by name takes what it computes by there. */
  if (!(run->stored = dh_run_plan_open (run->folder->path, !resume || run->training->device, error)))
    {
      g_prefix_error (error, "The training cannot be gone on with; --device %s goes on with it nevertheless: ",
                      run->config->device);
      return FALSE;
    }
  g_autofree char *path = dh_run_folder_file (run->folder, "checkpoint.pth");
  g_autoptr (DhCheckpoint) checkpoint = NULL;
  /* Killed before its first checkpoint: it begins anew. */
  if (resume && g_file_test (path, G_FILE_TEST_EXISTS) && !(checkpoint = dh_checkpoint_open (path, error)))
    return FALSE;
  if ((checkpoint && !dh_trainer_check_checkpoint (run, checkpoint, error))
      || !dh_trainer_prepare_network (run, checkpoint, cancellable, error)
      || (checkpoint && !dh_trainer_restore (run, checkpoint, error)) || !dh_trainer_settle (run, error)
      || g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  run->planless = checkpoint && !run->training->device && !dh_run_plan_get (run->stored, run->config->recipe->batch);
  dh_trainer_start_loading (run);
  const guint64 needed = dh_run_folder_needs ((guint64)dh_net_parameter_count (run->net), run->config->recipe->keep);
  if (!dh_run_folder_has_space (run->folder, needed, error) || !dh_trainer_make_plan (run, error))
    return FALSE;
  if (resume)
    return dh_trainer_store_plan (run, error);
  replace (&run->config->device, dh_device_name (run->device));
  run->config->threads = dh_device_threads (run->device);
  if (run->foreign.net
      && !dh_foreign_start_keep (&run->foreign, run->config->init, run->folder->path, (gint)run->config->recipe->crop,
                                 error))
    return FALSE;
  /* Behind all that can fail: what never began leaves the name to the next. */
  return dh_run_config_write (run->config, run->folder->path, error) && dh_trainer_store_plan (run, error);
}

/* How many steps one validation is worth, for those who tell the time left before there was one. */
static double
validation_steps (const DhTrainerRun *run)
{
  const DhRecipe *recipe = run->config->recipe;
  const DhShape input = { (gint)recipe->batch, 3, (gint)recipe->crop, (gint)recipe->crop };
  const DhValue outputs[2] = { run->net->logits, run->net->logits_ood };
  g_autofree DhShape *shapes = dh_graph_infer_shapes (run->net->graph, input, NULL);
  if (shapes == NULL)
    return NAN;
  const DhStepParts parts =
      dh_step_parts (run->net->graph, shapes, outputs, run->net->logits_ood == DH_NO_VALUE ? 1 : 2);
  return dh_validation_work (run->net, &run->validation, run->config->validation_images)
         / (3 * dh_step_work (&parts) * recipe->accumulation);
}

static gboolean
log_start (DhTrainerRun *run, GError **error)
{
  JsonBuilder *json = dh_trainer_begin_event (run, "start");
  dh_run_json_add_text (json, "path", run->folder->path);
  dh_run_json_add_text (json, "device", dh_device_name (run->device));
  dh_run_json_add_text (json, "device_title", dh_device_title (run->device));
  dh_run_json_add_count (json, "threads", dh_device_threads (run->device));
  dh_run_json_add_text (json, "precision", dh_precision_name (run->config->precision));
  dh_run_json_add_count (json, "steps", run->epoch_steps * run->config->recipe->epochs);
  dh_run_json_add_count (json, "epochs", run->config->recipe->epochs);
  dh_run_json_add_count (json, "parameters", (guint64)dh_net_parameter_count (run->net));
  dh_run_json_add_number (json, "validation_steps", validation_steps (run));
  dh_run_json_add_text (json, "program", DH_VERSION);
  return dh_trainer_end_event (run, json, error);
}

static gboolean
log_plain (DhTrainerRun *run, const char *name, GError **error)
{
  return dh_trainer_end_event (run, dh_trainer_begin_event (run, name), error);
}

static gboolean
log_note (DhTrainerRun *run, const char *why, GError **error)
{
  JsonBuilder *json = dh_trainer_begin_event (run, "note");
  dh_run_json_add_text (json, "why", why);
  return dh_trainer_end_event (run, json, error);
}

/* What is not learnt from or measured on though it may lie there. */
static gboolean
log_pictures (DhTrainerRun *run, GError **error)
{
  DhDataset *const sets[] = { run->pictures.dataset, run->pictures.negatives };
  for (guint i = 0; i < G_N_ELEMENTS (sets); i++)
    for (const char *const *note = sets[i] ? dh_dataset_folder_notes (sets[i]) : NULL; note && *note; note++)
      if (!log_note (run, *note, error))
        return FALSE;
  return run->validation.n_items > 0
         || log_note (run, "there are no validation images: nothing is measured, and the last model counts as the best",
                      error);
}

/* What whoever follows it will want to know: that a better device was there, and why it may end with other numbers than
 * a run that was never stopped. (What computes a layer decides the order in which its sums are made.) */
static gboolean
log_notes (DhTrainerRun *run, GError **error)
{
  g_autofree char *device = dh_device_dup_note (run->device);
  return (!device || log_note (run, device, error)) && log_pictures (run, error)
         && (!run->planless
             || log_note (run,
                          "plan.json is missing: what computes each layer was chosen anew, and from here on the last "
                          "bits of the numbers may be others than those of a run that was never stopped",
                          error))
         && (!run->changed
             || log_note (run,
                          "images or labels are not of the sizes that they were of before: from here on it learns "
                          "from what is there now",
                          error));
}

static gboolean
is_paused (const DhTrainerRun *run, GCancellable *cancellable)
{
  const DhTraining *training = run->training;
  return training->is_paused && training->is_paused (training->data) && !g_cancellable_is_cancelled (cancellable);
}

/* Whether something would be lost: what has not learnt yet begins anew just so. */
static gboolean
is_unsaved (const DhTrainerRun *run)
{
  return run->step > 0 && run->checkpoint_step != (gint64)run->step;
}

/* Nothing is lost where a paused process is killed. */
static gboolean
wait_while_paused (DhTrainerRun *run, GCancellable *cancellable, GError **error)
{
  if (!is_paused (run, cancellable))
    return TRUE;
  if ((is_unsaved (run) && !dh_trainer_save_checkpoint (run, error)) || !log_plain (run, "pause", error))
    return FALSE;
  dh_run_lock_set_phase (run->folder->lock, DH_RUN_PAUSED, NULL);
  while (is_paused (run, cancellable))
    g_usleep (50000);
  dh_run_lock_set_phase (run->folder->lock, DH_RUN_STEPPING, NULL);
  return log_plain (run, "continue", error);
}

static gboolean
is_time_for_checkpoint (const DhTrainerRun *run)
{
  const guint64 often = run->config->checkpoint_steps;
  return (often && run->step % often == 0)
         || g_get_monotonic_time () - run->checkpoint_at > run->config->recipe->checkpoint_seconds * G_USEC_PER_SEC;
}

static gboolean
go_on (DhTrainerRun *run, GCancellable *cancellable, GError **error)
{
  const guint64 end = run->epoch_steps * run->config->recipe->epochs;
  const guint64 most = run->training->most_steps;
  /* Stopped while it validated. */
  if (run->step > 0 && run->step % run->epoch_steps == 0 && run->validated < run->step / run->epoch_steps
      && !dh_trainer_end_epoch (run, cancellable, error))
    return FALSE;
  while (run->step < end && !dh_trainer_is_out_of_patience (run))
    {
      if (most && run->step >= most)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Stopped behind step %" G_GUINT64_FORMAT, run->step);
          return FALSE;
        }
      if (!wait_while_paused (run, cancellable, error) || g_cancellable_set_error_if_cancelled (cancellable, error)
          || !dh_trainer_step (run, cancellable, error))
        return FALSE;
      const gboolean whole = run->step % run->epoch_steps == 0;
      if (whole ? !dh_trainer_end_epoch (run, cancellable, error)
                : is_time_for_checkpoint (run) && !dh_trainer_save_checkpoint (run, error))
        return FALSE;
    }
  return TRUE;
}

/* The last word, in the log and in the lock, which a full disk cannot keep from being written. */
static void
log_end (DhTrainerRun *run, DhRunPhase phase, const char *why)
{
  g_autoptr (GError) ignored = NULL;
  JsonBuilder *json = dh_trainer_begin_event (run, "end");
  dh_run_json_add_text (json, "state", dh_run_phase_name (phase));
  dh_run_json_add_text (json, "why", why);
  dh_run_json_add_text (json, "path", run->folder->path);
  dh_trainer_end_event (run, json, &ignored);
  dh_run_lock_set_phase (run->folder->lock, phase, why);
}

static gboolean
finish (DhTrainerRun *run, GError *why, GError **error)
{
  if (!why)
    {
      g_autofree char *early =
          dh_trainer_is_out_of_patience (run) && run->step < run->epoch_steps * run->config->recipe->epochs
              ? g_strdup_printf ("ended early: no better model for %u epoch%s, the best is of epoch %" G_GUINT64_FORMAT,
                                 run->config->recipe->patience, run->config->recipe->patience == 1 ? "" : "s",
                                 run->best_epoch)
              : NULL;
      log_end (run, DH_RUN_DONE, early ? early : "done");
      return TRUE;
    }
  g_autoptr (GError) last = why;
  if (run->begun && is_unsaved (run) && !g_error_matches (last, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    dh_trainer_rescue (run);
  else if (run->begun && is_unsaved (run))
    {
      g_autoptr (GError) unsaved = NULL;
      dh_run_lock_set_phase (run->folder->lock, DH_RUN_STOPPING, NULL);
      if (!dh_trainer_save_checkpoint (run, &unsaved))
        {
          g_clear_error (&last);
          last = g_steal_pointer (&unsaved);
        }
    }
  const gboolean stopped = g_error_matches (last, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  const gboolean memory = g_error_matches (last, DH_ERROR, DH_ERROR_NO_MEMORY);
  g_autofree char *checkpoint = dh_run_folder_file (run->folder, "checkpoint.pth");
  if (!stopped && run->checkpoint_step >= 0 && g_file_test (checkpoint, G_FILE_TEST_EXISTS))
    {
      g_autofree char *message = g_strdup_printf ("%s. The last good checkpoint, of step %" G_GINT64_FORMAT ", is kept",
                                                  last->message, run->checkpoint_step);
      g_free (last->message);
      last->message = g_steal_pointer (&message);
    }
  log_end (run,
           stopped  ? DH_RUN_STOPPED
           : memory ? DH_RUN_OUT_OF_MEMORY
                    : DH_RUN_FAILED,
           stopped ? "stopped" : last->message);
  g_propagate_error (error, g_steal_pointer (&last));
  return FALSE;
}

/* From the beginning or a checkpoint to the end, or to what ends it. */
static gboolean
work (DhTrainerRun *run, GCancellable *cancellable, GError **error)
{
  run->checkpoint_at = g_get_monotonic_time ();
  if (!prepare (run, cancellable, error))
    return FALSE;
  run->begun = TRUE;
  dh_run_lock_set_step (run->folder->lock, run->step);
  if (run->checkpoint_step >= 0)
    dh_run_lock_set_checkpoint (run->folder->lock, (guint64)run->checkpoint_step);
  dh_run_lock_set_phase (run->folder->lock, DH_RUN_STEPPING, NULL);
  /* Killed in between, it says it again. */
  return log_start (run, error) && log_notes (run, error) && write_other_data (run, error)
         && go_on (run, cancellable, error);
}

/* A device was lost with a way of computing something that is left out from now on: the run is prepared anew, as one
 * that was stopped at its last checkpoint, or as it was where it never began. FALSE where there is no such reason. */
static gboolean
begin_again (DhTrainerRun *run, DhTraining *again, GError **why)
{
  /* Others that train with it would have to go back as well. */
  if (!*why || again->reduce || !run->device || !dh_device_leaves_out (run->device))
    return FALSE;
  if (run->begun)
    {
      g_autofree char *note = g_strdup_printf (
          "%s. What the device was lost with is left out from here on, and the training goes on from %s",
          (*why)->message, run->checkpoint_step >= 0 ? "its last checkpoint" : "its beginning");
      if (!log_note (run, note, NULL))
        return FALSE;
      /* All else is the run's own. */
      if (!again->resume)
        again->device = again->data_root = again->negative_root = NULL;
      again->threads = again->resume ? again->threads : 0;
      again->resume = TRUE;
    }
  DhRunFolder *folder = g_steal_pointer (&run->folder);
  const gint64 checkpoint_step = run->checkpoint_step;
  clear_run (run);
  *run = (DhTrainerRun){ .training = again, .folder = folder, .best = -INFINITY, .checkpoint_step = checkpoint_step };
  g_clear_error (why);
  return TRUE;
}

gboolean
dh_train (const DhTraining *training, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (training != NULL && training->folder != NULL, FALSE);
  g_return_val_if_fail (training->resume || (training->recipe && training->data_root), FALSE);
  DhTraining own = *training;
  g_auto (DhTrainerRun) run = { .training = &own, .best = -INFINITY, .checkpoint_step = -1 };
  if (!(run.folder = dh_run_folder_open (training->folder, !training->resume, error)))
    return FALSE;
  GError *why = NULL;
  /* Each time there is less that it can be lost with. */
  do
    work (&run, cancellable, &why);
  while (begin_again (&run, &own, &why));
  return finish (&run, why, error);
}

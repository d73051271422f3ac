#include "dh-trainer-private.h"

#include "dh-error.h"
#include "dh-groups.h"

/* Which pictures are learnt from, and which are measured on. */

/* Whether it is what the run began with. A new one begins with it; of one that an older program began it may not be
 * known. */
static gboolean
is_as_before (const DhTrainerRun *run, char **before, char *now)
{
  if (!*before && !run->training->resume)
    *before = g_strdup (now);
  return !*before || g_str_equal (*before, now);
}

/* A run that is gone on with must see the same pictures, in the same order. What is in them may have been mended. */
static gboolean
check_pictures (DhTrainerRun *run, GCancellable *cancellable, GError **error)
{
  g_autofree char *names = dh_pictures_dup_hash (&run->pictures),
                  *files = dh_pictures_dup_files_hash (&run->pictures, cancellable, error);
  if (!files)
    return FALSE;
  run->changed = !is_as_before (run, &run->config->files, files);
  if (run->changed)
    {
      g_free (run->config->files);
      run->config->files = g_steal_pointer (&files);
    }
  if (is_as_before (run, &run->config->pictures, names))
    return TRUE;
  const char *negatives = run->pictures.negatives ? run->config->negative_root : NULL;
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
               "The images in %s%s%s are others than those that this training began with; put them back, or begin a "
               "new training with its last model (--model)",
               run->config->data_root, negatives ? " or " : "", negatives ? negatives : "");
  return FALSE;
}

gboolean
dh_trainer_prepare_data (DhTrainerRun *run, GCancellable *cancellable, GError **error)
{
  DhRecipe *recipe = run->config->recipe;
  if (!dh_pictures_open_data (&run->pictures, recipe, run->config->data_root, cancellable, error)
      || (recipe->negatives
          && !dh_pictures_open_negatives (&run->pictures, run->config->negative_root, cancellable, error))
      || !check_pictures (run, cancellable, error))
    return FALSE;
  recipe->classes = run->pictures.classes;
  run->composer = dh_pictures_compose (&run->pictures, recipe, FALSE);
  run->validation = dh_pictures_compose (&run->pictures, recipe, TRUE);
  run->loader = dh_batch_loader_new (&run->composer, run->config->seed, 0, 1, 0);
  dh_batch_loader_set_cancellable (run->loader, cancellable);
  run->epoch_steps = dh_batch_loader_epoch_size (run->loader) / recipe->accumulation;
  if (run->epoch_steps)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
               "%s holds %u training images, too few for one step of %u × %u; use a smaller batch",
               run->config->data_root, run->composer.n_items, recipe->accumulation, recipe->batch);
  return FALSE;
}

/* A picture of 2048×1024 is decoded, scaled and cropped in some 55 ms: two threads keep up with a processor that
 * trains on the same cores, and a card takes what all the others give. */
guint
dh_training_workers (DhDevice *device)
{
  return dh_device_has_memory (device) ? CLAMP (dh_groups_processors () - 1, 2, 16) : 2;
}

void
dh_trainer_start_loading (DhTrainerRun *run)
{
  const guint wanted = run->training->workers;
  run->workers = wanted == DH_TRAINING_AUTO ? dh_training_workers (run->device) : wanted;
  dh_batch_loader_set_workers (run->loader, run->workers);
}

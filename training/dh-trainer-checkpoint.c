#include "dh-trainer-private.h"

#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-onnx-trained.h"
#include "dh-run-json.h"

#define FIRST_MOMENT "adam.first."
#define SECOND_MOMENT "adam.second."

static void
count_batches (DhTrainerRun *run)
{
  for (guint i = 0; i < dh_tensor_dict_size (run->state); i++)
    {
      const char *name = dh_tensor_dict_name (run->state, i);
      if (!g_str_has_suffix (name, "num_batches_tracked") || strstr (name, "logits_aux"))
        continue;
      const gint64 count = (gint64)(run->step * run->config->recipe->accumulation);
      dh_tensor_dict_take (run->state, name,
                           dh_tensor_new_take (DH_DTYPE_I64, 0, NULL, g_bytes_new (&count, sizeof count)));
    }
}

static void
insert_number (GHashTable *metadata, const char *name, guint64 value)
{
  g_hash_table_insert (metadata, (gpointer)name, g_strdup_printf ("%" G_GUINT64_FORMAT, value));
}

gboolean
dh_trainer_save_checkpoint (DhTrainerRun *run, GError **error)
{
  if (!dh_trainer_fetch (run, error))
    return FALSE;
  g_autoptr (DhTensorDict) extra = dh_tensor_dict_new ();
  for (guint i = 0; run->optimiser.names[i]; i++)
    {
      g_autofree char *first = g_strconcat (FIRST_MOMENT, run->optimiser.names[i], NULL);
      g_autofree char *second = g_strconcat (SECOND_MOMENT, run->optimiser.names[i], NULL);
      dh_tensor_dict_take (extra, first,
                           dh_tensor_ref (dh_tensor_dict_get (run->optimiser.adam.first, run->optimiser.names[i])));
      dh_tensor_dict_take (extra, second,
                           dh_tensor_ref (dh_tensor_dict_get (run->optimiser.adam.second, run->optimiser.names[i])));
    }
  g_autoptr (GHashTable) metadata = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  char best[G_ASCII_DTOSTR_BUF_SIZE];
  insert_number (metadata, "step", run->step);
  insert_number (metadata, "epoch", run->step / run->epoch_steps);
  insert_number (metadata, "seed", run->config->seed);
  insert_number (metadata, "skipped", run->skipped);
  insert_number (metadata, "bad", run->bad);
  insert_number (metadata, "validated", run->validated);
  insert_number (metadata, "best_epoch", run->best_epoch);
  g_hash_table_insert (metadata, (gpointer) "best", g_strdup (g_ascii_dtostr (best, sizeof best, run->best)));
  g_hash_table_insert (metadata, (gpointer) "recipe", dh_recipe_to_json (run->config->recipe));
  if (run->foreign.net)
    g_hash_table_insert (metadata, (gpointer) "network", g_strdup (run->foreign.sum));
  g_autofree char *path = dh_run_folder_file (run->folder, "checkpoint.pth");
  count_batches (run);
  const DhCheckpointContents contents = { run->state, extra, metadata };
  if (!dh_checkpoint_save_pth (path, &contents, error))
    return FALSE;
  dh_run_lock_set_checkpoint (run->folder->lock, run->step);
  run->checkpoint_at = g_get_monotonic_time ();
  run->checkpoint_step = (gint64)run->step;
  JsonBuilder *json = dh_trainer_begin_event (run, "checkpoint");
  dh_run_json_add_text (json, "path", path);
  return dh_trainer_end_event (run, json, error);
}

static gboolean
is_finite (DhTensorDict *dict)
{
  for (guint i = 0; i < dh_tensor_dict_size (dict); i++)
    {
      DhTensor *tensor = dh_tensor_dict_at (dict, i);
      const float *values = tensor->dtype == DH_DTYPE_F32 ? dh_tensor_f32 (tensor) : NULL;
      for (gint64 k = 0; values && k < dh_tensor_count (tensor); k++)
        if (!isfinite (values[k]))
          return FALSE;
    }
  return TRUE;
}

void
dh_trainer_rescue (DhTrainerRun *run)
{
  g_autoptr (GError) error = NULL;
  if (run->whole && dh_trainer_fetch (run, &error) && is_finite (run->state) && is_finite (run->optimiser.adam.first)
      && is_finite (run->optimiser.adam.second))
    dh_trainer_save_checkpoint (run, &error);
  if (error)
    g_info ("%s: step %" G_GUINT64_FORMAT " could not be saved: %s", run->folder->path, run->step, error->message);
}

gboolean
dh_trainer_save_model (DhTrainerRun *run, const char *name, GError **error)
{
  g_autofree char *file = g_strconcat (name, run->foreign.net ? ".onnx" : ".pth", NULL);
  g_autofree char *path = dh_run_folder_file (run->folder, file);
  if (!dh_trainer_fetch (run, error))
    return FALSE;
  if (run->foreign.net)
    return dh_onnx_save_trained (path, run->net, run->state, &run->foreign.pictures, (gint)run->config->recipe->crop,
                                 error);
  count_batches (run);
  const DhCheckpointContents contents = { .state = run->state };
  return dh_checkpoint_save_pth (path, &contents, error);
}

static guint64
read_number (DhCheckpoint *checkpoint, const char *name)
{
  const char *text = g_hash_table_lookup (dh_checkpoint_metadata (checkpoint), name);
  return text ? g_ascii_strtoull (text, NULL, 10) : 0;
}

gboolean
dh_trainer_check_checkpoint (const DhTrainerRun *run, DhCheckpoint *checkpoint, GError **error)
{
  GHashTable *metadata = dh_checkpoint_metadata (checkpoint);
  const char *seed = g_hash_table_lookup (metadata, "seed"), *stored = g_hash_table_lookup (metadata, "recipe");
  /* In today's fields, whatever program wrote it. */
  g_autoptr (DhRecipe) recipe = stored ? dh_recipe_from_json (stored, run->config->recipe->name, NULL) : NULL;
  g_autofree char *then = recipe ? dh_recipe_to_json (recipe) : NULL;
  g_autofree char *now = dh_recipe_to_json (run->config->recipe);
  const char *what = NULL;
  if (!seed || !recipe)
    what = "does not say of which training it is";
  else if (read_number (checkpoint, "seed") != run->config->seed)
    what = "is of a training with another seed";
  else if (!g_str_equal (then, now))
    what = "is of a training with another recipe";
  if (!what)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
               "%s %s, and this one cannot go on from it; put its own back, or begin a new training with it (--model)",
               dh_checkpoint_name (checkpoint), what);
  return FALSE;
}

/* The optimiser's state; the network's was taken already. */
gboolean
dh_trainer_restore (DhTrainerRun *run, DhCheckpoint *checkpoint, GError **error)
{
  for (guint i = 0; run->optimiser.names[i]; i++)
    for (guint moment = 0; moment < 2; moment++)
      {
        g_autofree char *name = g_strconcat (moment ? SECOND_MOMENT : FIRST_MOMENT, run->optimiser.names[i], NULL);
        DhTensor *to = dh_tensor_dict_get (moment ? run->optimiser.adam.second : run->optimiser.adam.first,
                                           run->optimiser.names[i]);
        DhTensor *from = dh_tensor_dict_get (dh_checkpoint_extra (checkpoint), name);
        if (!from || from->dtype != DH_DTYPE_F32 || dh_tensor_count (from) != dh_tensor_count (to))
          {
            g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s lacks “%s” and cannot be resumed from",
                         dh_checkpoint_name (checkpoint), name);
            return FALSE;
          }
        memcpy (dh_tensor_f32 (to), dh_tensor_data (from), dh_tensor_size_bytes (to));
      }
  if (!is_finite (run->optimiser.adam.first) || !is_finite (run->optimiser.adam.second))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID,
                   "%s: its optimiser holds NaN or infinite values, with which nothing can be learnt; begin a new "
                   "training with one of its models (--model)",
                   dh_checkpoint_name (checkpoint));
      return FALSE;
    }
  run->step = read_number (checkpoint, "step");
  run->skipped = read_number (checkpoint, "skipped");
  run->bad = read_number (checkpoint, "bad");
  run->validated = read_number (checkpoint, "validated");
  run->best_epoch = read_number (checkpoint, "best_epoch");
  run->checkpoint_step = (gint64)run->step;
  const char *best = g_hash_table_lookup (dh_checkpoint_metadata (checkpoint), "best");
  run->best = best ? g_ascii_strtod (best, NULL) : -INFINITY;
  return TRUE;
}

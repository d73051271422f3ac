#include "dh-trainer.h"

#include <math.h>
#include <string.h>

#include "dh-adam.h"
#include "dh-batch-loader.h"
#include "dh-checkpoint.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-model.h"
#include "dh-nets.h"
#include "dh-run-folder.h"
#include "dh-train-plan.h"
#include "dh-validation.h"

#define FIRST_MOMENT "adam.first."
#define SECOND_MOMENT "adam.second."
#define MOST_BAD_STEPS 3

typedef struct
{
  const DhTraining *training;
  DhRecipe *recipe;
  char *data_root, *negative_root;
  guint64 seed;
  DhRunFolder *folder;
  DhDevice *device;
  DhNet *net;
  DhTensorDict *state; /* the whole state dict, float32 in memory of its own */
  char **trained;      /* names */
  DhAdam adam;
  double *rates;
  DhTensorDict *statistics; /* copies of the running ones, to go back to */
  DhDataset *dataset, *negatives;
  GArray *items, *validation_items, *negative_items;
  DhComposer composer, validation;
  DhBatchLoader *loader;
  DhTrainPlan *plans[2]; /* of the recipe's batch, and of an epoch's last */
  guint plan_sizes[2];
  guint64 step, epoch_steps; /* steps done; of an epoch */
  guint64 skipped, bad;
  guint64 validated; /* epochs */
  double best;
  gint64 last_checkpoint;
} Run;

static void
clear_run (Run *run)
{
  for (guint i = 0; i < G_N_ELEMENTS (run->plans); i++)
    g_clear_pointer (&run->plans[i], dh_train_plan_free);
  g_clear_pointer (&run->loader, dh_batch_loader_free);
  dh_adam_clear (&run->adam);
  g_clear_pointer (&run->statistics, dh_tensor_dict_unref);
  g_clear_pointer (&run->state, dh_tensor_dict_unref);
  g_clear_pointer (&run->net, dh_net_unref);
  g_clear_pointer (&run->device, dh_device_unref);
  g_clear_pointer (&run->dataset, dh_dataset_unref);
  g_clear_pointer (&run->negatives, dh_dataset_unref);
  g_clear_pointer (&run->items, g_array_unref);
  g_clear_pointer (&run->validation_items, g_array_unref);
  g_clear_pointer (&run->negative_items, g_array_unref);
  g_clear_pointer (&run->trained, g_strfreev);
  g_clear_pointer (&run->folder, dh_run_folder_free);
  g_clear_pointer (&run->recipe, dh_recipe_free);
  g_free (run->rates);
  g_free (run->data_root);
  g_free (run->negative_root);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Run, clear_run)

/* Events */

static JsonBuilder *
begin_event (const Run *run, const char *name)
{
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "event");
  json_builder_add_string_value (json, name);
  json_builder_set_member_name (json, "step");
  json_builder_add_int_value (json, (gint64)run->step);
  json_builder_set_member_name (json, "epoch");
  /* Of a step: the epoch that it belongs to, counted from 0; else the epochs done. */
  const guint64 at = run->step - (g_str_equal (name, "step") && run->step > 0);
  json_builder_add_int_value (json, (gint64)(at / run->epoch_steps));
  return json;
}

static void
add_number (JsonBuilder *json, const char *name, double value)
{
  json_builder_set_member_name (json, name);
  if (isfinite (value))
    json_builder_add_double_value (json, value);
  else
    json_builder_add_null_value (json);
}

static void
add_text (JsonBuilder *json, const char *name, const char *value)
{
  json_builder_set_member_name (json, name);
  json_builder_add_string_value (json, value);
}

/* Takes `json`. */
static gboolean
end_event (Run *run, JsonBuilder *json, GError **error)
{
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_object_unref (json);
  g_autofree char *line = json_to_string (root, FALSE);
  const gboolean ok = dh_run_folder_log (run->folder, line, error);
  if (run->training->event)
    run->training->event (line, run->training->data);
  return ok;
}

/* Weights */

static DhTensor *
copy_tensor (DhTensor *tensor)
{
  DhTensor *copy = dh_tensor_new_f32 (tensor->n_dims, tensor->dims);
  g_autoptr (DhTensor) source = dh_tensor_to_f32 (tensor);
  if (copy && source)
    memcpy (dh_tensor_f32 (copy), dh_tensor_data (source), dh_tensor_size_bytes (copy));
  return copy;
}

/* Every floating-point tensor in memory of its own. */
static DhTensorDict *
own_state (DhTensorDict *state, GError **error)
{
  g_autoptr (DhTensorDict) own = dh_tensor_dict_new ();
  for (guint i = 0; i < dh_tensor_dict_size (state); i++)
    {
      DhTensor *tensor = dh_tensor_dict_at (state, i);
      DhTensor *copy = tensor->dtype <= DH_DTYPE_F64 ? copy_tensor (tensor) : dh_tensor_ref (tensor);
      if (!copy)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the weights");
          return NULL;
        }
      dh_tensor_dict_take (own, dh_tensor_dict_name (state, i), copy);
    }
  return g_steal_pointer (&own);
}

static gboolean
prepare_network (Run *run, DhTensorDict *resumed, GError **error)
{
  const DhTraining *training = run->training;
  g_autoptr (DhTensorDict) state = NULL;
  DhArchitecture architecture;
  if (!dh_architecture_from_name (run->recipe->architecture, run->recipe->classes, &architecture, error))
    return FALSE;
  if (architecture.outlier_head != run->recipe->negatives)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
                   "The network “%s” %s an outlier head, but the recipe trains %s negatives", run->recipe->architecture,
                   architecture.outlier_head ? "has" : "has not", run->recipe->negatives ? "with" : "without");
      return FALSE;
    }
  run->net = dh_net_new (&architecture);
  if (resumed)
    state = dh_tensor_dict_ref (resumed);
  else if (training->init)
    {
      const DhModelOptions options = { .classes = architecture.classes,
                                       .fresh_outlier_head = architecture.outlier_head };
      g_autoptr (DhModel) model = dh_model_load (training->init, &options, error);
      state = model ? dh_model_dup_state (model, error) : NULL;
    }
  else
    state = dh_net_new_fresh (run->net, "", run->seed);
  if (!state)
    {
      if (error && !*error)
        g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the weights");
      return FALSE;
    }
  if (!dh_net_check_keys (run->net, state, error) || !(run->state = own_state (state, error)))
    return FALSE;

  const DhValue outputs[2] = { run->net->logits, run->net->logits_ood };
  g_autoptr (GArray) list =
      dh_graph_list_parameters (run->net->graph, outputs, run->net->logits_ood == DH_NO_VALUE ? 1 : 2);
  g_autoptr (GStrvBuilder) trained = g_strv_builder_new ();
  run->statistics = dh_tensor_dict_new ();
  run->rates = g_new0 (double, list->len);
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *parameter = &g_array_index (list, DhParameter, i);
      DhTensor *value = dh_tensor_dict_get (run->state, parameter->name);
      if (parameter->trained)
        g_strv_builder_add (trained, parameter->name);
      else
        dh_tensor_dict_take (run->statistics, parameter->name, dh_tensor_new_f32 (value->n_dims, value->dims));
    }
  run->trained = g_strv_builder_end (trained);
  if (dh_adam_init (&run->adam, run->state, (const char *const *)run->trained))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_NO_MEMORY, "Memory is too short for the optimiser");
  return FALSE;
}

/* Copies the running statistics aside, or back. */
static void
keep_statistics (Run *run, gboolean back)
{
  for (guint i = 0; i < dh_tensor_dict_size (run->statistics); i++)
    {
      DhTensor *copy = dh_tensor_dict_at (run->statistics, i);
      DhTensor *value = dh_tensor_dict_get (run->state, dh_tensor_dict_name (run->statistics, i));
      memcpy (dh_tensor_f32 (back ? value : copy), dh_tensor_f32 (back ? copy : value), dh_tensor_size_bytes (copy));
    }
}

/* Data */

static GArray *
choose_items (DhDataset *dataset, const char *const *splits, gboolean with_labels)
{
  GArray *items = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const DhDatasetItem *item = dh_dataset_item (dataset, i);
      if ((!splits || g_strv_contains (splits, item->split)) && (!with_labels || item->label))
        g_array_append_val (items, i);
    }
  return items;
}

static gboolean
prepare_data (Run *run, GCancellable *cancellable, GError **error)
{
  static const char *const training[] = { "train", "training", NULL }, *const validation[] = { "val", "validation",
                                                                                               NULL };
  run->dataset = dh_dataset_open (run->data_root, run->recipe->dataset, NULL, cancellable, NULL, error);
  if (!run->dataset)
    return FALSE;
  const DhClassTable *table = dh_dataset_class_table (run->dataset);
  if (!table || (run->recipe->classes && run->recipe->classes != (gint)table->n_classes))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s: %s has %s", run->data_root, dh_dataset_title (run->dataset),
                   table ? "another number of classes than the recipe" : "no class labels to learn from");
      return FALSE;
    }
  run->recipe->classes = (gint)table->n_classes;
  run->items = choose_items (run->dataset, training, TRUE);
  run->validation_items = choose_items (run->dataset, validation, TRUE);
  if (run->items->len == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s holds no labelled pictures for training", run->data_root);
      return FALSE;
    }
  if (run->recipe->negatives)
    {
      if (!run->negative_root)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "The recipe pastes negatives; give their folder with %s",
                       "--neg_dataroot DIR");
          return FALSE;
        }
      run->negatives = dh_dataset_open (run->negative_root, NULL, NULL, cancellable, NULL, error);
      if (!run->negatives)
        return FALSE;
      run->negative_items = choose_items (run->negatives, NULL, FALSE);
      if (run->negative_items->len == 0)
        {
          g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s holds no pictures", run->negative_root);
          return FALSE;
        }
    }
  run->composer = (DhComposer){ .recipe = run->recipe,
                                .dataset = run->dataset,
                                .negatives = run->negatives,
                                .items = (const guint *)(gpointer)run->items->data,
                                .n_items = run->items->len,
                                .classes = run->recipe->classes };
  if (run->negatives)
    {
      run->composer.negative_items = (const guint *)(gpointer)run->negative_items->data;
      run->composer.n_negative_items = run->negative_items->len;
    }
  run->validation = run->composer;
  run->validation.items = (const guint *)(gpointer)run->validation_items->data;
  run->validation.n_items = run->validation_items->len;
  run->loader = dh_batch_loader_new (&run->composer, run->seed, 0, 1, run->training->workers);
  const guint64 batches = dh_batch_loader_epoch_size (run->loader);
  run->epoch_steps = batches / run->recipe->accumulation;
  if (run->epoch_steps)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
               "%s holds %u training pictures, too few for one step of %u × %u; use a smaller batch", run->data_root,
               run->items->len, run->recipe->accumulation, run->recipe->batch);
  return FALSE;
}

/* Checkpoints */

static void
count_batches (Run *run)
{
  for (guint i = 0; i < dh_tensor_dict_size (run->state); i++)
    {
      const char *name = dh_tensor_dict_name (run->state, i);
      if (!g_str_has_suffix (name, "num_batches_tracked") || strstr (name, "logits_aux"))
        continue;
      const gint64 count = (gint64)(run->step * run->recipe->accumulation);
      dh_tensor_dict_take (run->state, name,
                           dh_tensor_new_take (DH_DTYPE_I64, 0, NULL, g_bytes_new (&count, sizeof count)));
    }
}

static void
insert_number (GHashTable *metadata, const char *name, guint64 value)
{
  g_hash_table_insert (metadata, (gpointer)name, g_strdup_printf ("%" G_GUINT64_FORMAT, value));
}

static gboolean
save_checkpoint (Run *run, GError **error)
{
  g_autoptr (DhTensorDict) extra = dh_tensor_dict_new ();
  for (guint i = 0; run->trained[i]; i++)
    {
      g_autofree char *first = g_strconcat (FIRST_MOMENT, run->trained[i], NULL);
      g_autofree char *second = g_strconcat (SECOND_MOMENT, run->trained[i], NULL);
      dh_tensor_dict_take (extra, first, dh_tensor_ref (dh_tensor_dict_get (run->adam.first, run->trained[i])));
      dh_tensor_dict_take (extra, second, dh_tensor_ref (dh_tensor_dict_get (run->adam.second, run->trained[i])));
    }
  g_autoptr (GHashTable) metadata = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  char best[G_ASCII_DTOSTR_BUF_SIZE];
  insert_number (metadata, "step", run->step);
  insert_number (metadata, "epoch", run->step / run->epoch_steps);
  insert_number (metadata, "seed", run->seed);
  insert_number (metadata, "skipped", run->skipped);
  insert_number (metadata, "bad", run->bad);
  insert_number (metadata, "validated", run->validated);
  g_hash_table_insert (metadata, (gpointer) "best", g_strdup (g_ascii_dtostr (best, sizeof best, run->best)));
  g_hash_table_insert (metadata, (gpointer) "recipe", dh_recipe_to_json (run->recipe));
  g_autofree char *path = dh_run_folder_file (run->folder, "checkpoint.pth");
  count_batches (run);
  const DhCheckpointContents contents = { run->state, extra, metadata };
  if (!dh_checkpoint_save_pth (path, &contents, error))
    return FALSE;
  run->last_checkpoint = g_get_monotonic_time ();
  JsonBuilder *json = begin_event (run, "checkpoint");
  add_text (json, "path", path);
  return end_event (run, json, error);
}

static gboolean
save_model (Run *run, const char *name, GError **error)
{
  g_autofree char *path = dh_run_folder_file (run->folder, name);
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

/* The optimiser's state; the network's was taken already. */
static gboolean
restore (Run *run, DhCheckpoint *checkpoint, GError **error)
{
  for (guint i = 0; run->trained[i]; i++)
    for (guint moment = 0; moment < 2; moment++)
      {
        g_autofree char *name = g_strconcat (moment ? SECOND_MOMENT : FIRST_MOMENT, run->trained[i], NULL);
        DhTensor *to = dh_tensor_dict_get (moment ? run->adam.second : run->adam.first, run->trained[i]);
        DhTensor *from = dh_tensor_dict_get (dh_checkpoint_extra (checkpoint), name);
        if (!from || from->dtype != DH_DTYPE_F32 || dh_tensor_count (from) != dh_tensor_count (to))
          {
            g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s lacks “%s” and cannot be resumed from",
                         dh_checkpoint_name (checkpoint), name);
            return FALSE;
          }
        memcpy (dh_tensor_f32 (to), dh_tensor_data (from), dh_tensor_size_bytes (to));
      }
  run->step = read_number (checkpoint, "step");
  run->skipped = read_number (checkpoint, "skipped");
  run->bad = read_number (checkpoint, "bad");
  run->validated = read_number (checkpoint, "validated");
  const char *best = g_hash_table_lookup (dh_checkpoint_metadata (checkpoint), "best");
  run->best = best ? g_ascii_strtod (best, NULL) : -INFINITY;
  return TRUE;
}

/* config.json: the recipe, and what decides the run beside it. */
static gboolean
write_config (Run *run, GError **error)
{
  g_autofree char *recipe = dh_recipe_to_json (run->recipe);
  g_autoptr (JsonNode) node = json_from_string (recipe, NULL);
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "recipe");
  json_builder_add_value (json, g_steal_pointer (&node));
  add_text (json, "data_root", run->data_root);
  if (run->negative_root)
    add_text (json, "negative_root", run->negative_root);
  if (run->training->init)
    add_text (json, "init", run->training->init);
  add_text (json, "device", dh_device_name (run->device));
  json_builder_set_member_name (json, "threads");
  json_builder_add_int_value (json, dh_device_threads (run->device));
  json_builder_set_member_name (json, "seed");
  json_builder_add_int_value (json, (gint64)run->seed);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *text = json_to_string (root, TRUE);
  g_autofree char *path = dh_run_folder_file (run->folder, "config.json");
  return dh_file_write (path, text, strlen (text), error);
}

static const char *
text_member (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  return node && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

static gboolean
read_config (Run *run, GError **error)
{
  g_autofree char *path = dh_run_folder_file (run->folder, "config.json"), *text = NULL;
  g_autoptr (GBytes) bytes = dh_file_map (path, error);
  if (!bytes)
    return FALSE;
  text = g_strndup (g_bytes_get_data (bytes, NULL), MIN (g_bytes_get_size (bytes), 1 << 20));
  g_autoptr (JsonNode) root = json_from_string (text ? text : "", NULL);
  JsonObject *object = root && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  JsonNode *recipe = object ? json_object_get_member (object, "recipe") : NULL;
  JsonNode *seed = object ? json_object_get_member (object, "seed") : NULL;
  if (!recipe || !text_member (object, "data_root") || !seed || !JSON_NODE_HOLDS_VALUE (seed))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_INVALID, "%s does not describe a training", path);
      return FALSE;
    }
  g_autofree char *recipe_text = json_to_string (recipe, FALSE);
  run->recipe = dh_recipe_from_json (recipe_text, path, error);
  run->data_root = g_strdup (text_member (object, "data_root"));
  run->negative_root = g_strdup (text_member (object, "negative_root"));
  run->seed = (guint64)json_node_get_int (seed);
  return run->recipe != NULL;
}

/* One step */

static void
set_rates (Run *run)
{
  const DhRecipe *recipe = run->recipe;
  const double epoch = (double)(run->step / run->epoch_steps);
  const double rate =
      recipe->rate_min + (recipe->rate - recipe->rate_min) * (1 + cos (G_PI * epoch / recipe->epochs)) / 2;
  for (guint i = 0; run->trained[i]; i++)
    run->rates[i] = g_str_has_prefix (run->trained[i], "backbone.") ? rate * recipe->backbone : rate;
}

static DhTrainPlan *
find_plan (Run *run, guint n, GError **error)
{
  const guint which = n == run->recipe->batch ? 0 : 1;
  if (run->plans[which] && run->plan_sizes[which] == n)
    return run->plans[which];
  const gint crop = (gint)run->recipe->crop;
  const DhTrainOptions options = { .input = { (gint)n, 3, crop, crop },
                                   .logits = run->net->logits,
                                   .logits_ood = run->net->logits_ood,
                                   .beta = run->recipe->beta };
  g_clear_pointer (&run->plans[which], dh_train_plan_free);
  run->plan_sizes[which] = n;
  return run->plans[which] =
             dh_train_plan_new (run->device, run->net->graph, run->state, run->adam.gradients, &options, error);
}

static gboolean
accumulate (Run *run, DhLosses *sum, GCancellable *cancellable, GError **error)
{
  const guint n = run->recipe->accumulation;
  *sum = (DhLosses){ 0 };
  for (guint i = 0; i < n; i++)
    {
      const guint64 number = run->step * n + i;
      g_autoptr (DhBatch) batch = dh_batch_loader_take (run->loader, number, error);
      DhTrainPlan *plan = batch ? find_plan (run, batch->n, error) : NULL;
      DhLosses losses;
      if (!plan
          || !dh_train_plan_run (plan, batch->input, batch->labels, run->seed + number, 1.0 / n, &losses, cancellable,
                                 error))
        return FALSE;
      sum->total += losses.total / n;
      sum->segmentation += losses.segmentation / n;
      sum->likelihood += losses.likelihood / n;
      sum->posterior += losses.posterior / n;
      sum->labelled += losses.labelled;
      sum->negatives += losses.negatives;
    }
  return !run->training->reduce || run->training->reduce (run->adam.gradients, run->training->data, error);
}

/* A step without labelled pixels or with numbers that are not finite changes nothing. */
static gboolean
skip (Run *run, const DhLosses *losses, GError **error)
{
  keep_statistics (run, TRUE);
  dh_adam_zero_gradients (&run->adam);
  run->step++;
  run->skipped++;
  run->bad += losses->labelled > 0;
  JsonBuilder *json = begin_event (run, "skip");
  add_text (json, "why", losses->labelled ? "the loss or a gradient is not finite" : "no labelled pixel");
  if (!end_event (run, json, error))
    return FALSE;
  if (run->bad < MOST_BAD_STEPS)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_FAILED,
               "The training diverged: %u steps in a row gave no finite loss and gradient; go on from the last "
               "checkpoint with a smaller rate",
               MOST_BAD_STEPS);
  return FALSE;
}

static gboolean
do_step (Run *run, GCancellable *cancellable, GError **error)
{
  const gint64 begin = g_get_monotonic_time ();
  DhLosses losses;
  keep_statistics (run, FALSE);
  if (!accumulate (run, &losses, cancellable, error))
    {
      keep_statistics (run, TRUE);
      dh_adam_zero_gradients (&run->adam);
      return FALSE;
    }
  if (losses.labelled == 0 || !isfinite (losses.total) || !dh_adam_gradients_are_finite (&run->adam))
    return skip (run, &losses, error);
  run->bad = 0;
  set_rates (run);
  /* Skipped steps are none of the optimiser's. */
  dh_adam_step (&run->adam, run->state, run->rates, run->step - run->skipped + 1);
  run->step++;
  JsonBuilder *json = begin_event (run, "step");
  add_number (json, "loss", losses.total);
  add_number (json, "seg", losses.segmentation);
  if (run->recipe->negatives)
    {
      add_number (json, "like", losses.likelihood);
      add_number (json, "post", losses.posterior);
    }
  double rate = 0;
  for (guint i = 0; run->trained[i]; i++)
    rate = MAX (rate, run->rates[i]);
  add_number (json, "lr", rate);
  add_number (json, "seconds", 1e-6 * (double)(g_get_monotonic_time () - begin));
  return end_event (run, json, error);
}

static gboolean
end_epoch (Run *run, GCancellable *cancellable, GError **error)
{
  const gint64 begin = g_get_monotonic_time ();
  const guint64 epoch = run->step / run->epoch_steps;
  DhValidation found;
  if (!dh_validate (run->device, run->net, run->state, &run->validation, run->training->validation_images, &found,
                    cancellable, error))
    return FALSE;
  JsonBuilder *json = begin_event (run, "epoch");
  add_number (json, "miou", found.miou);
  add_number (json, "ap", found.ap);
  add_number (json, "auroc", found.auroc);
  add_number (json, "fpr95", found.fpr95);
  add_number (json, "seconds", 1e-6 * (double)(g_get_monotonic_time () - begin));
  if (!end_event (run, json, error))
    return FALSE;
  run->validated = epoch;
  const double value = g_str_equal (run->recipe->selection, "ap")     ? found.ap
                       : g_str_equal (run->recipe->selection, "miou") ? found.miou
                                                                      : (double)epoch;
  if (value > run->best || (isnan (value) && isinf (run->best)))
    {
      run->best = isnan (value) ? run->best : value;
      if (!save_model (run, "model_best.pth", error))
        return FALSE;
    }
  if (run->recipe->keep)
    {
      g_autofree char *name = g_strdup_printf ("model_%" G_GUINT64_FORMAT ".pth", epoch);
      if (!save_model (run, name, error))
        return FALSE;
      dh_run_folder_prune (run->folder, run->recipe->keep);
    }
  return save_checkpoint (run, error);
}

static gboolean
go_on (Run *run, GCancellable *cancellable, GError **error)
{
  const DhTraining *training = run->training;
  const guint64 end = run->epoch_steps * run->recipe->epochs;
  /* Stopped while it validated. */
  if (run->step > 0 && run->step % run->epoch_steps == 0 && run->validated < run->step / run->epoch_steps
      && !end_epoch (run, cancellable, error))
    return FALSE;
  while (run->step < end)
    {
      while (training->is_paused && training->is_paused (training->data) && !g_cancellable_is_cancelled (cancellable))
        g_usleep (100000);
      if (g_cancellable_set_error_if_cancelled (cancellable, error) || !do_step (run, cancellable, error))
        return FALSE;
      if (run->step % run->epoch_steps == 0)
        {
          if (!end_epoch (run, cancellable, error))
            return FALSE;
        }
      else if ((training->checkpoint_steps && run->step % training->checkpoint_steps == 0)
               || g_get_monotonic_time () - run->last_checkpoint > run->recipe->checkpoint_seconds * G_USEC_PER_SEC)
        {
          if (!save_checkpoint (run, error))
            return FALSE;
        }
      if (training->most_steps && run->step >= training->most_steps && run->step < end)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Stopped behind step %" G_GUINT64_FORMAT, run->step);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
prepare (Run *run, GCancellable *cancellable, GError **error)
{
  const DhTraining *training = run->training;
  run->folder = dh_run_folder_open (training->folder, !training->resume, error);
  if (!run->folder)
    return FALSE;
  if (training->resume && !read_config (run, error))
    return FALSE;
  if (!training->resume)
    {
      g_autofree char *text = dh_recipe_to_json (training->recipe);
      run->recipe =
          dh_recipe_check (training->recipe, error) ? dh_recipe_from_json (text, training->recipe->name, error) : NULL;
      run->data_root = g_strdup (training->data_root);
      run->negative_root = g_strdup (training->negative_root);
      run->seed = training->seed;
    }
  if (!run->recipe || !prepare_data (run, cancellable, error))
    return FALSE;
  run->device = dh_device_open (training->device, training->threads, error);
  if (!run->device)
    return FALSE;
  g_autofree char *path = dh_run_folder_file (run->folder, "checkpoint.pth");
  g_autoptr (DhCheckpoint) checkpoint = NULL;
  /* Killed before its first checkpoint: it begins anew. */
  if (training->resume && g_file_test (path, G_FILE_TEST_EXISTS) && !(checkpoint = dh_checkpoint_open (path, error)))
    return FALSE;
  if (!prepare_network (run, checkpoint ? dh_checkpoint_state (checkpoint) : NULL, error)
      || (checkpoint && !restore (run, checkpoint, error)))
    return FALSE;
  const guint64 bytes = 4 * (guint64)dh_net_parameter_count (run->net);
  return dh_run_folder_has_space (run->folder, bytes * (7 + run->recipe->keep) + (16 << 20), error)
         && (training->resume || write_config (run, error));
}

gboolean
dh_train (const DhTraining *training, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (training != NULL && training->folder != NULL && training->device != NULL, FALSE);
  g_return_val_if_fail (training->resume || (training->recipe && training->data_root), FALSE);
  g_auto (Run) run = { .training = training, .best = -INFINITY };
  if (!prepare (&run, cancellable, error))
    return FALSE;
  run.last_checkpoint = g_get_monotonic_time ();
  JsonBuilder *json = begin_event (&run, "start");
  add_text (json, "path", run.folder->path);
  add_text (json, "device", dh_device_name (run.device));
  json_builder_set_member_name (json, "steps");
  json_builder_add_int_value (json, (gint64)(run.epoch_steps * run.recipe->epochs));
  if (!end_event (&run, json, error))
    return FALSE;

  g_autoptr (GError) why = NULL;
  const gboolean done = go_on (&run, cancellable, &why);
  const gboolean stopped = g_error_matches (why, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_autoptr (GError) ignored = NULL;
  if (stopped && !save_checkpoint (&run, error))
    return FALSE;
  json = begin_event (&run, "end");
  add_text (json, "why", done ? "done" : stopped ? "stopped" : why->message);
  add_text (json, "path", run.folder->path);
  end_event (&run, json, &ignored);
  if (why)
    g_propagate_error (error, g_steal_pointer (&why));
  return done;
}

#include "dh-trainer-private.h"

#include "dh-error.h"

/* Which pictures are learnt from, and which are measured on. */

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

static void
add_names (GChecksum *sum, DhDataset *dataset, const GArray *items)
{
  for (guint i = 0; items && i < items->len; i++)
    g_checksum_update (sum, (const guint8 *)dh_dataset_item (dataset, g_array_index (items, guint, i))->stem, -1);
}

/* A run that is gone on with must see the same pictures, in the same order. */
static gboolean
check_pictures (DhTrainerRun *run, GError **error)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  add_names (sum, run->dataset, run->items);
  add_names (sum, run->dataset, run->validation_items);
  if (run->negatives)
    add_names (sum, run->negatives, run->negative_items);
  const char *now = g_checksum_get_string (sum);
  if (!run->config->pictures)
    run->config->pictures = g_strdup (now);
  if (g_str_equal (run->config->pictures, now))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
               "The pictures in %s%s%s are others than those that this training began with; put them back, or begin a "
               "new training with its last model (--model)",
               run->config->data_root, run->negatives ? " or " : "", run->negatives ? run->config->negative_root : "");
  return FALSE;
}

static gboolean
open_negatives (DhTrainerRun *run, GCancellable *cancellable, GError **error)
{
  if (!run->config->negative_root)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "The recipe pastes negatives; give their folder with %s",
                   "--neg_dataroot DIR");
      return FALSE;
    }
  run->negatives = dh_dataset_open (run->config->negative_root, NULL, NULL, cancellable, NULL, error);
  if (!run->negatives)
    return FALSE;
  run->negative_items = choose_items (run->negatives, NULL, FALSE);
  if (run->negative_items->len > 0)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s holds no pictures", run->config->negative_root);
  return FALSE;
}

gboolean
dh_trainer_prepare_data (DhTrainerRun *run, GCancellable *cancellable, GError **error)
{
  static const char *const training[] = { "train", "training", NULL }, *const validation[] = { "val", "validation",
                                                                                               NULL };
  run->dataset = dh_dataset_open (run->config->data_root, run->config->recipe->dataset, NULL, cancellable, NULL, error);
  if (!run->dataset)
    return FALSE;
  const DhClassTable *table = dh_dataset_class_table (run->dataset);
  if (!table || (run->config->recipe->classes && run->config->recipe->classes != (gint)table->n_classes))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH, "%s: %s has %s", run->config->data_root,
                   dh_dataset_title (run->dataset),
                   table ? "another number of classes than the recipe" : "no class labels to learn from");
      return FALSE;
    }
  run->config->recipe->classes = (gint)table->n_classes;
  run->items = choose_items (run->dataset, training, TRUE);
  run->validation_items = choose_items (run->dataset, validation, TRUE);
  if (run->items->len == 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_NOT_FOUND, "%s holds no labelled pictures for training",
                   run->config->data_root);
      return FALSE;
    }
  if (run->config->recipe->negatives && !open_negatives (run, cancellable, error))
    return FALSE;
  if (!check_pictures (run, error))
    return FALSE;
  run->composer = (DhComposer){ .recipe = run->config->recipe,
                                .dataset = run->dataset,
                                .negatives = run->negatives,
                                .items = (const guint *)(gpointer)run->items->data,
                                .n_items = run->items->len,
                                .classes = run->config->recipe->classes };
  if (run->negatives)
    {
      run->composer.negative_items = (const guint *)(gpointer)run->negative_items->data;
      run->composer.n_negative_items = run->negative_items->len;
    }
  run->validation = run->composer;
  run->validation.items = (const guint *)(gpointer)run->validation_items->data;
  run->validation.n_items = run->validation_items->len;
  run->loader = dh_batch_loader_new (&run->composer, run->config->seed, 0, 1, run->training->workers);
  dh_batch_loader_set_cancellable (run->loader, cancellable);
  const guint64 batches = dh_batch_loader_epoch_size (run->loader);
  run->epoch_steps = batches / run->config->recipe->accumulation;
  if (run->epoch_steps)
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_USAGE,
               "%s holds %u training pictures, too few for one step of %u × %u; use a smaller batch",
               run->config->data_root, run->items->len, run->config->recipe->accumulation, run->config->recipe->batch);
  return FALSE;
}

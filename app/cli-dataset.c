#include "cli-dataset.h"

DhDataset *
dh_cli_open_dataset (DhCli *cli, const DhCliDataset *set, int *status)
{
  if (!set->root)
    {
      *status = dh_cli_usage (cli, "--dataroot is missing: name the data set's folder");
      return NULL;
    }
  DhDatasetOptions options = { .splits = set->splits, .base_root = set->base };
  if (g_strcmp0 (set->ids, "raw") == 0)
    options.label_ids = DH_LABEL_IDS_RAW;
  else if (g_strcmp0 (set->ids, "shifted") == 0)
    options.label_ids = DH_LABEL_IDS_SHIFTED;
  else if (set->ids && !g_str_equal (set->ids, "auto"))
    {
      *status = dh_cli_usage (cli, "--label-ids is auto, raw or shifted, not \"%s\"", set->ids);
      return NULL;
    }
  g_autoptr (GError) error = NULL;
  DhDataset *dataset = dh_dataset_open (set->root, set->kind, &options, cli->cancellable, &cli->progress, &error);
  dh_cli_progress_end (cli);
  if (!dataset)
    *status = dh_cli_fail (cli, &error);
  return dataset;
}

void
dh_cli_dataset_clear (DhCliDataset *set)
{
  g_clear_pointer (&set->root, g_free);
  g_clear_pointer (&set->kind, g_free);
  g_clear_pointer (&set->splits, g_free);
  g_clear_pointer (&set->base, g_free);
  g_clear_pointer (&set->ids, g_free);
}

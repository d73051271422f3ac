#include "cli-dataset.h"

#include "dh-reading.h"

gboolean
dh_cli_parse_degrade (DhCli *cli, const char *text, DhDegradation *degradation, int *status)
{
  *degradation = (DhDegradation){ 0 };
  if (!text || dh_degradation_from_text (text, degradation))
    return TRUE;
  *status = dh_cli_usage (cli, "--degrade %s is none: write fog:3, of %s, with a severity of 1 to 5", text,
                          dh_degrade_names ());
  return FALSE;
}

DhDataset *
dh_cli_open_dataset (DhCli *cli, const DhCliDataset *set, int *status)
{
  if (!set->root)
    {
      *status = dh_cli_usage (cli, "--dataroot is missing: name the data set's folder");
      return NULL;
    }
  DhReading reading = { .kind = set->kind,
                        .splits = set->splits,
                        .base = set->base,
                        .labels_are_true = set->labels_are_true,
                        .mask_values = set->masks,
                        .region = set->region };
  if (set->ids && !dh_label_ids_from_name (set->ids, &reading.label_ids))
    {
      *status = dh_cli_usage (cli, "--label-ids is auto, raw, shifted or packed, not \"%s\"", set->ids);
      return NULL;
    }
  if (!dh_cli_parse_degrade (cli, set->degrade, &reading.degradation, status))
    return NULL;
  g_autoptr (GError) error = NULL;
  DhDataset *dataset = dh_reading_open (&reading, set->root, cli->cancellable, &cli->progress, &error);
  dh_cli_progress_end (cli);
  if (!dataset)
    *status = dh_cli_fail (cli, &error);
  return dataset;
}

void
dh_cli_say_notes (DhCli *cli, DhDataset *dataset)
{
  gboolean certain;
  dh_dataset_label_ids (dataset, &certain);
  for (const char *const *note = dh_dataset_notes (dataset); *note; note++)
    dh_cli_note (cli, "%s", *note);
  if (!certain)
    dh_cli_note (cli, "--label-ids raw, shifted or packed says how the labels count");
  dh_dataset_mask_values (dataset, &certain);
  if (!certain)
    dh_cli_note (cli, "--mask-values 'anomaly=1,2 ignore=255' says what other values of the masks mean");
  if (dh_dataset_n_hidden (dataset) > 0)
    dh_cli_note (cli, "where those images truly hold nothing else, --labels-are-true measures them");
}

void
dh_cli_dataset_clear (DhCliDataset *set)
{
  g_clear_pointer (&set->root, g_free);
  g_clear_pointer (&set->kind, g_free);
  g_clear_pointer (&set->splits, g_free);
  g_clear_pointer (&set->base, g_free);
  g_clear_pointer (&set->ids, g_free);
  g_clear_pointer (&set->masks, g_free);
  g_clear_pointer (&set->degrade, g_free);
  g_clear_pointer (&set->region, g_free);
}

#include <stdio.h>

#include "cli-calibrate.h"
#include "cli-dataset.h"
#include "cli-model.h"
#include "cli-require.h"
#include "dh-error.h"
#include "dh-evaluation.h"
#include "dh-open-evaluation.h"

static void
print_json (const DhOpenEvaluation *evaluation)
{
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_int (json, "run", evaluation->run);
  dh_json_member_number (json, "closed_miou", evaluation->closed_miou);
  dh_json_member_number (json, "open_miou", evaluation->open_miou);
  dh_json_member_int (json, "images", evaluation->images);
  dh_json_member_int (json, "resumed", evaluation->resumed);
  dh_json_member_number (json, "seconds", evaluation->seconds);
  json_builder_set_member_name (json, "towns");
  json_builder_begin_object (json);
  for (guint i = 0; i < evaluation->towns->len; i++)
    {
      const DhTownResult *town = &g_array_index (evaluation->towns, DhTownResult, i);
      json_builder_set_member_name (json, town->town);
      json_builder_begin_object (json);
      dh_json_member_int (json, "images", town->result->images);
      dh_json_member_number (json, "threshold", town->result->threshold);
      dh_json_member_string (json, "calibrated_on", town->calibrated_on);
      dh_json_member_number (json, "closed_miou", town->result->closed_miou);
      dh_json_member_number (json, "open_miou", town->result->open_miou);
      dh_json_member_number (json, "anomaly_iou", town->result->anomaly_iou);
      json_builder_end_object (json);
    }
  json_builder_end_object (json);
  json_builder_end_object (json);
  dh_json_print (json);
}

static void
print_table (const DhOpenEvaluation *evaluation)
{
  printf ("run %" G_GINT64_FORMAT ": %u image%s", evaluation->run, evaluation->images,
          evaluation->images == 1 ? "" : "s");
  if (evaluation->resumed)
    printf (" (%u from an earlier start)", evaluation->resumed);
  printf (", %.1f s of inference\n\n", evaluation->seconds);
  printf ("%-20s %7s %10s  %-16s %12s %10s %12s\n", "town", "images", "threshold", "calibrated on", "closed mIoU",
          "open-mIoU", "anomaly IoU");
  for (guint i = 0; i < evaluation->towns->len; i++)
    {
      const DhTownResult *town = &g_array_index (evaluation->towns, DhTownResult, i);
      g_autofree char *closed = dh_cli_percent (town->result->closed_miou);
      g_autofree char *open = dh_cli_percent (town->result->open_miou);
      g_autofree char *anomaly = dh_cli_percent (town->result->anomaly_iou);
      printf ("%-20s %7u %10.4f  %-16s %12s %10s %12s\n", town->town, town->result->images, town->result->threshold,
              town->calibrated_on, closed, open, anomaly);
    }
  g_autofree char *closed = dh_cli_percent (evaluation->closed_miou);
  g_autofree char *open = dh_cli_percent (evaluation->open_miou);
  printf ("%-20s %7u %10s  %-16s %12s %10s\n", "weighted by images", evaluation->images, "", "", closed, open);
}

/* Where the maps go without --folder: a run whose maps are gone could be neither exported nor shown in a report. */
static char *
own_folder (DhDataset *dataset, DhPredictor *predictor, const DhReduction *reduction)
{
  g_autofree char *precision = dh_reduction_name (reduction, dh_predictor_precision_name (predictor));
  return dh_evaluation_default_folder ("eval-osr", dataset, dh_model_sha256 (dh_predictor_model (predictor)),
                                       dh_device_name (dh_predictor_device (predictor)), precision);
}

static int
evaluate (DhCli *cli, DhOpenEvaluationOptions *options, const DhCliRequired *required, const char *folder,
          const char *db)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (db, &error);
  if (!database)
    return dh_cli_fail (cli, &error);
  g_autofree char *own = folder ? NULL : own_folder (options->dataset, options->predictor, options->reduction);
  options->folder = folder ? folder : own;
  options->database = database;
  options->warning = dh_cli_warn_early;
  dh_cli_say_room (cli, options->dataset, options->folder, 1, TRUE);
  options->data = cli;
  g_autoptr (DhOpenEvaluation) evaluation = dh_open_evaluation_run (options, cli->cancellable, &cli->progress, &error);
  dh_cli_progress_end (cli);
  if (!evaluation)
    return dh_cli_fail (cli, &error);
  dh_cli_say_displaced (cli, evaluation->displaced, options->folder);
  if (own && !cli->quiet)
    dh_cli_note (cli, "the maps are kept in %s (--folder chooses another place)", own);
  (cli->json ? print_json : print_table) (evaluation);
  fflush (stdout);
  return dh_cli_check_required (cli, required, NULL, database, evaluation->run, DH_EXIT_DONE);
}

int
dh_cmd_eval_osr (DhCli *cli, int argc, char **argv)
{
  g_auto (DhCliDataset) set = { NULL };
  g_auto (DhCliModel) model = { NULL };
  g_autofree char *folder = NULL;
  g_autofree char *db = NULL;
  g_autofree char *require = NULL;
  DhReduction reduction = { 1, 0 };
  double tpr = 0.95, scale = 1;
  gint batch_size = 1, tile = 0;
  const GOptionEntry entries[] = {
    DH_CLI_DATASET_ENTRIES (set),
    DH_CLI_MODEL_ENTRIES (model),
    DH_CLI_REQUIRE_OF_CLASSES_ENTRY (require),
    DH_CLI_REDUCTION_ENTRIES (scale, tile),
    DH_CLI_DEGRADE_ENTRY (set.degrade),
    DH_CLI_REGION_ENTRY (set.region),
    { "batch_size", 0, 0, G_OPTION_ARG_INT, &batch_size, "Has no effect: images are taken one by one", "N" },
    { "folder", 0, 0, G_OPTION_ARG_FILENAME, &folder, "Where the maps go (default: in the user's data folder)", "OUT" },
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &db, "The database (default: in the user's data folder)", "FILE" },
    { "tpr", 0, 0, G_OPTION_ARG_DOUBLE, &tpr, "True positive rate of the calibrated threshold (default 0.95)", "R" },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL, "--dataroot DIR --model W [--tpr 0.95]",
                     "Measures open-set recognition on StreetHazards: closed mIoU and open-mIoU per town. Each town's\n"
                     "threshold is calibrated on the other one. A run that was stopped goes on where it was.",
                     "densehybrid eval-osr --dataroot StreetHazards --model ldn_hybrid.pth", NULL, &status))
    return status;
  if (!(tpr > 0 && tpr < 1))
    return dh_cli_usage (cli, "--tpr %g is not strictly between 0 and 1", tpr);
  g_autoptr (GError) error = NULL;
  g_autoptr (DhCliRequired) required = dh_cli_required_new (require, NULL, DH_CLI_REQUIRE_OF_STORED, &error);
  if (!required)
    return dh_cli_fail (cli, &error);
  if (!dh_cli_check_reduction (cli, scale, tile, &reduction, &status))
    return status;

  if (!set.kind)
    set.kind = g_strdup ("street-hazards");
  g_autoptr (DhDataset) dataset = dh_cli_open_dataset (cli, &set, &status);
  if (!dataset)
    return status;
  dh_cli_say_notes (cli, dataset);
  g_autoptr (DhPredictor) predictor = dh_cli_open_predictor (cli, &model, &status);
  if (!predictor)
    return status;
  if (!dh_cli_calibrate_on_set (cli, model.calibration, predictor, dataset, &reduction, &error))
    return dh_cli_fail (cli, &error);
  g_autofree char *command = dh_cli_dup_command (entries, argc, argv);
  DhOpenEvaluationOptions options = {
    .dataset = dataset, .predictor = predictor, .tpr = tpr, .reduction = &reduction, .command = command
  };
  return evaluate (cli, &options, required, folder, db);
}

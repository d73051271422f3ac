#include <stdio.h>
#include <string.h>

#include "cli-calibrate.h"
#include "cli-dataset.h"
#include "cli-model.h"
#include "cli-require.h"
#include "cli-result.h"
#include "dh-error.h"
#include "dh-evaluation.h"

/* Where another method's maps are, instead of weights. */
typedef struct
{
  char *scores, *method;
  gboolean low_is_anomalous;
} Import;

static void
import_clear (Import *import)
{
  g_free (import->scores);
  g_free (import->method);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Import, import_clear)

/* Where the numbers go, and what they must be. */
typedef struct
{
  const char *db;
  const DhCliRequired *required;
} Wanted;

/* That low scores are called anomalous, or are not, is no matter of taste. */
static void
say_upside_down (DhCli *cli, const DhEvaluationOptions *options, const DhEvaluation *evaluation)
{
  const DhScoreEvaluation *score = &g_array_index (evaluation->scores, DhScoreEvaluation, 0);
  const DhResult *first = score->results->len ? score->results->pdata[0] : NULL;
  if (options->scores && first && first->auroc < 0.5)
    dh_cli_note (cli, "AUROC is under 50 %%: if %s scores are the anomalous ones, import again %s --low-is-anomalous",
                 dh_imported_scores_low_is_anomalous (options->scores) ? "high" : "low",
                 dh_imported_scores_low_is_anomalous (options->scores) ? "without" : "with");
}

/* A set of classes alone is measured by these, and only with weights that tell them apart. */
static void
say_other_classes (DhCli *cli, const DhEvaluationOptions *options)
{
  const DhClassTable *table = dh_dataset_class_table (options->dataset);
  const guint classes = options->predictor ? (guint)dh_model_classes (dh_predictor_model (options->predictor)) : 0;
  if (table && classes > 0 && table->n_classes != classes && !dh_dataset_has_anomaly_labels (options->dataset))
    dh_cli_note (cli,
                 "the labels are %u classes of %s, and these weights tell %u apart: only weights of the same "
                 "classes are measured by them",
                 table->n_classes, table->title, classes);
}

static int
evaluate (DhCli *cli, DhEvaluationOptions *options, const Wanted *wanted)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDatabase) database = dh_database_open (wanted->db, &error);
  if (!database)
    return dh_cli_fail (cli, &error);
  options->database = database;
  options->warning = dh_cli_warn_early;
  const guint more = options->more_scores & ~DH_MAP_BIT (options->score);
  dh_cli_say_room (cli, options->dataset, options->folder, options->scores ? 1 : 1 + (guint)__builtin_popcount (more),
                   !options->scores);
  options->data = cli;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (options, cli->cancellable, &cli->progress, &error);
  dh_cli_progress_end (cli);
  if (!evaluation)
    return dh_cli_fail (cli, &error);
  say_upside_down (cli, options, evaluation);
  say_other_classes (cli, options);
  dh_cli_say_displaced (cli, evaluation->displaced, options->folder);
  dh_cli_say_lost (cli, options->dataset, options->folder, evaluation->left_out->len);
  const int status = dh_cli_print_evaluation (cli, evaluation);
  const DhScoreEvaluation *score = &g_array_index (evaluation->scores, DhScoreEvaluation, 0);
  return dh_cli_check_required (cli, wanted->required, score->results, database, evaluation->run, status);
}

static int
evaluate_imported (DhCli *cli, DhEvaluationOptions *options, const Import *import, const Wanted *wanted)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhImportedScores) scores =
      dh_imported_scores_open (import->scores, import->method, import->low_is_anomalous, options->dataset,
                               options->folder, cli->cancellable, &cli->progress, &error);
  const gboolean ready = scores && dh_imported_scores_sum (scores, cli->cancellable, &cli->progress, &error);
  dh_cli_progress_end (cli);
  if (!ready)
    return dh_cli_fail (cli, &error);
  options->scores = scores;
  return evaluate (cli, options, wanted);
}

static int
evaluate_network (DhCli *cli, DhEvaluationOptions *options, const DhCliModel *model, const Wanted *wanted)
{
  int status;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhPredictor) predictor = dh_cli_open_predictor (cli, model, &status);
  if (!predictor)
    return status;
  if (!dh_cli_calibrate_on_set (cli, model->calibration, predictor, options->dataset, options->reduction, &error))
    return dh_cli_fail (cli, &error);
  options->predictor = predictor;
  return evaluate (cli, options, wanted);
}

/* NULL, or what does not go together. */
static const char *
find_contradiction (const Import *import, const DhCliModel *model, const DhReduction *reduction, const char *degrade,
                    const char *score, const char *more)
{
  if (!import->scores)
    return import->method || import->low_is_anomalous ? "--method and --low-is-anomalous belong to --scores" : NULL;
  if (!dh_reduction_is_none (reduction))
    return "--scale and --tile are for what is computed here; the maps of --scores are as they are";
  if (degrade)
    return "--degrade is for what is computed here; whoever made the maps of --scores has seen the images as they were";
  if (model->params || model->architecture || model->classes || model->calibration)
    return "--scores measures the maps of another method: leave --params and what belongs to it, or --scores";
  return score || more ? "--score and --compare name maps of a network; with --scores there are none" : NULL;
}

int
dh_cmd_eval_ood (DhCli *cli, int argc, char **argv)
{
  g_auto (DhCliDataset) set = { NULL };
  g_auto (DhCliModel) model = { NULL };
  g_auto (Import) import = { NULL };
  g_autofree char *folder = NULL;
  g_autofree char *protocols = NULL;
  g_autofree char *db = NULL;
  g_autofree char *score = NULL;
  g_autofree char *more = NULL;
  g_autofree char *require = NULL;
  DhReduction reduction = { 1, 0 };
  double scale = 1;
  gint batch_size = 1, tile = 0;
  const GOptionEntry entries[] = {
    { "folder", 0, 0, G_OPTION_ARG_FILENAME, &folder, "Where the score maps go", "OUT" },
    DH_CLI_DATASET_ENTRIES (set),
    DH_CLI_MODEL_ENTRIES (model),
    { "scores", 0, 0, G_OPTION_ARG_FILENAME, &import.scores,
      "Instead of weights: score maps of another method, found by the images' names (STEM.npy, STEM_hybrid.npy, "
      "*_anomaly.npy, .npz with anomaly_scores, SMIYC's .hdf5)",
      "DIR" },
    { "method", 0, 0, G_OPTION_ARG_STRING, &import.method, "With --scores: its name (default: the folder's)", "NAME" },
    { "low-is-anomalous", 0, 0, G_OPTION_ARG_NONE, &import.low_is_anomalous,
      "With --scores: low scores are the anomalous ones", NULL },
    { "protocol", 0, 0, G_OPTION_ARG_STRING, &protocols, "Protocols (default: the pixel protocols)", "P,…" },
    { "score", 0, 0, G_OPTION_ARG_STRING, &score, "The map that is measured (default hybrid)", "MAP" },
    { "compare", 0, 0, G_OPTION_ARG_STRING, &more, "Maps measured beside it", "MAP,…" },
    DH_CLI_REQUIRE_OF_RUN_ENTRY (require),
    DH_CLI_REDUCTION_ENTRIES (scale, tile),
    DH_CLI_DEGRADE_ENTRY (set.degrade),
    DH_CLI_REGION_ENTRY (set.region),
    { "batch_size", 0, 0, G_OPTION_ARG_INT, &batch_size, "Has no effect: images are taken one by one", "N" },
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &db, "The database (default: in the user's data folder)", "FILE" },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL,
                     "--dataset KIND --dataroot DIR --folder OUT (--params W | --scores DIR [--method NAME])",
                     "Measures anomaly detection on a data set: AP, FPR95, AUROC under each protocol.\n"
                     "A run that was stopped goes on where it was.",
                     "densehybrid eval-ood --dataset lf --dataroot FS_LAF --folder out --params dlv3_hybrid.pth", NULL,
                     &status))
    return status;
  if (!folder)
    return dh_cli_usage (cli, "--folder is missing: where do the score maps go?");
  if (!dh_cli_check_reduction (cli, scale, tile, &reduction, &status))
    return status;
  const char *contradiction = find_contradiction (&import, &model, &reduction, set.degrade, score, more);
  if (contradiction)
    return dh_cli_usage (cli, "%s", contradiction);

  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = dh_cli_find_protocols (protocols, &error);
  g_autoptr (DhCliRequired) required =
      found ? dh_cli_required_new (require, found, DH_CLI_REQUIRE_OF_RUN, &error) : NULL;
  DhEvaluationOptions options = { .score = DH_MAP_HYBRID, .folder = folder };
  if (!required || (score && !dh_map_from_name (score, &options.score)) || options.score >= DH_MAP_LOGITS
      || options.score == DH_MAP_SEGMENTATION || (more && !dh_cli_parse_maps (more, &options.more_scores, &error)))
    {
      if (!error)
        return dh_cli_usage (cli, "--score %s is no score map", score);
      return dh_cli_fail (cli, &error);
    }
  options.more_scores &=
      ~(DH_MAP_BIT (DH_MAP_SEGMENTATION) | DH_MAP_BIT (DH_MAP_LOGITS) | DH_MAP_BIT (DH_MAP_LOGITS_OOD));
  g_autoptr (DhDataset) dataset = dh_cli_open_dataset (cli, &set, &status);
  if (!dataset)
    return status;
  dh_cli_say_notes (cli, dataset);
  g_autofree char *command = dh_cli_dup_command (entries, argc, argv);
  options.command = command;
  options.dataset = dataset;
  options.reduction = &reduction;
  options.protocols = (const DhProtocol *const *)found->pdata;
  options.n_protocols = found->len;
  const Wanted wanted = { db, required };
  return import.scores ? evaluate_imported (cli, &options, &import, &wanted)
                       : evaluate_network (cli, &options, &model, &wanted);
}

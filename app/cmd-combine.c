#include <math.h>
#include <string.h>

#include "cli-model.h"
#include "cli-require.h"
#include "cli-result.h"
#include "dh-combined-scores.h"
#include "dh-error.h"
#include "dh-evaluation.h"

typedef struct
{
  char *runs, *how, *weights, *standard, *folder, *method, *protocols, *require, *db;
  double sigma;
  gint kernel;
} Words;

static void
words_clear (Words *words)
{
  char *texts[] = { words->runs,   words->how,       words->weights, words->standard, words->folder,
                    words->method, words->protocols, words->require, words->db };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_free (texts[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Words, words_clear)

/* NULL: the words make none; error is set. */
static DhCombination *
read_combination (const Words *words, GError **error)
{
  g_autoptr (DhCombination) combination = dh_combination_new ();
  if (words->how && !dh_combine_from_name (words->how, &combination->how))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "--how %s is none of mean, max, min, sum", words->how);
      return NULL;
    }
  if (words->standard && !dh_standard_from_name (words->standard, &combination->standard))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "--standardise %s is none of deviation, ranks, none",
                   words->standard);
      return NULL;
    }
  /* Given, it is a blur, be it none that can be made. */
  const gboolean blurred = !isnan (words->sigma);
  if (blurred && !(words->sigma > 0 && isfinite (words->sigma)))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "--smooth takes a sigma over 0, in pixels");
      return NULL;
    }
  if (words->kernel < 0)
    {
      g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "--kernel %d is no size in pixels", words->kernel);
      return NULL;
    }
  combination->sigma = blurred ? words->sigma : 0;
  combination->kernel = (guint)words->kernel;
  return dh_combination_add_text (combination, words->runs, error)
                 && (!words->weights || dh_combination_set_weights (combination, words->weights, error))
                 && dh_combination_check (combination, error)
             ? g_steal_pointer (&combination)
             : NULL;
}

static int
measure (DhCli *cli, DhEvaluationOptions *options, const DhCliRequired *required)
{
  g_autoptr (GError) error = NULL;
  dh_cli_say_room (cli, options->dataset, options->folder, 1, FALSE);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (options, cli->cancellable, &cli->progress, &error);
  dh_cli_progress_end (cli);
  if (!evaluation)
    return dh_cli_fail (cli, &error);
  dh_cli_say_displaced (cli, evaluation->displaced, options->folder);
  dh_cli_say_lost (cli, options->dataset, options->folder, evaluation->left_out->len);
  const int status = dh_cli_print_evaluation (cli, evaluation);
  const DhScoreEvaluation *score = &g_array_index (evaluation->scores, DhScoreEvaluation, 0);
  return dh_cli_check_required (cli, required, score->results, options->database, evaluation->run, status);
}

static int
combine (DhCli *cli, const Words *words, const char *command)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) protocols = dh_cli_find_protocols (words->protocols, &error);
  g_autoptr (DhCliRequired) required =
      protocols ? dh_cli_required_new (words->require, protocols, DH_CLI_REQUIRE_OF_RUN, &error) : NULL;
  g_autoptr (DhCombination) combination = required ? read_combination (words, &error) : NULL;
  g_autoptr (DhDatabase) database = combination ? dh_database_open_existing (words->db, &error) : NULL;
  g_autoptr (DhCombinedScores) scores =
      database ? dh_combined_scores_open (database, combination, words->method, words->folder, cli->cancellable,
                                          &cli->progress, &error)
               : NULL;
  const gboolean ready = scores && dh_combined_scores_prepare (scores, cli->cancellable, &cli->progress, &error);
  dh_cli_progress_end (cli);
  if (!ready)
    return dh_cli_fail (cli, &error);
  DhEvaluationOptions options = { .dataset = dh_combined_scores_dataset (scores),
                                  .combined = scores,
                                  .database = database,
                                  .folder = words->folder,
                                  .protocols = (const DhProtocol *const *)protocols->pdata,
                                  .n_protocols = protocols->len,
                                  .command = command };
  return measure (cli, &options, required);
}

int
dh_cmd_combine (DhCli *cli, int argc, char **argv)
{
  g_auto (Words) words = { .sigma = NAN };
  const GOptionEntry entries[] = {
    { "run", 0, 0, G_OPTION_ARG_STRING, &words.runs,
      "The runs, as \"report\" lists them; 3:max_softmax: a map that run 3 keeps beside its own (--compare)",
      "N[:MAP],…" },
    { "how", 0, 0, G_OPTION_ARG_STRING, &words.how,
      "Of several, pixel by pixel: mean (default), max, min, or sum, each by its weight", "mean|max|min|sum" },
    { "weights", 0, 0, G_OPTION_ARG_STRING, &words.weights, "Of a sum: one number for each run", "W,…" },
    { "standardise", 0, 0, G_OPTION_ARG_STRING, &words.standard,
      "Before that, bring each to one scale. deviation: less its mean, by its standard deviation; ranks: the share of "
      "pixels with a lower score. Both over all pixels of that run's images, labelled or not: no label has a part in a "
      "score. none: as they are, the default of a sum, and where all are one map of networks; of others, one must be "
      "said",
      "deviation|ranks|none" },
    { "smooth", 0, 0, G_OPTION_ARG_DOUBLE, &words.sigma,
      "Then blur the map by a Gaussian, as torchvision's GaussianBlur does; RPL measures its scores with 1", "SIGMA" },
    { "kernel", 0, 0, G_OPTION_ARG_INT, &words.kernel,
      "The blur's kernel in pixels, odd (default: 2·⌈3·SIGMA⌉+1; of 1 that is 7, as RPL's)", "K" },
    { "folder", 0, 0, G_OPTION_ARG_FILENAME, &words.folder, "Where the made maps go", "OUT" },
    { "method", 0, 0, G_OPTION_ARG_STRING, &words.method, "What tables call it (default: by what is done)", "NAME" },
    { "protocol", 0, 0, G_OPTION_ARG_STRING, &words.protocols, "Protocols (default: the pixel protocols)", "P,…" },
    DH_CLI_REQUIRE_OF_RUN_ENTRY (words.require),
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &words.db, "The database (default: in the user's data folder)", "FILE" },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL, "--run N[,M,…] --folder OUT",
                     "Makes a run of the score maps that runs keep: their mean, maximum or weighted sum, blurred if "
                     "asked for, without any network, and measures it.\n"
                     "A pixel that is NaN in one of the maps is NaN in theirs, and counts nowhere; what is NaN or "
                     "infinite does not spread by the blur.\n"
                     "A run that was stopped goes on where it was; runs that it is made of can be removed afterwards.",
                     "densehybrid combine --run 3,5 --how mean --smooth 1 --folder out --method Ensemble", NULL,
                     &status))
    return status;
  if (!words.runs)
    return dh_cli_usage (cli, "--run is missing: of which runs? \"densehybrid report\" lists them");
  if (!words.folder)
    return dh_cli_usage (cli, "--folder is missing: where do the made maps go?");
  g_autofree char *command = dh_cli_dup_command (entries, argc, argv);
  return combine (cli, &words, command);
}

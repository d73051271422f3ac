#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli-calibrate.h"
#include "cli-dataset.h"
#include "cli-find.h"
#include "cli-model.h"
#include "cli-threshold.h"
#include "cli-video.h"
#include "dh-database.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-video-frames.h"

#define MIN_AREA 500
#define MOST 100
/* Images in which what is followed may be lost. */
#define PATIENCE 2

/* What it is beyond which something is found, and how that was chosen. */
static gboolean
choose_threshold (DhCliFind *find, const DhCliThreshold *wanted, const char *db, DhPredictor *predictor, GError **error)
{
  DhCli *cli = find->cli;
  find->threshold = (DhReportThreshold){ .value = wanted->value };
  if (wanted->rule)
    {
      const DhRunRow row = { .model_sha256 = (char *)dh_model_sha256 (dh_predictor_model (predictor)),
                             .score = (char *)dh_map_name (find->score) };
      DhFrocRules rules = DH_FROC_RULES_INIT;
      rules.min_area = find->finding.min_area;
      g_autoptr (DhDatabase) database = dh_database_open_existing (db, error);
      if (!database
          || !dh_report_choose_for (database, &row, wanted->rule, &rules, wanted->run, &find->threshold, &cli->progress,
                                    cli->cancellable, error))
        return FALSE;
      dh_cli_progress_end (cli);
    }
  find->finding.threshold = find->threshold.value;
  return TRUE;
}

static gboolean
is_empty (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  return !dir || !g_dir_read_name (dir);
}

/* Whether `folder`, which may be yet to be made, is `whole` or lies in it. */
static gboolean
lies_in (const char *folder, const char *whole)
{
  g_autofree char *there = g_canonicalize_filename (folder, NULL);
  while (!g_file_test (there, G_FILE_TEST_EXISTS))
    {
      char *parent = g_path_get_dirname (there);
      g_free (there);
      there = parent;
    }
  return dh_path_lies_in (there, whole);
}

/* Whether the images of a folder are frames, as `frames` writes them. */
static gboolean
is_of_recording (const char *folder)
{
  g_autofree char *record = g_build_filename (folder, DH_VIDEO_RECORD, NULL);
  return g_file_test (record, G_FILE_TEST_IS_REGULAR);
}

int
dh_cmd_find (DhCli *cli, int argc, char **argv)
{
  g_auto (DhCliDataset) set = { NULL };
  g_auto (DhCliModel) model = { NULL };
  g_auto (DhCliRange) range = { NULL };
  g_autofree char *out = NULL, *threshold_text = NULL, *score = NULL, *order = NULL, *region = NULL, *db = NULL;
  double scale = 1;
  gint tile = 0, min_images = 1, most = MOST;
  gint64 min_area = MIN_AREA;
  gboolean sequence = FALSE, singly = FALSE, with_images = FALSE;
  const GOptionEntry entries[] = {
    DH_CLI_MODEL_ENTRIES (model),
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "Folder for found.html, found.csv", "DIR" },
    { "threshold", 0, 0, G_OPTION_ARG_STRING, &threshold_text,
      "What lies beyond it is found: a value of the score, or a rule (tpr95, fpr5, best-f1, or fa1: at most one false "
      "alarm an image) on a run of the same weights, whose set has labels: fa1@12",
      "V|RULE@RUN" },
    { "score", 0, 0, G_OPTION_ARG_STRING, &score, "The map that is searched (default hybrid)", "MAP" },
    { "min-area", 0, 0, G_OPTION_ARG_INT64, &min_area, "Smaller regions are left out (500)", "PIXELS" },
    { "min-images", 0, 0, G_OPTION_ARG_INT, &min_images,
      "Where images follow one another: what is found in fewer of them is left out (1)", "N" },
    { "sequence", 0, 0, G_OPTION_ARG_NONE, &sequence,
      "The images follow one another, so that what is found in several is one (default: of recordings and of folders "
      "of their frames)",
      NULL },
    { "singly", 0, 0, G_OPTION_ARG_NONE, &singly, "They do not: each image by itself", NULL },
    { "sort", 0, 0, G_OPTION_ARG_STRING, &order,
      "What comes first: the highest mean score (mean, the default), peak, area, or images", "ORDER" },
    { "most", 0, 0, G_OPTION_ARG_INT, &most, "How many are shown as pictures (100); found.csv has all", "N" },
    { "images", 0, 0, G_OPTION_ARG_NONE, &with_images,
      "Writes the whole images of these into DIR/images too: DIR then opens as a set, to be labelled", NULL },
    DH_CLI_RANGE_ENTRIES (range),
    { "dataset", 0, 0, G_OPTION_ARG_STRING, &set.kind, "The layout of a folder (default: recognised)", "KIND" },
    { "split", 0, 0, G_OPTION_ARG_STRING, &set.splits, "Only these splits of a set", "S,…" },
    { "ignore-region", 0, 0, G_OPTION_ARG_FILENAME, &region,
      "Where nothing is looked for, as on the car itself: shares of the sides (bottom:12%,top:5%), or a mask, a "
      "picture "
      "of the images' size or aspect that is not black there",
      "REGION" },
    DH_CLI_REDUCTION_ENTRIES (scale, tile),
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &db, "With RULE@RUN: the database (default: in the user's data folder)",
      "FILE" },
    { NULL },
  };
  int status;
  g_auto (GStrv) named = NULL;
  if (!dh_cli_parse (
          cli, argc, argv, entries, NULL, "IN --params W --threshold V|RULE@RUN --out DIR",
          "Finds what is anomalous in images without labels, a folder, a data set or a recording: a page of\n"
          "what was found, the highest scores first, and a table. In a recording, what is seen in frames\n"
          "that follow one another is one.",
          "densehybrid find drive.mp4 --params ldn121_hybrid.pth --threshold fa1@12 --images --out found", &named,
          &status))
    return status;
  g_auto (DhCliFind) find = { .cli = cli, .out = out, .score = DH_MAP_HYBRID };
  g_auto (DhCliThreshold) wanted = { NAN };
  DhCliFlow flow = { NULL };
  DhVideoRange frames;
  if (!named || !named[0])
    return dh_cli_usage (cli, "no recording or folder is named");
  if (named[1])
    return dh_cli_usage (cli, "one recording or folder at a time: \"%s\" is one too many", named[1]);
  if (!out)
    return dh_cli_usage (cli, "--out is missing: which folder?");
  if (g_file_test (out, G_FILE_TEST_EXISTS) && !g_file_test (out, G_FILE_TEST_IS_DIR))
    return dh_cli_usage (cli, "--out %s is a file: name a folder", out);
  if (!threshold_text)
    return dh_cli_usage (cli, "--threshold is missing: a value of the score, or a rule on a run, as fa1@12");
  if (!dh_cli_parse_threshold (cli, threshold_text, &wanted, &status))
    return status;
  if (score
      && (!dh_map_from_name (score, &find.score) || find.score == DH_MAP_SEGMENTATION || find.score >= DH_MAP_LOGITS))
    return dh_cli_usage (cli, "--score %s is no map of scores", score);
  if (order && !dh_find_order_from_name (order, &find.options.order))
    return dh_cli_usage (cli, "--sort %s is none of mean, peak, area, images", order);
  if (min_area < 1)
    return dh_cli_usage (cli, "--min-area must be at least 1");
  if (min_images < 1)
    return dh_cli_usage (cli, "--min-images must be at least 1");
  if (most < 0 || most > 10000)
    return dh_cli_usage (cli, "--most must be between 0 and 10000");
  if (sequence && singly)
    return dh_cli_usage (cli, "--sequence and --singly say the opposite");
  if (!dh_cli_parse_range (cli, &range, &frames, &status)
      || !dh_cli_check_reduction (cli, scale, tile, &flow.reduction, &status))
    return status;
  g_autofree char *images_folder = with_images ? g_build_filename (out, "images", NULL) : NULL;
  if (images_folder && !is_empty (images_folder))
    return dh_cli_usage (cli, "%s holds something already: name another --out", images_folder);

  g_autoptr (GError) error = NULL;
  find.in = named[0];
  const gboolean folder = g_file_test (find.in, G_FILE_TEST_IS_DIR);
  if (folder && (range.from || range.to))
    return dh_cli_usage (cli, "--from and --to are times of a recording");
  find.options.follow = !singly && (sequence || !folder || is_of_recording (find.in));
  if (images_folder && folder && lies_in (out, find.in))
    return dh_cli_usage (cli, "--out %s lies in %s, whose images these would be the next time: name another folder",
                         out, find.in);
  if (min_images > 1 && !find.options.follow)
    return dh_cli_usage (cli, "--min-images needs images that follow one another: --sequence");
  if (region && !(find.region = dh_region_new (region, &error)))
    return dh_cli_fail (cli, &error);
  set.root = folder ? g_strdup (find.in) : NULL;
  g_autoptr (DhDataset) dataset = folder ? dh_cli_open_dataset (cli, &set, &status) : NULL;
  if (folder && !dataset)
    return status;
  flow.maps = DH_MAP_BIT (find.score) | DH_MAP_BIT (DH_MAP_SEGMENTATION);
  const DhCliShotsOptions options = {
    .recording = folder ? NULL : find.in, .range = &frames, .dataset = dataset, .broken_too = TRUE
  };
  g_autoptr (DhCliShots) shots = dh_cli_shots_new (&options, cli->cancellable, &error);
  if (!shots)
    return dh_cli_fail (cli, &error);
  g_autoptr (DhPredictor) predictor = dh_cli_open_predictor (cli, &model, &status);
  if (!predictor)
    return status;
  DhModel *network = dh_predictor_model (predictor);
  if (dh_map_needs_ood (find.score) && !dh_model_has_outlier_head (network))
    return dh_cli_usage (cli, "the weights have no outlier head, so there is no %s; name another --score",
                         dh_map_name (find.score));
  find.finding = (DhFindingOptions){ .low = dh_map_low_is_anomalous (find.score), .min_area = (guint64)min_area };
  if (!choose_threshold (&find, &wanted, db, predictor, &error))
    return dh_cli_fail (cli, &error);
  const DhPictures samples = { DH_CLI_SAMPLES, dh_cli_shots_load_sample, shots };
  if (!dh_cli_calibrate (cli, model.calibration, predictor, &samples, &error))
    return dh_cli_fail (cli, &error);
  find.options.patience = PATIENCE;
  find.options.min_images = (guint)min_images;
  find.options.most = (guint)most;
  find.options.low = find.finding.low;
  find.options.classes = (guint)dh_model_classes (network);
  find.options.class_names = dh_model_class_names (network);
  find.finds = dh_finds_new (&find.options);
  flow.shots = shots;
  flow.predictor = predictor;
  DhCliFindImages images = { .recording = options.recording, .range = &frames, .folder = images_folder };
  return dh_cli_find_run (&find, &flow, &images);
}

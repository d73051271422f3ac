#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli-calibrate.h"
#include "cli-dataset.h"
#include "cli-find-kept.h"
#include "cli-model.h"
#include "cli-run.h"
#include "cli-threshold.h"
#include "cli-video.h"
#include "dh-database.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-film-run.h"
#include "dh-kept-segmentation.h"
#include "dh-run-state.h"
#include "dh-video-frames.h"

#define MIN_AREA 500
#define MOST 100
/* Images in which what is followed may be lost. */
#define PATIENCE 2

/* What it is beyond which something is found, and how that was chosen; by `row`'s weights or method. */
static gboolean
choose_threshold (DhCliFind *find, const DhCliThreshold *wanted, const char *db, const DhRunRow *row, GError **error)
{
  DhCli *cli = find->cli;
  find->threshold = (DhReportThreshold){ .value = wanted->value };
  if (wanted->rule)
    {
      DhFrocRules rules = DH_FROC_RULES_INIT;
      rules.min_area = find->finding.min_area;
      g_autoptr (DhDatabase) database = dh_database_open_existing (db, error);
      if (!database
          || !dh_report_choose_for (database, row, wanted->rule, &rules, wanted->run, &find->threshold, &cli->progress,
                                    cli->cancellable, error))
        return FALSE;
      dh_cli_progress_end (cli);
    }
  find->finding.threshold = find->threshold.value;
  return TRUE;
}

static void
add_fact (GPtrArray *facts, const char *name, const char *value)
{
  g_ptr_array_add (facts, g_strdup (name));
  g_ptr_array_add (facts, g_strdup (value ? value : "not known"));
}

static char **
end_facts (GPtrArray *facts)
{
  g_ptr_array_add (facts, NULL);
  return (char **)g_ptr_array_free (facts, FALSE);
}

static char **
list_network (DhPredictor *predictor, const DhReduction *reduction)
{
  GPtrArray *facts = g_ptr_array_new ();
  DhModel *model = dh_predictor_model (predictor);
  g_autofree char *precision = dh_reduction_name (reduction, dh_predictor_precision_name (predictor));
  g_autofree char *device = g_strdup_printf ("%s, %s", dh_device_name (dh_predictor_device (predictor)), precision);
  add_fact (facts, "network", dh_model_title (model));
  g_autofree char *path = dh_model_path (model) ? g_filename_display_name (dh_model_path (model)) : NULL;
  if (path)
    add_fact (facts, "weights", path);
  add_fact (facts, "weights' SHA-256", dh_model_sha256 (model));
  add_fact (facts, "device", device);
  return end_facts (facts);
}

static char **
list_run (const DhRunRow *run)
{
  GPtrArray *facts = g_ptr_array_new ();
  g_autofree char *number = g_strdup_printf ("%" G_GINT64_FORMAT ", begun %s", run->id, run->started);
  add_fact (facts, "maps of run", number);
  if (!g_str_equal (dh_run_state (run), "done"))
    {
      g_autofree char *some = g_strdup_printf ("%s: %" G_GINT64_FORMAT " images of %" G_GINT64_FORMAT,
                                               dh_run_state (run), run->images_done, run->images_total);
      add_fact (facts, "the run is", some);
    }
  add_fact (facts, run->method ? "method" : "network", run->model_title);
  if (run->model_path)
    add_fact (facts, run->method ? "scores" : "weights", run->model_path);
  if (!run->method)
    add_fact (facts, "weights' SHA-256", run->model_sha256);
  add_fact (facts, "precision", run->precision);
  return end_facts (facts);
}

/* A recording is known by its size and when it was written last, a set by its images' names and, of those that were
 * searched, the same of each (cli-find-kept.c). */
static void
add_source (GString *same, const DhCliFind *find, const DhCliShotsOptions *from)
{
  g_autofree char *path = g_canonicalize_filename (find->in, NULL);
  struct stat info;
  g_string_append_printf (same, "searched: %s\n", path);
  if (from->recording && stat (from->recording, &info) == 0)
    g_string_append_printf (same, "the recording: %" G_GINT64_FORMAT " bytes of %" G_GINT64_FORMAT ".%09ld\n",
                            (gint64)info.st_size, (gint64)info.st_mtim.tv_sec, (long)info.st_mtim.tv_nsec);
  g_string_append_printf (same, "frames: every %u from %.6f to %.6f\n", from->range->every, from->range->from,
                          from->range->to);
  if (!from->dataset)
    return;
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  const guint n = from->rows ? from->rows->len : dh_dataset_size (from->dataset);
  for (guint i = 0; i < n; i++)
    {
      const char *stem =
          from->rows ? ((DhRunImageRow *)from->rows->pdata[i])->stem : dh_dataset_item (from->dataset, i)->stem;
      g_checksum_update (sum, (const guchar *)stem, (gssize)strlen (stem) + 1);
    }
  g_string_append_printf (same, "images: %u, %s\n", n, g_checksum_get_string (sum));
}

/* Paths and options have no line's end that would matter: what is compared is compared whole. */
static char *
identify (const DhCliFind *find, const DhCliShotsOptions *from, const char *scores)
{
  const DhFindsOptions *options = &find->options;
  GString *same = g_string_new (NULL);
  add_source (same, find, from);
  g_string_append_printf (same, "scores: %s, %s\n", dh_map_name (find->score), scores);
  g_string_append_printf (same, "threshold: %.17g\n", find->finding.threshold);
  g_string_append_printf (same, "--min-area: %" G_GUINT64_FORMAT "\n", find->finding.min_area);
  g_string_append_printf (same, "--ignore-region: %s\n", find->region ? dh_region_id (find->region) : "none");
  g_string_append_printf (same, "--sequence: %s\n", options->follow ? "yes" : "no");
  g_string_append_printf (same, "--min-images: %u\n", options->min_images);
  g_string_append_printf (same, "--most: %u\n", options->most);
  g_string_append_printf (same, "--sort: %s\n", dh_find_order_name (options->order));
  return g_string_free (same, FALSE);
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
  gint64 min_area = MIN_AREA, number = 0;
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
    { "most", 0, 0, G_OPTION_ARG_INT, &most, "How many are shown as pictures (100), 500 on a page; found.csv has all",
      "N" },
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
    { "run", 0, 0, G_OPTION_ARG_INT64, &number, "Instead of weights and IN: the images and maps of a stored run", "N" },
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &db,
      "With --run and RULE@RUN: the database (default: in the user's data folder)", "FILE" },
    { NULL },
  };
  int status;
  g_auto (GStrv) named = NULL;
  if (!dh_cli_parse (
          cli, argc, argv, entries, NULL, "(IN --params W | --run N) --threshold V|RULE@RUN --out DIR",
          "Finds what is anomalous in images without labels, a folder, a data set or a recording: a page of\n"
          "what was found, the highest scores first, and a table. In a recording, what is seen in frames\n"
          "that follow one another is one. What was stopped or killed goes on where it was.",
          "densehybrid find drive.mp4 --params ldn121_hybrid.pth --threshold fa1@12 --images --out found", &named,
          &status))
    return status;
  g_auto (DhCliFind) find = { .cli = cli, .out = out, .score = DH_MAP_HYBRID };
  g_auto (DhCliThreshold) wanted = { NAN };
  DhCliFlow flow = { NULL };
  DhVideoRange frames;
  const char *in = named && named[0] ? named[0] : NULL;
  if (number < 0 || (number > 0 && (in || model.params)))
    return dh_cli_usage (cli, "--run N takes the images and maps of a run: leave IN and --params");
  if (number == 0 && !in)
    return dh_cli_usage (cli, "no recording or folder is named, and no --run");
  if (in && named[1])
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
  if (images_folder && !is_empty (images_folder) && !dh_cli_find_is_kept (out))
    return dh_cli_usage (cli, "%s holds something already: name another --out", images_folder);

  g_autoptr (GError) error = NULL;
  g_auto (DhCliRun) stored = { NULL };
  if (number > 0 && !dh_cli_run_open (&stored, db, number, cli->cancellable, &error))
    return dh_cli_fail (cli, &error);
  find.in = in ? in : stored.run->dataset_root;
  const gboolean folder = number > 0 || g_file_test (find.in, G_FILE_TEST_IS_DIR);
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
  g_autoptr (DhDataset) dataset = !folder      ? NULL
                                  : number > 0 ? dh_dataset_ref (stored.dataset)
                                               : dh_cli_open_dataset (cli, &set, &status);
  if (folder && !dataset)
    return status;
  if (number > 0 && !score)
    find.score = dh_film_run_score (stored.run);
  else if (number > 0 && stored.run->method && !g_str_equal (stored.run->score, score))
    return dh_cli_usage (cli, "run %" G_GINT64_FORMAT " kept the scores of %s alone: leave --score", number,
                         stored.run->method);
  flow.maps = DH_MAP_BIT (find.score);
  if (number == 0 || dh_kept_segmentation_is_there (stored.run->folder))
    flow.maps |= DH_MAP_BIT (DH_MAP_SEGMENTATION);
  const DhCliShotsOptions options = { .recording = folder ? NULL : find.in,
                                      .range = &frames,
                                      .dataset = dataset,
                                      .rows = stored.rows,
                                      .run = stored.run,
                                      .wanted = flow.maps,
                                      .broken_too = TRUE };
  g_autoptr (DhCliShots) shots = dh_cli_shots_new (&options, cli->cancellable, &error);
  if (!shots)
    return dh_cli_fail (cli, &error);
  g_autoptr (DhPredictor) predictor = number > 0 ? NULL : dh_cli_open_predictor (cli, &model, &status);
  if (number == 0 && !predictor)
    return status;
  DhModel *network = predictor ? dh_predictor_model (predictor) : NULL;
  if (network && dh_map_needs_ood (find.score) && !dh_model_has_outlier_head (network))
    return dh_cli_usage (cli,
                         "the weights have no outlier head, so there is no %s; name --score likelihood, max_softmax, "
                         "max_logit or entropy",
                         dh_map_name (find.score));
  find.finding = (DhFindingOptions){ .low = dh_map_low_is_anomalous (find.score), .min_area = (guint64)min_area };
  DhRunRow row = { 0 };
  if (stored.run)
    row = *stored.run;
  else
    row.model_sha256 = (char *)dh_model_sha256 (network);
  find.score_name = row.score = stored.run && !score ? stored.run->score : (char *)dh_map_name (find.score);
  if (!choose_threshold (&find, &wanted, db, &row, &error))
    return dh_cli_fail (cli, &error);
  const DhPictures samples = { DH_CLI_SAMPLES, dh_cli_shots_load_sample, shots };
  if (predictor && !dh_cli_calibrate (cli, model.calibration, predictor, &samples, &error))
    return dh_cli_fail (cli, &error);
  find.options.patience = PATIENCE;
  find.options.min_images = (guint)min_images;
  find.options.most = (guint)most;
  find.options.low = find.finding.low;
  find.options.classes = network ? (guint)dh_model_classes (network) : (guint)MAX (stored.run->model_classes, 0);
  find.options.class_names = network ? dh_model_class_names (network) : NULL;
  find.finds = dh_finds_new (&find.options);
  find.made_by = predictor ? list_network (predictor, &flow.reduction) : list_run (stored.run);
  g_autofree char *precision =
      predictor ? dh_reduction_name (&flow.reduction, dh_predictor_precision_name (predictor)) : NULL;
  g_autofree char *scores =
      predictor ? g_strdup_printf ("%s on %s, of %s", precision, dh_device_name (dh_predictor_device (predictor)),
                                   dh_model_sha256 (network))
                : g_strdup_printf ("run %" G_GINT64_FORMAT " of %s", stored.run->id, stored.run->started);
  find.same = identify (&find, &options, scores);
  flow.shots = shots;
  flow.predictor = predictor;
  DhCliFindImages images = { .recording = options.recording, .range = &frames, .folder = images_folder };
  return dh_cli_find_run (&find, &flow, &images);
}

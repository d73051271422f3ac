#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli-calibrate.h"
#include "cli-dataset.h"
#include "cli-model.h"
#include "cli-require.h"
#include "cli-result.h"
#include "dh-config.h"
#include "dh-error.h"
#include "dh-map-owner.h"
#include "dh-map-removal.h"
#include "dh-robustness.h"
#include "dh-run-reading.h"
#include "dh-text.h"

/* Each run, where its maps go, and what was asked for. */
typedef struct
{
  DhCli *cli;
  DhEvaluationOptions options; /* data set and folder aside */
  DhDataset *dataset;          /* the images as they are */
  DhDatabase *database;
  const char *folder, *require;
  GPtrArray *protocols;           /* DhProtocol; the tables are of the first */
  gboolean keep_maps, reads_maps; /* what is required is measured from maps */
  gboolean wanted[DH_N_DEGRADE][DH_DEGRADE_SEVERITIES];
  guint n_wanted, n_begun;
  guint left_out; /* of any run: images */
  gint64 clean;
  int status;
} Work;

/* "all", or "fog,dark:3": each severity, or one. */
static gboolean
parse_wanted (const char *text, Work *work)
{
  g_auto (GStrv) words = g_strsplit (text, ",", -1);
  for (char **word = words; *word; word++)
    {
      DhDegradeKind kind;
      DhDegradation one;
      if (g_str_equal (*word, "all"))
        memset (work->wanted, 1, sizeof work->wanted);
      else if (dh_degradation_from_text (*word, &one))
        work->wanted[one.kind][one.severity - 1] = TRUE;
      else if (dh_degrade_find (*word, &kind))
        for (guint s = 0; s < DH_DEGRADE_SEVERITIES; s++)
          work->wanted[kind][s] = TRUE;
      else
        return FALSE;
    }
  for (guint k = 0; k < DH_N_DEGRADE; k++)
    for (guint s = 0; s < DH_DEGRADE_SEVERITIES; s++)
      work->n_wanted += work->wanted[k][s] != FALSE;
  return work->n_wanted > 0;
}

/* What each degraded run must be, against the one of the images as they are, `clean`. */
static DhCliRequired *
new_required (const Work *work, gint64 clean, GError **error)
{
  g_autofree char *run = g_strdup_printf ("@%" G_GINT64_FORMAT, clean);
  g_autoptr (GString) text = g_string_new (work->require ? work->require : "");
  g_string_replace (text, "@clean", run, 0);
  return dh_cli_required_new (work->require ? text->str : NULL, work->protocols, DH_CLI_REQUIRE_OF_STORED, error);
}

/* They are removed once worse images are measured. */
static gboolean
has_maps (const DhRunRow *run)
{
  g_autofree char *owner = dh_map_owner_new (run, NULL), *maps = g_build_filename (run->folder, "eval", "scores", NULL);
  return g_file_test (maps, G_FILE_TEST_IS_DIR) && dh_map_owner_made_scores (run->folder, owner);
}

/* One that is done and does not have to be made again; 0: none. */
static gint64
find_done (Work *work, DhDataset *dataset, GError **error)
{
  DhPredictor *predictor = work->options.predictor;
  g_autofree char *fingerprint = dh_dataset_fingerprint (dataset, work->cli->cancellable, error);
  if (!fingerprint)
    return 0;
  g_autofree char *split = dh_dataset_dup_opened (dataset);
  g_autofree char *precision = dh_reduction_name (work->options.reduction, dh_predictor_precision_name (predictor));
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonObject *summary = json_object_new ();
  dh_run_reading_put (summary, dataset);
  json_node_take_object (root, summary);
  g_autofree char *reading = dh_text_mend_json (json_to_string (root, FALSE));
  const DhRunRow wanted = { .kind = (char *)"eval-ood",
                            .split = split,
                            .score = (char *)dh_map_name (work->options.score),
                            .device = (char *)dh_device_name (dh_predictor_device (predictor)),
                            .precision = precision,
                            .program = (char *)DH_VERSION,
                            .summary = reading,
                            .dataset_kind = (char *)dh_dataset_kind_name (dh_dataset_kind (dataset)),
                            .dataset_fingerprint = fingerprint,
                            .model_sha256 = (char *)dh_model_sha256 (dh_predictor_model (predictor)) };
  const gint64 run = dh_robustness_find_run (work->database, &wanted, work->protocols->pdata[0], error);
  g_autoptr (DhRunRow) row = run ? dh_database_get_run (work->database, run, error) : NULL;
  if (!row || (work->reads_maps && !has_maps (row)))
    return 0;
  work->left_out += (guint)row->images_failed;
  return run;
}

static void
say_begun (Work *work, const char *what)
{
  work->n_begun++;
  if (!work->cli->quiet)
    dh_cli_note (work->cli, "%s, %u of %u", what, work->n_begun, work->n_wanted + 1);
}

/* The run's number; 0 with an error. */
static gint64
measure (Work *work, DhDataset *dataset, const char *name, GError **error)
{
  g_autofree char *folder = g_build_filename (work->folder, name, NULL);
  DhEvaluationOptions options = work->options;
  options.dataset = dataset;
  options.folder = folder;
  g_autoptr (DhEvaluation) evaluation =
      dh_evaluation_run (&options, work->cli->cancellable, &work->cli->progress, error);
  dh_cli_progress_end (work->cli);
  if (!evaluation)
    return 0;
  work->left_out += evaluation->left_out->len;
  dh_cli_say_displaced (work->cli, evaluation->displaced, folder);
  return evaluation->run;
}

/* Before so many runs are made of which nothing can be said. */
static gboolean
check_clean (const Work *work, GError **error)
{
  DhRunNumbers numbers;
  const DhProtocol *protocol = work->protocols->pdata[0];
  if (!dh_run_numbers_check_done (work->database, work->clean, error)
      || !dh_run_numbers_get (work->database, work->clean, protocol->name, &numbers, error))
    return FALSE;
  if (isfinite (numbers.ap))
    return TRUE;
  g_set_error (error, DH_ERROR, DH_ERROR_MISMATCH,
               "run %" G_GINT64_FORMAT ", of the images as they are, has no AP: none of them has a label with an "
               "anomaly, so that there is nothing to lose",
               work->clean);
  return FALSE;
}

static gboolean
measure_clean (Work *work, GError **error)
{
  GError *local = NULL;
  say_begun (work, "the images as they are");
  work->clean = find_done (work, work->dataset, &local);
  if (local)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  if (work->clean)
    return check_clean (work, error);
  dh_cli_say_room (work->cli, work->dataset, work->folder, 1, TRUE);
  work->clean = measure (work, work->dataset, "clean", error);
  return work->clean != 0 && check_clean (work, error);
}

static gboolean
measure_degraded (Work *work, DhDegradation degradation, const DhCliRequired *required, GError **error)
{
  g_autofree char *text = dh_degradation_to_text (degradation), *name = g_strdelimit (g_strdup (text), ":", '-');
  g_autofree char *folder = g_build_filename (work->folder, name, NULL);
  g_autoptr (DhDataset) dataset = dh_dataset_new_degraded (work->dataset, degradation);
  GError *local = NULL;
  say_begun (work, text);
  gint64 run = find_done (work, dataset, &local);
  const gboolean there = run != 0;
  if (!run && !local)
    run = measure (work, dataset, name, &local);
  if (!run)
    {
      g_propagate_error (error, local);
      return FALSE;
    }
  /* Slices and intervals are measured from the maps. */
  work->status = dh_cli_check_required (work->cli, required, NULL, work->database, run, work->status);
  return there || work->keep_maps || dh_map_removal_run (folder, dataset, error);
}

static gboolean
measure_all (Work *work, GError **error)
{
  if (!measure_clean (work, error))
    return FALSE;
  g_autoptr (DhCliRequired) required = new_required (work, work->clean, error);
  for (guint k = 0; required && k < DH_N_DEGRADE; k++)
    for (guint s = 0; s < DH_DEGRADE_SEVERITIES; s++)
      if (work->wanted[k][s] && !measure_degraded (work, (DhDegradation){ k, s + 1 }, required, error))
        return FALSE;
  return required != NULL;
}

static void
print_row (const char *name, const double *values, double mean, double clean)
{
  printf ("%-16s", name);
  for (guint s = 0; s < DH_DEGRADE_SEVERITIES; s++)
    {
      g_autofree char *text = isnan (values[s]) ? g_strdup ("-") : g_strdup_printf ("%.2f", 100 * values[s]);
      printf ("%8s", text);
    }
  printf ("%8.2f %+8.2f\n", 100 * mean, 100 * (mean - clean));
}

/* Those that were asked for, and what there is of others. */
static void
print_tables (const DhRobustness *found)
{
  for (guint number = 0; number < DH_ROBUSTNESS_NUMBERS; number++)
    {
      const double clean = found->clean.numbers[number];
      printf ("%s%s, in per cent, %s; as they are %.2f (run %" G_GINT64_FORMAT ")\n", number ? "\n" : "",
              dh_robustness_number_name (number), found->protocol->name, 100 * clean, found->clean.run);
      printf ("%-16s%8s%8s%8s%8s%8s%8s %8s\n", "severity", "1", "2", "3", "4", "5", "mean", "change");
      for (guint k = 0; k < DH_N_DEGRADE; k++)
        {
          double values[DH_DEGRADE_SEVERITIES];
          const double mean = dh_robustness_mean (found, number, k);
          for (guint s = 0; s < DH_DEGRADE_SEVERITIES; s++)
            values[s] = found->cells[k][s].run ? found->cells[k][s].numbers[number] : (double)NAN;
          if (!isnan (mean))
            print_row (dh_degrade_name (k), values, mean, clean);
        }
      const double mean = dh_robustness_mean (found, number, DH_N_DEGRADE);
      printf ("%-56s%8.2f %+8.2f\n", "mean", 100 * mean, 100 * (mean - clean));
    }
}

static int
tell (Work *work, DhReportFormat format, const char *out)
{
  g_autoptr (GError) error = NULL;
  g_auto (DhRobustness) found = { NULL };
  if (!dh_robustness_find (&found, work->database, work->clean, work->protocols->pdata[0], &error)
      || (out && !dh_robustness_write (&found, format, out, &error))
      || (work->cli->json && !dh_robustness_write (&found, DH_REPORT_JSON, "/dev/stdout", &error)))
    return dh_cli_fail (work->cli, &error);
  if (!work->cli->json)
    print_tables (&found);
  if (work->left_out == 0)
    return work->status;
  g_set_error (&error, DH_ERROR, DH_ERROR_INVALID,
               "images were left out of these numbers, %u altogether: \"eval-ood --degrade\" names those of a run",
               work->left_out);
  return dh_cli_fail (work->cli, &error);
}

static int
run (Work *work, const DhCliModel *model, const char *db, DhReportFormat format, const char *out)
{
  int status;
  g_autoptr (GError) error = NULL;
  g_autoptr (DhPredictor) predictor = dh_cli_open_predictor (work->cli, model, &status);
  if (!predictor)
    return status;
  g_autoptr (DhDatabase) database = NULL;
  if (!dh_cli_calibrate_on_set (work->cli, model->calibration, predictor, work->dataset, work->options.reduction,
                                &error)
      || !(database = dh_database_open (db, &error)))
    return dh_cli_fail (work->cli, &error);
  work->options.predictor = predictor;
  work->options.database = work->database = database;
  work->options.data = work->cli;
  work->options.protocols = (const DhProtocol *const *)work->protocols->pdata;
  work->options.n_protocols = work->protocols->len;
  if (!measure_all (work, &error))
    return dh_cli_fail (work->cli, &error);
  return tell (work, format, out);
}

/* By how the file's name ends. */
static gboolean
find_format (const char *out, DhReportFormat *format)
{
  const char *dot = out ? strrchr (out, '.') : NULL;
  g_autofree char *ending = g_ascii_strdown (dot ? dot + 1 : "", -1);
  if (!out)
    return TRUE;
  return dh_report_format_from_name (g_str_equal (ending, "tex") ? "latex" : ending, format)
         && *format != DH_REPORT_PDF;
}

int
dh_cmd_robustness (DhCli *cli, int argc, char **argv)
{
  g_auto (DhCliDataset) set = { NULL };
  g_auto (DhCliModel) model = { NULL };
  g_autofree char *folder = NULL;
  g_autofree char *degrade = NULL;
  g_autofree char *protocols = NULL;
  g_autofree char *score = NULL;
  g_autofree char *require = NULL;
  g_autofree char *out = NULL;
  g_autofree char *db = NULL;
  DhReduction reduction = { 1, 0 };
  double scale = 1;
  gint tile = 0;
  Work work = { .cli = cli };
  const GOptionEntry entries[] = {
    { "folder", 0, 0, G_OPTION_ARG_FILENAME, &folder, "Where the score maps go, a folder in it for each run", "OUT" },
    { "degrade", 0, 0, G_OPTION_ARG_STRING, &degrade,
      "What makes the images worse (default all): of noise, shot, defocus, motion, dark, bright, contrast, fog, rain, "
      "jpeg, resolution, each in severities 1 to 5, or one as fog:3",
      "KIND,…" },
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "Writes the tables as well: .html with charts, .md, .csv, .json, .tex",
      "FILE" },
    { "keep-maps", 0, 0, G_OPTION_ARG_NONE, &work.keep_maps,
      "Keeps the maps of worse images, which are removed once they are measured: they take much room", NULL },
    DH_CLI_DATASET_ENTRIES (set),
    DH_CLI_REGION_ENTRY (set.region),
    DH_CLI_MODEL_ENTRIES (model),
    { "protocol", 0, 0, G_OPTION_ARG_STRING, &protocols,
      "Protocols (default: the pixel protocols); the first one's "
      "numbers are told",
      "P,…" },
    { "score", 0, 0, G_OPTION_ARG_STRING, &score, "The map that is measured (default hybrid)", "MAP" },
    { "require", 0, 0, G_OPTION_ARG_STRING, &require,
      "Exit status 1 unless this holds of each run of worse images: ap>=40%, or against the images as they are: "
      "ap>=@clean-20% (twenty percentage points less, at most)",
      "R,…" },
    DH_CLI_REDUCTION_ENTRIES (scale, tile),
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &db, "The database (default: in the user's data folder)", "FILE" },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (
          cli, argc, argv, entries, NULL, "--dataroot DIR --folder OUT --params W [--degrade KIND,…]",
          "Measures what anomaly detection loses where images are worse: noise, blur, night, fog, rain,\n"
          "compression, in five severities, beside the images as they are. What was stopped goes on where\n"
          "it was, and runs that are there are not made again, but where --require asks of slices, classes or\n"
          "intervals, and their maps are gone.",
          "densehybrid robustness --dataroot FS_LAF --folder out --params dlv3_hybrid.pth --out worse.html", NULL,
          &status))
    return status;
  if (!folder)
    return dh_cli_usage (cli, "--folder is missing: where do the score maps go?");
  if (!parse_wanted (degrade ? degrade : "all", &work))
    return dh_cli_usage (cli, "--degrade %s is none: write all, or fog,dark:3, of %s, with a severity of 1 to 5",
                         degrade, dh_degrade_names ());
  DhReportFormat format = DH_REPORT_MD;
  if (!find_format (out, &format))
    return dh_cli_usage (cli, "--out %s does not end in .html, .md, .csv, .json or .tex", out);
  if (!dh_cli_check_reduction (cli, scale, tile, &reduction, &status))
    return status;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) found = dh_cli_find_protocols (protocols, &error);
  if (!found)
    return dh_cli_fail (cli, &error);
  work.protocols = found;
  work.require = require;
  g_autoptr (DhCliRequired) required = new_required (&work, 1, &error);
  if (!required)
    return dh_cli_fail (cli, &error);
  const char *compared = dh_cli_required_find_compared_classes (required);
  if (compared)
    return dh_cli_usage (cli,
                         "--require %s: of worse images the network sees classes in other pixels, so that they are not "
                         "held against another run's",
                         compared);
  work.reads_maps = dh_cli_required_reads_maps (required);
  if (((const DhProtocol *)found->pdata[0])->kind != DH_PROTOCOL_PIXEL)
    return dh_cli_usage (cli, "--protocol: name one of pixels first, of whose numbers the tables are");
  work.options = (DhEvaluationOptions){ .score = DH_MAP_HYBRID, .reduction = &reduction, .warning = dh_cli_warn_early };
  if (score
      && (!dh_map_from_name (score, &work.options.score) || work.options.score >= DH_MAP_LOGITS
          || work.options.score == DH_MAP_SEGMENTATION))
    return dh_cli_usage (cli, "--score %s is no score map", score);
  g_autoptr (DhDataset) dataset = dh_cli_open_dataset (cli, &set, &status);
  if (!dataset)
    return status;
  dh_cli_say_notes (cli, dataset);
  if (!dh_dataset_has_anomaly_labels (dataset))
    return dh_cli_usage (cli, "%s labels no anomalies, so that there is nothing to lose", dh_dataset_title (dataset));
  g_autofree char *command = dh_cli_dup_command (entries, argc, argv);
  work.options.command = command;
  work.dataset = dataset;
  work.folder = folder;
  return run (&work, &model, db, format, out);
}

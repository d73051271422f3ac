#include <math.h>
#include <stdio.h>

#include "cli-dataset.h"
#include "cli-model.h"
#include "cmd-weights-private.h"
#include "dh-answers-compare.h"
#include "dh-ask.h"
#include "dh-calibrate.h"
#include "dh-demo.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-first-look.h"

/* On the way through one check. */
typedef struct
{
  DhCli *cli;
  DhCliModel model;
  DhCliDataset set;
  char **images, *given, *record; /* --images, --answers, --record */
  DhDataset *dataset;             /* NULL: the pictures are no data set's */
  guint chosen[DH_FIRST_LOOK_IMAGES];
  DhQuestions *questions;
  DhFirstLook *look;
  DhAnswers *recorded, *found; /* recorded: NULL where nothing is */
  char *path;                  /* of what is recorded, or where it is to be kept */
  gboolean kept;               /* the answers were recorded at `path` now */
  char *warning;
  DhAnswersComparison *comparison;
} Check;

static void
check_clear (Check *check)
{
  dh_cli_model_clear (&check->model);
  dh_cli_dataset_clear (&check->set);
  g_strfreev (check->images);
  g_free (check->given);
  g_free (check->record);
  g_clear_pointer (&check->dataset, dh_dataset_unref);
  dh_questions_free (check->questions);
  dh_first_look_free (check->look);
  dh_answers_free (check->recorded);
  dh_answers_free (check->found);
  g_free (check->path);
  g_free (check->warning);
  dh_answers_comparison_free (check->comparison);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Check, check_clear)

static DhImage *
load_item (guint index, gpointer data, GError **error)
{
  const Check *check = data;
  return dh_dataset_load_image (check->dataset, check->chosen[index], error);
}

static const char *
name_item (guint index, gpointer data)
{
  const Check *check = data;
  return dh_dataset_item (check->dataset, check->chosen[index])->stem;
}

static void
look_at (guint index, const DhPrediction *prediction, gpointer data)
{
  const Check *check = data;
  const DhClassTable *table = check->dataset ? dh_dataset_class_table (check->dataset) : NULL;
  g_autoptr (DhLabels) anomalies = NULL, classes = NULL;
  g_autoptr (GError) why = NULL;
  if (table && !dh_dataset_load_labels (check->dataset, check->chosen[index], &anomalies, &classes, &why))
    dh_cli_note (check->cli, "%s", why->message);
  dh_first_look_add (check->look, prediction->maps, classes);
}

static gboolean
open_dataset (Check *check, int *status)
{
  check->dataset = dh_cli_open_dataset (check->cli, &check->set, status);
  if (!check->dataset)
    return FALSE;
  const guint n = dh_dataset_size (check->dataset), few = MIN (n, DH_FIRST_LOOK_IMAGES);
  for (guint i = 0; i < few; i++)
    check->chosen[i] = (guint)((guint64)i * n / few);
  check->questions = dh_questions_new_pictures (few, load_item, name_item, check);
  return TRUE;
}

/* What the author or the user has recorded; nothing is no error. */
static gboolean
find_record (Check *check, DhModel *model, GError **error)
{
  const char *weights = dh_model_path (model);
  g_clear_pointer (&check->path, g_free);
  if (check->given)
    check->path = g_strdup (check->given);
  else if (weights)
    check->path = dh_answers_find_beside (weights);
  else if (!check->images && !check->dataset)
    {
      g_autoptr (GBytes) shipped = dh_demo_get_answers (error);
      check->recorded = shipped ? dh_answers_load_bytes (shipped, "demo", error) : NULL;
      return check->recorded != NULL;
    }
  if (!check->path)
    {
      if (check->found)
        check->path = dh_answers_dup_own_path (check->found);
      else
        check->path = dh_answers_dup_kept_path (dh_model_architecture (model), dh_model_sha256 (model));
      if (!g_file_test (check->path, G_FILE_TEST_EXISTS))
        return TRUE;
    }
  check->recorded = dh_answers_load (check->path, error);
  return check->recorded != NULL;
}

static gboolean
keep (Check *check, const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  check->kept = dh_folder_make (folder, error) && dh_answers_save (check->found, path, error);
  return check->kept;
}

/* Answers that no sound network gives are not worth keeping. */
static gboolean
settle (Check *check, GError **error)
{
  if (check->recorded)
    {
      check->comparison = dh_answers_compare (check->recorded, check->found, error);
      return check->comparison != NULL;
    }
  return check->warning || keep (check, check->path, error);
}

static gboolean
is_fine (const Check *check)
{
  return !check->warning && (!check->comparison || check->comparison->agrees);
}

static void
print_json (const Check *check)
{
  const DhAnswersComparison *comparison = check->comparison;
  JsonBuilder *json = json_builder_new ();
  json_builder_begin_object (json);
  dh_json_member_string (json, "file", check->model.params);
  dh_json_member_string (json, "network", check->found->network);
  dh_json_member_int (json, "classes", check->found->classes);
  dh_json_member_string (json, "normalisation", check->found->normalisation);
  dh_json_member_string (json, "weights_sha256", check->found->weights);
  dh_json_member_string (json, "device", check->found->device);
  dh_json_member_string (json, "precision", check->found->precision);
  dh_json_member_int (json, "images", check->found->answers->len);
  dh_json_member_string (json, "record", check->path);
  dh_json_member_boolean (json, "recorded_now", check->kept);
  dh_json_member_string (json, "warning", check->warning);
  dh_json_member_number (json, "miou", check->look ? dh_first_look_miou (check->look) : NAN);
  json_builder_set_member_name (json, "agrees");
  if (comparison)
    json_builder_add_boolean_value (json, comparison->agrees);
  else
    json_builder_add_null_value (json);
  dh_json_member_string (json, "verdict", comparison ? comparison->verdict : NULL);
  dh_json_member_string (json, "meaning", comparison ? comparison->meaning : NULL);
  dh_json_member_string (json, "note", comparison ? comparison->note : NULL);
  json_builder_set_member_name (json, "maps");
  json_builder_begin_array (json);
  if (comparison)
    {
      json_builder_begin_object (json);
      dh_json_member_string (json, "map", dh_map_name (DH_MAP_SEGMENTATION));
      dh_json_member_number (json, "off", comparison->classes_off);
      dh_json_member_number (json, "bound", comparison->classes_bound);
      dh_json_member_boolean (json, "agrees", comparison->classes_agree);
      json_builder_end_object (json);
    }
  for (guint m = 0; comparison && m < comparison->n_maps; m++)
    {
      const DhAnswerDifference *map = &comparison->maps[m];
      json_builder_begin_object (json);
      dh_json_member_string (json, "map", dh_map_name (map->map));
      dh_json_member_number (json, "off", map->off);
      dh_json_member_number (json, "bound", map->bound);
      dh_json_member_number (json, "shift", map->shift);
      dh_json_member_number (json, "likeness", map->likeness);
      dh_json_member_boolean (json, "agrees", map->agrees);
      json_builder_end_object (json);
    }
  json_builder_end_array (json);
  json_builder_end_object (json);
  dh_json_print (json);
}

static void
print_map (const char *name, double off, double bound, gboolean agrees)
{
  g_autofree char *text = isfinite (off) ? g_strdup_printf ("%.3g %%", 100 * off) : g_strdup ("not a number");
  printf ("  %-18s %12s   up to %.3g %%%s\n", name, text, 100 * bound, agrees ? "" : "   ✗");
}

static void
print_text (const Check *check)
{
  const DhAnswersComparison *comparison = check->comparison;
  const guint n = check->found->answers->len;
  printf ("%s: %s, %u classes, on %s in %s, %u %s\n", check->model.params, check->found->network, check->found->classes,
          check->found->device, check->found->precision, n,
          dh_answers_is_of_scenes (check->found) ? "generated scenes"
          : n == 1                               ? "image"
                                                 : "images");
  if (comparison)
    {
      printf ("Off what is recorded %s%s, as a share of pixels or of a map's range:\n",
              check->path ? "in " : "of the demo", check->path ? check->path : "");
      print_map (dh_map_name (DH_MAP_SEGMENTATION), comparison->classes_off, comparison->classes_bound,
                 comparison->classes_agree);
      for (guint m = 0; m < comparison->n_maps; m++)
        print_map (dh_map_name (comparison->maps[m].map), comparison->maps[m].off, comparison->maps[m].bound,
                   comparison->maps[m].agrees);
      if (comparison->note)
        printf ("%s.\n", comparison->note);
      printf ("%s.\n", comparison->verdict);
      if (comparison->meaning)
        printf ("%s.\n", comparison->meaning);
    }
  else if (check->kept)
    printf ("%s %s.\n",
            check->record ? "The answers are recorded in"
                          : "Nothing was recorded of these weights and images; their answers are kept now in",
            check->record ? check->record : check->path);
  const double miou = dh_first_look_miou (check->look);
  if (isfinite (miou))
    printf ("mIoU of these images: %.2f %%.\n", 100 * miou);
  if (check->warning)
    printf ("%s.\n", check->warning);
}

/* A record of the user's own pictures is no use without them. */
static gboolean
needs_pictures (const Check *check)
{
  return check->recorded && !check->images && !check->dataset && !dh_answers_is_of_scenes (check->recorded);
}

static gboolean
ask (Check *check, DhPredictor *predictor, int *status, GError **error)
{
  DhModel *model = dh_predictor_model (predictor);
  const gboolean own = check->images || check->dataset;
  if (!check->record && (!own || check->given) && !find_record (check, model, error))
    return FALSE;
  if (needs_pictures (check))
    {
      const DhAnswer *first = check->recorded->answers->pdata[0];
      *status = dh_cli_usage (check->cli, "%s is of images of your own, %s among them: name them with --images",
                              check->path, first->name);
      return FALSE;
    }
  const DhClassTable *table = check->dataset ? dh_dataset_class_table (check->dataset) : NULL;
  check->look = dh_first_look_new ((guint)dh_model_classes (model), table);
  check->found =
      dh_ask (predictor, check->questions, look_at, check, check->cli->cancellable, &check->cli->progress, error);
  dh_cli_progress_end (check->cli);
  if (!check->found)
    return FALSE;
  check->warning = dh_first_look_dup_warning (check->look);
  if (check->record)
    return check->warning || keep (check, check->record, error);
  return (check->recorded || find_record (check, model, error)) && settle (check, error);
}

static int
run (Check *check)
{
  int status = DH_EXIT_FAILED;
  g_autoptr (GError) error = NULL;
  if (check->set.root && !open_dataset (check, &status))
    return status;
  if (!check->questions)
    check->questions =
        check->images ? dh_questions_new_files ((const char *const *)check->images) : dh_questions_new_scenes ();
  g_autoptr (DhPredictor) predictor = dh_cli_open_predictor (check->cli, &check->model, &status);
  if (!predictor)
    return status;
  if (check->cli->precision == DH_PRECISION_INT8 && check->model.calibration
      && !dh_calibrate_from_file (predictor, check->model.calibration, &error))
    return dh_cli_fail (check->cli, &error);
  if (!ask (check, predictor, &status, &error))
    return error ? dh_cli_fail (check->cli, &error) : status;
  if (check->cli->json)
    print_json (check);
  else
    print_text (check);
  return is_fine (check) ? DH_EXIT_DONE : DH_EXIT_FAILED;
}

int
dh_weights_check (DhCli *cli, int argc, char **argv)
{
  g_auto (Check) check = { .cli = cli };
  const GOptionEntry entries[] = {
    { "answers", 0, 0, G_OPTION_ARG_FILENAME, &check.given,
      "What is recorded (default: W.answers.json beside the weights, else what is kept of them)", "FILE" },
    { "record", 0, 0, G_OPTION_ARG_FILENAME, &check.record, "Record the answers here, and compare with nothing",
      "FILE" },
    { "images", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &check.images,
      "Ask about these images, up to 16 (default: four generated scenes)", "IMAGE…" },
    DH_CLI_DATASET_ENTRIES (check.set),
    { "calibration", 0, 0, G_OPTION_ARG_FILENAME, &check.model.calibration,
      "With --precision int8: a calibration (default: made of the images at hand)", "FILE" },
    { NULL },
  };
  static const char *const lists[] = { "images", NULL };
  g_auto (GStrv) rest = NULL;
  int status;
  if (!dh_cli_parse (
          cli, argc, argv, entries, lists, "W [--record FILE]",
          "Runs the network over a few images and compares what it gives with what was recorded of these\n"
          "weights: whether weights, classes, normalisation, device and precision still belong together. The\n"
          "first time the answers are kept in the user's data folder; W.answers.json beside the weights comes\n"
          "first, so that authors can ship it. With --dataroot four images of a data set are asked about, and\n"
          "where their classes are labelled the mIoU is told. Exit status 1: more is off than the precision\n"
          "explains, or no sound network gives this.",
          "densehybrid weights check ldn121_hybrid.pth --record ldn121_hybrid.pth.answers.json", &rest, &status))
    return status;
  if (g_strv_length (rest) != 1)
    return dh_cli_usage (cli, "it takes one file of weights");
  if (check.images && check.set.root)
    return dh_cli_usage (cli, "--images and --dataroot both say which images; leave one");
  if (check.images && g_strv_length (check.images) > DH_ANSWERS_MOST)
    return dh_cli_usage (cli, "--images takes up to %d images", DH_ANSWERS_MOST);
  if (check.given && check.record)
    return dh_cli_usage (cli, "--answers is compared with, --record is written; leave one");
  check.model.params = g_strdup (rest[0]);
  return run (&check);
}

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <unistd.h>

#include "cmd-train-private.h"
#include "dh-config.h"
#include "dh-database.h"
#include "dh-foreign-start.h"
#include "dh-records.h"
#include "dh-run-config.h"
#include "dh-trainer.h"

static volatile sig_atomic_t paused;

static void
take_signal (int number)
{
  paused = number == SIGUSR1;
}

static gboolean
is_paused (gpointer data)
{
  return paused != 0;
}

typedef struct
{
  DhCli *cli;
  gboolean events; /* lines of JSON on standard output */
  guint64 step, steps;
  char *last; /* the last line */
  const char *folder, *database;
  char *command;
  gint64 launched; /* Unix, seconds */
  gboolean resumed;
  gboolean unmeasured; /* the last epoch */
} Watch;

/* In the database, where the studio finds it. It is not needed to train. */
static void
enter (Watch *watch, JsonObject *start)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_canonicalize_filename (watch->folder, NULL), *title = g_path_get_basename (folder);
  g_autoptr (DhDatabase) database = dh_database_open (watch->database, &error);
  g_autoptr (DhRunConfig) config = dh_run_config_read (folder, NULL);
  const DhJobRow row = { .kind = (char *)"train",
                         .state = (char *)"running",
                         .title = title,
                         .recipe = config ? config->recipe->name : (char *)"",
                         .folder = folder,
                         .device = (char *)json_object_get_string_member (start, "device"),
                         .precision = (char *)json_object_get_string_member (start, "precision"),
                         .program = (char *)DH_VERSION,
                         .command = watch->command,
                         .pid = getpid (),
                         .estimate = NAN,
                         .step_flop = NAN,
                         .launched = watch->launched,
                         .started = watch->launched };
  if (!database || dh_database_put_job (database, &row, watch->resumed, &error) == 0)
    dh_cli_note (watch->cli, "this training is not entered in the database: %s", error->message);
}

static gboolean
has_number (JsonObject *object, const char *name)
{
  JsonNode *node = json_object_get_member (object, name);
  return node && JSON_NODE_HOLDS_VALUE (node);
}

static double
number (JsonObject *object, const char *name)
{
  return has_number (object, name) ? json_object_get_double_member (object, name) : 0;
}

static void
show (const char *line, gpointer data)
{
  Watch *watch = data;
  g_free (watch->last);
  watch->last = g_strdup (line);
  if (watch->events)
    {
      printf ("%s\n", line);
      fflush (stdout);
    }
  g_autoptr (JsonNode) root = json_from_string (line, NULL);
  g_return_if_fail (root != NULL);
  JsonObject *event = json_node_get_object (root);
  const char *name = json_object_get_string_member (event, "event");
  const guint64 step = (guint64)json_object_get_int_member (event, "step");
  watch->step = step;
  if (g_str_equal (name, "start"))
    {
      watch->steps = (guint64)json_object_get_int_member (event, "steps");
      enter (watch, event);
    }
  else if (g_str_equal (name, "step"))
    {
      g_autofree char *text =
          g_strdup_printf ("epoch %d, loss %.4f", (int)number (event, "epoch"), number (event, "loss"));
      dh_progress_report (&watch->cli->progress, step, watch->steps, text);
    }
  else if (g_str_equal (name, "epoch"))
    {
      /* Without negatives nothing is ranked, and without validation pictures nothing is measured. */
      const gboolean ranked = has_number (event, "ap");
      watch->unmeasured = !has_number (event, "miou");
      g_autofree char *miou = dh_cli_percent (number (event, "miou")), *ap = dh_cli_percent (number (event, "ap"));
      if (!watch->cli->quiet)
        dh_cli_note (watch->cli,
                     watch->unmeasured ? "epoch %d: done, and not measured"
                     : ranked          ? "epoch %d: mIoU %s %%, AP of the hybrid score %s %%"
                                       : "epoch %d: mIoU %s %%",
                     (int)number (event, "epoch"), miou, ap);
    }
  else if (g_str_equal (name, "skip"))
    dh_cli_note (watch->cli, "step %d was skipped: %s", (int)step, json_object_get_string_member (event, "why"));
  else if (g_str_equal (name, "note"))
    dh_cli_note (watch->cli, "%s", json_object_get_string_member (event, "why"));
}

/* No number that is given means these. */
#define NO_COUNT G_MININT
#define NO_NUMBER (-G_MAXDOUBLE)

typedef struct
{
  gint classes, batch, crop, accumulation, epochs, steps, validation_pastes, keep, patience, checkpoint_seconds;
  double rate, rate_min, backbone, beta;
  gboolean recompute;
  char *architecture, *dataset, *selection;
} Changes;

static const struct
{
  const char *field; /* of the recipe */
  gsize offset;      /* in Changes */
  gboolean is_count;
} numbers[] = {
#define COUNT(field)                                                                                                   \
  {                                                                                                                    \
#field, G_STRUCT_OFFSET(Changes, field), TRUE                                                                      \
  }
#define NUMBER(field)                                                                                                  \
  {                                                                                                                    \
#field, G_STRUCT_OFFSET(Changes, field), FALSE                                                                     \
  }
  COUNT (classes),
  COUNT (batch),
  COUNT (crop),
  COUNT (accumulation),
  COUNT (epochs),
  COUNT (steps),
  COUNT (validation_pastes),
  COUNT (keep),
  COUNT (patience),
  COUNT (checkpoint_seconds),
  NUMBER (rate),
  NUMBER (rate_min),
  NUMBER (backbone),
  NUMBER (beta),
#undef COUNT
#undef NUMBER
};

/* FALSE where the command line does not say. */
static gboolean
get_number (const Changes *changes, guint which, double *value)
{
  const char *at = (const char *)changes + numbers[which].offset;
  *value = numbers[which].is_count ? *(const gint *)(gconstpointer)at : *(const double *)(gconstpointer)at;
  return *value != (numbers[which].is_count ? NO_COUNT : NO_NUMBER);
}

/* A number that no recipe can have is an error, whatever the recipe says. */
static gboolean
check_numbers (DhCli *cli, const Changes *changes, int *status)
{
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      double value, least, most;
      if (!get_number (changes, i, &value) || !dh_recipe_get_range (numbers[i].field, &least, &most)
          || (value >= least && value <= most))
        continue;
      g_autofree char *option = dh_cmd_train_dup_option (numbers[i].field);
      *status = dh_cli_usage (cli, "%s %.10g is not between %.10g and %.10g", option, value, least, most);
      return FALSE;
    }
  return TRUE;
}

/* A name may lead into a folder of --runs, never out of it, and is not that folder itself. */
static gboolean
is_run_name (const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, G_DIR_SEPARATOR_S, -1);
  gboolean named = FALSE;
  for (guint i = 0; parts[i]; i++)
    {
      if (g_str_equal (parts[i], ".."))
        return FALSE;
      named = named || (*parts[i] != '\0' && !g_str_equal (parts[i], "."));
    }
  return named && !g_path_is_absolute (name);
}

/* What the command line says instead of the recipe. */
static void
change_recipe (DhRecipe *recipe, Changes *changes)
{
  double value;
  const gboolean constant = recipe->rate_min == recipe->rate;
  /* Another data set has other classes. */
  if (changes->dataset && g_strcmp0 (changes->dataset, recipe->dataset) != 0)
    recipe->classes = 0;
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (get_number (changes, i, &value))
      dh_recipe_set_number (recipe, numbers[i].field, value);
  /* A constant rate stays one, and none rises. */
  if (changes->rate != NO_NUMBER && changes->rate_min == NO_NUMBER)
    recipe->rate_min = constant ? recipe->rate : MIN (recipe->rate_min, recipe->rate);
  if (changes->recompute)
    recipe->recompute = TRUE;
  char **const texts[] = { &changes->architecture, &recipe->architecture, &changes->dataset,
                           &recipe->dataset,       &changes->selection,   &recipe->selection };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i += 2)
    if (*texts[i])
      {
        g_free (*texts[i + 1]);
        *texts[i + 1] = g_steal_pointer (texts[i]);
      }
}

static void
clear_changes (Changes *changes)
{
  g_free (changes->architecture);
  g_free (changes->dataset);
  g_free (changes->selection);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Changes, clear_changes)

static gboolean
has_file (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static int
finish (DhCli *cli, Watch *watch, const char *folder, gboolean done, gboolean stops, GError **error)
{
  dh_cli_progress_end (cli);
  /* Stopped where it was asked to be: that is no cancellation. */
  const gboolean stopped = !done && stops && g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
                           && !g_cancellable_is_cancelled (cli->cancellable);
  if (!done && !stopped)
    return dh_cli_fail (cli, error);
  if (cli->json && !watch->events)
    printf ("%s\n", watch->last);
  else if (!watch->events && stopped)
    printf ("%s: stopped behind step %" G_GUINT64_FORMAT " as asked; --resume goes on from there\n", folder,
            watch->step);
  else if (!watch->events)
    printf (watch->unmeasured ? "%s: done; the last model is %s/model_best.%s\n"
                              : "%s: done; the best model is %s/model_best.%s\n",
            folder, folder, has_file (folder, "model_best.onnx") ? "onnx" : "pth");
  return DH_EXIT_DONE;
}

int
dh_cmd_train (DhCli *cli, int argc, char **argv)
{
  g_autofree char *data_root = NULL, *negative_root = NULL, *name = NULL, *runs = NULL, *init = NULL, *events = NULL,
                  *db = NULL;
  g_auto (Changes) changes = { .classes = NO_COUNT,
                               .batch = NO_COUNT,
                               .crop = NO_COUNT,
                               .accumulation = NO_COUNT,
                               .epochs = NO_COUNT,
                               .steps = NO_COUNT,
                               .validation_pastes = NO_COUNT,
                               .keep = NO_COUNT,
                               .patience = NO_COUNT,
                               .checkpoint_seconds = NO_COUNT,
                               .rate = NO_NUMBER,
                               .rate_min = NO_NUMBER,
                               .backbone = NO_NUMBER,
                               .beta = NO_NUMBER };
  g_auto (GStrv) rest = NULL;
  gboolean resume = FALSE;
  gint64 seed = G_MININT64, stop = 0, checkpoint_steps = G_MININT64, validation = G_MININT64;
  gint workers = NO_COUNT;
  double momentum = NO_NUMBER, decay = NO_NUMBER;
  const GOptionEntry entries[] = {
    { "dataroot", 0, 0, G_OPTION_ARG_FILENAME, &data_root, "The data set", "DIR" },
    { "neg_dataroot", 0, 0, G_OPTION_ARG_FILENAME, &negative_root, "Images of which negatives are pasted", "DIR" },
    { "exp_name", 0, 0, G_OPTION_ARG_FILENAME, &name, "Name of the run's folder", "NAME" },
    { "runs", 0, 0, G_OPTION_ARG_FILENAME, &runs, "Where runs lie (logs)", "DIR" },
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &init,
      "Weights to start from; a ladder also takes torchvision's densenet121. A network as ONNX is trained itself",
      "FILE" },
    { "resume", 0, 0, G_OPTION_ARG_NONE, &resume, "Go on with the run of that name, exactly", NULL },
    { "arch", 0, 0, G_OPTION_ARG_STRING, &changes.architecture, "Another network than the recipe's", "NAME" },
    { "dataset", 0, 0, G_OPTION_ARG_STRING, &changes.dataset, "Another kind of data set", "KIND" },
    { "num_classes", 0, 0, G_OPTION_ARG_INT, &changes.classes, "Classes (the data set's)", "K" },
    { "batch_size", 0, 0, G_OPTION_ARG_INT, &changes.batch, "Crops in a batch", "N" },
    { "accumulation", 0, 0, G_OPTION_ARG_INT, &changes.accumulation, "Batches in a step", "N" },
    { "recompute", 0, 0, G_OPTION_ARG_NONE, &changes.recompute,
      "Hold less memory, and make dense layers' inner results twice", NULL },
    { "crop", 0, 0, G_OPTION_ARG_INT, &changes.crop, "Side of a crop", "PIXELS" },
    { "epochs", 0, 0, G_OPTION_ARG_INT, &changes.epochs, "Epochs", "N" },
    { "steps", 0, 0, G_OPTION_ARG_INT, &changes.steps, "Steps of an epoch (all of the data)", "N" },
    { "lr", 0, 0, G_OPTION_ARG_DOUBLE, &changes.rate, "Learning rate", "RATE" },
    { "lr_min", 0, 0, G_OPTION_ARG_DOUBLE, &changes.rate_min, "Learning rate at the end", "RATE" },
    { "backbone", 0, 0, G_OPTION_ARG_DOUBLE, &changes.backbone, "Share of the rate for the backbone", "X" },
    { "beta", 0, 0, G_OPTION_ARG_DOUBLE, &changes.beta, "Weight of the losses on negatives (0.03)", "BETA" },
    { "momentum", 0, 0, G_OPTION_ARG_DOUBLE, &momentum, "Has no effect, as in the reference", "X" },
    { "decay", 0, 0, G_OPTION_ARG_DOUBLE, &decay, "Has no effect, as in the reference", "X" },
    { "selection", 0, 0, G_OPTION_ARG_STRING, &changes.selection, "What makes the best model: miou, ap, last", "NAME" },
    { "patience", 0, 0, G_OPTION_ARG_INT, &changes.patience,
      "End after so many epochs without a better model (0: never)", "N" },
    { "keep", 0, 0, G_OPTION_ARG_INT, &changes.keep, "Models of epochs kept (2)", "N" },
    { "seed", 0, 0, G_OPTION_ARG_INT64, &seed, "All chance comes from it (0)", "N" },
    { "workers", 0, 0, G_OPTION_ARG_INT, &workers,
      "Threads that load ahead (as the device needs); no result depends on it", "N" },
    { "validation_images", 0, 0, G_OPTION_ARG_INT64, &validation, "Validate on so many (all)", "N" },
    { "validation_pastes", 0, 0, G_OPTION_ARG_INT, &changes.validation_pastes,
      "Composites of each of them (1); with few images several make AP a steadier measure", "N" },
    { "checkpoint_steps", 0, 0, G_OPTION_ARG_INT64, &checkpoint_steps, "A checkpoint every so many steps too", "N" },
    { "checkpoint_seconds", 0, 0, G_OPTION_ARG_INT, &changes.checkpoint_seconds, "A checkpoint so often (600)", "S" },
    { "stop_after", 0, 0, G_OPTION_ARG_INT64, &stop, "Stop behind this step with a checkpoint, for --resume", "STEP" },
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &db, "The database that lists it (the user's)", "FILE" },
    { "events", 0, 0, G_OPTION_ARG_STRING, &events, "\"-\": every event as a line of JSON on standard output", "-" },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL, "RECIPE --dataroot DIR [--neg_dataroot DIR] --exp_name NAME",
                     "Trains a network: dlv3-cityscapes, ldn-semseg, ldn-streethazards, or a recipe in a .json file. "
                     "SIGUSR1 pauses, SIGUSR2 goes on; Ctrl-C and SIGTERM write a checkpoint.\n\n"
                     "With --model net.onnx the network in that file is trained, and the results are ONNX again. One "
                     "without outlier logits gets a head for them: a 1x1 convolution, zero at first, on the features "
                     "that its last convolution reads. Norms must be folded into convolutions, as torch.onnx.export "
                     "does after model.eval().",
                     "densehybrid train ldn-streethazards --dataroot streethazards --neg_dataroot ade20k "
                     "--exp_name first --model closed.pth",
                     &rest, &status))
    return status;
  const guint n_rest = rest ? g_strv_length (rest) : 0;
  if (!name)
    return dh_cli_usage (cli, "give the run a name with --exp_name NAME");
  if (!is_run_name (name))
    return dh_cli_usage (cli, "--exp_name %s names no folder within that of --runs", name);
  if (resume ? n_rest > 1 : n_rest != 1)
    return dh_cli_usage (cli, "give one recipe: dlv3-cityscapes, ldn-semseg, ldn-streethazards or a .json file");
  if (!resume && !data_root)
    return dh_cli_usage (cli, "give the data set with --dataroot DIR");
  if (events && !g_str_equal (events, "-"))
    return dh_cli_usage (cli, "--events takes \"-\" alone");
  const gint64 counts[] = { seed, checkpoint_steps, validation };
  gboolean sound = (workers == NO_COUNT || (workers >= 0 && workers <= 64)) && stop >= 0 && validation <= G_MAXINT;
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    sound = sound && (counts[i] >= 0 || counts[i] == G_MININT64);
  if (!sound)
    return dh_cli_usage (cli,
                         "--seed, --workers, --stop_after and the like are not negative, --workers at most 64, "
                         "--validation_images at most %d",
                         G_MAXINT);
  if (!check_numbers (cli, &changes, &status))
    return status;
  /* A run goes on from its files alone, and names the one that it began with. */
  if (init && g_str_equal (init, "demo") && !g_file_test (init, G_FILE_TEST_EXISTS))
    return dh_cli_usage (cli, "--model takes a file: \"densehybrid weights convert demo demo.pth\" writes the weights "
                              "that come with the program, for --arch ldn-demo");
  if (momentum != NO_NUMBER || decay != NO_NUMBER)
    dh_cli_note (cli, "--momentum and --decay have no effect: Adam uses 0.9 and 0.999, and no decay");

  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_build_filename (runs ? runs : "logs", name, NULL);
  /* Without one there is nothing to resume, which the trainer says. */
  g_autoptr (DhRunConfig) old = resume ? dh_run_config_read (folder, NULL) : NULL;
  g_autoptr (DhRecipe) recipe = n_rest > 0 ? dh_recipe_load (rest[0], &error) : NULL;
  if (n_rest > 0 && !recipe)
    return dh_cli_fail (cli, &error);
  if (!recipe && old)
    recipe = dh_recipe_copy (old->recipe);
  /* A run goes on with its own network whatever the recipe names. */
  if (old && g_str_equal (old->recipe->architecture, DH_FOREIGN_ARCHITECTURE) && !changes.architecture)
    changes.architecture = g_strdup (DH_FOREIGN_ARCHITECTURE);
  if (recipe)
    change_recipe (recipe, &changes);
  const DhResumeOptions options = { recipe, init, seed, validation, checkpoint_steps };
  if (old && !dh_cmd_train_check_resume (cli, old, &options, &status))
    return status;
  Watch watch = { .cli = cli,
                  .events = events != NULL,
                  .folder = folder,
                  .database = db,
                  .command = dh_cli_dup_command (NULL, argc, argv),
                  .launched = g_get_real_time () / G_USEC_PER_SEC,
                  .resumed = resume };
  const struct sigaction action = { .sa_handler = take_signal, .sa_flags = SA_RESTART };
  sigaction (SIGUSR1, &action, NULL);
  sigaction (SIGUSR2, &action, NULL);
  const DhTraining training = { .folder = folder,
                                .device = resume && g_strcmp0 (cli->device, "auto") == 0 ? NULL : cli->device,
                                .threads = (guint)MAX (cli->threads, 0),
                                .precision = cli->precision,
                                .recipe = resume ? NULL : recipe,
                                .resume = resume,
                                .data_root = data_root,
                                .negative_root = negative_root,
                                .init = init,
                                .seed = (guint64)MAX (seed, 0),
                                .workers = workers == NO_COUNT ? DH_TRAINING_AUTO : (guint)workers,
                                .most_steps = (guint64)stop,
                                .checkpoint_steps = (guint64)MAX (checkpoint_steps, 0),
                                .validation_images = (guint)MAX (validation, 0),
                                .event = show,
                                .is_paused = is_paused,
                                .data = &watch };
  const gboolean done = dh_train (&training, cli->cancellable, &error);
  status = finish (cli, &watch, folder, done, stop > 0, &error);
  g_free (watch.last);
  g_free (watch.command);
  return status;
}

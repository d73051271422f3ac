#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli-calibrate.h"
#include "cli-dataset.h"
#include "cli-film.h"
#include "cli-model.h"
#include "cli-run.h"
#include "cli-video.h"
#include "dh-error.h"
#include "dh-film-run.h"

#define PICTURES_RATE 10

/* Of what the video is made; all owned. */
typedef struct
{
  DhCliRun stored;
  DhDataset *dataset; /* its own, or a folder's */
  DhPredictor *predictor;
} Sources;

static void
sources_clear (Sources *sources)
{
  g_clear_pointer (&sources->dataset, dh_dataset_unref);
  dh_cli_run_clear (&sources->stored);
  g_clear_pointer (&sources->predictor, dh_predictor_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Sources, sources_clear)

static gboolean
parse_number (const char *text, double *number)
{
  char *end;
  *number = g_ascii_strtod (text, &end);
  return end != text && *end == '\0' && isfinite (*number);
}

/* "image,hybrid" */
static gboolean
parse_panes (DhCli *cli, const char *text, DhFilm *film, int *status)
{
  g_auto (GStrv) names = g_strsplit (text, ",", -1);
  for (guint i = 0; names[i]; i++)
    {
      DhMap map;
      const gboolean image = g_str_equal (g_strstrip (names[i]), "image");
      if (!image && (!dh_map_from_name (names[i], &map) || map >= DH_MAP_LOGITS))
        *status = dh_cli_usage (cli, "--panes: \"%s\" is neither image nor a map that can be drawn", names[i]);
      else if (film->n_panes == DH_FILM_MOST_PANES)
        *status = dh_cli_usage (cli, "--panes names more than %d", DH_FILM_MOST_PANES);
      else
        {
          film->panes[film->n_panes++] = image ? DH_FILM_IMAGE : (gint)map;
          continue;
        }
      return FALSE;
    }
  if (film->n_panes == 0)
    *status = dh_cli_usage (cli, "--panes names none");
  return film->n_panes > 0;
}

static gboolean
open_network (DhCli *cli, const DhCliModel *model, Sources *sources, const DhFilm *film, int *status)
{
  sources->predictor = dh_cli_open_predictor (cli, model, status);
  if (!sources->predictor)
    return FALSE;
  for (guint m = 0; m < DH_N_MAPS; m++)
    if (dh_film_maps (film) & DH_MAP_BIT (m) && dh_map_needs_ood (m)
        && !dh_model_has_outlier_head (dh_predictor_model (sources->predictor)))
      {
        *status = dh_cli_usage (cli, "the weights have no outlier head, so there is no %s; name other --panes",
                                dh_map_name (m));
        return FALSE;
      }
  return TRUE;
}

static gboolean
is_same_file (const char *one, const char *other)
{
  struct stat a, b;
  return stat (one, &a) == 0 && stat (other, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int
make (DhCli *cli, DhCliFilm *film, const char *in)
{
  g_autoptr (GError) error = NULL;
  const gint64 before = g_get_monotonic_time ();
  const gboolean made = dh_cli_film_make (cli, film, &error);
  const double seconds = (double)(g_get_monotonic_time () - before) / G_USEC_PER_SEC;
  dh_cli_progress_end (cli);
  if (!made)
    return dh_cli_fail (cli, &error);
  const char *damage = dh_cli_shots_complaint (film->flow.shots);
  if (damage)
    dh_cli_note (cli, "%s may be damaged: %s", in, damage);
  if (cli->json)
    {
      JsonBuilder *json = json_builder_new ();
      json_builder_begin_object (json);
      dh_json_member_string (json, "video", film->out);
      dh_json_member_int (json, "images", film->images);
      dh_json_member_int (json, "width", film->width);
      dh_json_member_int (json, "height", film->height);
      dh_json_member_number (json, "rate", film->rate);
      dh_json_member_number (json, "seconds", seconds);
      dh_json_member_number (json, "network_seconds", film->flow.network_seconds);
      dh_json_member_string (json, "damage", damage);
      json_builder_end_object (json);
      dh_json_print (json);
    }
  else if (!cli->quiet)
    printf ("%u image%s, %u×%u, in %s\n", film->images, film->images == 1 ? "" : "s", film->width, film->height,
            film->out);
  return DH_EXIT_DONE;
}

int
dh_cmd_video (DhCli *cli, int argc, char **argv)
{
  g_auto (DhCliDataset) set = { NULL };
  g_auto (DhCliModel) model = { NULL };
  g_auto (DhCliRange) range = { NULL };
  g_autofree char *out = NULL, *panes = NULL, *threshold = NULL, *scores = NULL, *db = NULL;
  double scale = 1, overlay = 1, rate = 0;
  gint tile = 0, height = 0;
  gint64 run = 0;
  const GOptionEntry entries[] = {
    DH_CLI_MODEL_ENTRIES (model),
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "The video, MP4", "FILE" },
    { "panes", 0, 0, G_OPTION_ARG_STRING, &panes,
      "Side by side (image,hybrid): image, segmentation, likelihood, dataset_posterior, hybrid, max_softmax, "
      "max_logit, "
      "entropy",
      "P,…" },
    { "threshold", 0, 0, G_OPTION_ARG_STRING, &threshold, "Outlines in the image what the score flags at T", "T" },
    { "overlay", 0, 0, G_OPTION_ARG_DOUBLE, &overlay, "Lays maps over the image, 0 to 1 (1: the map alone)", "O" },
    { "range", 0, 0, G_OPTION_ARG_STRING, &scores,
      "Of the score's colours (default: that of a few images from all over)", "LOW,HIGH" },
    { "height", 0, 0, G_OPTION_ARG_INT, &height, "Of the video in pixels (default: as the images are, at most 1080)",
      "N" },
    { "rate", 0, 0, G_OPTION_ARG_DOUBLE, &rate, "Images a second (default: the recording's; of images 10)", "R" },
    DH_CLI_RANGE_ENTRIES (range),
    { "run", 0, 0, G_OPTION_ARG_INT64, &run, "Instead of weights and IN: the images and maps of a stored run", "N" },
    { "db", 0, 0, G_OPTION_ARG_FILENAME, &db, "With --run: the database (default: in the user's data folder)", "FILE" },
    { "dataset", 0, 0, G_OPTION_ARG_STRING, &set.kind, "The layout of a folder (default: recognised)", "KIND" },
    { "split", 0, 0, G_OPTION_ARG_STRING, &set.splits, "Only these splits of a set", "S,…" },
    DH_CLI_REDUCTION_ENTRIES (scale, tile),
    { NULL },
  };
  int status;
  g_auto (GStrv) named = NULL;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL, "(IN --params W | --run N) --out FILE.mp4",
                     "Makes a video of images and maps side by side: of a recording, of a folder or data set, or of a\n"
                     "stored run, whose maps are taken as they are. FFmpeg must be installed.",
                     "densehybrid video drive.mp4 --params ldn121_hybrid.pth --panes image,hybrid --out anomaly.mp4",
                     &named, &status))
    return status;
  cli->whole = TRUE;
  DhFilm film = { .height = (guint)MAX (height, 0), .score = DH_MAP_HYBRID, .overlay = overlay };
  film.look.threshold = NAN;
  DhCliFilm work = { .film = &film, .out = out, .rate = rate };
  DhVideoRange frames;
  const char *in = named && named[0] ? named[0] : NULL;
  if (run < 0 || (run > 0 && in) || (run > 0 && model.params))
    return dh_cli_usage (cli, "--run N takes the images and maps of a run: leave IN and --params");
  if (run == 0 && !in)
    return dh_cli_usage (cli, "no recording or folder is named, and no --run");
  if (in && named[1])
    return dh_cli_usage (cli, "one recording or folder at a time: \"%s\" is one too many", named[1]);
  if (!out)
    return dh_cli_usage (cli, "--out is missing: which file?");
  if (g_file_test (out, G_FILE_TEST_IS_DIR))
    return dh_cli_usage (cli, "--out %s is a folder: name a file in it", out);
  if (in && is_same_file (in, out))
    return dh_cli_usage (cli, "--out %s is the recording itself; name another file", out);
  if (!(overlay >= 0 && overlay <= 1))
    return dh_cli_usage (cli, "--overlay must be between 0 and 1");
  if (rate != 0 && !(rate >= 0.01 && rate <= 1000))
    return dh_cli_usage (cli, "--rate must be between 0.01 and 1000");
  if (threshold && !parse_number (threshold, &film.look.threshold))
    return dh_cli_usage (cli, "--threshold %s is no number", threshold);
  if (!parse_panes (cli, panes ? panes : "image,hybrid", &film, &status)
      || !dh_cli_parse_range (cli, &range, &frames, &status)
      || !dh_cli_check_reduction (cli, scale, tile, &work.flow.reduction, &status))
    return status;

  g_autoptr (GError) error = NULL;
  g_auto (Sources) sources = { NULL };
  const gboolean folder = in && g_file_test (in, G_FILE_TEST_IS_DIR);
  if (run > 0)
    {
      if (!dh_cli_run_open (&sources.stored, db, run, cli->cancellable, &error))
        return dh_cli_fail (cli, &error);
      sources.dataset = dh_dataset_ref (sources.stored.dataset);
      film.score = dh_film_run_score (sources.stored.run);
      if (!panes)
        film.panes[1] = (gint)film.score;
    }
  if (folder)
    set.root = g_strdup (in);
  if (folder && !(sources.dataset = dh_cli_open_dataset (cli, &set, &status)))
    return status;
  if (sources.dataset && (range.from || range.to))
    return dh_cli_usage (cli, "--from and --to are times of a recording");
  if (scores)
    {
      g_auto (GStrv) ends = g_strsplit (scores, ",", 2);
      film.look.fixed[film.score] = TRUE;
      if (!ends[0] || !ends[1] || !parse_number (ends[0], &film.look.low[film.score])
          || !parse_number (ends[1], &film.look.high[film.score])
          || !(film.look.low[film.score] < film.look.high[film.score]))
        return dh_cli_usage (cli, "--range %s is not LOW,HIGH", scores);
    }
  const DhCliShotsOptions options = {
    in, &frames, sources.dataset, sources.stored.rows, sources.stored.run, dh_film_maps (&film)
  };
  DhCliShotsOptions chosen = options;
  if (sources.dataset)
    chosen.recording = NULL;
  g_autoptr (DhCliShots) shots = dh_cli_shots_new (&chosen, cli->cancellable, &error);
  if (!shots)
    return dh_cli_fail (cli, &error);
  if (run == 0 && !open_network (cli, &model, &sources, &film, &status))
    return status;
  const DhPictures samples = { DH_CLI_SAMPLES, dh_cli_shots_load_sample, shots };
  if (sources.predictor && !dh_cli_calibrate (cli, model.calibration, sources.predictor, &samples, &error))
    return dh_cli_fail (cli, &error);
  film.look.classes = sources.predictor ? dh_model_classes (dh_predictor_model (sources.predictor))
                                        : (gint)sources.stored.run->model_classes;
  work.flow.shots = shots;
  work.flow.predictor = sources.predictor;
  work.flow.maps = dh_film_maps (&film);
  if (work.rate == 0)
    work.rate = dh_cli_shots_rate (shots) > 0 ? dh_cli_shots_rate (shots) : PICTURES_RATE;
  /* With no map to show there is nothing to compute. */
  if (work.flow.maps == 0)
    work.flow.predictor = NULL;
  if (work.flow.maps != 0 && !dh_cli_film_find_ranges (cli, &work, &error))
    return dh_cli_fail (cli, &error);
  return make (cli, &work, in ? in : sources.stored.run->dataset_root);
}

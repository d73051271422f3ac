#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli-calibrate.h"
#include "cli-model.h"
#include "dh-dataset.h"
#include "dh-demo.h"
#include "dh-error.h"
#include "dh-file.h"
#include "dh-picture.h"
#include "dh-report.h"

#define PANEL_MAPS                                                                                                     \
  (DH_MAP_BIT (DH_MAP_SEGMENTATION) | DH_MAP_BIT (DH_MAP_LIKELIHOOD) | DH_MAP_BIT (DH_MAP_DATASET_POSTERIOR)           \
   | DH_MAP_BIT (DH_MAP_HYBRID))

static DhEvaluation *
evaluate (DhCli *cli, DhDataset *dataset, DhPredictor *predictor, DhDatabase *database, const char *folder,
          GError **error)
{
  static const char *const names[] = { "densehybrid-pooled", "densehybrid-per-image", "smiyc-pixel" };
  const DhProtocol *protocols[G_N_ELEMENTS (names)];
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (!(protocols[i] = dh_protocol_find (names[i], error)))
      return NULL;
  const DhEvaluationOptions options = {
    .dataset = dataset,
    .predictor = predictor,
    .database = database,
    .folder = folder,
    .score = DH_MAP_HYBRID,
    .more_scores = DH_MAP_BIT (DH_MAP_LIKELIHOOD) | DH_MAP_BIT (DH_MAP_DATASET_POSTERIOR)
                   | DH_MAP_BIT (DH_MAP_MAX_SOFTMAX) | DH_MAP_BIT (DH_MAP_MAX_LOGIT) | DH_MAP_BIT (DH_MAP_ENTROPY),
    .protocols = protocols,
    .n_protocols = G_N_ELEMENTS (names),
    .command = "densehybrid demo",
  };
  return dh_evaluation_run (&options, cli->cancellable, &cli->progress, error);
}

/* One panel a scene, with what is found, false and missed at the threshold of TPR 95 %. */
static gboolean
write_panels (DhCli *cli, DhDataset *dataset, DhPredictor *predictor, double threshold, const char *folder,
              GError **error)
{
  g_autofree char *panels = g_build_filename (folder, "panels", NULL);
  if (!dh_folder_make (panels, error))
    return FALSE;
  for (guint i = 0; i < dh_dataset_size (dataset); i++)
    {
      const DhDatasetItem *item = dh_dataset_item (dataset, i);
      g_autoptr (DhImage) image = dh_dataset_load_image (dataset, i, error);
      g_autoptr (DhLabels) labels = NULL;
      if (!image || !dh_dataset_load_labels (dataset, i, &labels, NULL, error))
        return FALSE;
      g_autoptr (DhPrediction) prediction =
          dh_predictor_run (predictor, image, PANEL_MAPS, cli->cancellable, NULL, error);
      if (!prediction)
        return FALSE;
      const DhPictureOptions options = { .classes = dh_model_classes (dh_predictor_model (predictor)),
                                         .threshold = threshold };
      g_autofree char *name = g_path_get_basename (item->stem);
      g_autofree char *file = g_strdup_printf ("%s_%s.png", item->group, name);
      g_autofree char *path = g_build_filename (panels, file, NULL);
      g_autoptr (DhImage) panel =
          dh_picture_panel (image, prediction->maps, labels ? labels->ids : NULL, &options, error);
      if (!panel || !dh_image_write_png (path, panel->width, panel->height, 3, panel->rgb, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
run_demo (DhCli *cli, const char *out, GError **error)
{
  g_autofree char *scenes = g_build_filename (out, "scenes", NULL);
  g_autofree char *db = g_build_filename (out, "demo.db", NULL);
  g_autofree char *report = g_build_filename (out, "report.html", NULL);
  if (!dh_folder_make (scenes, error) || !dh_demo_write (scenes, cli->cancellable, &cli->progress, error))
    return FALSE;
  dh_cli_progress_end (cli);
  g_autoptr (GBytes) weights = dh_demo_get_weights (error);
  g_autoptr (DhModel) model = weights ? dh_model_load_bytes (weights, "demo-network.safetensors", NULL, error) : NULL;
  g_autoptr (DhPredictor) predictor =
      model ? dh_predictor_new (model, cli->device, cli->precision, cli->threads, error) : NULL;
  if (predictor)
    dh_cli_use_device (cli, dh_predictor_device (predictor));
  g_autoptr (DhDataset) dataset =
      predictor ? dh_dataset_open (scenes, "street-hazards", NULL, cli->cancellable, NULL, error) : NULL;
  if (dataset)
    dh_dataset_set_title (dataset, DH_DEMO_TITLE);
  const DhPictures pictures = dataset ? dh_calibrate_pictures (dataset) : (DhPictures){ 0 };
  if (dataset && !dh_cli_calibrate (cli, NULL, predictor, &pictures, error))
    return FALSE;
  g_autoptr (DhDatabase) database = dataset ? dh_database_open (db, error) : NULL;
  g_autoptr (DhEvaluation) evaluation = database ? evaluate (cli, dataset, predictor, database, out, error) : NULL;
  dh_cli_progress_end (cli);
  if (!evaluation)
    return FALSE;
  const DhScoreEvaluation *score = &g_array_index (evaluation->scores, DhScoreEvaluation, 0);
  const DhResult *pooled = score->results->pdata[0];
  if (!write_panels (cli, dataset, predictor, pooled->threshold_tpr95, out, error)
      || !dh_report_write (database, evaluation->run, 0, DH_REPORT_HTML, report, cli->cancellable, error))
    return FALSE;

  if (!cli->json)
    printf ("%s on %u generated street scenes that it has never seen (%s)\n", dh_model_title (model),
            dh_dataset_size (dataset), dh_device_title (dh_predictor_device (predictor)));
  dh_cli_print_evaluation (cli, evaluation);
  if (!cli->json)
    printf ("\nscenes   %s\nmaps     %s/eval\npictures %s/panels\nreport   %s\n", scenes, out, out, report);
  return TRUE;
}

int
dh_cmd_demo (DhCli *cli, int argc, char **argv)
{
  g_autofree char *out = NULL;
  const GOptionEntry entries[] = {
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "Where everything goes (default: in the user's cache folder)", "DIR" },
    { NULL },
  };
  int status;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL, "[--out DIR]",
                     "The whole main job on built-in scenes and weights, without a display: maps, metrics, report.",
                     "densehybrid demo --out demo", NULL, &status))
    return status;
  if (!out)
    out = g_build_filename (g_get_user_cache_dir (), "densehybrid", "demo", NULL);
  g_autoptr (GError) error = NULL;
  return run_demo (cli, out, &error) ? DH_EXIT_DONE : dh_cli_fail (cli, &error);
}

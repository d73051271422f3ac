#include "cli-calibrate.h"

static gboolean
prepare (DhCli *cli, DhPredictor *predictor, const DhPictures *pictures, gboolean anew, GError **error)
{
  g_autofree char *note = NULL;
  const gboolean ready =
      dh_calibrate_prepare (predictor, pictures, anew, cli->cancellable, &cli->progress, &note, error);
  dh_cli_progress_end (cli);
  if (note)
    dh_cli_note (cli, "%s", note);
  return ready;
}

gboolean
dh_cli_calibrate (DhCli *cli, const char *chosen, DhPredictor *predictor, const DhPictures *pictures, GError **error)
{
  if (cli->precision != DH_PRECISION_INT8)
    return TRUE;
  if (!chosen)
    return prepare (cli, predictor, pictures, FALSE, error);
  if (!g_file_test (chosen, G_FILE_TEST_IS_DIR))
    return dh_calibrate_from_file (predictor, chosen, error);
  g_autoptr (DhDataset) dataset = dh_dataset_new_for_paths (&chosen, 1, cli->cancellable, error);
  if (!dataset)
    return FALSE;
  const DhPictures found = dh_calibrate_pictures (dataset);
  return prepare (cli, predictor, &found, TRUE, error);
}

/* A picture of the set, to calibrate on as it will be computed. */
typedef struct
{
  DhPictures whole;
  const DhReduction *reduction;
} Sampled;

static DhImage *
load_sample (guint index, gpointer data, GError **error)
{
  const Sampled *sampled = data;
  g_autoptr (DhImage) image = sampled->whole.load (index, sampled->whole.data, error);
  return image ? dh_reduction_sample (sampled->reduction, image, error) : NULL;
}

gboolean
dh_cli_calibrate_on_set (DhCli *cli, const char *chosen, DhPredictor *predictor, DhDataset *dataset,
                         const DhReduction *reduction, GError **error)
{
  Sampled sampled = { dh_calibrate_pictures (dataset), reduction };
  const DhPictures pictures = { sampled.whole.n, load_sample, &sampled };
  return dh_cli_calibrate (cli, chosen, predictor, &pictures, error);
}

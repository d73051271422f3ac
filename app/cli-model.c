#include "cli-model.h"

#include "dh-tiles.h"

#include "dh-demo.h"
#include "dh-error.h"

void
dh_cli_model_clear (DhCliModel *model)
{
  g_clear_pointer (&model->params, g_free);
  g_clear_pointer (&model->architecture, g_free);
  g_clear_pointer (&model->calibration, g_free);
}

#define DEMO_NAME "demo-network.safetensors"

static gboolean
is_demo (const char *params)
{
  return g_str_equal (params, "demo") && !g_file_test (params, G_FILE_TEST_IS_REGULAR);
}

DhCheckpoint *
dh_cli_open_checkpoint (const char *params, GError **error)
{
  if (!is_demo (params))
    return dh_checkpoint_open (params, error);
  g_autoptr (GBytes) weights = dh_demo_get_weights (error);
  return weights ? dh_checkpoint_open_bytes (weights, DEMO_NAME, error) : NULL;
}

DhModel *
dh_cli_load_model (const char *params, const DhModelOptions *options, GError **error)
{
  if (!is_demo (params))
    return dh_model_load (params, options, error);
  g_autoptr (GBytes) weights = dh_demo_get_weights (error);
  return weights ? dh_model_load_bytes (weights, DEMO_NAME, options, error) : NULL;
}

DhPredictor *
dh_cli_open_predictor (DhCli *cli, const DhCliModel *model, int *status)
{
  if (!model->params)
    {
      *status = dh_cli_usage (cli, "--params is missing: which weights?");
      return NULL;
    }
  if (model->calibration && cli->precision != DH_PRECISION_INT8)
    {
      *status = dh_cli_usage (cli, "--calibration belongs to --precision int8");
      return NULL;
    }
  g_autoptr (GError) error = NULL;
  const DhModelOptions options = { model->architecture, model->classes, FALSE };
  g_autoptr (DhModel) loaded = dh_cli_load_model (model->params, &options, &error);
  DhPredictor *predictor = NULL;
  if (loaded)
    predictor = dh_predictor_new (loaded, cli->device, cli->precision, cli->threads, &error);
  if (predictor && dh_model_assumes_normalisation (loaded))
    dh_cli_note (cli,
                 "nothing says how pictures are normalised for %s: ImageNet's mean and deviation are taken; "
                 "{\"mean\": [0.485, 0.456, 0.406], \"std\": [0.229, 0.224, 0.225]} in %s.json would say it",
                 model->params, model->params);
  if (predictor)
    dh_cli_use_device (cli, dh_predictor_device (predictor));
  else
    *status = dh_cli_fail (cli, &error);
  return predictor;
}

gboolean
dh_cli_parse_maps (const char *text, guint *maps, GError **error)
{
  g_auto (GStrv) names = g_strsplit (text, ",", -1);
  *maps = 0;
  for (guint i = 0; names[i]; i++)
    {
      DhMap map;
      g_strstrip (names[i]);
      if (!dh_map_from_name (names[i], &map))
        {
          g_autoptr (GString) known = g_string_new (NULL);
          for (guint m = 0; m < DH_N_MAPS; m++)
            g_string_append_printf (known, "%s%s", m ? ", " : "", dh_map_name (m));
          g_set_error (error, DH_ERROR, DH_ERROR_USAGE, "\"%s\" is no map; there are %s", names[i], known->str);
          return FALSE;
        }
      *maps |= DH_MAP_BIT (map);
    }
  return TRUE;
}

gboolean
dh_cli_check_reduction (DhCli *cli, double scale, gint tile, DhReduction *reduction, int *status)
{
  if (!(scale > 0 && scale <= 1))
    *status = dh_cli_usage (cli, "--scale must be above 0 and at most 1");
  else if (tile != 0 && (tile < DH_TILES_LEAST || tile > DH_IMAGE_MAX_SIDE))
    *status = dh_cli_usage (cli, "--tile must be between %d and %d", DH_TILES_LEAST, DH_IMAGE_MAX_SIDE);
  else
    {
      *reduction = (DhReduction){ scale, (guint)tile };
      return TRUE;
    }
  return FALSE;
}

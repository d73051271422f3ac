#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli-calibrate.h"
#include "cli-dataset.h"
#include "cli-model.h"
#include "cli-pictures.h"
#include "dh-error.h"
#include "dh-file-part.h"
#include "dh-file.h"
#include "dh-npy.h"
#include "dh-picture.h"
#include "dh-tiles.h"

typedef struct
{
  DhCli *cli;
  DhPredictor *predictor;
  guint maps;
  gboolean png;
  double threshold; /* NAN: none */
  DhReduction reduction;
  DhDegradation degradation;
  guint turned; /* pictures, as their EXIF says */
  const char *out;
} Infer;

/* The stem of each picture; of equal ones, each with its parent folder's name before it, and where those are equal too
 * with a number behind it. */
static char **
name_outputs (char **images)
{
  const guint n = g_strv_length (images);
  char **stems = g_new0 (char *, n + 1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < n; i++)
    {
      stems[i] = g_path_get_basename (images[i]);
      char *dot = strrchr (stems[i], '.');
      if (dot && dot != stems[i])
        *dot = '\0';
      const guint count = GPOINTER_TO_UINT (g_hash_table_lookup (seen, stems[i]));
      g_hash_table_insert (seen, g_strdup (stems[i]), GUINT_TO_POINTER (count + 1));
    }
  for (guint i = 0; i < n; i++)
    if (GPOINTER_TO_UINT (g_hash_table_lookup (seen, stems[i])) > 1)
      {
        g_autofree char *absolute = g_canonicalize_filename (images[i], NULL);
        g_autofree char *folder = g_path_get_dirname (absolute);
        g_autofree char *parent = g_path_get_basename (folder);
        char *longer = g_strdup_printf ("%s_%s", parent, stems[i]);
        g_free (stems[i]);
        stems[i] = longer;
      }
  g_autoptr (GHashTable) taken = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < n; i++)
    {
      for (guint k = 2; g_hash_table_contains (taken, stems[i]); k++)
        {
          char *longer = g_strdup_printf ("%s_%u", stems[i], k);
          g_free (stems[i]);
          stems[i] = longer;
        }
      g_hash_table_add (taken, stems[i]);
    }
  return stems;
}

static char *
output_path (Infer *infer, const char *stem, const char *suffix)
{
  g_autofree char *name = g_strconcat (stem, "_", suffix, NULL);
  return g_build_filename (infer->out, name, NULL);
}

/* Of output_path() for one of the stems. */
static gboolean
is_output (const char *name, gpointer stems)
{
  for (char **stem = stems; *stem; stem++)
    {
      const char *suffix = name + strlen (*stem) + 1;
      if (!g_str_has_prefix (name, *stem) || suffix[-1] != '_')
        continue;
      if (g_str_equal (suffix, "panel.png") || g_str_equal (suffix, "mask.png"))
        return TRUE;
      for (guint m = 0; m < DH_N_MAPS; m++)
        if (g_str_has_prefix (suffix, dh_map_name (m))
            && (g_str_equal (suffix + strlen (dh_map_name (m)), ".npy")
                || g_str_equal (suffix + strlen (dh_map_name (m)), ".png")))
          return TRUE;
    }
  return FALSE;
}

static gboolean
write_maps (Infer *infer, const char *stem, const DhImage *image, const DhPrediction *prediction, JsonBuilder *json,
            GError **error)
{
  for (guint m = 0; m < DH_N_MAPS; m++)
    {
      if (!prediction->maps[m] || !(infer->maps & DH_MAP_BIT (m)))
        continue;
      g_autofree char *suffix = g_strconcat (dh_map_name (m), ".npy", NULL);
      g_autofree char *path = output_path (infer, stem, suffix);
      if (!dh_npy_save (path, prediction->maps[m], error))
        return FALSE;
      if (json)
        dh_json_member_string (json, dh_map_name (m), path);
      if (prediction->non_finite[m] > 0)
        dh_cli_note (infer->cli, "%s: %" G_GUINT64_FORMAT "%s", path, prediction->non_finite[m],
                     prediction->non_finite[m] == 1 ? " value is not finite" : " values are not finite");
    }
  const DhPictureOptions options = { .classes = dh_model_classes (dh_predictor_model (infer->predictor)),
                                     .threshold = infer->threshold };
  if (infer->png)
    {
      for (guint m = 0; m < DH_MAP_LOGITS; m++)
        {
          if (!prediction->maps[m])
            continue;
          g_autofree char *suffix = g_strconcat (dh_map_name (m), ".png", NULL);
          g_autofree char *path = output_path (infer, stem, suffix);
          g_autoptr (DhImage) picture = dh_picture_of_map (m, prediction->maps[m], &options, error);
          if (!picture || !dh_image_write_png (path, picture->width, picture->height, 3, picture->rgb, error))
            return FALSE;
          g_autofree char *member = g_strconcat (dh_map_name (m), "_png", NULL);
          if (json)
            dh_json_member_string (json, member, path);
        }
      g_autofree char *path = output_path (infer, stem, "panel.png");
      g_autoptr (DhImage) panel = dh_picture_panel (image, prediction->maps, NULL, &options, error);
      if (!panel || !dh_image_write_png (path, panel->width, panel->height, 3, panel->rgb, error))
        return FALSE;
      if (json)
        dh_json_member_string (json, "panel", path);
    }
  if (isfinite (infer->threshold))
    {
      g_autofree char *path = output_path (infer, stem, "mask.png");
      g_autofree guint8 *mask = dh_picture_mask (prediction->maps[DH_MAP_HYBRID], infer->threshold);
      if (!dh_image_write_png (path, image->width, image->height, 1, mask, error))
        return FALSE;
      if (json)
        dh_json_member_string (json, "mask", path);
    }
  return TRUE;
}

/* The picture, made worse and smaller where that is asked for; the maps have the smaller size. */
static DhImage *
load_scaled (Infer *infer, const char *path, GError **error)
{
  guint orientation;
  g_autoptr (DhImage) image = dh_image_load_upright (path, &orientation, error);
  infer->turned += image && orientation > 1;
  g_autoptr (DhImage) degraded = image ? dh_degradation_apply (infer->degradation, image, error) : NULL;
  return degraded ? dh_reduction_apply (&infer->reduction, degraded, error) : NULL;
}

/* One of those named, to calibrate on; of what goes by tiles, the one in the middle. */
typedef struct
{
  const Infer *infer;
  char **images;
} Named;

static DhImage *
load_named (guint index, gpointer data, GError **error)
{
  const Named *named = data;
  g_autoptr (DhImage) image = dh_image_load_upright (named->images[index], NULL, error);
  return image ? dh_reduction_sample (&named->infer->reduction, image, error) : NULL;
}

/* Whole or in tiles; where it is too large, with the options that help. */
static DhPrediction *
predict (Infer *infer, const DhImage *image, guint maps, GError **error)
{
  GCancellable *cancellable = infer->cli->cancellable;
  if (infer->reduction.tile > 0)
    return dh_predictor_run_tiles (infer->predictor, image, infer->reduction.tile, maps, cancellable, NULL, error);
  GError *why = NULL;
  DhPrediction *prediction = dh_predictor_run (infer->predictor, image, maps, cancellable, NULL, &why);
  if (g_error_matches (why, DH_ERROR, DH_ERROR_TOO_LARGE))
    {
      g_set_error (error, DH_ERROR, DH_ERROR_TOO_LARGE, "%s; use a smaller scale (--scale 0.5) or tiles (--tile 1024)",
                   why->message);
      g_error_free (why);
    }
  else if (why)
    g_propagate_error (error, why);
  return prediction;
}

static gboolean
infer_image (Infer *infer, const char *path, const char *stem, JsonBuilder *json, GError **error)
{
  g_autoptr (DhImage) image = load_scaled (infer, path, error);
  if (!image)
    return FALSE;
  guint maps = infer->maps;
  if (infer->png)
    maps |= DH_MAP_BIT (DH_MAP_SEGMENTATION) | DH_MAP_BIT (DH_MAP_LIKELIHOOD) | DH_MAP_BIT (DH_MAP_DATASET_POSTERIOR)
            | DH_MAP_BIT (DH_MAP_HYBRID);
  if (isfinite (infer->threshold))
    maps |= DH_MAP_BIT (DH_MAP_HYBRID);
  g_autoptr (DhPrediction) prediction = predict (infer, image, maps, error);
  if (!prediction)
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  if (json)
    {
      dh_json_member_int (json, "height", image->height);
      dh_json_member_int (json, "width", image->width);
      if (infer->reduction.tile > 0)
        dh_json_member_int (json, "tile", infer->reduction.tile);
      dh_json_member_number (json, "seconds", prediction->seconds);
      json_builder_set_member_name (json, "outputs");
      json_builder_begin_object (json);
    }
  const gboolean written = write_maps (infer, stem, image, prediction, json, error);
  if (json)
    json_builder_end_object (json);
  return written;
}

/* A picture that failed is listed as well, with what was wrong. */
static gboolean
infer_and_list (Infer *infer, const char *path, const char *stem, JsonBuilder *json, GError **error)
{
  GError *why = NULL;
  if (json)
    {
      json_builder_begin_object (json);
      dh_json_member_string (json, "image", path);
    }
  const gboolean done = infer_image (infer, path, stem, json, &why);
  if (json)
    {
      if (why)
        dh_json_member_string (json, "error", why->message);
      json_builder_end_object (json);
    }
  if (why)
    g_propagate_error (error, why);
  return done;
}

static int
run_images (Infer *infer, char **images)
{
  DhCli *cli = infer->cli;
  g_autoptr (GError) error = NULL;
  if (!dh_folder_make (infer->out, &error))
    return dh_cli_fail (cli, &error);

  g_auto (GStrv) stems = name_outputs (images);
  dh_file_remove_parts (infer->out, FALSE, is_output, stems);
  const guint n = g_strv_length (images);
  JsonBuilder *json = cli->json ? json_builder_new () : NULL;
  if (json)
    {
      json_builder_begin_object (json);
      dh_json_member_string (json, "device", dh_device_name (dh_predictor_device (infer->predictor)));
      dh_json_member_string (json, "precision", dh_precision_name (cli->precision));
      DhQuantization *quantization = dh_predictor_quantization (infer->predictor);
      if (quantization)
        dh_json_member_string (json, "calibration", dh_quantization_id (quantization));
      g_autofree char *degraded = dh_degradation_to_text (infer->degradation);
      if (degraded)
        dh_json_member_string (json, "degrade", degraded);
      json_builder_set_member_name (json, "images");
      json_builder_begin_array (json);
    }
  int status = DH_EXIT_DONE;
  guint done = 0;
  for (guint i = 0; i < n && status != DH_EXIT_CANCELLED; i++)
    {
      dh_progress_report (&cli->progress, i, n, stems[i]);
      if (infer_and_list (infer, images[i], stems[i], json, &error))
        done++;
      else
        status = dh_cli_fail (cli, &error);
    }
  if (status != DH_EXIT_CANCELLED)
    dh_progress_report (&cli->progress, n, n, NULL);
  dh_cli_progress_end (cli);
  if (infer->turned > 0)
    dh_cli_note (cli, "%u of the images %s stored turned, as EXIF says: maps are of what is seen upright",
                 infer->turned, infer->turned == 1 ? "is" : "are");
  if (json)
    {
      json_builder_end_array (json);
      json_builder_end_object (json);
      dh_json_print (json);
    }
  else if (!cli->quiet && done == n)
    printf ("%u image%s, maps in %s\n", n, n == 1 ? "" : "s", infer->out);
  else if (!cli->quiet && done > 0)
    printf ("%u of %u images, maps in %s\n", done, n, infer->out);
  return status;
}

int
dh_cmd_infer (DhCli *cli, int argc, char **argv)
{
  g_auto (DhCliModel) model = { NULL };
  g_autofree char *out = NULL;
  g_autofree char *maps = NULL;
  g_autofree char *threshold = NULL;
  g_autofree char *degrade = NULL;
  double scale = 1;
  gint tile = 0;
  gboolean png = FALSE;
  const GOptionEntry entries[] = {
    DH_CLI_MODEL_ENTRIES (model),
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, "Folder for the maps", "DIR" },
    { "maps", 0, 0, G_OPTION_ARG_STRING, &maps,
      "Of segmentation, likelihood, dataset_posterior, hybrid, max_softmax, max_logit, entropy, logits, logits_ood",
      "M,…" },
    { "png", 0, 0, G_OPTION_ARG_NONE, &png, "Coloured images too, and one panel with the maps side by side", NULL },
    { "threshold", 0, 0, G_OPTION_ARG_STRING, &threshold, "Writes the mask hybrid score > T", "T" },
    { "scale", 0, 0, G_OPTION_ARG_DOUBLE, &scale,
      "Makes the images smaller first, for those too large for the memory (at most 1: as they are); maps of that "
      "size",
      "S" },
    { "tile", 0, 0, G_OPTION_ARG_INT, &tile,
      "Cuts images that are larger into overlapping tiles of N×N pixels, for those too large for the memory; each "
      "tile is seen by itself, so that the maps are others than of the whole",
      "N" },
    DH_CLI_DEGRADE_ENTRY (degrade),
    { NULL },
  };
  int status;
  g_auto (GStrv) named = NULL;
  if (!dh_cli_parse (cli, argc, argv, entries, NULL, "--params W --out DIR IMAGE…",
                     "Writes the maps of images: <stem>_<map>.npy, float32 (segmentation uint8). A folder stands for "
                     "the\nimages in it.",
                     "densehybrid infer --params ldn121_hybrid.pth --out maps --png street.jpg", &named, &status))
    return status;
  if (!named || !named[0])
    return dh_cli_usage (cli, "no image is named");
  if (!out)
    return dh_cli_usage (cli, "--out is missing: where do the maps go?");

  Infer infer = { .cli = cli, .png = png, .threshold = NAN, .out = out };
  if (!dh_cli_check_reduction (cli, scale, tile, &infer.reduction, &status))
    return status;
  if (!dh_cli_parse_degrade (cli, degrade, &infer.degradation, &status))
    return status;
  char *end = NULL;
  if (threshold)
    infer.threshold = g_ascii_strtod (threshold, &end);
  if (threshold && (end == threshold || *end != '\0' || !isfinite (infer.threshold)))
    return dh_cli_usage (cli, "--threshold %s is no number", threshold);
  g_autoptr (GError) error = NULL;
  if (!dh_cli_parse_maps (maps ? maps : "segmentation,likelihood,dataset_posterior,hybrid", &infer.maps, &error))
    return dh_cli_fail (cli, &error);

  g_auto (GStrv) images = dh_cli_dup_pictures (named, &error);
  if (!images)
    return dh_cli_fail (cli, &error);
  g_autoptr (DhPredictor) predictor = dh_cli_open_predictor (cli, &model, &status);
  if (!predictor)
    return status;
  infer.predictor = predictor;
  if (!dh_model_has_outlier_head (dh_predictor_model (predictor)))
    {
      if (isfinite (infer.threshold) || (maps && infer.maps & DH_MAP_BIT (DH_MAP_HYBRID)))
        {
          g_set_error (
              &error, DH_ERROR, DH_ERROR_MISMATCH,
              "%s has no outlier head: dataset posterior and hybrid score are not available; choose fine-tuned "
              "weights, or other maps with --maps",
              dh_model_title (dh_predictor_model (predictor)));
          return dh_cli_fail (cli, &error);
        }
      dh_cli_note (cli, "the weights have no outlier head: dataset posterior and hybrid score are not available");
    }
  Named loaded = { &infer, images };
  const DhPictures pictures = { g_strv_length (images), load_named, &loaded };
  if (!dh_cli_calibrate (cli, model.calibration, predictor, &pictures, &error))
    return dh_cli_fail (cli, &error);
  return run_images (&infer, images);
}

#include "dh-calibrate.h"

#include "dh-error.h"
#include "dh-file.h"
#include "dh-predictor-private.h"

char *
dh_calibrate_dup_path (DhPredictor *predictor)
{
  DhModel *model = dh_predictor_model (predictor);
  g_autofree char *name = g_strdup_printf ("%s-%s.calibration", dh_model_architecture (model), dh_model_sha256 (model));
  return g_build_filename (g_get_user_data_dir (), "densehybrid", "calibrations", name, NULL);
}

static DhImage *
load_item (guint index, gpointer data, GError **error)
{
  return dh_dataset_load_clean_image (data, index, error);
}

DhPictures
dh_calibrate_pictures (DhDataset *dataset)
{
  return (DhPictures){ dh_dataset_size (dataset), load_item, dataset };
}

/* One picture, counted; the maps are dropped. */
static gboolean
count_picture (DhPredictor *counter, const DhPictures *pictures, guint index, GCancellable *cancellable, GError **error)
{
  g_autoptr (DhImage) image = pictures->load (index, pictures->data, error);
  const DhMap map = dh_model_has_outlier_head (counter->model) ? DH_MAP_HYBRID : DH_MAP_LIKELIHOOD;
  g_autoptr (DhPrediction) prediction =
      image ? dh_predictor_run (counter, image, DH_MAP_BIT (map), cancellable, NULL, error) : NULL;
  return prediction != NULL;
}

DhQuantization *
dh_calibrate (DhPredictor *predictor, const DhPictures *pictures, GCancellable *cancellable, const DhProgress *progress,
              GError **error)
{
  g_return_val_if_fail (predictor != NULL && pictures != NULL, NULL);
  if (pictures->n == 0)
    {
      g_set_error_literal (error, DH_ERROR, DH_ERROR_NOT_FOUND, "There is no image to calibrate int8 on");
      return NULL;
    }
  const guint n = MIN (pictures->n, DH_CALIBRATE_MOST);
  guint used = 0;
  g_autoptr (DhRanges) ranges = dh_ranges_new ();
  g_autoptr (DhPredictor) counter = dh_predictor_new_counter (predictor, ranges);
  g_autoptr (GError) last = NULL;
  for (guint i = 0; i < n; i++)
    {
      dh_progress_report (progress, i, n, "calibrating");
      g_clear_error (&last);
      if (count_picture (counter, pictures, (guint)((guint64)i * pictures->n / n), cancellable, &last))
        used++;
      else if (g_error_matches (last, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        break;
    }
  if (used == 0 || g_error_matches (last, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      if (!g_error_matches (last, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_prefix_error (&last, "int8 cannot be calibrated on these images: ");
      g_propagate_error (error, g_steal_pointer (&last));
      return NULL;
    }
  dh_progress_report (progress, n, n, "calibrating");
  DhModel *model = predictor->model;
  return dh_quantization_new (dh_model_architecture (model), dh_model_sha256 (model), used, ranges);
}

gboolean
dh_calibrate_from_file (DhPredictor *predictor, const char *path, GError **error)
{
  g_return_val_if_fail (predictor != NULL && path != NULL, FALSE);
  DhModel *model = dh_predictor_model (predictor);
  g_autoptr (DhQuantization) quantization =
      dh_quantization_load (path, dh_model_architecture (model), dh_model_sha256 (model), error);
  if (quantization)
    dh_predictor_set_quantization (predictor, quantization);
  return quantization != NULL;
}

/* The note on what was found out; `chosen`: the file, of pictures that the user chose; `why`: it could not be kept. */
static char *
describe (const DhQuantization *quantization, guint n, const char *chosen, const GError *damaged, const GError *why)
{
  GString *text = g_string_new (NULL);
  if (g_error_matches (damaged, DH_ERROR, DH_ERROR_INVALID) || g_error_matches (damaged, DH_ERROR, DH_ERROR_MISMATCH))
    g_string_append_printf (text, "%s; done. ", damaged->message);
  else if (damaged)
    g_string_append_printf (text, "%s. ", damaged->message);
  g_string_append_printf (text, "int8 was calibrated on %u of %u image%s", dh_quantization_pictures (quantization), n,
                          n == 1 ? "" : "s");
  if (why)
    g_string_append_printf (text, "; it will be calibrated again, because this cannot be kept: %s", why->message);
  else if (chosen)
    g_string_append_printf (text, ", and is kept in %s", chosen);
  else
    g_string_append (text, ", and is kept for these weights");
  return g_string_free (text, FALSE);
}

gboolean
dh_calibrate_prepare (DhPredictor *predictor, const DhPictures *pictures, gboolean anew, GCancellable *cancellable,
                      const DhProgress *progress, char **note, GError **error)
{
  g_return_val_if_fail (predictor != NULL && pictures != NULL && note != NULL, FALSE);
  *note = NULL;
  if (predictor->precision != DH_PRECISION_INT8 || predictor->quantization)
    return TRUE;
  g_autofree char *path = dh_calibrate_dup_path (predictor);
  g_autoptr (GError) damaged = NULL;
  if (!anew && dh_calibrate_from_file (predictor, path, &damaged))
    return TRUE;
  if (g_error_matches (damaged, DH_ERROR, DH_ERROR_NOT_FOUND))
    g_clear_error (&damaged);
  g_autoptr (DhQuantization) quantization = dh_calibrate (predictor, pictures, cancellable, progress, error);
  if (!quantization)
    return FALSE;
  if (anew)
    {
      /* Beside the one that is taken where nothing is chosen, which runs that were stopped still need. */
      const char *stem = g_strrstr (path, ".calibration");
      char *own =
          g_strdup_printf ("%.*s-%.12s.calibration", (gint)(stem - path), path, dh_quantization_id (quantization));
      g_free (path);
      path = own;
    }
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GError) why = NULL;
  if (dh_folder_make (folder, &why))
    dh_quantization_save (quantization, path, &why);
  *note = describe (quantization, pictures->n, anew ? path : NULL, damaged, why);
  dh_predictor_set_quantization (predictor, quantization);
  return TRUE;
}

#include "dh-run-origin-private.h"

void
dh_run_origin_init_network (DhRunOrigin *origin, DhPredictor *predictor, DhMap score)
{
  DhModel *model = dh_predictor_model (predictor);
  DhDevice *device = dh_predictor_device (predictor);
  /* Whoever opens it again may be elsewhere. */
  const char *path = dh_model_path (model);
  *origin = (DhRunOrigin){ .path = path ? g_canonicalize_filename (path, NULL) : NULL,
                           .score = dh_map_name (score),
                           .device = dh_device_name (device),
                           .device_title = dh_device_title (device),
                           .precision = dh_predictor_precision_name (predictor) };
  origin->model = (DhModelRow){ .sha256 = (char *)dh_model_sha256 (model),
                                .path = origin->path,
                                .title = (char *)dh_model_title (model),
                                .architecture = (char *)dh_model_architecture (model),
                                .classes = dh_model_classes (model),
                                .outlier_head = dh_model_has_outlier_head (model),
                                .parameters = dh_model_parameter_count (model) };
}

void
dh_run_origin_init_imported (DhRunOrigin *origin, const DhImportedScores *scores)
{
  *origin = (DhRunOrigin){ .path = g_strdup (dh_imported_scores_folder (scores)),
                           .method = dh_imported_scores_method (scores),
                           .score = DH_SCORE_IMPORTED,
                           .device = "",
                           .device_title = "",
                           .precision = "" };
  origin->model = (DhModelRow){ .sha256 = (char *)dh_imported_scores_sha256 (scores),
                                .path = origin->path,
                                .title = (char *)dh_imported_scores_method (scores),
                                .architecture = (char *)DH_SCORE_IMPORTED };
}

void
dh_run_origin_init_combined (DhRunOrigin *origin, const DhCombinedScores *scores)
{
  *origin = (DhRunOrigin){ .method = dh_combined_scores_method (scores),
                           .score = DH_SCORE_COMBINED,
                           .device = "",
                           .device_title = "",
                           .precision = "",
                           .made_of = dh_combined_scores_to_json (scores) };
  origin->model = (DhModelRow){ .sha256 = (char *)dh_combined_scores_sha256 (scores),
                                .title = (char *)dh_combined_scores_method (scores),
                                .architecture = (char *)DH_SCORE_COMBINED };
}

void
dh_run_origin_clear (DhRunOrigin *origin)
{
  g_clear_pointer (&origin->made_of, json_object_unref);
  g_clear_pointer (&origin->path, g_free);
}

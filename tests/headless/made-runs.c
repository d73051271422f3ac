#include "made-runs.h"

#include "dh-npy.h"

char *
made_in (EvaluationFixture *fixture, const char *name)
{
  return g_build_filename (fixture->folder, name, NULL);
}

gint64
made_evaluate (EvaluationFixture *fixture, DhPredictor *predictor, DhDataset *dataset, const char *folder)
{
  g_autoptr (GError) error = NULL;
  DhEvaluationOptions options = evaluation_options (fixture);
  options.predictor = predictor;
  options.dataset = dataset;
  options.folder = folder;
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  return evaluation->run;
}

void
made_runs_init (MadeRuns *made, EvaluationFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = dh_model_new_seeded ("ldn-tiny", 5, 11, 1.0, &error);
  g_assert_no_error (error);
  made->fixture = fixture;
  made->second = dh_predictor_new (model, DH_TEST_DEVICE, DH_PRECISION_F32, 1, &error);
  g_assert_no_error (error);
  made->outs[0] = made_in (fixture, "first");
  made->outs[1] = made_in (fixture, "second");
  made->runs[0] = made_evaluate (fixture, fixture->predictor, fixture->dataset, made->outs[0]);
  made->runs[1] = made_evaluate (fixture, made->second, fixture->dataset, made->outs[1]);
}

void
made_runs_clear (MadeRuns *made)
{
  dh_predictor_free (made->second);
  g_free (made->outs[0]);
  g_free (made->outs[1]);
}

char *
made_map_path (const char *folder, const char *map, EvaluationFixture *fixture, guint index)
{
  g_autofree char *name = g_strconcat (dh_dataset_item (fixture->dataset, index)->stem, ".npy", NULL);
  return g_build_filename (folder, "eval", map, name, NULL);
}

DhTensor *
made_load (const char *folder, const char *map, EvaluationFixture *fixture, guint index)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = made_map_path (folder, map, fixture, index);
  DhTensor *tensor = dh_npy_load (path, &error);
  g_assert_no_error (error);
  g_assert_cmpint (dh_tensor_count (tensor), ==, MADE_PIXELS);
  return tensor;
}

DhCombination *
made_combination (const MadeRuns *made, const char *text, DhCombine how, DhStandard standard, const char *weights,
                  double sigma)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) runs = g_string_new (text);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *place = g_strdup_printf ("@%u", i);
      g_autofree char *id = g_strdup_printf ("%" G_GINT64_FORMAT, made->runs[i]);
      g_string_replace (runs, place, id, 0);
    }
  DhCombination *combination = dh_combination_new ();
  combination->how = how;
  combination->standard = standard;
  combination->sigma = sigma;
  g_assert_true (dh_combination_add_text (combination, runs->str, &error));
  g_assert_true (!weights || dh_combination_set_weights (combination, weights, &error));
  g_assert_no_error (error);
  return combination;
}

DhCombinedScores *
made_prepare (const MadeRuns *made, const DhCombination *combination, const char *method)
{
  g_autoptr (GError) error = NULL;
  DhCombinedScores *scores =
      dh_combined_scores_open (made->fixture->database, combination, method, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (dh_combined_scores_prepare (scores, NULL, NULL, &error));
  g_assert_no_error (error);
  return scores;
}

DhEvaluationOptions
made_options (const MadeRuns *made, DhCombinedScores *scores, const char *folder)
{
  DhEvaluationOptions options = evaluation_options (made->fixture);
  options.predictor = NULL;
  options.combined = scores;
  options.dataset = dh_combined_scores_dataset (scores);
  options.folder = folder;
  return options;
}

DhEvaluation *
made_measure (const MadeRuns *made, DhCombinedScores *scores, const char *folder)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = made_options (made, scores, folder);
  DhEvaluation *evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  return evaluation;
}

DhEvaluation *
made_import (const MadeRuns *made, const char *folder, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *out = made_in (made->fixture, name);
  g_autoptr (DhImportedScores) scores =
      dh_imported_scores_open (folder, "By hand", FALSE, made->fixture->dataset, NULL, NULL, NULL, &error);
  g_assert_true (scores && dh_imported_scores_sum (scores, NULL, NULL, &error));
  DhEvaluationOptions options = evaluation_options (made->fixture);
  options.predictor = NULL;
  options.scores = scores;
  options.folder = out;
  DhEvaluation *evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  return evaluation;
}

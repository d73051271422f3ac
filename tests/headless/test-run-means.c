/* Several runs together: what may be averaged, and what that gives. */
#include <math.h>

#include "dh-run-means.h"

static DhRun
evaluation (const char *weights, double ap)
{
  return (DhRun){ .kind = (char *)"eval-ood",
                  .data = (char *)"A set",
                  .fingerprint = (char *)"f1",
                  .split = (char *)"val",
                  .protocol = (char *)"densehybrid-pooled",
                  .score = (char *)"hybrid",
                  .precision = (char *)"f32",
                  .weights = (char *)weights,
                  .images = 3,
                  .ap = ap,
                  .fpr95 = 0.2,
                  .auroc = NAN,
                  .best_f1 = ap / 2,
                  .mean_f1 = NAN,
                  .closed_miou = NAN,
                  .open_miou = NAN };
}

static void
test_means (void)
{
  DhRun a = evaluation ("s1", 0.80), b = evaluation ("s2", 0.82), c = evaluation ("s3", 0.87);
  const DhRun *const runs[] = { &a, &b, &c };
  DhRunMeans means;
  b.auroc = 0.9;
  b.mean_f1 = 0.3;
  c.mean_f1 = 0.5;
  g_assert_null (dh_run_means_refuse (runs, 3));
  dh_run_means_of (runs, 3, &means);
  g_assert_cmpuint (means.ap.n, ==, 3);
  g_assert_cmpfloat_with_epsilon (means.ap.mean, 0.83, 1e-12);
  g_assert_cmpfloat_with_epsilon (means.ap.deviation, sqrt (0.0013), 1e-12);
  g_assert_cmpfloat_with_epsilon (means.best_f1.mean, 0.415, 1e-12);
  g_assert_cmpfloat_with_epsilon (means.fpr95.deviation, 0, 1e-12);
  g_assert_cmpuint (means.auroc.n, ==, 1);
  g_assert_cmpfloat (means.auroc.mean, ==, 0.9);
  g_assert_true (isnan (means.auroc.deviation));
  g_assert_cmpuint (means.mean_f1.n, ==, 2);
  g_assert_cmpfloat_with_epsilon (means.mean_f1.mean, 0.4, 1e-12);
  g_assert_cmpuint (means.open_miou.n, ==, 0);
}

/* A mean of what is not the same measurement of other trainings would be of nothing. */
static void
test_refused (void)
{
  DhRun a = evaluation ("s1", 0.80), b = evaluation ("s2", 0.82), c = evaluation ("s3", 0.87);
  const DhRun *const runs[] = { &a, &b, &c };
  c.fingerprint = (char *)"f2";
  g_assert_cmpstr (dh_run_means_refuse (runs, 3), ==, "other data, images or protocols were measured");
  c = evaluation ("s3", 0.87);
  c.score = (char *)"likelihood";
  g_assert_cmpstr (dh_run_means_refuse (runs, 3), ==, "of different scores");
  c = evaluation ("s3", 0.87);
  c.precision = (char *)"bf16";
  g_assert_cmpstr (dh_run_means_refuse (runs, 3), ==, "computed in different precisions");
  c = evaluation ("s2", 0.87);
  g_assert_cmpstr (dh_run_means_refuse (runs, 3), ==, "some are of the same weights");
  c = evaluation ("s3", 0.87);
  c.training = TRUE;
  g_assert_cmpstr (dh_run_means_refuse (runs, 3), ==, "evaluations and trainings");
  a.training = b.training = TRUE;
  a.recipe = b.recipe = c.recipe = (char *)"ldn-streethazards";
  g_assert_null (dh_run_means_refuse (runs, 3));
  b.data = (char *)"Another";
  g_assert_cmpstr (dh_run_means_refuse (runs, 3), ==, "of other recipes or data");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/run-means/means", test_means);
  g_test_add_func ("/run-means/refused", test_refused);
  return g_test_run ();
}

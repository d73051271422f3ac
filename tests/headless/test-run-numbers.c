/* What a run that was stopped has of some of its images is no number of the set, whoever asks for it. */
#include <math.h>
#include <string.h>
#include "dh-error.h"
#include "dh-report.h"
#include "dh-run-froc.h"
#include "dh-run-intervals.h"
#include "dh-run-numbers.h"
#include "evaluation-fixture.h"

static void
assert_not_done (GError **error)
{
  g_assert_error (*error, DH_ERROR, DH_ERROR_NOT_FOUND);
  evaluation_assert_has ((*error)->message, "%s", "has not measured all of its images");
  g_clear_error (error);
}

static void
test_stopped (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  const gint64 run = evaluation->run;
  DhRunIntervals intervals;
  const DhFrocRules rules = DH_FROC_RULES_INIT;
  g_assert_true (dh_run_numbers_check_done (fixture->database, run, &error));
  g_assert_no_error (error);

  g_assert_true (dh_database_end_run (fixture->database, run, "cancelled", NULL, NULL, &error));
  g_assert_false (dh_run_numbers_check_done (fixture->database, run, &error));
  assert_not_done (&error);
  for (guint by_class = 0; by_class < 2; by_class++)
    {
      g_assert_null (dh_run_slices_measure (fixture->database, run, by_class, NULL, &error));
      assert_not_done (&error);
    }
  g_assert_null (dh_run_froc_measure (fixture->database, run, &rules, NULL, NULL, &error));
  assert_not_done (&error);
  g_assert_false (
      dh_run_intervals_measure (fixture->database, run, 0, NULL, DH_DRAWN_IMAGES, &intervals, NULL, NULL, &error));
  assert_not_done (&error);
}

/* Nor is it drawn from where a report tells of it. */
static void
test_stopped_report (EvaluationFixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = g_build_filename (fixture->folder, "text", NULL);
  g_autofree char *text = NULL;
  const DhEvaluationOptions options = evaluation_options (fixture);
  g_autoptr (DhEvaluation) evaluation = dh_evaluation_run (&options, NULL, NULL, &error);
  g_assert_no_error (error);
  const DhReportContents contents = { .run = evaluation->run, .intervals = TRUE, .drawn = DH_DRAWN_IMAGES };
  g_assert_true (dh_database_end_run (fixture->database, evaluation->run, "cancelled", NULL, NULL, &error));
  g_assert_true (dh_report_write_contents (fixture->database, &contents, DH_REPORT_MD, path, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  evaluation_assert_has (text, "No intervals can be had: run %u has not measured all of its images.",
                         (guint)evaluation->run);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/run-numbers/stopped", NULL, test_stopped);
  EVALUATION_TEST ("/run-numbers/stopped-report", NULL, test_stopped_report);
  return g_test_run ();
}

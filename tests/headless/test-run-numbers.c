/* What a run that was stopped has of some of its images is no number of the set, whoever asks for it. */
#include <math.h>
#include <string.h>
#include "dh-error.h"
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  EVALUATION_TEST ("/run-numbers/stopped", NULL, test_stopped);
  return g_test_run ();
}

#include <math.h>
#include <string.h>

#include "dh-training-job-private.h"
#include "jobs.h"

/* The lines and curves of a training. */

static void
push_steps (DhTrainingLog *log, guint from, guint to, double value)
{
  GArray *events = g_array_new (FALSE, TRUE, sizeof (DhRunEvent));
  for (guint i = from; i <= to; i++)
    {
      const DhRunEvent event = {
        .kind = DH_EVENT_STEP, .step = i, .time = 1.6e9 + i, .is.step = { value, value, NAN, NAN, 1e-4 }
      };
      g_array_append_val (events, event);
    }
  dh_training_log_take_events (log, events, FALSE, FALSE);
}

/* A hundred thousand steps, of which half are done again; the window's thread is never kept for long. */
static void
test_long_log (void)
{
  g_autoptr (DhTrainingLog) log = dh_training_log_new ();
  gint64 worst = 0, begin;
  for (guint i = 0; i < 100; i++)
    {
      begin = g_get_monotonic_time ();
      push_steps (log, 1000 * i + 1, 1000 * (i + 1), 2);
      worst = MAX (worst, g_get_monotonic_time () - begin);
    }
  DhTrainingCurve curve;
  dh_training_log_get_curve (log, DH_CURVE_TOTAL, &curve);
  g_assert_cmpuint (curve.n, ==, 100000);
  g_assert_cmpuint (curve.generation, ==, 0);
  dh_training_log_get_curve (log, DH_CURVE_LIKE, &curve);
  g_assert_cmpuint (curve.n, ==, 0);

  GArray *start = g_array_new (FALSE, TRUE, sizeof (DhRunEvent));
  const DhRunEvent event = { .kind = DH_EVENT_START, .step = 50000, .epoch = 3, .time = NAN };
  g_array_append_val (start, event);
  dh_training_log_take_events (log, start, FALSE, FALSE);
  dh_training_log_get_curve (log, DH_CURVE_TOTAL, &curve);
  g_assert_cmpuint (curve.n, ==, 50000);
  g_assert_cmpuint (curve.generation, ==, 1);
  g_assert_cmpuint (curve.kept, ==, 50000);
  push_steps (log, 50001, 60000, 1);
  dh_training_log_get_curve (log, DH_CURVE_SEG, &curve);
  g_assert_cmpuint (curve.n, ==, 60000);
  for (guint i = 0; i < curve.n; i++)
    {
      g_assert_cmpfloat (curve.x[i], ==, i + 1);
      g_assert_cmpfloat (curve.y[i], ==, i < 50000 ? 2 : 1);
    }

  begin = g_get_monotonic_time ();
  dh_training_log_set_filter (log, "step 5555");
  worst = MAX (worst, g_get_monotonic_time () - begin);
  while (g_main_context_pending (NULL))
    {
      begin = g_get_monotonic_time ();
      g_main_context_iteration (NULL, FALSE);
      worst = MAX (worst, g_get_monotonic_time () - begin);
    }
  /* 5555, 55550 … 55559 twice, and those with it further behind. */
  guint expected = 0;
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = pass ? 50001 : 1; i <= (pass ? 60000 : 100000); i++)
      {
        g_autofree char *text = g_strdup_printf ("%u", i);
        expected += strstr (text, "5555") != NULL;
      }
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (log)), ==, expected);
  g_test_message ("the longest hold of the window's thread: %.1f ms", (double)worst / 1e3);
}

int
main (int argc, char **argv)
{
  jobs_begin (&argc, &argv);
  g_test_add_func ("/job-log/long", test_long_log);
  return jobs_end ();
}

/* What is found in a draw is what dh-froc.h counts of its pictures, each as often as it is in it. */
#include "dh-drawn-froc-private.h"
#include <math.h>
#include "naive-metrics.h"

enum
{
  PICTURES = 7,
  WIDTH = 40,
  HEIGHT = 30,
  PIXELS = WIDTH * HEIGHT,
};

typedef struct
{
  float scores[PICTURES][PIXELS];
  guint8 labels[PICTURES][PIXELS];
} Set;

/* Blotches of equal scores and some objects, that touch them or not; in the last one all is void. */
static void
fill (Set *set, guint64 *state)
{
  for (guint p = 0; p < PICTURES; p++)
    for (guint i = 0; i < PIXELS; i++)
      {
        const guint block = i / WIDTH / 5 * 8 + i % WIDTH / 5;
        set->labels[p][i] = p == PICTURES - 1 ? 255 : (block * 7 + p) % 11 == 0;
        set->scores[p][i] = i % WIDTH % 5 == 0 && i > 0
                                ? set->scores[p][i - 1]
                                : roundf (9 * (float)random_unit (state)) + (set->labels[p][i] == 1 ? 4 : 0);
      }
}

static void
assert_as_counted (const Set *set, const double *times, double rate)
{
  g_autoptr (GError) error = NULL;
  const DhFrocOptions options = { .min_area = 11, .min_anomaly = 2, .found_share = 0.5 };
  DhDrawnFroc *drawn = dh_drawn_froc_new (&options, rate);
  g_autoptr (DhFroc) froc = dh_froc_new (&options);
  for (guint p = 0; p < PICTURES; p++)
    {
      g_assert_true (dh_drawn_froc_add (drawn, set->scores[p], set->labels[p], WIDTH, HEIGHT, &error));
      for (guint t = 0; t < (times ? times[p] : 1); t++)
        g_assert_true (dh_froc_add (froc, set->scores[p], set->labels[p], WIDTH, HEIGHT, &error));
    }
  g_autoptr (DhFrocCurve) curve = dh_froc_finish (froc, &error);
  double found, mean;
  dh_drawn_froc_settle (drawn);
  dh_drawn_froc_measure (drawn, times, &found, &mean);
  const double wanted = dh_froc_curve_found (curve, dh_froc_curve_at_rate (curve, rate));
  g_test_message ("%g false alarms an image: %.4f, mean %.4f", rate, found, mean);
  if (curve->n_objects > 0)
    {
      g_assert_cmpfloat_with_epsilon (found, wanted, 1e-12);
      g_assert_cmpfloat_with_epsilon (mean, dh_froc_curve_mean (curve), 1e-12);
    }
  else
    g_assert_true (isnan (found) && isnan (mean));
  dh_drawn_froc_free (drawn);
}

static void
test_draws (void)
{
  static const double draws[][PICTURES] = {
    { 2, 0, 1, 3, 1, 0, 0 }, { 0, 0, 0, 0, 7, 0, 0 }, { 1, 1, 1, 1, 1, 1, 4 }, { 0, 0, 0, 0, 0, 0, 7 }
  };
  static const double rates[] = { 0, 0.5, 3, 20, 40 };
  guint64 state = 41;
  g_autofree Set *set = g_new0 (Set, 1);
  fill (set, &state);
  for (guint r = 0; r < G_N_ELEMENTS (rates); r++)
    {
      assert_as_counted (set, NULL, rates[r]);
      for (guint d = 0; d < G_N_ELEMENTS (draws); d++)
        assert_as_counted (set, draws[d], rates[r]);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drawn-froc/draws", test_draws);
  return g_test_run ();
}

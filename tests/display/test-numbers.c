#include <math.h>
#include "dh-number.h"
#include "dh-smoothing.h"

static void
assert_text (char *text, const char *expected)
{
  g_assert_cmpstr (text, ==, expected);
  g_free (text);
}

static void
test_format (void)
{
  assert_text (dh_number_format (-10.6, 2), "−10.60");
  assert_text (dh_number_format (-0.001, 2), "0.00");
  assert_text (dh_number_format (NAN, 2), "—");
  assert_text (dh_number_format (-INFINITY, 2), "−∞");
  assert_text (dh_number_format_count (0), "0");
  assert_text (dh_number_format_count (999), "999");
  assert_text (dh_number_format_count (1043905), "1,043,905");
  assert_text (dh_number_format_percent (0.6434, 1), "64.3\u00a0%");
  assert_text (dh_number_format_percent (NAN, 1), "—");
  assert_text (dh_number_format_probability (0.62), "0.620");
  assert_text (dh_number_format_probability (0.9991), "0.9991");
  assert_text (dh_number_format_probability (0.00012), "0.00012");
  assert_text (dh_number_format_log (1e-3), "10⁻³");
  assert_text (dh_number_format_log (1e12), "10¹²");
  assert_text (dh_number_format_log (0.005), "0.005");
  assert_text (dh_number_format_step (1500, 500), "1,500");
  assert_text (dh_number_format_step (-0.25, 0.05), "−0.25");
}

/* What is shown as nothing is neither a gain nor a loss. */
static void
test_change (void)
{
  double shown;
  assert_text (dh_number_format_change (1.204, 2, &shown), "+1.20");
  g_assert_cmpfloat (shown, >, 0);
  assert_text (dh_number_format_change (-0.64, 2, NULL), "−0.64");
  assert_text (dh_number_format_change (0.004, 2, &shown), "0.00");
  g_assert_true (shown == 0);
  assert_text (dh_number_format_change (-0.004, 2, &shown), "0.00");
  g_assert_true (shown == 0);
  assert_text (dh_number_format_change (NAN, 2, &shown), "—");
  g_assert_true (isnan (shown));
}

/* Scores of any method have a field that can hold them. */
static void
test_digits (void)
{
  static const struct
  {
    double span;
    guint digits;
  } cases[] = { { 1e6, 0 }, { 7000, 0 }, { 900, 1 },  { 30, 2 },    { 2.1, 2 }, { 2, 3 },
                { 1, 3 },   { 0.1, 4 },  { 1e-4, 7 }, { 1e-30, 9 }, { 0, 2 } };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpuint (dh_number_find_digits (cases[i].span), ==, cases[i].digits);
}

static void
test_parse (void)
{
  double value = 7;
  g_assert_true (dh_number_parse ("−10.60", &value));
  g_assert_cmpfloat (value, ==, -10.6);
  g_assert_true (dh_number_parse ("1,043,905", &value));
  g_assert_cmpfloat (value, ==, 1043905);
  g_assert_true (dh_number_parse (" 64.3 % ", &value));
  g_assert_cmpfloat_with_epsilon (value, 0.643, 1e-15);
  value = 7;
  g_assert_false (dh_number_parse ("", &value));
  g_assert_false (dh_number_parse ("—", &value));
  g_assert_false (dh_number_parse ("1.0x", &value));
  g_assert_false (dh_number_parse ("nan", &value));
  g_assert_false (dh_number_parse ("\xff\xfe", &value));
  g_assert_false (dh_number_parse (NULL, &value));
  g_assert_cmpfloat (value, ==, 7);
  /* What is written can be read. */
  static const double values[] = { -20, -10.6, 0, 0.62, 12345.678, 1e-3 };
  for (guint i = 0; i < G_N_ELEMENTS (values); i++)
    {
      g_autofree char *text = dh_number_format (values[i], 3);
      g_assert_true (dh_number_parse (text, &value));
      g_assert_cmpfloat_with_epsilon (value, values[i], 5e-4);
    }
}

static void
check_round (double low, double high, guint most)
{
  double ticks[32], step = 0;
  guint n = dh_ticks_linear (low, high, most, ticks, &step);
  g_assert_cmpuint (n, <=, most);
  for (guint i = 0; i < n; i++)
    {
      double scaled = step / pow (10.0, floor (log10 (step) + 1e-9));
      g_assert_true (ticks[i] >= low - 1e-9 * step && ticks[i] <= high + 1e-9 * step);
      g_assert_true (fabs (scaled - 1) < 1e-9 || fabs (scaled - 2) < 1e-9 || fabs (scaled - 5) < 1e-9);
      g_assert_cmpfloat_with_epsilon (remainder (ticks[i], step), 0.0, 1e-9 * step + 1e-12 * fabs (ticks[i]));
    }
}

static void
test_ticks (void)
{
  double ticks[32], step = 0;
  g_autoptr (GRand) rand = g_rand_new_with_seed (11);
  g_assert_cmpuint (dh_ticks_linear (-22, -4, 6, ticks, &step), ==, 4);
  g_assert_cmpfloat (ticks[0], ==, -20);
  g_assert_cmpfloat (step, ==, 5);
  g_assert_cmpuint (dh_ticks_linear (0, 1, 6, ticks, NULL), ==, 6);
  g_assert_cmpuint (dh_ticks_linear (1, 1, 6, ticks, NULL), ==, 0);
  /* Of an epoch or three, no halves. */
  for (guint end = 1; end < 40; end++)
    {
      const guint whole = dh_ticks_whole (0, end, 6, ticks, &step);
      g_assert_cmpuint (whole, >=, 2);
      g_assert_cmpuint (whole, <=, 6);
      for (guint i = 0; i < whole; i++)
        g_assert_cmpfloat (ticks[i], ==, i * rint (step));
      g_assert_true (end > 5 || (whole == end + 1 && step == 1));
    }
  g_assert_cmpuint (dh_ticks_whole (1.2, 1.9, 6, ticks, &step), ==, 0);
  g_assert_cmpuint (dh_ticks_whole (NAN, 1, 6, ticks, &step), ==, 0);
  g_assert_cmpuint (dh_ticks_linear (NAN, 1, 6, ticks, NULL), ==, 0);
  g_assert_cmpuint (dh_ticks_linear (-INFINITY, 1, 6, ticks, NULL), ==, 0);
  g_assert_cmpuint (dh_ticks_linear (1e300, -1e300, 6, ticks, NULL), ==, 0);
  for (guint i = 0; i < 2000; i++)
    {
      double low = g_rand_double_range (rand, -1000, 1000) * pow (10, g_rand_int_range (rand, -6, 6));
      check_round (low, low + pow (10, g_rand_double_range (rand, -3, 6)), (guint)g_rand_int_range (rand, 2, 9));
    }
  g_assert_cmpuint (dh_ticks_log (1e-4, 1, 6, ticks), ==, 5);
  g_assert_cmpfloat_with_epsilon (ticks[0], 1e-4, 1e-12);
  g_assert_cmpuint (dh_ticks_log (1, 1e12, 4, ticks), <=, 4);
  g_assert_cmpuint (dh_ticks_log (0.004, 0.05, 6, ticks), >=, 3);
  g_assert_cmpuint (dh_ticks_log (0, 1, 6, ticks), ==, 0);
  guint n = dh_ticks_logit (-8, 8, 7, ticks);
  g_assert_cmpuint (n, ==, 7);
  g_assert_cmpfloat_with_epsilon (dh_logistic (ticks[0]), 0.001, 1e-12);
  g_assert_cmpfloat (ticks[3], ==, 0.0);
}

static void
test_logit (void)
{
  g_autoptr (GtkAdjustment) logit = g_object_ref_sink (gtk_adjustment_new (0, -8, 8, 0.1, 1, 0));
  g_autoptr (GtkAdjustment) probability = g_object_ref_sink (gtk_adjustment_new (0.5, 0, 1, 0.01, 0.1, 0));
  dh_adjustment_bind_logit (logit, probability);
  gtk_adjustment_set_value (probability, 0.62);
  g_assert_cmpfloat_with_epsilon (gtk_adjustment_get_value (logit), log (0.62 / 0.38), 1e-12);
  g_assert_cmpfloat_with_epsilon (gtk_adjustment_get_value (probability), 0.62, 1e-12);
  gtk_adjustment_set_value (logit, -2);
  g_assert_cmpfloat_with_epsilon (gtk_adjustment_get_value (probability), 1 / (1 + exp (2)), 1e-12);
  gtk_adjustment_set_value (probability, 0);
  g_assert_cmpfloat (gtk_adjustment_get_value (logit), ==, -8);
  gtk_adjustment_set_value (probability, 1);
  g_assert_cmpfloat (gtk_adjustment_get_value (logit), ==, 8);
  for (double x = -700; x <= 700; x += 50)
    g_assert_true (isfinite (dh_logistic (x)));
}

/* A field shows fewer digits than its value has: to look at it is not to change it. */
static void
test_field (void)
{
  GtkAdjustment *adjustment = gtk_adjustment_new (-10.60449, -20, 20, 0.1, 1, 0);
  GtkWidget *field = g_object_ref_sink (gtk_spin_button_new (adjustment, 0, 2));
  dh_spin_button_use_true_minus (GTK_SPIN_BUTTON (field));
  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (field)), ==, "−10.60");
  gtk_spin_button_update (GTK_SPIN_BUTTON (field));
  g_assert_cmpfloat (gtk_adjustment_get_value (adjustment), ==, -10.60449);
  gtk_editable_set_text (GTK_EDITABLE (field), "-10.6");
  gtk_spin_button_update (GTK_SPIN_BUTTON (field));
  g_assert_cmpfloat (gtk_adjustment_get_value (adjustment), ==, -10.6);
  g_object_unref (field);
}

/* Against the definition, summed by hand: Σ wⁿ⁻ⁱ yᵢ / Σ wⁿ⁻ⁱ. */
static void
test_smoothing (void)
{
  enum
  {
    N = 200
  };
  double values[N], smooth[N], exact[N];
  for (guint i = 0; i < N; i++)
    values[i] = sin (0.7 * i) + 0.01 * i;
  DhSmoothing none = dh_smoothing_new (0);
  dh_smoothing_apply (&none, values, exact, N);
  for (guint i = 0; i < N; i++)
    g_assert_cmpfloat (exact[i], ==, values[i]);
  values[50] = NAN;
  DhSmoothing smoothing = dh_smoothing_new (0.94);
  /* In parts as it comes from a running training. */
  dh_smoothing_apply (&smoothing, values, smooth, 70);
  dh_smoothing_apply (&smoothing, values + 70, smooth + 70, N - 70);
  double above = 0, below = 0;
  for (guint i = 0; i < N; i++)
    {
      if (i == 50)
        {
          g_assert_true (isnan (smooth[i]));
          continue;
        }
      above = 0.94 * above + values[i];
      below = 0.94 * below + 1;
      g_assert_cmpfloat_with_epsilon (smooth[i], above / below, 1e-12);
    }
  g_assert_cmpfloat_with_epsilon (smooth[0], values[0], 1e-15);
  g_assert_cmpfloat (dh_smoothing_weight (0), ==, 0);
  g_assert_cmpfloat_with_epsilon (dh_smoothing_weight (1), 0.999, 1e-12);
  for (double place = 0; place <= 1; place += 0.125)
    g_assert_cmpfloat_with_epsilon (dh_smoothing_place (dh_smoothing_weight (place)), place, 1e-9);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/numbers/format", test_format);
  g_test_add_func ("/numbers/change", test_change);
  g_test_add_func ("/numbers/digits", test_digits);
  g_test_add_func ("/numbers/parse", test_parse);
  g_test_add_func ("/numbers/ticks", test_ticks);
  g_test_add_func ("/numbers/logit", test_logit);
  if (gtk_init_check ())
    g_test_add_func ("/numbers/field", test_field);
  g_test_add_func ("/numbers/smoothing", test_smoothing);
  return g_test_run ();
}

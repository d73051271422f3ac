#include <math.h>
#include <string.h>

#include "dh-error.h"
#include "dh-nets.h"
#include "gradients.h"

/* In few digits: how many roundings of what stands in memory between the input and a gradient may add up, as far as one
 * of the parameters and the input moves it; and between the input and the loss. */
#define ROUNDINGS 4
#define LOSS_ROUNDINGS 4

static void
zero (DhTensorDict *dict)
{
  for (guint i = 0; i < dh_tensor_dict_size (dict); i++)
    memset (dh_tensor_f32 (dh_tensor_dict_at (dict, i)), 0, dh_tensor_size_bytes (dh_tensor_dict_at (dict, i)));
}

/* Σ (a − b)² of two tensors; b NULL: of a alone. */
static double
square (const DhTensor *a, const DhTensor *b)
{
  double sum = 0;
  for (gint64 i = 0; i < dh_tensor_count (a); i++)
    {
      const double d = (double)dh_tensor_f32 (a)[i] - (b ? dh_tensor_f32 (b)[i] : 0);
      sum += d * d;
    }
  return sum;
}

static void
perturb (float *values, gsize count, double rounding, guint seed)
{
  g_autofree double *r = g_new (double, count);
  dh_seeded_uniform ("rounding", seed, count, r);
  for (gsize i = 0; i < count; i++)
    values[i] *= (float)(1 + rounding * r[i]);
}

/* What roundings do to each gradient of this very case: the mean length of how far it moves in float32 where every
 * parameter and the input are off by up to one rounding of the format. So an operator that multiplies what is rounded
 * is allowed as much, and no other is. */
static void
measure_roundings (GradientRun *run, double rounding, double *spread)
{
  enum
  {
    TRIES = 4
  };
  g_autoptr (GError) error = NULL;
  const guint n = dh_tensor_dict_size (run->gradients);
  const DhShape shape = run->gradient_case->ops_case.input;
  const gsize count = (gsize)shape.n * shape.c * shape.h * shape.w;
  g_autofree float *input = g_new (float, count);
  for (guint i = 0; i < n; i++)
    spread[i] = 0;
  DhLosses losses;
  for (guint k = 0; k < TRIES; k++)
    {
      g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_free);
      memcpy (input, run->input, count * sizeof *input);
      perturb (input, count, rounding, 100 + k);
      for (guint i = 0; i < n; i++)
        {
          DhTensor *value = dh_tensor_dict_get (run->parameters, dh_tensor_dict_name (run->gradients, i));
          g_ptr_array_add (kept, g_memdup2 (dh_tensor_f32 (value), dh_tensor_size_bytes (value)));
          perturb (dh_tensor_f32 (value), (gsize)dh_tensor_count (value), rounding, 200 + 10 * i + k);
        }
      g_autoptr (DhTensorDict) expected = dh_tensor_dict_new ();
      for (guint i = 0; i < n; i++)
        {
          const DhTensor *gradient = dh_tensor_dict_at (run->gradients, i);
          DhTensor *copy = dh_tensor_new_f32 (gradient->n_dims, gradient->dims);
          memcpy (dh_tensor_f32 (copy), dh_tensor_f32 (gradient), dh_tensor_size_bytes (copy));
          dh_tensor_dict_take (expected, dh_tensor_dict_name (run->gradients, i), copy);
        }
      zero (run->gradients);
      dh_train_plan_run (run->plan, input, run->labels, 5, 1, &losses, NULL, &error);
      g_assert_no_error (error);
      for (guint i = 0; i < n; i++)
        {
          DhTensor *value = dh_tensor_dict_get (run->parameters, dh_tensor_dict_name (run->gradients, i));
          DhTensor *gradient = dh_tensor_dict_at (run->gradients, i);
          const DhTensor *before = dh_tensor_dict_at (expected, i);
          spread[i] = fmax (spread[i], sqrt (square (gradient, before)));
          memcpy (dh_tensor_f32 (gradient), dh_tensor_f32 (before), dh_tensor_size_bytes (gradient));
          memcpy (dh_tensor_f32 (value), g_ptr_array_index (kept, i), dh_tensor_size_bytes (value));
        }
    }
}

void
gradients_check_precisions (GradientRun *run, const DhTrainOptions *options, double expected_loss)
{
  static const struct
  {
    DhPrecision precision;
    double rounding;
  } formats[] = { { DH_PRECISION_TF32, 0x1p-11 }, { DH_PRECISION_F16, 0x1p-11 }, { DH_PRECISION_BF16, 0x1p-8 } };
  const guint n = dh_tensor_dict_size (run->gradients);
  g_autoptr (DhTensorDict) found = dh_tensor_dict_new ();
  g_autofree double *spread = g_new (double, n);
  double whole = 0;
  for (guint i = 0; i < n; i++)
    {
      const DhTensor *gradient = dh_tensor_dict_at (run->gradients, i);
      dh_tensor_dict_take (found, dh_tensor_dict_name (run->gradients, i),
                           dh_tensor_new_f32 (gradient->n_dims, gradient->dims));
      whole += square (gradient, NULL);
    }
  for (guint p = 0; p < G_N_ELEMENTS (formats); p++)
    {
      g_autoptr (GError) error = NULL;
      const double u = formats[p].rounding;
      DhLosses losses;
      DhTrainOptions other = *options;
      other.precision = formats[p].precision;
      DhTrainPlan *plan = dh_train_plan_new (run->gradient_case->device, run->gradient_case->ops_case.graph,
                                             run->parameters, found, &other, &error);
      if (g_error_matches (error, DH_ERROR, DH_ERROR_UNSUPPORTED))
        continue;
      g_assert_no_error (error);
      measure_roundings (run, ROUNDINGS * u, spread);
      zero (found);
      dh_train_plan_run (plan, run->input, run->labels, 5, 1, &losses, NULL, &error);
      g_assert_no_error (error);
      dh_train_plan_free (plan);
      const double loss = fabs (losses.total - expected_loss) / fabs (expected_loss);
      if (loss > LOSS_ROUNDINGS * u)
        {
          g_test_message ("%s: loss off by %.2g of %.2g", dh_precision_name (other.precision), loss,
                          LOSS_ROUNDINGS * u);
          g_test_fail ();
        }
      for (guint i = 0; i < n; i++)
        {
          const DhTensor *gradient = dh_tensor_dict_at (run->gradients, i);
          const double off = sqrt (square (dh_tensor_dict_at (found, i), gradient));
          const double allowed =
              2 * spread[i] + ROUNDINGS * u * sqrt (square (gradient, NULL)) + 0.25 * u * sqrt (whole);
          if (g_getenv ("DH_TEST_VERBOSE"))
            g_printerr ("%6.3f %s %s %s\n", off / allowed, dh_precision_name (other.precision),
                        run->gradient_case->ops_case.name, dh_tensor_dict_name (found, i));
          if (off <= allowed)
            continue;
          g_test_message ("%s: gradient of “%s” off by %.2g of %.2g, its length %.2g",
                          dh_precision_name (other.precision), dh_tensor_dict_name (found, i), off, allowed,
                          sqrt (square (gradient, NULL)));
          g_test_fail ();
        }
    }
}

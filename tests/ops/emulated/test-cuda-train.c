#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dh-error.h"
#include "emulated-training.h"

/* Training on the emulated card: precisions against float32, the loss scale, every failure, and what is estimated. */

/* How far the vectors differ, as a share of the first's length. */
static double
distance (const GArray *expected, const GArray *found)
{
  double length = 0, off = 0;
  g_assert_cmpuint (expected->len, ==, found->len);
  for (guint i = 0; i < expected->len; i++)
    {
      const double e = g_array_index (expected, float, i), d = g_array_index (found, float, i) - e;
      length += e * e;
      off += d * d;
    }
  return sqrt (off / length);
}

/* How far the gradients move at most, in float32, where every parameter and the input are off by up to `rounding`. */
static double
spread_of (EmulatedTraining *fixture, DhTrainPlan *plan, const GArray *expected, double rounding)
{
  double most = 0;
  g_autofree float *input = g_memdup2 (fixture->input, 3 * EMULATED_TRAINING_PIXELS * sizeof (float));
  for (guint k = 0; k < 4; k++)
    {
      g_autoptr (DhTensorDict) kept = dh_tensor_dict_new ();
      for (guint i = 0; i < dh_tensor_dict_size (fixture->gradients); i++)
        {
          const char *name = dh_tensor_dict_name (fixture->gradients, i);
          DhTensor *value = dh_tensor_dict_get (fixture->weights, name);
          DhTensor *copy = dh_tensor_new_f32 (value->n_dims, value->dims);
          const gsize n = (gsize)dh_tensor_count (value);
          g_autofree double *r = g_new (double, n);
          memcpy (dh_tensor_f32 (copy), dh_tensor_f32 (value), n * sizeof (float));
          dh_tensor_dict_take (kept, name, copy);
          dh_seeded_uniform (name, 50 + k, n, r);
          for (gsize j = 0; j < n; j++)
            dh_tensor_f32 (value)[j] *= (float)(1 + rounding * r[j]);
        }
      g_autofree double *r = g_new (double, 3 * EMULATED_TRAINING_PIXELS);
      dh_seeded_uniform ("rounding", k, 3 * EMULATED_TRAINING_PIXELS, r);
      for (guint i = 0; i < 3 * EMULATED_TRAINING_PIXELS; i++)
        fixture->input[i] = input[i] * (float)(1 + rounding * r[i]);
      DhLosses losses;
      g_autoptr (GArray) found = emulated_training_step (fixture, plan, &losses);
      most = fmax (most, distance (expected, found));
      memcpy (fixture->input, input, 3 * EMULATED_TRAINING_PIXELS * sizeof (float));
      for (guint i = 0; i < dh_tensor_dict_size (kept); i++)
        {
          const DhTensor *copy = dh_tensor_dict_at (kept, i);
          memcpy (dh_tensor_f32 (dh_tensor_dict_get (fixture->weights, dh_tensor_dict_name (kept, i))),
                  dh_tensor_f32 (copy), dh_tensor_size_bytes (copy));
        }
    }
  return most;
}

/* A whole network's gradient multiplies what is rounded: as much as that does to this very one is allowed, and twice.
 * The operators' own bounds stand in gradients.c. */
static void
test_precisions (EmulatedTraining *fixture, gconstpointer data)
{
  static const struct
  {
    DhPrecision precision;
    double loss, rounding;
  } bounds[] = {
    { DH_PRECISION_F32, 1e-6, 0 },
    { DH_PRECISION_TF32, 4 * 0x1p-11, 0x1p-11 },
    { DH_PRECISION_F16, 4 * 0x1p-11, 0x1p-11 },
    { DH_PRECISION_BF16, 4 * 0x1p-8, 0x1p-8 },
  };
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) card = emulated_open_card (), ref = dh_device_open ("ref", 0, NULL);
  if (data) /* few labelled pixels: the loss scale overflows 16 bits */
    memset (fixture->labels, EMULATED_TRAINING_CLASSES, EMULATED_TRAINING_PIXELS - 3);
  DhTrainPlan *exact = emulated_training_plan (fixture, ref, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  DhLosses expected;
  g_autoptr (GArray) gradients = emulated_training_step (fixture, exact, &expected);
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      DhLosses losses;
      DhTrainPlan *plan = emulated_training_plan (fixture, card, bounds[i].precision, &error);
      g_assert_no_error (error);
      g_autoptr (GArray) found = emulated_training_step (fixture, plan, &losses);
      dh_train_plan_free (plan);
      const double u = bounds[i].rounding, off = fabs (losses.total - expected.total) / expected.total;
      const double far = distance (gradients, found);
      const double allowed = u > 0 ? fmin (2 * spread_of (fixture, exact, gradients, 4 * u) + 4 * u, 0.6) : 1e-4;
      g_test_message ("%s: loss off by %.2g, gradients by %.2g of %.2g", dh_precision_name (bounds[i].precision), off,
                      far, allowed);
      g_assert_cmpfloat (off, <=, bounds[i].loss);
      g_assert_cmpfloat (far, <=, allowed);
      g_assert_true (i < 1 || far > 1e-5);
    }
  dh_train_plan_free (exact);
}

/* Plain, measured, recorded, refused to record: the same bits; and again after a cancelled step. */
static void
test_ways (EmulatedTraining *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_cancellable_cancel (cancelled);
  DhTrainPlan *plan = emulated_training_plan (fixture, device, DH_PRECISION_F16, &error);
  g_assert_no_error (error);
  DhLosses first, losses;
  g_autoptr (GArray) expected = emulated_training_step (fixture, plan, &first);
  if (data)
    g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  for (guint i = 0; i < 4; i++)
    {
      g_assert_false (dh_train_plan_run (plan, fixture->input, fixture->labels, 5, 1, &losses, cancelled, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
      g_autoptr (GArray) found = emulated_training_step (fixture, plan, &losses);
      g_assert_cmpmem (expected->data, expected->len * sizeof (float), found->data, found->len * sizeof (float));
      g_assert_cmpmem (&first, sizeof first, &losses, sizeof losses);
    }
  g_autoptr (GArray) steps = dh_train_plan_list_steps (plan);
  g_assert_cmpuint (steps->len, >, 10);
  dh_train_plan_free (plan);
}

/* What the card refuses to record is started between recordings of the rest: the same bits. A card that is lost in one
 * of these is lost. */
static void
test_refused (EmulatedTraining *fixture, gconstpointer data)
{
  static const struct
  {
    const char *refused, *lost, *said;
    guint n_recordings; /* of a step */
  } cases[] = {
    { "copy", "replay:1", "2 of ", 1 },
    { "conv-3", "replay:2", "1 of ", 2 },
    { "conv-3,conv-20", "run:2", "2 of ", 3 },
    { "kernel-41", "launch:1", "1 of ", 2 }, /* LOSS_END */
    { "all", "copy:2", NULL, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DhDevice) device = emulated_open_card ();
      DhTrainPlan *plan = emulated_training_plan (fixture, device, DH_PRECISION_F16, &error);
      g_assert_no_error (error);
      DhLosses first, losses;
      g_autoptr (GArray) expected = emulated_training_step (fixture, plan, &first);
      g_setenv ("DH_EMULATED_REFUSES", cases[i].refused, TRUE);
      for (guint number = 1; number < 5; number++)
        {
          g_setenv ("DH_EMULATED_REPLAYS", "0", TRUE);
          g_autoptr (GArray) found = emulated_training_step (fixture, plan, &losses);
          g_assert_cmpmem (expected->data, expected->len * sizeof (float), found->data, found->len * sizeof (float));
          g_assert_cmpmem (&first, sizeof first, &losses, sizeof losses);
          g_assert_cmpint (atoi (g_getenv ("DH_EMULATED_REPLAYS")), ==, number > 1 ? (gint)cases[i].n_recordings : 0);
        }
      g_autofree char *remarks = dh_train_plan_list_remarks (plan);
      g_test_message ("%s: %s", cases[i].refused, remarks);
      g_assert_nonnull (strstr (remarks, "not recorded: "));
      g_assert_true (!cases[i].said || strstr (remarks, cases[i].said));
      g_setenv ("DH_EMULATED_FAIL", cases[i].lost, TRUE);
      g_assert_false (dh_train_plan_run (plan, fixture->input, fixture->labels, 5, 1, &losses, NULL, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
      g_assert_true (dh_device_is_lost (device));
      g_unsetenv ("DH_EMULATED_FAIL");
      g_unsetenv ("DH_EMULATED_REFUSES");
      g_unsetenv ("DH_EMULATED_REPLAYS");
      dh_train_plan_free (plan);
    }
}

/* The n-th allocation fails, for every n: an error that says what is needed, and the card goes on. */
static void
test_memory (EmulatedTraining *fixture, gconstpointer data)
{
  guint failures = 0;
  g_autoptr (DhDevice) device = emulated_open_card ();
  for (guint n = 1; n < 100; n++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *fail = g_strdup_printf ("%s:%u", (const char *)data, n);
      g_setenv ("DH_EMULATED_FAIL", fail, TRUE);
      DhTrainPlan *plan = emulated_training_plan (fixture, device, DH_PRECISION_BF16, &error);
      g_unsetenv ("DH_EMULATED_FAIL");
      if (plan)
        {
          DhLosses losses;
          g_array_unref (emulated_training_step (fixture, plan, &losses));
          dh_train_plan_free (plan);
          break;
        }
      g_assert_error (error, DH_ERROR, DH_ERROR_NO_MEMORY);
      g_assert_nonnull (strstr (error->message, "smaller batch or crop"));
      failures++;
    }
  g_assert_cmpuint (failures, >=, 2);
}

/* A lost card: nothing runs on it until it is opened again, and then as before. */
static void
test_lost (EmulatedTraining *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  DhTrainPlan *plan = emulated_training_plan (fixture, device, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  DhLosses first, losses;
  for (guint i = 0; i < 3; i++)
    g_array_unref (emulated_training_step (fixture, plan, &first));
  g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (dh_train_plan_run (plan, fixture->input, fixture->labels, 5, 1, &losses, NULL, &error));
      g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
      g_clear_error (&error);
      g_assert_true (dh_device_is_lost (device));
    }
  g_assert_false (dh_device_reopen (device, &error)); /* the plan is in the way */
  g_assert_error (error, DH_ERROR, DH_ERROR_FAILED);
  g_clear_error (&error);
  dh_train_plan_free (plan);
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_true (dh_device_reopen (device, &error));
  plan = emulated_training_plan (fixture, device, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  g_array_unref (emulated_training_step (fixture, plan, &losses));
  g_assert_cmpmem (&first, sizeof first, &losses, sizeof losses);
  dh_train_plan_free (plan);
}

/* What is foretold is what is taken, but for the convolutions' workspace and rounding to chunks. */
static void
test_estimate (EmulatedTraining *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  const DhTrainOptions options = emulated_training_options (fixture, DH_PRECISION_F16);
  const guint64 guess = dh_train_plan_estimate_bytes (device, fixture->net->graph, &options);
  DhTrainPlan *plan = emulated_training_plan (fixture, device, DH_PRECISION_F16, &error);
  g_assert_no_error (error);
  const guint64 taken = dh_train_plan_memory (plan);
  g_test_message ("%.2f MiB foretold, %.2f taken", guess / 1048576.0, taken / 1048576.0);
  g_assert_cmpuint (guess, <=, taken);
  g_assert_cmpuint (taken, <=, guess + ((guint64)9 << 20));
  dh_train_plan_free (plan);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, test)                                                                                          \
  g_test_add (path, EmulatedTraining, data, emulated_training_set_up, test, emulated_training_tear_down)
  ADD ("/cuda-train/precisions", NULL, test_precisions);
  ADD ("/cuda-train/precisions/overflow", "few", test_precisions);
  ADD ("/cuda-train/ways/recorded", NULL, test_ways);
  ADD ("/cuda-train/ways/plain", "record:1", test_ways);
  ADD ("/cuda-train/refused", NULL, test_refused);
  ADD ("/cuda-train/memory/card", "alloc", test_memory);
  ADD ("/cuda-train/memory/pinned", "pinned", test_memory);
  ADD ("/cuda-train/lost/replay", "replay:1", test_lost);
  ADD ("/cuda-train/lost/wait", "wait:1", test_lost);
  ADD ("/cuda-train/estimate", NULL, test_estimate);
#undef ADD
  return g_test_run ();
}

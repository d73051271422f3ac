#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dh-adam.h"
#include "dh-error.h"
#include "dh-nets.h"
#include "dh-train-plan.h"

/* Training on the emulated card: precisions against float32, the loss scale, every failure, and what is estimated. */

enum
{
  N = 2,
  HEIGHT = 48,
  WIDTH = 64,
  PIXELS = N * HEIGHT * WIDTH,
  CLASSES = 5,
};

typedef struct
{
  DhNet *net;
  DhTensorDict *weights, *gradients;
  float *input;
  guint8 *labels;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  DhArchitecture architecture;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_true (dh_architecture_from_name ("ldn-tiny", CLASSES, &architecture, NULL));
  fixture->net = dh_net_new (&architecture);
  fixture->weights = dh_net_new_seeded (fixture->net, 3, 1);
  fixture->gradients = dh_tensor_dict_new ();
  const DhValue outputs[2] = { fixture->net->logits, fixture->net->logits_ood };
  g_autoptr (GArray) list = dh_graph_list_parameters (fixture->net->graph, outputs, 2);
  for (guint i = 0; i < list->len; i++)
    {
      const DhParameter *parameter = &g_array_index (list, DhParameter, i);
      const DhTensor *value = dh_tensor_dict_get (fixture->weights, parameter->name);
      if (parameter->trained)
        dh_tensor_dict_take (fixture->gradients, parameter->name, dh_tensor_new_f32 (value->n_dims, value->dims));
    }
  fixture->input = g_new (float, 3 * PIXELS);
  fixture->labels = g_new (guint8, PIXELS);
  g_autofree double *r = g_new (double, 3 * PIXELS);
  dh_seeded_uniform ("input", 3, 3 * PIXELS, r);
  for (guint i = 0; i < 3 * PIXELS; i++)
    fixture->input[i] = (float)(r[i] * 0.5 + 0.5);
  for (guint i = 0; i < PIXELS; i++)
    fixture->labels[i] = (guint8)(i / 37 % (CLASSES + 2));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_unsetenv ("DH_EMULATED_FAIL");
  dh_net_unref (fixture->net);
  dh_tensor_dict_unref (fixture->weights);
  dh_tensor_dict_unref (fixture->gradients);
  g_free (fixture->input);
  g_free (fixture->labels);
}

static DhTrainOptions
options_of (const Fixture *fixture, DhPrecision precision)
{
  return (DhTrainOptions){ .input = { N, 3, HEIGHT, WIDTH },
                           .precision = precision,
                           .logits = fixture->net->logits,
                           .logits_ood = fixture->net->logits_ood,
                           .beta = 0.3 };
}

static DhTrainPlan *
new_plan (Fixture *fixture, DhDevice *device, DhPrecision precision, GError **error)
{
  const DhTrainOptions options = options_of (fixture, precision);
  return dh_train_plan_new (device, fixture->net->graph, fixture->weights, fixture->gradients, &options, error);
}

static DhDevice *
open_card (void)
{
  g_autoptr (GError) error = NULL;
  DhDevice *device = dh_device_open ("cuda", 0, &error);
  g_assert_no_error (error);
  return device;
}

/* Every gradient and every running statistic, one after the other. */
static GArray *
flatten (DhTensorDict *dict)
{
  GArray *all = g_array_new (FALSE, FALSE, sizeof (float));
  for (guint i = 0; i < dh_tensor_dict_size (dict); i++)
    {
      const DhTensor *tensor = dh_tensor_dict_at (dict, i);
      if (tensor->dtype == DH_DTYPE_F32)
        g_array_append_vals (all, dh_tensor_f32 (tensor), (guint)dh_tensor_count (tensor));
    }
  return all;
}

/* One step from zero gradients. */
static GArray *
step (Fixture *fixture, DhTrainPlan *plan, DhLosses *losses)
{
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < dh_tensor_dict_size (fixture->gradients); i++)
    {
      const DhTensor *tensor = dh_tensor_dict_at (fixture->gradients, i);
      memset (dh_tensor_f32 (tensor), 0, dh_tensor_size_bytes (tensor));
    }
  dh_train_plan_run (plan, fixture->input, fixture->labels, 5, 1, losses, NULL, &error);
  g_assert_no_error (error);
  return flatten (fixture->gradients);
}

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
spread_of (Fixture *fixture, DhTrainPlan *plan, const GArray *expected, double rounding)
{
  double most = 0;
  g_autofree float *input = g_memdup2 (fixture->input, 3 * PIXELS * sizeof (float));
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
      g_autofree double *r = g_new (double, 3 * PIXELS);
      dh_seeded_uniform ("rounding", k, 3 * PIXELS, r);
      for (guint i = 0; i < 3 * PIXELS; i++)
        fixture->input[i] = input[i] * (float)(1 + rounding * r[i]);
      DhLosses losses;
      g_autoptr (GArray) found = step (fixture, plan, &losses);
      most = fmax (most, distance (expected, found));
      memcpy (fixture->input, input, 3 * PIXELS * sizeof (float));
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
test_precisions (Fixture *fixture, gconstpointer data)
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
  g_autoptr (DhDevice) card = open_card (), ref = dh_device_open ("ref", 0, NULL);
  if (data) /* few labelled pixels: the loss scale overflows 16 bits */
    memset (fixture->labels, CLASSES, PIXELS - 3);
  DhTrainPlan *exact = new_plan (fixture, ref, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  DhLosses expected;
  g_autoptr (GArray) gradients = step (fixture, exact, &expected);
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      DhLosses losses;
      DhTrainPlan *plan = new_plan (fixture, card, bounds[i].precision, &error);
      g_assert_no_error (error);
      g_autoptr (GArray) found = step (fixture, plan, &losses);
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
test_ways (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = open_card ();
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_cancellable_cancel (cancelled);
  DhTrainPlan *plan = new_plan (fixture, device, DH_PRECISION_F16, &error);
  g_assert_no_error (error);
  DhLosses first, losses;
  g_autoptr (GArray) expected = step (fixture, plan, &first);
  if (data)
    g_setenv ("DH_EMULATED_FAIL", data, TRUE);
  for (guint i = 0; i < 4; i++)
    {
      g_assert_false (dh_train_plan_run (plan, fixture->input, fixture->labels, 5, 1, &losses, cancelled, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
      g_autoptr (GArray) found = step (fixture, plan, &losses);
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
test_refused (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *refused, *lost, *said;
    guint n_recordings; /* of a step */
  } cases[] = {
    { "copy", "replay:1", "2 of ", 1 },
    { "conv-3", "replay:2", "1 of ", 2 },
    { "conv-3,conv-20", "run:2", "2 of ", 3 },
    { "kernel-22", "launch:1", "1 of ", 2 }, /* LOSS_END */
    { "all", "copy:2", NULL, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (DhDevice) device = open_card ();
      DhTrainPlan *plan = new_plan (fixture, device, DH_PRECISION_F16, &error);
      g_assert_no_error (error);
      DhLosses first, losses;
      g_autoptr (GArray) expected = step (fixture, plan, &first);
      g_setenv ("DH_EMULATED_REFUSES", cases[i].refused, TRUE);
      for (guint number = 1; number < 5; number++)
        {
          g_setenv ("DH_EMULATED_REPLAYS", "0", TRUE);
          g_autoptr (GArray) found = step (fixture, plan, &losses);
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
test_memory (Fixture *fixture, gconstpointer data)
{
  guint failures = 0;
  g_autoptr (DhDevice) device = open_card ();
  for (guint n = 1; n < 100; n++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *fail = g_strdup_printf ("%s:%u", (const char *)data, n);
      g_setenv ("DH_EMULATED_FAIL", fail, TRUE);
      DhTrainPlan *plan = new_plan (fixture, device, DH_PRECISION_BF16, &error);
      g_unsetenv ("DH_EMULATED_FAIL");
      if (plan)
        {
          DhLosses losses;
          g_array_unref (step (fixture, plan, &losses));
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
test_lost (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = open_card ();
  DhTrainPlan *plan = new_plan (fixture, device, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  DhLosses first, losses;
  for (guint i = 0; i < 3; i++)
    g_array_unref (step (fixture, plan, &first));
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
  plan = new_plan (fixture, device, DH_PRECISION_F32, &error);
  g_assert_no_error (error);
  g_array_unref (step (fixture, plan, &losses));
  g_assert_cmpmem (&first, sizeof first, &losses, sizeof losses);
  dh_train_plan_free (plan);
}

static gint64
floats_of (DhTensorDict *dict)
{
  g_autoptr (GArray) all = flatten (dict);
  return all->len;
}

static void
assert_same (DhTensorDict *a, DhTensorDict *b)
{
  g_autoptr (GArray) x = flatten (a), y = flatten (b);
  g_assert_cmpmem (x->data, x->len * sizeof (float), y->data, y->len * sizeof (float));
}

static DhTensorDict *
copy_of (DhTensorDict *dict)
{
  DhTensorDict *copy = dh_tensor_dict_new ();
  for (guint i = 0; i < dh_tensor_dict_size (dict); i++)
    {
      DhTensor *tensor = dh_tensor_dict_at (dict, i);
      DhTensor *own =
          tensor->dtype == DH_DTYPE_F32 ? dh_tensor_new_f32 (tensor->n_dims, tensor->dims) : dh_tensor_ref (tensor);
      if (tensor->dtype == DH_DTYPE_F32)
        memcpy (dh_tensor_f32 (own), dh_tensor_f32 (tensor), dh_tensor_size_bytes (own));
      dh_tensor_dict_take (copy, dh_tensor_dict_name (dict, i), own);
    }
  return copy;
}

typedef struct
{
  DhTensorDict *parameters;
  DhAdam adam;
  DhTrainState *state; /* or NULL: the host's memory and optimiser */
  DhTrainPlan *plan;
} Trained;

static void
begin_training (Trained *trained, Fixture *fixture, DhDevice *device, const char *const *names, gboolean there)
{
  g_autoptr (GError) error = NULL;
  DhTrainOptions options = options_of (fixture, DH_PRECISION_F16);
  *trained = (Trained){ .parameters = copy_of (fixture->weights) };
  g_assert_true (dh_adam_init (&trained->adam, trained->parameters, names));
  const DhTrainTensors tensors = { trained->parameters, trained->adam.gradients, trained->adam.first,
                                   trained->adam.second };
  if (there)
    trained->state =
        dh_train_state_new (device, fixture->net->graph, options.logits, options.logits_ood, &tensors, &error);
  g_assert_no_error (error);
  options.state = trained->state;
  trained->plan =
      dh_train_plan_new (device, fixture->net->graph, trained->parameters, trained->adam.gradients, &options, &error);
  g_assert_no_error (error);
}

static void
end_training (Trained *trained)
{
  dh_train_plan_free (trained->plan);
  dh_train_state_free (trained->state);
  dh_adam_clear (&trained->adam);
  dh_tensor_dict_unref (trained->parameters);
}

/* The optimiser on the card is the host's to the last bit: rates that differ, batches that are added up, a scale that
 * overflows, a gradient that is not finite, statistics that go back; and what was fetched goes on the same. */
static void
test_state (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = open_card ();
  g_auto (GStrv) names = dh_net_list_trained (fixture->net);
  g_autofree double *rates = g_new (double, g_strv_length (names));
  for (guint i = 0; names[i]; i++)
    rates[i] = g_str_has_prefix (names[i], "backbone.") ? 1e-3 : 4e-3;
  Trained host, card;
  begin_training (&host, fixture, device, (const char *const *)names, FALSE);
  begin_training (&card, fixture, device, (const char *const *)names, TRUE);
  g_assert_true (dh_device_has_train_state (device));
  if (data)
    memset (fixture->labels, CLASSES, PIXELS - 3);
  for (guint number = 1; number <= 6; number++)
    {
      DhLosses a, b;
      gboolean finite;
      for (guint batch = 0; batch < 2; batch++)
        {
          fixture->input[0] = (float)number + (float)batch;
          g_assert_true (
              dh_train_plan_run (host.plan, fixture->input, fixture->labels, number, 1.0 / 3, &a, NULL, &error));
          g_assert_true (
              dh_train_plan_run (card.plan, fixture->input, fixture->labels, number, 1.0 / 3, &b, NULL, &error));
          g_assert_cmpmem (&a, sizeof a, &b, sizeof b);
        }
      dh_adam_step (&host.adam, host.parameters, rates, number);
      g_assert_true (dh_train_state_step (card.state, rates, number, &finite, &error));
      g_assert_true (finite);
      if (number == 2)
        {
          /* A step that is not to be: the statistics go back, the moments do not move. */
          g_assert_true (dh_train_state_keep_statistics (card.state, FALSE, &error));
          fixture->input[5] = INFINITY;
          g_assert_true (dh_train_plan_run (card.plan, fixture->input, fixture->labels, 1, 1, &b, NULL, &error));
          fixture->input[5] = 0.5f;
          g_assert_true (dh_train_state_step (card.state, rates, number + 1, &finite, &error));
          g_assert_false (finite);
          g_assert_true (dh_train_state_keep_statistics (card.state, TRUE, &error));
          /* Nor does one that is thrown away. */
          g_assert_true (dh_train_plan_run (card.plan, fixture->input, fixture->labels, 1, 1, &b, NULL, &error));
          g_assert_true (dh_train_state_keep_statistics (card.state, TRUE, &error));
          g_assert_true (dh_train_state_zero_gradients (card.state, &error));
        }
      if (number == 4)
        {
          /* A new start from the tensors. */
          g_assert_true (dh_train_state_fetch (card.state, &error));
          const Trained old = card;
          const DhTrainTensors tensors = { old.parameters, old.adam.gradients, old.adam.first, old.adam.second };
          DhTrainOptions options = options_of (fixture, DH_PRECISION_F16);
          dh_train_plan_free (card.plan);
          dh_train_state_free (card.state);
          options.state = card.state =
              dh_train_state_new (device, fixture->net->graph, options.logits, options.logits_ood, &tensors, &error);
          card.plan =
              dh_train_plan_new (device, fixture->net->graph, card.parameters, card.adam.gradients, &options, &error);
          g_assert_no_error (error);
        }
    }
  g_assert_cmpint (floats_of (card.adam.first), >, 10000);
  g_assert_true (dh_train_state_fetch (card.state, &error));
  assert_same (host.parameters, card.parameters);
  assert_same (host.adam.first, card.adam.first);
  assert_same (host.adam.second, card.adam.second);
  end_training (&host);
  end_training (&card);
}

/* Every allocation of a state fails, and every call: an error, and the card goes on or is opened again. */
static void
test_state_faults (Fixture *fixture, gconstpointer data)
{
  g_autoptr (DhDevice) device = open_card ();
  g_auto (GStrv) names = dh_net_list_trained (fixture->net);
  g_autofree double *rates = g_new0 (double, g_strv_length (names));
  DhAdam adam;
  g_assert_true (dh_adam_init (&adam, fixture->weights, (const char *const *)names));
  const DhTrainTensors tensors = { fixture->weights, adam.gradients, adam.first, adam.second };
  guint failures = 0;
  for (guint n = 1; n < 10000; n = n < 20 ? n + 1 : n * 2)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *fail = g_strdup_printf ("%s:%u", (const char *)data, n);
      gboolean finite;
      g_setenv ("DH_EMULATED_FAIL", fail, TRUE);
      DhTrainState *state = dh_train_state_new (device, fixture->net->graph, fixture->net->logits,
                                                fixture->net->logits_ood, &tensors, &error);
      const gboolean fine = state && dh_train_state_keep_statistics (state, FALSE, &error)
                            && dh_train_state_step (state, rates, 1, &finite, &error)
                            && dh_train_state_zero_gradients (state, &error) && dh_train_state_fetch (state, &error);
      g_unsetenv ("DH_EMULATED_FAIL");
      dh_train_state_free (state);
      if (fine)
        break;
      failures++;
      g_assert_true (error != NULL);
      const gboolean memory = g_error_matches (error, DH_ERROR, DH_ERROR_NO_MEMORY);
      g_assert_true (!memory || strstr (error->message, "MiB on the card; close other programs"));
      g_assert_true (memory != dh_device_is_lost (device));
      g_clear_error (&error);
      if (!memory)
        g_assert_true (dh_device_reopen (device, &error));
    }
  g_assert_cmpuint (failures, >=, 1);
  dh_adam_clear (&adam);
}

/* What is foretold is what is taken, but for the convolutions' workspace and rounding to chunks. */
static void
test_estimate (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = open_card ();
  const DhTrainOptions options = options_of (fixture, DH_PRECISION_F16);
  const guint64 guess = dh_train_plan_estimate_bytes (device, fixture->net->graph, &options);
  DhTrainPlan *plan = new_plan (fixture, device, DH_PRECISION_F16, &error);
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
#define ADD(path, data, test) g_test_add (path, Fixture, data, set_up, test, tear_down)
  ADD ("/cuda-train/precisions", NULL, test_precisions);
  ADD ("/cuda-train/precisions/overflow", "few", test_precisions);
  ADD ("/cuda-train/ways/recorded", NULL, test_ways);
  ADD ("/cuda-train/ways/plain", "record:1", test_ways);
  ADD ("/cuda-train/refused", NULL, test_refused);
  ADD ("/cuda-train/memory/card", "alloc", test_memory);
  ADD ("/cuda-train/memory/pinned", "pinned", test_memory);
  ADD ("/cuda-train/lost/replay", "replay:1", test_lost);
  ADD ("/cuda-train/lost/wait", "wait:1", test_lost);
  ADD ("/cuda-train/state", NULL, test_state);
  ADD ("/cuda-train/state/overflow", "few", test_state);
  ADD ("/cuda-train/state/memory", "alloc", test_state_faults);
  ADD ("/cuda-train/state/pinned", "pinned", test_state_faults);
  ADD ("/cuda-train/state/copy", "copy", test_state_faults);
  ADD ("/cuda-train/state/launch", "launch", test_state_faults);
  ADD ("/cuda-train/state/wait", "wait", test_state_faults);
  ADD ("/cuda-train/estimate", NULL, test_estimate);
#undef ADD
  return g_test_run ();
}

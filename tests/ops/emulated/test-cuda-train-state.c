#include <math.h>
#include <string.h>

#include "dh-adam.h"
#include "dh-error.h"
#include "emulated-training.h"

/* Parameters, gradients and moments that stay on the emulated card between steps. */

static gint64
floats_of (DhTensorDict *dict)
{
  g_autoptr (GArray) all = emulated_training_flatten (dict);
  return all->len;
}

static void
assert_same (DhTensorDict *a, DhTensorDict *b)
{
  g_autoptr (GArray) x = emulated_training_flatten (a), y = emulated_training_flatten (b);
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
begin_training (Trained *trained, EmulatedTraining *fixture, DhDevice *device, const char *const *names, gboolean there)
{
  g_autoptr (GError) error = NULL;
  DhTrainOptions options = emulated_training_options (fixture, DH_PRECISION_F16);
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
test_state (EmulatedTraining *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DhDevice) device = emulated_open_card ();
  g_auto (GStrv) names = dh_net_list_trained (fixture->net);
  g_autofree double *rates = g_new (double, g_strv_length (names));
  for (guint i = 0; names[i]; i++)
    rates[i] = g_str_has_prefix (names[i], "backbone.") ? 1e-3 : 4e-3;
  Trained host, card;
  begin_training (&host, fixture, device, (const char *const *)names, FALSE);
  begin_training (&card, fixture, device, (const char *const *)names, TRUE);
  g_assert_true (dh_device_has_train_state (device));
  if (data)
    memset (fixture->labels, EMULATED_TRAINING_CLASSES, EMULATED_TRAINING_PIXELS - 3);
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
          DhTrainOptions options = emulated_training_options (fixture, DH_PRECISION_F16);
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
test_state_faults (EmulatedTraining *fixture, gconstpointer data)
{
  g_autoptr (DhDevice) device = emulated_open_card ();
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

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(path, data, test)                                                                                          \
  g_test_add (path, EmulatedTraining, data, emulated_training_set_up, test, emulated_training_tear_down)
  ADD ("/cuda-train/state", NULL, test_state);
  ADD ("/cuda-train/state/overflow", "few", test_state);
  ADD ("/cuda-train/state/memory", "alloc", test_state_faults);
  ADD ("/cuda-train/state/pinned", "pinned", test_state_faults);
  ADD ("/cuda-train/state/copy", "copy", test_state_faults);
  ADD ("/cuda-train/state/launch", "launch", test_state_faults);
  ADD ("/cuda-train/state/wait", "wait", test_state_faults);
#undef ADD
  return g_test_run ();
}

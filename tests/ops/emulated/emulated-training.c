#include "emulated-training.h"

#include <string.h>

#include "dh-error.h"

void
emulated_training_set_up (EmulatedTraining *fixture, gconstpointer data)
{
  DhArchitecture architecture;
  g_unsetenv ("DH_EMULATED_FAIL");
  g_assert_true (dh_architecture_from_name ("ldn-tiny", EMULATED_TRAINING_CLASSES, &architecture, NULL));
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
  fixture->input = g_new (float, 3 * EMULATED_TRAINING_PIXELS);
  fixture->labels = g_new (guint8, EMULATED_TRAINING_PIXELS);
  g_autofree double *r = g_new (double, 3 * EMULATED_TRAINING_PIXELS);
  dh_seeded_uniform ("input", 3, 3 * EMULATED_TRAINING_PIXELS, r);
  for (guint i = 0; i < 3 * EMULATED_TRAINING_PIXELS; i++)
    fixture->input[i] = (float)(r[i] * 0.5 + 0.5);
  for (guint i = 0; i < EMULATED_TRAINING_PIXELS; i++)
    fixture->labels[i] = (guint8)(i / 37 % (EMULATED_TRAINING_CLASSES + 2));
}

void
emulated_training_tear_down (EmulatedTraining *fixture, gconstpointer data)
{
  g_unsetenv ("DH_EMULATED_FAIL");
  dh_net_unref (fixture->net);
  dh_tensor_dict_unref (fixture->weights);
  dh_tensor_dict_unref (fixture->gradients);
  g_free (fixture->input);
  g_free (fixture->labels);
}

DhTrainOptions
emulated_training_options (const EmulatedTraining *fixture, DhPrecision precision)
{
  return (DhTrainOptions){ .input = { EMULATED_TRAINING_N, 3, EMULATED_TRAINING_HEIGHT, EMULATED_TRAINING_WIDTH },
                           .precision = precision,
                           .logits = fixture->net->logits,
                           .logits_ood = fixture->net->logits_ood,
                           .beta = 0.3 };
}

DhTrainPlan *
emulated_training_plan (EmulatedTraining *fixture, DhDevice *device, DhPrecision precision, GError **error)
{
  const DhTrainOptions options = emulated_training_options (fixture, precision);
  return dh_train_plan_new (device, fixture->net->graph, fixture->weights, fixture->gradients, &options, error);
}

GArray *
emulated_training_flatten (DhTensorDict *dict)
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

GArray *
emulated_training_step (EmulatedTraining *fixture, DhTrainPlan *plan, DhLosses *losses)
{
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < dh_tensor_dict_size (fixture->gradients); i++)
    {
      const DhTensor *tensor = dh_tensor_dict_at (fixture->gradients, i);
      memset (dh_tensor_f32 (tensor), 0, dh_tensor_size_bytes (tensor));
    }
  dh_train_plan_run (plan, fixture->input, fixture->labels, 5, 1, losses, NULL, &error);
  g_assert_no_error (error);
  return emulated_training_flatten (fixture->gradients);
}

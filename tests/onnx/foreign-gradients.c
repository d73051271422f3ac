#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dh-checkpoint.h"
#include "dh-foreign-start.h"
#include "dh-onnx-trained.h"
#include "dh-train-plan.h"

/* foreign-gradients NET.onnx DEVICE f32|bf16 BATCH.safetensors GRADIENTS.safetensors TRAINED.onnx
 *
 * One batch ("input" N×3×H×W, "labels" N×H×W, both float32) through a network as it would be trained, with β = 0.5: the
 * gradients of all that is trained, the losses on a line, and the network as a training would write it. */

#define BETA 0.5

static gboolean
run (char **argv, GError **error)
{
  DhPrecision precision;
  g_auto (DhForeignStart) start = { NULL };
  if (!dh_precision_from_name (argv[3], &precision) || !dh_foreign_start_load (&start, argv[1], TRUE, NULL, error))
    return FALSE;
  g_autoptr (DhCheckpoint) batch = dh_checkpoint_open (argv[4], error);
  g_autoptr (DhDevice) device = batch ? dh_device_open (argv[2], 2, error) : NULL;
  if (!device)
    return FALSE;
  const DhTensor *input = dh_tensor_dict_get (dh_checkpoint_state (batch), "input");
  DhTensor *numbers = dh_tensor_dict_get (dh_checkpoint_state (batch), "labels");
  const gsize pixels = (gsize)dh_tensor_count (numbers);
  g_autofree guint8 *labels = g_new (guint8, pixels);
  for (gsize i = 0; i < pixels; i++)
    labels[i] = (guint8)((const float *)dh_tensor_data (numbers))[i];
  g_auto (GStrv) trained = dh_net_list_trained (start.net);
  g_autoptr (DhTensorDict) parameters = dh_tensor_dict_new ();
  g_autoptr (DhTensorDict) gradients = dh_tensor_dict_new ();
  for (guint i = 0; i < dh_tensor_dict_size (start.tensors); i++)
    {
      const char *name = dh_tensor_dict_name (start.tensors, i);
      DhTensor *from = dh_tensor_dict_at (start.tensors, i), *own = dh_tensor_new_f32 (from->n_dims, from->dims);
      memcpy (dh_tensor_f32 (own), dh_tensor_data (from), dh_tensor_size_bytes (own));
      dh_tensor_dict_take (parameters, name, own);
      if (g_strv_contains ((const char *const *)trained, name))
        dh_tensor_dict_take (gradients, name, dh_tensor_new_f32 (from->n_dims, from->dims));
    }
  const DhTrainOptions options = { .input = { (gint)input->dims[0], 3, (gint)input->dims[2], (gint)input->dims[3] },
                                   .precision = precision,
                                   .logits = start.net->logits,
                                   .logits_ood = start.net->logits_ood,
                                   .beta = BETA };
  g_autoptr (DhTrainPlan) plan = dh_train_plan_new (device, start.net->graph, parameters, gradients, &options, error);
  DhLosses losses;
  if (!plan || !dh_train_plan_run (plan, dh_tensor_data (input), labels, 1, 1, &losses, NULL, error))
    return FALSE;
  printf ("%.9g %.9g %.9g\n", losses.segmentation, losses.likelihood, losses.posterior);
  return dh_checkpoint_save_safetensors (argv[5], &(DhCheckpointContents){ .state = gradients }, error)
         && dh_onnx_save_trained (argv[6], start.net, parameters, &start.pictures, (gint)input->dims[2], error);
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  if (argc == 7 && run (argv, &error))
    return 0;
  fprintf (stderr, "foreign-gradients: %s\n", error ? error->message : "give six arguments, the third f32 or bf16");
  return 1;
}

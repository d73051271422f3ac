#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dh-checkpoint.h"
#include "dh-model.h"

/* seeded-weights ARCHITECTURE CLASSES f32|f16 FILE.safetensors */

static DhTensor *
to_f16 (const DhTensor *tensor)
{
  const gsize count = (gsize)dh_tensor_count (tensor);
  guint16 *halves = g_new (guint16, count);
  for (gsize i = 0; i < count; i++)
    halves[i] = dh_f32_to_f16 (dh_tensor_f32 (tensor)[i]);
  return dh_tensor_new_take (DH_DTYPE_F16, tensor->n_dims, tensor->dims,
                             g_bytes_new_take (halves, count * sizeof *halves));
}

int
main (int argc, char **argv)
{
  if (argc != 5)
    {
      fprintf (stderr, "Usage: seeded-weights ARCHITECTURE CLASSES f32|f16 FILE.safetensors\n");
      return 2;
    }
  g_autoptr (GError) error = NULL;
  g_autoptr (DhModel) model = dh_model_new_seeded (argv[1], atoi (argv[2]), 3, 1, &error);
  g_autoptr (DhTensorDict) state = model ? dh_model_dup_state (model, &error) : NULL;
  for (guint i = 0; state && strcmp (argv[3], "f16") == 0 && i < dh_tensor_dict_size (state); i++)
    if (dh_tensor_dict_at (state, i)->dtype == DH_DTYPE_F32)
      dh_tensor_dict_take (state, dh_tensor_dict_name (state, i), to_f16 (dh_tensor_dict_at (state, i)));
  if (state && dh_checkpoint_save_safetensors (argv[4], &(DhCheckpointContents){ .state = state }, &error))
    return 0;
  fprintf (stderr, "seeded-weights: %s\n", error->message);
  return 1;
}

#include "dh-checkpoint.h"
#include "dh-npy.h"
#include "fuzz.h"

static guint8
read_all (DhTensorDict *dict)
{
  guint8 sum = 0;
  for (guint i = 0; i < dh_tensor_dict_size (dict); i++)
    {
      const DhTensor *tensor = dh_tensor_dict_at (dict, i);
      const guint8 *at = dh_tensor_data (tensor);
      const gsize size = MIN (dh_tensor_size_bytes (tensor), 1 << 16);
      for (gsize b = 0; b < size; b++)
        sum += at[b];
    }
  return sum;
}

volatile guint8 fuzz_sum; /* so that the reading is not left out */

/* Every reader of weights and arrays, told apart by content as in the program. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (GError) error = NULL, npy_error = NULL;
  g_autoptr (DhCheckpoint) checkpoint = dh_checkpoint_open_bytes (bytes, "fuzz", &error);
  if (!checkpoint == !error)
    g_error ("a result and an error, or neither");
  if (checkpoint)
    fuzz_sum = read_all (dh_checkpoint_state (checkpoint)) + read_all (dh_checkpoint_extra (checkpoint));
  g_autoptr (DhTensor) array = dh_npy_load_bytes (bytes, "fuzz", &npy_error);
  if (!array == !npy_error)
    g_error ("a result and an error, or neither");
  return 0;
}

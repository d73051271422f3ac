/* Score maps of other programs from any bytes: read at the picture's size, or refused with an error. */
#include <stdlib.h>

#include "dh-error.h"
#include "dh-map-file.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  for (guint i = 0; dh_map_file_endings[i]; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *name = g_strconcat ("fuzz.", dh_map_file_endings[i], NULL);
      g_autoptr (DhTensor) map = dh_map_file_parse (bytes, name, 6, 4, &error);
      if ((map != NULL) == (error != NULL) || (error && error->domain != DH_ERROR))
        abort ();
      if (map && (map->dtype != DH_DTYPE_F32 || map->n_dims != 2 || map->dims[0] != 4 || map->dims[1] != 6))
        abort ();
      double sum = 0;
      for (guint k = 0; map && k < 24; k++)
        sum += dh_tensor_f32 (map)[k];
      if (sum == 0.125)
        return 0;
    }
  return 0;
}

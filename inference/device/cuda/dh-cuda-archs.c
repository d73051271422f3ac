#include "dh-cuda-archs.h"

/* Machine code runs on its own major capability alone, from its own minor one on; PTX can be compiled for its own
 * capability and everything newer (CUDA's programming guide, "Application Compatibility"). */
DhCudaFit
dh_cuda_archs_fit (const DhCudaArchs *archs, gint capability)
{
  for (guint i = 0; i < archs->n; i++)
    if (archs->made[i] / 10 == capability / 10 && archs->made[i] <= capability)
      return DH_CUDA_FITS;
  if (archs->ptx <= capability)
    return DH_CUDA_COMPILED;
  return archs->n && capability < archs->made[0] ? DH_CUDA_TOO_OLD : DH_CUDA_BETWEEN;
}

char *
dh_cuda_archs_name (const DhCudaArchs *archs)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < archs->n; i++)
    g_string_append_printf (text, "%s%d.%d", i ? ", " : "", archs->made[i] / 10, archs->made[i] % 10);
  g_string_append (text, " and what is newer");
  return g_string_free (text, FALSE);
}

#include "dh-cuda-without.h"

gboolean
dh_cuda_without (const char *what)
{
  const char *words = g_getenv ("DH_CUDA_WITHOUT");
  g_auto (GStrv) each = g_strsplit (words ? words : "", ",", -1);
  return g_strv_contains ((const char *const *)each, what);
}

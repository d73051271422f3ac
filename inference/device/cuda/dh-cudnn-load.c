#include <dlfcn.h>
#include <stdlib.h>
#include "dh-cudnn-private.h"

/* cuDNN as it is found, once it is sure that it can be used: where a part of it or cuBLAS is missing, the library ends
 * the process at the first call that needs it. */

/* Opens `file` from the first of the folders that has it, else as the linker finds it; NULL with why not. */
static void *
open_part (const char *const *folders, const char *file, char **why)
{
  for (guint i = 0; folders[i]; i++)
    {
      g_autofree char *path = g_build_filename (folders[i], file, NULL);
      void *part = g_file_test (path, G_FILE_TEST_EXISTS) ? dlopen (path, RTLD_LAZY | RTLD_GLOBAL) : NULL;
      if (part)
        return part;
    }
  void *part = dlopen (file, RTLD_LAZY | RTLD_GLOBAL);
  if (!part)
    *why = g_strdup (dlerror ());
  return part;
}

/* cuDNN's own parts lie beside it, or where it is linked to: any other's are another version's. NULL where they do. */
static char *
check_parts (const char *library, const char *folder)
{
  static const char *const parts[] = { "graph", "heuristic", "engines_precompiled", "engines_runtime_compiled" };
  g_autofree char *resolved = realpath (library, NULL);
  g_autofree char *linked = g_path_get_dirname (resolved ? resolved : library);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *file = g_strdup_printf ("libcudnn_%s.so.%u", parts[i], DH_CUDNN_MAJOR);
      g_autofree char *path = g_build_filename (folder, file, NULL);
      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        {
          g_free (path);
          path = g_build_filename (linked, file, NULL);
        }
      if (!g_file_test (path, G_FILE_TEST_EXISTS))
        return g_strdup_printf ("cuDNN in %s lacks its part %s; install all of it", folder, file);
      /* cuDNN itself would load the first at the first call, the others for the first plan. */
      if (!dlopen (path, RTLD_LAZY | RTLD_GLOBAL))
        return g_strdup_printf ("cuDNN's part %s cannot be loaded: %s", file, dlerror ());
    }
  return NULL;
}

/* A library of the CUDA that cuDNN was made with: where its Python package, the toolkit or the linker has it. cuDNN
 * finds it as well once it is loaded. NULL, or why it cannot be. */
static char *
load_companion (const DhCudnn *cudnn, const char *folder, const char *name, const char *package)
{
  const guint cuda = (guint)(cudnn->get_cuda_version () / 1000);
  g_autofree char *file = g_strdup_printf ("%s.so.%u", name, cuda);
  g_autofree char *own = g_strdup_printf ("%s/../../%s/lib", folder, package);
  g_autofree char *common = g_strdup_printf ("%s/../../cu%u/lib", folder, cuda);
  g_autofree char *toolkit = g_strdup_printf ("/usr/local/cuda-%u/lib64", cuda);
  char *why = NULL;
  const char *const folders[] = { folder, own, common, toolkit, "/usr/local/cuda/lib64", NULL };
  return open_part (folders, file, &why) ? NULL : why;
}

/* Without cuBLAS it would end the process; without the compiler it only lacks the engines that want one. */
static char *
load_companions (const DhCudnn *cudnn, const char *folder)
{
  g_autofree char *no_compiler = load_companion (cudnn, folder, "libnvrtc", "cuda_nvrtc");
  g_autofree char *why = load_companion (cudnn, folder, "libcublasLt", "cublas");
  if (no_compiler)
    g_info ("cuDNN's engines that are compiled at run time cannot be: %s", no_compiler);
  return why ? g_strdup_printf ("cuDNN's companion cuBLAS (libcublasLt.so.%u) cannot be loaded: %s",
                                (guint)(cudnn->get_cuda_version () / 1000), why)
             : NULL;
}

/* NULL where the version serves. */
static char *
check_version (const DhCudnn *cudnn)
{
  const size_t version = cudnn->get_version ();
  g_autofree char *name = dh_cudnn_name (cudnn);
  if (version / 10000 != DH_CUDNN_MAJOR)
    return g_strdup_printf ("%s (%s) will not do, cuDNN %u is needed", name, cudnn->path, DH_CUDNN_MAJOR);
  if (version < DH_CUDNN_OLDEST)
    return g_strdup_printf ("%s (%s) is too old, %u.%u or newer is needed", name, cudnn->path, DH_CUDNN_OLDEST / 10000,
                            DH_CUDNN_OLDEST / 100 % 100);
  return NULL;
}

static char *
load (DhCudnn *cudnn)
{
  char *reason = NULL;
  void *library = dh_cudnn_find (&cudnn->path, &reason);
  if (!library)
    return reason;
  const struct
  {
    const char *name;
    void *pointer;
  } wanted[] = {
    { "cudnnGetVersion", &cudnn->get_version },
    { "cudnnGetCudartVersion", &cudnn->get_cuda_version },
    { "cudnnGetLastErrorString", &cudnn->get_last_error },
    { "cudnnCreate", &cudnn->create },
    { "cudnnDestroy", &cudnn->destroy },
    { "cudnnSetStream", &cudnn->set_stream },
    { "cudnnBackendCreateDescriptor", &cudnn->create_descriptor },
    { "cudnnBackendDestroyDescriptor", &cudnn->destroy_descriptor },
    { "cudnnBackendFinalize", &cudnn->finalize },
    { "cudnnBackendSetAttribute", &cudnn->set_attribute },
    { "cudnnBackendGetAttribute", &cudnn->get_attribute },
    { "cudnnBackendExecute", &cudnn->execute },
  };
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    if (!(*(void **)wanted[i].pointer = dlsym (library, wanted[i].name)))
      return g_strdup_printf ("%s lacks the function %s", cudnn->path, wanted[i].name);
  /* Where the linker found it. */
  Dl_info info;
  if (dladdr (*(void **)&cudnn->get_version, &info) && info.dli_fname)
    {
      g_free (cudnn->path);
      cudnn->path = g_strdup (info.dli_fname);
    }
  g_autofree char *folder = g_path_get_dirname (cudnn->path);
  reason = check_parts (cudnn->path, folder);
  reason = reason ? reason : check_version (cudnn);
  return reason ? reason : load_companions (cudnn, folder);
}

char *
dh_cudnn_name (const DhCudnn *cudnn)
{
  const size_t version = cudnn->get_version ();
  return g_strdup_printf ("cuDNN %zu.%zu.%zu", version / 10000, version / 100 % 100, version % 100);
}

const DhCudnn *
dh_cudnn_get (const char **why_not)
{
  static DhCudnn cudnn;
  static char *reason;
  static gsize once;
  if (g_once_init_enter (&once))
    {
      reason = load (&cudnn);
      g_once_init_leave (&once, 1);
    }
  *why_not = reason;
  return reason ? NULL : &cudnn;
}

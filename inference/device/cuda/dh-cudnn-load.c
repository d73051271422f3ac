#include <dlfcn.h>
#include <glob.h>
#include "dh-cudnn.h"

static const char library_name[] = "libcudnn.so.9";

/* Folders below which Python keeps packages; patterns of glob(). */
static const char *const python_folders[] = {
  "/usr/lib/python3*/*-packages",
  "/usr/local/lib/python3*/*-packages",
  "/usr/lib/python3/dist-packages",
  "/opt/*/lib/python3*/site-packages",
  "/opt/*/envs/*/lib/python3*/site-packages",
  "/opt/*/*/lib/python3*/site-packages",
  "/venv/lib/python3*/site-packages",
};

static void *
try_open (const char *folder, const char *below, char **path)
{
  *path = g_build_filename (folder, below, library_name, NULL);
  void *library = g_file_test (*path, G_FILE_TEST_EXISTS) ? dlopen (*path, RTLD_NOW | RTLD_GLOBAL) : NULL;
  if (!library)
    g_clear_pointer (path, g_free);
  return library;
}

/* The folder itself, or the packages in it. */
static void *
try_folder (const char *folder, char **path)
{
  static const char *const below[] = { ".", "nvidia/cudnn/lib", "torch/lib", "lib64", "lib" };
  void *library = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (below) && !library; i++)
    library = try_open (folder, below[i], path);
  return library;
}

static void *
try_pattern (const char *pattern, char **path)
{
  glob_t found = { 0 };
  void *library = NULL;
  if (glob (pattern, 0, NULL, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc && !library; i++)
      library = try_folder (found.gl_pathv[i], path);
  globfree (&found);
  return library;
}

static void *
open_library (char **path)
{
  void *library = NULL;
  const char *wanted = g_getenv ("DH_CUDNN_PATH");
  g_auto (GStrv) folders = g_strsplit (wanted ? wanted : "", ":", -1);
  for (guint i = 0; folders[i] && !library; i++)
    if (*folders[i])
      library = try_folder (folders[i], path);
  if (!library && (library = dlopen (library_name, RTLD_NOW | RTLD_GLOBAL)))
    *path = g_strdup (library_name);
  static const char *const variables[] = { "CUDA_PATH", "CUDA_HOME" };
  for (guint i = 0; i < G_N_ELEMENTS (variables) && !library; i++)
    if (g_getenv (variables[i]))
      library = try_folder (g_getenv (variables[i]), path);
  if (!library)
    library = try_pattern ("/usr/local/cuda*", path);
  static const char *const roots[] = { "VIRTUAL_ENV", "CONDA_PREFIX", "HOME" };
  for (guint i = 0; i < G_N_ELEMENTS (roots) && !library; i++)
    if (g_getenv (roots[i]))
      {
        g_autofree char *pattern =
            g_build_filename (g_getenv (roots[i]), i == 2 ? ".local" : ".", "lib/python3*/site-packages", NULL);
        library = try_pattern (pattern, path);
      }
  for (guint i = 0; i < G_N_ELEMENTS (python_folders) && !library; i++)
    library = try_pattern (python_folders[i], path);
  return library;
}

static gboolean
take (void *library, const char *name, void *pointer, char **reason)
{
  void *symbol = dlsym (library, name);
  if (!symbol && !*reason)
    *reason = g_strdup_printf ("lacks the function %s", name);
  *(void **)pointer = symbol;
  return symbol != NULL;
}

static char *
load (DhCudnn *cudnn)
{
  g_autofree char *reason = NULL;
  void *library = open_library (&cudnn->path);
  if (!library)
    return g_strdup_printf ("cuDNN 9 (%s) was not found; install it, or name its folder in DH_CUDNN_PATH",
                            library_name);
  const struct
  {
    const char *name;
    void *pointer;
  } wanted[] = {
    { "cudnnGetVersion", &cudnn->get_version },
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
    if (!take (library, wanted[i].name, wanted[i].pointer, &reason))
      return g_strdup_printf ("%s %s", cudnn->path, reason);
  /* Where the linker found it. */
  Dl_info info;
  if (dladdr (*(void **)&cudnn->get_version, &info) && info.dli_fname)
    {
      g_free (cudnn->path);
      cudnn->path = g_strdup (info.dli_fname);
    }
  return NULL;
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

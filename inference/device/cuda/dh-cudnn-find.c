#include <dlfcn.h>
#include <glob.h>
#include <string.h>
#include "dh-cudnn-private.h"

/* Where cuDNN is. */

#define LIBRARY "libcudnn.so.%u"

/* Folders below which Python keeps packages; patterns of glob(). */
static const char *const python_folders[] = {
  "/usr/lib/python3*/*-packages",
  "/usr/local/lib/python3*/*-packages",
  "/usr/lib/python3/dist-packages",
  "/opt/*/lib/python3*/site-packages",
  "/opt/*/envs/*/lib/python3*/site-packages",
  "/opt/*/*/lib/python3*/site-packages",
  "/opt/*/.venv/lib/python3*/site-packages",
  "/venv/lib/python3*/site-packages",
};

typedef struct
{
  const char *file;
  char *path; /* of what was opened */
  char *why;  /* the first that is there does not open; or NULL */
} Search;

static void *
try_path (Search *search, const char *path)
{
  void *library = dlopen (path, RTLD_NOW | RTLD_GLOBAL);
  if (library)
    {
      search->path = g_strdup (path);
      return library;
    }
  const char *said = dlerror ();
  if (!search->why)
    search->why = g_strdup (said ? said : path);
  return NULL;
}

/* The folder itself, or the packages in it. */
static void *
try_folder (Search *search, const char *folder)
{
  static const char *const below[] = { "", "nvidia/cudnn/lib", "torch/lib", "lib64", "lib" };
  void *library = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (below) && !library; i++)
    {
      g_autofree char *path = g_build_filename (folder, below[i], search->file, NULL);
      if (g_file_test (path, G_FILE_TEST_EXISTS))
        library = try_path (search, path);
    }
  return library;
}

static void *
try_pattern (Search *search, const char *pattern)
{
  glob_t found = { 0 };
  void *library = NULL;
  if (glob (pattern, 0, NULL, &found) == 0)
    for (size_t i = 0; i < found.gl_pathc && !library; i++)
      library = try_folder (search, found.gl_pathv[i]);
  globfree (&found);
  return library;
}

/* What is named is looked through alone: another one than was asked for would go unnoticed. */
static void *
try_named (Search *search, const char *named)
{
  void *library = NULL;
  g_auto (GStrv) folders = g_strsplit (named, ":", -1);
  for (guint i = 0; folders[i] && !library; i++)
    if (*folders[i])
      library = try_folder (search, folders[i]);
  return library;
}

/* By the linker's own rules; that it is nowhere among them is no failure: then it is named as it was asked for. */
static void *
try_linker (Search *search)
{
  void *library = dlopen (search->file, RTLD_NOW | RTLD_GLOBAL);
  const char *said = library ? NULL : dlerror ();
  if (library)
    search->path = g_strdup (search->file);
  else if (said && !(g_str_has_prefix (said, search->file) && said[strlen (search->file)] == ':'))
    search->why = g_strdup (said);
  return library;
}

static void *
try_everywhere (Search *search)
{
  static const char *const variables[] = { "CUDA_PATH", "CUDA_HOME" };
  static const char *const roots[] = { "VIRTUAL_ENV", "CONDA_PREFIX", "HOME" };
  void *library = try_linker (search);
  for (guint i = 0; i < G_N_ELEMENTS (variables) && !library; i++)
    if (g_getenv (variables[i]))
      library = try_folder (search, g_getenv (variables[i]));
  if (!library)
    library = try_pattern (search, "/usr/local/cuda*");
  for (guint i = 0; i < G_N_ELEMENTS (roots) && !library; i++)
    if (g_getenv (roots[i]))
      {
        g_autofree char *pattern =
            g_build_filename (g_getenv (roots[i]), i == 2 ? ".local" : ".", "lib/python3*/site-packages", NULL);
        library = try_pattern (search, pattern);
      }
  for (guint i = 0; i < G_N_ELEMENTS (python_folders) && !library; i++)
    library = try_pattern (search, python_folders[i]);
  return library;
}

/* The library of one major version. */
static void *
find (guint major, char **path, char **why)
{
  const char *named = g_getenv ("DH_CUDNN_PATH");
  g_autofree char *file = g_strdup_printf (LIBRARY, major);
  Search search = { .file = file };
  void *library = named && *named ? try_named (&search, named) : try_everywhere (&search);
  *path = search.path;
  *why = search.why;
  if (library)
    g_clear_pointer (why, g_free);
  return library;
}

/* Of another major version, that is there instead. */
static char *
find_other (void)
{
  static const guint others[] = { 8, 10, 7 };
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autofree char *path = NULL, *why = NULL;
      void *library = find (others[i], &path, &why);
      if (library)
        {
          dlclose (library);
          return g_strdup_printf ("there is only cuDNN %u (%s)", others[i], path);
        }
    }
  return NULL;
}

void *
dh_cudnn_find (char **path, char **why_not)
{
  const char *named = g_getenv ("DH_CUDNN_PATH");
  g_autofree char *why = NULL;
  void *library = find (DH_CUDNN_MAJOR, path, &why);
  if (library)
    return library;
  if (why)
    {
      *why_not = g_strdup_printf ("cuDNN %u cannot be loaded: %s", DH_CUDNN_MAJOR, why);
      return NULL;
    }
  g_autofree char *other = find_other ();
  if (other)
    *why_not = g_strdup_printf ("%s, but cuDNN %u is needed", other, DH_CUDNN_MAJOR);
  else if (named && *named)
    *why_not =
        g_strdup_printf ("cuDNN %u (" LIBRARY ") is not in DH_CUDNN_PATH (%s)", DH_CUDNN_MAJOR, DH_CUDNN_MAJOR, named);
  else
    *why_not = g_strdup_printf ("cuDNN %u (" LIBRARY ") was not found; install it, or name its folder in DH_CUDNN_PATH",
                                DH_CUDNN_MAJOR, DH_CUDNN_MAJOR);
  return NULL;
}

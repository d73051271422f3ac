#include "dh-module.h"

#include <dlfcn.h>
#include <string.h>

#include "dh-config.h"

static const DhModuleHost host = {
  .version = DH_MODULE_VERSION,
  .info_new = dh_device_info_new,
  .add_step = dh_plan_add_step,
};

/* The file's path, or NULL where it is nowhere. */
static char *
find (const char *file)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = program ? g_path_get_dirname (program) : NULL;
  const gboolean in_build = program && g_str_has_prefix (program, DH_BUILD_ROOT "/");
  const char *const folders[] = { folder, in_build ? DH_BUILD_MODULE_DIR : NULL, DH_MODULE_DIR };
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *path = folders[i] ? g_build_filename (folders[i], file, NULL) : NULL;
      if (path && g_file_test (path, G_FILE_TEST_IS_REGULAR))
        return g_steal_pointer (&path);
    }
  return NULL;
}

typedef struct
{
  const DhDeviceFunctions *functions;
  char *why_not;
} Module;

static Module *
open_module (const char *file)
{
  static DhModuleHost complete;
  complete = host;
  complete.sizes = dh_module_sizes ();
  Module *module = g_new0 (Module, 1);
  g_autofree char *path = find (file);
  if (!path)
    {
      module->why_not = g_strdup_printf ("its module %s is neither built nor installed", file);
      return module;
    }
  void *library = dlopen (path, RTLD_NOW | RTLD_LOCAL);
  DhModuleOpen open = NULL;
  if (library)
    *(void **)&open = dlsym (library, DH_MODULE_SYMBOL);
  if (!open)
    {
      const char *reason = dlerror ();
      module->why_not = g_strdup_printf ("%s cannot be loaded: %s", path, reason ? reason : "it is no module");
    }
  else if (!(module->functions = open (&complete)))
    module->why_not = g_strdup_printf ("%s belongs to another version of this program", path);
  return module;
}

const DhDeviceFunctions *
dh_module_get (const char *file, const char **why_not)
{
  static GMutex mutex;
  static GHashTable *modules; /* file → Module, for good: a library that was opened stays */
  g_mutex_lock (&mutex);
  if (!modules)
    modules = g_hash_table_new (g_str_hash, g_str_equal);
  Module *module = g_hash_table_lookup (modules, file);
  if (!module)
    {
      module = open_module (file);
      g_hash_table_insert (modules, g_strdup (file), module);
    }
  g_mutex_unlock (&mutex);
  *why_not = module->why_not;
  return module->functions;
}

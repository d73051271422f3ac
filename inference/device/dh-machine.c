#include "dh-machine.h"

#include <sched.h>
#include <string.h>
#include <sys/resource.h>

#include "dh-groups.h"

guint
dh_machine_cores (void)
{
  cpu_set_t allowed;
  CPU_ZERO (&allowed);
  if (sched_getaffinity (0, sizeof allowed, &allowed) != 0)
    return MAX (g_get_num_processors (), 1);

  /* Hyper-threads of one core name the same list of siblings. */
  g_autoptr (GHashTable) cores = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint cpu = 0; cpu < CPU_SETSIZE; cpu++)
    {
      if (!CPU_ISSET (cpu, &allowed))
        continue;
      g_autofree char *path = g_strdup_printf ("/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu);
      g_autofree char *siblings = NULL;
      if (!g_file_get_contents (path, &siblings, NULL, NULL))
        siblings = g_strdup_printf ("%u", cpu);
      g_hash_table_add (cores, g_strdup (g_strstrip (siblings)));
    }
  return CLAMP (g_hash_table_size (cores), 1, dh_groups_processors ());
}

const char *
dh_machine_processor (void)
{
  static gsize once = 0;
  static char *title = NULL;
  if (g_once_init_enter (&once))
    {
      g_autofree char *text = NULL;
      g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL);
      const char *found = text ? strstr (text, "model name") : NULL;
      found = found ? strchr (found, ':') : NULL;
      if (found)
        title = g_strstrip (g_strndup (found + 1, strcspn (found + 1, "\n")));
      if (!title || !*title || !g_utf8_validate (title, -1, NULL))
        title = g_strdup ("Processor");
      g_once_init_leave (&once, 1);
    }
  return title;
}

/* A line "KEY:  123 kB" of a file under /proc, in bytes; 0 where there is none. */
static guint64
read_kib (const char *path, const char *key)
{
  g_autofree char *text = NULL;
  const gsize n = strlen (key);
  if (g_file_get_contents (path, &text, NULL, NULL))
    for (const char *line = text; line; line = (line = strchr (line, '\n')) ? line + 1 : NULL)
      if (strncmp (line, key, n) == 0)
        return g_ascii_strtoull (line + n, NULL, 10) * 1024;
  return 0;
}

/* What this process may take by its limits: addresses, and memory of its own that can be written. */
static void
look_at_process (guint64 *limit, guint64 *left)
{
  static const struct
  {
    int resource;
    const char *used;
  } limits[] = { { RLIMIT_AS, "VmSize:" }, { RLIMIT_DATA, "VmData:" } };
  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      struct rlimit own;
      if (getrlimit (limits[i].resource, &own) != 0 || own.rlim_cur == RLIM_INFINITY)
        continue;
      const guint64 used = read_kib ("/proc/self/status", limits[i].used);
      *limit = MIN (*limit, own.rlim_cur);
      *left = MIN (*left, own.rlim_cur - MIN (used, own.rlim_cur));
    }
}

static void
look_at_limits (guint64 *limit, guint64 *left)
{
  DhGroups groups;
  dh_groups_look (&groups);
  *limit = groups.memory;
  *left = groups.memory_left;
  look_at_process (limit, left);
}

guint64
dh_machine_memory (void)
{
  guint64 limit, left;
  look_at_limits (&limit, &left);
  return MIN (read_kib ("/proc/meminfo", "MemTotal:"), limit);
}

guint64
dh_machine_memory_available (void)
{
  guint64 limit, left;
  look_at_limits (&limit, &left);
  /* 0 says that nothing is known. */
  return MIN (read_kib ("/proc/meminfo", "MemAvailable:"), MAX (left, 1));
}

#include "dh-machine.h"

#include <sched.h>
#include <string.h>

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
  return MAX (g_hash_table_size (cores), 1);
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

/* A line "KEY:  123 kB" of /proc/meminfo, in bytes; 0 where there is none. */
static guint64
read_meminfo (const char *key)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    return 0;
  const char *line = strstr (text, key);
  return line ? g_ascii_strtoull (line + strlen (key), NULL, 10) * 1024 : 0;
}

/* A number of this process's control group (version 2, where a container sees its own group as the root). */
static gboolean
read_cgroup (const char *file, guint64 *value)
{
  g_autofree char *path = g_strconcat ("/sys/fs/cgroup/", file, NULL);
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL) || !g_ascii_isdigit (*text))
    return FALSE;
  *value = g_ascii_strtoull (text, NULL, 10);
  return TRUE;
}

guint64
dh_machine_memory (void)
{
  const guint64 total = read_meminfo ("MemTotal:");
  guint64 limit;
  return read_cgroup ("memory.max", &limit) && limit < total ? limit : total;
}

guint64
dh_machine_memory_available (void)
{
  const guint64 available = read_meminfo ("MemAvailable:");
  guint64 limit, used, cached;
  if (!read_cgroup ("memory.max", &limit) || !read_cgroup ("memory.current", &used))
    return available;
  g_autofree char *stat = NULL;
  /* Clean pages of files are given back when memory runs short. */
  cached = 0;
  if (g_file_get_contents ("/sys/fs/cgroup/memory.stat", &stat, NULL, NULL))
    {
      const char *line = strstr (stat, "inactive_file ");
      cached = line ? g_ascii_strtoull (line + strlen ("inactive_file "), NULL, 10) : 0;
    }
  const guint64 left = limit > used ? limit - used : 0;
  return MIN (available, left + MIN (cached, used));
}
